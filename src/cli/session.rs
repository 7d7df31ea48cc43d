//! What `predict`, `explain` and `report` share: the chosen model, and one image through it.

use std::time::Instant;

use anyhow::Context as _;

use crate::engine::analysis::analyze;
use crate::engine::{Analysis, AnalysisOptions, CancelToken};
use crate::explain::Method;
use crate::network::device::DeviceChoice;
use crate::network::{Model, registry};
use crate::study::Frame;

/// Which model, and where it runs.
#[derive(Clone, Debug, clap::Args)]
pub struct ModelArgs {
    /// Model by name (see `pellucid models list`), or a folder with manifest.toml and weights.safetensors
    #[arg(long, value_name = "NAME|DIR", default_value = registry::DEFAULT)]
    pub model: String,
    /// Processor: auto, cpu, cuda or metal
    #[arg(long, value_name = "D", default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
}

impl ModelArgs {
    /// Opens the device and loads the model on it.
    pub fn load(&self) -> anyhow::Result<Model> {
        let device = self.device.open().with_context(|| format!("the device {} cannot be used", self.device))?;
        Ok(registry::load(&self.model, &device)?)
    }
}

/// How an image is judged.
#[derive(Clone, Debug, clap::Args)]
pub struct JudgeArgs {
    /// Samples of MC dropout, 0 for none
    #[arg(long, value_name = "T", default_value_t = 100, value_parser = clap::value_parser!(u32).range(..=10_000))]
    pub samples: u32,
    /// Seed of MC dropout
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
    /// Go on although the input gate refuses the image
    #[arg(long)]
    pub force: bool,
}

impl JudgeArgs {
    /// The engine's options with these methods at these layers.
    pub fn options(&self, methods: Vec<Method>, layers: Vec<String>) -> AnalysisOptions {
        AnalysisOptions { layers, methods, samples: self.samples as usize, seed: self.seed, force: self.force }
    }
}

/// Loads the frame, analyses it, and notes how long decoding took.
pub fn judge(
    model: &Model,
    load: impl FnOnce() -> anyhow::Result<Frame>,
    options: &AnalysisOptions,
) -> anyhow::Result<(Frame, Analysis)> {
    let started = Instant::now();
    let frame = load()?;
    let decode = started.elapsed().as_secs_f64() * 1e3;
    let mut analysis = analyze(model, &frame, options, &CancelToken::default(), &mut |_| {})?;
    analysis.timing.decode = decode;
    Ok((frame, analysis))
}
