//! What can be asked of an archive, whichever way it is spoken to.

use std::fmt;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::cancel::CancelToken;
use crate::study::wire::StoredObject;

/// Most studies that are taken of an answer; a query that finds more is to be narrowed.
pub const MOST_STUDIES: usize = 2000;
/// Most series of a study that are listed.
pub const MOST_SERIES: usize = 2000;

/// Why an archive did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("it was cancelled")]
    Cancelled,
    /// A password or token is missing, or was refused.
    #[error("{0}")]
    NotLetIn(String),
    #[error(transparent)]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl ArchiveError {
    /// Of an error of a client.
    pub fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// What is looked for; what is empty matches everything (PS3.4, C.2.2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Of the patient; `*` and `?` stand for others.
    pub patient_name: String,
    pub patient_id: String,
    /// First and last day of the study.
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    /// A modality in the study, such as `DX`.
    pub modality: String,
    pub accession: String,
    /// The one study of this UID.
    pub study_uid: String,
}

impl Query {
    /// The days as a range of DICOM (`20200101-20201231`); empty where every day matches.
    #[must_use]
    pub fn dates(&self) -> String {
        let day = |date: Option<NaiveDate>| date.map(|date| date.format("%Y%m%d").to_string()).unwrap_or_default();
        match (self.from, self.to) {
            (None, None) => String::new(),
            (Some(from), Some(to)) if from == to => day(Some(from)),
            (from, to) => format!("{}-{}", day(from), day(to)),
        }
    }
}

/// A study as an archive describes it. What it does not say is empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ArchivedStudy {
    pub study_uid: String,
    /// As in the file: `FAMILY^GIVEN`.
    pub patient_name: String,
    pub patient_id: String,
    pub date: Option<NaiveDate>,
    /// `HHMM` or `HHMMSS`, as far as it is known.
    pub time: String,
    pub modalities: Vec<String>,
    /// Those that its series name; nothing while they were not asked for.
    pub body_parts: Option<Vec<String>>,
    pub description: String,
    pub accession: String,
    pub series: Option<u32>,
    pub images: Option<u32>,
}

/// A series as an archive describes it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ArchivedSeries {
    pub series_uid: String,
    pub modality: String,
    pub body_part: String,
    pub description: String,
    pub number: Option<i32>,
    pub images: Option<u32>,
}

/// The body parts that series name, each once, in their order.
#[must_use]
pub fn body_parts_of<'a>(series: impl IntoIterator<Item = &'a ArchivedSeries>) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for one in series {
        if !one.body_part.is_empty() && !parts.contains(&one.body_part) {
            parts.push(one.body_part.clone());
        }
    }
    parts
}

// Who was examined belongs into no log.
impl fmt::Debug for ArchivedStudy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArchivedStudy({:?}, {:?} images)", self.modalities, self.images)
    }
}

impl fmt::Debug for ArchivedSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArchivedSeries({}, {:?} images)", self.modality, self.images)
    }
}

/// What a query found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub studies: Vec<ArchivedStudy>,
    /// There are more, which were not taken.
    pub more: bool,
    /// Answers that could not be read, such as one without a UID.
    pub unreadable: usize,
}

/// Series of a study.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundSeries {
    pub series: Vec<ArchivedSeries>,
    /// So many more there are, which were not taken.
    pub left: usize,
    /// The archive says that there are more than it named.
    pub more: bool,
    /// Answers that could not be read, such as one without a UID.
    pub unreadable: usize,
}

/// What is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub study_uid: String,
    /// Only this series of it.
    pub series_uid: Option<String>,
    /// How many images there should be, where the archive said it.
    pub images: Option<u32>,
}

/// How far a transfer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    pub objects: usize,
    /// Of so many, where it is known.
    pub of: Option<usize>,
    pub bytes: u64,
}

/// What was fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The files, in the order in which they came.
    pub files: Vec<PathBuf>,
    pub bytes: u64,
    /// What came and was not kept, each with its reason.
    pub refused: Vec<String>,
}

/// What became of an object that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub sop_instance_uid: String,
    /// Why the archive did not take it.
    pub refusal: Option<String>,
}

/// An archive. Every question is asked on the thread of whoever asks, and can be cancelled from another
/// one.
pub trait Archive: Send + Sync {
    /// Whether it is there and lets this program in.
    ///
    /// # Errors
    /// Why it does not.
    fn echo(&self, cancel: &CancelToken) -> Result<(), ArchiveError>;

    /// Looks for studies.
    ///
    /// # Errors
    /// When the archive cannot be reached or does not answer as it should.
    fn find(&self, query: &Query, cancel: &CancelToken) -> Result<Found, ArchiveError>;

    /// The series of a study.
    ///
    /// # Errors
    /// As [`Self::find`].
    fn series(&self, study_uid: &str, cancel: &CancelToken) -> Result<FoundSeries, ArchiveError>;

    /// The body parts of studies, which stand with their series; `told` hears of each study with its parts,
    /// as the archive answers.
    ///
    /// # Errors
    /// As [`Self::find`].
    fn body_parts(
        &self,
        study_uids: &[String],
        cancel: &CancelToken,
        told: &mut dyn FnMut(&str, Vec<String>),
    ) -> Result<(), ArchiveError>;

    /// Fetches a study or series into `folder`, each object a private file named by its UID. What came
    /// before it fails or is cancelled stays there; whoever asked removes the folder.
    ///
    /// # Errors
    /// As [`Self::find`], and when a file cannot be written.
    fn fetch(
        &self,
        wanted: &Wanted,
        folder: &Path,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Moved),
    ) -> Result<Fetched, ArchiveError>;

    /// Sends objects; each one's fate stands in the answer, in their order.
    ///
    /// # Errors
    /// When nothing can be said of each: the archive cannot be reached, or broke off.
    fn send(
        &self,
        objects: &[StoredObject],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Moved),
    ) -> Result<Vec<Sent>, ArchiveError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_a_range_of_dicom() {
        let day = |d| NaiveDate::from_ymd_opt(2020, 3, d);
        let of = |from, to| Query { from, to, ..Query::default() }.dates();
        assert_eq!(of(None, None), "");
        assert_eq!(of(day(1), day(1)), "20200301");
        assert_eq!(of(day(1), day(31)), "20200301-20200331");
        assert_eq!((of(day(1), None), of(None, day(2))), ("20200301-".into(), "-20200302".into()));
    }

    #[test]
    fn nothing_of_a_patient_is_in_what_a_log_may_hold() {
        let study = ArchivedStudy { patient_name: "DOE^JANE".into(), patient_id: "17".into(), ..Default::default() };
        let logged = format!("{study:?}");
        assert!(!logged.contains("DOE") && !logged.contains("17"), "{logged}");
    }
}
