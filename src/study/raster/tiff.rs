//! TIFF part by part (strips or tiles), so that a file that ends early gives the rows that it has.
//!
//! Where every part lies and how long it is stands in the directory: a part that reaches beyond the
//! end of the file is not all there, whatever a decoder makes of it. Whole files of whole numbers
//! are decoded by the `image` crate; what is read here itself are files that end early, and greys
//! in floating point, which that crate refuses.

use std::io::{Cursor, Read, Seek};

use image::{DynamicImage, GrayImage, ImageBuffer, ImageFormat, RgbImage, RgbaImage};
use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::{Decoded, Shape};
use crate::imaging::{Missing, Plane};
use crate::limits;
use crate::study::room::{collected, resized, room};
use crate::study::{StudyError, guard};

/// How many times over the parts of a file may hold its bytes.
const MOST_SHARED: u64 = 8;

/// Bytes of a pixel at most: four samples of 64 bits.
const MOST_PIXEL_BYTES: u64 = 32;

/// Pixels of a TIFF.
pub(in crate::study) enum Pixels {
    Picture(Decoded),
    /// Greys in floating point, with what is missing.
    Floats(Plane, Option<Missing>),
}

/// The shape by the directory.
pub(super) fn shape(file: impl Read + Seek) -> Result<Shape, StudyError> {
    let mut file = reader(file)?;
    let (columns, rows) = file.dimensions().map_err(|e| failure(&e))?;
    // What has more is refused by whoever decodes it.
    let components = file.colortype().map_or(4, |color| usize::from(color.num_samples()).min(4));
    Ok(Shape { columns, rows, components })
}

/// Decodes the first image of the file, or what there is of it.
pub(in crate::study) fn decode(bytes: &[u8]) -> Result<Pixels, StudyError> {
    let mut file = reader(Cursor::new(bytes))?;
    let (width, height) = file.dimensions().map_err(|e| failure(&e))?;
    guard::picture_size(width, height)?;
    let color = file.colortype().map_err(|e| failure(&e))?;
    let parts = Parts::of(&mut file, bytes.len() as u64).map_err(|e| failure(&e))?;
    let is_float = matches!(color, ColorType::Gray(32 | 64)) && holds_floats(&mut file);
    if !is_float && parts.all_there() {
        let picture = super::decoded_by_image(bytes, ImageFormat::Tiff)?;
        return Ok(Pixels::Picture(Decoded {
            picture,
            one_bit: color == ColorType::Gray(1),
            missing: None,
            highest: None,
        }));
    }
    let samples = match color {
        ColorType::Gray(_) => 1,
        ColorType::RGB(8 | 16) if !parts.planar => 3,
        ColorType::RGBA(8 | 16) if !parts.planar => 4,
        other => {
            let kind = format!("a TIFF that ends early, in {other:?}, of which no part can be shown");
            return Err(StudyError::UnsupportedPixels(kind));
        }
    };
    // Zeros stand for what is missing, so that the rows of a part that is cut can be read where it
    // is not packed.
    let unpacked = file.find_tag_unsigned::<u16>(Tag::Compression).ok().flatten().is_none_or(|c| c == 1);
    let end = if unpacked { parts.end } else { bytes.len() as u64 };
    if end > bytes.len() as u64 + limits::DECODED_BYTES {
        return Err(StudyError::TooLarge("decoding it takes more memory than is allowed".into()));
    }
    let end = end as usize;
    let mut padded = room(end)?;
    padded.extend_from_slice(bytes.get(..end).unwrap_or(bytes));
    let padded = resized(padded, end)?;
    drop(file);
    let mut file = reader(Cursor::new(padded.as_slice()))?;
    let (values, rows) = parts.read(&mut file, unpacked, (width as usize, height as usize), samples)?;
    let missing = (rows < height as usize).then_some(Missing::Rows { from: rows });
    match values {
        Values::Floats(values) => {
            Ok(Pixels::Floats(Plane { width: width as usize, height: height as usize, values }, missing))
        }
        values => {
            let picture = values.picture(width, height, samples);
            let picture = picture.ok_or_else(|| StudyError::UnsupportedPixels(format!("{color:?}")))?;
            Ok(Pixels::Picture(Decoded { picture, one_bit: false, missing, highest: None }))
        }
    }
}

type File<'a> = Decoder<Cursor<&'a [u8]>>;

fn reader<R: Read + Seek>(file: R) -> Result<Decoder<R>, StudyError> {
    let mut budget = Limits::default();
    budget.decoding_buffer_size = limits::DECODED_BYTES as usize;
    budget.intermediate_buffer_size = limits::DECODED_BYTES as usize;
    Ok(Decoder::new(file).map_err(|e| failure(&e))?.with_limits(budget))
}

fn holds_floats(file: &mut File<'_>) -> bool {
    let formats = file.find_tag_unsigned_vec::<u16>(Tag::SampleFormat).ok().flatten();
    // 3 is IEEE floating point (TIFF 6.0 section 19).
    formats.is_some_and(|formats| formats.iter().all(|f| *f == 3))
}

/// Where the strips or tiles of the image lie.
struct Parts {
    /// Offset and length of each.
    places: Vec<(u64, u64)>,
    /// Length of the file.
    length: u64,
    /// Where the last one ends.
    end: u64,
    /// Strips or tiles beside each other.
    across: usize,
    /// Rows of each.
    height: usize,
    /// Each sample has parts of its own.
    planar: bool,
}

impl Parts {
    fn of(file: &mut File<'_>, length: u64) -> Result<Self, TiffError> {
        let (offsets, counts) = match file.get_chunk_type() {
            ChunkType::Strip => (Tag::StripOffsets, Tag::StripByteCounts),
            ChunkType::Tile => (Tag::TileOffsets, Tag::TileByteCounts),
        };
        let offsets = file.get_tag_u64_vec(offsets)?;
        let counts = file.get_tag_u64_vec(counts)?;
        let places: Vec<(u64, u64)> = offsets.into_iter().zip(counts).collect();
        // Where parts share their bytes, little data is unpacked again and again.
        let there = places.iter().filter(|(at, count)| at.saturating_add(*count) <= length);
        if there.fold(0_u64, |sum, (_, count)| sum.saturating_add(*count)) > length.saturating_mul(MOST_SHARED) {
            return Err(TiffError::LimitsExceeded);
        }
        let (width, _) = file.dimensions()?;
        let (part_width, part_height) = file.chunk_dimensions();
        // No part needs more than its pixels take at most, whatever it says.
        let pixels = u64::from(part_width).saturating_mul(part_height.into());
        let most = pixels.saturating_mul(MOST_PIXEL_BYTES);
        let begun = places.iter().filter(|(at, _)| *at < length);
        let end = begun.map(|(at, count)| at.saturating_add((*count).min(most))).max().unwrap_or(0).max(length);
        let planar = file.find_tag_unsigned::<u16>(Tag::PlanarConfiguration)?.is_some_and(|p| p == 2);
        let across = width.div_ceil(part_width.max(1)).max(1) as usize;
        Ok(Self { places, length, end, across, height: part_height as usize, planar })
    }

    fn is_there(&self, (at, count): (u64, u64)) -> bool {
        at.checked_add(count).is_some_and(|end| end <= self.length)
    }

    fn all_there(&self) -> bool {
        self.places.iter().all(|place| self.is_there(*place))
    }

    /// Reads part after part until one is not there, and yields the values with the number of rows
    /// that are.
    fn read(
        &self,
        file: &mut File<'_>,
        unpacked: bool,
        (width, height): (usize, usize),
        samples: usize,
    ) -> Result<(Values, usize), StudyError> {
        let mut all: Option<Values> = None;
        let mut rows = height;
        for (number, &place) in self.places.iter().enumerate() {
            let (left, top) = (number % self.across, number / self.across * self.height);
            if top >= height {
                break;
            }
            let (part_width, part_height) = file.chunk_data_dimensions(number as u32);
            let whole = self.is_there(place);
            if !whole {
                // Of a packed part nothing is known, of the others the rows that the file holds.
                let held = self.length.saturating_sub(place.0);
                let held = if unpacked { held * u64::from(part_height) / place.1.max(1) } else { 0 };
                rows = rows.min(top + held as usize);
            }
            if whole || unpacked {
                match file.read_chunk(number as u32) {
                    Ok(part) => {
                        let part = Values::of(part)?;
                        if self.places.len() == 1 && part.len() == width * height * samples {
                            return Ok((part, rows));
                        }
                        if all.is_none() {
                            all = Some(part.like(width * height * samples)?);
                        }
                        let Some(all) = &mut all else { break };
                        let (x, row) =
                            (left * file.chunk_dimensions().0 as usize * samples, part_width as usize * samples);
                        all.place(&part, (x, top), row, width * samples);
                    }
                    Err(error) if rows == 0 || number == 0 => return Err(failure(&error)),
                    Err(_) => rows = rows.min(top),
                }
            }
            if rows <= top {
                break;
            }
        }
        let ended = || StudyError::Truncated("it ends before the first row of its pixels does".into());
        Ok((all.ok_or_else(ended)?, rows))
    }
}

/// Samples of an image or of a part of one.
enum Values {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
    Floats(Vec<f32>),
}

impl Values {
    fn of(part: DecodingResult) -> Result<Self, StudyError> {
        Ok(match part {
            DecodingResult::U8(values) => Self::Bytes(values),
            DecodingResult::U16(values) => Self::Words(values),
            DecodingResult::F32(values) => Self::Floats(values),
            DecodingResult::F64(values) => Self::Floats(values.into_iter().map(|v| v as f32).collect()),
            _ => return Err(StudyError::UnsupportedPixels("a TIFF with samples of this kind".into())),
        })
    }

    /// So many zeros of the same kind.
    fn like(&self, length: usize) -> Result<Self, StudyError> {
        Ok(match self {
            Self::Bytes(_) => Self::Bytes(collected(length, std::iter::repeat(0))?),
            Self::Words(_) => Self::Words(collected(length, std::iter::repeat(0))?),
            Self::Floats(_) => Self::Floats(collected(length, std::iter::repeat(0.0))?),
        })
    }

    fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Words(values) => values.len(),
            Self::Floats(values) => values.len(),
        }
    }

    /// Puts a part with rows of `row` samples at column `x` and row `y` of an image with rows of
    /// `stride` samples.
    fn place(&mut self, part: &Self, (x, y): (usize, usize), row: usize, stride: usize) {
        fn copy<T: Copy>(all: &mut [T], part: &[T], x: usize, row: usize, stride: usize) {
            for (line, values) in all.chunks_exact_mut(stride).zip(part.chunks_exact(row)) {
                if let Some(place) = line.get_mut(x..x + row) {
                    place.copy_from_slice(values);
                }
            }
        }
        let begin = y * stride;
        match (self, part) {
            (Self::Bytes(all), Self::Bytes(part)) => copy(&mut all[begin..], part, x, row, stride),
            (Self::Words(all), Self::Words(part)) => copy(&mut all[begin..], part, x, row, stride),
            (Self::Floats(all), Self::Floats(part)) => copy(&mut all[begin..], part, x, row, stride),
            _ => {}
        }
    }

    fn picture(self, width: u32, height: u32, samples: usize) -> Option<DynamicImage> {
        Some(match (self, samples) {
            (Self::Bytes(values), 1) => GrayImage::from_raw(width, height, values)?.into(),
            (Self::Bytes(values), 3) => RgbImage::from_raw(width, height, values)?.into(),
            (Self::Bytes(values), 4) => RgbaImage::from_raw(width, height, values)?.into(),
            (Self::Words(values), 1) => DynamicImage::ImageLuma16(ImageBuffer::from_raw(width, height, values)?),
            (Self::Words(values), 3) => DynamicImage::ImageRgb16(ImageBuffer::from_raw(width, height, values)?),
            (Self::Words(values), 4) => DynamicImage::ImageRgba16(ImageBuffer::from_raw(width, height, values)?),
            _ => return None,
        })
    }
}

fn failure(error: &TiffError) -> StudyError {
    match error {
        TiffError::LimitsExceeded => StudyError::TooLarge("decoding it takes more memory than is allowed".into()),
        TiffError::UnsupportedError(reason) => StudyError::UnsupportedPixels(reason.to_string()),
        TiffError::IoError(reason) => StudyError::Truncated(reason.to_string()),
        other => StudyError::Decode(other.to_string()),
    }
}
