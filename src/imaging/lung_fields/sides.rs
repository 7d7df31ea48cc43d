//! Which pixels of a mask are the right lung and which the left, where their zones end, and what
//! lies between them.
//!
//! Connected parts are given to the side on which their mean lies. The midline is the column that
//! crosses the fewest pixels of the mask in the middle half of the box around it. A part of which
//! more than [`ACROSS`] lies on either side of the midline is two lungs that touch, and is cut
//! there, but only at a waist: where the midline crosses at most [`WAIST`] of what the fullest
//! column of either side has. Specks below [`SPECK`] of the mask are no lung.
//!
//! A row's edge of what lies between the lungs is the innermost pixel of the field in that row;
//! where the field draws back (at the apex, at the costophrenic angle) and in rows that it does not
//! reach, the median of these over its middle third.

use std::ops::Range;

use super::{LungFieldsError, LungRegion};
use crate::components::components;

/// Share of a part beyond the midline from which on it is cut there.
const ACROSS: f64 = 0.1;
/// See the module.
const WAIST: f64 = 0.35;
/// Share of the mask below which a part is a speck.
const SPECK: f64 = 0.005;
/// Share of the mask that a field has at least.
const LEAST: f64 = 0.05;

/// A field, or what of it a row has.
#[derive(Clone, Debug)]
struct Field {
    /// First row, and the one behind the last.
    rows: Range<usize>,
    /// First column, and the one behind the last.
    columns: Range<usize>,
    /// The edge of what lies between the lungs, for each row of the image: the first column beyond
    /// the field, seen from it.
    inner: Vec<usize>,
}

/// Both fields of a mask.
pub(super) struct Sides {
    width: usize,
    /// 1 in the right lung, 2 in the left one, else 0.
    side: Vec<u8>,
    right: Field,
    left: Field,
}

const RIGHT: u8 = 1;
const LEFT: u8 = 2;

impl Sides {
    /// Parts a mask of `width × height`.
    pub(super) fn of(lung: &[bool], width: usize, height: usize) -> Result<Self, LungFieldsError> {
        let mut parts = components(lung, width, height);
        let all: usize = parts.iter().map(Vec::len).sum();
        parts.retain(|part| part.len() as f64 >= SPECK * all as f64);
        if parts.is_empty() {
            return Err(LungFieldsError::Empty);
        }
        let midline = Midline::of(&parts, width);
        let mut side = vec![0; width * height];
        for part in &parts {
            let mean = part.iter().map(|p| (p % width) as f64).sum::<f64>() / part.len() as f64;
            let beyond = part.iter().filter(|p| *p % width >= midline.column).count() as f64 / part.len() as f64;
            let touch = midline.is_waist && beyond.min(1.0 - beyond) > ACROSS;
            for &pixel in part {
                let place = if touch { (pixel % width) as f64 } else { mean };
                side[pixel] = if place < midline.column as f64 { RIGHT } else { LEFT };
            }
        }
        let count = |of: u8| side.iter().map(|s| usize::from(*s == of)).sum::<usize>() as f64;
        let (right, left) = (count(RIGHT), count(LEFT));
        if right.min(left) < LEAST * (right + left) {
            return Err(LungFieldsError::OneField);
        }
        let field = |of: u8| Field::of(&side, of, width, height);
        let (right, left) = (field(RIGHT), field(LEFT));
        Ok(Self { width, side, right, left })
    }

    /// The zone that a pixel lies in, where it lies in a lung.
    pub(super) fn zone(&self, x: usize, y: usize) -> Option<LungRegion> {
        use LungRegion as R;
        let (field, zones) = match self.side[y * self.width + x] {
            RIGHT => (&self.right, [R::RightUpper, R::RightMiddle, R::RightLower]),
            LEFT => (&self.left, [R::LeftUpper, R::LeftMiddle, R::LeftLower]),
            _ => return None,
        };
        Some(zones[((y - field.rows.start) * 3 / field.rows.len()).min(2)])
    }

    /// The columns between the lungs in a row.
    pub(super) fn between(&self, y: usize) -> Range<usize> {
        let rows = self.right.rows.start.min(self.left.rows.start)..self.right.rows.end.max(self.left.rows.end);
        if rows.contains(&y) { self.right.inner[y]..self.left.inner[y] } else { 0..0 }
    }

    /// Left, top, right and bottom of the box around both.
    pub(super) fn bounds(&self) -> [usize; 4] {
        let (a, b) = (&self.right, &self.left);
        [
            a.columns.start.min(b.columns.start),
            a.rows.start.min(b.rows.start),
            a.columns.end.max(b.columns.end),
            a.rows.end.max(b.rows.end),
        ]
    }
}

impl Field {
    fn of(side: &[u8], of: u8, width: usize, height: usize) -> Self {
        // First and last column of each row.
        let ends: Vec<Option<(usize, usize)>> = side
            .chunks_exact(width)
            .map(|row| Some((row.iter().position(|s| *s == of)?, row.iter().rposition(|s| *s == of)?)))
            .collect();
        let rows = ends.iter().position(Option::is_some).unwrap_or(0)
            ..ends.iter().rposition(Option::is_some).map_or(height, |last| last + 1);
        let columns = ends.iter().flatten().map(|e| e.0).min().unwrap_or(0)
            ..ends.iter().flatten().map(|e| e.1 + 1).max().unwrap_or(width);
        let inner = |(first, last): (usize, usize)| if of == RIGHT { last + 1 } else { first };
        let third = rows.len() / 3;
        let mut middle: Vec<usize> =
            ends[rows.start + third..rows.end - third].iter().flatten().map(|e| inner(*e)).collect();
        middle.sort_unstable();
        let usual =
            middle.get(middle.len() / 2).copied().unwrap_or(if of == RIGHT { columns.end } else { columns.start });
        let innermost = |edge: usize| if of == RIGHT { edge.max(usual) } else { edge.min(usual) };
        let inner = ends.iter().map(|e| e.map_or(usual, |e| innermost(inner(e)))).collect();
        Self { rows, columns, inner }
    }
}

/// Where the lungs are parted.
struct Midline {
    column: usize,
    /// Whether the mask is so thin there that it is two lungs which touch.
    is_waist: bool,
}

impl Midline {
    fn of(parts: &[Vec<usize>], width: usize) -> Self {
        let mut counts = vec![0_usize; width];
        parts.iter().flatten().for_each(|pixel| counts[pixel % width] += 1);
        let first = counts.iter().position(|n| *n > 0).unwrap_or(0);
        let last = counts.iter().rposition(|n| *n > 0).unwrap_or(0);
        let quarter = (last - first) / 4;
        let centre = first.midpoint(last);
        let column =
            (first + quarter..=last - quarter).min_by_key(|x| (counts[*x], x.abs_diff(centre))).unwrap_or(centre);
        let most = |columns: &[usize]| columns.iter().copied().max().unwrap_or(0);
        let fullest = most(&counts[..column]).min(most(&counts[column..]));
        Self { column, is_waist: counts[column] as f64 <= WAIST * fullest as f64 }
    }
}
