//! The numbers that decide how much is allocated, checked before anything is (PS3.3 C.7.6.3).

use dicom_dictionary_std::tags;

use crate::limits;

use super::StudyError;
use super::dataset::Dataset;

/// Refuses a file by its size, before it is read.
pub(super) fn file_size(bytes: u64, limit: u64) -> Result<(), StudyError> {
    match bytes {
        0 => Err(StudyError::Empty),
        _ if bytes > limit => Err(StudyError::FileTooLarge { bytes, limit }),
        _ => Ok(()),
    }
}

/// Refuses an image by its size, before it is decoded.
pub(super) fn picture_size(columns: u32, rows: u32) -> Result<(), StudyError> {
    let pixels = u64::from(columns) * u64::from(rows);
    if pixels == 0 {
        return Err(StudyError::Malformed(format!("it declares {columns} columns and {rows} rows")));
    }
    if columns.max(rows) > limits::FRAME_SIDE {
        return Err(StudyError::TooLarge(format!(
            "{columns} × {rows} pixels, where a side has at most {} pixels",
            limits::FRAME_SIDE
        )));
    }
    if pixels > limits::FRAME_PIXELS {
        return Err(StudyError::TooLarge(format!(
            "{columns} × {rows} pixels, where at most {} million are opened",
            limits::FRAME_PIXELS / 1_000_000
        )));
    }
    Ok(())
}

/// Refuses an image by the number of its samples.
pub(super) fn samples(pixels: u64, components: u64) -> Result<(), StudyError> {
    if pixels * components > limits::FRAME_SAMPLES {
        return Err(StudyError::TooLarge(format!(
            "{pixels} pixels of {components} samples, where at most {} million samples are opened",
            limits::FRAME_SAMPLES / 1_000_000
        )));
    }
    Ok(())
}

/// How the pixels of an object are laid out; whoever holds one knows that its sizes are sane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PixelLayout {
    pub columns: usize,
    pub rows: usize,
    /// Samples per pixel, 1 or 3.
    pub samples: usize,
    /// 1 to 64.
    pub bits_allocated: usize,
    pub bits_stored: u32,
    pub high_bit: u32,
    pub signed: bool,
    /// Planar Configuration 1: colour planes one after another.
    pub planar: bool,
    /// 4:2:2 colour, two pixels in four samples.
    pub subsampled: bool,
    pub photometric: String,
    pub frames: u32,
    /// What the object says of its bits that cannot be, and how it was read.
    pub doubt: Option<String>,
}

impl PixelLayout {
    /// Reads and checks the Image Pixel Module.
    pub(super) fn of(dataset: &Dataset) -> Result<Self, StudyError> {
        let number = |tag, name: &str, default: Option<i64>| {
            dataset
                .integer(tag)
                .or(default)
                .ok_or_else(|| StudyError::Malformed(format!("{name} is missing, without which pixels have no shape")))
        };
        let columns = number(tags::COLUMNS, "Columns", None)?;
        let rows = number(tags::ROWS, "Rows", None)?;
        picture_size(u32::try_from(columns).unwrap_or(0), u32::try_from(rows).unwrap_or(0))?;

        let samples = number(tags::SAMPLES_PER_PIXEL, "Samples per Pixel", Some(1))?;
        if samples != 1 && samples != 3 {
            return Err(StudyError::UnsupportedPixels(format!("{samples} samples per pixel")));
        }
        let allocated = number(tags::BITS_ALLOCATED, "Bits Allocated", None)?;
        if !(1..=64).contains(&allocated) || (samples == 3 && allocated > 32) {
            return Err(StudyError::UnsupportedPixels(format!("{allocated} bits allocated, {samples} samples")));
        }
        let stored = number(tags::BITS_STORED, "Bits Stored", Some(allocated))?;
        let high_bit = number(tags::HIGH_BIT, "High Bit", Some(stored - 1))?;
        if stored < 1 || stored > allocated {
            return Err(StudyError::Malformed(format!(
                "{stored} bits stored do not fit in {allocated} bits allocated"
            )));
        }
        let fits = (stored - 1..allocated).contains(&high_bit);
        let doubt = (!fits).then(|| {
            format!(
                "The file says that bit {high_bit} is the highest of {stored} in {allocated}, which cannot be; the \
                 lowest {stored} were read."
            )
        });
        let high_bit = if fits { high_bit } else { stored - 1 };
        let frames = dataset.integer(tags::NUMBER_OF_FRAMES).unwrap_or(1).max(1);
        let frames = u32::try_from(frames).ok().filter(|f| *f <= limits::FRAMES).ok_or_else(|| {
            StudyError::TooLarge(format!("{frames} frames, where at most {} are opened", limits::FRAMES))
        })?;
        let mut photometric = dataset.code(tags::PHOTOMETRIC_INTERPRETATION).to_ascii_uppercase();
        if photometric.is_empty() {
            photometric = if samples == 1 { "MONOCHROME2" } else { "RGB" }.into();
        }
        let layout = Self {
            columns: columns as usize,
            rows: rows as usize,
            samples: samples as usize,
            bits_allocated: allocated as usize,
            bits_stored: stored as u32,
            high_bit: high_bit as u32,
            signed: dataset.integer(tags::PIXEL_REPRESENTATION) == Some(1),
            planar: dataset.integer(tags::PLANAR_CONFIGURATION) == Some(1),
            subsampled: samples == 3 && matches!(photometric.as_str(), "YBR_FULL_422" | "YBR_PARTIAL_422"),
            photometric,
            frames,
            doubt,
        };
        self::samples(layout.pixels() as u64, layout.samples as u64)?;
        if layout.frame_bits() / 8 > limits::DECODED_BYTES {
            return Err(StudyError::TooLarge(format!("one frame takes {} bytes", layout.frame_bits() / 8)));
        }
        Ok(layout)
    }

    pub(super) fn pixels(&self) -> usize {
        self.columns * self.rows
    }

    /// Bits of one native frame. Sizes are checked, so this cannot overflow.
    pub(super) fn frame_bits(&self) -> u64 {
        let pixels = self.pixels() as u64;
        // PS3.3 C.7.6.3.1.2: two pixels of 4:2:2 take four samples, Y1 Y2 Cb Cr.
        let samples = if self.subsampled { pixels * 2 } else { pixels * self.samples as u64 };
        samples * self.bits_allocated as u64
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use dicom_core::{Tag, VR};

    use super::*;
    use crate::study::dataset::{Element, Value};

    /// Grey pixels that use all their bits.
    pub(in crate::study) fn grey_layout(columns: usize, rows: usize, bits: usize) -> PixelLayout {
        PixelLayout {
            columns,
            rows,
            samples: 1,
            bits_allocated: bits,
            bits_stored: bits as u32,
            high_bit: bits as u32 - 1,
            signed: false,
            planar: false,
            subsampled: false,
            photometric: "MONOCHROME2".into(),
            frames: 1,
            doubt: None,
        }
    }

    fn dataset(elements: &[(Tag, u16)]) -> Dataset {
        let us = |v: u16| Element { vr: VR::US, big_endian: false, value: Value::Bytes(v.to_le_bytes().to_vec()) };
        Dataset { elements: elements.iter().map(|(tag, v)| (*tag, us(*v))).collect::<BTreeMap<_, _>>() }
    }

    const SANE: [(Tag, u16); 4] =
        [(tags::ROWS, 4), (tags::COLUMNS, 6), (tags::BITS_ALLOCATED, 16), (tags::BITS_STORED, 12)];

    fn with(changes: &[(Tag, u16)]) -> Result<PixelLayout, StudyError> {
        PixelLayout::of(&dataset(&[&SANE[..], changes].concat()))
    }

    #[test]
    fn what_is_not_said_has_the_default_of_the_standard() {
        let layout = with(&[]).unwrap();
        assert_eq!((layout.high_bit, layout.samples, layout.frames, layout.signed), (11, 1, 1, false));
        assert_eq!(layout.photometric, "MONOCHROME2");
        assert_eq!(layout.frame_bits(), 4 * 6 * 16);
    }

    #[test]
    fn sizes_beyond_the_budget_are_refused() {
        let error = with(&[(tags::ROWS, 65_535), (tags::COLUMNS, 65_535)]).unwrap_err();
        assert!(matches!(error, StudyError::TooLarge(_)), "{error}");
        assert!(matches!(with(&[(tags::ROWS, 0)]), Err(StudyError::Malformed(_))));
        assert!(picture_size(1, 65_536).unwrap_err().to_string().contains("a side has at most 65535 pixels"));
        assert!(picture_size(1_800, 65_535).is_ok());
        assert!(matches!(with(&[(tags::NUMBER_OF_FRAMES, 65_535)]), Err(StudyError::TooLarge(_))));
    }

    #[test]
    fn bits_that_do_not_fit_are_refused() {
        assert!(with(&[(tags::BITS_STORED, 17)]).is_err());
        assert!(with(&[(tags::BITS_STORED, 0)]).is_err());
        assert!(with(&[(tags::BITS_ALLOCATED, 65)]).is_err());
        assert!(with(&[(tags::SAMPLES_PER_PIXEL, 4)]).is_err());
        assert!(with(&[(tags::HIGH_BIT, 15)]).is_ok());
        assert!(with(&[(tags::BITS_ALLOCATED, 12)]).is_ok());
    }

    #[test]
    fn a_high_bit_that_cannot_be_is_taken_for_that_of_the_lowest_bits() {
        for high_bit in [16, 3] {
            let layout = with(&[(tags::HIGH_BIT, high_bit)]).unwrap();
            assert_eq!((layout.high_bit, layout.doubt.is_some()), (11, true));
        }
        assert_eq!(with(&[(tags::HIGH_BIT, 15)]).unwrap().doubt, None);
    }

    #[test]
    fn files_are_refused_by_their_size() {
        assert!(matches!(file_size(0, limits::FILE_BYTES), Err(StudyError::Empty)));
        assert!(matches!(file_size(limits::FILE_BYTES + 1, limits::FILE_BYTES), Err(StudyError::FileTooLarge { .. })));
        assert!(file_size(1, limits::FILE_BYTES).is_ok());
    }
}
