//! The value of a content item of a structured report (PS3.3 C.17.3.2, C.18).

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde::Serialize;

use super::code::{Code, in_one_line, shortened, with_its_lines};
use super::reference::Reference;
use crate::limits;
use crate::study::dataset::Dataset;
use crate::study::readable_name;
use crate::study::text::CharacterSets;

/// Most points of a graphic that are written in its words.
const WRITTEN_POINTS: usize = 4;

/// What a content item says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// A heading for what lies inside.
    Container,
    /// Lines are ended by line feeds.
    Text(String),
    /// A number as the file writes it, with its unit; nothing measured where the number is empty, for
    /// the reason that the qualifier gives.
    Number {
        written: String,
        number: Option<f64>,
        unit: Option<Code>,
        qualifier: Option<Code>,
    },
    Code(Code),
    Name(String),
    Uid(String),
    /// A date, a time, or both, as the file writes them.
    Moment(String),
    /// An image, another object, or a curve.
    Object(Reference),
    Graphic(Graphic),
    /// Another item of the same report, by its number.
    Item(String),
    /// A kind of item that is not read.
    Unread,
}

/// Points on an image (SCOORD) or in the patient (SCOORD3D).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Graphic {
    /// POINT, POLYLINE, CIRCLE …
    pub shape: String,
    /// Columns and rows from the upper left corner of the image, or millimetres in the frame of
    /// reference.
    pub points: Vec<[f32; 3]>,
    /// Of points in the patient.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub frame_of_reference: String,
    /// Its points are millimetres in the patient (SCOORD3D).
    #[serde(skip)]
    pub is_in_patient: bool,
    /// Its points count from the corner of the whole of a tiled image, not of one frame (PS3.3 C.18.6.1.3).
    #[serde(skip)]
    pub is_of_tiles: bool,
}

impl Graphic {
    fn read(item: &Dataset) -> Self {
        let frame_of_reference = shortened(&item.code(tags::REFERENCED_FRAME_OF_REFERENCE_UID), 64);
        let numbers = item.numbers(tags::GRAPHIC_DATA);
        let is_in_patient = item.code(tags::VALUE_TYPE) == "SCOORD3D";
        let dimensions = if is_in_patient { 3 } else { 2 };
        let point = |at: &[f64]| [at[0] as f32, at[1] as f32, at.get(2).map_or(0.0, |z| *z as f32)];
        let points = numbers.chunks_exact(dimensions).take(limits::REPORT_POINTS).map(point).collect();
        Self {
            shape: shortened(&item.code(tags::GRAPHIC_TYPE), 32),
            points,
            frame_of_reference,
            is_in_patient,
            is_of_tiles: item.code(tags::PIXEL_ORIGIN_INTERPRETATION) == "VOLUME",
        }
    }

    /// `POLYLINE, 5 points: 10, 20; 30, 40 …`.
    #[must_use]
    pub fn words(&self) -> String {
        let count = match self.points.len() {
            1 => "1 point".to_owned(),
            n => format!("{n} points"),
        };
        let one = |[x, y, z]: &[f32; 3]| {
            if self.is_in_patient { format!("{x}, {y}, {z}") } else { format!("{x}, {y}") }
        };
        let written: Vec<String> = self.points.iter().take(WRITTEN_POINTS).map(one).collect();
        let more = if self.points.len() > WRITTEN_POINTS { " …" } else { "" };
        let unit = if self.is_in_patient { " (mm in the patient)" } else { "" };
        format!("{}, {count}: {}{more}{unit}", self.shape, written.join("; "))
    }
}

impl Value {
    /// What an item says.
    pub(super) fn read(item: &Dataset, sets: &CharacterSets) -> Self {
        let text = |tag: Tag| shortened(&item.text(tag, sets), limits::REPORT_TEXT);
        let object = || {
            item.items(tags::REFERENCED_SOP_SEQUENCE)
                .first()
                .and_then(Reference::of_item)
                .map_or(Self::Unread, Self::Object)
        };
        let pointed = item.integers(tags::REFERENCED_CONTENT_ITEM_IDENTIFIER);
        if !pointed.is_empty() {
            let number: Vec<String> = pointed.iter().take(limits::SEQUENCE_DEPTH).map(ToString::to_string).collect();
            return Self::Item(number.join("."));
        }
        match item.code(tags::VALUE_TYPE).as_str() {
            "CONTAINER" => Self::Container,
            "TEXT" => Self::Text(with_its_lines(&item.text(tags::TEXT_VALUE, sets), limits::REPORT_TEXT)),
            "NUM" => number(item, sets),
            "CODE" => Code::of(item, tags::CONCEPT_CODE_SEQUENCE, sets).map_or(Self::Unread, Self::Code),
            "PNAME" => Self::Name(readable_name(&text(tags::PERSON_NAME))),
            "UIDREF" => Self::Uid(text(tags::UID)),
            "DATETIME" => Self::Moment(moment(&text(tags::DATE_TIME))),
            "DATE" => Self::Moment(moment(&text(tags::DATE))),
            "TIME" => Self::Moment(clock(&text(tags::TIME))),
            "IMAGE" | "COMPOSITE" | "WAVEFORM" => object(),
            "SCOORD" | "SCOORD3D" => Self::Graphic(Graphic::read(item)),
            "TCOORD" => Self::Text(text(tags::TEMPORAL_RANGE_TYPE)),
            _ => Self::Unread,
        }
    }

    /// The value in words on one line, its unit apart; empty for a heading.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Text(text) => in_one_line(text),
            _ => self.whole(),
        }
    }

    /// The same; a text with its lines.
    #[must_use]
    pub fn whole(&self) -> String {
        match self {
            Self::Container => String::new(),
            Self::Text(text) | Self::Name(text) | Self::Uid(text) | Self::Moment(text) => text.clone(),
            Self::Number { written, qualifier, .. } => match qualifier {
                Some(qualifier) if written.is_empty() => qualifier.words().to_owned(),
                Some(qualifier) => format!("{written} ({})", qualifier.words()),
                None => written.clone(),
            },
            Self::Code(code) => code.words().to_owned(),
            Self::Object(reference) => object_words(reference),
            Self::Graphic(graphic) => graphic.words(),
            Self::Item(number) => format!("item {number}"),
            Self::Unread => "an item of a kind that is not read".into(),
        }
    }

    /// Bytes of what it says, as far as a file may make that long.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Name(text) | Self::Uid(text) | Self::Moment(text) => text.len(),
            Self::Graphic(graphic) => size_of_val(graphic.points.as_slice()),
            Self::Object(reference) => 4 * (reference.frames.len() + reference.segments.len()),
            Self::Container | Self::Number { .. } | Self::Code(_) | Self::Item(_) | Self::Unread => 0,
        }
    }

    /// The unit of a number; empty where there is none.
    #[must_use]
    pub fn unit(&self) -> &str {
        match self {
            Self::Number { unit: Some(unit), .. } => unit.unit(),
            _ => "",
        }
    }
}

fn number(item: &Dataset, sets: &CharacterSets) -> Value {
    let measured = item.items(tags::MEASURED_VALUE_SEQUENCE).first();
    let written = measured.map(|m| shortened(&m.code(tags::NUMERIC_VALUE), 64)).unwrap_or_default();
    // The exact number stands beside a decimal string that may have been rounded (PS3.3 C.18.1).
    let exact = measured.and_then(|m| m.number(tags::FLOATING_POINT_VALUE));
    let number = exact.or_else(|| written.parse().ok().filter(|v: &f64| v.is_finite()));
    let written = if written.is_empty() { exact.map(|v| v.to_string()).unwrap_or_default() } else { written };
    Value::Number {
        written,
        number,
        unit: measured.and_then(|m| Code::of(m, tags::MEASUREMENT_UNITS_CODE_SEQUENCE, sets)),
        qualifier: Code::of(item, tags::NUMERIC_VALUE_QUALIFIER_CODE_SEQUENCE, sets),
    }
}

fn object_words(reference: &Reference) -> String {
    let numbers = |name: &str, numbers: &[u32]| {
        let shown: Vec<String> = numbers.iter().take(8).map(ToString::to_string).collect();
        let more = if numbers.len() > 8 { " …" } else { "" };
        if numbers.is_empty() { String::new() } else { format!(", {name} {}{more}", shown.join(", ")) }
    };
    format!(
        "{}{}{}",
        reference.sop_instance_uid,
        numbers("frame", &reference.frames),
        numbers("segment", &reference.segments)
    )
}

/// `20261130215500` → `2026-11-30 21:55:00`; anything else as it is.
#[must_use]
pub fn moment(written: &str) -> String {
    let digits = written.bytes().take_while(u8::is_ascii_digit).count();
    if !written.is_ascii() || digits < 8 {
        return written.to_owned();
    }
    let date = format!("{}-{}-{}", &written[..4], &written[4..6], &written[6..8]);
    if digits < 12 { date } else { format!("{date} {}", clock(&written[8..])) }
}

/// `215500` → `21:55:00`; anything else as it is.
pub(super) fn clock(written: &str) -> String {
    let digits = written.bytes().take_while(u8::is_ascii_digit).count();
    match digits {
        _ if !written.is_ascii() => written.to_owned(),
        6.. => format!("{}:{}:{}", &written[..2], &written[2..4], &written[4..6]),
        4 | 5 => format!("{}:{}", &written[..2], &written[2..4]),
        _ => written.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_with_dashes_and_colons() {
        assert_eq!(moment("20261130215501.25+0100"), "2026-11-30 21:55:01");
        assert_eq!(moment("20261130"), "2026-11-30");
        assert_eq!(moment("2026"), "2026");
        assert_eq!(moment("2026113021é"), "2026113021é");
        assert_eq!(clock("0915"), "09:15");
    }

    #[test]
    fn a_graphic_is_told_in_a_line() {
        let graphic = Graphic {
            shape: "POLYLINE".into(),
            points: (0..6).map(|i| [i as f32, 0.5, 0.0]).collect(),
            frame_of_reference: String::new(),
            is_in_patient: false,
            is_of_tiles: false,
        };
        assert_eq!(graphic.words(), "POLYLINE, 6 points: 0, 0.5; 1, 0.5; 2, 0.5; 3, 0.5 …");
    }
}
