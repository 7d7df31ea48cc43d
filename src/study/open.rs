//! Paths to a [`Catalogue`]: folders are walked, files told apart by their content, headers read on
//! all cores.
//!
//! What cannot be read is a warning with its reason and never a stop. Files that are plainly
//! something else (text, spreadsheets, a DICOMDIR, hidden files) are passed over without a word,
//! unless they were named themselves. A DICOMDIR that was named stands for the files that it lists.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dicom_dictionary_std::tags;
use image::ImageFormat;
use rayon::prelude::*;

use crate::cancel::CancelToken;
use crate::files::walk::files_below;
use crate::files::{Regular, open_regular};
use crate::limits;
use crate::panic_guard::guarded;
use crate::printable::printable;

use super::dicom::{Dicom, has_dicom_mark, looks_like_dicom};
use super::directory::listed_in;
use super::frame_timing::FrameTiming;
use super::group::{Listed, catalogue};
use super::guard::PixelLayout;
use super::natural_order::natural_order;
use super::shared_uid::{SharedUid, told_apart};
use super::stack_place::StackPlace;
use super::{Catalogue, ImageEntry, StudyError, Warning, geometry, guard, raster};

/// Endings of image files.
const ENDINGS: [&str; 9] = ["dcm", "dicom", "dic", "ima", "png", "jpg", "jpeg", "tif", "tiff"];
/// Files whose headers are read between two looks at the cancel flag.
const BATCH: usize = 64;

/// What a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Dicom,
    Raster(ImageFormat),
}

/// Lists what is at some paths, folders with all that is below them.
///
/// `progress` hears of the number of files found and read. Once cancelled, what was read so far is
/// returned.
pub fn scan(paths: &[PathBuf], cancel: &CancelToken, progress: &mut dyn FnMut(usize, usize)) -> Catalogue {
    scan_beside(&Catalogue::default(), paths, cancel, progress)
}

/// The same beside what is `open` already: only what is new is listed, and what shares a UID is
/// told apart from it.
pub fn scan_beside(
    open: &Catalogue,
    paths: &[PathBuf],
    cancel: &CancelToken,
    progress: &mut dyn FnMut(usize, usize),
) -> Catalogue {
    let mut warnings = Vec::new();
    let mut files = find(paths, cancel, progress, &mut warnings);
    let mut listed = Vec::new();
    let mut read = 0;
    while read < files.len() && !cancel.is_cancelled() {
        let batch = &files[read..files.len().min(read + BATCH)];
        read += batch.len();
        let results: Vec<_> = batch.par_iter().map(|file| (file, list_light(&file.path))).collect();
        let mut indices = Vec::new();
        for (file, result) in results {
            // What takes more memory is read here, one file after the other: however many cores
            // there are, it is held once.
            match result.unwrap_or_else(|| list(&file.path)) {
                Ok(one) if one.is_directory => {
                    // One index does not lead to the next: links could make that go on for ever.
                    indices.extend((file.named && !file.listed).then(|| file.path.clone()));
                }
                Ok(one) => listed.push(one),
                Err(StudyError::NotAnImage(_) | StudyError::NotRegular(_))
                    if !file.named && !is_named_like_an_image(&file.path) => {}
                Err(error) => warnings.push(Warning { path: file.path.clone(), reason: error.to_string() }),
            }
        }
        for index in indices {
            add_listed_in(&index, &mut files, &mut warnings);
        }
        progress(files.len(), listed.len());
    }
    let known: Vec<&ImageEntry> = open.images().map(AsRef::as_ref).collect();
    let listed = told_apart(listed, &known, &mut warnings);
    catalogue(listed, warnings)
}

/// Adds the files that an index lists behind those that are known.
fn add_listed_in(index: &Path, files: &mut Vec<Found>, warnings: &mut Vec<Warning>) {
    match listed_in(index) {
        Ok(found) => {
            let known: HashSet<&Path> = files.iter().map(|file| file.path.as_path()).collect();
            let new: Vec<PathBuf> = found.files.into_iter().filter(|path| !known.contains(path.as_path())).collect();
            files.extend(new.into_iter().map(|path| Found { path, named: true, listed: true }));
            warnings.extend(found.warnings);
        }
        Err(error) => warnings.push(Warning { path: index.to_owned(), reason: error.to_string() }),
    }
}

struct Found {
    path: PathBuf,
    /// Named by the reader or by an index, rather than found in a folder.
    named: bool,
    /// Named by an index.
    listed: bool,
}

fn find(
    paths: &[PathBuf],
    cancel: &CancelToken,
    progress: &mut dyn FnMut(usize, usize),
    warnings: &mut Vec<Warning>,
) -> Vec<Found> {
    let mut files: Vec<Found> = Vec::new();
    // One file under two of the paths is listed once.
    let mut places: HashMap<PathBuf, usize> = HashMap::new();
    let mut add = |files: &mut Vec<Found>, path: PathBuf, named| {
        if let Some(place) = places.get(&path) {
            files[*place].named |= named;
        } else {
            places.insert(path.clone(), files.len());
            files.push(Found { path, named, listed: false });
        }
    };
    for path in paths {
        if !path.is_dir() {
            add(&mut files, path.clone(), true);
            continue;
        }
        let mut in_folder = Vec::new();
        for item in files_below(path) {
            if cancel.is_cancelled() {
                return files;
            }
            match item {
                Ok(file) => {
                    if !file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                        in_folder.push(file);
                    }
                }
                Err(error) => warnings.push(Warning { path: error.path, reason: error.obstacle.to_string() }),
            }
            if files.len() + in_folder.len() >= limits::FILES_AT_ONCE {
                let reason = format!("Only the first {} files were listed.", limits::FILES_AT_ONCE);
                warnings.push(Warning { path: path.clone(), reason });
                break;
            }
            if in_folder.len() % 256 == 0 {
                progress(files.len() + in_folder.len(), 0);
            }
        }
        in_folder.sort_by(|a, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
        in_folder.into_iter().for_each(|path| add(&mut files, path, false));
    }
    progress(files.len(), 0);
    files
}

/// Whether a file that turns out to be no image was meant to be one.
#[must_use]
pub fn is_named_like_an_image(path: &Path) -> bool {
    path.extension().is_some() && may_be_an_image(path)
}

/// Whether a file may be an image by the ending of its name, or for want of one.
#[must_use]
pub fn may_be_an_image(path: &Path) -> bool {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    ending.is_none_or(|e| ENDINGS.contains(&e.as_str()))
}

/// What a file is.
pub(super) fn kind_of(path: &Path) -> Result<Kind, StudyError> {
    let Regular { file, length } = open_regular(path, limits::OBJECT_BYTES)?;
    guard::file_size(length, limits::OBJECT_BYTES)?;
    let mut start = Vec::new();
    file.take(132).read_to_end(&mut start)?;
    // The preamble of a DICOM file may be a TIFF header (PS3.10 7.1), so the mark behind it is
    // looked at first.
    if has_dicom_mark(&start) {
        return Ok(Kind::Dicom);
    }
    if let Some(format) = raster::format_of(&start) {
        return Ok(Kind::Raster(format));
    }
    if looks_like_dicom(&start) {
        return Ok(Kind::Dicom);
    }
    let text = start.iter().all(|b| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7E | 0x80..));
    let what = if text { "it is a text file" } else { "its content is of no known kind" };
    Err(StudyError::NotAnImage(what.into()))
}

/// Lists one file by its header.
pub(super) fn list(path: &Path) -> Result<Listed, StudyError> {
    guarded(|| match kind_of(path)? {
        Kind::Dicom => list_dicom(path, &Dicom::open(path)?),
        Kind::Raster(format) => Ok(Listed::unordered(raster::entry(path, format)?)),
    })?
}

/// One image file by its header, for whoever goes through files one by one.
///
/// # Errors
/// When it cannot be read, or is no image.
pub fn entry_of(path: &Path) -> Result<Arc<ImageEntry>, StudyError> {
    let listed = list(path)?;
    if listed.is_directory {
        return Err(StudyError::NoPixels("directory of a medium (DICOMDIR)".into()));
    }
    if !listed.entry.has_pixels {
        return Err(StudyError::NoPixels(listed.entry.title));
    }
    Ok(Arc::new(listed.entry))
}

/// The same of a file whose header takes little memory, or that is no image at all; `None` of any
/// other, and of one that is not sound.
fn list_light(path: &Path) -> Option<Result<Listed, StudyError>> {
    let kind = match guarded(|| kind_of(path)) {
        Ok(Ok(kind)) => kind,
        Ok(Err(error)) => return Some(Err(error)),
        Err(panicked) => return Some(Err(panicked.into())),
    };
    let listed = guarded(|| match kind {
        Kind::Dicom => list_dicom(path, &Dicom::open_light(path)?),
        Kind::Raster(format) => Ok(Listed::unordered(raster::light_entry(path, format)?)),
    });
    listed.ok()?.ok().map(Ok)
}

fn list_dicom(path: &Path, dicom: &Dicom) -> Result<Listed, StudyError> {
    let has_pixels = dicom.has_pixels();
    if !has_pixels && !is_object(dicom) {
        return Err(StudyError::Truncated("it ends before it says what it is".into()));
    }
    if !has_pixels {
        dicom.must_not_be_an_image()?;
    }
    let (columns, rows, frames) = if has_pixels {
        let layout = PixelLayout::of(&dicom.dataset)?;
        (layout.columns as u32, layout.rows as u32, layout.frames)
    } else {
        (0, 0, 0)
    };
    let mut identity = dicom.identity();
    if identity.sop_instance_uid.is_empty() {
        identity.sop_instance_uid = raster::uid_of_content(path)?;
    }
    let file_name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let title = if has_pixels { file_name } else { kind_and_title(dicom) };
    let entry = ImageEntry {
        path: path.to_path_buf(),
        identity,
        meta: dicom.metadata(),
        columns,
        rows,
        frames,
        has_pixels,
        title,
        shared_uid: SharedUid::default(),
        place: StackPlace {
            position: geometry::position(&dicom.dataset, &dicom.dataset),
            frame_of_reference: dicom.dataset.code(tags::FRAME_OF_REFERENCE_UID),
            number: dicom.dataset.integer(tags::INSTANCE_NUMBER),
            timing: FrameTiming::read(&dicom.dataset, frames).map(Arc::new),
        },
    };
    Ok(Listed { entry, is_directory: dicom.is_directory() })
}

/// The kind of an object without pixels; of a document in an envelope with its title.
fn kind_and_title(dicom: &Dicom) -> String {
    let title = dicom.dataset.text(tags::DOCUMENT_TITLE, &dicom.sets);
    let title: String = printable(title.trim()).chars().take(120).collect();
    if title.is_empty() { dicom.kind() } else { format!("{}: {title}", dicom.kind()) }
}

/// Whether an object without pixels is one at all, and not the torso of a cut-off file.
fn is_object(dicom: &Dicom) -> bool {
    !dicom.metadata().sop_class_uid.is_empty()
}
