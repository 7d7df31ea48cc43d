//! The image: the visible part at the resolution of the screen, through the window's table.
//!
//! Sampling happens on modality values and again only after pan, zoom or resize; a window drag only
//! sends the sample through another table. Views that show the same part share both.

use std::collections::HashMap;
use std::sync::Arc;

use egui::{Color32, ColorImage, Painter, Rect, TextureOptions};
use rayon::ThreadPool;

use super::part::{self, Part};
use super::placement::Placement;
use super::sample::{SampleKey, whole_pixels};
use super::sampler::ImageSampler;
use crate::app::state::pyramid::Pyramid;
use crate::app::state::{PaneIndex, State, View};
use crate::app::ui::made::Made;
use crate::app::ui::textures::{Texture, Textures};
use crate::imaging::display::{self, DisplayTable, VoiChoice};
use crate::imaging::resample::Region;
use crate::imaging::{Plane, Window};
use crate::study::Frame;

/// Samples of at most this many pixels are made at once; larger ones on the sampler's thread.
const QUICK: usize = 160_000;
/// An image of at most this many pixels is shown as it is until a sample is there.
const AS_IT_IS: usize = 1_200_000;
/// Longer side of the whole image that is shown until a sample is there.
const COARSE: usize = 384;

/// What a view showed last, and whether this frame asked for it.
struct Last {
    key: ImageTextureKey,
    texture: Texture,
    used: bool,
}

/// Samples and textures of the image.
///
/// The grey work runs on a small pool of its own, so that it never queues behind the network.
pub(super) struct ImageCache {
    samples: Made<SampleKey, Arc<Plane>>,
    textures: Textures<ImageTextureKey>,
    last: HashMap<PaneIndex, Last>,
    sampler: ImageSampler,
    pool: Option<ThreadPool>,
}

impl Default for ImageCache {
    fn default() -> Self {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(2)
            .thread_name(|i| format!("pellucid-display-{i}"))
            .build()
            // Without threads of its own the work is done where it is asked for.
            .ok();
        Self {
            samples: Made::default(),
            textures: Textures::default(),
            last: HashMap::new(),
            sampler: ImageSampler::default(),
            pool,
        }
    }
}

impl ImageCache {
    /// At the start of every frame: takes in what was sampled.
    pub(super) fn receive(&mut self) {
        for (key, plane) in self.sampler.receive() {
            self.samples.put(key, plane);
        }
    }

    /// At the end of every frame.
    pub(super) fn sweep(&mut self) {
        self.samples.sweep();
        self.last.retain(|_, last| std::mem::take(&mut last.used));
        self.textures.sweep();
    }

    /// How many textures were made.
    pub(super) fn made(&self) -> u64 {
        self.textures.made()
    }

    /// Runs grey work on the display's own threads.
    fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// What a view showed last.
    fn last(&mut self, pane: PaneIndex) -> Option<(ImageTextureKey, Texture)> {
        let last = self.last.get_mut(&pane)?;
        last.used = true;
        Some((last.key.clone(), last.texture.clone()))
    }
}

/// What a texture is made of.
#[derive(Clone, PartialEq)]
struct ImageTextureKey {
    sample: SampleKey,
    window: Window,
    table: Option<usize>,
    invert: bool,
    smooth: bool,
}

impl ImageTextureKey {
    /// The same image through the same table, whichever part of it.
    fn looks_like(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.sample.frame, &other.sample.frame)
            && (self.window, self.table, self.invert) == (other.window, other.table, other.invert)
    }
}

/// Draws the image through the window of a view; what a place (a view or its lens) showed last is
/// kept by its number.
pub(super) fn paint(
    painter: &Painter,
    state: &State,
    cache: &mut ImageCache,
    frame: &Arc<Frame>,
    (view, pane): (PaneIndex, PaneIndex),
    placement: &Placement,
    rect: Rect,
) {
    let ppp = painter.ctx().pixels_per_point();
    let Some(Part { region, size, smooth }) = part::visible(frame, placement, rect, ppp, state.preferences.smooth)
    else {
        return;
    };
    let view = *state.view(view);
    let key = ImageTextureKey {
        sample: SampleKey { frame: frame.clone(), region, size },
        window: view.window,
        table: view.table,
        invert: view.invert,
        smooth,
    };
    if let Some(texture) = texture(painter.ctx(), state, cache, pane, &key, &view) {
        painter.add(part_quad(placement, &key, &texture));
        cache.last.insert(pane, Last { key, texture, used: true });
        return;
    }
    // Not sampled yet: the whole image coarsely, and over it what was seen last, both where they
    // belong.
    let last = cache.last(pane).filter(|(last, _)| last.looks_like(&key));
    let whole = Region::whole(&frame.pixels.plane);
    let size = whole_size(&frame.pixels.plane, painter.ctx().input(|input| input.max_texture_side));
    let coarse =
        ImageTextureKey { sample: SampleKey { frame: frame.clone(), region: whole, size }, smooth: true, ..key };
    if let Some(texture) = texture(painter.ctx(), state, cache, pane, &coarse, &view) {
        painter.add(part_quad(placement, &coarse, &texture));
    }
    if let Some((key, texture)) = last {
        painter.add(part_quad(placement, &key, &texture));
    }
}

/// The size of the whole image that is shown until a sample is there: its own, where it is small, so
/// that a stack that moves is never seen blurred, and no side is longer than the graphics card takes.
fn whole_size(plane: &Plane, longest: usize) -> [usize; 2] {
    if plane.width * plane.height <= AS_IT_IS && plane.width.max(plane.height) <= longest {
        return [plane.width.max(1), plane.height.max(1)];
    }
    let longer = plane.width.max(plane.height).max(1);
    [plane.width, plane.height].map(|side| (side * COARSE / longer).max(1))
}

fn part_quad(placement: &Placement, key: &ImageTextureKey, texture: &Texture) -> egui::Shape {
    let Region { x, y, width, height } = key.sample.region;
    super::quad(placement, texture.id(), [x, y], [x + width, y + height])
}

/// The way of grey values to the display under a view.
fn display_view(view: &View) -> display::View {
    let voi = view.table.map_or(VoiChoice::Window(view.window), VoiChoice::OfFile);
    display::View { voi, reader_invert: view.invert }
}

/// The texture of a part, if its sample is there or is quickly made; else it is asked for.
fn texture(
    ctx: &egui::Context,
    state: &State,
    cache: &mut ImageCache,
    pane: PaneIndex,
    key: &ImageTextureKey,
    view: &View,
) -> Option<Texture> {
    if let Some(texture) = cache.textures.get(key) {
        // Keep the sample for the next move of the window.
        let _ = cache.samples.get(&key.sample);
        return Some(texture);
    }
    let frame = &key.sample.frame;
    let image = if let Some(color) = state.color.as_ref().filter(|_| is_drawn(state, frame)) {
        colored(color, frame, key.sample.region, key.sample.size, view.invert)
    } else {
        let sample = sample(ctx, state, cache, pane, key)?;
        cache.install(|| {
            let greys = DisplayTable::new(&frame.pixels, &display_view(view)).render(&sample);
            ColorImage::from_gray(key.sample.size, greys.as_raw())
        })
    };
    let options = if key.smooth { TextureOptions::LINEAR } else { TextureOptions::NEAREST };
    Some(cache.textures.make(ctx, key.clone(), image, options))
}

/// Whether this is the image that was opened, with its pyramid and its colours.
fn is_drawn(state: &State, frame: &Arc<Frame>) -> bool {
    state.drawn().is_some_and(|drawn| Arc::ptr_eq(drawn, frame))
}

fn sample(
    ctx: &egui::Context,
    state: &State,
    cache: &mut ImageCache,
    pane: PaneIndex,
    key: &ImageTextureKey,
) -> Option<Arc<Plane>> {
    if let Some(sample) = cache.samples.get(&key.sample) {
        return Some(sample);
    }
    let frame = &key.sample.frame;
    let [width, height] = key.sample.size;
    let plane = &frame.pixels.plane;
    let as_it_is = key.sample.region == Region::whole(plane) && [width, height] == [plane.width, plane.height];
    let sample = if !key.smooth || as_it_is {
        whole_pixels(&frame.pixels.plane, key.sample.region)
    } else if !is_drawn(state, frame) {
        // A changed image follows the hand: nothing coarse comes before it.
        cache.install(|| key.sample.sample(&Pyramid::default()))
    } else if width * height <= QUICK || !cache.sampler.ask(ctx, pane, &key.sample, &state.pyramid) {
        cache.install(|| key.sample.sample(&state.pyramid))
    } else {
        return None;
    };
    let sample = Arc::new(sample);
    cache.samples.put(key.sample.clone(), sample.clone());
    Some(sample)
}

/// A part of a colour image, which may be smaller than the plane; the nearest pixel is taken.
fn colored(color: &image::RgbImage, frame: &Frame, region: Region, size: [usize; 2], invert: bool) -> ColorImage {
    let (fx, fy) = (
        color.width() as f32 / frame.pixels.plane.width as f32,
        color.height() as f32 / frame.pixels.plane.height as f32,
    );
    let (last_x, last_y) = (color.width().saturating_sub(1), color.height().saturating_sub(1));
    let column = |i: usize| ((region.x + region.width * (i as f32 + 0.5) / size[0] as f32) * fx).max(0.0) as u32;
    let columns: Vec<u32> = (0..size[0]).map(|i| column(i).min(last_x)).collect();
    let mut pixels = Vec::with_capacity(size[0] * size[1]);
    for j in 0..size[1] {
        let y = (((region.y + region.height * (j as f32 + 0.5) / size[1] as f32) * fy).max(0.0) as u32).min(last_y);
        pixels.extend(columns.iter().map(|x| {
            let [r, g, b] = color.get_pixel(*x, y).0;
            if invert { Color32::from_rgb(255 - r, 255 - g, 255 - b) } else { Color32::from_rgb(r, g, b) }
        }));
    }
    ColorImage::new(size, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_texture_has_a_longer_side_than_the_graphics_card_takes() {
        let size = |width, height| whole_size(&Plane::filled(width, height, 0.0), 8192);
        assert_eq!(size(1000, 1000), [1000, 1000]);
        assert_eq!(size(1, 65_535), [1, 384]);
        assert_eq!(size(65_535, 3), [384, 1]);
        assert_eq!(size(100, 8192), [100, 8192]);
        assert_eq!(size(8000, 4000), [384, 192]);
    }
}
