//! Small pictures for the list of studies, made on a thread of their own.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::study::ImageEntry;

/// Longer side of a thumbnail, in pixels.
pub const SIDE: usize = 96;

/// The thumbnails that are there, and those that somebody wants.
#[derive(Default)]
pub struct Thumbnails {
    made: HashMap<String, egui::TextureHandle>,
    wanted: RefCell<Vec<Arc<ImageEntry>>>,
    asked: RefCell<HashSet<String>>,
}

impl Thumbnails {
    /// The picture of an image; `None` (and a wish for it) while it is not there.
    pub fn get(&self, entry: &Arc<ImageEntry>) -> Option<&egui::TextureHandle> {
        let key = &entry.identity.sop_instance_uid;
        let found = self.made.get(key);
        if found.is_none() && self.asked.borrow_mut().insert(key.clone()) {
            self.wanted.borrow_mut().push(entry.clone());
        }
        found
    }
}
