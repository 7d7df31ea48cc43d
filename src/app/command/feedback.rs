//! What the reader says of the model's findings.

use super::declare::commands;
use crate::app::state::impression::ReaderText;
use crate::feedback::{MarkReason, Opinion};
use crate::measurement::MeasurementId;

commands! {
    /// What a reader asks of the answers to findings.
    #[derive(Clone, Debug, PartialEq)]
    pub enum FeedbackCommand of Findings {
        Agree => (
            "Agree",
            "You agree with the model on the chosen finding; where it calls nothing: the finding is present",
            "7",
        ),
        Disagree => (
            "Disagree",
            "You disagree with the model on the chosen finding; where it calls nothing: the finding is absent",
            "8",
        ),
        Unsure => ("Unsure", "You looked at the chosen finding and are not sure", "9"),
        /// What the reader holds of a finding; `None`: it was not looked at.
        Answer(_: String, opinion: Option<Opinion>) => match opinion {
            Some(Opinion::Present) => ("Present", "You hold the finding to be present"),
            Some(Opinion::Absent) => ("Absent", "You hold the finding to be absent"),
            Some(Opinion::Unsure) => ("Unsure", "You looked at the finding and are not sure"),
            None => ("Not looked at", "Takes your answer back"),
        },
        /// The next region that is drawn shows where this finding lies.
        Mark(_: String, reason: MarkReason) => match reason {
            MarkReason::Missed => ("Missed…", "Draw where the finding lies that the model did not find"),
            MarkReason::Misplaced => ("Misplaced…", "Draw where the finding lies that the map shows elsewhere"),
        },
        StopMarking => ("Stop marking", "The next region is an ordinary measurement again", ""),
        /// The region stays as a measurement.
        Unmark(_: MeasurementId) => ("No mark", "The region is an ordinary measurement again"),
        /// The remark as typed so far.
        Remark(_: ReaderText) => ("Remark", "What you add in free words"),
    }
}
