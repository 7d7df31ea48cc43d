//! The reader's key images on the page: small images through the window that each opens with.

use std::sync::Arc;

use image::imageops::{FilterType, resize};

use super::document::EmbeddedImage;
use super::images::MapGallery;
use super::rendered::{rendered, windowed};
use crate::figures::layout::{Align, BODY, Block, CAPTION, HEADING, Ink, Shape, TextStyle, wrapped};
use crate::imaging::auto_window::initial_window;
use crate::language::{text, tr};
use crate::measurement::identity::ImageIdentity;
use crate::panic_guard::guarded;
use crate::report::case::CaseReport;
use crate::report::key_images::{KeyImage, KeyImageRecord};
use crate::report::redact;
use crate::study::{Frame, FrameReader};

/// Images beside each other.
const COLUMNS: usize = 4;
const GAP: f32 = 8.0;
/// Longer side of an image, in pixels.
const PIXELS: usize = 480;
/// Tallest image, as a part of its column's width.
const TALLEST: f32 = 1.25;

/// The heading, which has no height of its own, and the rows beside it, their images added to
/// `gallery`; nothing where no key image is known.
pub(super) fn key_images(
    case: &CaseReport,
    gallery: &mut MapGallery,
    width: f32,
    column: f32,
) -> Option<(Block, Vec<Block>)> {
    let (known, filed) = (case.key_images.as_ref()?, redact::key_images(case)?);
    let mut rows = Vec::new();
    if known.reported {
        rows.extend(lines(
            text!("The image of this report was marked as a key image by the reader."),
            BODY,
            column,
            width,
        ));
    }
    let side = (width - column - (COLUMNS - 1) as f32 * GAP) / COLUMNS as f32;
    let others: Vec<_> = known.others.iter().zip(&filed.others).collect();
    for beside in others.chunks(COLUMNS) {
        let mut row = Block::default();
        for (i, (one, record)) in beside.iter().enumerate() {
            row.put(column + i as f32 * (side + GAP), 0.0, &small(case, (*one, *record), gallery, side));
        }
        row.height += GAP;
        rows.push(row);
    }
    let mut remarks = Vec::new();
    if !others.is_empty() {
        let key = text!(
            "Other images of the study that the reader marked, each in the window that it opens with. They were not judged \
             for this report."
        );
        remarks.push(key.to_owned());
    }
    if known.more > 0 {
        remarks.push(tr!("Not printed: {} more.", known.more));
    }
    if known.not_looked_at > 0 {
        remarks.push(tr!(
            "Not printed: {} marked in an earlier session and not looked at in this one, so their pixels were not compared.",
            known.not_looked_at
        ));
    }
    rows.extend(remarks.iter().flat_map(|words| lines(words, CAPTION, column, width)));
    let mut heading = Block::default();
    heading.text(0.0, 0.0, Align::Left, HEADING, text!("Key images"));
    Some((heading, rows))
}

fn lines(words: &str, style: TextStyle, column: f32, width: f32) -> Vec<Block> {
    let row = |line: String| {
        let mut row = Block::space(style.line());
        row.text(column, 0.0, Align::Left, style, &line);
        row
    };
    wrapped(words, style, width - column).into_iter().map(row).collect()
}

/// One image with its caption.
fn small(case: &CaseReport, (one, record): (&KeyImage, &KeyImageRecord), gallery: &mut MapGallery, side: f32) -> Block {
    let mut block = Block::default();
    let frame = read(one);
    let shown = match &frame {
        Some(frame) if frame.pixels.color.is_some() => text!("own colours of the file").into(),
        Some(frame) => windowed(initial_window(&frame.pixels)),
        None => text!("Its file is not there, or holds something else now.").into(),
    };
    if let Some(frame) = frame {
        let image = picture(case, frame);
        let (across, down) = match &image {
            EmbeddedImage::Grey(image) => image.dimensions(),
            EmbeddedImage::Color(image) => image.dimensions(),
            EmbeddedImage::Overlay(image) => image.dimensions(),
        };
        let aspect = across as f32 / down.max(1) as f32;
        let height = (side / aspect).min(side * TALLEST);
        let width = height * aspect;
        let number = gallery.add(image);
        block.shapes.push(Shape::Picture { number, x: (side - width) / 2.0, y: 0.0, width, height });
        block.height = height + 2.0;
    } else {
        block.fill(0.0, 0.0, side, side, Ink::Track);
        block.height = side + 2.0;
    }
    let mut lines = vec![text!("key image").to_owned()];
    let series = [record.modality.as_str(), record.series_description.as_str()];
    lines.push(series.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · "));
    let frames = one.entry.frames;
    let number = record.image_number;
    lines.push(if frames > 1 {
        tr!("image {number}, frame {frame} of {frames}", number, frame = record.frame + 1, frames)
    } else {
        tr!("image {}", number)
    });
    lines.push(shown);
    for (i, line) in lines.iter().filter(|line| !line.is_empty()).enumerate() {
        let style = if i == 0 { CAPTION.bold() } else { CAPTION };
        for line in wrapped(line, style, side).into_iter().take(3) {
            let top = block.height;
            block.text(0.0, top, Align::Left, style, &line);
            block.height = top + style.line();
        }
    }
    block
}

/// The image, where its file still holds it.
fn read(one: &KeyImage) -> Option<Frame> {
    let frame = guarded(|| FrameReader::default().load(&one.entry, one.identity.frame)).ok()?.ok()?;
    let there = !frame.pixels.plane.values.is_empty() && ImageIdentity::of(&frame) == one.identity;
    there.then_some(frame)
}

/// As the reported image is printed, only smaller: through the window that it opens with, under its
/// shutter.
fn picture(case: &CaseReport, frame: Frame) -> EmbeddedImage {
    let plane = &frame.pixels.plane;
    // Pixels as tall as the file says.
    let tall = (plane.height as f32 * frame.display.pixel_aspect).round().max(1.0) as usize;
    let longer = plane.width.max(tall).max(1);
    let side = |n: usize| if longer <= PIXELS { n.max(1) } else { (n * PIXELS / longer).clamp(1, PIXELS) } as u32;
    let (width, height) = (side(plane.width), side(tall));
    let window = initial_window(&frame.pixels);
    let frame = Arc::new(frame);
    match rendered(&CaseReport { frame, window, inverted_by_reader: false, ..case.clone() }) {
        EmbeddedImage::Grey(grey) => EmbeddedImage::Grey(resize(&grey, width, height, FilterType::Triangle)),
        EmbeddedImage::Color(color) => EmbeddedImage::Color(resize(&color, width, height, FilterType::Triangle)),
        overlay @ EmbeddedImage::Overlay(_) => overlay,
    }
}
