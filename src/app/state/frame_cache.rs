//! Decoded frames that are kept, so that going back or on in a stack waits for nothing.
//!
//! Those that were shown or wanted longest ago go first, once all together take more than a budget.
//! The frame on screen always stays, however large it is.

use std::collections::HashMap;
use std::sync::Arc;

use super::Reason;
use super::loaded_image::LoadedImage;
use crate::engine::lungs::LungSearch;
use crate::study::{Frame, ImageEntry};

/// Most frames that are kept, whatever they take.
pub const MOST_FRAMES: usize = 4096;

/// The address of an image of the list, which the kept frame holds so that no other can take it, and
/// the number of the frame.
type FrameKey = (usize, u32);

fn key(entry: &Arc<ImageEntry>, index: u32) -> FrameKey {
    (Arc::as_ptr(entry).addr(), index)
}

#[derive(Clone, Debug)]
struct Kept {
    /// The image of the list: that of the frame may be a copy of it.
    _entry: Arc<ImageEntry>,
    image: LoadedImage,
    bytes: u64,
    used: u64,
}

/// The frames that are kept.
#[derive(Clone, Debug)]
pub struct FrameCache {
    /// Shared with copies for the screen.
    kept: Arc<HashMap<FrameKey, Kept>>,
    bytes: u64,
    budget: u64,
    /// Counts the uses.
    clock: u64,
}

impl FrameCache {
    /// Nothing yet; at most `budget` bytes.
    #[must_use]
    pub fn new(budget: u64) -> Self {
        Self { kept: Arc::default(), bytes: 0, budget, clock: 0 }
    }

    /// Bytes that may be kept.
    #[must_use]
    pub fn budget(&self) -> u64 {
        self.budget
    }

    /// Bytes that are kept.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many frames are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether a frame is there.
    #[must_use]
    pub fn holds(&self, entry: &Arc<ImageEntry>, index: u32) -> bool {
        self.kept.contains_key(&key(entry, index))
    }

    /// A frame, which counts as used.
    pub fn get(&mut self, entry: &Arc<ImageEntry>, index: u32) -> Option<LoadedImage> {
        self.touch(entry, index).then(|| self.kept[&key(entry, index)].image.clone())
    }

    /// Counts a frame as used; whether it is there.
    pub fn touch(&mut self, entry: &Arc<ImageEntry>, index: u32) -> bool {
        self.clock += 1;
        let clock = self.clock;
        Arc::make_mut(&mut self.kept).get_mut(&key(entry, index)).map(|kept| kept.used = clock).is_some()
    }

    /// Keeps a frame of an image of the list; others go until all fit the budget.
    pub fn keep(&mut self, entry: &Arc<ImageEntry>, image: LoadedImage) {
        let key = key(entry, image.frame.index);
        self.clock += 1;
        let bytes = image.bytes();
        let kept = Kept { _entry: entry.clone(), image, bytes, used: self.clock };
        self.bytes += bytes;
        self.bytes -= Arc::make_mut(&mut self.kept).insert(key, kept).map_or(0, |before| before.bytes);
        while self.bytes > self.budget || self.kept.len() > MOST_FRAMES {
            let others = self.kept.iter().filter(|(other, _)| **other != key);
            let Some(oldest) = others.min_by_key(|(_, kept)| kept.used).map(|(key, _)| *key) else { return };
            self.bytes -= Arc::make_mut(&mut self.kept).remove(&oldest).map_or(0, |gone| gone.bytes);
        }
    }

    /// Keeps what came of looking for the lungs of a frame, where the frame is still there.
    pub fn keep_lungs(&mut self, frame: &Arc<Frame>, lungs: &Result<LungSearch, Reason>) {
        let kept = Arc::make_mut(&mut self.kept).values_mut().map(|kept| &mut kept.image);
        kept.filter(|image| Arc::ptr_eq(&image.frame, frame)).for_each(|image| image.lungs.clone_from(lungs));
    }

    /// Forgets every frame.
    pub fn clear(&mut self) {
        self.kept = Arc::default();
        self.bytes = 0;
    }

    /// Forgets one frame.
    pub fn forget(&mut self, entry: &Arc<ImageEntry>, index: u32) {
        self.bytes -= Arc::make_mut(&mut self.kept).remove(&key(entry, index)).map_or(0, |gone| gone.bytes);
    }
}
