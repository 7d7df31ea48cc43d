//! Images for people: the radiograph under its maps.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage, imageops};

use crate::explain::{Attribution, scale};
use crate::imaging::display::{View, render_rgb};
use crate::model::manifest::Input;
use crate::study::Frame;

/// Longest side of an image in a row of several.
const TILE: u32 = 640;
/// Pixels between images.
const GAP: u32 = 8;

/// One map: the image under it at its own size. Several: the image, then the image under each on a
/// shared scale, in a row.
pub(super) fn of_maps(frame: &Frame, input: &Input, maps: &[&Attribution]) -> RgbImage {
    let image = render_rgb(&frame.pixels, &View::initial(&frame.pixels));
    if let [one] = maps {
        return scale::under(&image, input, one, scale::Scale::PerClass);
    }
    let shared = scale::Scale::Shared { max: scale::shared_top(maps.iter().copied()) };
    let image = fitted(&image, TILE);
    let tiles: Vec<RgbImage> = maps.iter().map(|m| scale::under(&image, input, m, shared)).collect();
    in_a_row(&image, &tiles)
}

fn fitted(image: &RgbImage, longest: u32) -> RgbImage {
    let (width, height) = image.dimensions();
    if width.max(height) <= longest {
        return image.clone();
    }
    DynamicImage::ImageRgb8(image.clone()).resize(longest, longest, imageops::FilterType::Triangle).into_rgb8()
}

fn in_a_row(first: &RgbImage, others: &[RgbImage]) -> RgbImage {
    let (width, height) = first.dimensions();
    let mut row = RgbImage::new((width + GAP) * others.len() as u32 + width, height);
    for (i, tile) in std::iter::once(first).chain(others).enumerate() {
        imageops::replace(&mut row, tile, i64::from((width + GAP) * i as u32), 0);
    }
    row
}

/// The bytes of a PNG file.
pub(super) fn png(image: &DynamicImage) -> image::ImageResult<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}
