//! How much of a map's evidence lies inside a region that the reader drew.
//!
//! ```text
//! share = Σ_region m / Σ m          m: positive part of the map on the image, as it is shown
//! ```
//!
//! the energy of the pointing game of Wang H. et al. (2020) with the reader's region in the place of
//! a finding. Beside it stands the part of the area that the network looked at: what a map has there
//! that knows nothing. Both are measured on the grid of [`crate::explain::evidence_shares`]; of a
//! cell that lies half inside, half counts.
//!
//! It says where a map puts its heat, not what the model would say without the region.

use serde::{Deserialize, Serialize};

use super::region::Region;
use crate::explain::scale::{area, evidence};
use crate::explain::{Attribution, Evidence};
use crate::imaging::Plane;
use crate::imaging::overlay::placed;
use crate::model::manifest::Input;

/// Longer side of the grid that shares are measured on.
const GRID: usize = 512;

/// A map's evidence inside a region.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceInside {
    /// Part of the map's positive evidence.
    pub share: f64,
    /// Part of the area that the network looked at.
    pub area: f64,
}

impl EvidenceInside {
    /// Of a map that a model with this input made of an image of `width × height`; `None` where the
    /// map holds no positive evidence.
    #[must_use]
    pub fn of(map: &Attribution, input: &Input, region: &Region, [width, height]: [usize; 2]) -> Option<Self> {
        if map.evidence == Evidence::NonePositive || width * height == 0 {
            return None;
        }
        let scale = (GRID as f64 / width.max(height) as f64).min(1.0);
        let grid = [width, height].map(|side| ((side as f64 * scale).round() as usize).max(1));
        let seen = area(input, width, height);
        let flat = placed(&Plane::filled(1, 1, 1.0), seen, grid[0], grid[1]);
        let heat = evidence(map, seen, grid[0], grid[1]);
        let mut inside = [0.0, 0.0];
        region.covered([width, height], grid, |x, y, part| {
            inside[0] += part * f64::from(heat.at(x, y));
            inside[1] += part * f64::from(flat.at(x, y));
        });
        let sum = |plane: &Plane| plane.values.iter().map(|v| f64::from(*v)).sum::<f64>();
        let (all, whole) = (sum(&heat), sum(&flat));
        (all > 0.0 && all.is_finite() && whole > 0.0).then(|| Self { share: inside[0] / all, area: inside[1] / whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{Method, Subject};
    use crate::model::manifest::{Normalization, Resize};

    fn input(resize: Resize) -> Input {
        Input {
            width: 100,
            height: 100,
            channels: 1,
            resize,
            crop: 1.0,
            smoothing: 0.0,
            normalization: Normalization::PerImage,
            value_range: [0.0, 1.0],
            mean: Vec::new(),
            sd: Vec::new(),
        }
    }

    fn map(value: impl Fn(usize, usize) -> f32) -> Attribution {
        let values = (0..10_000).map(|i| value(i % 100, i / 100)).collect();
        let raw = Plane { width: 100, height: 100, values };
        Attribution::new(Method::GradCam, Subject::class(0), "l".into(), 1.0, raw).unwrap()
    }

    #[test]
    fn a_map_that_knows_nothing_has_the_share_of_the_area() {
        let even = map(|_, _| 2.0);
        let region = Region::Rectangle([10.0, 20.0, 60.0, 40.0]);
        let found = EvidenceInside::of(&even, &input(Resize::Squash), &region, [100, 100]).unwrap();
        assert!((found.share - 0.10).abs() < 1e-6 && (found.area - 0.10).abs() < 1e-6, "{found:?}");
        assert!((found.share - 0.1).abs() < 5e-3 && (found.area - 0.1).abs() < 5e-3, "{found:?}");
        // Twice as large an image is looked at in the same places.
        let twice = Region::Rectangle([20.0, 40.0, 120.0, 80.0]);
        let found = EvidenceInside::of(&even, &input(Resize::Squash), &twice, [200, 200]).unwrap();
        assert!((found.share - 0.10).abs() < 1e-3);
    }

    #[test]
    fn evidence_is_counted_where_it_lies_and_what_speaks_against_is_not() {
        let left = map(|x, _| if x < 50 { 3.0 } else { -9.0 });
        let of =
            |bounds| EvidenceInside::of(&left, &input(Resize::Squash), &Region::Rectangle(bounds), [100, 100]).unwrap();
        assert!((of([0.0, 0.0, 50.0, 100.0]).share - 1.0).abs() < 1e-6);
        assert!((of([0.0, 0.0, 25.0, 100.0]).share - 0.5).abs() < 1e-6);
        assert!(of([50.0, 0.0, 100.0, 100.0]).share < 1e-6);
        assert_eq!(
            EvidenceInside::of(&map(|_, _| -1.0), &input(Resize::Squash), &Region::Rectangle([0.0; 4]), [9, 9]),
            None
        );
    }

    #[test]
    fn what_the_network_did_not_see_is_no_part_of_the_area() {
        // Of an image twice as wide as high the middle half is seen.
        let even = map(|_, _| 1.0);
        let outside = Region::Rectangle([0.0, 0.0, 45.0, 100.0]);
        let found = EvidenceInside::of(&even, &input(Resize::CenterCrop), &outside, [200, 100]).unwrap();
        assert!(found.area < 1e-6 && found.share < 1e-6, "{found:?}");
        let half = Region::Rectangle([50.0, 0.0, 100.0, 100.0]);
        let found = EvidenceInside::of(&even, &input(Resize::CenterCrop), &half, [200, 100]).unwrap();
        assert!((found.area - 0.5).abs() < 0.02, "{found:?}");
    }
}
