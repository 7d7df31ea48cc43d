//! Passes that are walked back: layer by layer, each leaving its way.
//!
//! candle records a graph of every operation and walks it at the end; each gradient is then added
//! to a tensor of zeros, and no activation is freed before the walk is over. A network is a chain,
//! so its pass can be a chain too: [`Layer::record`] yields the output and a closure that turns the
//! output's gradient into the input's (reverse accumulation, Linnainmaa 1976). Training walks back
//! once, to the parameters, and drops what each link kept; an explanation walks back to the input,
//! once for each thing that it explains. Layers without a way back of their own, and gradients by
//! another rule than the derivative, get one from candle's graph of that layer alone. Both are held
//! against each other and against PyTorch; `benches/training.rs` and `benches/explanations.rs` time
//! them.

use std::collections::HashMap;

use candle_core::backprop::GradStore;
use candle_core::{Tensor, TensorId, Var};

use super::nchw16c::{is_blocked, to_blocks};
use super::pool::in_pool;
use super::{Layer, Mode, Network, Result};

/// Gradients of parameters.
#[derive(Default)]
pub struct Gradients(HashMap<TensorId, Tensor>);

impl Gradients {
    /// The gradient of a parameter that took part in the pass.
    pub fn get(&self, parameter: &Tensor) -> Option<&Tensor> {
        self.0.get(&parameter.id())
    }

    /// Adds to what is known of a parameter's gradient.
    pub fn add(&mut self, parameter: TensorId, gradient: Tensor) -> Result<()> {
        let sum = match self.0.remove(&parameter) {
            Some(known) => (known + gradient)?,
            None => gradient,
        };
        self.0.insert(parameter, sum);
        Ok(())
    }

    /// Everything that candle's own walk has found.
    pub fn take_from(&mut self, found: &GradStore) -> Result<()> {
        found.get_ids().try_for_each(|id| found.get_id(*id).map_or(Ok(()), |g| self.add(*id, g.detach())))
    }
}

/// Turns the gradient of an output into that of the input, if it was asked for, and leaves those of
/// parameters in between.
pub type Backward<'a> = Box<dyn Fn(Tensor, &mut Gradients) -> Result<Option<Tensor>> + Send + Sync + 'a>;

/// An output and the way back from it.
pub type Recorded<'a> = (Tensor, Backward<'a>);

/// From the end of a chain to its beginning, as far as it leads.
pub fn walk_back(ways: &[Backward<'_>], dy: Tensor, gradients: &mut Gradients) -> Result<Option<Tensor>> {
    ways.iter().rev().try_fold(Some(dy), |dy, way| dy.map_or(Ok(None), |dy| way(dy, gradients)))
}

/// Records a layer by candle's graph; `wanted` says whether the gradient of `x` is.
pub fn by_graph<'a, L: Layer + ?Sized>(layer: &'a L, x: &Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'a>> {
    let input = if wanted { Some(Var::from_tensor(&x.detach())?) } else { None };
    let output = match &input {
        Some(input) => layer.forward(input.as_tensor(), mode)?,
        None => layer.forward(&x.detach(), mode)?,
    };
    let result = output.detach();
    let back = move |dy: Tensor, gradients: &mut Gradients| {
        if !output.track_op() {
            // A layer without parameters whose input nobody asked about.
            return Ok(None);
        }
        let mut found = (&output * dy)?.sum_all()?.backward()?;
        // candle's gradients may carry the graph that they were computed by.
        let dx = input.as_ref().and_then(|input| found.remove(input.as_tensor())).map(|dx| dx.detach());
        gradients.take_from(&found)?;
        Ok(dx)
    };
    Ok((result, Box::new(back)))
}

/// A recorded pass of a network.
pub struct Pass<'a> {
    /// `(N, K)`, detached.
    pub logits: Tensor,
    ways: Vec<Backward<'a>>,
    kept: Option<Kept>,
}

/// The output of a stage that was asked for.
struct Kept {
    /// Ways up to and with the stage's.
    ways: usize,
    /// As [`Network::forward_range`] hands it out, detached.
    output: Tensor,
    /// In blocks of channels, on the way.
    blocked: bool,
}

impl Network {
    /// Runs the chain from stage `first` on, which is given `x`, and keeps the way back to that
    /// stage's parameters, and to `x` itself where that is `wanted`.
    pub fn record(&self, first: usize, x: &Tensor, mode: Mode, wanted: bool) -> Result<Pass<'_>> {
        in_pool(|| self.chain(first, x, mode, wanted, None))
    }

    /// The same to the parameters; the output of stage `keep` is kept, and a gradient can be added
    /// to it on the way back.
    pub fn record_keeping(&self, first: usize, x: &Tensor, mode: Mode, keep: usize) -> Result<Pass<'_>> {
        in_pool(|| self.chain(first, x, mode, false, Some(keep)))
    }

    fn chain(&self, first: usize, x: &Tensor, mode: Mode, wanted: bool, keep: Option<usize>) -> Result<Pass<'_>> {
        let (mut x, mut kept) = (x.detach(), None);
        let mut ways = Vec::with_capacity(self.stages.len() - first);
        for (i, stage) in self.stages[first..].iter().enumerate() {
            let (y, way) = stage.layer.record(x, mode, wanted || i > 0)?;
            x = y;
            ways.push(way);
            if keep == Some(first + i) {
                let output = stage.layout.unblocked(&x)?.detach();
                kept = Some(Kept { ways: ways.len(), output, blocked: is_blocked(&x) });
            }
        }
        Ok(Pass { logits: x, ways, kept })
    }
}

impl Pass<'_> {
    /// Gradients of all parameters from that of the logits.
    pub fn back(self, gradient: &Tensor) -> Result<Gradients> {
        self.back_adding(gradient, None)
    }

    /// The output of the stage that was kept: maps as `(N, C, H, W)`, all else as it is.
    pub fn kept(&self) -> Option<&Tensor> {
        self.kept.as_ref().map(|kept| &kept.output)
    }

    /// Gradients of all parameters from that of the logits and from that of the kept output, of its
    /// shape.
    pub fn back_adding(self, gradient: &Tensor, to_kept: Option<&Tensor>) -> Result<Gradients> {
        in_pool(|| self.walk(gradient, to_kept))
    }

    fn walk(self, gradient: &Tensor, to_kept: Option<&Tensor>) -> Result<Gradients> {
        let mut gradients = Gradients::default();
        let mut dy = gradient.detach();
        let mut added = match (&self.kept, to_kept) {
            (Some(kept), Some(g)) => Some((kept.ways, if kept.blocked { to_blocks(g)?.detach() } else { g.detach() })),
            _ => None,
        };
        let count = self.ways.len();
        // Each link is dropped when it has been walked.
        for (walked, way) in self.ways.into_iter().rev().enumerate() {
            if let Some((_, g)) = added.take_if(|(ways, _)| *ways == count - walked) {
                dy = (dy + g)?;
            }
            match way(dy, &mut gradients)? {
                Some(dx) => dy = dx,
                None => break,
            }
        }
        Ok(gradients)
    }

    /// The gradient of what the pass was given, from that of the logits, where it was wanted; none
    /// where the logits do not depend on it.
    pub fn to_input(&self, gradient: &Tensor) -> Result<Option<Tensor>> {
        in_pool(|| walk_back(&self.ways, gradient.detach(), &mut Gradients::default()))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use candle_nn::VarMap;

    use super::*;
    use crate::architecture::{Architecture, Family};
    use crate::layers::activation::Rule;
    use crate::weights::TensorFile;

    fn architectures() -> Vec<Architecture> {
        let lists = |family, widths: &[usize], blocks: &[usize]| Architecture {
            widths: widths.to_vec(),
            blocks: blocks.to_vec(),
            ..Architecture::new(family)
        };
        vec![
            Architecture { strides: vec![1, 2], ..lists(Family::CompactResnet, &[8, 20, 16], &[1, 2]) },
            lists(Family::ShallowCnn, &[4, 6], &[1, 1]),
            lists(Family::CustomCnn, &[4, 20, 6, 8], &[1, 1, 1, 1]),
            lists(Family::Resnet18, &[8, 8, 12, 16, 20], &[1, 1, 1, 1]),
            lists(Family::Resnet50, &[8, 4, 8, 8, 16], &[1, 1, 1, 1]),
            Architecture { growth: Some(6), ..lists(Family::Densenet121, &[8], &[2, 2, 2, 2]) },
            // Whole blocks of channels are gathered as they are.
            Architecture { growth: Some(16), ..lists(Family::Densenet121, &[32], &[1, 2, 2, 1]) },
            lists(Family::EfficientnetB0, &[8, 16, 16, 16, 24, 24, 24, 24, 32], &[1, 1, 1, 1, 1, 1, 1]),
            // Branches that are left out, and a stem that is not widened but added.
            Architecture {
                stochastic_depth: Some(0.8),
                ..lists(Family::EfficientnetB0, &[16, 16, 16, 24, 24], &[2, 3, 2])
            },
            lists(Family::EfficientnetLite0, &[8, 16, 16, 24, 20, 24], &[1, 2, 2, 2]),
            lists(Family::MobilenetV2, &[8, 16, 16, 24, 20], &[1, 2, 2]),
            Architecture {
                hidden: Some(vec![12]),
                stochastic_depth: Some(0.5),
                ..lists(Family::MobilenetV3Large, &[16, 16, 16, 24, 16, 32], &[1, 2, 2, 2])
            },
            Architecture {
                hidden: Some(vec![12]),
                ..lists(Family::MobilenetV3Small, &[16, 16, 16, 24, 32], &[1, 2, 2])
            },
            Architecture {
                heads: vec![2],
                patch: Some(8),
                image: Some(48),
                stochastic_depth: Some(0.5),
                ..lists(Family::VitS16, &[16], &[3])
            },
            // Positions that are resampled, registers, layer scale.
            Architecture {
                heads: vec![4],
                patch: Some(12),
                image: Some(24),
                registers: Some(2),
                layer_scale: Some(0.5),
                ..lists(Family::VitB16, &[12], &[2])
            },
            Architecture {
                heads: vec![2, 4],
                window: Some(4),
                stochastic_depth: Some(0.5),
                ..lists(Family::SwinT, &[8, 20], &[2, 3])
            },
            Architecture {
                layer_scale: Some(0.5),
                stochastic_depth: Some(0.5),
                ..lists(Family::ConvnextTiny, &[8, 20], &[1, 2])
            },
        ]
    }

    /// The largest difference of a gradient between the two ways, as a share of its size.
    fn deviation(network: &Network, vars: &VarMap, x: &Tensor, mode: Mode) -> f32 {
        let weights = Tensor::new(&[[1f32, -0.5, 0.25], [-2.0, 0.75, 1.5]], &Device::Cpu).unwrap();
        let loss = |logits: &Tensor| (logits * &weights)?.sum_all();
        let expected = loss(&network.forward(x, mode).unwrap()).unwrap().backward().unwrap();
        let found = network.record(0, x, mode, false).unwrap().back(&weights).unwrap();
        let mut worst = 0.0f32;
        for (name, var) in vars.data().lock().unwrap().iter().filter(|(name, _)| !name.contains("running")) {
            let expected = expected.get(var).unwrap_or_else(|| panic!("{name} has no gradient in the graph"));
            let found = found.get(var).unwrap_or_else(|| panic!("{name} has no gradient in the record"));
            let size = |t: &Tensor| t.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            // A bias before a batch norm has a gradient of rounding errors alone.
            let apart = size(&(found - expected).unwrap()) / size(expected).max(1e-3);
            worst = worst.max(apart);
        }
        worst
    }

    #[test]
    fn the_recorded_way_back_gives_the_gradients_of_the_graph_for_every_family() {
        let x = Tensor::from_iter((0..2 * 48 * 48).map(|i| ((i * 7919 % 1000) as f32 - 500.0) / 300.0), &Device::Cpu);
        let x = x.unwrap().reshape((2, 1, 48, 48)).unwrap();
        for arch in architectures() {
            let vars = VarMap::new();
            let network = arch.trainable(1, 3, &vars, &Device::Cpu, 7).unwrap();
            for mode in [Mode::Training { seed: 3 }, Mode::Inference] {
                let worst = deviation(&network, &vars, &x, mode);
                assert!(worst < 1e-3, "{:?} {mode:?}: {worst}", arch.family);
            }
        }
    }

    /// The largest difference of the input's gradient between the chain and candle's graph, as a
    /// share of its size, from every stage on.
    fn input_deviation(network: &Network, x: &Tensor, mode: Mode) -> f32 {
        let weights = Tensor::new(&[[1f32, -0.5, 0.25], [-2.0, 0.75, 1.5]], &Device::Cpu).unwrap();
        let mut worst = 0.0f32;
        for first in 0..network.stages.len() {
            let x = Var::from_tensor(&network.forward_range(0..first, x, Mode::Inference).unwrap()).unwrap();
            let stages = first..network.stages.len();
            let logits = network.forward_range(stages, x.as_tensor(), mode).unwrap();
            let graph = (&logits * &weights).unwrap().sum_all().unwrap().backward().unwrap();
            let expected = graph.get(x.as_tensor()).expect("the logits depend on every stage's input");
            let pass = network.record(first, x.as_tensor(), mode, true).unwrap();
            // Maps of a network in use may be gathered where nobody asks candle for their
            // gradients.
            let used = network.forward_range(first..network.stages.len(), &x.as_detached_tensor(), mode).unwrap();
            for found in [&pass.logits, &used] {
                let apart = (found - &logits).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
                assert!(apart < 1e-5, "{apart}");
            }
            // Twice, for a pass serves one subject after the other.
            for _ in 0..2 {
                let found = pass.to_input(&weights).unwrap().expect("as in the graph");
                assert_eq!(found.dims(), x.dims());
                let size = |t: &Tensor| t.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
                let apart = size(&(found - expected).unwrap()) / size(expected).max(1e-6);
                worst = worst.max(apart);
            }
        }
        worst
    }

    #[test]
    fn the_way_back_to_every_stages_input_is_that_of_the_graph_in_training_and_in_use() {
        let x = Tensor::from_iter((0..2 * 48 * 48).map(|i| ((i * 7919 % 1000) as f32 - 500.0) / 300.0), &Device::Cpu);
        let x = x.unwrap().reshape((2, 1, 48, 48)).unwrap();
        for arch in architectures() {
            let vars = VarMap::new();
            let trained = arch.trainable(1, 3, &vars, &Device::Cpu, 7).unwrap();
            let tensors =
                vars.data().lock().unwrap().iter().map(|(n, v)| (n.clone(), v.as_detached_tensor())).collect();
            let used = arch.folded(1, 3, &TensorFile::new(tensors), &Device::Cpu).unwrap();
            let rules = [Rule::Guided, Rule::Rescale].map(Mode::Explaining);
            let passes = [(&trained, Mode::Inference), (&used, Mode::Inference)];
            for (network, mode) in passes.into_iter().chain(rules.map(|rule| (&used, rule))) {
                let worst = input_deviation(network, &x, mode);
                assert!(worst < 1e-4, "{:?} {mode:?}: {worst}", arch.family);
            }
        }
    }

    #[test]
    fn a_gradient_of_a_kept_output_is_added_on_the_way_back_as_the_graph_adds_it() {
        let x = Tensor::from_iter((0..2 * 48 * 48).map(|i| ((i * 7919 % 1000) as f32 - 500.0) / 300.0), &Device::Cpu);
        let x = x.unwrap().reshape((2, 1, 48, 48)).unwrap();
        let weights = Tensor::new(&[[1f32, -0.5, 0.25], [-2.0, 0.75, 1.5]], &Device::Cpu).unwrap();
        for arch in architectures() {
            let vars = VarMap::new();
            let network = arch.trainable(1, 3, &vars, &Device::Cpu, 7).unwrap();
            let stage = network.stages.iter().rposition(super::super::Stage::is_spatial).unwrap();
            let mode = Mode::Inference;
            // Σ logits · weights + Σ maps²/2, whose gradient for the maps is the maps.
            let maps = network.forward_range(0..stage + 1, &x, mode).unwrap();
            let logits = network.forward_range(stage + 1..network.stages.len(), &maps, mode).unwrap();
            let loss = (((logits * &weights).unwrap().sum_all().unwrap())
                + (maps.sqr().unwrap().sum_all().unwrap() * 0.5).unwrap())
            .unwrap();
            let expected = loss.backward().unwrap();
            let pass = network.record_keeping(0, &x, mode, stage).unwrap();
            let kept = pass.kept().unwrap().clone();
            assert_eq!(kept.dims(), maps.dims());
            let found = pass.back_adding(&weights, Some(&kept)).unwrap();
            for (name, var) in vars.data().lock().unwrap().iter().filter(|(name, _)| !name.contains("running")) {
                let size = |t: &Tensor| t.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
                let expected = expected.get(var).unwrap();
                let apart = size(&(found.get(var).unwrap() - expected).unwrap()) / size(expected).max(1e-3);
                assert!(apart < 1e-3, "{:?} {name}: {apart}", arch.family);
            }
        }
    }

    #[test]
    fn frozen_stages_get_no_gradients() {
        let arch = &architectures()[0];
        let vars = VarMap::new();
        let network = arch.trainable(1, 3, &vars, &Device::Cpu, 7).unwrap();
        let x = Tensor::ones((2, 1, 32, 32), candle_core::DType::F32, &Device::Cpu).unwrap();
        let first = network.stage("stage2").unwrap();
        let x = network.forward_range(0..first, &x, Mode::Inference).unwrap();
        let pass = network.record(first, &x, Mode::Training { seed: 0 }, false).unwrap();
        let gradient = pass.logits.copy().unwrap();
        let found = pass.back(&gradient).unwrap();
        for (name, var) in vars.data().lock().unwrap().iter().filter(|(name, _)| !name.contains("running")) {
            let trained = name.starts_with("stage2") || name.starts_with("head");
            assert_eq!(found.get(var).is_some(), trained, "{name}");
        }
    }
}
