//! The service: a listener and a watch bring images, one thread scores them, another sends.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::board::{Board, Tally};
use super::drifting::Drifting;
use super::entry::{MadeResult, Step};
use super::outbox::Outbox;
use super::removing::Removing;
use super::sending::{Round, Sending, reported, short};
use super::watching::Watch;
use super::{Hooks, Scored, Scorer, ServeError};
use crate::cancel::CancelToken;
use crate::files::sha256_of_file;
use crate::limits;
use crate::pacs::dimse::Caller;
use crate::pacs::dimse::ae::Node;
use crate::pacs::dimse::commitment::CommitmentReport;
use crate::pacs::dimse::receiver::{Arrivals, Arrived, Inbox, Receiver, Settings, SocketAddr};
use crate::pacs::uid::Uid;
use crate::panic_guard::guarded;

/// How often the inbox is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Longest wait for a change.
const WAIT: Duration = Duration::from_millis(200);
/// How often an image may end the process before it is left aside.
const BEGUN: usize = 5;
/// Times as many images as may wait to be scored may wait to be sent.
const SENDING: usize = 10;

/// What is served.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Service {
    pub inbox: PathBuf,
    /// Where journal and outbox are.
    pub state: PathBuf,
    /// Images that may wait before senders are told to come later.
    pub queue: usize,
    /// End once everything in the inbox is done.
    pub once: bool,
    /// Remove an image from the inbox once it is done and the peer has it.
    pub remove: bool,
    /// Do again what was refused or given up.
    pub again: bool,
    /// Ask the peer to answer for the results.
    pub commit: bool,
    /// To whom results go, and how.
    pub caller: Caller,
    pub node: Node,
    /// Where is listened, and what is taken of whom.
    pub listen: Option<(SocketAddr, Settings)>,
}

/// What all threads share.
struct Shared {
    board: Board,
    queue: usize,
    stop: CancelToken,
    /// Why the service cannot go on.
    fatal: Mutex<Option<ServeError>>,
}

impl Shared {
    /// Ends everything.
    fn fail(&self, error: ServeError) {
        log::error!("{error}");
        self.fatal.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.stop.cancel();
    }
}

/// What the receiver reports to.
struct Incoming(Arc<Shared>);

impl Arrivals for Incoming {
    fn has_room(&self) -> bool {
        let Tally { waiting, sending, .. } = self.0.board.tally();
        waiting < self.0.queue && sending < SENDING * self.0.queue
    }

    fn came_before(&self, instance: &Uid) -> bool {
        self.0.board.knows(instance.as_str())
    }

    fn arrived(&self, object: &Arrived) -> io::Result<()> {
        let name = object.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match self.0.board.received(object.sop_instance.as_str(), &name) {
            Ok(_) => {
                log::info!("image {} came from {}", object.sop_instance.short_hash(), object.sender);
                Ok(())
            }
            Err(error) => {
                let said = io::Error::other(error.to_string());
                self.0.fail(error);
                Err(said)
            }
        }
    }

    fn committed(&self, report: &CommitmentReport) {
        if let Err(error) = reported(&self.0.board, report) {
            self.0.fail(error);
        }
    }
}

impl Service {
    /// Serves until `stop`, or with `once` until all is done.
    ///
    /// # Errors
    /// When it cannot start, or the journal cannot be written.
    pub fn run(&self, scorer: &mut dyn Scorer, hooks: &Hooks<'_>, stop: &CancelToken) -> Result<Tally, ServeError> {
        crate::files::kept_folder::make_private(&self.state)
            .map_err(|source| ServeError::Write { what: "the folder of the journal", source })?;
        let inbox = Inbox::at(&self.inbox)?;
        let mut drifting = Drifting::new(hooks.calibration);
        let board = Board::open(&self.state, &mut |entry| drifting.again(entry))?;
        let outbox = Outbox::at(self.state.join("outbox"))?;
        if self.again {
            board.failed().iter().try_for_each(|image| board.note(image, Step::Again))?;
        }
        let (queue, stop) = (self.queue, stop.clone());
        let shared = Arc::new(Shared { board, queue, stop: stop.clone(), fatal: Mutex::default() });
        let receiver = match &self.listen {
            None => None,
            Some((address, settings)) => {
                let arrivals = Arc::new(Incoming(shared.clone()));
                Some(Receiver::bind(*address, settings.clone(), inbox, arrivals, stop.clone())?)
            }
        };
        (hooks.ready)(receiver.as_ref().map(Receiver::address));
        let settled = Mutex::new(0_usize);
        let board = &shared.board;
        thread::scope(|scope| {
            let named = |name: &str| thread::Builder::new().name(name.into());
            let listen = || receiver.iter().for_each(|receiver| receiver.run(&stop));
            let watch = || self.watch(&shared, &settled);
            let sent = hooks.sent;
            let send = || self.send(&shared, &outbox, sent);
            let started = named("pellucid-listen")
                .spawn_scoped(scope, listen)
                .and_then(|_| named("pellucid-watch").spawn_scoped(scope, watch))
                .and_then(|_| named("pellucid-send").spawn_scoped(scope, send));
            match started {
                Ok(_) => self.score(&shared, &outbox, scorer, &mut drifting, &settled),
                Err(source) => shared.fail(ServeError::Write { what: "a thread", source }),
            }
            stop.cancel();
        });
        let fatal = shared.fatal.lock().unwrap_or_else(PoisonError::into_inner).take();
        fatal.map_or_else(|| Ok(board.tally()), Err)
    }

    fn watch(&self, shared: &Shared, settled: &Mutex<usize>) {
        let mut watch = Watch::default();
        while !shared.stop.is_cancelled() {
            match watch.look(&self.inbox, &shared.board) {
                Ok(changes) => {
                    let mut settled = settled.lock().unwrap_or_else(PoisonError::into_inner);
                    *settled = if changes { 0 } else { *settled + 1 };
                }
                Err(error @ ServeError::Write { .. }) => log::warn!("{error}"),
                Err(error) => return shared.fail(error),
            }
            pause(&shared.stop, LOOK);
        }
    }

    fn send(&self, shared: &Shared, outbox: &Outbox, sent: &(dyn Fn(&MadeResult) + Sync)) {
        let mut caller = self.caller.clone();
        caller.cancel = shared.stop.clone();
        let mut sending = Sending::new(&shared.board, outbox, caller, self.node.clone(), self.commit);
        sending.sent = sent;
        let removing = Removing::new(&shared.board, &self.inbox, &self.node, self.commit);
        let mut removing = Some(removing).filter(|_| self.remove);
        let cancelled = sending.caller.clone();
        while !shared.stop.is_cancelled() {
            let round = sending.round();
            removing.iter_mut().for_each(|removing| removing.round(&cancelled, false));
            sending.clear();
            match round {
                Ok(Round::Idle) => shared.board.wait(WAIT),
                Ok(Round::Went) => {}
                Ok(Round::Failed(wait)) => pause(&shared.stop, wait),
                Err(error) => return shared.fail(error),
            }
        }
        // What was done last is asked for although all is over.
        removing.iter_mut().for_each(|removing| removing.round(&self.caller, true));
        sending.clear();
    }

    fn score(
        &self,
        shared: &Shared,
        outbox: &Outbox,
        scorer: &mut dyn Scorer,
        drifting: &mut Drifting<'_>,
        settled: &Mutex<usize>,
    ) {
        if let Err(error) = notify(shared, drifting.take_due()) {
            return shared.fail(error);
        }
        let mut begun: HashMap<String, usize> = HashMap::new();
        while !shared.stop.is_cancelled() {
            let Some((image, progress)) = shared.board.next_waiting() else {
                let calm = *settled.lock().unwrap_or_else(PoisonError::into_inner) >= 2;
                let Tally { waiting, sending, .. } = shared.board.tally();
                if self.once && calm && waiting + sending == 0 {
                    return;
                }
                shared.board.wait(WAIT);
                continue;
            };
            let before = begun.entry(image.clone()).or_insert(progress.begun);
            *before += 1;
            let step = if *before > BEGUN {
                shared.board.note(&image, Step::Refused { because: "it ended the program again and again".into() })
            } else {
                shared
                    .board
                    .note(&image, Step::Begun)
                    .and_then(|()| self.make(shared, outbox, scorer, &image, &progress.file, drifting))
            };
            begun.remove(&image);
            if let Err(error) = step {
                return shared.fail(error);
            }
        }
    }

    /// Makes the results of an image.
    fn make(
        &self,
        shared: &Shared,
        outbox: &Outbox,
        scorer: &mut dyn Scorer,
        image: &str,
        file: &str,
        drifting: &mut Drifting<'_>,
    ) -> Result<(), ServeError> {
        let path = self.inbox.join(file);
        let image_sha256 = sha256_of_file(&path, limits::FILE_BYTES).ok();
        let scored = match guarded(|| scorer.score(&path)) {
            Ok(Ok(scored)) => scored,
            Ok(Err(because)) => {
                log::warn!("image {} cannot be scored: {because}", short(image));
                return shared.board.note(image, Step::Refused { because });
            }
            Err(panicked) => {
                log::error!("image {} cannot be scored: {panicked}", short(image));
                return shared.board.note(image, Step::Refused { because: panicked.to_string() });
            }
        };
        let Scored { results, observation, because } = scored;
        let results = outbox.fill(image, &results)?;
        let is_empty = results.is_empty();
        let notices = observation.as_ref().map(|seen| drifting.observe(image, seen));
        shared.board.note(image, Step::Made { results, seen: observation, image_sha256 })?;
        notify(shared, notices.unwrap_or_default())?;
        scorer.made(&path);
        if is_empty {
            log::warn!("there is nothing to send of image {}: {because}", short(image));
            shared.board.note(image, Step::Done)?;
        }
        Ok(())
    }
}

/// Writes notices down and says them.
fn notify(shared: &Shared, notices: Vec<String>) -> Result<(), ServeError> {
    for text in notices {
        log::warn!("{text}");
        shared.board.note("", Step::Notice { text })?;
    }
    Ok(())
}

/// Waits for so long, or until it is cancelled.
fn pause(stop: &CancelToken, most: Duration) {
    let until = Instant::now() + most;
    while !stop.is_cancelled() && Instant::now() < until {
        thread::sleep(Duration::from_millis(50).min(most));
    }
}
