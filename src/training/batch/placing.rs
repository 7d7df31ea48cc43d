//! Where an augmented image shows what: rotation, shear, zoom, aspect, shift, mirrors, elastic
//! deformation and a window, drawn once and applied to the image and to whatever lies over it.
//!
//! One bilinear resample carries them all, so that the image is interpolated once.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::elastic::Field;
use super::surroundings::Window;
use crate::imaging::Plane;
use crate::training::config::Augment;

/// A map from places of the output to places of the source.
pub(super) struct Placing {
    /// Scale · shear · rotation, both sides centred.
    matrix: [f32; 4],
    /// Shares of the side.
    shift: (f32, f32),
    field: Option<Field>,
    window: Window,
}

/// A number from `−range` to `range`.
pub(super) fn around_zero(range: f32, rng: &mut ChaCha8Rng) -> f32 {
    range * (2.0 * rng.random::<f32>() - 1.0)
}

impl Placing {
    /// A placing within `strength`, of what `window` shows.
    pub(super) fn draw(strength: &Augment, window: Window, rng: &mut ChaCha8Rng) -> Self {
        let angle = around_zero(strength.rotation, rng).to_radians();
        let shear = around_zero(strength.shear, rng).to_radians().tan();
        let zoom = around_zero(strength.zoom, rng);
        let aspect = around_zero(strength.aspect, rng) / 2.0;
        let shift = (around_zero(strength.shift, rng), around_zero(strength.shift, rng));
        let mirror = if rng.random::<f32>() < strength.flip { -1.0 } else { 1.0 };
        // What is off draws no number: configurations that do not know it keep their images.
        let upright =
            if strength.flip_vertical > 0.0 && rng.random::<f32>() < strength.flip_vertical { -1.0 } else { 1.0 };
        let field = (strength.elastic > 0.0).then(|| {
            let reach = strength.elastic * rng.random::<f32>();
            Field::drawn(reach, strength.elastic_sigma, rng)
        });
        let (scale_x, scale_y) = ((-zoom - aspect).exp() * mirror, (-zoom + aspect).exp() * upright);
        let (sin, cos) = angle.sin_cos();
        let matrix = [scale_x * (cos + shear * sin), scale_x * (shear * cos - sin), scale_y * sin, scale_y * cos];
        Self { matrix, shift, field, window }
    }

    /// The square `image` as it is placed, at `size`²; outside is black.
    pub(super) fn apply(&self, image: &Plane, size: usize) -> Plane {
        let [xx, xy, yx, yy] = self.matrix;
        let from = image.width as f32;
        let step = from / size as f32;
        let middle = (size as f32 - 1.0) / 2.0;
        let centre = (from - 1.0) / 2.0;
        // A place in the whole image, and the same place within the window.
        let (across, down) = (self.window[2] - self.window[0], self.window[3] - self.window[1]);
        let (x0, y0) = (self.window[0] * from, self.window[1] * from);
        let mut values = Vec::with_capacity(size * size);
        for row in 0..size {
            let v = (row as f32 - middle) * step;
            for column in 0..size {
                let u = (column as f32 - middle) * step;
                let mut x = centre + xx * u + xy * v + self.shift.0 * from;
                let mut y = centre + yx * u + yy * v + self.shift.1 * from;
                if let Some(field) = &self.field {
                    let (dx, dy) = field.at(column as f32 / (size - 1) as f32, row as f32 / (size - 1) as f32);
                    (x, y) = (x + dx * from, y + dy * from);
                }
                values.push(bilinear(image, x0 + across * x, y0 + down * y));
            }
        }
        Plane { width: size, height: size, values }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::random::{Purpose, stream};

    /// Bright within an ellipse beside the middle.
    fn ellipse(side: usize) -> Plane {
        let inside = |i: usize| {
            let (x, y) = ((i % side) as f32 / side as f32 - 0.35, (i / side) as f32 / side as f32 - 0.55);
            (x / 0.2).powi(2) + (y / 0.3).powi(2) < 1.0
        };
        Plane { width: side, height: side, values: (0..side * side).map(|i| f32::from(u8::from(inside(i)))).collect() }
    }

    #[test]
    fn what_lies_over_the_image_goes_where_the_image_goes_at_any_size() {
        let strength = Augment {
            rotation: 25.0,
            shift: 0.1,
            zoom: 0.3,
            aspect: 0.3,
            shear: 8.0,
            flip: 0.5,
            elastic: 0.05,
            elastic_sigma: 0.1,
            ..Augment::default()
        };
        for place in 0..20 {
            let mut rng = stream(4, Purpose::Augment, 0, place);
            let placing = Placing::draw(&strength, [0.05, 0.0, 0.95, 0.9], &mut rng);
            let (large, small) = (placing.apply(&ellipse(128), 96), placing.apply(&ellipse(64), 48));
            let apart: f32 = (0..48 * 48)
                .map(|i| {
                    let (x, y) = (i % 48 * 2, i / 48 * 2);
                    let mean =
                        (large.at(x, y) + large.at(x + 1, y) + large.at(x, y + 1) + large.at(x + 1, y + 1)) / 4.0;
                    (mean - small.values[i]).abs()
                })
                .sum();
            assert!(apart / (48.0 * 48.0) < 0.03, "{place}: {}", apart / (48.0 * 48.0));
        }
    }
}
