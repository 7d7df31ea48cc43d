//! A wall between the program and what parses files of strangers: a panic behind it is an error about that file.

use super::StudyError;
use crate::panic_guard::guarded;

/// Runs `work`; its panic becomes [`StudyError::CodecPanic`], without a backtrace on the reader's terminal.
pub(super) fn behind<T>(work: impl FnOnce() -> Result<T, StudyError>) -> Result<T, StudyError> {
    guarded(work).unwrap_or(Err(StudyError::CodecPanic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_a_codec_is_an_error_about_the_file() {
        let result: Result<(), _> = behind(|| panic!("inside a codec"));
        assert!(matches!(result, Err(StudyError::CodecPanic)));
    }
}
