//! Pictures for people: the film under its maps.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage, imageops};

use crate::explain::{Attribution, scale};
use crate::imaging::display::{View, render_rgb};
use crate::network::manifest::Input;
use crate::study::Frame;

/// Longest side of a film in a row of several.
const TILE: u32 = 640;
/// Pixels between films.
const GAP: u32 = 8;

/// One map: the film under it at its own size. Several: the film, then the film under each on a shared scale, in a row.
pub fn of_maps(frame: &Frame, input: &Input, maps: &[&Attribution]) -> RgbImage {
    let film = render_rgb(frame, &View::initial(frame));
    if let [one] = maps {
        return scale::under(&film, input, one, scale::Scale::PerClass);
    }
    let shared = scale::Scale::Shared { max: scale::shared_top(maps.iter().copied()) };
    let film = fitted(&film, TILE);
    let tiles: Vec<RgbImage> = maps.iter().map(|m| scale::under(&film, input, m, shared)).collect();
    in_a_row(&film, &tiles)
}

fn fitted(film: &RgbImage, longest: u32) -> RgbImage {
    let (width, height) = film.dimensions();
    if width.max(height) <= longest {
        return film.clone();
    }
    DynamicImage::ImageRgb8(film.clone()).resize(longest, longest, imageops::FilterType::Triangle).into_rgb8()
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
pub fn png(picture: &DynamicImage) -> image::ImageResult<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}
