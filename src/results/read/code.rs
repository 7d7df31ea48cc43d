//! Coded entries (PS3.3 section 8.8): what a concept, a value or a unit is, in a code of some scheme
//! and in words.

use std::fmt;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde::Serialize;

use crate::printable::printable;
use crate::study::dataset::Dataset;
use crate::study::text::CharacterSets;

/// Most characters of a code or its meaning.
const LONGEST: usize = 400;

/// A coded entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Code {
    pub value: String,
    /// Coding Scheme Designator: DCM, SCT, UCUM …
    pub scheme: String,
    /// Code Meaning, in the words of whoever wrote the file.
    pub meaning: String,
}

impl Code {
    /// The code of one item; nothing where it has neither value nor meaning.
    pub(super) fn of_item(item: &Dataset, sets: &CharacterSets) -> Option<Self> {
        let text = |tag: Tag| shortened(&item.text(tag, sets), LONGEST);
        let value = [tags::CODE_VALUE, tags::LONG_CODE_VALUE, tags::URN_CODE_VALUE].into_iter().map(text);
        let value = value.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
        let code = Self { value, scheme: text(tags::CODING_SCHEME_DESIGNATOR), meaning: text(tags::CODE_MEANING) };
        (!code.value.is_empty() || !code.meaning.is_empty()).then_some(code)
    }

    /// The code in the first item of a sequence.
    pub(super) fn of(dataset: &Dataset, sequence: Tag, sets: &CharacterSets) -> Option<Self> {
        Self::of_item(dataset.items(sequence).first()?, sets)
    }

    /// All codes of a sequence.
    pub(super) fn all(dataset: &Dataset, sequence: Tag, sets: &CharacterSets) -> Vec<Self> {
        dataset.items(sequence).iter().take(64).filter_map(|item| Self::of_item(item, sets)).collect()
    }

    /// Whether it is this code of this scheme. SNOMED is written in three ways: SCT, SRT, 99SDM.
    #[must_use]
    pub fn is(&self, scheme: &str, value: &str) -> bool {
        self.scheme == scheme && self.value == value
    }

    /// Whether it is this code of DICOM's own scheme (PS3.16 annex D).
    #[must_use]
    pub fn is_dcm(&self, value: &str) -> bool {
        self.is("DCM", value)
    }

    /// The meaning, or where the file gives none the code.
    #[must_use]
    pub fn words(&self) -> &str {
        if self.meaning.is_empty() { &self.value } else { &self.meaning }
    }

    /// A unit as it stands behind a number: its UCUM code, `1` and texts in braces left out.
    #[must_use]
    pub fn unit(&self) -> &str {
        let value = if self.value.is_empty() { &self.meaning } else { &self.value };
        match value.as_str() {
            "1" => "",
            text if text.starts_with('{') && text.ends_with('}') => &text[1..text.len() - 1],
            text if self.scheme.is_empty() || self.scheme == "UCUM" => text,
            _ => self.words(),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.value.is_empty() {
            return f.write_str(&self.meaning);
        }
        write!(f, "{} ({}, {})", self.words(), self.value, self.scheme)
    }
}

/// Text of a file on one line and without what acts, cut where it is long.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let start: String = in_one_line(text).chars().take(most).collect();
    printable(&start).into_owned()
}

/// The same with its lines, which a line feed ends.
pub(super) fn with_its_lines(text: &str, most: usize) -> String {
    let plain = text.trim().replace("\r\n", "\n").replace(['\r', '\u{c}'], "\n");
    let start: String = plain.chars().map(|c| if c == '\t' { ' ' } else { c }).take(most).collect();
    start.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// Lines of a text behind each other.
#[must_use]
pub fn in_one_line(text: &str) -> String {
    let line = |c: char| if matches!(c, '\r' | '\n' | '\t' | '\u{c}') { ' ' } else { c };
    text.trim().replace("\r\n", " ").chars().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(value: &str, scheme: &str, meaning: &str) -> String {
        Code { value: value.into(), scheme: scheme.into(), meaning: meaning.into() }.unit().to_owned()
    }

    #[test]
    fn lines_of_a_text_become_one_and_what_acts_is_shown() {
        assert_eq!(shortened(" Right lung.\r\nNo\tother \u{1b}[1m", 40), "Right lung. No other \\u{1b}[1m");
        let lines = with_its_lines(" Right lung.\r\nNo\tother\rthan \u{1b}[1m\n", 40);
        assert_eq!(lines, "Right lung.\nNo other\nthan \\u{1b}[1m");
    }

    #[test]
    fn a_unit_stands_as_it_is_written_behind_a_number() {
        assert_eq!(unit("mm", "UCUM", "millimeter"), "mm");
        assert_eq!(unit("1", "UCUM", "no units"), "");
        assert_eq!(unit("{ratio}", "UCUM", "ratio"), "ratio");
        assert_eq!(unit("[hnsf'U]", "UCUM", "Hounsfield unit"), "[hnsf'U]");
        assert_eq!(unit("X1", "99LOCAL", "blobs"), "blobs");
    }
}
