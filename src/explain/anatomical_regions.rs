//! Regions of the anatomy as the players of Shapley values, in the place of superpixels.
//!
//! Superpixels differ from image to image, so their values cannot be summed up over many. The
//! regions of the [lung fields](crate::imaging::lung_fields) are the same in every chest
//! radiograph: with nine players of which each is there, Kernel SHAP can even be exact (510
//! coalitions), and "the right lower zone" has a value in every image.
//!
//! What a network with a letterboxed input sees beside the image belongs to the region elsewhere.
//!
//! A region that does not take part is black. A chest without its lungs is no chest; the value says
//! what the score owes to what is seen there, compared with nothing being seen.

use std::sync::Arc;

use super::scale::area;
use super::superpixels::Superpixels;
use super::{Attribution, Evidence};
use crate::imaging::lung_fields::{LungFields, LungRegion};
use crate::model::manifest::Input;

/// The regions of an image as its network sees them.
#[derive(Clone, Debug, PartialEq)]
pub struct AnatomicalRegions {
    /// Of the size of the network's input; a player is a region that has a pixel there.
    pub players: Arc<Superpixels>,
    /// The region of each player.
    pub regions: Vec<LungRegion>,
}

impl AnatomicalRegions {
    /// The regions on the input of a network.
    #[must_use]
    pub fn of(fields: &LungFields, input: &Input) -> Self {
        let (width, height) = (input.width, input.height);
        let seen = area(input, fields.width(), fields.height());
        // The pixel of the image under the centre of each pixel of the input; none beside the image.
        let places = |count: usize, start: f32, end: f32, pixels: usize| -> Vec<Option<usize>> {
            let at = |i: usize| start + (i as f32 + 0.5) / count as f32 * (end - start);
            let pixel = |part: f32| ((part * pixels as f32) as usize).min(pixels - 1);
            (0..count).map(|i| Some(at(i)).filter(|p| (0.0..=1.0).contains(p)).map(pixel)).collect()
        };
        let (across, down) = fields.grid();
        let columns = places(width, seen.left, seen.right, across);
        let rows = places(height, seen.top, seen.bottom, down);
        let mut regions: Vec<LungRegion> = Vec::new();
        let mut labels = Vec::with_capacity(width * height);
        for row in &rows {
            for column in &columns {
                let region = match (row, column) {
                    (Some(y), Some(x)) => fields.regions()[y * across + x],
                    _ => LungRegion::Elsewhere,
                };
                let known = regions.iter().position(|r| *r == region);
                let player = known.unwrap_or_else(|| {
                    regions.push(region);
                    regions.len() - 1
                });
                labels.push(player as u16);
            }
        }
        let players = Superpixels { width, height, labels, count: regions.len() };
        Self { players: Arc::new(players), regions }
    }

    /// Which pixels of the network's input show a lung, row by row.
    #[must_use]
    pub fn lungs(&self) -> Vec<bool> {
        let is_lung = |label: &u16| self.regions.get(usize::from(*label)).is_some_and(|region| region.is_lung());
        self.players.labels.iter().map(is_lung).collect()
    }

    /// The value of each region of a map that was made over these regions, in the order of
    /// [`LungRegion::ALL`]; `None` for a region that the network does not see, and for maps of
    /// another size.
    #[must_use]
    pub fn values(&self, map: &Attribution) -> [Option<f64>; LungRegion::ALL.len()] {
        LungRegion::ALL.map(|region| {
            let player = self.regions.iter().position(|r| *r == region)?;
            let pixel = self.players.labels.iter().position(|l| usize::from(*l) == player)?;
            let fits = map.raw.values.len() == self.players.labels.len();
            fits.then(|| f64::from(map.raw.values[pixel]))
        })
    }

    /// The mean of any map of the input's size in each region, as [`Self::values`] has them.
    #[must_use]
    pub fn means(&self, map: &Attribution) -> [Option<f64>; LungRegion::ALL.len()] {
        let sums = sums(&self.players, map);
        LungRegion::ALL.map(|region| {
            let player = self.regions.iter().position(|r| *r == region)?;
            let (sum, count) = *sums.get(player)?;
            (count > 0).then(|| sum / count as f64)
        })
    }
}

/// Of each player the sum of a map over its pixels, and their number; empty for a map of another
/// size.
fn sums(players: &Superpixels, map: &Attribution) -> Vec<(f64, usize)> {
    if map.raw.values.len() != players.labels.len() {
        return Vec::new();
    }
    let mut sums = vec![(0.0, 0); players.count];
    for (label, value) in players.labels.iter().zip(&map.raw.values) {
        let sum = &mut sums[usize::from(*label)];
        *sum = (sum.0 + f64::from(*value), sum.1 + 1);
    }
    sums
}

/// Maps whose pixels add up to a difference of scores, summed up over `players`: every pixel bears
/// the sum of its region. What they add up to stays the same.
pub(super) fn grouped(players: Option<&Arc<Superpixels>>, maps: Vec<Attribution>) -> Vec<Attribution> {
    let Some(players) = players else { return maps };
    let grouped = |map: Attribution| {
        let values: Vec<f32> = sums(players, &map).iter().map(|(sum, _)| *sum as f32).collect();
        if values.is_empty() {
            return map;
        }
        let evidence = if values.iter().any(|v| *v > 0.0) { Evidence::Positive } else { Evidence::NonePositive };
        Attribution { raw: players.painted(&values), evidence, superpixels: Some(players.clone()), ..map }
    };
    maps.into_iter().map(grouped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{Method, Subject};
    use crate::imaging::Plane;
    use crate::model::manifest::{Normalization, Resize};

    fn input(resize: Resize) -> Input {
        Input {
            width: 50,
            height: 50,
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

    /// Two lungs in an image of `width × 100`.
    fn fields(width: usize) -> LungFields {
        let lung = |x: usize, y: usize| {
            let x = x * 100 / width;
            (20..80).contains(&y) && ((20..40).contains(&x) || (60..80).contains(&x))
        };
        let lung: Vec<bool> = (0..width * 100).map(|i| lung(i % width, i / width)).collect();
        LungFields::of_lung(&lung, width, 100).unwrap()
    }

    fn map(values: Vec<f32>) -> Attribution {
        let raw = Plane { width: 50, height: 50, values };
        Attribution::new(Method::DeepShap, Subject::class(0), "input".into(), 1.0, raw).unwrap()
    }

    #[test]
    fn every_region_is_a_player_and_labels_are_counted_in_reading_order() {
        let found = AnatomicalRegions::of(&fields(100), &input(Resize::Squash));
        assert_eq!((found.players.count, found.regions.len()), (9, 9));
        assert_eq!(found.regions[0], LungRegion::Border, "the first pixel lies at the border");
        let mut next = 0;
        for label in &found.players.labels {
            assert!(*label <= next);
            next = next.max(label + 1);
        }
    }

    #[test]
    fn what_lies_beside_a_letterboxed_image_is_elsewhere() {
        // 200 × 100 becomes 50 × 25 with rows of black above and below.
        let found = AnatomicalRegions::of(&fields(200), &input(Resize::Letterbox));
        assert_eq!(found.regions[usize::from(found.players.labels[0])], LungRegion::Elsewhere);
        let lung = found.players.labels.iter().filter(|l| found.regions[usize::from(**l)].is_lung()).count();
        // A quarter of an eighth: 24 % of half the input.
        assert!((lung as f64 / 2500.0 - 0.12).abs() < 0.02, "{lung}");
    }

    #[test]
    fn sums_over_regions_keep_the_total_and_means_do_not_hang_on_size() {
        let regions = AnatomicalRegions::of(&fields(100), &input(Resize::Squash));
        let even = map(vec![0.5; 2500]);
        assert!(regions.means(&even).iter().flatten().all(|v| (v - 0.5).abs() < 1e-6));
        let summed = grouped(Some(&regions.players), vec![even]).remove(0);
        let values = regions.values(&summed);
        let total: f64 = values.iter().flatten().sum();
        assert!((total - 1250.0).abs() < 1e-2, "{total}");
        // The right upper zone has 10 × 10 pixels of the input.
        assert_eq!(values[LungRegion::RightUpper as usize], Some(50.0));
        assert_eq!(summed.superpixels, Some(regions.players.clone()));
        assert_eq!(grouped(None, vec![map(vec![1.0; 2500])]).remove(0).superpixels, None);
    }

    #[test]
    fn maps_of_another_size_have_no_values() {
        let regions = AnatomicalRegions::of(&fields(100), &input(Resize::Squash));
        let small = Attribution { raw: Plane::filled(7, 7, 1.0), ..map(vec![1.0; 2500]) };
        assert!(regions.values(&small).iter().chain(&regions.means(&small)).all(Option::is_none));
        assert_eq!(grouped(Some(&regions.players), vec![small.clone()]).remove(0).raw, small.raw);
    }
}
