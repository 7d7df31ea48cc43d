//! What the detector measures distances in: the classifier's own activations, averaged over the
//! image.
//!
//! The mean of each channel of two stages, one behind the other, and the vector in front of the
//! last layer. All of them come from the pass that gave the scores, so that they cost next to
//! nothing. Long feature vectors are brought to [`WIDEST`] values by a fixed random projection,
//! which keeps distances nearly (Johnson and Lindenstrauss 1984; random signs: Achlioptas 2003), so
//! that the detector of a wide network stays small.

use candle_core::{IndexOp as _, Tensor};
use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::vim::LastLayer;
use crate::network::{Mode, Network, Result};

/// Longest feature vector that distances are measured in.
pub const WIDEST: usize = 384;
/// Stages whose outputs are averaged.
const STAGES: usize = 2;
/// Seed of the projection, the same for every detector.
const SEED: u64 = 7;

/// The features of one image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    /// Means of the channels of the stages, at most [`WIDEST`] values.
    pub pooled: Vec<f32>,
    /// What the last layer was given.
    pub penultimate: Vec<f32>,
    pub logits: Vec<f32>,
}

/// The stages whose outputs are averaged: the last two that yield maps.
#[must_use]
pub fn stages(network: &Network) -> Vec<usize> {
    let spatial: Vec<usize> = (0..network.stages.len()).filter(|&i| network.stages[i].is_spatial()).collect();
    spatial[spatial.len().saturating_sub(STAGES)..].to_vec()
}

/// Length of [`Features::pooled`] for this network.
#[must_use]
pub fn width(network: &Network) -> usize {
    stages(network).into_iter().filter_map(|i| network.stages[i].channels()).sum::<usize>().min(WIDEST)
}

/// The features of a batch of images from the outputs of stages that yield maps, as
/// [`Network::forward_range`] hands them out, and their logits.
///
/// # Errors
/// When the network cannot be run.
pub fn features(
    network: &Network,
    output: &dyn Fn(usize) -> Result<Tensor>,
    logits: &[Vec<f32>],
) -> Result<Vec<Features>> {
    let stages = stages(network);
    let mut means = Vec::with_capacity(stages.len());
    for &stage in &stages {
        means.push(network.stages[stage].layout.means(&output(stage)?)?);
    }
    let pooled = Tensor::cat(&means, 1)?.to_vec2::<f32>()?;
    let last = network.stages.len().saturating_sub(1);
    let penultimate = match stages.last() {
        Some(&stage) if stage < last => {
            network.forward_range(stage + 1..last, &output(stage)?, Mode::Inference)?.flatten_from(1)?.to_vec2()?
        }
        _ => vec![Vec::new(); pooled.len()],
    };
    let rows = pooled.into_iter().zip(penultimate).zip(logits);
    Ok(rows
        .map(|((pooled, penultimate), logits)| Features {
            pooled: projected(pooled),
            penultimate,
            logits: logits.clone(),
        })
        .collect())
}

/// Logits and features of a batch `(N, C, H, W)`.
///
/// # Errors
/// When the network cannot be run.
pub fn run(network: &Network, x: &Tensor) -> Result<(Vec<Vec<f32>>, Vec<Features>)> {
    let wanted = stages(network);
    let mut outputs = Vec::with_capacity(wanted.len());
    let mut x = x.clone();
    for (i, stage) in network.stages.iter().enumerate() {
        x = stage.layer.forward(&x, Mode::Inference)?;
        if wanted.contains(&i) {
            outputs.push((i, stage.layout.unblocked(&x)?));
        }
    }
    let logits = x.to_vec2::<f32>()?;
    let output = |stage: usize| {
        let found = outputs.iter().find(|(i, _)| *i == stage).map(|(_, x)| x.clone());
        found.ok_or_else(|| candle_core::Error::Msg(format!("stage {stage} was not kept")))
    };
    let features = features(network, &output, &logits)?;
    Ok((logits, features))
}

/// The last layer as weights and bias, read off by what it makes of nothing and of each feature
/// alone; `None` where it is no linear layer behind a vector.
///
/// # Errors
/// When the network cannot be run.
pub fn last_layer(network: &Network, width: usize, device: &candle_core::Device) -> Result<Option<LastLayer>> {
    let last = network.stages.len().saturating_sub(1);
    if width == 0 {
        return Ok(None);
    }
    let behind = |x: &Tensor| network.forward_range(last..last + 1, x, Mode::Inference);
    let bias = behind(&Tensor::zeros((1, width), candle_core::DType::F32, device)?)?;
    let rows = behind(&Tensor::eye(width, candle_core::DType::F32, device)?)?.broadcast_sub(&bias)?;
    Ok(Some(LastLayer { weight: rows.t()?.to_vec2()?, bias: bias.i(0)?.to_vec1()? }))
}

/// `values` as they are, or their random projection when there are more than [`WIDEST`].
fn projected(values: Vec<f32>) -> Vec<f32> {
    if values.len() <= WIDEST {
        return values;
    }
    let mut signs = ChaCha8Rng::seed_from_u64(SEED);
    let mut out = vec![0.0; WIDEST];
    let scale = 1.0 / (WIDEST as f32).sqrt();
    for value in values {
        for block in out.chunks_mut(64) {
            let bits = signs.next_u64();
            for (i, sum) in block.iter_mut().enumerate() {
                *sum += if bits >> i & 1 == 1 { value * scale } else { -value * scale };
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projection_keeps_distances_nearly_and_short_vectors_as_they_are() {
        let wave = |phase: f32| (0..3000).map(|i| (i as f32 * 0.37 + phase).sin()).collect::<Vec<f32>>();
        let gap = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
        let (a, b) = (wave(0.0), wave(1.0));
        let (pa, pb) = (projected(a.clone()), projected(b.clone()));
        assert_eq!(pa.len(), WIDEST);
        // The relative error has a deviation of about 1/√(2·384).
        assert!((gap(&pa, &pb) / gap(&a, &b) - 1.0).abs() < 0.15);
        assert_eq!(projected(vec![1.0, 2.0]), [1.0, 2.0]);
    }
}
