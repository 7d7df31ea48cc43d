//! The thin binary: parse, dispatch, print the error chain.

use std::process::ExitCode;

fn main() -> ExitCode {
    pellucid::cli::main()
}
