//! What is drawn over the image, in layers: the contours of the evidence of each class at the
//! threshold of the overlay, the outline of the lungs, the reader's measurements, and the notice.

use super::context::Context;
use super::evidence::Evidence;
use crate::imaging::contour::{Contour, contours};
use crate::measurement::Kind;
use crate::report::NOT_A_DEVICE;
use crate::report::measurements::MeasurementRecord;

/// Lines are cut down to so many points in all, as readers of such files bound them.
const MOST_POINTS: usize = 100_000;

/// A graphic layer.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    /// A name as a code string takes it.
    pub name: &'static str,
    pub description: String,
    /// In pixels of the image; the corner of the first one is `[0, 0]`.
    pub lines: Vec<Vec<[f32; 2]>>,
    /// Words, with the point that they are about.
    pub texts: Vec<(Option<[f32; 2]>, String)>,
}

/// The layers of a case, the lowest one first.
pub(super) fn layers(context: &Context<'_>) -> Vec<Layer> {
    let mut layers = vec![evidence(context), lungs(context), measurements(context), notice(context)];
    let mut room = MOST_POINTS;
    for layer in &mut layers {
        layer.lines.retain(|line| {
            let fits = line.len() <= room;
            room -= if fits { line.len() } else { 0 };
            fits
        });
    }
    layers.retain(|layer| !layer.lines.is_empty() || !layer.texts.is_empty());
    layers
}

fn evidence(context: &Context<'_>) -> Layer {
    let mut layer = Layer {
        name: "EVIDENCE",
        description: context.marked("evidence of the model, at the threshold"),
        ..Layer::default()
    };
    for found in Evidence::of(context) {
        let (width, height) = (found.map.width, found.map.height);
        let mut drawn = contours(&found.map, &[found.threshold], width, height);
        if found.is_signed {
            drawn.extend(contours(&found.map, &[-found.threshold], width, height));
        }
        // The name stands at the longest line.
        let longest = drawn.iter().max_by_key(|contour| contour.points.len());
        if let Some(at) = longest.and_then(|contour| contour.points.first()) {
            layer.texts.push((Some(*at), found.title.clone()));
        }
        layer.lines.extend(drawn.iter().filter_map(closed));
    }
    layer
}

fn lungs(context: &Context<'_>) -> Layer {
    let mut layer = Layer { name: "LUNGS", ..Layer::default() };
    if let Some(lungs) = &context.case.lungs {
        layer.description = format!("lungs, {}", lungs.source.without_names().in_words());
        layer.lines = lungs.outline.iter().filter_map(closed).collect();
    }
    layer
}

/// The points of a contour, the first one again at the end where it is closed.
fn closed(contour: &Contour) -> Option<Vec<[f32; 2]>> {
    let mut points = contour.points.clone();
    if contour.closed && points.first() != points.last() {
        points.extend(contour.points.first());
    }
    let sound = points.iter().flatten().all(|v| v.is_finite());
    (points.len() > 1 && sound).then_some(points)
}

fn measurements(context: &Context<'_>) -> Layer {
    let mut layer = Layer { name: "MEASUREMENTS", description: "what a reader measured".into(), ..Layer::default() };
    for record in &context.record.measurements {
        let narrow = |points: Vec<[f64; 2]>| points.into_iter().map(|p| p.map(|v| v as f32)).collect::<Vec<_>>();
        let lines = record.drawn.kind.lines(&record.drawn.points).into_iter().map(narrow);
        let lines = lines.filter(|line| !line.is_empty() && line.iter().flatten().all(|v| v.is_finite()));
        // Where there are words only, a point would be a mark.
        layer.lines.extend(lines.filter(|_| record.drawn.kind != Kind::Text));
        let at = record.drawn.points.last().map(|p| p.map(|v| v as f32));
        let words = words(record);
        if !words.is_empty() {
            layer.texts.push((at, words));
        }
    }
    layer
}

fn words(record: &MeasurementRecord) -> String {
    let name = record.drawn.name.0.trim().to_owned();
    let lines = Some(name).filter(|name| !name.is_empty()).into_iter().chain(record.values.lines());
    lines.collect::<Vec<_>>().join("\r\n")
}

fn notice(context: &Context<'_>) -> Layer {
    let model = &context.record.model;
    let mut words = format!("RESEARCH USE ONLY. {NOT_A_DEVICE} Model {} {}.", model.name, model.version);
    if let Some(reservation) = &context.reservation {
        words = format!("{words}\r\n{reservation}");
    }
    Layer {
        name: "NOTICE",
        description: context.marked("research use only"),
        texts: vec![(None, words)],
        ..Layer::default()
    }
}
