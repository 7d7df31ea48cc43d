//! What was done to the attributes of an object: tags and counts, and no value.

use std::collections::BTreeMap;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use super::action::Action;

/// How often something was done to each attribute, items of sequences counted each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account(BTreeMap<(Tag, Action), usize>);

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `(0010,0010)`.
    pub tag: String,
    pub name: String,
    pub action: Action,
    pub count: usize,
}

impl Account {
    pub(super) fn add(&mut self, tag: Tag, action: Action) {
        *self.0.entry((tag, action)).or_default() += 1;
    }

    /// Adds what was done to another object.
    pub fn extend(&mut self, other: &Self) {
        for (key, count) in &other.0 {
            *self.0.entry(*key).or_default() += count;
        }
    }

    /// How many attributes something was done to.
    #[must_use]
    pub fn count(&self, action: Action) -> usize {
        self.0.iter().filter(|((_, done), _)| *done == action).map(|(_, count)| count).sum()
    }

    /// All of it, by tag.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let entry = |(&(tag, action), &count): (&(Tag, Action), &usize)| Entry {
            tag: tag.to_string(),
            name: name(tag),
            action,
            count,
        };
        self.0.iter().map(entry).collect()
    }
}

/// The name of an attribute in the data dictionary.
pub(super) fn name(tag: Tag) -> String {
    if tag.0 % 2 == 1 {
        return "Private".into();
    }
    StandardDataDictionary.by_tag(tag).map_or("Unknown", DataDictionaryEntry::alias).to_owned()
}

/// The representation of an attribute in the data dictionary; `None` where it is not in it.
pub(super) fn dictionary_vr(tag: Tag) -> Option<VR> {
    StandardDataDictionary.by_tag(tag).map(|entry| entry.vr().relaxed())
}
