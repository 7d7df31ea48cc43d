//! Data sets of our own that are asked with: a few elements in implicit VR little endian.

use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};

use crate::pacs::uid::Uid;

/// A data set in the making; elements are written in the order of their tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identifier {
    elements: std::collections::BTreeMap<Tag, Vec<u8>>,
}

impl Identifier {
    /// A text; what is not ASCII makes the whole data set one of UTF-8.
    #[must_use]
    pub(super) fn with_text(mut self, tag: Tag, text: &str) -> Self {
        if !text.is_ascii() {
            self.elements.insert(tags::SPECIFIC_CHARACTER_SET, b"ISO_IR 192".to_vec());
        }
        self.elements.insert(tag, even(text.as_bytes(), b' '));
        self
    }

    /// A text as the dictionary has its attribute: lists of UIDs are padded otherwise.
    #[must_use]
    pub(super) fn with(mut self, tag: Tag, text: &str) -> Self {
        let is_uid = StandardDataDictionary.by_tag(tag).is_some_and(|entry| entry.vr().relaxed() == VR::UI);
        if !is_uid {
            return self.with_text(tag, text);
        }
        self.elements.insert(tag, even(text.as_bytes(), 0));
        self
    }

    /// A UID.
    #[must_use]
    pub(super) fn with_uid(mut self, tag: Tag, uid: &Uid) -> Self {
        self.elements.insert(tag, even(uid.as_str().as_bytes(), 0));
        self
    }

    /// An attribute whose value is asked for.
    #[must_use]
    pub(super) fn with_empty(mut self, tag: Tag) -> Self {
        self.elements.entry(tag).or_default();
        self
    }

    /// A sequence.
    #[must_use]
    pub(super) fn with_items(mut self, tag: Tag, items: &[Self]) -> Self {
        let mut bytes = Vec::new();
        for item in items {
            let content = item.to_bytes();
            bytes.extend([0xFE, 0xFF, 0x00, 0xE0]);
            bytes.extend((content.len() as u32).to_le_bytes());
            bytes.extend(content);
        }
        self.elements.insert(tag, bytes);
        self
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (tag, value) in &self.elements {
            bytes.extend(tag.0.to_le_bytes());
            bytes.extend(tag.1.to_le_bytes());
            bytes.extend((value.len() as u32).to_le_bytes());
            bytes.extend(value);
        }
        bytes
    }
}

fn even(bytes: &[u8], padding: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(padding);
    }
    bytes
}
