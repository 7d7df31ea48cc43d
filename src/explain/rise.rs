//! RISE (Petsiuk et al. 2018): the image seen through many random masks, each counted by its score.
//!
//! A mask is a grid of 7 × 7 cells, each open with `p = 0.5`, enlarged bilinearly to one cell more
//! than the image and cut out at a random shift; what it hides is black. The map is
//! `Σ_i (S_i − S̄) M_i / (N p)`: taking the mean score off first leaves the ranks of places alone
//! and spares the map the noise of uneven masks. Where it is above 0, seeing the place raises the
//! score.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::gradients::attribution;
use super::scene::{MethodSettings, Scene, Trials, Watch};
use super::subject::Subject;
use super::{Attribution, ExplainError, Method};
use crate::imaging::Plane;

const METHOD: Method = Method::Rise;
/// Cells a side.
const CELLS: usize = 7;
/// Share of open cells.
const OPEN: f32 = 0.5;
const MASKS: usize = 1000;

/// RISE maps of `subjects`.
pub(super) fn explain(
    scene: &Scene<'_>,
    subjects: &[Subject],
    settings: &MethodSettings,
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let (_, height, width) = scene.shape()?;
    let masks = settings.evaluations.unwrap_or(MASKS).max(1);
    with_masks(scene, subjects, masks, |i| mask(settings.seed, i, width, height), watch)
}

/// The same with masks given by their number.
pub(super) fn with_masks(
    scene: &Scene<'_>,
    subjects: &[Subject],
    count: usize,
    mask: impl Fn(usize) -> Vec<f32>,
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let (_, height, width) = scene.shape()?;
    let area = height * width;
    let (pixels, black) = (scene.pixels()?, scene.blackness()?);
    let mut seen = vec![0f64; area];
    let mut sums = vec![vec![0f64; area]; subjects.len()];
    let mut scores = vec![0f64; subjects.len()];
    let maps =
        |sums: &[Vec<f64>], scores: &[f64], seen: &[f64], done: usize| -> Result<Vec<Attribution>, ExplainError> {
            let map = |((sum, score), subject): ((&Vec<f64>, &f64), &Subject)| {
                let mean = score / done as f64;
                let weight = done as f64 * f64::from(OPEN);
                let values = sum.iter().zip(seen).map(|(s, m)| ((s - mean * m) / weight) as f32).collect();
                Ok(attribution(scene, METHOD, *subject, Plane { width, height, values })?.evaluated(done))
            };
            sums.iter().zip(scores).zip(subjects).map(map).collect()
        };
    let mut trials = Trials::new(scene);
    let mut done = 0;
    while done < count {
        let masks: Vec<Vec<f32>> = (done..(done + trials.batch()).min(count)).map(&mask).collect();
        let mut rows = Vec::with_capacity(masks.len() * pixels.len());
        for mask in &masks {
            for (x, b) in pixels.chunks_exact(area).zip(black.chunks_exact(area)) {
                rows.extend(x.iter().zip(b).zip(mask).map(|((x, b), m)| b + (x - b) * m));
            }
        }
        for (logits, mask) in trials.run(rows)?.iter().zip(&masks) {
            seen.iter_mut().zip(mask).for_each(|(s, m)| *s += f64::from(*m));
            for ((sum, total), subject) in sums.iter_mut().zip(&mut scores).zip(subjects) {
                // Beside the whole image's score: where nothing changes it, the map is 0 and not
                // what rounding leaves.
                let score = scene.scoring.score(*subject, logits) - scene.scoring.score(*subject, scene.logits);
                *total += score;
                sum.iter_mut().zip(mask).for_each(|(s, m)| *s += score * f64::from(*m));
            }
        }
        done += masks.len();
        watch.step(METHOD, done, count, || maps(&sums, &scores, &seen, done))?;
    }
    maps(&sums, &scores, &seen, done)
}

/// Mask number `number`, 0–1: the same for a seed, however many there are.
fn mask(seed: u64, number: usize, width: usize, height: usize) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(number as u64);
    let grid: Vec<f32> = (0..CELLS * CELLS).map(|_| f32::from(u8::from(random.random::<f32>() < OPEN))).collect();
    let cell = (width.div_ceil(CELLS), height.div_ceil(CELLS));
    let shift = (random.random_range(0..cell.0.max(1)), random.random_range(0..cell.1.max(1)));
    enlarged(&grid, cell, shift, width, height)
}

/// The grid enlarged to one cell more than `width × height`, and the part of it that lies behind
/// `shift`.
pub(super) fn enlarged(
    grid: &[f32],
    cell: (usize, usize),
    shift: (usize, usize),
    width: usize,
    height: usize,
) -> Vec<f32> {
    let taps = |i: usize, whole: usize| {
        let at = ((i as f32 + 0.5) * CELLS as f32 / whole as f32 - 0.5).clamp(0.0, (CELLS - 1) as f32);
        (at as usize, (at as usize + 1).min(CELLS - 1), at.fract())
    };
    let wholes = ((CELLS + 1) * cell.0, (CELLS + 1) * cell.1);
    let mut mask = Vec::with_capacity(width * height);
    for row in 0..height {
        let (y0, y1, dy) = taps(row + shift.1, wholes.1);
        for column in 0..width {
            let (x0, x1, dx) = taps(column + shift.0, wholes.0);
            let at = |y: usize| grid[y * CELLS + x0] * (1.0 - dx) + grid[y * CELLS + x1] * dx;
            mask.push(at(y0) * (1.0 - dy) + at(y1) * dy);
        }
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_open_half_of_the_image_on_average_and_differ() {
        let all: Vec<Vec<f32>> = (0..200).map(|i| mask(7, i, 30, 20)).collect();
        let mean = all.iter().flatten().sum::<f32>() / (200.0 * 600.0);
        assert!((mean - 0.5).abs() < 0.03, "{mean}");
        assert!(all.iter().flatten().all(|m| (0.0..=1.0).contains(m)));
        assert_ne!(all[0], all[1]);
        assert_eq!(all[3], mask(7, 3, 30, 20));
    }

    #[test]
    fn an_image_smaller_than_the_grid_has_masks_too() {
        assert_eq!(mask(7, 0, 3, 1).len(), 3);
    }
}
