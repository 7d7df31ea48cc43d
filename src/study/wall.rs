//! A wall between the program and what parses files of strangers: a panic behind it is an error about that file.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use super::StudyError;

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; its panic becomes [`StudyError::CodecPanic`], without a backtrace on the reader's terminal.
pub(super) fn behind<T>(work: impl FnOnce() -> Result<T, StudyError>) -> Result<T, StudyError> {
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
    result.unwrap_or(Err(StudyError::CodecPanic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_a_codec_is_an_error_about_the_file() {
        let result: Result<(), _> = behind(|| panic!("inside a codec"));
        assert!(matches!(result, Err(StudyError::CodecPanic)));
        assert!(!SILENT.get(), "other panics of this thread are loud again");
    }
}
