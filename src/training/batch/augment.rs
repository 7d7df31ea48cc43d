//! Random changes of a training image that leave its finding as it was.
//!
//! One resample carries rotation, shear, zoom, aspect, shift, mirror and elastic deformation, so
//! that the image is interpolated once. Then grey values (brightness, contrast, gamma and a random
//! monotone tone curve as one table), sharpness, noise and cut-out.
//!
//! Aspect and sharpness matter more than they seem to: the classes of public chest sets were
//! squashed from different aspect ratios and come from different exposures, which a network learns
//! sooner than it learns lungs. A part of the images should stay untouched but for their place: a
//! network that never sees a plain image meets one for the first time at prediction.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::elastic::Field;
use super::surroundings::Window;
use crate::imaging::Plane;
use crate::imaging::blur::gaussian;
use crate::imaging::resample::resize;
use crate::model::manifest::Input;
use crate::training::config::Augment;

/// Entries of the tone table.
const TONES: usize = 1024;

/// A changed copy of the square `image` at the size of `input`, values from 0 to 1:
/// of what `window` shows of it.
pub(super) fn augment(image: &Plane, window: Window, input: &Input, strength: &Augment, rng: &mut ChaCha8Rng) -> Plane {
    let mut plane = place(image, window, input.width, strength, rng);
    if rng.random::<f32>() < strength.untouched {
        return plane;
    }
    tone(&mut plane, strength, rng);
    if rng.random::<f32>() < strength.sharpness {
        plane = sharpness(plane, input, strength, rng);
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

/// A number from `−range` to `range`.
fn around_zero(range: f32, rng: &mut ChaCha8Rng) -> f32 {
    range * (2.0 * rng.random::<f32>() - 1.0)
}

/// Rotation, shear, zoom, aspect, shift, mirrors and elastic deformation in one bilinear resample;
/// outside is black.
fn place(image: &Plane, window: Window, size: usize, strength: &Augment, rng: &mut ChaCha8Rng) -> Plane {
    let angle = around_zero(strength.rotation, rng).to_radians();
    let shear = around_zero(strength.shear, rng).to_radians().tan();
    let zoom = around_zero(strength.zoom, rng);
    let aspect = around_zero(strength.aspect, rng) / 2.0;
    let (shift_x, shift_y) = (around_zero(strength.shift, rng), around_zero(strength.shift, rng));
    let mirror = if rng.random::<f32>() < strength.flip { -1.0 } else { 1.0 };
    // What is off draws no number: configurations that do not know it keep their images.
    let upright = if strength.flip_vertical > 0.0 && rng.random::<f32>() < strength.flip_vertical { -1.0 } else { 1.0 };
    let field = (strength.elastic > 0.0).then(|| {
        let reach = strength.elastic * rng.random::<f32>();
        Field::drawn(reach, strength.elastic_sigma, rng)
    });

    // From output to source, both centred and in sides: scale · shear · rotation.
    let (scale_x, scale_y) = ((-zoom - aspect).exp() * mirror, (-zoom + aspect).exp() * upright);
    let (sin, cos) = angle.sin_cos();
    let (xx, xy) = (scale_x * (cos + shear * sin), scale_x * (shear * cos - sin));
    let (yx, yy) = (scale_y * sin, scale_y * cos);
    let from = image.width as f32;
    let step = from / size as f32;
    let middle = (size as f32 - 1.0) / 2.0;
    let centre = (from - 1.0) / 2.0;
    // A place in the whole image, and the same place within the window.
    let (across, down) = (window[2] - window[0], window[3] - window[1]);
    let (x0, y0) = (window[0] * from, window[1] * from);
    let mut values = Vec::with_capacity(size * size);
    for row in 0..size {
        let v = (row as f32 - middle) * step;
        for column in 0..size {
            let u = (column as f32 - middle) * step;
            let mut x = centre + xx * u + xy * v + shift_x * from;
            let mut y = centre + yx * u + yy * v + shift_y * from;
            if let Some(field) = &field {
                let (dx, dy) = field.at(column as f32 / (size - 1) as f32, row as f32 / (size - 1) as f32);
                (x, y) = (x + dx * from, y + dy * from);
            }
            values.push(bilinear(image, x0 + across * x, y0 + down * y));
        }
    }
    Plane { width: size, height: size, values }
}

/// Grey value at `(x, y)`, 0 to 1; black outside.
fn bilinear(image: &Plane, x: f32, y: f32) -> f32 {
    let last = image.width as f32 - 1.0;
    if x < 0.0 || y < 0.0 || x > last || y > last {
        return 0.0;
    }
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = ((x0 + 1).min(image.width - 1), (y0 + 1).min(image.width - 1));
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let top = image.at(x0, y0) + fx * (image.at(x1, y0) - image.at(x0, y0));
    let bottom = image.at(x0, y1) + fx * (image.at(x1, y1) - image.at(x0, y1));
    top + fy * (bottom - top)
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
            let plane = augment(&image(48), WHOLE, &input(32), &strong(), &mut rng);
            assert_eq!((plane.width, plane.height, plane.values.len()), (32, 32, 32 * 32));
            assert!(plane.values.iter().all(|v| (0.0..=1.0).contains(v)));
        }
    }

    #[test]
    fn without_strength_the_picture_stays_as_it_is() {
        let image = image(32);
        let plane = augment(&image, WHOLE, &input(32), &Augment::default(), &mut stream(1, Purpose::Augment, 0, 0));
        for (v, g) in plane.values.iter().zip(&image.values) {
            assert!((v - g).abs() < 1e-3);
        }
    }

    #[test]
    fn a_mirror_image_swaps_left_and_right() {
        let image = image(32);
        let strength = Augment { flip: 1.0, ..Augment::default() };
        let plane = augment(&image, WHOLE, &input(32), &strength, &mut stream(1, Purpose::Augment, 0, 0));
        assert!(plane.at(0, 5) > 0.9 && plane.at(31, 5) < 0.1);
    }

    #[test]
    fn a_vertical_mirror_image_swaps_top_and_bottom() {
        let side = 32;
        let values = (0..side * side).map(|i| (i / side) as f32 / side as f32).collect();
        let image = Plane { width: side, height: side, values };
        let strength = Augment { flip_vertical: 1.0, ..Augment::default() };
        let plane = augment(&image, WHOLE, &input(32), &strength, &mut stream(1, Purpose::Augment, 0, 0));
        assert!(plane.at(5, 0) > 0.9 && plane.at(5, 31) < 0.1);
    }

    #[test]
    fn the_same_stream_gives_the_same_image() {
        let once = |place| {
            augment(&image(32), WHOLE, &input(32), &strong(), &mut stream(1, Purpose::Augment, 3, place)).values
        };
        assert_eq!(once(5), once(5));
        assert_ne!(once(5), once(6));
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
