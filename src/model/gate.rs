//! The input gate: is this an image of the kind that the model was trained for?
//!
//! A classifier scores whatever it is given. The gate looks first, with a small residual network of
//! its own on a coarse, histogram-equalised copy of the image (so that no tone curve matters), that
//! tells upright images of the wanted kind (frontal chest radiographs, slices of the brain) from
//! turned ones, from ones with inverted greys, and from everything else. Kinds of images that
//! nobody thought of are caught by their distance from the training images in the network's
//! features (Mahalanobis distance with the covariance of the accepted class; Lee et al., NeurIPS
//! 2018). Both are one score:
//!
//! `score = p(wanted) · 1 / (1 + exp((d − d₀) / s))`, with `d₀`, `s` and the threshold chosen on
//! validation images.
//!
//! Before the network, [`precheck`] refuses what can be told by counting: an image in colour, an
//! empty image, a drawing. A verdict is about resemblance: an image that is let through resembles
//! what was asked for, and may be something else.
//!
//! What it does not do: judge the quality of an image, tell ap from pa, or notice a patient of an
//! age that the model never saw: that is the business of [`super::population`]. What the file says
//! of its modality and body part is that of [`crate::model::fits`].

use candle_core::{Device, Tensor};
use image::RgbImage;
use serde::{Deserialize, Deserializer, Serialize};

use super::population::Population;
use super::precheck;
use super::precheck::Precheck;
use super::refusal::Refusal;
use crate::imaging::Plane;
use crate::model::manifest::{Input, Normalization, Resize};
use crate::model::preprocess::to_input;
use crate::network::architecture::Architecture;
use crate::network::weights::{TensorFile, WeightError};
use crate::network::{Mode, Network};
use crate::printable::shortened;

/// The verdict of the input gate, which stands before every score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateVerdict {
    pub accepted: bool,
    /// 0–1, higher is more like what the model was trained for; not a number where the gate's network
    /// was not asked: what the file says, colours and plain signs of other images are refused before.
    #[serde(deserialize_with = "number_or_none")]
    pub score: f32,
    /// The smallest score that is let through; not a number where no gate was asked at all.
    #[serde(deserialize_with = "number_or_none")]
    pub threshold: f32,
    /// One sentence for the reader, also when accepted.
    pub reason: String,
    /// Reservations for an accepted image ("the patient is 66 years old; the model never saw anyone
    /// of this age").
    pub warnings: Vec<String>,
}

impl GateVerdict {
    /// A refusal.
    #[must_use]
    pub fn refused(score: f32, threshold: f32, reason: String) -> Self {
        Self { accepted: false, score, threshold, reason, warnings: Vec::new() }
    }

    /// Whether the image was judged at all: not where it is not all there.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.threshold.is_finite()
    }

    /// What the gate's network came to; `None` where it was not asked.
    #[must_use]
    pub fn number(&self) -> Option<f32> {
        Some(self.score).filter(|score| score.is_finite())
    }

    /// The refusal of an image that no gate has looked at.
    #[must_use]
    pub fn without_a_look(reason: String) -> Self {
        Self::refused(f32::NAN, f32::NAN, reason)
    }

    /// A refusal by what the file says, or by plain signs of another image: the network was not asked,
    /// and there is no score.
    #[must_use]
    pub fn without_a_score(threshold: f32, reason: String) -> Self {
        Self::refused(f32::NAN, threshold, reason)
    }
}

/// How a verdict says that an image is of the wanted kind with its greys the wrong way round.
const GREYS_INVERTED: &str = "whose greys are inverted";

/// Whether the reason of a refusal is that the greys are inverted: kept verdicts have no more than
/// their sentence.
#[must_use]
pub fn says_greys_inverted(reason: &str) -> bool {
    reason.contains(GREYS_INVERTED)
}

/// JSON has no word for what is not a number but `null`.
fn number_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    Ok(<Option<f32> as Deserialize>::deserialize(deserializer)?.unwrap_or(f32::NAN))
}

/// What the gate's network tells apart, in the order of its logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateClass {
    /// An upright image of the kind that the gate asks for, its greys the right way round.
    Wanted,
    /// The same, lying on its side or upside down.
    Turned,
    /// The same, bright parts dark.
    Inverted,
    Other,
}

/// All of [`GateClass`], in the order of the logits.
pub const CLASSES: [GateClass; 4] = [GateClass::Wanted, GateClass::Turned, GateClass::Inverted, GateClass::Other];

/// Stage of the network whose output is the feature vector.
const FEATURES: &str = "pool";
/// Name of the header field that holds the [`GateSettings`].
pub const HEADER: &str = "gate";

/// Why a gate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    #[error("the gate file has no readable settings: {}; train the gate again", shortened(.0))]
    Settings(String),
    #[error("the gate's settings do not fit together: {}; train the gate again", shortened(.0))]
    Inconsistent(String),
    #[error(transparent)]
    Weights(#[from] WeightError),
    #[error("the gate could not be computed: {0}")]
    Compute(#[from] candle_core::Error),
}

/// Everything of a gate but its tensors; stands in the header of the weights file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateSettings {
    /// What is let through, for sentences: "a frontal chest radiograph".
    pub asks: String,
    /// Whom the model behind the gate was trained on, and their ages in years. Older files have
    /// them here; they stand in for a manifest's `[population]` where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub population: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ages: Option<[f32; 2]>,
    pub architecture: Architecture,
    /// Side of the network's square input.
    pub side: usize,
    /// Smallest score that is let through.
    pub threshold: f32,
    /// Mahalanobis distance that halves the score.
    pub distance: f32,
    /// Distance over which familiarity falls.
    pub slope: f32,
    /// Whether images of the kind may be in colour.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub colour: bool,
    /// Largest share of sharp steps between even greys in images of the kind; letters and windows
    /// have more. `None` where the kind itself has as many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<f32>,
}

/// A gate with its weights.
pub struct Gate {
    settings: GateSettings,
    network: Network,
    mean: Vec<f32>,
    precision: Tensor,
    device: Device,
}

/// What the network found, before any rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateOutput {
    /// Probabilities in the order of [`CLASSES`].
    pub seen: [f32; 4],
    /// Mahalanobis distance from the training images.
    pub distance: f32,
    pub score: f32,
}

/// What the gate's network is fed with.
pub fn input_of(side: usize) -> Input {
    Input {
        width: side,
        height: side,
        channels: 1,
        resize: Resize::Squash,
        crop: 1.0,
        smoothing: 0.0,
        normalization: Normalization::Equalize,
        value_range: [0.0, 1.0],
        mean: Vec::new(),
        sd: Vec::new(),
    }
}

/// Probabilities of [`CLASSES`] kinds for one image.
pub type ClassProbabilities = [f32; 4];
/// Activations of the stage that distances are measured in.
pub type Features = Vec<f32>;

/// Probabilities and features of a batch `(N, 1, side, side)`.
pub fn probe(network: &Network, x: &Tensor) -> candle_core::Result<(Vec<ClassProbabilities>, Vec<Features>)> {
    let cut = network.stage(FEATURES).map_or(network.stages.len(), |i| i + 1);
    let features = network.forward_range(0..cut, x, Mode::Inference)?;
    let logits = network.forward_range(cut..network.stages.len(), &features, Mode::Inference)?;
    let rows: Vec<Vec<f32>> = candle_nn::ops::softmax_last_dim(&logits)?.to_vec2()?;
    let seen = rows
        .iter()
        .map(|row| {
            let mut all = [0.0; 4];
            all.iter_mut().zip(row).for_each(|(a, p)| *a = *p);
            all
        })
        .collect();
    Ok((seen, features.to_vec2()?))
}

impl Gate {
    /// Reads a gate file (safetensors with the settings in its header).
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self, GateError> {
        let settings = read_settings(bytes)?;
        let tensors = TensorFile::parse(bytes)?;
        let network = settings.architecture.folded(1, CLASSES.len(), &tensors, device)?;
        let width = settings.architecture.features().map_err(WeightError::from)?;
        let mean = tensors.get("gate.mean", &[width], &Device::Cpu)?.to_vec1()?;
        let precision = tensors.get("gate.precision", &[width, width], &Device::Cpu)?;
        Ok(Self { settings, network, mean, precision, device: device.clone() })
    }

    /// The settings that the file carries.
    pub fn settings(&self) -> &GateSettings {
        &self.settings
    }

    /// The population that an older gate file states.
    pub fn population(&self) -> Option<Population> {
        let GateSettings { population, ages, .. } = &self.settings;
        (!population.is_empty()).then(|| Population {
            patients: population.clone(),
            ages: *ages,
            ..Population::default()
        })
    }

    /// What the network sees in a polarity-corrected plane.
    pub fn look(&self, plane: &Plane) -> Result<GateOutput, GateError> {
        let side = self.settings.side;
        let input = to_input(plane, &input_of(side), (0.0, 1.0));
        let x = Tensor::from_vec(input.values, (1, 1, side, side), &self.device)?;
        let (seen, features) = probe(&self.network, &x)?;
        let (seen, features) = (seen[0], &features[0]);
        let shifted: Vec<f32> = features.iter().zip(&self.mean).map(|(f, m)| f - m).collect();
        let d = Tensor::from_vec(shifted, (1, self.mean.len()), &Device::Cpu)?;
        let square = d.matmul(&self.precision)?.mul(&d)?.sum_all()?.to_scalar::<f32>()?;
        let distance = square.max(0.0).sqrt();
        Ok(GateOutput { seen, distance, score: seen[0] * self.familiarity(distance) })
    }

    fn familiarity(&self, distance: f32) -> f32 {
        1.0 / (1.0 + ((distance - self.settings.distance) / self.settings.slope).exp())
    }

    /// The verdict on a polarity-corrected plane of modality values and, where the image is in
    /// colour, on its colours.
    pub fn judge(&self, plane: &Plane, color: Option<&RgbImage>) -> Result<GateVerdict, GateError> {
        let GateSettings { asks, threshold, colour, steps, .. } = &self.settings;
        let asked = Precheck { kind: asks, colour: *colour, steps: *steps };
        if let Some(reason) = precheck::reason(plane, color, asked) {
            return Ok(GateVerdict::without_a_score(*threshold, reason.to_string()));
        }
        let look = self.look(plane)?;
        // A score that is no number lets nothing through.
        if look.score.is_nan() || look.score < *threshold {
            return Ok(GateVerdict::refused(look.score, *threshold, self.why(&look).to_string()));
        }
        Ok(GateVerdict {
            accepted: true,
            score: look.score,
            threshold: *threshold,
            reason: format!("This resembles {asks}, upright and with its greys the right way round."),
            warnings: Vec::new(),
        })
    }

    fn why(&self, look: &GateOutput) -> Refusal {
        let likeliest = (0..CLASSES.len()).max_by(|a, b| look.seen[*a].total_cmp(&look.seen[*b])).unwrap_or(0);
        refusal(CLASSES[likeliest], &self.settings.asks)
    }
}

/// Why an image is refused that the network holds for one of this class most of all.
fn refusal(class: GateClass, kind: &str) -> Refusal {
    let kind = kind.to_owned();
    match class {
        GateClass::Turned => Refusal::Turned { kind },
        GateClass::Inverted => Refusal::Inverted { kind },
        GateClass::Other => Refusal::Other { kind },
        GateClass::Wanted => Refusal::Unfamiliar { kind },
    }
}

fn read_settings(bytes: &[u8]) -> Result<GateSettings, GateError> {
    let unreadable = |cause: String| GateError::Settings(cause);
    let (_, metadata) = safetensors::SafeTensors::read_metadata(bytes).map_err(|e| unreadable(e.to_string()))?;
    let text =
        metadata.metadata().as_ref().and_then(|m| m.get(HEADER)).ok_or_else(|| unreadable("there are none".into()))?;
    let settings: GateSettings = serde_json::from_str(text).map_err(|e| unreadable(e.to_string()))?;
    let wrong = |what: &str| Err(GateError::Inconsistent(what.to_owned()));
    if !(32..=512).contains(&settings.side) {
        return wrong("the side of its input is not between 32 and 512");
    }
    settings.architecture.check().map_err(|error| GateError::Inconsistent(error.to_string()))?;
    if !(0.0..=1.0).contains(&settings.threshold) {
        return wrong("its threshold is not between 0 and 1");
    }
    if !(settings.distance.is_finite() && settings.slope.is_finite() && settings.slope > 0.0) {
        return wrong("its distance or slope is not a positive number");
    }
    if settings.steps.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
        return wrong("its share of sharp steps is not between 0 and 1");
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverted_greys_are_told_by_the_sentence_that_a_verdict_keeps() {
        let said = |class| says_greys_inverted(&refusal(class, "a radiograph").to_string());
        assert_eq!(CLASSES.map(said), [false, false, true, false]);
    }

    #[test]
    fn a_file_that_is_no_gate_is_an_error_with_advice() {
        let Err(error) = Gate::from_bytes(b"no gate at all", &Device::Cpu) else { panic!("read as a gate") };
        assert!(error.to_string().contains("train the gate again"));
    }
}
