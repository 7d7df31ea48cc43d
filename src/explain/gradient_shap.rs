//! Gradient SHAP (expected gradients, Erion et al. 2021): gradients at random points between the
//! background and the image.
//!
//! `mean over samples of (x − b) ⊙ ∂S/∂x(b + α(x − b))`, `b` drawn from the background and `α` from
//! 0–1, as `shap`'s `GradientExplainer` does it. It adds up to `S(x) − E S(b)` only in the mean;
//! what is missing is the residual.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::gradients::{Accumulated, ROWS, attribution, row_gradients};
use super::scene::{MethodSettings, Scene, Trials, Watch};
use super::score_gradients::ScoreGradients;
use super::subject::Subject;
use super::{Attribution, ExplainError, Method, Residual};
use crate::model::background::Background;
use crate::network::Mode;

const METHOD: Method = Method::GradientShap;
const SAMPLES: usize = 100;

/// Gradient SHAP maps of `subjects`.
pub(super) fn explain(
    scene: &Scene<'_>,
    subjects: &[Subject],
    settings: &MethodSettings,
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let background = scene.background(METHOD)?;
    let samples = settings.evaluations.unwrap_or(SAMPLES).max(1);
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    let draws: Vec<(usize, f32)> = (0..samples).map(|_| (background.draw(random.random()), random.random())).collect();
    with_draws(scene, subjects, &draws, watch)
}

/// The same with given pairs of background image and `α`.
pub(super) fn with_draws(
    scene: &Scene<'_>,
    subjects: &[Subject],
    draws: &[(usize, f32)],
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let background = scene.background(METHOD)?;
    let (channels, height, width) = scene.shape()?;
    let area = height * width;
    let x = scene.pixels()?;
    let expected = Expected::of(scene, background, METHOD, subjects, watch)?;
    let mut total = Accumulated::new(subjects.len(), area);
    let maps = |total: &Accumulated, done: usize| -> Result<Vec<Attribution>, ExplainError> {
        let rows =
            total.planes(done as f64, width, height).into_iter().zip(&total.sums).zip(subjects).zip(&expected.scores);
        rows.map(|(((raw, sum), subject), base)| {
            let found = sum.iter().sum::<f64>() / done as f64;
            let residual = Residual { expected: f64::from(scene.score(*subject)) - base, found };
            let map = attribution(scene, METHOD, *subject, raw)?;
            Ok(map.evaluated(done + expected.evaluations).with_residual(residual))
        })
        .collect()
    };
    let mut done = 0;
    for now in draws.chunks(ROWS) {
        let bases: Vec<Vec<f32>> = now.iter().map(|(index, _)| background.picture(*index)).collect();
        let point = |(base, (_, alpha)): (&Vec<f32>, &(usize, f32))| -> Vec<f32> {
            x.iter().zip(base).map(|(x, b)| alpha * x + (1.0 - alpha) * b).collect()
        };
        let rows = scene.batch(bases.iter().zip(now).flat_map(point).collect())?;
        let pass = ScoreGradients::run(scene.network, 0, &rows, Mode::Inference)?;
        for (sum, subject) in total.sums.iter_mut().zip(subjects) {
            let gradients = row_gradients(scene, &pass, *subject)?;
            for (gradient, base) in gradients.chunks_exact(channels * area).zip(&bases) {
                add_product(sum, gradient, &x, base);
            }
        }
        done += now.len();
        watch.step(METHOD, done, draws.len(), || maps(&total, done))?;
    }
    maps(&total, done)
}

/// Adds `Σ_channels gradient ⊙ (x − base)` to the map.
pub(super) fn add_product(sum: &mut [f64], gradient: &[f32], x: &[f32], base: &[f32]) {
    let area = sum.len();
    for (c, plane) in gradient.chunks_exact(area).enumerate() {
        let change = x[c * area..].iter().zip(&base[c * area..]).map(|(x, b)| f64::from(x - b));
        sum.iter_mut().zip(plane.iter().zip(change)).for_each(|(s, (g, d))| *s += f64::from(*g) * d);
    }
}

/// What the background scores in the mean.
pub(super) struct Expected {
    /// One a subject.
    pub scores: Vec<f64>,
    pub evaluations: usize,
}

impl Expected {
    pub(super) fn of(
        scene: &Scene<'_>,
        background: &Background,
        method: Method,
        subjects: &[Subject],
        watch: &mut Watch<'_>,
    ) -> Result<Self, ExplainError> {
        let mut trials = Trials::new(scene);
        let mut scores = vec![0.0; subjects.len()];
        let mut next = 0;
        while next < background.len() {
            let now = next..(next + trials.batch()).min(background.len());
            let logits = trials.run(now.clone().flat_map(|i| background.picture(i)).collect())?;
            for (logits, i) in logits.iter().zip(now.clone()) {
                for (score, subject) in scores.iter_mut().zip(subjects) {
                    *score += background.share(i) * scene.scoring.score(*subject, logits);
                }
            }
            next = now.end;
            watch.tick(method, 0, 1)?;
        }
        Ok(Self { scores, evaluations: trials.evaluations })
    }
}
