//! Does the heat map lie on the finding? Measures of one map against one marked region.
//!
//! `m` is the positive part of the map on the pixels of the image, `R` the union of what was marked
//! for the finding.
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
//! **What speckle cannot win.** Wang et al. hold boxes around the parts against the marked boxes. A
//! box is had for little: two specks that touch at a corner span one, a ring around the finding
//! spans one that holds it, and `IoBB`, the share of the found box that lies in the marked one, is
//! 1 for a single pixel inside. So hits count pixels here, and a hit within must cover the mark as
//! well; no map with an `IoU` below `T/2` is a hit of either kind at `T` where one mark stands
//! alone (Saporta et al. 2022 leave boxes for the same reason). Pointing and energy are no measures
//! of overlap: one pixel inside has all of both. They say whether what a map marks lies on the
//! finding, and nothing of how much of the finding it marks; verdicts rest on pointing, `IoU` and
//! pixel average precision.
//!
//! The tolerance is in pixels of a picture whose longer side is 500, the size of the photographs
//! (PASCAL VOC) for which Zhang et al. chose 15; without one, the point must lie inside. Where
//! several pixels share the largest value (a flat top at the border of an enlarged map) the one
//! nearest to their mean counts.
//!
//! A map without positive evidence, or one that is the same everywhere, points nowhere: a state of
//! its own and a miss in every measure, with no energy inside.

mod boxes;
mod components;
pub mod marked_region;
pub mod marks;
mod otsu;
mod rectangle;
mod region;
pub mod run;
pub mod summary;
pub mod table;

use std::collections::BTreeMap;

use self::rectangle::Rectangle;
use self::region::Region;
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

/// One figure of a map against a region; every one is better the larger it is, and lies between 0
/// and 1.
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
    /// The best of the smaller of two shares: of a part that lies in a mark, and of the mark that
    /// it covers.
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

/// Measures a map against a region of the same size; the map may have negative values, which are no
/// evidence.
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
    let found = components::components(&found, map.width, map.height);
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
fn overlaps(found: &[components::Component], region: &Region) -> Vec<Overlap> {
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

/// Average precision of the pixels, as `sklearn.metrics.average_precision_score` of the positive
/// part: equal values share a threshold.
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
mod tests;
