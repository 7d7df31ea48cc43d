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
    let [width, height] = fitted(plane.width, plane.height, frame.display.pixel_aspect);
    let view = display::View::initial(&frame.pixels);
    if frame.pixels.missing.is_some() || frame.pixels.color.is_some() {
        let image = display::render_rgb(&frame.pixels, &view);
        return Some(image::imageops::thumbnail(&image, width as u32, height as u32));
    }
    let table = display::DisplayTable::new(&frame.pixels, &view);
    let small = Pyramid::new(plane).sample(plane, Region::whole(plane), width, height);
    Some(table.render(&small).convert())
}

/// The size of a thumbnail, pixels in their true shape.
fn fitted(width: usize, height: usize, pixel_aspect: f32) -> [usize; 2] {
    let (wide, high) = (width as f32, height as f32 * pixel_aspect);
    let scale = SIDE as f32 / wide.max(high).max(1.0);
    [wide, high].map(|side| ((side * scale).round() as usize).clamp(1, SIDE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbnails_have_the_true_shape_of_the_image() {
        assert_eq!(fitted(3000, 1500, 1.0), [96, 48]);
        assert_eq!(fitted(3000, 1500, 2.0), [96, 96]);
        assert_eq!(fitted(10, 10, 0.5), [96, 48]);
    }
}
