//! Blocks as pixels, filled and stroked by tiny-skia; letters are outlines of the typeface, as in
//! the PDF.
//!
//! The number of pixels is bounded before they are allocated ([`limits::FIGURE_PIXELS`]). Pictures
//! of a block are not drawn: who has them places them first.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, PremultipliedColorU8, Rect, Stroke, Transform,
};

use super::FigureError;
use super::layout::{Block, Ink, Shape};
use super::outlines::outline;
use crate::limits;

/// Fewest pixels a point.
const SMALLEST_SCALE: f32 = 0.1;

/// Shortest line in pixels.
const SHORTEST_LINE: f32 = 1.0 / 1024.0;

/// White paper to draw on.
pub(super) struct Raster {
    pixels: Pixmap,
}

impl Raster {
    /// Paper of so many pixels; an error beyond the budget, and where a side is zero.
    pub(super) fn white(width: u32, height: u32) -> Result<Self, FigureError> {
        let size = || FigureError::Size { width: width.into(), height: height.into() };
        if u64::from(width) * u64::from(height) > limits::FIGURE_PIXELS {
            return Err(size());
        }
        let mut pixels = Pixmap::new(width, height).ok_or_else(size)?;
        pixels.fill(Color::WHITE);
        Ok(Self { pixels })
    }

    /// Puts a picture with its upper left corner at this pixel; what reaches over the edge is left
    /// out.
    pub(super) fn place(&mut self, picture: &RgbImage, left: u32, top: u32) {
        let (width, height) = (self.pixels.width(), self.pixels.height());
        let pixels = self.pixels.pixels_mut();
        for (x, y, pixel) in picture.enumerate_pixels() {
            let (Some(x), Some(y)) = (left.checked_add(x), top.checked_add(y)) else { continue };
            let [r, g, b] = pixel.0;
            if x < width
                && y < height
                && let Some(color) = PremultipliedColorU8::from_rgba(r, g, b, 255)
            {
                pixels[y as usize * width as usize + x as usize] = color;
            }
        }
    }

    /// Draws a block from the upper left corner on, `scale` pixels a point. A shape whose place is
    /// no number is left out.
    pub(super) fn draw(&mut self, block: &Block, scale: f32) {
        let transform = Transform::from_scale(scale, scale);
        for shape in &block.shapes {
            match shape {
                Shape::Text { x, y, style, text } => {
                    if let Some(path) = outline(text, *style, [*x, *y]) {
                        self.fill(&path, style.ink, transform);
                    }
                }
                Shape::Line { points, width, ink, closed } => {
                    let stroke = Stroke {
                        width: *width,
                        line_cap: LineCap::Butt,
                        line_join: LineJoin::Round,
                        ..Stroke::default()
                    };
                    if let Some(path) = path(points, *closed).filter(|path| has_length(path, scale)) {
                        self.pixels.stroke_path(&path, &paint(*ink), &stroke, transform, None);
                    }
                }
                Shape::Fill { x, y, width, height, ink } => {
                    if let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) {
                        self.fill(&PathBuilder::from_rect(rect), *ink, transform);
                    }
                }
                Shape::Polygon { points, ink } => {
                    if let Some(path) = path(points, true) {
                        self.fill(&path, *ink, transform);
                    }
                }
                Shape::Picture { .. } => {}
            }
        }
    }

    fn fill(&mut self, path: &Path, ink: Ink, transform: Transform) {
        self.pixels.fill_path(path, &paint(ink), FillRule::Winding, transform, None);
    }

    /// What was drawn; nothing shines through white paper.
    pub(super) fn into_image(self) -> RgbImage {
        let (width, pixels) = (self.pixels.width(), self.pixels.pixels());
        RgbImage::from_fn(width, self.pixels.height(), |x, y| {
            let pixel = pixels[y as usize * width as usize + x as usize];
            image::Rgb([pixel.red(), pixel.green(), pixel.blue()])
        })
    }
}

/// The block on white, `scale` pixels a point; fewer where the budget allows no more.
pub(super) fn raster(block: &Block, width: f32, scale: f32) -> Result<RgbImage, FigureError> {
    let area = f64::from(width.max(1.0)) * f64::from(block.height.max(1.0));
    // Sides are rounded up to whole pixels, which takes a little of the budget.
    let most = (limits::FIGURE_PIXELS as f64 * 0.99 / area).sqrt() as f32;
    let scale = scale.min(most).max(SMALLEST_SCALE);
    let size = |points: f32| (points * scale).ceil().max(1.0) as u32;
    let mut raster = Raster::white(size(width), size(block.height))?;
    raster.draw(block, scale);
    Ok(raster.into_image())
}

/// The bytes of a PNG file.
pub(super) fn png(image: &RgbImage) -> Result<Vec<u8>, FigureError> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

fn paint(ink: Ink) -> Paint<'static> {
    let [r, g, b] = ink.rgb();
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color(Color::from_rgba(r, g, b, 1.0).unwrap_or(Color::BLACK));
    paint
}

/// Whether there is anything to stroke: an interval whose ends are equal has no length, and such a line
/// has no width either, as in PDF and SVG.
fn has_length(path: &Path, scale: f32) -> bool {
    let bounds = path.bounds();
    bounds.width().max(bounds.height()) * scale >= SHORTEST_LINE
}

/// A line through the points; `None` for fewer than two, and where one is no number.
fn path(points: &[[f32; 2]], closed: bool) -> Option<Path> {
    let ([x, y], rest) = points.split_first()?;
    let mut path = PathBuilder::new();
    path.move_to(*x, *y);
    for [x, y] in rest {
        path.line_to(*x, *y);
    }
    if closed {
        path.close();
    }
    path.finish()
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::figures::layout::{Align, BODY, TextStyle};

    #[test]
    fn a_pixel_is_darkened_by_the_part_that_is_covered() {
        let mut block = Block::space(4.0);
        block.fill(1.0, 1.0, 1.5, 1.0, Ink::Black);
        let picture = raster(&block, 4.0, 1.0).unwrap();
        let at = |x, y| picture.get_pixel(x, y).0[0];
        assert_eq!((at(0, 1), at(1, 1), at(3, 1), at(1, 0), at(1, 2)), (255, 0, 255, 255, 255));
        assert!((120..=135).contains(&at(2, 1)), "{}", at(2, 1));
    }

    #[test]
    fn a_bent_line_has_no_holes_and_a_letter_has_its_own() {
        let mut block = Block::space(40.0);
        let points = vec![[4.0, 4.0], [20.0, 4.0], [20.0, 20.0]];
        block.shapes.push(Shape::Line { points, width: 4.0, ink: Ink::Black, closed: false });
        block.text(30.0, 4.0, Align::Left, TextStyle { size: 24.0, ..BODY }, "o");
        let picture = raster(&block, 60.0, 2.0).unwrap();
        let at = |x: f32, y: f32| picture.get_pixel((x * 2.0) as u32, (y * 2.0) as u32).0[0];
        assert_eq!((at(20.0, 4.0), at(12.0, 4.0), at(20.0, 12.0), at(12.0, 12.0)), (0, 0, 0, 255));
        let letter: Vec<u8> = (60..90).map(|x| picture.get_pixel(x, 40).0[0]).collect();
        let dark = letter.iter().filter(|v| **v < 80).count();
        let inner = letter.windows(2).filter(|w| w[0] < 128 && w[1] >= 128).count();
        assert!(dark >= 4 && inner == 2, "two strokes with a hole between: {letter:?}");
    }

    #[test]
    fn a_line_covers_its_width_in_its_colour_and_no_more() {
        let mut block = Block::space(20.0);
        block.line([5.0, 10.0], [15.0, 10.0], 2.0, Ink::Of([200, 30, 40]));
        let picture = raster(&block, 20.0, 2.0).unwrap();
        let inked: Vec<(u32, u32)> =
            picture.enumerate_pixels().filter(|(_, _, p)| p.0 != [255; 3]).map(|(x, y, _)| (x, y)).collect();
        assert_eq!(inked.len(), 20 * 4, "ten points by two, four pixels each");
        assert!(inked.iter().all(|(x, y)| (10..30).contains(x) && (18..22).contains(y)));
        assert_eq!(picture.get_pixel(20, 20), &Rgb([200, 30, 40]));
    }

    #[test]
    fn a_line_without_length_is_left_out_before_the_stroker_complains_of_it() {
        let stroke = Stroke { width: 4.0, line_cap: LineCap::Butt, line_join: LineJoin::Round, ..Stroke::default() };
        for (to, is_closed) in [([5.0, 5.0], false), ([5.0, 5.0], true), ([5.000_01, 5.0], false), ([5.1, 5.0], false)]
        {
            let line = path(&[[5.0, 5.0], to], is_closed).unwrap();
            let stroked = line.stroke(&stroke, 2.0);
            assert!(stroked.is_some() || !has_length(&line, 2.0), "{to:?}, closed: {is_closed}");
            assert_eq!(has_length(&line, 2.0), to[0] > 5.05, "{to:?}");
        }
        let mut block = Block::space(20.0);
        block.line([5.0, 10.0], [5.0, 10.0], 4.0, Ink::Black);
        assert!(raster(&block, 20.0, 2.0).unwrap().pixels().all(|pixel| pixel.0 == [255; 3]));
    }

    #[test]
    fn a_picture_is_placed_to_the_pixel_and_cut_at_the_edge() {
        let mut raster = Raster::white(6, 4).unwrap();
        raster.place(&RgbImage::from_pixel(3, 2, Rgb([1, 2, 3])), 4, 1);
        raster.place(&RgbImage::from_pixel(1, 1, Rgb([9, 9, 9])), u32::MAX, 0);
        let image = raster.into_image();
        let placed: Vec<(u32, u32)> =
            image.enumerate_pixels().filter(|(_, _, p)| p.0 == [1, 2, 3]).map(|(x, y, _)| (x, y)).collect();
        assert_eq!(placed, [(4, 1), (5, 1), (4, 2), (5, 2)]);
        assert_eq!(image.pixels().filter(|p| p.0 == [255; 3]).count(), 20);
    }

    #[test]
    fn sizes_are_bounded_before_anything_is_allocated() {
        assert!(matches!(Raster::white(u32::MAX, u32::MAX), Err(FigureError::Size { .. })));
        assert!(matches!(Raster::white(0, 7), Err(FigureError::Size { .. })));
        // A tall block is drawn smaller; one that even then is too large is refused.
        let image = raster(&Block::space(60_000.0), 500.0, 8.0).unwrap();
        assert!(u64::from(image.width()) * u64::from(image.height()) <= limits::FIGURE_PIXELS);
        assert!(image.width() > 600, "{}", image.width());
        let said = raster(&Block::space(1e12), 500.0, 1.0).unwrap_err().to_string();
        assert!(said.contains("60 million pixels"), "{said}");
        assert!(raster(&Block::space(f32::NAN), f32::NAN, f32::NAN).is_ok(), "one pixel");
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let mut block = Block::space(4.0);
        block.line([0.0, f32::NAN], [4.0, 4.0], 2.0, Ink::Black);
        block.fill(f32::INFINITY, 0.0, 4.0, 4.0, Ink::Black);
        block.shapes.push(Shape::Polygon { points: vec![[1.0, 1.0]], ink: Ink::Black });
        let image = raster(&block, 4.0, 1.0).unwrap();
        assert!(image.pixels().all(|p| p.0 == [255; 3]));
    }
}
