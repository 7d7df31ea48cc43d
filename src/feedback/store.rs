//! What readers said, kept in the user's data folder: one private file an image.
//!
//! Written as it changes ([`crate::files::kept_folder`]); it belongs to pixels, UID and frame of an
//! image ([`ImageIdentity`]) and, inside, to the model that was answered. Two viewers may be open on
//! one image: of what both said of one finding the later word stays, what the other added is kept, and
//! what a viewer had seen and takes back is gone.

use std::collections::HashMap;
use std::path::PathBuf;

use chrono::{DateTime, Local};

use super::kept::{FeedbackFile, KeptFeedbackError, ModelFeedback};
use crate::files::kept_folder::{self, KeptFolder};
use crate::limits;
use crate::measurement::identity::ImageIdentity;

/// What names one answer or mark of one model.
type Part = (String, String);
/// Of what was seen: when it was said.
type Seen = HashMap<Part, DateTime<Local>>;

/// A folder of answers, and what this process has seen of it.
#[derive(Debug)]
pub struct FeedbackStore {
    kept: KeptFolder,
    seen: HashMap<ImageIdentity, Seen>,
}

/// The folder of the user's answers; nothing where the system has none.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    kept_folder::of_user("feedback")
}

impl FeedbackStore {
    /// A store in `folder`, which need not be there yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { kept: KeptFolder::new(folder), seen: HashMap::new() }
    }

    /// Where the answers of an image lie.
    #[must_use]
    pub fn path(&self, image: &ImageIdentity) -> PathBuf {
        self.kept.path(&image.file_stem())
    }

    /// What was said of an image, by model.
    ///
    /// # Errors
    /// When there is a file that cannot be used; it is not touched.
    pub fn find(&mut self, image: &ImageIdentity) -> Result<Vec<ModelFeedback>, KeptFeedbackError> {
        let found = self.read(image)?;
        self.seen.insert(image.clone(), parts(&found).collect());
        Ok(found)
    }

    /// Keeps what was said of an image to the models of `said`; where nothing is left, its file is
    /// removed.
    ///
    /// # Errors
    /// When the folder or the file cannot be written, or a file that is there cannot be used: it is
    /// not replaced then.
    pub fn keep(&mut self, image: &ImageIdentity, said: &[ModelFeedback]) -> Result<(), KeptFeedbackError> {
        let path = self.path(image);
        let _held = self.kept.held().map_err(|source| KeptFeedbackError::Write { path, source })?;
        let there = self.read(image)?;
        let seen = self.seen.entry(image.clone()).or_default();
        let mut all = merged(said, there, seen);
        seen.extend(parts(said));
        all.retain(|of| !of.is_empty());
        all.truncate(limits::FEEDBACK_MODELS);
        let failed = |source| KeptFeedbackError::Write { path: self.kept.path(&image.file_stem()), source };
        if all.is_empty() {
            return self.kept.remove(&image.file_stem()).map_err(failed);
        }
        let file = FeedbackFile::new(image.clone(), all);
        let put = || self.kept.write(&image.file_stem(), &serde_json::to_vec_pretty(&file)?);
        put().map_err(failed)
    }

    /// Every file that can be used, by image, and why others cannot.
    #[must_use]
    pub fn all(&self) -> (Vec<FeedbackFile>, Vec<KeptFeedbackError>) {
        let (mut files, mut faults) = (Vec::new(), Vec::new());
        for path in self.kept.files(limits::FEEDBACK_FILES) {
            let read = crate::files::read_text(&path, limits::FEEDBACK_BYTES)
                .map_err(|source| KeptFeedbackError::Read { path: path.clone(), source });
            match read.and_then(|text| FeedbackFile::parse(&text, &path)) {
                Ok(file) => files.push(file),
                Err(error) => faults.push(error),
            }
        }
        files.sort_by(|a, b| a.image.cmp(&b.image));
        faults.sort_by_key(ToString::to_string);
        (files, faults)
    }

    fn read(&self, image: &ImageIdentity) -> Result<Vec<ModelFeedback>, KeptFeedbackError> {
        let path = self.path(image);
        let read = self.kept.read(&image.file_stem(), limits::FEEDBACK_BYTES);
        match read.map_err(|source| KeptFeedbackError::Read { path: path.clone(), source })? {
            Some(text) => Ok(FeedbackFile::parse(&text, &path)?.models),
            None => Ok(Vec::new()),
        }
    }
}

/// What names the answers, marks and remarks of some models, and when they were said.
fn parts(all: &[ModelFeedback]) -> impl Iterator<Item = (Part, DateTime<Local>)> {
    all.iter().flat_map(|of| {
        let answers = of.answers.iter().map(|answer| (format!("answer {}", answer.finding), answer.at));
        let marks = of.marks.iter().map(|mark| (format!("mark {}", mark.measurement), mark.at));
        let remark = of.remark.iter().map(|remark| ("remark".to_owned(), remark.at));
        let named = |(name, at)| ((of.model.sha256.clone(), name), at);
        answers.chain(marks).chain(remark).map(named).collect::<Vec<_>>()
    })
}

/// What this process says with what another one added: of what both have the later word stays, and what
/// is taken back is what was seen, not what was said since.
fn merged(said: &[ModelFeedback], there: Vec<ModelFeedback>, seen: &Seen) -> Vec<ModelFeedback> {
    let mut all = said.to_vec();
    for other in there {
        let sha256 = other.model.sha256.clone();
        let is_new = |name: String, at| seen.get(&(sha256.clone(), name)).is_none_or(|seen| *seen < at);
        let Some(own) = all.iter_mut().find(|of| of.model.sha256 == sha256) else {
            // Models that this process says nothing of are not its to change.
            all.push(other);
            continue;
        };
        for answer in other.answers {
            match own.answers.iter_mut().find(|a| a.finding == answer.finding) {
                Some(ours) if ours.at < answer.at => *ours = answer,
                None if is_new(format!("answer {}", answer.finding), answer.at) => own.answers.push(answer),
                Some(_) | None => {}
            }
        }
        for mark in other.marks {
            match own.marks.iter_mut().find(|m| m.measurement == mark.measurement) {
                Some(ours) if ours.at < mark.at => *ours = mark,
                None if is_new(format!("mark {}", mark.measurement), mark.at) => own.marks.push(mark),
                Some(_) | None => {}
            }
        }
        match (&own.remark, other.remark) {
            (Some(ours), Some(theirs)) if ours.at < theirs.at => own.remark = Some(theirs),
            (None, Some(theirs)) if is_new("remark".into(), theirs.at) => own.remark = Some(theirs),
            _ => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::Opinion;
    use super::super::kept::tests::{answered, image, model};
    use super::*;

    fn findings(all: &[ModelFeedback]) -> Vec<(&str, Opinion)> {
        all.iter().flat_map(|of| of.answers.iter().map(|a| (a.finding.as_str(), a.opinion))).collect()
    }

    #[test]
    fn answers_belong_to_pixels_and_model_and_nothing_is_kept_of_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = FeedbackStore::new(folder.path().join("deep/feedback"));
        assert!(store.find(&image("ab")).unwrap().is_empty());
        store.keep(&image("ab"), &[answered("m1", "Mass", Opinion::Present)]).unwrap();
        store.keep(&image("ab"), &[answered("m2", "Mass", Opinion::Absent)]).unwrap();
        let mut again = FeedbackStore::new(store.kept.folder().to_owned());
        let found = again.find(&image("ab")).unwrap();
        assert_eq!(findings(&found), [("Mass", Opinion::Absent), ("Mass", Opinion::Present)]);
        assert!(again.find(&image("cd")).unwrap().is_empty());
        assert_eq!(again.all().0.len(), 1);
        let none = ["m1", "m2"].map(|sha| ModelFeedback::of(model(sha)));
        again.keep(&image("ab"), &none).unwrap();
        assert!(!again.path(&image("ab")).exists());
    }

    #[test]
    fn two_viewers_keep_what_the_other_said_and_the_later_word_stays() {
        let folder = tempfile::tempdir().unwrap();
        let [mut one, mut other] = [0, 1].map(|_| FeedbackStore::new(folder.path().to_owned()));
        let image = image("ab");
        one.keep(&image, &[answered("m", "Mass", Opinion::Present)]).unwrap();
        assert_eq!(other.find(&image).unwrap().len(), 1);
        other.keep(&image, &[answered("m", "Mass", Opinion::Absent)]).unwrap();
        // A viewer that has not seen the change takes back what it knew, and says something else.
        one.keep(&image, &[answered("m", "Edema", Opinion::Unsure)]).unwrap();
        let found = one.find(&image).unwrap();
        assert_eq!(
            findings(&found),
            [("Edema", Opinion::Unsure), ("Mass", Opinion::Absent)],
            "what was said since stays, and is seen now"
        );
        one.keep(&image, &[answered("m", "Edema", Opinion::Unsure)]).unwrap();
        assert_eq!(
            findings(&one.find(&image).unwrap()),
            [("Edema", Opinion::Unsure)],
            "what was seen can be taken back"
        );
        other.keep(&image, &[answered("m", "Mass", Opinion::Unsure)]).unwrap();
        let found = other.find(&image).unwrap();
        assert_eq!(findings(&found), [("Mass", Opinion::Unsure), ("Edema", Opinion::Unsure)]);
    }

    #[test]
    fn a_file_that_cannot_be_used_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = FeedbackStore::new(folder.path().to_owned());
        std::fs::write(store.path(&image("ab")), "Jane").unwrap();
        assert!(!store.find(&image("ab")).unwrap_err().to_string().contains("Jane"));
        assert!(store.keep(&image("ab"), &[answered("m", "Mass", Opinion::Present)]).is_err());
        assert_eq!(std::fs::read_to_string(store.path(&image("ab"))).unwrap(), "Jane");
        assert_eq!(store.all().1.len(), 1);
    }
}
