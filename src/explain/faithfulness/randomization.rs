//! The randomisation check (Adebayo et al. 2018): does the map change when the network loses what
//! it learned?
//!
//! The weights are replaced by random ones stage by stage, from the output to the input, and the
//! map is made again after each step. A map that explains the network cannot outlive its weights;
//! one that does is an edge detector of the image. Each step is compared with the map of the
//! trained network by Spearman's ρ of absolute values and by SSIM.
//!
//! **The rule.** The check fails when after the last step `|ρ| > 0.5` or `SSIM > 0.75`. Of 400
//! pairs of unrelated maps of each kind (Gaussian noise of 7 × 7 and 14 × 14 values, plain,
//! smoothed by σ = 1, and that cut to its positive part), 95 in 100 had `|ρ|` of at most 0.50 and
//! 99 in 100 `SSIM` of at most 0.62: beyond these limits chance is no explanation. On 4 × 4 values
//! it is one (`|ρ|` up to 0.84, `SSIM` up to 1), so maps of fewer than 49 values are not judged,
//! nor is a constant map. Maps should come at their own resolution, for enlarging adds no values.
//! The limits are ours; Adebayo et al. give none.
//!
//! What is not here: the weights, the network, the maps.

use serde::{Deserialize, Serialize};

use super::rank::spearman;
use super::ssim::similarity;
use super::{FaithfulnessError, checked};
use crate::imaging::{Plane, bilinear};

/// Rank correlation above which a map outlives the weights.
pub const RHO: f64 = 0.5;
/// Structural similarity above which it does.
pub const SSIM: f64 = 0.75;
/// Fewest values of a map on which unrelated maps stay below the limits.
pub const LEAST: usize = 49;

/// The map after one more stage lost its weights, beside that of the trained network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomizedStage {
    /// The stage that was re-initialised last; those behind it are already random.
    pub stage: String,
    /// Spearman's ρ of absolute values; 0 where a map is constant.
    pub spearman: f64,
    /// SSIM of the maps scaled to 0–1.
    pub ssim: f64,
}

/// What the check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The map depends on what the network learned.
    Passes,
    /// The map is nearly the same without it.
    Fails,
    /// No step, a constant map, or one of too few values.
    Undecided,
}

/// The cascade of one map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Randomization {
    pub steps: Vec<RandomizedStage>,
    pub outcome: Outcome,
}

/// Compares the map of the trained network with those after each step of the cascade (the stage's
/// name and the map).
///
/// A map of another size is brought to that of the trained one.
pub fn judged(trained: &Plane, cascade: &[(String, Plane)]) -> Result<Randomization, FaithfulnessError> {
    checked(trained)?;
    let absolute = |map: &Plane| -> Vec<f32> { map.values.iter().map(|v| v.abs()).collect() };
    let own = absolute(trained);
    let step = |(stage, map): &(String, Plane)| {
        checked(map)?;
        let map = bilinear(map, trained.width, trained.height);
        let (spearman, ssim) = (spearman(&own, &absolute(&map)), similarity(trained, &map));
        Ok(RandomizedStage { stage: stage.clone(), spearman, ssim })
    };
    let steps = cascade.iter().map(step).collect::<Result<Vec<RandomizedStage>, FaithfulnessError>>()?;
    let says_something = own.len() >= LEAST && own.iter().any(|v| *v != own[0]);
    let outcome = match steps.last() {
        Some(last) if says_something => {
            if last.spearman.abs() > RHO || last.ssim > SSIM {
                Outcome::Fails
            } else {
                Outcome::Passes
            }
        }
        _ => Outcome::Undecided,
    };
    Ok(Randomization { steps, outcome })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::explain::faithfulness::control_maps::random;
    use crate::explain::faithfulness::input_image::InputImage;

    fn map(seed: u64) -> Plane {
        random(14, 14, 14, 14, seed)
    }

    fn cascade(maps: &[Plane]) -> Vec<(String, Plane)> {
        maps.iter().enumerate().map(|(i, m)| (format!("stage{i}"), m.clone())).collect()
    }

    #[test]
    fn a_map_that_changes_passes_and_its_steps_are_told() {
        let judged = judged(&map(1), &cascade(&[map(1), map(2)])).unwrap();
        assert_eq!(judged.outcome, Outcome::Passes);
        assert_eq!(judged.steps[0].stage, "stage0");
        assert!((judged.steps[0].spearman - 1.0).abs() < 1e-12 && (judged.steps[0].ssim - 1.0).abs() < 1e-9);
        assert!(judged.steps[1].spearman.abs() < 0.3);
    }

    #[test]
    fn a_map_that_outlives_the_weights_fails_whatever_its_sign_or_scale() {
        for factor in [1.0, 0.001, -1.0] {
            let same = Plane { values: map(1).values.iter().map(|v| v * factor).collect(), ..map(1) };
            assert_eq!(judged(&map(1), &cascade(&[map(2), same])).unwrap().outcome, Outcome::Fails);
        }
    }

    #[test]
    fn a_map_that_dies_with_the_weights_passes() {
        let judged = judged(&map(1), &cascade(&[Plane::filled(14, 14, 0.0)])).unwrap();
        assert_eq!(judged.outcome, Outcome::Passes);
        assert_eq!(judged.steps[0].spearman, 0.0);
    }

    /// The numbers behind the rule, see the module.
    #[test]
    fn unrelated_maps_seldom_reach_the_limits() {
        let mut noise = ChaCha8Rng::seed_from_u64(0);
        for (side, sigma, cut) in [(7, 0.0, false), (7, 1.0, false), (7, 1.0, true), (14, 1.0, true)] {
            let mut map = || {
                let values = (0..side * side).map(|_| StandardNormal.sample(&mut noise)).collect();
                let smooth = InputImage { channels: 1, width: side, height: side, values }.blurred(sigma);
                let floor = if cut { 0.0 } else { f32::NEG_INFINITY };
                Plane { width: side, height: side, values: smooth.values.iter().map(|v| v.max(floor)).collect() }
            };
            let judged: Vec<_> =
                (0..400).map(|_| judged(&map(), &cascade(&[map()])).unwrap().steps.remove(0)).collect();
            let share = |over: fn(&RandomizedStage) -> bool| judged.iter().filter(|s| over(s)).count() as f64 / 400.0;
            let (rho, ssim) = (share(|s| s.spearman.abs() > RHO), share(|s| s.ssim > SSIM));
            assert!(rho <= 0.06 && ssim <= 0.01, "{side} {sigma} {cut}: {rho} {ssim}");
        }
    }

    #[test]
    fn too_little_is_no_verdict() {
        let flat = Plane::filled(14, 14, 1.0);
        assert_eq!(judged(&flat, &cascade(std::slice::from_ref(&flat))).unwrap().outcome, Outcome::Undecided);
        let one = Plane::filled(1, 1, 3.0);
        assert_eq!(judged(&one, &cascade(std::slice::from_ref(&one))).unwrap().outcome, Outcome::Undecided);
        let small = random(5, 5, 5, 5, 1);
        assert_eq!(judged(&small, &cascade(std::slice::from_ref(&small))).unwrap().outcome, Outcome::Undecided);
        assert_eq!(judged(&map(1), &[]).unwrap().outcome, Outcome::Undecided);
    }

    #[test]
    fn broken_maps_are_errors() {
        let nan = Plane::filled(14, 14, f32::NAN);
        assert_eq!(judged(&map(1), &cascade(std::slice::from_ref(&nan))), Err(FaithfulnessError::MapNotFinite));
        assert_eq!(judged(&nan, &[]), Err(FaithfulnessError::MapNotFinite));
        assert_eq!(judged(&map(1), &cascade(&[Plane::default()])), Err(FaithfulnessError::EmptyMap));
    }
}
