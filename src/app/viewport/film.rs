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

use super::super::state::{PaneIndex, State, View};
use super::super::view::Placement;
use super::pictures::{Pictures, Texture};

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

/// What a film texture is made of.
#[derive(Clone, PartialEq)]
pub struct FilmKey {
    sample: SampleKey,
    window: Window,
    file_lut: bool,
    invert: bool,
    smooth: bool,
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
    let texture = match pictures.films.get(&key) {
        Some(texture) => {
            // Keep the sample for the next move of the window.
            let _ = pictures.samples.get(&key.sample);
            texture
        }
        None => make(painter.ctx(), state, pictures, key, &view),
    };
    let (x, y) = (part.region.x, part.region.y);
    let to = [x + part.region.width, y + part.region.height];
    painter.add(super::quad(placement, texture.id(), [x, y], to));
}

/// The way of grey values to the display under a view.
pub fn display_view(view: &View) -> display::View {
    let voi = if view.file_lut { VoiChoice::OfFile(0) } else { VoiChoice::Window(view.window) };
    display::View { voi, reader_invert: view.invert }
}

fn make(ctx: &egui::Context, state: &State, pictures: &mut Pictures, key: FilmKey, view: &View) -> Texture {
    let frame = key.sample.frame.clone();
    let [width, height] = key.sample.size;
    let image = if let Some(color) = &state.color {
        colored(color, frame.as_ref(), key.sample.region, [width, height], view.invert)
    } else {
        let sample = pictures.samples.get(&key.sample).unwrap_or_else(|| {
            let region = key.sample.region;
            let sample = Arc::new(pictures.install(|| {
                if key.smooth {
                    state.pyramid.sample(&frame.plane, region, width, height)
                } else {
                    cut(&frame.plane, region)
                }
            }));
            pictures.samples.put(key.sample.clone(), sample.clone());
            sample
        });
        pictures.install(|| {
            let greys = DisplayTable::new(&frame, &display_view(view)).render(&sample);
            ColorImage::from_gray([width, height], greys.as_raw())
        })
    };
    let options = if key.smooth { TextureOptions::LINEAR } else { TextureOptions::NEAREST };
    let texture = pictures.texture(ctx, image, options);
    pictures.films.put(key, texture.clone());
    texture
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
