//! Small images for the list of studies, made on a thread of their own, the last asked for first.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};
use image::RgbImage;
use image::buffer::ConvertBuffer as _;

use crate::app::state::pyramid::Pyramid;
use crate::imaging::display;
use crate::imaging::resample::Region;
use crate::panic_guard::guarded;
use crate::study::ImageEntry;

/// Longer side of a thumbnail, in pixels.
pub const SIDE: usize = 96;

/// Where images are asked for, and where their thumbnails come from with the key of the image.
pub type Channels = (Sender<Arc<ImageEntry>>, Receiver<(String, RgbImage)>);

/// Starts the thread; `wake` is called when it has made one. Nothing where the system gives no
/// thread.
pub fn start(wake: impl Fn() + Send + 'static) -> Option<Channels> {
    let (ask, wanted) = unbounded();
    let (sender, made) = unbounded();
    let work = move || work(&wanted, &sender, &wake);
    match std::thread::Builder::new().name("pellucid-thumbnails".into()).spawn(work) {
        Ok(_) => Some((ask, made)),
        Err(e) => {
            log::warn!("no thread for thumbnails: {e}");
            None
        }
    }
}

fn work(wanted: &Receiver<Arc<ImageEntry>>, sender: &Sender<(String, RgbImage)>, wake: &dyn Fn()) {
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
        if let Some(image) = guarded(|| thumbnail(&entry)).ok().flatten() {
            if sender.send((entry.key(), image)).is_err() {
                return;
            }
            wake();
        }
    }
}

/// The first frame through its initial window.
fn thumbnail(entry: &Arc<ImageEntry>) -> Option<RgbImage> {
    let frame = crate::study::load(entry, 0).ok()?;
    let plane = &frame.pixels.plane;
    let longer = plane.width.max(plane.height).max(1);
    let (width, height) = ((plane.width * SIDE / longer).max(1), (plane.height * SIDE / longer).max(1));
    let view = display::View::initial(&frame.pixels);
    if frame.pixels.missing.is_some() || frame.pixels.color.is_some() {
        let image = display::render_rgb(&frame.pixels, &view);
        return Some(image::imageops::thumbnail(&image, width as u32, height as u32));
    }
    let table = display::DisplayTable::new(&frame.pixels, &view);
    let small = Pyramid::new(plane).sample(plane, Region::whole(plane), width, height);
    Some(table.render(&small).convert())
}
