//! What hands out the files of a batch one after the other, while others are being looked at.

use std::any::Any;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::BatchError;
use super::finished::{Finished, Stamp};
use super::store::{Listed, Store};

/// Paths that are read of the store at a time.
const PAGE: usize = 512;

/// A file to be looked at.
#[derive(Clone)]
pub struct Task {
    /// What it is called in the results.
    pub name: PathBuf,
    /// Where it lies.
    pub file: PathBuf,
    /// It must be an image.
    pub is_named: bool,
    /// As it was when it was last judged, and what came of it.
    pub seen: Option<(Stamp, String)>,
    /// What must live as long as the file is needed, such as the temporary folder that it lies in.
    pub kept: Option<Arc<dyn Any + Send + Sync>>,
    /// The study that is done with it.
    pub ends: Option<String>,
}

/// What is handed out.
pub enum Fed {
    Task(Task),
    /// Something that there is nothing to look at of, with what came of it.
    Done(Finished),
}

/// Hands out files.
pub trait Feed: Send {
    /// The next file; `None` at the end.
    ///
    /// # Errors
    /// When the batch cannot go on.
    fn next(&mut self, store: &Mutex<Store>) -> Result<Option<Fed>, BatchError>;
}

/// The list of the store, in the order of the paths' bytes.
#[derive(Debug, Default)]
pub struct ListFeed {
    last: Option<PathBuf>,
    page: VecDeque<Listed>,
    /// Failures are looked at once more.
    again: bool,
}

impl ListFeed {
    /// From the beginning; with failures of before where they are wanted `again`.
    #[must_use]
    pub fn new(again: bool) -> Self {
        Self { again, ..Self::default() }
    }
}

impl Feed for ListFeed {
    fn next(&mut self, store: &Mutex<Store>) -> Result<Option<Fed>, BatchError> {
        if self.page.is_empty() {
            let store = store.lock().unwrap_or_else(PoisonError::into_inner);
            self.page = store.next(self.last.as_deref(), PAGE, self.again)?.into();
        }
        let Some(Listed { path, is_named, seen }) = self.page.pop_front() else { return Ok(None) };
        self.last = Some(path.clone());
        Ok(Some(Fed::Task(Task { name: path.clone(), file: path, is_named, seen, kept: None, ends: None })))
    }
}
