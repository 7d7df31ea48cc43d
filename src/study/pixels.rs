//! Pixel data to stored values to modality values, one frame at a time (PS3.3 C.7.6.3, PS3.5
//! section 8, annex A.4).

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use crate::imaging::{Missing, Modality, Plane};

use super::dataset::{Value, words};
use super::dicom::{Dicom, EXPLICIT_VR_BIG_ENDIAN, is_known_syntax};
use super::guard::PixelLayout;
use super::{StudyError, codec};
use crate::study::codec::frame_bytes::FrameBytes;

/// The samples of frame `index` (from 0).
pub(super) fn frame_bytes(dicom: &Dicom, layout: &PixelLayout, index: u32) -> Result<FrameBytes, StudyError> {
    let Some(element) = dicom.dataset.get(tags::PIXEL_DATA) else {
        return Err(StudyError::NoPixels(dicom.kind()));
    };
    match &element.value {
        Value::Fragments { items } => {
            let stream = encoded_frame(dicom, items, layout.frames, index)?;
            codec::decode(stream, &dicom.transfer_syntax, layout)
        }
        Value::Stored { offset, length, available } => {
            if is_encapsulated(&dicom.transfer_syntax) {
                return Err(StudyError::Malformed(
                    "its pixel data is not encapsulated, as its transfer syntax says".into(),
                ));
            }
            let place = Native { offset: *offset, length: *length, available: *available };
            native_frame(dicom, layout, index, &place, element.big_endian, element.vr)
        }
        Value::Bytes(_) | Value::Items(_) => Err(StudyError::Malformed("its pixel data is no pixel data".into())),
    }
}

fn is_encapsulated(syntax: &str) -> bool {
    !matches!(
        syntax,
        uids::IMPLICIT_VR_LITTLE_ENDIAN
            | uids::EXPLICIT_VR_LITTLE_ENDIAN
            | EXPLICIT_VR_BIG_ENDIAN
            | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    ) && is_known_syntax(syntax)
}

struct Native {
    offset: u64,
    length: u64,
    available: u64,
}

fn native_frame(
    dicom: &Dicom,
    layout: &PixelLayout,
    index: u32,
    place: &Native,
    big_endian: bool,
    vr: VR,
) -> Result<FrameBytes, StudyError> {
    let bits = layout.frame_bits();
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
    let mut bytes = dicom.bytes_at(place.offset + begin, there)?;
    if layout.bits_allocated == 1 {
        let skip = (first_bit % 8) as usize;
        let bit = |i: usize| bytes[(skip + i) / 8] >> ((skip + i) % 8) & 1;
        let held = (8 * bytes.len() - skip).min(layout.pixels());
        let mut samples: Vec<u8> = (0..held).map(bit).collect();
        samples.resize(layout.pixels(), 0);
        let missing = (held < layout.pixels()).then_some(Missing::Rows { from: held / layout.columns });
        return Ok(FrameBytes {
            bytes: samples,
            sample_bytes: 1,
            planar: false,
            is_rgb: false,
            subsampled: false,
            missing,
        });
    }
    let sample_bytes = layout.bits_allocated / 8;
    if big_endian {
        // Big endian swaps words: of samples, or of pairs of 8-bit samples where the VR is OW
        // (PS3.5 section 8.1.1).
        let word = if sample_bytes == 1 && vr == VR::OW { 2 } else { sample_bytes };
        if sample_bytes == 1 && word == 2 {
            bytes = swapped_pairs(dicom, place, begin, begin + there)?;
        } else {
            bytes.chunks_exact_mut(word).for_each(<[u8]>::reverse);
        }
    }
    Ok(FrameBytes::native(bytes, layout))
}

/// Bytes `begin..end` of 8-bit samples in big-endian words; a frame may begin in the middle of a
/// word.
fn swapped_pairs(dicom: &Dicom, place: &Native, begin: u64, end: u64) -> Result<Vec<u8>, StudyError> {
    let (low, high) = (begin & !1, (end + 1) & !1);
    let mut bytes = dicom.bytes_at(place.offset + low, high.min(place.available) - low)?;
    bytes.chunks_exact_mut(2).for_each(<[u8]>::reverse);
    let skip = (begin - low) as usize;
    Ok(bytes[skip..skip + (end - begin) as usize].to_vec())
}

/// The fragments of one frame, joined (PS3.5 A.4): by count, by the offset tables, or by the marks
/// of the codec.
fn encoded_frame(dicom: &Dicom, items: &[(u64, u64)], frames: u32, index: u32) -> Result<Vec<u8>, StudyError> {
    let Some(((table_at, table_length), fragments)) = items.split_first() else {
        return Err(StudyError::Truncated("the pixel data has no fragments".into()));
    };
    let frames = frames as usize;
    let range = if frames == 1 {
        0..fragments.len()
    } else if fragments.len() == frames {
        index as usize..index as usize + 1
    } else {
        let basic: Vec<u64> = if *table_length > 0 {
            let table = dicom.bytes_at(*table_at, *table_length)?;
            words(&table, false).map(|w| u64::from(u32::from_le_bytes(w))).collect()
        } else {
            let extended = dicom.dataset.raw(tags::EXTENDED_OFFSET_TABLE).unwrap_or_default();
            words(extended, false).map(u64::from_le_bytes).collect()
        };
        let by_table: Vec<usize> = if basic.len() == frames {
            // Offsets count from the first byte behind the table, item headers of eight bytes
            // included.
            let origin = table_at + table_length;
            let start = |o: &u64| fragments.iter().position(|(at, _)| at - 8 == origin + o);
            basic.iter().map_while(start).collect()
        } else {
            Vec::new()
        };
        let starts = if by_table.len() == frames {
            by_table
        } else {
            // The table is wrong, or the file ends early.
            let by_marks = frame_starts(dicom, fragments)?;
            if by_marks.len() > by_table.len() { by_marks } else { by_table }
        };
        let (Some(&begin), true) = (starts.get(index as usize), starts.is_sorted()) else {
            return Err(StudyError::Truncated(format!(
                "{} fragments of pixel data make {} of {frames} frames",
                fragments.len(),
                starts.len()
            )));
        };
        begin..starts.get(index as usize + 1).copied().unwrap_or(fragments.len())
    };
    let mut stream = Vec::new();
    for (at, length) in &fragments[range] {
        stream.extend(dicom.bytes_at(*at, *length)?);
    }
    Ok(stream)
}

/// The fragments that begin with the start mark of a JPEG or JPEG 2000 stream.
fn frame_starts(dicom: &Dicom, fragments: &[(u64, u64)]) -> Result<Vec<usize>, StudyError> {
    let mut starts = Vec::new();
    for (i, (at, length)) in fragments.iter().enumerate() {
        let mark = dicom.bytes_at(*at, (*length).min(3))?;
        if mark == [0xFF, 0xD8, 0xFF] || mark == [0xFF, 0x4F, 0xFF] {
            starts.push(i);
        }
    }
    Ok(starts)
}

/// Stored values out of raw words: bits above High Bit masked, sign extended from Bits Stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredBits {
    shift: u32,
    bits: u32,
    signed: bool,
}

impl StoredBits {
    pub(super) fn of(layout: &PixelLayout) -> Self {
        Self { shift: layout.high_bit + 1 - layout.bits_stored, bits: layout.bits_stored, signed: layout.signed }
    }

    pub(super) fn value(self, raw: u32) -> i64 {
        let value = i64::from(raw >> self.shift) & ((1_i64 << self.bits) - 1);
        let negative = self.signed && value >> (self.bits - 1) & 1 == 1;
        if negative { value - (1_i64 << self.bits) } else { value }
    }

    /// Lowest and highest stored value.
    pub(super) fn range(self) -> (i64, i64) {
        if self.signed {
            let half = 1_i64 << (self.bits - 1);
            (-half, half - 1)
        } else {
            (0, (1_i64 << self.bits) - 1)
        }
    }
}

/// Raw words of a frame with one sample a pixel.
pub(super) fn raw_words(frame: &FrameBytes) -> Box<dyn Iterator<Item = u32> + '_> {
    match frame.sample_bytes {
        1 => Box::new(frame.bytes.iter().map(|b| u32::from(*b))),
        2 => Box::new(words(&frame.bytes, false).map(|w| u32::from(u16::from_le_bytes(w)))),
        _ => Box::new(words(&frame.bytes, false).map(u32::from_le_bytes)),
    }
}

/// The plane of modality values of a grey frame.
pub(super) fn grey_plane(frame: &FrameBytes, layout: &PixelLayout, modality: &Modality) -> Plane {
    let bits = StoredBits::of(layout);
    let values = if frame.sample_bytes <= 2 {
        // One look-up does masking, sign and modality transform.
        let table: Vec<f32> =
            (0..1_u32 << (8 * frame.sample_bytes)).map(|raw| modality.apply(bits.value(raw))).collect();
        match frame.sample_bytes {
            1 => frame.bytes.iter().map(|b| table[usize::from(*b)]).collect(),
            _ => words(&frame.bytes, false).map(|w| table[usize::from(u16::from_le_bytes(w))]).collect(),
        }
    } else {
        raw_words(frame).map(|raw| modality.apply(bits.value(raw))).collect()
    };
    Plane { width: layout.columns, height: layout.rows, values }
}

/// The plane of a frame in Float Pixel Data or Double Float Pixel Data; `None` if the object has
/// neither.
pub(super) fn float_plane(
    dicom: &Dicom,
    layout: &PixelLayout,
    index: u32,
    modality: &Modality,
) -> Option<Result<(Plane, Option<Missing>), StudyError>> {
    let (element, double) = match dicom.dataset.get(tags::FLOAT_PIXEL_DATA) {
        Some(element) => (element, false),
        None => (dicom.dataset.get(tags::DOUBLE_FLOAT_PIXEL_DATA)?, true),
    };
    let Value::Stored { offset, length, available } = element.value else { return None };
    let layout = PixelLayout { bits_allocated: if double { 64 } else { 32 }, ..layout.clone() };
    let place = Native { offset, length, available };
    Some(native_frame(dicom, &layout, index, &place, element.big_endian, element.vr).map(|frame| {
        let values = if double {
            words(&frame.bytes, false).map(|w| modality.apply_float(f64::from_le_bytes(w))).collect()
        } else {
            words(&frame.bytes, false).map(|w| modality.apply_float(f64::from(f32::from_le_bytes(w)))).collect()
        };
        (Plane { width: layout.columns, height: layout.rows, values }, frame.missing)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(stored: u32, high: u32, signed: bool) -> StoredBits {
        StoredBits { shift: high + 1 - stored, bits: stored, signed }
    }

    #[test]
    fn bits_above_the_high_bit_are_overlays_and_are_masked() {
        assert_eq!(bits(12, 11, false).value(0xF123), 0x123);
        assert_eq!(bits(10, 11, false).value(0xF00C), 3);
    }

    #[test]
    fn the_sign_extends_from_bits_stored() {
        assert_eq!(bits(12, 11, true).value(0x0FFF), -1);
        assert_eq!(bits(12, 11, true).value(0x07FF), 2047);
        assert_eq!(bits(12, 11, true).value(0xF800), -2048);
        assert_eq!(bits(16, 15, true).value(0x8000), -32_768);
        assert_eq!(bits(32, 31, true).value(u32::MAX), -1);
        assert_eq!(bits(32, 31, false).value(u32::MAX), i64::from(u32::MAX));
    }

    #[test]
    fn the_range_is_that_of_the_stored_bits() {
        assert_eq!(bits(15, 14, false).range(), (0, 32_767));
        assert_eq!(bits(12, 11, true).range(), (-2048, 2047));
        assert_eq!(bits(1, 0, false).range(), (0, 1));
    }
}
