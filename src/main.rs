//! The thin binary: parse, dispatch, print the error chain.

use std::process::ExitCode;

/// Keeps freed pages for a second: images and feature maps of tens of megabytes come and go.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    pellucid::cli::main()
}
