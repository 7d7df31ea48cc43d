//! `CONFIG.toml`: everything that decides a training run, and what is copied through into the manifest.
//!
//! Data folders are relative to the data root given on the command line (or to the configuration's own folder),
//! so that a configuration names no machine. Unknown keys are refused: a misspelt option must not be ignored.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Error, Result, produce};
use crate::limits;
use crate::network::manifest::{Architecture, Group, Head, Input, Label, Suggestion};

/// A training run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the model that is made.
    pub name: String,
    pub version: String,
    pub description: String,
    pub licence: String,
    /// Decides the split, the first weights, the order, the augmentation and the dropout masks.
    #[serde(default)]
    pub seed: u64,
    pub data: Data,
    pub optimization: Optimization,
    /// Progressive resizing: phases run one after the other, the last one decides the model.
    #[serde(rename = "phase")]
    pub phases: Vec<Phase>,
    #[serde(default)]
    pub augment: Augment,
    #[serde(default)]
    pub thresholds: Thresholds,
    pub architecture: Architecture,
    pub head: Head,
    pub input: Input,
    pub target_layer: String,
    pub labels: Vec<Label>,
    #[serde(default)]
    pub groups: Vec<Group>,
    pub provenance: Provenance,
    #[serde(default)]
    pub suggestions: Vec<Suggestion>,
    #[serde(default)]
    pub limits: Vec<String>,
}

/// Where images lie, how they are labelled and whose they are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Folders that hold one folder a class.
    pub folders: Vec<PathBuf>,
    /// Rules by file name; the first that fits wins over the folder's name.
    #[serde(default, rename = "label_rule")]
    pub label_rules: Vec<LabelRule>,
    /// Regular expressions on the file name; the first group of the first that fits names the patient.
    /// A file that none fits is a patient of its own.
    #[serde(default)]
    pub patient: Vec<String>,
    /// Share of the patients of each class that is kept for validation.
    #[serde(default = "eighth")]
    pub validation: f64,
    /// Which share: 0 is the first, 1 the next … for folds.
    #[serde(default)]
    pub fold: usize,
}

fn eighth() -> f64 {
    0.125
}

/// A file whose name contains a piece of text has a label.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelRule {
    pub contains: String,
    pub label: String,
}

/// Some epochs at one image size.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    pub epochs: usize,
    pub size: usize,
}

/// How the learning rate runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    Cosine,
    OneCycle,
}

/// How classes of different size are weighed in the loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    None,
    /// In inverse proportion to the number of images.
    Inverse,
    /// In inverse proportion to its square root.
    InverseRoot,
}

/// What makes an epoch the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Criterion {
    /// The lowest cross entropy on validation.
    Loss,
    /// The highest mean AUROC of labels and groups on validation.
    Auroc,
    /// The last epoch, whatever validation says: for schedules that end at a learning rate of nought.
    Last,
}

/// Optimizer, schedule and what surrounds them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optimization {
    pub batch: usize,
    pub learning_rate: f64,
    pub schedule: ScheduleKind,
    /// Epochs of linear warm-up (cosine), or share of the cycle that rises × epochs (one-cycle).
    #[serde(default)]
    pub warmup_epochs: f64,
    /// The schedule ends at this share of the learning rate.
    #[serde(default)]
    pub final_share: f64,
    #[serde(default)]
    pub weight_decay: f64,
    #[serde(default)]
    pub label_smoothing: f64,
    pub class_weights: ClassWeights,
    /// Gradients are scaled down to this global norm; 0 leaves them.
    #[serde(default)]
    pub clip_norm: f64,
    /// Decay of the running average of the weights, per step; 0 uses the weights themselves.
    #[serde(default)]
    pub average_decay: f64,
    /// Batches of plain training images that set the statistics of batch norm before each validation; 0 keeps those
    /// of the augmented images. See [`super::validation::settle_norms`].
    #[serde(default)]
    pub norm_batches: usize,
    /// Epochs of the last phase without a better one before the run ends; 0 runs to the end.
    #[serde(default)]
    pub patience: usize,
    pub criterion: Criterion,
    #[serde(default = "two")]
    pub loader_threads: usize,
    /// Weights to start from: tensors of the same name and shape are taken, relative to the configuration.
    #[serde(default)]
    pub start_from: Option<PathBuf>,
}

fn two() -> usize {
    2
}

/// Strength of each random change; 0 (the default) leaves it out. See [`super::augment`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
    /// Probability that an image keeps its grey values, sharpness and all its parts: only its place changes.
    pub untouched: f32,
    /// Probability of a left-right mirror image.
    pub flip: f32,
    /// Largest rotation, degrees.
    pub rotation: f32,
    /// Largest shift, share of the side.
    pub shift: f32,
    /// Largest change of scale, natural logarithm (0.2 is ± 22 %).
    pub zoom: f32,
    /// Largest change of the aspect ratio, natural logarithm.
    pub aspect: f32,
    /// Largest shear, degrees.
    pub shear: f32,
    /// Largest shift of all grey values, share of the range.
    pub brightness: f32,
    /// Largest change of contrast, natural logarithm.
    pub contrast: f32,
    /// Largest change of gamma, natural logarithm.
    pub gamma: f32,
    /// Strength of a random monotone tone curve, natural logarithm of its slopes.
    pub tone: f32,
    /// Largest standard deviation of added noise, share of the range.
    pub noise: f32,
    /// Probability of a change of sharpness (blur, sharpening or down- and up-sampling).
    pub sharpness: f32,
    /// Largest standard deviation of the blur, pixels at 224.
    pub blur: f32,
    /// Smallest share of the size in down- and up-sampling.
    pub downsample: f32,
    /// Probability of cut-out.
    pub cutout: f32,
    /// Largest side of a cut-out rectangle, share of the image's side.
    pub cutout_side: f32,
    /// Probability that a batch is mixed up.
    pub mixup: f32,
    /// Parameter of the beta distribution of the shares.
    pub mixup_alpha: f32,
}

/// How operating thresholds are chosen on validation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Groups: the score at which this sensitivity is reached.
    pub group_sensitivity: f64,
    /// Labels: Youden's point instead of the thresholds given with the labels.
    pub youden: bool,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { group_sensitivity: 0.96, youden: true }
    }
}

/// What the manifest says about the data.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    pub data: String,
    pub population: String,
}

impl Config {
    /// Reads and checks a configuration.
    pub fn read(path: &Path) -> Result<Self> {
        let size = std::fs::metadata(path).map_err(|source| Error::Read { path: path.into(), source })?.len();
        let refuse = |reason: String| Error::Config { path: path.into(), reason };
        if size > limits::MANIFEST_BYTES {
            return Err(refuse(format!("it has {size} bytes, which is no configuration")));
        }
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.into(), source })?;
        let config: Self = toml::from_str(&text).map_err(|e| refuse(e.to_string().trim_end().to_owned()))?;
        config.check().and_then(|()| produce::rehearse(&config)).map_err(refuse)?;
        Ok(config)
    }

    /// Epochs of all phases.
    pub fn epochs(&self) -> usize {
        self.phases.iter().map(|p| p.epochs).sum()
    }

    /// Image size of `epoch` (from 0); the last phase's size after the end.
    pub fn size_at(&self, epoch: usize) -> usize {
        let mut end = 0;
        for phase in &self.phases {
            end += phase.epochs;
            if epoch < end {
                return phase.size;
            }
        }
        self.phases.last().map_or(self.input.width, |p| p.size)
    }

    /// First epoch of the last phase: only from there on is an epoch a candidate for the model.
    pub fn last_phase(&self) -> usize {
        self.epochs() - self.phases.last().map_or(0, |p| p.epochs)
    }

    /// Number of the label called `name`.
    pub fn label_index(&self, name: &str) -> Option<usize> {
        self.labels.iter().position(|l| l.name == name)
    }

    fn check(&self) -> std::result::Result<(), String> {
        let o = &self.optimization;
        let within = |name: &str, value: f64, low: f64, high: f64| {
            if value.is_finite() && (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(format!("`{name}` is {value}, but must lie between {low} and {high}"))
            }
        };
        if self.head != Head::Softmax {
            return Err("`head` must be \"softmax\": training of independent findings is not there yet".into());
        }
        if self.labels.len() < 2 {
            return Err("it needs at least two labels".into());
        }
        for (i, label) in self.labels.iter().enumerate() {
            if self.labels[..i].iter().any(|l| same_name(&l.name, &label.name)) {
                return Err(format!("the label \"{}\" is there twice", label.name));
            }
        }
        for rule in &self.data.label_rules {
            if self.label_index(&rule.label).is_none() {
                return Err(format!("a label rule names \"{}\", which is none of the labels", rule.label));
            }
        }
        for group in &self.groups {
            if let Some(member) = group.members.iter().find(|m| self.label_index(m).is_none()) {
                return Err(format!("the group \"{}\" names \"{member}\", which is none of the labels", group.name));
            }
        }
        for suggestion in &self.suggestions {
            let known = self.label_index(&suggestion.target).is_some()
                || self.groups.iter().any(|g| g.name == suggestion.target);
            if !known {
                return Err(format!("a suggestion names \"{}\", which is no label and no group", suggestion.target));
            }
        }
        for pattern in &self.data.patient {
            let regex = regex::Regex::new(pattern).map_err(|e| format!("a patient pattern does not parse: {e}"))?;
            if regex.captures_len() < 2 {
                return Err(format!("the patient pattern `{pattern}` has no group in brackets that names the patient"));
            }
        }
        if self.phases.iter().all(|p| p.epochs == 0) {
            return Err("it needs at least one `[[phase]]` with epochs".into());
        }
        if let Some(phase) = self.phases.iter().find(|p| !(16..=2048).contains(&p.size)) {
            return Err(format!("a phase has the image size {}, but it must lie between 16 and 2048", phase.size));
        }
        if self.input.width != self.input.height {
            return Err("the input must be square".into());
        }
        if self.input.channels != 1 {
            return Err("the input must have one channel".into());
        }
        if o.batch < 2 {
            return Err("`batch` must be at least 2, for batch norm needs a spread".into());
        }
        within("learning_rate", o.learning_rate, 1e-9, 10.0)?;
        within("weight_decay", o.weight_decay, 0.0, 10.0)?;
        within("label_smoothing", o.label_smoothing, 0.0, 0.9)?;
        within("average_decay", o.average_decay, 0.0, 0.999_999)?;
        within("final_share", o.final_share, 0.0, 1.0)?;
        within("warmup_epochs", o.warmup_epochs, 0.0, self.epochs() as f64)?;
        within("validation", self.data.validation, 0.01, 0.9)?;
        within("fold", self.data.fold as f64, 0.0, (1.0 / self.data.validation).round() - 1.0)?;
        within("group_sensitivity", self.thresholds.group_sensitivity, 0.5, 1.0)?;
        within("dropout", f64::from(self.architecture.dropout), 0.0, 0.9)?;
        within("loader_threads", o.loader_threads as f64, 1.0, 64.0)?;
        let a = &self.augment;
        for (name, value, high) in [
            ("untouched", a.untouched, 1.0),
            ("flip", a.flip, 1.0),
            ("rotation", a.rotation, 180.0),
            ("shift", a.shift, 0.5),
            ("zoom", a.zoom, 1.5),
            ("aspect", a.aspect, 1.5),
            ("shear", a.shear, 45.0),
            ("brightness", a.brightness, 1.0),
            ("contrast", a.contrast, 2.0),
            ("gamma", a.gamma, 2.0),
            ("tone", a.tone, 3.0),
            ("noise", a.noise, 1.0),
            ("sharpness", a.sharpness, 1.0),
            ("blur", a.blur, 10.0),
            ("downsample", a.downsample, 1.0),
            ("cutout", a.cutout, 1.0),
            ("cutout_side", a.cutout_side, 0.9),
            ("mixup", a.mixup, 1.0),
            ("mixup_alpha", a.mixup_alpha, 10.0),
        ] {
            within(&format!("augment.{name}"), f64::from(value), 0.0, high)?;
        }
        Ok(())
    }
}

/// True when two names differ in nothing but case, blanks and punctuation.
pub fn same_name(a: &str, b: &str) -> bool {
    let letters = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    letters(a) == letters(b)
}
