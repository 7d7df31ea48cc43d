//! `pellucid pacs get`: a study, a series or an image is fetched from a node.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, bail};
use serde_json::json;

use super::call::CallArgs;
use super::receive::BoundArgs;
use crate::cancel::CancelToken;
use crate::cli::{Outcome, output};
use crate::pacs::dimse::receiver::{Arrivals, Arrived, Inbox, Receiver};
use crate::pacs::dimse::retrieve::{Counts, Retrieved, get, order_move};
use crate::pacs::dimse::wanted::Wanted;
use crate::pacs::uid::Uid;
use crate::study::wire::StoredObject;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    call: CallArgs,
    /// Study Instance UID
    #[arg(long, value_name = "UID", value_parser = Uid::of)]
    study: Uid,
    /// Only this series of it, by its Series Instance UID
    #[arg(long, value_name = "UID", value_parser = Uid::of)]
    series: Option<Uid>,
    /// Only this image of the series, by its SOP Instance UID
    #[arg(long, value_name = "UID", value_parser = Uid::of, requires = "series")]
    instance: Option<Uid>,
    /// Folder for the files; each is named by its SOP Instance UID
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Have the node send to us (C-MOVE) on this port, or address and port, instead of asking for
    /// the files over one connection (C-GET); the node must know our title with this port
    #[arg(long = "by-move", value_name = "[ADDRESS:]PORT")]
    by_move: Option<String>,
    /// Take secured connections only with --by-move
    #[arg(long, requires_all = ["by_move", "tls_certificate"])]
    tls: bool,
    /// One JSON object a line for each file, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let inbox = Inbox::at(&args.out)?;
    let wanted = Wanted { study: args.study.clone(), series: args.series.clone(), instance: args.instance.clone() };
    let bar = output::counter("Fetching");
    let mut progress = |counts: Counts| bar.set_position(u64::from(counts.completed));
    let (node, caller) = args.call.called()?;
    let retrieved = match &args.by_move {
        None => get(&caller, &node, &wanted, &inbox, &mut progress),
        Some(place) => return by_move(args, place, &wanted, inbox, &mut progress),
    };
    bar.finish_and_clear();
    said(args, &retrieved?)
}

fn said(args: &Args, retrieved: &Retrieved) -> anyhow::Result<Outcome> {
    for path in &retrieved.files {
        let path = path.display().to_string();
        if args.json { output::json(&json!({ "file": path }))? } else { output::line(path)? }
    }
    for why in &retrieved.refused {
        output::remark(format!("not kept: {why}"));
    }
    let (came, Counts { failed, .. }) = (retrieved.files.len(), retrieved.counts);
    let failed = (failed as usize).max(retrieved.refused.len());
    if came + failed == 0 {
        bail!("{} has nothing that this names", args.call.peer);
    }
    if failed > 0 {
        output::remark(format!("{failed} of {} objects did not come", came + failed));
    }
    Ok(Outcome::of(failed, came + failed))
}

/// What came to our listener.
#[derive(Default)]
struct Came(Mutex<HashSet<PathBuf>>);

impl Arrivals for Came {
    fn arrived(&self, object: &Arrived) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(object.path.clone());
        Ok(())
    }
}

fn by_move(
    args: &Args,
    place: &str,
    wanted: &Wanted,
    inbox: Inbox,
    progress: &mut dyn FnMut(Counts),
) -> anyhow::Result<Outcome> {
    let (node, caller) = args.call.called()?;
    let allow = format!("{}@{}", node.title, node.host);
    let bounds = BoundArgs::usual(vec![allow], args.tls);
    let mut settings = bounds.settings(&args.call.own)?;
    settings.title = caller.title.clone();
    let came = Arc::new(Came::default());
    let (stop, cut) = (CancelToken::default(), CancelToken::default());
    let receiver = Receiver::bind(bounds.address(place)?, settings, inbox, came.clone(), cut)?;
    let counts = thread::scope(|scope| {
        let run = || receiver.run(&stop);
        let listening = thread::Builder::new().name("pellucid-listen".into()).spawn_scoped(scope, run);
        let counts = order_move(&caller, &node, wanted, &caller.title, progress);
        stop.cancel();
        listening.context("the listener could not be started")?;
        anyhow::Ok(counts?)
    })?;
    let files = std::mem::take(&mut *came.0.lock().unwrap_or_else(PoisonError::into_inner));
    let mut retrieved = Retrieved { counts, ..Retrieved::default() };
    let mut files: Vec<PathBuf> = files.into_iter().collect();
    files.sort();
    for path in files {
        // The listener takes what an allowed node sends; only what was asked for is what was fetched.
        match StoredObject::open(&path) {
            Ok(object) if wanted.holds(&object) => retrieved.files.push(path),
            _ => retrieved.refused.push(format!("{} was not asked for; it lies there all the same", path.display())),
        }
    }
    let came = retrieved.files.len() as u32;
    if came < counts.completed {
        retrieved.refused.push(format!(
            "{} of {} objects that {node} says it sent: is {} known there with this machine and port?",
            counts.completed - came,
            counts.completed,
            caller.title
        ));
        retrieved.counts.failed += counts.completed - came;
    }
    said(args, &retrieved)
}
