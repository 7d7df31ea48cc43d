//! The steps by their names.

use crate::training::config::Config;

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Check,
    Train,
    Score,
    Calibration,
    Localization,
    Anatomy,
    Explanations,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Check,
        Self::Train,
        Self::Score,
        Self::Calibration,
        Self::Localization,
        Self::Anatomy,
        Self::Explanations,
    ];

    /// Name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Train => "train",
            Self::Score => "test",
            Self::Calibration => "calibration",
            Self::Localization => "localization",
            Self::Anatomy => "anatomy",
            Self::Explanations => "explanations",
        }
    }

    /// What it does, for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Check => "Checking the data",
            Self::Train => "Training",
            Self::Score => "Scoring the test part",
            Self::Calibration => "Measuring the calibration",
            Self::Localization => "Measuring maps against marks",
            Self::Anatomy => "Measuring where the evidence lies",
            Self::Explanations => "Ranking methods of explanation",
        }
    }

    /// Its folder in that of the run.
    #[must_use]
    pub fn folder(self) -> &'static str {
        self.name()
    }

    pub(super) fn is_asked(self, config: &Config) -> bool {
        match self {
            Self::Localization => config.pipeline.marks.is_some(),
            Self::Anatomy => config.pipeline.lungs.is_some(),
            Self::Explanations => config.pipeline.images > 0,
            Self::Check | Self::Train | Self::Score | Self::Calibration => true,
        }
    }
}
