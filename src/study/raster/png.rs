//! PNG row by row, so that a file that ends early gives the rows that it has.
//!
//! Text and colour profiles are passed over unread: they may unpack to gigabytes and nothing here
//! shows them.

use std::io::{BufRead, Cursor, Seek};

use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, RgbImage, RgbaImage};
use png::{BitDepth, ColorType, Decoder, DecodingError, InterlaceInfo, Limits, Reader, Transformations};

use super::{Decoded, Shape};
use crate::imaging::Missing;
use crate::limits;
use crate::study::room::resized;
use crate::study::{StudyError, guard};

/// Bytes before the first chunk, and those of a chunk beside its data.
const SIGNATURE: usize = 8;
const CHUNK: usize = 12;
/// Chunks of pixels with less data than this are counted.
const SMALL: usize = 256;
const MOST_SMALL_PARTS: usize = 20_000;

/// The shape by the header; what stands before the pixels takes `most` bytes of memory.
pub(super) fn shape(file: impl BufRead + Seek, most: u64) -> Result<Shape, StudyError> {
    let reader = reader(file, most.min(limits::DECODED_BYTES))?;
    let (columns, rows) = reader.info().size();
    Ok(Shape { columns, rows, components: reader.output_color_type().0.samples() })
}

/// Decodes the image, or of a file that ends early what there is of it.
pub(in crate::study) fn decode(bytes: &[u8]) -> Result<Decoded, StudyError> {
    if small_parts(bytes) > MOST_SMALL_PARTS {
        return Err(StudyError::Decode(format!(
            "its pixels come in more than {MOST_SMALL_PARTS} parts of a few bytes each"
        )));
    }
    let mut reader = reader(Cursor::new(bytes), limits::DECODED_BYTES)?;
    let (width, height) = reader.info().size();
    guard::picture_size(width, height)?;
    let one_bit = reader.info().bit_depth == BitDepth::One && reader.info().color_type == ColorType::Grayscale;
    let (color, depth) = reader.output_color_type();
    let length = reader.output_buffer_size().filter(|length| *length as u64 <= limits::DECODED_BYTES);
    let length = length.ok_or_else(|| StudyError::TooLarge("its pixels need too much memory".into()))?;
    let mut data = resized(Vec::new(), length)?;
    let missing = rows(&mut reader, &mut data, color.samples() * depth as usize)?;
    let picture = picture(width, height, color, depth, data);
    let picture = picture.ok_or_else(|| StudyError::UnsupportedPixels(format!("{color:?} with {depth:?} bits")))?;
    Ok(Decoded { picture, one_bit, missing, highest: None })
}

/// Counts the chunks of pixels that hold less than [`SMALL`] bytes: each costs the decoder as much as
/// thousands of bytes do.
fn small_parts(bytes: &[u8]) -> usize {
    let (mut at, mut count) = (SIGNATURE, 0);
    while let Some((length, behind)) = bytes.get(at..).and_then(|rest| rest.split_first_chunk::<4>()) {
        let length = u32::from_be_bytes(*length) as usize;
        count += usize::from(behind.starts_with(b"IDAT") && length < SMALL);
        at = at.saturating_add(length).saturating_add(CHUNK);
    }
    count
}

fn reader<R: BufRead + Seek>(file: R, most: u64) -> Result<Reader<R>, StudyError> {
    let mut decoder = Decoder::new_with_limits(file, Limits { bytes: most as usize });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND);
    let reader = decoder.read_info().map_err(|e| failure(&e))?;
    // The decoder takes the palette to be whole colours, 256 at most, and no fewer than have an
    // opacity.
    let info = reader.info();
    let opacities = info.trns.as_deref().map_or(0, <[u8]>::len);
    let whole = |palette: &[u8]| {
        let colours = palette.len() / 3;
        palette.len().is_multiple_of(3) && (1..=256).contains(&colours) && opacities <= colours
    };
    if info.color_type == ColorType::Indexed && !info.palette.as_deref().is_some_and(whole) {
        return Err(StudyError::Decode("its palette does not consist of whole colours".into()));
    }
    Ok(reader)
}

/// Fills `data` row by row and yields what the file does not hold.
fn rows<R: BufRead + Seek>(
    reader: &mut Reader<R>,
    data: &mut [u8],
    bits_per_pixel: usize,
) -> Result<Option<Missing>, StudyError> {
    let (width, height) = reader.info().size();
    let stride = width as usize * bits_per_pixel / 8;
    let interlaced = reader.info().interlaced;
    // Rows of a plain image, or of all seven passes of an interlaced one.
    let mut done = 0;
    let ended = loop {
        match reader.next_interlaced_row() {
            Ok(None) => return Ok(None),
            Ok(Some(row)) => match row.interlace() {
                InterlaceInfo::Null(_) => {
                    let place =
                        data.get_mut(done * stride..(done + 1) * stride).filter(|p| p.len() == row.data().len());
                    let Some(place) = place else { break None };
                    place.copy_from_slice(row.data());
                }
                InterlaceInfo::Adam7(pass) => {
                    png::expand_interlaced_row(data, stride, row.data(), pass, bits_per_pixel as u8);
                }
            },
            Err(error) => break Some(error),
        }
        done += 1;
    };
    let first_pass = height.div_ceil(8) as usize;
    let all = if interlaced { interlaced_rows(width, height) } else { height as usize };
    match ended {
        // What is missing is no row: a check sum, or the end mark.
        _ if done >= all => Ok(None),
        Some(error) if done == 0 => Err(failure(&error)),
        // The first pass gives every eighth pixel of every eighth row.
        _ if interlaced && done >= first_pass => Ok(Some(Missing::Detail)),
        _ if interlaced => Ok(Some(Missing::Rows { from: 8 * done })),
        _ => Ok(Some(Missing::Rows { from: done })),
    }
}

/// Rows of all seven passes (PNG specification section 8.2).
fn interlaced_rows(width: u32, height: u32) -> usize {
    // First column and row of a pass, and the steps between its columns and rows.
    const PASSES: [[u32; 4]; 7] =
        [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
    let rows = |[x, y, _, step]: [u32; 4]| if width > x { height.saturating_sub(y).div_ceil(step) } else { 0 };
    PASSES.into_iter().map(rows).sum::<u32>() as usize
}

fn picture(width: u32, height: u32, color: ColorType, depth: BitDepth, data: Vec<u8>) -> Option<DynamicImage> {
    let words = |data: &[u8]| data.chunks_exact(2).map(|w| u16::from_be_bytes([w[0], w[1]])).collect();
    Some(match (color, depth) {
        (ColorType::Grayscale, BitDepth::Eight) => GrayImage::from_raw(width, height, data)?.into(),
        (ColorType::GrayscaleAlpha, BitDepth::Eight) => GrayAlphaImage::from_raw(width, height, data)?.into(),
        (ColorType::Rgb, BitDepth::Eight) => RgbImage::from_raw(width, height, data)?.into(),
        (ColorType::Rgba, BitDepth::Eight) => RgbaImage::from_raw(width, height, data)?.into(),
        (ColorType::Grayscale, BitDepth::Sixteen) => {
            DynamicImage::ImageLuma16(ImageBuffer::from_raw(width, height, words(&data))?)
        }
        (ColorType::GrayscaleAlpha, BitDepth::Sixteen) => {
            DynamicImage::ImageLumaA16(ImageBuffer::from_raw(width, height, words(&data))?)
        }
        (ColorType::Rgb, BitDepth::Sixteen) => {
            DynamicImage::ImageRgb16(ImageBuffer::from_raw(width, height, words(&data))?)
        }
        (ColorType::Rgba, BitDepth::Sixteen) => {
            DynamicImage::ImageRgba16(ImageBuffer::from_raw(width, height, words(&data))?)
        }
        _ => return None,
    })
}

fn failure(error: &DecodingError) -> StudyError {
    match error {
        DecodingError::LimitsExceeded => StudyError::TooLarge("decoding it takes more memory than is allowed".into()),
        DecodingError::IoError(reason) => StudyError::Truncated(reason.to_string()),
        other => StudyError::Decode(other.to_string()),
    }
}
