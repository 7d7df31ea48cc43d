//! Who waits for a frame comes first: work ahead (frames that may be asked for next, thumbnails)
//! begins nothing new meanwhile, so that few cores are not shared with what nobody waits for.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Longest that one piece of work ahead waits: a reader who goes through images without a pause sees
/// the ones ahead all the same.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many frames somebody waits for; clones are the same.
#[derive(Clone, Default)]
pub struct Precedence(Arc<(Mutex<usize>, Condvar)>);

/// Somebody waits for as long as this lives.
pub struct Awaited(Precedence);

impl Precedence {
    /// Somebody waits from now on.
    #[must_use]
    pub fn awaited(&self) -> Awaited {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Awaited(self.clone())
    }

    /// Returns when nobody waits any more, or after half a second.
    pub fn give_way(&self) {
        let (count, changed) = &*self.0;
        let count = count.lock().unwrap_or_else(PoisonError::into_inner);
        drop(changed.wait_timeout_while(count, PATIENCE, |count| *count > 0));
    }
}

/// Lowers the priority of this thread, and of those that it will start: with Linux's fair scheduling
/// a thread of nice 10 gets a tenth of what one of nice 0 gets while both want it, and everything
/// otherwise. Nothing elsewhere.
pub fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(e) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 10) {
        log::warn!("a thread keeps the priority of the window: {e}");
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        let (count, changed) = &*self.0.0;
        *count.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn work_ahead_begins_when_nobody_waits_any_more() {
        let first = Precedence::default();
        first.give_way();
        let (one, other) = (first.awaited(), first.awaited());
        let (told, hears) = mpsc::channel();
        let ahead = first.clone();
        let work = thread::spawn(move || {
            ahead.give_way();
            told.send(()).unwrap();
        });
        drop(one);
        assert!(hears.recv_timeout(Duration::from_millis(20)).is_err(), "one is still awaited");
        drop(other);
        hears.recv_timeout(Duration::from_secs(20)).unwrap();
        work.join().unwrap();
    }

    #[test]
    fn nobody_is_kept_waiting_for_ever() {
        let first = Precedence::default();
        let _awaited = first.awaited();
        first.give_way();
    }
}
