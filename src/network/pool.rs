//! Passes run on a thread of the pool that shares their layers out.
//!
//! A thread from outside hands every layer to the pool and sleeps until it is done: two wakes a
//! layer, of which a small network has a hundred a pass. From within, the thread that runs the pass
//! works on its layers itself, and others help out. Measured with one thread, that is a third of a
//! pass of EfficientNet-Lite0.

/// Runs `work` on a thread of the pool, and yields what it yields; a panic is handed on.
pub(super) fn in_pool<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    rayon::scope(|_| work())
}
