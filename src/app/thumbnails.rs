//! Small pictures for the list of studies, made on a thread of their own, the last asked for first.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};
use egui::{ColorImage, TextureHandle, TextureOptions};

use crate::imaging::display;
use crate::imaging::resample::Region;
use crate::panic_guard::guarded;
use crate::study::ImageEntry;

use super::pyramid::Pyramid;
use super::sources;

/// Longer side of a thumbnail, in pixels.
pub const SIDE: usize = 96;

/// The thumbnails that are there, and those that somebody wants.
#[derive(Default)]
pub struct Thumbnails {
    made: HashMap<String, TextureHandle>,
    asked: RefCell<HashSet<String>>,
    thread: Option<Thread>,
}

/// Where wishes go, and where pictures come from with the key of their image.
type Thread = (Sender<Arc<ImageEntry>>, Receiver<(String, ColorImage)>);

impl Thumbnails {
    /// Thumbnails made by a thread; `default()` makes none.
    pub fn start(ctx: &egui::Context) -> Self {
        let (ask, wanted) = unbounded();
        let (tell, made) = unbounded();
        let ctx = ctx.clone();
        let work = move || work(&wanted, &tell, &ctx);
        match std::thread::Builder::new().name("pellucid-thumbnails".into()).spawn(work) {
            Ok(_) => Self { thread: Some((ask, made)), ..Self::default() },
            Err(e) => {
                log::warn!("no thread for thumbnails: {e}");
                Self::default()
            }
        }
    }

    /// The picture of an image; `None` (and a wish for it) while it is not there.
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

    /// Takes in what the thread has made.
    pub fn receive(&mut self, ctx: &egui::Context) {
        let Some((_, made)) = &self.thread else { return };
        for (key, image) in made.try_iter() {
            self.made.insert(key, ctx.load_texture("thumbnail", image, TextureOptions::LINEAR));
        }
    }
}

fn work(wanted: &Receiver<Arc<ImageEntry>>, tell: &Sender<(String, ColorImage)>, ctx: &egui::Context) {
    let mut waiting: Vec<Arc<ImageEntry>> = Vec::new();
    loop {
        waiting.extend(wanted.try_iter());
        let entry = match waiting.pop() {
            Some(entry) => entry,
            None => match wanted.recv() {
                Ok(entry) => entry,
                Err(_) => return,
            },
        };
        // What cannot be decoded keeps its empty frame; the list says why when it is opened.
        if let Some(image) = guarded(|| picture(&entry)).ok().flatten() {
            if tell.send((entry.key(), image)).is_err() {
                return;
            }
            ctx.request_repaint();
        }
    }
}

/// The first frame through its initial window.
fn picture(entry: &Arc<ImageEntry>) -> Option<ColorImage> {
    let frame = sources::decode(entry, 0).ok()?;
    let (w, h) = (frame.plane.width, frame.plane.height);
    let longer = w.max(h).max(1);
    let (width, height) = ((w * SIDE / longer).max(1), (h * SIDE / longer).max(1));
    if frame.missing.is_some() || frame.color.is_some() {
        let picture = display::render_rgb(&frame, &display::View::initial(&frame));
        let small = image::imageops::thumbnail(&picture, width as u32, height as u32);
        return Some(ColorImage::from_rgb([width, height], small.as_raw()));
    }
    let table = display::DisplayTable::new(&frame, &display::View::initial(&frame));
    let small = Pyramid::new(&frame.plane).sample(&frame.plane, Region::whole(&frame.plane), width, height);
    Some(ColorImage::from_gray([width, height], table.render(&small).as_raw()))
}
