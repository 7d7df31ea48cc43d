//! Does the heat map lie on the finding? Measures of one map against one marked region.
//!
//! `m` is the positive part of the map on the pixels of the image, `R` the union of what was marked for the finding.
//!
//! | measure | definition |
//! |---|---|
//! | pointing game (Zhang et al. 2016) | the largest value of `m` lies in `R`, or no farther from it than a tolerance |
//! | energy (Wang H. et al. 2020, Score-CAM) | `Σ_R m / Σ m` |
//! | `IoU` | of `R` and the pixels where `m`, scaled to 0–1, exceeds a threshold: Otsu's, or a fixed one |
//! | hit at `T` (after Wang X. et al. 2017) | some connected part `P` above Otsu's threshold has `IoU ≥ T` with some mark `M`, pixel by pixel |
//! | hit within at `T` (the same) | at least `T` of such a `P` lies in `M`, and at least `T` of `M` is covered by it |
//! | energy `IoU` | `Σ_R m / (\|R\| + Σ_{not R} m)` with `m` scaled to a maximum of 1: the `IoU` of a map that is no mask |
//! | pixel average precision (Choe et al. 2020, `PxAP`) | area under precision and recall of the pixels of `R`, over all thresholds of `m` |
//!
//! A mark is a box, or a connected part of a mask.
//!
//! **What speckle cannot win.** Wang et al. hold boxes around the parts against the marked boxes. A box is had for little: two specks that touch at a
//! corner span one, a ring around the finding spans one that holds it, and `IoBB`, the share of the found box that lies in the marked one, is 1 for a single
//! pixel inside. So hits count pixels here, and a hit within must cover the mark as well; no map with an `IoU` below `T/2` is a hit of either kind at `T`
//! where one mark stands alone (Saporta et al. 2022 leave boxes for the same reason). Pointing and energy are no measures of overlap: one pixel
//! inside has all of both. They say whether what a map marks lies on the finding, and nothing of how much of the finding it marks; verdicts
//! rest on pointing, `IoU` and pixel average precision.
//!
//! The tolerance is in pixels of a picture whose longer side is 500, the size of the photographs (PASCAL VOC) for which
//! Zhang et al. chose 15; without one, the point must lie inside. Where several pixels share the largest value (a flat top at
//! the border of an enlarged map) the one nearest to their mean counts.
//!
//! A map without positive evidence, or one that is the same everywhere, points nowhere: a state of its own and a miss in
//! every measure, with no energy inside.

pub mod boxes;
pub mod components;
pub mod otsu;
pub mod region;
pub mod summary;

use std::collections::BTreeMap;

use self::region::{Rectangle, Region};
use crate::imaging::Plane;

/// Overlaps that count as a hit.
pub const HITS: [f64; 3] = [0.1, 0.25, 0.5];
/// Longer side of the picture whose pixels the tolerance is given in.
const TOLERANCE_SIDE: f64 = 500.0;

/// What is measured, and how strictly.
#[derive(Clone, Debug, PartialEq)]
pub struct Yardstick {
    /// Of the pointing game, see the module.
    pub tolerance: f64,
    /// Fixed thresholds of the `IoU`, 0–1.
    pub thresholds: Vec<f64>,
}

impl Default for Yardstick {
    fn default() -> Self {
        Self { tolerance: 0.0, thresholds: vec![0.5] }
    }
}

/// One figure of a map against a region; every one is better the larger it is, and lies between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    Pointing,
    Energy,
    IouOtsu,
    /// At this threshold.
    IouAt(f64),
    /// At this overlap.
    Hit(f64),
    HitWithin(f64),
    EnergyIou,
    PixelAp,
}

impl Measure {
    /// Name in tables for machines.
    #[must_use]
    pub fn key(self) -> String {
        match self {
            Self::Pointing => "pointing".into(),
            Self::Energy => "energy".into(),
            Self::IouOtsu => "iou_otsu".into(),
            Self::IouAt(t) => format!("iou_{t}"),
            Self::Hit(t) => format!("hit_iou_{t}"),
            Self::HitWithin(t) => format!("hit_iobb_{t}"),
            Self::EnergyIou => "energy_iou".into(),
            Self::PixelAp => "pixel_ap".into(),
        }
    }

    /// Name in tables for people.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Pointing => "pointing game".into(),
            Self::Energy => "energy inside".into(),
            Self::IouOtsu => "IoU above Otsu".into(),
            Self::IouAt(t) => format!("IoU above {t}"),
            Self::Hit(t) => format!("hit, IoU ≥ {t}"),
            Self::HitWithin(t) => format!("hit, both ≥ {t}"),
            Self::EnergyIou => "energy IoU".into(),
            Self::PixelAp => "pixel AP".into(),
        }
    }
}

impl Yardstick {
    /// Every measure, in the order of tables.
    #[must_use]
    pub fn measures(&self) -> Vec<Measure> {
        let mut all = vec![Measure::Pointing, Measure::Energy, Measure::IouOtsu];
        all.extend(self.thresholds.iter().map(|t| Measure::IouAt(*t)));
        all.extend(HITS.map(Measure::Hit));
        all.extend(HITS.map(Measure::HitWithin));
        all.extend([Measure::EnergyIou, Measure::PixelAp]);
        all
    }
}

/// One map against one region.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The pixel of the largest value; `None` when the map shows nothing, and then all else is 0.
    pub point: Option<(usize, usize)>,
    pub points_inside: bool,
    pub energy: f64,
    /// Otsu's threshold of the map scaled to 0–1.
    pub otsu: f64,
    pub iou_otsu: f64,
    /// One a fixed threshold.
    pub iou: Vec<f64>,
    /// Connected parts above Otsu's threshold.
    pub parts: usize,
    /// The best overlap of a box around one of them with a marked box.
    pub box_iou: f64,
    pub box_iobb: f64,
    /// Share of the image where the map exceeds half its maximum.
    pub area: f64,
    /// The best overlap of one of the parts with a mark, pixel by pixel.
    pub part_iou: f64,
    /// The best of the smaller of two shares: of a part that lies in a mark, and of the mark that it covers.
    pub part_both: f64,
    pub energy_iou: f64,
    pub pixel_ap: f64,
}

impl Measured {
    /// The value of one measure; `None` for a threshold that was not measured.
    #[must_use]
    pub fn value(&self, measure: Measure, yardstick: &Yardstick) -> Option<f64> {
        let hit = |overlap: f64, at: f64| Some(f64::from(u8::from(overlap >= at)));
        match measure {
            Measure::Pointing => Some(f64::from(u8::from(self.points_inside))),
            Measure::Energy => Some(self.energy),
            Measure::IouOtsu => Some(self.iou_otsu),
            Measure::IouAt(t) => {
                let place = yardstick.thresholds.iter().position(|x| *x == t)?;
                self.iou.get(place).copied()
            }
            Measure::Hit(t) => hit(self.part_iou, t),
            Measure::HitWithin(t) => hit(self.part_both, t),
            Measure::EnergyIou => Some(self.energy_iou),
            Measure::PixelAp => Some(self.pixel_ap),
        }
    }

    /// The values of [`Yardstick::measures`].
    #[must_use]
    pub fn values(&self, yardstick: &Yardstick) -> Vec<f64> {
        yardstick.measures().into_iter().map(|m| self.value(m, yardstick).unwrap_or(0.0)).collect()
    }
}

/// The positive part of a map, scaled to 0–1; `None` when it shows nothing.
#[must_use]
pub fn scaled(map: &Plane) -> Option<Vec<f64>> {
    // `max` turns a NaN into 0.
    let positive = map.values.iter().map(|v| f64::from(v.max(0.0)));
    let low = positive.clone().fold(f64::INFINITY, f64::min);
    let high = positive.clone().fold(0.0, f64::max);
    (high > low && high.is_finite()).then(|| positive.map(|v| (v - low) / (high - low)).collect())
}

/// Measures a map against a region of the same size; the map may have negative values, which are no evidence.
#[must_use]
pub fn measure(map: &Plane, region: &Region, yardstick: &Yardstick) -> Measured {
    let thresholds = yardstick.thresholds.len();
    let nothing = Measured {
        point: None,
        points_inside: false,
        energy: 0.0,
        otsu: 0.0,
        iou_otsu: 0.0,
        iou: vec![0.0; thresholds],
        parts: 0,
        box_iou: 0.0,
        box_iobb: 0.0,
        area: 0.0,
        part_iou: 0.0,
        part_both: 0.0,
        energy_iou: 0.0,
        pixel_ap: 0.0,
    };
    let fits = (map.width, map.height) == (region.width, region.height);
    debug_assert!(fits, "a map is measured on the pixels of its region");
    let Some(values) = scaled(map).filter(|_| fits) else { return nothing };
    let point = peak(&values, map.width);
    let longer = map.width.max(map.height) as f64;
    let otsu = otsu::otsu(&values).unwrap_or(0.0);
    let above = |t: f64| values.iter().map(move |v| *v > t);
    let found: Vec<bool> = above(otsu).collect();
    let found = components::parts(&found, map.width, map.height);
    let best = |overlap: fn(Rectangle, Rectangle) -> f64| {
        let pairs = found.iter().flat_map(|f| region.boxes.iter().map(move |marked| overlap(f.bounds, *marked)));
        pairs.fold(0.0, f64::max)
    };
    let overlaps = overlaps(&found, region);
    let most = |of: fn(&Overlap) -> f64| overlaps.iter().map(of).fold(0.0, f64::max);
    Measured {
        point: Some(point),
        points_inside: region.near(point, yardstick.tolerance * longer / TOLERANCE_SIDE),
        energy: energy(map, region),
        otsu,
        iou_otsu: iou(above(otsu), region),
        iou: yardstick.thresholds.iter().map(|t| iou(above(*t), region)).collect(),
        parts: found.len(),
        box_iou: best(Rectangle::iou),
        box_iobb: best(Rectangle::share_in),
        area: above(0.5).filter(|a| *a).count() as f64 / values.len().max(1) as f64,
        part_iou: most(Overlap::iou),
        part_both: most(Overlap::both),
        energy_iou: energy_iou(map, region),
        pixel_ap: pixel_ap(map, region),
    }
}

/// Pixels of a part, of a mark, and of both.
struct Overlap {
    part: f64,
    mark: f64,
    common: f64,
}

impl Overlap {
    fn iou(&self) -> f64 {
        self.common / (self.part + self.mark - self.common)
    }

    fn both(&self) -> f64 {
        (self.common / self.part).min(self.common / self.mark)
    }
}

/// Every part with every mark that it meets.
fn overlaps(found: &[components::Part], region: &Region) -> Vec<Overlap> {
    let mut part_of = vec![None; region.inside.len()];
    for (number, part) in found.iter().enumerate() {
        part.pixels.iter().for_each(|pixel| part_of[*pixel] = Some(number));
    }
    let mut all = Vec::new();
    for mark in &region.marks {
        let mut common: BTreeMap<usize, usize> = BTreeMap::new();
        mark.iter().filter_map(|pixel| part_of[*pixel]).for_each(|part| *common.entry(part).or_default() += 1);
        all.extend(common.into_iter().map(|(part, common)| Overlap {
            part: found[part].pixels.len() as f64,
            mark: mark.len() as f64,
            common: common as f64,
        }));
    }
    all
}

/// The pixel of the value 1; of several the one nearest to their mean.
fn peak(values: &[f64], width: usize) -> (usize, usize) {
    let tops: Vec<(usize, usize)> =
        values.iter().enumerate().filter(|(_, v)| **v >= 1.0).map(|(i, _)| (i % width, i / width)).collect();
    let n = tops.len().max(1) as f64;
    let x = tops.iter().map(|t| t.0 as f64).sum::<f64>() / n;
    let y = tops.iter().map(|t| t.1 as f64).sum::<f64>() / n;
    let distance = |t: &(usize, usize)| (t.0 as f64 - x).powi(2) + (t.1 as f64 - y).powi(2);
    tops.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or_default()
}

fn energy(map: &Plane, region: &Region) -> f64 {
    let positive = |v: &f32| f64::from(v.max(0.0));
    let all: f64 = map.values.iter().map(positive).sum();
    let inside: f64 = map.values.iter().zip(&region.inside).filter(|(_, i)| **i).map(|(v, _)| positive(v)).sum();
    if all > 0.0 { inside / all } else { 0.0 }
}

fn energy_iou(map: &Plane, region: &Region) -> f64 {
    let top = map.values.iter().copied().fold(0.0, f32::max);
    let (mut common, mut union) = (0.0, 0.0);
    for (value, inside) in map.values.iter().zip(&region.inside) {
        let value = f64::from(value.max(0.0) / top);
        common += if *inside { value } else { 0.0 };
        union += if *inside { 1.0 } else { value };
    }
    if union > 0.0 { common / union } else { 0.0 }
}

/// Average precision of the pixels, as `sklearn.metrics.average_precision_score` of the positive part: equal values share a threshold.
fn pixel_ap(map: &Plane, region: &Region) -> f64 {
    let mut pixels: Vec<(f32, bool)> =
        map.values.iter().map(|v| v.max(0.0)).zip(region.inside.iter().copied()).collect();
    pixels.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let all = pixels.iter().filter(|p| p.1).count() as f64;
    let (mut seen, mut hits, mut sum) = (0.0, 0.0, 0.0);
    for equal in pixels.chunk_by(|a, b| a.0 == b.0) {
        let new = equal.iter().filter(|p| p.1).count() as f64;
        (seen, hits) = (seen + equal.len() as f64, hits + new);
        sum += new / all * hits / seen;
    }
    sum
}

fn iou(above: impl Iterator<Item = bool>, region: &Region) -> f64 {
    let (mut common, mut union) = (0u64, 0u64);
    for (above, inside) in above.zip(&region.inside) {
        common += u64::from(above && *inside);
        union += u64::from(above || *inside);
    }
    if union > 0 { common as f64 / union as f64 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Golden {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        width: usize,
        height: usize,
        /// Values of the map in 256ths.
        steps: Vec<i32>,
        boxes: Vec<[f64; 4]>,
        /// `#` inside.
        mask: String,
        tolerance: f64,
        point: [usize; 2],
        inside: bool,
        near: bool,
        energy: f64,
        otsu: f64,
        iou_otsu: f64,
        iou: [f64; 2],
        parts: usize,
        box_iou: f64,
        box_iobb: f64,
        area: f64,
        part_iou: f64,
        part_both: f64,
        energy_iou: f64,
        pixel_ap: f64,
    }

    #[test]
    fn every_measure_is_that_of_numpy_and_scikit_image() {
        let golden: Golden = serde_json::from_str(include_str!("../../../tests/golden/localization.json")).unwrap();
        assert!(golden.cases.len() >= 8);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        for (number, case) in golden.cases.iter().enumerate() {
            let map = Plane {
                width: case.width,
                height: case.height,
                values: case.steps.iter().map(|s| *s as f32 / 256.0).collect(),
            };
            let mask: Vec<bool> = case.mask.chars().map(|c| c == '#').collect();
            let region = if case.boxes.is_empty() {
                Region::of_mask(case.width, case.height, mask.clone())
            } else {
                let boxes: Vec<Rectangle> =
                    case.boxes.iter().map(|[x, y, w, h]| Rectangle { x: *x, y: *y, width: *w, height: *h }).collect();
                Region::of_boxes(case.width, case.height, &boxes)
            };
            let region = region.unwrap();
            assert_eq!(region.inside, mask, "{number}: pixels of the boxes");
            let yardstick = Yardstick { tolerance: 0.0, thresholds: vec![0.25, 0.5] };
            let strict = measure(&map, &region, &yardstick);
            let lenient = measure(&map, &region, &Yardstick { tolerance: case.tolerance, ..yardstick });
            assert_eq!(strict.point, Some((case.point[0], case.point[1])), "{number}");
            assert_eq!((strict.points_inside, lenient.points_inside), (case.inside, case.near), "{number}");
            assert!(close(strict.energy, case.energy), "{number}: {} {}", strict.energy, case.energy);
            assert!(close(strict.otsu, case.otsu), "{number}: {} {}", strict.otsu, case.otsu);
            assert!(close(strict.iou_otsu, case.iou_otsu), "{number}: {} {}", strict.iou_otsu, case.iou_otsu);
            assert!(close(strict.iou[0], case.iou[0]) && close(strict.iou[1], case.iou[1]), "{number}");
            assert_eq!(strict.parts, case.parts, "{number}");
            assert!(close(strict.box_iou, case.box_iou), "{number}: {} {}", strict.box_iou, case.box_iou);
            assert!(close(strict.box_iobb, case.box_iobb), "{number}: {} {}", strict.box_iobb, case.box_iobb);
            assert!(close(strict.area, case.area), "{number}");
            assert!(close(strict.part_iou, case.part_iou), "{number}: {} {}", strict.part_iou, case.part_iou);
            assert!(close(strict.part_both, case.part_both), "{number}: {} {}", strict.part_both, case.part_both);
            assert!((strict.energy_iou - case.energy_iou).abs() < 1e-6, "{number}");
            assert!(close(strict.pixel_ap, case.pixel_ap), "{number}: {} {}", strict.pixel_ap, case.pixel_ap);
        }
    }

    fn square() -> Region {
        Region::of_boxes(10, 10, &[Rectangle { x: 2.0, y: 2.0, width: 4.0, height: 4.0 }]).unwrap()
    }

    fn map(value: impl Fn(usize, usize) -> f32) -> Plane {
        Plane { width: 10, height: 10, values: (0..100).map(|i| value(i % 10, i / 10)).collect() }
    }

    #[test]
    fn the_region_itself_is_a_perfect_map() {
        let region = square();
        let perfect = map(|x, y| if region.inside[y * 10 + x] { 1.0 } else { 0.0 });
        let yardstick = Yardstick::default();
        assert_eq!(measure(&perfect, &region, &yardstick).values(&yardstick), [1.0; 12]);
    }

    #[test]
    fn a_map_that_shows_nothing_is_a_miss_and_says_so() {
        let yardstick = Yardstick::default();
        for nothing in [map(|_, _| -1.0), map(|_, _| 3.0), map(|_, _| f32::NAN)] {
            let measured = measure(&nothing, &square(), &yardstick);
            assert_eq!(measured.point, None);
            assert_eq!(measured.values(&yardstick), [0.0; 12]);
        }
    }

    #[test]
    fn negative_values_are_no_evidence() {
        let yardstick = Yardstick::default();
        let spot = map(|x, y| if (x, y) == (3, 3) { 1.0 } else { 0.0 });
        let with_negative = map(|x, y| if (x, y) == (3, 3) { 1.0 } else { -(x as f32) });
        assert_eq!(measure(&spot, &square(), &yardstick), measure(&with_negative, &square(), &yardstick));
    }

    /// Maps that know nothing of a finding but where a pixel of it is, or not even that.
    fn trivial(region: &Region) -> Vec<(&'static str, Plane)> {
        let (width, height) = (region.width, region.height);
        let of = |value: &dyn Fn(usize, usize) -> f32| Plane {
            width,
            height,
            values: (0..width * height).map(|i| value(i % width, i / width)).collect(),
        };
        let inside = |x: usize, y: usize| region.inside[y * width + x];
        let bounds = region.boxes[0];
        let (left, top) = (bounds.x as usize, bounds.y as usize);
        let (right, bottom) = ((bounds.x + bounds.width) as usize - 1, (bounds.y + bounds.height) as usize - 1);
        let on = |yes: bool| f32::from(u8::from(yes));
        let chance = |x: usize, y: usize| (x * 7919 + y * 104_729) % 101;
        vec![
            ("one pixel inside", of(&|x, y| on((x, y) == (left, top)))),
            ("speckle inside", of(&|x, y| on(inside(x, y) && chance(x, y) < 8))),
            ("speckle everywhere", of(&|x, y| on(chance(x, y) < 8))),
            ("noise", of(&|x, y| chance(x, y) as f32)),
            ("a diagonal that spans the box", of(&|x, y| on(inside(x, y) && x - left == y - top))),
            (
                "the frame of the box",
                of(&|x, y| on(inside(x, y) && (x == left || x == right || y == top || y == bottom))),
            ),
            ("the image but for a pixel", of(&|x, y| on((x, y) != (0, 0)))),
            ("all but the finding", of(&|x, y| on(!inside(x, y)))),
            (
                "a ring around it",
                of(&|x, y| on(!inside(x, y) && x + 1 >= left && x <= right + 1 && y + 1 >= top && y <= bottom + 1)),
            ),
            ("a corner of the image", of(&|x, y| on(x < 5 && y < 5))),
        ]
    }

    #[test]
    fn no_measure_of_overlap_gives_a_trivial_map_more_than_a_good_one() {
        let yardstick = Yardstick { tolerance: 0.0, thresholds: vec![0.25, 0.5] };
        let marked = Rectangle { x: 12.0, y: 20.0, width: 24.0, height: 24.0 };
        let region = Region::of_boxes(64, 64, &[marked]).unwrap();
        let blob = crate::explain::faithfulness::rivals::blob(64, 64, (26.0 / 64.0, 31.0 / 64.0), 0.08);
        let good = measure(&blob, &region, &yardstick);
        assert!(good.iou_otsu > 0.4, "{}", good.iou_otsu);
        for (name, map) in trivial(&region) {
            let found = measure(&map, &region, &yardstick);
            for kind in yardstick.measures().into_iter().filter(|m| *m != Measure::Energy) {
                let (trivial, good) = (found.value(kind, &yardstick), good.value(kind, &yardstick));
                assert!(trivial <= good, "{name} has {trivial:?} in {}, a blob on the finding {good:?}", kind.name());
            }
        }
    }

    #[test]
    fn a_speck_within_the_finding_is_no_hit() {
        let region = square();
        let speck = map(|x, y| if (x, y) == (3, 3) { 1.0 } else { 0.0 });
        let yardstick = Yardstick::default();
        let found = measure(&speck, &region, &yardstick);
        assert_eq!((found.box_iobb, found.iou_otsu, found.part_both), (1.0, 1.0 / 16.0, 1.0 / 16.0));
        for t in HITS {
            assert_eq!(found.value(Measure::HitWithin(t), &yardstick), Some(0.0));
            assert_eq!(found.value(Measure::Hit(t), &yardstick), Some(0.0));
        }
    }

    #[test]
    fn a_flat_top_points_at_its_middle() {
        let flat = map(|x, y| if x < 5 && y < 3 { 1.0 } else { 0.0 });
        assert_eq!(measure(&flat, &square(), &Yardstick::default()).point, Some((2, 1)));
    }

    #[test]
    fn fifteen_pixels_of_five_hundred_are_three_per_cent_of_the_longer_side() {
        let region = Region::of_boxes(100, 50, &[Rectangle { x: 50.0, y: 20.0, width: 10.0, height: 10.0 }]).unwrap();
        let beside = |x: usize| Plane {
            width: 100,
            height: 50,
            values: (0..5000).map(|i| f32::from(u8::from(i == 25 * 100 + x))).collect(),
        };
        let yardstick = Yardstick { tolerance: 15.0, ..Yardstick::default() };
        assert!(measure(&beside(47), &region, &yardstick).points_inside);
        assert!(!measure(&beside(46), &region, &yardstick).points_inside);
    }
}
