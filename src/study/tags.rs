//! The elements of a DICOM file as rows for people: tag, representation, name, value; sequences with
//! their items, private elements with their creator.
//!
//! Values are in one line and hold no character that acts; what is longer than [`limits::TAG_VALUE`]
//! is cut, and said to be. Of bulk data (pixels, waveforms, unknown bytes) only the size is told.

use std::path::Path;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use super::StudyError;
use super::dataset::{Dataset, Element, Value};
use super::dicom::Dicom;
use crate::limits;
use crate::panic_guard::guarded;
use crate::printable::printable;

/// One row: an element, or an item of a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRow {
    /// How many sequences and items lie around it.
    pub depth: usize,
    /// Tells the row from all others of its file, and sorts as the file does:
    /// "(0040,0275)/00001/(0032,1060)".
    pub place: String,
    /// "(0028,0010)", or "item 1".
    pub tag: String,
    /// Empty for an item.
    pub vr: String,
    pub name: String,
    pub value: String,
    /// The value is longer than what stands here.
    pub cut: bool,
    pub private: bool,
    /// How many rows behind this one lie inside it.
    pub inside: usize,
}

/// All elements of a file, the file meta information first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagList {
    pub rows: Vec<TagRow>,
    /// Elements beyond the most that are listed.
    pub left_out: bool,
}

/// The elements of a DICOM file.
///
/// # Errors
/// When the file cannot be read, or is no DICOM file.
pub fn tag_list(path: &Path) -> Result<TagList, StudyError> {
    guarded(|| {
        let dicom = Dicom::open(path)?;
        let mut list = TagList::default();
        list.add(&dicom.meta, &dicom, 0, "");
        list.add(&dicom.dataset, &dicom, 0, "");
        Ok(list)
    })?
}

impl TagList {
    fn add(&mut self, dataset: &Dataset, dicom: &Dicom, depth: usize, around: &str) {
        for (tag, element) in &dataset.elements {
            if self.rows.len() >= limits::TAG_ROWS {
                self.left_out = true;
                return;
            }
            let at = self.rows.len();
            let place = format!("{around}{tag}");
            let (value, cut) = value(dataset, *tag, element, dicom);
            let row = TagRow {
                depth,
                place: place.clone(),
                tag: tag.to_string(),
                vr: element.vr.to_string().to_owned(),
                name: name(dataset, *tag, dicom),
                value,
                cut,
                private: !tag.0.is_multiple_of(2),
                inside: 0,
            };
            self.rows.push(row);
            if let Value::Items(items) = &element.value {
                for (i, item) in items.iter().enumerate() {
                    self.item(item, dicom, depth + 1, &format!("{place}/{:05}", i + 1), i + 1);
                }
                self.rows[at].inside = self.rows.len() - at - 1;
            }
        }
    }

    fn item(&mut self, item: &Dataset, dicom: &Dicom, depth: usize, place: &str, number: usize) {
        if self.rows.len() >= limits::TAG_ROWS {
            self.left_out = true;
            return;
        }
        let at = self.rows.len();
        let count = item.elements.len();
        self.rows.push(TagRow {
            depth,
            place: place.to_owned(),
            tag: format!("item {number}"),
            vr: String::new(),
            name: String::new(),
            value: format!("{count} {}", if count == 1 { "element" } else { "elements" }),
            cut: false,
            private: false,
            inside: 0,
        });
        self.add(item, dicom, depth + 1, &format!("{place}/"));
        self.rows[at].inside = self.rows.len() - at - 1;
    }
}

/// The name of the dictionary; of a private element its creator (PS3.5 7.8.1).
fn name(dataset: &Dataset, tag: Tag, dicom: &Dicom) -> String {
    if tag.0.is_multiple_of(2) {
        return StandardDataDictionary.by_tag(tag).map_or("Unknown", DataDictionaryEntry::alias).to_owned();
    }
    if tag.1 < 0x100 {
        return "PrivateCreator".into();
    }
    let creator = dataset.text(Tag(tag.0, tag.1 >> 8), &dicom.sets);
    let creator: String = printable(creator.trim()).chars().take(64).collect();
    if creator.is_empty() { "Private".into() } else { format!("Private: {creator}") }
}

/// The value in one line, and whether it is longer than that.
fn value(dataset: &Dataset, tag: Tag, element: &Element, dicom: &Dicom) -> (String, bool) {
    let text = match &element.value {
        Value::Items(items) if items.len() == 1 => return ("1 item".into(), false),
        Value::Items(items) => return (format!("{} items", items.len()), false),
        Value::Stored { length, .. } => return (format!("{length} bytes"), false),
        Value::Fragments { items } => {
            let bytes: u64 = items.iter().skip(1).map(|(_, length)| *length).fold(0, u64::saturating_add);
            return (format!("{} fragments of {bytes} bytes", items.len().saturating_sub(1)), false);
        }
        Value::Bytes(bytes) => match element.vr {
            VR::OB | VR::OW | VR::UN | VR::OF | VR::OD | VR::OL | VR::OV => {
                return (format!("{} bytes", bytes.len()), false);
            }
            VR::US | VR::SS | VR::UL | VR::SL => joined(&dataset.integers(tag)),
            VR::FL | VR::FD | VR::UV | VR::SV => joined(&dataset.numbers(tag)),
            VR::AT => joined(
                &dataset
                    .raw(tag)
                    .unwrap_or_default()
                    .chunks_exact(4)
                    .take(limits::TAG_VALUE)
                    .map(|b| attribute_tag(b, element.big_endian).to_string())
                    .collect::<Vec<_>>(),
            ),
            _ => dataset.text(tag, &dicom.sets),
        },
    };
    // What acts is written with more characters, so it is cut afterwards.
    let (start, cut_before) = cut(text.trim_end());
    let (shown, cut_behind) = cut(&printable(&start));
    (shown, cut_before || cut_behind)
}

fn attribute_tag(bytes: &[u8], big_endian: bool) -> Tag {
    let word = |i: usize| {
        let pair = [bytes[i], bytes[i + 1]];
        if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    };
    Tag(word(0), word(2))
}

fn joined<T: ToString>(values: &[T]) -> String {
    // Each has a character at least.
    values.iter().take(limits::TAG_VALUE + 1).map(ToString::to_string).collect::<Vec<_>>().join("\\")
}

fn cut(text: &str) -> (String, bool) {
    match text.char_indices().nth(limits::TAG_VALUE) {
        Some((end, _)) => (text[..end].to_owned(), true),
        None => (text.to_owned(), false),
    }
}

/// A row of two files beside each other: the numbers of both rows, where both have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairedRow {
    pub first: Option<usize>,
    pub second: Option<usize>,
    /// Only one has it, or representation or value are not the same.
    pub differs: bool,
}

/// The rows of two files, those of one place beside each other, in the order of the files.
#[must_use]
pub fn paired(first: &TagList, second: &TagList) -> Vec<PairedRow> {
    let mut places: std::collections::BTreeMap<&str, (Option<usize>, Option<usize>)> =
        std::collections::BTreeMap::new();
    for (i, row) in first.rows.iter().enumerate() {
        places.entry(&row.place).or_default().0 = Some(i);
    }
    for (i, row) in second.rows.iter().enumerate() {
        places.entry(&row.place).or_default().1 = Some(i);
    }
    let pair = |(a, b): (Option<usize>, Option<usize>)| {
        let same = a.zip(b).is_some_and(|(a, b)| {
            let (a, b) = (&first.rows[a], &second.rows[b]);
            // Beyond a cut nothing is known.
            (&a.vr, &a.value) == (&b.vr, &b.value) && !a.cut && !b.cut
        });
        PairedRow { first: a, second: b, differs: !same }
    };
    places.into_values().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(place: &str, value: &str) -> TagRow {
        TagRow {
            depth: place.matches('/').count(),
            place: place.into(),
            tag: place.into(),
            vr: "LO".into(),
            name: "Name".into(),
            value: value.into(),
            cut: false,
            private: false,
            inside: 0,
        }
    }

    #[test]
    fn rows_of_two_files_stand_beside_each_other_in_the_order_of_the_tags() {
        let list = |rows: &[(&str, &str)]| TagList {
            rows: rows.iter().map(|(place, value)| row(place, value)).collect(),
            left_out: false,
        };
        let first = list(&[
            ("(0008,0060)", "DX"),
            ("(0010,0010)", "Doe"),
            ("(0040,0275)", "1 item"),
            ("(0040,0275)/00001", ""),
        ]);
        let second = list(&[("(0008,0060)", "DX"), ("(0010,0010)", "Roe"), ("(0010,0020)", "4711")]);
        let pairs: Vec<_> = paired(&first, &second).iter().map(|p| (p.first, p.second, p.differs)).collect();
        let expected = [
            (Some(0), Some(0), false),
            (Some(1), Some(1), true),
            (None, Some(2), true),
            (Some(2), None, true),
            (Some(3), None, true),
        ];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn a_long_value_is_cut_and_said_to_be() {
        assert_eq!(cut("short"), ("short".into(), false));
        let (text, was_cut) = cut(&"ä".repeat(limits::TAG_VALUE + 1));
        assert_eq!((text.chars().count(), was_cut), (limits::TAG_VALUE, true));
    }
}
