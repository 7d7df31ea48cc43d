//! Where a view takes its pixels from: crop, scale, squash, turn, shift and mirror as one affine
//! map, drawn at random.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::picture::Picture;
use crate::training::gate::canvas::{between, happens};

/// Largest turn, in radians: 15°.
const TURN: f32 = 0.262;

/// Maps places of the view (−½ … ½) to places of the picture (0 … 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Warp {
    /// Row by row: `x = a·u + b·v + c`, `y = d·u + e·v + f`.
    pub rows: [[f32; 3]; 2],
}

impl Warp {
    /// The whole picture as it is.
    pub(super) const IDENTITY: Self = Self { rows: [[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]] };

    /// A view: 65 to 125 % of the picture's side, squashed by up to 20 %, turned by up to 15°,
    /// shifted as far as the crop leaves room and a tenth further, mirrored every other time.
    pub(super) fn draw(rng: &mut ChaCha8Rng) -> Self {
        let zoom = if happens(rng, 0.5) { between(rng, 0.85, 1.1) } else { between(rng, 0.65, 1.25) };
        let squash = between(rng, -0.18, 0.18).exp();
        let angle = if happens(rng, 0.7) { between(rng, -TURN, TURN) } else { 0.0 };
        let (across, down) = (zoom * squash.sqrt(), zoom / squash.sqrt());
        let room = |part: f32| ((1.0 - part) / 2.0).max(0.0) + 0.1;
        let shift = |rng: &mut ChaCha8Rng, part: f32| between(rng, -room(part), room(part)) * rng.random::<f32>();
        let (x, y) = (shift(rng, across), shift(rng, down));
        let mirror = if happens(rng, 0.5) { -1.0 } else { 1.0 };
        let (sin, cos) = angle.sin_cos();
        Self { rows: [[mirror * across * cos, -across * sin, 0.5 + x], [mirror * down * sin, down * cos, 0.5 + y]] }
    }

    /// The place in a picture of `side` pixels, in pixels with centres at whole numbers.
    fn place(self, u: f32, v: f32, side: usize) -> (f32, f32) {
        let [x, y] = self.rows.map(|[a, b, c]| (a * u + b * v + c) * side as f32 - 0.5);
        (x, y)
    }

    /// A view of `side` pixels, 0–1, each the mean of four samples; what lies outside is `ground`,
    /// or the nearest pixel where there is none.
    pub(super) fn greys(self, picture: &Picture, side: usize, ground: Option<f32>) -> Vec<f32> {
        let mut out = Vec::with_capacity(side * side);
        for j in 0..side {
            for i in 0..side {
                let mut sum = 0.0;
                for (dx, dy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
                    let (u, v) = ((i as f32 + dx) / side as f32 - 0.5, (j as f32 + dy) / side as f32 - 0.5);
                    sum += sample(&picture.greys, picture.side, self.place(u, v, picture.side), ground);
                }
                out.push(0.25 * sum);
            }
        }
        out
    }

    /// The same of a mask with one sample a pixel, at `side` pixels.
    pub(super) fn mask(self, values: &[u8], from: usize, side: usize, ground: f32) -> Vec<f32> {
        let centre = |i: usize| (i as f32 + 0.5) / side as f32 - 0.5;
        let at = |(i, j): (usize, usize)| sample(values, from, self.place(centre(i), centre(j), from), Some(ground));
        (0..side * side).map(|k| at((k % side, k / side))).collect()
    }
}

/// Bilinear interpolation, 0–1.
fn sample(values: &[u8], side: usize, (x, y): (f32, f32), ground: Option<f32>) -> f32 {
    let last = side as f32 - 1.0;
    if let Some(ground) = ground
        && (x < -0.5 || y < -0.5 || x > last + 0.5 || y > last + 0.5)
    {
        return ground;
    }
    let (x, y) = (x.clamp(0.0, last), y.clamp(0.0, last));
    let (i, j) = (x as usize, y as usize);
    let (right, below) = ((i + 1).min(side - 1), (j + 1).min(side - 1));
    let (fx, fy) = (x - i as f32, y - j as f32);
    let at = |i: usize, j: usize| f32::from(values[j * side + i]);
    let (upper, lower) = (at(i, j) * (1.0 - fx) + at(right, j) * fx, at(i, below) * (1.0 - fx) + at(right, below) * fx);
    (upper * (1.0 - fy) + lower * fy) / 255.0
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn ramp() -> Picture {
        Picture {
            side: 64,
            greys: (0..4096).map(|i| (i % 64 * 4) as u8).collect(),
            lung: (0..4096).map(|i| if i % 64 < 32 { 255 } else { 0 }).collect(),
            known: Vec::new(),
        }
    }

    #[test]
    fn the_identity_shows_the_picture() {
        let view = Warp::IDENTITY.greys(&ramp(), 64, None);
        assert!((view[10] - 40.0 / 255.0).abs() < 1e-3, "{}", view[10]);
        let mask = Warp::IDENTITY.mask(&ramp().lung, 64, 64, 0.0);
        assert_eq!((mask[31], mask[32]), (1.0, 0.0));
    }

    #[test]
    fn image_and_mask_stay_together_and_outside_is_ground() {
        for seed in 0..40 {
            let warp = Warp::draw(&mut ChaCha8Rng::seed_from_u64(seed));
            let (view, mask) = (warp.greys(&ramp(), 48, Some(0.9)), warp.mask(&ramp().lung, 64, 48, 0.0));
            for (i, (grey, lung)) in view.iter().zip(&mask).enumerate() {
                let centre = |i: usize| (i as f32 + 0.5) / 48.0 - 0.5;
                let (x, y) = warp.place(centre(i % 48), centre(i / 48), 64);
                if !(2.0..61.0).contains(&x) || !(2.0..61.0).contains(&y) {
                    let outside = x < -1.0 || y < -1.0 || x > 64.0 || y > 64.0;
                    assert!(!outside || (*grey, *lung) == (0.9, 0.0), "seed {seed}");
                    continue;
                }
                // Lung is where the ramp is below one half; between the two lies the outline.
                assert!(*lung == 0.0 || *grey < 0.56, "seed {seed}: {grey} {lung}");
                assert!(*lung == 1.0 || *grey > 0.45, "seed {seed}: {grey} {lung}");
            }
        }
    }
}
