//! The thin binary: parse, dispatch, print the error chain.

use std::process::ExitCode;

/// Keeps freed pages for a second: a training step asks for the same hundreds of megabytes again
/// and again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    pellucid::cli::main()
}
