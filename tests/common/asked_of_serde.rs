//! What a type asks of a file, told by serde itself: the keys of each table and the kind of each
//! value.
//!
//! A deserializer that holds nothing walks to one place of the type and listens to what is asked
//! for there. A struct asks with the list of its fields, so a key that is added to the code is seen
//! here without being named. Every walk ends in an error, which is no failure.
//!
//! What it does not do: defaults, and values that may be of several kinds.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};

/// What is asked for at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Keys, with their older spellings.
    Table(Vec<&'static str>),
    /// One of these words.
    Choice(Vec<&'static str>),
    Boolean,
    Integer,
    Number,
    Text,
    List(Box<Asked>),
    /// So many of them.
    Tuple(usize, Box<Asked>),
}

/// What the value at `place` of a `T` has to be, and whether it may be absent in words of its own
/// (`Option`).
pub(crate) fn asked<T: DeserializeOwned>(place: &[&'static str]) -> Option<(Asked, bool)> {
    let mut heard = Heard::default();
    let _ = T::deserialize(Walk { place, heard: &mut heard });
    heard
        .asked
        .map(|asked| (heard.around.into_iter().rev().fold(asked, |inner, wrap| wrap(Box::new(inner))), heard.optional))
}

type Wrap = Box<dyn FnOnce(Box<Asked>) -> Asked>;

#[derive(Default)]
struct Heard {
    asked: Option<Asked>,
    optional: bool,
    /// Lists around the place.
    around: Vec<Wrap>,
}

struct Walk<'a> {
    place: &'a [&'static str],
    heard: &'a mut Heard,
}

/// The end of a walk.
#[derive(Debug)]
struct End;

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("heard")
    }
}

impl std::error::Error for End {}

impl serde::de::Error for End {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl Walk<'_> {
    fn hear<V>(self, asked: Asked) -> Result<V, End> {
        if self.place.is_empty() {
            self.heard.asked = Some(asked);
        }
        Err(End)
    }
}

macro_rules! hear {
    ($asked:expr, $($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, End> {
            self.hear($asked)
        })*
    };
}

impl<'de> Deserializer<'de> for Walk<'_> {
    type Error = End;

    hear!(Asked::Boolean, deserialize_bool);
    hear!(Asked::Integer, deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64);
    hear!(Asked::Integer, deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64);
    hear!(Asked::Number, deserialize_f32 deserialize_f64);
    hear!(Asked::Text, deserialize_char deserialize_str deserialize_string);

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, End> {
        self.heard.optional |= self.place.is_empty();
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, End> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, End> {
        if self.place.is_empty() {
            self.heard.around.push(Box::new(Asked::List));
        }
        visitor.visit_seq(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, End> {
        if self.place.is_empty() {
            self.heard.around.push(Box::new(move |inner| Asked::Tuple(length, inner)));
        }
        visitor.visit_seq(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, End> {
        if self.place.is_empty() { self.hear(Asked::Table(fields.to_vec())) } else { visitor.visit_map(self) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, End> {
        self.hear(Asked::Choice(variants.to_vec()))
    }

    serde::forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit unit_struct tuple_struct map identifier ignored_any
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, End> {
        Err(End)
    }
}

/// A list of one element, where the walk goes on.
impl<'de> SeqAccess<'de> for Walk<'_> {
    type Error = End;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, End> {
        seed.deserialize(Walk { place: self.place, heard: self.heard }).map(Some)
    }
}

/// A table of one key, behind which the walk goes on.
impl<'de> MapAccess<'de> for Walk<'_> {
    type Error = End;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, End> {
        let key: StrDeserializer<'_, End> = self.place[0].into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, End> {
        seed.deserialize(Walk { place: &self.place[1..], heard: self.heard })
    }
}
