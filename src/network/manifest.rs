//! The manifest: the contract between a model and the program.
//!
//! Every field is checked when it is read, and what does not fit is said in a sentence.

use serde::{Deserialize, Serialize};

/// `manifest.toml` of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name on the command line, for example `chest-xray`.
    pub name: String,
    pub version: String,
    /// One sentence: what it tells apart, in what kind of image.
    pub description: String,
    pub licence: String,
    pub architecture: Architecture,
    pub head: Head,
    pub input: Input,
    pub labels: Vec<Label>,
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Stage that heat maps are taken from by default.
    pub target_layer: String,
    /// Logits are divided by it before the head; 1 when not calibrated.
    #[serde(default = "one")]
    pub temperature: f32,
    /// SHA-256 of the weights file, lower-case hex.
    pub weights_sha256: String,
    pub training: Training,
    #[serde(default)]
    pub metrics: Vec<Metric>,
    #[serde(default)]
    pub suggestions: Vec<Suggestion>,
    /// Sentences on what it cannot know or was never validated for.
    #[serde(default)]
    pub limits: Vec<String>,
}

fn one() -> f32 {
    1.0
}

/// The shape of the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// `compact-resnet`.
    pub family: String,
    /// Channels of the stem and of each stage.
    pub widths: Vec<usize>,
    /// Residual blocks of each stage.
    pub blocks: Vec<usize>,
    /// Stride of each stage.
    pub strides: Vec<usize>,
    /// Dropout rate before the head.
    pub dropout: f32,
}

/// How logits become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Head {
    /// Exclusive classes.
    Softmax,
    /// Independent findings.
    Sigmoid,
}

/// What the network expects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    pub resize: Resize,
    pub normalization: Normalization,
    /// Mean and standard deviation for `normalization = "fixed"`, in the 0–1 range.
    #[serde(default)]
    pub mean: Vec<f32>,
    #[serde(default)]
    pub sd: Vec<f32>,
}

/// How an image of any aspect ratio becomes the input's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resize {
    /// Both sides are scaled on their own (area average down, bilinear up).
    Squash,
    /// The aspect ratio is kept, the rest is black.
    Letterbox,
    /// The middle square is cut out.
    CenterCrop,
}

/// How grey values become network input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalization {
    /// Mean 0, standard deviation 1 of each image, after its tails are cut at 0.5 %.
    PerImage,
    /// Ranks of the grey values (histogram equalisation), then mean 0, sd 1: no tone curve can change it.
    Equalize,
    /// Scaled to 0–1 by the value range, then the given mean and sd.
    Fixed,
}

/// A class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    pub name: String,
    /// Folder names that mean this class.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Operating threshold on the probability.
    #[serde(default = "half")]
    pub threshold: f32,
    /// One or two sentences on what the class is.
    #[serde(default)]
    pub description: String,
}

/// Classes read as one finding; the probability is the sum (softmax) of the members'.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub name: String,
    pub members: Vec<String>,
    #[serde(default)]
    pub aliases: Vec<String>,
    #[serde(default = "half")]
    pub threshold: f32,
}

fn half() -> f32 {
    0.5
}

/// Where the model comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Data sets with their licence and attribution.
    pub data: String,
    /// Who was imaged: age, view, place.
    pub population: String,
    pub images: usize,
    pub date: String,
}

/// A measured figure with its interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Label or group.
    pub target: String,
    /// `auroc`, `accuracy` …
    pub name: String,
    pub value: f32,
    pub low: f32,
    pub high: f32,
    /// On what: "validation, 520 patients".
    pub on: String,
}

/// A rule that turns a finding into words for the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suggestion {
    /// Label or group.
    pub target: String,
    /// Applies when the mean probability is at least this …
    #[serde(default)]
    pub at_least: f32,
    /// … and below this.
    #[serde(default = "above_one")]
    pub below: f32,
    /// The sentence; hedged, never an instruction to treat.
    pub text: String,
    /// The sentence instead when the model is in doubt (interval crosses the threshold or entropy is high).
    #[serde(default)]
    pub doubtful: String,
}

fn above_one() -> f32 {
    1.01
}
