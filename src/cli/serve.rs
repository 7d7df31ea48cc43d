//! `pellucid serve`: images that arrive are scored, and their results sent.

mod scorer;

use std::path::PathBuf;

use self::scorer::SessionScorer;
use super::pacs::call::{OwnArgs, called};
use super::pacs::receive::BoundArgs;
use super::session::{AnalysisArgs, ModelArgs};
use super::{Outcome, Usage, output};
use crate::cancel::CancelToken;
use crate::model::registry;
use crate::pacs::dimse::receiver::SocketAddr;
use crate::serve::Hooks;
use crate::serve::service::Service;

/// Watch an inbox: score what arrives, make DICOM results and send them; what was done is kept in a
/// journal, so that nothing is lost and nothing is sent twice
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch")]
pub(super) struct Args {
    /// Folder that is watched; what the listener receives is put there, too
    #[arg(long, value_name = "INBOX")]
    watch: PathBuf,
    /// Node that results are sent to, as AE@HOST:PORT or by its name in peers.toml
    #[arg(long, value_name = "PEER")]
    send: String,
    /// Listen on this port, or address and port, and take images there [default: only watch the
    /// folder]
    #[arg(long, value_name = "[ADDRESS:]PORT")]
    listen: Option<String>,
    #[command(flatten)]
    bounds: BoundArgs,
    #[command(flatten)]
    own: OwnArgs,
    /// Folder of the journal and of results that are not sent yet [default: .pellucid in the inbox]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Images that may wait to be scored before senders are told to come later
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    queue: u32,
    /// Ask the node to answer for the results (storage commitment)
    #[arg(long)]
    commit: bool,
    /// Remove an image from the inbox once the node took its results and, asked by C-FIND, says that it has
    /// the image
    #[arg(long)]
    remove: bool,
    /// Do again what was refused or given up before
    #[arg(long)]
    again: bool,
    /// End once everything in the inbox is done
    #[arg(long)]
    once: bool,
    /// Keep no audit journal
    #[arg(long)]
    no_audit: bool,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    analysis: AnalysisArgs,
    /// What was done as one JSON object at the end, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if args.analysis.frame.is_some() || args.analysis.masks.is_some() || !args.analysis.prevalence.is_empty() {
        let why =
            "--frame, --masks and --prevalence are about images that are known before; here they come by themselves";
        return Err(Usage(why.into()).into());
    }
    let (node, caller) = called(&args.send, &args.own, args.bounds.tls)?;
    let listen = match &args.listen {
        None => None,
        Some(place) => Some((args.bounds.address(place)?, args.bounds.settings(&args.own)?)),
    };
    if args.listen.is_some() && !args.bounds.tls && args.own.tls().certificate.is_some() {
        output::remark("note: the listener takes plain connections; --tls secures it");
    }
    let mut scorer = SessionScorer::open(&args.model, &args.analysis, &node.to_string(), !args.no_audit)?;
    let service = Service {
        inbox: args.watch.clone(),
        state: args.state.clone().unwrap_or_else(|| args.watch.join(".pellucid")),
        queue: args.queue as usize,
        once: args.once,
        remove: args.remove,
        again: args.again,
        commit: args.commit,
        caller,
        node,
        listen,
    };
    let ready = |address: Option<SocketAddr>| {
        let inbox = args.watch.display();
        let listens = address.map(|a| format!(", listens as {} on {a}", args.own.title)).unwrap_or_default();
        output::remark(format!("Watches {inbox}{listens}, and sends to {}; stop it with Ctrl+C", service.node));
    };
    let calibration = |model: &str| registry::calibration(model).ok().and_then(Result::ok);
    let sent = scorer.on_sent();
    let hooks = Hooks { calibration: &calibration, ready: &ready, sent: &sent };
    let tally = service.run(&mut scorer, &hooks, &CancelToken::default())?;
    scorer.end();
    if args.json {
        output::json(&serde_json::json!({
            "received": tally.received, "done": tally.done, "refused": tally.refused, "waiting": tally.waiting,
            "sending": tally.sending, "sent": tally.sent, "given_up": tally.given_up, "committed": tally.committed,
        }))?;
    } else {
        output::line(format!(
            "{} images received, {} done, {} refused; {} results sent, {} given up",
            tally.received, tally.done, tally.refused, tally.sent, tally.given_up
        ))?;
    }
    Ok(Outcome::of(tally.refused + usize::from(tally.given_up > 0), tally.received.max(1)))
}
