//! A training of seconds, for tests of what trains: images whose bright side a network of a few
//! hundred weights can tell.

use std::path::Path;

use candle_core::Device;
use pellucid::training::Result;
use pellucid::training::config::Config;
use pellucid::training::data::dataset::Dataset;
use pellucid::training::data::pixels::Pixels;
use pellucid::training::data::sample::Sample;
use pellucid::training::data::truth;
use pellucid::training::run::control::Control;
use pellucid::training::run::options::RunOptions;
use pellucid::training::run::trainer::{self, Outcome};

const RUN: &str = r#"
name = "left-right"
version = "1"
description = "Tells whether the bright side is left or right."
licence = "CC0-1.0"
seed = 3
head = "softmax"
target_layer = "stage2"

[data]
folders = ["."]
patient = ['^(p\d+)_']
validation = 0.25

[[data.label_rule]]
contains = "_r"
label = "Right"

[[phase]]
epochs = 2
size = 24

[[phase]]
epochs = 4
size = 32

[optimization]
batch = 8
learning_rate = 0.02
schedule = "cosine"
warmup_epochs = 0.5
weight_decay = 0.01
label_smoothing = 0.02
class_weights = "inverse"
clip_norm = 2.0
average_decay = 0.8
norm_batches = 2
criterion = "loss"

[augment]
rotation = 5.0
noise = 0.05
mixup = 0.3
mixup_alpha = 0.2

"#;

/// The network and its input: the last part of any configuration of a toy training, but for its
/// labels.
pub(crate) const NETWORK: &str = r#"
[architecture]
family = "compact-resnet"
widths = [4, 4, 8]
blocks = [1, 1]
strides = [1, 2]
dropout = 0.1

[input]
width = 32
height = 32
channels = 1
resize = "squash"
normalization = "per-image"

"#;

const LABELS: &str = r#"[[labels]]
name = "Left"

[[labels]]
name = "Right"

[[groups]]
name = "Rightish"
members = ["Right"]

[provenance]
data = "Made by the test."
population = "None."
"#;

/// The configuration with what `change` makes of its text, read from `folder`.
pub(crate) fn config(folder: &Path, change: &dyn Fn(String) -> String) -> Result<Config> {
    let path = folder.join("train.toml");
    std::fs::write(&path, change([RUN, NETWORK, LABELS].concat())).unwrap();
    Config::read(&path)
}

/// 24 patients with two images each; one side is brighter, under a pattern of its own.
pub(crate) fn images() -> Dataset {
    let sample = |i: usize| {
        let (patient, right) = (i / 2, i / 2 % 2 == 1);
        let grey = |p: usize| {
            let bright = (p % 32 >= 16) == right;
            (if bright { 120 } else { 70 }) + ((p * 37 + i * 101) % 61) as u8
        };
        let pixels = Pixels::of_greys(32, &(0..32 * 32).map(grey).collect::<Vec<u8>>());
        Sample {
            name: format!("p{patient}_{i}"),
            truth: truth::one_hot(usize::from(right), 2),
            patient: format!("p{patient}"),
            pixels,
            ..Sample::default()
        }
    };
    Dataset { samples: (0..48).map(sample).collect(), warnings: Vec::new() }
}

/// A run in `folder` that leaves its model there.
pub(crate) fn options(folder: &Path) -> RunOptions {
    RunOptions {
        data: folder.to_owned(),
        out: folder.join("run"),
        model: folder.join("model"),
        resume: false,
        changed: false,
        max_steps: None,
        max_epochs: None,
        limit: None,
        device: Device::Cpu,
    }
}

/// Trains on the toy images.
pub(crate) fn train(config: &Config, options: &RunOptions) -> Result<Outcome> {
    trainer::run(config, options, &images(), &|_| (), &Control::default())
}
