//! What the reader says of the model's findings on the image on screen: per image a sheet with a way
//! back, as measurements have one.
//!
//! Where the model calls a finding and the result is in sight, the reader agrees or disagrees; where
//! it calls nothing (the result is hidden still, the gate refused the image, or it lies outside the
//! population), the reader says present or absent. Both are the same answer in the file
//! ([`crate::feedback`]).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Phase, State};
use crate::explain::{Output, Subject};
use crate::feedback::kept::{AnsweredModel, ModelFeedback};
use crate::feedback::{Call, CaseFeedback, FindingAnswer, Mark, MarkReason, Said};
use crate::measurement::identity::ImageIdentity;

/// Most steps back.
const STEPS: usize = 100;

/// A region that is to be drawn next, and what it is there for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marking {
    pub finding: String,
    pub reason: MarkReason,
}

/// What was said of one image, by model, with the way back and forth.
#[derive(Clone, Debug, Default)]
pub struct FeedbackSheet {
    pub said: Vec<ModelFeedback>,
    back: Vec<Vec<ModelFeedback>>,
    forth: Vec<Vec<ModelFeedback>>,
    /// The last step was a change of the remark: the next letter belongs to the same step.
    pub(in crate::app) writing: bool,
    /// Nothing of this image is written: its file could not be read and is not to be replaced.
    pub(in crate::app) unkept: bool,
}

impl FeedbackSheet {
    /// Of what was kept.
    pub(in crate::app) fn of(said: Vec<ModelFeedback>) -> Self {
        Self { said, ..Self::default() }
    }

    /// Of an image whose file could not be read.
    pub(in crate::app) fn unreadable() -> Self {
        Self { unkept: true, ..Self::default() }
    }

    /// Remembers how it is, before it changes.
    pub(in crate::app) fn remember(&mut self) {
        self.writing = false;
        self.forth.clear();
        self.back.push(self.said.clone());
        if self.back.len() > STEPS {
            self.back.remove(0);
        }
    }

    /// Goes a step back or forth; false where there is none.
    pub(in crate::app) fn step(&mut self, back: bool) -> bool {
        let (from, to) = if back { (&mut self.back, &mut self.forth) } else { (&mut self.forth, &mut self.back) };
        let Some(said) = from.pop() else { return false };
        to.push(std::mem::replace(&mut self.said, said));
        self.writing = false;
        true
    }
}

/// Everything about what the reader says.
#[derive(Clone, Debug, Default)]
pub struct Feedback {
    /// Shared with the copy that is drawn while a result is hidden.
    pub(in crate::app) sheets: Arc<HashMap<ImageIdentity, FeedbackSheet>>,
    /// Images whose file was asked for.
    pub(in crate::app) asked: HashSet<ImageIdentity>,
    /// The next region that is drawn is a mark.
    pub marking: Option<Marking>,
}

impl State {
    /// The model that is answered, as it is kept.
    pub fn answered_model(&self) -> Option<AnsweredModel> {
        let info = self.model_info()?;
        let (name, version) = (info.manifest.name.clone(), info.manifest.version.clone());
        Some(AnsweredModel { name, version, sha256: info.sha256.clone() })
    }

    /// What was said of the image on screen, once its file was looked for.
    pub fn feedback_sheet(&self) -> Option<&FeedbackSheet> {
        self.feedback.sheets.get(&self.measurable()?.identity)
    }

    /// What was said of the model's findings on the image on screen.
    pub fn model_feedback(&self) -> Option<&ModelFeedback> {
        let sha256 = &self.model_info()?.sha256;
        self.feedback_sheet()?.said.iter().find(|of| of.model.sha256 == *sha256)
    }

    /// The answer to a finding.
    pub fn feedback_on(&self, finding: &str) -> Option<&FindingAnswer> {
        self.model_feedback()?.answers.iter().find(|answer| answer.finding == finding)
    }

    /// The same with the places of its marks, as reports take it; nothing where nothing was said.
    pub fn case_feedback(&self) -> Option<CaseFeedback> {
        let case = self.model_feedback()?.case(self.measurements());
        (!case.is_empty()).then_some(case)
    }

    /// The regions that are marks, in the order in which they were drawn.
    pub fn marks(&self) -> Vec<Mark> {
        self.model_feedback().map_or_else(Vec::new, |said| said.case(self.measurements()).marks)
    }

    /// Names of the findings that can be answered: groups, each before its labels, as they are listed.
    pub fn findings_to_answer(&self) -> Vec<&str> {
        let labels = self.labels();
        let mut listed = vec![false; labels.len()];
        let mut names = Vec::new();
        for group in self.groups() {
            names.push(group.name.as_str());
            for (at, label) in labels.iter().enumerate() {
                if group.members.contains(&label.name) && !std::mem::replace(&mut listed[at], true) {
                    names.push(label.name.as_str());
                }
            }
        }
        names.extend(labels.iter().enumerate().filter(|(at, _)| !listed[*at]).map(|(_, label)| label.name.as_str()));
        names
    }

    /// What the model says of a finding; nothing while there is no result in sight.
    pub fn said_of(&self, finding: &str) -> Option<Said> {
        if self.result_hidden() {
            return None;
        }
        let results = &self.results;
        let score = results.labels.iter().chain(&results.groups).find(|score| score.label == finding)?;
        let refused = results.gate.as_ref().is_some_and(|gate| !gate.accepted) || results.phase == Phase::Refused;
        let calls = !refused && self.outside().is_none();
        let (probability, threshold) = (score.probability, score.threshold);
        Some(Said { probability, threshold, call: calls.then(|| Call::of(probability, threshold)) })
    }

    /// The finding whose map is chosen.
    pub fn selected_finding(&self) -> Option<String> {
        match self.subject() {
            Subject::One(Output::Group(group)) => self.groups().get(group).map(|group| group.name.clone()),
            _ => self.labels().get(self.selected).map(|label| label.name.clone()),
        }
    }

    /// Whether something can be said: an image whose file was looked for, and a model.
    pub fn can_answer(&self) -> bool {
        self.feedback_sheet().is_some() && self.model_info().is_some()
    }
}
