//! Page geometry: shapes in points from the upper left corner, and blocks of them that are stacked and placed.
//!
//! A [`Block`] knows its height before it is placed, so that a page can be composed from its parts: the pictures take what
//! the text leaves over. Nothing here knows what is printed, or PDF.

use super::typeface::{self, Weight};
use crate::fonts::cut;

/// Colours of the page: text, quiet text, hairlines, data above and below the threshold, reservations.
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
pub struct Style {
    pub size: f32,
    pub weight: Weight,
    pub ink: Ink,
}

pub const TITLE: Style = Style { size: 15.0, weight: Weight::SemiBold, ink: Ink::Text };
pub const HEADING: Style = Style { size: 8.5, weight: Weight::SemiBold, ink: Ink::Text };
pub const BODY: Style = Style { size: 8.0, weight: Weight::Regular, ink: Ink::Text };
pub const CAPTION: Style = Style { size: 7.0, weight: Weight::Regular, ink: Ink::Muted };

impl Style {
    pub fn bold(self) -> Self {
        Self { weight: Weight::SemiBold, ..self }
    }

    pub fn ink(self, ink: Ink) -> Self {
        Self { ink, ..self }
    }

    /// Distance of two baselines.
    pub fn line(self) -> f32 {
        self.size * 1.35
    }

    /// Distance from the top of a line to its baseline.
    fn ascent(self) -> f32 {
        self.size * 0.97
    }

    pub fn width(self, text: &str) -> f32 {
        typeface::width(text, self.size, self.weight)
    }
}

/// Something drawn; `x` runs right, `y` runs down, in points.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// `y` is the baseline.
    Text {
        x: f32,
        y: f32,
        style: Style,
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
    /// A picture by its number.
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
    pub fn text(&mut self, x: f32, y: f32, align: Align, style: Style, text: &str) {
        let text = typeface::settable(text, style.weight);
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

    /// A number aligned on its decimal point (or on its end, where it has none) at `x`.
    pub fn number(&mut self, x: f32, y: f32, style: Style, number: &str) {
        let whole = number.split_once('.').map_or(number, |(whole, _)| whole);
        let left = x - style.width(&typeface::settable(whole, style.weight));
        self.text(left, y, Align::Left, style, number);
    }

    pub fn line(&mut self, from: [f32; 2], to: [f32; 2], width: f32, ink: Ink) {
        self.shapes.push(Shape::Line { points: vec![from, to], width, ink, closed: false });
    }

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
pub fn hairline(width: f32) -> Block {
    let mut block = Block::space(0.5);
    block.line([0.0, 0.25], [width, 0.25], 0.5, Ink::Hairline);
    block
}

/// Running text in lines of at most `width` points.
pub fn paragraph(text: &str, style: Style, width: f32) -> Block {
    let mut block = Block::default();
    for line in wrapped(text, style, width) {
        let top = block.height;
        block.text(0.0, top, Align::Left, style, &line);
        block.height = top + style.line();
    }
    block
}

/// A list: each item behind a dash, its further lines indented.
pub fn list<'a>(items: impl IntoIterator<Item = &'a str>, style: Style, width: f32) -> Block {
    const INDENT: f32 = 9.0;
    let mut block = Block::default();
    for item in items {
        let mut entry = paragraph(item, style, width - INDENT);
        entry = {
            let mut row = Block::default();
            row.text(0.0, 0.0, Align::Left, style.ink(Ink::Muted), "–");
            row.put(INDENT, 0.0, &entry);
            row
        };
        block.stack(1.0, &entry);
    }
    block
}

/// Names in one column, what they stand for in the other.
pub fn pairs(rows: &[(&str, String)], key_width: f32, width: f32) -> Block {
    let mut block = Block::default();
    for (key, value) in rows {
        let mut row = Block::default();
        row.text(0.0, 0.0, Align::Left, BODY.ink(Ink::Muted), key);
        row.put(key_width, 0.0, &paragraph(value, BODY, width - key_width));
        block.stack(0.5, &row);
    }
    block
}

/// Longest text that is set, in characters: no paragraph of a report needs more.
const LONGEST: usize = 5000;

/// Lines of at most `width` points; longer words are parted behind a hyphen or, for want of one, where the line ends. Texts beyond
/// [`LONGEST`] are cut, and the cut is said. Every word is measured once.
pub fn wrapped(text: &str, style: Style, width: f32) -> Vec<String> {
    let text = typeface::settable(&cut(text, LONGEST), style.weight);
    let blank_width = style.width(" ");
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut end = 0.0;
    for word in text.split_whitespace() {
        for (i, (piece, wide)) in pieces(word, style, width).into_iter().enumerate() {
            let blank = i == 0 && !line.is_empty();
            let longer = end + wide + if blank { blank_width } else { 0.0 };
            if line.is_empty() || longer <= width {
                if blank {
                    line.push(' ');
                }
                line.push_str(&piece);
                end = longer;
            } else {
                lines.push(std::mem::replace(&mut line, piece));
                end = wide;
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A word in pieces of at most `width` points, each with its width.
fn pieces(word: &str, style: Style, width: f32) -> Vec<(String, f32)> {
    let whole = style.width(word);
    if whole <= width {
        return vec![(word.to_owned(), whole)];
    }
    let mut pieces = Vec::new();
    for part in word.split_inclusive('-') {
        let (mut piece, mut end) = (String::new(), 0.0);
        for c in part.chars() {
            let wide = style.width(c.encode_utf8(&mut [0; 4]));
            if end + wide > width && !piece.is_empty() {
                pieces.push((std::mem::take(&mut piece), end));
                end = 0.0;
            }
            piece.push(c);
            end += wide;
        }
        pieces.push((piece, end));
    }
    pieces
}

/// The text, cut with an ellipsis where it is wider than `width` points.
pub fn fitted(text: &str, style: Style, width: f32) -> String {
    let text = typeface::settable(&cut(text, LONGEST), style.weight);
    if style.width(&text) <= width {
        return text;
    }
    let room = width - style.width("…");
    let (mut kept, mut end) = (String::new(), 0.0);
    for c in text.chars() {
        end += style.width(c.encode_utf8(&mut [0; 4]));
        if end > room {
            break;
        }
        kept.push(c);
    }
    let kept = kept.trim_end();
    if kept.is_empty() && room < 0.0 { String::new() } else { format!("{kept}…") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fonts;

    fn texts(block: &Block) -> Vec<(f32, f32, &str)> {
        let text = |shape| match shape {
            &Shape::Text { x, y, ref text, .. } => Some((x, y, text.as_str())),
            _ => None,
        };
        block.shapes.iter().filter_map(text).collect()
    }

    #[test]
    fn no_line_is_wider_than_its_column() {
        let long = "Hospital-of-the-Sisters-of-Perpetual-Administration-and-Archives Röntgen 42";
        for line in wrapped(long, BODY, 90.0) {
            assert!(BODY.width(&line) <= 90.0, "{line}");
        }
        assert_eq!(wrapped(long, BODY, 90.0).concat().replace(' ', ""), long.replace(' ', ""));
    }

    /// Characters that are measured while `run` runs.
    fn measured(run: impl FnOnce()) -> usize {
        let counter = &super::super::typeface::MEASURED;
        let before = counter.get();
        run();
        counter.get() - before
    }

    #[test]
    fn the_work_of_setting_a_text_is_linear_in_its_length_and_bounded() {
        let kinds = [
            ("words", "Jane Doe "),
            ("one word", "x"),
            ("hyphens", "-"),
            ("marks", "\u{301}"),
            ("blanks", " "),
            ("characters that no font has", "\u{e123}"),
            ("from right to left", "\u{202e}a"),
        ];
        fonts::system::with(fonts::SystemFonts::none(), || {
            for (what, unit) in kinds {
                let of = |characters: usize| {
                    let text = unit.repeat(characters / unit.chars().count());
                    let work = measured(|| drop(wrapped(&text, BODY, 200.0)));
                    work + measured(|| drop(fitted(&text, BODY, 200.0)))
                };
                let (short, long, endless) = (of(1_000), of(4_000), of(1_000_000));
                assert!(long <= 5 * short + 100, "{what}: {short} and {long}");
                assert!(endless <= 5 * LONGEST, "{what}: {endless}");
            }
        });
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_and_says_so() {
        let lines = wrapped(&"Doe ".repeat(250_000), BODY, 200.0);
        assert!(lines.len() < 300);
        assert!(lines.join(" ").ends_with("Doe… (cut, 1000000 characters)"));
    }

    #[test]
    fn a_long_name_is_cut_with_an_ellipsis() {
        let cut = fitted("Hubert Blaine Wolfeschlegelsteinhausenbergerdorff", BODY, 80.0);
        assert!(cut.ends_with('…') && BODY.width(&cut) <= 80.0);
        assert_eq!(fitted("Doe", BODY, 80.0), "Doe");
    }

    #[test]
    fn numbers_are_aligned_on_the_decimal_point() {
        let mut block = Block::default();
        block.number(50.0, 0.0, BODY, "1.5");
        block.number(50.0, 0.0, BODY, "−104.25");
        let point = |(x, _, text): &(f32, f32, &str)| x + BODY.width(text.split('.').next().unwrap());
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
