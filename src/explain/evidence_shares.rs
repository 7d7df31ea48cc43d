//! How much of a map's evidence lies in which lung, between the lungs, at the border and elsewhere.
//!
//! `m` is the positive part of the map on the pixels of the image, as it is shown:
//!
//! ```text
//! share of a region R = Σ_R m / Σ m
//! ```
//!
//! the energy of the pointing game of Wang H. et al. (2020), with an anatomical region in the place
//! of a finding. Beside it stands what a map that knows nothing has there: one that is the same
//! everywhere the network looked, so the region's part of that area. The peak is the largest value
//! of `m`; of several the one nearest to their mean.
//!
//! A share says where a map puts its heat, not what the model would say without the rest of the
//! image: occlusion asks that. Evidence outside the lungs may be lawful (a pacemaker, a fracture)
//! and is for the reader to judge. What speaks against a class takes no part.

use serde::{Deserialize, Serialize};

use super::scale::{area, evidence};
use super::{Attribution, Evidence};
use crate::imaging::Plane;
use crate::imaging::lung_fields::{LungFields, LungRegion};
use crate::imaging::overlay::placed;
use crate::model::manifest::Input;

/// Longer side of the grid that shares are measured on: a map is far coarser, and every place that
/// prints a share prints the same one.
const GRID: usize = 512;
/// What is said where less than half of the evidence lies inside.
pub const OUTSIDE: &str = "Most of the evidence lies outside the lungs.";

/// Parts of a whole by region; the nine regions add up to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RegionShares {
    /// Of both lung fields.
    pub inside: f64,
    pub right: f64,
    pub left: f64,
    pub right_upper: f64,
    pub right_middle: f64,
    pub right_lower: f64,
    pub left_upper: f64,
    pub left_middle: f64,
    pub left_lower: f64,
    /// Between the lungs.
    pub between: f64,
    /// At the border of the image.
    pub border: f64,
    pub elsewhere: f64,
}

impl RegionShares {
    /// The shares of `weights` (no less than 0), which lie in `regions` one by one; `None` where
    /// there is no weight.
    #[must_use]
    pub fn of(weights: &[f32], regions: &[LungRegion]) -> Option<Self> {
        let mut sums = [0.0_f64; LungRegion::ALL.len()];
        for (weight, region) in weights.iter().zip(regions) {
            sums[*region as usize] += f64::from(*weight);
        }
        let all: f64 = sums.iter().sum();
        (all > 0.0 && all.is_finite()).then(|| Self::of_regions(sums.map(|sum| sum / all)))
    }

    /// From the shares of [`LungRegion::ALL`].
    #[must_use]
    pub fn of_regions(shares: [f64; LungRegion::ALL.len()]) -> Self {
        let [right_upper, right_middle, right_lower, left_upper, left_middle, left_lower, between, border, elsewhere] =
            shares;
        let right = right_upper + right_middle + right_lower;
        let left = left_upper + left_middle + left_lower;
        Self {
            inside: right + left,
            right,
            left,
            right_upper,
            right_middle,
            right_lower,
            left_upper,
            left_middle,
            left_lower,
            between,
            border,
            elsewhere,
        }
    }

    /// The share of one region.
    #[must_use]
    pub fn share(&self, region: LungRegion) -> f64 {
        match region {
            LungRegion::RightUpper => self.right_upper,
            LungRegion::RightMiddle => self.right_middle,
            LungRegion::RightLower => self.right_lower,
            LungRegion::LeftUpper => self.left_upper,
            LungRegion::LeftMiddle => self.left_middle,
            LungRegion::LeftLower => self.left_lower,
            LungRegion::Between => self.between,
            LungRegion::Border => self.border,
            LungRegion::Elsewhere => self.elsewhere,
        }
    }
}

/// Where the evidence of a map lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceShares {
    pub evidence: RegionShares,
    /// What a map has that knows nothing: parts of the area that the network looked at.
    pub area: RegionShares,
    /// Region of the map's largest value.
    pub peak: LungRegion,
    pub peak_inside: bool,
}

impl EvidenceShares {
    /// Where the evidence of a map lies that a model with this input made of the image; `None`
    /// where it holds no positive evidence.
    #[must_use]
    pub fn of(map: &Attribution, input: &Input, fields: &LungFields) -> Option<Self> {
        if map.evidence == Evidence::NonePositive {
            return None;
        }
        let (width, height) = grid(fields);
        let seen = area(input, fields.width(), fields.height());
        let flat = placed(&Plane::filled(1, 1, 1.0), seen, width, height);
        Self::of_planes(&evidence(map, seen, width, height), &flat, &fields.on_grid(width, height))
    }

    /// The same of a map's positive part and of the area that it covers, both on the pixels of
    /// `regions`.
    #[must_use]
    pub fn of_planes(positive: &Plane, covered: &Plane, regions: &[LungRegion]) -> Option<Self> {
        let found = RegionShares::of(&positive.values, regions)?;
        let peak = regions[peak(positive)?];
        let area = RegionShares::of(&covered.values, regions)?;
        Some(Self { evidence: found, area, peak, peak_inside: peak.is_lung() })
    }

    /// The sentence where most of the evidence lies outside the lungs; nothing elsewhere.
    #[must_use]
    pub fn caution(&self) -> Option<&'static str> {
        (self.evidence.inside < 0.5).then_some(OUTSIDE)
    }

    /// In a line: "0.62 in the lungs (0.35 of the area): right 0.40, left 0.22; between them 0.20,
    /// border 0.08, elsewhere 0.10; peak in the right lower zone".
    #[must_use]
    pub fn in_words(&self) -> String {
        let Self { evidence: e, area, .. } = self;
        format!(
            "{:.2} in the lungs ({:.2} of the area): right {:.2}, left {:.2}; between them {:.2}, border {:.2}, elsewhere \
             {:.2}; peak {}",
            e.inside,
            area.inside,
            e.right,
            e.left,
            e.between,
            e.border,
            e.elsewhere,
            self.peak_in_words()
        )
    }

    /// Where the peak lies: "in the right lower zone".
    #[must_use]
    pub fn peak_in_words(&self) -> String {
        match self.peak {
            LungRegion::Between | LungRegion::Elsewhere => self.peak.name().to_owned(),
            LungRegion::Border => format!("at the {}", self.peak.name()),
            zone => format!("in the {}", zone.name()),
        }
    }
}

/// The grid that the regions of an image are measured on.
#[must_use]
pub fn grid(fields: &LungFields) -> (usize, usize) {
    let (width, height) = (fields.width(), fields.height());
    let scale = (GRID as f64 / width.max(height).max(1) as f64).min(1.0);
    let side = |n: usize| ((n as f64 * scale).round() as usize).max(1);
    (side(width), side(height))
}

/// The number of the pixel with the largest value; of several the one nearest to their mean.
fn peak(map: &Plane) -> Option<usize> {
    let top = map.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let width = map.width.max(1);
    // Enlarging rounds: a plateau is one all the same.
    let least = top - top.abs() * 1e-6;
    let tops: Vec<usize> = (0..map.values.len()).filter(|i| map.values[*i] >= least).collect();
    let mean = |of: fn(usize, usize) -> usize| {
        tops.iter().map(|i| of(*i, width) as f64).sum::<f64>() / tops.len().max(1) as f64
    };
    let (x, y) = (mean(|i, w| i % w), mean(|i, w| i / w));
    let distance = |i: &usize| ((i % width) as f64 - x).powi(2) + ((i / width) as f64 - y).powi(2);
    tops.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{Method, Subject};
    use crate::model::manifest::{Normalization, Resize};

    /// Lungs of 20 × 60 pixels in an image of 100 × 100, with 20 columns between them.
    fn fields() -> LungFields {
        let lung = |x: usize, y: usize| (20..80).contains(&y) && ((20..40).contains(&x) || (60..80).contains(&x));
        let lung: Vec<bool> = (0..10_000).map(|i| lung(i % 100, i / 100)).collect();
        LungFields::of_lung(&lung, 100, 100).unwrap()
    }

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

    fn shares(values: impl Fn(usize, usize) -> f32) -> Option<EvidenceShares> {
        let raw = Plane { width: 100, height: 100, values: (0..10_000).map(|i| values(i % 100, i / 100)).collect() };
        let map = Attribution::new(Method::GradCam, Subject::class(0), "l".into(), 1.0, raw).unwrap();
        EvidenceShares::of(&map, &input(Resize::Squash), &fields())
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-6, "{a} is not {b}");
    }

    #[test]
    fn a_map_that_knows_nothing_has_the_shares_of_the_area() {
        let found = shares(|_, _| 3.0).unwrap();
        assert_eq!(found.evidence, found.area);
        close(found.area.inside, 0.24);
        close(found.area.right_upper, 0.04);
        close(found.area.between, 0.12);
        close(found.area.border, 1.0 - 0.88 * 0.88);
        close(found.area.elsewhere, 0.88 * 0.88 - 0.36);
    }

    #[test]
    fn evidence_is_counted_where_it_lies_and_what_speaks_against_is_not() {
        // 3 parts in the left lower zone, 1 part between the lungs; against it in the right lung.
        let found = shares(|x, y| match (x, y) {
            (70, 70) => 3.0,
            (50, 50) => 1.0,
            (30, 30) => -9.0,
            _ => 0.0,
        })
        .unwrap();
        close(found.evidence.left_lower, 0.75);
        close(found.evidence.left, 0.75);
        close(found.evidence.inside, 0.75);
        close(found.evidence.between, 0.25);
        close(found.evidence.right, 0.0);
        assert_eq!((found.peak, found.peak_inside, found.caution()), (LungRegion::LeftLower, true, None));
        assert!(found.in_words().starts_with("0.75 in the lungs (0.24 of the area): right 0.00, left 0.75"));
        assert!(found.in_words().ends_with("peak in the left lower zone"));
    }

    #[test]
    fn most_of_the_evidence_outside_is_said() {
        let found = shares(|x, y| if (x, y) == (2, 50) { 2.0 } else { 0.0 }).unwrap();
        assert_eq!((found.peak, found.peak_inside, found.caution()), (LungRegion::Border, false, Some(OUTSIDE)));
        assert!(found.in_words().ends_with("peak at the border of the image"));
        let half = RegionShares::of_regions([0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.0]);
        assert_eq!(EvidenceShares { evidence: half, ..found }.caution(), None, "half is not most");
    }

    #[test]
    fn a_map_without_evidence_has_no_shares() {
        assert_eq!(shares(|_, _| -1.0), None);
        assert_eq!(RegionShares::of(&[], &[]), None);
    }

    #[test]
    fn the_peak_of_a_flat_top_is_its_middle() {
        let found = shares(|x, y| f32::from(u8::from((30..=70).contains(&x) && y == 50))).unwrap();
        assert_eq!(found.peak, LungRegion::Between);
    }

    #[test]
    fn only_what_the_network_saw_counts_as_area() {
        // A centre crop of half the sides sees columns and rows 25 to 75: 15 + 15 columns of lung.
        let raw = Plane::filled(4, 4, 1.0);
        let map = Attribution::new(Method::GradCam, Subject::class(0), "l".into(), 1.0, raw).unwrap();
        let input = Input { crop: 0.5, ..input(Resize::CenterCrop) };
        let found = EvidenceShares::of(&map, &input, &fields()).unwrap();
        close(found.area.inside, 0.6);
        close(found.evidence.inside, 0.6);
        close(found.area.border, 0.0);
    }

    #[test]
    fn regions_are_told_apart_by_their_place_in_the_list() {
        for (i, region) in LungRegion::ALL.into_iter().enumerate() {
            let shares = RegionShares::of_regions(std::array::from_fn(|k| f64::from(u8::from(k == i))));
            assert_eq!((region as usize, shares.share(region)), (i, 1.0));
        }
    }
}
