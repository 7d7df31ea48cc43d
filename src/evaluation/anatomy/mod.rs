//! Where the evidence of a model lies over a folder of chest radiographs: in the lungs, between
//! them, at the border, elsewhere; by target, right and wrong calls apart.
//!
//! A model that is right for wrong reasons looks alike in every figure of
//! [`performance`](super::performance). What tells it is where the maps of its calls lie, above all
//! of those that are wrong: a marker, the border, the shoulders.
//!
//! Only images whose lungs are known take part; how many do not is said.

pub mod run;
pub mod summary;
pub mod table;

use serde::Serialize;

use crate::explain::evidence_shares::EvidenceShares;

/// A call of the model beside what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// Called, and there.
    Right,
    /// Called, and not there.
    FalsePositive,
    /// Not called, and there.
    Missed,
    /// Neither called nor there.
    Absent,
    /// Nobody knows whether it is there.
    Unknown,
}

impl Call {
    /// The calls that are told apart in tables.
    pub const TOLD: [Self; 3] = [Self::Right, Self::FalsePositive, Self::Missed];

    /// Of what the model says and what is known.
    #[must_use]
    pub fn of(says: bool, truth: Option<bool>) -> Self {
        match (says, truth) {
            (_, None) => Self::Unknown,
            (true, Some(true)) => Self::Right,
            (true, Some(false)) => Self::FalsePositive,
            (false, Some(true)) => Self::Missed,
            (false, Some(false)) => Self::Absent,
        }
    }

    /// Name in tables for machines.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::FalsePositive => "false-positive",
            Self::Missed => "missed",
            Self::Absent => "absent",
            Self::Unknown => "unknown",
        }
    }

    /// Name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Right => "right calls",
            Self::FalsePositive => "false positives",
            Self::Missed => "missed",
            Self::Absent => "rightly not called",
            Self::Unknown => "truth unknown",
        }
    }
}

/// The map of one target of one image.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetMap {
    /// The image's path below the set's folder.
    pub image: String,
    /// Empty where nobody knows.
    pub patient: String,
    /// Number of the target: labels, then groups.
    pub target: usize,
    pub call: Call,
    pub probability: f64,
    /// `None` where the map holds no evidence.
    pub shares: Option<EvidenceShares>,
}

impl TargetMap {
    /// Whose images are drawn together: the patient, or the image where nobody knows.
    #[must_use]
    pub fn owner(&self) -> &str {
        if self.patient.is_empty() { &self.image } else { &self.patient }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_right_or_wrong_by_what_is_known() {
        let calls = [(true, true), (true, false), (false, true), (false, false)].map(|(s, t)| Call::of(s, Some(t)));
        assert_eq!(calls, [Call::Right, Call::FalsePositive, Call::Missed, Call::Absent]);
        assert_eq!(Call::of(true, None), Call::Unknown);
    }
}
