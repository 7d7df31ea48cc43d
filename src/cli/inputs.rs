//! The images that a command was given, and what becomes of each.
//!
//! A file that was named must be readable, or it counts as failed. In a folder, only what looks like an image by its
//! ending counts; anything else that cannot be read (a text beside the images) is passed over. Copies of one image, byte for byte, are
//! one image; commands that owe a line to every file take them too ([`Inputs::with_copies`]).

use std::collections::HashSet;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::anyhow;

use super::{Outcome, output, panic_text};
use crate::study::patients::Patients;
use crate::study::{Frame, ImageEntry, StudyError, Unscorable, load, scan};
use crate::training::data::key_of;

/// Endings of image files.
const ENDINGS: [&str; 9] = ["dcm", "dicom", "ima", "png", "jpg", "jpeg", "tif", "tiff", "dic"];

/// An image that a command works on.
pub struct Image {
    entry: Arc<ImageEntry>,
    /// The number of the path on the command line that led to it.
    place: usize,
    copy_of: Option<PathBuf>,
}

impl Image {
    pub fn path(&self) -> &Path {
        &self.entry.path
    }

    /// The image that its file is a copy of, byte for byte.
    pub fn copy_of(&self) -> Option<&Path> {
        self.copy_of.as_deref()
    }

    /// Decodes the first frame.
    pub fn load(&self) -> anyhow::Result<Frame> {
        let mut frame = load(&self.entry, 0)?;
        if self.entry.frames > 1 {
            frame.warnings.push(format!("The first of {} frames was used.", self.entry.frames));
        }
        Ok(frame)
    }

    /// Decodes the first frame of an image that is to be scored.
    ///
    /// # Errors
    /// Also where the data ends early, unless `force` is set, and where pixels are no numbers.
    pub fn load_scorable(&self, force: bool) -> anyhow::Result<Frame> {
        let frame = self.load()?;
        match frame.scorable() {
            Err(Unscorable::Incomplete(_)) if force => Ok(frame),
            Err(reason) => Err(reason.into()),
            Ok(()) => Ok(frame),
        }
    }
}

/// Every image found, in the order of the command line, and the number of those that could not be read.
pub struct Inputs {
    paths: Vec<PathBuf>,
    images: Vec<Image>,
    failed: usize,
}

impl Inputs {
    /// Looks through files and folders; what cannot be read is reported at once.
    pub fn gather(paths: &[PathBuf]) -> Self {
        let bar = output::counter("Looking for images");
        let heard = |_, read| bar.set_position(read as u64);
        let catalogue = scan(paths, &AtomicBool::new(false), &mut { heard });
        bar.finish_and_clear();
        let mut inputs = Self { paths: paths.to_vec(), images: Vec::new(), failed: 0 };
        let mut heard_of = HashSet::new();
        for warning in &catalogue.warnings {
            if catalogue.images().any(|e| e.path == warning.path) {
                output::remark(format!("note: {}: {}", warning.path.display(), warning.reason));
            } else {
                heard_of.insert(inputs.place(&warning.path));
                inputs.fail(&warning.path, &warning.reason);
            }
        }
        for entry in catalogue.images() {
            let place = inputs.place(&entry.path);
            if entry.has_pixels {
                heard_of.insert(place);
                inputs.images.push(Image { entry: entry.clone(), place, copy_of: None });
            } else if paths.contains(&entry.path) {
                heard_of.insert(place);
                inputs.fail(&entry.path, &format!("it is an object without pixels ({})", entry.title));
            } else {
                output::remark(format!("note: {}: no image, but {}", entry.path.display(), entry.title));
            }
        }
        inputs.images.sort_by_key(|image| image.place);
        for (number, path) in paths.iter().enumerate() {
            // What lies below two of the paths is counted for the first.
            let leads_to = |entry: &ImageEntry| {
                entry.path.starts_with(path) || entry.namesakes.copies.iter().any(|copy| copy.starts_with(path))
            };
            if !heard_of.contains(&number)
                && !inputs.images.iter().any(|image| leads_to(&image.entry))
                && !paths[..number].contains(path)
            {
                inputs.fail(path, "there is no image in it");
            }
        }
        inputs
    }

    /// Says that a path was not read, and counts it.
    fn fail(&mut self, path: &Path, reason: &str) {
        self.failed += 1;
        complain(path, "read", &anyhow!("{reason}"));
    }

    /// The number of the path on the command line that leads to a file.
    fn place(&self, file: &Path) -> usize {
        let named = self.paths.iter().position(|path| path == file);
        named.or_else(|| self.paths.iter().position(|path| file.starts_with(path))).unwrap_or(self.paths.len())
    }

    /// The same with a copy of an image as an image of its own, for commands that owe a line to every file.
    #[must_use]
    pub fn with_copies(mut self) -> Self {
        let mut copies = Vec::new();
        for image in &self.images {
            for path in &image.entry.namesakes.copies {
                let entry = Arc::new(ImageEntry { path: path.clone(), ..ImageEntry::clone(&image.entry) });
                copies.push(Image { entry, place: self.place(path), copy_of: Some(image.entry.path.clone()) });
            }
        }
        self.images.extend(copies);
        self.images.sort_by_key(|image| image.place);
        self
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
                let done = match &error {
                    error if error.is::<StudyError>() => "read",
                    error if error.is::<Unscorable>() => "scored",
                    _ => "finished",
                };
                bar.suspend(|| complain(image.path(), done, &error));
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(Outcome::of(failed, all))
    }
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
