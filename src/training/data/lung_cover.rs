//! Where the lungs of a training image lie.
//!
//! Held coarsely, for it steers what an augmentation may replace and measures nothing.

use crate::imaging::Plane;
use crate::imaging::resample::bilinear;

/// Side of the grid.
const SIDE: usize = 64;

/// Both lungs on a coarse square grid over the image, as the network's input shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LungCover {
    /// Coverage of each cell, 0 to 255.
    cells: Vec<u8>,
    /// Left, top, right and bottom in cells; the last two lie behind the lungs.
    bounds: [usize; 4],
}

impl LungCover {
    /// The cover of a mask or of probabilities, 0 to 1, of any size.
    pub fn of(lungs: &Plane) -> Self {
        let grid = bilinear(lungs, SIDE, SIDE);
        let cells: Vec<u8> = grid.values.iter().map(|p| (p.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
        let inside = || (0..cells.len()).filter(|i| cells[*i] > 127);
        let low = |of: fn(usize) -> usize| inside().map(of).min().unwrap_or(0);
        let high = |of: fn(usize) -> usize| inside().map(of).max().map_or(SIDE, |last| last + 1);
        let (x, y) = (|i: usize| i % SIDE, |i: usize| i / SIDE);
        let bounds = [low(x), low(y), high(x), high(y)];
        Self { cells, bounds }
    }

    /// Coverage from 0 to 1.
    pub(in crate::training) fn plane(&self) -> Plane {
        Plane { width: SIDE, height: SIDE, values: self.cells.iter().map(|c| f32::from(*c) / 255.0).collect() }
    }

    /// Left, top, right and bottom of the lungs as shares of the image's sides.
    pub(in crate::training) fn bounds(&self) -> [f32; 4] {
        self.bounds.map(|b| b as f32 / SIDE as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cover_keeps_the_place_of_the_lungs_at_any_size() {
        let values = (0..200 * 100).map(|i| f32::from(u8::from((50..100).contains(&(i % 200))))).collect();
        let cover = LungCover::of(&Plane { width: 200, height: 100, values });
        let [left, top, right, bottom] = cover.bounds();
        assert!((left - 0.25).abs() < 0.02 && (right - 0.5).abs() < 0.02, "{left} {right}");
        assert_eq!((top, bottom), (0.0, 1.0));
        assert_eq!((cover.plane().at(24, 30), cover.plane().at(50, 30)), (1.0, 0.0));
    }
}
