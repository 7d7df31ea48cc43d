//! What a reader said of an image as it lies in a file: for each model that was asked, by the hash of
//! its weights.
//!
//! A mark is kept by the number of the measurement that it is: where it lies is kept once, with the
//! measurements ([`crate::measurement::store`]), and a mark whose measurement was deleted is no mark
//! until the deletion is taken back.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Local};
use serde::{Deserialize, Serialize};

use super::{CaseFeedback, FindingAnswer, FreeRemark, Mark, MarkReason, rfc3339};
use crate::files::FileError;
use crate::limits;
use crate::measurement::identity::ImageIdentity;
use crate::measurement::{Measurement, MeasurementId};

/// Says what kind of file it is.
const FORMAT: &str = "pellucid feedback";
/// Counts up when fields change their meaning.
const FORMAT_VERSION: u32 = 1;

/// Why what was said of an image could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeptFeedbackError {
    #[error("{} could not be read: {source}", path.display())]
    Read { path: PathBuf, source: FileError },
    #[error("{} holds no answers that this version can read: {reason}", path.display())]
    NotFeedback { path: PathBuf, reason: String },
    #[error("the answers could not be written to {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// The model that was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AnsweredModel {
    pub name: String,
    pub version: String,
    /// SHA-256 of the weights, lower-case hex; this alone tells models apart.
    pub sha256: String,
}

/// What a measurement is there for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarkNote {
    pub measurement: MeasurementId,
    pub finding: String,
    pub reason: MarkReason,
    #[serde(with = "rfc3339")]
    pub at: DateTime<Local>,
    pub before_result: bool,
}

/// What was said of one model's findings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelFeedback {
    pub model: AnsweredModel,
    #[serde(default)]
    pub answers: Vec<FindingAnswer>,
    #[serde(default)]
    pub marks: Vec<MarkNote>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<FreeRemark>,
}

impl ModelFeedback {
    /// Nothing said of this model yet.
    #[must_use]
    pub fn of(model: AnsweredModel) -> Self {
        Self { model, answers: Vec::new(), marks: Vec::new(), remark: None }
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty() && self.marks.is_empty() && self.remark.is_none()
    }

    /// With the places of its marks, as far as their measurements are there and are regions.
    #[must_use]
    pub fn case(&self, measurements: &[Measurement]) -> CaseFeedback {
        let mark = |note: &MarkNote| {
            let one = measurements.iter().find(|one| one.id == note.measurement && one.kind.is_region())?;
            Some(Mark {
                measurement: note.measurement,
                finding: note.finding.clone(),
                reason: note.reason,
                kind: one.kind,
                points: one.points.clone(),
                at: note.at,
                before_result: note.before_result,
            })
        };
        CaseFeedback {
            answers: self.answers.clone(),
            marks: self.marks.iter().filter_map(mark).collect(),
            remark: self.remark.clone(),
        }
    }

    /// Why it cannot be kept; nothing where it can.
    fn fault(&self) -> Option<String> {
        let most = limits::FEEDBACK_ANSWERS;
        if self.answers.len() > most || self.marks.len() > most {
            return Some(format!("it holds more than {most} answers to one model"));
        }
        let long = |text: &str| text.chars().count() > limits::MEASUREMENT_NAME;
        let names = self.answers.iter().map(|a| &a.finding).chain(self.marks.iter().map(|m| &m.finding));
        if names.chain([&self.model.name, &self.model.version, &self.model.sha256]).any(|name| long(name)) {
            return Some("a name in it is too long".into());
        }
        let shares = self.answers.iter().filter_map(|a| a.said).flat_map(|s| [s.probability, s.threshold]);
        if shares.into_iter().any(|share| !(0.0..=1.0).contains(&share)) {
            return Some("a probability in it lies outside 0 to 1".into());
        }
        let remark = self.remark.as_ref().map_or(0, |remark| remark.text.0.chars().count());
        (remark > limits::FEEDBACK_REMARK)
            .then(|| format!("a remark in it has more than {} characters", limits::FEEDBACK_REMARK))
    }
}

/// The whole file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedbackFile {
    format: String,
    format_version: u32,
    software: String,
    pub image: ImageIdentity,
    pub models: Vec<ModelFeedback>,
}

impl FeedbackFile {
    /// Of an image.
    #[must_use]
    pub fn new(image: ImageIdentity, models: Vec<ModelFeedback>) -> Self {
        let software = format!("Pellucid {}", crate::VERSION);
        Self { format: FORMAT.into(), format_version: FORMAT_VERSION, software, image, models }
    }

    /// What the text of the file at `path` holds.
    ///
    /// # Errors
    /// When it is something else, or holds what cannot be; nothing of it is quoted.
    pub fn parse(text: &str, path: &Path) -> Result<Self, KeptFeedbackError> {
        let not = |reason: String| KeptFeedbackError::NotFeedback { path: path.to_owned(), reason };
        // The place alone: words of the reader are about a patient.
        let file: Self = serde_json::from_str(text).map_err(|e| not(format!("line {} is no part of one", e.line())))?;
        if file.format != FORMAT {
            return Err(not("it does not say that it holds some".into()));
        }
        if file.format_version != FORMAT_VERSION {
            return Err(not(format!("its format has version {}", file.format_version)));
        }
        if file.models.len() > limits::FEEDBACK_MODELS {
            return Err(not(format!("it is about more than {} models", limits::FEEDBACK_MODELS)));
        }
        match file.models.iter().find_map(ModelFeedback::fault) {
            Some(fault) => Err(not(fault)),
            None => Ok(file),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::feedback::{Call, Opinion, Said};
    use crate::measurement::{Kind, Words};

    pub(crate) fn image(pixels: &str) -> ImageIdentity {
        ImageIdentity { pixels_sha256: pixels.into(), sop_instance_uid: "1.2".into(), frame: 0 }
    }

    pub(crate) fn model(sha256: &str) -> AnsweredModel {
        AnsweredModel { name: "chest".into(), version: "1".into(), sha256: sha256.into() }
    }

    pub(crate) fn answered(sha256: &str, finding: &str, opinion: Opinion) -> ModelFeedback {
        let said = Some(Said { probability: 0.9, threshold: 0.5, call: Some(Call::Present) });
        let answer = FindingAnswer { finding: finding.into(), opinion, said, at: Local::now(), before_result: false };
        ModelFeedback { answers: vec![answer], ..ModelFeedback::of(model(sha256)) }
    }

    #[test]
    fn a_mark_lies_where_its_measurement_does_and_is_none_without() {
        let note = MarkNote {
            measurement: 7,
            finding: "Mass".into(),
            reason: MarkReason::Missed,
            at: Local::now(),
            before_result: false,
        };
        let said = ModelFeedback { marks: vec![note], ..ModelFeedback::of(model("ff")) };
        let region = |id, kind| Measurement {
            id,
            kind,
            points: vec![[1.0, 2.0], [5.0, 6.0]],
            name: Words::default(),
            thorax_proposed: false,
            known_mm: None,
        };
        let case = said.case(&[region(3, Kind::Ellipse), region(7, Kind::Rectangle)]);
        assert_eq!((case.marks.len(), case.marks[0].bounds()), (1, Some([1.0, 2.0, 5.0, 6.0])));
        assert!(said.case(&[region(3, Kind::Ellipse), region(7, Kind::Length)]).is_empty());
    }

    #[test]
    fn hostile_texts_are_refused_and_nothing_of_them_is_quoted() {
        let mut said = answered("ff", "Mass", Opinion::Present);
        said.remark = Some(FreeRemark { text: Words("Jane".into()), at: Local::now(), before_result: false });
        let good = serde_json::to_string(&FeedbackFile::new(image("ab"), vec![said])).unwrap();
        let parse = |text: &str| FeedbackFile::parse(text, Path::new("f.json"));
        assert!(parse(&good).is_ok());
        for (bad, why) in [
            ("Jane".to_owned(), "line 1"),
            (good.replace(FORMAT, "Jane"), "does not say"),
            (good.replace("format_version\":1", "format_version\":9"), "version 9"),
            (good.replace("0.9", "9e30"), "outside 0 to 1"),
            (good.replace("Mass", &"Jane".repeat(100)), "too long"),
            (good.replace("Jane", &"Jane".repeat(2000)), "characters"),
            (good.replace("before_result", "Jane"), "line 1"),
        ] {
            let said = parse(&bad).unwrap_err().to_string();
            assert!(said.contains(why) && !said.contains("Jane"), "{said}");
        }
    }
}
