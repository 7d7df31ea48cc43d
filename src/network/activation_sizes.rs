//! How many values a pass through a network makes, known before any of them is computed.
//!
//! Sides of maps do not depend on channels, so they are found by running the same network with one
//! channel everywhere on a small image; the convolutions of each stage and their channels stand in
//! the list of tensors. Inside a stage the first convolution is taken to work at the size of the
//! stage's input and all others at that of its output, which is how residual and dense blocks are
//! built. Linear layers over tokens count like convolutions, layer norms like batch norms, and
//! attention has a value for each pair of tokens that see each other, of scores and of shares.
//!
//! What it does not do: say what a layer allocates on its way. Whoever asks knows how often a value
//! is kept.

use candle_core::{DType, Device, Tensor};
use candle_nn::VarMap;

use super::architecture::{Architecture, ArchitectureError};
use super::graph::Graph;
use super::graph::shape::values;
use super::spec::TensorSpec;
use super::{Mode, Result};

/// Side of the image that the narrow network is run on, or the next that is made of whole patches:
/// every published stride divides it.
const SIDE: usize = 64;

/// Values of a pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// Outputs of all convolutions, and of attention, for one image.
    pub outputs: f64,
    /// Inputs of all batch norms for one image; in dense blocks they are many more than the
    /// outputs.
    pub normed: f64,
    /// Outputs of the convolutions of the stage that makes most.
    pub largest: f64,
    /// Weights and biases.
    pub weights: usize,
}

/// The extent of a network of this shape for an input of `channels` and `side`².
///
/// # Errors
/// As [`Architecture::check`].
pub fn extent(arch: &Architecture, channels: usize, classes: usize, side: usize) -> Result<Extent, ArchitectureError> {
    let tensors = arch.listed(channels, classes)?;
    if let Some(graph) = &arch.graph {
        return of_graph(&graph.with_ends(channels, classes), &tensors);
    }
    let probe = arch.filled().patch.map_or(SIDE, |patch| SIDE.next_multiple_of(patch));
    let areas = areas(arch, probe)?;
    let scale = (side as f64 / probe as f64).powi(2);
    let (mut outputs, mut normed, mut largest) = (0.0, 0.0, 0.0_f64);
    let mut area_in = (probe * probe) as f64;
    for (stage, area) in areas {
        let of_stage = tensors.iter().filter(|t| t.stage == stage);
        // The two layers of squeeze-and-excitation see one value a channel.
        let squeezes = |name: &str| name.ends_with(".fc1.weight") || name.ends_with(".fc2.weight");
        let kernel = |t: &&TensorSpec| matches!(t.shape.len(), 2 | 4) && t.name.ends_with("weight");
        let kernels = of_stage.clone().filter(kernel).filter(|t| !squeezes(&t.name));
        let layer_norm = |t: &TensorSpec| arch.family.has_layer_norms() && t.shape.len() == 1;
        let norms =
            of_stage.filter(|t| t.name.ends_with(".running_mean") || layer_norm(t) && t.name.ends_with(".weight"));
        let made = scale * spread(kernels, area_in, area);
        outputs += made;
        normed += scale * spread(norms, area_in, area);
        largest = largest.max(made);
        area_in = area;
    }
    let attended = attention(arch, side);
    outputs += attended.iter().sum::<f64>();
    largest += attended.iter().fold(0.0, |most, v| v.max(most));
    let weights = tensors.iter().map(|t| t.shape.iter().product::<usize>()).sum();
    Ok(Extent { outputs, normed, largest, weights })
}

/// The same of a graph, whose size of image is fixed: what every node makes is known.
fn of_graph(graph: &Graph, tensors: &[TensorSpec]) -> Result<Extent, ArchitectureError> {
    let made: Vec<f64> = graph.check()?[1..].iter().map(|shape| values(shape).unwrap_or(0) as f64).collect();
    let largest = made.iter().fold(0.0, |most: f64, v| v.max(most));
    let weights = tensors.iter().map(|t| t.shape.iter().product::<usize>()).sum();
    Ok(Extent { outputs: made.iter().sum(), normed: 0.0, largest, weights })
}

/// The first sides of these tensors, each times the pixels that it stands for.
fn spread<'a>(tensors: impl Iterator<Item = &'a TensorSpec>, area_in: f64, area: f64) -> f64 {
    let channels: Vec<f64> = tensors.map(|t| t.shape[0] as f64).collect();
    match channels.as_slice() {
        [] => 0.0,
        [only] => only * area,
        [first, rest @ ..] => first * area_in + rest.iter().sum::<f64>() * area,
    }
}

/// Values of scores and shares of each block's attention.
fn attention(arch: &Architecture, side: usize) -> Vec<f64> {
    let filled = arch.filled();
    let Some(patch) = filled.patch else { return Vec::new() };
    let mut tokens = (side / patch).pow(2);
    let mut values = Vec::new();
    for (&heads, &blocks) in filled.heads.iter().zip(&filled.blocks) {
        let seen = filled.window.map_or(tokens + 1 + filled.registers.unwrap_or(0), |window| window * window);
        values.extend(std::iter::repeat_n((2 * heads * tokens * seen) as f64, blocks));
        tokens = tokens.div_ceil(4);
    }
    values
}

/// Every stage with the pixels of its output, for an image of `side`²; 0 where it is no map.
fn areas(arch: &Architecture, side: usize) -> Result<Vec<(String, f64)>> {
    let network = arch.narrowest().trainable(1, 1, &VarMap::new(), &Device::Cpu, 0)?;
    let mut x = Tensor::zeros((1, 1, side, side), DType::F32, &Device::Cpu)?;
    let mut areas = Vec::with_capacity(network.stages.len());
    for (number, stage) in network.stages.iter().enumerate() {
        x = network.forward_range(number..number + 1, &x, Mode::Inference)?;
        let grid = network.grid(number, (side, side));
        let area = if x.rank() > 2 { (grid.columns * grid.rows) as f64 } else { 0.0 };
        areas.push((stage.name.clone(), area));
    }
    Ok(areas)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::Family;

    #[test]
    fn a_plain_chain_makes_its_channels_times_its_pixels() {
        let arch = Architecture { widths: vec![4, 8], blocks: vec![2, 1], ..Architecture::new(Family::ShallowCnn) };
        let found = extent(&arch, 1, 2, 128).unwrap();
        assert_eq!(found.outputs, (2 * 4 * 128 * 128 + 8 * 64 * 64) as f64);
        assert_eq!(found.largest, (4 * 128 * 128) as f64);
    }

    #[test]
    fn published_networks_make_what_is_known_of_them() {
        // VGG16 at 224²: 13.6 million outputs of convolutions (Simonyan and Zisserman 2015, summed
        // by hand).
        let vgg = extent(&Architecture::new(Family::Vgg16), 3, 1000, 224).unwrap();
        assert!((vgg.outputs / 1e6 - 13.55).abs() < 0.1, "{}", vgg.outputs);
        assert_eq!(vgg.weights, 138_357_544);
        for family in Family::ALL {
            let small = extent(&Architecture::new(family), 1, 2, 64).unwrap();
            let large = extent(&Architecture::new(family), 1, 2, 128).unwrap();
            let grown = large.outputs / small.outputs;
            // Every token attends to every other.
            let steeply = family.is_vision_transformer();
            assert!(small.outputs > 0.0 && if steeply { grown > 4.0 } else { grown == 4.0 }, "{family}: {grown}");
            let layer_norms = family.has_layer_norms();
            assert!(small.normed >= small.outputs || small.normed == 0.0 || layer_norms, "{family}");
        }
    }
}
