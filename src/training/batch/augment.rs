//! Random changes of a training image that leave its finding as it was.
//!
//! One resample places it (see [`super::placing`]). Then grey values (brightness, contrast, gamma and a random
//! monotone tone curve as one table), sharpness, traces of JPEG, noise and cut-out.
//!
//! Aspect and sharpness matter more than they seem to: the classes of public chest sets were
//! squashed from different aspect ratios and come from different exposures, which a network learns
//! sooner than it learns lungs. A part of the images should stay untouched but for their place: a
//! network that never sees a plain image meets one for the first time at prediction.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::placing::{Placing, around_zero};
use super::surroundings::Window;
use crate::imaging::Plane;
use crate::imaging::blur::gaussian;
use crate::imaging::resample::resize;
use crate::model::manifest::Input;
use crate::training::config::Augment;
use crate::training::jpeg::jpeg;

/// Entries of the tone table.
const TONES: usize = 1024;

/// A changed copy of the square `image` at the size of `input`, values from 0 to 1, of what `window`
/// shows of it; and how it was placed.
pub(super) fn augment(
    image: &Plane,
    window: Window,
    input: &Input,
    strength: &Augment,
    rng: &mut ChaCha8Rng,
) -> (Plane, Placing) {
    let placing = Placing::draw(strength, window, rng);
    let plane = retouch(placing.apply(image, input.width), input, strength, rng);
    (plane, placing)
}

/// Grey values, sharpness, traces of JPEG, noise and cut-out.
fn retouch(mut plane: Plane, input: &Input, strength: &Augment, rng: &mut ChaCha8Rng) -> Plane {
    if rng.random::<f32>() < strength.untouched {
        return plane;
    }
    tone(&mut plane, strength, rng);
    if rng.random::<f32>() < strength.sharpness {
        plane = sharpness(plane, input, strength, rng);
    }
    if strength.jpeg > 0.0 && rng.random::<f32>() < strength.jpeg {
        plane = lossy_copy(plane, strength.jpeg_quality, rng);
    }
    if strength.noise > 0.0 {
        let sd = strength.noise * rng.random::<f32>().powi(2);
        for v in &mut plane.values {
            *v = (*v + sd * rng.sample::<f32, _>(StandardNormal)).clamp(0.0, 1.0);
        }
    }
    if rng.random::<f32>() < strength.cutout {
        cut_out(&mut plane, strength.cutout_side, rng);
    }
    plane
}

/// Tone curve, gamma, contrast and brightness, in this order, as one look-up table.
fn tone(plane: &mut Plane, strength: &Augment, rng: &mut ChaCha8Rng) {
    let knots = monotone_curve(strength.tone, rng);
    let gamma = around_zero(strength.gamma, rng).exp();
    let contrast = around_zero(strength.contrast, rng).exp();
    let brightness = around_zero(strength.brightness, rng);
    let table: Vec<f32> = (0..TONES)
        .map(|i| {
            let t = i as f32 / (TONES - 1) as f32;
            let place = t * (knots.len() - 1) as f32;
            let k = (place as usize).min(knots.len() - 2);
            let curved = knots[k] + (place - k as f32) * (knots[k + 1] - knots[k]);
            (0.5 + contrast * (curved.powf(gamma) - 0.5) + brightness).clamp(0.0, 1.0)
        })
        .collect();
    for v in &mut plane.values {
        *v = table[((*v * (TONES - 1) as f32).round() as usize).min(TONES - 1)];
    }
}

/// Knots of a rising piecewise linear curve from 0 to 1.
fn monotone_curve(strength: f32, rng: &mut ChaCha8Rng) -> [f32; 6] {
    let mut knots = [0.0; 6];
    for i in 1..6 {
        knots[i] = knots[i - 1] + around_zero(strength, rng).exp();
    }
    let top = knots[5];
    knots.map(|k| k / top)
}

/// Blur, sharpening (unsharp mask) or down- and up-sampling, one of the three.
fn sharpness(plane: Plane, input: &Input, strength: &Augment, rng: &mut ChaCha8Rng) -> Plane {
    let sigma = strength.blur * rng.random::<f32>() * input.width as f32 / 224.0;
    match rng.random_range(0..3) {
        0 => gaussian(&plane, sigma),
        1 => {
            let soft = gaussian(&plane, sigma.max(0.5));
            let amount = rng.random::<f32>();
            let values =
                plane.values.iter().zip(&soft.values).map(|(v, s)| (v + amount * (v - s)).clamp(0.0, 1.0)).collect();
            Plane { values, ..plane }
        }
        _ if strength.downsample > 0.0 => {
            let share = rng.random_range(strength.downsample.min(0.99)..1.0);
            let small = ((input.width as f32 * share) as usize).max(4);
            resize(&resize(&plane, small, small), input.width, input.width)
        }
        _ => plane,
    }
}

/// A copy in JPEG of a quality from `lowest` to 95, its blocks where they lie in a file of this size.
fn lossy_copy(plane: Plane, lowest: f32, rng: &mut ChaCha8Rng) -> Plane {
    let quality = rng.random_range(lowest.min(95.0)..=95.0) as u8;
    let greys = Plane { values: plane.values.iter().map(|v| v * 255.0).collect(), ..plane };
    let Some(copy) = jpeg(&greys, quality) else { return plane };
    Plane { values: copy.values.iter().map(|v| v / 255.0).collect(), ..copy }
}

/// One to three rectangles of an even grey.
fn cut_out(plane: &mut Plane, side: f32, rng: &mut ChaCha8Rng) {
    for _ in 0..rng.random_range(1..=3) {
        let extent = |n: usize, rng: &mut ChaCha8Rng| ((n as f32 * side * rng.random::<f32>()) as usize).clamp(1, n);
        let (w, h) = (extent(plane.width, rng), extent(plane.height, rng));
        let (x, y) = (rng.random_range(0..=plane.width - w), rng.random_range(0..=plane.height - h));
        let grey = rng.random::<f32>();
        for row in y..y + h {
            plane.values[row * plane.width + x..][..w].fill(grey);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::surroundings::WHOLE;
    use super::*;
    use crate::model::manifest::{Normalization, Resize};
    use crate::training::random::{Purpose, stream};

    fn input(size: usize) -> Input {
        Input {
            width: size,
            height: size,
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

    /// It grows brighter to the right.
    fn image(size: usize) -> Plane {
        let values = (0..size * size).map(|i| (i % size) as f32 / size as f32).collect();
        Plane { width: size, height: size, values }
    }

    fn strong() -> Augment {
        Augment {
            untouched: 0.0,
            flip: 0.5,
            flip_vertical: 0.5,
            elastic: 0.1,
            elastic_sigma: 0.1,
            rotation: 30.0,
            shift: 0.2,
            zoom: 0.4,
            aspect: 0.4,
            shear: 10.0,
            brightness: 0.3,
            contrast: 0.5,
            gamma: 0.5,
            tone: 1.0,
            noise: 0.2,
            sharpness: 1.0,
            blur: 3.0,
            downsample: 0.3,
            jpeg: 1.0,
            jpeg_quality: 5.0,
            cutout: 1.0,
            cutout_side: 0.5,
            surroundings: 0.0,
            lung_crop: 0.0,
            mixup: 0.0,
            mixup_alpha: 0.0,
        }
    }

    #[test]
    fn size_and_range_are_kept_by_the_strongest_changes() {
        for place in 0..40 {
            let mut rng = stream(1, Purpose::Augment, 0, place);
            let (plane, _) = augment(&image(48), WHOLE, &input(32), &strong(), &mut rng);
            assert_eq!((plane.width, plane.height, plane.values.len()), (32, 32, 32 * 32));
            assert!(plane.values.iter().all(|v| (0.0..=1.0).contains(v)));
        }
    }

    #[test]
    fn without_strength_the_picture_stays_as_it_is() {
        let image = image(32);
        let (plane, _) =
            augment(&image, WHOLE, &input(32), &Augment::default(), &mut stream(1, Purpose::Augment, 0, 0));
        for (v, g) in plane.values.iter().zip(&image.values) {
            assert!((v - g).abs() < 1e-3);
        }
    }

    #[test]
    fn a_mirror_image_swaps_left_and_right() {
        let image = image(32);
        let strength = Augment { flip: 1.0, ..Augment::default() };
        let (plane, _) = augment(&image, WHOLE, &input(32), &strength, &mut stream(1, Purpose::Augment, 0, 0));
        assert!(plane.at(0, 5) > 0.9 && plane.at(31, 5) < 0.1);
    }

    #[test]
    fn a_vertical_mirror_image_swaps_top_and_bottom() {
        let side = 32;
        let values = (0..side * side).map(|i| (i / side) as f32 / side as f32).collect();
        let image = Plane { width: side, height: side, values };
        let strength = Augment { flip_vertical: 1.0, ..Augment::default() };
        let (plane, _) = augment(&image, WHOLE, &input(32), &strength, &mut stream(1, Purpose::Augment, 0, 0));
        assert!(plane.at(5, 0) > 0.9 && plane.at(5, 31) < 0.1);
    }

    #[test]
    fn the_same_stream_gives_the_same_image() {
        let once = |place| {
            augment(&image(32), WHOLE, &input(32), &strong(), &mut stream(1, Purpose::Augment, 3, place)).0.values
        };
        assert_eq!(once(5), once(5));
        assert_ne!(once(5), once(6));
    }

    #[test]
    fn a_lossy_copy_differs_in_detail_and_not_in_what_it_shows() {
        let spots = |i: usize| if i.is_multiple_of(61) { 0.9 } else { 0.3 };
        let image = Plane { width: 64, height: 64, values: (0..4096).map(spots).collect() };
        let strength = Augment { jpeg: 1.0, jpeg_quality: 30.0, ..Augment::default() };
        let copies = |place| {
            let mut rng = stream(1, Purpose::Augment, 0, place);
            augment(&image, WHOLE, &input(64), &strength, &mut rng).0.values
        };
        let (mut changed, mean) = (0.0_f32, |values: &[f32]| values.iter().sum::<f32>() / 4096.0);
        for place in 0..20 {
            let copy = copies(place);
            changed = copy.iter().zip(&image.values).map(|(a, b)| (a - b).abs()).fold(changed, f32::max);
            assert!((mean(&copy) - mean(&image.values)).abs() < 0.01);
        }
        assert!(changed > 0.02);
    }

    #[test]
    fn tone_curves_never_fall() {
        for place in 0..20 {
            let knots = monotone_curve(1.5, &mut stream(1, Purpose::Augment, 0, place));
            assert!(knots.windows(2).all(|w| w[0] < w[1]));
            assert_eq!((knots[0], knots[5]), (0.0, 1.0));
        }
    }
}
