//! Side markers and border strips: found on what the network is given, without a model.
//!
//! A marker is a letter of lead or one that was written into the pixels: thin, bright, sharp, of
//! the size of letters, near a corner. *Thin and bright* is the white top-hat, the image less its
//! opening by a square (Serra 1982): what remains is brighter than everything the square fits into.
//! *Of the size of letters* is asked of the connected components of what remains:
//!
//! | | in parts of the shorter side |
//! |---|---|
//! | square of the opening, an odd number of pixels | ≤ 0.0225 |
//! | top-hat, of the range of the image's grey values (0.5 to 99.5 %) | > 0.27 |
//! | middle of the component, from the nearest border | < 0.3 across, < 0.35 down |
//! | height, width of the component | 0.018–0.14, 0.01–0.2 |
//!
//! It was made by looking at radiographs of children and adults and tried on phantoms. It finds
//! most letters and words; it misses markers that lie beside the lungs, are nearly as dark as what
//! is around them, or are solid plates, and may take a line or a clip near a corner for one. On
//! images of fewer than [`SMALLEST`] pixels a letter cannot be told from the end of a rib, and none
//! is looked for.

use crate::imaging::Plane;
use crate::stats::quantile;

/// Largest side of the opening's square.
const STROKE: f64 = 0.0225;
/// Shorter side of the smallest image that markers are looked for in: a square of three pixels.
pub const SMALLEST: usize = 134;
/// Least top-hat of a marker, as a share of the image's range.
const CONTRAST: f32 = 0.27;
/// Share of the pixels at each end that the range leaves out.
const TAIL: f64 = 0.005;
/// How far from a border the middle of a marker is, across and down.
const ZONE: (f64, f64) = (0.3, 0.35);
/// Shortest and tallest marker, narrowest and widest, as parts of the shorter side.
const HEIGHT: (f64, f64) = (0.018, 0.14);
const WIDTH: (f64, f64) = (0.01, 0.2);
/// Longest side over the shorter one: across for words, down for strokes.
const LONGEST: (f64, f64) = (8.0, 5.0);
/// A component at the border that fills more of its box is a strip of the border.
const SOLID: f64 = 0.75;
/// Room around a marker, as a part of the shorter side: its blurred edge goes with it.
const ROOM: f64 = 0.01;
/// Narrowest and widest border strip, as a part of the image's side.
const STRIP: (f64, f64) = (0.02, 0.45);
/// Grey values of a row or column of a strip differ by no more than this share of the range.
const UNIFORM: f32 = 0.02;

/// A part of an image: a box, and which of its pixels belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
    /// Row by row.
    pub pixels: Vec<bool>,
}

impl Patch {
    /// The whole box.
    #[must_use]
    pub fn full(x: usize, y: usize, width: usize, height: usize) -> Self {
        Self { x, y, width, height, pixels: vec![true; width * height] }
    }

    /// Column and row of its pixels.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let (x, y, width) = (self.x, self.y, self.width.max(1));
        self.pixels.iter().enumerate().filter(|(_, own)| **own).map(move |(i, _)| (x + i % width, y + i / width))
    }

    /// Whether its middle lies in the left half of an image of this width.
    #[must_use]
    pub fn is_left(&self, width: usize) -> bool {
        2 * self.x + self.width < width
    }
}

/// The markers near the corners of an image, each with a little room around it.
#[must_use]
pub fn markers(plane: &Plane) -> Vec<Patch> {
    let (width, height) = (plane.width, plane.height);
    let side = width.min(height) as f64;
    let range = range(&plane.values);
    if range <= 0.0 || width.min(height) < SMALLEST {
        return Vec::new();
    }
    // The largest odd number that is not above it.
    let square = ((STROKE * side) as usize).div_ceil(2) * 2 - 1;
    let opened = opening(plane, square);
    let thin: Vec<bool> =
        plane.values.iter().zip(&opened).map(|(value, opened)| value - opened > CONTRAST * range).collect();
    let room = ((ROOM * side).round() as usize).max(1);
    let found = components(&thin, width);
    found.iter().filter_map(|places| marker(places, width, height)).map(|m| m.grown(room, width, height)).collect()
}

/// Whether a strip of the image's border is of one grey: collimation, padding, a frame.
#[must_use]
pub fn has_border_strip(plane: &Plane) -> bool {
    let (width, height) = (plane.width, plane.height);
    let range = range(&plane.values);
    if range <= 0.0 {
        return false;
    }
    let uniform = |line: &mut dyn Iterator<Item = f32>| {
        let (low, high) = line.fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        high - low <= UNIFORM * range
    };
    let row = |y: usize| uniform(&mut plane.values[y * width..(y + 1) * width].iter().copied());
    let column = |x: usize| uniform(&mut plane.values.iter().skip(x).step_by(width).copied());
    let is_strip = |lines: usize, side: usize| {
        let share = lines as f64 / side.max(1) as f64;
        lines >= 2 && (STRIP.0..=STRIP.1).contains(&share)
    };
    is_strip((0..height).take_while(|y| row(*y)).count(), height)
        || is_strip((0..height).rev().take_while(|y| row(*y)).count(), height)
        || is_strip((0..width).take_while(|x| column(*x)).count(), width)
        || is_strip((0..width).rev().take_while(|x| column(*x)).count(), width)
}

/// From the 0.5th to the 99.5th percentile.
fn range(values: &[f32]) -> f32 {
    let mut sorted: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f32::total_cmp);
    let at = |q| quantile(&sorted, q);
    (at(1.0 - TAIL) - at(TAIL)) as f32
}

/// The component as a marker, where it is as large, as slender and as near to a corner as one.
fn marker(places: &[(usize, usize)], width: usize, height: usize) -> Option<Patch> {
    let side = width.min(height) as f64;
    let (left, right) = bounds(places.iter().map(|p| p.0))?;
    let (top, bottom) = bounds(places.iter().map(|p| p.1))?;
    let (w, h) = (right - left + 1, bottom - top + 1);
    let (wide, tall) = (w as f64, h as f64);
    let near = |from: usize, length: usize, whole: usize, zone: f64| {
        let middle = (from as f64 + length as f64 / 2.0) / whole as f64;
        middle < zone || middle > 1.0 - zone
    };
    let at_border = left == 0 || top == 0 || right + 1 == width || bottom + 1 == height;
    let fits = (HEIGHT.0 * side..=HEIGHT.1 * side).contains(&tall)
        && (WIDTH.0 * side..=WIDTH.1 * side).contains(&wide)
        && wide <= LONGEST.0 * tall
        && tall <= LONGEST.1 * wide
        && near(left, w, width, ZONE.0)
        && near(top, h, height, ZONE.1)
        && !(at_border && places.len() as f64 > SOLID * wide * tall);
    let mut patch = Patch { x: left, y: top, width: w, height: h, pixels: vec![false; w * h] };
    places.iter().for_each(|(x, y)| patch.pixels[(y - top) * w + (x - left)] = true);
    fits.then_some(patch)
}

fn bounds(values: impl Iterator<Item = usize>) -> Option<(usize, usize)> {
    values.fold(None, |found, v| Some(found.map_or((v, v), |(low, high): (usize, usize)| (low.min(v), high.max(v)))))
}

impl Patch {
    /// With every pixel that lies within `room` of one of its own.
    fn grown(&self, room: usize, width: usize, height: usize) -> Self {
        let (x, y) = (self.x.saturating_sub(room), self.y.saturating_sub(room));
        let (right, bottom) = ((self.x + self.width + room).min(width), (self.y + self.height + room).min(height));
        let mut grown = Self { x, y, width: right - x, height: bottom - y, pixels: Vec::new() };
        grown.pixels = vec![false; grown.width * grown.height];
        for (px, py) in self.places() {
            for row in py.saturating_sub(room)..(py + room + 1).min(height) {
                let from = (row - y) * grown.width;
                let columns = px.saturating_sub(room)..(px + room + 1).min(width);
                grown.pixels[from + columns.start - x..from + columns.end - x].fill(true);
            }
        }
        grown
    }
}

/// Morphological opening by a square: the smallest of each neighbourhood, then the largest of
/// those; what lies beyond the border takes no part.
fn opening(plane: &Plane, square: usize) -> Vec<f32> {
    let eroded = filtered(&plane.values, plane.width, square, f32::INFINITY, f32::min);
    filtered(&eroded, plane.width, square, f32::NEG_INFINITY, f32::max)
}

/// `pick` over a square around each pixel, along rows and then along columns.
fn filtered(values: &[f32], width: usize, square: usize, none: f32, pick: fn(f32, f32) -> f32) -> Vec<f32> {
    let height = values.len() / width.max(1);
    let half = square / 2;
    let mut across = vec![none; values.len()];
    for (row, out) in values.chunks_exact(width.max(1)).zip(across.chunks_exact_mut(width.max(1))) {
        for (x, out) in out.iter_mut().enumerate() {
            *out = row[x.saturating_sub(half)..(x + half + 1).min(width)].iter().copied().fold(none, pick);
        }
    }
    let mut both = vec![none; values.len()];
    for (y, out) in both.chunks_exact_mut(width.max(1)).enumerate() {
        for near in y.saturating_sub(half)..(y + half + 1).min(height) {
            let row = &across[near * width..(near + 1) * width];
            out.iter_mut().zip(row).for_each(|(out, value)| *out = pick(*out, *value));
        }
    }
    both
}

/// Column and row of the pixels of each component, neighbours by side or corner.
fn components(inside: &[bool], width: usize) -> Vec<Vec<(usize, usize)>> {
    let height = inside.len() / width.max(1);
    let mut seen = vec![false; inside.len()];
    let mut found = Vec::new();
    for start in 0..inside.len() {
        if !inside[start] || seen[start] {
            continue;
        }
        seen[start] = true;
        let (mut waiting, mut places) = (vec![start], Vec::new());
        while let Some(i) = waiting.pop() {
            let (x, y) = (i % width, i / width);
            places.push((x, y));
            for ny in y.saturating_sub(1)..(y + 2).min(height) {
                for nx in x.saturating_sub(1)..(x + 2).min(width) {
                    let next = ny * width + nx;
                    if inside[next] && !seen[next] {
                        seen[next] = true;
                        waiting.push(next);
                    }
                }
            }
        }
        found.push(places);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 224;

    /// Dark at the border, bright in the middle, as a radiograph is.
    fn body() -> Plane {
        let value = |i: usize| {
            let (x, y) = ((i % SIDE) as f32 / 223.0 - 0.5, (i / SIDE) as f32 / 223.0 - 0.5);
            1000.0 * (-(8.0 * x * x + 4.0 * y * y)).exp() + 20.0 * (40.0 * x).sin()
        };
        Plane { width: SIDE, height: SIDE, values: (0..SIDE * SIDE).map(value).collect() }
    }

    /// An L of strokes three pixels wide and twelve high.
    fn letter(plane: &mut Plane, left: usize, top: usize) {
        for (dx, dy) in (0..36).map(|i| (i % 3, i / 3)).chain((0..24).map(|i| (i % 8, 9 + i / 8))) {
            plane.values[(top + dy) * SIDE + left + dx] = 1400.0;
        }
    }

    #[test]
    fn a_letter_near_a_corner_is_a_marker_and_the_same_in_the_middle_is_none() {
        assert!(markers(&body()).is_empty());
        let mut marked = body();
        letter(&mut marked, 190, 20);
        let found = markers(&marked);
        assert_eq!(found.len(), 1);
        // Two pixels of room on each side.
        let Patch { x, y, width, height, .. } = found[0];
        assert_eq!((x, y, width, height), (188, 18, 12, 16));
        assert!(!found[0].is_left(SIDE));
        // The letter has 36 + 24 − 9 pixels and is not the whole box.
        let own = found[0].places().count();
        assert!((51..12 * 16).contains(&own), "{own}");
        let mut middle = body();
        letter(&mut middle, 110, 110);
        assert!(markers(&middle).is_empty());
    }

    #[test]
    fn letters_beside_each_other_are_each_found() {
        let mut marked = body();
        letter(&mut marked, 10, 30);
        letter(&mut marked, 24, 30);
        letter(&mut marked, 200, 195);
        assert_eq!(markers(&marked).len(), 3);
    }

    #[test]
    fn what_is_broad_or_a_strip_of_the_border_is_no_marker() {
        let mut plane = body();
        // A plate of 20 × 20, and a strip of three columns along the border.
        (20..40).for_each(|y| plane.values[y * SIDE + 20..y * SIDE + 40].fill(1400.0));
        (0..SIDE).for_each(|y| plane.values[y * SIDE + SIDE - 3..(y + 1) * SIDE].fill(1400.0));
        assert!(markers(&plane).is_empty(), "{:?}", markers(&plane).iter().map(|p| (p.x, p.y)).collect::<Vec<_>>());
        assert!(markers(&Plane::filled(SIDE, SIDE, 1.0)).is_empty());
    }

    #[test]
    fn strips_of_one_grey_are_found_on_every_side() {
        assert!(!has_border_strip(&body()));
        assert!(!has_border_strip(&Plane::filled(SIDE, SIDE, 1.0)));
        for side in 0..4 {
            let mut plane = body();
            for i in 0..SIDE * SIDE {
                let (x, y) = (i % SIDE, i / SIDE);
                let from = [x, y, SIDE - 1 - x, SIDE - 1 - y][side];
                if from < 8 {
                    plane.values[i] = -100.0;
                }
            }
            assert!(has_border_strip(&plane), "{side}");
        }
    }

    #[test]
    fn an_opening_removes_what_the_square_does_not_fit_into() {
        // scipy.ndimage.grey_opening of a row, size 3 (borders apart, as there).
        let plane = Plane { width: 9, height: 1, values: vec![0.0, 5.0, 5.0, 0.0, 7.0, 7.0, 7.0, 0.0, 1.0] };
        assert_eq!(opening(&plane, 3), [0.0, 0.0, 0.0, 0.0, 7.0, 7.0, 7.0, 0.0, 0.0]);
    }
}
