//! Images for people: the radiograph under its maps.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage, imageops};

use crate::explain::{Attribution, scale};
use crate::imaging::display::{View, render_rgb};
use crate::limits;
use crate::model::manifest::Input;
use crate::study::Frame;

/// Longest side of an image in a row of several.
const TILE: u32 = 640;
/// Pixels between images.
const GAP: u32 = 8;

/// One map: the image under it at its own size. Several: the image, then the image under each on a
/// shared scale, in a row.
pub(super) fn of_maps(frame: &Frame, input: &Input, maps: &[&Attribution]) -> RgbImage {
    let image = in_true_shape(render_rgb(&frame.pixels, &View::initial(&frame.pixels)), frame.display.pixel_aspect);
    if let [one] = maps {
        return scale::under(&image, input, one, scale::Scale::PerClass);
    }
    let shared = scale::Scale::Shared { max: scale::shared_top(maps.iter().copied()) };
    let image = fitted(&image, TILE);
    let tiles: Vec<RgbImage> = maps.iter().map(|m| scale::under(&image, input, m, shared)).collect();
    in_a_row(&image, &tiles)
}

/// An image beside its changed copy, both in the first one's window.
pub(super) fn pair(frame: &Frame, changed: &Frame) -> RgbImage {
    let view = View::initial(&frame.pixels);
    let shown = |frame: &Frame| in_true_shape(render_rgb(&frame.pixels, &view), frame.display.pixel_aspect);
    in_a_row(&shown(frame), &[shown(changed)])
}

/// The image with square pixels: the side along which they are short is stretched.
fn in_true_shape(image: RgbImage, pixel_aspect: f32) -> RgbImage {
    let (width, height) = image.dimensions();
    let longer = |side: u32, factor: f32| ((side as f32 * factor).round() as u32).max(1);
    let (wide, high) = if pixel_aspect >= 1.0 {
        (width, longer(height, pixel_aspect))
    } else {
        (longer(width, 1.0 / pixel_aspect), height)
    };
    let affordable = u64::from(wide) * u64::from(high) <= limits::FRAME_PIXELS;
    // What would be too large keeps its pixels along one side and loses some along the other.
    let (wide, high) = if affordable {
        (wide, high)
    } else if pixel_aspect >= 1.0 {
        (longer(width, 1.0 / pixel_aspect), height)
    } else {
        (width, longer(height, pixel_aspect))
    };
    if (wide, high) == (width, height) {
        return image;
    }
    imageops::resize(&image, wide, high, imageops::FilterType::Triangle)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_that_are_not_square_are_stretched_to_squares() {
        let sizes = [1.0, 2.0, 0.5].map(|aspect| in_true_shape(RgbImage::new(30, 20), aspect).dimensions());
        assert_eq!(sizes, [(30, 20), (30, 40), (60, 20)]);
    }
}
