//! The wire format of Protocol Buffers, as far as ONNX needs it: fields of a message, one after the
//! other, borrowed from the bytes of the file.
//!
//! Nothing is allocated here, and no length is believed: every field is a slice of what is there
//! (<https://protobuf.dev/programming-guides/encoding>). Groups, which ONNX has not, are refused.

use crate::model::import::ImportError;

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    Number(u64),
    Fixed32(u32),
    Fixed64(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The number and the value of the next field; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Field<'a>)>, ImportError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = varint(&mut self.rest)?;
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut self.rest)?),
            1 => Field::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = varint(&mut self.rest)?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Fixed32(u32::from_le_bytes(self.array()?)),
            kind => return Err(ImportError::Damaged(format!("a field of the kind {kind}, which ONNX does not have"))),
        };
        Ok(Some((tag >> 3, field)))
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], ImportError> {
        let length = usize::try_from(length).ok().filter(|length| *length <= self.rest.len());
        let (taken, rest) = self.rest.split_at(length.ok_or(ImportError::CutShort)?);
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ImportError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(ImportError::CutShort)?;
        self.rest = rest;
        Ok(*taken)
    }
}

/// A number of 7 bits a byte, the lowest first.
fn varint(rest: &mut &[u8]) -> Result<u64, ImportError> {
    let mut value = 0u64;
    for place in 0..10 {
        let (byte, behind) = rest.split_first().ok_or(ImportError::CutShort)?;
        *rest = behind;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(ImportError::Damaged("a number of more than ten bytes".into()))
}

impl<'a> Field<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], ImportError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(ImportError::Damaged("a number where ONNX has a message or a text".into())),
        }
    }

    pub(super) fn text(self) -> Result<&'a str, ImportError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| ImportError::Damaged("a name that is not UTF-8".into()))
    }

    pub(super) fn integer(self) -> Result<i64, ImportError> {
        match self {
            Self::Number(value) | Self::Fixed64(value) => Ok(value as i64),
            _ => Err(ImportError::Damaged("a message where ONNX has a number".into())),
        }
    }

    /// All numbers of a repeated field, packed or not, at most `most` with those in `to`.
    pub(super) fn integers(self, to: &mut Vec<i64>, most: usize) -> Result<(), ImportError> {
        let mut push = |value: i64| {
            if to.len() >= most {
                return Err(ImportError::TooMany { what: "numbers in a list", most });
            }
            to.push(value);
            Ok(())
        };
        match self {
            Self::Bytes(mut packed) => {
                while !packed.is_empty() {
                    push(varint(&mut packed)? as i64)?;
                }
                Ok(())
            }
            other => push(other.integer()?),
        }
    }

    /// The same for floats.
    pub(super) fn floats(self, to: &mut Vec<f32>, most: usize) -> Result<(), ImportError> {
        let found = match self {
            Self::Bytes(packed) => packed.len() / 4,
            _ => 1,
        };
        if to.len() + found > most {
            return Err(ImportError::TooMany { what: "numbers in a list", most });
        }
        match self {
            Self::Bytes(packed) => {
                let (values, rest) = packed.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(ImportError::CutShort);
                }
                to.extend(values.iter().map(|bytes| f32::from_le_bytes(*bytes)));
            }
            Self::Fixed32(bits) => to.push(f32::from_bits(bits)),
            _ => return Err(ImportError::Damaged("a whole number where ONNX has a fraction".into())),
        }
        Ok(())
    }

    pub(super) fn float(self) -> Result<f32, ImportError> {
        match self {
            Self::Fixed32(bits) => Ok(f32::from_bits(bits)),
            _ => Err(ImportError::Damaged("something else where ONNX has a fraction".into())),
        }
    }
}
