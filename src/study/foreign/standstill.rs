//! The guard against decoders that stand still: one that neither works nor ends, as where two of
//! its threads wait for each other, ends its process within seconds, long before anybody would
//! lose patience with a machine that is busy.
//!
//! A thread looks at the processor's time of the process while it decodes. Where the look itself
//! comes late, the machine is busy with something else, and nothing is held against the decoder.
//! Not on Windows, whose clocks of processes need unsafe code; there patience is the only bound.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::limits;

/// How the process ends.
pub(super) const STOOD_STILL: i32 = 75;

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(250);
/// Work in that time of a decoder that stands still: that of the looking.
const NO_WORK: Duration = Duration::from_millis(3);

/// Watches what [`Standstill::ends`] is told of.
pub(super) struct Standstill(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    /// Images that were begun.
    begun: u64,
    at_work: bool,
}

impl Standstill {
    /// Begins to watch; the thread is idle until something is decoded.
    pub(super) fn watch() -> io::Result<Self> {
        let state = Arc::new((Mutex::default(), Condvar::new()));
        let watched = Arc::clone(&state);
        if worked().is_some() {
            thread::Builder::new().name("standstill".into()).spawn(move || watch(&watched))?;
        }
        Ok(Self(state))
    }

    /// Does work; where it stands still, the process ends.
    pub(super) fn ends<T>(&self, work: impl FnOnce() -> T) -> T {
        let (state, begins) = &*self.0;
        {
            let mut state = lock(state);
            state.begun += 1;
            state.at_work = true;
        }
        begins.notify_one();
        let done = work();
        lock(state).at_work = false;
        done
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watch((state, begins): &(Mutex<State>, Condvar)) {
    loop {
        let begun = {
            let idle = begins.wait_while(lock(state), |state| !state.at_work);
            idle.unwrap_or_else(PoisonError::into_inner).begun
        };
        let (mut still, mut before, mut looked) = (Duration::ZERO, worked(), Instant::now());
        loop {
            thread::sleep(LOOK);
            let (now, passed) = (worked(), looked.elapsed());
            looked = Instant::now();
            {
                let state = lock(state);
                if !state.at_work || state.begun != begun {
                    break;
                }
            }
            let works = now.zip(before).is_none_or(|(now, before)| now.saturating_sub(before) > NO_WORK);
            still = if works || passed > 2 * LOOK { Duration::ZERO } else { still + passed };
            if still > Duration::from_secs(limits::DECODE_STANDSTILL_SECONDS) {
                std::process::exit(STOOD_STILL);
            }
            before = now;
        }
    }
}

/// For how long the processor has worked for this process.
#[cfg(unix)]
fn worked() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?))
}

#[cfg(not(unix))]
fn worked() -> Option<Duration> {
    None
}
