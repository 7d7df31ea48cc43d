//! A chart as pixels: every shape becomes a polygon, and polygons are filled by the part of each pixel that they cover.
//!
//! plotters' bitmap backend would place letters by whole pixels and forget their side bearings; the letters here are the outlines
//! of the embedded typeface at the places that the page layout gave them, so PNG, SVG and PDF agree.

use image::{Rgb, RgbImage};

use super::super::ReportError;
use super::super::layout::{Block, Ink, Shape};
use super::super::typeface::Outlines;

/// Lines of samples in the height of a pixel.
const SAMPLES: usize = 5;
/// Most pixels of a picture; larger ones are drawn at a smaller scale.
const PIXELS: f32 = 60e6;

/// The block on white, `scale` pixels a point.
pub fn raster(block: &Block, width: f32, scale: f32) -> Result<RgbImage, ReportError> {
    let area = (width * block.height).max(1.0);
    let scale = scale.clamp(0.1, (PIXELS / area).sqrt().max(0.1));
    let size = |points: f32| (points * scale).ceil().max(1.0) as u32;
    let mut picture = RgbImage::from_pixel(size(width), size(block.height), Rgb([255; 3]));
    let mut outlines = Outlines::default();
    for shape in &block.shapes {
        let (rings, ink) = match shape {
            Shape::Text { x, y, style, text } => (outlines.text(text, style.weight, style.size, [*x, *y])?, style.ink),
            Shape::Line { points, width, ink, closed } => (stroke(points, *width, *closed), *ink),
            Shape::Fill { x, y, width, height, ink } => {
                (vec![vec![[*x, *y], [x + width, *y], [x + width, y + height], [*x, y + height]]], *ink)
            }
            Shape::Polygon { points, ink } => (vec![points.clone()], *ink),
            Shape::Picture { .. } => continue,
        };
        let scaled: Vec<Vec<[f32; 2]>> =
            rings.iter().map(|ring| ring.iter().map(|[x, y]| [x * scale, y * scale]).collect()).collect();
        fill(&mut picture, &scaled, ink);
    }
    Ok(picture)
}

/// A line as rings that all turn the same way: one for each of its parts and one for each bend.
fn stroke(points: &[[f32; 2]], width: f32, closed: bool) -> Vec<Vec<[f32; 2]>> {
    let half = width / 2.0;
    let mut rings = Vec::new();
    let last = points.first().filter(|_| closed).copied();
    let line: Vec<[f32; 2]> = points.iter().copied().chain(last).collect();
    for pair in line.windows(2) {
        let [a, b] = [pair[0], pair[1]];
        let length = (b[0] - a[0]).hypot(b[1] - a[1]);
        if length > 0.0 {
            let (nx, ny) = ((b[1] - a[1]) / length * half, (a[0] - b[0]) / length * half);
            rings.push(vec![
                [a[0] + nx, a[1] + ny],
                [b[0] + nx, b[1] + ny],
                [b[0] - nx, b[1] - ny],
                [a[0] - nx, a[1] - ny],
            ]);
        }
    }
    let bends = if closed { &line[..] } else { line.get(1..line.len().saturating_sub(1)).unwrap_or_default() };
    for [x, y] in bends {
        let corner = |i: u8| f32::from(i) * std::f32::consts::TAU / 8.0;
        rings.push((0..8).map(|i| [x + half * corner(i).cos(), y + half * corner(i).sin()]).collect());
    }
    rings
}

/// Fills rings by the non-zero rule.
fn fill(picture: &mut RgbImage, rings: &[Vec<[f32; 2]>], ink: Ink) {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let ys = || rings.iter().flatten().map(|p| p[1]).filter(|y| y.is_finite());
    let (low, high) = ys().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), y| (l.min(y), h.max(y)));
    if low > high {
        return;
    }
    let first = (low.floor().max(0.0) as usize).min(height);
    let end = (high.ceil().max(0.0) as usize).min(height);
    let mut crossings: Vec<Vec<(f32, i32)>> = vec![Vec::new(); (end.saturating_sub(first)) * SAMPLES];
    for ring in rings {
        for (i, &a) in ring.iter().enumerate() {
            cross(a, ring[(i + 1) % ring.len()], first, &mut crossings);
        }
    }
    let color = ink.rgb().map(|part| part * 255.0);
    let mut cover = vec![0_f32; width];
    for (row, lines) in crossings.chunks_mut(SAMPLES).enumerate() {
        cover.fill(0.0);
        for line in lines {
            line.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            let (mut winding, mut from) = (0, 0.0);
            for &(x, turn) in line.iter() {
                if winding == 0 {
                    from = x;
                }
                winding += turn;
                if winding == 0 {
                    span(&mut cover, from, x);
                }
            }
        }
        for (x, part) in cover.iter().enumerate().filter(|(_, part)| **part > 0.0) {
            let part = part.min(1.0);
            let pixel = picture.get_pixel_mut(x as u32, (first + row) as u32);
            for (old, new) in pixel.0.iter_mut().zip(color) {
                *old = (f32::from(*old) + (new - f32::from(*old)) * part).round() as u8;
            }
        }
    }
}

/// Notes where an edge crosses each line of samples, and which way.
fn cross(a: [f32; 2], b: [f32; 2], first: usize, crossings: &mut [Vec<(f32, i32)>]) {
    if ![a, b].iter().flatten().all(|v| v.is_finite()) || a[1] == b[1] {
        return;
    }
    let (top, bottom, turn) = if a[1] < b[1] { (a, b, 1) } else { (b, a, -1) };
    let line = |y: f32| (y - first as f32) * SAMPLES as f32 - 0.5;
    let start = line(top[1]).ceil().max(0.0) as usize;
    let end = (line(bottom[1]).ceil().max(0.0) as usize).min(crossings.len());
    for (k, crossed) in crossings.iter_mut().enumerate().take(end).skip(start) {
        let y = first as f32 + (k as f32 + 0.5) / SAMPLES as f32;
        crossed.push((top[0] + (bottom[0] - top[0]) * (y - top[1]) / (bottom[1] - top[1]), turn));
    }
}

/// Adds one line of samples from `from` to `to`.
fn span(cover: &mut [f32], from: f32, to: f32) {
    let (from, to) = (from.clamp(0.0, cover.len() as f32), to.clamp(0.0, cover.len() as f32));
    let (first, last) = (from.floor() as usize, (to.ceil() as usize).min(cover.len()));
    for (x, part) in cover.iter_mut().enumerate().take(last).skip(first) {
        let inside = (to.min(x as f32 + 1.0) - from.max(x as f32)).max(0.0);
        *part += inside / SAMPLES as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::layout::{Align, BODY};
    use super::*;

    #[test]
    fn a_pixel_is_darkened_by_the_part_that_is_covered() {
        let mut block = Block::space(4.0);
        block.fill(1.0, 1.0, 1.5, 1.0, Ink::Black);
        let picture = raster(&block, 4.0, 1.0).unwrap();
        let at = |x, y| picture.get_pixel(x, y).0[0];
        assert_eq!((at(0, 1), at(1, 1), at(3, 1), at(1, 0), at(1, 2)), (255, 0, 255, 255, 255));
        assert!((126..=129).contains(&at(2, 1)), "{}", at(2, 1));
    }

    #[test]
    fn a_bent_line_has_no_holes_and_a_letter_has_its_own() {
        let mut block = Block::space(40.0);
        let points = vec![[4.0, 4.0], [20.0, 4.0], [20.0, 20.0]];
        block.shapes.push(Shape::Line { points, width: 4.0, ink: Ink::Black, closed: false });
        block.text(30.0, 4.0, Align::Left, super::super::super::layout::Style { size: 24.0, ..BODY }, "o");
        let picture = raster(&block, 60.0, 2.0).unwrap();
        let at = |x: f32, y: f32| picture.get_pixel((x * 2.0) as u32, (y * 2.0) as u32).0[0];
        assert_eq!((at(20.0, 4.0), at(12.0, 4.0), at(20.0, 12.0), at(12.0, 12.0)), (0, 0, 0, 255));
        let letter: Vec<u8> = (60..90).map(|x| picture.get_pixel(x, 40).0[0]).collect();
        let dark = letter.iter().filter(|v| **v < 80).count();
        let inner = letter.windows(2).filter(|w| w[0] < 128 && w[1] >= 128).count();
        assert!(dark >= 4 && inner == 2, "two strokes with a hole between: {letter:?}");
    }
}
