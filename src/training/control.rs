//! Pausing, resuming and stopping a run from another thread.
//!
//! The trainer asks between two steps, so a wish is granted within one step. A paused run keeps its memory and
//! loads no batches beyond those already made; a stopped one ends like a finished one of fewer epochs.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the run is asked to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wish {
    #[default]
    Run,
    Pause,
    /// Cannot be taken back.
    Stop,
}

/// Shared by a run and whoever watches it, usually in an `Arc`.
#[derive(Debug, Default)]
pub struct Control {
    wish: Mutex<Wish>,
    changed: Condvar,
}

impl Control {
    /// The run waits before its next step.
    pub fn pause(&self) {
        self.change(Wish::Pause);
    }

    /// A paused run goes on.
    pub fn resume(&self) {
        self.change(Wish::Run);
    }

    /// The run ends before its next step, paused or not; nothing takes it back.
    pub fn stop(&self) {
        self.change(Wish::Stop);
    }

    pub fn is_paused(&self) -> bool {
        *self.lock() == Wish::Pause
    }

    pub fn is_stopped(&self) -> bool {
        *self.lock() == Wish::Stop
    }

    /// Waits while the run is to pause, and tells `paused` when that begins; returns how long it waited.
    pub(super) fn wait(&self, paused: &dyn Fn()) -> Option<Duration> {
        let mut wish = self.lock();
        if *wish != Wish::Pause {
            return None;
        }
        // The observer may look at this control.
        drop(wish);
        paused();
        let since = Instant::now();
        wish = self.lock();
        while *wish == Wish::Pause {
            wish = self.changed.wait(wish).unwrap_or_else(PoisonError::into_inner);
        }
        Some(since.elapsed())
    }

    fn change(&self, to: Wish) {
        let mut wish = self.lock();
        if *wish != Wish::Stop {
            *wish = to;
        }
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Wish> {
        // A wish is one word: a thread that panicked cannot have left it half changed.
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_wishes_never_waits() {
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
        // The run says that it pauses, and is resumed by the one who hears it.
        assert!(control.wait(&|| control.resume()).is_some());
        assert!(!control.is_paused());
    }
}
