//! `pellucid pacs echo`: whether a node listens, knows us, and answers.

use serde_json::json;

use super::call::CallArgs;
use crate::cli::{Outcome, output};
use crate::pacs::dimse;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    call: CallArgs,
    /// The answer as one JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let (node, caller) = args.call.called()?;
    let milliseconds = dimse::echo(&caller, &node)?.as_secs_f64() * 1e3;
    if args.json {
        output::json(&json!({ "node": node.to_string(), "tls": caller.tls.is_some(), "milliseconds": milliseconds }))?;
    } else {
        output::line(format!("{node} answers ({milliseconds:.1} ms)"))?;
    }
    Ok(Outcome::Done)
}
