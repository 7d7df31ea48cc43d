//! Small images for the list of studies: asked for when a row comes into sight, kept as textures
//! once they are made.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use egui::{ColorImage, TextureHandle, TextureOptions};
use image::RgbImage;

use crate::study::ImageEntry;

/// Where images are asked for, and where their thumbnails come from with the key of the image.
type Channels = (Sender<Arc<ImageEntry>>, Receiver<(String, RgbImage)>);

/// The thumbnails that are there, and those that somebody wants.
#[derive(Default)]
pub struct Thumbnails {
    made: HashMap<String, TextureHandle>,
    asked: RefCell<HashSet<String>>,
    thread: Option<Channels>,
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
        if found.is_none()
            && entry.has_pixels
            && let Some((ask, _)) = &self.thread
            && self.asked.borrow_mut().insert(key)
        {
            let _ = ask.send(entry.clone());
        }
        found
    }

    /// Takes in what was made.
    pub fn receive(&mut self, ctx: &egui::Context) {
        let Some((_, made)) = &self.thread else { return };
        for (key, image) in made.try_iter() {
            let size = [image.width() as usize, image.height() as usize];
            let image = ColorImage::from_rgb(size, image.as_raw());
            self.made.insert(key, ctx.load_texture("thumbnail", image, TextureOptions::LINEAR));
        }
    }
}
