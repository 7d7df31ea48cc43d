//! Images of an archive that is asked over the network: studies that match a query are fetched one after
//! the other into a temporary folder, scored from there, and removed.
//!
//! The studies are listed first, day by day where the query has a first and a last day, for archives
//! answer with so many studies at most. Which shard takes a study is a hash of its UID. A study is done
//! when the last of its images is written; what was not done is fetched again by the next run, and images
//! that were scored are known by their content then. At most [`FOLDERS`] studies lie in the temporary
//! folder at a time, each of up to [`STUDY_BYTES`].

use std::any::Any;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::sleep;
use std::time::Duration;

use chrono::Days;

use super::BatchError;
use super::feed::{Fed, Feed, Task};
use super::finished::Finished;
use super::shard::Shard;
use super::store::Store;
use crate::cancel::CancelToken;
use crate::files::writing::StagedFolder;
use crate::pacs::archive::{Archive, ArchiveError, Query, Wanted};
use crate::printable::with_causes;

/// Studies that lie in the temporary folder at a time.
const FOLDERS: usize = 2;
/// Longest study, in bytes.
const STUDY_BYTES: u64 = 4 << 30;
/// Most days of a query.
const DAYS: u64 = 40_000;
/// Failures in a row after which the archive counts as gone.
const FAILURES: usize = 5;
/// Between two looks at whether there is room.
const LOOK: Duration = Duration::from_millis(50);

/// The studies of a query, fetched as they are needed.
pub struct ArchiveFeed<'a> {
    archive: &'a dyn Archive,
    /// What the archive is called in the names of images.
    peer: String,
    /// Only series of this modality; all where it is empty.
    modality: String,
    cancel: CancelToken,
    last: String,
    tasks: VecDeque<Task>,
    lying: Vec<Weak<dyn Any + Send + Sync>>,
    failures: usize,
}

/// Lists the studies that match in the store, as far as the shard takes them; yields how many are not done.
///
/// # Errors
/// When the archive cannot be asked, or has more than it tells.
pub fn list_studies(
    archive: &dyn Archive,
    query: &Query,
    shard: Shard,
    store: &mut Store,
    cancel: &CancelToken,
) -> Result<u64, BatchError> {
    for query in by_day(query)? {
        let found = archive.find(&query, cancel).map_err(|error| BatchError::Archive(sentence(&error)))?;
        if found.more {
            let days = query.dates();
            let when = if days.is_empty() { String::new() } else { format!(" on {days}") };
            return Err(BatchError::Archive(format!(
                "the archive has more studies{when} than it is asked for; narrow the query by days, modality or patient"
            )));
        }
        let uids = found.studies.iter().map(|study| study.study_uid.as_str());
        store.list_studies(uids.filter(|uid| shard.takes(Path::new(uid))))?;
    }
    store.open_studies()
}

/// A query for each day, where there are a first and a last one.
fn by_day(query: &Query) -> Result<Vec<Query>, BatchError> {
    let (Some(from), Some(to)) = (query.from, query.to) else { return Ok(vec![query.clone()]) };
    let days = (to - from).num_days();
    if !(0..=DAYS as i64).contains(&days) {
        return Err(BatchError::Archive(format!("the days {from} to {to} are none, or more than {DAYS}")));
    }
    let day = |day: u64| {
        let date = from.checked_add_days(Days::new(day));
        Query { from: date, to: date, ..query.clone() }
    };
    Ok((0..=days.unsigned_abs()).map(day).collect())
}

fn sentence(error: &ArchiveError) -> String {
    with_causes(error)
}

impl<'a> ArchiveFeed<'a> {
    /// The studies that the store lists and that are not done.
    #[must_use]
    pub fn new(archive: &'a dyn Archive, peer: &str, modality: &str, cancel: CancelToken) -> Self {
        let (last, tasks, lying) = (String::new(), VecDeque::new(), Vec::new());
        let (peer, modality) = (peer.to_owned(), modality.to_owned());
        Self { archive, peer, modality, cancel, last, tasks, lying, failures: 0 }
    }

    fn name(&self, study: &str) -> PathBuf {
        PathBuf::from(format!("pacs:{}", self.peer)).join(study)
    }

    fn wait_for_room(&mut self) {
        loop {
            self.lying.retain(|folder| folder.strong_count() > 0);
            if self.lying.len() < FOLDERS || self.cancel.is_cancelled() {
                return;
            }
            sleep(LOOK);
        }
    }

    fn fetch(&self, study: &str, folder: &Path) -> Result<Vec<PathBuf>, ArchiveError> {
        let whole = Wanted { study_uid: study.to_owned(), series_uid: None, images: None };
        let wanted = if self.modality.is_empty() {
            vec![whole]
        } else {
            let found = self.archive.series(study, &self.cancel)?;
            if found.left > 0 || found.more || found.unreadable > 0 {
                return Err(ArchiveError::NotLetIn("The archive did not name all series of the study.".into()));
            }
            let fitting =
                found.series.into_iter().filter(|series| series.modality.eq_ignore_ascii_case(&self.modality));
            let of = |uid: String, images| Wanted { series_uid: Some(uid), images, ..whole.clone() };
            fitting.map(|series| of(series.series_uid, series.images)).collect()
        };
        let (mut files, mut bytes) = (Vec::new(), 0);
        for wanted in wanted {
            let cut = CancelToken::default();
            let mut is_long = false;
            let fetched = self.archive.fetch(&wanted, folder, &cut, &mut |moved| {
                is_long |= bytes + moved.bytes > STUDY_BYTES;
                if is_long || self.cancel.is_cancelled() {
                    cut.cancel();
                }
            });
            if is_long {
                return Err(ArchiveError::NotLetIn(format!("The study is longer than {STUDY_BYTES} bytes.")));
            }
            let fetched = fetched?;
            bytes += fetched.bytes;
            files.extend(fetched.files);
            if let Some(refused) = fetched.refused.first() {
                return Err(ArchiveError::NotLetIn(format!("Not all of the study came: {refused}")));
            }
        }
        files.sort();
        Ok(files)
    }
}

impl Feed for ArchiveFeed<'_> {
    fn next(&mut self, store: &Mutex<Store>) -> Result<Option<Fed>, BatchError> {
        loop {
            if let Some(task) = self.tasks.pop_front() {
                return Ok(Some(Fed::Task(task)));
            }
            let held = || store.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(study) = held().next_study(&self.last)? else { return Ok(None) };
            self.last.clone_from(&study);
            self.wait_for_room();
            if self.cancel.is_cancelled() {
                return Ok(None);
            }
            let parent = held().folder().to_owned();
            let write = |source| BatchError::Write { path: parent.clone(), source };
            let folder = StagedFolder::new(&parent).map_err(write)?;
            let files = match self.fetch(&study, folder.path()) {
                Ok(files) => files,
                Err(_) if self.cancel.is_cancelled() => return Ok(None),
                Err(error) => {
                    self.failures += 1;
                    let reason = sentence(&error);
                    if self.failures >= FAILURES {
                        let why = format!("the archive failed {FAILURES} times in a row, the last time: {reason}");
                        return Err(BatchError::Archive(why));
                    }
                    return Ok(Some(Fed::Done(Finished::failed(self.name(&study), reason))));
                }
            };
            self.failures = 0;
            let kept: Arc<dyn Any + Send + Sync> = Arc::new(folder);
            self.lying.push(Arc::downgrade(&kept));
            let task = |file: PathBuf| {
                let name = self.name(&study).join(file.file_name().unwrap_or_default());
                Task { name, file, is_named: false, seen: None, kept: Some(kept.clone()), ends: None }
            };
            self.tasks = files.into_iter().map(task).collect();
            match self.tasks.back_mut() {
                Some(last) => last.ends = Some(study),
                None => held().end_study(&study)?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use chrono::NaiveDate;

    use super::*;
    use crate::batch::row::{ClassRow, Row};
    use crate::batch::run::run;
    use crate::batch::store::{Judge, Settings};
    use crate::batch::tally::Tally;
    use crate::batch::{Scorer, Unread};
    use crate::pacs::archive::{ArchivedSeries, ArchivedStudy, Fetched, Found, FoundSeries, Moved, Sent};
    use crate::study::wire::StoredObject;

    /// An archive with a study of two images on each day of a month; that of the third day is damaged.
    #[derive(Default)]
    struct Month {
        fetched: AtomicUsize,
        is_gone: bool,
    }

    impl Archive for Month {
        fn echo(&self, _: &CancelToken) -> Result<(), ArchiveError> {
            Ok(())
        }

        fn find(&self, query: &Query, _: &CancelToken) -> Result<Found, ArchiveError> {
            let (Some(from), Some(to)) = (query.from, query.to) else {
                return Ok(Found { more: true, ..Found::default() });
            };
            assert_eq!(from, to, "it is asked day by day");
            let study = ArchivedStudy { study_uid: format!("1.2.{}", from.format("%d")), ..ArchivedStudy::default() };
            Ok(Found { studies: vec![study], ..Found::default() })
        }

        fn series(&self, study: &str, _: &CancelToken) -> Result<FoundSeries, ArchiveError> {
            let series = |modality: &str| ArchivedSeries {
                series_uid: format!("{study}.{modality}"),
                modality: modality.into(),
                ..ArchivedSeries::default()
            };
            Ok(FoundSeries { series: vec![series("DX"), series("SR")], ..FoundSeries::default() })
        }

        fn body_parts(
            &self,
            _: &[String],
            _: &CancelToken,
            _: &mut dyn FnMut(&str, Vec<String>),
        ) -> Result<(), ArchiveError> {
            unreachable!("nobody asks for body parts")
        }

        fn fetch(
            &self,
            wanted: &Wanted,
            folder: &Path,
            _: &CancelToken,
            _: &mut dyn FnMut(Moved),
        ) -> Result<Fetched, ArchiveError> {
            self.fetched.fetch_add(1, Ordering::Relaxed);
            if self.is_gone || wanted.study_uid == "1.2.03" {
                return Err(ArchiveError::NotLetIn("the connection broke".into()));
            }
            assert_eq!(wanted.series_uid, Some(format!("{}.DX", wanted.study_uid)), "only what was asked for");
            let file = |name: &str| {
                let path = folder.join(name);
                std::fs::write(&path, format!("{}/{name}", wanted.study_uid)).unwrap();
                path
            };
            Ok(Fetched { files: ["a.dcm", "b.dcm"].map(file).to_vec(), ..Fetched::default() })
        }

        fn send(
            &self,
            _: &[StoredObject],
            _: &CancelToken,
            _: &mut dyn FnMut(Moved),
        ) -> Result<Vec<Sent>, ArchiveError> {
            unreachable!("a batch sends nothing")
        }
    }

    /// Scores a text by its length.
    struct Length;

    impl Scorer for Length {
        type Ready = String;

        fn ready(&self, image: &Path) -> Result<String, Unread> {
            std::fs::read_to_string(image).map_err(|error| Unread::Failed(error.to_string()))
        }

        fn bytes(&self, ready: &String) -> u64 {
            ready.len() as u64
        }

        fn score(&self, images: Vec<String>) -> Vec<Result<Row, String>> {
            let class = |text: &String| {
                let mut class = ClassRow { name: "length".into(), ..ClassRow::default() };
                class.figures[0] = Some(text.len() as f64);
                class
            };
            images.iter().map(|text| Ok(Row { classes: vec![class(text)], ..Row::default() })).collect()
        }
    }

    fn batch(folder: &Path, archive: &Month, shard: Shard) -> Result<Tally, BatchError> {
        let settings = Settings { program: "1".into(), analysis: "a".into(), shard };
        let mut store = Store::open(folder, &settings, &Judge { sha256: "j".into(), models: "m".into() })?;
        let day = |d| NaiveDate::from_ymd_opt(2026, 1, d);
        let query = Query { from: day(1), to: day(9), modality: "DX".into(), ..Query::default() };
        list_studies(archive, &query, shard, &mut store, &CancelToken::default())?;
        let store = Mutex::new(store);
        let mut feed = ArchiveFeed::new(archive, "hospital", "DX", CancelToken::default());
        let tally = run(&store, &mut feed, &Length, 2, &CancelToken::default(), &mut |_| ());
        store.into_inner().unwrap().make_parts(true)?;
        tally
    }

    #[test]
    fn studies_are_fetched_scored_and_removed_and_only_what_failed_is_asked_again() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Month::default();
        let first = batch(folder.path(), &archive, Shard::WHOLE).unwrap();
        assert_eq!((first.scored, first.failed), (16, 1), "a study that does not come is a failure");
        assert_eq!(archive.fetched.load(Ordering::Relaxed), 9);
        let mut left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["parts", "results.sqlite"], "nothing of a study stays");
        let again = batch(folder.path(), &archive, Shard::WHOLE).unwrap();
        assert_eq!((again.files, again.failed), (1, 1));
        assert_eq!(archive.fetched.load(Ordering::Relaxed), 10);
    }

    #[test]
    fn shards_share_out_the_studies() {
        let folder = tempfile::tempdir().unwrap();
        let scored = |shard: &str| {
            let results = folder.path().join(shard.replace('/', "-"));
            batch(&results, &Month::default(), shard.parse().unwrap()).unwrap().scored
        };
        assert_eq!(["1/3", "2/3", "3/3"].map(scored).iter().sum::<u64>(), 16);
    }

    #[test]
    fn an_archive_that_is_gone_ends_the_batch_with_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let error = batch(folder.path(), &Month { is_gone: true, ..Month::default() }, Shard::WHOLE).unwrap_err();
        assert!(error.to_string().contains("failed 5 times in a row"), "{error}");
    }

    #[test]
    fn a_query_that_finds_too_much_is_to_be_narrowed() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { program: "1".into(), analysis: "a".into(), shard: Shard::WHOLE };
        let judge = Judge { sha256: "j".into(), models: "m".into() };
        let mut store = Store::open(folder.path(), &settings, &judge).unwrap();
        let query = Query { modality: "DX".into(), ..Query::default() };
        let asked = list_studies(&Month::default(), &query, Shard::WHOLE, &mut store, &CancelToken::default());
        assert!(asked.unwrap_err().to_string().contains("narrow the query"));
    }
}
