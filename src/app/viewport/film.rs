//! The film: the visible part at the resolution of the screen, through the window's table.
//!
//! Sampling happens on modality values and again only after pan, zoom or resize; a window drag only sends the sample
//! through another table. Views that show the same part share both.

use std::sync::Arc;

use egui::{Color32, ColorImage, Painter, Rect, TextureOptions};

use crate::imaging::display::{self, DisplayTable, VoiChoice};
use crate::imaging::resample::Region;
use crate::imaging::{Plane, Window};
use crate::study::Frame;

use super::super::pyramid::Pyramid;
use super::super::state::{PaneIndex, State, View};
use super::super::view::Placement;
use super::pictures::{Pictures, Texture};

/// Samples of at most this many pixels are made at once; larger ones on the sampler's thread.
const QUICK: usize = 160_000;
/// Longer side of the whole film that is shown until a sample is there.
const COARSE: usize = 384;

/// What a sample is made of. The frame is held, so that its address cannot be taken by another one.
#[derive(Clone)]
pub struct SampleKey {
    frame: Arc<Frame>,
    region: Region,
    size: [usize; 2],
}

impl PartialEq for SampleKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.frame, &other.frame) && self.region == other.region && self.size == other.size
    }
}

impl SampleKey {
    /// The values of the part.
    pub(super) fn sample(&self, pyramid: &Pyramid) -> Plane {
        pyramid.sample(&self.frame.plane, self.region, self.size[0], self.size[1])
    }
}

/// What a film texture is made of.
#[derive(Clone, PartialEq)]
pub struct FilmKey {
    sample: SampleKey,
    window: Window,
    file_lut: bool,
    invert: bool,
    smooth: bool,
}

impl FilmKey {
    /// The same film through the same table, whichever part of it.
    fn looks_like(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.sample.frame, &other.sample.frame)
            && (self.window, self.file_lut, self.invert) == (other.window, other.file_lut, other.invert)
    }
}

/// Draws the film.
pub fn paint(
    painter: &Painter,
    state: &State,
    pictures: &mut Pictures,
    pane: PaneIndex,
    placement: &Placement,
    rect: Rect,
) {
    let Some(frame) = state.frame() else { return };
    let ppp = painter.ctx().pixels_per_point();
    let Some(part) = visible(frame, placement, rect, ppp, state.settings.smooth) else { return };
    let view = *state.view(pane);
    let key = FilmKey {
        sample: SampleKey { frame: frame.clone(), region: part.region, size: part.size },
        window: view.window,
        file_lut: view.file_lut,
        invert: view.invert,
        smooth: part.smooth,
    };
    if let Some(texture) = texture(painter.ctx(), state, pictures, pane, &key, &view) {
        painter.add(part_quad(placement, &key, &texture));
        pictures.remember(pane, key, texture);
        return;
    }
    // Not sampled yet: the whole film coarsely, and over it what was seen last, both where they belong.
    let last = pictures.last(pane).filter(|(last, _)| last.looks_like(&key));
    let whole = Region::whole(&frame.plane);
    let longer = frame.plane.width.max(frame.plane.height).max(1);
    let size = [frame.plane.width, frame.plane.height].map(|side| (side * COARSE / longer).max(1));
    let coarse = FilmKey { sample: SampleKey { frame: frame.clone(), region: whole, size }, smooth: true, ..key };
    if let Some(texture) = texture(painter.ctx(), state, pictures, pane, &coarse, &view) {
        painter.add(part_quad(placement, &coarse, &texture));
    }
    if let Some((key, texture)) = last {
        painter.add(part_quad(placement, &key, &texture));
    }
}

fn part_quad(placement: &Placement, key: &FilmKey, texture: &Texture) -> egui::Shape {
    let Region { x, y, width, height } = key.sample.region;
    super::quad(placement, texture.id(), [x, y], [x + width, y + height])
}

/// The way of grey values to the display under a view.
pub fn display_view(view: &View) -> display::View {
    let voi = if view.file_lut { VoiChoice::OfFile(0) } else { VoiChoice::Window(view.window) };
    display::View { voi, reader_invert: view.invert }
}

/// The texture of a part, if its sample is there or is quickly made; else it is asked for.
fn texture(
    ctx: &egui::Context,
    state: &State,
    pictures: &mut Pictures,
    pane: PaneIndex,
    key: &FilmKey,
    view: &View,
) -> Option<Texture> {
    if let Some(texture) = pictures.films.get(key) {
        // Keep the sample for the next move of the window.
        let _ = pictures.samples.get(&key.sample);
        return Some(texture);
    }
    let frame = &key.sample.frame;
    let image = if let Some(color) = &state.color {
        colored(color, frame, key.sample.region, key.sample.size, view.invert)
    } else {
        let sample = sample(ctx, state, pictures, pane, key)?;
        pictures.install(|| {
            let greys = DisplayTable::new(frame, &display_view(view)).render(&sample);
            ColorImage::from_gray(key.sample.size, greys.as_raw())
        })
    };
    let options = if key.smooth { TextureOptions::LINEAR } else { TextureOptions::NEAREST };
    let texture = pictures.texture(ctx, image, options);
    pictures.films.put(key.clone(), texture.clone());
    Some(texture)
}

fn sample(
    ctx: &egui::Context,
    state: &State,
    pictures: &mut Pictures,
    pane: PaneIndex,
    key: &FilmKey,
) -> Option<Arc<Plane>> {
    if let Some(sample) = pictures.samples.get(&key.sample) {
        return Some(sample);
    }
    let frame = &key.sample.frame;
    let [width, height] = key.sample.size;
    let sample = if !key.smooth {
        cut(&frame.plane, key.sample.region)
    } else if width * height <= QUICK || !pictures.sampler.ask(ctx, pane, &key.sample, &state.pyramid) {
        pictures.install(|| key.sample.sample(&state.pyramid))
    } else {
        return None;
    };
    let sample = Arc::new(sample);
    pictures.samples.put(key.sample.clone(), sample.clone());
    Some(sample)
}

/// The part of the image that is in sight, and the size of its texture.
struct Part {
    region: Region,
    size: [usize; 2],
    smooth: bool,
}

fn visible(frame: &Frame, placement: &Placement, rect: Rect, ppp: f32, smooth: bool) -> Option<Part> {
    let (w, h) = (frame.plane.width as f32, frame.plane.height as f32);
    let corners = [placement.to_screen([0.0, 0.0]), placement.to_screen([w, h])];
    let film = Rect::from_two_pos(corners[0].into(), corners[1].into());
    let seen = film.intersect(rect);
    if !seen.is_positive() || w < 1.0 || h < 1.0 {
        return None;
    }
    // On whole pixels of the screen, a texel is a pixel and nothing is blurred.
    let snap = |v: f32| (v * ppp).round() / ppp;
    let (min, max) = ([snap(seen.min.x), snap(seen.min.y)], [snap(seen.max.x), snap(seen.max.y)]);
    let (a, b) = (placement.to_image(min), placement.to_image(max));
    let (x0, x1) = (a[0].min(b[0]), a[0].max(b[0]));
    let (y0, y1) = (a[1].min(b[1]), a[1].max(b[1]));
    let magnified = placement.scale[0].min(placement.scale[1]) * ppp >= 1.0;
    if !smooth && magnified {
        let (x0, y0) = (x0.floor().max(0.0), y0.floor().max(0.0));
        let (x1, y1) = (x1.ceil().min(w), y1.ceil().min(h));
        let region = Region { x: x0, y: y0, width: (x1 - x0).max(1.0), height: (y1 - y0).max(1.0) };
        return Some(Part { region, size: [region.width as usize, region.height as usize], smooth: false });
    }
    let region = Region { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
    let size = [
        ((region.width * placement.scale[0] * ppp).round() as usize).max(1),
        ((region.height * placement.scale[1] * ppp).round() as usize).max(1),
    ];
    (region.width > 0.0 && region.height > 0.0).then_some(Part { region, size, smooth: true })
}

/// Whole pixels of a plane.
fn cut(plane: &Plane, region: Region) -> Plane {
    let (x, y, width, height) = (region.x as usize, region.y as usize, region.width as usize, region.height as usize);
    let rows = plane.values.chunks(plane.width.max(1)).skip(y).take(height);
    Plane { width, height, values: rows.flat_map(|row| &row[x..x + width]).copied().collect() }
}

/// A part of a colour picture, which may be smaller than the plane; the nearest pixel is taken.
fn colored(color: &image::RgbImage, frame: &Frame, region: Region, size: [usize; 2], invert: bool) -> ColorImage {
    let (fx, fy) = (color.width() as f32 / frame.plane.width as f32, color.height() as f32 / frame.plane.height as f32);
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
    fn pixels_are_cut_whole_where_they_are_shown_as_squares() {
        let plane = Plane { width: 4, height: 3, values: (0..12).map(|v| v as f32).collect() };
        let part = cut(&plane, Region { x: 1.0, y: 1.0, width: 2.0, height: 2.0 });
        assert_eq!(part.values, [5.0, 6.0, 9.0, 10.0]);
    }
}
