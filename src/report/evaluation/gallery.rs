//! The failure gallery: images that a model got wrong, beside the heat map of what it wrongly saw or missed.

use std::path::Path;

use image::{DynamicImage, RgbImage, imageops};

use super::super::layout::{Align, BODY, Block, CAPTION, Ink, Shape, paragraph};
use super::super::pdf_file::Picture;
use crate::engine::pass::Pass;
use crate::engine::{CancelToken, EngineError};
use crate::evaluation::failures::Failure;
use crate::evaluation::predictions::Predictions;
use crate::explain::cam::{self, Target};
use crate::explain::scale::{Scale, under};
use crate::explain::{Attribution, Evidence, Method};
use crate::imaging::display::{View, render_rgb};
use crate::network::Model;
use crate::study::open_image;

/// Longest side of a printed picture in pixels: 300 dpi at the size of the page.
const LONGEST: u32 = 500;
const GAP: f32 = 14.0;
/// Between the two pictures of a case.
const BETWEEN: f32 = 5.0;

/// A wrong call.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Path of the image below the folder of its set.
    pub image: String,
    /// What is known: `Normal`.
    pub truth: String,
    /// What was said: `Pneumonia (false positive)`.
    pub said: String,
    /// Probability of the target that was wrongly called or missed.
    pub probability: f64,
    pub threshold: f64,
    /// `None` where the image could not be read again.
    pub original: Option<RgbImage>,
    pub overlay: Option<RgbImage>,
    /// What the map is of, or why there is none.
    pub note: String,
}

/// Makes the pictures of errors, in their order: each image below `folder` through the model again, with a Grad-CAM map of
/// the target that was wrongly called or missed (of a group: its label with the highest logit).
///
/// An image that cannot be read again stays in the gallery with the reason instead of pictures.
#[must_use]
pub fn cases(model: &Model, folder: &Path, set: &Predictions, failures: &[Failure], thresholds: &[f64]) -> Vec<Case> {
    failures.iter().map(|failure| case(model, folder, set, failure, thresholds)).collect()
}

fn case(model: &Model, folder: &Path, set: &Predictions, failure: &Failure, thresholds: &[f64]) -> Case {
    let row = &set.rows[failure.row];
    let target = &set.targets[failure.target].name;
    let labels = row.logits.len();
    let present: Vec<&str> =
        (0..set.targets.len()).filter(|t| row.truth[*t] == Some(true)).map(|t| set.targets[t].name.as_str()).collect();
    let truth = match (present.is_empty(), row.truth[..labels].iter().all(Option::is_some)) {
        (false, _) => present.join(", "),
        (true, true) => "none of the targets".into(),
        (true, false) => format!("no {target}"),
    };
    let said = if failure.false_positive {
        format!("{target} (false positive)")
    } else {
        format!("no {target} (false negative)")
    };
    let (original, overlay, note) = match pictures(model, &folder.join(&row.image), failure.target, labels) {
        Ok((film, map, note)) => (Some(film), map, note),
        Err(reason) => (None, None, reason),
    };
    let threshold = thresholds.get(failure.target).copied().unwrap_or(f64::NAN);
    let probability = row.probability[failure.target];
    Case { image: row.image.clone(), truth, said, probability, threshold, original, overlay, note }
}

type Pictures = (RgbImage, Option<RgbImage>, String);

fn pictures(model: &Model, path: &Path, target: usize, labels: usize) -> Result<Pictures, String> {
    let frame = open_image(path).map_err(|e| format!("The image could not be read again: {e}"))?;
    let film = small(render_rgb(&frame, &View::initial(&frame)));
    let map = Pass::run(model, &frame.model_plane(), frame.value_range, &CancelToken::default())
        .and_then(|pass| map(model, &pass, target, labels));
    Ok(match map {
        Ok(Some(map)) => {
            let of = model.manifest.labels.get(map.class).map_or("", |label| label.name.as_str());
            if map.evidence == Evidence::NonePositive {
                (film, None, format!("No positive evidence for {of}"))
            } else {
                let overlay = under(&film, &model.manifest.input, &map, Scale::PerClass);
                (film, Some(overlay), format!("Grad-CAM of {of}"))
            }
        }
        Ok(None) => (film, None, "No map: the model has no layer that one can be laid over".into()),
        Err(error) => (film, None, format!("No map: {error}")),
    })
}

/// The map of a target at the model's own layer.
fn map(model: &Model, pass: &Pass, target: usize, labels: usize) -> Result<Option<Attribution>, EngineError> {
    let manifest = &model.manifest;
    let class = if target < labels {
        target
    } else {
        let members = manifest.groups.get(target - labels).map_or(&[][..], |group| &group.members);
        let within = |k: &usize| manifest.labels.get(*k).is_some_and(|label| members.contains(&label.name));
        let best = (0..pass.logits.len()).filter(within).max_by(|a, b| pass.logits[*a].total_cmp(&pass.logits[*b]));
        let Some(best) = best else { return Ok(None) };
        best
    };
    let Some(stage) = model.network.stage(&manifest.target_layer) else { return Ok(None) };
    let Some(activation) = pass.output(&model.network, stage)? else { return Ok(None) };
    let target = Target { network: &model.network, stage, activation: &activation, logits: &pass.logits };
    Ok(cam::explain(&target, &[class], &[Method::GradCam])?.pop())
}

/// No side longer than what is printed.
fn small(film: RgbImage) -> RgbImage {
    if film.width().max(film.height()) <= LONGEST {
        return film;
    }
    DynamicImage::ImageRgb8(film).resize(LONGEST, LONGEST, imageops::FilterType::Triangle).into_rgb8()
}

/// The cases two by two, each row a block; pictures are numbered on behind those that are there.
pub(super) fn rows(cases: &[Case], width: f32, pictures: &mut Vec<Picture>) -> Vec<Block> {
    let own = (width - GAP) / 2.0;
    let mut rows = Vec::new();
    for pair in cases.chunks(2) {
        let mut row = Block::default();
        for (i, case) in pair.iter().enumerate() {
            row.put(i as f32 * (own + GAP), 0.0, &block(case, own, pictures));
        }
        rows.push(row);
    }
    rows
}

fn block(case: &Case, width: f32, pictures: &mut Vec<Picture>) -> Block {
    let side = (width - BETWEEN) / 2.0;
    let mut block = Block::default();
    for (i, picture) in [&case.original, &case.overlay].into_iter().enumerate() {
        let x = i as f32 * (side + BETWEEN);
        match picture.as_ref().filter(|p| p.width() > 0 && p.height() > 0) {
            Some(picture) => {
                let (w, h) = (picture.width() as f32, picture.height() as f32);
                let scale = (side / w).min(side / h);
                let (w, h) = (w * scale, h * scale);
                pictures.push(Picture::Color(small(picture.clone())));
                let shape = Shape::Picture {
                    number: pictures.len() - 1,
                    x: x + (side - w) / 2.0,
                    y: (side - h) / 2.0,
                    width: w,
                    height: h,
                };
                block.shapes.push(shape);
            }
            None => {
                block.fill(x, 0.0, side, side, Ink::Track);
                let words = if i == 0 || case.original.is_some() { case.note.as_str() } else { "" };
                let words = paragraph(words, CAPTION.ink(Ink::Text), side - 10.0);
                let top = ((side - words.height) / 2.0).max(2.0);
                if words.height <= side - 2.0 {
                    block.put(x + 5.0, top, &words);
                }
            }
        }
    }
    block.height = side + 2.0;
    let score = format!("{:.3}, threshold {:.3}", case.probability, case.threshold);
    for (key, value, style) in [
        ("Image", &case.image, CAPTION.ink(Ink::Text)),
        ("Truth", &case.truth, BODY),
        ("Said", &case.said, BODY.bold()),
        ("Score", &score, BODY),
    ] {
        let mut line = Block::default();
        line.text(0.0, style.line() - CAPTION.line(), Align::Left, CAPTION, key);
        line.put(28.0, 0.0, &paragraph(value, style, width - 28.0));
        block.stack(0.0, &line);
    }
    if case.overlay.is_some() {
        block.stack(0.0, &paragraph(&case.note, CAPTION, width));
    }
    block.height += 4.0;
    block
}
