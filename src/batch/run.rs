//! The way of the files through the machine.
//!
//! ```text
//! Feed ─► tasks ─► readers (n threads): stamp, hash, decode, gate ─► ready ─► one pass for several ─┐
//!                       └─ unchanged, known, failed ────────────────────────────────────────────────┴► done
//! done ─► put in order ─► committed, a transaction for several
//! ```
//!
//! Every channel is bounded: a file is handed out only when one of [`WINDOW`] tickets is free, and a
//! ticket comes back when its file is committed; decoded images share
//! [`WAITING_BYTES`](crate::limits::WAITING_BYTES). So memory does not grow with the number of files, and
//! rows stand in the order in which the files were handed out, however long each took.
//!
//! Whoever asks to stop gets the files that were committed; those on their way are dropped.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use super::feed::{Fed, Feed, Task};
use super::finished::{Finished, Outcome};
use super::schema::PART;
use super::source::stamp;
use super::store::Store;
use super::tally::Tally;
use super::{BatchError, Scorer, Unread};
use crate::cancel::CancelToken;
use crate::files::sha256_of_file;
use crate::limits;
use crate::panic_guard::guarded;

/// Images of one pass of the network.
pub const BATCH: usize = 16;
/// Files that may be on their way at a time.
const WINDOW: usize = 256;
/// Rows of a transaction, and how long they may wait for it.
const ROWS: usize = 64;
const PATIENCE: Duration = Duration::from_millis(500);

/// How far a run is.
pub struct RunProgress<'a> {
    pub tally: Tally,
    /// The file whose row was just committed.
    pub finished: &'a Finished,
}

/// Room for decoded images: whoever wants more waits until others were scored; one that is larger than
/// all of it waits until it is alone.
#[derive(Default)]
struct Room {
    taken: Mutex<u64>,
    freed: Condvar,
}

impl Room {
    fn take(&self, bytes: u64, stop: &CancelToken) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken > 0 && *taken + bytes > limits::WAITING_BYTES && !stop.is_cancelled() {
            taken = self.freed.wait_timeout(taken, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        *taken += bytes;
    }

    fn give(&self, bytes: u64) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) -= bytes;
        self.freed.notify_all();
    }
}

/// A file with its place in the order.
struct Numbered<T>(u64, T);

/// An image on its way to the network.
struct Waiting<R> {
    ready: R,
    bytes: u64,
    /// The file, with everything but its outcome.
    looked: Finished,
    task: Task,
}

/// Looks at every file that `feed` hands out, with so many readers, and writes what came of it.
///
/// # Errors
/// When the store cannot be written, or the feed cannot go on; what was committed stays.
pub fn run<S: Scorer>(
    store: &Mutex<Store>,
    feed: &mut dyn Feed,
    scorer: &S,
    readers: usize,
    stop: &CancelToken,
    told: &mut dyn FnMut(RunProgress<'_>),
) -> Result<Tally, BatchError> {
    // What fails stops the others, too; whoever asked to stop is asked no more than needed.
    let cut = CancelToken::default();
    let is_over = || stop.is_cancelled() || cut.is_cancelled();
    let (room, fatal) = (Room::default(), Mutex::new(None));
    let (ticket, tickets) = bounded::<()>(WINDOW);
    for _ in 0..WINDOW {
        let _ = ticket.try_send(());
    }
    let (task, tasks) = bounded::<Numbered<Task>>(2 * readers);
    let (ready, waiting) = bounded::<Numbered<Waiting<S::Ready>>>(2 * BATCH);
    let (done, finished) = unbounded::<Numbered<Option<Finished>>>();
    let mut tally = Tally::default();
    let mut committed = Ok(());
    let fed = thread::scope(|scope| {
        let named = |name: String| thread::Builder::new().name(name);
        for number in 0..readers {
            let (tasks, ready, done) = (tasks.clone(), ready.clone(), done.clone());
            let (room, is_over, stop, fatal) = (&room, &is_over, &cut, &fatal);
            let work = move || {
                for Numbered(place, task) in &tasks {
                    let looked = if is_over() { Ok(None) } else { look(store, scorer, &task) };
                    let sent = match looked {
                        Ok(Some(Looked::Ready(image, looked))) => {
                            let bytes = scorer.bytes(&image);
                            room.take(bytes, stop);
                            ready.send(Numbered(place, Waiting { ready: image, bytes, looked, task })).is_ok()
                        }
                        Ok(Some(Looked::Done(finished))) => done.send(Numbered(place, Some(finished))).is_ok(),
                        Ok(None) => done.send(Numbered(place, None)).is_ok(),
                        Err(error) => {
                            fatal.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                            stop.cancel();
                            done.send(Numbered(place, None)).is_ok()
                        }
                    };
                    if !sent {
                        return;
                    }
                }
            };
            named(format!("batch-read-{number}")).spawn_scoped(scope, work).map_err(BatchError::Thread)?;
        }
        drop((tasks, ready));
        let pass = {
            let (done, room, is_over) = (done.clone(), &room, &is_over);
            move || score_all(scorer, &waiting, &done, room, is_over)
        };
        named("batch-score".into()).spawn_scoped(scope, pass).map_err(BatchError::Thread)?;
        let handing = {
            let (cut, is_over, handed) = (&cut, &is_over, done.clone());
            move || {
                let mut hand_out = || -> Result<(), BatchError> {
                    let mut place = 0;
                    // A ticket is waited for; when nobody gives any back, everything is over.
                    while !is_over() && tickets.recv().is_ok() {
                        let is_sent = match feed.next(store)? {
                            None => break,
                            Some(Fed::Task(next)) => task.send(Numbered(place, next)).is_ok(),
                            Some(Fed::Done(next)) => handed.send(Numbered(place, Some(next))).is_ok(),
                        };
                        if !is_sent {
                            break;
                        }
                        place += 1;
                    }
                    Ok(())
                };
                let fed = hand_out();
                if fed.is_err() {
                    cut.cancel();
                }
                fed
            }
        };
        let fed = named("batch-list".into()).spawn_scoped(scope, handing).map_err(BatchError::Thread)?;
        drop(done);
        committed = commit_all(store, &finished, ticket, &mut tally, told);
        if committed.is_err() {
            cut.cancel();
        }
        // What is still on its way is not waited for by anybody.
        drop(finished);
        fed.join().unwrap_or(Ok(()))
    });
    committed.and(fed)?;
    fatal.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(tally), Err)
}

/// What a reader makes of a file.
enum Looked<R> {
    Ready(R, Finished),
    Done(Finished),
}

/// Everything that is done before the network. An error is one of the store.
fn look<S: Scorer>(store: &Mutex<Store>, scorer: &S, task: &Task) -> Result<Option<Looked<S::Ready>>, BatchError> {
    let file = task.file.as_path();
    let mut one = Finished {
        path: task.name.clone(),
        stamp: None,
        image: None,
        outcome: Outcome::NoImage(String::new()),
        ends: task.ends.clone(),
    };
    let done = |one: Finished| Ok(Some(Looked::Done(one)));
    let stamp = stamp(file).ok();
    if let (Some(stamp), Some((seen, outcome))) = (stamp, &task.seen)
        && stamp == *seen
    {
        one.outcome = Outcome::Unchanged(outcome.clone());
        return done(one);
    }
    one.stamp = stamp;
    // What cannot be read for its hash says so when it is opened as an image.
    one.image = guarded(|| sha256_of_file(file, limits::OBJECT_BYTES).ok()).unwrap_or_default();
    if let Some(image) = &one.image {
        let known = store.lock().unwrap_or_else(PoisonError::into_inner).known(image)?;
        if let Some((result, outcome)) = known {
            one.outcome = Outcome::Known { result, outcome };
            return done(one);
        }
    }
    let read = guarded(|| scorer.ready(file)).unwrap_or_else(|panicked| Err(Unread::Failed(panicked.to_string())));
    match read {
        Ok(ready) => return Ok(Some(Looked::Ready(ready, one))),
        Err(Unread::NoImage(_)) if !task.is_named => one.outcome = Outcome::NoImage(String::new()),
        Err(Unread::NoImage(reason) | Unread::Failed(reason)) => one.outcome = Outcome::Failed(reason),
    }
    done(one)
}

/// Scores what waits, as many at a time as there are, up to [`BATCH`].
fn score_all<S: Scorer>(
    scorer: &S,
    waiting: &Receiver<Numbered<Waiting<S::Ready>>>,
    done: &Sender<Numbered<Option<Finished>>>,
    room: &Room,
    is_over: &dyn Fn() -> bool,
) {
    while let Ok(first) = waiting.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = waiting.try_recv()
        {
            batch.push(next);
        }
        let bytes: u64 = batch.iter().map(|Numbered(_, waiting)| waiting.bytes).sum();
        let (places, images): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|Numbered(place, Waiting { ready, looked, task, .. })| ((place, looked, task), ready))
            .unzip();
        if is_over() {
            drop(images);
            room.give(bytes);
            places.into_iter().for_each(|(place, ..)| drop(done.send(Numbered(place, None))));
            continue;
        }
        let count = images.len();
        let rows = guarded(|| scorer.score(images));
        let mut rows = rows.unwrap_or_else(|panicked| (0..count).map(|_| Err(panicked.to_string())).collect());
        rows.resize_with(count, || Err("Nothing came of it. This is a fault of Pellucid; please report it.".into()));
        room.give(bytes);
        for ((place, mut looked, task), row) in places.into_iter().zip(rows) {
            let is_as_it_was = stamp(&task.file).ok() == looked.stamp;
            looked.outcome = match row {
                Ok(_) if !is_as_it_was => {
                    looked.stamp = None;
                    Outcome::Failed("The file changed while it was read; it is read again next time.".into())
                }
                Ok(_) if looked.image.is_none() => Outcome::Failed("The file could not be read a second time.".into()),
                Ok(row) => Outcome::Judged(row),
                Err(reason) => Outcome::Failed(reason),
            };
            if done.send(Numbered(place, Some(looked))).is_err() {
                return;
            }
        }
    }
}

/// Commits what is done in the order in which it was handed out, and gives the tickets back.
fn commit_all(
    store: &Mutex<Store>,
    finished: &Receiver<Numbered<Option<Finished>>>,
    ticket: Sender<()>,
    tally: &mut Tally,
    told: &mut dyn FnMut(RunProgress<'_>),
) -> Result<(), BatchError> {
    let (mut early, mut next) = (BTreeMap::new(), 0_u64);
    let mut rows: Vec<Finished> = Vec::new();
    let (mut since, mut new) = (Instant::now(), 0);
    let mut is_open = true;
    while is_open {
        match finished.recv_timeout(PATIENCE) {
            Ok(Numbered(place, one)) => drop(early.insert(place, one)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => is_open = false,
        }
        // Where something was dropped on the way, what comes behind it is still written.
        while let Some(one) = early.remove(&next) {
            next += 1;
            rows.extend(one);
            let _ = ticket.try_send(());
        }
        if rows.len() >= ROWS || !is_open || (!rows.is_empty() && since.elapsed() >= PATIENCE) {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            store.commit(&rows)?;
            new += rows.len() as i64;
            if new >= PART / 4 {
                store.make_parts(false)?;
                new = 0;
            }
            drop(store);
            for one in &rows {
                tally.add(one);
                told(RunProgress { tally: *tally, finished: one });
            }
            rows.clear();
            since = Instant::now();
        }
    }
    drop(ticket);
    Ok(())
}
