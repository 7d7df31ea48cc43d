//! How certain a result is: where samples come from, at which error rate states are given, how well
//! the model is calibrated.

use super::declare::commands;
use crate::uncertainty::SampleSource;

commands! {
    /// What a reader asks about the uncertainty of a result.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum UncertaintyCommand of Findings {
        /// Draws samples from here on.
        SetSource(_: SampleSource) => (
            "Source of samples",
            "What differs from sample to sample, and so which uncertainty the bars show"
        ),
        /// Error rate of the conformal states.
        SetErrorRate(_: f64) => (
            "Error rate",
            "At most about this share of images like the calibration images is called wrongly"
        ),
        /// Share of the patients who have the finding that the model is about; nothing where it is
        /// not stated.
        SetPrevalence(_: Option<f64>) => (
            "Prevalence",
            "How many of your patients have this finding: what the model's call is then worth. Empty at 0"
        ),
        /// The window on calibration.
        ToggleReliability => (
            "How well calibrated?",
            "Shows whether this model's probabilities mean what they say, on which images that was measured",
            "Ctrl+J",
        ),
        /// Label or group number so many of the calibration in that window.
        ShowTarget(_: usize) => ("Show", "Shows the reliability of this label or group"),
    }
}
