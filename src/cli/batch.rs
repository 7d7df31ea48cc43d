//! `pellucid batch`: archives are scored, in bounded memory, by as many machines as there are.

mod judge;
mod pacs;
mod progress;
mod scorer;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use self::pacs::PacsArgs;
use self::progress::Progress;
use self::scorer::SessionScorer;
use super::session::{AnalysisArgs, ModelArgs, Session};
use super::{Outcome, Usage, output};
use crate::batch::BatchError;
use crate::batch::archive::{ArchiveFeed, list_studies};
use crate::batch::feed::{Feed, ListFeed};
use crate::batch::finished::Finished;
use crate::batch::run;
use crate::batch::shard::Shard;
use crate::batch::source::Source;
use crate::batch::store::{Settings, Store};
use crate::batch::tally::Tally;
use crate::cancel::CancelToken;

/// Files of the list that are written at a time.
const LISTED: usize = 10_000;
/// Most places that could not be looked into and are rows.
const OBSTACLES: usize = 10_000;

/// Score archives: any number of images, in bounded memory, resumable at any moment, shared out over
/// machines with --shard; results as SQLite and Parquet, see docs/scale.md
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folders, images, a DICOMDIR, lists of paths (.txt or .lst, one a line), or - for a list on standard
    /// input
    #[arg(required_unless_present = "pacs", conflicts_with = "pacs", value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    #[command(flatten)]
    pacs: PacsArgs,
    /// Folder of the results; with --shard each shard has a folder in it. What is there already is not
    /// computed again
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Only the Ith of N shares of the images, by a hash of their paths below the source
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE)]
    shard: Shard,
    /// Look once more at what failed before
    #[arg(long)]
    again: bool,
    /// Threads that read and decode files [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    readers: Option<u16>,
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
        let why = "--frame, --masks and --prevalence are about images that are known before; use predict for them";
        return Err(Usage(why.into()).into());
    }
    let stop = stopped_by_signals();
    let mut session = Session::with_ensemble(&args.model, &args.analysis.ensemble)?;
    let chooser = session.chooser()?;
    let judge = judge::of(&chooser.names(), &args.analysis.ensemble)?;
    let settings =
        Settings { program: crate::VERSION.to_owned(), analysis: judge::analysis(&args.analysis), shard: args.shard };
    let folder = args.shard.folder().map_or_else(|| args.out.clone(), |shard| args.out.join(shard));
    let mut store = Store::open(&folder, &settings, &judge)?;
    let archive = args.pacs.pacs.as_deref().map(PacsArgs::archive).transpose()?;
    let (mut obstacles, mut listed) = (Vec::new(), 0);
    let mut feed: Box<dyn Feed + '_> = if let (Some(archive), Some(peer)) = (&archive, &args.pacs.pacs) {
        let query = args.pacs.query()?;
        let studies = list_studies(&**archive, &query, args.shard, &mut store, &stop)?;
        store.end_list()?;
        output::remark(format!("{studies} studies are not done"));
        Box::new(ArchiveFeed::new(&**archive, peer, &query.modality, stop.clone()))
    } else {
        obstacles = match list(args, &mut store, &stop) {
            Err(BatchError::Stopped) => {
                output::remark(BatchError::Stopped.to_string());
                return Ok(Outcome::Stopped);
            }
            listed => listed?,
        };
        listed = store.listed()?;
        Box::new(ListFeed::new(args.again))
    };
    let readers = args.readers.map_or_else(cores, usize::from);
    let scorer = SessionScorer::new(session, chooser, &args.analysis);
    let store = Mutex::new(store);
    let mut progress = Progress::begin(listed);
    let tally = run::run(&store, &mut *feed, &scorer, readers, &stop, &mut |told| progress.hear(&told));
    progress.end();
    let mut tally = tally?;
    let mut store = store.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !stop.is_cancelled() {
        store.commit(&obstacles)?;
        obstacles.iter().for_each(|one| tally.add(one));
        if archive.is_none() {
            store.forget_gone()?;
        }
    }
    store.make_parts(true)?;
    store.close()?;
    say(args, &tally, &progress, &folder, stop.is_cancelled())?;
    if stop.is_cancelled() {
        return Ok(Outcome::Stopped);
    }
    Ok(Outcome::of(tally.failed as usize, tally.images() as usize))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// A token that the first Ctrl+C, or a scheduler's wish to end, cancels; the second one ends the program.
fn stopped_by_signals() -> CancelToken {
    let stop = CancelToken::default();
    let token = stop.clone();
    let heard = ctrlc::set_handler(move || {
        if token.is_cancelled() {
            std::process::exit(i32::from(Outcome::Stopped.code()));
        }
        token.cancel();
        output::remark("Stopping: what is on its way is dropped; the same command goes on from here");
    });
    if let Err(error) = heard {
        log::warn!("signals are not heard: {error}");
    }
    stop
}

/// Takes the files of this shard into the list; what could not be looked into is yielded.
fn list(args: &Args, store: &mut Store, stop: &CancelToken) -> Result<Vec<Finished>, BatchError> {
    let bar = output::counter("Listing");
    let mut obstacles = Vec::new();
    let mut page: Vec<(PathBuf, bool)> = Vec::with_capacity(LISTED);
    let results = args.out.clone();
    for source in args.sources.iter().map(|path| Source::of(path)) {
        let obstacle = &mut |found: crate::batch::source::Found, reason: String| {
            output::remark(format!("error: {} was not looked into. Cause: {reason}", found.path.display()));
            if obstacles.len() < OBSTACLES && args.shard.takes(&found.below) {
                obstacles.push(Finished::failed(found.path, reason));
            }
        };
        source.each(&results, obstacle, &mut |found| {
            if stop.is_cancelled() {
                return Err(BatchError::Stopped);
            }
            if args.shard.takes(&found.below) {
                page.push((found.path, found.is_named));
                bar.inc(1);
            }
            if page.len() == LISTED {
                store.list(&page)?;
                page.clear();
            }
            Ok(())
        })?;
    }
    store.list(&page)?;
    bar.finish_and_clear();
    store.keep("sources", &sources_in_words(&args.sources))?;
    store.end_list()?;
    Ok(obstacles)
}

fn sources_in_words(sources: &[PathBuf]) -> String {
    sources.iter().map(|source| source.display().to_string()).collect::<Vec<_>>().join("\n")
}

/// The last line.
fn say(args: &Args, tally: &Tally, progress: &Progress, folder: &Path, is_stopped: bool) -> anyhow::Result<()> {
    let pace = progress.overall();
    if args.json {
        let mut object = serde_json::to_value(tally)?;
        let more = serde_json::json!({
            "shard": args.shard.to_string(), "images_a_second": pace, "stopped": is_stopped,
            "results": folder.display().to_string(),
        });
        output::extend(&mut object, more);
        return output::json(&object);
    }
    let Tally { scored, not_scored, failed, no_image, unchanged, known, .. } = *tally;
    let mut line = format!("{} images: {scored} scored, {not_scored} not scored, {failed} failed", tally.images());
    for (count, what) in [
        (no_image, "beside them no images"),
        (unchanged, "done before"),
        (known, "with the very bytes of a file that was done before"),
    ] {
        if count > 0 {
            let _ = write!(line, "; {count} {what}");
        }
    }
    if let Some(pace) = pace {
        let _ = write!(line, "; {pace:.1} images a second");
    }
    if is_stopped {
        line.push_str("; stopped before the end");
    }
    output::line(format!("{line}. The results lie in {}", folder.display()))?;
    Ok(())
}
