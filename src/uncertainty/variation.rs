//! The same image as another image of the same patient on the same day might show it: a little
//! shifted, turned, scaled and toned.
//!
//! Every variation keeps the finding and its side: there is no mirror, since the side of the heart
//! matters, and no cut. Variation number `i` of a seed is always the same, and number 0 is the
//! image as it is. What lies outside the image repeats its border.
//!
//! What it does not do: a model that standardises each image undoes brightness and contrast, one
//! that equalises histograms every tone curve. Its answer then truly does not depend on them, and
//! their part of the spread is nil.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::imaging::Plane;
use crate::imaging::resample::resize;

/// Largest turn, degrees: how straight a patient stands.
const TURN: f32 = 5.0;
/// Largest shift, share of the side.
const SHIFT: f32 = 0.03;
/// Largest change of scale, natural logarithm.
const SCALE: f32 = 0.05;
/// Largest change of brightness, share of the span of the image's values.
const BRIGHTNESS: f32 = 0.05;
/// Largest change of contrast around the middle of that span, natural logarithm.
const CONTRAST: f32 = 0.10;
/// Largest change of gamma, natural logarithm.
const GAMMA: f32 = 0.10;

/// One way to vary an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Variation {
    /// Clockwise, degrees.
    pub turn: f32,
    /// To the right and down, share of width and height.
    pub shift: [f32; 2],
    /// Above 1 the image becomes larger.
    pub scale: f32,
    pub brightness: f32,
    pub contrast: f32,
    pub gamma: f32,
}

impl Variation {
    /// The image as it is.
    pub(super) const NONE: Self =
        Self { turn: 0.0, shift: [0.0, 0.0], scale: 1.0, brightness: 0.0, contrast: 1.0, gamma: 1.0 };

    /// Variation number `number` of a seed; number 0 changes nothing.
    #[must_use]
    pub(super) fn drawn(seed: u64, number: usize) -> Self {
        if number == 0 {
            return Self::NONE;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(number as u64);
        let mut within = |most: f32| most * (2.0 * rng.random::<f32>() - 1.0);
        Self {
            turn: within(TURN),
            shift: [within(SHIFT), within(SHIFT)],
            scale: within(SCALE).exp(),
            brightness: within(BRIGHTNESS),
            contrast: within(CONTRAST).exp(),
            gamma: within(GAMMA).exp(),
        }
    }

    /// The image so varied, at the size of `plane`.
    #[must_use]
    pub(super) fn apply(&self, plane: &Plane) -> Plane {
        if *self == Self::NONE || plane.values.is_empty() {
            return plane.clone();
        }
        let mut varied = self.placed(plane);
        self.toned(&mut varied);
        varied
    }

    /// Turn, scale and shift in one bilinear resample.
    fn placed(&self, plane: &Plane) -> Plane {
        let (width, height) = (plane.width, plane.height);
        let (middle_x, middle_y) = ((width as f32 - 1.0) / 2.0, (height as f32 - 1.0) / 2.0);
        let (shift_x, shift_y) = (self.shift[0] * width as f32, self.shift[1] * height as f32);
        // From output to source: the turn and the scale the other way round.
        let (sin, cos) = (-self.turn.to_radians()).sin_cos();
        let step = 1.0 / self.scale;
        let mut values = Vec::with_capacity(width * height);
        for row in 0..height {
            let v = (row as f32 - middle_y - shift_y) * step;
            for column in 0..width {
                let u = (column as f32 - middle_x - shift_x) * step;
                values.push(bilinear(plane, middle_x + cos * u - sin * v, middle_y + sin * u + cos * v));
            }
        }
        Plane { width, height, values }
    }

    /// Gamma, contrast and brightness over the span of the image's own values.
    fn toned(&self, plane: &mut Plane) {
        let finite = plane.values.iter().copied().filter(|v| v.is_finite());
        let (low, high) = finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let span = high - low;
        if span.is_nan() || span <= 0.0 {
            return;
        }
        for v in &mut plane.values {
            let t = ((*v - low) / span).clamp(0.0, 1.0).powf(self.gamma);
            let t = (t - 0.5) * self.contrast + 0.5 + self.brightness;
            *v = low + t.clamp(0.0, 1.0) * span;
        }
    }
}

/// The value between pixel centres; outside, that of the border.
fn bilinear(plane: &Plane, x: f32, y: f32) -> f32 {
    let (x, y) = (x.clamp(0.0, (plane.width - 1) as f32), y.clamp(0.0, (plane.height - 1) as f32));
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = ((x0 + 1).min(plane.width - 1), (y0 + 1).min(plane.height - 1));
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    // Equal neighbours give exactly their value: no grain appears on an even ground.
    let between = |a: f32, b: f32, part: f32| a + part * (b - a);
    let top = between(plane.at(x0, y0), plane.at(x1, y0), fx);
    let bottom = between(plane.at(x0, y1), plane.at(x1, y1), fx);
    between(top, bottom, fy)
}

/// The image no larger than is of use for a network of `width` × `height`: twice its input on
/// either side, so that the interpolation of a variation is averaged out again.
#[must_use]
pub(super) fn reduced(plane: &Plane, width: usize, height: usize) -> Plane {
    let shrink = |factor: f32, side: usize| ((side as f32 * factor).round() as usize).max(1);
    let factor = (2.0 * width as f32 / plane.width.max(1) as f32).max(2.0 * height as f32 / plane.height.max(1) as f32);
    if factor >= 1.0 {
        return plane.clone();
    }
    resize(plane, shrink(factor, plane.width), shrink(factor, plane.height))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A spot at a place of a dark plane.
    fn spot(width: usize, height: usize, at: (usize, usize)) -> Plane {
        let mut plane = Plane::filled(width, height, 0.0);
        plane.values[at.1 * width + at.0] = 100.0;
        plane
    }

    fn brightest(plane: &Plane) -> (usize, usize) {
        let top = (0..plane.values.len()).max_by(|a, b| plane.values[*a].total_cmp(&plane.values[*b])).unwrap();
        (top % plane.width, top / plane.width)
    }

    #[test]
    fn number_nought_is_the_image_as_it_is() {
        let plane = spot(9, 7, (2, 3));
        assert_eq!(Variation::drawn(7, 0).apply(&plane), plane);
    }

    #[test]
    fn a_seed_and_a_number_name_a_variation_and_stay_small() {
        assert_eq!(Variation::drawn(7, 3), Variation::drawn(7, 3));
        assert_ne!(Variation::drawn(7, 3), Variation::drawn(7, 4));
        assert_ne!(Variation::drawn(7, 3), Variation::drawn(8, 3));
        for v in (0..200).map(|i| Variation::drawn(7, i)) {
            assert!(v.turn.abs() <= TURN && v.shift.iter().all(|s| s.abs() <= SHIFT));
            assert!(v.scale.ln().abs() <= SCALE + 1e-6 && v.gamma.ln().abs() <= GAMMA + 1e-6);
        }
    }

    #[test]
    fn a_shift_moves_right_and_down_and_a_turn_goes_clockwise() {
        let right = Variation { shift: [0.2, 0.1], ..Variation::NONE };
        assert_eq!(brightest(&right.apply(&spot(20, 20, (10, 10)))), (14, 12));
        // From three o'clock to six o'clock.
        let quarter = Variation { turn: 90.0, ..Variation::NONE };
        assert_eq!(brightest(&quarter.apply(&spot(21, 21, (18, 10)))), (10, 18));
        let larger = Variation { scale: 2.0, ..Variation::NONE };
        assert_eq!(brightest(&larger.apply(&spot(21, 21, (13, 10)))), (16, 10));
    }

    #[test]
    fn the_side_of_the_heart_never_changes() {
        let plane = spot(40, 40, (30, 20));
        assert!((0..300).all(|i| brightest(&Variation::drawn(1, i).apply(&plane)).0 > 20));
    }

    #[test]
    fn tones_stay_within_the_image_and_even_grey_stays_even() {
        let plane = Plane { width: 5, height: 1, values: vec![100.0, 200.0, 300.0, 400.0, 500.0] };
        for i in 0..50 {
            let varied = Variation::drawn(3, i).apply(&plane);
            assert!(varied.values.iter().all(|v| (100.0..=500.0).contains(v)), "{varied:?}");
        }
        let even = Plane::filled(6, 6, 42.0);
        assert_eq!(Variation::drawn(3, 5).apply(&even), even);
        let nothing = Plane { width: 0, height: 0, values: Vec::new() };
        assert_eq!(Variation::drawn(3, 5).apply(&nothing), nothing);
    }

    #[test]
    fn large_films_are_reduced_to_twice_the_input_with_their_aspect_kept() {
        let film = Plane::filled(2000, 2500, 1.0);
        let small = reduced(&film, 224, 224);
        assert_eq!((small.width, small.height), (448, 560));
        assert_eq!(reduced(&small, 224, 224).width, 448);
        assert_eq!(reduced(&Plane::filled(100, 90, 1.0), 224, 224).width, 100);
    }
}
