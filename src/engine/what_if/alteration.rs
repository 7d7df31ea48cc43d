//! The whole image toned, turned, shifted or cropped: does the score hang on how it was taken?
//!
//! A pixel of the altered image at `p`, from the middle of the image, shows what stood at
//! `R(−turn) · (1 − 2·crop) · p − shift`. Values between pixels are bilinear; beyond the border the
//! last pixel is repeated. The tone is a gamma of 2^−tone on what is shown: the least value of the
//! image stays black, the greatest white.
//!
//! What it does not do: imitate another exposure, which would have other noise.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::imaging::{PixelData, Plane};

/// Most of a tone, either way.
pub const MOST_TONE: f32 = 1.0;
/// Most of a turn, degrees, either way.
pub const MOST_TURN: f32 = 30.0;
/// Most of a shift, share of the side, either way.
pub const MOST_SHIFT: f32 = 0.25;
/// Most that is cropped at each border, share of the side.
pub const MOST_CROP: f32 = 0.25;

/// How the whole image is altered; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Alteration {
    /// Brighter above 0: grey values become their 2^−tone power.
    pub tone: f32,
    /// Degrees clockwise.
    pub turn: f32,
    /// To the right and down, share of width and height.
    pub shift: [f32; 2],
    /// Share of the side that is cut off at each border; what is left fills the image.
    pub crop: f32,
}

impl Alteration {
    /// True where the image stays as it is.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Within what a reader may ask for; what is no number is nothing.
    #[must_use]
    pub fn bounded(self) -> Self {
        let bounded = |v: f32, most: f32| if v.is_finite() { v.clamp(-most, most) } else { 0.0 };
        Self {
            tone: bounded(self.tone, MOST_TONE),
            turn: bounded(self.turn, MOST_TURN),
            shift: self.shift.map(|side| bounded(side, MOST_SHIFT)),
            crop: bounded(self.crop, MOST_CROP).max(0.0),
        }
    }

    /// `plane` as altered; `pixels` says which end of its scale is shown white, `aspect` the height
    /// of a pixel over its width.
    #[must_use]
    pub fn applied(&self, plane: Plane, pixels: &PixelData, aspect: f32) -> Plane {
        let moved =
            if (self.turn, self.shift, self.crop) == (0.0, [0.0; 2], 0.0) { plane } else { self.moved(&plane, aspect) };
        if self.tone == 0.0 { moved } else { toned(moved, self.tone, pixels.inverted) }
    }

    fn moved(&self, plane: &Plane, aspect: f32) -> Plane {
        let (w, h) = (plane.width, plane.height);
        if w == 0 || h == 0 {
            return plane.clone();
        }
        let (sin, cos) = (-self.turn.to_radians()).sin_cos();
        let scale = 1.0 - 2.0 * self.crop;
        let middle = [0.5 * w as f32, 0.5 * h as f32];
        let shift = [self.shift[0] * w as f32, self.shift[1] * h as f32];
        let mut values = vec![0.0; plane.values.len()];
        values.par_chunks_mut(w).enumerate().for_each(|(row, line)| {
            let y = scale * (row as f32 + 0.5 - middle[1]) * aspect;
            for (column, value) in line.iter_mut().enumerate() {
                let x = scale * (column as f32 + 0.5 - middle[0]);
                let at_x = cos * x - sin * y + middle[0] - shift[0] - 0.5;
                let at_y = (sin * x + cos * y) / aspect + middle[1] - shift[1] - 0.5;
                *value = between(plane, at_x, at_y);
            }
        });
        Plane { values, ..*plane }
    }
}

/// The bilinear value at a place counted from the middle of the first pixel.
fn between(plane: &Plane, x: f32, y: f32) -> f32 {
    let x = x.clamp(0.0, (plane.width - 1) as f32);
    let y = y.clamp(0.0, (plane.height - 1) as f32);
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(plane.width - 1), (top + 1).min(plane.height - 1));
    let (fx, fy) = (x - left as f32, y - top as f32);
    let at = |x: usize, y: usize| plane.values[y * plane.width + x];
    let upper = at(left, top) + fx * (at(right, top) - at(left, top));
    let lower = at(left, bottom) + fx * (at(right, bottom) - at(left, bottom));
    upper + fy * (lower - upper)
}

fn toned(mut plane: Plane, tone: f32, inverted: bool) -> Plane {
    let finite = plane.values.par_iter().copied().filter(|v| v.is_finite());
    let (low, high) = finite
        .fold(|| (f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)))
        .reduce(|| (f32::MAX, f32::MIN), |a, b| (a.0.min(b.0), a.1.max(b.1)));
    if low >= high {
        return plane;
    }
    let gamma = (-tone).exp2();
    plane.values.par_iter_mut().for_each(|v| {
        let shown = (*v - low) / (high - low);
        let power = if inverted { 1.0 - (1.0 - shown).powf(gamma) } else { shown.powf(gamma) };
        *v = low + (high - low) * power;
    });
    plane
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ramp to the right and down.
    fn ramp() -> Plane {
        Plane { width: 40, height: 20, values: (0..800).map(|i| (i % 40) as f32 + 100.0 * (i / 40) as f32).collect() }
    }

    fn moved(alteration: Alteration, x: usize, y: usize) -> f32 {
        alteration.moved(&ramp(), 1.0).values[y * 40 + x]
    }

    #[test]
    fn a_shift_to_the_right_and_down_brings_what_stood_left_and_above() {
        let shifted = Alteration { shift: [0.1, 0.1], ..Alteration::default() };
        assert!((moved(shifted, 20, 10) - 816.0).abs() < 1e-3);
        assert_eq!(moved(shifted, 0, 0), 0.0, "the border is repeated");
    }

    #[test]
    fn a_turn_is_clockwise_about_the_middle() {
        let plane = Plane { width: 21, height: 21, values: vec![0.0; 441] };
        let mut marked = plane.clone();
        // Above the middle.
        marked.values[4 * 21 + 10] = 1.0;
        let turned = Alteration { turn: 90.0, ..Alteration::default() }.moved(&marked, 1.0);
        let brightest = turned.values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        assert_eq!((brightest % 21, brightest / 21), (16, 10), "now to the right of it");
    }

    #[test]
    fn pixels_that_are_taller_than_wide_turn_in_their_true_shape() {
        let mut plane = Plane { width: 41, height: 21, values: vec![0.0; 861] };
        // Ten widths above the middle, for a pixel twice as tall as wide.
        plane.values[5 * 41 + 20] = 1.0;
        let turned = Alteration { turn: 90.0, ..Alteration::default() }.moved(&plane, 2.0);
        let brightest = turned.values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        assert_eq!((brightest % 41, brightest / 41), (30, 10));
    }

    #[test]
    fn a_crop_enlarges_the_middle() {
        let cropped = Alteration { crop: 0.25, ..Alteration::default() };
        // Half a pixel from the left border stood 9.75 pixels from it, and half a pixel below the middle
        // a quarter below it.
        let left = moved(cropped, 0, 10);
        assert!((left - (975.0 + 9.75)).abs() < 1e-3, "{left}");
    }

    #[test]
    fn a_tone_keeps_black_and_white_and_brightens_what_is_shown() {
        let values = vec![0.0, 25.0, 100.0];
        let plane = Plane { width: 3, height: 1, values };
        let brighter = toned(plane.clone(), 1.0, false);
        assert_eq!(brighter.values, [0.0, 50.0, 100.0]);
        let inverted = toned(plane, 1.0, true);
        assert!(inverted.values[1] < 25.0, "where low values are shown bright, brighter is lower");
        assert_eq!((inverted.values[0], inverted.values[2]), (0.0, 100.0));
    }

    #[test]
    fn what_is_asked_beyond_the_bounds_or_is_no_number_is_bounded() {
        let wild = Alteration { tone: f32::NAN, turn: 400.0, shift: [-9.0, f32::INFINITY], crop: -1.0 };
        let bounded = Alteration { tone: 0.0, turn: MOST_TURN, shift: [-MOST_SHIFT, 0.0], crop: 0.0 };
        assert_eq!(wild.bounded(), bounded);
    }
}
