//! Maps from trying channels one by one, without a gradient: Score-CAM and Ablation-CAM.
//!
//! | method | weight of channel `k` |
//! |---|---|
//! | Score-CAM (Wang et al. 2020) | `softmax_k S(x ⊙ M_k)`, `M_k` the channel upsampled to the input (bilinear, corners aligned) and stretched to 0–1 |
//! | Ablation-CAM (Desai and Ramaswamy 2020) | `(S − S_k) / \|S\|`, `S_k` the score with channel `k` set to 0 |
//!
//! The map is `Σ_k w_k A_k`. Conventions are those of the `grad-cam` package, but for two:
//! Ablation-CAM divides by `|S|`, since dividing by a negative score turns the map over, and always
//! sets a channel to 0 (the package sets channels of layers with negative values to −10⁷, which no
//! network was trained for). Every run serves all subjects: a network is run once a channel, not
//! once a channel and class.

use rayon::prelude::*;

use super::cam::{Shape, Target};
use super::scene::{Scene, Trials, Watch};
use super::subject::Subject;
use super::{Attribution, ExplainError, Method};
use crate::imaging::Plane;
use crate::network::Mode;

/// Added to the range of a mask, as in the `grad-cam` package.
const RANGE_EPSILON: f32 = 1e-8;
/// Most values of activations that are ablated at once.
const ABLATED_AT_ONCE: usize = 1 << 20;

/// Score-CAM maps of `subjects`.
pub(super) fn score_cam(
    scene: &Scene<'_>,
    target: &Target<'_>,
    subjects: &[Subject],
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let (shape, activation) = target.maps()?;
    let (channels, height, width) = shape;
    let (_, rows, columns) = scene.shape()?;
    let pixels = scene.pixels()?;
    let area = height * width;
    let mut trials = Trials::new(scene);
    let mut logits: Vec<Vec<f32>> = Vec::with_capacity(channels);
    while logits.len() < channels {
        let first = logits.len();
        let last = (first + trials.batch()).min(channels);
        let masked: Vec<Vec<f32>> = activation[first * area..last * area]
            .par_chunks_exact(area)
            .map(|channel| {
                let mask = mask(channel, (width, height), (columns, rows));
                pixels.chunks_exact(rows * columns).flat_map(|x| x.iter().zip(&mask).map(|(x, m)| x * m)).collect()
            })
            .collect();
        logits.extend(trials.run(masked.concat())?);
        let done = logits.len();
        watch.step(Method::ScoreCam, done, channels, || {
            finished(target, Method::ScoreCam, subjects, (&activation, shape), done, |s| {
                softmax(&scores(target, s, &logits))
            })
        })?;
    }
    finished(target, Method::ScoreCam, subjects, (&activation, shape), channels, |s| {
        softmax(&scores(target, s, &logits))
    })
}

/// Ablation-CAM maps of `subjects`.
pub(super) fn ablation_cam(
    target: &Target<'_>,
    subjects: &[Subject],
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let (shape, activation) = target.maps()?;
    let channels = shape.0;
    let whole = target.activation.flatten_all()?.to_vec1::<f32>()?;
    let layout = target.network.stages[target.stage].layout;
    let at_once = (ABLATED_AT_ONCE / whole.len().max(1)).clamp(1, 32);
    let stages = target.stage + 1..target.network.stages.len();
    let mut logits: Vec<Vec<f32>> = Vec::with_capacity(channels);
    let weights = |subject: Subject, logits: &[Vec<f32>]| -> Vec<f64> {
        let whole = target.scoring.score(subject, target.logits);
        let lost =
            scores(target, subject, logits).into_iter().map(|s| (whole - s) / whole.abs().max(f64::MIN_POSITIVE));
        lost.collect()
    };
    while logits.len() < channels {
        let first = logits.len();
        let last = (first + at_once).min(channels);
        let mut rows = whole.repeat(last - first);
        rows.chunks_exact_mut(whole.len()).zip(first..last).for_each(|(row, k)| layout.ablate(row, k));
        let mut sides = target.activation.dims().to_vec();
        sides[0] = last - first;
        let x = candle_core::Tensor::from_vec(rows, sides, target.activation.device())?;
        let found = target.network.forward_range(stages.clone(), &x, Mode::Inference)?.to_vec2::<f32>()?;
        if found.iter().flatten().any(|l| !l.is_finite()) {
            return Err(ExplainError::ScoreNotFinite);
        }
        logits.extend(found);
        let done = logits.len();
        watch.step(Method::AblationCam, done, channels, || {
            finished(target, Method::AblationCam, subjects, (&activation, shape), done, |s| weights(s, &logits))
        })?;
    }
    finished(target, Method::AblationCam, subjects, (&activation, shape), channels, |s| weights(s, &logits))
}

fn scores(target: &Target<'_>, subject: Subject, logits: &[Vec<f32>]) -> Vec<f64> {
    logits.iter().map(|l| target.scoring.score(subject, l)).collect()
}

/// The maps, from the weights of the first channels.
fn finished(
    target: &Target<'_>,
    method: Method,
    subjects: &[Subject],
    (activation, (_, height, width)): (&[f32], Shape),
    evaluations: usize,
    weights: impl Fn(Subject) -> Vec<f64>,
) -> Result<Vec<Attribution>, ExplainError> {
    let map = |subject: &Subject| {
        let mut values = vec![0f64; height * width];
        for (weight, channel) in weights(*subject).iter().zip(activation.chunks_exact(height * width)) {
            values.iter_mut().zip(channel).for_each(|(v, a)| *v += weight * f64::from(*a));
        }
        let values = values.into_iter().map(|v| v as f32).collect();
        let map = target.attribution(method, *subject, Plane { width, height, values })?;
        Ok(Attribution { evaluations, ..map })
    };
    subjects.iter().map(map).collect()
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|s| (s - top).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|p| p / sum).collect()
}

/// A channel at the size of the input (`align_corners=True`), stretched to 0–1. Sizes are width and
/// height.
fn mask(channel: &[f32], from: (usize, usize), to: (usize, usize)) -> Vec<f32> {
    let step = |from: usize, to: usize| if to > 1 { (from - 1) as f32 / (to - 1) as f32 } else { 0.0 };
    let (along, down) = (step(from.0, to.0), step(from.1, to.1));
    let mut mask = Vec::with_capacity(to.0 * to.1);
    for row in 0..to.1 {
        let y = row as f32 * down;
        let (y0, dy) = (y as usize, y.fract());
        let y1 = (y0 + 1).min(from.1 - 1);
        for column in 0..to.0 {
            let x = column as f32 * along;
            let (x0, dx) = (x as usize, x.fract());
            let x1 = (x0 + 1).min(from.0 - 1);
            let at = |y: usize| channel[y * from.0 + x0] * (1.0 - dx) + channel[y * from.0 + x1] * dx;
            mask.push(at(y0) * (1.0 - dy) + at(y1) * dy);
        }
    }
    let low = mask.iter().copied().fold(f32::INFINITY, f32::min);
    let high = mask.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    mask.iter_mut().for_each(|m| *m = (*m - low) / (high - low + RANGE_EPSILON));
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_reach_the_corners_and_span_zero_to_one() {
        let mask = mask(&[2.0, 4.0, 6.0, 4.0], (2, 2), (3, 3));
        let expected = [0.0, 0.25, 0.5, 0.5, 0.5, 0.5, 1.0, 0.75, 0.5];
        assert!(mask.iter().zip(expected).all(|(m, e)| (m - e).abs() < 1e-6), "{mask:?}");
    }

    #[test]
    fn a_channel_without_contrast_hides_the_whole_picture() {
        assert_eq!(mask(&[3.0; 4], (2, 2), (4, 2)), [0.0; 8]);
        assert_eq!(mask(&[3.0], (1, 1), (2, 2)), [0.0; 4]);
    }
}
