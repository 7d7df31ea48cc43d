//! Structural similarity of two maps (Wang et al. 2004).
//!
//! ```text
//! SSIM = (2 μ_a μ_b + C₁)(2 σ_ab + C₂) / ((μ_a² + μ_b² + C₁)(σ_a² + σ_b² + C₂)),   C₁ = 0.01², C₂ = 0.03²
//! ```
//!
//! with means, variances and covariance under a Gaussian of σ = 1.5 in a window of 11 × 11; the
//! mean over all windows that lie inside. That is scikit-image's
//! `structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1)`.
//!
//! Maps of convolutional layers are often smaller than 11 × 11. Then the window is the largest odd
//! one that fits the shorter side, the Gaussian cut off there; scikit-image refuses such maps
//! unless it is given the window. For a side of 1 or 2 the window is one pixel and only the values
//! are compared.
//!
//! Two maps that mark little are similar where both mark nothing: read SSIM beside the rank
//! correlation.

use super::gaussian::{Kernel, filtered};
use crate::imaging::Plane;

const SIGMA: f64 = 1.5;
/// Of the window of 11.
const RADIUS: usize = 5;
const C1: f64 = 0.01 * 0.01;
const C2: f64 = 0.03 * 0.03;

/// SSIM of two maps, each scaled to 0–1 by its own minimum and maximum first (a constant map
/// becomes 0), as Adebayo et al. 2018 compare maps. −1 to 1; 0 for maps of different size, without
/// pixels or not finite.
#[must_use]
pub fn similarity(a: &Plane, b: &Plane) -> f64 {
    if a.values.iter().chain(&b.values).any(|v| !v.is_finite()) {
        return 0.0;
    }
    structural_similarity(&unit(a), &unit(b))
}

fn unit(map: &Plane) -> Plane {
    let low = map.values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = map.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (low, high) = (f64::from(low), f64::from(high));
    let scaled = |v: &f32| if high > low { ((f64::from(*v) - low) / (high - low)) as f32 } else { 0.0 };
    Plane { values: map.values.iter().map(scaled).collect(), ..*map }
}

/// SSIM of two maps of values between 0 and 1; 0 for maps of different size or without pixels.
#[must_use]
pub fn structural_similarity(a: &Plane, b: &Plane) -> f64 {
    let (width, height) = (a.width, a.height);
    let pixels = width * height;
    if (b.width, b.height) != (width, height) || pixels == 0 || a.values.len() != pixels || b.values.len() != pixels {
        return 0.0;
    }
    let radius = RADIUS.min((width.min(height) - 1) / 2);
    let kernel = Kernel::new(SIGMA, radius);
    let local = |f: &dyn Fn(f64, f64) -> f64| {
        let values: Vec<f64> = a.values.iter().zip(&b.values).map(|(a, b)| f(f64::from(*a), f64::from(*b))).collect();
        filtered(&values, width, height, &kernel)
    };
    let (mean_a, mean_b) = (local(&|a, _| a), local(&|_, b| b));
    let (aa, bb, ab) = (local(&|a, _| a * a), local(&|_, b| b * b), local(&|a, b| a * b));
    let (mut sum, mut count) = (0.0, 0.0);
    for y in radius..height - radius {
        for i in y * width + radius..(y + 1) * width - radius {
            let (ma, mb) = (mean_a[i], mean_b[i]);
            let (va, vb, vab) = (aa[i] - ma * ma, bb[i] - mb * mb, ab[i] - ma * mb);
            sum += (2.0 * ma * mb + C1) * (2.0 * vab + C2) / ((ma * ma + mb * mb + C1) * (va + vb + C2));
            count += 1.0;
        }
    }
    sum / count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a[y, x] = ((7x² + 3y + xy) mod 11)/10`, `b[y, x] = ((x + 5y²) mod 7)/6`.
    fn pair(width: usize, height: usize) -> (Plane, Plane) {
        let plane = |f: &dyn Fn(usize, usize) -> f32| Plane {
            width,
            height,
            values: (0..width * height).map(|i| f(i % width, i / width)).collect(),
        };
        (
            plane(&|x, y| ((7 * x * x + 3 * y + x * y) % 11) as f32 / 10.0),
            plane(&|x, y| ((x + 5 * y * y) % 7) as f32 / 6.0),
        )
    }

    /// Sides of `pair`, and the SSIM of `a` with `b` and with `(a + b)/2`:
    /// `structural_similarity(…)` of scikit-image 0.26 as in the module's text. The last two are
    /// below 11 × 11 and come from the formula on `scipy.ndimage.gaussian_filter(x, 1.5, radius=r)`
    /// with windows of 7 and 3.
    #[test]
    fn ssim_matches_scikit_image() {
        for (width, height, unlike, alike) in [
            (20, 15, 0.113_472_858_8, 0.695_680_628_0),
            (11, 11, 0.091_632_755_5, 0.720_210_752_7),
            (7, 7, 0.249_014_201_8, 0.753_268_826_7),
            (9, 4, 0.110_727_499_1, 0.706_168_453_9),
        ] {
            let (a, b) = pair(width, height);
            let half = a.values.iter().zip(&b.values).map(|(a, b)| (a + b) / 2.0).collect();
            let half = Plane { values: half, ..a.clone() };
            assert!((structural_similarity(&a, &b) - unlike).abs() < 1e-6, "{}", structural_similarity(&a, &b));
            assert!((structural_similarity(&a, &half) - alike).abs() < 1e-6, "{}", structural_similarity(&a, &half));
        }
    }

    #[test]
    fn a_map_is_like_itself_at_any_size_and_on_any_scale() {
        for (width, height) in [(1, 1), (2, 2), (7, 7), (10, 3), (11, 11), (40, 25)] {
            let (a, _) = pair(width, height);
            assert!((similarity(&a, &a) - 1.0).abs() < 1e-9);
            let other = Plane { values: a.values.iter().map(|v| v * 8.0 - 3.0).collect(), ..a.clone() };
            assert!((similarity(&a, &other) - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn constant_and_broken_maps_give_a_number() {
        let (a, _) = pair(12, 12);
        let flat = Plane::filled(12, 12, 3.0);
        assert!((similarity(&flat, &flat) - 1.0).abs() < 1e-12);
        assert!(similarity(&a, &flat) < 0.1);
        assert_eq!(similarity(&a, &Plane::filled(11, 12, 0.0)), 0.0);
        assert_eq!(similarity(&Plane::default(), &Plane::default()), 0.0);
        assert_eq!(similarity(&a, &Plane::filled(12, 12, f32::NAN)), 0.0);
    }
}
