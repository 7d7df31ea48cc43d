//! Elastic deformation (Simard, Steinkraus, Platt, ICDAR 2003): every point moves by a smooth
//! random field.
//!
//! The field is white noise under a Gaussian of `sigma`, scaled so that its longest displacement is
//! what was asked for. It is made on a coarse grid and read between its points: the Gaussian is
//! wider than a cell.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::imaging::Plane;
use crate::imaging::blur::gaussian;

/// Points of the grid along a side.
const GRID: usize = 32;

/// Displacements, as shares of the side.
pub(super) struct Field {
    x: Plane,
    y: Plane,
}

impl Field {
    /// A field whose longest displacement is `reach`, smoothed by `sigma` (both shares of the
    /// side).
    pub(super) fn drawn(reach: f32, sigma: f32, rng: &mut ChaCha8Rng) -> Self {
        let mut noise = || {
            let values = (0..GRID * GRID).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect();
            gaussian(&Plane { width: GRID, height: GRID, values }, sigma * GRID as f32)
        };
        let (mut x, mut y) = (noise(), noise());
        let longest = x.values.iter().zip(&y.values).map(|(x, y)| x.hypot(*y)).fold(0.0, f32::max);
        let scale = if longest > 0.0 { reach / longest } else { 0.0 };
        x.values.iter_mut().chain(&mut y.values).for_each(|v| *v *= scale);
        Self { x, y }
    }

    /// The displacement at `(u, v)`, from 0 to 1 across the image.
    pub(super) fn at(&self, u: f32, v: f32) -> (f32, f32) {
        let place = |t: f32| {
            let t = t.clamp(0.0, 1.0) * (GRID - 1) as f32;
            let i = (t as usize).min(GRID - 2);
            (i, t - i as f32)
        };
        let ((i, s), (j, t)) = (place(u), place(v));
        let read = |p: &Plane| {
            let top = p.at(i, j) * (1.0 - s) + p.at(i + 1, j) * s;
            let bottom = p.at(i, j + 1) * (1.0 - s) + p.at(i + 1, j + 1) * s;
            top * (1.0 - t) + bottom * t
        };
        (read(&self.x), read(&self.y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::random::{Purpose, stream};

    fn steps() -> impl Iterator<Item = (f32, f32)> {
        (0..=100).flat_map(|i| (0..=100).map(move |j| (i as f32 / 100.0, j as f32 / 100.0)))
    }

    #[test]
    fn no_point_moves_further_than_asked_and_some_nearly_as_far() {
        let field = Field::drawn(0.05, 0.1, &mut stream(1, Purpose::Augment, 0, 0));
        let longest = steps().map(|(u, v)| field.at(u, v)).map(|(x, y)| x.hypot(y)).fold(0.0, f32::max);
        assert!(longest <= 0.05 + 1e-6 && longest > 0.045, "{longest}");
    }

    #[test]
    fn neighbours_stay_neighbours() {
        let field = Field::drawn(0.05, 0.1, &mut stream(1, Purpose::Augment, 0, 0));
        // Folding would need a slope of 1; a Gaussian of a tenth of the side leaves about reach /
        // sigma.
        for (u, v) in steps() {
            let ((a, _), (b, _)) = (field.at(u, v), field.at(u + 0.01, v));
            assert!((a - b).abs() < 0.01, "at {u}, {v}");
        }
    }
}
