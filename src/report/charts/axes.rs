//! A frame with ticks, and where data lies in it.

use super::super::layout::{Align, Block, CAPTION, Ink, Shape, Style, paragraph};

/// Points of a curve nearer than this to the last one drawn are left out; nobody sees them.
const NEAR: f32 = 0.2;

/// A rectangle of the page that holds a range of data, in points.
#[derive(Clone, Copy, Debug)]
pub struct Axes {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    pub across: [f64; 2],
    pub up: [f64; 2],
}

impl Axes {
    /// The unit square in a rectangle.
    pub fn unit(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self { x, y, width, height, across: [0.0, 1.0], up: [0.0, 1.0] }
    }

    pub fn bottom(&self) -> f32 {
        self.y + self.height
    }

    pub fn right(&self) -> f32 {
        self.x + self.width
    }

    /// Where a value lies across, held inside the frame.
    pub fn across(&self, value: f64) -> f32 {
        self.x + part(value, self.across) * self.width
    }

    /// Where a value lies up, held inside the frame.
    pub fn up(&self, value: f64) -> f32 {
        self.bottom() - part(value, self.up) * self.height
    }

    pub fn at(&self, [across, up]: [f64; 2]) -> [f32; 2] {
        [self.across(across), self.up(up)]
    }

    /// A curve on the page, without points that nobody could tell from their neighbours.
    pub fn curve(&self, points: &[[f64; 2]]) -> Vec<[f32; 2]> {
        let mut kept: Vec<[f32; 2]> = Vec::new();
        for (i, point) in points.iter().enumerate() {
            let here = self.at(*point);
            let far = |last: &[f32; 2]| (here[0] - last[0]).abs().max((here[1] - last[1]).abs()) >= NEAR;
            if i + 1 == points.len() || kept.last().is_none_or(far) {
                kept.push(here);
            }
        }
        kept
    }

    /// The frame, a quiet line for each tick, and the numbers of the ticks outside.
    pub fn frame(&self, block: &mut Block, across: &[f64], up: &[f64], number: impl Fn(f64) -> String) {
        let style = CAPTION;
        for &tick in across {
            let x = self.across(tick);
            block.line([x, self.y], [x, self.bottom() + 2.0], 0.4, Ink::Track);
            block.text(x, self.bottom() + 2.5, Align::Center, style, &number(tick));
        }
        for &tick in up {
            let y = self.up(tick);
            block.line([self.x - 2.0, y], [self.right(), y], 0.4, Ink::Track);
            block.text(self.x - 4.0, y - style.line() / 2.0, Align::Right, style, &number(tick));
        }
        let (x, y, right, bottom) = (self.x, self.y, self.right(), self.bottom());
        let points = vec![[x, y], [right, y], [right, bottom], [x, bottom]];
        block.shapes.push(Shape::Line { points, width: 0.5, ink: Ink::Below, closed: true });
        block.height = block.height.max(bottom + 2.5 + style.line());
    }

    /// Words in the middle of the frame, where there is nothing to draw.
    pub fn sentence(&self, block: &mut Block, text: &str, style: Style) {
        let words = paragraph(text, style.ink(Ink::Muted), (self.width - 12.0).max(20.0));
        block.put(self.x + 6.0, self.y + ((self.height - words.height) / 2.0).max(0.0), &words);
    }
}

fn part(value: f64, [low, high]: [f64; 2]) -> f32 {
    let part = (value - low) / (high - low);
    if part.is_finite() { part.clamp(0.0, 1.0) as f32 } else { 0.0 }
}

/// `0.5` as it stands at a tick: no more decimals than needed.
pub fn plain(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-0" { "0".into() } else { text.to_owned() }
}

/// Round steps from `low` to `high`, about `wanted` of them.
pub fn ticks([low, high]: [f64; 2], wanted: usize) -> Vec<f64> {
    let span = high - low;
    if !(span.is_finite() && span > 0.0) {
        return vec![low];
    }
    let rough = span / wanted.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough * 0.999).unwrap_or(span);
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    (first..=last.min(first + 50)).map(|i| i as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_stays_in_the_frame() {
        let axes = Axes::unit(10.0, 20.0, 100.0, 50.0);
        assert_eq!(axes.at([0.0, 0.0]), [10.0, 70.0]);
        assert_eq!(axes.at([1.0, 1.0]), [110.0, 20.0]);
        assert_eq!(axes.at([7.0, -3.0]), [110.0, 70.0]);
        assert_eq!(axes.at([f64::NAN, f64::INFINITY]), [10.0, 70.0]);
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(
            ticks([0.0, 1.0], 5).into_iter().map(plain).collect::<Vec<_>>(),
            ["0", "0.2", "0.4", "0.6", "0.8", "1"]
        );
        assert_eq!(ticks([0.72, 0.98], 4).first(), Some(&0.8));
        assert_eq!(ticks([0.5, 0.5], 4), [0.5]);
        assert_eq!(plain(0.1 + 0.2), "0.3");
        assert_eq!(plain(0.0), "0");
    }

    #[test]
    fn ten_thousand_points_become_few_and_keep_their_ends() {
        let axes = Axes::unit(0.0, 0.0, 100.0, 100.0);
        let points: Vec<[f64; 2]> = (0..=10_000).map(|i| [f64::from(i) / 1e4; 2]).collect();
        let drawn = axes.curve(&points);
        assert!(drawn.len() <= 502, "{}", drawn.len());
        assert_eq!((drawn[0], drawn[drawn.len() - 1]), ([0.0, 100.0], [100.0, 0.0]));
    }
}
