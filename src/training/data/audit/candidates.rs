//! Which of millions of pairs are worth laying over each other.
//!
//! Each image has a sketch: its coarse detail, read at 16 × 16 places. Every image is sketched
//! again as it would look turned, enlarged, shifted, mirrored (see [`changes`]), and all these
//! sketches are held against the plain ones of all others by matrix products; the sign of the
//! product does not count, for an inverted image has the negative sketch. The [`KEPT`] partners
//! whose sketches are most alike are candidates.
//!
//! The work grows with the square of the number of images: 5,000 take a minute or two on two cores,
//! 20,000 about half an hour.

use candle_core::{Device, Tensor};

use super::alignment::{Affine, coordinate};
use super::detail::{COARSE, Detail};

/// Side of the squares that sketches are read from.
const SIDE: usize = COARSE.side;
/// Places of a sketch along a side.
const PLACES: usize = 16;
/// Candidates of an image.
const KEPT: usize = 32;
/// Least likeness of the sketches of candidates.
const LEAST: f32 = 0.45;
/// Images that are held against all others at once.
const BLOCK: usize = 128;

/// Two images that may be the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    pub images: [usize; 2],
    /// By which the second may be the first: places of the second to places of the first.
    pub start: Affine,
    /// Turns by 90° and mirroring in it.
    pub orientation: Orientation,
    pub inverted: bool,
}

/// One of the eight ways to lay a square on itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orientation {
    /// Left and right are exchanged, before the turn.
    pub mirrored: bool,
    /// Quarters of a turn, clockwise.
    pub quarters: u8,
}

impl Orientation {
    pub const UPRIGHT: Self = Self { mirrored: false, quarters: 0 };
    const MIRRORED: Self = Self { mirrored: true, quarters: 0 };

    pub fn map(self) -> Affine {
        let mirror = Affine([if self.mirrored { -1.0 } else { 1.0 }, 0.0, 0.0, 0.0, 1.0, 0.0]);
        Affine::similarity(90.0 * f32::from(self.quarters), 1.0, [0.0; 2]).after(&mirror)
    }
}

/// The changes that are looked for. Registration finds its way from there to anything between them:
/// turns up to 6°, parts of 5 % cut off or added at any side. Shifts are tried where images
/// commonly stand, upright and mirrored.
fn changes() -> Vec<(Orientation, Affine)> {
    let mut all = Vec::new();
    let turned = |shifts: &[f32]| {
        let mut maps = Vec::new();
        for degrees in [-4.0, 0.0, 4.0] {
            for scale in [0.94, 1.0, 1.06] {
                for across in shifts {
                    maps.extend(shifts.iter().map(|down| Affine::similarity(degrees, scale, [*across, *down])));
                }
            }
        }
        maps
    };
    for orientation in [Orientation::UPRIGHT, Orientation::MIRRORED] {
        all.extend(turned(&[0.0, -0.05, 0.05]).into_iter().map(|map| (orientation, map.after(&orientation.map()))));
    }
    for mirrored in [false, true] {
        for quarters in 1..4 {
            let orientation = Orientation { mirrored, quarters };
            all.extend(turned(&[0.0]).into_iter().map(|map| (orientation, map.after(&orientation.map()))));
        }
    }
    all
}

/// Candidates among images with these details, each pair once and in rising order; `progress` is
/// called with how many images were held against all others.
pub(super) fn candidates(
    details: &[&Detail],
    progress: &(dyn Fn(usize) + Sync),
) -> candle_core::Result<Vec<Candidate>> {
    use rayon::prelude::*;
    let n = details.len();
    let soft: Vec<Vec<f32>> = details.par_iter().map(|d| softened(&d.values())).collect();
    let weights = weights();
    let plain: Vec<f32> = soft.par_iter().flat_map_iter(|d| sketch(d, &Affine::IDENTITY, &weights)).collect();
    let plain = Tensor::from_vec(plain, (n, PLACES * PLACES), &Device::Cpu)?;
    let changes = changes();
    let mut partners: Vec<Vec<Partner>> = vec![Vec::new(); n];
    for start in (0..n).step_by(BLOCK) {
        let block = start..(start + BLOCK).min(n);
        let others = n - start;
        let columns = plain.narrow(0, start, others)?.t()?;
        let mut best = vec![(0.0_f32, 0_u16); block.len() * others];
        for (number, (_, change)) in changes.iter().enumerate() {
            let rows: Vec<f32> =
                soft[block.clone()].par_iter().flat_map_iter(|d| sketch(d, change, &weights)).collect();
            let rows = Tensor::from_vec(rows, (block.len(), PLACES * PLACES), &Device::Cpu)?;
            let likeness = rows.matmul(&columns)?.flatten_all()?.to_vec1::<f32>()?;
            best.par_iter_mut().zip(likeness).with_min_len(1 << 14).for_each(|(best, found)| {
                if found.abs() > best.0.abs() {
                    *best = (found, number as u16);
                }
            });
        }
        for (a, row) in block.clone().zip(best.chunks_exact(others)) {
            for (b, &(likeness, change)) in (start..n).zip(row).skip(a + 1 - start) {
                if likeness.abs() >= LEAST {
                    let partner = Partner { images: [a, b], likeness, change };
                    keep(&mut partners[a], partner);
                    keep(&mut partners[b], partner);
                }
            }
        }
        progress(block.end);
    }
    let mut all: Vec<Partner> = partners.into_iter().flatten().collect();
    all.sort_by_key(|p| p.images);
    all.dedup_by_key(|p| p.images);
    let candidate = |p: Partner| {
        let (orientation, start) = changes[usize::from(p.change)];
        Candidate { images: p.images, start, orientation, inverted: p.likeness < 0.0 }
    };
    Ok(all.into_iter().map(candidate).collect())
}

/// A pair while the best are sought.
#[derive(Clone, Copy)]
struct Partner {
    images: [usize; 2],
    likeness: f32,
    change: u16,
}

/// Keeps the [`KEPT`] most alike, the best first.
fn keep(partners: &mut Vec<Partner>, new: Partner) {
    let better = |p: &Partner| p.likeness.abs() >= new.likeness.abs();
    if partners.len() == KEPT && partners.last().is_some_and(better) {
        return;
    }
    partners.truncate(KEPT - 1);
    partners.insert(partners.partition_point(better), new);
}

/// Means over 3 × 3 pixels, so that every pixel counts although a sketch reads few places.
fn softened(values: &[f32]) -> Vec<f32> {
    let near = |i: usize| i.saturating_sub(1)..(i + 2).min(SIDE);
    let mean = |i: usize| {
        let (x, y) = (i % SIDE, i / SIDE);
        let all = near(y).flat_map(|y| near(x).map(move |x| values[y * SIDE + x]));
        let (n, sum) = all.fold((0, 0.0), |(n, sum), v| (n + 1, sum + v));
        sum / n as f32
    };
    (0..values.len()).map(mean).collect()
}

/// Weights of the places of a sketch: less at the corners, which a turn moves most.
fn weights() -> Vec<f32> {
    let weight = |i: usize| {
        let radius = coordinate(i % PLACES, PLACES).hypot(coordinate(i / PLACES, PLACES));
        ((1.25 - radius) / 0.5).clamp(0.0, 1.0)
    };
    (0..PLACES * PLACES).map(weight).collect()
}

/// The sketch of an image as `change` shows it: of length 1, or all zero.
fn sketch(softened: &[f32], change: &Affine, weights: &[f32]) -> Vec<f32> {
    let half = SIDE as f32 / 2.0;
    let read = |i: usize| {
        let (u, v) = change.at(coordinate(i % PLACES, PLACES), coordinate(i / PLACES, PLACES));
        let (x, y) = ((u + 1.0) * half - 0.5, (v + 1.0) * half - 0.5);
        let last = (SIDE - 1) as f32;
        if !(x >= 0.0 && y >= 0.0 && x <= last && y <= last) {
            return 0.0;
        }
        let (i, j) = ((x as usize).min(SIDE - 2), (y as usize).min(SIDE - 2));
        let (s, r) = (x - i as f32, y - j as f32);
        let row = |j: usize| softened[j * SIDE + i] * (1.0 - s) + softened[j * SIDE + i + 1] * s;
        row(j) * (1.0 - r) + row(j + 1) * r
    };
    let mut values: Vec<f32> = (0..PLACES * PLACES).map(read).collect();
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    values.iter_mut().zip(weights).for_each(|(v, w)| *v = (*v - mean) * w);
    let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
    if length > 0.0 {
        values.iter_mut().for_each(|v| *v /= length);
    }
    values
}
