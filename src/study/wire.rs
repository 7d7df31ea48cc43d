//! Data sets on their way between two programs: without a file around them (PS3.7, PS3.8), and what
//! of a file travels.
//!
//! An answer to a query, a report of an event and an object to be stored come from a stranger like
//! any file, so they are read with the same guards on every length.

use std::fs::File;
use std::io::{Cursor, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};
use serde_json::{Map, Value as Json};

use super::StudyError;
use super::dataset::{Dataset, Value};
use super::dicom::{Dicom, has_dicom_mark};
use super::reader::{Encoding, HeaderBounds, read_dataset, read_meta};
use super::text::CharacterSets;
use super::writer;
use crate::files::{Regular, open_regular};
use crate::limits;

/// Deepest sequence that is written as JSON.
const JSON_DEPTH: usize = 4;

/// A data set that came without a file.
#[derive(Clone, Debug, Default)]
pub struct WireDataset {
    dataset: Dataset,
    sets: CharacterSets,
}

impl WireDataset {
    /// Reads a whole data set in implicit or explicit VR little endian, by the UID of its transfer
    /// syntax.
    ///
    /// # Errors
    /// When its structure is not sound, or the transfer syntax is another one.
    pub fn read(bytes: &[u8], syntax: &str) -> Result<Self, StudyError> {
        let encoding = little_endian(syntax)
            .ok_or_else(|| StudyError::Malformed(format!("a data set in transfer syntax {syntax} is not read")))?;
        let dataset = read_dataset(Cursor::new(bytes), 0, bytes.len() as u64, encoding, HeaderBounds::FULL)?;
        Ok(Self { sets: dataset.character_sets(), dataset })
    }

    /// The first value of a string of the default repertoire, empty where there is none.
    #[must_use]
    pub fn code(&self, tag: Tag) -> String {
        self.dataset.code(tag)
    }

    /// All of them.
    #[must_use]
    pub fn codes(&self, tag: Tag) -> Vec<String> {
        self.dataset.codes(tag)
    }

    /// A text in its character sets.
    #[must_use]
    pub fn text(&self, tag: Tag) -> String {
        self.dataset.text(tag, &self.sets)
    }

    /// The first value as an integer.
    #[must_use]
    pub fn integer(&self, tag: Tag) -> Option<i64> {
        self.dataset.integer(tag)
    }

    /// Items of a sequence.
    #[must_use]
    pub fn items(&self, tag: Tag) -> Vec<Self> {
        let items = self.dataset.items(tag).iter();
        items.map(|item| Self { dataset: item.clone(), sets: self.sets.clone() }).collect()
    }

    /// Attributes by their keywords: text, numbers, lists of them, and sequences as lists of
    /// objects. What the dictionary does not know, and bulk data, is left out.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Json> {
        json(&self.dataset, &self.sets, 0)
    }
}

fn json(dataset: &Dataset, sets: &CharacterSets, depth: usize) -> Map<String, Json> {
    let mut object = Map::new();
    for (tag, element) in &dataset.elements {
        let Some(entry) = StandardDataDictionary.by_tag(*tag) else { continue };
        let value = match &element.value {
            Value::Items(items) if depth < JSON_DEPTH => {
                Json::Array(items.iter().map(|item| Json::Object(json(item, sets, depth + 1))).collect())
            }
            Value::Bytes(_) => match element.vr {
                VR::OB | VR::OW | VR::OF | VR::OD | VR::OL | VR::OV | VR::UN => continue,
                VR::US | VR::SS | VR::UL | VR::SL | VR::FL | VR::FD | VR::IS => {
                    several(dataset.numbers(*tag).into_iter().map(number).collect())
                }
                VR::PN | VR::LO | VR::SH | VR::UC => {
                    let text = dataset.text(*tag, sets);
                    several(text.split('\\').map(|part| Json::from(part.trim())).collect())
                }
                VR::LT | VR::ST | VR::UT => Json::from(dataset.text(*tag, sets)),
                _ => several(dataset.codes(*tag).into_iter().map(Json::from).collect()),
            },
            Value::Items(_) | Value::Stored { .. } | Value::Fragments { .. } => continue,
        };
        object.insert(entry.alias().to_owned(), value);
    }
    object
}

/// A whole number without a fraction, another one as it is.
fn number(value: f64) -> Json {
    if value.fract() == 0.0 && value.abs() < 9e15 { Json::from(value as i64) } else { Json::from(value) }
}

fn several(mut values: Vec<Json>) -> Json {
    match values.len() {
        0 => Json::Null,
        1 => values.remove(0),
        _ => Json::Array(values),
    }
}

fn little_endian(syntax: &str) -> Option<Encoding> {
    match syntax {
        uids::IMPLICIT_VR_LITTLE_ENDIAN => Some(Encoding::IMPLICIT),
        uids::EXPLICIT_VR_LITTLE_ENDIAN => Some(Encoding::EXPLICIT),
        _ => None,
    }
}

/// Whether two data sets hold the same values. Lengths of groups and padding behind the data set are
/// none.
fn same(one: (&Dicom, &Dataset), two: (&Dicom, &Dataset)) -> Result<bool, StudyError> {
    let counts = |tag: &Tag| tag.1 != 0 && *tag != tags::DATA_SET_TRAILING_PADDING;
    let elements =
        |dataset: &'_ Dataset| dataset.elements.keys().copied().filter(|tag| counts(tag)).collect::<Vec<_>>();
    if elements(one.1) != elements(two.1) {
        return Ok(false);
    }
    for (tag, element) in one.1.elements.iter().filter(|(tag, _)| counts(tag)) {
        let Some(other) = two.1.get(*tag) else { return Ok(false) };
        let equal = match (&element.value, &other.value) {
            (Value::Bytes(a), Value::Bytes(b)) => a == b || (is_padded(element.vr) && unpadded(a) == unpadded(b)),
            (Value::Items(a), Value::Items(b)) => {
                let mut equal = a.len() == b.len();
                for (a, b) in a.iter().zip(b) {
                    equal = equal && same((one.0, a), (two.0, b))?;
                }
                equal
            }
            (a, b) => element.big_endian == other.big_endian && one.0.hash(&places(a))? == two.0.hash(&places(b))?,
        };
        if !equal {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Where the bytes of a value lie that are not held in memory.
fn places(value: &Value) -> Vec<(u64, u64)> {
    match value {
        Value::Stored { offset, available, .. } => vec![(*offset, *available)],
        Value::Fragments { items } => items.clone(),
        Value::Bytes(_) | Value::Items(_) => Vec::new(),
    }
}

/// Whether blanks or zeros behind a value are no part of it (PS3.5 section 6.2).
fn is_padded(vr: VR) -> bool {
    let numbers = [VR::US, VR::SS, VR::UL, VR::SL, VR::FL, VR::FD, VR::AT, VR::SV, VR::UV];
    let words = [VR::OB, VR::OW, VR::OF, VR::OD, VR::OL, VR::OV, VR::UN];
    !numbers.contains(&vr) && !words.contains(&vr)
}

fn unpadded(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !matches!(byte, 0 | b' ')).map_or(0, |at| at + 1);
    &bytes[..end]
}

/// A DICOM file as far as it must be known before it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    pub path: PathBuf,
    pub sop_class: String,
    pub sop_instance: String,
    pub study: String,
    pub series: String,
    /// UID of the transfer syntax that its data set is written in.
    pub transfer_syntax: String,
    /// Where the data set begins in the file, in bytes.
    start: u64,
    /// How long the data set is, in bytes.
    pub length: u64,
}

impl StoredObject {
    /// Reads the header of a file.
    ///
    /// # Errors
    /// When it is no DICOM file, its structure is not sound, or it is not written in the transfer
    /// syntax that it names.
    pub fn open(path: &Path) -> Result<Self, StudyError> {
        let dicom = Dicom::open(path)?;
        if let Some(contradiction) = &dicom.contradiction {
            return Err(StudyError::Malformed(contradiction.trim_end_matches('.').to_owned()));
        }
        let Regular { mut file, length } = open_regular(path, limits::OBJECT_BYTES)?;
        let mut begin = Vec::new();
        file.by_ref().take(132).read_to_end(&mut begin)?;
        let begin = if has_dicom_mark(&begin) { 132 } else { 0 };
        let (_, start) = read_meta(&mut file, begin, length)?;
        Ok(Self {
            path: path.to_owned(),
            sop_class: dicom.dataset.code(tags::SOP_CLASS_UID),
            sop_instance: dicom.dataset.code(tags::SOP_INSTANCE_UID),
            study: dicom.dataset.code(tags::STUDY_INSTANCE_UID),
            series: dicom.dataset.code(tags::SERIES_INSTANCE_UID),
            transfer_syntax: dicom.transfer_syntax.clone(),
            start,
            length: length.saturating_sub(start),
        })
    }

    /// Its data set as it lies in the file.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub fn data_set(&self) -> Result<std::io::Take<File>, StudyError> {
        let mut file = open_regular(&self.path, limits::OBJECT_BYTES)?.file;
        file.seek(SeekFrom::Start(self.start))?;
        Ok(file.take(self.length))
    }

    /// Whether both files hold the same values in every attribute, pixel data too. Two files of one
    /// object may differ in how lengths, padding and representations are written, and agree in this;
    /// values in different byte orders, and pixels that are compressed otherwise, do not.
    ///
    /// # Errors
    /// When a file cannot be read any more.
    pub fn has_same_content(&self, other: &Self) -> Result<bool, StudyError> {
        let (one, two) = (Dicom::open(&self.path)?, Dicom::open(&other.path)?);
        same((&one, &one.dataset), (&two, &two.dataset))
    }

    /// Transfer syntaxes that it can travel in: its own, and where its pixels are not compressed both
    /// of little endian.
    #[must_use]
    pub fn syntaxes(&self) -> Vec<String> {
        let mut syntaxes = vec![self.transfer_syntax.clone()];
        if little_endian(&self.transfer_syntax).is_some() {
            let other = [uids::EXPLICIT_VR_LITTLE_ENDIAN, uids::IMPLICIT_VR_LITTLE_ENDIAN];
            syntaxes.extend(other.into_iter().filter(|syntax| *syntax != self.transfer_syntax).map(str::to_owned));
        }
        syntaxes
    }

    /// Its data set written anew in another transfer syntax of little endian.
    ///
    /// # Errors
    /// When the file cannot be read any more, or is compressed.
    pub fn data_set_in(&self, syntax: &str) -> Result<Vec<u8>, StudyError> {
        let encoding = little_endian(syntax).filter(|_| little_endian(&self.transfer_syntax).is_some());
        let encoding = encoding.ok_or_else(|| StudyError::UnsupportedSyntax {
            uid: self.transfer_syntax.clone(),
            name: super::transfer_syntax_name(&self.transfer_syntax),
            advice: "dcmconv or dcmdjpeg of dcmtk".into(),
        })?;
        let dicom = Dicom::open(&self.path)?;
        let mut file = writer::file(&dicom.dataset, &dicom, syntax, encoding)?;
        let length = file.len() as u64;
        let (_, start) = read_meta(Cursor::new(&file), 132, length)?;
        file.drain(..start as usize);
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_written_by_their_keywords() {
        let mut bytes = Vec::new();
        let mut element = |tag: Tag, value: &[u8]| {
            bytes.extend(tag.0.to_le_bytes());
            bytes.extend(tag.1.to_le_bytes());
            bytes.extend((value.len() as u32).to_le_bytes());
            bytes.extend(value);
        };
        element(tags::SPECIFIC_CHARACTER_SET, b"ISO_IR 100");
        element(tags::MODALITIES_IN_STUDY, b"CR\\DX ");
        element(tags::PATIENT_NAME, b"M\xfcller^A");
        element(tags::NUMBER_OF_STUDY_RELATED_INSTANCES, b"12");
        let read = WireDataset::read(&bytes, uids::IMPLICIT_VR_LITTLE_ENDIAN).unwrap();
        let json = Json::Object(read.to_json());
        assert_eq!(json["PatientName"], "Müller^A");
        assert_eq!(json["ModalitiesInStudy"], serde_json::json!(["CR", "DX"]));
        assert_eq!(json["NumberOfStudyRelatedInstances"], 12);
    }

    #[test]
    fn a_length_that_goes_beyond_the_end_is_an_error() {
        let mut bytes = vec![0x10, 0, 0x10, 0];
        bytes.extend(0xFFFF_FFF0_u32.to_le_bytes());
        bytes.extend(b"A");
        assert!(WireDataset::read(&bytes, uids::IMPLICIT_VR_LITTLE_ENDIAN).is_err());
        assert!(WireDataset::read(&bytes, "1.2.3").is_err());
    }
}
