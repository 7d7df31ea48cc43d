//! DICOM objects written element by element, so that a test knows every byte of them.

use std::collections::BTreeMap;
use std::path::Path;

use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use pellucid::study::deidentify::{Deidentified, Deidentifier, DeidentifyError, Key, Options};

/// A value: bytes, or items.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Bytes(Vec<u8>),
    Items(Vec<Object>),
    /// Encapsulated pixel data: the offset table, then fragments.
    Fragments(Vec<Vec<u8>>),
}

/// Elements by tag.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Object(pub BTreeMap<Tag, (VR, Value)>);

impl Object {
    pub(super) fn put(&mut self, tag: Tag, vr: VR, bytes: &[u8]) -> &mut Self {
        self.0.insert(tag, (vr, Value::Bytes(bytes.to_vec())));
        self
    }

    pub(super) fn text(&mut self, tag: Tag, vr: VR, text: &str) -> &mut Self {
        self.put(tag, vr, text.as_bytes())
    }

    pub(super) fn number(&mut self, tag: Tag, value: u16) -> &mut Self {
        self.put(tag, VR::US, &value.to_le_bytes())
    }

    pub(super) fn items(&mut self, tag: Tag, items: Vec<Self>) -> &mut Self {
        self.0.insert(tag, (VR::SQ, Value::Items(items)));
        self
    }

    pub(super) fn bytes_of(&self, tag: Tag) -> Option<&[u8]> {
        match &self.0.get(&tag)?.1 {
            Value::Bytes(bytes) => Some(bytes),
            Value::Items(_) | Value::Fragments(_) => None,
        }
    }

    /// A text without its padding.
    pub(super) fn text_of(&self, tag: Tag) -> Option<String> {
        let bytes = self.bytes_of(tag)?;
        Some(String::from_utf8_lossy(bytes).trim_matches([' ', '\0']).to_owned())
    }

    pub(super) fn items_of(&self, tag: Tag) -> &[Self] {
        match self.0.get(&tag) {
            Some((_, Value::Items(items))) => items,
            _ => &[],
        }
    }

    /// The data set in explicit VR little endian, or implicit.
    fn encode(&self, explicit: bool, out: &mut Vec<u8>) {
        for (tag, (vr, value)) in &self.0 {
            out.extend(tag.0.to_le_bytes());
            out.extend(tag.1.to_le_bytes());
            let short = !matches!(
                vr,
                VR::OB
                    | VR::OW
                    | VR::OF
                    | VR::OD
                    | VR::OL
                    | VR::OV
                    | VR::SQ
                    | VR::UN
                    | VR::UT
                    | VR::UC
                    | VR::UR
                    | VR::SV
                    | VR::UV
            );
            if explicit {
                out.extend(vr.to_bytes());
                out.extend(if short { &[][..] } else { &[0; 2] });
            }
            match value {
                Value::Bytes(bytes) => {
                    let even = bytes.len() + bytes.len() % 2;
                    if explicit && short {
                        out.extend((even as u16).to_le_bytes());
                    } else {
                        out.extend((even as u32).to_le_bytes());
                    }
                    out.extend(bytes);
                    let padding = if matches!(vr, VR::UI | VR::OB | VR::UN) { 0 } else { b' ' };
                    out.extend(std::iter::repeat_n(padding, even - bytes.len()));
                }
                Value::Items(items) => {
                    let mut all = Vec::new();
                    for item in items {
                        let mut inner = Vec::new();
                        item.encode(explicit, &mut inner);
                        all.extend([0xFE, 0xFF, 0x00, 0xE0]);
                        all.extend((inner.len() as u32).to_le_bytes());
                        all.extend(inner);
                    }
                    out.extend((all.len() as u32).to_le_bytes());
                    out.extend(all);
                }
                Value::Fragments(fragments) => {
                    out.extend(u32::MAX.to_le_bytes());
                    for fragment in fragments {
                        out.extend([0xFE, 0xFF, 0x00, 0xE0]);
                        out.extend((fragment.len() as u32).to_le_bytes());
                        out.extend(fragment);
                    }
                    out.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
                }
            }
        }
    }

    /// A file with a preamble that somebody wrote into, and file meta information that names
    /// people.
    pub(super) fn file(&self, syntax: &str) -> Vec<u8> {
        let mut meta = Self::default();
        meta.put(tags::FILE_META_INFORMATION_VERSION, VR::OB, &[0, 1])
            .text(tags::MEDIA_STORAGE_SOP_CLASS_UID, VR::UI, &self.text_of(tags::SOP_CLASS_UID).unwrap_or_default())
            .text(
                tags::MEDIA_STORAGE_SOP_INSTANCE_UID,
                VR::UI,
                &self.text_of(tags::SOP_INSTANCE_UID).unwrap_or_default(),
            )
            .text(tags::TRANSFER_SYNTAX_UID, VR::UI, syntax)
            .text(tags::IMPLEMENTATION_CLASS_UID, VR::UI, "1.2.3.4")
            .text(tags::SOURCE_APPLICATION_ENTITY_TITLE, VR::AE, "DOE_STATION");
        let mut bytes = b"Doe^Jane's preamble ".repeat(7)[..128].to_vec();
        bytes.extend(b"DICM");
        meta.encode(true, &mut bytes);
        self.encode(syntax != uids::IMPLICIT_VR_LITTLE_ENDIAN, &mut bytes);
        bytes
    }

    /// Reads a file of our own, in explicit or implicit VR little endian.
    pub(super) fn read(bytes: &[u8], explicit: bool) -> (Self, Self) {
        assert_eq!(bytes[..128], [0; 128], "the preamble is empty");
        assert_eq!(&bytes[128..132], b"DICM");
        let mut at = 132;
        let mut meta = Self::default();
        while u16::from_le_bytes([bytes[at], bytes[at + 1]]) == 2 {
            element(bytes, &mut at, true, &mut meta);
        }
        let mut object = Self::default();
        while at < bytes.len() {
            element(bytes, &mut at, explicit, &mut object);
        }
        (meta, object)
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn element(bytes: &[u8], at: &mut usize, explicit: bool, into: &mut Object) {
    let tag =
        Tag(u16::from_le_bytes([bytes[*at], bytes[*at + 1]]), u16::from_le_bytes([bytes[*at + 2], bytes[*at + 3]]));
    *at += 4;
    let mut vr = VR::UN;
    let length = if explicit {
        vr = VR::from_binary([bytes[*at], bytes[*at + 1]]).unwrap();
        let long = matches!(
            vr,
            VR::OB
                | VR::OW
                | VR::OF
                | VR::OD
                | VR::OL
                | VR::OV
                | VR::SQ
                | VR::UN
                | VR::UT
                | VR::UC
                | VR::UR
                | VR::SV
                | VR::UV
        );
        if long {
            *at += 8;
            u32_at(bytes, *at - 4)
        } else {
            *at += 4;
            u32::from(u16::from_le_bytes([bytes[*at - 2], bytes[*at - 1]]))
        }
    } else {
        *at += 4;
        u32_at(bytes, *at - 4)
    };
    if length != u32::MAX {
        let end = *at + length as usize;
        into.put(tag, vr, &bytes[*at..end]);
        *at = end;
        return;
    }
    let (mut items, mut fragments) = (Vec::new(), Vec::new());
    loop {
        let (mark, length) = (u16::from_le_bytes([bytes[*at + 2], bytes[*at + 3]]), u32_at(bytes, *at + 4));
        *at += 8;
        if mark == 0xE0DD {
            break;
        }
        if length == u32::MAX {
            let mut item = Object::default();
            while u16::from_le_bytes([bytes[*at + 2], bytes[*at + 3]]) != 0xE00D || bytes[*at..*at + 2] != [0xFE, 0xFF]
            {
                element(bytes, at, explicit, &mut item);
            }
            *at += 8;
            items.push(item);
        } else {
            fragments.push(bytes[*at..*at + length as usize].to_vec());
            *at += length as usize;
        }
    }
    if tag == tags::PIXEL_DATA {
        into.0.insert(tag, (vr, Value::Fragments(fragments)));
    } else {
        into.items(tag, items);
    }
}

/// A small radiograph with nobody in it.
pub(super) fn image() -> Object {
    let mut object = Object::default();
    object
        .text(tags::SOP_CLASS_UID, VR::UI, uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION)
        .text(tags::SOP_INSTANCE_UID, VR::UI, "1.2.826.0.1.3680043.8.498.3")
        .text(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.826.0.1.3680043.8.498.1")
        .text(tags::SERIES_INSTANCE_UID, VR::UI, "1.2.826.0.1.3680043.8.498.2")
        .text(tags::MODALITY, VR::CS, "DX")
        .text(tags::BODY_PART_EXAMINED, VR::CS, "CHEST")
        .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2")
        .number(tags::SAMPLES_PER_PIXEL, 1)
        .number(tags::ROWS, 4)
        .number(tags::COLUMNS, 6)
        .number(tags::BITS_ALLOCATED, 16)
        .number(tags::BITS_STORED, 12)
        .number(tags::HIGH_BIT, 11)
        .number(tags::PIXEL_REPRESENTATION, 0)
        .put(tags::PIXEL_DATA, VR::OW, &(100..124_u16).flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    object
}

/// A key that tests share.
pub(super) fn key(folder: &Path) -> Key {
    std::fs::write(folder.join("key"), "0123456789abcdef0123456789abcdef").unwrap();
    Key::in_file(&folder.join("key")).unwrap()
}

/// De-identifies the bytes of a file.
pub(super) fn deidentified(bytes: &[u8], options: Options) -> Result<Deidentified, DeidentifyError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("doe-jane.dcm");
    std::fs::write(&path, bytes).unwrap();
    Deidentifier::new(options, key(folder.path())).file(&path)
}

/// De-identifies an object, in explicit VR little endian.
pub(super) fn left_of(object: &Object, options: Options) -> Object {
    let done = deidentified(&object.file(uids::EXPLICIT_VR_LITTLE_ENDIAN), options).unwrap();
    Object::read(&done.bytes, true).1
}
