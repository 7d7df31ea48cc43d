//! PNG, JPEG and TIFF: grey of 8 or 16 bits as it stands, colour as colour with its luma.
//!
//! A file that ends early gives what there is of its image, and what is missing is said. Decoders
//! that are not ours run in [`foreign`]; here, only headers are read by them.

pub(super) mod inks;
mod jpeg;
pub(super) mod png;
pub(super) mod tiff;
pub(super) mod words;

use std::io::{BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use sha2::{Digest, Sha256};

use crate::files::{Regular, open_regular, read_regular};
use crate::imaging::{Missing, PixelData, Plane, stats};
use crate::limits;

use super::color::luma;
use super::foreign::{self, Decoder};
use super::room::collected;
use super::shared_uid::SharedUid;
use super::stack_place::StackPlace;
use super::{DisplayAttributes, Frame, Identity, ImageEntry, Metadata, StudyError, guard};

/// Bytes that are hashed at once.
const HASHED_AT_ONCE: usize = 64 * 1024;

/// A decoded image.
pub(super) struct Decoded {
    picture: DynamicImage,
    /// Black and white only.
    one_bit: bool,
    missing: Option<Missing>,
    /// The highest grey value, where it is not that of 8 or 16 bits.
    highest: Option<f32>,
}

/// The raster format that the first bytes of a file show, if it is one that is opened.
pub(super) fn format_of(start: &[u8]) -> Option<ImageFormat> {
    // BigTIFF, for files beyond four gigabytes and those that might have become so.
    if start.starts_with(b"II\x2B\0") || start.starts_with(b"MM\0\x2B") {
        return Some(ImageFormat::Tiff);
    }
    match image::guess_format(start).ok()? {
        format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Tiff) => Some(format),
        _ => None,
    }
}

/// Lists a raster file: size from its header, identity from its content.
pub(super) fn entry(path: &Path, format: ImageFormat) -> Result<ImageEntry, StudyError> {
    entry_within(path, format, limits::FILE_BYTES)
}

/// The same of a file whose header is short.
pub(super) fn light_entry(path: &Path, format: ImageFormat) -> Result<ImageEntry, StudyError> {
    entry_within(path, format, limits::LIGHT_BYTES)
}

/// The same of a file whose header takes so many bytes at most.
fn entry_within(path: &Path, format: ImageFormat, most: u64) -> Result<ImageEntry, StudyError> {
    let Regular { file, length } = open_regular(path, limits::FILE_BYTES)?;
    guard::file_size(length, limits::FILE_BYTES)?;
    let (columns, rows) = match format {
        ImageFormat::Png => png::shape(BufReader::new(file), most)?.size(),
        ImageFormat::Tiff => tiff::shape(BufReader::new(file))?.size(),
        _ => {
            let mut start = Vec::new();
            file.take(most).read_to_end(&mut start)?;
            jpeg::size(&start)?
        }
    };
    guard::picture_size(columns, rows)?;
    let title = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let lossy = if format == ImageFormat::Jpeg { "JPEG".into() } else { String::new() };
    let transfer_syntax = format!("{format:?}").to_uppercase();
    Ok(ImageEntry {
        path: path.to_path_buf(),
        identity: Identity { sop_instance_uid: uid_of_content(path)?, ..Identity::default() },
        meta: Metadata { transfer_syntax, lossy, ..Metadata::default() },
        columns,
        rows,
        frames: 1,
        has_pixels: true,
        title,
        shared_uid: SharedUid::default(),
        place: StackPlace::default(),
    })
}

/// Decodes a raster file.
pub(super) fn load(entry: &Arc<ImageEntry>, format: ImageFormat) -> Result<Frame, StudyError> {
    let bytes = read(&entry.path)?;
    let pixels = match format {
        ImageFormat::Png => {
            let shape = png::shape(Cursor::new(&bytes), limits::FILE_BYTES)?;
            decoded_by_others(Decoder::Png, bytes, shape)?
        }
        ImageFormat::Tiff => {
            let shape = tiff::shape(Cursor::new(&bytes))?;
            decoded_by_others(Decoder::Tiff, bytes, shape)?
        }
        _ if jpeg::is_of_inks(&bytes)? => {
            let (columns, rows) = jpeg::size(&bytes)?;
            decoded_by_others(Decoder::JpegInks, bytes, Shape { columns, rows, components: 4 })?
        }
        _ => tiff::Pixels::Picture(jpeg::decode(&bytes)?),
    };
    match pixels {
        tiff::Pixels::Picture(decoded) => of_picture(entry, format, decoded),
        tiff::Pixels::Floats(plane, missing) => Ok(of_floats(entry, plane, missing)),
    }
}

/// What the header of a file says of its image.
#[derive(Clone, Copy)]
struct Shape {
    columns: u32,
    rows: u32,
    /// Samples of a pixel.
    components: usize,
}

impl Shape {
    fn size(self) -> (u32, u32) {
        (self.columns, self.rows)
    }
}

/// Has a decoder of others decode a file whose shape its header tells.
fn decoded_by_others(decoder: Decoder, bytes: Vec<u8>, shape: Shape) -> Result<tiff::Pixels, StudyError> {
    let Shape { columns, rows, components } = shape;
    guard::picture_size(columns, rows)?;
    let samples = u64::from(columns) * u64::from(rows) * components as u64;
    let decoded = foreign::decode(decoder, bytes, samples, None)?;
    if (decoded.columns, decoded.rows) != (columns as usize, rows as usize) {
        return Err(StudyError::Decode("its decoder made an image of another size".into()));
    }
    words::pixels(decoded)
}

/// Decodes by the `image` crate.
fn decoded_by_image(bytes: &[u8], format: ImageFormat) -> Result<DynamicImage, StudyError> {
    DynamicImage::from_decoder(decoder(bytes, format)?).map_err(|e| failure(&e))
}

/// Greys in floating point: their own range is the value range.
fn of_floats(entry: &Arc<ImageEntry>, plane: Plane, missing: Option<Missing>) -> Frame {
    let range = stats::statistics(&plane, None);
    let mut frame = frame(entry, plane, (range.min, range.max));
    frame.pixels.missing = missing;
    frame
}

fn frame(entry: &Arc<ImageEntry>, plane: Plane, value_range: (f32, f32)) -> Frame {
    Frame {
        entry: Arc::clone(entry),
        index: 0,
        pixels: PixelData::grey(plane, value_range),
        spacing: None,
        display: DisplayAttributes::default(),
        warnings: Vec::new(),
    }
}

fn of_picture(entry: &Arc<ImageEntry>, format: ImageFormat, decoded: Decoded) -> Result<Frame, StudyError> {
    let Decoded { picture, one_bit, missing, highest } = decoded;
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let sixteen = matches!(picture.color(), ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16);
    let mut warnings = Vec::new();
    if picture.color().has_alpha() {
        warnings.push("The transparency of the image is not used.".into());
    }
    if format == ImageFormat::Jpeg {
        warnings.push("JPEG is a lossy format: fine detail may be lost.".into());
    }
    let count = width * height;
    let (values, color, high): (Vec<f32>, _, f32) = match picture {
        DynamicImage::ImageLuma8(p) => (collected(count, p.iter().map(|v| f32::from(*v)))?, None, 255.0),
        DynamicImage::ImageLuma16(p) => (collected(count, p.iter().map(|v| f32::from(*v)))?, None, 65_535.0),
        DynamicImage::ImageLumaA8(p) => (collected(count, p.pixels().map(|v| f32::from(v.0[0])))?, None, 255.0),
        DynamicImage::ImageLumaA16(p) => (collected(count, p.pixels().map(|v| f32::from(v.0[0])))?, None, 65_535.0),
        colour => {
            // Each step gives up what it was made of: an image may be as large as memory allows.
            let (values, narrow): (Vec<f32>, _) = if sixteen {
                let wide = colour.into_rgb16();
                let grey = wide.pixels().all(|p| p.0[0] == p.0[1] && p.0[1] == p.0[2]);
                let values = collected(count, wide.pixels().map(|p| shade(p.0.map(f32::from))))?;
                (values, (!grey).then(|| DynamicImage::ImageRgb16(wide).into_rgb8()))
            } else if matches!(colour.color(), ColorType::Rgb32F | ColorType::Rgba32F) {
                return Err(StudyError::UnsupportedPixels("an image of floating-point colours".into()));
            } else {
                let narrow = colour.into_rgb8();
                let grey = narrow.pixels().all(|p| p.0[0] == p.0[1] && p.0[1] == p.0[2]);
                (collected(count, narrow.pixels().map(|p| shade(p.0.map(f32::from))))?, (!grey).then_some(narrow))
            };
            // Radiographs saved as colour with three equal channels are grey images.
            (values, narrow.map(Arc::new), if sixteen { 65_535.0 } else { 255.0 })
        }
    };
    if one_bit {
        warnings.push("The image is black and white only (1 bit).".into());
    }
    let plane = Plane { width, height, values };
    let mut frame = frame(entry, plane, (0.0, highest.unwrap_or(high)));
    (frame.pixels.color, frame.pixels.missing, frame.warnings) = (color, missing, warnings);
    Ok(frame)
}

/// Luma that leaves a grey pixel exactly as it is.
fn shade([r, g, b]: [f32; 3]) -> f32 {
    if r == g && g == b { r } else { luma(r, g, b) }
}

fn read(path: &Path) -> Result<Vec<u8>, StudyError> {
    let bytes = read_regular(path, limits::FILE_BYTES)?;
    guard::file_size(bytes.len() as u64, limits::FILE_BYTES)?;
    Ok(bytes)
}

fn decoder(bytes: &[u8], format: ImageFormat) -> Result<impl ImageDecoder + '_, StudyError> {
    let mut reader = ImageReader::with_format(BufReader::new(Cursor::new(bytes)), format);
    let mut budget = Limits::default();
    budget.max_alloc = Some(limits::DECODED_BYTES);
    reader.limits(budget);
    reader.into_decoder().map_err(|e| failure(&e))
}

fn failure(error: &image::ImageError) -> StudyError {
    match error {
        image::ImageError::Limits(_) => StudyError::TooLarge("decoding it takes more memory than is allowed".into()),
        image::ImageError::Unsupported(reason) => StudyError::UnsupportedPixels(reason.to_string()),
        image::ImageError::IoError(reason) => StudyError::Truncated(reason.to_string()),
        other => StudyError::Decode(other.to_string()),
    }
}

/// A UID made of a hash of a file's content, under the root for UUIDs (PS3.5 B.2): the same bytes,
/// the same identity.
pub(super) fn uid_of_content(path: &Path) -> Result<String, StudyError> {
    let mut hasher = Sha256::new();
    let file = open_regular(path, limits::FILE_BYTES)?.file;
    let read =
        std::io::copy(&mut BufReader::with_capacity(HASHED_AT_ONCE, file.take(limits::FILE_BYTES + 1)), &mut hasher)?;
    if read > limits::FILE_BYTES {
        return Err(StudyError::TooLarge(format!("the file is longer than {} bytes", limits::FILE_BYTES)));
    }
    let digest = hasher.finalize();
    let mut number = [0; 16];
    number.copy_from_slice(&digest[..16]);
    Ok(format!("2.25.{}", u128::from_be_bytes(number)))
}
