//! Attributions: which parts of the image moved a score.
//!
//! An attribution is data, not a picture. Colour, opacity, threshold and contours are the viewer's business and
//! never cause a new computation. The score is always the **logit** of the class (before softmax or sigmoid,
//! before temperature).

pub mod cam;
pub mod coalitions;
pub mod faithfulness;
pub mod scale;
pub mod superpixels;

use serde::{Deserialize, Serialize};

use crate::imaging::Plane;

/// How a map is made from activations and gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Method {
    /// Selvaraju et al. 2017.
    #[serde(rename = "grad-cam")]
    GradCam,
    /// Chattopadhyay et al. 2018.
    #[serde(rename = "grad-cam++")]
    GradCamPlusPlus,
}

impl Method {
    /// Every method, in the order of the menu.
    pub const ALL: [Self; 2] = [Self::GradCam, Self::GradCamPlusPlus];

    /// Name on the command line and in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::GradCam => "grad-cam",
            Self::GradCamPlusPlus => "grad-cam++",
        }
    }

    /// Name in running text.
    pub fn name(self) -> &'static str {
        match self {
            Self::GradCam => "Grad-CAM",
            Self::GradCamPlusPlus => "Grad-CAM++",
        }
    }
}

/// Whether a map holds any evidence for its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Evidence {
    /// Somewhere the map is above zero.
    Positive,
    /// Nowhere: "no positive evidence for this class", shown in words, never as an empty picture.
    NonePositive,
}

/// A map for one class.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    pub method: Method,
    /// Index of the class in the manifest's labels.
    pub class: usize,
    /// Name of the stage.
    pub layer: String,
    /// Logit of the class.
    pub logit: f32,
    /// The map at the layer's own resolution before any post-processing (no `ReLU`, no scaling).
    pub raw: Plane,
    pub evidence: Evidence,
}

/// Why there is no map.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    #[error(
        "The layer {layer:?} yields no feature map, so no heat map can be laid over it. Choose a layer before the pooling."
    )]
    NotSpatial { layer: String },
    #[error("The model has {known} classes; class number {class} is not among them.")]
    NoSuchClass { class: usize, known: usize },
    #[error("The score does not depend on the layer {layer:?}: no gradient arrives there.")]
    NoGradient { layer: String },
    #[error(
        "{method} at the layer {layer:?} gave numbers that are not finite for class number {class}. \
         The map is withheld; choose another method or layer."
    )]
    NotFinite { method: &'static str, layer: String, class: usize },
    #[error("The network could not be run for the heat map: {0}")]
    Network(#[from] candle_core::Error),
}
