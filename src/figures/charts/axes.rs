//! A frame with ticks, and where data lies in it.

use super::range::{AxisRange, labels};
use crate::figures::layout::{Align, Block, CAPTION, Ink, Shape, TextStyle, paragraph};

/// Points of a curve nearer than this to the last one drawn are left out; nobody sees them.
const NEAR: f32 = 0.2;

/// A rectangle of the page that holds a range of data, in points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axes {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    pub across: AxisRange,
    pub up: AxisRange,
}

impl Axes {
    /// The unit square in a rectangle.
    pub(super) fn unit(x: f32, y: f32, width: f32, height: f32) -> Self {
        let unit = AxisRange::linear(0.0, 1.0);
        Self { x, y, width, height, across: unit, up: unit }
    }

    pub(super) fn bottom(&self) -> f32 {
        self.y + self.height
    }

    pub(super) fn right(&self) -> f32 {
        self.x + self.width
    }

    /// Where a value lies across, held inside the frame.
    pub(super) fn across(&self, value: f64) -> f32 {
        self.x + self.across.part(value) * self.width
    }

    /// Where a value lies up, held inside the frame.
    pub(super) fn up(&self, value: f64) -> f32 {
        self.bottom() - self.up.part(value) * self.height
    }

    pub(super) fn at(&self, [across, up]: [f64; 2]) -> [f32; 2] {
        [self.across(across), self.up(up)]
    }

    /// A curve on the page, without points that nobody could tell from their neighbours.
    pub(super) fn curve(&self, points: &[[f64; 2]]) -> Vec<[f32; 2]> {
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
    pub(super) fn frame(&self, block: &mut Block, across: &[f64], up: &[f64]) {
        let style = CAPTION;
        for (&tick, label) in across.iter().zip(labels(across)) {
            let x = self.across(tick);
            block.line([x, self.y], [x, self.bottom() + 2.0], 0.4, Ink::Track);
            block.text(x, self.bottom() + 2.5, Align::Center, style, &label);
        }
        for (&tick, label) in up.iter().zip(labels(up)) {
            let y = self.up(tick);
            block.line([self.x - 2.0, y], [self.right(), y], 0.4, Ink::Track);
            block.text(self.x - 4.0, y - style.line() / 2.0, Align::Right, style, &label);
        }
        let (x, y, right, bottom) = (self.x, self.y, self.right(), self.bottom());
        let points = vec![[x, y], [right, y], [right, bottom], [x, bottom]];
        block.shapes.push(Shape::Line { points, width: 0.5, ink: Ink::Below, closed: true });
        block.height = block.height.max(bottom + 2.5 + style.line());
    }

    /// What runs across, below the numbers of its ticks; call it after [`Self::frame`].
    pub(super) fn name_across(&self, block: &mut Block, name: &str) {
        let top = block.height;
        block.text(self.x + self.width / 2.0, top, Align::Center, CAPTION, name);
        block.height = top + CAPTION.line();
    }

    /// Words in the middle of the frame, where there is nothing to draw.
    pub(super) fn sentence(&self, block: &mut Block, text: &str, style: TextStyle) {
        let words = paragraph(text, style.ink(Ink::Muted), (self.width - 12.0).max(20.0));
        block.put(self.x + 6.0, self.y + ((self.height - words.height) / 2.0).max(0.0), &words);
    }
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
    fn ten_thousand_points_become_few_and_keep_their_ends() {
        let axes = Axes::unit(0.0, 0.0, 100.0, 100.0);
        let points: Vec<[f64; 2]> = (0..=10_000).map(|i| [f64::from(i) / 1e4; 2]).collect();
        let drawn = axes.curve(&points);
        assert!(drawn.len() <= 502, "{}", drawn.len());
        assert_eq!((drawn[0], drawn[drawn.len() - 1]), ([0.0, 100.0], [100.0, 0.0]));
    }
}
