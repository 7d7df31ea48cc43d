//! Pictures as samples that can go through a pipe, and back.

use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, RgbImage, RgbaImage};

use crate::imaging::Plane;
use crate::study::StudyError;
use crate::study::foreign::Samples;

use super::Decoded;
use super::tiff::Pixels;

/// The samples of a picture.
pub(in crate::study) fn of_picture(decoded: Decoded) -> Result<Samples, StudyError> {
    let Decoded { picture, one_bit, missing, highest } = decoded;
    let (columns, rows) = (picture.width() as usize, picture.height() as usize);
    let components = usize::from(picture.color().channel_count());
    let shape = Samples { columns, rows, components, one_bit, highest, missing, ..Samples::default() };
    let words = |words: &[u16]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let bytes = |bytes| Samples { word: 1, precision: 8, bytes, ..shape.clone() };
    let wide = |bytes| Samples { word: 2, precision: 16, bytes, ..shape.clone() };
    Ok(match picture {
        DynamicImage::ImageLuma8(p) => bytes(p.into_raw()),
        DynamicImage::ImageLumaA8(p) => bytes(p.into_raw()),
        DynamicImage::ImageRgb8(p) => bytes(p.into_raw()),
        DynamicImage::ImageRgba8(p) => bytes(p.into_raw()),
        DynamicImage::ImageLuma16(p) => wide(words(p.as_raw())),
        DynamicImage::ImageLumaA16(p) => wide(words(p.as_raw())),
        DynamicImage::ImageRgb16(p) => wide(words(p.as_raw())),
        DynamicImage::ImageRgba16(p) => wide(words(p.as_raw())),
        _ => return Err(StudyError::UnsupportedPixels("an image of floating-point colours".into())),
    })
}

/// The samples of a TIFF.
pub(in crate::study) fn of_tiff(pixels: Pixels) -> Result<Samples, StudyError> {
    match pixels {
        Pixels::Picture(decoded) => of_picture(decoded),
        Pixels::Floats(plane, missing) => Ok(Samples {
            columns: plane.width,
            rows: plane.height,
            components: 1,
            word: 4,
            float: true,
            precision: 32,
            missing,
            bytes: plane.values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            ..Samples::default()
        }),
    }
}

/// The picture that samples make, or the plane where they are in floating point.
pub(super) fn pixels(samples: Samples) -> Result<Pixels, StudyError> {
    let Samples { columns, rows, components, word, float, one_bit, highest, missing, bytes, .. } = samples;
    let (width, height) = (columns as u32, rows as u32);
    if float && components == 1 {
        let values = bytes.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
        return Ok(Pixels::Floats(Plane { width: columns, height: rows, values }, missing));
    }
    let words = |bytes: &[u8]| bytes.as_chunks().0.iter().map(|word| u16::from_le_bytes(*word)).collect();
    let picture: Option<DynamicImage> = match (components, word) {
        (1, 1) => GrayImage::from_raw(width, height, bytes).map(Into::into),
        (2, 1) => GrayAlphaImage::from_raw(width, height, bytes).map(Into::into),
        (3, 1) => RgbImage::from_raw(width, height, bytes).map(Into::into),
        (4, 1) => RgbaImage::from_raw(width, height, bytes).map(Into::into),
        (1, 2) => ImageBuffer::from_raw(width, height, words(&bytes)).map(DynamicImage::ImageLuma16),
        (2, 2) => ImageBuffer::from_raw(width, height, words(&bytes)).map(DynamicImage::ImageLumaA16),
        (3, 2) => ImageBuffer::from_raw(width, height, words(&bytes)).map(DynamicImage::ImageRgb16),
        (4, 2) => ImageBuffer::from_raw(width, height, words(&bytes)).map(DynamicImage::ImageRgba16),
        _ => None,
    };
    let picture = picture.ok_or_else(|| StudyError::Decode("a picture of no known kind".into()))?;
    Ok(Pixels::Picture(Decoded { picture, one_bit, missing, highest }))
}

#[cfg(test)]
mod tests {
    use image::ColorType;

    use super::*;
    use crate::imaging::Missing;

    #[test]
    fn pictures_of_every_kind_come_back_as_they_were() {
        for color in [
            ColorType::L8,
            ColorType::La8,
            ColorType::Rgb8,
            ColorType::Rgba8,
            ColorType::L16,
            ColorType::La16,
            ColorType::Rgb16,
            ColorType::Rgba16,
        ] {
            let mut picture = DynamicImage::new(3, 2, color);
            let values: Vec<u8> = (0..picture.as_bytes().len() as u8).map(|i| i.wrapping_mul(37)).collect();
            match &mut picture {
                DynamicImage::ImageRgb8(p) => p.copy_from_slice(&values),
                DynamicImage::ImageLuma16(p) => p.iter_mut().zip(0..).for_each(|(v, i)| *v = 9999 * i),
                _ => {}
            }
            let (missing, highest) = (Some(Missing::Rows { from: 1 }), Some(4095.0));
            let decoded = Decoded { picture: picture.clone(), one_bit: true, missing, highest };
            let Ok(Pixels::Picture(back)) = pixels(of_picture(decoded).unwrap()) else { panic!("{color:?}") };
            assert_eq!((back.picture, back.one_bit), (picture, true));
            assert_eq!((back.missing, back.highest), (missing, highest));
        }
    }

    #[test]
    fn floating_point_comes_back_to_the_bit() {
        let plane = Plane { width: 2, height: 2, values: vec![-1.5, f32::INFINITY, 1e-40, 7.0] };
        let samples = of_tiff(Pixels::Floats(plane.clone(), Some(Missing::Detail))).unwrap();
        let Ok(Pixels::Floats(back, missing)) = pixels(samples) else { panic!("no plane") };
        assert_eq!((back, missing), (plane, Some(Missing::Detail)));
    }
}
