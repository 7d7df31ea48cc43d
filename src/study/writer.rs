//! A data set as the bytes of a file (PS3.10 section 7, PS3.5 section 7): values as they were read,
//! in the encoding of the transfer syntax.
//!
//! Sequences and items are written with undefined length. Encapsulated pixel data is copied with
//! its item headers, so that not a byte of it changes.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::StudyError;
use super::dataset::{Dataset, Element, Value};
use super::dicom::Dicom;
use super::reader::Encoding;

/// Names this program as the writer of a file (PS3.7 D.3.3.2).
pub const IMPLEMENTATION_CLASS_UID: &str = "2.25.151034873226712046013497153210983340281";
/// The same for people.
pub const IMPLEMENTATION_VERSION_NAME: &str = "PELLUCID";

const UNDEFINED: u32 = u32::MAX;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// A whole file: an empty preamble, file meta information of this program, and the data set. What
/// is not in memory is taken from `source`.
pub(super) fn file(dataset: &Dataset, source: &Dicom, syntax: &str, encoding: Encoding) -> Result<Vec<u8>, StudyError> {
    let mut writer = Writer { out: Vec::new(), source };
    writer.out.extend([0; 128]);
    writer.out.extend(b"DICM");
    let meta = meta(dataset, syntax);
    let mut group = Writer { out: Vec::new(), source };
    group.dataset(&meta, Encoding::EXPLICIT)?;
    let length = u32::try_from(group.out.len()).unwrap_or(UNDEFINED).to_le_bytes();
    writer.element(tags::FILE_META_INFORMATION_GROUP_LENGTH, &element(VR::UL, &length), Encoding::EXPLICIT)?;
    writer.out.append(&mut group.out);
    writer.dataset(dataset, encoding)?;
    Ok(writer.out)
}

/// An element with these bytes.
pub(super) fn element(vr: VR, bytes: &[u8]) -> Element {
    Element { vr, big_endian: false, value: Value::Bytes(bytes.to_vec()) }
}

/// File meta information that says what lies behind it, and nothing of where it came from.
fn meta(dataset: &Dataset, syntax: &str) -> Dataset {
    let uid = |uid: &str| element(VR::UI, uid.as_bytes());
    let elements = [
        (tags::FILE_META_INFORMATION_VERSION, element(VR::OB, &[0, 1])),
        (tags::MEDIA_STORAGE_SOP_CLASS_UID, uid(&dataset.code(tags::SOP_CLASS_UID))),
        (tags::MEDIA_STORAGE_SOP_INSTANCE_UID, uid(&dataset.code(tags::SOP_INSTANCE_UID))),
        (tags::TRANSFER_SYNTAX_UID, uid(syntax)),
        (tags::IMPLEMENTATION_CLASS_UID, uid(IMPLEMENTATION_CLASS_UID)),
        (tags::IMPLEMENTATION_VERSION_NAME, element(VR::SH, IMPLEMENTATION_VERSION_NAME.as_bytes())),
    ];
    Dataset { elements: elements.into_iter().collect() }
}

struct Writer<'a> {
    out: Vec<u8>,
    source: &'a Dicom,
}

impl Writer<'_> {
    fn u16(&mut self, value: u16, encoding: Encoding) {
        self.out.extend(if encoding.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn u32(&mut self, value: u32, encoding: Encoding) {
        self.out.extend(if encoding.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn tag(&mut self, tag: Tag, encoding: Encoding) {
        self.u16(tag.0, encoding);
        self.u16(tag.1, encoding);
    }

    /// Tag, representation and length.
    fn head(&mut self, tag: Tag, vr: VR, length: u64, encoding: Encoding) -> Result<(), StudyError> {
        let too_long = || StudyError::TooLarge(format!("the value of {tag} is {length} bytes long"));
        let long = u32::try_from(length).map_err(|_| too_long())?;
        self.tag(tag, encoding);
        if !encoding.explicit {
            self.u32(long, encoding);
            return Ok(());
        }
        match u16::try_from(length) {
            Ok(short) if is_short(vr) => {
                self.out.extend(vr.to_bytes());
                self.u16(short, encoding);
            }
            _ => {
                // A value that its own representation has no room for is of unknown representation
                // (CP-1066).
                self.out.extend(if is_short(vr) { VR::UN.to_bytes() } else { vr.to_bytes() });
                self.out.extend([0; 2]);
                self.u32(long, encoding);
            }
        }
        Ok(())
    }

    fn dataset(&mut self, dataset: &Dataset, encoding: Encoding) -> Result<(), StudyError> {
        dataset.elements.iter().try_for_each(|(tag, element)| self.element(*tag, element, encoding))
    }

    fn element(&mut self, tag: Tag, element: &Element, encoding: Encoding) -> Result<(), StudyError> {
        match &element.value {
            Value::Bytes(bytes) => {
                let odd = bytes.len() % 2;
                self.head(tag, element.vr, (bytes.len() + odd) as u64, encoding)?;
                self.value(element, bytes, encoding);
                self.out.extend(std::iter::repeat_n(padding(element.vr), odd));
            }
            Value::Items(items) => {
                self.head(tag, VR::SQ, u64::from(UNDEFINED), encoding)?;
                for item in items {
                    self.tag(ITEM, encoding);
                    self.u32(UNDEFINED, encoding);
                    self.dataset(item, encoding)?;
                    self.tag(ITEM_END, encoding);
                    self.u32(0, encoding);
                }
                self.tag(SEQUENCE_END, encoding);
                self.u32(0, encoding);
            }
            Value::Stored { offset, length, available } => {
                if available < length {
                    return Err(StudyError::Truncated(format!("{tag} holds {available} of {length} bytes")));
                }
                let odd = length % 2;
                self.head(tag, element.vr, length + odd, encoding)?;
                if element.big_endian == encoding.big_endian || word(element.vr) == 1 {
                    self.source.append_bytes(*offset, *length, &mut self.out)?;
                } else {
                    let bytes = self.source.bytes_at(*offset, *length)?;
                    self.value(element, &bytes, encoding);
                }
                self.out.extend(std::iter::repeat_n(padding(element.vr), odd as usize));
            }
            Value::Fragments { items } => {
                self.head(tag, VR::OB, u64::from(UNDEFINED), encoding)?;
                if let (Some((first, _)), Some((last, length))) = (items.first(), items.last()) {
                    let begin = first.saturating_sub(8);
                    let end = last.saturating_add(*length);
                    let header = self.source.bytes_at(last.saturating_sub(4), 4)?;
                    if header != (*length as u32).to_le_bytes() {
                        return Err(StudyError::Truncated("the last fragment of its pixel data is cut".into()));
                    }
                    self.source.append_bytes(begin, end.saturating_sub(begin), &mut self.out)?;
                }
                self.tag(SEQUENCE_END, encoding);
                self.u32(0, encoding);
            }
        }
        Ok(())
    }

    /// A value in the byte order of the file.
    fn value(&mut self, element: &Element, bytes: &[u8], encoding: Encoding) {
        let word = word(element.vr);
        if element.big_endian == encoding.big_endian || word == 1 {
            self.out.extend(bytes);
        } else {
            bytes.chunks(word).for_each(|chunk| self.out.extend(chunk.iter().rev()));
        }
    }
}

/// Whether the length of a representation has two bytes (PS3.5 section 7.1.2).
fn is_short(vr: VR) -> bool {
    !matches!(
        vr,
        VR::OB
            | VR::OD
            | VR::OF
            | VR::OL
            | VR::OV
            | VR::OW
            | VR::SQ
            | VR::SV
            | VR::UC
            | VR::UN
            | VR::UR
            | VR::UT
            | VR::UV
    )
}

/// Bytes of one number of a representation; they are what byte order reverses.
fn word(vr: VR) -> usize {
    match vr {
        VR::US | VR::SS | VR::OW | VR::AT => 2,
        VR::UL | VR::SL | VR::FL | VR::OF | VR::OL => 4,
        VR::FD | VR::OD | VR::SV | VR::UV | VR::OV => 8,
        _ => 1,
    }
}

/// What makes the length of a value even (PS3.5 section 6.2).
fn padding(vr: VR) -> u8 {
    match vr {
        VR::UI | VR::OB | VR::UN => 0,
        _ if word(vr) > 1 => 0,
        _ => b' ',
    }
}
