//! JPEG files: as far as their data goes, in the colours that their markers tell (ITU-T T.871).

use crate::codec::image::{Expected, Image};
use crate::codec::jpeg::Header;
use image::{DynamicImage, ImageBuffer};

use super::Decoded;
use crate::imaging::Missing;
use crate::study::codec::frame_bytes::missing;
use crate::study::codec::jpeg::{picture, refused};
use crate::study::{StudyError, guard};

/// Columns and rows.
pub(super) fn size(bytes: &[u8]) -> Result<(u32, u32), StudyError> {
    let frame = Header::of(bytes).map_err(|error| refused(&error))?.frame;
    Ok((frame.columns as u32, frame.rows as u32))
}

/// Whether the file has the four components of inks, which are mixed elsewhere.
pub(super) fn is_of_inks(bytes: &[u8]) -> Result<bool, StudyError> {
    Ok(Header::of(bytes).map_err(|error| refused(&error))?.frame.components.len() == 4)
}

/// What of a file of four inks its data does not hold.
pub(super) fn missing_of_inks(bytes: &[u8]) -> Result<Option<Missing>, StudyError> {
    let (columns, rows) = size(bytes)?;
    guard::picture_size(columns, rows)?;
    guard::samples(u64::from(columns) * u64::from(rows), 4)?;
    let expected = Expected { columns: columns as usize, rows: rows as usize, components: 4 };
    let inks = crate::codec::jpeg::decode(bytes, expected).map_err(|error| refused(&error))?;
    Ok(missing(&inks))
}

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, StudyError> {
    let header = Header::of(bytes).map_err(|error| refused(&error))?;
    let (columns, rows, components) = (header.frame.columns, header.frame.rows, header.frame.components.len());
    guard::picture_size(columns as u32, rows as u32)?;
    guard::samples(columns as u64 * rows as u64, components as u64)?;
    let image = picture(bytes, &header, Expected { columns, rows, components })?;
    let missing = missing(&image);
    let deep = image.precision > 8;
    let highest = (deep && components == 1).then(|| f32::from(u16::MAX >> (16 - image.precision)));
    let picture = as_picture(image)
        .ok_or_else(|| StudyError::UnsupportedPixels(format!("a JPEG image of {components} components")))?;
    Ok(Decoded { picture, one_bit: false, missing, highest })
}

/// Grey values as they are, colours as 8 or 16 bits; `None` for another number of components.
fn as_picture(image: Image) -> Option<DynamicImage> {
    let (width, height) = (image.columns as u32, image.rows as u32);
    let highest = u32::from(u16::MAX >> (16 - image.precision));
    let samples = image.samples;
    match (image.components, image.precision) {
        (1, ..=8) => ImageBuffer::from_raw(width, height, samples.into_bytes()).map(DynamicImage::ImageLuma8),
        (1, _) => ImageBuffer::from_raw(width, height, samples.into_words()).map(DynamicImage::ImageLuma16),
        (3, ..=8) => ImageBuffer::from_raw(width, height, samples.into_bytes()).map(DynamicImage::ImageRgb8),
        (3, _) => {
            let wide = |sample: u16| (u32::from(sample) * u32::from(u16::MAX) / highest) as u16;
            let samples = samples.into_words().into_iter().map(wide).collect();
            ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgb16)
        }
        _ => None,
    }
}
