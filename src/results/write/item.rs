//! A data set under construction: elements by tag, with values that fit their representation.
//!
//! What a person or a file wrote is cut to what its representation takes (PS3.5 section 6.2), and
//! characters that it cannot hold are replaced; what the program says is short enough by itself.

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::results::codes::Code;

/// Elements of a data set, or of an item of a sequence.
#[derive(Clone, Debug)]
pub(super) struct Item(InMemDicomObject);

impl Item {
    pub(super) fn new() -> Self {
        Self(InMemDicomObject::new_empty())
    }

    pub(super) fn into_object(self) -> InMemDicomObject {
        self.0
    }

    pub(super) fn object(&self) -> &InMemDicomObject {
        &self.0
    }

    /// An element with a text as it stands, several values between backslashes.
    pub(super) fn text(mut self, tag: Tag, vr: VR, value: &str) -> Self {
        let has_several = value.contains('\\') && ![VR::ST, VR::LT, VR::UT, VR::UR].contains(&vr);
        let value = if has_several {
            PrimitiveValue::Strs(value.split('\\').map(str::to_owned).collect())
        } else {
            PrimitiveValue::from(value)
        };
        self.0.put(DataElement::new(tag, vr, value));
        self
    }

    /// The same of words that somebody typed: one value, cut to what its representation takes.
    pub(super) fn words(self, tag: Tag, vr: VR, value: &str) -> Self {
        self.text(tag, vr, &fitting(vr, value))
    }

    /// The same, and no element where there are no words.
    pub(super) fn words_if_any(self, tag: Tag, vr: VR, value: &str) -> Self {
        if value.trim().is_empty() { self } else { self.words(tag, vr, value) }
    }

    pub(super) fn uid(self, tag: Tag, value: &str) -> Self {
        self.text(tag, VR::UI, value)
    }

    pub(super) fn number(mut self, tag: Tag, value: u16) -> Self {
        self.0.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
        self
    }

    pub(super) fn long(mut self, tag: Tag, values: &[u32]) -> Self {
        self.0.put(DataElement::new(tag, VR::UL, PrimitiveValue::U32(values.into())));
        self
    }

    pub(super) fn signed(mut self, tag: Tag, values: &[i32]) -> Self {
        self.0.put(DataElement::new(tag, VR::SL, PrimitiveValue::I32(values.into())));
        self
    }

    pub(super) fn floats(mut self, tag: Tag, vr: VR, values: &[f32]) -> Self {
        self.0.put(DataElement::new(tag, vr, PrimitiveValue::F32(values.into())));
        self
    }

    /// A number exactly; no element where it is none.
    pub(super) fn double(mut self, tag: Tag, value: f64) -> Self {
        if !value.is_finite() {
            return self;
        }
        self.0.put(DataElement::new(tag, VR::FD, PrimitiveValue::from(value)));
        self
    }

    /// Numbers as decimal strings; no element where one of them is none (NaN, infinite), since the
    /// representation has no word for that.
    pub(super) fn decimals(self, tag: Tag, values: &[f64]) -> Self {
        match values.iter().map(|value| decimal(*value)).collect::<Option<Vec<String>>>() {
            Some(values) => self.text(tag, VR::DS, &values.join("\\")),
            None => self,
        }
    }

    pub(super) fn bytes(mut self, tag: Tag, vr: VR, bytes: Vec<u8>) -> Self {
        self.0.put(DataElement::new(tag, vr, PrimitiveValue::U8(bytes.into())));
        self
    }

    /// 16-bit words of pixel data.
    pub(super) fn shorts(mut self, tag: Tag, values: Vec<u16>) -> Self {
        self.0.put(DataElement::new(tag, VR::OW, PrimitiveValue::U16(values.into())));
        self
    }

    pub(super) fn attribute(mut self, tag: Tag, value: Tag) -> Self {
        self.0.put(DataElement::new(tag, VR::AT, PrimitiveValue::Tags([value].as_slice().into())));
        self
    }

    pub(super) fn items(mut self, tag: Tag, items: Vec<Self>) -> Self {
        let items: Vec<InMemDicomObject> = items.into_iter().map(Self::into_object).collect();
        self.0.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
        self
    }

    /// A sequence of one coded concept.
    pub(super) fn code(self, tag: Tag, code: &Code) -> Self {
        self.items(tag, vec![Self::of_code(code)])
    }

    /// A coded concept (PS3.3 section 8.8).
    pub(super) fn of_code(code: &Code) -> Self {
        let (tag, vr) = if code.is_long() { (tags::LONG_CODE_VALUE, VR::UC) } else { (tags::CODE_VALUE, VR::SH) };
        Self::new().words(tag, vr, &code.value).text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, code.scheme).words(
            tags::CODE_MEANING,
            VR::LO,
            &code.meaning,
        )
    }

    /// All elements of the other, in place of its own of the same tags.
    pub(super) fn with(mut self, other: &Self) -> Self {
        for element in &other.0 {
            self.0.put(element.clone());
        }
        self
    }

    /// One more of the elements that are there or not.
    pub(super) fn and<T>(self, value: Option<T>, add: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => add(self, value),
            None => self,
        }
    }
}

/// A number in at most 16 characters (PS3.5 section 6.2, DS); nothing of what is none.
pub(super) fn decimal(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    // Of an f32 its own shortest digits, not those of the f64 that holds it.
    let narrow = value as f32;
    let shortest = if f64::from(narrow) == value { format!("{narrow}") } else { format!("{value}") };
    if shortest.len() <= 16 {
        return Some(shortest);
    }
    let digits = |n: usize| format!("{value:.n$e}");
    Some((1..=15).rev().map(digits).find(|text| text.len() <= 16).unwrap_or_else(|| digits(0)))
}

/// Words as their representation takes them.
fn fitting(vr: VR, text: &str) -> String {
    let (longest, lines) = match vr {
        VR::SH => (16, false),
        VR::LO => (64, false),
        // Of each of the groups of a name.
        VR::PN => return name(text),
        VR::ST => (1024, true),
        VR::LT => (10_240, true),
        VR::UT => (usize::MAX, true),
        _ => (usize::MAX, false),
    };
    let character = |c: char| match c {
        '\\' if !lines => '/',
        '\n' | '\r' | '\t' if lines => c,
        c if c.is_control() => ' ',
        c => c,
    };
    text.trim().chars().map(character).take(longest).collect()
}

/// A person's name: up to three groups of up to 64 characters.
fn name(text: &str) -> String {
    let character = |c: char| if c.is_control() || c == '\\' { ' ' } else { c };
    let group = |group: &str| group.chars().map(character).take(64).collect::<String>();
    text.trim().split('=').take(3).map(group).collect::<Vec<_>>().join("=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_into_sixteen_characters_and_keep_the_digits_of_their_type() {
        assert_eq!(decimal(f64::from(0.76_f32)).unwrap(), "0.76");
        assert_eq!(decimal(0.1).unwrap(), "0.1");
        for value in [1.0 / 3.0, -1e300 / 3.0, 1e-300 / 7.0, -123_456_789.123_456_79, f64::from(f32::MIN_POSITIVE)] {
            let text = decimal(value).unwrap();
            assert!(text.len() <= 16, "{text}");
            let again: f64 = text.parse().unwrap();
            assert!((again - value).abs() <= value.abs() * 1e-7, "{value} became {text}");
        }
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let item = Item::new()
            .decimals(tags::WINDOW_CENTER, &[1.0, f64::NAN])
            .decimals(tags::WINDOW_WIDTH, &[f64::INFINITY])
            .double(tags::FLOATING_POINT_VALUE, f64::NEG_INFINITY)
            .decimals(tags::RESCALE_SLOPE, &[2.0]);
        assert_eq!(item.object().iter().count(), 1);
    }

    #[test]
    fn words_are_cut_to_their_representation() {
        assert_eq!(fitting(VR::SH, "a\\b\u{1b}"), "a/b ");
        assert_eq!(fitting(VR::LO, &"ö".repeat(99)).chars().count(), 64);
        assert_eq!(fitting(VR::UT, "two\nlines\\"), "two\nlines\\");
        assert_eq!(name(&format!("{}=山田^太郎", "A".repeat(99))), format!("{}=山田^太郎", "A".repeat(64)));
    }
}
