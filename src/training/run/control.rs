//! Pausing, resuming and stopping a run from another thread.
//!
//! The trainer asks between two steps, so a request is granted within one step. A paused run keeps
//! its memory and loads no batches beyond those already made; a stopped one ends like a finished
//! one of fewer epochs.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::cancel::CancelToken;

/// Shared by a run and whoever watches it, usually in an `Arc`: a stop, which cannot be taken back,
/// and a pause, which can.
#[derive(Debug, Default)]
pub struct Control {
    stop: CancelToken,
    paused: Mutex<bool>,
    changed: Condvar,
}

impl Control {
    /// The run waits before its next step.
    pub fn pause(&self) {
        *self.lock() = true;
    }

    /// A paused run goes on.
    pub fn resume(&self) {
        *self.lock() = false;
        self.changed.notify_all();
    }

    /// The run ends before its next step, paused or not; nothing takes it back.
    pub fn stop(&self) {
        // Under the lock: a run that is about to wait has either seen it or will be woken.
        let paused = self.lock();
        self.stop.cancel();
        drop(paused);
        self.changed.notify_all();
    }

    pub fn is_paused(&self) -> bool {
        *self.lock() && !self.is_stopped()
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// The stop, for work that knows no pause.
    pub fn token(&self) -> &CancelToken {
        &self.stop
    }

    /// Waits while the run is to pause, and calls `paused` when that begins; returns how long it
    /// waited.
    pub(super) fn wait(&self, paused: &dyn Fn()) -> Option<Duration> {
        if !self.is_paused() {
            return None;
        }
        // The observer may look at this control: no lock is held.
        paused();
        let since = Instant::now();
        let mut waiting = self.lock();
        while *waiting && !self.is_stopped() {
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        Some(since.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        // One flag: a thread that panicked cannot have left it half changed.
        self.paused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_nobody_pauses_never_waits() {
        assert_eq!(Control::default().wait(&|| panic!("nobody paused")), None);
    }

    #[test]
    fn a_stop_ends_a_pause_and_cannot_be_taken_back() {
        let control = Control::default();
        control.pause();
        assert!(control.is_paused());
        let waited = std::thread::scope(|scope| {
            let run = scope.spawn(|| control.wait(&|| ()));
            control.stop();
            run.join().unwrap()
        });
        assert!(waited.is_some() || control.is_stopped());
        control.resume();
        control.pause();
        assert!(control.is_stopped() && !control.is_paused());
    }

    #[test]
    fn a_paused_run_goes_on_when_it_is_resumed() {
        let control = Control::default();
        control.pause();
        // The run says that it pauses, and is resumed by the one who was told.
        assert!(control.wait(&|| control.resume()).is_some());
        assert!(!control.is_paused());
    }
}
