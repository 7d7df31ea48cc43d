//! Occlusion (Zeiler and Fergus 2014): what the score loses as a patch of the image is blacked out.
//!
//! The patch is a part of the shorter side and moves by half of itself. A pixel gets the mean of
//! the drops of the patches that covered it, as in `captum`. All subjects are served by the same
//! runs.

use super::gradients::attribution;
use super::scene::{MethodSettings, Scene, Trials, Watch};
use super::subject::Subject;
use super::{Attribution, ExplainError, Method};
use crate::imaging::Plane;

const METHOD: Method = Method::Occlusion;

/// Occlusion maps of `subjects`.
pub(super) fn explain(
    scene: &Scene<'_>,
    subjects: &[Subject],
    settings: &MethodSettings,
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let (_, height, width) = scene.shape()?;
    let patch = (width.min(height) / settings.patches.max(1)).max(1);
    with_patches(scene, subjects, patch, (patch / 2).max(1), watch)
}

/// The same with a square patch of `patch` pixels that moves by `stride`.
pub(super) fn with_patches(
    scene: &Scene<'_>,
    subjects: &[Subject],
    patch: usize,
    stride: usize,
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let (_, height, width) = scene.shape()?;
    let area = height * width;
    let (pixels, black) = (scene.pixels()?, scene.blackness()?);
    let places = |length: usize| (0..=length.saturating_sub(patch).div_ceil(stride)).map(move |i| i * stride);
    let patches: Vec<(usize, usize)> = places(height).flat_map(|y| places(width).map(move |x| (x, y))).collect();
    let mut sums = vec![vec![0f64; area]; subjects.len()];
    let mut covered = vec![0u32; area];
    let maps = |sums: &[Vec<f64>], covered: &[u32], done: usize| -> Result<Vec<Attribution>, ExplainError> {
        let map = |(sum, subject): (&Vec<f64>, &Subject)| {
            let values = sum.iter().zip(covered).map(|(s, n)| (s / f64::from((*n).max(1))) as f32).collect();
            Ok(attribution(scene, METHOD, *subject, Plane { width, height, values })?.evaluated(done))
        };
        sums.iter().zip(subjects).map(map).collect()
    };
    let mut trials = Trials::new(scene);
    let mut done = 0;
    while done < patches.len() {
        let now = &patches[done..(done + trials.batch()).min(patches.len())];
        let mut rows = pixels.repeat(now.len());
        for (row, &(x, y)) in rows.chunks_exact_mut(pixels.len()).zip(now) {
            for (plane, dark) in row.chunks_exact_mut(area).zip(black.chunks_exact(area)) {
                for line in y..(y + patch).min(height) {
                    let at = line * width + x..line * width + (x + patch).min(width);
                    plane[at.clone()].copy_from_slice(&dark[at]);
                }
            }
        }
        for (logits, &(x, y)) in trials.run(rows)?.iter().zip(now) {
            let inside = || {
                (y..(y + patch).min(height)).flat_map(|line| (x..(x + patch).min(width)).map(move |c| line * width + c))
            };
            inside().for_each(|i| covered[i] += 1);
            for (sum, subject) in sums.iter_mut().zip(subjects) {
                let drop = scene.scoring.score(*subject, scene.logits) - scene.scoring.score(*subject, logits);
                inside().for_each(|i| sum[i] += drop);
            }
        }
        done += now.len();
        watch.step(METHOD, done, patches.len(), || maps(&sums, &covered, done))?;
    }
    maps(&sums, &covered, done)
}
