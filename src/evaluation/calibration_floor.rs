//! The calibration error that a perfectly calibrated model would show on as many images.
//!
//! A binned error is never 0 on a finite set: of ten images scored 0.8, seven or nine will have the
//! finding by chance alone, and the fewer the images, the larger that is. So the error stands
//! beside what chance makes of it. Of each image with probability `p_i` a truth is drawn from that
//! very probability, `y_i ~ Bernoulli(p_i)`, as if the model were right about it, and the error is
//! computed over the same bins, [`DRAWS`] times (consistency resampling: Bröcker and Smith, Weather
//! and Forecasting 22 (2007) 651):
//!
//! ```text
//! floor = Σ_b |Σ_{i ∈ b} (y_i − p_i)| / n
//! ```
//!
//! An error within the range of the draws is no sign of miscalibration; one far above it is. What
//! it does not do: draw images of one patient together. They go together in truth, so that the
//! range is too narrow where patients have many.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::bootstrap::Estimate;
use super::calibration::{BINS, Binning, members};
use crate::stats::{mean, quantile};

/// How many times the truth is drawn.
pub const DRAWS: usize = 1_000;
/// Seed of the first draw; the others follow.
const SEED: u64 = 7;

/// Both kinds of bins, in the order of [`floors`].
const BINNINGS: [Binning; 2] = [Binning::EqualWidth, Binning::EqualMass];

/// What was claimed of some images, with the bin of each.
struct Claims<'a> {
    confidence: &'a [f64],
    bins: [Vec<usize>; 2],
}

impl<'a> Claims<'a> {
    fn of(confidence: &'a [f64]) -> Self {
        let bins = BINNINGS.map(|binning| {
            let mut place = vec![0; confidence.len()];
            for (bin, images) in members(confidence, binning).iter().enumerate() {
                images.iter().for_each(|image| place[*image] = bin);
            }
            place
        });
        Self { confidence, bins }
    }

    /// Both errors of one drawn truth.
    fn drawn(&self, random: &mut ChaCha8Rng) -> [f64; 2] {
        let mut sums = [[0.0; BINS]; 2];
        for (i, p) in self.confidence.iter().enumerate() {
            let residual = f64::from(u8::from(random.random::<f64>() < *p)) - p;
            for (sums, bins) in sums.iter_mut().zip(&self.bins) {
                sums[bins[i]] += residual;
            }
        }
        sums.map(|sums| sums.iter().map(|sum| sum.abs()).sum::<f64>() / self.confidence.len() as f64)
    }
}

/// Mean and 2.5th–97.5th percentile of the error of a perfectly calibrated model, over bins of equal
/// width and of equal mass.
///
/// `claims` holds the probabilities of one question: of the called class, or of a finding. Of
/// several questions it is the mean of their errors; those without images take no part. `None`
/// where none has images.
#[must_use]
pub fn floors(claims: &[&[f64]]) -> Option<[Estimate; 2]> {
    let claims: Vec<Claims<'_>> = claims.iter().filter(|all| !all.is_empty()).map(|all| Claims::of(all)).collect();
    if claims.is_empty() {
        return None;
    }
    let draw = |number: usize| {
        let mut random = ChaCha8Rng::seed_from_u64(SEED + number as u64);
        let errors = claims.iter().map(|claims| claims.drawn(&mut random));
        errors.fold([0.0; 2], |sum, error| [sum[0] + error[0], sum[1] + error[1]]).map(|sum| sum / claims.len() as f64)
    };
    let draws: Vec<[f64; 2]> = (0..DRAWS).into_par_iter().map(draw).collect();
    Some([0, 1].map(|kind| {
        let mut errors: Vec<f64> = draws.iter().map(|draw| draw[kind]).collect();
        errors.sort_by(f64::total_cmp);
        let [low, high] = [0.025, 0.975].map(|q| Some(quantile(&errors, q)));
        Estimate(mean(errors), low, high)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::calibration::top;
    use crate::evaluation::golden::{Floor, read};

    /// Within five standard errors of what numpy drew a hundred times as often.
    fn like(found: Estimate, expected: &Floor) {
        let Estimate(Some(mean), Some(low), Some(high)) = found else { panic!("{found:?}") };
        let error = expected.sd / (DRAWS as f64).sqrt();
        assert!((mean - expected.mean).abs() < 5.0 * error, "{mean} {}", expected.mean);
        // The standard error of a 2.5th percentile is about 2.7 times that of the mean.
        for (found, expected) in [(low, expected.low), (high, expected.high)] {
            assert!((found - expected).abs() < 5.0 * 2.7 * error, "{found} {expected}");
        }
    }

    #[test]
    fn mean_and_range_are_those_that_numpy_draws() {
        let golden = read();
        let (confidence, _) = top(&golden.probabilities, &golden.truth);
        let [width, mass] = floors(&[&confidence]).unwrap();
        like(width, &golden.ece_floor.ece);
        like(mass, &golden.ece_floor.adaptive_ece);
        let [width, mass] = floors(&[&golden.binary.score]).unwrap();
        like(width, &golden.ece_floor.binary_ece);
        like(mass, &golden.ece_floor.binary_adaptive_ece);
    }

    #[test]
    fn of_one_bin_it_is_the_mean_deviation_of_a_binomial() {
        // E|X − 50| / 100 of a hundred throws of a coin: 50 · C(100, 50) / 2¹⁰⁰ / 100.
        let [width, mass] = floors(&[&[0.5; 100]]).unwrap();
        assert!((width.0.unwrap() - 0.039_794_6).abs() < 5.0 * 0.030_3 / (DRAWS as f64).sqrt(), "{width:?}");
        // Spread over fifteen bins of six or seven, chance makes more of it.
        assert!(mass.0.unwrap() > 2.0 * width.0.unwrap(), "{mass:?}");
    }

    #[test]
    fn certain_claims_leave_nothing_to_chance_and_more_images_leave_less() {
        assert_eq!(floors(&[&[0.0, 1.0, 1.0]]), Some([Estimate(Some(0.0), Some(0.0), Some(0.0)); 2]));
        let of = |n: usize| floors(&[&vec![0.7; n]]).unwrap()[0].0.unwrap();
        assert!(of(2_500) < of(100) / 4.0, "it falls with the root of the number of images");
    }

    #[test]
    fn a_question_without_images_takes_no_part() {
        assert_eq!(floors(&[]), None);
        assert_eq!(floors(&[&[], &[]]), None);
        assert_eq!(floors(&[&[], &[0.5; 100]]), floors(&[&[0.5; 100]]));
    }
}
