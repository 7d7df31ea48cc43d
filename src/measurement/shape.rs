//! Shapes that drawing and moving keep: circles round, and the short axis at right angles to the
//! long one, in millimetres where pixels are not square.
//!
//! ```text
//! circle:  box [m − r/c, m + r/c] × [m − r/r', m + r/r']        r: radius, c, r': width and height of a pixel
//! axes:    (b − a) · (d − c) = 0                                in the unit of lengths
//! ```

use super::geometry::{Metric, Point};
use super::{Kind, rounded};

/// The points of a measurement as they are kept, of those that were set: a circle is set by its
/// middle and a point of its rim, and the last end of a short axis goes at a right angle.
#[must_use]
pub fn drawn(kind: Kind, points: &[Point], size: [usize; 2], metric: &Metric) -> Vec<Point> {
    match (kind, points) {
        (Kind::Circle, [center, rim]) => circle(metric, *center, *rim, size).to_vec(),
        (Kind::Bidirectional, [a, b, c, d]) => vec![*a, *b, *c, short_end(metric, [*a, *b], *c, *d, size)],
        _ => points.to_vec(),
    }
}

/// The middle of two points.
#[must_use]
pub fn middle(a: Point, b: Point) -> Point {
    [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])]
}

/// Two opposite corners of the box around the circle with this middle through `rim`, no larger than
/// an image of `width × height` allows.
#[must_use]
pub fn circle(metric: &Metric, center: Point, rim: Point, size: [usize; 2]) -> [Point; 2] {
    let pixel = metric.pixel();
    let room = [0, 1].map(|i| center[i].min(size[i] as f64 - center[i]).max(0.0) * pixel[i]);
    let radius = metric.length(center, rim).min(room[0]).min(room[1]);
    let reach = pixel.map(|side| radius / side);
    [-1.0, 1.0].map(|way| rounded([center[0] + way * reach[0], center[1] + way * reach[1]]))
}

/// The end of a short axis that begins at `from` and goes towards `to`, at right angles to the long
/// axis; no farther than an image of `width × height` reaches.
#[must_use]
pub fn short_end(metric: &Metric, long: [Point; 2], from: Point, to: Point, size: [usize; 2]) -> Point {
    let Some(axes) = Axes::of(metric, long) else { return to };
    let [_, across] = axes.parts(metric.way(from, to));
    rounded(axes.beside(metric, from, across, size))
}

/// Long and short axis with one end at another place: an end of the long axis turns both, an end of
/// the short axis moves it along the long one.
#[must_use]
pub fn axes_moved(metric: &Metric, points: [Point; 4], end: usize, to: Point, size: [usize; 2]) -> [Point; 4] {
    let [a, b, c, d] = points;
    let Some(before) = Axes::of(metric, [a, b]) else { return points };
    let long = match end {
        0 => [to, b],
        1 => [a, to],
        _ => [a, b],
    };
    let Some(after) = Axes::of(metric, long) else { return points };
    let [along, from] = before.parts(metric.way(a, c));
    let [_, until] = before.parts(metric.way(a, d));
    // Where the short axis crosses the long one, as a part of its length, and how far it reaches.
    let (part, [from, until]) = match end {
        2 | 3 => {
            let [along, across] = after.parts(metric.way(a, to));
            (along / after.length, if end == 2 { [across, until] } else { [from, across] })
        }
        _ => (along / before.length, [from, until]),
    };
    let foot = [0, 1].map(|i| long[0][i] + part * (long[1][i] - long[0][i]));
    let ends = [from, until].map(|across| rounded(after.beside(metric, foot, across, size)));
    [rounded(long[0]), rounded(long[1]), ends[0], ends[1]]
}

/// The directions along a long axis and across it, of length 1.
struct Axes {
    along: [f64; 2],
    length: f64,
}

impl Axes {
    fn of(metric: &Metric, [a, b]: [Point; 2]) -> Option<Self> {
        let [x, y] = metric.way(a, b);
        let length = x.hypot(y);
        (length > 1e-9).then(|| Self { along: [x / length, y / length], length })
    }

    /// The parts of a way along the axis and across it.
    fn parts(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [u, v] = self.along;
        [x * u + y * v, y * u - x * v]
    }

    /// The point so far across from another one, or as far as the image goes.
    fn beside(&self, metric: &Metric, from: Point, across: f64, size: [usize; 2]) -> Point {
        let pixel = metric.pixel();
        let way = [-self.along[1] * across / pixel[0], self.along[0] * across / pixel[1]];
        let part = (0..2).fold(1.0_f64, |part, i| {
            let room = if way[i] > 0.0 { size[i] as f64 - from[i] } else { from[i] };
            if way[i].abs() > 1e-12 { part.min(room.max(0.0) / way[i].abs()) } else { part }
        });
        [from[0] + part * way[0], from[1] + part * way[1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_never_leaves_the_image() {
        let metric = Metric::PIXELS;
        assert_eq!(circle(&metric, [50.0, 50.0], [53.0, 54.0], [100, 100]), [[45.0, 45.0], [55.0, 55.0]]);
        assert_eq!(circle(&metric, [10.0, 50.0], [80.0, 50.0], [100, 100]), [[0.0, 40.0], [20.0, 60.0]]);
    }

    #[test]
    fn a_short_axis_ends_at_right_angles_and_on_the_image() {
        let metric = Metric::PIXELS;
        let long = [[10.0, 50.0], [90.0, 50.0]];
        assert_eq!(short_end(&metric, long, [40.0, 45.0], [47.0, 62.0], [100, 100]), [40.0, 62.0]);
        let steep = [[10.0, 10.0], [90.0, 90.0]];
        let end = short_end(&metric, steep, [90.0, 50.0], [200.0, -90.0], [100, 100]);
        assert_eq!(end, [100.0, 40.0]);
        // Without a long axis there is no angle.
        assert_eq!(short_end(&metric, [[1.0, 1.0]; 2], [4.0, 4.0], [6.0, 7.0], [100, 100]), [6.0, 7.0]);
    }
}
