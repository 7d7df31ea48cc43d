//! Page geometry: shapes in points from the upper left corner, and blocks of them that are stacked
//! and placed.
//!
//! A [`Block`] knows its height before it is placed, so that a page can be composed from its parts:
//! the pictures take what the text leaves over. Nothing here knows what is printed, or PDF.

mod text;

pub use text::{fitted, fitted_inside, list, pairs, paragraph, wrapped};

use super::text_runs;
use super::typeface::Weight;

/// Colours of the page: text, quiet text, hairlines, data above and below the threshold,
/// reservations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ink {
    Text,
    Muted,
    Hairline,
    Track,
    Accent,
    Below,
    Warning,
    White,
    Black,
    /// A colour of a chart, sRGB.
    Of([u8; 3]),
}

impl Ink {
    /// sRGB, 0–1. Text on white keeps a contrast of 4.5 : 1.
    #[must_use]
    pub fn rgb(self) -> [f32; 3] {
        match self {
            Self::Text => [0.10, 0.10, 0.11],
            Self::Muted => [0.39, 0.40, 0.42],
            Self::Hairline => [0.80, 0.81, 0.82],
            Self::Track => [0.90, 0.91, 0.92],
            Self::Accent => [0.07, 0.36, 0.62],
            Self::Below => [0.52, 0.53, 0.55],
            Self::Warning => [0.60, 0.33, 0.02],
            Self::White => [1.0; 3],
            Self::Black => [0.0; 3],
            Self::Of(rgb) => rgb.map(|part| f32::from(part) / 255.0),
        }
    }
}

/// Size, weight and colour of text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextStyle {
    pub size: f32,
    pub weight: Weight,
    pub ink: Ink,
}

/// The title of a page.
pub const TITLE: TextStyle = TextStyle { size: 15.0, weight: Weight::SemiBold, ink: Ink::Text };
/// A heading above a part of a page.
pub const HEADING: TextStyle = TextStyle { size: 8.5, weight: Weight::SemiBold, ink: Ink::Text };
/// Running text.
pub const BODY: TextStyle = TextStyle { size: 8.0, weight: Weight::Regular, ink: Ink::Text };
/// Quiet text: captions, ticks.
pub const CAPTION: TextStyle = TextStyle { size: 7.0, weight: Weight::Regular, ink: Ink::Muted };

impl TextStyle {
    /// The same in the semibold face.
    #[must_use]
    pub fn bold(self) -> Self {
        Self { weight: Weight::SemiBold, ..self }
    }

    /// The same in another colour.
    #[must_use]
    pub fn ink(self, ink: Ink) -> Self {
        Self { ink, ..self }
    }

    /// Distance of two baselines.
    #[must_use]
    pub fn line(self) -> f32 {
        self.size * 1.35
    }

    /// Distance from the top of a line to its baseline.
    fn ascent(self) -> f32 {
        self.size * 0.97
    }

    /// Width of a text in points.
    #[must_use]
    pub fn width(self, text: &str) -> f32 {
        text_runs::width(text, self.size, self.weight)
    }
}

/// Something drawn; `x` runs right, `y` runs down, in points.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// `y` is the baseline.
    Text {
        x: f32,
        y: f32,
        style: TextStyle,
        text: String,
    },
    Line {
        points: Vec<[f32; 2]>,
        width: f32,
        ink: Ink,
        closed: bool,
    },
    Fill {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        ink: Ink,
    },
    Polygon {
        points: Vec<[f32; 2]>,
        ink: Ink,
    },
    /// A picture by its number; who writes the file has the pictures.
    Picture {
        number: usize,
        x: f32,
        y: f32,
        width: f32,
        height: f32,
    },
}

/// Where a text stands against its `x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Center,
    Right,
}

/// Shapes with a height.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    pub shapes: Vec<Shape>,
    pub height: f32,
}

impl Block {
    /// White space.
    #[must_use]
    pub fn space(height: f32) -> Self {
        Self { shapes: Vec::new(), height }
    }

    /// Puts `other` at this place; the height grows where it reaches below.
    pub fn put(&mut self, x: f32, y: f32, other: &Self) {
        self.shapes.extend(other.shapes.iter().map(|shape| shifted(shape, x, y)));
        self.height = self.height.max(y + other.height);
    }

    /// Puts `other` below everything, `gap` apart.
    pub fn stack(&mut self, gap: f32, other: &Self) {
        let top = if self.height > 0.0 { self.height + gap } else { 0.0 };
        self.put(0.0, top, other);
    }

    /// One line of text whose top is at `y`; it does not change the height.
    pub fn text(&mut self, x: f32, y: f32, align: Align, style: TextStyle, text: &str) {
        let text = text_runs::settable(text, style.weight);
        let width = style.width(&text);
        let x = match align {
            Align::Left => x,
            Align::Center => x - width / 2.0,
            Align::Right => x - width,
        };
        if !text.trim().is_empty() {
            self.shapes.push(Shape::Text { x, y: y + style.ascent(), style, text });
        }
    }

    /// A number aligned on its decimal point or comma (or on its end, where it has none) at `x`.
    pub fn number(&mut self, x: f32, y: f32, style: TextStyle, number: &str) {
        let whole = number.split_once(['.', ',']).map_or(number, |(whole, _)| whole);
        let left = x - style.width(&text_runs::settable(whole, style.weight));
        self.text(left, y, Align::Left, style, number);
    }

    /// A straight line.
    pub fn line(&mut self, from: [f32; 2], to: [f32; 2], width: f32, ink: Ink) {
        self.shapes.push(Shape::Line { points: vec![from, to], width, ink, closed: false });
    }

    /// A filled rectangle.
    pub fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        self.shapes.push(Shape::Fill { x, y, width, height, ink });
    }
}

fn shifted(shape: &Shape, dx: f32, dy: f32) -> Shape {
    let moved = |points: Vec<[f32; 2]>| points.into_iter().map(|[x, y]| [x + dx, y + dy]).collect();
    match shape.clone() {
        Shape::Text { x, y, style, text } => Shape::Text { x: x + dx, y: y + dy, style, text },
        Shape::Line { points, width, ink, closed } => Shape::Line { points: moved(points), width, ink, closed },
        Shape::Polygon { points, ink } => Shape::Polygon { points: moved(points), ink },
        Shape::Fill { x, y, width, height, ink } => Shape::Fill { x: x + dx, y: y + dy, width, height, ink },
        Shape::Picture { number, x, y, width, height } => {
            Shape::Picture { number, x: x + dx, y: y + dy, width, height }
        }
    }
}

/// A thin line across the page.
#[must_use]
pub fn hairline(width: f32) -> Block {
    let mut block = Block::space(0.5);
    block.line([0.0, 0.25], [width, 0.25], 0.5, Ink::Hairline);
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(block: &Block) -> Vec<(f32, f32, &str)> {
        let text = |shape| match shape {
            &Shape::Text { x, y, ref text, .. } => Some((x, y, text.as_str())),
            _ => None,
        };
        block.shapes.iter().filter_map(text).collect()
    }

    #[test]
    fn numbers_are_aligned_on_the_decimal_point_or_comma() {
        let mut block = Block::default();
        block.number(50.0, 0.0, BODY, "1.5");
        block.number(50.0, 0.0, BODY, "−104.25");
        block.number(50.0, 0.0, BODY, "+0,47");
        let point = |(x, _, text): &(f32, f32, &str)| x + BODY.width(text.split(['.', ',']).next().unwrap());
        for text in &texts(&block) {
            assert!((point(text) - 50.0).abs() < 1e-3);
        }
    }

    #[test]
    fn stacked_blocks_do_not_overlap() {
        let mut block = Block::default();
        block.stack(4.0, &paragraph("One", BODY, 100.0));
        block.stack(4.0, &paragraph("Two", BODY, 100.0));
        let lines = texts(&block);
        assert!(lines[1].1 - lines[0].1 >= BODY.line() + 4.0 - 1e-3);
        assert!((block.height - (2.0 * BODY.line() + 4.0)).abs() < 1e-3);
    }
}
