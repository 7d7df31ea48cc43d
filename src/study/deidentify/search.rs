//! The words that were struck from an object, looked for in what is left of it.
//!
//! Text is read in its character set and compared without regard to case; bytes are searched for
//! every [spelling](super::spelling). Numbers, dates and UIDs are not text: a number of a patient
//! may be the size of an image by chance. A hit inside a longer word of the [vocabulary] is chance
//! as well ("Ann" in "scanning"), and so is a code of the standard that is somebody's name (CHEST);
//! in free text it is a hit, for it may be the person.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::error::DeidentifyError;
use super::spelling;
use crate::limits;
use crate::study::dataset::{Dataset, Value};
use crate::study::identifiers::{Kind, Struck};
use crate::study::text::CharacterSets;
use crate::study::vocabulary;

/// Longest beginning of a word that is looked for, in characters.
const LOOKED_FOR: usize = 64;
/// Shortest spelling, and shortest one of figures alone, that is looked for in bytes that are no
/// text: shorter ones turn up in pixels by chance.
const IN_BYTES: (usize, usize) = (6, 10);
/// Shorter numbers count where they stand as a word.
const AS_WORD: usize = 5;
/// Stands where a value must stand and none may: it names nobody, whatever it was struck from.
pub(super) const DUMMY: &str = "REMOVED";
/// Attributes that the program writes itself.
const OURS: [Tag; 4] =
    [tags::PATIENT_NAME, tags::PATIENT_ID, tags::DEIDENTIFICATION_METHOD, tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE];

/// What was struck: words in lower case, each with what it was and where it stood.
#[derive(Default)]
pub(super) struct Words(BTreeMap<String, (Kind, Tag)>);

impl Words {
    pub(super) fn add(&mut self, tag: Tag, kind: Kind, text: &str) {
        for word in Struck::of(kind, text) {
            let word: String = word.chars().take(LOOKED_FOR).flat_map(char::to_lowercase).collect();
            if word != DUMMY.to_lowercase() {
                self.0.entry(word).or_insert((kind, tag));
            }
        }
    }

    /// Whether a word, in lower case, was struck.
    pub(super) fn holds(&self, word: &str) -> bool {
        self.0.contains_key(word)
    }
}

/// A search for words.
pub(super) struct Search {
    words: Vec<(String, Kind, Tag)>,
    in_text: AhoCorasick,
    /// Only spellings that do not turn up by chance.
    in_bytes: AhoCorasick,
    /// The word of each of them.
    spelled: Vec<usize>,
}

impl Search {
    pub(super) fn of(words: Words) -> Result<Self, DeidentifyError> {
        if words.0.len() > limits::IDENTIFIERS {
            return Err(DeidentifyError::TooManyNames { words: words.0.len(), most: limits::IDENTIFIERS });
        }
        let words: Vec<(String, Kind, Tag)> =
            words.0.into_iter().map(|(word, (kind, tag))| (word, kind, tag)).collect();
        let mut spellings = Vec::new();
        let mut spelled = Vec::new();
        for (number, (word, ..)) in words.iter().enumerate() {
            let capitals: String = word.chars().flat_map(char::to_uppercase).collect();
            let first: String = {
                let mut letters = word.chars();
                letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
            };
            // ASCII is compared without regard to case, other letters in the usual three.
            let all = [word, &capitals, &first].into_iter().flat_map(|word| spelling::in_every_set(word));
            for bytes in all.filter(|bytes| is_no_chance(bytes) && !vocabulary::holds(word)) {
                spellings.push(bytes);
                spelled.push(number);
            }
        }
        let build = |patterns: &[Vec<u8>]| {
            let mut builder = AhoCorasick::builder();
            builder.kind(Some(AhoCorasickKind::ContiguousNFA)).ascii_case_insensitive(true);
            builder.build(patterns).map_err(|error| DeidentifyError::Search(error.to_string()))
        };
        let texts: Vec<Vec<u8>> = words.iter().map(|(word, ..)| word.clone().into_bytes()).collect();
        Ok(Self { in_text: build(&texts)?, in_bytes: build(&spellings)?, words, spelled })
    }

    /// Where a word was struck that stands in a text; a `coded` one holds terms of the standard.
    fn in_text(&self, text: &str, coded: bool) -> Option<Tag> {
        let lower: String = text.chars().flat_map(char::to_lowercase).collect();
        let hits = self.in_text.find_overlapping_iter(&lower);
        hits.map(|hit| (&self.words[hit.pattern().as_usize()], hit.start(), hit.end()))
            .find(|((word, kind, _), start, end)| {
                let (before, behind) = (&lower[..*start], &lower[*end..]);
                let own = |c: char| c.is_alphanumeric();
                let alone = !before.ends_with(own) && !behind.starts_with(own);
                if *kind == Kind::Number && word.chars().count() < AS_WORD && !alone {
                    return false;
                }
                if alone {
                    return !(coded && vocabulary::knows(word));
                }
                let from = before
                    .rfind(|c: char| !own(c))
                    .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
                let to = end + behind.find(|c: char| !own(c)).unwrap_or(behind.len());
                !vocabulary::knows(&lower[from..to])
            })
            .map(|((.., tag), ..)| *tag)
    }

    /// The same in bytes that are no text.
    fn in_bytes(&self, bytes: &[u8]) -> Option<Tag> {
        let hit = self.in_bytes.find_overlapping_iter(bytes).next()?;
        Some(self.words[self.spelled[hit.pattern().as_usize()]].2)
    }

    /// The same in bytes that nobody has divided into values: a whole file. Only what has letters,
    /// for a value may be any number.
    pub(super) fn in_file(&self, bytes: &[u8]) -> Option<Tag> {
        let hits = self.in_bytes.find_overlapping_iter(bytes);
        let mut words = hits.map(|hit| &self.words[self.spelled[hit.pattern().as_usize()]]);
        words.find(|(word, ..)| word.chars().any(char::is_alphabetic)).map(|(.., tag)| *tag)
    }

    /// A component of a UID that is a number of the patient.
    fn in_uid(&self, uid: &str) -> Option<Tag> {
        let numbers = self.words.iter().filter(|(word, kind, _)| *kind != Kind::Person && word.len() >= IN_BYTES.0);
        let mut numbers = numbers.filter(|(word, ..)| word.bytes().all(|b| b.is_ascii_digit()));
        numbers.find(|(word, ..)| uid.split(['.', '\\']).any(|part| part == word)).map(|(.., tag)| *tag)
    }

    /// Where a word was struck that stands in the value of an element.
    pub(super) fn in_value(&self, vr: VR, bytes: &[u8], sets: &CharacterSets) -> Option<Tag> {
        match vr {
            VR::CS => self.in_text(&sets.decode(bytes), true),
            VR::AE | VR::LO | VR::SH | VR::LT | VR::ST | VR::UT | VR::UC | VR::UR | VR::PN => {
                self.in_text(&sets.decode(bytes), false).or_else(|| self.in_bytes(bytes))
            }
            VR::UI => self.in_uid(&String::from_utf8_lossy(bytes)),
            VR::OB | VR::OW | VR::UN | VR::OF | VR::OD | VR::OL | VR::OV => self.in_bytes(bytes),
            _ => None,
        }
    }

    /// Changes every element that holds a struck word, by `change`, which hears of the tag.
    pub(super) fn strike(
        &self,
        dataset: &mut Dataset,
        sets: &CharacterSets,
        change: &mut dyn FnMut(Tag, VR, &mut Value),
    ) {
        let own = dataset.get(tags::SPECIFIC_CHARACTER_SET).map(|_| dataset.character_sets());
        let sets = own.as_ref().unwrap_or(sets);
        for (tag, element) in dataset.elements.iter_mut().filter(|(tag, _)| !OURS.contains(tag)) {
            if let Value::Items(items) = &mut element.value {
                items.iter_mut().for_each(|item| self.strike(item, sets, change));
            } else if self.in_value(element.vr, element.value.bytes(), sets).is_some() {
                change(*tag, element.vr, &mut element.value);
            }
        }
    }

    /// The first element that holds a struck word, and where that was struck. `stored` gives what
    /// is not in memory.
    pub(super) fn find(
        &self,
        dataset: &Dataset,
        sets: &CharacterSets,
        stored: &dyn Fn(&Value) -> Vec<(u64, u64)>,
        file: &[u8],
    ) -> Option<(Tag, Tag)> {
        let own = dataset.get(tags::SPECIFIC_CHARACTER_SET).map(|_| dataset.character_sets());
        let sets = own.as_ref().unwrap_or(sets);
        dataset.elements.iter().filter(|(tag, _)| !OURS.contains(tag)).find_map(|(tag, element)| match &element.value {
            Value::Items(items) => items.iter().find_map(|item| self.find(item, sets, stored, file)),
            Value::Bytes(bytes) => self.in_value(element.vr, bytes, sets).map(|of| (*tag, of)),
            value => stored(value).into_iter().find_map(|(offset, length)| {
                let end = usize::try_from(offset.saturating_add(length)).ok()?;
                let bytes = file.get(usize::try_from(offset).ok()?..end)?;
                self.in_bytes(bytes).map(|of| (*tag, of))
            }),
        })
    }
}

/// Whether bytes that spell a word are no pixels that happen to: long enough, and no slope such as
/// `123456`.
fn is_no_chance(spelling: &[u8]) -> bool {
    let figures = spelling.iter().all(u8::is_ascii_digit);
    let slope = spelling.windows(2).all(|pair| pair[0].abs_diff(pair[1]) < 3);
    !slope && spelling.len() >= if figures { IN_BYTES.1 } else { IN_BYTES.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(words: &[(Kind, &str)]) -> Search {
        let mut all = Words::default();
        words.iter().for_each(|(kind, word)| all.add(tags::PATIENT_NAME, *kind, word));
        Search::of(all).unwrap()
    }

    fn sets(code: &str) -> CharacterSets {
        CharacterSets::of(&code.split('\\').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_name_is_found_in_text_in_any_case_and_set() {
        let found =
            search(&[(Kind::Person, "Müller^Jürgen"), (Kind::Person, "Иванов^Пётр"), (Kind::Person, "王^小东")]);
        for (code, bytes) in [
            ("ISO_IR 100", &b"seen by Dr. M\xdcLLER"[..]),
            ("ISO_IR 192", "J\u{dc}RGEN was here".as_bytes()),
            ("ISO_IR 144", b"\xb8\xb2\xb0\xbd\xbe\xb2"),
            ("GB18030", b"\xd0\xa1\xb6\xab"),
        ] {
            assert!(found.in_value(VR::LO, bytes, &sets(code)).is_some(), "{code}");
        }
        assert_eq!(found.in_value(VR::LO, b"Mill", &sets("")), None);
    }

    #[test]
    fn chance_is_no_hit_and_a_word_of_free_text_is() {
        let found = search(&[(Kind::Person, "Chest^Ann"), (Kind::Number, "A17"), (Kind::Number, "4711000")]);
        let none = CharacterSets::default();
        assert_eq!(found.in_value(VR::LO, b"Scanner 3 ", &none), None, "Ann in a longer word");
        assert_eq!(found.in_value(VR::CS, b"CHEST ", &none), None, "a code of the standard");
        assert!(found.in_value(VR::LO, b"CHEST ", &none).is_some(), "it may be the person");
        assert_eq!(found.in_value(VR::SH, b"CA170 ", &none), None, "a short number inside another");
        assert!(found.in_value(VR::SH, b"A17 ", &none).is_some());
        assert_eq!(found.in_value(VR::DS, b"4711000 ", &none), None, "a number of something else");
        assert!(found.in_value(VR::UI, b"1.2.4711000.3", &none).is_some());
        assert_eq!(found.in_value(VR::UI, b"1.2.54711000.3", &none), None);
    }

    #[test]
    fn bytes_are_searched_for_every_spelling() {
        let found = search(&[(Kind::Person, "Yamada^Tarou=山田^太郎"), (Kind::Person, "Łukaszewicz^Zofia")]);
        let noise = |bytes: &[u8]| [&[7, 8, 9][..], bytes, &[1; 9]].concat();
        for bytes in [&b"YAMADA"[..], "山田".as_bytes(), b"\xa3ukaszewicz", "łukaszewicz".as_bytes()] {
            assert!(found.in_value(VR::OB, &noise(bytes), &CharacterSets::default()).is_some(), "{bytes:?}");
        }
        assert_eq!(found.in_value(VR::OB, &noise(b"Yamad"), &CharacterSets::default()), None);
        // Eight figures are the slope of a grey wedge, or chance; ten that jump are somebody's.
        let found = search(&[(Kind::Number, "12345678"), (Kind::Number, "0123456789"), (Kind::Number, "4711081533")]);
        assert_eq!(found.in_value(VR::OW, b"0123456789:;", &CharacterSets::default()), None);
        assert!(found.in_value(VR::OW, b"of 4711081533 ", &CharacterSets::default()).is_some());
    }
}
