//! The index of a medium (DICOMDIR, PS3.3 F, PS3.10 section 8): which files it lists.
//!
//! A record names its file by the folders on the way to it, from the folder of the index on (File ID,
//! PS3.10 8.2). Media are copied to disks that write names in small letters, or append a version
//! (`;1`) or a dot (ISO 9660), so a name that is not there as it is written is looked for without
//! regard to these. Whatever a record is of (images, reports, segmentations, documents), its file is
//! opened like any other. The tree of the records is not read: files say themselves what they are.
//!
//! Names may lead nowhere but below the folder of the index.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use dicom_dictionary_std::tags;

use super::dataset::Dataset;
use super::dicom::Dicom;
use super::{StudyError, Warning};
use crate::limits;
use crate::panic_guard::guarded;
use crate::printable::printable;

/// Most parts of a File ID (PS3.10 8.2 allows eight).
const PARTS: usize = 16;
/// Most characters of one that is told.
const TOLD: usize = 200;
/// Most files that are named one by one because they are not there.
const MISSING: usize = 50;

/// What an index lists.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The files that are there, in the order of the index, each once.
    pub files: Vec<PathBuf>,
    /// What it lists and is not there, or may not be opened.
    pub warnings: Vec<Warning>,
}

/// The files that an index lists.
///
/// # Errors
/// When it cannot be read.
pub(super) fn listed_in(index: &Path) -> Result<Listing, StudyError> {
    guarded(|| Dicom::open(index).map(|dicom| of_records(index, &dicom)))?
}

/// The files of the images that an index lists, as paths below its folder, in its order; what is not
/// there is among them under the name that it was given.
///
/// # Errors
/// When it cannot be read, is no index, or lists an image that leads out of its folder.
pub fn images_of_directory(index: &Path) -> Result<Vec<PathBuf>, StudyError> {
    let dicom = guarded(|| Dicom::open(index))??;
    if !dicom.is_directory() {
        return Err(StudyError::NotAnImage("it is no DICOMDIR".into()));
    }
    let mut folders = Folders::default();
    let root = index.parent().unwrap_or(Path::new(""));
    let images = dicom.dataset.items(tags::DIRECTORY_RECORD_SEQUENCE).iter();
    let images = images.filter(|record| is_in_use(record) && record.code(tags::DIRECTORY_RECORD_TYPE) == "IMAGE");
    let below = images.map(|record| {
        let parts = record.codes(tags::REFERENCED_FILE_ID);
        match folders.find(root, &parts) {
            Ok(path) => Ok(path.strip_prefix(root).map_or_else(|_| path.clone(), Path::to_path_buf)),
            Err(Absent::Missing) => Ok(parts.iter().collect()),
            Err(Absent::Outside) => {
                Err(StudyError::Malformed("an image of the directory has a file name that no medium has".into()))
            }
        }
    });
    below.collect()
}

/// 0 marks what was deleted (PS3.3 F.3.2.2).
fn is_in_use(record: &Dataset) -> bool {
    record.integer(tags::RECORD_IN_USE_FLAG) != Some(0)
}

fn of_records(index: &Path, dicom: &Dicom) -> Listing {
    let mut found = Listing::default();
    let mut folders = Folders::default();
    let mut seen = HashSet::new();
    let mut missing = 0_usize;
    let root = index.parent().unwrap_or(Path::new(""));
    for record in dicom.dataset.items(tags::DIRECTORY_RECORD_SEQUENCE) {
        // Records of patients, studies and series have no file.
        let parts = record.codes(tags::REFERENCED_FILE_ID);
        if !is_in_use(record) || parts.iter().all(String::is_empty) || !seen.insert(parts.clone()) {
            continue;
        }
        if found.files.len() >= limits::FILES_AT_ONCE {
            let reason = format!("Only the first {} files were listed.", limits::FILES_AT_ONCE);
            found.warnings.push(Warning { path: index.to_owned(), reason });
            break;
        }
        match folders.find(root, &parts) {
            Ok(path) => found.files.push(path),
            Err(why) => {
                missing += 1;
                if missing <= MISSING {
                    let told: String = parts.join("/").chars().take(TOLD).collect();
                    let path = index.to_owned();
                    found.warnings.push(Warning { path, reason: why.sentence(&printable(&told)) });
                }
            }
        }
    }
    if missing > MISSING {
        let reason = format!("{} more of the files that it lists are not there.", missing - MISSING);
        found.warnings.push(Warning { path: index.to_owned(), reason });
    }
    if found.files.is_empty() && found.warnings.is_empty() {
        let reason = "The index lists no file: open the folder that it lies in instead.".into();
        found.warnings.push(Warning { path: index.to_owned(), reason });
    }
    found
}

/// Why a file is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Absent {
    Missing,
    /// Its name leads out of the folder of the index.
    Outside,
}

impl Absent {
    fn sentence(self, name: &str) -> String {
        match self {
            Self::Missing => format!("{name} is listed in the index and is not there. Copy the whole medium again."),
            Self::Outside => {
                format!("{name} is listed in the index and was not opened: it leads out of the folder of the index.")
            }
        }
    }
}

/// The names in folders, by how they read without regard to what media change.
#[derive(Default)]
struct Folders(HashMap<PathBuf, HashMap<String, OsString>>);

impl Folders {
    fn find(&mut self, root: &Path, parts: &[String]) -> Result<PathBuf, Absent> {
        let leads_out = |part: &String| {
            let is_a_way = part.contains(['/', '\\', '\0', ':']);
            is_a_way || part == ".." || part == "." || part.is_empty()
        };
        if parts.len() > PARTS || parts.iter().any(leads_out) {
            return Err(Absent::Outside);
        }
        let mut path = root.to_owned();
        for part in parts {
            let exact = path.join(part);
            path = if exact.exists() { exact } else { self.alike(&path, part).ok_or(Absent::Missing)? };
        }
        if path.is_dir() { Err(Absent::Missing) } else { Ok(path) }
    }

    fn alike(&mut self, folder: &Path, part: &str) -> Option<PathBuf> {
        if !self.0.contains_key(folder) {
            let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let names = std::fs::read_dir(place).into_iter().flatten().flatten().take(limits::FILES_AT_ONCE);
            let names = names.map(|entry| (plain(&entry.file_name().to_string_lossy()), entry.file_name()));
            self.0.insert(folder.to_owned(), names.collect());
        }
        self.0.get(folder)?.get(&plain(part)).map(|name| folder.join(name))
    }
}

/// A name without version and final dot, in small letters.
fn plain(name: &str) -> String {
    let name = name.split(';').next().unwrap_or_default();
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(root: &Path, parts: &[&str]) -> Result<PathBuf, Absent> {
        let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        Folders::default().find(root, &parts)
    }

    #[test]
    fn names_are_found_as_media_write_them() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("images/pat1")).unwrap();
        std::fs::write(folder.path().join("images/pat1/im1.;1"), "").unwrap();
        std::fs::write(folder.path().join("images/pat1/IM2"), "").unwrap();
        assert_eq!(find(folder.path(), &["IMAGES", "PAT1", "IM1"]), Ok(folder.path().join("images/pat1/im1.;1")));
        assert_eq!(find(folder.path(), &["IMAGES", "PAT1", "IM2"]), Ok(folder.path().join("images/pat1/IM2")));
        assert_eq!(find(folder.path(), &["IMAGES", "PAT1", "IM3"]), Err(Absent::Missing));
        assert_eq!(find(folder.path(), &["IMAGES", "PAT1"]), Err(Absent::Missing), "a folder is no file");
    }

    #[test]
    fn names_that_lead_elsewhere_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        for parts in [&["..", "secret"][..], &["/etc/passwd"], &["a\\b"], &["C:"], &["", "etc"], &["."; 17]] {
            assert_eq!(find(folder.path(), parts), Err(Absent::Outside), "{parts:?}");
        }
    }
}
