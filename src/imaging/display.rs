//! The end of the grey pipeline: VOI, polarity, eight bits. Nothing here ever reaches a model.
//!
//! Dragging the window must stay fluid on a 3000 × 3000 image of 16 bits, so a viewer does two
//! things: it samples the visible part once at the resolution of the screen ([`sample_region`],
//! needed again only after pan or zoom), and at every move of the mouse it builds a
//! [`DisplayTable`] and sends the sample through it. Whole-number values within the range of the
//! stored bits come out of a table, all others out of the formula itself: both give the same grey.

use image::{GrayImage, RgbImage};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::resample::{Region, sample_region};
use super::{PixelData, Plane, Voi, Window, auto_window, hatching, polarity};

/// Widest range of whole numbers that gets a table: that of 16 bits.
const TABLE_LENGTH: f32 = 65_536.0;

/// The VOI transform that a view uses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum VoiChoice {
    Window(Window),
    /// The transform at this place, see [`PixelData::voi_at`].
    OfFile(usize),
}

/// How one view shows a frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    pub voi: VoiChoice,
    /// The reader's own invert, on top of the polarity of the file.
    pub reader_invert: bool,
}

impl View {
    /// A view through a window.
    #[must_use]
    pub fn windowed(window: Window) -> Self {
        Self { voi: VoiChoice::Window(window), reader_invert: false }
    }

    /// What a frame opens with: the first transform of its file, else the automatic window.
    #[must_use]
    pub fn initial(pixels: &PixelData) -> Self {
        if pixels.voi.is_empty() {
            return Self::windowed(auto_window::auto_window(&pixels.plane, pixels.padding));
        }
        Self { voi: VoiChoice::OfFile(0), reader_invert: false }
    }

    /// The window to show as W/L numbers and to drag from; a VOI LUT gives the window that spans
    /// it.
    #[must_use]
    pub fn window(&self, pixels: &PixelData) -> Window {
        match self.voi {
            VoiChoice::Window(window) => window,
            VoiChoice::OfFile(index) => match pixels.voi_at(index) {
                Some(Voi::Window { window, .. }) => *window,
                Some(Voi::Lut { first, entries, .. }) => {
                    Window::spanning(*first, first + entries.len().saturating_sub(1) as f32)
                }
                None => auto_window::initial_window(pixels),
            },
        }
    }
}

/// One view's way from modality value to grey.
#[derive(Clone, Debug)]
pub struct DisplayTable {
    transform: Transform,
    inverted: bool,
    /// The modality value of the first entry of `greys`.
    first: f32,
    /// The grey of every whole number of the value range; empty where the range is no range of
    /// whole numbers.
    greys: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Transform {
    Window(Window),
    Lut { first: f32, entries: Vec<f32> },
}

impl Transform {
    fn apply(&self, value: f32) -> f64 {
        match self {
            Self::Window(window) => window.apply(value),
            Self::Lut { first, entries } => {
                let Some(last) = entries.len().checked_sub(1) else { return 0.0 };
                let place = f64::from(value - first).clamp(0.0, last as f64);
                let (low, high) = (place.floor() as usize, place.ceil() as usize);
                let (a, b) = (f64::from(entries[low]), f64::from(entries[high]));
                a + (b - a) * place.fract()
            }
        }
    }
}

impl DisplayTable {
    /// The table of a frame under a view.
    #[must_use]
    pub fn new(pixels: &PixelData, view: &View) -> Self {
        let transform = match view.voi {
            VoiChoice::OfFile(index) => match pixels.voi_at(index) {
                Some(Voi::Lut { first, entries, .. }) => Transform::Lut { first: *first, entries: entries.clone() },
                _ => Transform::Window(view.window(pixels)),
            },
            VoiChoice::Window(window) => Transform::Window(window),
        };
        let inverted = polarity::is_inverted(pixels.inverted, view.reader_invert);
        let (low, high) = pixels.value_range;
        let mut table = Self { transform, inverted, first: low, greys: Vec::new() };
        if low.fract() == 0.0 && high.fract() == 0.0 && (0.0..TABLE_LENGTH).contains(&(high - low)) {
            table.greys = (0..=(high - low) as u32).map(|i| table.compute(low + i as f32)).collect();
        }
        table
    }

    fn compute(&self, value: f32) -> u8 {
        let brightness = self.transform.apply(value);
        let shown = if self.inverted { 1.0 - brightness } else { brightness };
        (shown * 255.0).round() as u8
    }

    /// The grey of one modality value.
    #[must_use]
    pub fn grey(&self, value: f32) -> u8 {
        let place = value - self.first;
        let index = place as u32;
        if index as f32 == place
            && let Some(grey) = self.greys.get(index as usize)
        {
            return *grey;
        }
        self.compute(value)
    }

    /// The greys of a whole plane, row by row, computed on all cores.
    #[must_use]
    pub fn render(&self, plane: &Plane) -> GrayImage {
        let mut greys = vec![0; plane.width * plane.height];
        let rows = greys.par_chunks_mut(plane.width.max(1)).zip(plane.values.par_chunks(plane.width.max(1)));
        rows.for_each(|(out, values)| out.iter_mut().zip(values).for_each(|(out, v)| *out = self.grey(*v)));
        GrayImage::from_raw(plane.width as u32, plane.height as u32, greys).unwrap_or_default()
    }
}

/// The grey image of a frame at its own size.
#[must_use]
pub fn render(pixels: &PixelData, view: &View) -> GrayImage {
    DisplayTable::new(pixels, view).render(&pixels.plane)
}

/// The image of a frame in colour: its own colours where it has some (windows do not apply to
/// them), else its greys; with a mark across what is missing.
#[must_use]
pub fn render_rgb(pixels: &PixelData, view: &View) -> RgbImage {
    let mut picture = unmarked(pixels, view);
    if let Some(missing) = pixels.missing {
        hatching::hatch(&mut picture, missing, pixels.plane.height);
    }
    picture
}

fn unmarked(pixels: &PixelData, view: &View) -> RgbImage {
    let Some(color) = &pixels.color else {
        return image::DynamicImage::ImageLuma8(render(pixels, view)).into_rgb8();
    };
    let mut picture = RgbImage::clone(color);
    if view.reader_invert {
        picture.iter_mut().for_each(|v| *v = 255 - *v);
    }
    picture
}

/// The greys of a part of a plane, sampled to `width` × `height` pixels of the screen.
///
/// Sampling is done on modality values, before the window: a thin bright line stays what it was.
#[must_use]
pub fn render_region(plane: &Plane, table: &DisplayTable, region: Region, width: usize, height: usize) -> GrayImage {
    table.render(&sample_region(plane, region, width, height))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::WindowFunction;

    fn pixels(values: &[f32], value_range: (f32, f32)) -> PixelData {
        PixelData::grey(Plane { width: values.len(), height: 1, values: values.to_vec() }, value_range)
    }

    #[test]
    fn monochrome1_is_inverted_after_the_window() {
        let mut f = pixels(&[0.0, 100.0, 200.0], (0.0, 255.0));
        let view = View::windowed(Window::spanning(0.0, 200.0));
        assert_eq!(render(&f, &view).into_raw(), vec![0, 128, 255]);
        f.inverted = true;
        assert_eq!(render(&f, &view).into_raw(), vec![255, 128, 0]);
        let inverted_by_reader = View { reader_invert: true, ..view };
        assert_eq!(render(&f, &inverted_by_reader).into_raw(), vec![0, 128, 255]);
    }

    #[test]
    fn the_table_and_the_formula_give_the_same_grey() {
        let f = pixels(&[0.0], (-1024.0, 3071.0));
        for function in [WindowFunction::Linear, WindowFunction::LinearExact, WindowFunction::Sigmoid] {
            let table = DisplayTable::new(&f, &View::windowed(Window { center: 40.0, width: 400.0, function }));
            assert_eq!(table.greys.len(), 4096);
            for value in (-1100..3200).map(|v| v as f32) {
                assert_eq!(table.grey(value), table.compute(value), "{value}");
            }
        }
    }

    #[test]
    fn a_range_that_is_no_range_of_whole_numbers_has_no_table() {
        let view = View::windowed(Window::spanning(0.0, 1.0));
        assert!(DisplayTable::new(&pixels(&[0.0], (0.0, 0.5)), &view).greys.is_empty());
        assert!(DisplayTable::new(&pixels(&[0.0], (0.0, 1e9)), &view).greys.is_empty());
        assert_eq!(DisplayTable::new(&pixels(&[0.0], (0.0, 0.5)), &view).grey(0.5), 128);
    }

    #[test]
    fn a_voi_lut_maps_its_entries_and_holds_its_ends() {
        let mut f = pixels(&[0.0, 10.0, 11.0, 12.0, 99.0], (0.0, 255.0));
        f.voi = vec![Voi::Lut { first: 10.0, entries: vec![1.0, 0.2, 0.0], explanation: String::new() }];
        assert_eq!(View::initial(&f).voi, VoiChoice::OfFile(0));
        assert_eq!(render(&f, &View::initial(&f)).into_raw(), vec![255, 255, 51, 0, 0]);
    }

    #[test]
    fn a_place_that_the_file_does_not_have_falls_back_to_the_initial_window() {
        let f = pixels(&[0.0, 50.0], (0.0, 255.0));
        let view = View { voi: VoiChoice::OfFile(7), reader_invert: false };
        assert_eq!(render(&f, &view), render(&f, &View::initial(&f)));
    }

    #[test]
    fn a_region_is_sampled_before_the_window() {
        let f = pixels(&[0.0, 200.0], (0.0, 255.0));
        let table = DisplayTable::new(&f, &View::windowed(Window::spanning(0.0, 100.0)));
        let one = render_region(&f.plane, &table, Region::whole(&f.plane), 1, 1);
        assert_eq!(one.into_raw(), vec![255]);
    }

    #[test]
    fn colours_keep_their_values_unless_the_reader_inverts() {
        let mut f = pixels(&[0.0], (0.0, 255.0));
        f.color = Some(Arc::new(RgbImage::from_pixel(1, 1, image::Rgb([1, 2, 3]))));
        let view = View::initial(&f);
        assert_eq!(render_rgb(&f, &view).into_raw(), vec![1, 2, 3]);
        assert_eq!(render_rgb(&f, &View { reader_invert: true, ..view }).into_raw(), vec![254, 253, 252]);
    }
}
