//! The command line as scripts meet it: the real binary, its output and exit codes.

use std::path::Path;
use std::process::{Command, Output};

/// Runs the real binary in a folder of its own.
fn pellucid(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pellucid"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .output()
        .expect("the binary was built")
}

#[test]
fn an_unknown_option_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let output = pellucid(folder.path(), &["--no-such-option"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

#[test]
fn version_names_the_commit() {
    let folder = tempfile::tempdir().unwrap();
    let output = pellucid(folder.path(), &["--version"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with(concat!("pellucid ", env!("CARGO_PKG_VERSION"), " (")), "{text}");
}
