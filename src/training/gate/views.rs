//! Views of real images for the gate: the same image as other machines, cuts and readers would have
//! it, and what is no longer one: turned, inverted, cut to pieces.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::imaging::Plane;
use crate::training::gate::canvas::{Canvas, bell, between, happens};
use crate::training::gate::small_image::SmallImage;

/// A rotation, two scales and a shift, from output to image.
struct Warp {
    angle: f32,
    scale: (f32, f32),
    shift: (f32, f32),
    mirrored: bool,
}

impl Warp {
    fn apply(&self, image: &SmallImage, side: usize, outside: Option<f32>) -> Canvas {
        let n = image.size as f32;
        let (sin, cos) = self.angle.sin_cos();
        let mut canvas = Canvas::new(side, 0.0);
        canvas.each(|x, y, _| {
            let (x, y) = (x - 0.5, y - 0.5);
            let x = if self.mirrored { -x } else { x };
            let (u, v) = ((cos * x + sin * y) * self.scale.0, (cos * y - sin * x) * self.scale.1);
            let (u, v) = (u + 0.5 + self.shift.0, v + 0.5 + self.shift.1);
            match outside {
                Some(value) if !(0.0..1.0).contains(&u) || !(0.0..1.0).contains(&v) => value,
                _ => bilinear(image, u * n - 0.5, v * n - 0.5),
            }
        });
        canvas
    }
}

fn bilinear(image: &SmallImage, x: f32, y: f32) -> f32 {
    let last = image.size as f32 - 1.0;
    let (x, y) = (x.clamp(0.0, last), y.clamp(0.0, last));
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = ((x0 + 1).min(image.size - 1), (y0 + 1).min(image.size - 1));
    let at = |i: usize, j: usize| f32::from(image.greys[j * image.size + i]) / 255.0;
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let top = at(x0, y0) + fx * (at(x1, y0) - at(x0, y0));
    let bottom = at(x0, y1) + fx * (at(x1, y1) - at(x0, y1));
    top + fy * (bottom - top)
}

/// The image without any change but its size.
pub(crate) fn plain(image: &SmallImage, side: usize) -> Plane {
    Warp { angle: 0.0, scale: (1.0, 1.0), shift: (0.0, 0.0), mirrored: false }.apply(image, side, None).plane()
}

/// The image upright, as it might come from elsewhere.
pub(crate) fn upright(image: &SmallImage, side: usize, rng: &mut ChaCha8Rng) -> Plane {
    turned_by(image, side, 0.0, rng)
}

/// The image on its side, on its head or askew by more than a third of a right angle.
pub(crate) fn turned(image: &SmallImage, side: usize, rng: &mut ChaCha8Rng) -> Plane {
    let degrees = match rng.random_range(0..8) {
        0 | 1 => 90.0,
        2 | 3 => 270.0,
        4..=6 => 180.0,
        _ => between(rng, 35.0, 325.0),
    };
    turned_by(image, side, degrees, rng)
}

/// The image upright with its greys inverted.
pub(crate) fn inverted(image: &SmallImage, side: usize, rng: &mut ChaCha8Rng) -> Plane {
    let mut plane = upright(image, side, rng);
    plane.values.iter_mut().for_each(|v| *v = -*v);
    plane
}

/// Another image (no chest) in any position and polarity.
pub(crate) fn any_way(image: &SmallImage, side: usize, rng: &mut ChaCha8Rng) -> Plane {
    let degrees = if happens(rng, 0.6) { 0.0 } else { between(rng, 0.0, 360.0) };
    let mut plane = turned_by(image, side, degrees, rng);
    if happens(rng, 0.12) {
        plane.values.iter_mut().for_each(|v| *v = -*v);
    }
    plane
}

/// What is left when an image is cut to a small part, or its parts change places.
pub(crate) fn pieces(image: &SmallImage, side: usize, rng: &mut ChaCha8Rng) -> Plane {
    match rng.random_range(0..4) {
        0 | 1 => {
            let scale = between(rng, 0.12, 0.36);
            let reach = 0.5 - 0.5 * scale;
            let shift = (between(rng, -reach, reach), between(rng, -reach, reach));
            let angle = 0.2 * bell(rng);
            let mirrored = happens(rng, 0.5);
            Warp { angle, scale: (scale, scale * between(rng, 0.8, 1.25)), shift, mirrored }
                .apply(image, side, None)
                .plane()
        }
        2 => {
            // A mosaic in another order.
            let source = plain(image, side);
            let parts = rng.random_range(2..5);
            let piece = side / parts;
            let mut order: Vec<usize> = (0..parts * parts).collect();
            for i in (1..order.len()).rev() {
                order.swap(i, rng.random_range(0..=i));
            }
            if order.iter().enumerate().all(|(i, o)| i == *o) {
                order.rotate_left(1);
            }
            let mut out = source.clone();
            for (to, from) in order.into_iter().enumerate() {
                let (tx, ty, fx, fy) = (to % parts, to / parts, from % parts, from / parts);
                for y in 0..piece {
                    let a = (ty * piece + y) * side + tx * piece;
                    let b = (fy * piece + y) * side + fx * piece;
                    out.values[a..a + piece].copy_from_slice(&source.values[b..b + piece]);
                }
            }
            out
        }
        _ => {
            // Too small in an empty field.
            let scale = between(rng, 2.6, 6.0);
            let shift = (between(rng, -1.0, 1.0), between(rng, -1.0, 1.0));
            let ground = rng.random();
            Warp { angle: 0.0, scale: (scale, scale), shift, mirrored: false }.apply(image, side, Some(ground)).plane()
        }
    }
}

fn turned_by(image: &SmallImage, side: usize, degrees: f32, rng: &mut ChaCha8Rng) -> Plane {
    let zoom = between(rng, 0.78, 1.22);
    let aspect = between(rng, 0.87, 1.15);
    let warp = Warp {
        angle: (degrees + 5.0 * bell(rng).clamp(-2.2, 2.2)).to_radians(),
        scale: (zoom * aspect, zoom / aspect),
        shift: (0.045 * bell(rng), 0.045 * bell(rng)),
        mirrored: happens(rng, 0.25),
    };
    let outside = match rng.random_range(0..4) {
        0 | 1 => Some(0.0),
        2 => None,
        _ => Some(rng.random()),
    };
    let mut c = warp.apply(image, side, outside);
    other_processing(&mut c, rng);
    marks(&mut c, rng);
    c.plane()
}

/// What another machine's processing does: local contrast, clipped ends, shading, blur, noise.
fn other_processing(c: &mut Canvas, rng: &mut ChaCha8Rng) {
    if happens(rng, 0.5) {
        let mut base = Canvas { side: c.side, values: c.values.clone() };
        base.blur(c.side / rng.random_range(8..24));
        let gain = between(rng, -0.5, 1.0);
        for (v, b) in c.values.iter_mut().zip(&base.values) {
            *v += gain * (*v - b);
        }
    }
    if happens(rng, 0.3) {
        let (low, high) = (between(rng, 0.0, 0.25), between(rng, 0.65, 1.0));
        c.values.iter_mut().for_each(|v| *v = v.clamp(low, high));
    }
    if happens(rng, 0.4) {
        let (a, b) = (0.12 * bell(rng), 0.12 * bell(rng));
        c.each(|x, y, v| v + a * (x - 0.5) + b * (y - 0.5));
    }
    if happens(rng, 0.25) {
        c.blur(1);
    }
    if happens(rng, 0.35) {
        let sd = between(rng, 0.0, 0.06);
        c.grain(rng, sd);
    }
}

/// Collimation, markers, tubes and cables.
fn marks(c: &mut Canvas, rng: &mut ChaCha8Rng) {
    if happens(rng, 0.3) {
        let value = if happens(rng, 0.7) { -0.1 } else { 1.1 };
        let widths: Vec<f32> = (0..4).map(|_| if happens(rng, 0.6) { between(rng, 0.0, 0.09) } else { 0.0 }).collect();
        c.each(|x, y, v| {
            let rim = x < widths[0] || x > 1.0 - widths[1] || y < widths[2] || y > 1.0 - widths[3];
            if rim { value } else { v }
        });
    }
    if happens(rng, 0.4) {
        let at = (between(rng, 0.02, 0.9), between(rng, 0.02, 0.3));
        let size = between(rng, 0.01, 0.06);
        c.polygon(&[at, (at.0 + size, at.1), (at.0 + size, at.1 + size), (at.0, at.1 + size)], 1.05);
    }
    for _ in 0..if happens(rng, 0.2) { rng.random_range(1..4) } else { 0 } {
        let points: Vec<(f32, f32)> = (0..4).map(|_| (rng.random(), rng.random())).collect();
        let r = between(rng, 0.004, 0.012);
        c.tube(&points, (r, r), 0.3, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn image() -> SmallImage {
        SmallImage { size: 40, greys: (0..1600).map(|i| (i / 40 * 6) as u8).collect() }
    }

    #[test]
    fn a_plain_view_keeps_up_and_down() {
        let plane = plain(&image(), 20);
        assert!(plane.at(3, 1) < plane.at(3, 10) && plane.at(3, 10) < plane.at(3, 18));
    }

    #[test]
    fn an_inverted_view_changes_the_sign_of_the_upright_one() {
        let rng = || ChaCha8Rng::seed_from_u64(4);
        let (up, inverse) = (upright(&image(), 32, &mut rng()), inverted(&image(), 32, &mut rng()));
        assert!(up.values.iter().zip(&inverse.values).all(|(a, b)| *a == -*b));
    }

    #[test]
    fn every_view_is_finite() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..30 {
            for view in [upright, turned, any_way, pieces] {
                assert!(view(&image(), 33, &mut rng).values.iter().all(|v| v.is_finite()));
            }
        }
    }
}
