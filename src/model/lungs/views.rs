//! Four looks at one image, and how far they agree.
//!
//! The image as it is, mirrored, and with its greys raised to the powers 0.7 and 1.4. With the
//! views' probabilities `p_v`, their mean `p` and the mask `m = [p > ½]`,
//!
//! ```text
//! expected Dice = mean over v of  2 Σ m·p_v / (Σ m + Σ p_v)
//! entropy       = −p·log₂ p − (1 − p)·log₂(1 − p)     of each pixel, in bits
//! ```
//!
//! Each term is the soft Dice between the mask and what one view believes; it is 1 where every view
//! is certain of the same mask, and falls where views differ or are unsure. Views of one network
//! are not independent of each other: where all are wrong alike, they agree.

use crate::imaging::Plane;
use crate::model::manifest::{Input, Normalization, Resize};
use crate::model::preprocess::to_input;

/// Looks at an image.
pub const COUNT: usize = 4;
/// Powers that the greys of the last two views are raised to.
const POWERS: [f32; 2] = [0.7, 1.4];

/// What the network is fed with: the whole image, squashed, tails clipped, greys standardised.
pub fn input_of(side: usize) -> Input {
    Input {
        width: side,
        height: side,
        channels: 1,
        resize: Resize::Squash,
        crop: 1.0,
        smoothing: 0.0,
        normalization: Normalization::PerImage,
        value_range: [0.0, 1.0],
        mean: Vec::new(),
        sd: Vec::new(),
    }
}

/// The four views of a plane, one after the other.
pub(super) fn inputs(plane: &Plane, side: usize) -> Vec<f32> {
    let whole = to_input(plane, &input_of(side), (0.0, 1.0));
    let mut all = Vec::with_capacity(COUNT * side * side);
    all.extend_from_slice(&whole.values);
    all.extend(mirrored(&whole.values, side));
    POWERS.iter().for_each(|power| all.extend(toned(&whole.values, *power)));
    all
}

fn mirrored(values: &[f32], side: usize) -> impl Iterator<Item = f32> {
    values.chunks_exact(side.max(1)).flat_map(|row| row.iter().rev().copied())
}

/// The same greys under another tone curve, standardised again.
fn toned(values: &[f32], power: f32) -> Vec<f32> {
    let (low, high) = values.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    let span = (high - low).max(f32::MIN_POSITIVE);
    let mut toned: Vec<f32> = values.iter().map(|v| ((v - low) / span).powf(power)).collect();
    let n = toned.len().max(1) as f64;
    let mean = toned.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    let variance = toned.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
    let scale = if variance > 1e-12 { 1.0 / variance.sqrt() } else { 0.0 };
    toned.iter_mut().for_each(|v| *v = ((f64::from(*v) - mean) * scale) as f32);
    toned
}

/// Probabilities of the views, the mirrored one turned back.
pub(super) struct Views {
    side: usize,
    each: Vec<Vec<f32>>,
    mean: Plane,
}

impl Views {
    /// From the logits of [`COUNT`] views, `side` × `side` each.
    pub(super) fn of_logits(logits: &[f32], side: usize) -> Self {
        let probability = |z: &f32| 1.0 / (1.0 + (-z).exp());
        let mut each: Vec<Vec<f32>> =
            logits.chunks_exact((side * side).max(1)).map(|view| view.iter().map(probability).collect()).collect();
        if let Some(view) = each.get_mut(1) {
            *view = mirrored(view, side).collect();
        }
        let count = each.len().max(1) as f32;
        let values = (0..side * side).map(|i| each.iter().map(|view| view[i]).sum::<f32>() / count).collect();
        Self { side, each, mean: Plane { width: side, height: side, values } }
    }

    /// The mean of the views.
    pub(super) fn mean(&self) -> &Plane {
        &self.mean
    }

    /// Expected Dice; 0 where the mask is empty.
    pub(super) fn agreement(&self) -> f32 {
        let mask: Vec<bool> = self.mean.values.iter().map(|p| *p > 0.5).collect();
        let inside = mask.iter().filter(|m| **m).count() as f64;
        if inside == 0.0 {
            return 0.0;
        }
        let dice = |view: &Vec<f32>| {
            let all: f64 = view.iter().map(|p| f64::from(*p)).sum();
            let shared: f64 = view.iter().zip(&mask).filter(|(_, m)| **m).map(|(p, _)| f64::from(*p)).sum();
            2.0 * shared / (inside + all)
        };
        (self.each.iter().map(dice).sum::<f64>() / self.each.len().max(1) as f64) as f32
    }

    /// Entropy of every pixel, and its mean over the pixels that have one of the other side of the
    /// outline among their eight neighbours; both in bits.
    pub(super) fn entropy(&self) -> (Plane, f32) {
        let side = self.side;
        let values: Vec<f32> = self.mean.values.iter().map(|p| entropy(*p)).collect();
        let inside = |x: usize, y: usize| self.mean.values[y * side + x] > 0.5;
        let (mut sum, mut count) = (0.0, 0u32);
        for (i, bits) in values.iter().enumerate() {
            let (x, y) = (i % side, i / side);
            let mut around = (y.saturating_sub(1)..(y + 2).min(side))
                .flat_map(|v| (x.saturating_sub(1)..(x + 2).min(side)).map(move |u| (u, v)));
            if around.any(|(u, v)| inside(u, v) != inside(x, y)) {
                sum += bits;
                count += 1;
            }
        }
        let mean = if count == 0 { 0.0 } else { sum / count as f32 };
        (Plane { width: side, height: side, values }, mean)
    }
}

/// Entropy of a probability in bits.
fn entropy(p: f32) -> f32 {
    let term = |p: f32| if p > 0.0 { -p * p.log2() } else { 0.0 };
    term(p) + term(1.0 - p)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits of two columns by two rows: probabilities 0.9, 0.1 / 0.9, 0.1 in three views, and
    /// half as much in the last.
    fn views() -> Views {
        let logit = |p: f32| (p / (1.0 - p)).ln();
        let (high, low) = (logit(0.9), logit(0.1));
        let plain = [high, low, high, low];
        // The mirrored view comes mirrored.
        let mirrored = [low, high, low, high];
        let unsure = [logit(0.6), logit(0.4), logit(0.6), logit(0.4)];
        Views::of_logits(&[plain, mirrored, plain, unsure].concat(), 2)
    }

    #[test]
    fn expected_dice_is_that_of_the_formula() {
        // m = 1, 0, 1, 0: three views give 2 · 1.8 / (2 + 2) = 0.9, the last 2 · 1.2 / 4 = 0.6.
        assert!((views().agreement() - (3.0 * 0.9 + 0.6) / 4.0).abs() < 1e-6);
        assert_eq!(Views::of_logits(&[-9.0; 16], 2).agreement(), 0.0);
    }

    #[test]
    fn the_mirrored_view_is_turned_back_before_the_mean() {
        let values = &views().mean().values.clone();
        assert!(values.iter().zip([0.825, 0.175, 0.825, 0.175]).all(|(a, b)| (a - b).abs() < 1e-6), "{values:?}");
    }

    #[test]
    fn entropy_is_in_bits_and_largest_at_one_half() {
        assert_eq!((entropy(0.5), entropy(0.0), entropy(1.0)), (1.0, 0.0, 0.0));
        // −0.25·log₂ 0.25 − 0.75·log₂ 0.75
        assert!((entropy(0.25) - 0.811_278).abs() < 1e-5);
        let (map, outline) = views().entropy();
        // All four pixels lie along the outline.
        assert!((outline - map.values.iter().sum::<f32>() / 4.0).abs() < 1e-6);
    }

    #[test]
    fn tone_curves_keep_order_and_standardise() {
        let ramp: Vec<f32> = (0..100).map(|i| i as f32).collect();
        let bent = toned(&ramp, 1.4);
        assert!(bent.windows(2).all(|w| w[0] < w[1]));
        let mean = bent.iter().sum::<f32>() / 100.0;
        assert!(mean.abs() < 1e-4);
        assert!(toned(&[3.0; 9], 0.7).iter().all(|v| *v == 0.0));
    }

    #[test]
    fn all_views_of_a_plane_are_made() {
        let plane = Plane { width: 40, height: 30, values: (0..1200).map(|i| (i % 40) as f32).collect() };
        let all = inputs(&plane, 16);
        assert_eq!(all.len(), COUNT * 256);
        assert_eq!(all[0], all[256 + 15], "the second view is the mirrored first");
    }
}
