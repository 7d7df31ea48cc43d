//! What the allocator is told before a training: to keep freed pages for longer than its second.
//!
//! A step of training asks for the same hundreds of megabytes again and again, and steps take about
//! a second. Pages that the system took back meanwhile are cleared again, one by one: 470,000 of
//! them in eight steps of a batch of 32 at 224², a sixth of the processor's time of the training
//! (`EfficientNet-Lite0`, two cores). The allocator reads what it is told when a program begins, so
//! the program begins once more, with the same number and the same input and output.
//!
//! Only on Unix, where a program can. Elsewhere, and where the system refuses, nothing changes but
//! the time that it takes.

/// The option of mimalloc: milliseconds until freed pages go back.
const OPTION: &str = "MIMALLOC_PURGE_DELAY";
const DELAY: &str = "10000";

/// Begins the program again with the option, unless it has it. Nothing must be open or running yet.
pub(super) fn begin() {
    #[cfg(unix)]
    if std::env::var_os(OPTION).is_none()
        && let Some(program) = super::decode_worker::program()
    {
        use std::os::unix::process::CommandExt as _;
        let mut arguments = std::env::args_os();
        let mut command = std::process::Command::new(program);
        if let Some(name) = arguments.next() {
            command.arg0(name);
        }
        let error = command.args(arguments).env(OPTION, DELAY).exec();
        log::debug!("freed pages are kept for a second only: {error}");
    }
}
