//! Lines that are told apart without colour: each has a dash and a marker of its own beside its
//! ink.

use crate::figures::layout::{Block, Ink, Shape};

/// Colours after Okabe and Ito, darkened to 3 : 1 and more on white; told apart with every common
/// colour vision deficiency.
const INKS: [[u8; 3]; 6] = [
    [0x00, 0x66, 0xa4],
    [0xb8, 0x48, 0x00],
    [0x00, 0x71, 0x55],
    [0xa0, 0x40, 0x76],
    [0x8c, 0x5c, 0x00],
    [0x50, 0x50, 0x54],
];
/// Lengths drawn and left out in turn, points; none is a full line.
const DASHES: [&[f32]; 6] = [&[], &[6.0, 2.5], &[2.0, 2.0], &[8.0, 2.0, 2.0, 2.0], &[4.0, 1.5], &[1.0, 1.5]];
/// Of guides: chance, threshold, overall.
const GUIDE: &[f32] = &[3.0, 3.0];

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SeriesStyle {
    pub ink: Ink,
    dash: &'static [f32],
    marker: usize,
}

/// Series that differ from each other: beyond six, inks come again with another dash.
pub(super) const DISTINCT: usize = INKS.len() * DASHES.len();

/// The style of series number `i`.
pub(super) fn series_style(i: usize) -> SeriesStyle {
    let (k, round) = (i % INKS.len(), i / INKS.len());
    SeriesStyle { ink: Ink::Of(INKS[k]), dash: DASHES[(k + round) % DASHES.len()], marker: k }
}

impl SeriesStyle {
    /// Draws the points as one line.
    pub(super) fn line(self, block: &mut Block, points: &[[f32; 2]], width: f32) {
        stroke(block, points, width, self.ink, self.dash);
    }

    /// A filled marker with a white rim, so that it stands out of its own line.
    pub(super) fn mark(self, block: &mut Block, [x, y]: [f32; 2], radius: f32) {
        for (r, ink) in [(radius + 0.9, Ink::White), (radius, self.ink)] {
            let points = marker(self.marker, r).into_iter().map(|[dx, dy]| [x + dx, y + dy]).collect();
            block.shapes.push(Shape::Polygon { points, ink });
        }
    }

    /// The line and its marker as they stand in a legend, 24 points wide, about `y`.
    pub(super) fn sample(self, block: &mut Block, x: f32, y: f32) {
        self.line(block, &[[x, y], [x + 24.0, y]], 1.4);
        self.mark(block, [x + 12.0, y], 2.6);
    }
}

/// A dashed hairline that guides the eye.
pub(super) fn guide(block: &mut Block, from: [f32; 2], to: [f32; 2], ink: Ink) {
    stroke(block, &[from, to], 0.7, ink, GUIDE);
}

/// The same along a curve.
pub(super) fn guide_curve(block: &mut Block, points: &[[f32; 2]], ink: Ink) {
    stroke(block, points, 0.7, ink, GUIDE);
}

fn stroke(block: &mut Block, points: &[[f32; 2]], width: f32, ink: Ink, dash: &[f32]) {
    if points.len() < 2 {
        return;
    }
    for points in dashed(points, dash) {
        block.shapes.push(Shape::Line { points, width, ink, closed: false });
    }
}

/// The parts of a line that a dash leaves.
fn dashed(points: &[[f32; 2]], dash: &[f32]) -> Vec<Vec<[f32; 2]>> {
    if dash.is_empty() || dash.iter().sum::<f32>() <= 0.0 {
        return vec![points.to_vec()];
    }
    let mut parts: Vec<Vec<[f32; 2]>> = Vec::new();
    let mut part = vec![points[0]];
    let (mut turn, mut left) = (0, dash[0]);
    for pair in points.windows(2) {
        let [mut from, to] = [pair[0], pair[1]];
        loop {
            let length = (to[0] - from[0]).hypot(to[1] - from[1]);
            if length <= left {
                left -= length;
                if turn % 2 == 0 {
                    part.push(to);
                }
                break;
            }
            let share = left / length;
            from = [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
            if turn % 2 == 0 {
                part.push(from);
                parts.push(std::mem::take(&mut part));
            } else {
                part = vec![from];
            }
            turn += 1;
            left = dash[turn % dash.len()];
        }
    }
    if turn % 2 == 0 && part.len() > 1 {
        parts.push(part);
    }
    parts
}

/// Circle, square, triangle, diamond, triangle upside down, plus; about the origin.
fn marker(kind: usize, r: f32) -> Vec<[f32; 2]> {
    let corners = |n: usize, turn: f32, r: f32| -> Vec<[f32; 2]> {
        let angle = |i: usize| turn + i as f32 * std::f32::consts::TAU / n as f32;
        (0..n).map(|i| [r * angle(i).sin(), -r * angle(i).cos()]).collect()
    };
    match kind {
        0 => corners(24, 0.0, r),
        1 => corners(4, std::f32::consts::FRAC_PI_4, r * 1.25),
        2 => corners(3, 0.0, r * 1.35),
        3 => corners(4, 0.0, r * 1.3),
        4 => corners(3, std::f32::consts::PI, r * 1.35),
        _ => {
            let (a, b) = (r * 0.42, r * 1.15);
            vec![
                [-a, -b],
                [a, -b],
                [a, -a],
                [b, -a],
                [b, a],
                [a, a],
                [a, b],
                [-a, b],
                [-a, a],
                [-b, a],
                [-b, -a],
                [-a, -a],
            ]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dash_leaves_its_part_of_the_length_around_corners() {
        let corner = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]];
        let parts = dashed(&corner, &[3.0, 1.0]);
        let length =
            |p: &Vec<[f32; 2]>| p.windows(2).map(|w| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1])).sum::<f32>();
        assert_eq!(parts.len(), 5);
        assert!((parts.iter().map(length).sum::<f32>() - 15.0).abs() < 1e-4);
        assert!(parts.iter().any(|p| p.contains(&[10.0, 0.0])), "a dash bends where the line does");
        assert_eq!(dashed(&corner, &[]), [corner.to_vec()]);
    }

    #[test]
    fn neighbours_differ_in_ink_dash_and_marker_and_no_two_are_the_same() {
        for i in 0..DISTINCT {
            let (a, b) = (series_style(i), series_style(i + 1));
            assert!(a.ink != b.ink && a.marker != b.marker && (i % 6 == 5 || a.dash != b.dash));
            assert!((0..i).all(|j| series_style(j) != a), "{i}");
        }
    }
}
