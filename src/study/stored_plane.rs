//! Stored values of a frame, before any transform of the display: what a segmentation or a map keeps
//! in its pixels.

use dicom_dictionary_std::tags;

use crate::imaging::{Modality, Plane};

use super::StudyError;
use super::dicom::Dicom;
use super::guard::PixelLayout;
use super::pixels::{float_plane, frame_bytes, grey_plane};

/// The stored values of frame `index` (from 0): integers with their sign, or floating-point numbers
/// as they stand. An index of a palette stays an index. What is missing at the end of a cut file is
/// an error.
///
/// # Errors
/// When the object has no such frame, has colours of three samples, or cannot be decoded.
pub(crate) fn stored_plane(dicom: &Dicom, index: u32) -> Result<Plane, StudyError> {
    if !dicom.has_pixels() {
        return Err(StudyError::NoPixels(dicom.kind()));
    }
    let layout = PixelLayout::of(&dicom.dataset)?;
    if index >= layout.frames {
        return Err(StudyError::NoSuchFrame { asked: index.saturating_add(1), frames: layout.frames });
    }
    if layout.samples != 1 {
        return Err(StudyError::UnsupportedPixels(format!("{} samples a pixel", layout.samples)));
    }
    let cut = || StudyError::Truncated("its pixel data ends early".into());
    let plane = if let Some(floats) = float_plane(dicom, &layout, index, &Modality::IDENTITY) {
        let (plane, missing) = floats?;
        missing.map_or(Ok(plane), |_| Err(cut()))?
    } else {
        let _ = dicom.dataset.get(tags::PIXEL_DATA).ok_or_else(cut)?;
        let bytes = frame_bytes(dicom, &layout, index)?;
        if bytes.missing.is_some() {
            return Err(cut());
        }
        grey_plane(&bytes, &layout, &Modality::IDENTITY)?
    };
    if plane.values.len() == layout.pixels() { Ok(plane) } else { Err(cut()) }
}
