//! What commands print and write: lines, sentences, progress, files.
//!
//! Whatever is printed may quote a file of a stranger: no character that a terminal acts on leaves
//! here ([`crate::printable`]).

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::Value;

use crate::files::writing;
use crate::printable::{printable, printable_json, printable_lines};

/// Most of a kind that are named one by one.
const NAMED: usize = 5;

/// Prints a line of the result on standard output.
///
/// An error instead of the panic of `println!` when the reader has closed the pipe.
pub(super) fn line(text: impl AsRef<str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(printable_lines(text.as_ref()).as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Prints `value` as one line of JSON.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let json = serde_json::to_string(value).context("the result could not be written as JSON")?;
    line(printable_json(&json))?;
    Ok(())
}

/// Prints a remark that is no result on standard error.
pub(super) fn remark(text: impl AsRef<str>) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(text.as_ref()));
}

/// Prints an error and its causes as one sentence after the other on standard error.
pub(super) fn complain(error: &anyhow::Error) {
    remark(format!("error: {}", sentences(error)));
}

/// `what. Cause: why. Cause: …`, without the causes that a message already quotes.
pub(super) fn sentences(error: &anyhow::Error) -> String {
    let mut sentences: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        let text = text.trim().trim_end_matches('.').to_owned();
        if !text.is_empty() && !sentences.iter().any(|earlier| earlier.contains(&text)) {
            sentences.push(text);
        }
    }
    sentences.join(". Cause: ") + "."
}

/// A progress bar on standard error, drawn on a terminal only.
pub(super) fn progress(length: usize, what: &'static str) -> ProgressBar {
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

/// A bar of files on standard error whose message says how fast it goes, drawn on a terminal only.
pub(super) fn paced(length: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len}  {msg}") {
        bar.set_style(style);
    }
    bar
}

/// A running count on standard error, of what has no known end, drawn on a terminal only.
pub(super) fn counter(what: &'static str) -> ProgressBar {
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

/// A bar of bytes on standard error, drawn on a terminal only; its length may come to be known later.
pub(super) fn bytes(what: &'static str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let template = "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// Writes a file that its owner alone may read, whole or not at all.
pub(super) fn write_file(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    writing::private(path, content).with_context(|| format!("{} could not be written", path.display()))
}

/// Writes a part of a model, which whoever may read its manifest reads too.
pub(super) fn write_model_file(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    writing::shared(path, content).with_context(|| format!("{} could not be written", path.display()))
}

/// Makes a folder with all above it, where it is not there.
pub(super) fn make_folder(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("the folder {} could not be made", path.display()))
}

/// The first of a list, and how many more there are.
pub(super) fn some(list: &[String]) -> String {
    let mut words = list[..list.len().min(NAMED)].join(", ");
    if list.len() > NAMED {
        let _ = write!(words, " and {} more", list.len() - NAMED);
    }
    words
}

/// Adds the fields of one JSON object behind those of another.
pub(super) fn extend(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_shortened() {
        let list: Vec<String> = (0..7).map(|i| format!("{i}.png")).collect();
        assert_eq!(some(&list), "0.png, 1.png, 2.png, 3.png, 4.png and 2 more");
        assert_eq!(some(&list[..2]), "0.png, 1.png");
    }

    #[test]
    fn a_cause_is_named_once() {
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
