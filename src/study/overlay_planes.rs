//! Overlay planes (PS3.3 C.9.2, C.9.3): groups 6000 to 601E, in data of their own or in the unused
//! bits of the pixel data (retired, and found in archives).

use std::sync::Arc;

use dicom_core::{Tag, VR};

use crate::imaging::bit_plane::BitPlane;
use crate::imaging::overlay_plane::OverlayPlane;
use crate::limits;
use crate::printable::printable;

use super::StudyError;
use super::dataset::{Dataset, Value};
use super::dicom::Dicom;

const ROWS: u16 = 0x0010;
const COLUMNS: u16 = 0x0011;
const NUMBER_OF_FRAMES: u16 = 0x0015;
const DESCRIPTION: u16 = 0x0022;
const ORIGIN: u16 = 0x0050;
const IMAGE_FRAME_ORIGIN: u16 = 0x0051;
const BIT_POSITION: u16 = 0x0102;
const LABEL: u16 = 0x1500;
const DATA: u16 = 0x3000;

/// Longest name of an overlay, in characters.
const NAME: usize = 64;

/// Whether an overlay is kept in the bits above the pixels' own (PS3.3 C.9.2, retired).
pub(super) fn has_overlay_in_pixels(dataset: &Dataset) -> bool {
    let groups = (0x6000..0x6020).step_by(2);
    groups.into_iter().any(|group| {
        dataset.integer(Tag(group, BIT_POSITION)).is_some_and(|bit| bit > 0) && dataset.get(Tag(group, DATA)).is_none()
    })
}

/// Pixel data whose high bits may hold overlays.
pub(super) struct HighBits<'a> {
    /// Words of the frame as they are stored.
    pub words: &'a dyn Fn() -> Box<dyn Iterator<Item = u64> + 'a>,
    pub columns: usize,
    pub rows: usize,
    /// The bits that hold the image: lowest and highest.
    pub image_bits: (u32, u32),
    pub bits_allocated: u32,
}

/// An overlay group of an object.
#[derive(Clone, Copy)]
pub(super) struct OverlayGroup<'a> {
    dicom: &'a Dicom,
    group: u16,
}

impl<'a> OverlayGroup<'a> {
    /// Every group that the object has.
    pub(super) fn all(dicom: &'a Dicom) -> impl Iterator<Item = Self> {
        let groups = (0x6000..=0x601E).step_by(2);
        groups
            .map(move |group| Self { dicom, group })
            .filter(|overlay| overlay.dataset().get(overlay.tag(ROWS)).is_some())
    }

    /// One group, if the object has it.
    pub(super) fn one(dicom: &'a Dicom, group: u16) -> Option<Self> {
        Self::all(dicom).find(|overlay| overlay.group == group)
    }

    pub(super) fn number(self) -> u16 {
        self.group
    }

    fn dataset(self) -> &'a Dataset {
        &self.dicom.dataset
    }

    fn tag(self, element: u16) -> Tag {
        Tag(self.group, element)
    }

    fn integer(self, element: u16) -> Option<i64> {
        self.dataset().integer(self.tag(element))
    }

    /// The plane over frame `index` (from 0) of the image; `None` where it has none over that frame.
    ///
    /// # Errors
    /// Why a plane cannot be drawn, as the second half of a sentence.
    pub(super) fn plane(self, index: u32, high_bits: Option<&HighBits<'_>>) -> Result<Option<OverlayPlane>, String> {
        let mut left = limits::FRAME_PIXELS;
        self.plane_within(index, high_bits, &mut left)
    }

    /// The same where all planes together have so many pixels `left`.
    fn plane_within(
        self,
        index: u32,
        high_bits: Option<&HighBits<'_>>,
        left: &mut u64,
    ) -> Result<Option<OverlayPlane>, String> {
        let side = |element| self.integer(element).and_then(|v| usize::try_from(v).ok()).unwrap_or(0);
        let (rows, columns) = (side(ROWS), side(COLUMNS));
        let pixels = rows as u64 * columns as u64;
        if pixels == 0 || pixels > limits::FRAME_PIXELS {
            return Err(format!("it declares {columns} columns and {rows} rows"));
        }
        let Some(frame) = self.frame_over(index) else { return Ok(None) };
        *left = left.checked_sub(pixels).ok_or("all overlays together are larger than an image may be")?;
        let bits = match self.dataset().get(self.tag(DATA)) {
            Some(_) => self.of_data(frame, columns, rows)?,
            None => self.of_high_bits(columns, rows, high_bits)?,
        };
        let origin = self.dataset().integers(self.tag(ORIGIN));
        let place = |i: usize| origin.get(i).map_or(0, |v| v.clamp(&-40_000, &40_000) - 1) as i32;
        Ok(Some(OverlayPlane {
            group: self.group,
            bits: Arc::new(bits),
            left: place(1),
            top: place(0),
            name: self.name(),
        }))
    }

    /// The overlay's frame over a frame of the image (PS3.3 C.9.3.1.1); an overlay of one frame lies
    /// over all.
    fn frame_over(self, index: u32) -> Option<u64> {
        let Some(frames) = self.integer(NUMBER_OF_FRAMES) else { return Some(0) };
        let first = self.integer(IMAGE_FRAME_ORIGIN).unwrap_or(1).max(1) - 1;
        let frame = i64::from(index) - first;
        (0..frames).contains(&frame).then_some(frame as u64)
    }

    fn name(self) -> String {
        let dicom = self.dicom;
        let text = |element| dicom.dataset.text(self.tag(element), &dicom.sets);
        let name = Some(text(LABEL)).filter(|label| !label.trim().is_empty()).unwrap_or_else(|| text(DESCRIPTION));
        printable(&name).trim().chars().take(NAME).collect()
    }

    /// Frames follow each other bit by bit; the first pixel is the lowest bit.
    fn of_data(self, frame: u64, columns: usize, rows: usize) -> Result<BitPlane, String> {
        let pixels = columns as u64 * rows as u64;
        let first = frame.saturating_mul(pixels);
        // Big-endian words are read whole.
        let (begin, end) = ((first / 8) & !1, (first + pixels).div_ceil(8));
        let mut bytes = self.bytes(begin, end)?;
        let Some(element) = self.dataset().get(self.tag(DATA)) else { return Err("it has no data".into()) };
        if element.big_endian && element.vr != VR::OB {
            bytes.chunks_exact_mut(2).for_each(<[u8]>::reverse);
        }
        let skip = (first - 8 * begin) as usize;
        let bits = (skip..skip + pixels as usize).map(|i| bytes.get(i / 8).is_some_and(|b| b >> (i % 8) & 1 == 1));
        Ok(BitPlane::new(columns, rows, bits))
    }

    fn bytes(self, begin: u64, end: u64) -> Result<Vec<u8>, String> {
        let short = |held: u64| format!("it needs {end} bytes and holds {held}");
        match self.dataset().get(self.tag(DATA)).map(|element| &element.value) {
            Some(Value::Bytes(bytes)) => {
                let part = bytes.get(begin as usize..end as usize);
                part.map(<[u8]>::to_vec).ok_or_else(|| short(bytes.len() as u64))
            }
            Some(Value::Stored { offset, available, .. }) if end <= *available => {
                let read = self.dicom.bytes_at(offset + begin, end - begin);
                read.map_err(|error: StudyError| error.to_string())
            }
            Some(Value::Stored { available, .. }) => Err(short(*available)),
            _ => Err("its data cannot be read".into()),
        }
    }

    fn of_high_bits(self, columns: usize, rows: usize, high: Option<&HighBits<'_>>) -> Result<BitPlane, String> {
        let Some(high) = high else { return Err("it has no data".into()) };
        let bit = self.integer(BIT_POSITION).and_then(|bit| u32::try_from(bit).ok());
        let free = |bit: &u32| *bit < high.bits_allocated && !(high.image_bits.0..=high.image_bits.1).contains(bit);
        let Some(bit) = bit.filter(free) else {
            return Err("it has neither data nor a bit of the pixel data that the image leaves free".into());
        };
        if (columns, rows) != (high.columns, high.rows) {
            return Err("it lies in the pixel data, but has another size than the image".into());
        }
        Ok(BitPlane::new(columns, rows, (high.words)().map(|word| word >> bit & 1 == 1)))
    }
}

/// The planes over frame `index` of an image; what cannot be drawn is said.
pub(super) fn read(
    dicom: &Dicom,
    index: u32,
    high_bits: Option<&HighBits<'_>>,
    warnings: &mut Vec<String>,
) -> Vec<OverlayPlane> {
    let mut planes = Vec::new();
    let mut left = limits::FRAME_PIXELS;
    for group in OverlayGroup::all(dicom) {
        match group.plane_within(index, high_bits, &mut left) {
            Ok(plane) => planes.extend(plane.filter(|plane| !plane.bits.is_clear())),
            Err(why) => {
                warnings.push(format!("The overlay in group {:04X} of the file is not drawn: {why}.", group.number()));
            }
        }
    }
    planes
}
