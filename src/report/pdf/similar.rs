//! Similar cases of the reader's own gallery: small images with labels and distances.
//!
//! They are images of other patients: no file is named, and none is printed larger than it takes to
//! recognise what it shows.

use image::GrayImage;

use super::document::EmbeddedImage;
use super::images::MapGallery;
use crate::engine::similar::{Similar, SimilarCase, SimilarCases};
use crate::figures::layout::{Align, BODY, Block, CAPTION, Ink, Shape, fitted, paragraph, wrapped};
use crate::imaging::{DisplayTable, Region, View, render_region};
use crate::language::{date_of, digits, said, text, tr};
use crate::panic_guard::guarded;
use crate::report::case::CaseReport;
use crate::report::sidecar::beside::none_because;
use crate::study::open_image;

/// Cases beside each other.
const COLUMNS: usize = 6;
const GAP: f32 = 8.0;
/// Longer side of a small image, in pixels.
const PIXELS: usize = 160;
/// Tallest small image, as a part of its column's width.
const TALLEST: f32 = 1.25;

/// The block, its small images added to `gallery`; nothing where nobody asked.
pub(super) fn similar(case: &CaseReport, gallery: &mut MapGallery, width: f32) -> Option<Block> {
    let section = case.similar.as_ref()?;
    let mut block = none_because(case).map_or_else(Block::default, |words| paragraph(&words, BODY, width));
    let Similar::Cases(found) = &section.found else { return Some(block) };
    let column = (width - (COLUMNS - 1) as f32 * GAP) / COLUMNS as f32;
    for cases in found.cases.chunks(COLUMNS) {
        let mut row = Block::default();
        for (i, one) in cases.iter().enumerate() {
            row.put(i as f32 * (column + GAP), 0.0, &small(one, gallery, column));
        }
        block.stack(4.0, &row);
    }
    block.stack(2.0, &paragraph(&key(found), CAPTION, width));
    Some(block)
}

/// One case.
fn small(case: &SimilarCase, gallery: &mut MapGallery, column: f32) -> Block {
    let mut block = Block::default();
    if let Some(image) = thumbnail(case) {
        let aspect = image.width() as f32 / image.height().max(1) as f32;
        let height = (column / aspect).min(column * TALLEST);
        let width = height * aspect;
        let number = gallery.add(EmbeddedImage::Grey(image));
        let x = (column - width) / 2.0;
        block.shapes.push(Shape::Picture { number, x, y: 0.0, width, height });
        block.height = height + 2.0;
    } else {
        block.fill(0.0, 0.0, column, column, Ink::Track);
        block.put(
            4.0,
            column / 2.0 - CAPTION.line(),
            &paragraph(text!("Its file is not there."), CAPTION, column - 8.0),
        );
        block.height = column + 2.0;
    }
    let below = block.height;
    block.put(0.0, below, &words(case, column));
    block
}

/// The label in at most two lines, and how near the case is.
fn words(case: &SimilarCase, column: f32) -> Block {
    let label = if case.label.is_empty() { text!("No label") } else { &case.label };
    let lines = wrapped(label, BODY, column);
    let kept = match lines.as_slice() {
        [first, second, _, ..] => vec![first.clone(), fitted(&format!("{second} …"), BODY, column)],
        few => few.to_vec(),
    };
    let mut text = Block::default();
    for (style, line) in kept.iter().map(|line| (BODY, line.as_str())).chain([
        (BODY.bold(), digits(case.distance, 4).as_str()),
        (CAPTION, tr!("{} % farther", (case.farther * 100.0).round()).as_str()),
    ]) {
        let top = text.height;
        text.text(0.0, top, Align::Left, style, line);
        text.height = top + style.line();
    }
    text
}

/// What the numbers are, and what they are not.
fn key(found: &SimilarCases) -> String {
    let SimilarCases { images, made, median, edge, .. } = found;
    let typical = match (median, edge) {
        (Some(median), Some(edge)) => Some(tr!(
            "Of the gallery's own images half are nearer than {median} to their nearest of another patient, 99 % nearer than \
             {edge}.",
            median = digits(*median, 4),
            edge = digits(*edge, 4)
        )),
        _ => None,
    };
    let images = tr!("1 image" | "{n} images" % *images);
    let whose = tr!(
        "Other patients, of a gallery of {images} of the reader's own ({made}). Number: cosine distance in front of the \
         model's last layer; farther: so many of the gallery's own images are from their nearest.",
        images,
        made = date_of(made)
    );
    let similar = text!("Similar is what the model takes for similar: no second opinion.").to_owned();
    let remarks = found.remarks.iter().map(|remark| said(remark));
    std::iter::once(whose).chain(typical).chain([similar]).chain(remarks).collect::<Vec<_>>().join(" ")
}

/// The image of a case through the window that it opens with; `None` where its file is not there,
/// cannot be read, or holds another image now.
fn thumbnail(case: &SimilarCase) -> Option<GrayImage> {
    let frame = guarded(|| open_image(&case.path)).ok()?.ok()?;
    let plane = &frame.pixels.plane;
    if frame.entry.identity.sop_instance_uid != case.uid || plane.values.is_empty() {
        return None;
    }
    let longer = plane.width.max(plane.height);
    let side = |n: usize| (n * PIXELS / longer).clamp(1, PIXELS);
    let table = DisplayTable::new(&frame.pixels, &View::initial(&frame.pixels));
    Some(render_region(plane, &table, Region::whole(plane), side(plane.width), side(plane.height)))
}
