//! Attributions: which parts of the image moved a score.
//!
//! An attribution is data, not an image. Colour, opacity, threshold and contours are the viewer's
//! business and never cause a new computation. The score is always taken **before** softmax or
//! sigmoid and temperature: the logit of a class, or what stands for it in a group or a difference
//! ([`subject`]).
//!
//! ```text
//! scene (an image that a network has seen) ─┬─ cam, eigen     one pass back from the logits to a layer
//!                                           ├─ channels       the network, channel by channel
//!                                           ├─ attention      the attention of every block of a transformer
//!                                           ├─ gradients      passes back to the pixels: saliency … guided Grad-CAM
//!                                           ├─ occlusion, rise, kernel_shap    altered images
//!                                           └─ gradient_shap, deep_shap        against a background
//! ```
//!
//! [`explain`] runs any method for any subjects; [`scale`] makes an overlay of what comes back,
//! [`stability`] says how much of it would be another with another dropout mask, and
//! [`faithfulness`] whether to believe it.

pub mod anatomical_regions;
mod attention;
pub mod cam;
mod channels;
mod coalitions;
mod deep_shap;
mod eigen;
pub mod evidence_shares;
pub mod faithfulness;
pub mod focus;
mod gradient_shap;
mod gradients;
mod kernel_shap;
mod method;
mod occlusion;
mod quadrature;
mod rise;
pub mod scale;
mod scene;
mod score_gradients;
pub mod stability;
mod subject;
pub mod superpixels;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use method::{Cost, Family, INPUT, Method};
pub use scene::{MethodSettings, Scene, Step, Watch};
use serde::{Deserialize, Serialize};
pub use subject::{Output, Scoring, Subject};

use candle_core::Tensor;

use self::anatomical_regions::grouped;
use self::cam::Target;
use self::superpixels::Superpixels;
use crate::imaging::Plane;
use crate::network::Network;
use crate::network::target_layer::Places;

/// Whether a map holds any evidence for its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Evidence {
    /// Somewhere the map is above zero.
    Positive,
    /// Nowhere: "no positive evidence for this class", shown in words, never as an empty image.
    NonePositive,
}

/// What a map that should add up to a difference of scores adds up to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Residual {
    /// The score of the image minus that of what it is compared with.
    pub expected: f64,
    /// The sum of the map.
    pub found: f64,
}

impl Residual {
    /// What is missing, in units of the score.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.expected - self.found
    }

    /// What is missing as a share of the difference; of 1 where there is next to no difference.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.value().abs() / self.expected.abs().max(1e-6)
    }

    /// What the map adds up to, and how far that is off where it is more than [`NOTABLE`].
    #[must_use]
    pub fn words(&self) -> String {
        let number = |v: f64| format!("{}{:.2}", if v < 0.0 { "−" } else { "" }, v.abs());
        let off = match self.share() {
            share if share <= NOTABLE => String::new(),
            share if share <= 1.0 => format!(", {:.0} % off", share * 100.0),
            _ => ", far off".to_owned(),
        };
        format!("adds up to {} of {}{off}", number(self.found), number(self.expected))
    }
}

/// As much of a difference of scores as may be missing without a word: integrated gradients should
/// come within 5 % (Sundararajan et al. 2017).
const NOTABLE: f64 = 0.05;

/// A map for one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    pub method: Method,
    pub subject: Subject,
    /// Name of the stage, or [`INPUT`].
    pub layer: String,
    /// Score of the subject: of a class, its logit.
    pub logit: f32,
    /// The map before any post-processing (no `ReLU`, no scaling): at the layer's own resolution
    /// for class activation maps, a value a patch for maps of attention, else at the resolution of
    /// the network's input.
    pub raw: Plane,
    pub evidence: Evidence,
    /// Runs of the network beside the pass that everything starts from, shared by all subjects.
    pub evaluations: usize,
    /// For methods that add up to a difference of scores.
    pub residual: Option<Residual>,
    /// The patches that the values belong to, where the map gives them to patches.
    pub superpixels: Option<Arc<Superpixels>>,
}

impl Attribution {
    /// A map that took no run of its own.
    ///
    /// # Errors
    /// [`ExplainError::NotFinite`]: never a NaN in a map.
    pub fn new(method: Method, subject: Subject, layer: String, logit: f32, raw: Plane) -> Result<Self, ExplainError> {
        if raw.values.iter().any(|v| !v.is_finite()) {
            return Err(ExplainError::NotFinite { method: method.name(), layer });
        }
        let evidence = if raw.values.iter().any(|&v| v > 0.0) { Evidence::Positive } else { Evidence::NonePositive };
        Ok(Self { method, subject, layer, logit, raw, evidence, evaluations: 0, residual: None, superpixels: None })
    }

    fn evaluated(self, evaluations: usize) -> Self {
        Self { evaluations, ..self }
    }

    fn with_residual(self, residual: Residual) -> Self {
        Self { residual: Some(residual), ..self }
    }

    /// The class, where the map is of one.
    #[must_use]
    pub fn class(&self) -> Option<usize> {
        self.subject.as_class()
    }

    /// True for a map that is zero everywhere: the score does not depend on the place at all.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.raw.values.iter().all(|v| *v == 0.0)
    }
}

/// Why there is no map.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    #[error(
        "The layer {layer:?} yields no feature map, so no heat map can be laid over it. Choose a layer before the pooling."
    )]
    NotSpatial { layer: String },
    #[error(
        "The maps of the layer {layer:?} are {places}, which cannot say where the evidence lies. Choose a layer before it."
    )]
    OnePlace { layer: String, places: Places },
    #[error("The model has {known} classes; what was asked for is not among them or their groups.")]
    NoSuchSubject { known: usize },
    #[error("The score does not depend on the layer {layer:?}: no gradient arrives there.")]
    NoGradient { layer: String },
    #[error(
        "{method} at the layer {layer:?} gave numbers that are not finite. The map is withheld; choose another method or layer."
    )]
    NotFinite { method: &'static str, layer: String },
    #[error("The network gave scores that are not finite for an altered image, so nothing can be said from it.")]
    ScoreNotFinite,
    #[error(
        "CAM needs a layer that is followed by a global average and one linear layer alone; behind {layer:?} there is more. \
         Grad-CAM is the same where CAM is possible, and goes everywhere."
    )]
    NotLinear { layer: String },
    #[error(
        "{method} follows the attention of every token to every other up to a class token, which this network does not have: \
         {reason}. It is there for vision transformers (ViT, DeiT) that score their class token; choose a class activation \
         map here."
    )]
    NoClassAttention { method: &'static str, reason: String },
    #[error("Finer-CAM compares with other classes, and there is no other.")]
    NoRival,
    #[error("{method} needs a background set, and the model has none. Make one: pellucid models background MODEL DIR")]
    NoBackground { method: &'static str },
    #[error(
        "The background set has pictures of {} × {} with {} channels, the model takes {} × {} with {}. Make it again: \
         pellucid models background MODEL DIR",
        found[1], found[2], found[0], needed[1], needed[2], needed[0]
    )]
    BackgroundShape { found: [usize; 3], needed: [usize; 3] },
    #[error("How stable a map of {method} is cannot be told from dropout samples; choose a class activation map.")]
    NoSpread { method: &'static str },
    #[error(
        "The runs of the network did not suffice to tell the values of the superpixels apart. Ask for more evaluations."
    )]
    Undetermined,
    #[error("The regions of the anatomy were laid on another input than the model's; ask for them again.")]
    RegionShape,
    #[error("The explanation was stopped.")]
    Stopped,
    #[error("The network could not be run for the heat map: {0}")]
    Network(#[from] candle_core::Error),
}

/// Refuses a stage whose maps of such an input have one place across or down.
///
/// # Errors
/// [`ExplainError::OnePlace`].
pub fn has_places(network: &Network, input: &Tensor, stage: usize) -> Result<(), ExplainError> {
    let (_, _, height, width) = input.dims4()?;
    match network.places(width, height).get(stage).copied().flatten() {
        Some(places) if !places.are_a_map() => {
            Err(ExplainError::OnePlace { layer: network.stages[stage].name.clone(), places })
        }
        _ => Ok(()),
    }
}

/// Maps of `subjects` by one method; `stage` counts where the method [has a
/// layer](Method::has_layer).
///
/// # Errors
/// A sentence on why there is no map; [`ExplainError::Stopped`] when the watch wants no more.
pub fn explain(
    scene: &Scene<'_>,
    stage: usize,
    subjects: &[Subject],
    method: Method,
    settings: &MethodSettings,
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let known = scene.logits.len();
    if subjects.iter().any(|s| !scene.scoring.knows(*s, known)) {
        return Err(ExplainError::NoSuchSubject { known });
    }
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    if scene.logits.iter().any(|l| !l.is_finite()) {
        return Err(ExplainError::ScoreNotFinite);
    }
    match method {
        Method::Saliency | Method::GuidedBackprop => return gradients::single(scene, method, subjects, watch),
        Method::SmoothGrad => return gradients::smooth_grad(scene, subjects, settings, watch),
        Method::IntegratedGradients => {
            return gradients::integrated(scene, subjects, settings, watch).map(|maps| grouped(scene.regions, maps));
        }
        Method::AttentionRollout => return attention::rollout(scene, subjects, watch),
        Method::AttentionRelevance => return attention::relevance(scene, subjects, watch),
        Method::Occlusion => return occlusion::explain(scene, subjects, settings, watch),
        Method::Rise => return rise::explain(scene, subjects, settings, watch),
        Method::KernelShap => return kernel_shap::explain(scene, subjects, settings, watch),
        Method::GradientShap => {
            return gradient_shap::explain(scene, subjects, settings, watch).map(|maps| grouped(scene.regions, maps));
        }
        Method::DeepShap => return deep_shap::explain(scene, subjects, watch).map(|maps| grouped(scene.regions, maps)),
        _ => {}
    }
    let layer = || scene.network.stages[stage].name.clone();
    has_places(scene.network, scene.input, stage)?;
    let activation = (scene.outputs)(stage)?.ok_or_else(|| ExplainError::NotSpatial { layer: layer() })?;
    let Scene { network, scoring, logits, .. } = *scene;
    let (_, rows, columns) = scene.shape()?;
    let target = Target { network, stage, activation: &activation, size: (columns, rows), logits, scoring };
    match method {
        Method::ScoreCam => channels::score_cam(scene, &target, subjects, watch),
        Method::AblationCam => channels::ablation_cam(&target, subjects, watch),
        Method::GuidedGradCam => gradients::guided_grad_cam(scene, &target, subjects, watch),
        _ => {
            let mut maps = Vec::with_capacity(subjects.len());
            for (i, subjects_now) in subjects.chunks(cam::at_once(&activation)).enumerate() {
                watch.tick(method, i, subjects.len())?;
                maps.extend(cam::explain(&target, subjects_now, &[method])?);
            }
            Ok(maps)
        }
    }
}
