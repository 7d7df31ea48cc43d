//! What a reader says of a model's findings on an image: agrees, disagrees, is unsure; where
//! something lies that the model missed or misplaced; and what the reader adds in free words.
//!
//! Why a room of its own: viewer, report, DICOM objects and the tables for evaluation and training
//! say the same of it. It is what IHE's AI Results Assessment (AIRA) asks of a display: results are
//! accepted, rejected or supplemented by a person, and who reads them later sees which.
//!
//! **Kept is what the reader holds to be so**, present or absent, beside what the model had said at
//! that moment ([`Said`]); whether the two agree is read off ([`FindingAnswer::answer`]). So a
//! later model or threshold changes no reader's word, and an answer that was given before the result
//! was shown, when there was nothing to agree with, is the same kind of thing as one given after.
//! Where the model calls nothing (its gate refused the image, or the image lies outside the
//! population that it was measured on), there is nothing to agree with either, and the reader's own
//! call stands alone.
//!
//! A mark is a region that the reader drew with a tool of measurement ([`crate::measurement`]); what
//! is kept of it here is what it is there for.
//!
//! What it does not do: judge who is right. A reader's answer is no truth; tables that are made of
//! answers say whose they are and whether the result was known.

pub mod kept;
pub mod rfc3339;
pub mod store;
pub mod table;

use chrono::{DateTime, Local};
use serde::{Deserialize, Serialize};

use crate::measurement::{Kind, MeasurementId, Point, Words};

/// Whether a finding is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    Present,
    Absent,
}

/// What the reader holds of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opinion {
    Present,
    Absent,
    Unsure,
}

/// The reader's answer to what the model says of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// AIRA: accepted.
    Agree,
    /// AIRA: rejected.
    Disagree,
    Unsure,
    /// The reader said nothing of it.
    NotLookedAt,
}

/// What the model had said of a finding when the reader answered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// 0–1, calibrated, of the pass with dropout off.
    pub probability: f32,
    pub threshold: f32,
    /// By the threshold; nothing where nothing is called, because the gate refused the image or it
    /// lies outside the population that the model was measured on.
    pub call: Option<Call>,
}

/// What the reader said of one finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingAnswer {
    /// Name of a label or group of the model.
    pub finding: String,
    pub opinion: Opinion,
    /// Nothing where there was no result yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// RFC 3339 in files.
    #[serde(with = "rfc3339")]
    pub at: DateTime<Local>,
    /// True where nothing of the model's result had been on screen for this image.
    pub before_result: bool,
}

/// Why a region was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkReason {
    /// The finding lies there, and the model did not find it. AIRA: supplemented.
    Missed,
    /// The finding lies there, and the map shows it elsewhere. AIRA: supplemented.
    Misplaced,
}

/// A region that the reader drew, with what it is there for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The measurement that it is.
    pub measurement: MeasurementId,
    /// Name of a label or group of the model, or in the reader's words what no label says.
    pub finding: String,
    pub reason: MarkReason,
    /// A rectangle, an ellipse, or an outline by hand.
    pub kind: Kind,
    /// In pixels of the image, as of a measurement of this kind.
    pub points: Vec<Point>,
    #[serde(with = "rfc3339")]
    pub at: DateTime<Local>,
    /// True where nothing of the model's result had been on screen for this image.
    pub before_result: bool,
}

/// What the reader adds in free words; none of them come into logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FreeRemark {
    pub text: Words,
    #[serde(with = "rfc3339")]
    pub at: DateTime<Local>,
    pub before_result: bool,
}

/// What the reader said of one model's findings on one image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseFeedback {
    /// At most one a finding; what stands in none was not looked at.
    pub answers: Vec<FindingAnswer>,
    pub marks: Vec<Mark>,
    pub remark: Option<FreeRemark>,
}

impl Call {
    /// What a score says by its threshold.
    #[must_use]
    pub fn of(probability: f32, threshold: f32) -> Self {
        if probability >= threshold { Self::Present } else { Self::Absent }
    }
}

impl Answer {
    /// In a word or two, in English.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::Disagree => "disagree",
            Self::Unsure => "unsure",
            Self::NotLookedAt => "not looked at",
        }
    }
}

impl Opinion {
    /// In a word, in English.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
            Self::Unsure => "unsure",
        }
    }
}

impl FindingAnswer {
    /// Whether the reader agrees; nothing where the reader calls the finding and the model did not.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        let said = self.said.and_then(|said| said.call);
        match (self.opinion, said) {
            (Opinion::Unsure, _) => Some(Answer::Unsure),
            (_, None) => None,
            (Opinion::Present, Some(Call::Present)) | (Opinion::Absent, Some(Call::Absent)) => Some(Answer::Agree),
            (Opinion::Present, Some(Call::Absent)) | (Opinion::Absent, Some(Call::Present)) => Some(Answer::Disagree),
        }
    }
}

impl Mark {
    /// The upright box around it, as left, top, right and bottom in pixels of the image; nothing where
    /// its points make no region.
    #[must_use]
    pub fn bounds(&self) -> Option<[f64; 4]> {
        self.kind.region(&self.points)?;
        let (mut least, mut most) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for point in &self.points {
            for i in 0..2 {
                least[i] = least[i].min(point[i]);
                most[i] = most[i].max(point[i]);
            }
        }
        Some([least[0], least[1], most[0], most[1]])
    }
}

impl CaseFeedback {
    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty() && self.marks.is_empty() && self.remark.is_none()
    }

    /// What was said of a finding; nothing where it was not looked at.
    #[must_use]
    pub fn of(&self, finding: &str) -> Option<&FindingAnswer> {
        self.answers.iter().find(|answer| answer.finding == finding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(opinion: Opinion, call: Option<Call>) -> FindingAnswer {
        let said = Said { probability: 0.5, threshold: 0.5, call };
        FindingAnswer { finding: "Mass".into(), opinion, said: Some(said), at: Local::now(), before_result: false }
    }

    #[test]
    fn agreement_is_read_off_what_both_said() {
        use {Answer as A, Call as C, Opinion as O};
        for (opinion, call, wanted) in [
            (O::Present, Some(C::Present), Some(A::Agree)),
            (O::Present, Some(C::Absent), Some(A::Disagree)),
            (O::Absent, Some(C::Absent), Some(A::Agree)),
            (O::Absent, Some(C::Present), Some(A::Disagree)),
            (O::Unsure, Some(C::Present), Some(A::Unsure)),
            (O::Unsure, None, Some(A::Unsure)),
            (O::Present, None, None),
        ] {
            assert_eq!(answer(opinion, call).answer(), wanted, "{opinion:?} {call:?}");
        }
        let early = FindingAnswer { said: None, ..answer(O::Absent, None) };
        assert_eq!(early.answer(), None);
    }

    #[test]
    fn a_score_at_its_threshold_is_present() {
        assert_eq!((Call::of(0.5, 0.5), Call::of(0.49, 0.5)), (Call::Present, Call::Absent));
    }

    #[test]
    fn a_mark_lies_in_its_box_and_points_that_are_no_region_have_none() {
        let mark = |kind, points: &[Point]| Mark {
            measurement: 1,
            finding: "Mass".into(),
            reason: MarkReason::Missed,
            kind,
            points: points.to_vec(),
            at: Local::now(),
            before_result: true,
        };
        let outline = [[5.0, 9.0], [2.0, 4.0], [8.0, 6.0]];
        assert_eq!(mark(Kind::Freehand, &outline).bounds(), Some([2.0, 4.0, 8.0, 9.0]));
        assert_eq!(mark(Kind::Ellipse, &[[9.0, 1.0], [3.0, 7.0]]).bounds(), Some([3.0, 1.0, 9.0, 7.0]));
        assert_eq!(mark(Kind::Length, &outline[..2]).bounds(), None);
    }

    #[test]
    fn a_log_never_holds_the_words_of_a_remark() {
        let text = Words("Jane's old scar".into());
        let remark = Some(FreeRemark { text, at: Local::now(), before_result: false });
        let said = format!("{:?}", CaseFeedback { remark, ..CaseFeedback::default() });
        assert!(!said.contains("Jane") && said.contains("15 characters"), "{said}");
    }
}
