//! Small images for the list of studies: asked for when a row comes into sight, kept as textures
//! once they are made. Of many those in sight longest ago go, and are asked for again in their row.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use egui::{ColorImage, TextureHandle, TextureOptions};
use image::RgbImage;

use crate::study::ImageEntry;

/// Most thumbnails that are kept: of 96 × 96 pixels they take 72 MiB.
const MOST: usize = 2000;

/// Where images are asked for, and where their thumbnails come from with the key of the image; none
/// of those that were passed over.
type Channels = (Sender<Arc<ImageEntry>>, Receiver<(String, Option<RgbImage>)>);

/// The thumbnails that are there, and those that somebody wants.
#[derive(Default)]
pub struct Thumbnails {
    made: HashMap<String, Kept>,
    asked: RefCell<HashSet<String>>,
    thread: Option<Channels>,
    /// Counts the frames.
    clock: u64,
}

struct Kept {
    texture: TextureHandle,
    /// The frame in which it was in sight last.
    seen: Cell<u64>,
}

impl Thumbnails {
    /// Thumbnails from whoever makes them; without channels, as with `default()`, there are none.
    pub fn new(thread: Option<Channels>) -> Self {
        Self { thread, ..Self::default() }
    }

    /// The thumbnail of an image; while it is not there it is asked for.
    pub fn get(&self, entry: &Arc<ImageEntry>) -> Option<&TextureHandle> {
        let key = entry.key();
        let found = self.made.get(&key);
        if let Some(kept) = found {
            kept.seen.set(self.clock);
        }
        if found.is_none()
            && entry.has_pixels
            && let Some((ask, _)) = &self.thread
            && self.asked.borrow_mut().insert(key)
        {
            let _ = ask.send(entry.clone());
        }
        found.map(|kept| &kept.texture)
    }

    /// Takes in what was made, once a frame.
    pub fn receive(&mut self, ctx: &egui::Context) {
        self.clock += 1;
        let Some((_, made)) = &self.thread else { return };
        for (key, image) in made.try_iter() {
            let Some(image) = image else {
                self.asked.get_mut().remove(&key);
                continue;
            };
            let size = [image.width() as usize, image.height() as usize];
            let image = ColorImage::from_rgb(size, image.as_raw());
            let texture = ctx.load_texture("thumbnail", image, TextureOptions::LINEAR);
            self.made.insert(key, Kept { texture, seen: Cell::new(self.clock) });
        }
        if self.made.len() > MOST {
            self.forget();
        }
    }

    /// Lets go of a quarter, those in sight longest ago.
    fn forget(&mut self) {
        let mut seen: Vec<u64> = self.made.values().map(|kept| kept.seen.get()).collect();
        let (_, border, _) = seen.select_nth_unstable(MOST / 4);
        let border = *border;
        let asked = self.asked.get_mut();
        self.made.retain(|key, kept| {
            let stays = kept.seen.get() > border || kept.seen.get() == self.clock;
            if !stays {
                asked.remove(key);
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Identity;
    use crossbeam_channel::unbounded;

    #[test]
    fn of_many_those_in_sight_longest_ago_go_and_may_be_asked_for_again() {
        let ctx = egui::Context::default();
        let (ask, wanted) = unbounded();
        let (sender, made) = unbounded();
        let mut thumbnails = Thumbnails::new(Some((ask, made)));
        let entry = |number: usize| {
            let identity = Identity { sop_instance_uid: number.to_string(), ..Identity::default() };
            Arc::new(ImageEntry { identity, has_pixels: true, ..ImageEntry::default() })
        };
        let all: Vec<_> = (0..=MOST).map(entry).collect();
        for one in &all {
            assert!(thumbnails.get(one).is_none());
            sender.send((one.key(), Some(RgbImage::new(1, 1)))).unwrap();
            thumbnails.receive(&ctx);
        }
        assert_eq!(wanted.try_iter().count(), all.len());
        assert!(thumbnails.made.len() <= MOST);
        assert!(thumbnails.get(&all[MOST]).is_some(), "the last one stays");
        assert!(thumbnails.get(&all[0]).is_none(), "the first one went");
        assert_eq!(wanted.try_iter().count(), 1, "and is asked for again");
        assert!(thumbnails.get(&all[0]).is_none() && wanted.try_iter().count() == 0, "once");
        sender.send((all[0].key(), None)).unwrap();
        thumbnails.receive(&ctx);
        assert!(thumbnails.get(&all[0]).is_none() && wanted.try_iter().count() == 1, "passed over: once more");
    }
}
