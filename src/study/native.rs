//! Uncompressed frames (PS3.5 section 8): where they begin, in which order of bytes, and in which
//! of the shapes that their length tells.

use dicom_core::VR;

use super::StudyError;
use super::codec::frame_bytes::FrameBytes;
use super::dicom::Dicom;
use super::guard::PixelLayout;
use super::packed_cells;

/// Where native pixel data lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Native {
    pub offset: u64,
    pub length: u64,
    /// Less than `length` in a file that ends early.
    pub available: u64,
    pub big_endian: bool,
    pub vr: VR,
}

/// A layout that agrees with the length of the pixel data, and what of the file's words it
/// contradicts.
pub(super) struct Shape {
    layout: PixelLayout,
    warning: Option<String>,
}

/// The shape of pixel data that is `length` bytes long.
///
/// 4:2:2 and 4:4:4 colours differ by a third, packed and unpacked samples by more than that, so the
/// length tells which of them is there where the label does not fit. A byte more fills up to an
/// even length.
pub(super) fn shape(layout: &PixelLayout, length: u64) -> Shape {
    let frames = u64::from(layout.frames);
    let pixels = layout.pixels() as u64 * frames;
    let fills = |bits: u64| (bits.div_ceil(8)..=bits.div_ceil(8).next_multiple_of(2)).contains(&length);
    let bits = layout.bits_allocated as u64;
    if layout.subsampled && fills(3 * pixels * bits) {
        let warning = format!(
            "The file says {}, but the length of its pixel data is that of colours of every pixel (4:4:4); it was \
             read as that.",
            layout.photometric
        );
        return Shape { layout: PixelLayout { subsampled: false, ..layout.clone() }, warning: Some(warning) };
    }
    if layout.samples == 3
        && !layout.subsampled
        && layout.photometric.starts_with("YBR_")
        && fills(2 * pixels * bits)
        && !fills(3 * pixels * bits)
    {
        let warning = format!(
            "The file says {}, but the length of its pixel data is that of colours shared by two pixels (4:2:2); it \
             was read as that.",
            layout.photometric
        );
        return Shape { layout: PixelLayout { subsampled: true, ..layout.clone() }, warning: Some(warning) };
    }
    let word = packed_cells::word_bytes(layout.bits_allocated);
    let samples = pixels * layout.samples as u64;
    if word * 8 != layout.bits_allocated && fills(samples * 8 * word as u64) && !fills(samples * bits) {
        let warning = format!(
            "The file says {bits} bits allocated, but the length of its pixel data is that of {}; it was read as that.",
            8 * word
        );
        return Shape { layout: PixelLayout { bits_allocated: 8 * word, ..layout.clone() }, warning: Some(warning) };
    }
    Shape { layout: layout.clone(), warning: None }
}

/// Bytes that a native frame has in the largest of its shapes.
pub(super) fn most_frame_bytes(layout: &PixelLayout) -> u64 {
    (layout.pixels() * layout.samples * packed_cells::word_bytes(layout.bits_allocated)) as u64
}

/// The frame that begins at bit `first` of little-endian bytes.
pub(super) fn frame(bytes: Vec<u8>, first: usize, shape: Shape) -> Result<FrameBytes, StudyError> {
    let Shape { layout, warning } = shape;
    let mut frame = if matches!(layout.bits_allocated, 8 | 16 | 32 | 64) {
        FrameBytes::native(bytes, &layout)?
    } else {
        packed_cells::frame(&bytes, first, &layout)?
    };
    frame.warnings.extend(warning);
    Ok(frame)
}

/// Frame `index` of native pixel data.
pub(super) fn read(dicom: &Dicom, layout: &PixelLayout, index: u32, place: &Native) -> Result<FrameBytes, StudyError> {
    let shape = shape(layout, place.length);
    let allocated = shape.layout.bits_allocated;
    let bits = shape.layout.frame_bits();
    // Frames of single bits follow each other without gaps.
    let first_bit = u64::from(index) * bits;
    let (begin, end) = (first_bit / 8, (first_bit + bits).div_ceil(8));
    let there = end.min(place.available).saturating_sub(begin);
    if there == 0 {
        let whole = (u64::from(layout.frames) * bits).div_ceil(8);
        return Err(StudyError::Truncated(if place.available < place.length {
            format!("the pixel data ends after {} of {} bytes", place.available, place.length)
        } else {
            format!("the pixel data holds {} bytes, where the image needs {whole}", place.length)
        }));
    }
    // Big endian swaps words: of samples, or of pairs of 8-bit and packed samples where the VR is
    // OW (PS3.5 section 8.1.1).
    let whole_bytes = allocated.is_multiple_of(8);
    let bytes = if !place.big_endian {
        dicom.bytes_at(place.offset + begin, there)?
    } else if whole_bytes && allocated > 8 {
        let mut bytes = dicom.bytes_at(place.offset + begin, there)?;
        bytes.chunks_exact_mut(allocated / 8).for_each(<[u8]>::reverse);
        bytes
    } else if place.vr == VR::OW {
        swapped_pairs(dicom, place, begin, begin + there)?
    } else {
        dicom.bytes_at(place.offset + begin, there)?
    };
    frame(bytes, (first_bit % 8) as usize, shape)
}

/// Bytes `begin..end` of samples in big-endian words; a frame may begin in the middle of a word.
fn swapped_pairs(dicom: &Dicom, place: &Native, begin: u64, end: u64) -> Result<Vec<u8>, StudyError> {
    let (low, high) = (begin & !1, (end + 1) & !1);
    let mut bytes = dicom.bytes_at(place.offset + low, high.min(place.available) - low)?;
    bytes.chunks_exact_mut(2).for_each(<[u8]>::reverse);
    let skip = (begin - low) as usize;
    Ok(bytes.get(skip..skip + (end - begin) as usize).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::guard::tests::grey_layout;

    fn colours(photometric: &str) -> PixelLayout {
        PixelLayout {
            samples: 3,
            photometric: photometric.into(),
            subsampled: photometric.ends_with("422"),
            ..grey_layout(4, 3, 8)
        }
    }

    #[test]
    fn the_length_tells_shared_colours_from_colours_of_every_pixel() {
        let is_shared = |photometric, length| {
            let shape = shape(&colours(photometric), length);
            (shape.layout.subsampled, shape.warning.is_some())
        };
        assert_eq!(is_shared("YBR_FULL_422", 24), (true, false));
        assert_eq!(is_shared("YBR_FULL_422", 36), (false, true));
        assert_eq!(is_shared("YBR_FULL", 36), (false, false));
        assert_eq!(is_shared("YBR_FULL", 24), (true, true));
        assert_eq!(is_shared("RGB", 24), (false, false), "RGB has no shared colours: it ends early");
        assert_eq!(is_shared("YBR_FULL_422", 30), (true, false), "neither");
    }

    #[test]
    fn the_length_tells_packed_samples_from_words() {
        let allocated = |bits, length| shape(&grey_layout(4, 3, bits), length).layout.bits_allocated;
        assert_eq!(allocated(12, 18), 12);
        assert_eq!(allocated(12, 24), 16);
        assert_eq!(allocated(1, 2), 1);
        assert_eq!(allocated(1, 12), 8);
        assert_eq!(allocated(16, 12), 16, "cut short");
    }
}
