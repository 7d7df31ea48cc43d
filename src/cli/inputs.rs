//! The images that a command was given, and what becomes of each.
//!
//! A file that was named must be readable, or it counts as failed. In a folder, only what looks like an image by its
//! ending counts; anything else that cannot be read (a text beside the films) is passed over with a remark.

use std::collections::HashSet;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::anyhow;

use super::{Outcome, output, panic_text};
use crate::study::patients::Patients;
use crate::study::{Frame, ImageEntry, StudyError, load, scan};
use crate::training::data::key_of;

/// Endings of image files.
const ENDINGS: [&str; 9] = ["dcm", "dicom", "ima", "png", "jpg", "jpeg", "tif", "tiff", "dic"];

/// An image that a command works on.
pub struct Image {
    entry: Arc<ImageEntry>,
}

impl Image {
    pub fn path(&self) -> &Path {
        &self.entry.path
    }

    /// Decodes the first frame.
    pub fn load(&self) -> anyhow::Result<Frame> {
        let mut frame = load(&self.entry, 0)?;
        if self.entry.frames > 1 {
            frame.warnings.push(format!("The first of {} frames was used.", self.entry.frames));
        }
        Ok(frame)
    }
}

/// Every image found, in the order of the command line, and the number of those that could not be read.
pub struct Inputs {
    images: Vec<Image>,
    failed: usize,
}

impl Inputs {
    /// Looks through files and folders; what cannot be read is reported at once.
    pub fn gather(paths: &[PathBuf]) -> Self {
        let mut inputs = Self { images: Vec::new(), failed: 0 };
        let mut seen = HashSet::new();
        for path in paths {
            let bar = output::counter("Looking for images");
            let heard = |_, read| bar.set_position(read as u64);
            let catalogue = scan(std::slice::from_ref(path), &AtomicBool::new(false), &mut { heard });
            bar.finish_and_clear();
            let mut entries: Vec<Arc<ImageEntry>> = catalogue.images().cloned().collect();
            let before = (inputs.images.len(), inputs.failed);
            for warning in &catalogue.warnings {
                let read = entries.iter().any(|e| e.path == warning.path);
                if !read && warning.path != *path && warning.path.is_file() {
                    // A catalogue shows one of several files that claim to be the same image; here each counts.
                    entries.extend(alone(&warning.path, &mut inputs.failed));
                } else if !read {
                    inputs.failed += 1;
                    complain(&warning.path, "read", &anyhow!("{}", warning.reason));
                } else {
                    output::remark(format!("note: {}: {}", warning.path.display(), warning.reason));
                }
            }
            for entry in entries {
                if !entry.has_pixels {
                    if entry.path == *path {
                        inputs.failed += 1;
                        complain(path, "read", &anyhow!("it is an object without pixels ({})", entry.title));
                    }
                } else if seen.insert(entry.path.clone()) {
                    inputs.images.push(Image { entry });
                }
            }
            if before == (inputs.images.len(), inputs.failed) && !path.is_file() {
                inputs.failed += 1;
                complain(path, "read", &anyhow!("there is no image in it"));
            }
        }
        inputs
    }

    /// Number of images found.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// The images in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Image> {
        self.images.iter()
    }

    /// Only the images with these numbers, in the order of the numbers.
    pub fn drawn(self, numbers: &[usize]) -> Self {
        let mut all: Vec<Option<Image>> = self.images.into_iter().map(Some).collect();
        let images = numbers.iter().filter_map(|number| all.get_mut(*number)?.take()).collect();
        Self { images, ..self }
    }

    /// Runs `work` on every image; what fails, or panics, is reported and counted.
    ///
    /// An error is returned only when standard output is closed.
    pub fn each(
        self,
        what: &'static str,
        mut work: impl FnMut(&Image) -> anyhow::Result<()>,
    ) -> anyhow::Result<Outcome> {
        let bar = output::progress(self.images.len(), what);
        let (mut failed, all) = (self.failed, self.failed + self.images.len());
        for image in &self.images {
            let done = panic::catch_unwind(AssertUnwindSafe(|| work(image)));
            let done = done
                .unwrap_or_else(|panic| Err(anyhow!("{}", panic_text(panic.as_ref())).context("a fault of Pellucid")));
            if let Err(error) = done {
                if super::is_closed_pipe(&error) {
                    return Err(error);
                }
                failed += 1;
                let done = if error.is::<StudyError>() { "read" } else { "finished" };
                bar.suspend(|| complain(image.path(), done, &error));
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(Outcome::of(failed, all))
    }
}

/// The image in one file of a folder; what cannot be read is reported and counted.
fn alone(path: &Path, failed: &mut usize) -> Vec<Arc<ImageEntry>> {
    let catalogue = scan(&[path.to_owned()], &AtomicBool::new(false), &mut |_, _| ());
    for warning in &catalogue.warnings {
        *failed += 1;
        complain(path, "read", &anyhow!("{}", warning.reason));
    }
    catalogue.images().cloned().collect()
}

/// Says that an image was not read, or not finished, and why.
fn complain(path: &Path, done: &str, error: &anyhow::Error) {
    output::remark(format!("error: {} was not {done}. Cause: {}", path.display(), output::sentences(error)));
}

/// The patient of an image, by its name and its header.
pub fn patient(frame: &Frame, path: &Path, patients: &Patients) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    patients.lead(&name, &key_of(Path::new(""), path), None).with_header(&frame.entry.meta.patient_id).0
}

/// By its ending, or for want of one.
pub fn looks_like_an_image(path: &Path) -> bool {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    ending.is_none_or(|e| ENDINGS.contains(&e.as_str()))
}
