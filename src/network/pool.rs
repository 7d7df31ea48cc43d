//! Passes run on a thread of the pool that shares their layers out.
//!
//! A thread from outside hands every layer to the pool and sleeps until it is done: two wakes a
//! layer. From within, the thread that runs the pass works on its layers itself, and others help
//! out. Measured with a pool of one thread, that is three tenths of a pass of EfficientNet-Lite0.
//!
//! Whoever holds a lock across a pass must not take it in work that he gives to the same pool: the
//! thread that waits inside the pass may be the one that takes that work up.

/// Runs `work` on a thread of the pool, and yields what it yields; a panic is handed on.
pub(super) fn in_pool<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    rayon::scope(|_| work())
}
