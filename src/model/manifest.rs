//! The manifest: the contract between a model and the program.
//!
//! Every field is checked when it is read, and what does not fit is said in a sentence.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::fits::Fits;
use super::fits::FitsError;
use super::population::{Population, PopulationError};
use super::source::Source;
use crate::network::architecture::{Architecture, ArchitectureError};
use crate::network::target_layer::Places;
use crate::printable::shortened;

/// What is wrong with a manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("{}", shortened(&.0.to_string()))]
    Syntax(#[from] toml::de::Error),
    #[error("{}", shortened(.0))]
    Field(String),
    #[error(transparent)]
    Fits(#[from] FitsError),
    #[error(transparent)]
    Population(#[from] PopulationError),
    #[error("it cannot be written as TOML: {0}")]
    Write(#[from] toml::ser::Error),
}

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
    /// The input gate, when the model folder holds one (`gate.safetensors`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateSpec>,
    /// The studies that it is meant for; without it, the gate alone decides whether an image suits
    /// the model.
    #[serde(default, skip_serializing_if = "Fits::is_empty")]
    pub fits: Fits,
    /// The patients and images that it was measured on; outside of them, states are withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<Population>,
    pub training: Training,
    /// Where somebody else's weights were published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    #[serde(default)]
    pub metrics: Vec<Metric>,
    #[serde(default)]
    pub suggestions: Vec<Suggestion>,
    /// Sentences on what it cannot know or was never validated for.
    #[serde(default)]
    pub limits: Vec<String>,
    /// The target layer that the file names, where its maps cannot say where and another took its
    /// place.
    #[serde(skip)]
    pub named_target: Option<String>,
}

fn one() -> f32 {
    1.0
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
    /// Share of the shorter side that `resize = "center-crop"` keeps; 0.875 is torchvision's "256,
    /// then the middle 224".
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub crop: f32,
    /// Standard deviation of a Gaussian blur before normalisation, pixels of the input: it takes away
    /// detail that the training images had lost to compression, and that others still have.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub smoothing: f32,
    pub normalization: Normalization,
    /// What black and white become before mean and deviation, for `normalization = "fixed"`.
    #[serde(default = "unit", skip_serializing_if = "is_unit")]
    pub value_range: [f32; 2],
    /// Mean and standard deviation for `normalization = "fixed"`, within `value_range`; one, or one
    /// a channel.
    #[serde(default)]
    pub mean: Vec<f32>,
    #[serde(default)]
    pub sd: Vec<f32>,
}

impl Input {
    /// Its sides, `224×224`.
    #[must_use]
    pub fn sides(&self) -> String {
        format!("{}×{}", self.width, self.height)
    }
}

fn unit() -> [f32; 2] {
    [0.0, 1.0]
}

// serde passes references.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_one(crop: &f32) -> bool {
    *crop == 1.0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(smoothing: &f32) -> bool {
    *smoothing == 0.0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_unit(range: &[f32; 2]) -> bool {
    *range == unit()
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
    /// Ranks of the grey values (histogram equalisation), then mean 0, sd 1: no tone curve can
    /// change it.
    Equalize,
    /// The span of the stored bits scaled to `value_range`, then the given mean and sd.
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

/// The input gate that belongs to a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateSpec {
    /// SHA-256 of the gate file, lower-case hex.
    pub sha256: String,
    /// What it lets through, in words: "a frontal chest radiograph".
    pub asks: String,
    /// Whom the model was trained on, in words; older manifests have it here, and no
    /// `[population]`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub population: String,
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

impl Metric {
    /// Its name in sentences and tables: the accuracy of one label or group is that of a yes-or-no
    /// question.
    #[must_use]
    pub fn title(&self) -> &str {
        if self.name == "accuracy" { "accuracy at the threshold" } else { &self.name }
    }
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
    /// The sentence instead when the model is uncertain (interval crosses the threshold or entropy
    /// is high).
    #[serde(default)]
    pub doubtful: String,
}

fn above_one() -> f32 {
    1.01
}

impl Manifest {
    /// Reads and checks a manifest.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let mut manifest: Self = toml::from_str(text)?;
        // A target layer may be said by a name that stands for a stage.
        let stages = manifest.stages()?;
        let names: Vec<&str> = stages.iter().map(String::as_str).collect();
        if let Some(at) = crate::network::stage_called(&manifest.target_layer, &names) {
            manifest.target_layer.clone_from(&stages[at]);
        }
        manifest.check_input()?;
        if manifest.target_places()?.is_some_and(|places| !places.are_a_map()) {
            let Input { width, height, .. } = manifest.input;
            let other = manifest.architecture.default_target(width, height).map_err(|error| said(&error))?;
            manifest.named_target = Some(std::mem::replace(&mut manifest.target_layer, other));
        }
        manifest.check()?;
        Ok(manifest)
    }

    /// Where maps are taken from instead of the layer that the file names, if that is so.
    pub fn other_target(&self) -> Option<String> {
        self.named_target.as_ref().map(|named| {
            format!(
                "Maps are taken from the layer “{}”: those of “{named}”, which the model names, have one place across or down and cannot say \
                 where.",
                self.target_layer
            )
        })
    }

    /// Places that the maps of the target layer tell apart; `None` where it has no map.
    fn target_places(&self) -> Result<Option<Places>, ManifestError> {
        let places = self.architecture.places(self.input.width, self.input.height).map_err(|error| said(&error))?;
        Ok(places.into_iter().find(|(name, _)| *name == self.target_layer).map(|(_, places)| places))
    }

    /// The manifest as TOML text.
    pub fn to_toml(&self) -> Result<String, ManifestError> {
        self.check()?;
        Ok(toml::to_string_pretty(self)?)
    }

    /// Members of a group as indices into `labels`.
    pub fn members(&self, group: &Group) -> Vec<usize> {
        group.members.iter().filter_map(|m| self.labels.iter().position(|l| l.name == *m)).collect()
    }

    /// The same of every group. A file of a megabyte may name tens of thousands of labels and of members, so
    /// each name is looked up, and not looked for.
    pub fn all_members(&self) -> Vec<Vec<usize>> {
        let places: HashMap<&str, usize> = self.labels.iter().map(|l| l.name.as_str()).zip(0..).collect();
        let of = |group: &Group| group.members.iter().filter_map(|m| places.get(m.as_str()).copied()).collect();
        self.groups.iter().map(of).collect()
    }

    /// Names of the stages that a heat map can be taken from.
    fn stages(&self) -> Result<Vec<String>, ManifestError> {
        let stages = self.architecture.stages().map_err(|error| said(&error))?;
        Ok(stages.into_iter().filter_map(|(name, spatial)| spatial.then_some(name)).collect())
    }

    /// Whether all of it can be meant.
    pub fn check(&self) -> Result<(), ManifestError> {
        let stages = self.stages()?;
        self.check_input()?;
        if let Err(error) = self.architecture.check_size(self.input.width, self.input.height) {
            return wrong(error.to_string());
        }
        self.check_labels()?;
        self.fits.check()?;
        self.population.as_ref().map_or(Ok(()), Population::check)?;
        if !stages.contains(&self.target_layer) {
            return wrong(format!("target_layer is “{}”; this network has {}", self.target_layer, stages.join(", ")));
        }
        if let Some(places) = self.target_places()?.filter(|places| !places.are_a_map()) {
            return wrong(format!(
                "target_layer is “{}”, whose maps are {places} for an input of {} × {} and cannot say where; leave it out, or name a layer \
                 before it",
                self.target_layer, self.input.width, self.input.height
            ));
        }
        if !(self.temperature.is_finite() && self.temperature > 0.0) {
            return wrong(format!("temperature is {}; it must be above 0", self.temperature));
        }
        if self.weights_sha256.len() != 64 || !self.weights_sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
            return wrong("weights_sha256 must be 64 hexadecimal digits".into());
        }
        let targets: HashSet<&str> =
            self.labels.iter().map(|l| l.name.as_str()).chain(self.groups.iter().map(|g| g.name.as_str())).collect();
        for rule in &self.suggestions {
            if !targets.contains(rule.target.as_str()) {
                return wrong(format!("a suggestion speaks of “{}”, which is no label or group", rule.target));
            }
        }
        for metric in &self.metrics {
            if !targets.contains(metric.target.as_str()) {
                return wrong(format!("a metric speaks of “{}”, which is no label or group", metric.target));
            }
        }
        Ok(())
    }

    fn check_input(&self) -> Result<(), ManifestError> {
        let i = &self.input;
        if let Some(graph) = &self.architecture.graph {
            let [channels, rows, columns] = graph.input;
            if [channels, rows, columns] != [i.channels, i.height, i.width] {
                return wrong(format!(
                    "architecture.graph takes images of {columns} × {rows} with {channels} channels, and input says {} × {} with {}",
                    i.width, i.height, i.channels
                ));
            }
            if graph.outputs() != self.labels.len() {
                return wrong(format!(
                    "architecture.graph gives {} scores for {} labels",
                    graph.outputs(),
                    self.labels.len()
                ));
            }
        }
        if !(32..=2048).contains(&i.width) || !(32..=2048).contains(&i.height) {
            return wrong(format!("input is {}×{}; each side must lie in 32–2048", i.width, i.height));
        }
        if i.channels != 1 && i.channels != 3 {
            return wrong(format!("input.channels is {}; it must be 1 or 3", i.channels));
        }
        if i.normalization == Normalization::Fixed {
            let fits = |values: &[f32]| {
                (values.len() == 1 || values.len() == i.channels) && values.iter().all(|v| v.is_finite())
            };
            if !fits(&i.mean) || !fits(&i.sd) || i.sd.iter().any(|sd| *sd <= 0.0) {
                return wrong(
                    "input.normalization = \"fixed\" needs one mean and one sd above 0, or one for each channel".into(),
                );
            }
            let [low, high] = i.value_range;
            if !(low.is_finite() && high.is_finite() && low < high) {
                return wrong(format!("input.value_range is {low} to {high}; it must rise"));
            }
        }
        if !(0.1..=1.0).contains(&i.crop) || (i.crop != 1.0 && i.resize != Resize::CenterCrop) {
            return wrong(format!(
                "input.crop is {}; it must lie in 0.1–1 and belongs to resize = \"center-crop\"",
                i.crop
            ));
        }
        if !(0.0..=8.0).contains(&i.smoothing) {
            return wrong(format!("input.smoothing is {}; it must lie in 0–8 pixels", i.smoothing));
        }
        Ok(())
    }

    fn check_labels(&self) -> Result<(), ManifestError> {
        if self.labels.len() < 2 && self.head == Head::Softmax {
            return wrong("a softmax head needs at least two labels".into());
        }
        if self.labels.is_empty() {
            return wrong("there are no labels".into());
        }
        let mut names = HashSet::new();
        let thresholds = self.labels.iter().map(|l| (&l.name, l.threshold));
        for (name, threshold) in thresholds.chain(self.groups.iter().map(|g| (&g.name, g.threshold))) {
            if name.trim().is_empty() || !names.insert(name.as_str()) {
                return wrong(format!("the label or group “{name}” is empty or stands twice"));
            }
            if !(0.0..=1.0).contains(&threshold) {
                return wrong(format!("the threshold of “{name}” is {threshold}; it must lie in 0–1"));
            }
        }
        for (group, known) in self.groups.iter().zip(self.all_members()) {
            if group.members.is_empty() || known.len() != group.members.len() {
                return wrong(format!(
                    "the group “{}” has no members, or names a label that does not exist",
                    group.name
                ));
            }
        }
        Ok(())
    }
}

fn said(error: &ArchitectureError) -> ManifestError {
    ManifestError::Field(error.to_string())
}

fn wrong(sentence: String) -> Result<(), ManifestError> {
    Err(ManifestError::Field(sentence))
}
