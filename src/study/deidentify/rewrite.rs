//! The profile, applied to a data set and all that is nested in it.

use std::collections::BTreeMap;

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::account::{Account, dictionary_vr};
use super::action::{Action, unlisted};
use super::dates::{pooled_age, shifted};
use super::key::Key;
use super::options::Options;
use super::search::{DUMMY, Words};
use super::{private, table};
use crate::study::dataset::{Dataset, Element, Value};
use crate::study::identifiers::{self, Kind};
use crate::study::text::CharacterSets;
use crate::study::vocabulary;
use crate::study::writer::element;

/// One object on its way through the profile.
pub(super) struct Pass<'a> {
    pub options: &'a Options,
    pub key: &'a Key,
    /// See [`is_classic`](super::action::is_classic).
    pub classic: bool,
    /// What the patient is known by: that which pseudonyms and shifts of dates follow from.
    pub patient: String,
    pub account: Account,
    /// What was struck.
    pub words: Words,
}

impl Pass<'_> {
    /// Remembers every name, number and place that will go: before anything does, for a description
    /// stands before the name that it may hold.
    pub(super) fn collect(&mut self, dataset: &Dataset, sets: &CharacterSets) {
        let own = dataset.get(tags::SPECIFIC_CHARACTER_SET).map(|_| dataset.character_sets());
        let sets = own.as_ref().unwrap_or(sets);
        for (tag, element) in &dataset.elements {
            match (&element.value, self.action(*tag, element.vr)) {
                (Value::Items(items), Action::Keep) => items.iter().for_each(|item| self.collect(item, sets)),
                (_, Action::Keep) => {}
                _ => self.note(*tag, element, sets),
            }
        }
    }

    /// What the profile leaves of a data set.
    pub(super) fn dataset(&mut self, dataset: Dataset, sets: &CharacterSets) -> Dataset {
        let own = dataset.get(tags::SPECIFIC_CHARACTER_SET).map(|_| dataset.character_sets());
        let sets = own.as_ref().unwrap_or(sets);
        let safe =
            if self.options.safe_private { private::safe(&dataset, sets) } else { std::collections::HashSet::new() };
        let mut left = BTreeMap::new();
        for (tag, element) in dataset.elements {
            // Lengths of groups are no longer right, and nothing asks for them.
            if tag.1 == 0 {
                continue;
            }
            let action = if safe.contains(&tag) { Action::Keep } else { self.action(tag, element.vr) };
            if let Some(element) = self.done(tag, element, action, sets) {
                left.insert(tag, element);
            }
        }
        Dataset { elements: left }
    }

    fn action(&self, tag: Tag, vr: VR) -> Action {
        // Curves and overlays: without its data the rest of such a group describes nothing.
        let graphics = (tag.0 & 0xFF00 == 0x5000 || tag.0 & 0xFF00 == 0x6000) && tag.0.is_multiple_of(2);
        let no_data_set = matches!(tag.0, 0 | 2 | 4);
        if tag.0 % 2 == 1 || graphics || no_data_set {
            return Action::Remove;
        }
        match table::find(tag) {
            Some(row) => row.action(tag, vr, self.options, self.classic),
            // Nobody knows what an attribute holds that no dictionary has.
            None if dictionary_vr(tag).is_none() => Action::Remove,
            None => unlisted(vr, self.options),
        }
    }

    fn done(&mut self, tag: Tag, old: Element, action: Action, sets: &CharacterSets) -> Option<Element> {
        let vr = old.vr;
        let is_empty = matches!(&old.value, Value::Bytes(bytes) if bytes.is_empty());
        let named = tag == tags::PATIENT_NAME || tag == tags::PATIENT_ID;
        if action != Action::Keep && (!is_empty || named || action == Action::Remove) {
            self.account.add(tag, if named { Action::Dummy } else { action });
        }
        match action {
            Action::Remove => None,
            Action::Keep => Some(self.kept(tag, old, sets)),
            _ if named => Some(self.pseudonym(tag, &old, sets)),
            Action::Empty | Action::Strike => Some(empty(&old)),
            Action::Dummy => Some(dummy(tag, &old)),
            _ if is_empty => Some(empty(&old)),
            Action::Uid => {
                let text = String::from_utf8_lossy(old.value.bytes()).into_owned();
                let new: Vec<String> = text.split('\\').map(|uid| self.key.uid(uid)).collect();
                Some(element(VR::UI, new.join("\\").as_bytes()))
            }
            Action::Shift => {
                let text = String::from_utf8_lossy(old.value.bytes()).into_owned();
                let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
                match shifted(vr, text, self.key.days(&self.patient)) {
                    Some(date) => Some(element(vr, date.as_bytes())),
                    None => Some(empty(&old)),
                }
            }
            Action::Clean => {
                let text = sets.decode(old.value.bytes());
                let words = vocabulary::cleaned(&text, |word| self.words.holds(word));
                let basic = table::find(tag).map_or(Action::Remove, |row| row.basic_action(tag, vr, self.classic));
                match (words.is_empty(), basic) {
                    (false, _) => Some(element(vr, words.as_bytes())),
                    (true, Action::Empty) => Some(empty(&old)),
                    (true, Action::Dummy) => Some(dummy(tag, &old)),
                    (true, _) => None,
                }
            }
        }
    }

    fn note(&mut self, tag: Tag, element: &Element, sets: &CharacterSets) {
        match &element.value {
            Value::Bytes(bytes) => {
                if let Some(kind) = Kind::of(tag, element.vr) {
                    self.words.add(tag, kind, &sets.decode(bytes));
                }
            }
            Value::Items(items) => {
                let words = &mut self.words;
                items
                    .iter()
                    .for_each(|item| identifiers::each(item, sets, &mut |tag, kind, text| words.add(tag, kind, &text)));
            }
            Value::Stored { .. } | Value::Fragments { .. } => {}
        }
    }

    fn kept(&mut self, tag: Tag, old: Element, sets: &CharacterSets) -> Element {
        match old.value {
            Value::Items(items) => {
                let items = items.into_iter().map(|item| self.dataset(item, sets)).collect();
                Element { value: Value::Items(items), ..old }
            }
            Value::Bytes(bytes) if tag == tags::PATIENT_AGE => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let pooled = pooled_age(text.trim_matches('\0'));
                if pooled != text.trim_matches(|c: char| c == '\0' || c.is_whitespace()) {
                    self.account.add(tag, Action::Dummy);
                }
                element(VR::AS, pooled.as_bytes())
            }
            value => Element { value, ..old },
        }
    }

    /// The patient's new name and id are one: files of one patient stay together, and no receiver
    /// stumbles over an empty id. Of another patient, in a sequence, by what stands there.
    fn pseudonym(&self, tag: Tag, old: &Element, sets: &CharacterSets) -> Element {
        let own = sets.decode(old.value.bytes());
        let whose = if tag == tags::PATIENT_NAME || own.is_empty() { &self.patient } else { &own };
        element(old.vr, self.key.pseudonym("P", whose).as_bytes())
    }
}

/// What pseudonyms and shifts of dates of a data set follow from: Patient ID, else the name, else
/// the study, else the object alone.
pub(super) fn patient(dataset: &Dataset, sets: &CharacterSets) -> String {
    let known = [
        dataset.text(tags::PATIENT_ID, sets),
        dataset.text(tags::PATIENT_NAME, sets),
        dataset.code(tags::STUDY_INSTANCE_UID),
        dataset.code(tags::SOP_INSTANCE_UID),
    ];
    known.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

fn empty(old: &Element) -> Element {
    let value = if old.vr == VR::SQ { Value::Items(Vec::new()) } else { Value::Bytes(Vec::new()) };
    Element { vr: old.vr, big_endian: false, value }
}

/// A value that says nothing, in the representation of the old one.
pub(super) fn dummy(tag: Tag, old: &Element) -> Element {
    let bytes: &[u8] = match old.vr {
        VR::DA => b"19000101",
        VR::DT => b"19000101000000",
        VR::TM => b"000000",
        VR::AS => b"000D",
        VR::UI => return element(VR::UI, b"2.25.0"),
        VR::IS | VR::DS => b"0",
        VR::US | VR::SS => &[0; 2],
        VR::UL | VR::SL | VR::FL | VR::AT => &[0; 4],
        VR::FD | VR::SV | VR::UV | VR::OB | VR::OW | VR::OF | VR::OD | VR::OL | VR::OV | VR::UN => &[0; 8],
        VR::SQ => return Element { vr: VR::SQ, big_endian: false, value: Value::Items(vec![dummy_item(tag)]) },
        _ => DUMMY.as_bytes(),
    };
    element(old.vr, bytes)
}

/// An item that says nothing: of a sequence of codes one that stands for nobody.
fn dummy_item(tag: Tag) -> Dataset {
    let is_coded = super::account::name(tag).contains("Code");
    let code = [
        (tags::CODE_VALUE, element(VR::SH, DUMMY.as_bytes())),
        (tags::CODING_SCHEME_DESIGNATOR, element(VR::SH, b"99PELLUCID")),
        (tags::CODE_MEANING, element(VR::LO, DUMMY.as_bytes())),
    ];
    Dataset { elements: if is_coded { code.into_iter().collect() } else { BTreeMap::new() } }
}
