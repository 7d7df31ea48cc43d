//! A result in lines of text: its header, its tree or segments or maps, and what it names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::document::Document;
use super::geometry::PlanePlace;
use super::item::{Value, moment};
use super::object::ReadObject;
use super::parametric_map::{MapFrame, ParametricMap};
use super::presentation::Presentation;
use super::reference::Reference;
use super::segmentation::{Segmentation, SegmentationType};
use super::structured_report::StructuredReport;
use super::tree::{ReportItem, ReportTree};

/// Most objects that are named line by line.
const NAMED: usize = 50;

/// Lines, with the width of the names in front.
#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn say(&mut self, name: &str, value: impl AsRef<str>) {
        let value = value.as_ref();
        if !value.is_empty() {
            self.0.push(format!("{name:<20} {value}"));
        }
    }
}

impl ReadObject {
    /// The result in lines, without line breaks or what else a terminal would act on.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Lines::default();
        match self {
            Self::StructuredReport(report) => of_report(report, &mut lines),
            Self::Segmentation(one) => of_segmentation(one, &mut lines),
            Self::ParametricMap(one) => of_map(one, &mut lines),
            Self::Document(document) => of_document(document, &mut lines),
            Self::Presentation(one) => of_presentation(one, &mut lines),
        }
        named(&self.references(), &mut lines);
        lines.0
    }
}

fn of_report(report: &StructuredReport, lines: &mut Lines) {
    lines.say("Report", &report.title);
    lines.say("Object", &report.object);
    lines.say("Template", &report.template);
    let state = [&report.completion, &report.verification].map(|words| words.to_lowercase());
    lines.say("State", state.iter().filter(|w| !w.is_empty()).cloned().collect::<Vec<_>>().join(", "));
    for words in &report.verified_by {
        lines.say("Verified by", words);
    }
    for author in &report.authors {
        lines.say(if author.is_device { "Device" } else { "Author" }, &author.name);
    }
    lines.say("Date", &report.date);
    for words in &report.equipment {
        lines.say("Made with", words);
    }
    lines.0.push(String::new());
    lines.0.extend(report.tree.lines());
}

impl ReportTree {
    /// The tree, indented: `Concept: value unit`.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        let more = self.left_out.then(|| "… and more items, which are not read".to_owned());
        self.items.iter().map(|item| format!("{}{}", "  ".repeat(item.depth), item.line())).chain(more)
    }
}

impl ReportItem {
    /// `Concept: value unit`; of a heading its name alone.
    #[must_use]
    pub fn line(&self) -> String {
        let name = if self.name().is_empty() { &self.value_type } else { self.name() };
        let words = self.value.words();
        let line = match (&self.value, self.value.unit()) {
            (Value::Container, _) => name.to_owned(),
            (_, "") => format!("{name}: {words}"),
            (_, unit) => format!("{name}: {words} {unit}"),
        };
        if self.observed.is_empty() { line } else { format!("{line} (observed {})", moment(&self.observed)) }
    }
}

fn of_segmentation(object: &Segmentation, lines: &mut Lines) {
    lines.say("Segmentation", object.title());
    lines.say("Description", &object.description);
    let kind = match object.kind {
        SegmentationType::Binary => "binary".to_owned(),
        SegmentationType::Probability => format!("fractional, probability, {} is all", object.maximum),
        SegmentationType::Occupancy => format!("fractional, part of a cell, {} is all", object.maximum),
        SegmentationType::Labelmap => "label map".to_owned(),
    };
    lines.say("Type", kind);
    lines.say("Made by", &object.creator);
    for words in &object.equipment {
        lines.say("Made with", words);
    }
    lines.say("Frames", size(object.frames.len(), object.columns, object.rows));
    places(object.frames.iter().map(|one| one.frame.place.as_ref()), lines);
    let mut frames: BTreeMap<u32, usize> = BTreeMap::new();
    for segment in object.frames.iter().filter_map(|one| one.segment) {
        *frames.entry(segment).or_default() += 1;
    }
    for segment in &object.segments {
        let mut parts = vec![segment.name()];
        let code = segment.property.as_ref().or(segment.category.as_ref());
        parts.extend(code.map(ToString::to_string).filter(|words| *words != segment.name()));
        parts.extend(segment.modifiers.iter().map(ToString::to_string));
        parts.extend(segment.anatomy.iter().map(ToString::to_string));
        parts.push([segment.algorithm_type.to_lowercase(), segment.algorithm.clone()].join(" ").trim().to_owned());
        parts.extend(segment.color.map(|[r, g, b]| format!("#{r:02x}{g:02x}{b:02x}")));
        parts.extend(frames.get(&segment.number).map(|n| counted(*n, "frame")));
        parts.retain(|words| !words.is_empty());
        lines.say(&format!("Segment {}", segment.number), parts.join("; "));
        lines.say("", &segment.description);
        for words in segment.parameters.lines() {
            lines.say("", words);
        }
    }
}

fn of_map(object: &ParametricMap, lines: &mut Lines) {
    lines.say("Parametric map", object.title());
    lines.say("Description", &object.description);
    lines.say("Qualification", object.qualification.to_lowercase());
    lines.say("Made by", &object.creator);
    for words in &object.equipment {
        lines.say("Made with", words);
    }
    lines.say("Frames", size(object.frames.len(), object.columns, object.rows));
    places(object.frames.iter().map(|one| one.frame.place.as_ref()), lines);
    // Frames of one quantity in a line.
    let mut quantities: Vec<(String, usize)> = Vec::new();
    let mut before: Option<&MapFrame> = None;
    for frame in &object.frames {
        let is_same = |other: &MapFrame| Arc::ptr_eq(&other.quantity, &frame.quantity) && other.label == frame.label;
        let is_known = before.replace(frame).is_some_and(is_same) && frame.is_named();
        if let Some((_, count)) = quantities.last_mut().filter(|_| is_known) {
            *count += 1;
            continue;
        }
        let unit = frame.quantity.unit();
        let mut parts = vec![frame.name()];
        parts.extend(frame.quantity.details.iter().cloned());
        parts.push(if unit.is_empty() { String::new() } else { format!("unit {unit}") });
        parts.retain(|words| !words.is_empty());
        let words = parts.join("; ");
        match quantities.last_mut().filter(|(known, _)| *known == words) {
            Some((_, count)) => *count += 1,
            None => quantities.push((words, 1)),
        }
    }
    for (words, count) in quantities.iter().take(NAMED) {
        lines.say("Quantity", format!("{words}; {}", counted(*count, "frame")));
    }
    if quantities.len() > NAMED {
        lines.say("Quantity", format!("and {} more", quantities.len() - NAMED));
    }
}

fn of_document(document: &Document, lines: &mut Lines) {
    lines.say("Document", &document.title);
    lines.say("Object", &document.object);
    lines.say("Kind", document.concept.as_ref().map(ToString::to_string).unwrap_or_default());
    lines.say("Media type", &document.media_type);
    lines.say("Length", format!("{} bytes", document.bytes));
    lines.say("Date", &document.date);
    for words in &document.equipment {
        lines.say("Made with", words);
    }
}

fn of_presentation(one: &Presentation, lines: &mut Lines) {
    lines.say("Presentation state", &one.label);
    lines.say("Object", &one.object);
    lines.say("Description", &one.description);
    lines.say("Made by", &one.creator);
    lines.say("Date", &one.date);
    for words in &one.equipment {
        lines.say("Made with", words);
    }
    lines.say("Annotations", counted(one.annotations, "item"));
}

fn size(frames: usize, columns: u32, rows: u32) -> String {
    format!("{} of {columns} × {rows}", counted(frames, "frame"))
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// Whether the frames have a place in the patient.
fn places<'a>(all: impl Iterator<Item = Option<&'a PlanePlace>>, lines: &mut Lines) {
    let all: Vec<Option<&PlanePlace>> = all.collect();
    let with = all.iter().flatten().count();
    let words = match all.iter().flatten().next() {
        None => "no position in the patient".to_owned(),
        Some(place) => {
            let [down, across] = place.spacing;
            let which = if with == all.len() { String::new() } else { format!(" of {with} of the frames") };
            format!("position in the patient{which}, cells of {down} × {across} mm")
        }
    };
    lines.say("Geometry", words);
}

fn named(references: &[Reference], lines: &mut Lines) {
    if references.is_empty() {
        return;
    }
    lines.0.push(String::new());
    for reference in references.iter().take(NAMED) {
        lines.say("Names", Value::Object(reference.clone()).words());
    }
    if references.len() > NAMED {
        lines.say("Names", format!("and {} more objects", references.len() - NAMED));
    }
}
