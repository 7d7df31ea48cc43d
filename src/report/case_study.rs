//! The study that the image of a case belongs to, judged as one, as a report prints it.

use crate::engine::study_members::{LeftOut, Member, StudyMembers};
use crate::engine::study_result::StudyResult;
use crate::evaluation::truth::normal_label;
use crate::language::tr;
use crate::study::unit::{Unit, UnitKey};

/// The pooled result, and what it was pooled of.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseStudy {
    pub key: UnitKey,
    pub result: StudyResult,
    /// The images that the model of the report scored.
    pub members: Vec<Member>,
    /// Those that no model fits, that the gate refused, or that could not be read.
    pub left_out: Vec<LeftOut>,
    /// How many were scored by other models.
    pub by_others: usize,
}

impl CaseStudy {
    /// The study of these images by the model with these weights; `None` where it scored none.
    #[must_use]
    pub fn of(members: &StudyMembers, sha256: &str, unit: Unit, key: UnitKey, error_rate: f64) -> Option<Self> {
        let all: usize = members.by_model.iter().map(|(_, images)| images.len()).sum();
        let own = members.scored_by(sha256);
        Some(Self {
            key,
            result: members.result(sha256, unit, error_rate, normal_label)?,
            members: own.to_vec(),
            left_out: members.left_out.clone(),
            by_others: all - own.len(),
        })
    }

    /// How many images take no part, and why, in a sentence; nothing where all do.
    #[must_use]
    pub fn others_in_words(&self) -> Option<String> {
        let some = |n: usize| (n > 0).then_some(n);
        let takes_no_part = |n: usize| tr!("1 image takes no part." | "{n} images take no part." % n);
        let by_others =
            |n: usize| tr!("1 image was scored by another model." | "{n} images were scored by other models." % n);
        let left_out = some(self.left_out.len()).map(takes_no_part);
        let others = some(self.by_others).map(by_others);
        let words: Vec<String> = left_out.into_iter().chain(others).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }
}
