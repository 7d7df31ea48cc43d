//! Training images whose surroundings of the lungs are not their own.
//!
//! A network finds whatever tells the classes apart, and in public chest sets that is the border,
//! the marker, the arm and the tone of the machine as well as the lung. What stands around the
//! lungs is therefore replaced in a part of the images: by an even grey, by what is left of it
//! after a strong blur, by rough noise, or by the surroundings of another image of whatever class.
//! Then nothing out there tells anything, and the lungs alone remain (compare the erasing of
//! context in right-for-the-right-reasons training: Ross et al., IJCAI 2017; Singla et al.,
//! arXiv:2104.00411). Other images are cropped closer to the lungs, as another collimation would.
//!
//! What it does not do: alter an image whose lungs were not found.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::imaging::Plane;
use crate::imaging::blur::gaussian;
use crate::imaging::resample::{bilinear, resize};
use crate::training::data::lung_cover::LungCover;

/// Part of a source image that is shown: left, top, right and bottom as shares of its sides.
pub(super) type Window = [f32; 4];

/// The whole of an image.
pub(super) const WHOLE: Window = [0.0, 0.0, 1.0, 1.0];

/// Between the lungs and the edge of the window, as a share of the image's side.
const MARGIN: f32 = 0.02;

/// Replaces what lies outside the lungs of `plane` (values from 0 to 1), or what lies outside of a
/// wider or narrower band around them; `other` yields another image of the same size.
pub(super) fn replace(plane: &mut Plane, lungs: &LungCover, other: impl FnOnce() -> Plane, rng: &mut ChaCha8Rng) {
    let keep = kept(lungs, plane.width, rng);
    let ground = match rng.random_range(0..10) {
        0..2 => Plane::filled(plane.width, plane.height, rng.random()),
        2..5 => blurred(plane, rng),
        5..6 => noise(plane.width, rng),
        _ => other(),
    };
    for ((v, g), k) in plane.values.iter_mut().zip(&ground.values).zip(&keep.values) {
        *v = g + k * (*v - g);
    }
}

/// A window that holds both lungs and cuts some of what lies around them.
pub(super) fn crop(lungs: &LungCover, rng: &mut ChaCha8Rng) -> Window {
    let [left, top, right, bottom] = lungs.bounds();
    let low = |edge: f32, rng: &mut ChaCha8Rng| (edge - MARGIN).max(0.0) * rng.random::<f32>();
    let (x0, y0) = (low(left, rng), low(top, rng));
    let (x1, y1) = (1.0 - low(1.0 - right, rng), 1.0 - low(1.0 - bottom, rng));
    [x0, y0, x1, y1]
}

/// 1 where the image stays, 0 where it goes, with a seam between. The lungs are grown by a random
/// width, so that no edge tells where they were.
fn kept(lungs: &LungCover, side: usize, rng: &mut ChaCha8Rng) -> Plane {
    let soft = gaussian(&lungs.plane(), rng.random_range(0.6..3.0));
    let (edge, seam) = (rng.random_range(0.08..0.5), rng.random_range(0.05..0.25));
    let mut keep = bilinear(&soft, side, side);
    keep.values.iter_mut().for_each(|v| *v = ((*v - edge) / seam + 0.5).clamp(0.0, 1.0));
    keep
}

/// What a strong blur leaves: tone without edges, letters or bones.
fn blurred(plane: &Plane, rng: &mut ChaCha8Rng) -> Plane {
    let coarse = rng.random_range(4..=14);
    bilinear(&resize(plane, coarse, coarse), plane.width, plane.height)
}

/// Smooth noise of a random grain.
fn noise(side: usize, rng: &mut ChaCha8Rng) -> Plane {
    let grain = rng.random_range(4..=side.max(5) / 2);
    let (mean, sd) = (rng.random::<f32>(), 0.25 * rng.random::<f32>());
    let value = |rng: &mut ChaCha8Rng| (mean + sd * rng.sample::<f32, _>(StandardNormal)).clamp(0.0, 1.0);
    let coarse = Plane { width: grain, height: grain, values: (0..grain * grain).map(|_| value(rng)).collect() };
    bilinear(&coarse, side, side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::random::{Purpose, stream};

    /// Two upright lungs in an image of `side`².
    fn lungs() -> LungCover {
        let side = 32;
        let inside = |i: usize| {
            let (x, y) = (i % side, i / side);
            (8..24).contains(&y) && ((5..13).contains(&x) || (19..27).contains(&x))
        };
        LungCover::of(&Plane {
            width: side,
            height: side,
            values: (0..side * side).map(|i| f32::from(u8::from(inside(i)))).collect(),
        })
    }

    #[test]
    fn the_middle_of_the_lungs_stays_and_the_corners_tell_nothing_of_the_image() {
        let mut corners = Vec::new();
        for place in 0..40 {
            let mut rng = stream(1, Purpose::Surroundings, 0, place);
            // Bright corners are what a network must not learn.
            let mut plane = Plane::filled(64, 64, 0.25);
            let at = [0, 63, 64 * 63, 64 * 64 - 1];
            at.iter().for_each(|i| plane.values[*i] = 1.0);
            replace(&mut plane, &lungs(), || Plane::filled(64, 64, 0.6), &mut rng);
            for (x, y) in [(18, 32), (46, 32)] {
                assert!((plane.at(x, y) - 0.25).abs() < 0.02, "{}", plane.at(x, y));
            }
            assert!(plane.values.iter().all(|v| (0.0..=1.0).contains(v)));
            corners.push(plane.values[0]);
        }
        assert!(corners.iter().all(|v| *v < 0.999), "no bright corner is left");
        assert!(corners.iter().filter(|v| (**v - 0.6).abs() < 1e-6).count() > 8, "some are another image's");
    }

    #[test]
    fn a_crop_holds_both_lungs_and_cuts_what_lies_around_them() {
        let [left, top, right, bottom] = lungs().bounds();
        let windows: Vec<Window> =
            (0..50).map(|i| crop(&lungs(), &mut stream(2, Purpose::Surroundings, 0, i))).collect();
        for [x0, y0, x1, y1] in &windows {
            assert!(*x0 >= 0.0 && *y0 >= 0.0 && *x1 <= 1.0 && *y1 <= 1.0);
            assert!(*x0 < left && *y0 < top && *x1 > right && *y1 > bottom);
        }
        assert!(windows.iter().any(|w| w[0] > 0.08) && windows.iter().any(|w| w[3] < 0.92));
    }

    #[test]
    fn the_same_stream_gives_the_same_surroundings() {
        let once = |place| {
            let mut plane = Plane::filled(48, 48, 0.4);
            replace(
                &mut plane,
                &lungs(),
                || Plane::filled(48, 48, 0.9),
                &mut stream(3, Purpose::Surroundings, 1, place),
            );
            plane.values
        };
        assert_eq!(once(4), once(4));
        assert_ne!(once(4), once(5));
    }
}
