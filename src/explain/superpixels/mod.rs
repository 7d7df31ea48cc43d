//! Superpixels: the patches of one image that Shapley values are given to.
//!
//! SLIC (Achanta et al. 2012) is k-means of grey value and place in which each centre looks only at
//! its surroundings. With the grey `g` scaled to 0–100 (the range of L in CIELAB, in which the
//! paper's compactness `m` is given), a grid of step `S` and the distance `d` in pixels,
//!
//! ```text
//! D² = Δg² + (d/S)²·m²
//! ```
//!
//! Grey is scaled by the image's own 0.5–99.5 % range, so the window and the units of the image do
//! not matter. The clusters need not be in one piece, so fragments join a neighbour afterwards. No
//! random numbers: an image has one segmentation.
//!
//! What is not here: masks, colour, volumes.

mod borders;
mod connected;

pub use borders::Run;

use crate::imaging::Plane;
use crate::imaging::stats::percentiles;

/// Most segments that can be asked for: pieces as small as a quarter may come out, and labels are
/// 16 bits wide.
pub const MOST: usize = 16_383;
/// Rounds of k-means; the paper finds ten enough for every image.
const ROUNDS: usize = 10;
/// Share of the grey values beyond either end of the scale.
const TAIL: f64 = 0.005;

/// An image cut into patches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Superpixels {
    pub width: usize,
    pub height: usize,
    /// Segment of each pixel, row by row. Segments are counted from 0 in the order in which reading
    /// meets them.
    pub labels: Vec<u16>,
    pub count: usize,
}

impl Superpixels {
    /// Cuts `image` into about `segments` patches (1 to [`MOST`]), each connected by its pixels'
    /// sides.
    ///
    /// `compactness` above 10 gives squares, far below 10 patches that follow every edge. An image
    /// of one value is cut into squares, an empty one into nothing.
    #[must_use]
    pub fn slic(image: &Plane, segments: usize, compactness: f32) -> Self {
        let (width, height) = (image.width, image.height);
        let pixels = width * height;
        if pixels == 0 || image.values.len() != pixels {
            return Self::default();
        }
        let compactness = if compactness.is_finite() { compactness.max(0.0) } else { 10.0 };
        let segments = segments.clamp(1, MOST.min(pixels));
        let clusters = clusters(&lightness(image), width, height, segments, compactness);
        let least = pixels.div_ceil(4 * segments);
        let (labels, count) = connected::enforced(&clusters, width, height, least);
        Self { width, height, labels, count }
    }

    /// A map with one value for each segment. Segments without a value are 0.
    #[must_use]
    pub fn painted(&self, values: &[f32]) -> Plane {
        let values = self.labels.iter().map(|l| values.get(usize::from(*l)).copied().unwrap_or(0.0)).collect();
        Plane { width: self.width, height: self.height, values }
    }

    /// The image (`C·H·W` values) in which the segments that are not `present` show the baseline
    /// instead.
    #[must_use]
    pub fn composed(&self, present: &[bool], picture: &[f32], baseline: &[f32]) -> Vec<f32> {
        let shown = |l: &u16| present.get(usize::from(*l)).copied().unwrap_or(false);
        let pairs = picture.iter().zip(baseline).zip(self.labels.iter().cycle());
        pairs.map(|((p, b), l)| if shown(l) { *p } else { *b }).collect()
    }
}

/// Grey values on the scale 0–100; what is not a number is black.
fn lightness(image: &Plane) -> Vec<f32> {
    let range = percentiles(image, None, &[TAIL, 1.0 - TAIL]).unwrap_or_default();
    let (low, high) = match range[..] {
        [low, high] if high > low => (low, high),
        _ => return vec![0.0; image.values.len()],
    };
    let scaled = |v: &f32| ((v - low) / (high - low)).clamp(0.0, 1.0) * 100.0;
    image.values.iter().map(|v| if v.is_finite() { scaled(v) } else { 0.0 }).collect()
}

#[derive(Clone, Copy)]
struct Center {
    x: f32,
    y: f32,
    grey: f32,
}

/// The cluster of each pixel, not yet in one piece each.
fn clusters(grey: &[f32], width: usize, height: usize, segments: usize, compactness: f32) -> Vec<u32> {
    let (w, h) = (width as f32, height as f32);
    let columns = ((segments as f32 * w / h).sqrt().round() as usize).clamp(1, width.min(segments));
    let rows = ((segments as f32 / columns as f32).round() as usize).clamp(1, height);
    let step = (w * h / (columns * rows) as f32).sqrt();
    let mut centers: Vec<Center> = (0..columns * rows)
        .map(|i| {
            let x = ((i % columns) as f32 + 0.5) * w / columns as f32;
            let y = ((i / columns) as f32 + 0.5) * h / rows as f32;
            let (x, y) = (x as usize, y as usize);
            // Closer together, two centres could move to one place.
            let (x, y) = if step >= 3.0 { calmest(grey, width, height, x, y) } else { (x, y) };
            Center { x: x as f32, y: y as f32, grey: grey[y * width + x] }
        })
        .collect();
    let place = (compactness / step).powi(2);
    // A window must reach the next centre on a grid that is wider one way than the other.
    let reach = (w / columns as f32).max(h / rows as f32).max(step).ceil();
    let mut nearest = vec![0_u32; grey.len()];
    for _ in 0..ROUNDS {
        let mut distance = vec![f32::INFINITY; grey.len()];
        for (k, c) in centers.iter().enumerate() {
            let (left, right) = window(c.x, reach, width);
            let (top, bottom) = window(c.y, reach, height);
            for y in top..bottom {
                for x in left..right {
                    let i = y * width + x;
                    let apart = (x as f32 - c.x).powi(2) + (y as f32 - c.y).powi(2);
                    let d = (grey[i] - c.grey).powi(2) + apart * place;
                    if d < distance[i] {
                        distance[i] = d;
                        nearest[i] = k as u32;
                    }
                }
            }
        }
        recentered(&mut centers, &nearest, grey, width);
    }
    nearest
}

/// The pixels from `at − reach` to `at + reach`, the end left out.
fn window(at: f32, reach: f32, length: usize) -> (usize, usize) {
    ((at - reach).max(0.0) as usize, ((at + reach) as usize + 1).min(length))
}

/// The pixel with the smallest gradient in the 3 × 3 around a place, so that no centre starts on an
/// edge.
fn calmest(grey: &[f32], width: usize, height: usize, x: usize, y: usize) -> (usize, usize) {
    let at = |x: usize, y: usize| grey[y * width + x];
    let gradient = |x: usize, y: usize| {
        let across = at((x + 1).min(width - 1), y) - at(x.saturating_sub(1), y);
        let down = at(x, (y + 1).min(height - 1)) - at(x, y.saturating_sub(1));
        across * across + down * down
    };
    let (mut best, mut least) = ((x, y), gradient(x, y));
    for ny in y.saturating_sub(1)..(y + 2).min(height) {
        for nx in x.saturating_sub(1)..(x + 2).min(width) {
            if gradient(nx, ny) < least {
                (best, least) = ((nx, ny), gradient(nx, ny));
            }
        }
    }
    best
}

/// Moves each centre to the mean of its pixels; one that lost them all stays.
fn recentered(centers: &mut [Center], nearest: &[u32], grey: &[f32], width: usize) {
    let mut sums = vec![(0.0_f64, 0.0_f64, 0.0_f64, 0_u32); centers.len()];
    for (i, k) in nearest.iter().enumerate() {
        let sum = &mut sums[*k as usize];
        sum.0 += (i % width) as f64;
        sum.1 += (i / width) as f64;
        sum.2 += f64::from(grey[i]);
        sum.3 += 1;
    }
    for (center, (x, y, g, n)) in centers.iter_mut().zip(sums) {
        if n > 0 {
            let n = f64::from(n);
            *center = Center { x: (x / n) as f32, y: (y / n) as f32, grey: (g / n) as f32 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two discs of different grey on a dark ground, with a little deterministic grain.
    fn two_discs(side: usize) -> Plane {
        let s = side as f32;
        let inside = |x: f32, y: f32, cx: f32, cy: f32, r: f32| (x - cx * s).hypot(y - cy * s) < r * s;
        let values = (0..side * side)
            .map(|i| {
                let (x, y) = ((i % side) as f32, (i / side) as f32);
                let grain = ((i * 7919) % 101) as f32 / 101.0 * 20.0;
                grain
                    + if inside(x, y, 0.3, 0.35, 0.19) {
                        900.0
                    } else if inside(x, y, 0.68, 0.63, 0.24) {
                        500.0
                    } else {
                        100.0
                    }
            })
            .collect();
        Plane { width: side, height: side, values }
    }

    fn pieces(s: &Superpixels) -> usize {
        connected::components(&s.labels, s.width, s.height).1
    }

    /// Share of the true edges (between pixels whose grey differs by more than 200) with a boundary
    /// within 2 pixels.
    fn recall(image: &Plane, s: &Superpixels) -> f64 {
        let (w, h) = (image.width, image.height);
        let label = |x: usize, y: usize| s.labels[y * w + x];
        let border = |x: usize, y: usize| {
            (x + 1 < w && label(x, y) != label(x + 1, y)) || (y + 1 < h && label(x, y) != label(x, y + 1))
        };
        let (mut found, mut edges) = (0_usize, 0_usize);
        for y in 0..h - 1 {
            for x in 0..w - 1 {
                let edge = (image.at(x, y) - image.at(x + 1, y)).abs() > 200.0
                    || (image.at(x, y) - image.at(x, y + 1)).abs() > 200.0;
                if edge {
                    edges += 1;
                    let near = (y.saturating_sub(2)..(y + 3).min(h))
                        .any(|ny| (x.saturating_sub(2)..(x + 3).min(w)).any(|nx| border(nx, ny)));
                    found += usize::from(near);
                }
            }
        }
        found as f64 / edges as f64
    }

    #[test]
    fn every_segment_is_one_piece_and_none_is_tiny() {
        for (side, segments) in [(96, 50), (64, 20), (33, 100), (16, 256)] {
            let s = Superpixels::slic(&two_discs(side), segments, 10.0);
            assert_eq!(s.labels.len(), side * side);
            assert_eq!(usize::from(*s.labels.iter().max().unwrap()) + 1, s.count);
            assert_eq!(pieces(&s), s.count, "{side} {segments}");
            let near = s.count as f64 / segments as f64;
            assert!((0.7..=1.3).contains(&near), "{side}: {} of {segments}", s.count);
            let mut sizes = vec![0; s.count];
            s.labels.iter().for_each(|l| sizes[usize::from(*l)] += 1);
            assert!(sizes.iter().all(|n| *n >= (side * side).div_ceil(4 * segments)));
        }
    }

    #[test]
    fn labels_are_counted_in_reading_order() {
        let s = Superpixels::slic(&two_discs(64), 30, 10.0);
        let mut next = 0;
        for l in &s.labels {
            assert!(*l <= next, "{l} comes before {next}");
            next = next.max(l + 1);
        }
        assert_eq!(usize::from(next), s.count);
    }

    /// Here 64 segments with a recall of 1;
    /// `skimage.segmentation.slic(image, n_segments=60, compactness=0.1)` of scikit-image 0.26 on
    /// the same image scaled to 0–1, where 0.1 is our 10, makes 52 with a recall of 1.
    #[test]
    fn boundaries_lie_on_the_edges_of_the_image() {
        let image = two_discs(96);
        let s = Superpixels::slic(&image, 60, 10.0);
        assert!(recall(&image, &s) > 0.98, "{}", recall(&image, &s));
    }

    #[test]
    fn units_and_offset_of_the_image_do_not_matter() {
        // Whole numbers, so that scaling rounds nothing.
        let image = Plane { values: two_discs(48).values.iter().map(|v| v.round()).collect(), ..two_discs(48) };
        let other = Plane { values: image.values.iter().map(|v| v * 4.0 - 2048.0).collect(), ..image.clone() };
        assert!(Superpixels::slic(&image, 25, 10.0) == Superpixels::slic(&other, 25, 10.0));
    }

    #[test]
    fn a_constant_image_is_cut_into_squares() {
        let s = Superpixels::slic(&Plane::filled(40, 40, 7.0), 16, 10.0);
        assert_eq!(s.count, 16);
        assert_eq!(pieces(&s), 16);
    }

    #[test]
    fn images_without_pixels_numbers_or_size_are_survived() {
        assert_eq!(Superpixels::slic(&Plane::default(), 10, 10.0).count, 0);
        assert_eq!(Superpixels::slic(&Plane::filled(1, 1, 3.0), 50, 10.0).labels, [0]);
        assert_eq!(Superpixels::slic(&Plane::filled(9, 1, f32::NAN), 3, 10.0).count, 3);
        let noise = Plane { width: 50, height: 3, values: (0..150).map(|i| ((i * 7919) % 149) as f32).collect() };
        let s = Superpixels::slic(&noise, 5, 0.0);
        assert_eq!(pieces(&s), s.count);
        assert!(Superpixels::slic(&noise, 0, 10.0).count >= 1);
    }

    #[test]
    fn absent_segments_show_the_baseline_in_every_channel() {
        let s = Superpixels { width: 2, height: 1, labels: vec![0, 1], count: 2 };
        let composed = s.composed(&[true, false], &[1.0, 2.0, 3.0, 4.0], &[0.0; 4]);
        assert_eq!(composed, [1.0, 0.0, 3.0, 0.0]);
        assert_eq!(s.painted(&[0.5, -1.0]).values, [0.5, -1.0]);
    }
}
