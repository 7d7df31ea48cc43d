//! Small images for the list of studies, made on a thread of their own, the last asked for first. Of
//! a list that is gone through quickly, what was asked for before is passed over.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};
use image::RgbImage;
use image::buffer::ConvertBuffer as _;

use super::precedence::{Precedence, step_back};
use crate::app::state::pyramid::Pyramid;
use crate::imaging::display;
use crate::imaging::resample::Region;
use crate::panic_guard::guarded;
use crate::study::ImageEntry;

/// Longer side of a thumbnail, in pixels.
pub const SIDE: usize = 96;

/// Most that wait to be made: more than are in sight on a large screen.
const MOST_WAITING: usize = 128;

/// Where images are asked for, and where their thumbnails come from with the key of the image; none
/// of those that were passed over.
pub type Channels = (Sender<Arc<ImageEntry>>, Receiver<(String, Option<RgbImage>)>);

/// Starts the thread, which gives way to frames that somebody waits for; `wake` is called when it
/// has made one. Nothing where the system gives no thread.
pub fn start(precedence: Precedence, wake: impl Fn() + Send + 'static) -> Option<Channels> {
    let (ask, wanted) = unbounded();
    let (sender, made) = unbounded();
    let work = move || {
        step_back();
        work(&wanted, &sender, &precedence, &wake);
    };
    match std::thread::Builder::new().name("pellucid-thumbnails".into()).spawn(work) {
        Ok(_) => Some((ask, made)),
        Err(e) => {
            log::warn!("no thread for thumbnails: {e}");
            None
        }
    }
}

fn work(
    wanted: &Receiver<Arc<ImageEntry>>,
    sender: &Sender<(String, Option<RgbImage>)>,
    precedence: &Precedence,
    wake: &dyn Fn(),
) {
    let mut waiting: Vec<Arc<ImageEntry>> = Vec::new();
    loop {
        if !waiting.is_empty() {
            precedence.give_way();
        }
        waiting.extend(wanted.try_iter());
        for passed in waiting.drain(..waiting.len().saturating_sub(MOST_WAITING)) {
            if sender.send((passed.key(), None)).is_err() {
                return;
            }
        }
        let entry = match waiting.pop() {
            Some(entry) => entry,
            None => match wanted.recv() {
                Ok(entry) => entry,
                Err(_) => return,
            },
        };
        // What cannot be decoded keeps its empty frame; the list says why when it is opened.
        if let Some(image) = guarded(|| thumbnail(&entry)).ok().flatten() {
            if sender.send((entry.key(), Some(image))).is_err() {
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
    use crate::study::Identity;

    #[test]
    fn what_was_asked_for_long_before_is_passed_over_and_told_of() {
        let (ask, wanted) = unbounded();
        let (sender, made) = unbounded();
        let entry = |number: usize| {
            let identity = Identity { sop_instance_uid: number.to_string(), ..Identity::default() };
            Arc::new(ImageEntry { identity, has_pixels: true, ..ImageEntry::default() })
        };
        let all: Vec<_> = (0..MOST_WAITING + 3).map(entry).collect();
        all.iter().for_each(|one| ask.send(one.clone()).unwrap());
        drop(ask);
        work(&wanted, &sender, &Precedence::default(), &|| ());
        let passed: Vec<String> = made.try_iter().map(|(key, image)| image.map_or(key, |_| "made".into())).collect();
        assert_eq!(passed, all[..3].iter().map(|one| one.key()).collect::<Vec<_>>());
    }

    #[test]
    fn thumbnails_have_the_true_shape_of_the_image() {
        assert_eq!(fitted(3000, 1500, 1.0), [96, 48]);
        assert_eq!(fitted(3000, 1500, 2.0), [96, 96]);
        assert_eq!(fitted(10, 10, 0.5), [96, 48]);
    }
}
