//! Where an explanation is stable: mean and standard deviation of a map over MC-dropout samples
//! (Gal and Ghahramani 2016).
//!
//! Each sample runs the network with one dropout mask and makes the map of that thinned network:
//! `∂S/∂A` with the mask in force and, where a dropout stands before the layer, `A` of the same
//! sample. What comes before the first dropout runs once. A place whose standard deviation is as
//! large as its mean is not explained by the model but by the choice among its equals.
//!
//! Only for methods that need one pass back ([`Method::has_spread`]); without a dropout there is no
//! spread, and it is said.

use candle_core::Tensor;

use super::cam::{Target, close_where_rectified, map};
use super::scene::Watch;
use super::score_gradients::ScoreGradients;
use super::subject::Subject;
use super::{ExplainError, Method, eigen};
use crate::imaging::Plane;
use crate::network::Mode;

/// Most values of activations in a batch.
const VALUES: usize = 1 << 19;
/// Most samples of a batch.
const BATCH: usize = 16;

/// Mean and standard deviation of a map over samples.
#[derive(Clone, Debug, PartialEq)]
pub struct MapStability {
    pub method: Method,
    pub subject: Subject,
    /// Name of the stage.
    pub layer: String,
    pub mean: Plane,
    /// n − 1 in the denominator; zeros for a single sample.
    pub sd: Plane,
    pub samples: usize,
    pub seed: u64,
}

impl MapStability {
    /// How stable each place is, 0–1: `relu(mean) / (relu(mean) + sd)`, 0 where the mean says
    /// nothing.
    #[must_use]
    pub fn stability(&self) -> Plane {
        let share = |(mean, sd): (&f32, &f32)| {
            let mean = mean.max(0.0);
            if mean > 0.0 { mean / (mean + sd) } else { 0.0 }
        };
        let values = self.mean.values.iter().zip(&self.sd.values).map(share).collect();
        Plane { width: self.mean.width, height: self.mean.height, values }
    }

    /// The mean stability, each place counted by how much it shows; `None` for a map that shows
    /// nothing.
    #[must_use]
    pub fn mean_stability(&self) -> Option<f64> {
        let weights = self.mean.values.iter().map(|m| f64::from(m.max(0.0)));
        let total: f64 = weights.clone().sum();
        let stability = self.stability();
        let sum: f64 = weights.zip(&stability.values).map(|(w, s)| w * f64::from(*s)).sum();
        (total > 0.0).then(|| sum / total)
    }
}

/// How the samples are drawn.
#[derive(Clone, Copy, Debug)]
pub struct DropoutSampling<'a> {
    /// Number of the first stage with a dropout.
    pub first_stochastic: usize,
    /// Input of that stage in the image's pass, `(1, …)`.
    pub before: &'a Tensor,
    pub samples: usize,
    pub seed: u64,
}

/// Draws maps of one subject, batch by batch; `refined` hears of every batch.
///
/// # Errors
/// As [`super::cam::explain`]; [`ExplainError::NoSpread`] for methods that need more than one pass
/// back.
pub fn spread(
    target: &Target<'_>,
    subject: Subject,
    method: Method,
    sampling: &DropoutSampling<'_>,
    watch: &mut Watch<'_>,
    refined: &mut dyn FnMut(MapStability),
) -> Result<MapStability, ExplainError> {
    if !method.has_spread() {
        return Err(ExplainError::NoSpread { method: method.name() });
    }
    let ((_, height, width), _) = target.maps()?;
    let area = height * width;
    let stages = &target.network.stages;
    let kept = target.activation.elem_count();
    // The activation changes with the mask only where a dropout stands before it.
    let moves = sampling.first_stochastic <= target.stage;
    let largest = if moves { sampling.before.elem_count().max(kept) } else { kept };
    let batch = (VALUES / largest.max(1)).clamp(1, BATCH);
    let mut sums = Sums::new(area);
    while sums.count < sampling.samples {
        let first = sums.count;
        let rows = batch.min(sampling.samples - first);
        let mode = Mode::Sampling { seed: sampling.seed, first };
        let repeated = |x: &Tensor| -> candle_core::Result<Tensor> {
            let mut shape = x.dims().to_vec();
            shape[0] = rows;
            x.detach().expand(shape)?.contiguous()
        };
        let activation = if moves {
            let through = sampling.first_stochastic..target.stage + 1;
            target.network.forward_range(through, &repeated(sampling.before)?, mode)?.detach()
        } else {
            repeated(target.activation)?
        };
        let pass = ScoreGradients::run(target.network, target.stage + 1, &activation, mode)?;
        let seeds: Vec<Vec<f32>> = pass.rows.iter().map(|logits| target.scoring.slope(subject, logits)).collect();
        let found = pass.back(&seeds)?.ok_or_else(|| ExplainError::NoGradient { layer: target.layer() })?;
        let gradients = target.planes(&found)?.flatten_from(1)?.to_vec2::<f32>()?;
        let activations = target.planes(&activation)?.flatten_from(1)?.to_vec2::<f32>()?;
        for (gradient, activation) in gradients.into_iter().zip(&activations) {
            let mut gradient = [gradient];
            if stages[target.stage].layer.rectifies_in_place() {
                close_where_rectified(&mut gradient, activation);
            }
            let values = if method == Method::EigenCam {
                eigen::projection(activation, area)
            } else {
                map(method, &gradient[0], activation, area)
            };
            if values.iter().any(|v| !v.is_finite()) {
                return Err(ExplainError::NotFinite { method: method.name(), layer: target.layer() });
            }
            sums.add(&values);
        }
        watch.tick(method, sums.count, sampling.samples)?;
        refined(sums.spread(target, subject, method, sampling.seed, (width, height)));
    }
    Ok(sums.spread(target, subject, method, sampling.seed, (width, height)))
}

/// Running mean and squared deviations (Welford 1962).
struct Sums {
    count: usize,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Sums {
    fn new(area: usize) -> Self {
        Self { count: 0, mean: vec![0.0; area], squares: vec![0.0; area] }
    }

    fn add(&mut self, values: &[f32]) {
        self.count += 1;
        let n = self.count as f64;
        for ((mean, squares), value) in self.mean.iter_mut().zip(&mut self.squares).zip(values) {
            let apart = f64::from(*value) - *mean;
            *mean += apart / n;
            *squares += apart * (f64::from(*value) - *mean);
        }
    }

    fn spread(
        &self,
        target: &Target<'_>,
        subject: Subject,
        method: Method,
        seed: u64,
        size: (usize, usize),
    ) -> MapStability {
        let (width, height) = size;
        let degrees = self.count.saturating_sub(1).max(1) as f64;
        let plane = |values: Vec<f32>| Plane { width, height, values };
        MapStability {
            method,
            subject,
            layer: target.layer(),
            mean: plane(self.mean.iter().map(|v| *v as f32).collect()),
            sd: plane(self.squares.iter().map(|v| (v / degrees).sqrt() as f32).collect()),
            samples: self.count,
            seed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread_of(mean: Vec<f32>, sd: Vec<f32>) -> MapStability {
        let plane = |values: Vec<f32>| Plane { width: values.len(), height: 1, values };
        MapStability {
            method: Method::GradCam,
            subject: Subject::class(0),
            layer: "stage4".into(),
            mean: plane(mean),
            sd: plane(sd),
            samples: 10,
            seed: 7,
        }
    }

    #[test]
    fn the_running_sums_give_mean_and_deviation() {
        let mut sums = Sums::new(2);
        [[1.0, 5.0], [2.0, 5.0], [6.0, 5.0]].iter().for_each(|v| sums.add(v));
        assert_eq!(sums.mean, [3.0, 5.0]);
        assert!((sums.squares[0] / 2.0 - 7.0).abs() < 1e-12 && sums.squares[1] == 0.0);
    }

    #[test]
    fn a_place_is_stable_where_its_mean_is_large_beside_its_spread() {
        let spread = spread_of(vec![3.0, 1.0, -2.0, 0.0], vec![1.0, 1.0, 0.5, 0.0]);
        assert_eq!(spread.stability().values, [0.75, 0.5, 0.0, 0.0]);
        assert!((spread.mean_stability().unwrap() - (3.0 * 0.75 + 0.5) / 4.0).abs() < 1e-6);
        assert_eq!(spread_of(vec![-1.0, 0.0], vec![0.0, 0.0]).mean_stability(), None);
    }
}
