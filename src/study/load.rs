//! One entry of the catalogue to one [`Frame`]: decoded, modality transform applied, with
//! everything a view needs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use dicom_dictionary_std::tags;

use crate::cancel::CancelToken;
use crate::imaging::{Missing, Modality, PixelData, polarity, stats};
use crate::panic_guard::guarded;

use super::dicom::Dicom;
use super::functional_groups::FunctionalGroups;
use super::guard::PixelLayout;
use super::open::{Kind, kind_of, list};
use super::overlay_planes::HighBits;
use super::pixels::{float_plane, frame_bytes, grey_plane};
use super::stored_bits::{StoredBits, raw_words};
use super::{DisplayAttributes, Frame, ImageEntry, StudyError, Unscorable, color, geometry, grey, raster};

/// Decodes frame `frame_index` (from 0) of an image.
pub fn load(entry: &Arc<ImageEntry>, frame_index: u32) -> Result<Frame, StudyError> {
    FrameReader::default().load(entry, frame_index)
}

/// Decodes frames one after the other, and reads the header of an object with several frames once.
#[derive(Debug, Default)]
pub struct FrameReader {
    open: Option<(PathBuf, Stamp, Dicom)>,
}

/// Most bytes of an object that are held from frame to frame.
const HELD: usize = 128 << 20;

/// Length and time of change of a file: what was read of another one is read again.
type Stamp = (u64, Option<SystemTime>);

impl FrameReader {
    /// Decodes frame `frame_index` (from 0) of an image.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load(&mut self, entry: &Arc<ImageEntry>, frame_index: u32) -> Result<Frame, StudyError> {
        if entry.has_pixels && frame_index >= entry.frames {
            return Err(StudyError::NoSuchFrame { asked: frame_index.saturating_add(1), frames: entry.frames });
        }
        // Whatever ends in a panic leaves nothing behind.
        let open = self.open.take();
        let (frame, open) = guarded(|| {
            let stamp = || std::fs::metadata(&entry.path).map(|file| (file.len(), file.modified().ok())).ok();
            if let Some((path, known, dicom)) = open
                && path == entry.path
                && stamp() == Some(known)
            {
                return Ok((finished(dicom_frame(entry, &dicom, frame_index)?)?, Some((path, known, dicom))));
            }
            match kind_of(&entry.path)? {
                Kind::Raster(format) => Ok((finished(raster::load(entry, format)?)?, None)),
                Kind::Dicom => {
                    let known = stamp().filter(|_| entry.frames > 1);
                    let dicom = Dicom::open(&entry.path)?;
                    let frame = finished(dicom_frame(entry, &dicom, frame_index)?)?;
                    let known = known.filter(|_| dicom.held_bytes() <= HELD);
                    Ok::<_, StudyError>((frame, known.map(|stamp| (entry.path.clone(), stamp, dicom))))
                }
            }
        })??;
        self.open = open;
        Ok(frame)
    }
}

/// Decodes the first frame of the first image at a path: a file, or a folder.
pub fn open_image(path: &Path) -> Result<Frame, StudyError> {
    if path.is_dir() {
        let catalogue = super::open::scan(&[path.to_path_buf()], &CancelToken::default(), &mut |_, _| ());
        let first = catalogue.images().find(|entry| entry.has_pixels).cloned().ok_or(StudyError::NothingFound)?;
        return load(&first, 0);
    }
    load(&Arc::new(list(path)?.entry), 0)
}

/// Decodes one frame of an object.
pub(super) fn dicom_frame(entry: &Arc<ImageEntry>, dicom: &Dicom, index: u32) -> Result<Frame, StudyError> {
    if !dicom.has_pixels() {
        return Err(StudyError::NoPixels(dicom.kind()));
    }
    let dataset = &dicom.dataset;
    let layout = PixelLayout::of(dataset)?;
    if index >= layout.frames {
        return Err(StudyError::NoSuchFrame { asked: index.saturating_add(1), frames: layout.frames });
    }
    let mut warnings = object_warnings(dicom);
    warnings.extend(layout.doubt.clone());
    let groups = FunctionalGroups::of(dataset, index);
    let values = groups.item(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
    let mut modality = grey::modality(dataset, values, &layout, &mut warnings)?;
    let mut intensity = None;
    if matches!(modality, Modality::Lut { .. }) && dicom.is_angiogram() {
        intensity = Some(Arc::new(std::mem::take(&mut modality)));
        warnings.push(
            "The modality LUT of an angiogram leads back to X-ray intensity: the display does not go by it (PS3.3 \
             C.8.7.1.1.2), a model does."
                .into(),
        );
    }
    let spacing = geometry::spacing(dataset, groups.item(tags::PIXEL_MEASURES_SEQUENCE));
    let mut display = None;
    let mut frame = Frame {
        entry: Arc::clone(entry),
        index,
        pixels: PixelData::grey(crate::imaging::Plane::default(), (0.0, 0.0)),
        spacing,
        display: DisplayAttributes::default(),
        warnings: Vec::new(),
    };
    if let Some(floats) = float_plane(dicom, &layout, index, &modality) {
        (frame.pixels.plane, frame.pixels.missing) = floats?;
        let range = stats::statistics(&frame.pixels.plane, None);
        frame.pixels.value_range = (range.min, range.max);
        grey_attributes(&mut frame, dicom, &layout, &modality, &mut warnings);
    } else {
        let bytes = frame_bytes(dicom, &layout, index)?;
        frame.pixels.missing = bytes.missing;
        warnings.extend(bytes.warnings.iter().cloned());
        if layout.samples == 3 || layout.photometric == "PALETTE COLOR" {
            if layout.samples == 3 && layout.signed {
                warnings.push(color::SIGN.into());
            }
            let coloured = if layout.samples == 3 {
                color::three_samples(&bytes, &layout)?
            } else {
                color::palette(&bytes, &layout, dataset)?
            };
            frame.pixels.plane = coloured.plane;
            frame.pixels.color = Some(Arc::new(coloured.picture));
            frame.pixels.value_range = (0.0, coloured.highest);
        } else {
            frame.pixels.plane = grey_plane(&bytes, &layout, &modality)?;
            let words = || raw_words(&bytes);
            let high_bits = HighBits {
                words: &words,
                columns: layout.columns,
                rows: layout.rows,
                image_bits: (layout.high_bit + 1 - layout.bits_stored, layout.high_bit),
                bits_allocated: 8 * bytes.sample_bytes as u32,
            };
            display = Some(DisplayAttributes::read(dicom, index, spacing, Some(&high_bits), &mut warnings));
            let (low, high) = StoredBits::range_of(&bytes, &layout);
            frame.pixels.value_range = modality.range(low, high);
            grey_attributes(&mut frame, dicom, &layout, &modality, &mut warnings);
        }
    }
    if frame.pixels.plane.values.len() != layout.pixels() {
        return Err(StudyError::Truncated("the frame has too few pixels".into()));
    }
    frame.pixels.intensity = intensity;
    frame.display = display.unwrap_or_else(|| DisplayAttributes::read(dicom, index, spacing, None, &mut warnings));
    frame.warnings = warnings;
    Ok(frame)
}

/// A decoded frame with what is to be said of its pixels: what is missing, and what is no number.
fn finished(mut frame: Frame) -> Result<Frame, StudyError> {
    if frame.pixels.missing == Some(Missing::Rows { from: 0 }) {
        return Err(StudyError::Truncated("its pixel data ends before the first row does".into()));
    }
    frame.pixels.blank_missing();
    let mut first: Vec<String> = frame.entry.shared_uid.warning().into_iter().collect();
    if let Some(missing) = frame.pixels.missing {
        first.push(missing.in_words(frame.pixels.plane.height));
    }
    if let Err(reason @ Unscorable::NotFinite { .. }) = frame.scorable() {
        first.push(reason.to_string());
    }
    frame.warnings.splice(0..0, first);
    Ok(frame)
}

/// Polarity, windows and padding: what only grey images have.
fn grey_attributes(
    frame: &mut Frame,
    dicom: &Dicom,
    layout: &PixelLayout,
    modality: &Modality,
    warnings: &mut Vec<String>,
) {
    let dataset = &dicom.dataset;
    let shape = dataset.code(tags::PRESENTATION_LUT_SHAPE);
    frame.pixels.inverted = polarity::of_file(&layout.photometric, &shape);
    if layout.photometric == "MONOCHROME1" && shape == "IDENTITY" {
        warnings.push(
            "The file says both MONOCHROME1 and Presentation LUT Shape IDENTITY; low values are shown bright.".into(),
        );
    }
    let voi_group = FunctionalGroups::of(dataset, frame.index).item(tags::FRAME_VOILUT_SEQUENCE);
    let signed_values = frame.pixels.value_range.0 < 0.0;
    frame.pixels.voi = grey::voi(dataset, voi_group, signed_values, &dicom.sets, warnings);
    frame.pixels.padding = grey::padding(dataset, layout).map(|(low, high)| modality.range_between(low, high));
}

/// Reservations that hold for the whole object.
fn object_warnings(dicom: &Dicom) -> Vec<String> {
    let mut warnings: Vec<String> = dicom.contradiction.iter().cloned().collect();
    let lossy = dicom.metadata().lossy;
    if !lossy.is_empty() {
        warnings.push(format!("The image was compressed with loss ({lossy}): fine detail may be lost."));
    }
    if dicom.dataset.code(tags::BURNED_IN_ANNOTATION) == "YES" {
        warnings.push("Text is burned into the image; it may name the patient.".into());
    }
    warnings
}
