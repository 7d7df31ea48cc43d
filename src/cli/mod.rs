//! The command line: one file a subcommand.

use std::process::ExitCode;

/// Parses the arguments, runs the command, prints errors as sentences, and yields the exit code.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
