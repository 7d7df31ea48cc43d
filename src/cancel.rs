//! One way to stop whatever runs: a flag shared between the one who asks and the one who computes.
//!
//! A computation looks at it between two steps, and its steps are short: what is stopped stops
//! within 200 ms. Clones share the flag; it is never reset, a new computation gets a new token.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The computation was stopped by whoever asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it was cancelled")]
pub struct Cancelled;

/// A request to stop, shared between the one who asks and the one who computes.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks the computation to stop at its next step.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once somebody asked.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Between two steps of a computation.
    ///
    /// # Errors
    /// [`Cancelled`] once somebody asked.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }
}
