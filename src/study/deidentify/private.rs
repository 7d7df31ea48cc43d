//! Private attributes that are known to be safe (PS3.15 E.3.10): those of a list, and those of
//! blocks that the object itself calls safe in Private Data Element Characteristics Sequence
//! (0008,0300).
//!
//! The list holds the numbers and codes of the standard's Table E.3.10-1. Its bulk data, texts and
//! UIDs are not among them: what a vendor writes into a block of bytes nobody checks.

use std::collections::HashSet;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::study::dataset::Dataset;
use crate::study::text::CharacterSets;

/// Group, creator, and the low byte of the elements.
const SAFE: [(u16, &str, &[u8]); 17] = [
    (0x7053, "Philips PET Private Group", &[0x00, 0x09]),
    (0x00E1, "ELSCINT1", &[0x21, 0x50]),
    (0x01E1, "ELSCINT1", &[0x26]),
    (0x01F1, "ELSCINT1", &[0x01, 0x07, 0x26, 0x27]),
    (0x0019, "GEMS_ACQU_01", &[0x23, 0x24, 0x27, 0x9E]),
    (0x0025, "GEMS_SERS_01", &[0x07]),
    (0x0043, "GEMS_PARM_01", &[0x27, 0x39, 0x6F]),
    (0x0045, "GEMS_HELIOS_01", &[0x01, 0x02]),
    (0x0903, "GEIIS PACS", &[0x10, 0x11, 0x12]),
    (0x2001, "Philips Imaging DD 001", &[0x03, 0x04]),
    (0x2005, "Philips MR Imaging DD 001", &[0x0D, 0x0E]),
    (0x0019, "SIEMENS MR HEADER", &[0x0C, 0x0D, 0x0E, 0x27]),
    (0x7E01, "HOLOGIC, Inc.", &[0x01, 0x02]),
    (0x0099, "NQHeader", &[0x04, 0x10, 0x20, 0x21]),
    (0x0199, "NQLeft", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22]),
    (0x0299, "NQRight", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22]),
    (0x0139, "SIEMENS Ultrasound SC2000", &[0x01]),
];

/// The private attributes of a data set that stay, creators included.
pub(super) fn safe(dataset: &Dataset, sets: &CharacterSets) -> HashSet<Tag> {
    let mut kept = HashSet::new();
    let declared = declared_safe(dataset, sets);
    for (tag, element) in &dataset.elements {
        // (gggg,0010–00FF) names the creator of the block (gggg,1000–10FF … FF00–FFFF), PS3.5
        // section 7.8.1.
        let Tag(group, block @ 0x10..=0xFF) = *tag else { continue };
        if group % 2 == 0 {
            continue;
        }
        let creator = sets.decode(element.value.bytes());
        let listed = SAFE.iter().find(|(g, name, _)| *g == group && *name == creator);
        let declared = declared.iter().find(|d| d.group == group && d.creator == creator);
        let is_safe = |own: Tag| {
            listed.is_some_and(|(_, _, low)| low.contains(&((own.1 & 0xFF) as u8)))
                || declared.is_some_and(|declared| declared.calls_safe(own))
        };
        let of_block = dataset.elements.range(Tag(group, block << 8)..=Tag(group, block << 8 | 0xFF));
        let stay: Vec<Tag> = of_block.map(|(own, _)| *own).filter(|own| is_safe(*own)).collect();
        if !stay.is_empty() {
            kept.extend(stay);
            kept.insert(*tag);
        }
    }
    kept
}

/// What the object says of a private block.
struct Declared {
    group: u16,
    creator: String,
    /// All of the block, or only these low bytes.
    elements: Option<Vec<i64>>,
}

impl Declared {
    fn calls_safe(&self, tag: Tag) -> bool {
        self.elements.as_ref().is_none_or(|some| some.contains(&i64::from(tag.1 & 0xFF)))
    }
}

fn declared_safe(dataset: &Dataset, sets: &CharacterSets) -> Vec<Declared> {
    let items = dataset.items(tags::PRIVATE_DATA_ELEMENT_CHARACTERISTICS_SEQUENCE).iter();
    items
        .filter_map(|item| {
            let group = u16::try_from(item.integer(tags::PRIVATE_GROUP_REFERENCE)?).ok()?;
            let creator = item.text(tags::PRIVATE_CREATOR_REFERENCE, sets);
            let elements = match item.code(tags::BLOCK_IDENTIFYING_INFORMATION_STATUS).as_str() {
                "SAFE" => None,
                "MIXED" => Some(item.integers(tags::NONIDENTIFYING_PRIVATE_ELEMENTS)),
                _ => return None,
            };
            Some(Declared { group, creator, elements })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use dicom_core::VR;

    use super::*;
    use crate::study::dataset::{Element, Value};

    fn element(vr: VR, bytes: &[u8]) -> Element {
        Element { vr, big_endian: false, value: Value::Bytes(bytes.to_vec()) }
    }

    fn with(elements: &[(Tag, Element)]) -> Dataset {
        Dataset { elements: elements.iter().cloned().collect() }
    }

    #[test]
    fn numbers_of_the_list_stay_with_their_creator_and_nothing_beside_them() {
        let dataset = with(&[
            (Tag(0x0019, 0x0010), element(VR::LO, b"SIEMENS MR HEADER ")),
            (Tag(0x0019, 0x0011), element(VR::LO, b"SOMEBODY ELSE ")),
            (Tag(0x0019, 0x100C), element(VR::IS, b"1000")),
            (Tag(0x0019, 0x1008), element(VR::CS, b"IMAGE ")),
            (Tag(0x0019, 0x110C), element(VR::IS, b"1000")),
        ]);
        let kept = safe(&dataset, &CharacterSets::default());
        assert_eq!(kept, HashSet::from([Tag(0x0019, 0x0010), Tag(0x0019, 0x100C)]));
    }

    #[test]
    fn a_block_that_the_object_calls_safe_stays_and_of_a_mixed_one_what_it_lists() {
        let item = |status: &[u8], group: u16, listed: &[u8]| {
            with(&[
                (tags::PRIVATE_GROUP_REFERENCE, element(VR::US, &group.to_le_bytes())),
                (tags::PRIVATE_CREATOR_REFERENCE, element(VR::LO, b"OURS")),
                (tags::BLOCK_IDENTIFYING_INFORMATION_STATUS, element(VR::CS, status)),
                (tags::NONIDENTIFYING_PRIVATE_ELEMENTS, element(VR::US, listed)),
            ])
        };
        let items = vec![item(b"SAFE", 0x0021, &[]), item(b"MIXED ", 0x0023, &[2, 0]), item(b"UNSAFE", 0x0025, &[])];
        let sequence = Element { vr: VR::SQ, big_endian: false, value: Value::Items(items) };
        let mut elements = vec![(tags::PRIVATE_DATA_ELEMENT_CHARACTERISTICS_SEQUENCE, sequence)];
        for group in [0x0021, 0x0023, 0x0025] {
            elements.push((Tag(group, 0x0010), element(VR::LO, b"OURS")));
            elements.extend([1, 2].map(|low| (Tag(group, 0x1000 + low), element(VR::LO, b"x "))));
        }
        let kept = safe(&with(&elements), &CharacterSets::default());
        let expected = [(0x0021, 0x10), (0x0021, 0x1001), (0x0021, 0x1002), (0x0023, 0x10), (0x0023, 0x1002)];
        assert_eq!(kept, expected.map(|(group, element)| Tag(group, element)).into());
    }
}
