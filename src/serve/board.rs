//! Where every image is: the journal, and what follows from it, in one place for all threads.
//!
//! A step is written to the journal first and counts from then on; what follows from the steps is the
//! same whether they were just done or read again.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::ServeError;
use super::entry::{Entry, MadeResult, Step};
use super::journal::Journal;

/// An image on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Name of its file in the inbox.
    pub file: String,
    /// SHA-256 of that file when it was scored.
    pub sha256: Option<String>,
    pub results: Vec<MadeResult>,
    /// Results that are not out yet, by their UID.
    pub unsent: BTreeSet<String>,
    /// Wishes for commitment that went out.
    pub transactions: Vec<String>,
    pub committed: BTreeSet<String>,
    pub is_made: bool,
    pub is_done: bool,
    pub is_refused: bool,
    pub given_up: usize,
    /// How often its scoring began.
    pub begun: usize,
}

/// How many images are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub received: usize,
    /// Received and not scored yet.
    pub waiting: usize,
    /// Scored, with results that are not out yet.
    pub sending: usize,
    pub done: usize,
    pub refused: usize,
    /// Results that a peer took, and those that none will take.
    pub sent: usize,
    pub given_up: usize,
    pub committed: usize,
}

#[derive(Debug, Default)]
struct State {
    images: HashMap<String, Progress>,
    /// In the order in which they came.
    order: Vec<String>,
    waiting: BTreeSet<usize>,
    sending: BTreeSet<usize>,
    places: HashMap<String, usize>,
    tally: Tally,
    /// Images that are done and were not asked for yet.
    finished: Vec<String>,
    /// Images whose results are not needed any more.
    settled: Vec<String>,
}

impl State {
    fn take(&mut self, entry: &Entry) {
        let image = &entry.image;
        if image.is_empty() {
            return;
        }
        if !self.images.contains_key(image) {
            let place = self.order.len();
            self.order.push(image.clone());
            self.places.insert(image.clone(), place);
            self.images.insert(image.clone(), Progress::default());
            self.tally.received += 1;
            self.waiting.insert(place);
        }
        let (Some(progress), Some(&place)) = (self.images.get_mut(image), self.places.get(image)) else { return };
        match &entry.step {
            Step::Received { file } => progress.file.clone_from(file),
            Step::Begun => progress.begun += 1,
            Step::Made { results, image_sha256, .. } => {
                progress.sha256.clone_from(image_sha256);
                progress.is_made = true;
                progress.results.clone_from(results);
                progress.unsent = results.iter().map(|r| r.sop_instance.clone()).collect();
                self.waiting.remove(&place);
                self.sending.insert(place);
            }
            Step::Refused { .. } => {
                progress.is_refused = true;
                self.tally.refused += 1;
                self.waiting.remove(&place);
            }
            Step::Sent { result, .. } => {
                self.tally.sent += usize::from(progress.unsent.remove(result));
            }
            Step::GivenUp { result, .. } => {
                let gone = usize::from(progress.unsent.remove(result));
                progress.given_up += gone;
                self.tally.given_up += gone;
            }
            Step::Committed { results } => {
                let new = results.iter().filter(|r| progress.committed.insert((*r).clone())).count();
                self.tally.committed += new;
                if progress.committed.len() + progress.given_up >= progress.results.len() {
                    self.settled.push(image.clone());
                }
            }
            Step::Uncommitted { results } => {
                let known = |uid: &&String| progress.results.iter().any(|r| r.sop_instance == **uid);
                let new = results.iter().filter(known).filter(|uid| progress.unsent.insert((*uid).clone())).count();
                self.tally.sent -= new.min(self.tally.sent);
                self.tally.done -= usize::from(progress.is_done);
                progress.is_done = false;
                progress.transactions.clear();
                self.sending.insert(place);
            }
            Step::Asked { transaction } => progress.transactions.push(transaction.clone()),
            Step::Done => {
                self.finished.push(image.clone());
                // Where commitment was asked for, results may have to go out once more.
                if progress.transactions.is_empty() {
                    self.settled.push(image.clone());
                }
                self.tally.done += usize::from(!progress.is_done);
                progress.is_done = true;
                self.sending.remove(&place);
            }
            Step::Again => {
                let file = std::mem::take(&mut progress.file);
                self.tally.done -= usize::from(progress.is_done);
                self.tally.refused -= usize::from(progress.is_refused);
                *progress = Progress { file, ..Progress::default() };
                self.sending.remove(&place);
                self.waiting.insert(place);
            }
            Step::Notice { .. } => {}
        }
        (self.tally.waiting, self.tally.sending) = (self.waiting.len(), self.sending.len());
    }
}

/// The journal and what follows from it.
#[derive(Debug)]
pub struct Board {
    inner: Mutex<(Journal, State)>,
    changed: Condvar,
}

impl Board {
    /// Reads what was done before; `each` hears of every step of it.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open(folder: &Path, each: &mut dyn FnMut(&Entry)) -> Result<Self, ServeError> {
        let mut state = State::default();
        let journal = Journal::open(folder, &mut |entry| {
            state.take(&entry);
            each(&entry);
        })?;
        Ok(Self { inner: Mutex::new((journal, state)), changed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, (Journal, State)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a step down, and counts it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note(&self, image: &str, step: Step) -> Result<(), ServeError> {
        let mut inner = self.lock();
        let entry = Entry::new(image, step);
        inner.0.append(&entry)?;
        inner.1.take(&entry);
        drop(inner);
        self.changed.notify_all();
        Ok(())
    }

    /// Notes an image that lies in the inbox, unless it is known. Says whether it is new.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn received(&self, image: &str, file: &str) -> Result<bool, ServeError> {
        let mut inner = self.lock();
        if inner.1.images.contains_key(image) {
            return Ok(false);
        }
        let entry = Entry::new(image, Step::Received { file: file.to_owned() });
        inner.0.append(&entry)?;
        inner.1.take(&entry);
        drop(inner);
        self.changed.notify_all();
        Ok(true)
    }

    /// Whether an image was received before.
    #[must_use]
    pub fn knows(&self, image: &str) -> bool {
        self.lock().1.images.contains_key(image)
    }

    /// The image that waits longest to be scored.
    #[must_use]
    pub fn next_waiting(&self) -> Option<(String, Progress)> {
        let inner = self.lock();
        let image = inner.1.order.get(*inner.1.waiting.first()?)?;
        Some((image.clone(), inner.1.images.get(image)?.clone()))
    }

    /// Images whose results are to be sent, the oldest first, at most so many.
    #[must_use]
    pub fn to_send(&self, most: usize) -> Vec<(String, Progress)> {
        let inner = self.lock();
        let images = inner.1.sending.iter().filter_map(|place| inner.1.order.get(*place));
        images.take(most).filter_map(|image| Some((image.clone(), inner.1.images.get(image)?.clone()))).collect()
    }

    /// How far an image is.
    #[must_use]
    pub fn progress(&self, image: &str) -> Option<Progress> {
        self.lock().1.images.get(image).cloned()
    }

    /// The image for which commitment was asked under a transaction.
    #[must_use]
    pub fn of_transaction(&self, transaction: &str) -> Option<String> {
        let inner = self.lock();
        let asked = |p: &Progress| p.transactions.iter().any(|t| t == transaction);
        inner.1.images.iter().find(|(_, progress)| asked(progress)).map(|(image, _)| image.clone())
    }

    /// Images of which a result was given up, or that were refused.
    #[must_use]
    pub fn failed(&self) -> Vec<String> {
        let inner = self.lock();
        let failed = |p: &Progress| p.is_refused || p.given_up > 0;
        inner.1.order.iter().filter(|image| inner.1.images.get(*image).is_some_and(failed)).cloned().collect()
    }

    /// Images that came to be done since it was last asked.
    #[must_use]
    pub fn take_finished(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().1.finished)
    }

    /// Images whose results came to be needed no more since it was last asked.
    #[must_use]
    pub fn take_settled(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().1.settled)
    }

    /// How many images are where.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.lock().1.tally
    }

    /// Waits for a change, or for so long.
    pub fn wait(&self, most: Duration) {
        let inner = self.lock();
        let _ = self.changed.wait_timeout(inner, most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(uid: &str) -> MadeResult {
        MadeResult { sop_class: "1.2".into(), sop_instance: uid.into(), sha256: String::new() }
    }

    #[test]
    fn what_was_done_is_known_after_a_restart_and_the_rest_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let board = Board::open(folder.path(), &mut |_| {}).unwrap();
        for image in ["1.1", "1.2", "1.3"] {
            assert!(board.received(image, &format!("{image}.dcm")).unwrap());
        }
        assert!(!board.received("1.1", "other.dcm").unwrap(), "one instance is one image");
        let made = Step::Made { results: vec![result("2.1"), result("2.2")], seen: None, image_sha256: None };
        board.note("1.1", made).unwrap();
        board.note("1.1", Step::Sent { result: "2.1".into(), peer: "P".into() }).unwrap();
        board.note("1.2", Step::Refused { because: "x".into() }).unwrap();
        let before = board.tally();
        drop(board);
        let board = Board::open(folder.path(), &mut |_| {}).unwrap();
        assert_eq!(board.tally(), before);
        assert_eq!((before.received, before.waiting, before.sending, before.sent), (3, 1, 1, 1));
        assert_eq!(board.next_waiting().unwrap().0, "1.3");
        let (image, progress) = board.to_send(9).remove(0);
        assert_eq!((image.as_str(), progress.unsent.len()), ("1.1", 1));
        // An answer that came twice counts once.
        board.note("1.1", Step::Sent { result: "2.2".into(), peer: "P".into() }).unwrap();
        board.note("1.1", Step::Sent { result: "2.2".into(), peer: "P".into() }).unwrap();
        board.note("1.1", Step::Done).unwrap();
        assert_eq!((board.tally().sent, board.tally().done, board.to_send(9).len()), (2, 1, 0));
        board.note("1.2", Step::Again).unwrap();
        assert_eq!((board.tally().refused, board.next_waiting().unwrap().0.as_str()), (0, "1.2"));
    }
}
