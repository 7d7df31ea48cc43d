//! A DICOM data set in memory: elements by tag, with values read by their value representation
//! (PS3.5 section 6.2).
//!
//! Values that are absent, empty or malformed are `None` or empty: what that means is for the
//! caller to say.

use std::collections::BTreeMap;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use super::text::CharacterSets;

const SPECIFIC_CHARACTER_SET: Tag = Tag(0x0008, 0x0005);

/// One element.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Element {
    /// The representation of the file, or of the dictionary where the file has none (implicit VR,
    /// UN).
    pub vr: VR,
    pub big_endian: bool,
    pub value: Value,
}

/// The value of an element.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bytes(Vec<u8>),
    Items(Vec<Dataset>),
    /// Too long to be held, or native pixel data: where it lies. `available` < `length` in a
    /// truncated file.
    Stored {
        offset: u64,
        length: u64,
        available: u64,
    },
    /// Encapsulated pixel data: offset and length of every item, the Basic Offset Table first.
    /// Of a file that ends early, those that it has, the last one cut.
    Fragments {
        items: Vec<(u64, u64)>,
    },
}

impl Value {
    /// The bytes that are held in memory; none of a sequence, and of what stays in its file.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Items(_) | Self::Stored { .. } | Self::Fragments { .. } => &[],
        }
    }
}

/// Elements by tag.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Dataset {
    pub elements: BTreeMap<Tag, Element>,
}

/// The representation that the dictionary gives a tag; UN for what it does not know.
pub(crate) fn dictionary_vr(tag: Tag) -> VR {
    if tag.1 == 0 {
        return VR::UL;
    }
    StandardDataDictionary.by_tag(tag).map_or(VR::UN, |entry| entry.vr().relaxed())
}

impl Dataset {
    pub(crate) fn get(&self, tag: Tag) -> Option<&Element> {
        self.elements.get(&tag)
    }

    fn bytes(&self, tag: Tag) -> Option<(&Element, &[u8])> {
        let element = self.get(tag)?;
        match &element.value {
            Value::Bytes(bytes) => Some((element, bytes)),
            _ => None,
        }
    }

    /// The character sets that the object declares.
    pub(crate) fn character_sets(&self) -> CharacterSets {
        CharacterSets::of(&self.codes(SPECIFIC_CHARACTER_SET))
    }

    /// The raw bytes of a value, if it is held in memory.
    pub(crate) fn raw(&self, tag: Tag) -> Option<&[u8]> {
        self.bytes(tag).map(|(_, bytes)| bytes)
    }

    /// Items of a sequence; none if it is absent.
    pub(crate) fn items(&self, tag: Tag) -> &[Dataset] {
        match self.get(tag).map(|e| &e.value) {
            Some(Value::Items(items)) => items,
            _ => &[],
        }
    }

    /// A text value in the character sets of the object, without its padding.
    pub(crate) fn text(&self, tag: Tag, sets: &CharacterSets) -> String {
        self.bytes(tag).map(|(_, bytes)| sets.decode(bytes)).unwrap_or_default()
    }

    /// All values of a string of the default repertoire (CS, UI, DA, DS …), trimmed.
    pub(crate) fn codes(&self, tag: Tag) -> Vec<String> {
        let Some((_, bytes)) = self.bytes(tag) else { return Vec::new() };
        let text = String::from_utf8_lossy(bytes);
        text.split('\\').map(|v| v.trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned()).collect()
    }

    /// The first of [`Self::codes`], empty if there is none.
    pub(crate) fn code(&self, tag: Tag) -> String {
        self.codes(tag).into_iter().next().unwrap_or_default()
    }

    /// All values as numbers; strings that are no numbers are left out.
    pub(crate) fn numbers(&self, tag: Tag) -> Vec<f64> {
        let Some((element, bytes)) = self.bytes(tag) else { return Vec::new() };
        let big = element.big_endian;
        match element.vr {
            VR::FL | VR::OF => words(bytes, big).map(|w: [u8; 4]| f64::from(f32::from_le_bytes(w))).collect(),
            VR::FD | VR::OD => words(bytes, big).map(f64::from_le_bytes).collect(),
            VR::US | VR::SS | VR::UL | VR::SL | VR::OW | VR::OL => {
                self.integers(tag).into_iter().map(|v| v as f64).collect()
            }
            _ => self.codes(tag).iter().filter_map(|v| v.parse().ok()).collect(),
        }
    }

    /// The first of [`Self::numbers`] if it is finite.
    pub(crate) fn number(&self, tag: Tag) -> Option<f64> {
        self.numbers(tag).first().copied().filter(|v| v.is_finite())
    }

    /// All values as integers. Representations without a sign of their own (OW, UN) are taken as
    /// unsigned words.
    pub(crate) fn integers(&self, tag: Tag) -> Vec<i64> {
        let Some((element, bytes)) = self.bytes(tag) else { return Vec::new() };
        let big = element.big_endian;
        match element.vr {
            VR::SS => words(bytes, big).map(|w| i64::from(i16::from_le_bytes(w))).collect(),
            VR::UL | VR::OL => words(bytes, big).map(|w| i64::from(u32::from_le_bytes(w))).collect(),
            VR::SL => words(bytes, big).map(|w| i64::from(i32::from_le_bytes(w))).collect(),
            VR::US | VR::OW | VR::UN => words(bytes, big).map(|w| i64::from(u16::from_le_bytes(w))).collect(),
            _ => self.numbers(tag).into_iter().filter(|v| v.is_finite()).map(|v| v as i64).collect(),
        }
    }

    /// The first of [`Self::integers`].
    pub(crate) fn integer(&self, tag: Tag) -> Option<i64> {
        self.integers(tag).first().copied()
    }
}

/// Words of `N` bytes in little-endian order; a rest shorter than a word is left out.
pub(crate) fn words<const N: usize>(bytes: &[u8], big_endian: bool) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes.chunks_exact(N).map(move |chunk| {
        let mut word = [0; N];
        word.copy_from_slice(chunk);
        if big_endian {
            word.reverse();
        }
        word
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(vr: VR, big_endian: bool, bytes: &[u8]) -> Dataset {
        let element = Element { vr, big_endian, value: Value::Bytes(bytes.to_vec()) };
        Dataset { elements: BTreeMap::from([(Tag(1, 1), element)]) }
    }

    #[test]
    fn numbers_are_read_by_their_representation() {
        let tag = Tag(1, 1);
        assert_eq!(of(VR::US, false, &[1, 2, 255, 255]).integers(tag), vec![513, 65_535]);
        assert_eq!(of(VR::US, true, &[1, 2]).integers(tag), vec![258]);
        assert_eq!(of(VR::SS, false, &[255, 255]).integer(tag), Some(-1));
        assert_eq!(of(VR::DS, false, b" 1.5\\-2e1 \\x").numbers(tag), vec![1.5, -20.0]);
        assert_eq!(of(VR::IS, false, b"12 ").integer(tag), Some(12));
        assert_eq!(of(VR::FD, false, &0.25_f64.to_le_bytes()).number(tag), Some(0.25));
        assert_eq!(of(VR::DS, false, b"nan").number(tag), None);
        assert_eq!(of(VR::UI, false, b"1.2.3\0").code(tag), "1.2.3");
    }

    #[test]
    fn what_is_not_there_is_nothing() {
        let empty = Dataset::default();
        assert_eq!(empty.code(Tag(1, 1)), "");
        assert_eq!(empty.number(Tag(1, 1)), None);
        assert!(empty.items(Tag(1, 1)).is_empty());
    }
}
