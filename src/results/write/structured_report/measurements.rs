//! What the reader measured, as measurement groups whose observer is a person.
//!
//! A length at the detector has a unit of its own: who takes it for millimetres in the patient would
//! take it for too long.

use super::content::{Node, Relation};
use super::observers::reader;
use crate::measurement::geometry::LengthUnit;
use crate::measurement::{Kind, Point};
use crate::report::measurements::MeasurementRecord;
use crate::results::codes::{self, Code};
use crate::results::write::context::Context;

/// The groups of all measurements that have a number; notes stand in the presentation state.
pub(super) fn groups(context: &Context<'_>) -> Vec<Node> {
    context.record.measurements.iter().filter_map(|one| group(context, one)).collect()
}

fn group(context: &Context<'_>, record: &MeasurementRecord) -> Option<Node> {
    use Relation::{Contains, Observation};
    let values = numbers(record);
    if values.is_empty() {
        return None;
    }
    let name = match record.drawn.name.0.trim() {
        "" => format!("{} {}", record.drawn.kind.name(), record.drawn.id),
        name => name.to_owned(),
    };
    let uid = context.uid("measurement", &record.drawn.id.to_string());
    let mut nodes = vec![
        Node::text(Observation, &codes::TRACKING_IDENTIFIER, &name),
        Node::uid(Observation, &codes::TRACKING_UID, &uid),
    ];
    nodes.extend(reader());
    let lines = record.drawn.kind.lines(&record.drawn.points);
    let line = |points: &Vec<Point>| {
        Node::line(Relation::InferredFrom, &codes::SOURCE_OF_MEASUREMENT, points, &context.source)
    };
    let drawn: Vec<Node> = lines.iter().filter(|points| !points.is_empty()).map(line).collect();
    for (name, derivation, value, unit) in values {
        let by = derivation.map(|derivation| Node::code(Relation::Concept, &codes::DERIVATION, &derivation));
        nodes.push(Node::number(Contains, &name, value, &unit).of(by).of(drawn.iter().cloned()));
    }
    nodes.push(Node::text(Contains, &codes::READER_MEASUREMENT, record.drawn.kind.name()));
    nodes.extend(record.values.cautions.iter().map(|text| Node::text(Contains, &codes::WARNING, text)));
    Some(Node::container(&codes::MEASUREMENT_GROUP).by_template("1501").of(nodes))
}

/// Concept, derivation, value and unit of each number.
fn numbers(record: &MeasurementRecord) -> Vec<(Code, Option<Code>, f64, Code)> {
    let values = &record.values;
    let unit = values.unit.unwrap_or(LengthUnit::Px);
    let (length, area) = (unit_of_length(unit), unit_of_area(unit));
    let grey = if values.value_unit == "HU" { codes::HOUNSFIELD_UNITS } else { codes::NO_UNITS };
    let mut numbers = Vec::new();
    numbers.extend(values.length.map(|mm| (codes::LENGTH, None, mm, length.clone())));
    if let Some(axes) = values.axes {
        numbers.push((codes::LONG_AXIS, None, axes.long, length.clone()));
        numbers.push((codes::SHORT_AXIS, None, axes.short, length.clone()));
    }
    numbers.extend(values.diameter.map(|mm| (codes::DIAMETER, None, mm, length.clone())));
    let angle = if record.drawn.kind == Kind::Cobb { codes::COBB_ANGLE } else { codes::ANGLE };
    numbers.extend(values.angle.map(|degrees| (angle, None, degrees, codes::DEGREES)));
    if let Some(found) = &values.cardiothoracic {
        numbers.push((codes::CARDIOTHORACIC_RATIO, None, found.ratio, codes::NO_UNITS));
        numbers.push((codes::HEART_WIDTH, None, found.heart, length.clone()));
        numbers.push((codes::THORAX_WIDTH, None, found.thorax, length.clone()));
        numbers.extend(found.heart_sides.map(|mm| (codes::HEART_SIDES, None, mm, length.clone())));
    }
    numbers.extend(values.area.map(|mm2| (codes::AREA, None, mm2, area)));
    if let Some(found) = &values.statistics {
        let derived = [
            (codes::MEAN, Some(found.mean)),
            (codes::STANDARD_DEVIATION, found.sd),
            (codes::MINIMUM, Some(found.min)),
            (codes::MAXIMUM, Some(found.max)),
        ];
        let known = derived.into_iter().filter_map(|(by, value)| Some((by, value?)));
        numbers.extend(known.map(|(by, value)| (codes::GREY_VALUE, Some(by), value, grey.clone())));
        numbers.push((codes::PIXELS_INSIDE, None, found.pixels as f64, codes::PIXELS));
        numbers.push((codes::PIXELS_LEFT_OUT, None, found.left_out as f64, codes::PIXELS));
    }
    if let Some(value) = values.pixel.and_then(|pixel| pixel.value) {
        numbers.push((codes::GREY_VALUE, None, value, grey));
    }
    numbers
}

fn unit_of_length(unit: LengthUnit) -> Code {
    match unit {
        LengthUnit::Mm => codes::MILLIMETRES,
        LengthUnit::MmAtDetector => codes::MILLIMETRES_AT_DETECTOR,
        LengthUnit::MmByReader => codes::MILLIMETRES_BY_READER,
        LengthUnit::Px => codes::PIXELS,
        LengthUnit::PixelWidths => codes::PIXEL_WIDTHS,
    }
}

fn unit_of_area(unit: LengthUnit) -> Code {
    match unit {
        LengthUnit::Mm => codes::SQUARE_MILLIMETRES,
        LengthUnit::MmAtDetector => codes::SQUARE_MILLIMETRES_AT_DETECTOR,
        LengthUnit::MmByReader => codes::SQUARE_MILLIMETRES_BY_READER,
        LengthUnit::Px => codes::PIXELS,
        LengthUnit::PixelWidths => codes::SQUARE_PIXEL_WIDTHS,
    }
}
