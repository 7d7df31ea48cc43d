//! Colour images: RGB, `YBR_FULL`, `YBR_FULL_422` and PALETTE COLOR to 8-bit RGB (PS3.3
//! C.7.6.3.1.2).
//!
//! The grey plane of a colour image is its luma (ITU-R BT.601) in units of the stored samples, so
//! that what looks for grey values finds some; a viewer shows the colours.

use dicom_dictionary_std::tags;
use image::RgbImage;

use crate::imaging::Plane;

use super::StudyError;
use super::codec::frame_bytes::FrameBytes;
use super::dataset::{Dataset, words};
use super::grey::LookupTable;
use super::guard::PixelLayout;
use super::pixels::{StoredBits, raw_words};

/// Luma of ITU-R BT.601, the weights that `YBR_FULL` itself has.
pub(super) fn luma(r: f32, g: f32, b: f32) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// Colours and luma of a frame with three samples a pixel.
pub(super) fn three_samples(frame: &FrameBytes, layout: &PixelLayout) -> Result<(RgbImage, Plane), StudyError> {
    let pixels = layout.pixels();
    let bits = StoredBits::of(&PixelLayout { signed: false, ..layout.clone() });
    let (_, high) = bits.range();
    let samples: Vec<f32> = if frame.sample_bytes == 1 {
        frame.bytes.iter().map(|b| f32::from(*b)).collect()
    } else {
        words(&frame.bytes, false).map(|w| bits.value(u32::from(u16::from_le_bytes(w))) as f32).collect()
    };
    let needed = if frame.subsampled { pixels * 2 } else { pixels * 3 };
    if samples.len() < needed {
        return Err(StudyError::Truncated("the colour image has too few samples".into()));
    }
    let sample = |i: usize| -> [f32; 3] {
        if frame.subsampled {
            // Y1 Y2 Cb Cr: chroma belongs to both pixels of the pair.
            let pair = i / 2 * 4;
            [samples[pair + i % 2], samples[pair + 2], samples[pair + 3]]
        } else if frame.planar {
            [samples[i], samples[pixels + i], samples[2 * pixels + i]]
        } else {
            [samples[3 * i], samples[3 * i + 1], samples[3 * i + 2]]
        }
    };
    let is_ybr = !frame.is_rgb && layout.photometric.starts_with("YBR");
    let high = high as f32;
    let to_eight = 255.0 / high;
    let mut rgb = Vec::with_capacity(pixels * 3);
    let mut values = Vec::with_capacity(pixels);
    for i in 0..pixels {
        let [r, g, b] = if is_ybr { from_ybr_full(sample(i), high) } else { sample(i) };
        values.push(luma(r, g, b));
        rgb.extend([r, g, b].map(|v| (v * to_eight).round() as u8));
    }
    picture(layout, rgb, values)
}

/// The inverse of `YBR_FULL`; the middle of the chroma range is half of `high + 1`.
fn from_ybr_full([y, cb, cr]: [f32; 3], high: f32) -> [f32; 3] {
    let middle = f32::midpoint(high, 1.0);
    let (cb, cr) = (cb - middle, cr - middle);
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|v| v.round().clamp(0.0, high))
}

/// Colours and luma of a frame of indices into a palette.
pub(super) fn palette(
    frame: &FrameBytes,
    layout: &PixelLayout,
    dataset: &Dataset,
) -> Result<(RgbImage, Plane), StudyError> {
    if dataset.get(tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA).is_some() {
        return Err(StudyError::UnsupportedPixels("a segmented colour palette".into()));
    }
    let channel = |descriptor, data| {
        LookupTable::read(dataset, descriptor, data, layout.signed)
            .map_err(|reason| StudyError::Malformed(format!("its colour palette is wrong: {reason}")))
    };
    let red = channel(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA)?;
    let green =
        channel(tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA)?;
    let blue = channel(tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA)?;
    // Entries declared with 16 bits that never pass 255 are 8-bit ones in wide words.
    let widest = [&red, &green, &blue].into_iter().flat_map(|lut| &lut.entries).max().copied().unwrap_or(0);
    let shift = if red.bits > 8 && widest > 255 { 8 } else { 0 };
    let bits = StoredBits::of(layout);
    let colour = |lut: &LookupTable, stored: i64| {
        let index = (stored - lut.first).clamp(0, lut.entries.len() as i64 - 1) as usize;
        (lut.entries[index] >> shift) as u8
    };
    let mut rgb = Vec::with_capacity(layout.pixels() * 3);
    let mut values = Vec::with_capacity(layout.pixels());
    for raw in raw_words(frame).take(layout.pixels()) {
        let stored = bits.value(raw);
        let [r, g, b] = [colour(&red, stored), colour(&green, stored), colour(&blue, stored)];
        values.push(luma(r.into(), g.into(), b.into()));
        rgb.extend([r, g, b]);
    }
    picture(layout, rgb, values)
}

fn picture(layout: &PixelLayout, rgb: Vec<u8>, values: Vec<f32>) -> Result<(RgbImage, Plane), StudyError> {
    let (width, height) = (layout.columns, layout.rows);
    let picture = RgbImage::from_raw(width as u32, height as u32, rgb)
        .ok_or_else(|| StudyError::Truncated("the colour image has too few samples".into()))?;
    Ok((picture, Plane { width, height, values }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(photometric: &str, columns: usize, planar: bool) -> PixelLayout {
        PixelLayout {
            columns,
            rows: 1,
            samples: 3,
            bits_allocated: 8,
            bits_stored: 8,
            high_bit: 7,
            signed: false,
            planar,
            subsampled: photometric == "YBR_FULL_422",
            photometric: photometric.into(),
            frames: 1,
        }
    }

    fn frame(bytes: &[u8], layout: &PixelLayout) -> FrameBytes {
        let (planar, subsampled) = (layout.planar, layout.subsampled);
        FrameBytes { bytes: bytes.to_vec(), sample_bytes: 1, planar, is_rgb: false, subsampled, missing: None }
    }

    fn colours(bytes: &[u8], layout: &PixelLayout) -> Vec<u8> {
        three_samples(&frame(bytes, layout), layout).unwrap().0.into_raw()
    }

    #[test]
    fn planes_and_pixels_give_the_same_picture() {
        assert_eq!(colours(&[1, 2, 3, 4, 5, 6], &layout("RGB", 2, false)), vec![1, 2, 3, 4, 5, 6]);
        assert_eq!(colours(&[1, 4, 2, 5, 3, 6], &layout("RGB", 2, true)), vec![1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn ybr_full_of_the_primaries_is_rgb() {
        // Red, green and blue by the forward formulas of C.7.6.3.1.2, rounded.
        let ybr = [76, 85, 255, 150, 44, 21, 29, 255, 107];
        let rgb = colours(&ybr, &layout("YBR_FULL", 3, false));
        for (value, expected) in rgb.iter().zip([255, 0, 0, 0, 255, 0, 0, 0, 255]) {
            assert!(value.abs_diff(expected) <= 2, "{rgb:?}");
        }
    }

    #[test]
    fn ybr_422_shares_its_chroma_between_two_pixels() {
        assert_eq!(colours(&[10, 200, 128, 128], &layout("YBR_FULL_422", 2, false)), vec![10, 10, 10, 200, 200, 200]);
    }

    #[test]
    fn the_plane_is_the_luma() {
        let layout = layout("RGB", 1, false);
        let (_, plane) = three_samples(&frame(&[100, 100, 100], &layout), &layout).unwrap();
        assert!((plane.values[0] - 100.0).abs() < 1e-3);
    }

    #[test]
    fn too_few_samples_are_no_panic() {
        let layout = layout("RGB", 2, true);
        assert!(three_samples(&frame(&[1, 2, 3], &layout), &layout).is_err());
    }
}
