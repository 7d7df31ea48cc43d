//! A DICOM image without the people in it: the Basic Application Level Confidentiality Profile of
//! PS3.15 Annex E, with its options.
//!
//! The [table] says what becomes of each attribute, [`action`](action::Action) how an option
//! changes that, and `rewrite` does it, in sequences too. UIDs, the patient's name and id, and
//! shifts of dates follow from a [`Key`]. Pixels stay byte for byte unless regions are to be
//! [blanked](blank). Before a byte is written the object is read back and searched for every word
//! that was struck; where one is left, nothing is written.
//!
//! What it does not do: it does not look into the pixels, and it cannot know what a text means.
//! Objects that are texts or graphics (reports, presentation states, documents) are refused.

mod account;
mod action;
mod blank;
mod code;
mod dates;
mod error;
mod key;
mod marks;
mod options;
mod private;
mod rewrite;
mod search;
mod spelling;
mod table;
mod warnings;

use std::io::Cursor;
use std::path::{Path, PathBuf};

use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};

pub use account::{Account, Entry};
pub use action::Action;
pub use error::DeidentifyError;
pub use key::{Key, KeyError};
pub use options::{Dates, NoRegion, Options, Region};
pub use table::EDITION;

use self::rewrite::Pass;
use self::search::{Search, Words};
use super::StudyError;
use super::dataset::{Dataset, Value};
use super::dicom::{Dicom, EXPLICIT_VR_BIG_ENDIAN};
use super::open::{Kind, kind_of};
use super::raster::uid_of_content;
use super::reader::{Encoding, HeaderBounds, read_dataset, read_meta};
use super::text::CharacterSets;
use super::writer;
use crate::panic_guard::guarded;

/// Attributes that are signed where the pixels are.
const SIGNED_LIKE_PIXELS: [Tag; 6] = [
    tags::SMALLEST_IMAGE_PIXEL_VALUE,
    tags::LARGEST_IMAGE_PIXEL_VALUE,
    tags::SMALLEST_PIXEL_VALUE_IN_SERIES,
    tags::LARGEST_PIXEL_VALUE_IN_SERIES,
    tags::PIXEL_PADDING_VALUE,
    tags::PIXEL_PADDING_RANGE_LIMIT,
];

/// De-identifies images, each like the others: one value has one replacement.
#[derive(Debug)]
pub struct Deidentifier {
    options: Options,
    key: Key,
}

/// An image without the people in it, ready to be written.
#[derive(Debug)]
pub struct Deidentified {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// Where it belongs below a folder: patient, study, series and image, by pseudonyms.
    pub place: PathBuf,
    pub account: Account,
    /// What a person should look at.
    pub warnings: Vec<String>,
}

impl Deidentifier {
    #[must_use]
    pub fn new(options: Options, key: Key) -> Self {
        Self { options, key }
    }

    /// De-identifies the image in a file, which stays as it is.
    ///
    /// # Errors
    /// When it is no DICOM image, cannot be read whole, or still holds a struck word.
    pub fn file(&self, path: &Path) -> Result<Deidentified, DeidentifyError> {
        guarded(|| match kind_of(path)? {
            Kind::Raster(format) => Err(DeidentifyError::NotDicom(match format {
                image::ImageFormat::Png => "a PNG image",
                image::ImageFormat::Jpeg => "a JPEG image",
                _ => "a TIFF image",
            })),
            Kind::Dicom => {
                let source = Dicom::open(path)?;
                let mut instance = source.identity().sop_instance_uid;
                if instance.is_empty() {
                    instance = uid_of_content(path)?;
                }
                self.object(&source, &instance)
            }
        })?
    }

    /// `instance` is the UID of the object, or of its content where it has none.
    fn object(&self, source: &Dicom, instance: &str) -> Result<Deidentified, DeidentifyError> {
        if source.is_directory() {
            return Err(DeidentifyError::Directory);
        }
        if !source.has_pixels() {
            let described = source.dataset.integer(tags::ROWS).is_some() || source.kind().contains(" Image");
            let missing = || StudyError::Truncated("it describes an image, but the pixel data is missing".into());
            return Err(if described { missing().into() } else { DeidentifyError::NotAnImage(source.kind()) });
        }
        let (dataset, sets) = (&source.dataset, &source.sets);
        let mut pass = Pass {
            options: &self.options,
            key: &self.key,
            classic: action::is_classic(&source.sop_class()),
            patient: rewrite::patient(dataset, sets),
            account: Account::default(),
            words: Words::default(),
        };
        pass.collect(dataset, sets);
        let mut left = pass.dataset(dataset.clone(), sets);
        self.complete(&mut left, source, instance);
        let Pass { mut account, words, .. } = pass;
        let search = Search::of(words)?;
        search.strike(&mut left, sets, &mut |tag, vr, value| {
            account.add(tag, Action::Strike);
            let old = super::dataset::Element { vr, big_endian: false, value: value.clone() };
            *value = struck(tag, &old, &self.key);
        });
        if !self.options.blank.is_empty() {
            blank::blank(&mut left, source, &self.options.blank)?;
        }
        marks::add(&mut left, &self.options);
        let (syntax, encoding) = encoding(source, &left)?;
        let bytes = writer::file(&left, source, syntax, encoding)?;
        check(&bytes, encoding, &search)?;
        let place = self.place(dataset, &left, sets);
        Ok(Deidentified { bytes, place, account, warnings: warnings::of(dataset, &self.options) })
    }

    /// What must stand in a file: the UIDs of an object that lacks them, and the sign of values
    /// that were of unknown representation (PS3.3 C.7.6.3.1).
    fn complete(&self, left: &mut Dataset, source: &Dicom, instance: &str) {
        let mut put = |tag: Tag, uid: &str| {
            if left.code(tag).is_empty() && !uid.is_empty() {
                left.elements.insert(tag, writer::element(VR::UI, uid.as_bytes()));
            }
        };
        put(tags::SOP_CLASS_UID, &source.sop_class());
        put(tags::SOP_INSTANCE_UID, &if self.options.uids { instance.to_owned() } else { self.key.uid(instance) });
        if left.integer(tags::PIXEL_REPRESENTATION) == Some(1) {
            for (tag, element) in &mut left.elements {
                if SIGNED_LIKE_PIXELS.contains(tag) && element.vr == VR::US {
                    element.vr = VR::SS;
                }
            }
        }
    }

    fn place(&self, was: &Dataset, is: &Dataset, sets: &CharacterSets) -> PathBuf {
        let name = |letter: &str, uid: String| self.key.pseudonym(letter, &uid);
        let patient = self.key.pseudonym("P", &rewrite::patient(was, sets));
        let study = name("ST", was.code(tags::STUDY_INSTANCE_UID));
        let series = name("SE", was.code(tags::SERIES_INSTANCE_UID));
        let instance = name("I", is.code(tags::SOP_INSTANCE_UID));
        [patient, study, series, format!("{instance}.dcm")].iter().collect()
    }
}

/// What stands in place of a value that held a struck word.
fn struck(tag: Tag, old: &super::dataset::Element, key: &Key) -> Value {
    if old.vr == VR::UI {
        let text = String::from_utf8_lossy(old.value.bytes()).into_owned();
        let new: Vec<String> = text.split('\\').map(|uid| key.uid(uid)).collect();
        return Value::Bytes(new.join("\\").into_bytes());
    }
    rewrite::dummy(tag, old).value
}

/// Transfer syntax and encoding of the new file: those of the old one, where its content bears them
/// out.
fn encoding<'a>(source: &'a Dicom, left: &Dataset) -> Result<(&'a str, Encoding), StudyError> {
    let pixel_tags = [tags::PIXEL_DATA, tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA];
    let pixels = pixel_tags.iter().find_map(|tag| left.get(*tag));
    let declared = source.transfer_syntax.as_str();
    let native = [uids::IMPLICIT_VR_LITTLE_ENDIAN, uids::EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN];
    let big_endian = pixels.is_some_and(|element| element.big_endian);
    match pixels.map(|element| &element.value) {
        Some(Value::Fragments { .. }) if big_endian || native.contains(&declared) => Err(StudyError::Malformed(
            "its pixel data is encapsulated, and its transfer syntax says that it is not".into(),
        )),
        Some(Value::Fragments { .. }) => Ok((declared, Encoding::EXPLICIT)),
        _ if big_endian => Ok((EXPLICIT_VR_BIG_ENDIAN, Encoding::BIG_ENDIAN)),
        _ if declared == uids::IMPLICIT_VR_LITTLE_ENDIAN => Ok((declared, Encoding::IMPLICIT)),
        // Deflated data sets are written as they were before.
        _ => Ok((uids::EXPLICIT_VR_LITTLE_ENDIAN, Encoding::EXPLICIT)),
    }
}

/// Reads the new file back and searches it.
fn check(bytes: &[u8], encoding: Encoding, search: &Search) -> Result<(), DeidentifyError> {
    let end = bytes.len() as u64;
    let (meta, begin) = read_meta(Cursor::new(bytes), 132, end)?;
    let dataset = read_dataset(Cursor::new(bytes), begin, end, encoding, HeaderBounds::FULL)?;
    let stored = |value: &Value| match value {
        Value::Stored { offset, length, .. } => vec![(*offset, *length)],
        Value::Fragments { items } => items.clone(),
        Value::Bytes(_) | Value::Items(_) => Vec::new(),
    };
    let sets = dataset.character_sets();
    let mut found = search.find(&meta, &sets, &stored, bytes).or_else(|| search.find(&dataset, &sets, &stored, bytes));
    if found.is_none() {
        found = search.in_file(bytes).map(|of| (tags::PIXEL_DATA, of));
    }
    found.map_or(Ok(()), |(place, of)| Err(DeidentifyError::Survives { place, of }))
}
