//! The content tree of a structured report as rows (PS3.3 C.17.3): an item, then what lies inside it.
//!
//! Nesting is bounded by the reader of the file ([`crate::limits::SEQUENCE_DEPTH`]), items by
//! [`crate::limits::REPORT_ITEMS`], what they say by [`crate::limits::REPORT_WORDS`].

use dicom_dictionary_std::tags;
use serde::Serialize;

use super::code::{Code, shortened};
use super::item::Value;
use crate::limits;
use crate::study::dataset::Dataset;
use crate::study::text::CharacterSets;

/// One content item.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportItem {
    /// How many items lie around it.
    pub depth: usize,
    /// Its place as the standard counts: `1.3.2` is the second item in the third of the root.
    pub number: String,
    /// CONTAINS, HAS OBS CONTEXT, INFERRED FROM …; empty of the root.
    pub relationship: String,
    /// CONTAINER, NUM, CODE …
    pub value_type: String,
    pub concept: Option<Code>,
    pub value: Value,
    /// When it was observed, as the file writes it; empty where it was when the report was made (PS3.3
    /// C.17.3.2.4).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub observed: String,
    /// How many items behind this one lie inside it.
    pub inside: usize,
}

impl ReportItem {
    /// What the item is about, in the words of the file.
    #[must_use]
    pub fn name(&self) -> &str {
        self.concept.as_ref().map_or("", Code::words)
    }
}

/// All items of a report, the root first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReportTree {
    pub items: Vec<ReportItem>,
    /// There are items beyond the most that are read.
    pub left_out: bool,
}

impl ReportTree {
    /// The tree whose root is the object itself.
    pub(super) fn read(root: &Dataset, sets: &CharacterSets) -> Self {
        let mut tree = Self::default();
        tree.add(root, sets, (0, "1"), &mut 0);
        tree
    }

    /// Adds an item, and what lies in it; `said` counts the bytes of words.
    fn add(&mut self, item: &Dataset, sets: &CharacterSets, (depth, number): (usize, &str), said: &mut usize) {
        if self.items.len() >= limits::REPORT_ITEMS || *said > limits::REPORT_WORDS {
            self.left_out = true;
            return;
        }
        // An item may have character sets of its own.
        let own = item.get(tags::SPECIFIC_CHARACTER_SET).map(|_| item.character_sets());
        let sets = own.as_ref().unwrap_or(sets);
        let at = self.items.len();
        let value = Value::read(item, sets);
        // A text may come to nothing and take long.
        *said += value.bytes().max(item.raw(tags::TEXT_VALUE).map_or(0, <[u8]>::len));
        self.items.push(ReportItem {
            depth,
            number: number.to_owned(),
            relationship: if depth == 0 { String::new() } else { shortened(&item.code(tags::RELATIONSHIP_TYPE), 32) },
            value_type: shortened(&item.code(tags::VALUE_TYPE), 16),
            concept: Code::of(item, tags::CONCEPT_NAME_CODE_SEQUENCE, sets),
            value,
            observed: shortened(&item.code(tags::OBSERVATION_DATE_TIME), 32),
            inside: 0,
        });
        for (i, child) in item.items(tags::CONTENT_SEQUENCE).iter().enumerate() {
            self.add(child, sets, (depth + 1, &format!("{number}.{}", i + 1)), said);
        }
        self.items[at].inside = self.items.len() - at - 1;
    }

    /// The items right inside one, by their places in the list.
    pub fn children(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.items.get(at).map_or(0, |item| at + item.inside);
        let mut next = at + 1;
        std::iter::from_fn(move || {
            let child = next;
            let item = self.items.get(child).filter(|_| child <= end)?;
            next = child + item.inside + 1;
            Some(child)
        })
    }

    /// The item with a number, where there is one.
    #[must_use]
    pub fn numbered(&self, number: &str) -> Option<&ReportItem> {
        self.items.iter().find(|item| item.number == number)
    }
}
