//! The DICOM JSON model (PS3.18, annex F), as far as answers to queries need it.
//!
//! An answer is a list of objects whose keys are tags in eight hexadecimal digits:
//! `{"00100010": {"vr": "PN", "Value": [{"Alphabetic": "DOE^JANE"}]}}`. Only the tags that somebody
//! asks for are kept, a few values of each, and of a list only as many objects as are wanted: what is not
//! kept is skipped while it is read, so that memory is bounded by what is wanted and not by what comes.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::printable::printable;

/// Most values of an attribute that are kept.
const VALUES: usize = 64;
/// Most characters of a value that are kept.
const CHARACTERS: usize = 1024;

/// Attributes of one object: the values of the tags that were asked for, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct JsonObject(BTreeMap<u32, Vec<String>>);

impl JsonObject {
    /// The first value, empty where there is none.
    pub(super) fn text(&self, tag: u32) -> String {
        self.0.get(&tag).and_then(|values| values.first()).cloned().unwrap_or_default()
    }

    /// Every value that is not empty.
    pub(super) fn texts(&self, tag: u32) -> Vec<String> {
        self.0.get(&tag).into_iter().flatten().filter(|value| !value.is_empty()).cloned().collect()
    }

    /// The first value as a number.
    pub(super) fn number<T: std::str::FromStr>(&self, tag: u32) -> Option<T> {
        self.text(tag).trim().parse().ok()
    }
}

/// Objects of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct JsonObjects {
    pub objects: Vec<JsonObject>,
    /// So many more there were.
    pub left: usize,
}

/// Reads a list of objects: of each these tags, and of the list at most `most`.
pub(super) fn objects(bytes: &[u8], tags: &[u32], most: usize) -> Result<JsonObjects, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = List { tags, most }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(read)
}

struct List<'a> {
    tags: &'a [u32],
    most: usize,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = JsonObjects;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<JsonObjects, D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = JsonObjects;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects of the DICOM JSON model")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<JsonObjects, A::Error> {
        let mut read = JsonObjects::default();
        while read.objects.len() < self.most {
            match list.next_element_seed(Object { tags: self.tags })? {
                Some(object) => read.objects.push(object),
                None => return Ok(read),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            read.left += 1;
        }
        Ok(read)
    }
}

struct Object<'a> {
    tags: &'a [u32],
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = JsonObject;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<JsonObject, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = JsonObject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose keys are tags")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonObject, A::Error> {
        let mut read = JsonObject::default();
        while let Some(key) = map.next_key::<String>()? {
            let tag = Some(&key).filter(|key| key.len() == 8).and_then(|key| u32::from_str_radix(key, 16).ok());
            match tag.filter(|tag| self.tags.contains(tag)) {
                Some(tag) => drop(read.0.insert(tag, map.next_value_seed(Attribute)?)),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(read)
    }
}

/// `{"vr": …, "Value": […]}`.
struct Attribute;

impl<'de> DeserializeSeed<'de> for Attribute {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Vec<String>, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Attribute {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an attribute with its values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
        let mut values = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == "Value" {
                values = map.next_value_seed(Values)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(values)
    }
}

struct Values;

impl<'de> DeserializeSeed<'de> for Values {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Vec<String>, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of values")
    }

    fn visit_unit<E>(self) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
        let mut values = Vec::new();
        while values.len() < VALUES {
            match list.next_element_seed(Scalar)? {
                Some(value) => values.push(value),
                None => return Ok(values),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(values)
    }
}

/// A text, a number, or the groups of a person's name; anything else is empty.
struct Scalar;

impl<'de> DeserializeSeed<'de> for Scalar {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<String, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scalar {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(kept(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E>(self, number: f64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_bool<E>(self, _: bool) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_unit<E>(self) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<String, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(String::new())
    }

    /// The three groups of a name with `=` between them (PS3.5, 6.2.1.1).
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        let mut groups = [const { String::new() }; 3];
        while let Some(key) = map.next_key::<String>()? {
            match ["Alphabetic", "Ideographic", "Phonetic"].iter().position(|name| *name == key) {
                Some(at) => groups[at] = map.next_value_seed(Scalar)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(groups.join("=").trim_end_matches('=').to_owned())
    }
}

/// The beginning of a text, in one line, without what a terminal acts on.
fn kept(text: &str) -> String {
    let end = text.char_indices().nth(CHARACTERS).map_or(text.len(), |(end, _)| end);
    printable(text[..end].trim_matches(|c: char| c == '\0' || c.is_whitespace())).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: u32 = 0x0010_0010;
    const MODALITIES: u32 = 0x0008_0061;
    const NUMBER: u32 = 0x0020_1208;

    fn read(json: &str) -> Result<JsonObjects, serde_json::Error> {
        objects(json.as_bytes(), &[NAME, MODALITIES, NUMBER], 2)
    }

    #[test]
    fn names_lists_and_numbers_are_read() {
        let json = r#"[{"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Yamada^Tarou", "Phonetic": "やまだ^たろう"}]},
            "00080061": {"vr": "CS", "Value": ["CR", null, "DX"]}, "00201208": {"vr": "IS", "Value": [12]},
            "00081199": {"vr": "SQ", "Value": [{"00081150": {"vr": "UI", "Value": ["1.2"]}}]}}]"#;
        let read = read(json).unwrap();
        let object = &read.objects[0];
        assert_eq!(object.text(NAME), "Yamada^Tarou==やまだ^たろう");
        assert_eq!(object.texts(MODALITIES), ["CR", "DX"]);
        assert_eq!(object.number::<u32>(NUMBER), Some(12));
        assert_eq!(read.left, 0);
    }

    #[test]
    fn numbers_may_be_text_and_attributes_may_be_empty() {
        let json =
            r#"[{"00201208": {"vr": "IS", "Value": ["7"]}, "00100010": {"vr": "PN"}, "00080061": {"Value": null}}]"#;
        let object = read(json).unwrap().objects.remove(0);
        assert_eq!((object.number::<u32>(NUMBER), object.text(NAME)), (Some(7), String::new()));
        assert!(object.texts(MODALITIES).is_empty());
    }

    #[test]
    fn what_is_not_wanted_takes_no_room() {
        let many = format!("[{}]", vec!["{}"; 1000].join(","));
        let read_ = read(&many).unwrap();
        assert_eq!((read_.left, read_.objects.len()), (998, 2));
        let long = format!(r#"[{{"00100010": {{"Value": ["{}"]}}}}]"#, "A".repeat(100_000));
        assert_eq!(read(&long).unwrap().objects[0].text(NAME).len(), CHARACTERS);
        let values = format!(r#"[{{"00080061": {{"Value": [{}]}}}}]"#, vec!["\"CR\""; 1000].join(","));
        assert_eq!(read(&values).unwrap().objects[0].texts(MODALITIES).len(), VALUES);
    }

    #[test]
    fn what_is_no_such_list_is_an_error_and_no_crash() {
        let deep = format!("[{}", r#"{"00081199":{"Value":["#.repeat(100_000));
        let nested = format!(r#"[{{"00100010":{{"Value":[{}"#, "[".repeat(100_000));
        for json in ["", "{}", "[1]", r#"[{"00100010": 1}]"#, "[{}", "[] []", &deep, &nested] {
            assert!(read(json).is_err(), "{}", &json[..json.len().min(40)]);
        }
    }

    #[test]
    fn nothing_that_a_terminal_acts_on_is_kept() {
        let json = r#"[{"00100010": {"Value": [{"Alphabetic": "A\u001b[2J"}]}}]"#;
        assert!(!read(json).unwrap().objects[0].text(NAME).contains('\u{1b}'));
    }
}
