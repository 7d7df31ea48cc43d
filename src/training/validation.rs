//! The network on images that it did not learn from: logits, and the figures made of them.

use candle_core::{Device, Tensor};

use super::Result;
use super::config::Config;
use super::loader::Recipe;
use crate::network::{Mode, Network};

/// Images of one forward pass.
const BATCH: usize = 32;

/// Logits of some images with their truth.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    pub logits: Vec<Vec<f32>>,
    pub labels: Vec<usize>,
}

/// Runs the network on the pictures `indices` without augmentation.
pub fn score(network: &Network, recipe: &Recipe, indices: &[usize], device: &Device) -> Result<Scores> {
    let mut scores = Scores::default();
    for members in indices.chunks(BATCH) {
        let shape = (members.len(), 1, recipe.input.height, recipe.input.width);
        let x = Tensor::from_vec(recipe.plain(members), shape, device)?;
        let logits = network.forward(&x, Mode::Inference)?.detach();
        scores.logits.extend(logits.to_vec2::<f32>()?);
        scores.labels.extend(members.iter().map(|&i| recipe.labels[i]));
    }
    Ok(scores)
}

impl Scores {
    /// Class probabilities after division by `temperature`.
    pub fn probabilities(&self, temperature: f32) -> Vec<Vec<f32>> {
        self.logits.iter().map(|z| softmax(z, temperature)).collect()
    }

    /// Mean negative log likelihood.
    pub fn loss(&self, temperature: f32) -> f64 {
        let sum: f64 = self
            .logits
            .iter()
            .zip(&self.labels)
            .map(|(z, &k)| {
                let scaled: Vec<f64> = z.iter().map(|v| f64::from(*v) / f64::from(temperature)).collect();
                let top = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                top + scaled.iter().map(|v| (v - top).exp()).sum::<f64>().ln() - scaled[k]
            })
            .sum();
        sum / self.labels.len().max(1) as f64
    }

    /// Share of images whose highest class is the true one.
    pub fn accuracy(&self) -> f64 {
        let right = self.logits.iter().zip(&self.labels).filter(|(z, k)| highest(z) == **k).count();
        right as f64 / self.labels.len().max(1) as f64
    }
}

/// A label or a group as a yes-or-no question: its name and the labels that mean yes.
pub fn targets(config: &Config) -> Vec<(String, Vec<usize>)> {
    let labels = config.labels.iter().enumerate().map(|(i, l)| (l.name.clone(), vec![i]));
    let groups = config.groups.iter().map(|g| {
        let members = g.members.iter().filter_map(|m| config.label_index(m)).collect();
        (g.name.clone(), members)
    });
    labels.chain(groups).collect()
}

/// Summed probability of the member labels, for each image.
pub fn summed(probabilities: &[Vec<f32>], members: &[usize]) -> Vec<f32> {
    probabilities.iter().map(|p| members.iter().map(|&k| p[k]).sum()).collect()
}

/// Area under the ROC curve by the rank sum of Mann and Whitney, ties halved; NaN when one side is empty.
pub fn auroc(scores: &[f32], positive: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let mut rank_sum = 0.0;
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && scores[order[end]] == scores[order[start]] {
            end += 1;
        }
        let rank = (start + end + 1) as f64 / 2.0;
        rank_sum += rank * order[start..end].iter().filter(|&&i| positive[i]).count() as f64;
        start = end;
    }
    let p = positive.iter().filter(|&&y| y).count() as f64;
    let n = positive.len() as f64 - p;
    if p == 0.0 || n == 0.0 { f64::NAN } else { (rank_sum - p * (p + 1.0) / 2.0) / (p * n) }
}

fn highest(z: &[f32]) -> usize {
    (0..z.len()).rev().max_by(|&a, &b| z[a].total_cmp(&z[b])).unwrap_or(0)
}

fn softmax(z: &[f32], temperature: f32) -> Vec<f32> {
    let top = z.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let e: Vec<f32> = z.iter().map(|v| ((v - top) / temperature).exp()).collect();
    let sum: f32 = e.iter().sum();
    e.iter().map(|v| v / sum).collect()
}
