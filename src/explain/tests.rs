//! The methods against the packages that define them ([`parity`]) and at their limits.

mod limits;
#[path = "../../tests/common/narrow.rs"]
mod narrow;
mod parity;
mod repeatable;
mod stopping;
mod subjects;
mod table;
mod transformers;

use candle_core::{Device, Tensor};

use super::{Attribution, ExplainError, Method, MethodSettings, Scene, Scoring, Step, Subject, Watch, explain};
use crate::imaging::Plane;
use crate::model::background::Background;
use crate::model::manifest::{Head, Input, Normalization, Resize};
use crate::network::architecture::Architecture;
use crate::network::{Mode, Network};

/// A network that has seen a picture.
struct Seen {
    network: Network,
    input: Tensor,
    logits: Vec<f32>,
    scoring: Scoring,
    black: Vec<f32>,
    background: Option<Background>,
}

impl Seen {
    /// Black is −1 in every channel; the background are two pictures of noise.
    fn new(network: Network, input: Tensor) -> Self {
        let logits = network.forward(&input, Mode::Inference).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let (_, channels, height, width) = input.dims4().unwrap();
        let noise = |name: &str| narrow::unit(name, width * height).into_iter().map(|u| u as f32).collect();
        let pictures = ["first", "second"].map(|name| (Plane { width, height, values: noise(name) }, 1.0));
        let background = Background::new("noise".into(), input_of(channels, width, height), &pictures).unwrap();
        let scoring = Scoring::of_classes();
        Self { network, input, logits, scoring, black: vec![-1.0], background: Some(background) }
    }

    fn ask<T>(&self, ask: impl FnOnce(&Scene<'_>) -> T) -> T {
        let outputs = |stage: usize| -> candle_core::Result<Option<Tensor>> {
            if !self.network.stages[stage].is_spatial() {
                return Ok(None);
            }
            self.network.forward_range(0..stage + 1, &self.input, Mode::Inference).map(Some)
        };
        ask(&Scene {
            network: &self.network,
            scoring: &self.scoring,
            input: &self.input,
            logits: &self.logits,
            black: &self.black,
            background: self.background.as_ref(),
            regions: None,
            outputs: &outputs,
        })
    }

    fn maps(&self, layer: &str, subjects: &[Subject], method: Method) -> Result<Vec<Attribution>, ExplainError> {
        self.maps_with(layer, subjects, method, &FEW)
    }

    fn maps_with(
        &self,
        layer: &str,
        subjects: &[Subject],
        method: Method,
        settings: &MethodSettings,
    ) -> Result<Vec<Attribution>, ExplainError> {
        let stage = self.network.stage(layer).unwrap();
        self.ask(|scene| explain(scene, stage, subjects, method, settings, &mut Watch::new(&mut |_: Step| true)))
    }
}

/// Little work.
const FEW: MethodSettings = MethodSettings { seed: 7, evaluations: Some(12), superpixels: 5, patches: 3 };

/// What a network takes whose channels are the same picture.
fn input_of(channels: usize, width: usize, height: usize) -> Input {
    Input {
        width,
        height,
        channels,
        resize: Resize::Squash,
        crop: 1.0,
        smoothing: 0.0,
        normalization: Normalization::Fixed,
        value_range: [0.0, 1.0],
        mean: Vec::new(),
        sd: Vec::new(),
    }
}

/// The architecture of a narrow network.
fn architecture(name: &str) -> Architecture {
    narrow::narrow().into_iter().chain(narrow::transformers()).find(|(known, _)| *known == name).unwrap().1
}

/// The methods that a network has at a stage with something linear or not behind it.
fn offered(seen: &Seen) -> impl Iterator<Item = Method> {
    let attends = seen.network.has_class_attention();
    // Behind the stages of a transformer there is never one linear layer alone.
    Method::ALL
        .into_iter()
        .filter(move |method| if attends { *method != Method::Cam } else { !method.needs_class_attention() })
}

/// A narrow network that has seen a square picture of noise.
fn seen(name: &str, channels: usize, side: usize) -> Seen {
    let architecture = architecture(name);
    let weights = narrow::weights(&architecture, channels, narrow::CLASSES);
    let network = architecture.folded(channels, narrow::CLASSES, &weights, &Device::Cpu).unwrap();
    Seen::new(network, narrow::plain("picture", &[1, channels, side, side]))
}

/// The same with classes 0 and 1 in a group.
fn grouped(head: Head) -> Seen {
    Seen { scoring: Scoring { head, groups: vec![vec![0, 1], vec![2]] }, ..seen("custom-cnn", 1, 32) }
}

fn peak(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |top: f32, v| top.max(v.abs()))
}

/// The largest difference between two maps.
fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
