//! What a trained gate network still needs: where wanted images lie in its features, how far is too
//! far, and the threshold of the score.

use candle_core::{Device, Tensor};
use nalgebra::{DMatrix, DVector};

use super::config::GateConfig;
use super::examples::Examples;
use super::file;
use crate::imaging::Plane;
use crate::model::gate::{GateClass, GateSettings, input_of, probe};
use crate::model::preprocess::to_input;
use crate::network::Network;
use crate::stats::lower_quantile;
use crate::training::Result;
use crate::training::optim::parameters::Parameters;

/// A trained gate.
pub struct GateOutcome {
    pub settings: GateSettings,
    pub bytes: Vec<u8>,
}

/// Share of wanted images in colour up to which the kind is grey.
const RARELY: f64 = 0.01;

/// Share of sharp steps that a page of letters has at least, with some room.
const LETTERS: f32 = 0.05;

/// Settles mean and precision on the training images, distance and threshold on those held out, and
/// writes the gate.
///
/// # Errors
/// When the network cannot be run.
pub(super) fn settle(
    config: &GateConfig,
    examples: &Examples,
    network: &Network,
    parameters: &Parameters,
) -> Result<GateOutcome> {
    let side = config.side;
    let learnt = examples.accepted(false, side, config.seed);
    let (_, features) = measure(network, side, &learnt)?;
    let (mean, precision) = gaussian(&features);
    let held_out = examples.accepted(true, side, config.seed + 1);
    let (_, features) = measure(network, side, &held_out)?;
    let mut distances: Vec<f32> = features.iter().map(|f| distance(f, &mean, &precision)).collect();
    distances.sort_by(f32::total_cmp);
    // Wide, because images of other machines and ages lie farther out than the validation images.
    let middle = 1.5 * lower_quantile(&distances, 0.995).unwrap_or(0.0);
    let mut settings = GateSettings {
        asks: config.asks.clone(),
        population: String::new(),
        ages: None,
        architecture: config.architecture.clone(),
        side,
        threshold: 0.5,
        distance: middle,
        slope: 0.08 * middle,
        colour: examples.traits.coloured > RARELY,
        // Some room for sharper machines; a kind with as many steps as a page of letters has is not
        // told apart by them.
        steps: Some(1.5 * examples.traits.steps).filter(|steps| *steps < LETTERS),
    };
    let familiarity = |d: f32| 1.0 / (1.0 + ((d - settings.distance) / settings.slope).exp());
    // For the same reason the threshold is as low as the kinds to be refused allow.
    let mut threshold = 0.2f32;
    for kind in examples.sources().into_iter().filter(|s| s.seen() != GateClass::Wanted) {
        let (wanted, features) = measure(network, side, &examples.validation(kind, side, config.seed))?;
        let score = |(p, f): (&f32, &Vec<f32>)| p * familiarity(distance(f, &mean, &precision));
        let mut scores: Vec<f32> = wanted.iter().zip(&features).map(score).collect();
        scores.sort_by(f32::total_cmp);
        threshold = threshold.max(lower_quantile(&scores, 1.0 - config.may_pass).unwrap_or(0.0));
    }
    settings.threshold = threshold.min(0.5);
    let bytes = file::write(&settings, parameters, &mean, &precision)?;
    Ok(GateOutcome { settings, bytes })
}

/// Probability of what is wanted, and features, of images in batches.
fn measure(network: &Network, side: usize, planes: &[Plane]) -> Result<(Vec<f32>, Vec<Vec<f32>>)> {
    let (mut wanted, mut features) = (Vec::new(), Vec::new());
    for chunk in planes.chunks(64) {
        let input = input_of(side);
        let pixels: Vec<f32> = chunk.iter().flat_map(|p| to_input(p, &input, (0.0, 1.0)).values).collect();
        let x = Tensor::from_vec(pixels, (chunk.len(), 1, side, side), &Device::Cpu)?;
        let (seen, rows) = probe(network, &x)?;
        wanted.extend(seen.iter().map(|s| s[0]));
        features.extend(rows);
    }
    Ok((wanted, features))
}

/// Mean, and inverse of the covariance with a tenth of its mean diagonal added so that it can be
/// inverted.
fn gaussian(features: &[Vec<f32>]) -> (Vec<f32>, Vec<f32>) {
    let (n, k) = (features.len().max(2), features.first().map_or(0, Vec::len));
    let mut mean = DVector::<f64>::zeros(k);
    for f in features {
        mean += DVector::from_iterator(k, f.iter().map(|v| f64::from(*v)));
    }
    mean /= n as f64;
    let mut covariance = DMatrix::<f64>::zeros(k, k);
    for f in features {
        let d = DVector::from_iterator(k, f.iter().map(|v| f64::from(*v))) - &mean;
        covariance.ger(1.0 / (n as f64 - 1.0), &d, &d, 1.0);
    }
    let ridge = 0.1 * covariance.trace() / k.max(1) as f64 + 1e-9;
    let inverse = (covariance + DMatrix::identity(k, k) * ridge).cholesky().map(|c| c.inverse());
    // A sum of squares with a ridge is positive definite; the identity stands in should rounding
    // say otherwise.
    let inverse = inverse.unwrap_or_else(|| DMatrix::identity(k, k));
    (mean.iter().map(|v| *v as f32).collect(), inverse.iter().map(|v| *v as f32).collect())
}

/// Mahalanobis distance.
fn distance(feature: &[f32], mean: &[f32], precision: &[f32]) -> f32 {
    let d: Vec<f32> = feature.iter().zip(mean).map(|(f, m)| f - m).collect();
    let k = d.len();
    let square: f32 = (0..k).map(|i| d[i] * (0..k).map(|j| precision[i * k + j] * d[j]).sum::<f32>()).sum();
    square.max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::gate::canvas::bell;
    use crate::training::random::{Purpose, stream};

    #[test]
    fn the_mean_is_nearest_and_distance_counts_in_deviations() {
        // Two independent features with deviations 1 and 10.
        let mut rng = stream(1, Purpose::Augment, 0, 0);
        let features: Vec<Vec<f32>> = (0..4000).map(|_| vec![3.0 + bell(&mut rng), 10.0 * bell(&mut rng)]).collect();
        let (mean, precision) = gaussian(&features);
        assert!(distance(&mean, &mean, &precision) < 1e-6);
        let far = distance(&[mean[0], mean[1] + 30.0], &mean, &precision);
        // Three deviations; the ridge widens each a little.
        assert!((2.5..3.1).contains(&far), "{far}");
    }
}
