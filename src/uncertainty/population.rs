//! The population that a model was measured on, and whether an image belongs to it.
//!
//! Scores, thresholds and conformal states were measured on images of certain patients. What is said of them says nothing of
//! others: of an adult, a model that learnt from children may be sure and wrong. So the population is data of the manifest
//! (`[population]`), and a verdict on each image says whether it belongs: by the age that the file states, and by the distance of
//! the image's features from those of the images that the model learnt from. Outside, states are withheld; scores and maps
//! stay visible, marked.

use serde::{Deserialize, Serialize};

/// `[population]` of a manifest: the patients and images that a model was measured on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// Whom it was measured on, for sentences: "children of 1 to 5 years".
    pub patients: String,
    /// Ages in years, first and last included; `None` where the set does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ages: Option<[f32; 2]>,
    /// Values of View Position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<String>,
    /// Values of Modality.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modalities: Vec<String>,
    /// Where the images come from, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

/// Whether one image belongs to the population.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PopulationVerdict {
    /// True unless something speaks against it.
    pub inside: bool,
    /// Why it is outside, one sentence for the reader; empty inside.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What must hold for the states to hold, where it cannot be known: "the patient is 1–5 years old".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Distance from the population in the detector's features; `None` without a detector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<f32>,
    /// Distances above it are outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
}
