//! Clean Pixel Data (PS3.15 E.3.1): regions in which every pixel of every frame gets one value, in
//! the pixel data itself and not over it.
//!
//! The value is black: the lowest one that the frame holds, of MONOCHROME1 the highest, so that a
//! window chosen by the values stays. Native pixels are changed where they lie. Compressed ones are
//! decoded first and written uncompressed: a codec would smear the edge of a region, and what it
//! throws away it would throw away twice.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::error::DeidentifyError;
use super::options::Region;
use crate::limits;
use crate::study::codec::frame_bytes::FrameBytes;
use crate::study::dataset::{Dataset, Element, Value};
use crate::study::dicom::Dicom;
use crate::study::guard::PixelLayout;
use crate::study::pixels::{StoredBits, frame_bytes};
use crate::study::writer::element;
use crate::study::{StudyError, guard};

/// Blanks the regions. The data set then holds native little-endian pixels.
pub(super) fn blank(dataset: &mut Dataset, source: &Dicom, regions: &[Region]) -> Result<(), DeidentifyError> {
    let Some(pixels) = source.dataset.get(tags::PIXEL_DATA) else { return Err(DeidentifyError::FloatPixels) };
    let layout = PixelLayout::of(&source.dataset)?;
    if let Some(region) = regions.iter().find(|r| r.x >= layout.columns || r.y >= layout.rows) {
        let (columns, rows) = (layout.columns, layout.rows);
        return Err(DeidentifyError::RegionOutside { region: *region, columns, rows });
    }
    let frame_bits = guard_size(&layout)?;
    if layout.bits_allocated == 1 {
        return one_bit(dataset, source, &layout, regions);
    }
    let compressed = matches!(pixels.value, Value::Fragments { .. });
    let mut bytes = Vec::new();
    let mut shape = None;
    for index in 0..layout.frames {
        let mut frame = frame_bytes(source, &layout, index)?;
        if frame.missing.is_some() {
            return Err(StudyError::Truncated("its pixel data ends early".into()).into());
        }
        fill(&mut frame, &layout, regions);
        bytes.try_reserve(frame.bytes.len()).map_err(|_| too_large(frame_bits))?;
        bytes.append(&mut frame.bytes);
        shape = Some((frame.sample_bytes, frame.planar, frame.is_rgb, frame.subsampled));
    }
    if let Some((sample_bytes, planar, is_rgb, subsampled)) = shape.filter(|_| compressed) {
        describe(dataset, source, &layout, &Shape { sample_bytes, planar, is_rgb, subsampled });
    }
    let vr = if layout.bits_allocated > 8 { VR::OW } else { VR::OB };
    dataset.elements.insert(tags::PIXEL_DATA, element(vr, &bytes));
    Ok(())
}

fn too_large(bytes: u64) -> StudyError {
    StudyError::TooLarge(format!("uncompressed it takes {bytes} bytes"))
}

/// Refuses what does not fit in a file once it is uncompressed.
fn guard_size(layout: &PixelLayout) -> Result<u64, StudyError> {
    guard::picture_size(layout.columns as u32, layout.rows as u32)?;
    let bytes = (layout.frame_bits() / 8).saturating_mul(u64::from(layout.frames));
    if bytes > limits::FILE_BYTES { Err(too_large(bytes)) } else { Ok(bytes) }
}

/// What a decoder made of the pixels.
struct Shape {
    sample_bytes: usize,
    planar: bool,
    is_rgb: bool,
    subsampled: bool,
}

/// The Image Pixel Module of pixels that were decoded.
fn describe(dataset: &mut Dataset, source: &Dicom, layout: &PixelLayout, shape: &Shape) {
    let mut put = |tag, value: usize| {
        dataset.elements.insert(tag, element(VR::US, &(value as u16).to_le_bytes()));
    };
    let allocated = 8 * shape.sample_bytes;
    if allocated != layout.bits_allocated {
        let stored = allocated.min(layout.bits_stored as usize);
        put(tags::BITS_ALLOCATED, allocated);
        put(tags::BITS_STORED, stored);
        put(tags::HIGH_BIT, stored - 1);
    }
    if layout.samples == 3 {
        put(tags::PLANAR_CONFIGURATION, usize::from(shape.planar));
        let photometric = match layout.photometric.as_str() {
            _ if shape.is_rgb => "RGB",
            "YBR_FULL_422" if !shape.subsampled => "YBR_FULL",
            other => other,
        };
        dataset.elements.insert(tags::PHOTOMETRIC_INTERPRETATION, element(VR::CS, photometric.as_bytes()));
    }
    for table in [tags::EXTENDED_OFFSET_TABLE, tags::EXTENDED_OFFSET_TABLE_LENGTHS] {
        dataset.elements.remove(&table);
    }
    let lossy = [uids::JPEG_BASELINE8_BIT, uids::JPEG_EXTENDED12_BIT, uids::JPEGLS_NEAR_LOSSLESS];
    if lossy.contains(&source.transfer_syntax.as_str()) {
        dataset.elements.insert(tags::LOSSY_IMAGE_COMPRESSION, element(VR::CS, b"01"));
    }
}

/// Rows and columns of a region that lie in the image.
fn places(layout: &PixelLayout, region: &Region) -> impl Iterator<Item = usize> {
    let columns = region.x..region.x.saturating_add(region.width).min(layout.columns);
    let rows = region.y..region.y.saturating_add(region.height).min(layout.rows);
    let width = layout.columns;
    rows.flat_map(move |row| columns.clone().map(move |column| row * width + column))
}

/// Gives the pixels of the regions the value of black.
fn fill(frame: &mut FrameBytes, layout: &PixelLayout, regions: &[Region]) {
    let (size, pixels, samples) = (frame.sample_bytes, layout.pixels(), layout.samples);
    let black = black(frame, layout);
    let mut put = |sample: usize, value: &[u8]| {
        if let Some(place) = frame.bytes.get_mut(sample * size..(sample + 1) * size) {
            place.copy_from_slice(value);
        }
    };
    for pixel in regions.iter().flat_map(|region| places(layout, region)) {
        if frame.subsampled {
            // Y1 Y2 Cb Cr for two pixels (PS3.3 C.7.6.3.1.2).
            put(pixel / 2 * 4 + pixel % 2, &black[0]);
            put(pixel / 2 * 4 + 2, &black[1]);
            put(pixel / 2 * 4 + 3, &black[2]);
            continue;
        }
        for (sample, value) in black.iter().enumerate().take(samples) {
            put(if frame.planar { sample * pixels + pixel } else { pixel * samples + sample }, value);
        }
    }
}

/// The bytes of black, one entry a sample; bits beyond the stored ones, in which overlays may lie,
/// are zero.
fn black(frame: &FrameBytes, layout: &PixelLayout) -> Vec<Vec<u8>> {
    let size = frame.sample_bytes;
    let of = |raw: u64| raw.to_le_bytes()[..size.min(8)].to_vec();
    if layout.samples == 3 {
        let middle =
            if layout.photometric.starts_with("YBR") && !frame.is_rgb { 1 << (layout.bits_stored - 1) } else { 0 };
        return vec![of(0), of(middle), of(middle)];
    }
    let bits = StoredBits::of(layout);
    let raw = |chunk: &[u8]| chunk.iter().rev().fold(0_u64, |raw, byte| raw << 8 | u64::from(*byte));
    let values = frame.bytes.chunks_exact(size.max(1)).map(|chunk| bits.value(raw(chunk) as u32));
    let (low, high) = values.fold((i64::MAX, i64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    let value = if layout.photometric == "MONOCHROME1" { high } else { low };
    let mask = if layout.bits_stored >= 64 { u64::MAX } else { (1 << layout.bits_stored) - 1 };
    vec![of((value as u64 & mask) << (layout.high_bit + 1 - layout.bits_stored))]
}

/// Single bits follow each other over the ends of rows and frames.
fn one_bit(
    dataset: &mut Dataset,
    source: &Dicom,
    layout: &PixelLayout,
    regions: &[Region],
) -> Result<(), DeidentifyError> {
    let Some(Element { value: Value::Stored { offset, length, available }, vr, .. }) =
        source.dataset.get(tags::PIXEL_DATA)
    else {
        return Err(StudyError::UnsupportedPixels("compressed single bits".into()).into());
    };
    if available < length {
        return Err(StudyError::Truncated("its pixel data ends early".into()).into());
    }
    let mut bytes = source.bytes_at(*offset, *length)?;
    for frame in 0..layout.frames as usize {
        for pixel in regions.iter().flat_map(|region| places(layout, region)) {
            let bit = frame * layout.pixels() + pixel;
            if let Some(byte) = bytes.get_mut(bit / 8) {
                *byte &= !(1 << (bit % 8));
            }
        }
    }
    dataset.elements.insert(tags::PIXEL_DATA, element(*vr, &bytes));
    Ok(())
}
