//! What the methods start from: an image that a network has seen, and what is asked of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::subject::{Scoring, Subject};
use super::superpixels::Superpixels;
use super::{Attribution, ExplainError, Method};
use crate::model::background::Background;
use crate::network::{Mode, Network};

/// An image that a network has seen.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub network: &'a Network,
    pub scoring: &'a Scoring,
    /// The network's input, `(1, C, H, W)`.
    pub input: &'a Tensor,
    /// Of the same forward pass, one a class.
    pub logits: &'a [f32],
    /// What black becomes in the network's input, one value a channel.
    pub black: &'a [f32],
    pub background: Option<&'a Background>,
    /// What Shapley values are given to in the place of superpixels and pixels.
    pub regions: Option<&'a Arc<Superpixels>>,
    /// Outputs of the stages of that pass, as [`Network::forward_range`] hands them out; `None` where
    /// none was kept.
    pub outputs: &'a dyn Fn(usize) -> candle_core::Result<Option<Tensor>>,
}

/// How much work the sampling methods do, and by which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MethodSettings {
    pub seed: u64,
    /// Runs of the network by methods that can do with any number of them (`SmoothGrad`, integrated
    /// gradients, Gradient SHAP, Kernel SHAP, RISE); `None` means the method's own.
    pub evaluations: Option<usize>,
    /// Superpixels of Kernel SHAP.
    pub superpixels: usize,
    /// Side of the occluding patch as a part of the image's shorter side: 7 means a seventh. It
    /// moves by half of itself.
    pub patches: usize,
}

impl Default for MethodSettings {
    fn default() -> Self {
        Self { seed: 7, evaluations: None, superpixels: 50, patches: 7 }
    }
}

/// How far a method is.
pub struct Step {
    pub method: Method,
    pub done: usize,
    pub of: usize,
    /// Maps of what is known so far, where a method refines them; empty otherwise.
    pub maps: Vec<Attribution>,
}

/// Hears of every step and says whether to go on.
pub struct Watch<'a> {
    heard: &'a mut dyn FnMut(Step) -> bool,
    shown: Instant,
}

/// Unfinished maps are made no more often than this.
const REFINE: Duration = Duration::from_millis(250);

impl<'a> Watch<'a> {
    /// `heard` is called after every batch, several times a second; false stops the method.
    pub fn new(heard: &'a mut dyn FnMut(Step) -> bool) -> Self {
        Self { heard, shown: Instant::now() }
    }

    /// Tells of a step.
    ///
    /// # Errors
    /// [`ExplainError::Stopped`] when nobody wants more.
    pub fn step(
        &mut self,
        method: Method,
        done: usize,
        of: usize,
        maps: impl FnOnce() -> Result<Vec<Attribution>, ExplainError>,
    ) -> Result<(), ExplainError> {
        let due = done < of && self.shown.elapsed() >= REFINE;
        let maps = if due { maps()? } else { Vec::new() };
        if due {
            self.shown = Instant::now();
        }
        if (self.heard)(Step { method, done, of, maps }) { Ok(()) } else { Err(ExplainError::Stopped) }
    }

    /// A step without a map.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn tick(&mut self, method: Method, done: usize, of: usize) -> Result<(), ExplainError> {
        self.step(method, done, of, || Ok(Vec::new()))
    }
}

impl Scene<'_> {
    /// `(C, H, W)` of the input.
    pub(super) fn shape(&self) -> Result<(usize, usize, usize), ExplainError> {
        let (_, channels, height, width) = self.input.dims4()?;
        Ok((channels, height, width))
    }

    /// The values of the input, channel by channel.
    pub(super) fn pixels(&self) -> Result<Vec<f32>, ExplainError> {
        Ok(self.input.flatten_all()?.to_vec1()?)
    }

    /// An image of black, as large as the input.
    pub(super) fn blackness(&self) -> Result<Vec<f32>, ExplainError> {
        let (channels, height, width) = self.shape()?;
        let of = |c: usize| self.black.get(c).or(self.black.first()).copied().unwrap_or(0.0);
        Ok((0..channels).flat_map(|c| std::iter::repeat_n(of(c), height * width)).collect())
    }

    /// Rows of the input's size as a batch.
    pub(super) fn batch(&self, rows: Vec<f32>) -> Result<Tensor, ExplainError> {
        let (channels, height, width) = self.shape()?;
        let count = rows.len() / (channels * height * width).max(1);
        Ok(Tensor::from_vec(rows, (count, channels, height, width), self.input.device())?)
    }

    pub(super) fn score(&self, subject: Subject) -> f32 {
        self.scoring.score(subject, self.logits) as f32
    }

    /// The background, or why there is none that could be used.
    pub(super) fn background(&self, method: Method) -> Result<&Background, ExplainError> {
        let background = self.background.ok_or(ExplainError::NoBackground { method: method.name() })?;
        let (channels, height, width) = self.shape()?;
        let (found_channels, found_height, found_width) = background.shape();
        if (found_channels, found_height, found_width) != (channels, height, width) {
            return Err(ExplainError::BackgroundShape {
                found: [found_channels, found_width, found_height],
                needed: [channels, width, height],
            });
        }
        Ok(background)
    }
}

/// Runs the network on altered images, in batches that last about as long as it takes to hear a
/// request to stop.
pub(super) struct Trials<'a> {
    scene: &'a Scene<'a>,
    /// Seconds that one image took.
    pace: Option<f64>,
    /// Images so far.
    pub evaluations: usize,
}

/// Seconds that a batch may last.
const PATIENCE: f64 = 0.12;
/// Most images of a batch: more are no faster, and each needs memory.
const MOST: usize = 16;

impl<'a> Trials<'a> {
    pub(super) fn new(scene: &'a Scene<'a>) -> Self {
        Self { scene, pace: None, evaluations: 0 }
    }

    /// Images that the next batch should have.
    pub(super) fn batch(&self) -> usize {
        // The first tells how long one takes.
        self.pace.map_or(1, |pace| ((PATIENCE / pace) as usize).clamp(1, MOST))
    }

    /// Logits of images of the input's size, laid one behind the other.
    pub(super) fn run(&mut self, rows: Vec<f32>) -> Result<Vec<Vec<f32>>, ExplainError> {
        let started = Instant::now();
        let x = self.scene.batch(rows)?;
        let logits = self.scene.network.forward(&x, Mode::Inference)?.to_vec2::<f32>()?;
        if logits.iter().flatten().any(|l| !l.is_finite()) {
            return Err(ExplainError::ScoreNotFinite);
        }
        self.evaluations += logits.len();
        let pace = started.elapsed().as_secs_f64() / logits.len().max(1) as f64;
        self.pace = Some(self.pace.map_or(pace, |known| known.min(pace)));
        Ok(logits)
    }
}
