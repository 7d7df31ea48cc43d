//! Contour lines of a map by marching squares (Lorensen & Cline 1987, in the plane).
//!
//! Four neighbouring samples make a cell; where the level passes between two of them, linear
//! interpolation gives a point. In the ambiguous cell (two opposite corners above) the mean of the
//! four decides whether the ridge is joined. The pieces are then chained to polylines. Lines that
//! leave the map end at its outermost samples: nothing is invented outside.

use std::collections::HashMap;

use super::Plane;

/// A line of one value.
#[derive(Clone, Debug, PartialEq)]
pub struct Contour {
    pub level: f32,
    /// `[x, y]` in pixels of the target image: the centre of its first pixel is `[0.5, 0.5]`.
    pub points: Vec<[f32; 2]>,
    /// True when the last point is joined to the first.
    pub closed: bool,
}

/// Where a line crosses the grid: the sample left of or above the crossing, and whether the
/// crossing is below it.
type Crossing = (usize, usize, bool);

/// Contours of `map` at each of `levels`, in the coordinates of an image of `width` × `height` that
/// the map covers.
#[must_use]
pub fn contours(map: &Plane, levels: &[f32], width: usize, height: usize) -> Vec<Contour> {
    if map.width < 2 || map.height < 2 {
        return Vec::new();
    }
    let (scale_x, scale_y) = (width as f32 / map.width as f32, height as f32 / map.height as f32);
    let mut lines = Vec::new();
    for &level in levels {
        for (chain, closed) in chains(&segments(map, level)) {
            let points = chain
                .into_iter()
                .map(|crossing| {
                    let [x, y] = position(map, level, crossing);
                    [(x + 0.5) * scale_x, (y + 0.5) * scale_y]
                })
                .collect();
            lines.push(Contour { level, points, closed });
        }
    }
    lines
}

/// The point of a crossing in samples.
fn position(map: &Plane, level: f32, (x, y, below): Crossing) -> [f32; 2] {
    let first = map.at(x, y);
    let second = if below { map.at(x, y + 1) } else { map.at(x + 1, y) };
    let part = ((level - first) / (second - first)).clamp(0.0, 1.0);
    if below { [x as f32, y as f32 + part] } else { [x as f32 + part, y as f32] }
}

fn segments(map: &Plane, level: f32) -> Vec<(Crossing, Crossing)> {
    let mut pieces = Vec::new();
    for y in 0..map.height - 1 {
        for x in 0..map.width - 1 {
            let corners = [map.at(x, y), map.at(x + 1, y), map.at(x + 1, y + 1), map.at(x, y + 1)];
            let [a, b, c, d] = corners.map(|v| v >= level);
            let (top, right, bottom, left) = ((x, y, false), (x + 1, y, true), (x, y + 1, false), (x, y, true));
            let joined = corners.iter().sum::<f32>() / 4.0 >= level;
            match (a, b, c, d) {
                (false, false, false, false) | (true, true, true, true) => {}
                (true, false, false, false) | (false, true, true, true) => pieces.push((left, top)),
                (false, true, false, false) | (true, false, true, true) => pieces.push((top, right)),
                (false, false, true, false) | (true, true, false, true) => pieces.push((right, bottom)),
                (false, false, false, true) | (true, true, true, false) => pieces.push((bottom, left)),
                (true, true, false, false) | (false, false, true, true) => pieces.push((left, right)),
                (true, false, false, true) | (false, true, true, false) => pieces.push((top, bottom)),
                (true, false, true, false) if joined => pieces.extend([(top, right), (bottom, left)]),
                (false, true, false, true) if !joined => pieces.extend([(top, right), (bottom, left)]),
                (true, false, true, false) | (false, true, false, true) => {
                    pieces.extend([(left, top), (right, bottom)]);
                }
            }
        }
    }
    pieces
}

/// Joins pieces that share a crossing; open lines first, so that none is entered in its middle.
fn chains(pieces: &[(Crossing, Crossing)]) -> Vec<(Vec<Crossing>, bool)> {
    let mut at: HashMap<Crossing, Vec<usize>> = HashMap::new();
    for (i, &(a, b)) in pieces.iter().enumerate() {
        at.entry(a).or_default().push(i);
        at.entry(b).or_default().push(i);
    }
    let is_end = |crossing: &Crossing| at[crossing].len() == 1;
    let (open, rest): (Vec<usize>, Vec<usize>) =
        (0..pieces.len()).partition(|&i| is_end(&pieces[i].0) || is_end(&pieces[i].1));
    let mut used = vec![false; pieces.len()];
    let mut lines = Vec::new();
    for start in open.into_iter().chain(rest) {
        if used[start] {
            continue;
        }
        used[start] = true;
        let (a, b) = pieces[start];
        let mut line = if is_end(&b) { vec![b, a] } else { vec![a, b] };
        while let Some(&next) = line.last().and_then(|last| at[last].iter().find(|&&i| !used[i])) {
            used[next] = true;
            let (a, b) = pieces[next];
            let last = line[line.len() - 1];
            line.push(if a == last { b } else { a });
        }
        let closed = line.len() > 2 && line.first() == line.last();
        if closed {
            line.pop();
        }
        lines.push((line, closed));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cone(size: usize, center: f32) -> Plane {
        let values = (0..size * size)
            .map(|i| {
                let (x, y) = ((i % size) as f32 - center, (i / size) as f32 - center);
                20.0 - x.hypot(y)
            })
            .collect();
        Plane { width: size, height: size, values }
    }

    #[test]
    fn the_contour_of_a_cone_is_one_closed_circle() {
        let lines = contours(&cone(41, 20.0), &[10.0], 41, 41);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].closed && lines[0].points.len() > 50);
        for [x, y] in &lines[0].points {
            let radius = (x - 20.5).hypot(y - 20.5);
            assert!((radius - 10.0).abs() < 0.05, "{radius}");
        }
    }

    #[test]
    fn coordinates_are_those_of_the_picture_that_the_map_covers() {
        let lines = contours(&cone(41, 20.0), &[10.0], 410, 820);
        for [x, y] in &lines[0].points {
            let radius = (x / 10.0 - 20.5).hypot(y / 20.0 - 20.5);
            assert!((radius - 10.0).abs() < 0.05, "{radius}");
        }
    }

    #[test]
    fn a_line_that_leaves_the_map_stays_open() {
        let lines = contours(&cone(41, 0.0), &[10.0], 41, 41);
        assert_eq!(lines.len(), 1);
        assert!(!lines[0].closed);
        let (first, last) = (lines[0].points[0], lines[0].points[lines[0].points.len() - 1]);
        assert!((first[0] - 0.5).abs() < 1e-3 || (first[1] - 0.5).abs() < 1e-3);
        assert!((last[0] - 0.5).abs() < 1e-3 || (last[1] - 0.5).abs() < 1e-3);
    }

    #[test]
    fn two_peaks_on_a_diagonal_are_joined_by_their_mean() {
        let map = |center: f32| {
            let mut map = Plane::filled(4, 4, 0.0);
            map.values[5] = 1.0;
            map.values[10] = 1.0;
            map.values[6] = center;
            map.values[9] = center;
            map
        };
        assert_eq!(contours(&map(0.0), &[0.6], 4, 4).len(), 2);
        assert_eq!(contours(&map(0.5), &[0.6], 4, 4).len(), 1);
    }

    #[test]
    fn a_flat_map_has_no_lines() {
        assert!(contours(&Plane::filled(8, 8, 0.5), &[0.25, 0.5, 0.75], 8, 8).is_empty());
        assert!(contours(&Plane::default(), &[0.5], 8, 8).is_empty());
    }
}
