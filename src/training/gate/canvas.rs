//! A small drawing surface for synthetic images: ellipsoids and tubes as radiographs show them,
//! patches, noise.
//!
//! Coordinates are fractions of the side, 0–1 from the upper left; values are free and add up.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::imaging::Plane;

/// A square image under construction.
pub(super) struct Canvas {
    pub side: usize,
    pub values: Vec<f32>,
}

/// Uniform in `low`–`high`.
pub(in crate::training) fn between(rng: &mut ChaCha8Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.random::<f32>()
}

/// True with the probability `p`.
pub(in crate::training) fn happens(rng: &mut ChaCha8Rng, p: f32) -> bool {
    rng.random::<f32>() < p
}

/// About normal, standard deviation 1.
pub(in crate::training) fn bell(rng: &mut ChaCha8Rng) -> f32 {
    ((0..6).map(|_| rng.random::<f32>()).sum::<f32>() - 3.0) * std::f32::consts::SQRT_2
}

impl Canvas {
    pub(super) fn new(side: usize, value: f32) -> Self {
        Self { side, values: vec![value; side * side] }
    }

    pub(super) fn plane(self) -> Plane {
        Plane { width: self.side, height: self.side, values: self.values }
    }

    /// Changes every pixel by its place.
    pub(super) fn each(&mut self, change: impl Fn(f32, f32, f32) -> f32) {
        let side = self.side;
        for (i, value) in self.values.iter_mut().enumerate() {
            let (x, y) = ((i % side) as f32 + 0.5, (i / side) as f32 + 0.5);
            *value = change(x / side as f32, y / side as f32, *value);
        }
    }

    /// Changes the pixels of a rectangle (fractions of the side), by their place.
    fn within(&mut self, x: (f32, f32), y: (f32, f32), change: impl Fn(f32, f32, f32) -> f32) {
        let n = self.side;
        let range = |(low, high): (f32, f32)| {
            let low = (low * n as f32).floor().clamp(0.0, n as f32) as usize;
            low..((high * n as f32).ceil().clamp(0.0, n as f32) as usize).max(low)
        };
        let columns = range(x);
        for j in range(y) {
            for i in columns.clone() {
                let value = &mut self.values[j * n + i];
                *value = change((i as f32 + 0.5) / n as f32, (j as f32 + 0.5) / n as f32, *value);
            }
        }
    }

    /// Adds the chord of an ellipsoid: what a ball looks like in X-rays.
    pub(super) fn ball(&mut self, centre: (f32, f32), radii: (f32, f32), tilt: f32, density: f32) {
        let (sin, cos) = tilt.sin_cos();
        let reach = radii.0.max(radii.1);
        self.within((centre.0 - reach, centre.0 + reach), (centre.1 - reach, centre.1 + reach), |x, y, v| {
            let (dx, dy) = (x - centre.0, y - centre.1);
            let (u, w) = ((cos * dx + sin * dy) / radii.0, (cos * dy - sin * dx) / radii.1);
            let rest = 1.0 - u * u - w * w;
            if rest > 0.0 { v + density * rest.sqrt() } else { v }
        });
    }

    /// Paints an ellipse with an edge of softness `soft` (part of its radius).
    pub(super) fn ellipse(&mut self, centre: (f32, f32), radii: (f32, f32), tilt: f32, value: f32, soft: f32) {
        let (sin, cos) = tilt.sin_cos();
        let reach = radii.0.max(radii.1);
        self.within((centre.0 - reach, centre.0 + reach), (centre.1 - reach, centre.1 + reach), |x, y, v| {
            let (dx, dy) = (x - centre.0, y - centre.1);
            let (u, w) = ((cos * dx + sin * dy) / radii.0, (cos * dy - sin * dx) / radii.1);
            let cover = ((1.0 - (u * u + w * w).sqrt()) / soft.max(1e-3)).clamp(0.0, 1.0);
            v + cover * (value - v)
        });
    }

    /// Adds a tube along a broken line, with radii from `r.0` to `r.1`; `hollow` is the radius of
    /// its lighter core as a part of the whole.
    pub(super) fn tube(&mut self, points: &[(f32, f32)], r: (f32, f32), density: f32, hollow: f32) {
        let last = (points.len() - 1).max(1) as f32;
        let (columns, rows) = bounds(points, r.0.max(r.1));
        self.within(columns, rows, |x, y, v| {
            let mut best = 0.0f32;
            for (i, pair) in points.windows(2).enumerate() {
                let ((ax, ay), (bx, by)) = (pair[0], pair[1]);
                let (dx, dy) = (bx - ax, by - ay);
                let t = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy).max(1e-9)).clamp(0.0, 1.0);
                let (ex, ey) = (x - ax - t * dx, y - ay - t * dy);
                let radius = r.0 + (r.1 - r.0) * (i as f32 + t) / last;
                let d = (ex * ex + ey * ey) / (radius * radius);
                if d < 1.0 {
                    let core = if d < hollow * hollow { 0.7 * (hollow * hollow - d).sqrt() } else { 0.0 };
                    best = best.max((1.0 - d).sqrt() - core);
                }
            }
            v + density * best
        });
    }

    /// Paints a polygon.
    pub(super) fn polygon(&mut self, corners: &[(f32, f32)], value: f32) {
        let (columns, rows) = bounds(corners, 0.0);
        self.within(columns, rows, |x, y, v| if covers(corners, x, y) { value } else { v });
    }

    /// Adds smooth noise with details of `size`, over `octaves` that each weigh `persistence` of
    /// the one before.
    pub(super) fn clouds(&mut self, rng: &mut ChaCha8Rng, size: f32, octaves: usize, persistence: f32, amplitude: f32) {
        let (mut size, mut amplitude) = (size, amplitude);
        for _ in 0..octaves {
            let cells = (1.0 / size).ceil() as usize + 2;
            let lattice: Vec<f32> = (0..cells * cells).map(|_| between(rng, -1.0, 1.0)).collect();
            self.each(|x, y, v| {
                let (gx, gy) = (x / size, y / size);
                let (ix, iy) = (gx as usize, gy as usize);
                let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
                let (fx, fy) = (smooth(gx.fract()), smooth(gy.fract()));
                let at = |i: usize, j: usize| lattice[(j.min(cells - 1)) * cells + i.min(cells - 1)];
                let top = at(ix, iy) + fx * (at(ix + 1, iy) - at(ix, iy));
                let bottom = at(ix, iy + 1) + fx * (at(ix + 1, iy + 1) - at(ix, iy + 1));
                v + amplitude * (top + fy * (bottom - top))
            });
            size *= 0.5;
            amplitude *= persistence;
            if size * (self.side as f32) < 1.0 {
                return;
            }
        }
    }

    /// Adds independent noise to every pixel.
    pub(super) fn grain(&mut self, rng: &mut ChaCha8Rng, sd: f32) {
        self.values.iter_mut().for_each(|v| *v += sd * bell(rng));
    }

    /// Box-blurs three times with a radius in pixels.
    pub(super) fn blur(&mut self, radius: usize) {
        for _ in 0..if radius == 0 { 0 } else { 3 } {
            for turn in 0..2 {
                let source = self.values.clone();
                let n = self.side;
                for row in 0..n {
                    let at = |i: usize| if turn == 0 { row * n + i } else { i * n + row };
                    let mut sum = 0.0;
                    let clamp = |i: isize| i.clamp(0, n as isize - 1) as usize;
                    let r = radius as isize;
                    for i in -r..=r {
                        sum += source[at(clamp(i))];
                    }
                    for i in 0..n {
                        self.values[at(i)] = sum / (2 * radius + 1) as f32;
                        let i = i as isize;
                        sum += source[at(clamp(i + r + 1))] - source[at(clamp(i - r))];
                    }
                }
            }
        }
    }
}

/// Columns and rows that points with a margin reach over.
fn bounds(points: &[(f32, f32)], margin: f32) -> ((f32, f32), (f32, f32)) {
    let mut all = ((f32::MAX, f32::MIN), (f32::MAX, f32::MIN));
    for (x, y) in points {
        all.0 = (all.0.0.min(x - margin), all.0.1.max(x + margin));
        all.1 = (all.1.0.min(y - margin), all.1.1.max(y + margin));
    }
    all
}

/// True when the polygon covers the point.
pub(super) fn covers(corners: &[(f32, f32)], x: f32, y: f32) -> bool {
    let mut odd = false;
    let mut before = corners.len() - 1;
    for i in 0..corners.len() {
        let ((ax, ay), (bx, by)) = (corners[i], corners[before]);
        if (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax {
            odd = !odd;
        }
        before = i;
    }
    odd
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ball_is_densest_in_its_middle() {
        let mut canvas = Canvas::new(33, 0.0);
        canvas.ball((0.5, 0.5), (0.3, 0.3), 0.0, 2.0);
        assert!((canvas.values[16 * 33 + 16] - 2.0).abs() < 1e-3);
        assert_eq!(canvas.values[0], 0.0);
    }

    #[test]
    fn a_polygon_covers_its_inside() {
        let mut canvas = Canvas::new(10, 0.0);
        canvas.polygon(&[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)], 1.0);
        assert_eq!(canvas.values.iter().sum::<f32>(), 50.0);
    }

    #[test]
    fn a_blurred_even_canvas_stays_even() {
        let mut canvas = Canvas::new(12, 4.0);
        canvas.blur(2);
        assert!(canvas.values.iter().all(|v| (v - 4.0).abs() < 1e-5));
    }
}
