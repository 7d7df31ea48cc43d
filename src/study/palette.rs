//! Colour palettes (PS3.3 C.7.6.3.1.5 and .6): three look-up tables from stored values to colours.
//!
//! Descriptors are often wrong: they say 8 bits where entries are words with the colour in the high
//! byte, or 16 where entries are bytes. The length of the data tells how wide an entry is, and the
//! largest entry of the three tables which of its bits are the colour. A table that holds fewer
//! entries than it declares is used as far as the image stays within it.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::StudyError;
use super::dataset::{Dataset, Value, words};
use super::segmented_palette::{self, SegmentError};

/// Descriptor, data and segmented data of each colour.
const TABLES: [(Tag, Tag, Tag); 3] = [
    (
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
];

/// What a descriptor says.
#[derive(Clone, Copy, Debug)]
struct Descriptor {
    count: usize,
    /// The stored value that the first entry is for.
    first: i64,
    bits: u32,
}

/// Why a palette is not used, as the second half of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum PaletteError {
    #[error("a descriptor does not have 3 values")]
    Descriptor,
    #[error("it has no entries")]
    NoEntries,
    #[error("{0}")]
    Segments(#[from] SegmentError),
}

/// Entries by colour, as 8 bits.
pub(super) struct Palette {
    tables: [Vec<u8>; 3],
    first: [i64; 3],
    /// Entries that are declared.
    declared: usize,
}

impl Palette {
    /// The palette of an object.
    pub(super) fn of(dataset: &Dataset, signed: bool) -> Result<Self, StudyError> {
        let wrong = |reason: PaletteError| StudyError::Malformed(format!("its colour palette is wrong: {reason}"));
        // The three descriptors are the same where they are right.
        let red = Descriptor::of(dataset, TABLES[0].0, signed).ok_or_else(|| wrong(PaletteError::Descriptor))?;
        let mut wide = Vec::with_capacity(3);
        let mut first = [red.first; 3];
        let mut declared = red.count;
        for ((descriptor, data, segmented), first) in TABLES.into_iter().zip(&mut first) {
            let descriptor = Descriptor::of(dataset, descriptor, signed).unwrap_or(red);
            *first = descriptor.first;
            declared = declared.max(descriptor.count);
            wide.push(entries(dataset, descriptor, data, segmented).map_err(wrong)?);
        }
        // Which bits are the colour: all of a byte, those that are declared, or all of a word.
        let widest = wide.iter().flatten().max().copied().unwrap_or(0);
        let bits = match widest {
            0..=255 => 8,
            _ if u32::from(widest) >> red.bits == 0 => red.bits,
            _ => 16,
        };
        let narrow = |table: &Vec<u16>| table.iter().map(|entry| (entry >> (bits - 8)) as u8).collect();
        let mut tables = [Vec::new(), Vec::new(), Vec::new()];
        tables.iter_mut().zip(&wide).for_each(|(table, wide)| *table = narrow(wide));
        Ok(Self { tables, first, declared })
    }

    /// The colour of a stored value; `None` for one whose entry is declared, but not there. Values
    /// outside take the first or the last entry.
    pub(super) fn colour(&self, stored: i64) -> Option<[u8; 3]> {
        let mut colour = [0; 3];
        for ((slot, table), first) in colour.iter_mut().zip(&self.tables).zip(self.first) {
            let last = self.declared.max(table.len()) as i64 - 1;
            let index = stored.saturating_sub(first).clamp(0, last);
            *slot = *table.get(index as usize)?;
        }
        Some(colour)
    }
}

impl Descriptor {
    fn of(dataset: &Dataset, tag: Tag, signed: bool) -> Option<Self> {
        let [count, first, bits] = dataset.integers(tag)[..] else { return None };
        let first = match first {
            32_768.. if signed => first - 65_536,
            ..0 if !signed => first + 65_536,
            first => first,
        };
        let count = match count & 0xFFFF {
            0 => 65_536,
            count => count as usize,
        };
        Some(Self { count, first, bits: bits.clamp(8, 16) as u32 })
    }
}

/// The entries of a table, as wide as they stand in the file.
fn entries(dataset: &Dataset, descriptor: Descriptor, data: Tag, segmented: Tag) -> Result<Vec<u16>, PaletteError> {
    let is_segmented = dataset.get(data).is_none();
    let element = dataset.get(if is_segmented { segmented } else { data }).ok_or(PaletteError::NoEntries)?;
    let Value::Bytes(bytes) = &element.value else { return Err(PaletteError::NoEntries) };
    let big = element.big_endian && element.vr != VR::OB;
    let wide = |bytes: &[u8]| words(bytes, big).map(u16::from_le_bytes).collect::<Vec<u16>>();
    // Of two bytes in a word the less significant one comes first.
    let narrow = |bytes: &[u8]| wide(bytes).into_iter().flat_map(u16::to_le_bytes).map(u16::from).collect::<Vec<u16>>();
    if is_segmented {
        let is_wide = descriptor.bits > 8;
        let words = if is_wide { wide(bytes) } else { narrow(bytes) };
        return Ok(segmented_palette::expanded(&words, is_wide)?);
    }
    let count = descriptor.count;
    let is_full = |width: usize| bytes.len() >= width * count;
    let is_wide = is_full(2) || (descriptor.bits > 8 && !matches!(bytes.len().checked_sub(count), Some(0 | 1)));
    let mut entries = if is_wide { wide(bytes) } else { narrow(bytes) };
    if !is_wide && !bytes.len().is_multiple_of(2) {
        entries.extend(bytes.last().copied().map(u16::from));
    }
    entries.truncate(count);
    if entries.is_empty() { Err(PaletteError::NoEntries) } else { Ok(entries) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::study::dataset::Element;

    /// A palette whose three tables are the same.
    fn palette(descriptor: [u16; 3], data: &[u8], big_endian: bool) -> Result<Palette, StudyError> {
        let element = |vr, bytes| Element { vr, big_endian, value: Value::Bytes(bytes) };
        let word = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        let words: Vec<u8> = descriptor.into_iter().flat_map(word).collect();
        let mut elements = BTreeMap::new();
        for (tag, entries, _) in TABLES {
            elements.insert(tag, element(VR::US, words.clone()));
            elements.insert(entries, element(VR::OW, data.to_vec()));
        }
        Palette::of(&Dataset { elements }, false)
    }

    fn reds(descriptor: [u16; 3], data: &[u8]) -> Vec<u8> {
        let palette = palette(descriptor, data, false).unwrap();
        (0..4).map(|stored| palette.colour(stored).unwrap()[0]).collect()
    }

    #[test]
    fn the_data_tells_what_the_descriptor_has_wrong() {
        assert_eq!(reds([4, 0, 8], &[1, 0, 2, 0, 3, 0, 255, 0]), [1, 2, 3, 255], "bytes in words");
        assert_eq!(reds([4, 0, 8], &[1, 2, 3, 255]), [1, 2, 3, 255], "packed bytes");
        assert_eq!(reds([4, 0, 16], &[0, 1, 0, 2, 0, 3, 0, 255]), [1, 2, 3, 255], "words");
        assert_eq!(reds([4, 0, 8], &[0, 1, 0, 2, 0, 3, 0, 255]), [1, 2, 3, 255], "says 8, holds 16");
        assert_eq!(reds([4, 0, 16], &[1, 2, 3, 255]), [1, 2, 3, 255], "says 16, holds 8");
        assert_eq!(reds([4, 0, 16], &[1, 0, 2, 0, 3, 0, 255, 0]), [1, 2, 3, 255], "words of 8 bits");
        assert_eq!(reds([4, 0, 12], &[16, 0, 32, 0, 48, 0, 0xF0, 0x0F]), [1, 2, 3, 255], "words of 12 bits");
    }

    #[test]
    fn packed_bytes_of_a_big_endian_file_stand_in_words() {
        let palette = palette([4, 0, 8], &[2, 1, 255, 3], true).unwrap();
        assert_eq!(palette.colour(1), Some([2; 3]));
    }

    #[test]
    fn values_outside_take_the_first_or_the_last_entry() {
        let palette = palette([2, 10, 8], &[5, 6], false).unwrap();
        assert_eq!([0, 10, 11, 500].map(|v| palette.colour(v).unwrap()[0]), [5, 5, 6, 6]);
    }

    #[test]
    fn entries_that_are_declared_and_not_there_have_no_colour() {
        let palette = palette([0, 0, 16], &[0, 7, 0, 8], false).unwrap();
        assert_eq!((palette.colour(1), palette.colour(2)), (Some([8; 3]), None));
        assert!(Palette::of(&Dataset::default(), false).is_err());
    }
}
