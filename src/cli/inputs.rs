//! The images that a command was given, and what becomes of each.
//!
//! A file that was named must be readable, or it counts as failed. In a folder, only what looks
//! like an image by its ending counts; anything else that cannot be read (a text beside the images)
//! is passed over. Copies of one image, byte for byte, are one image; commands that owe a line to
//! every file take them too ([`Inputs::with_copies`]).

use std::collections::HashSet;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;

use super::{Outcome, output, panic_text};
use crate::cancel::CancelToken;
use crate::evaluation::images::{ImageError, first_frame, scorable_frame};
use crate::results::read::kind::ResultKind;
use crate::study::{Frame, ImageEntry, StudyError, Unscorable, load, scan};

/// An image that a command works on.
pub(super) struct Image {
    entry: Arc<ImageEntry>,
    /// The number of the path on the command line that led to it.
    place: usize,
    copy_of: Option<PathBuf>,
}

impl Image {
    pub(super) fn path(&self) -> &Path {
        &self.entry.path
    }

    /// The image that its file is a copy of, byte for byte.
    pub(super) fn copy_of(&self) -> Option<&Path> {
        self.copy_of.as_deref()
    }

    /// How many frames it has.
    pub(super) fn frames(&self) -> u32 {
        self.entry.frames
    }

    /// Decodes a frame, counted from 1; the first where none is named.
    pub(super) fn load(&self, number: Option<u32>) -> anyhow::Result<Frame> {
        Ok(match number {
            Some(number) => load(&self.entry, number.saturating_sub(1))?,
            None => first_frame(&self.entry)?,
        })
    }

    /// Decodes a frame of an image that is to be scored, counted from 1; the first where none is
    /// named. See [`scorable_frame`].
    pub(super) fn load_scorable(&self, number: Option<u32>, force: bool) -> anyhow::Result<Frame> {
        let frame = match number {
            None => return Ok(scorable_frame(&self.entry, force)?),
            Some(_) => self.load(number)?,
        };
        frame.scorable().map(|()| frame).map_err(Into::into)
    }
}

/// What a path of the command line leads to lies below this: below the folder of an index (PS3.10 8.6: its
/// name is always DICOMDIR), else below the path itself.
fn below(path: &Path) -> &Path {
    let is_index = path.file_name().is_some_and(|name| name.eq_ignore_ascii_case("DICOMDIR"));
    path.parent().filter(|_| is_index).unwrap_or(path)
}

/// Every image found, in the order of the command line, and the number of those that could not be
/// read.
pub(super) struct Inputs {
    paths: Vec<PathBuf>,
    images: Vec<Image>,
    /// Reports and other results without pixels, where the command takes them.
    objects: Vec<Arc<ImageEntry>>,
    failed: usize,
}

impl Inputs {
    /// Looks through files and folders; what cannot be read is reported at once.
    pub(super) fn gather(paths: &[PathBuf]) -> Self {
        Self::gathered(paths, false)
    }

    /// The same, with reports, documents and presentation states beside the images.
    pub(super) fn gather_with_objects(paths: &[PathBuf]) -> Self {
        Self::gathered(paths, true)
    }

    fn gathered(paths: &[PathBuf], objects: bool) -> Self {
        let bar = output::counter("Looking for images");
        let catalogue = scan(paths, &CancelToken::default(), &mut |_, read| bar.set_position(read as u64));
        bar.finish_and_clear();
        let mut inputs = Self { paths: paths.to_vec(), images: Vec::new(), objects: Vec::new(), failed: 0 };
        let mut answered = HashSet::new();
        for warning in &catalogue.warnings {
            if catalogue.images().any(|e| e.path == warning.path) {
                output::remark(format!("note: {}: {}", warning.path.display(), warning.reason));
            } else {
                answered.insert(inputs.place(&warning.path));
                inputs.fail(&warning.path, &warning.reason);
            }
        }
        for entry in catalogue.images() {
            let place = inputs.place(&entry.path);
            if entry.has_pixels {
                answered.insert(place);
                inputs.images.push(Image { entry: entry.clone(), place, copy_of: None });
            } else if objects && ResultKind::of(&entry.meta).is_some() {
                answered.insert(place);
                inputs.objects.push(entry.clone());
            } else if paths.contains(&entry.path) {
                answered.insert(place);
                inputs.fail(&entry.path, &format!("it is an object without pixels ({})", entry.title));
            } else {
                output::remark(format!("note: {}: no image, but {}", entry.path.display(), entry.title));
            }
        }
        inputs.images.sort_by_key(|image| image.place);
        for (number, path) in paths.iter().enumerate() {
            // What lies below two of the paths is counted for the first.
            let leads_to = |entry: &ImageEntry| {
                let is_below = |file: &PathBuf| file.starts_with(below(path));
                is_below(&entry.path) || entry.shared_uid.copies.iter().any(is_below)
            };
            if !answered.contains(&number)
                && !inputs.images.iter().any(|image| leads_to(&image.entry))
                && !inputs.objects.iter().any(|object| leads_to(object))
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
        named.or_else(|| self.paths.iter().position(|path| file.starts_with(below(path)))).unwrap_or(self.paths.len())
    }

    /// The same with a copy of an image as an image of its own, for commands that owe a line to
    /// every file.
    #[must_use]
    pub(super) fn with_copies(mut self) -> Self {
        let mut copies = Vec::new();
        for image in &self.images {
            for path in &image.entry.shared_uid.copies {
                let entry = Arc::new(ImageEntry { path: path.clone(), ..ImageEntry::clone(&image.entry) });
                copies.push(Image { entry, place: self.place(path), copy_of: Some(image.entry.path.clone()) });
            }
        }
        self.images.extend(copies);
        self.images.sort_by_key(|image| image.place);
        self
    }

    /// Number of images found.
    pub(super) fn len(&self) -> usize {
        self.images.len()
    }

    /// Reports and other results without pixels.
    pub(super) fn objects(&self) -> &[Arc<ImageEntry>] {
        &self.objects
    }

    /// Files that could not be read.
    pub(super) fn failed(&self) -> usize {
        self.failed
    }

    /// The images with these numbers, in the order of the numbers.
    pub(super) fn entries(&self, numbers: impl IntoIterator<Item = usize>) -> Vec<Arc<ImageEntry>> {
        numbers.into_iter().filter_map(|number| self.images.get(number)).map(|image| image.entry.clone()).collect()
    }

    /// The images in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Image> {
        self.images.iter()
    }

    /// Only the images with these numbers, in the order of the numbers.
    pub(super) fn drawn(self, numbers: &[usize]) -> Self {
        let mut all: Vec<Option<Image>> = self.images.into_iter().map(Some).collect();
        let images = numbers.iter().filter_map(|number| all.get_mut(*number)?.take()).collect();
        Self { images, ..self }
    }

    /// Runs `work` on every image; what fails, or panics, is reported and counted.
    ///
    /// An error is returned only when standard output is closed.
    pub(super) fn each(
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
                    error => match error.downcast_ref::<ImageError>() {
                        Some(ImageError::Study(_)) => "read",
                        Some(ImageError::Unscorable(_)) => "scored",
                        None => "finished",
                    },
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
pub(super) fn complain(path: &Path, done: &str, error: &anyhow::Error) {
    output::remark(format!("error: {} was not {done}. Cause: {}", path.display(), output::sentences(error)));
}
