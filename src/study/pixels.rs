//! Pixel data to frames, and grey frames to planes of modality values (PS3.3 C.7.6.3, PS3.5 section
//! 8, annex A.4).

use dicom_dictionary_std::tags;

use crate::imaging::{Missing, Modality, Plane};

use super::codec::frame_bytes::FrameBytes;
use super::codec::stream_kind::StreamKind;
use super::dataset::{Element, Value, words};
use super::dicom::{Dicom, GE_BIG_ENDIAN_PIXELS};
use super::guard::PixelLayout;
use super::native::{self, Native};
use super::room::collected;
use super::stored_bits::{StoredBits, raw_words};
use super::{StudyError, codec, fragments, overshoot};

/// The samples of frame `index` (from 0).
pub(super) fn frame_bytes(dicom: &Dicom, layout: &PixelLayout, index: u32) -> Result<FrameBytes, StudyError> {
    let Some(element) = dicom.dataset.get(tags::PIXEL_DATA) else {
        return Err(StudyError::NoPixels(dicom.kind()));
    };
    match &element.value {
        Value::Fragments { items } => {
            let stream = fragments::frame_stream(dicom, items, layout, index)?;
            let mut frame = codec::decode(stream, &dicom.transfer_syntax, layout)?;
            overshoot::settle(&mut frame, dicom, layout);
            Ok(frame)
        }
        Value::Stored { offset, length, available } => {
            let place = Native { offset: *offset, length: *length, available: *available, ..place(element) };
            let place =
                Native { big_endian: place.big_endian || dicom.transfer_syntax == GE_BIG_ENDIAN_PIXELS, ..place };
            if codec::is_encapsulated(&dicom.transfer_syntax) {
                return without_fragments(dicom, layout, index, &place);
            }
            native::read(dicom, layout, index, &place)
        }
        Value::Bytes(_) | Value::Items(_) => Err(StudyError::Malformed("its pixel data is no pixel data".into())),
    }
}

fn place(element: &Element) -> Native {
    Native { offset: 0, length: 0, available: 0, big_endian: element.big_endian, vr: element.vr }
}

/// Pixel data of a compressed transfer syntax that stands there like native one: it is, or it is
/// the stream of the only frame.
fn without_fragments(
    dicom: &Dicom,
    layout: &PixelLayout,
    index: u32,
    place: &Native,
) -> Result<FrameBytes, StudyError> {
    let syntax = &dicom.transfer_syntax;
    if layout.frames == 1 {
        let stream = dicom.bytes_at(place.offset, place.available)?;
        if StreamKind::of_stream(&stream, layout).is_some() {
            let mut frame = codec::decode(stream, syntax, layout)?;
            overshoot::settle(&mut frame, dicom, layout);
            frame.warnings.push("The compressed pixel data of the file is not in fragments, as it should be.".into());
            return Ok(frame);
        }
    }
    let whole = (u64::from(layout.frames) * layout.frame_bits()).div_ceil(8);
    if place.length < whole {
        return Err(StudyError::Malformed("its pixel data is not encapsulated, as its transfer syntax says".into()));
    }
    let mut frame = native::read(dicom, layout, index, place)?;
    frame.warnings.push(codec::contradiction(syntax, StreamKind::Native));
    Ok(frame)
}

/// The plane of modality values of a grey frame.
pub(super) fn grey_plane(frame: &FrameBytes, layout: &PixelLayout, modality: &Modality) -> Result<Plane, StudyError> {
    let count = frame.bytes.len() / frame.sample_bytes;
    let bits = StoredBits::of_frame(frame, layout);
    let values = if frame.sample_bytes <= 2 {
        // One look-up does masking, sign and modality transform.
        let table: Vec<f32> =
            (0..1_u64 << (8 * frame.sample_bytes)).map(|raw| bits.modality_value(raw, modality)).collect();
        match frame.sample_bytes {
            1 => collected(count, frame.bytes.iter().map(|b| table[usize::from(*b)])),
            _ => collected(count, words(&frame.bytes, false).map(|w| table[usize::from(u16::from_le_bytes(w))])),
        }
    } else {
        collected(count, raw_words(frame).map(|raw| bits.modality_value(raw, modality)))
    };
    Ok(Plane { width: layout.columns, height: layout.rows, values: values? })
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
    let place = Native { offset, length, available, ..place(element) };
    Some(native::read(dicom, &layout, index, &place).and_then(|frame| {
        let count = layout.pixels();
        let values = if double {
            collected(count, words(&frame.bytes, false).map(|w| modality.apply_float(f64::from_le_bytes(w))))
        } else {
            let single = |w| modality.apply_float(f64::from(f32::from_le_bytes(w)));
            collected(count, words(&frame.bytes, false).map(single))
        };
        Ok((Plane { width: layout.columns, height: layout.rows, values: values? }, frame.missing))
    }))
}
