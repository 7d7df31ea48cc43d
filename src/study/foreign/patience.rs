//! How long somebody waits for a process: whoever asks reads and writes the pipes itself, which wakes
//! up nobody else, and a thread beside it ends the process when time is up. The pipes break then, and
//! whoever asked goes on.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// While a process is asked again and again, the thread looks this often by itself, and nobody need
/// wake it up.
const LOOK: Duration = Duration::from_millis(250);
/// So long after the last question it goes to sleep.
const IDLE: Duration = Duration::from_secs(2);

/// A process, and until when somebody waits for it.
pub(super) struct Patience(Arc<(Mutex<Watched>, Condvar)>);

struct Watched {
    child: Child,
    until: Option<Instant>,
    /// When it was last asked.
    asked: Instant,
    ended_for_time: bool,
    /// Nobody will ask again.
    gone: bool,
    /// The thread sleeps until it is woken.
    asleep: bool,
}

impl Patience {
    /// Watches a process.
    ///
    /// # Errors
    /// Where there is no thread for it; the process is ended then.
    pub(super) fn with(child: Child) -> io::Result<Self> {
        let watched =
            Watched { child, until: None, asked: Instant::now(), ended_for_time: false, gone: false, asleep: false };
        let shared = Arc::new((Mutex::new(watched), Condvar::new()));
        let patience = Self(Arc::clone(&shared));
        // Without the thread the process is dropped here, and ended.
        thread::Builder::new().name("decoder".into()).spawn(move || watch(&shared))?;
        Ok(patience)
    }

    /// Does what waits for the process: whether time was up, and what came of the work.
    pub(super) fn within<T>(&self, time: Duration, work: impl FnOnce() -> T) -> (bool, T) {
        let (watched, changed) = &*self.0;
        let asleep = {
            let mut watched = lock(watched);
            watched.asked = Instant::now();
            watched.until = watched.asked.checked_add(time);
            watched.asleep
        };
        if asleep {
            changed.notify_one();
        }
        let done = work();
        let mut watched = lock(watched);
        watched.until = None;
        (watched.ended_for_time, done)
    }

    /// Number of the process.
    pub(super) fn id(&self) -> u32 {
        lock(&self.0.0).child.id()
    }

    /// Whether it runs still.
    pub(super) fn runs(&self) -> bool {
        matches!(lock(&self.0.0).child.try_wait(), Ok(None))
    }

    /// Ends it; it may have ended by itself, then how stands.
    pub(super) fn end(&self) -> Option<ExitStatus> {
        let mut watched = lock(&self.0.0);
        let _ = watched.child.kill();
        watched.child.wait().ok()
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        self.end();
        lock(&self.0.0).gone = true;
        self.0.1.notify_one();
    }
}

fn lock(watched: &Mutex<Watched>) -> MutexGuard<'_, Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the process when time is up, until it is gone.
fn watch((watched, changed): &(Mutex<Watched>, Condvar)) {
    let mut watched = lock(watched);
    while !watched.gone {
        let now = Instant::now();
        if watched.until.is_some_and(|until| until <= now) {
            (watched.until, watched.ended_for_time) = (None, true);
            let _ = watched.child.kill();
        }
        let idle = watched.until.is_none() && now.duration_since(watched.asked) > IDLE;
        watched.asleep = idle;
        watched = if idle {
            changed.wait(watched).unwrap_or_else(PoisonError::into_inner)
        } else {
            let left = watched.until.map_or(LOOK, |until| until.duration_since(now).min(LOOK));
            changed.wait_timeout(watched, left).unwrap_or_else(PoisonError::into_inner).0
        };
    }
}
