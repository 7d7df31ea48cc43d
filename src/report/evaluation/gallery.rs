//! The failure gallery: images that a model got wrong, beside the heat map of what it wrongly saw or missed.

use image::{DynamicImage, RgbImage, imageops};

use super::super::layout::{Align, BODY, Block, CAPTION, Ink, Shape, paragraph};
use super::super::pdf_file::Picture;

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
    pub threshold: Option<f64>,
    /// `None` where the image could not be read again.
    pub original: Option<RgbImage>,
    pub overlay: Option<RgbImage>,
    /// What the map is of, or why there is none.
    pub note: String,
}

/// No side longer than what is printed.
pub(super) fn small(film: RgbImage) -> RgbImage {
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
    let shown = |picture: &Option<RgbImage>| {
        let picture = picture.as_ref().filter(|p| p.width() > 0 && p.height() > 0)?;
        let (w, h) = (picture.width() as f32, picture.height() as f32);
        let scale = (side / w).min(side / h);
        Some((small(picture.clone()), w * scale, h * scale))
    };
    let mut tall = 0.0_f32;
    for (i, picture) in [&case.original, &case.overlay].into_iter().enumerate() {
        let left = i as f32 * (side + BETWEEN);
        let Some((picture, w, h)) = shown(picture) else {
            if i == 0 || case.original.is_some() {
                // As high as the image beside it, where there is one.
                let height = if tall > 0.0 { tall } else { side / 2.0 };
                let words = paragraph(&case.note, CAPTION.ink(Ink::Text), side - 10.0);
                tall = tall.max(height).max(words.height + 4.0);
                block.fill(left, 0.0, side, tall, Ink::Track);
                block.put(left + 5.0, (tall - words.height) / 2.0, &words);
            }
            continue;
        };
        pictures.push(Picture::Color(picture));
        let (number, x) = (pictures.len() - 1, left + (side - w) / 2.0);
        block.shapes.push(Shape::Picture { number, x, y: 0.0, width: w, height: h });
        tall = tall.max(h);
    }
    block.height = tall + 2.0;
    let score = match case.threshold {
        Some(threshold) => format!("{:.3}, threshold {threshold:.3}", case.probability),
        None => format!("{:.3}, the highest class is called", case.probability),
    };
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
