//! `[balance]`: what is done about classes of different size, beside the weights in the loss.

use serde::Deserialize;

use super::fault::{Check, ConfigFault, within};
use crate::model::manifest::Head;

/// Sampling and synthetic images.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Balance {
    pub sampling: EpochSampling,
    pub smote: Smote,
    /// Nearest neighbours of an image that synthetic ones lie towards.
    pub neighbours: usize,
    /// β of `class_weights = "effective"`: the nearer to 1, the nearer to inverse weights.
    pub beta: f64,
}

/// Which images an epoch shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EpochSampling {
    /// Every image once.
    #[default]
    Once,
    /// As many draws with replacement, every class as often as any other.
    Weighted,
}

/// Where synthetic images of the smaller classes are made. See [`crate::training::batch::smote`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Smote {
    #[default]
    Off,
    /// Between the features of a frozen backbone.
    Features,
    /// Between the pixels of two images: a double exposure, no image.
    Pixels,
}

impl Default for Balance {
    fn default() -> Self {
        Self { sampling: EpochSampling::Once, smote: Smote::Off, neighbours: 5, beta: 0.999 }
    }
}

impl Balance {
    /// Numbers and combinations that make no sense.
    pub(super) fn check(&self, head: Head) -> Check {
        if self.smote != Smote::Off && head != Head::Softmax {
            return Err(ConfigFault::SmoteOfFindings);
        }
        within("balance.neighbours", self.neighbours as f64, 1.0, 100.0)?;
        within("balance.beta", self.beta, 0.0, 0.999_999)
    }
}
