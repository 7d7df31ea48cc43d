//! What of an image outlives a change of tone, compression and size: its fine structure.
//!
//! Radiographs of one kind are alike in their large shapes, whoever was imaged. What tells a copy
//! from another patient is the detail: edges of ribs, vessels, folds. So an image is compared by
//!
//! ```text
//! t = tone(image)                     0.5 % of each tail cut, then equalised with a clipped histogram (Pizer et al. 1987)
//! d = G(σ₁) t − G(σ₂) t               a band: neither noise nor the large shapes
//! detail = d / √(G(σ = 6) d² + ε²)    everywhere as strong (Jarrett et al. 2009)
//! ```
//!
//! on a coarse square, by which images are found and laid over each other, and on a fine one, which
//! decides: the shapes of ribs are much the same in all, so its band is that of vessels and edges.
//! σ counts pixels of the square. A monotone change of the greys hardly touches it, an inverted
//! image has the negative. The clip keeps the noise of an empty background from being spread over
//! all greys.

use crate::imaging::Plane;
use crate::imaging::blur::gaussian;
use crate::imaging::resample::resize;

/// A square and the band of its detail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    pub side: usize,
    /// σ of what is kept and of what is taken away.
    sigma: [f32; 2],
    /// ε: detail below it is none.
    faint: f32,
}

/// The detail that candidates are found by.
pub(super) const COARSE: Band = Band { side: 48, sigma: [1.0, 4.0], faint: 0.02 };
/// The detail that decides.
pub(super) const FINE: Band = Band { side: 128, sigma: [0.8, 2.5], faint: 0.05 };

/// Greys of the histogram.
const BINS: usize = 256;
/// Most images of a grey, in units of its share in an even histogram.
const CLIP: f32 = 2.0;
/// Share of the pixels that are cut off at each end.
const TAIL: f32 = 0.005;
/// Least mean square of a detail that can be compared.
const LEAST: f32 = 0.02;
/// Steps of a stored value per standard deviation.
const STEPS: f32 = 31.0;

/// Detail of a square, in 31sts of a local standard deviation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    pub side: usize,
    steps: Vec<i8>,
}

impl Detail {
    /// Of an image, squashed to a square; `None` where it has next to none (a single grey, a smooth
    /// slope).
    pub fn of(image: &Plane, band: Band) -> Option<Self> {
        let Band { side, sigma, faint } = band;
        let small = resize(image, side, side);
        let toned = Plane { values: tone(&small.values), ..small };
        let [sharp, blurred] = sigma.map(|sigma| gaussian(&toned, sigma));
        let band: Vec<f32> = sharp.values.iter().zip(&blurred.values).map(|(a, b)| a - b).collect();
        let squares = Plane { values: band.iter().map(|v| v * v).collect(), ..sharp };
        let local = gaussian(&squares, 6.0);
        let values: Vec<f32> =
            band.iter().zip(&local.values).map(|(v, square)| v / (square + faint * faint).sqrt()).collect();
        let mean_square = values.iter().map(|v| v * v).sum::<f32>() / values.len().max(1) as f32;
        let steps = values.iter().map(|v| (v * STEPS).round().clamp(-127.0, 127.0) as i8).collect();
        (mean_square >= LEAST).then_some(Self { side, steps })
    }

    /// The values, row by row.
    pub fn values(&self) -> Vec<f32> {
        self.steps.iter().map(|s| f32::from(*s) / STEPS).collect()
    }
}

/// Greys equalised by a clipped histogram of their range.
fn tone(values: &[f32]) -> Vec<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let at = |q: f32| sorted.get((q * (sorted.len() - 1) as f32).round() as usize).copied().unwrap_or(0.0);
    let (low, high) = (at(TAIL), at(1.0 - TAIL));
    if high <= low {
        return vec![0.0; values.len()];
    }
    let place = |v: &f32| ((v - low) / (high - low)).clamp(0.0, 1.0) * BINS as f32;
    let mut shares = vec![0.0_f32; BINS];
    values.iter().for_each(|v| shares[(place(v) as usize).min(BINS - 1)] += 1.0);
    let most = CLIP * values.len() as f32 / BINS as f32;
    shares.iter_mut().for_each(|s| *s = s.min(most));
    let all: f32 = shares.iter().sum();
    let mut below = vec![0.0_f32; BINS + 1];
    for (i, share) in shares.iter().enumerate() {
        below[i + 1] = below[i] + share / all;
    }
    let curve = |v: &f32| {
        let place = place(v);
        let bin = (place as usize).min(BINS - 1);
        below[bin] + (below[bin + 1] - below[bin]) * (place - bin as f32)
    };
    values.iter().map(curve).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::audit::testing::radiograph;

    fn changed(image: &Plane, change: impl Fn(f32) -> f32) -> Plane {
        Plane { values: image.values.iter().map(|v| change(*v)).collect(), ..*image }
    }

    /// Cosine of the angle between two details.
    fn likeness(a: &Detail, b: &Detail) -> f32 {
        let sum = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let (a, b) = (a.values(), b.values());
        sum(&a, &b) / (sum(&a, &a) * sum(&b, &b)).sqrt()
    }

    #[test]
    fn tone_curves_leave_the_detail_and_inversion_turns_its_sign() {
        let image = radiograph(1);
        let detail = Detail::of(&image, FINE).unwrap();
        for tone in [|v: f32| v.powf(2.0), |v: f32| v.sqrt(), |v: f32| 0.2 + 0.5 * v] {
            let other = Detail::of(&changed(&image, tone), FINE).unwrap();
            assert!(likeness(&detail, &other) > 0.95, "{}", likeness(&detail, &other));
        }
        let inverted = Detail::of(&changed(&image, |v| 1.0 - v), FINE).unwrap();
        assert!(likeness(&detail, &inverted) < -0.99);
    }

    #[test]
    fn another_patient_has_other_detail() {
        let (a, b) = (Detail::of(&radiograph(1), FINE).unwrap(), Detail::of(&radiograph(2), FINE).unwrap());
        assert!(likeness(&a, &b) < 0.7, "{}", likeness(&a, &b));
    }

    #[test]
    fn a_single_grey_and_a_slope_have_none() {
        assert_eq!(Detail::of(&Plane::filled(60, 60, 0.5), FINE), None);
        let slope = Plane { width: 60, height: 60, values: (0..3600).map(|i| (i % 60) as f32 / 60.0).collect() };
        assert_eq!(Detail::of(&slope, FINE), None);
    }
}
