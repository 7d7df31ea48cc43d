//! Colour images: RGB, `YBR_FULL`, `YBR_PARTIAL`, both with shared colours, and PALETTE COLOR to
//! 8-bit RGB (PS3.3 C.7.6.3.1.2).
//!
//! The grey plane of a colour image is its luma (ITU-R BT.601) in units of the stored samples, so
//! that what looks for grey values finds some; a viewer shows the colours.

use image::RgbImage;

use crate::imaging::Plane;

use super::StudyError;
use super::codec::frame_bytes::{Colours, FrameBytes};
use super::dataset::Dataset;
use super::guard::PixelLayout;
use super::palette::Palette;
use super::room::room;
use super::stored_bits::{StoredBits, raw_word, raw_words};

/// What is said of colours with a Pixel Representation of 1: PS3.3 C.7.6.3.1.2 has the lowest sample
/// mean the lowest intensity and foresees no sign, and files that carry one mostly carry it by mistake.
pub(super) const SIGN: &str =
    "The file says that its colours have a sign, which colours in DICOM do not have: their bits are shown without one.";

/// Luma of ITU-R BT.601, the weights that `YBR_FULL` itself has.
pub(super) fn luma(r: f32, g: f32, b: f32) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// A colour image: the picture, the plane of its luma, and the highest value that a sample has.
pub(super) struct Coloured {
    pub picture: RgbImage,
    pub plane: Plane,
    pub highest: f32,
}

/// Colours and luma of a frame with three samples a pixel.
pub(super) fn three_samples(frame: &FrameBytes, layout: &PixelLayout) -> Result<Coloured, StudyError> {
    let pixels = layout.pixels();
    let bits = StoredBits::of_frame(frame, &PixelLayout { signed: false, ..layout.clone() });
    let (_, high) = bits.range();
    let needed = if frame.subsampled { pixels * 2 } else { pixels * 3 };
    if frame.bytes.len() / frame.sample_bytes < needed {
        return Err(StudyError::Truncated("the colour image has too few samples".into()));
    }
    let value = |i: usize| bits.value(raw_word(frame, i)) as f32;
    let sample = |i: usize| -> [f32; 3] {
        if frame.subsampled {
            // Y1 Y2 Cb Cr: chroma belongs to both pixels of the pair.
            let pair = i / 2 * 4;
            [pair + i % 2, pair + 2, pair + 3].map(value)
        } else if frame.planar {
            [i, pixels + i, 2 * pixels + i].map(value)
        } else {
            [3 * i, 3 * i + 1, 3 * i + 2].map(value)
        }
    };
    let high = high as f32;
    let to_rgb = Conversion::of(frame.colours, &layout.photometric)?;
    let to_eight = 255.0 / high;
    let (mut rgb, mut values) = (room(pixels * 3)?, room(pixels)?);
    for i in 0..pixels {
        let [r, g, b] = to_rgb.apply(sample(i), high);
        values.push(luma(r, g, b));
        rgb.extend([r, g, b].map(|v| (v * to_eight).round() as u8));
    }
    coloured(layout, rgb, values, high)
}

/// How three samples become red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conversion {
    None,
    YbrFull,
    YbrPartial,
}

impl Conversion {
    /// By what a decoder knows of its samples, else by the Photometric Interpretation.
    fn of(colours: Colours, photometric: &str) -> Result<Self, StudyError> {
        match colours {
            Colours::Rgb => Ok(Self::None),
            Colours::YbrFull => Ok(Self::YbrFull),
            Colours::AsLabelled => match photometric {
                "HSV" | "ARGB" | "CMYK" => Err(StudyError::UnsupportedPixels(format!("colours in {photometric}"))),
                label if label.starts_with("YBR_PARTIAL") => Ok(Self::YbrPartial),
                label if label.starts_with("YBR") => Ok(Self::YbrFull),
                _ => Ok(Self::None),
            },
        }
    }

    fn apply(self, samples: [f32; 3], high: f32) -> [f32; 3] {
        match self {
            Self::None => samples,
            Self::YbrFull => from_ybr_full(samples, high),
            Self::YbrPartial => from_ybr_partial(samples, high),
        }
    }
}

/// The inverse of `YBR_FULL`; the middle of the chroma range is half of `high + 1`.
fn from_ybr_full([y, cb, cr]: [f32; 3], high: f32) -> [f32; 3] {
    let middle = f32::midpoint(high, 1.0);
    let (cb, cr) = (cb - middle, cr - middle);
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|v| v.round().clamp(0.0, high))
}

/// The inverse of `YBR_PARTIAL`: brightness from 16 to 235 of 255, colours from 16 to 240, as in
/// ITU-R BT.601.
fn from_ybr_partial([y, cb, cr]: [f32; 3], high: f32) -> [f32; 3] {
    let unit = (high + 1.0) / 256.0;
    let (y, cb, cr) = (1.164_383 * (y - 16.0 * unit), cb - 128.0 * unit, cr - 128.0 * unit);
    let rgb = [y + 1.596_027 * cr, y - 0.391_762 * cb - 0.812_968 * cr, y + 2.017_232 * cb];
    rgb.map(|v| v.round().clamp(0.0, high))
}

/// Colours and luma of a frame of indices into a palette.
pub(super) fn palette(frame: &FrameBytes, layout: &PixelLayout, dataset: &Dataset) -> Result<Coloured, StudyError> {
    let palette = Palette::of(dataset, layout.signed)?;
    let bits = StoredBits::of_frame(frame, layout);
    let (mut rgb, mut values) = (room(layout.pixels() * 3)?, room(layout.pixels())?);
    for raw in raw_words(frame).take(layout.pixels()) {
        let [r, g, b] = palette.colour(bits.value(raw)).ok_or_else(|| {
            StudyError::Malformed("its colour palette ends before the entries that the image uses".into())
        })?;
        values.push(luma(r.into(), g.into(), b.into()));
        rgb.extend([r, g, b]);
    }
    coloured(layout, rgb, values, 255.0)
}

fn coloured(layout: &PixelLayout, rgb: Vec<u8>, values: Vec<f32>, highest: f32) -> Result<Coloured, StudyError> {
    let (width, height) = (layout.columns, layout.rows);
    let picture = RgbImage::from_raw(width as u32, height as u32, rgb)
        .ok_or_else(|| StudyError::Truncated("the colour image has too few samples".into()))?;
    Ok(Coloured { picture, plane: Plane { width, height, values }, highest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::guard::tests::grey_layout;

    fn layout(photometric: &str, columns: usize, planar: bool) -> PixelLayout {
        PixelLayout {
            samples: 3,
            planar,
            subsampled: photometric.ends_with("_422"),
            photometric: photometric.into(),
            ..grey_layout(columns, 1, 8)
        }
    }

    fn frame(bytes: &[u8], layout: &PixelLayout) -> FrameBytes {
        let (planar, subsampled) = (layout.planar, layout.subsampled);
        FrameBytes { planar, subsampled, ..FrameBytes::of(bytes.to_vec(), 1) }
    }

    fn colours(bytes: &[u8], layout: &PixelLayout) -> Vec<u8> {
        three_samples(&frame(bytes, layout), layout).unwrap().picture.into_raw()
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
    fn the_narrow_range_of_ybr_partial_is_spread() {
        let primaries = [81, 90, 240, 145, 54, 34, 41, 240, 110, 16, 128, 128, 235, 128, 128];
        let rgb = colours(&primaries, &layout("YBR_PARTIAL_444", 5, false));
        let expected = [255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255];
        assert!(rgb.iter().zip(expected).all(|(value, expected)| value.abs_diff(expected) <= 2), "{rgb:?}");
        assert_eq!(colours(&[16, 235, 128, 128], &layout("YBR_PARTIAL_422", 2, false)), [0, 0, 0, 255, 255, 255]);
    }

    #[test]
    fn wide_samples_become_bytes() {
        let layout = PixelLayout { bits_allocated: 32, bits_stored: 32, high_bit: 31, ..layout("RGB", 1, false) };
        let bytes = [[0, 0, 0, 255], [0, 0, 0, 128], [255; 4]].concat();
        let frame = FrameBytes::of(bytes, 4);
        assert_eq!(three_samples(&frame, &layout).unwrap().picture.into_raw(), [254, 128, 255]);
    }

    #[test]
    fn the_plane_is_the_luma() {
        let layout = layout("RGB", 1, false);
        let coloured = three_samples(&frame(&[100, 100, 100], &layout), &layout).unwrap();
        assert!((coloured.plane.values[0] - 100.0).abs() < 1e-3);
    }

    #[test]
    fn too_few_samples_are_no_panic() {
        let layout = layout("RGB", 2, true);
        assert!(three_samples(&frame(&[1, 2, 3], &layout), &layout).is_err());
    }
}
