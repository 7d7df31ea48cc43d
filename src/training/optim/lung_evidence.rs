//! Evidence that belongs into the lungs: a loss on where a network's reasons lie.
//!
//! A network that ends in the mean of its last maps `A` and one linear layer `W` adds its logits up
//! from places: the evidence of class `c` at a place is `e_c = Σ_k (W_ck − W̄_k) A_k`, `W̄` the mean
//! over the classes, which softmax does not see. Of an image whose class is `c` the loss is the
//! share of the positive evidence that lies outside the lungs,
//!
//! ```text
//! s_c = Σ m ⌊e_c⌋ / (Σ ⌊e_c⌋ + δ),    L = λ/N Σ_n Σ_c q_nc s_nc
//! ```
//!
//! `m` is 1 − the coverage of a cell by lung, `q` the truth, `⌊·⌋` the positive part. Its gradient
//! for the maps is `λ q (m − s)/(Σ⌊e⌋ + δ) · (W_ck − W̄_k)` where `e > 0`; `W` is held still, so that
//! features learn where to answer, and the head cannot hide the answer. It is the loss of
//! right-for-the-right-reasons (Ross et al., IJCAI 2017) with the class activation map in place of
//! the input's gradient, as in guided attention (GAIN: Li et al., CVPR 2018).
//!
//! What it does not do: see that features inside the lungs look beyond them, for their receptive
//! fields are wide. Replaced surroundings ([`crate::training::batch::surroundings`]) work on that,
//! and occlusion shows what came of it.

use candle_core::{Tensor, bail};

use crate::imaging::Plane;
use crate::imaging::resample::resize;
use crate::network::layout::Layout;
use crate::network::{Network, Stage};
use crate::training::config::Config;
use crate::training::optim::parameters::Parameters;
use crate::training::{Error, Result};

/// δ.
const LEAST: f64 = 1e-3;

/// Where evidence is looked at, and how much its place counts.
pub(crate) struct LungEvidence {
    /// Stage of the last maps.
    pub stage: usize,
    /// The head's weights `(C, K)`, as they are at each step.
    head: Tensor,
    /// λ.
    weight: f64,
}

/// The loss of a batch.
pub(crate) struct EvidenceLoss {
    /// With its weight.
    pub value: f64,
    /// For the maps, `(N, K, H, W)`.
    pub gradient: Tensor,
}

impl LungEvidence {
    /// What a configuration asks for; none without a weight.
    ///
    /// # Errors
    /// When the network does not end in the mean of its last maps and one linear layer.
    pub(crate) fn of(config: &Config, network: &Network, parameters: &Parameters) -> Result<Option<Self>> {
        let weight = config.optimization.lung_evidence;
        if weight <= 0.0 {
            return Ok(None);
        }
        let name = config.architecture.head().map_err(candle_core::Error::wrap)?;
        let name = format!("{name}.weight");
        let head = parameters.iter().find(|p| p.name == name).map(|p| p.var.as_tensor().clone());
        let stage = network.stages.iter().rposition(Stage::is_spatial);
        if let (Some(head), Some(stage)) = (head, stage)
            && let Layout::Maps { channels } = network.stages[stage].layout
            && head.dims().get(1) == Some(&channels)
            && is_linear_behind(config, network, stage)?
        {
            return Ok(Some(Self { stage, head, weight }));
        }
        Err(Error::Data(format!(
            "`lung_evidence` needs a network that ends in the mean of its last maps and one linear layer, and {} does not; \
             leave it out or choose another family",
            config.architecture.family
        )))
    }

    /// The loss of `maps (N, K, H, W)`; images without `lungs` count nothing.
    ///
    /// # Errors
    /// When shapes do not fit together.
    pub(crate) fn loss(
        &self,
        maps: &Tensor,
        truth: &[f32],
        lungs: &[Option<Plane>],
    ) -> candle_core::Result<EvidenceLoss> {
        let (n, channels, h, w) = maps.dims4()?;
        let head = self.head.detach().to_vec2::<f32>()?;
        if truth.len() != n * head.len() || lungs.len() != n || head.iter().any(|row| row.len() != channels) {
            bail!("maps of {n} images and {channels} channels do not fit truth, lungs or head");
        }
        let classes = centred(head);
        let values = maps.detach().flatten_all()?.to_vec1::<f32>()?;
        let mut gradient = vec![0f32; values.len()];
        let (area, mut sum) = (h * w, 0.0);
        let images = values.chunks_exact(channels * area).zip(gradient.chunks_exact_mut(channels * area));
        for (((maps, slope), truth), lungs) in images.zip(truth.chunks_exact(classes.len())).zip(lungs) {
            let Some(lungs) = lungs else { continue };
            let outside: Vec<f64> =
                resize(lungs, w, h).values.iter().map(|v| 1.0 - f64::from(v.clamp(0.0, 1.0))).collect();
            for (row, q) in classes.iter().zip(truth).filter(|(_, q)| **q > 0.0) {
                let (share, slopes) = share_outside(&evidence(maps, row, area), &outside);
                let weight = self.weight * f64::from(*q) / n as f64;
                sum += weight * share;
                for (k, w) in row.iter().enumerate() {
                    let to = &mut slope[k * area..][..area];
                    to.iter_mut().zip(&slopes).for_each(|(to, s)| *to += (weight * s) as f32 * w);
                }
            }
        }
        Ok(EvidenceLoss { value: sum, gradient: Tensor::from_vec(gradient, (n, channels, h, w), maps.device())? })
    }
}

/// Whether no stage between the maps and the head has tensors.
fn is_linear_behind(config: &Config, network: &Network, stage: usize) -> Result<bool> {
    let tensors = config.architecture.listed(config.input.channels, config.labels.len());
    let tensors = tensors.map_err(candle_core::Error::wrap)?;
    let between = &network.stages[stage + 1..network.stages.len().saturating_sub(1)];
    Ok(!tensors.iter().any(|tensor| between.iter().any(|stage| stage.name == tensor.stage)))
}

/// Rows less their mean.
fn centred(mut rows: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    let (count, columns) = (rows.len() as f32, rows.first().map_or(0, Vec::len));
    let mean: Vec<f32> = (0..columns).map(|k| rows.iter().map(|row| row[k]).sum::<f32>() / count).collect();
    rows.iter_mut().for_each(|row| row.iter_mut().zip(&mean).for_each(|(w, m)| *w -= m));
    rows
}

/// `Σ_k w_k A_k` at each place.
fn evidence(maps: &[f32], weights: &[f32], area: usize) -> Vec<f64> {
    let mut sums = vec![0f64; area];
    for (map, w) in maps.chunks_exact(area).zip(weights) {
        sums.iter_mut().zip(map).for_each(|(sum, a)| *sum += f64::from(w * a));
    }
    sums
}

/// Share of the positive evidence that lies outside, and its derivative for the evidence of each
/// place.
fn share_outside(evidence: &[f64], outside: &[f64]) -> (f64, Vec<f64>) {
    let total: f64 = evidence.iter().map(|e| e.max(0.0)).sum::<f64>() + LEAST;
    let share = evidence.iter().zip(outside).map(|(e, m)| e.max(0.0) * m).sum::<f64>() / total;
    let slope = |(e, m): (&f64, &f64)| if *e > 0.0 { (m - share) / total } else { 0.0 };
    (share, evidence.iter().zip(outside).map(slope).collect())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    /// The lower half is lung.
    fn lungs() -> Plane {
        Plane { width: 8, height: 8, values: (0..64).map(|i| f32::from(u8::from(i >= 32))).collect() }
    }

    fn loss(values: &[f32], truth: &[f32], lungs: &[Option<Plane>]) -> EvidenceLoss {
        let maps = Tensor::from_slice(values, (truth.len() / 2, 3, 4, 4), &Device::Cpu).unwrap();
        let head = Tensor::new(&[[0.5f32, -0.2, 0.9], [-0.4, 0.7, 0.1]], &Device::Cpu).unwrap();
        LungEvidence { stage: 0, head, weight: 2.0 }.loss(&maps, truth, lungs).unwrap()
    }

    fn values(images: usize) -> Vec<f32> {
        (0..images * 3 * 16).map(|i| ((i * 7919 % 1009) as f32 / 1009.0 - 0.3) * 2.0).collect()
    }

    #[test]
    fn the_loss_is_the_share_of_positive_evidence_outside_times_its_weight() {
        // One channel speaks for the first class, at one place inside and at three outside.
        let mut maps = vec![0f32; 3 * 16];
        [0, 1, 2, 12].iter().for_each(|place| maps[*place] = 1.0);
        let found = loss(&maps, &[1.0, 0.0], &[Some(lungs())]);
        assert!((found.value - 2.0 * 0.75).abs() < 2e-3, "{}", found.value);
        let slope = found.gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(slope[0] > 0.0 && slope[12] < 0.0 && slope[5] == 0.0, "less outside, more inside");
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let (values, truth) = (values(2), [1.0, 0.0, 0.3, 0.7]);
        let masks = [Some(lungs()), Some(lungs())];
        let slope = loss(&values, &truth, &masks).gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for i in (0..values.len()).step_by(5) {
            let at = |step: f32| {
                let mut moved = values.clone();
                moved[i] += step;
                loss(&moved, &truth, &masks).value
            };
            let expected = (at(1e-3) - at(-1e-3)) / 2e-3;
            assert!((f64::from(slope[i]) - expected).abs() < 2e-4, "{i}: {} against {expected}", slope[i]);
        }
    }

    /// Made by `tests/golden/lung_evidence.py`.
    #[derive(serde::Deserialize)]
    struct Golden {
        weight: f64,
        shape: [usize; 4],
        maps: Vec<f32>,
        head: Vec<Vec<f32>>,
        truth: Vec<f32>,
        cover: Vec<Vec<f32>>,
        loss: f64,
        gradient: Vec<f32>,
    }

    #[test]
    fn loss_and_gradient_are_those_of_pytorch() {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/lung_evidence.json"));
        let golden: Golden = serde_json::from_str(text).unwrap();
        let [n, channels, height, width] = golden.shape;
        let maps = Tensor::from_vec(golden.maps, (n, channels, height, width), &Device::Cpu).unwrap();
        let lungs: Vec<_> = golden.cover.into_iter().map(|values| Some(Plane { width, height, values })).collect();
        let head = Tensor::new(golden.head, &Device::Cpu).unwrap();
        let found = LungEvidence { stage: 0, head, weight: golden.weight }.loss(&maps, &golden.truth, &lungs).unwrap();
        assert!((found.value - golden.loss).abs() < 1e-6, "{} against {}", found.value, golden.loss);
        let slope = found.gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (found, expected) in slope.iter().zip(&golden.gradient) {
            assert!((found - expected).abs() < 1e-6, "{found} against {expected}");
        }
    }

    #[test]
    fn images_without_lungs_count_nothing() {
        let (one, two) = (values(1), [values(1), values(1)].concat());
        let alone = loss(&one, &[1.0, 0.0], &[Some(lungs())]);
        let beside = loss(&two, &[1.0, 0.0, 1.0, 0.0], &[Some(lungs()), None]);
        assert!((alone.value - 2.0 * beside.value).abs() < 1e-9);
        let slope = beside.gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(slope[3 * 16..].iter().all(|g| *g == 0.0));
    }
}
