//! The prior on the page: both images under their maps, the scores of both, and what was measured on
//! both.

use super::document::EmbeddedImage;
use super::images::MapGallery;
use super::rendered::rendered;
use crate::explain::scale::{Scale, shared_top, shows_something};
use crate::figures::layout::{Align, BODY, Block, CAPTION, Ink, Shape, fitted, paragraph};
use crate::language::{decimal, dicom_date, digits, said, text, tr, translated};
use crate::measurement::measured::measure;
use crate::report::case::CaseReport;
use crate::report::sidecar::prior::{PriorRecord, ScoreChange, Size, SizeChange, as_case, record};
use crate::wording::span::earlier;

/// Tallest image.
const TALLEST: f32 = 150.0;
const GAP: f32 = 12.0;
/// Width of the names of findings, and of a column of numbers.
const NAME: f32 = 150.0;
const NUMBER: f32 = 52.0;

/// The block, its images added to `gallery`; nothing where no prior belongs to the case.
pub(super) fn prior(case: &CaseReport, gallery: &mut MapGallery, width: f32) -> Option<Block> {
    let (record, own) = (record(case)?, as_case(case)?);
    let mut block = paragraph(&which(&record), BODY, width);
    if let Some(why) = &record.not_compared {
        block.stack(2.0, &paragraph(&said(why), BODY.ink(Ink::Warning), width));
    }
    block.stack(4.0, &images(case, &own, &record, gallery, width));
    if !record.scores.is_empty() {
        block.stack(4.0, &scores(&record.scores));
    }
    for size in &record.sizes {
        block.stack(1.0, &paragraph(&size_words(size), BODY, width));
    }
    let caution = text!(
        "A change of a score is no change of the disease: projection, exposure and depth of breath move scores too. Sizes \
         are compared where kind, name and unit of a measurement agree."
    );
    block.stack(2.0, &paragraph(caution, CAPTION, width));
    Some(block)
}

/// Which image it is.
fn which(record: &PriorRecord) -> String {
    let meta = &record.image;
    let day = dicom_date(&meta.study_date);
    let span = record.days_earlier.filter(|days| *days >= 0).map(earlier).unwrap_or_default();
    let parts = [day, span, meta.modality.clone(), meta.view_position.clone()];
    let parts = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    if parts.is_empty() { text!("Prior.").into() } else { tr!("Prior: {parts}.", parts) }
}

/// The prior at the left, the image at the right, each under its map of the class on one scale.
fn images(case: &CaseReport, own: &CaseReport, record: &PriorRecord, gallery: &mut MapGallery, width: f32) -> Block {
    let probability = |class: usize| case.analysis.labels.get(class).map_or(0.0, |score| score.probability);
    let top = case.classes.iter().copied().max_by(|&a, &b| probability(a).total_cmp(&probability(b)));
    let class = top.filter(|_| record.not_compared.is_none());
    let maps = [own, case].map(|one| class.and_then(|class| one.attribution(class)).filter(|map| shows_something(map)));
    let scale = Scale::Shared { max: shared_top(maps.into_iter().flatten()) };
    let column = (width - GAP) / 2.0;
    let mut block = Block::default();
    for (i, (one, name)) in [(own, text!("Prior")), (case, text!("This image"))].into_iter().enumerate() {
        let plane = &one.frame.pixels.plane;
        let aspect = plane.width.max(1) as f32 / (plane.height.max(1) as f32 * one.frame.display.pixel_aspect);
        let w = column.min(TALLEST * aspect);
        let h = w / aspect;
        let x = i as f32 * (column + GAP) + (column - w) / 2.0;
        // The reported image is stored already.
        let number = if i == 0 { gallery.add(rendered(one)) } else { 0 };
        let map = maps[i].map(|map| gallery.add(EmbeddedImage::Overlay(MapGallery::overlay(one, map, scale))));
        for number in std::iter::once(number).chain(map) {
            block.shapes.push(Shape::Picture { number, x, y: 0.0, width: w, height: h });
        }
        let words = match (class, map) {
            (Some(class), Some(_)) => format!("{name}: {}, {}", case.class_name(class), case.method.name()),
            (Some(class), None) => tr!("{name}: no map of {class} to show", name, class = case.class_name(class)),
            (None, _) => name.to_owned(),
        };
        let words = fitted(&words, CAPTION, column);
        block.text(x + w / 2.0, h + 1.0, Align::Center, CAPTION, &words);
        block.height = block.height.max(h + 1.0 + CAPTION.line());
    }
    if maps.iter().any(Option::is_some) {
        block.stack(0.0, &paragraph(text!("Both maps on one scale."), CAPTION, width));
    }
    block
}

/// The table of scores.
fn scores(all: &[ScoreChange]) -> Block {
    let mut block = Block::space(CAPTION.line());
    let ends = [1.0, 2.0, 3.0].map(|i| NAME + i * NUMBER);
    for (word, x) in [text!("prior"), text!("now"), text!("change")].into_iter().zip(ends) {
        block.text(x, 0.0, Align::Right, CAPTION, word);
    }
    for one in all {
        let top = block.height;
        let (style, indent) = if one.group { (BODY.bold(), 0.0) } else { (BODY, 8.0) };
        block.text(indent, top, Align::Left, style, &fitted(&one.label, style, NAME - indent));
        let numbers = [digits(one.before, 2), digits(one.now, 2), signed(f64::from(one.change), 2)];
        for (number, x) in numbers.iter().zip(ends) {
            block.text(x, top, Align::Right, style, number);
        }
        block.height = top + BODY.line();
    }
    block
}

/// `Length “nodule” (2, now 1), length: 12.0 → 14.5 mm (+2.5, +21 %)`.
fn size_words(one: &SizeChange) -> String {
    let name = one.name.0.split_whitespace().collect::<Vec<_>>().join(" ");
    let kind = translated(one.kind.name());
    let of = translated(one.size.name());
    let of = if one.kind.name().to_lowercase() == one.size.name() { String::new() } else { format!(", {of}") };
    let unit = match (one.unit, one.size) {
        (Some(unit), Size::Area) => format!(" {}", translated(unit.squared())),
        (Some(unit), _) => format!(" {}", translated(unit.name())),
        (None, Size::Angle) => "°".into(),
        (None, _) => String::new(),
    };
    let ratio = one.size == Size::CardiothoracicRatio;
    let shown = |value: f64| if ratio { digits(value, 2) } else { decimal(measure(value)) };
    let change = if ratio { signed(one.change, 2) } else { signed(one.change, 1) };
    let percent = if one.before.abs() > 1e-9 && one.unit.is_some() {
        format!(", {} %", signed(100.0 * one.change / one.before, 0))
    } else {
        String::default()
    };
    let kind = if name.is_empty() { kind.to_owned() } else { tr!("{words} “{name}”", words = kind, name) };
    let numbers = tr!("({before} of the prior, {now} now)", before = one.number_before, now = one.number_now);
    let (before, now) = (shown(one.before), shown(one.now));
    format!("{kind} {numbers}{of}: {before} → {now}{unit} ({change}{percent})")
}

/// A number with its sign, a true minus; what rounds to nothing has none.
fn signed(value: f64, digits: usize) -> String {
    let words = format!("{:.digits$}", value.abs());
    if words.chars().all(|c| c == '0' || c == '.') {
        return decimal(words);
    }
    format!("{}{}", if value < 0.0 { '−' } else { '+' }, decimal(words))
}
