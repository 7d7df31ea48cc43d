//! A DICOM file: its encoding, its header, and where its pixels lie (PS3.10 section 7, PS3.5 annex
//! A).
//!
//! Files are taken with or without preamble and file meta information, and believed by what they
//! contain: a data set that is plainly implicit is read so, whatever its transfer syntax says.

use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use dicom_core::Tag;
use dicom_core::dictionary::UidDictionary;
use dicom_dictionary_std::{StandardSopClassDictionary, tags, uids};
use sha2::{Digest as _, Sha256};

use crate::files::{Regular, hex, open_regular};
use crate::limits;
use crate::printable::printable;

use super::dataset::{Dataset, Value};
use super::identifiers::Identifiers;
use super::inflate::inflate;
use super::reader::{Encoding, HeaderBounds, read_dataset, read_meta};
use super::room::room;
use super::syntax_name::transfer_syntax_name;
use super::{Identity, Metadata, StudyError, guard};
use crate::study::text::CharacterSets;

/// Retired, yet found in archives.
pub(crate) const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
/// Of a vendor: implicit VR little endian, but for the pixels.
pub(crate) const GE_BIG_ENDIAN_PIXELS: &str = "1.2.840.113619.5.2";

/// Bytes that are read ahead where many places are asked for.
const READ_AT_ONCE: usize = 64 * 1024;

/// A DICOM object whose header has been read.
#[derive(Debug)]
pub(crate) struct Dicom {
    source: Source,
    pub dataset: Dataset,
    pub meta: Dataset,
    pub transfer_syntax: String,
    pub sets: CharacterSets,
    /// Where the file is not written as its transfer syntax says.
    pub contradiction: Option<String>,
}

/// Where the bytes of the data set are.
#[derive(Debug)]
enum Source {
    File(PathBuf),
    /// Inflated.
    Memory(Vec<u8>),
}

/// Whether the first 132 bytes of a file end with the mark of DICOM.
pub(crate) fn has_dicom_mark(start: &[u8]) -> bool {
    start.get(128..132) == Some(b"DICM")
}

/// Whether the first bytes of a file (132 or more, where it has them) may be a DICOM object.
pub(crate) fn looks_like_dicom(start: &[u8]) -> bool {
    has_dicom_mark(start) || Encoding::guess(start).is_some()
}

impl Dicom {
    /// Whether all of its data set is held, for it was inflated.
    pub(crate) fn is_in_memory(&self) -> bool {
        matches!(self.source, Source::Memory(_))
    }

    /// Reads the header of a file.
    pub(crate) fn open(path: &Path) -> Result<Self, StudyError> {
        Self::open_within(path, HeaderBounds::FULL)
    }

    /// The same where it takes little memory: of a larger header, or a deflated one, nothing is read.
    pub(crate) fn open_light(path: &Path) -> Result<Self, StudyError> {
        Self::open_within(path, HeaderBounds::LIGHT)
    }

    fn open_within(path: &Path, bounds: HeaderBounds) -> Result<Self, StudyError> {
        let Regular { file, length } = open_regular(path, limits::OBJECT_BYTES)?;
        Self::read(file, length, Source::File(path.to_path_buf()), bounds)
    }

    fn read<R: Read + Seek>(
        mut input: R,
        length: u64,
        source: Source,
        bounds: HeaderBounds,
    ) -> Result<Self, StudyError> {
        guard::file_size(length, limits::OBJECT_BYTES)?;
        let mut start = Vec::new();
        input.by_ref().take(132).read_to_end(&mut start)?;
        if !looks_like_dicom(&start) {
            return Err(StudyError::NotAnImage("it does not begin like a DICOM file".into()));
        }
        let begin = if has_dicom_mark(&start) { 132 } else { 0 };
        let (meta, begin) = read_meta(&mut input, begin, length)?;
        let declared = meta.code(tags::TRANSFER_SYNTAX_UID);

        input.seek(SeekFrom::Start(begin))?;
        let mut first = Vec::new();
        input.by_ref().take(8).read_to_end(&mut first)?;
        input.seek(SeekFrom::Start(begin))?;
        let shown = Encoding::guess(&first);
        let said_deflated = declared == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;
        // What does not look like a data set may be a deflated one, whatever the file says.
        if bounds == HeaderBounds::LIGHT && (said_deflated || shown.is_none()) {
            return Err(StudyError::TooLarge("its data set is deflated".into()));
        }
        let inflated = if said_deflated || shown.is_none() { inflate(&mut input) } else { Ok(Vec::new()) };
        let (inflated, deflated) = match (inflated, shown) {
            (Ok(bytes), _) if Encoding::guess(&bytes).is_some() => (bytes, true),
            (bytes, None) if said_deflated => (bytes?, true),
            _ => (Vec::new(), false),
        };
        let (dataset, source, encoding) = if deflated {
            let encoding = guess(&inflated, &declared);
            let dataset = read_dataset(Cursor::new(&inflated), 0, inflated.len() as u64, encoding, bounds)?;
            (dataset, Source::Memory(inflated), encoding)
        } else {
            let encoding = guess(&first, &declared);
            (read_dataset(input, begin, length, encoding, bounds)?, source, encoding)
        };
        let contradiction = encoding_contradiction(&declared, encoding, deflated);
        let transfer_syntax = match declared.as_str() {
            "" if encoding.big_endian => EXPLICIT_VR_BIG_ENDIAN.to_owned(),
            "" if encoding.explicit => uids::EXPLICIT_VR_LITTLE_ENDIAN.to_owned(),
            "" => uids::IMPLICIT_VR_LITTLE_ENDIAN.to_owned(),
            _ => declared,
        };
        let sets = dataset.character_sets();
        Ok(Self { source, dataset, meta, transfer_syntax, sets, contradiction })
    }

    /// Bytes of the data set at a place that the reader has checked.
    pub(crate) fn bytes_at(&self, offset: u64, length: u64) -> Result<Vec<u8>, StudyError> {
        self.joined(&[(offset, length)])
    }

    /// Those of several places, one behind the other.
    pub(crate) fn joined(&self, places: &[(u64, u64)]) -> Result<Vec<u8>, StudyError> {
        let length = places.iter().fold(0_u64, |sum, (_, length)| sum.saturating_add(*length));
        if length > limits::FILE_BYTES {
            return Err(StudyError::TooLarge(format!("{length} bytes of pixel data in one frame")));
        }
        let mut bytes = room(length as usize)?;
        self.each(places, u64::MAX, |part| bytes.extend_from_slice(part))?;
        Ok(bytes)
    }

    /// Looks at the first bytes at several places, at most so many of each.
    pub(crate) fn each_beginning(
        &self,
        places: &[(u64, u64)],
        most: u64,
        look: impl FnMut(&[u8]),
    ) -> Result<(), StudyError> {
        self.each(places, most, look)
    }

    fn each(&self, places: &[(u64, u64)], most: u64, mut take: impl FnMut(&[u8])) -> Result<(), StudyError> {
        match &self.source {
            Source::File(path) => {
                // Places follow each other, and there may be a million of a few bytes each.
                let mut file = BufReader::with_capacity(READ_AT_ONCE, open_regular(path, limits::OBJECT_BYTES)?.file);
                let mut at = 0_u64;
                let mut part = Vec::new();
                for (offset, length) in places {
                    let length = (*length).min(most) as usize;
                    if length > part.len() {
                        part.try_reserve(length - part.len()).map_err(|_| no_room(length as u64))?;
                    }
                    part.resize(length, 0);
                    let step = i64::try_from(i128::from(*offset) - i128::from(at));
                    file.seek_relative(step.map_err(|_| StudyError::Malformed("a place that no file has".into()))?)?;
                    file.read_exact(&mut part)?;
                    at = offset + length as u64;
                    take(&part);
                }
            }
            Source::Memory(all) => {
                for (offset, length) in places {
                    let end = offset.saturating_add((*length).min(most)) as usize;
                    let part = all.get(*offset as usize..end);
                    take(part.ok_or_else(|| StudyError::Truncated("pixel data is missing".into()))?);
                }
            }
        }
        Ok(())
    }

    /// SHA-256 of the bytes at several places, one behind the other, in lower-case hex.
    pub(super) fn hash(&self, places: &[(u64, u64)]) -> Result<String, StudyError> {
        let mut hasher = Sha256::new();
        for (offset, length) in places {
            let ends =
                (0..*length).step_by(READ_AT_ONCE).map(|at| (offset + at, (READ_AT_ONCE as u64).min(length - at)));
            self.each(&ends.collect::<Vec<_>>(), u64::MAX, |part| hasher.update(part))?;
        }
        Ok(hex(&hasher.finalize()))
    }

    /// Appends bytes at a place that the reader has checked, without holding them twice.
    pub(crate) fn append_bytes(&self, offset: u64, length: u64, out: &mut Vec<u8>) -> Result<(), StudyError> {
        if length > limits::FILE_BYTES {
            return Err(no_room(length));
        }
        out.try_reserve(length as usize).map_err(|_| no_room(length))?;
        let missing = || StudyError::Truncated("pixel data is missing".into());
        match &self.source {
            Source::File(path) => {
                let mut file = open_regular(path, limits::OBJECT_BYTES)?.file;
                file.seek(SeekFrom::Start(offset))?;
                let read = file.take(length).read_to_end(out)?;
                if read as u64 == length { Ok(()) } else { Err(missing()) }
            }
            Source::Memory(all) => {
                let end = offset.saturating_add(length) as usize;
                out.extend(all.get(offset as usize..end).ok_or_else(missing)?);
                Ok(())
            }
        }
    }

    /// Bytes of pixel data that are held in memory: those of an object that was deflated.
    pub(crate) fn held_bytes(&self) -> usize {
        match &self.source {
            Source::File(_) => 0,
            Source::Memory(bytes) => bytes.len(),
        }
    }

    /// Whether the object has pixels of any kind.
    pub(crate) fn has_pixels(&self) -> bool {
        [tags::PIXEL_DATA, tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA].iter().any(|tag| {
            self.dataset.get(*tag).is_some_and(|e| match &e.value {
                Value::Stored { length, .. } => *length > 0,
                Value::Fragments { .. } => true,
                Value::Bytes(_) | Value::Items(_) => false,
            })
        })
    }

    /// Refuses an object without pixels that should have some, with the reason.
    ///
    /// Spectra and raw data have rows and columns, too, and are no images.
    pub(crate) fn must_not_be_an_image(&self) -> Result<(), StudyError> {
        let kind = self.kind();
        let is_of_images =
            kind.contains(" Image") || matches!(kind.as_str(), "RT Dose" | "Segmentation" | "Parametric Map");
        let is_of_no_known_kind = StandardSopClassDictionary.by_uid(&self.sop_class()).is_none();
        if !is_of_images && (!is_of_no_known_kind || self.dataset.integer(tags::ROWS).is_none()) {
            return Ok(());
        }
        if self.dataset.get(tags::PIXEL_DATA_PROVIDER_URL).is_some() {
            return Err(StudyError::UnsupportedPixels(
                "the file names a server that holds its pixels (JPIP); fetch the whole object from there".into(),
            ));
        }
        Err(StudyError::Truncated("it describes an image, but the pixel data is missing".into()))
    }

    /// What kind of object it is, in the words of the standard.
    pub(crate) fn kind(&self) -> String {
        let uid = self.sop_class();
        let name = StandardSopClassDictionary.by_uid(&uid).map(|entry| entry.name.replace(" Storage", ""));
        match name {
            Some(name) => name,
            None if uid.is_empty() => "DICOM object without a type".into(),
            None => format!("DICOM object of the type {uid}"),
        }
    }

    /// The SOP Class UID, by the data set or the file meta information.
    pub(crate) fn sop_class(&self) -> String {
        let uid = self.dataset.code(tags::SOP_CLASS_UID);
        if uid.is_empty() { self.meta.code(tags::MEDIA_STORAGE_SOP_CLASS_UID) } else { uid }
    }

    /// Whether it is an X-ray angiographic or radiofluoroscopic image, or an enhanced one.
    pub(crate) fn is_angiogram(&self) -> bool {
        let kinds = [
            uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE,
            uids::X_RAY_RADIOFLUOROSCOPIC_IMAGE_STORAGE,
            uids::ENHANCED_XA_IMAGE_STORAGE,
            uids::ENHANCED_XRF_IMAGE_STORAGE,
        ];
        kinds.contains(&self.sop_class().as_str())
    }

    /// Whether it is a DICOMDIR, the index of a medium.
    pub(crate) fn is_directory(&self) -> bool {
        self.sop_class() == uids::MEDIA_STORAGE_DIRECTORY_STORAGE
    }

    /// The UIDs of the object; empty where it has none.
    pub(crate) fn identity(&self) -> Identity {
        let mut sop_instance_uid = self.dataset.code(tags::SOP_INSTANCE_UID);
        if sop_instance_uid.is_empty() {
            sop_instance_uid = self.meta.code(tags::MEDIA_STORAGE_SOP_INSTANCE_UID);
        }
        Identity {
            study_uid: self.dataset.code(tags::STUDY_INSTANCE_UID),
            series_uid: self.dataset.code(tags::SERIES_INSTANCE_UID),
            sop_instance_uid,
        }
    }

    /// The text attributes.
    pub(crate) fn metadata(&self) -> Metadata {
        // No attribute carries what a terminal would act on, nor a line break that forges one of
        // ours.
        let text = |tag: Tag| printable(&self.dataset.text(tag, &self.sets)).into_owned();
        let code = |tag: Tag| printable(&self.dataset.code(tag)).into_owned();
        let either = |a: String, b: String| if a.is_empty() { b } else { a };
        Metadata {
            patient_name: text(tags::PATIENT_NAME),
            patient_id: text(tags::PATIENT_ID),
            patient_id_issuer: text(tags::ISSUER_OF_PATIENT_ID),
            birth_date: code(tags::PATIENT_BIRTH_DATE),
            sex: code(tags::PATIENT_SEX),
            age: code(tags::PATIENT_AGE),
            accession_number: text(tags::ACCESSION_NUMBER),
            study_date: code(tags::STUDY_DATE),
            study_time: code(tags::STUDY_TIME),
            study_description: text(tags::STUDY_DESCRIPTION),
            series_description: text(tags::SERIES_DESCRIPTION),
            protocol: text(tags::PROTOCOL_NAME),
            series_number: code(tags::SERIES_NUMBER),
            instance_number: code(tags::INSTANCE_NUMBER),
            modality: code(tags::MODALITY),
            body_part: text(tags::BODY_PART_EXAMINED),
            view_position: code(tags::VIEW_POSITION),
            laterality: either(code(tags::IMAGE_LATERALITY), code(tags::LATERALITY)),
            institution: text(tags::INSTITUTION_NAME),
            referring_physician: text(tags::REFERRING_PHYSICIAN_NAME),
            manufacturer: text(tags::MANUFACTURER),
            model_name: text(tags::MANUFACTURER_MODEL_NAME),
            kvp: code(tags::KVP),
            transfer_syntax: self.transfer_syntax.clone(),
            lossy: printable(&self.lossy()).into_owned(),
            sop_class_uid: self.sop_class(),
            identifiers: Identifiers::of(&self.dataset, &self.sets),
        }
    }

    /// Method and ratio of a lossy compression that the image has been through, else empty.
    fn lossy(&self) -> String {
        let syntax_is_lossy = matches!(
            self.transfer_syntax.as_str(),
            uids::JPEG_BASELINE8_BIT | uids::JPEG_EXTENDED12_BIT | uids::JPEGLS_NEAR_LOSSLESS
        );
        if self.dataset.code(tags::LOSSY_IMAGE_COMPRESSION) != "01" && !syntax_is_lossy {
            return String::new();
        }
        let method = match self.dataset.code(tags::LOSSY_IMAGE_COMPRESSION_METHOD).as_str() {
            "ISO_10918_1" => "JPEG".into(),
            "ISO_14495_1" => "JPEG-LS near-lossless".into(),
            "ISO_15444_1" => "JPEG 2000".into(),
            "ISO_13818_2" => "MPEG-2".into(),
            "" if syntax_is_lossy => transfer_syntax_name(&self.transfer_syntax),
            "" => "lossy compression".into(),
            other => other.to_owned(),
        };
        match self.dataset.number(tags::LOSSY_IMAGE_COMPRESSION_RATIO) {
            Some(ratio) if ratio > 1.0 => format!("{method} {ratio}:1"),
            _ => method,
        }
    }
}

fn no_room(length: u64) -> StudyError {
    StudyError::TooLarge(format!("{length} bytes of pixel data do not fit in memory"))
}

/// What the first bytes show; where they show nothing, what the transfer syntax says.
fn guess(start: &[u8], declared: &str) -> Encoding {
    Encoding::guess(start).unwrap_or(match declared {
        EXPLICIT_VR_BIG_ENDIAN => Encoding::BIG_ENDIAN,
        uids::IMPLICIT_VR_LITTLE_ENDIAN | GE_BIG_ENDIAN_PIXELS | "" => Encoding::IMPLICIT,
        _ => Encoding::EXPLICIT,
    })
}

/// The warning that a data set is not encoded as its transfer syntax says.
fn encoding_contradiction(declared: &str, found: Encoding, deflated: bool) -> Option<String> {
    let said = match declared {
        "" | GE_BIG_ENDIAN_PIXELS => return None,
        uids::IMPLICIT_VR_LITTLE_ENDIAN => Encoding::IMPLICIT,
        EXPLICIT_VR_BIG_ENDIAN => Encoding::BIG_ENDIAN,
        _ => Encoding::EXPLICIT,
    };
    let said_deflated = declared == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;
    (found != said || deflated != said_deflated).then(|| {
        format!(
            "The file says that it is written in {}, but it is in {}{}; it was read as that.",
            transfer_syntax_name(declared),
            if deflated { "deflated " } else { "" },
            found.name()
        )
    })
}
