//! Regions of an image: rectangle, ellipse, and an outline drawn by hand.
//!
//! A region is asked row by row for the parts of the row that lie in it ([`Region::spans`]), even–odd
//! where an outline crosses itself. A pixel belongs to a region when its centre does. Areas are those
//! of the shape, not of the counted pixels: width × height, π/4 · width · height, and the shoelace
//! formula
//!
//! ```text
//! area = ½ |Σ (xᵢ yᵢ₊₁ − xᵢ₊₁ yᵢ)|
//! ```
//!
//! which means nothing for an outline that crosses itself; it then has no area.

use std::ops::Range;

use super::geometry::Point;

/// Lines of a coarse cell that are looked at for how much of it is covered.
const LINES: usize = 8;

/// A part of an image.
#[derive(Clone, Debug, PartialEq)]
pub enum Region {
    /// Left, top, right, bottom.
    Rectangle([f64; 4]),
    /// The box around it: left, top, right, bottom.
    Ellipse([f64; 4]),
    /// At least three points; the last is joined to the first.
    Freehand(Vec<Point>),
}

impl Region {
    /// Left, top, right, bottom of the box around it.
    #[must_use]
    pub fn bounds(&self) -> [f64; 4] {
        match self {
            Self::Rectangle(bounds) | Self::Ellipse(bounds) => *bounds,
            Self::Freehand(points) => {
                let start = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
                points.iter().fold(start, |[l, t, r, b], [x, y]| [l.min(*x), t.min(*y), r.max(*x), b.max(*y)])
            }
        }
    }

    /// The parts of the line at height `y` that lie inside, from left to right.
    pub fn spans(&self, y: f64, into: &mut Vec<[f64; 2]>) {
        into.clear();
        match self {
            Self::Rectangle([left, top, right, bottom]) => {
                if (*top..*bottom).contains(&y) {
                    into.push([*left, *right]);
                }
            }
            Self::Ellipse([left, top, right, bottom]) => {
                let (rx, ry) = ((right - left) / 2.0, (bottom - top) / 2.0);
                let part = (y - (top + bottom) / 2.0) / ry;
                if ry > 0.0 && part.abs() < 1.0 {
                    let (middle, half) = ((left + right) / 2.0, rx * (1.0 - part * part).sqrt());
                    into.push([middle - half, middle + half]);
                }
            }
            Self::Freehand(points) => {
                let mut crossings: Vec<f64> = edges(points)
                    .filter(|[a, b]| (a[1] <= y) != (b[1] <= y))
                    .map(|[a, b]| a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]))
                    .collect();
                crossings.sort_by(f64::total_cmp);
                into.extend(crossings.chunks_exact(2).map(|pair| [pair[0], pair[1]]));
            }
        }
    }

    /// Calls `visit` with every row and the columns of its pixels whose centres lie inside, in an
    /// image of `width × height`.
    pub fn rows(&self, [width, height]: [usize; 2], mut visit: impl FnMut(usize, Range<usize>)) {
        let [_, top, _, bottom] = self.bounds();
        let mut spans = Vec::new();
        for y in whole(top - 0.5, height)..whole(bottom + 0.5, height) {
            self.spans(y as f64 + 0.5, &mut spans);
            for [from, to] in &spans {
                let columns = whole(from - 0.5, width)..whole(to - 0.5, width);
                if !columns.is_empty() {
                    visit(y, columns);
                }
            }
        }
    }

    /// Area in pixels of the image; nothing of an outline that crosses itself.
    #[must_use]
    pub fn area(&self) -> Option<f64> {
        match self {
            Self::Rectangle([l, t, r, b]) => Some((r - l) * (b - t)),
            Self::Ellipse([l, t, r, b]) => Some(std::f64::consts::FRAC_PI_4 * (r - l) * (b - t)),
            Self::Freehand(points) if crosses_itself(points) => None,
            Self::Freehand(points) => {
                Some(edges(points).map(|[a, b]| a[0] * b[1] - b[0] * a[1]).sum::<f64>().abs() / 2.0)
            }
        }
    }

    /// Calls `visit` with every cell (column, row) of a grid that covers an image, and the part of
    /// the cell that lies inside.
    pub fn covered(&self, image: [usize; 2], grid: [usize; 2], mut visit: impl FnMut(usize, usize, f64)) {
        let [columns, rows] = grid;
        let step = [image[0] as f64 / columns.max(1) as f64, image[1] as f64 / rows.max(1) as f64];
        let [_, top, _, bottom] = self.bounds();
        let (mut spans, mut parts) = (Vec::new(), vec![0.0; columns]);
        for row in whole((top / step[1]).floor(), rows)..whole(bottom / step[1], rows) {
            parts.fill(0.0);
            for line in 0..LINES {
                let y = (row as f64 + (line as f64 + 0.5) / LINES as f64) * step[1];
                self.spans(y, &mut spans);
                for span in &spans {
                    let [from, to] = span.map(|x| (x / step[0]).clamp(0.0, columns as f64));
                    for (column, part) in parts.iter_mut().enumerate().take(whole(to, columns)).skip(from as usize) {
                        let (left, right) = (column as f64, column as f64 + 1.0);
                        *part += (to.min(right) - from.max(left)).max(0.0) / LINES as f64;
                    }
                }
            }
            for (column, part) in parts.iter().enumerate().filter(|(_, part)| **part > 0.0) {
                visit(column, row, *part);
            }
        }
    }
}

/// The first whole number that is not below `at`, between 0 and `most`.
fn whole(at: f64, most: usize) -> usize {
    // A cast from a float saturates: what is below 0 is 0.
    (at.ceil() as usize).min(most)
}

/// The sides of a closed outline.
fn edges(points: &[Point]) -> impl Iterator<Item = [Point; 2]> {
    points.iter().zip(points.iter().cycle().skip(1)).map(|(a, b)| [*a, *b])
}

/// Whether two sides of an outline that are no neighbours cross.
fn crosses_itself(points: &[Point]) -> bool {
    let sides: Vec<[Point; 2]> = edges(points).collect();
    let turn = |a: Point, b: Point, c: Point| (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    let cross = |[a, b]: [Point; 2], [c, d]: [Point; 2]| {
        turn(a, b, c) * turn(a, b, d) < 0.0 && turn(c, d, a) * turn(c, d, b) < 0.0
    };
    (0..sides.len()).any(|i| (i + 1..sides.len()).any(|j| cross(sides[i], sides[j])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(region: &Region, size: [usize; 2]) -> usize {
        let mut count = 0;
        region.rows(size, |_, columns| count += columns.len());
        count
    }

    fn circle(n: usize) -> Region {
        let point = |i: usize| {
            let (s, c) = (std::f64::consts::TAU * i as f64 / n as f64).sin_cos();
            [50.0 + 40.0 * c, 50.0 + 40.0 * s]
        };
        Region::Freehand((0..n).map(point).collect())
    }

    #[test]
    fn a_pixel_belongs_to_a_region_when_its_centre_does() {
        assert_eq!(pixels(&Region::Rectangle([2.0, 3.0, 5.0, 7.0]), [10, 10]), 12);
        // Centres lie at halves: this one takes column 2 and leaves column 5.
        assert_eq!(pixels(&Region::Rectangle([2.5, 3.0, 5.5, 4.0]), [10, 10]), 3);
        assert_eq!(pixels(&Region::Rectangle([2.6, 3.0, 5.4, 4.0]), [10, 10]), 2);
        assert_eq!(pixels(&Region::Rectangle([-20.0, -20.0, 30.0, 30.0]), [10, 10]), 100);
        assert_eq!(pixels(&Region::Rectangle([4.0, 4.0, 4.0, 4.0]), [10, 10]), 0);
        // Two regions side by side share no pixel and leave none out.
        let halves = [[0.0, 0.0, 4.5, 10.0], [4.5, 0.0, 10.0, 10.0]].map(|b| pixels(&Region::Rectangle(b), [10, 10]));
        assert_eq!(halves.iter().sum::<usize>(), 100);
    }

    #[test]
    fn areas_are_those_of_the_shape_and_pixels_come_close() {
        let ellipse = Region::Ellipse([10.0, 10.0, 90.0, 60.0]);
        let area = std::f64::consts::PI * 40.0 * 25.0;
        assert!((ellipse.area().unwrap() - area).abs() < 1e-9);
        assert!((pixels(&ellipse, [100, 100]) as f64 - area).abs() < 0.01 * area);
        let circle = circle(360);
        assert!((circle.area().unwrap() - std::f64::consts::PI * 1600.0).abs() < 1.0);
        assert!((pixels(&circle, [100, 100]) as f64 - circle.area().unwrap()).abs() < 60.0);
    }

    #[test]
    fn an_outline_that_crosses_itself_has_no_area() {
        let eight = Region::Freehand(vec![[0.0, 0.0], [10.0, 10.0], [10.0, 0.0], [0.0, 10.0]]);
        assert_eq!(eight.area(), None);
        let notched = Region::Freehand(vec![[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [5.0, 2.0], [0.0, 10.0]]);
        assert!((notched.area().unwrap() - 60.0).abs() < 1e-9);
    }

    #[test]
    fn what_of_a_coarse_grid_is_covered_adds_up_to_the_area() {
        for region in [Region::Rectangle([13.0, 22.0, 61.0, 71.0]), Region::Ellipse([5.0, 8.0, 77.0, 93.0]), circle(90)]
        {
            for grid in [[100, 100], [10, 20], [7, 3]] {
                let mut sum = 0.0;
                region.covered([100, 100], grid, |_, _, part| {
                    assert!((0.0..=1.0 + 1e-9).contains(&part));
                    sum += part;
                });
                let area = sum * (100.0 / grid[0] as f64) * (100.0 / grid[1] as f64);
                let expected = region.area().unwrap();
                // Lines are an eighth of a cell apart.
                assert!((area - expected).abs() < 0.06 * expected, "{grid:?}: {area} and not {expected}");
            }
        }
        let small = Region::Rectangle([40.2, 40.2, 40.8, 40.8]);
        let mut sum = 0.0;
        small.covered([100, 100], [100, 100], |_, _, part| sum += part);
        assert!((sum - 0.36).abs() < 0.1, "a region smaller than a cell is not lost: {sum}");
    }
}
