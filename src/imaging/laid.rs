//! Grids of other files laid over an image: areas in a colour of their own and maps of values in a
//! colour scale, as one transparent picture at the resolution of the screen.
//!
//! A grid may be finer, coarser, shifted or turned against the image; an affine map leads from pixels
//! of the image to its cells. Cells are shown as they are, nearest to the pixel of the screen: an
//! interpolated value is in no file.

use std::sync::Arc;

use image::{Rgba, RgbaImage};

use super::Region;
use super::colormap::ColorMap;

/// From pixels of an image to cells of a grid; (0, 0) is the outer corner of the first of either, its
/// centre is (0.5, 0.5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// Column of the grid: by x, by y, offset.
    pub x: [f64; 3],
    /// Row of the grid.
    pub y: [f64; 3],
}

impl Affine {
    /// Cells are pixels.
    pub const IDENTITY: Self = Self { x: [1.0, 0.0, 0.0], y: [0.0, 1.0, 0.0] };

    /// Where a point of the image lies in the grid.
    #[must_use]
    pub fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.x, self.y].map(|[by_x, by_y, offset]| by_x * x + by_y * y + offset)
    }
}

/// The cells of a grid, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// How much of a cell belongs to an area: 0 nothing, 255 all of it.
    Fractions(Arc<[u8]>),
    /// Values of a map; what is no number is transparent.
    Values(Arc<[f32]>),
}

/// A grid and where it lies on the image.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    pub width: usize,
    pub height: usize,
    pub cells: Cells,
    pub to_cells: Affine,
}

impl Grid {
    /// The cell under a point of the image, as its place in the list.
    fn cell(&self, point: [f64; 2]) -> Option<usize> {
        let [x, y] = self.to_cells.at(point).map(f64::floor);
        let inside = x >= 0.0 && y >= 0.0 && x < self.width as f64 && y < self.height as f64;
        inside.then(|| y as usize * self.width + x as usize)
    }

    /// The value under a point of the image: a fraction from 0 to 1, or the value of the map; nothing
    /// outside the grid and where there is no number.
    #[must_use]
    pub fn value(&self, point: [f64; 2]) -> Option<f32> {
        let cell = self.cell(point)?;
        let value = match &self.cells {
            Cells::Fractions(all) => f32::from(*all.get(cell)?) / 255.0,
            Cells::Values(all) => *all.get(cell)?,
        };
        value.is_finite().then_some(value)
    }

    /// Bytes of its cells.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match &self.cells {
            Cells::Fractions(all) => all.len() as u64,
            Cells::Values(all) => 4 * all.len() as u64,
        }
    }
}

/// How a grid is coloured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Look {
    /// An area: filled as the opacity says, with a line around it.
    Area { color: [u8; 3] },
    /// A map between two values.
    Scale { map: ColorMap, low: f32, high: f32 },
}

/// A grid as it is to be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    pub grid: &'a Grid,
    pub look: Look,
    /// From 0 to 1.
    pub opacity: f32,
}

/// All of it over `width` × `height` cells of a region of the image, the first one below; `None` where
/// nothing is to be drawn.
#[must_use]
pub fn picture(shown: &[Shown<'_>], region: Region, [width, height]: [usize; 2]) -> Option<RgbaImage> {
    if shown.is_empty() || width == 0 || height == 0 {
        return None;
    }
    let mut picture = RgbaImage::new(width as u32, height as u32);
    let point = |i: usize, j: usize| {
        let x = f64::from(region.x) + f64::from(region.width) * (i as f64 + 0.5) / width as f64;
        let y = f64::from(region.y) + f64::from(region.height) * (j as f64 + 0.5) / height as f64;
        [x, y]
    };
    for one in shown {
        match (one.look, &one.grid.cells) {
            (Look::Area { color }, _) => {
                let values: Vec<f32> =
                    (0..width * height).map(|i| one.grid.value(point(i % width, i / width)).unwrap_or(0.0)).collect();
                let inside = |x: usize, y: usize| x < width && y < height && values[y * width + x] >= 0.5;
                for (i, pixel) in picture.pixels_mut().enumerate() {
                    let (x, y) = (i % width, i / width);
                    if values[i] <= 0.0 {
                        continue;
                    }
                    let beside = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
                    let edge = inside(x, y) && beside.into_iter().any(|(x, y)| !inside(x, y));
                    let opacity = if edge { 1.0 } else { one.opacity * values[i] };
                    lay_over(pixel, color, opacity);
                }
            }
            (Look::Scale { map, low, high }, _) => {
                let across = if high > low { high - low } else { 1.0 };
                for (i, pixel) in picture.pixels_mut().enumerate() {
                    if let Some(value) = one.grid.value(point(i % width, i / width)) {
                        let [r, g, b, a] = map.color(((value - low) / across).clamp(0.0, 1.0));
                        lay_over(pixel, [r, g, b], one.opacity * f32::from(a) / 255.0);
                    }
                }
            }
        }
    }
    Some(picture)
}

/// A colour over what is there, both straight (Porter and Duff's "over").
fn lay_over(pixel: &mut Rgba<u8>, color: [u8; 3], opacity: f32) {
    let opacity = opacity.clamp(0.0, 1.0);
    let below = f32::from(pixel.0[3]) / 255.0 * (1.0 - opacity);
    let alpha = opacity + below;
    if alpha <= 0.0 {
        return;
    }
    for (channel, new) in pixel.0.iter_mut().zip(color) {
        *channel = ((f32::from(new) * opacity + f32::from(*channel) * below) / alpha).round() as u8;
    }
    pixel.0[3] = (255.0 * alpha).round() as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(cells: &[u8], width: usize, to_cells: Affine) -> Grid {
        Grid { width, height: cells.len() / width, cells: Cells::Fractions(cells.into()), to_cells }
    }

    fn region(width: f32, height: f32) -> Region {
        Region { x: 0.0, y: 0.0, width, height }
    }

    #[test]
    fn an_area_is_filled_and_has_a_line_around_it() {
        let mut cells = [0_u8; 25];
        for (x, y) in (1..4).flat_map(|x| (1..4).map(move |y| (x, y))) {
            cells[y * 5 + x] = 255;
        }
        let grid = area(&cells, 5, Affine::IDENTITY);
        let shown = [Shown { grid: &grid, look: Look::Area { color: [10, 20, 30] }, opacity: 0.4 }];
        let picture = picture(&shown, region(5.0, 5.0), [5, 5]).unwrap();
        assert_eq!(picture.get_pixel(0, 0).0[3], 0);
        assert_eq!(picture.get_pixel(1, 1).0, [10, 20, 30, 255], "its edge");
        assert_eq!(picture.get_pixel(2, 2).0, [10, 20, 30, 102], "0.4 of 255");
    }

    #[test]
    fn a_shifted_and_coarser_grid_lies_where_its_map_says() {
        // Cells of two pixels, the first begins at pixel (2, 0).
        let to_cells = Affine { x: [0.5, 0.0, -1.0], y: [0.0, 0.5, 0.0] };
        let grid = area(&[0, 255], 2, to_cells);
        assert_eq!(grid.value([1.9, 0.5]), None);
        assert_eq!(grid.value([2.5, 0.5]), Some(0.0));
        assert_eq!(grid.value([4.1, 1.9]), Some(1.0));
        assert_eq!(grid.value([4.1, 2.1]), None);
    }

    #[test]
    fn what_is_no_number_is_transparent() {
        let cells = Cells::Values([f32::NAN, 1.0].as_slice().into());
        let grid = Grid { width: 2, height: 1, cells, to_cells: Affine::IDENTITY };
        let look = Look::Scale { map: ColorMap::Viridis, low: 0.0, high: 1.0 };
        let picture = picture(&[Shown { grid: &grid, look, opacity: 1.0 }], region(2.0, 1.0), [2, 1]).unwrap();
        assert_eq!(picture.get_pixel(0, 0).0[3], 0);
        assert_eq!(picture.get_pixel(1, 0).0, ColorMap::Viridis.color(1.0));
    }

    #[test]
    fn what_lies_above_covers_what_lies_below() {
        let [below, above] = [[255, 255], [0, 255]].map(|cells| area(&cells, 2, Affine::IDENTITY));
        let shown = |grid, color| Shown { grid, look: Look::Area { color }, opacity: 1.0 };
        let all = [shown(&below, [200, 0, 0]), shown(&above, [0, 200, 0])];
        let picture = picture(&all, region(2.0, 1.0), [2, 1]).unwrap();
        assert_eq!(picture.get_pixel(0, 0).0, [200, 0, 0, 255]);
        assert_eq!(picture.get_pixel(1, 0).0, [0, 200, 0, 255]);
    }
}
