//! The cardiothoracic ratio of a frontal chest radiograph.
//!
//! Danzer (1919), "The cardiothoracic ratio: an index of cardiac enlargement", American Journal of
//! the Medical Sciences 157: 513–521:
//!
//! ```text
//! CTR = (MRD + MLD) / ID
//! ```
//!
//! with the largest distances of the right and of the left border of the heart from the midline
//! (MRD, MLD), and the largest width of the thorax inside the ribs (ID), all of them at right angles
//! to the midline. A ratio has no unit: it needs no spacing, only the shape of pixels.
//!
//! The usual limit of 0.50 holds for adults on an upright PA radiograph in full inspiration. On an
//! AP radiograph the heart lies farther from the detector and is magnified more; in children the
//! ratio is larger. So the number stands with what the file says of the view, and nothing is called
//! enlarged here.
//!
//! The width of the thorax can be proposed from an outline of the lungs: at each height along the
//! midline the outermost points of both sides, and of all heights the widest. The lung fields end at
//! the inner border of the ribs, as the width is defined. The borders of the heart are never
//! proposed.

use serde::{Deserialize, Serialize};

use super::geometry::{Metric, Point};
use crate::study::Metadata;

/// Heights along the midline that a proposal looks at.
const HEIGHTS: usize = 100;

/// Both widths and their ratio.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cardiothoracic {
    /// Distances of the two borders of the heart from the midline, in the unit of lengths, as they
    /// were marked.
    pub heart_sides: [f64; 2],
    pub heart: f64,
    pub thorax: f64,
    pub ratio: f64,
}

impl Cardiothoracic {
    /// Of the ends of the midline, the borders of the heart and the borders of the thorax; nothing
    /// where the midline or the thorax has no extent.
    #[must_use]
    pub fn of(metric: &Metric, [upper, lower, heart_a, heart_b, thorax_a, thorax_b]: [Point; 6]) -> Option<Self> {
        let across = Across::of(metric, [upper, lower])?;
        let [a, b] = [heart_a, heart_b].map(|point| across.at(metric, point));
        let thorax = (across.at(metric, thorax_a) - across.at(metric, thorax_b)).abs();
        let heart = (a - b).abs();
        (thorax > 1e-9).then(|| Self { heart_sides: [a.abs(), b.abs()], heart, thorax, ratio: heart / thorax })
    }

    /// Both borders of the heart were marked on one side of the midline.
    #[must_use]
    pub fn misses_the_midline(&self) -> bool {
        (self.heart_sides[0] + self.heart_sides[1] - self.heart).abs() > 1e-6 * self.heart.max(1e-9)
    }
}

/// Distances from a midline.
struct Across {
    start: Point,
    /// At right angles to the midline, of length 1.
    normal: [f64; 2],
}

impl Across {
    fn of(metric: &Metric, [upper, lower]: [Point; 2]) -> Option<Self> {
        let [x, y] = metric.way(upper, lower);
        let length = x.hypot(y);
        (length > 1e-9).then(|| Self { start: upper, normal: [-y / length, x / length] })
    }

    /// Distance of a point from the midline, with the sign of its side.
    fn at(&self, metric: &Metric, point: Point) -> f64 {
        let [x, y] = metric.way(self.start, point);
        x * self.normal[0] + y * self.normal[1]
    }

    /// Place of a point along the midline.
    fn along(&self, metric: &Metric, point: Point) -> f64 {
        let [x, y] = metric.way(self.start, point);
        x * self.normal[1] - y * self.normal[0]
    }
}

/// The borders of the thorax as an outline of the lungs has them, one on either side of the
/// midline; nothing where the outline does not lie on both sides of it.
#[must_use]
pub fn proposed_thorax(
    metric: &Metric,
    midline: [Point; 2],
    outline: impl IntoIterator<Item = Point>,
) -> Option<[Point; 2]> {
    let across = Across::of(metric, midline)?;
    let placed: Vec<(f64, f64, Point)> =
        outline.into_iter().map(|point| (across.along(metric, point), across.at(metric, point), point)).collect();
    let first = placed.iter().map(|(along, ..)| *along).fold(f64::INFINITY, f64::min);
    let last = placed.iter().map(|(along, ..)| *along).fold(f64::NEG_INFINITY, f64::max);
    let step = (last - first) / HEIGHTS as f64;
    if !step.is_finite() || step <= 0.0 {
        return None;
    }
    let mut heights: Vec<[Option<(f64, Point)>; 2]> = vec![[None, None]; HEIGHTS];
    for (along, distance, point) in placed {
        let height = &mut heights[(((along - first) / step) as usize).min(HEIGHTS - 1)];
        let side = &mut height[usize::from(distance > 0.0)];
        if side.is_none_or(|(outermost, _)| distance.abs() > outermost.abs()) {
            *side = Some((distance, point));
        }
    }
    let widths = heights.into_iter().filter_map(|[a, b]| {
        let ((a, from), (b, to)) = (a?, b?);
        Some((b - a, [from, to]))
    });
    widths.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, points)| points)
}

/// What must be known of the view before the ratio is compared with a limit.
#[must_use]
pub fn caution(meta: &Metadata) -> Option<String> {
    let view = meta.view_position.trim().to_uppercase();
    match view.as_str() {
        "PA" => None,
        "AP" => Some("AP view: the heart is magnified more than on a PA view, and so is the ratio.".into()),
        "" => Some("The file does not say whether the view is PA or AP; on AP the ratio is larger.".into()),
        "LL" | "RL" | "LATERAL" | "LAT" => Some("A lateral view: the ratio is defined on a frontal one.".into()),
        _ => Some("The view is not PA; the usual limits do not hold for it.".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Spacing, SpacingProvenance};

    fn metric(row_mm: f64, column_mm: f64) -> Metric {
        Metric::new(Some(Spacing { row_mm, column_mm, provenance: SpacingProvenance::AtDetector }), 1.0)
    }

    /// Midline at column 100; the heart from 70 to 150, the thorax from 10 to 190.
    const POINTS: [Point; 6] =
        [[100.0, 0.0], [100.0, 200.0], [70.0, 120.0], [150.0, 140.0], [10.0, 150.0], [190.0, 155.0]];

    #[test]
    fn it_is_the_sum_of_both_distances_over_the_width_of_the_thorax() {
        let found = Cardiothoracic::of(&metric(0.5, 0.5), POINTS).unwrap();
        assert_eq!((found.heart_sides, found.heart, found.thorax), ([15.0, 25.0], 40.0, 90.0));
        assert!((found.ratio - 80.0 / 180.0).abs() < 1e-12 && !found.misses_the_midline());
        // Which border is marked first does not matter, nor does the spacing.
        let [a, b, right, left, c, d] = POINTS;
        let swapped = Cardiothoracic::of(&metric(2.0, 2.0), [b, a, left, right, d, c]).unwrap();
        assert!((swapped.ratio - found.ratio).abs() < 1e-12);
    }

    #[test]
    fn widths_are_taken_at_right_angles_to_a_tilted_midline_in_true_shape() {
        // The same film turned by 20° and squeezed to pixels twice as high as wide.
        let (s, c) = 20.0_f64.to_radians().sin_cos();
        let turned = POINTS.map(|[x, y]| [c * x - s * y, f64::midpoint(s * x, c * y)]);
        let found = Cardiothoracic::of(&metric(1.0, 0.5), turned).unwrap();
        assert!((found.ratio - 80.0 / 180.0).abs() < 1e-12 && (found.heart - 40.0).abs() < 1e-9);
    }

    #[test]
    fn a_heart_on_one_side_of_the_midline_is_noticed() {
        let [upper, lower, _, left, a, b] = POINTS;
        assert!(
            Cardiothoracic::of(&metric(1.0, 1.0), [upper, lower, [120.0, 9.0], left, a, b])
                .unwrap()
                .misses_the_midline()
        );
        assert_eq!(Cardiothoracic::of(&metric(1.0, 1.0), [upper, upper, lower, left, a, b]), None);
        assert_eq!(Cardiothoracic::of(&metric(1.0, 1.0), [upper, lower, lower, left, a, a]), None);
    }

    #[test]
    fn the_proposed_thorax_is_the_widest_place_of_the_outline_at_one_height() {
        // Two ellipses whose outer borders lie at columns 20 and 180, highest width at row 120.
        let ellipse = |cx: f64| {
            (0..720).map(move |i| {
                let (s, c) = (f64::from(i) / 2.0).to_radians().sin_cos();
                [cx + 35.0 * c, 120.0 + 80.0 * s]
            })
        };
        let outline: Vec<Point> = ellipse(55.0).chain(ellipse(145.0)).collect();
        let [a, b] = proposed_thorax(&metric(1.0, 1.0), [[100.0, 0.0], [100.0, 200.0]], outline.clone()).unwrap();
        assert!((a[0].min(b[0]) - 20.0).abs() < 0.1 && (a[0].max(b[0]) - 180.0).abs() < 0.1, "{a:?} {b:?}");
        assert!((a[1] - b[1]).abs() < 2.0);
        // A midline beside both lungs has nothing on its other side.
        assert_eq!(proposed_thorax(&metric(1.0, 1.0), [[300.0, 0.0], [300.0, 200.0]], outline), None);
        assert_eq!(proposed_thorax(&metric(1.0, 1.0), [[1.0, 0.0], [1.0, 2.0]], Vec::new()), None);
    }

    #[test]
    fn every_view_but_pa_is_warned_of() {
        let said = |view: &str| caution(&Metadata { view_position: view.into(), ..Metadata::default() });
        assert_eq!(said("PA"), None);
        assert!(said("AP").unwrap().contains("magnified"));
        assert!(said("").unwrap().contains("does not say"));
        assert!(said("LL").unwrap().contains("lateral"));
        assert!(said("RLD").unwrap().contains("not PA"));
    }
}
