//! Asks archives, fetches from them and sends to them, each on a thread of its own.

mod archives;
mod received;
mod results;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::job_threads::{JobThreads, MessageSender};
use crate::app::state::Reason;
use crate::app::update::message::Message;
use crate::app::update::worklist_effect::{Called, Refusal, WorklistEffect, WorklistMessage as M};
use crate::cancel::CancelToken;
use crate::pacs::archive::{Archive, ArchiveError, Moved};
use crate::pacs::open::open;
use crate::pacs::peers::file::Peers;
use crate::pacs::peers::secret;

/// How often it is told how much has come.
const TOLD: Duration = Duration::from_millis(100);

/// Carries out what is asked of the worklist.
#[derive(Default)]
pub(super) struct WorklistRunner {
    /// Stops the query that runs, the questions for body parts, the listing of series, and the transfer.
    query: CancelToken,
    parts: CancelToken,
    series: CancelToken,
    transfer: CancelToken,
    checks: CancelToken,
}

impl WorklistRunner {
    pub(super) fn carry_out(&mut self, jobs: &JobThreads, effect: WorklistEffect) {
        let refused = |why| Refusal::Failed(why);
        match effect {
            WorklistEffect::ReadPeers => {
                jobs.run(
                    "pellucid-peers",
                    |why| answer(M::Peers(Err(why))),
                    |sender| {
                        let read = Peers::path().and_then(|path| Peers::read(&path));
                        sender.send(answer(M::Peers(read.map(Arc::new).map_err(|e| Reason::of(&e)))));
                    },
                );
            }
            WorklistEffect::Query { number, called, query } => {
                self.parts.cancel();
                let cancel = renewed(&mut self.query);
                let failed = move |why| answer(M::Found { number, result: Err(refused(why)) });
                jobs.run("pellucid-query", failed, move |sender| {
                    let result = archive(&called).and_then(|archive| archive.find(&query, &cancel)).map_err(refusal);
                    sender.send(answer(M::Found { number, result }));
                });
            }
            WorklistEffect::StopQuery => self.query.cancel(),
            WorklistEffect::BodyParts { number, called, study_uids } => {
                let cancel = renewed(&mut self.parts);
                let failed = move |why| answer(M::NoBodyParts { number, why });
                jobs.run("pellucid-body-parts", failed, move |sender| {
                    let mut told = |study: &str, parts| {
                        sender.send(answer(M::BodyParts { number, study_uid: study.to_owned(), parts }));
                    };
                    let asked = archive(&called).and_then(|a| a.body_parts(&study_uids, &cancel, &mut told));
                    match asked.map_err(refusal) {
                        Ok(()) | Err(Refusal::Cancelled) => {}
                        Err(Refusal::NotLetIn(why) | Refusal::Failed(why)) => {
                            sender.send(answer(M::NoBodyParts { number, why }));
                        }
                    }
                });
            }
            WorklistEffect::Series { called, study_uid } => {
                let cancel = renewed(&mut self.series);
                let of = study_uid.clone();
                let failed = move |why| answer(M::Series { study_uid: of.clone(), result: Err(refused(why)) });
                jobs.run("pellucid-series", failed, move |sender| {
                    let found = archive(&called).and_then(|archive| archive.series(&study_uid, &cancel));
                    let result = found.map(Arc::new).map_err(refusal);
                    sender.send(answer(M::Series { study_uid, result }));
                });
            }
            WorklistEffect::Fetch { called, wanted } => {
                let cancel = renewed(&mut self.transfer);
                let failed = move |why| answer(M::Fetched(Err(refused(why))));
                jobs.run("pellucid-retrieve", failed, move |sender| {
                    let mut told = Telling::of(sender);
                    let result = archive(&called).and_then(|archive| {
                        received::fetch(archive.as_ref(), &called.peer.name, &wanted, &cancel, &mut |m| told.moved(m))
                    });
                    sender.send(answer(M::Fetched(result.map_err(refusal))));
                });
            }
            WorklistEffect::Send { called, case } => {
                let cancel = renewed(&mut self.transfer);
                let failed = move |why| answer(M::Sent(Err(refused(why))));
                jobs.run("pellucid-send", failed, move |sender| {
                    let mut told = Telling::of(sender);
                    let result = archive(&called)
                        .and_then(|archive| results::send(archive.as_ref(), &case, &cancel, &mut |m| told.moved(m)));
                    sender.send(answer(M::Sent(result.map_err(refusal))));
                });
            }
            WorklistEffect::StopTransfer => self.transfer.cancel(),
            WorklistEffect::SaveArchive { peer, instead_of, secret } => {
                archives::save(jobs, *peer, instead_of, secret);
            }
            WorklistEffect::RemoveArchive(name) => archives::remove(jobs, name),
            WorklistEffect::CheckArchive(called) => archives::check(jobs, called, self.checks.clone()),
            WorklistEffect::StopChecks => drop(renewed(&mut self.checks)),
            WorklistEffect::AskForSecuringFile(file) => archives::ask_for_file(jobs, file),
            WorklistEffect::KeepSecret(called) => jobs.run("pellucid-keyring", Message::Failed, move |sender| {
                if let Some(typed) = &called.secret
                    && let Err(error) = secret::keep(&called.peer, typed)
                {
                    sender.send(Message::Failed(Reason::of(&error)));
                }
            }),
            WorklistEffect::RemoveFetched => {
                jobs.run(
                    "pellucid-remove",
                    |why| answer(M::Removed(Err(why))),
                    |sender| {
                        sender.send(answer(M::Removed(received::remove().map_err(|e| Reason::of(&e)))));
                    },
                );
            }
        }
    }

    /// Stops what goes on.
    pub(super) fn close(&self) {
        [&self.query, &self.parts, &self.series, &self.transfer, &self.checks]
            .into_iter()
            .for_each(CancelToken::cancel);
    }
}

fn answer(message: M) -> Message {
    Message::Worklist(message)
}

/// What ran before is stopped; the new one has a token of its own.
fn renewed(token: &mut CancelToken) -> CancelToken {
    token.cancel();
    *token = CancelToken::default();
    token.clone()
}

/// The archive, with the secret that was typed, that is set, or that is kept.
fn archive(called: &Called) -> Result<Box<dyn Archive>, ArchiveError> {
    let mut known = called.secret.clone();
    if known.is_none() && called.peer.wants_secret() {
        // Where no keyring answers, it is asked for.
        known = secret::find(&called.peer).map_err(|error| ArchiveError::NotLetIn(error.to_string()))?;
    }
    open(&called.peer, known.as_ref())
}

fn refusal(error: ArchiveError) -> Refusal {
    match error {
        ArchiveError::Cancelled => Refusal::Cancelled,
        ArchiveError::NotLetIn(why) => Refusal::NotLetIn(why.into()),
        ArchiveError::Failed(error) => Refusal::Failed(Reason::of(error.as_ref())),
    }
}

/// Tells the interface how far a transfer is, now and then.
struct Telling<'a> {
    sender: &'a MessageSender,
    told: Option<Instant>,
}

impl<'a> Telling<'a> {
    fn of(sender: &'a MessageSender) -> Self {
        Self { sender, told: None }
    }

    fn moved(&mut self, moved: Moved) {
        if self.told.is_none_or(|at| at.elapsed() >= TOLD) {
            self.told = Some(Instant::now());
            self.sender.send(answer(M::Moved(moved)));
        }
    }
}
