//! The folder that received objects lie in, each in a file that is named by its UID.
//!
//! A file is written beside its place, its owner's alone, looked at, and given its name once it is
//! whole. An object that lies there already is not written again.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use dicom_dictionary_std::tags;
use dicom_object::FileMetaTableBuilder;

use crate::files::kept_folder::make_private;
use crate::files::writing::{self, Access};
use crate::pacs::dimse::error::DimseError;
use crate::pacs::uid::Uid;
use crate::study::wire::StoredObject;
use crate::study::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};

/// What becomes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It lies in this file now.
    New(PathBuf),
    /// It lay in this file before.
    Again(PathBuf),
    /// An object with its UID and another content lies there, which stays.
    Other(PathBuf),
    /// Its data set is not what was announced, or cannot be read; nothing was kept.
    Unlike(String),
}

/// What was announced of an object.
#[derive(Clone, Debug)]
pub(in crate::pacs::dimse) struct Announced<'a> {
    pub sop_class: &'a str,
    pub sop_instance: &'a Uid,
    pub transfer_syntax: &'a str,
    /// Title of the sender.
    pub sender: &'a str,
}

/// Takes a part of a data set.
pub(in crate::pacs::dimse) type Take<'a> = dyn FnMut(&[u8]) -> Result<(), DimseError> + 'a;
/// Hands a data set over part by part; yields its length in bytes.
pub(in crate::pacs::dimse) type Feed<'a> = dyn FnMut(&mut Take<'_>) -> Result<u64, DimseError> + 'a;

/// A folder of received objects.
#[derive(Debug)]
pub struct Inbox {
    folder: PathBuf,
    /// Held while a file gets its name, so that two senders of one object do not both bring it.
    naming: Mutex<()>,
}

impl Inbox {
    /// A folder, made where it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn at(folder: &Path) -> Result<Self, DimseError> {
        make_private(folder)
            .map_err(|e| DimseError::Write { what: "the folder for what is received", why: e.to_string() })?;
        Ok(Self { folder: folder.to_owned(), naming: Mutex::default() })
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where an object lies or would lie.
    #[must_use]
    pub fn place(&self, instance: &Uid) -> PathBuf {
        self.folder.join(format!("{instance}.dcm"))
    }

    /// Takes an object whose data set `feed` hands over part by part.
    ///
    /// # Errors
    /// What `feed` fails with, or why the file cannot be written; nothing is left behind then.
    pub(in crate::pacs::dimse) fn take(
        &self,
        announced: &Announced<'_>,
        feed: &mut Feed<'_>,
    ) -> Result<Kept, DimseError> {
        self.take_if(announced, &|_| None, feed)
    }

    /// The same where `unwanted` has nothing against it.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub(in crate::pacs::dimse) fn take_if(
        &self,
        announced: &Announced<'_>,
        unwanted: &dyn Fn(&StoredObject) -> Option<String>,
        feed: &mut Feed<'_>,
    ) -> Result<Kept, DimseError> {
        let place = self.place(announced.sop_instance);
        let mut naming = None;
        let mut ended: Option<Result<Kept, DimseError>> = None;
        let written = writing::replace(&place, Access::Private, |file| {
            file.write_all(&head(announced)?)?;
            let came = feed(&mut |part| file.write_all(part).map_err(|e| unwritten(&e)));
            let stop = |ended: &mut Option<_>, with| {
                *ended = Some(with);
                Err(std::io::Error::other("it is not kept"))
            };
            if let Err(error) = came {
                return stop(&mut ended, Err(error));
            }
            file.as_file().sync_all()?;
            if let Some(unlike) = unlike(file.path(), announced, unwanted) {
                return stop(&mut ended, Ok(Kept::Unlike(unlike)));
            }
            naming = Some(self.naming.lock().unwrap_or_else(PoisonError::into_inner));
            if place.exists() {
                let same = is_same(&place, file.path());
                let kept = if same { Kept::Again(place.clone()) } else { Kept::Other(place.clone()) };
                return stop(&mut ended, Ok(kept));
            }
            Ok(())
        });
        let kept = match (written, ended) {
            (_, Some(ended)) => ended,
            (Ok(()), None) => {
                seen_on_disk(&self.folder);
                Ok(Kept::New(place))
            }
            (Err(error), None) => Err(unwritten(&error)),
        };
        drop(naming);
        kept
    }
}

fn unwritten(error: &std::io::Error) -> DimseError {
    DimseError::Write { what: "what was received", why: error.to_string() }
}

/// The names of a folder on the disk, so that a file is there after the power failed.
fn seen_on_disk(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = std::fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}

/// Preamble and file meta information (PS3.10 section 7.1).
fn head(announced: &Announced<'_>) -> std::io::Result<Vec<u8>> {
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(announced.sop_class)
        .media_storage_sop_instance_uid(announced.sop_instance.as_str())
        .transfer_syntax(announced.transfer_syntax)
        .implementation_class_uid(IMPLEMENTATION_CLASS_UID)
        .implementation_version_name(IMPLEMENTATION_VERSION_NAME)
        .source_application_entity_title(announced.sender)
        .build()
        .map_err(std::io::Error::other)?;
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    meta.write(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}

/// What in the data set is not as it was announced.
fn unlike(
    path: &Path,
    announced: &Announced<'_>,
    unwanted: &dyn Fn(&StoredObject) -> Option<String>,
) -> Option<String> {
    match StoredObject::open(path) {
        Err(error) => Some(error.to_string()),
        Ok(object) if object.sop_instance != announced.sop_instance.as_str() => {
            Some(format!("its SOP Instance UID {} is not the one that was announced", tags::SOP_INSTANCE_UID))
        }
        Ok(object) if object.sop_class != announced.sop_class => {
            Some(format!("its SOP Class UID {} is not the one that was announced", tags::SOP_CLASS_UID))
        }
        Ok(object) => unwanted(&object),
    }
}

/// Whether both files hold the same object. Senders write one object in many ways; what cannot be
/// compared, as pixels that are compressed otherwise, is another one.
fn is_same(place: &Path, came: &Path) -> bool {
    let (Ok(there), Ok(came)) = (StoredObject::open(place), StoredObject::open(came)) else { return false };
    matches!(there.has_same_content(&came), Ok(true))
}
