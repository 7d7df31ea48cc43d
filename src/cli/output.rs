//! What commands print and write: lines, sentences, progress, files.
//!
//! Whatever is printed may quote a file of a stranger: no character that a terminal acts on leaves here ([`crate::printable`]).

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::files::writing;
use crate::printable::{printable, printable_json, printable_lines};

/// Prints a line of the result on standard output.
///
/// An error instead of the panic of `println!` when the reader has closed the pipe.
pub fn line(text: impl AsRef<str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(printable_lines(text.as_ref()).as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Prints `value` as one line of JSON.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let json = serde_json::to_string(value).context("the result could not be written as JSON")?;
    line(printable_json(&json))?;
    Ok(())
}

/// Prints a remark that is no result on standard error.
pub fn remark(text: impl AsRef<str>) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(text.as_ref()));
}

/// Prints an error and its causes as one sentence after the other on standard error.
pub fn complain(error: &anyhow::Error) {
    remark(format!("error: {}", sentences(error)));
}

/// `what. Cause: why. Cause: …`, without the causes that a message already quotes.
pub fn sentences(error: &anyhow::Error) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        let text = text.trim().trim_end_matches('.').to_owned();
        if !text.is_empty() && !said.iter().any(|earlier| earlier.contains(&text)) {
            said.push(text);
        }
    }
    said.join(". Cause: ") + "."
}

/// A progress bar on standard error, drawn on a terminal only.
pub fn progress(length: usize, what: &'static str) -> ProgressBar {
    if length < 2 || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(length as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}  {eta} left") {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// A running count on standard error, of what has no known end, drawn on a terminal only.
pub fn counter(what: &'static str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg} {pos}") {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

/// Writes a file that its owner alone may read, whole or not at all.
pub fn write_file(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    writing::private(path, content).with_context(|| format!("{} could not be written", path.display()))
}

/// Writes a part of a model, which whoever may read its manifest reads too.
pub fn write_model_file(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    writing::shared(path, content).with_context(|| format!("{} could not be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let error =
            anyhow::anyhow!("the disk is full.").context("a.npy: the disk is full").context("no map was written");
        assert_eq!(sentences(&error), "no map was written. Cause: a.npy: the disk is full.");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let error = write_file(Path::new("/nowhere/at/all.npy"), b"x").unwrap_err();
        assert!(sentences(&error).starts_with("/nowhere/at/all.npy could not be written. Cause: "), "{error:#}");
    }
}
