//! `pellucid audit`: whether the journal of this account is as it was written.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use super::{Outcome, Usage, output};
use crate::audit::journal::of_this_account;
use crate::audit::verify::{Beside, Verified, verify_with};

/// Check the journal of what was shown and written (the viewer keeps one where that is switched on,
/// `serve` unless it is started with --no-audit)
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Verify(VerifyArgs),
}

/// Check that no line of the journal was changed, removed or moved
///
/// Each line holds the hash of the line before it. That shows every change but one: lines that are cut
/// off at the end. The number of lines and the last hash are therefore kept beside the journal, and
/// printed here: note them elsewhere, and ask for the hash again with --expect. The exit code is 0
/// where the journal holds and 1 where it does not.
#[derive(Debug, clap::Args)]
struct VerifyArgs {
    /// The journal [default: that of this account]
    #[arg(value_name = "FILE")]
    journal: Option<PathBuf>,
    /// A hash that was printed or noted before: some line of the journal must have it
    #[arg(long, value_name = "SHA256")]
    expect: Option<String>,
    /// One JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::Verify(args) => verify(args),
    }
}

fn verify(args: &VerifyArgs) -> anyhow::Result<Outcome> {
    let expect = args.expect.as_deref().map(hash).transpose()?;
    let path = if let Some(path) = &args.journal {
        path.clone()
    } else {
        let journal = of_this_account().context("this account has no data folder; set XDG_DATA_HOME to a folder")?;
        journal.path().to_owned()
    };
    anyhow::ensure!(path.exists(), "there is no journal at {}: nothing was written into one yet", path.display());
    let found = verify_with(&path, expect.as_deref())?;
    let missing = expect.is_some() && found.expected_at.is_none();
    let problems = problems(&found, missing);
    if args.json {
        output::json(&json!({
            "journal": path,
            "holds": problems.is_empty(),
            "lines": found.head.lines,
            "head": found.head.sha256,
            "torn_bytes": found.torn,
            "faults": problems,
            "fault_line": found.fault.as_ref().map(|fault| fault.line),
            "expected_at_line": found.expected_at,
            "remarks": remarks(&found),
        }))?;
    } else {
        let whole = if found.fault.is_some() { "hold, up to the first fault" } else { "follow each other" };
        output::line(format!("{}: {} lines {whole}", path.display(), found.head.lines))?;
        output::line(format!("head {}", found.head.sha256))?;
        problems.iter().try_for_each(|sentence| output::line(format!("FAULT: {sentence}.")))?;
        remarks(&found).iter().for_each(|sentence| output::remark(format!("note: {sentence}.")));
    }
    Ok(Outcome::of(usize::from(!problems.is_empty()), 1))
}

/// A hash as people paste it.
fn hash(text: &str) -> Result<String, Usage> {
    let text = text.trim().to_ascii_lowercase();
    let is_one = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one
        .then_some(text)
        .ok_or_else(|| Usage("--expect wants 64 hexadecimal digits, as `audit verify` prints them".into()))
}

/// What is wrong, a sentence each.
fn problems(found: &Verified, missing: bool) -> Vec<String> {
    let mut all = Vec::new();
    all.extend(found.fault.as_ref().map(|fault| fault.reason.to_string()));
    all.extend(found.shortened.map(|line| {
        format!(
            "line {line} says that lines before it had been cut off, or were others, when a program went on writing: it \
             names the number of lines and the hash that the journal had ended with"
        )
    }));
    let lines = |count: u64| if count == 1 { "1 line".into() } else { format!("{count} lines") };
    match &found.beside {
        Beside::CutOff(count) => {
            all.push(format!(
                "behind line {} {} cut off: its head knows of them",
                found.head.lines,
                was(*count, &lines)
            ));
        }
        Beside::Other(line) => all.push(format!("line {line} is another one than the head beside the journal says")),
        Beside::Unreadable(reason) => all.push(format!("the head beside the journal cannot be read: {reason}")),
        Beside::Agrees | Beside::Nothing | Beside::Behind(_) => {}
    }
    if missing {
        all.push(
            "no line has the expected hash: lines were cut off or changed, or the hash is that of another journal"
                .into(),
        );
    }
    all
}

fn was(count: u64, lines: &impl Fn(u64) -> String) -> String {
    format!("{} {}", lines(count), if count == 1 { "was" } else { "were" })
}

/// What is no fault and should be known.
fn remarks(found: &Verified) -> Vec<String> {
    let mut all = Vec::new();
    if found.torn > 0 {
        all.push(format!(
            "the last line is torn ({} bytes), as a killed program leaves it; the next one that writes cuts it off and \
             says so",
            found.torn
        ));
    }
    match found.beside {
        Beside::Nothing => {
            all.push("there is no head beside the journal, so lines cut off at its end would not show".into());
        }
        Beside::Behind(count) => all.push(format!(
            "the head beside the journal is {count} lines behind it: a program was killed, or is writing just now"
        )),
        _ => {}
    }
    if let Some(line) = found.expected_at {
        let since = found.head.lines.saturating_sub(line);
        all.push(format!("line {line} has the expected hash, and {since} lines were added since"));
    }
    if found.expected_at.is_none() {
        all.push(
            "whoever may write the journal and its head may also have written both anew: a head that was noted elsewhere \
             and is asked for with --expect shows that"
                .into(),
        );
    }
    all
}
