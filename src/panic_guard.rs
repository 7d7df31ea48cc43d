//! A panic of a piece of work is an error of that work, and the program goes on.
//!
//! Decoders and parsers meet files of strangers, jobs of the viewer run on threads that nobody
//! joins: a panic there must end as a sentence about the file or the job, never as a window that
//! waits for ever. Nothing of the panic's own text is kept or printed, because it may quote what
//! was being read.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// The work ended in a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The program met a condition that it was not prepared for. This is a fault of Pellucid; please report it.")]
pub struct Panicked;

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; a panic in it becomes [`Panicked`], without a backtrace on the terminal.
///
/// Work that shares state must leave it usable when it ends half way: a lock that it held may be
/// poisoned.
///
/// # Errors
/// When `work` panicked.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !SILENT.get() {
                loud(info);
            }
        }));
    });
    let outer = SILENT.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    SILENT.set(outer);
    result.map_err(|_| Panicked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_the_next_one_of_this_thread_is_loud_again() {
        assert_eq!(guarded(|| 7), Ok(7));
        assert_eq!(guarded(|| -> u8 { panic!("inside a codec") }), Err(Panicked));
        assert!(!SILENT.get());
    }

    #[test]
    fn guards_stand_inside_each_other() {
        let inner = guarded(|| {
            let inside = guarded(|| -> u8 { panic!("deep inside") });
            assert!(SILENT.get(), "the outer guard still holds");
            inside
        });
        assert_eq!(inner, Ok(Err(Panicked)));
        assert!(!SILENT.get());
    }
}
