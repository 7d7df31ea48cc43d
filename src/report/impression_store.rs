//! Impressions that are kept in the user's data folder, one private file an image.
//!
//! Written as they change, whole or not at all ([`crate::files::writing`]), so that a killed process
//! loses at most the last letters. They belong to pixels, UID and frame of an image
//! ([`ImageIdentity`]); the name of a file is a hash and says nothing of a patient.
//!
//! A kept impression cannot be changed, by another viewer neither: where two were written of one
//! image, the earlier one stays and the later one becomes a remark. Drafts are those of whoever wrote
//! last.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::impression::{Impression, MOST, Remark};
use crate::files::FileError;
use crate::files::kept_folder::{self, KeptFolder};
use crate::limits;
use crate::measurement::identity::ImageIdentity;

/// Says what kind of file it is.
const FORMAT: &str = "pellucid impression";
/// Counts up when fields change their meaning.
const FORMAT_VERSION: u32 = 1;

/// Why an impression could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeptImpressionError {
    #[error("{} could not be read: {source}", path.display())]
    Read { path: PathBuf, source: FileError },
    #[error("{} is no impression that this version can read: {reason}", path.display())]
    NotAnImpression { path: PathBuf, reason: String },
    #[error("the impression could not be written to {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// What was written about one image.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct KeptImpression {
    /// As typed so far.
    #[serde(default)]
    pub draft: String,
    #[serde(default)]
    pub impression: Option<Impression>,
    /// A remark as typed so far, while one is being written.
    #[serde(default)]
    pub remark: Option<String>,
}

// Words about a patient belong into no log.
impl fmt::Debug for KeptImpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeptImpression({} characters, {:?})", self.draft.chars().count(), self.impression)
    }
}

impl KeptImpression {
    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.impression.is_none() && self.draft.trim().is_empty() && self.remark.is_none()
    }

    /// With what another viewer kept of the same image.
    #[must_use]
    pub fn beside(self, other: Option<Impression>) -> Self {
        let Some(other) = other else { return self };
        let Some(own) = self.impression else { return Self { impression: Some(other), ..self } };
        let (mut first, second) = if own.written_at <= other.written_at { (own, other) } else { (other, own) };
        let is_same = first.text == second.text && first.written_at == second.written_at;
        if !is_same {
            first.remarks.push(Remark { text: second.text, written_at: second.written_at });
        }
        // Tens of thousands may stand in a file, so none is looked for among the others.
        let key = |remark: &Remark| (remark.text.clone(), remark.written_at);
        let mut known: HashSet<_> = first.remarks.iter().map(key).collect();
        first.remarks.extend(second.remarks.into_iter().filter(|remark| known.insert(key(remark))));
        first.remarks.sort_by_key(|remark| remark.written_at);
        Self { impression: Some(first), ..self }
    }
}

#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    format_version: u32,
    software: String,
    image: ImageIdentity,
    #[serde(flatten)]
    kept: KeptImpression,
}

/// A folder of impressions.
#[derive(Debug)]
pub struct ImpressionStore {
    kept: KeptFolder,
}

/// The folder of the user's impressions; nothing where the system has none.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    kept_folder::of_user("impressions")
}

impl ImpressionStore {
    /// A store in `folder`, which need not be there yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { kept: KeptFolder::new(folder) }
    }

    /// Where the impression of an image lies.
    #[must_use]
    pub fn path(&self, image: &ImageIdentity) -> PathBuf {
        self.kept.path(&image.file_stem())
    }

    /// What is kept of an image; nothing where there is no file.
    ///
    /// # Errors
    /// When there is a file that cannot be used; it is not touched.
    pub fn find(&self, image: &ImageIdentity) -> Result<Option<KeptImpression>, KeptImpressionError> {
        self.read(image)
    }

    /// Keeps what was written about an image; where nothing was, its file is removed.
    ///
    /// # Errors
    /// When the folder or the file cannot be written, or a file that is there cannot be used: it is
    /// not replaced then.
    pub fn keep(&self, image: &ImageIdentity, written: KeptImpression) -> Result<(), KeptImpressionError> {
        let path = self.path(image);
        let there = self.read(image)?.and_then(|kept| kept.impression);
        let kept = written.beside(there);
        let failed = |source| KeptImpressionError::Write { path: path.clone(), source };
        if kept.is_empty() {
            return self.kept.remove(&image.file_stem()).map_err(failed);
        }
        let file = File {
            format: FORMAT.into(),
            format_version: FORMAT_VERSION,
            software: format!("Pellucid {}", crate::VERSION),
            image: image.clone(),
            kept,
        };
        let put = || self.kept.write(&image.file_stem(), &serde_json::to_vec_pretty(&file)?);
        put().map_err(failed)
    }

    fn read(&self, image: &ImageIdentity) -> Result<Option<KeptImpression>, KeptImpressionError> {
        let path = self.path(image);
        let read = self.kept.read(&image.file_stem(), limits::IMPRESSION_BYTES);
        match read.map_err(|source| KeptImpressionError::Read { path: path.clone(), source })? {
            Some(text) => parsed(&text, &path).map(Some),
            None => Ok(None),
        }
    }
}

/// The impression in the text of the file at `path`.
fn parsed(text: &str, path: &Path) -> Result<KeptImpression, KeptImpressionError> {
    let not = |reason: String| KeptImpressionError::NotAnImpression { path: path.to_owned(), reason };
    // The place alone: the text is about a patient.
    let file: File = serde_json::from_str(text).map_err(|e| not(format!("line {} is no part of one", e.line())))?;
    if file.format != FORMAT {
        return Err(not("it does not say that it is one".into()));
    }
    if file.format_version != FORMAT_VERSION {
        return Err(not(format!("its format has version {}", file.format_version)));
    }
    let long = |text: &str| text.chars().count() > MOST;
    let texts =
        file.kept.impression.iter().flat_map(|i| std::iter::once(&i.text).chain(i.remarks.iter().map(|r| &r.text)));
    if texts.chain([&file.kept.draft]).chain(file.kept.remark.as_ref()).any(|text| long(text)) {
        return Err(not(format!("a text has more than {MOST} characters")));
    }
    Ok(file.kept)
}

#[cfg(test)]
mod tests {
    use chrono::{Local, TimeDelta};

    use super::*;

    fn image(pixels: &str) -> ImageIdentity {
        ImageIdentity { pixels_sha256: pixels.into(), sop_instance_uid: "1.2".into(), frame: 0 }
    }

    fn draft(words: &str) -> KeptImpression {
        KeptImpression { draft: words.into(), ..KeptImpression::default() }
    }

    fn kept(words: &str, seconds: i64) -> KeptImpression {
        let written_at = Local::now() + TimeDelta::seconds(seconds);
        let impression = Impression { text: words.into(), written_at, before_result: true, remarks: Vec::new() };
        KeptImpression { impression: Some(impression), ..KeptImpression::default() }
    }

    #[test]
    fn what_is_written_of_an_image_is_found_again_by_its_pixels_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = ImpressionStore::new(folder.path().join("deep/impressions"));
        assert_eq!(store.find(&image("ab")).unwrap(), None);
        store.keep(&image("ab"), draft("half a sen")).unwrap();
        assert_eq!(
            ImpressionStore::new(store.kept.folder().to_owned()).find(&image("ab")).unwrap(),
            Some(draft("half a sen"))
        );
        assert_eq!(store.find(&image("cd")).unwrap(), None);
        store.keep(&image("ab"), draft("  ")).unwrap();
        assert!(!store.path(&image("ab")).exists(), "nothing is kept of nothing");
    }

    #[test]
    fn of_two_impressions_the_earlier_one_stays_and_the_later_one_is_a_remark() {
        let folder = tempfile::tempdir().unwrap();
        let store = ImpressionStore::new(folder.path().to_owned());
        store.keep(&image("ab"), kept("A nodule.", 0)).unwrap();
        store.keep(&image("ab"), kept("Clear.", 60)).unwrap();
        // Of a viewer that has not seen it yet.
        store.keep(&image("ab"), draft("late")).unwrap();
        let found = store.find(&image("ab")).unwrap().unwrap();
        let impression = found.impression.unwrap();
        assert_eq!((impression.text.as_str(), found.draft.as_str()), ("A nodule.", "late"));
        assert_eq!(impression.remarks.iter().map(|r| r.text.as_str()).collect::<Vec<_>>(), ["Clear."]);
    }

    #[test]
    fn hostile_files_are_refused_unquoted_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let store = ImpressionStore::new(folder.path().to_owned());
        store.keep(&image("ab"), kept("nodule", 0)).unwrap();
        let path = store.path(&image("ab"));
        let good = std::fs::read_to_string(&path).unwrap();
        for bad in ["nodule", "{", &good.replace(FORMAT, "other"), &good.replace("_version\": 1", "_version\": 9")] {
            std::fs::write(&path, bad).unwrap();
            let said = store.find(&image("ab")).unwrap_err().to_string();
            assert!(!said.contains("nodule"), "{said}");
            assert!(store.keep(&image("ab"), draft("new")).is_err());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), bad);
        }
        std::fs::write(&path, good.replace("nodule", &"nodule ".repeat(4000))).unwrap();
        assert!(store.find(&image("ab")).unwrap_err().to_string().contains("characters"));
    }

    #[cfg(unix)]
    #[test]
    fn folder_and_files_are_their_owner_s_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let store = ImpressionStore::new(folder.path().join("impressions"));
        store.keep(&image("ab"), draft("x")).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(store.kept.folder()), mode(&store.path(&image("ab")))), (0o700, 0o600));
    }
}
