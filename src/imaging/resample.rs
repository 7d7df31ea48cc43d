//! Resampling by separable triangle filters on half-pixel centres.
//!
//! [`resize`] is
//! `torch.nn.functional.interpolate(mode="bilinear", align_corners=False, antialias=True)`: when it
//! shrinks, the triangle widens with the step, so that no input pixel is skipped. [`bilinear`] is
//! the same call without `antialias`; heat maps grow by it. [`sample_region`] cuts a part out of a
//! plane at the resolution of the screen.

use std::ops::Range;

use rayon::prelude::*;

use super::Plane;

/// Most values between the two passes; beyond, the pass that leaves fewer comes first.
const BETWEEN: usize = 1 << 25;

/// A rectangle of a plane in pixels: (0, 0) is the outer corner of the first pixel, its centre is
/// (0.5, 0.5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

impl Region {
    /// All of a plane.
    #[must_use]
    pub fn whole(plane: &Plane) -> Self {
        Self { x: 0.0, y: 0.0, width: plane.width as f32, height: plane.height as f32 }
    }
}

/// Resamples to `width` × `height`: antialiased where it shrinks, bilinear where it grows.
#[must_use]
pub fn resize(plane: &Plane, width: usize, height: usize) -> Plane {
    if (plane.width, plane.height) == (width, height) {
        return plane.clone();
    }
    sample_region(plane, Region::whole(plane), width, height)
}

/// The part `columns` × `rows` of [`resize`].
#[must_use]
pub fn resize_part(plane: &Plane, width: usize, height: usize, columns: Range<usize>, rows: Range<usize>) -> Plane {
    if (plane.width, plane.height) == (width, height) {
        let (columns, rows) = (columns.start.min(width)..columns.end.min(width), rows.start..rows.end.min(height));
        let values = rows.clone().flat_map(|y| plane.values[y * width..][columns.clone()].iter().copied()).collect();
        return Plane { width: columns.len(), height: rows.len(), values };
    }
    convolve(
        plane,
        &triangle(plane.width, 0.0, plane.width as f64, width, columns),
        &triangle(plane.height, 0.0, plane.height as f64, height, rows),
    )
}

/// Samples `width` × `height` values of a region: antialiased where it shrinks, bilinear where it
/// grows.
///
/// What lies outside the plane repeats its border. An empty plane gives zeros.
#[must_use]
pub fn sample_region(plane: &Plane, region: Region, width: usize, height: usize) -> Plane {
    let taps =
        |length, start: f32, extent: f32, count| triangle(length, f64::from(start), f64::from(extent), count, 0..count);
    convolve(
        plane,
        &taps(plane.width, region.x, region.width, width),
        &taps(plane.height, region.y, region.height, height),
    )
}

/// Bilinear interpolation without antialiasing, half-pixel centres (`align_corners=False`).
#[must_use]
pub fn bilinear(plane: &Plane, width: usize, height: usize) -> Plane {
    convolve(plane, &two_nearest(plane.width, width), &two_nearest(plane.height, height))
}

/// The part `columns` × `rows` of [`bilinear`].
#[must_use]
pub fn bilinear_part(plane: &Plane, width: usize, height: usize, columns: Range<usize>, rows: Range<usize>) -> Plane {
    convolve(plane, &two_nearest(plane.width, width)[columns], &two_nearest(plane.height, height)[rows])
}

/// The input values that make one output value: the first one's index, and a weight for each.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// Of `count` output values over `extent` input values those in `wanted`.
fn triangle(length: usize, start: f64, extent: f64, count: usize, wanted: Range<usize>) -> Vec<Taps> {
    let step = extent / count.max(1) as f64;
    let support = step.max(1.0);
    let last = length.saturating_sub(1);
    let tap = |i: usize| {
        let center = start + step * (i as f64 + 0.5);
        let low = (center - support + 0.5).floor().clamp(0.0, last as f64) as usize;
        let high = ((center + support + 0.5).floor().clamp(0.0, length as f64) as usize).max(low + 1);
        let mut weights: Vec<f32> =
            (low..high).map(|j| (1.0 - (j as f64 + 0.5 - center).abs() / support).max(0.0) as f32).collect();
        let sum: f32 = weights.iter().sum();
        if sum > 0.0 {
            for weight in &mut weights {
                *weight /= sum;
            }
            return Taps { first: low, weights };
        }
        let nearest = center.floor().clamp(0.0, last as f64) as usize;
        Taps { first: nearest, weights: vec![1.0] }
    };
    wanted.map(tap).collect()
}

fn two_nearest(length: usize, count: usize) -> Vec<Taps> {
    let step = length as f64 / count.max(1) as f64;
    let tap = |i: usize| {
        let position = (step * (i as f64 + 0.5) - 0.5).max(0.0);
        let first = (position as usize).min(length.saturating_sub(1));
        let fraction = (position - first as f64) as f32;
        let weights = if first + 1 < length { vec![1.0 - fraction, fraction] } else { vec![1.0] };
        Taps { first, weights }
    };
    (0..count).map(tap).collect()
}

fn convolve(plane: &Plane, across: &[Taps], down: &[Taps]) -> Plane {
    let (width, height) = (across.len(), down.len());
    let mut out = Plane::filled(width, height, 0.0);
    if plane.values.is_empty() || out.values.is_empty() {
        return out;
    }
    // Only the rows that some output row needs are filtered.
    let top = down.iter().map(|t| t.first).min().unwrap_or(0);
    let bottom = down.iter().map(|t| t.first + t.weights.len()).max().unwrap_or(0);
    if width * (bottom - top) > BETWEEN && plane.width * height < width * (bottom - top) {
        return rows_first(plane, across, down);
    }
    let mut narrowed = vec![0.0_f32; width * (bottom - top)];
    narrowed.par_chunks_mut(width).enumerate().for_each(|(y, out_row)| {
        let row = &plane.values[(top + y) * plane.width..][..plane.width];
        for (value, taps) in out_row.iter_mut().zip(across) {
            *value = row[taps.first..].iter().zip(&taps.weights).map(|(v, w)| v * w).sum();
        }
    });
    out.values.par_chunks_mut(width).zip(down).for_each(|(out_row, taps)| {
        for (j, weight) in taps.weights.iter().enumerate() {
            let row = &narrowed[(taps.first - top + j) * width..][..width];
            out_row.iter_mut().zip(row).for_each(|(value, v)| *value += v * weight);
        }
    });
    out
}

/// The same sums in another order, for planes of millions of rows that become wider.
fn rows_first(plane: &Plane, across: &[Taps], down: &[Taps]) -> Plane {
    let mut out = Plane::filled(across.len(), down.len(), 0.0);
    out.values.par_chunks_mut(across.len()).zip(down).for_each(|(out_row, taps)| {
        let mut lowered = vec![0.0_f32; plane.width];
        for (row, weight) in plane.values[taps.first * plane.width..].chunks_exact(plane.width).zip(&taps.weights) {
            lowered.iter_mut().zip(row).for_each(|(value, v)| *value += v * weight);
        }
        for (value, taps) in out_row.iter_mut().zip(across) {
            *value = lowered[taps.first..].iter().zip(&taps.weights).map(|(v, w)| v * w).sum();
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(plane: &Plane, expected: &[f32]) {
        assert_eq!(plane.values.len(), expected.len());
        for (a, b) in plane.values.iter().zip(expected) {
            assert!((a - b).abs() < 1e-4, "{:?} is not {expected:?}", plane.values);
        }
    }

    /// `x[y, x] = (7 x² + 3 y + x y) mod 11` of 5 rows and 7 columns, the input of the goldens
    /// below.
    fn example() -> Plane {
        let values = (0..35).map(|i| (i % 7, i / 7)).map(|(x, y)| ((7 * x * x + 3 * y + x * y) % 11) as f32).collect();
        Plane { width: 7, height: 5, values }
    }

    /// `F.interpolate(x, size=(2, 3), mode="bilinear", align_corners=False, antialias=True)`, torch
    /// 2.15.
    #[test]
    fn shrinking_matches_torch_with_antialias() {
        let expected = [3.3214, 5.2059, 7.0357, 5.2857, 6.0, 4.3214];
        assert_close(&resize(&example(), 3, 2), &expected);
    }

    /// `F.interpolate(x, size=(6, 9), mode="bilinear", align_corners=False, antialias=True)`, torch
    /// 2.15.
    #[test]
    fn growing_matches_torch_bilinear() {
        let expected = [
            0.0, 4.6667, 6.5556, 6.4444, 8.0, 3.3333, 6.4444, 10.0, 10.0, 2.25, 1.9167, 1.6389, 2.1111, 4.25, 6.5833,
            7.5278, 8.0, 8.5, 4.75, 3.1389, 2.5926, 3.713, 6.5, 6.6296, 5.8796, 5.7778, 6.8333, 7.25, 6.1944, 6.2963,
            7.0463, 6.9167, 4.1296, 3.0093, 3.5556, 5.1667, 7.0, 6.5, 7.25, 7.8333, 5.5, 3.3611, 2.8889, 3.1667, 3.5,
            1.0, 1.0, 2.3333, 5.3333, 10.0, 8.4444, 8.5556, 6.6667, 2.0,
        ];
        assert_close(&resize(&example(), 9, 6), &expected);
    }

    /// `F.interpolate(x, size=(2, 3), mode="bilinear", align_corners=False, antialias=False)`,
    /// torch 2.15.
    #[test]
    fn plain_bilinear_matches_torch_without_antialias() {
        let expected = [1.9167, 4.25, 8.0, 6.5, 5.5, 3.1667];
        assert_close(&bilinear(&example(), 3, 2), &expected);
    }

    /// `F.interpolate(x, size=(6, 8), mode="bilinear", align_corners=False, antialias=False)`,
    /// torch 2.15.
    #[test]
    fn bilinear_growth_matches_torch() {
        let expected = [
            0.0, 5.6875, 6.3125, 7.125, 5.375, 4.5, 10.0, 10.0, 2.25, 1.8438, 1.5781, 3.0469, 5.5625, 7.4062, 7.8906,
            8.5, 4.75, 2.7865, 2.7344, 4.9323, 6.5729, 6.224, 5.5469, 6.8333, 7.25, 5.9635, 6.6406, 6.9896, 5.349,
            3.151, 3.2031, 5.1667, 7.0, 6.3906, 7.7969, 6.8125, 4.2969, 2.8281, 3.0938, 3.5, 1.0, 1.0, 3.0625, 7.375,
            9.125, 8.3125, 7.6875, 2.0,
        ];
        assert_close(&bilinear(&example(), 8, 6), &expected);
    }

    #[test]
    fn resizing_to_the_same_size_changes_nothing() {
        assert_eq!(resize(&example(), 7, 5), example());
        assert_close(&sample_region(&example(), Region::whole(&example()), 7, 5), &example().values);
    }

    #[test]
    fn shrinking_keeps_the_mean_of_every_pixel() {
        let mut plane = Plane::filled(64, 64, 0.0);
        plane.values[37 * 64 + 21] = 4096.0;
        let small = resize(&plane, 4, 4);
        let mean: f32 = small.values.iter().sum::<f32>() / 16.0;
        assert!((mean - 1.0).abs() < 0.05, "a bright pixel must not fall between the samples: {mean}");
    }

    #[test]
    fn a_region_is_the_same_part_of_the_whole() {
        let plane = example();
        let part = sample_region(&plane, Region { x: 2.0, y: 1.0, width: 3.0, height: 2.0 }, 3, 2);
        let expected: Vec<f32> =
            (1..3).flat_map(|y| (2..5).map(move |x| (x, y))).map(|(x, y)| plane.at(x, y)).collect();
        assert_close(&part, &expected);
    }

    #[test]
    fn outside_the_plane_the_border_repeats() {
        let plane = Plane { width: 2, height: 1, values: vec![3.0, 5.0] };
        let out = sample_region(&plane, Region { x: -10.0, y: -4.0, width: 22.0, height: 9.0 }, 22, 9);
        assert_eq!((out.at(0, 0), out.at(21, 8)), (3.0, 5.0));
    }

    #[test]
    fn a_part_is_that_of_the_whole_to_the_bit() {
        for (plane, width, height) in [(example(), 4, 3), (example(), 19, 2), (example(), 7, 5), (example(), 2, 40)] {
            let whole = resize(&plane, width, height);
            let part = resize_part(&plane, width, height, 1..width, 1..height);
            assert_eq!((part.width, part.height), (width - 1, height - 1));
            let expected = (1..height).flat_map(|y| (1..width).map(move |x| (x, y))).map(|(x, y)| whole.at(x, y));
            assert!(expected.eq(part.values.iter().copied()));
        }
    }

    #[test]
    fn both_orders_of_the_passes_give_the_same() {
        let (across, down) = (triangle(7, 0.0, 7.0, 30, 0..30), triangle(5, 0.0, 5.0, 2, 0..2));
        assert_close(&rows_first(&example(), &across, &down), &convolve(&example(), &across, &down).values);
    }

    #[test]
    fn millions_of_rows_that_become_wider_take_no_gigabytes() {
        // A row after the other this would hold a thousand million values.
        let plane = Plane { width: 2, height: 2_000_000, values: [3.0, 5.0].repeat(2_000_000) };
        let small = resize(&plane, 500, 4);
        assert!((small.at(0, 0) - 3.0).abs() < 0.05 && (small.at(499, 3) - 5.0).abs() < 0.05);
    }

    #[test]
    fn empty_planes_and_empty_outputs_do_not_panic() {
        assert_eq!(resize(&Plane::default(), 2, 2), Plane::filled(2, 2, 0.0));
        assert_eq!(resize(&example(), 0, 3).values.len(), 0);
    }
}
