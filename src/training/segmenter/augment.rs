//! The views of an image that training sees: other crops, other tones, other scanners.
//!
//! A view is drawn as follows, each with a probability of its own: [`Warp`] (crop, scale, squash,
//! turn, shift, mirror), a power of the greys, a bend of the contrast, a slope of brightness,
//! detail lifted or blurred, noise, borders as collimation leaves them, letters and wires,
//! inversion. Masks go the way of the image; where a border covers a lung, there is none any more.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::picture::Picture;
use super::warp::Warp;
use crate::imaging::Plane;
use crate::imaging::blur::gaussian;
use crate::model::lungs::views::input_of;
use crate::model::preprocess::normalize;
use crate::network::segmentation::SegmentationArchitecture;
use crate::training::gate::canvas::{bell, between, happens};

/// What the network sees, and what it should say.
#[derive(Clone, Debug)]
pub(super) struct TrainingView {
    /// `side²` values, standardised.
    pub input: Vec<f32>,
    /// Coverage by lung on the grid of the logits.
    pub target: Vec<f32>,
    /// 1 where the mask is known.
    pub known: Vec<f32>,
}

/// A view drawn by `rng`.
pub(super) fn drawn(picture: &Picture, side: usize, rng: &mut ChaCha8Rng) -> TrainingView {
    let warp = Warp::draw(rng);
    let ground = match rng.random_range(0..10) {
        0..6 => Some(between(rng, 0.0, 0.1)),
        6..8 => None,
        _ => Some(rng.random()),
    };
    let mut plane = Plane { width: side, height: side, values: warp.greys(picture, side, ground) };
    let mut lung = mask_of(&picture.lung, picture.side, warp, side, 0.0);
    tone(&mut plane, rng);
    texture(&mut plane, rng);
    if happens(rng, 0.25) {
        letters_and_wires(&mut plane, rng);
    }
    if happens(rng, 0.25) {
        borders(&mut plane, &mut lung, rng);
    }
    if happens(rng, 0.12) {
        plane.values.iter_mut().for_each(|v| *v = -*v);
    }
    let known = known_of(picture, warp, side);
    view(plane, &lung, &known, side)
}

/// The whole image as the segmenter's first view shows it.
pub(super) fn plain(picture: &Picture, side: usize) -> TrainingView {
    let warp = Warp::IDENTITY;
    let plane = Plane { width: side, height: side, values: warp.greys(picture, side, None) };
    let lung = mask_of(&picture.lung, picture.side, warp, side, 0.0);
    let known = known_of(picture, warp, side);
    view(plane, &lung, &known, side)
}

fn known_of(picture: &Picture, warp: Warp, side: usize) -> Vec<f32> {
    if picture.known.is_empty() { vec![1.0; side * side] } else { warp.mask(&picture.known, picture.side, side, 1.0) }
}

fn mask_of(lung: &[u8], from: usize, warp: Warp, side: usize, ground: f32) -> Vec<f32> {
    if lung.is_empty() { vec![0.0; side * side] } else { warp.mask(lung, from, side, ground) }
}

fn view(mut plane: Plane, lung: &[f32], known: &[f32], side: usize) -> TrainingView {
    normalize(&mut plane, &input_of(side), (0.0, 1.0));
    let known = halved(known, side).into_iter().map(|k| if k > 0.99 { 1.0 } else { 0.0 }).collect();
    TrainingView { input: plane.values, target: halved(lung, side), known }
}

/// Means of two by two: the grid of the logits.
fn halved(values: &[f32], side: usize) -> Vec<f32> {
    let half = SegmentationArchitecture::logits_side(side);
    let mean = |i: usize| {
        let at = (i / half * 2) * side + i % half * 2;
        0.25 * (values[at] + values[at + 1] + values[at + side] + values[at + side + 1])
    };
    (0..half * half).map(mean).collect()
}

/// Power, contrast, a slope of brightness.
fn tone(plane: &mut Plane, rng: &mut ChaCha8Rng) {
    let power = (0.45 * bell(rng)).clamp(-1.0, 1.0).exp();
    let bend = if happens(rng, 0.6) { between(rng, -0.6, 0.8) } else { 0.0 };
    let slope = if happens(rng, 0.4) { (0.15 * bell(rng), 0.15 * bell(rng)) } else { (0.0, 0.0) };
    let side = plane.width;
    for (i, value) in plane.values.iter_mut().enumerate() {
        let v = value.clamp(0.0, 1.0).powf(power);
        let smooth = v * v * (3.0 - 2.0 * v);
        let (x, y) = ((i % side) as f32 / side as f32 - 0.5, (i / side) as f32 / side as f32 - 0.5);
        *value = v + bend * (smooth - v) + slope.0 * x + slope.1 * y;
    }
}

/// Detail lifted or blurred, and noise.
fn texture(plane: &mut Plane, rng: &mut ChaCha8Rng) {
    if happens(rng, 0.25) {
        let soft = gaussian(plane, between(rng, 4.0, 14.0));
        let gain = between(rng, 0.3, 1.5);
        plane.values.iter_mut().zip(&soft.values).for_each(|(v, s)| *v += gain * (*v - s));
    } else if happens(rng, 0.35) {
        *plane = gaussian(plane, between(rng, 0.4, 1.8));
    }
    if happens(rng, 0.5) {
        let sd = between(rng, 0.0, 0.07);
        plane.values.iter_mut().for_each(|v| *v += sd * bell(rng));
    }
}

/// Bright letters and wires.
fn letters_and_wires(plane: &mut Plane, rng: &mut ChaCha8Rng) {
    let side = plane.width;
    let bright = between(rng, 0.9, 1.3);
    for _ in 0..rng.random_range(1..4) {
        let (w, h) = (between(rng, 0.01, 0.06), between(rng, 0.02, 0.06));
        let (x, y) = (between(rng, 0.0, 1.0 - w), between(rng, 0.0, 1.0 - h));
        let range = |at: f32, length: f32| (at * side as f32) as usize..((at + length) * side as f32) as usize;
        for j in range(y, h) {
            for i in range(x, w) {
                plane.values[j * side + i] = bright;
            }
        }
    }
    if happens(rng, 0.5) {
        // A wire: a parabola through three places.
        let [a, b, c] = [rng.random::<f32>(), rng.random::<f32>(), rng.random::<f32>()];
        let across = happens(rng, 0.5);
        for i in 0..side {
            let t = i as f32 / side as f32;
            let at = a * (1.0 - t) * (1.0 - t) + 2.0 * b * t * (1.0 - t) + c * t * t;
            let j = ((at * side as f32) as usize).min(side - 2);
            for k in [j, j + 1] {
                plane.values[if across { k * side + i } else { i * side + k }] = bright;
            }
        }
    }
}

/// Borders of one grey on some sides, over image and lung alike.
fn borders(plane: &mut Plane, lung: &mut [f32], rng: &mut ChaCha8Rng) {
    let side = plane.width;
    let grey = if happens(rng, 0.75) { between(rng, -0.1, 0.1) } else { between(rng, 0.8, 1.2) };
    let mut width = || if happens(rng, 0.5) { (between(rng, 0.0, 0.12) * side as f32) as usize } else { 0 };
    let [left, top, right, bottom] = [width(), width(), width(), width()];
    for (i, (value, lung)) in plane.values.iter_mut().zip(lung).enumerate() {
        let (x, y) = (i % side, i / side);
        if x < left || y < top || x + right >= side || y + bottom >= side {
            (*value, *lung) = (grey, 0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn picture() -> Picture {
        let inside = |i: usize| i % 64 < 24 || i % 64 >= 40;
        Picture {
            side: 64,
            greys: (0..4096).map(|i| if inside(i) { 40 } else { 200 }).collect(),
            lung: (0..4096).map(|i| if inside(i) { 255 } else { 0 }).collect(),
            known: (0..4096).map(|i| if i < 640 { 0 } else { 255 }).collect(),
        }
    }

    #[test]
    fn the_plain_view_is_the_whole_image_with_its_mask() {
        let view = plain(&picture(), 64);
        assert_eq!((view.input.len(), view.target.len(), view.known.len()), (4096, 1024, 1024));
        assert_eq!((view.target[600], view.target[32 * 20 + 15]), (1.0, 0.0));
        // The first ten of 64 rows are not looked at.
        assert_eq!((view.known[32 * 4], view.known[32 * 5]), (0.0, 1.0));
        let mean = view.input.iter().sum::<f32>() / 4096.0;
        assert!(mean.abs() < 1e-3);
    }

    #[test]
    fn every_view_is_finite_and_its_target_a_share() {
        for seed in 0..60 {
            let view = drawn(&picture(), 64, &mut ChaCha8Rng::seed_from_u64(seed));
            assert!(view.input.iter().all(|v| v.is_finite()), "seed {seed}");
            assert!(view.target.iter().all(|t| (0.0..=1.0).contains(t)), "seed {seed}");
            assert!(view.known.iter().all(|k| [0.0, 1.0].contains(k)), "seed {seed}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_view() {
        let view = |seed| drawn(&picture(), 32, &mut ChaCha8Rng::seed_from_u64(seed)).input;
        assert_eq!(view(5), view(5));
        assert_ne!(view(5), view(6));
    }

    #[test]
    fn where_a_border_covers_a_lung_there_is_none() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for _ in 0..20 {
            let mut plane = Plane::filled(50, 50, 0.5);
            let mut lung = vec![1.0; 2500];
            borders(&mut plane, &mut lung, &mut rng);
            assert!(plane.values.iter().zip(&lung).all(|(v, l)| (*v == 0.5) == (*l == 1.0)));
        }
    }
}
