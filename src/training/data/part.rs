//! The parts of a split.

use serde::Serialize;

/// Which side of the split an image stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitPart {
    Training,
    Validation,
    /// Kept apart to calibrate the finished model.
    Calibration,
    Test,
}

impl SplitPart {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Training, Self::Validation, Self::Calibration, Self::Test];
    /// Their names in a sentence.
    pub const NAMES: &str = "training, validation, calibration or test";

    /// Name in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Validation => "validation",
            Self::Calibration => "calibration",
            Self::Test => "test",
        }
    }

    /// From any of the names that data sets give their parts.
    pub fn named(name: &str) -> Option<Self> {
        match name.trim().to_lowercase().as_str() {
            "train" | "training" => Some(Self::Training),
            "val" | "valid" | "validate" | "validation" | "dev" => Some(Self::Validation),
            "calib" | "calibration" => Some(Self::Calibration),
            "test" | "testing" => Some(Self::Test),
            _ => None,
        }
    }
}
