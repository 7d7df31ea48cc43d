//! The population detector: is this image like those that the model was measured on?
//!
//! One or more [`Measure`]s, each a distance of its own with its middle (the median of held-out
//! images of the population) and its edge. On the common scale `(d − middle) / (edge − middle)` 0
//! is the middle and 1 the edge; the largest of them is the image's distance, and above 1 it is
//! outside. Which measures a detector holds was decided by those who made it, on held-out images;
//! its file says so.
//!
//! The file lies in the model's folder, is bound to its weights by their SHA-256, and is checked
//! when it is read. A model without one, or with a broken one, is as usable as before: only its
//! population is then told by what files state.

use std::collections::HashMap;

use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::Familiarity;
use super::covariance::{Gaussian, triangle};
use super::features::{Features, WIDEST};
use super::lookalikes::Lookalikes;
use super::neighbours::Bank;
use super::vim::{VirtualLogit, kept_directions};
use crate::files::sha256;
use crate::imaging::Plane;
use crate::model::manifest::Resize;
use crate::model::preprocess::resize;
use crate::network::architecture::Architecture;
use crate::network::weights::{TensorFile, WeightError};

/// Name of the file beside the manifest.
pub const DETECTOR: &str = "population.safetensors";
/// Name of the header field that holds the [`DetectorSettings`].
pub const HEADER: &str = "population";
/// The edge on the common scale.
const EDGE: f32 = 1.0;

/// Why a detector cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DetectorError {
    #[error("The model has no population detector.")]
    Missing,
    #[error(
        "The population detector cannot be read ({0}) and is left aside; make it again with `pellucid models population`."
    )]
    Unreadable(String),
    #[error(
        "The population detector was made for other weights than the model's and is left aside; make it again with `pellucid models population`."
    )]
    OtherWeights,
    #[error(
        "The population detector does not fit together ({0}) and is left aside; make it again with `pellucid models population`."
    )]
    Inconsistent(String),
}

/// What a detector measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Measure {
    /// [`Gaussian`] on the pooled features.
    Mahalanobis,
    /// [`Bank`] on the pooled features.
    Neighbours { images: usize },
    /// [`VirtualLogit`] on what the last layer was given.
    VirtualLogit,
    /// [`Lookalikes`]: a small network that has seen images of others.
    Lookalikes { side: usize, architecture: Box<Architecture> },
}

impl Measure {
    /// Its name in tables.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mahalanobis => "Mahalanobis distance",
            Self::Neighbours { .. } => "distance to the nearest images",
            Self::VirtualLogit => "virtual logit (ViM)",
            Self::Lookalikes { .. } => "network that has seen others",
        }
    }
}

/// A measure with its place on the common scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaled {
    pub measure: Measure,
    /// Its median over held-out images of the population.
    pub middle: f32,
    /// Above it an image is outside.
    pub edge: f32,
}

/// Everything of a detector but its numbers; stands in the header of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorSettings {
    /// SHA-256 of the weights whose features it measures, lower-case hex.
    pub weights_sha256: String,
    /// Length of the pooled features, and of what the last layer is given.
    pub width: usize,
    pub penultimate: usize,
    pub measures: Vec<Scaled>,
    /// Which images did what, in sentences.
    pub made_of: String,
}

/// The numbers of a measure.
pub enum Fitted {
    Mahalanobis(Gaussian),
    Neighbours(Bank),
    VirtualLogit(VirtualLogit),
    Lookalikes(Lookalikes),
}

impl Fitted {
    /// The raw distance of an image.
    ///
    /// # Errors
    /// When the network of the measure cannot be run.
    pub fn distance(&self, features: &Features, plane: &Plane) -> candle_core::Result<f32> {
        Ok(match self {
            Self::Mahalanobis(gaussian) => gaussian.distance(&features.pooled),
            Self::Neighbours(bank) => bank.distance(&features.pooled),
            Self::VirtualLogit(vim) => vim.distance(&features.penultimate, &features.logits),
            Self::Lookalikes(lookalikes) => lookalikes.distance(plane)?,
        })
    }
}

/// A detector as it is used.
pub struct Detector {
    settings: DetectorSettings,
    fitted: Vec<Fitted>,
    /// SHA-256 of its file.
    sha256: String,
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Detector").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Detector {
    /// Reads a detector file that belongs to the weights of this SHA-256.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn from_bytes(bytes: &[u8], weights_sha256: &str, device: &Device) -> Result<Self, DetectorError> {
        let settings = read_settings(bytes)?;
        if settings.weights_sha256 != weights_sha256 {
            return Err(DetectorError::OtherWeights);
        }
        check(&settings)?;
        let unreadable = |error: WeightError| DetectorError::Unreadable(error.to_string());
        let tensors = TensorFile::parse(bytes).map_err(unreadable)?;
        let values = |name: &str, rows: usize, columns: usize| -> Result<Vec<f32>, DetectorError> {
            let tensor = tensors.get(name, &[rows, columns], &Device::Cpu).map_err(unreadable)?;
            tensor.flatten_all().and_then(|t| t.to_vec1()).map_err(|e| DetectorError::Unreadable(e.to_string()))
        };
        let (width, deep) = (settings.width, settings.penultimate);
        let mut fitted = Vec::with_capacity(settings.measures.len());
        for scaled in &settings.measures {
            fitted.push(match &scaled.measure {
                Measure::Mahalanobis => Fitted::Mahalanobis(Gaussian {
                    mean: values("mahalanobis.mean", 1, width)?,
                    whitening: values("mahalanobis.whitening", 1, triangle(width))?,
                }),
                Measure::Neighbours { images } => {
                    Fitted::Neighbours(Bank { width, rows: values("neighbours.bank", *images, width)? })
                }
                Measure::VirtualLogit => Fitted::VirtualLogit(VirtualLogit {
                    origin: values("vim.origin", 1, deep)?,
                    directions: values("vim.directions", kept_directions(deep), deep)?,
                    scale: values("vim.scale", 1, 1)?[0],
                }),
                Measure::Lookalikes { side, architecture } => {
                    Fitted::Lookalikes(Lookalikes::read(*side, architecture, &tensors, device).map_err(unreadable)?)
                }
            });
        }
        Ok(Self { settings, fitted, sha256: sha256(bytes) })
    }

    /// The settings that the file carries.
    #[must_use]
    pub fn settings(&self) -> &DetectorSettings {
        &self.settings
    }

    /// Whether images of others took part in its making.
    #[must_use]
    pub fn has_seen_others(&self) -> bool {
        self.settings.measures.iter().any(|scaled| matches!(scaled.measure, Measure::Lookalikes { .. }))
    }

    /// SHA-256 of the file, lower-case hex.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The plane as small as the detector's networks need it, for those who look later;
    /// [`Self::look`] comes to the same. Empty where no network looks at it.
    #[must_use]
    pub fn coarse(&self, plane: &Plane) -> Plane {
        let sides = self.settings.measures.iter().filter_map(|scaled| match scaled.measure {
            Measure::Lookalikes { side, .. } => Some(side),
            _ => None,
        });
        sides.max().map_or_else(Plane::default, |side| resize(plane, Resize::Squash, side, side))
    }

    /// How far an image lies from the population: its features and its polarity-corrected plane.
    ///
    /// # Errors
    /// When a network of the detector cannot be run.
    pub fn look(&self, features: &Features, plane: &Plane) -> candle_core::Result<Familiarity> {
        let mut distance = f32::NEG_INFINITY;
        for (scaled, fitted) in self.settings.measures.iter().zip(&self.fitted) {
            let here = scaled.place(fitted.distance(features, plane)?);
            // What cannot be measured stays so, whatever the other measures say.
            distance = if here.is_nan() { here } else { distance.max(here) };
            if distance.is_nan() {
                break;
            }
        }
        Ok(Familiarity { distance, threshold: EDGE })
    }
}

impl Scaled {
    /// The same with its edge `times` as far from the middle.
    #[must_use]
    pub fn widened(self, times: f32) -> Self {
        Self { edge: self.middle + times * (self.edge - self.middle), ..self }
    }

    /// A raw distance on the common scale.
    #[must_use]
    pub fn place(&self, distance: f32) -> f32 {
        (distance - self.middle) / (self.edge - self.middle)
    }
}

fn read_settings(bytes: &[u8]) -> Result<DetectorSettings, DetectorError> {
    let unreadable = |cause: String| DetectorError::Unreadable(cause);
    let (_, metadata) = safetensors::SafeTensors::read_metadata(bytes).map_err(|e| unreadable(e.to_string()))?;
    let fields: Option<&HashMap<String, String>> = metadata.metadata().as_ref();
    let text = fields.and_then(|m| m.get(HEADER)).ok_or_else(|| unreadable("it has no settings".into()))?;
    serde_json::from_str(text).map_err(|e| unreadable(e.to_string()))
}

/// Whether all of it can be meant.
fn check(settings: &DetectorSettings) -> Result<(), DetectorError> {
    let wrong = |what: &str| Err(DetectorError::Inconsistent(what.to_owned()));
    if settings.measures.is_empty() {
        return wrong("it measures nothing");
    }
    if !(1..=WIDEST).contains(&settings.width) || settings.penultimate > 1 << 13 {
        return wrong("its features have an impossible length");
    }
    for scaled in &settings.measures {
        if !(scaled.middle.is_finite() && scaled.edge.is_finite() && scaled.middle < scaled.edge) {
            return wrong("the middle of a measure does not lie below its edge");
        }
        match &scaled.measure {
            Measure::Neighbours { images } if !(1..=10_000).contains(images) => {
                return wrong("its bank is empty or too large");
            }
            Measure::VirtualLogit if settings.penultimate < 2 => {
                return wrong("its features have an impossible length");
            }
            Measure::Lookalikes { side, architecture } => {
                if !(32..=512).contains(side) {
                    return wrong("the side of its network's input is not between 32 and 512");
                }
                architecture.check().map_err(|error| DetectorError::Inconsistent(error.to_string()))?;
            }
            _ => {}
        }
    }
    Ok(())
}
