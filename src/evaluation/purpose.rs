//! What the images of a set were to the model that is evaluated on them; its metrics mean something
//! else in each case.

use std::str::FromStr;

/// What the images were to the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Nobody said.
    #[default]
    Unknown,
    /// They chose the model, its thresholds or its temperature.
    Validation,
    /// They took no part in making it.
    Test,
}

/// A word that names no purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write unknown, validation or test")]
pub struct UnknownPurpose;

impl Purpose {
    /// Name on the command line and in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(text: &str) -> Result<Self, UnknownPurpose> {
        [Self::Unknown, Self::Validation, Self::Test].into_iter().find(|p| p.name() == text).ok_or(UnknownPurpose)
    }
}
