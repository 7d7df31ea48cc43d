//! `pellucid doctor`: what works on this machine, as a page for a report of a fault.

use super::{Outcome, output};
use crate::app;
use crate::doctor::{self, Condition};

/// Try what this machine gives the program (display, decoders, models, fonts, folders) and print a
/// page for a report of a fault; it names no patient and no user
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One JSON object a line in the place of the page
    #[arg(long)]
    json: bool,
    /// Open a hidden window, say what OpenGL it has, and end
    #[arg(long, hide = true)]
    window: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if args.window {
        output::line(app::first_frame()?)?;
        return Ok(Outcome::Done);
    }
    let findings = doctor::examine();
    if args.json {
        for finding in &findings {
            output::line(serde_json::to_string(finding)?)?;
        }
    } else {
        output::line(doctor::page(&findings).trim_end())?;
    }
    let failed = findings.iter().filter(|finding| finding.condition == Condition::Fails).count();
    Ok(Outcome::of(failed, findings.len()))
}
