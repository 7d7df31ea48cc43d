//! What a measurement comes to on its image, in numbers and in words: the one place that viewer,
//! report and command line take both from.

use serde::{Deserialize, Serialize};

use super::calibration::{self, Calibration};
use super::cardiothoracic::{self, Cardiothoracic};
use super::geometry::{LengthUnit, Metric, Point};
use super::statistics::{Statistics, value_at};
use super::{Kind, Measurement};
use crate::study::Frame;

/// What is said of a calibration line whose length is not known yet.
pub const LENGTH_UNKNOWN: &str = "Its length is not said yet, so it calibrates nothing.";

/// What is said where the program proposed the width of the thorax.
pub const THORAX_PROPOSED: &str = "The width of the thorax is proposed by the outline of the lungs.";

/// What a measurement comes to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Unit of lengths, widths and of the sides of areas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<LengthUnit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<f64>,
    /// Of a bidirectional measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axes: Option<BothAxes>,
    /// Of a circle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diameter: Option<f64>,
    /// Degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub angle: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cardiothoracic: Option<Cardiothoracic>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics: Option<Statistics>,
    /// Of a probe: the modality value of its pixel, with column and row from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixel: Option<Pixel>,
    /// Of grey values; empty where the file does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value_unit: String,
    /// What must be known of these numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cautions: Vec<String>,
}

/// The longer and the shorter axis, in the unit of lengths.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BothAxes {
    pub long: f64,
    pub short: f64,
}

/// Axes that are farther from a right angle than this are said to be, in degrees: what is drawn here
/// is nearer, to the rounding of its points.
const OBLIQUE: f64 = 5.0;

/// One pixel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pixel {
    pub column: usize,
    pub row: usize,
    /// Nothing of padding.
    pub value: Option<f64>,
}

impl Measured {
    /// What a measurement comes to on this frame, whose spacing may be calibrated by the reader.
    #[must_use]
    pub fn of(measurement: &Measurement, frame: &Frame, calibration: Option<Calibration>) -> Self {
        let mut found = Self::of_points(measurement.kind, &measurement.points, frame, calibration);
        if measurement.kind == Kind::Calibration && measurement.known_mm.is_none() {
            found.cautions.insert(0, LENGTH_UNKNOWN.into());
        }
        if measurement.thorax_proposed && found.cardiothoracic.is_some() {
            found.cautions.insert(0, THORAX_PROPOSED.into());
        }
        found
    }

    /// The same of the points alone; empty while there are too few of them.
    #[must_use]
    pub fn of_points(kind: Kind, points: &[Point], frame: &Frame, calibration: Option<Calibration>) -> Self {
        let metric = calibration::metric(frame, calibration);
        let mut found = Self::default();
        match (kind, points) {
            (Kind::Length | Kind::Calibration, [a, b]) => found.length = Some(metric.length(*a, *b)),
            (Kind::Bidirectional, [a, b, c, d]) => found.fill_axes(&metric, [*a, *b], [*c, *d]),
            (Kind::Angle, [a, vertex, b]) => found.angle = metric.angle(*a, *vertex, *b),
            (Kind::Cobb, [a, b, c, d]) => found.angle = metric.cobb([*a, *b], [*c, *d]),
            (Kind::Cardiothoracic, points) => {
                let Ok(points) = <[Point; 6]>::try_from(points) else { return found };
                found.cardiothoracic = Cardiothoracic::of(&metric, points);
                found.cautions.extend(cardiothoracic::caution(&frame.entry.meta));
                if found.cardiothoracic.is_some_and(|ratio| ratio.misses_the_midline()) {
                    found.cautions.push("Both borders of the heart lie on one side of the midline.".into());
                }
            }
            (Kind::Probe, [[x, y]]) => {
                let (column, row) = (x.max(0.0) as usize, y.max(0.0) as usize);
                let plane = &frame.pixels.plane;
                let (column, row) =
                    (column.min(plane.width.saturating_sub(1)), row.min(plane.height.saturating_sub(1)));
                found.pixel = Some(Pixel { column, row, value: value_at(&frame.pixels, column, row) });
            }
            _ => found.fill_region(kind, points, frame, &metric),
        }
        // The ratio alone needs no millimetres.
        found.unit =
            [found.length, found.axes.map(|axes| axes.long), found.area, found.cardiothoracic.map(|c| c.heart)]
                .iter()
                .flatten()
                .next()
                .map(|_| metric.unit);
        if found.length.is_some() || found.axes.is_some() || found.area.is_some() {
            found.cautions.extend(metric.unit.caution().map(str::to_owned));
        }
        if found.statistics.is_some() || found.pixel.is_some() {
            found.value_unit.clone_from(&frame.display.value_unit);
            if frame.pixels.color.is_some() {
                found.cautions.push("Grey values of an image in colour: its luma.".into());
            }
        }
        found
    }

    fn fill_axes(&mut self, metric: &Metric, first: [Point; 2], second: [Point; 2]) {
        let [a, b] = [first, second].map(|[from, to]| metric.length(from, to));
        self.axes = Some(BothAxes { long: a.max(b), short: a.min(b) });
        let [u, v] = [first, second].map(|[from, to]| metric.way(from, to));
        let sine = (u[0] * v[0] + u[1] * v[1]).abs() / (a * b).max(1e-12);
        if sine > OBLIQUE.to_radians().sin() {
            self.cautions.push("The axes are not at right angles.".into());
        }
    }

    fn fill_region(&mut self, kind: Kind, points: &[Point], frame: &Frame, metric: &Metric) {
        let Some(region) = kind.region(points) else { return };
        self.area = region.area().map(|pixels| pixels * metric.pixel_area());
        self.statistics = Statistics::of(&frame.pixels, &region);
        if let (Kind::Circle, [a, b]) = (kind, points) {
            self.diameter = Some(metric.length(*a, [b[0], a[1]]));
        }
        if self.area.is_none() {
            self.cautions.push("The outline crosses itself, so it has no area.".into());
        }
        match self.statistics {
            None => self.cautions.push("No pixel with a value lies inside.".into()),
            Some(Statistics { left_out, .. }) if left_out > 0 => {
                self.cautions.push(format!("{left_out} pixels of padding or without a value take no part."));
            }
            Some(_) => {}
        }
    }

    /// The numbers in lines, the most wanted one first; without what must be known of them.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let unit = self.unit.unwrap_or(LengthUnit::Px);
        lines.extend(self.length.map(|length| format!("{} {}", measure(length), unit.name())));
        lines.extend(self.axes.map(|axes| format!("{} × {} {}", measure(axes.long), measure(axes.short), unit.name())));
        lines.extend(self.angle.map(|angle| format!("{angle:.1}°")));
        if let Some(c) = &self.cardiothoracic {
            lines.push(format!("CTR {:.2}", c.ratio));
            let [right, left] = c.heart_sides.map(measure);
            lines.push(format!("heart {right} + {left}, thorax {} {}", measure(c.thorax), unit.name()));
        }
        let value_unit = if self.value_unit.is_empty() { String::new() } else { format!(" {}", self.value_unit) };
        if let Some(s) = &self.statistics {
            let sd = s.sd.map_or_else(|| "–".to_owned(), grey);
            lines.push(format!("mean {}{value_unit}, sd {sd}", grey(s.mean)));
            lines.push(format!("min {}, max {}, {} px", grey(s.min), grey(s.max), s.pixels));
        }
        lines.extend(self.diameter.map(|diameter| format!("diameter {} {}", measure(diameter), unit.name())));
        lines.extend(self.area.map(|area| format!("area {} {}", measure(area), unit.squared())));
        if let Some(Pixel { column, row, value }) = &self.pixel {
            let value = value.map_or_else(|| "padding".to_owned(), |value| format!("{}{value_unit}", grey(value)));
            lines.push(format!("{value} at x {column}, y {row}"));
        }
        lines
    }
}

/// No more digits than can be drawn: whole from 1,000 on, one behind the point, two below 1.
#[must_use]
pub fn measure(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A grey value: whole numbers without a point, others with as many digits as their size asks for.
#[must_use]
pub fn grey(value: f64) -> String {
    match value.abs() {
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 1.0 => format!("{value:.1}"),
        size if size >= 0.001 => format!("{value:.4}"),
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::imaging::{PixelData, Plane};
    use crate::measurement::Words;
    use crate::study::{DisplayAttributes, ImageEntry, Spacing, SpacingProvenance};

    pub(in crate::measurement) fn frame(provenance: Option<SpacingProvenance>, view: &str) -> Frame {
        let values = (0..10_000).map(|i| (i % 100) as f32).collect();
        let mut entry = ImageEntry {
            path: "a.dcm".into(),
            identity: crate::study::Identity::default(),
            meta: crate::study::Metadata::default(),
            columns: 100,
            rows: 100,
            frames: 1,
            has_pixels: true,
            title: "a".into(),
            shared_uid: crate::study::SharedUid::default(),
            place: crate::study::StackPlace::default(),
        };
        entry.meta.view_position = view.into();
        Frame {
            entry: Arc::new(entry),
            index: 0,
            pixels: PixelData::grey(Plane { width: 100, height: 100, values }, (0.0, 99.0)),
            spacing: provenance.map(|provenance| Spacing { row_mm: 1.0, column_mm: 0.5, provenance }),
            display: DisplayAttributes { value_unit: "HU".into(), ..DisplayAttributes::default() },
            warnings: Vec::new(),
        }
    }

    fn measured(kind: Kind, points: &[Point], frame: &Frame) -> Measured {
        let points = points.to_vec();
        let proposed = kind == Kind::Cardiothoracic;
        let name = Words::default();
        let one = Measurement { id: 1, kind, points, name, thorax_proposed: proposed, known_mm: None };
        Measured::of(&one, frame, None)
    }

    #[test]
    fn a_length_says_its_unit_and_what_must_be_known_of_it() {
        let points = [[0.0, 0.0], [6.0, 4.0]];
        let said = |provenance| {
            let found = measured(Kind::Length, &points, &frame(provenance, ""));
            (found.lines().join("; "), found.cautions.join(" "))
        };
        assert_eq!(said(Some(SpacingProvenance::Calibrated)), ("5.0 mm".into(), String::new()));
        let (length, caution) = said(Some(SpacingProvenance::AtDetector));
        assert!(length == "5.0 mm (at detector)" && caution.contains("magnification"), "{length} {caution}");
        let (length, caution) = said(None);
        assert!(length == "7.2 px" && caution.contains("no spacing"), "{length} {caution}");
    }

    #[test]
    fn axes_say_the_longer_first_and_that_they_are_not_at_right_angles() {
        // Columns of 0.5 mm, rows of 1 mm: 40 columns are 20 mm, 8 rows are 8 mm.
        let calibrated = frame(Some(SpacingProvenance::Calibrated), "");
        let across = [[10.0, 50.0], [50.0, 50.0], [30.0, 46.0], [30.0, 54.0]];
        let found = measured(Kind::Bidirectional, &across, &calibrated);
        assert_eq!((found.lines(), found.cautions.len()), (vec!["20.0 × 8.0 mm".to_owned()], 0));
        let [a, b, c, d] = across;
        assert_eq!(measured(Kind::Bidirectional, &[c, d, a, b], &calibrated).axes, found.axes);
        let slant = measured(Kind::Bidirectional, &[a, b, c, [36.0, 54.0]], &calibrated);
        assert_eq!(slant.cautions, ["The axes are not at right angles."]);
    }

    #[test]
    fn a_circle_has_a_diameter_and_the_area_of_one() {
        let found =
            measured(Kind::Circle, &[[30.0, 45.0], [50.0, 55.0]], &frame(Some(SpacingProvenance::Calibrated), ""));
        assert_eq!(found.diameter, Some(10.0));
        assert!((found.area.unwrap() - 25.0 * std::f64::consts::PI).abs() < 1e-9, "{:?}", found.area);
        assert_eq!(found.lines()[2..], ["diameter 10.0 mm", "area 78.5 mm²"]);
    }

    #[test]
    fn what_the_reader_calibrated_is_said_with_every_length() {
        let frame = frame(Some(SpacingProvenance::AtDetector), "");
        let points = vec![[0.0, 0.0], [20.0, 0.0]];
        let line = |kind, known_mm| {
            let (points, name) = (points.clone(), Words::default());
            Measurement { id: 1, kind, points, name, thorax_proposed: false, known_mm }
        };
        let known = line(Kind::Calibration, Some(25.0));
        let calibration = Calibration::among(std::slice::from_ref(&known));
        let length = Measured::of(&line(Kind::Length, None), &frame, calibration);
        assert_eq!(length.lines(), ["25.0 mm (calibrated by the reader)"]);
        assert!(length.cautions[0].contains("in the plane of the line"));
        assert_eq!(Measured::of(&known, &frame, calibration).length, Some(25.0));
        let unknown = Measured::of(&line(Kind::Calibration, None), &frame, None);
        assert_eq!(unknown.cautions[0], LENGTH_UNKNOWN);
        assert_eq!(unknown.lines(), ["10.0 mm (at detector)"]);
    }

    #[test]
    fn a_region_says_values_with_their_unit_and_its_area() {
        let found =
            measured(Kind::Rectangle, &[[10.0, 10.0], [14.0, 14.0]], &frame(Some(SpacingProvenance::Calibrated), ""));
        // Columns 10 to 13, four times each: mean 11.5, sd 1.1547.
        assert_eq!(found.lines(), ["mean 11.5 HU, sd 1.2", "min 10, max 13, 16 px", "area 8.0 mm²"]);
        assert!(found.cautions.is_empty());
        let nothing = measured(Kind::Ellipse, &[[10.2, 10.2], [10.3, 10.3]], &frame(None, ""));
        assert!(nothing.cautions.iter().any(|c| c.contains("No pixel")), "{nothing:?}");
    }

    #[test]
    fn a_ratio_carries_the_view_and_who_proposed_the_thorax() {
        let points = [[50.0, 0.0], [50.0, 99.0], [40.0, 50.0], [65.0, 50.0], [10.0, 60.0], [90.0, 60.0]];
        let found = measured(Kind::Cardiothoracic, &points, &frame(None, "AP"));
        assert_eq!(found.lines(), ["CTR 0.31", "heart 10.0 + 15.0, thorax 80.0 px"]);
        assert_eq!(found.cautions[0], THORAX_PROPOSED);
        assert!(found.cautions[1].contains("AP view"));
        assert!(measured(Kind::Cardiothoracic, &points, &frame(None, "PA")).cautions.len() == 1);
    }

    #[test]
    fn a_probe_says_value_and_place_and_stays_on_the_image() {
        let found = measured(Kind::Probe, &[[12.7, 3.2]], &frame(None, ""));
        assert_eq!(found.lines(), ["12 HU at x 12, y 3"]);
        assert_eq!(measured(Kind::Probe, &[[100.0, 100.0]], &frame(None, "")).lines(), ["99 HU at x 99, y 99"]);
    }

    #[test]
    fn half_of_a_measurement_comes_to_nothing() {
        for kind in Kind::ALL {
            let found = Measured::of_points(kind, &[], &frame(None, ""), None);
            assert_eq!(found, Measured::default(), "{kind:?}");
        }
    }

    #[test]
    fn what_is_filed_holds_only_what_was_measured() {
        let found = measured(Kind::Length, &[[0.0, 0.0], [6.0, 4.0]], &frame(Some(SpacingProvenance::Calibrated), ""));
        assert_eq!(serde_json::to_string(&found).unwrap(), r#"{"unit":"mm","length":5.0}"#);
        assert_eq!(serde_json::from_str::<Measured>(r#"{"unit":"mm","length":5.0}"#).unwrap(), found);
    }
}
