//! The structure of a DICOM data set, read with a guard on every length (PS3.5 section 7).
//!
//! Files come from CDs and portals, and a length of four gigabytes costs a hostile one four bytes.
//! So this reader checks before it allocates: a value must lie within what is left of the file and
//! of its item, sequences nest no deeper than [`limits::SEQUENCE_DEPTH`], there are no more than
//! [`limits::ELEMENTS`] elements, and values longer than [`limits::VALUE_BYTES`], or that all
//! together are more than [`limits::HEADER_BYTES`], stay where they are. It stops at the pixel data,
//! so listing a folder reads headers only.
//!
//! It reads what real files hold: implicit and explicit VR, both byte orders, defined and undefined
//! lengths, UN with undefined length (implicit VR inside, CP-246), and single elements without a VR
//! in explicit data sets.

use std::io::{BufReader, Read, Seek, SeekFrom};

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use crate::limits;

use super::StudyError;
use super::dataset::{Dataset, Element, Value, dictionary_vr};

const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);
const UNDEFINED: u64 = u32::MAX as u64;

/// How elements are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encoding {
    pub explicit: bool,
    pub big_endian: bool,
}

impl Encoding {
    pub(super) const IMPLICIT: Self = Self { explicit: false, big_endian: false };
    pub(super) const EXPLICIT: Self = Self { explicit: true, big_endian: false };
    pub(super) const BIG_ENDIAN: Self = Self { explicit: true, big_endian: true };

    pub(super) fn name(self) -> &'static str {
        match self {
            Self { explicit: false, .. } => "implicit VR little endian",
            Self { big_endian: false, .. } => "explicit VR little endian",
            Self { big_endian: true, .. } => "explicit VR big endian",
        }
    }

    /// The encoding that the first bytes of a data set show, if they look like one at all.
    pub(super) fn guess(start: &[u8]) -> Option<Self> {
        let [a, b, _, _, v, r, ..] = *start else { return None };
        let explicit = v.is_ascii_uppercase() && r.is_ascii_uppercase();
        match (u16::from_le_bytes([a, b]), explicit) {
            (2..=0x28, true) => Some(Self::EXPLICIT),
            // The first elements of a data set are short: a longer "length" is something else.
            (2..=0x28, false) if start.get(6..8) == Some(&[0, 0]) => Some(Self::IMPLICIT),
            (0x0200 | 0x0400 | 0x0800 | 0x1000, true) => Some(Self::BIG_ENDIAN),
            _ => None,
        }
    }
}

/// How much of a header is held in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HeaderBounds {
    /// Elements and items; more are an error.
    pub elements: usize,
    /// Bytes of all values together; what lies beyond stays in the file.
    pub bytes: u64,
}

impl HeaderBounds {
    /// The most that is read of any header.
    pub(super) const FULL: Self = Self { elements: limits::ELEMENTS, bytes: limits::HEADER_BYTES };
    /// The most that is read of the headers of several files at once.
    pub(super) const LIGHT: Self = Self { elements: limits::LIGHT_ELEMENTS, bytes: limits::LIGHT_BYTES };
}

/// Reads elements from `start` to the pixel data (inclusive, by place only) or to `end`.
pub(super) fn read_dataset<R: Read + Seek>(
    input: R,
    start: u64,
    end: u64,
    encoding: Encoding,
    bounds: HeaderBounds,
) -> Result<Dataset, StudyError> {
    let mut reader = Reader::new(input, start, bounds)?;
    reader.elements(end, encoding, 0)
}

/// Reads the file meta information (group 0002, always explicit little endian); yields it and where
/// it ends.
pub(super) fn read_meta<R: Read + Seek>(input: R, start: u64, end: u64) -> Result<(Dataset, u64), StudyError> {
    let mut reader = Reader::new(input, start, HeaderBounds::LIGHT)?;
    let mut meta = Dataset::default();
    while end.saturating_sub(reader.position) >= 8 {
        let at = reader.position;
        let tag = reader.tag(false)?;
        reader.count()?;
        if tag.0 != 2 {
            return Ok((meta, at));
        }
        let element = reader.element(tag, end, Encoding::EXPLICIT, 0)?;
        meta.elements.insert(tag, element);
    }
    Ok((meta, reader.position))
}

struct Reader<R> {
    input: BufReader<R>,
    position: u64,
    /// Elements and items so far.
    read: usize,
    /// Bytes of the values that are held.
    held: u64,
    bounds: HeaderBounds,
}

impl<R: Read + Seek> Reader<R> {
    fn new(input: R, start: u64, bounds: HeaderBounds) -> Result<Self, StudyError> {
        let mut input = BufReader::with_capacity(32 * 1024, input);
        input.seek(SeekFrom::Start(start))?;
        Ok(Self { input, position: start, read: 0, held: 0, bounds })
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], StudyError> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes)?;
        self.position += N as u64;
        Ok(bytes)
    }

    fn u16(&mut self, big: bool) -> Result<u16, StudyError> {
        let bytes = self.bytes()?;
        Ok(if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn u32(&mut self, big: bool) -> Result<u64, StudyError> {
        let bytes = self.bytes()?;
        Ok(u64::from(if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }))
    }

    fn tag(&mut self, big: bool) -> Result<Tag, StudyError> {
        Ok(Tag(self.u16(big)?, self.u16(big)?))
    }

    fn skip(&mut self, length: u64) -> Result<(), StudyError> {
        let step = i64::try_from(length).map_err(|_| StudyError::Malformed("a length that no file has".into()))?;
        self.input.seek_relative(step)?;
        self.position += length;
        Ok(())
    }

    fn descend(depth: usize) -> Result<usize, StudyError> {
        if depth >= limits::SEQUENCE_DEPTH {
            return Err(StudyError::Malformed(format!("sequences nest deeper than {}", limits::SEQUENCE_DEPTH)));
        }
        Ok(depth + 1)
    }

    fn count(&mut self) -> Result<(), StudyError> {
        self.read += 1;
        if self.read > self.bounds.elements {
            return Err(StudyError::Malformed(format!("it has more than {} elements", self.bounds.elements)));
        }
        Ok(())
    }

    /// Elements up to `end` or an item delimiter; at the top level up to the pixel data.
    fn elements(&mut self, end: u64, encoding: Encoding, depth: usize) -> Result<Dataset, StudyError> {
        let mut dataset = Dataset::default();
        while end.saturating_sub(self.position) >= 8 {
            self.count()?;
            let tag = self.tag(encoding.big_endian)?;
            if tag == ITEM_END || tag == SEQUENCE_END {
                self.u32(encoding.big_endian)?;
                if depth > 0 && tag == ITEM_END {
                    return Ok(dataset);
                }
                continue;
            }
            if depth == 0 && tag == Tag(0, 0) {
                // Zeros after the last element: padding of a medium.
                break;
            }
            let element = self.element(tag, end, encoding, depth)?;
            dataset.elements.insert(tag, element);
            let pixels = [tags::PIXEL_DATA, tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA].contains(&tag);
            if depth == 0 && pixels {
                break;
            }
        }
        Ok(dataset)
    }

    /// Representation and length of an element whose tag has just been read.
    fn head(&mut self, tag: Tag, end: u64, encoding: Encoding) -> Result<(VR, u64), StudyError> {
        if !encoding.explicit {
            return Ok((dictionary_vr(tag), self.u32(encoding.big_endian)?));
        }
        let code: [u8; 2] = self.bytes()?;
        if !code.iter().all(u8::is_ascii_uppercase) {
            // Some writers drop the VR of single elements: the four bytes are then an implicit
            // length.
            let rest: [u8; 2] = self.bytes()?;
            let four = [code[0], code[1], rest[0], rest[1]];
            let length =
                u64::from(if encoding.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) });
            if length == UNDEFINED || length <= end.saturating_sub(self.position) {
                return Ok((dictionary_vr(tag), length));
            }
            return Ok((VR::UN, self.u32(encoding.big_endian)?));
        }
        let vr = VR::from_binary(code).unwrap_or(VR::UN);
        let short = matches!(
            vr,
            VR::AE
                | VR::AS
                | VR::AT
                | VR::CS
                | VR::DA
                | VR::DS
                | VR::DT
                | VR::FL
                | VR::FD
                | VR::IS
                | VR::LO
                | VR::LT
                | VR::PN
                | VR::SH
                | VR::SL
                | VR::SS
                | VR::ST
                | VR::TM
                | VR::UI
                | VR::UL
                | VR::US
        );
        if short {
            return Ok((vr, u64::from(self.u16(encoding.big_endian)?)));
        }
        self.bytes::<2>()?;
        Ok((vr, self.u32(encoding.big_endian)?))
    }

    fn element(&mut self, tag: Tag, end: u64, encoding: Encoding, depth: usize) -> Result<Element, StudyError> {
        let (vr, length) = self.head(tag, end, encoding)?;
        let big_endian = encoding.big_endian;
        let remaining = end.saturating_sub(self.position);
        let pixel_data = tag == tags::PIXEL_DATA;
        if length == UNDEFINED {
            if pixel_data || matches!(vr, VR::OB | VR::OW) {
                let value = self.fragments(end, big_endian)?;
                return Ok(Element { vr, big_endian, value });
            }
            let inner = if vr == VR::UN { Encoding::IMPLICIT } else { encoding };
            let value = Value::Items(self.sequence(end, true, inner, Self::descend(depth)?)?);
            return Ok(Element { vr: VR::SQ, big_endian, value });
        }
        let pixels = pixel_data || tag == tags::FLOAT_PIXEL_DATA || tag == tags::DOUBLE_FLOAT_PIXEL_DATA;
        if pixels && depth == 0 {
            let value = Value::Stored { offset: self.position, length, available: length.min(remaining) };
            return Ok(Element { vr, big_endian, value });
        }
        if length > remaining {
            return Err(StudyError::Truncated(format!(
                "element {tag} declares {length} bytes, where {remaining} are left"
            )));
        }
        if vr == VR::SQ {
            let items = self.sequence(self.position + length, false, encoding, Self::descend(depth)?)?;
            return Ok(Element { vr, big_endian, value: Value::Items(items) });
        }
        if vr == VR::UN && encoding.explicit && dictionary_vr(tag) == VR::SQ {
            let items = self.sequence(self.position + length, false, Encoding::IMPLICIT, Self::descend(depth)?)?;
            return Ok(Element { vr: VR::SQ, big_endian: false, value: Value::Items(items) });
        }
        let (vr, big_endian) = if vr == VR::UN { (dictionary_vr(tag), false) } else { (vr, big_endian) };
        if length > limits::VALUE_BYTES || self.held + length > self.bounds.bytes {
            let value = Value::Stored { offset: self.position, length, available: length };
            self.skip(length)?;
            return Ok(Element { vr, big_endian, value });
        }
        let mut bytes = vec![0; length as usize];
        self.input.read_exact(&mut bytes)?;
        self.position += length;
        self.held += length;
        Ok(Element { vr, big_endian, value: Value::Bytes(bytes) })
    }

    fn sequence(
        &mut self,
        end: u64,
        delimited: bool,
        encoding: Encoding,
        depth: usize,
    ) -> Result<Vec<Dataset>, StudyError> {
        let mut items = Vec::new();
        while end.saturating_sub(self.position) >= 8 {
            self.count()?;
            let tag = self.tag(encoding.big_endian)?;
            let length = self.u32(encoding.big_endian)?;
            match tag {
                SEQUENCE_END => {
                    if delimited {
                        return Ok(items);
                    }
                }
                // A stray end of an item that had a defined length.
                ITEM_END => {}
                ITEM if length == UNDEFINED => items.push(self.elements(end, encoding, depth)?),
                ITEM => {
                    let remaining = end - self.position;
                    if length > remaining {
                        return Err(StudyError::Truncated(format!(
                            "an item declares {length} bytes, where {remaining} are left"
                        )));
                    }
                    let item_end = self.position + length;
                    items.push(self.elements(item_end, encoding, depth)?);
                    self.skip(item_end.saturating_sub(self.position))?;
                }
                other => {
                    return Err(StudyError::Malformed(format!("{other} stands where a sequence item should")));
                }
            }
        }
        if !delimited {
            self.skip(end.saturating_sub(self.position))?;
        }
        Ok(items)
    }

    /// The places of the items of encapsulated pixel data (PS3.5 A.4); a file that ends early gives
    /// those it has, and one that only lacks the delimiter gives all.
    fn fragments(&mut self, end: u64, big_endian: bool) -> Result<Value, StudyError> {
        let mut items = Vec::new();
        while end.saturating_sub(self.position) >= 8 {
            self.count()?;
            let tag = self.tag(big_endian)?;
            let length = self.u32(big_endian)?;
            match tag {
                SEQUENCE_END => return Ok(Value::Fragments { items }),
                ITEM => {
                    let remaining = end - self.position;
                    items.push((self.position, length.min(remaining)));
                    if length > remaining {
                        return Ok(Value::Fragments { items });
                    }
                    self.skip(length)?;
                }
                other => {
                    return Err(StudyError::Malformed(format!("{other} stands where a pixel data fragment should")));
                }
            }
        }
        Ok(Value::Fragments { items })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(bytes: &[u8], encoding: Encoding) -> Result<Dataset, StudyError> {
        read_dataset(Cursor::new(bytes), 0, bytes.len() as u64, encoding, HeaderBounds::FULL)
    }

    #[test]
    fn values_beyond_what_is_held_stay_in_the_file() {
        let value = |group: u8, length: u16| {
            [&[group, 0, 0x60, 0, b'L', b'O'][..], &length.to_le_bytes(), &vec![b'x'; length.into()]].concat()
        };
        let bytes = [value(8, 100), value(9, 100), value(10, 20)].concat();
        let read = |bounds| read_dataset(Cursor::new(&bytes), 0, bytes.len() as u64, Encoding::EXPLICIT, bounds);
        let dataset = read(HeaderBounds { elements: 3, bytes: 150 }).unwrap();
        let held: Vec<usize> = dataset.elements.values().map(|element| element.value.bytes().len()).collect();
        assert_eq!(held, [100, 0, 20]);
        assert!(matches!(dataset.get(Tag(9, 0x60)).unwrap().value, Value::Stored { length: 100, .. }));
        assert!(
            read(HeaderBounds { elements: 2, bytes: 150 }).unwrap_err().to_string().contains("more than 2 elements")
        );
    }

    #[test]
    fn a_declared_length_beyond_the_file_is_refused_before_it_is_allocated() {
        // (0008,0060) OB, 0xFFFFFFF0 bytes
        let bytes = [8, 0, 0x60, 0, b'O', b'B', 0, 0, 0xF0, 0xFF, 0xFF, 0xFF, 1, 2];
        let error = read(&bytes, Encoding::EXPLICIT).unwrap_err();
        assert!(error.to_string().contains("declares 4294967280 bytes, where 2 are left"), "{error}");
    }

    #[test]
    fn two_thousand_nested_sequences_are_refused() {
        for length in [[0xFF; 4], [0; 4]] {
            let mut bytes = Vec::new();
            for _ in 0..2000 {
                bytes.extend([0x08, 0x00, 0x40, 0x11, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
                bytes.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
            }
            bytes.extend(length);
            let error = read(&bytes, Encoding::EXPLICIT).unwrap_err();
            assert!(error.to_string().contains("nest deeper than"), "{error}");
        }
    }

    #[test]
    fn an_item_longer_than_its_sequence_is_refused() {
        let mut bytes = vec![0x08, 0x00, 0x40, 0x11, b'S', b'Q', 0, 0, 12, 0, 0, 0];
        bytes.extend([0xFE, 0xFF, 0x00, 0xE0, 200, 0, 0, 0, 1, 2, 3, 4]);
        bytes.extend([0; 400]);
        assert!(matches!(read(&bytes, Encoding::EXPLICIT), Err(StudyError::Truncated(_))));
    }

    #[test]
    fn sequences_of_both_kinds_of_length_hold_the_same_items() {
        let name = [0x08, 0x00, 0x50, 0x11, b'U', b'I', 4, 0, b'1', b'.', b'2', 0];
        let mut defined = vec![0x08, 0x00, 0x40, 0x11, b'S', b'Q', 0, 0, 20, 0, 0, 0];
        defined.extend([0xFE, 0xFF, 0x00, 0xE0, 12, 0, 0, 0]);
        defined.extend(name);
        let mut undefined = vec![0x08, 0x00, 0x40, 0x11, b'S', b'Q', 0, 0, 255, 255, 255, 255];
        undefined.extend([0xFE, 0xFF, 0x00, 0xE0, 255, 255, 255, 255]);
        undefined.extend(name);
        undefined.extend([0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        for bytes in [defined, undefined] {
            let dataset = read(&bytes, Encoding::EXPLICIT).unwrap();
            let items = dataset.items(tags::REFERENCED_IMAGE_SEQUENCE);
            assert_eq!(items.len(), 1);
            assert_eq!(items[0].code(tags::REFERENCED_SOP_CLASS_UID), "1.2");
        }
    }

    #[test]
    fn un_with_undefined_length_holds_implicit_items() {
        let mut bytes = vec![0x08, 0x00, 0x40, 0x11, b'U', b'N', 0, 0, 255, 255, 255, 255];
        bytes.extend([0xFE, 0xFF, 0x00, 0xE0, 255, 255, 255, 255]);
        bytes.extend([0x08, 0x00, 0x50, 0x11, 4, 0, 0, 0, b'1', b'.', b'2', 0]);
        bytes.extend([0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        let dataset = read(&bytes, Encoding::EXPLICIT).unwrap();
        assert_eq!(dataset.items(tags::REFERENCED_IMAGE_SEQUENCE)[0].code(tags::REFERENCED_SOP_CLASS_UID), "1.2");
    }

    #[test]
    fn the_first_bytes_tell_the_encoding() {
        assert_eq!(Encoding::guess(b"\x08\0\x05\0CS\x0a\0"), Some(Encoding::EXPLICIT));
        assert_eq!(Encoding::guess(b"\x08\0\x05\0\x0a\0\0\0"), Some(Encoding::IMPLICIT));
        assert_eq!(Encoding::guess(b"\0\x08\0\x05CS\0\x0a"), Some(Encoding::BIG_ENDIAN));
        assert_eq!(Encoding::guess(b"Hello, I am text"), None);
        assert_eq!(Encoding::guess(b"\x08"), None);
    }
}
