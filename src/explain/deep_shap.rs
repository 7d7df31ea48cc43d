//! Deep SHAP (Lundberg and Lee 2017): `DeepLIFT`'s rescale rule (Shrikumar et al. 2017) against
//! each image of a background, averaged.
//!
//! Image and reference run as one batch; on the way back each non-linear layer hands on `Δy/Δx`
//! instead of its derivative (see [`Rule::Rescale`]), so that the multipliers `m` give
//! `Σ m ⊙ (x − b) = S(x) − S(b)`, as in `shap`'s `DeepExplainer`. What is missing is the residual:
//! the rule is exact for chains of linear and element-wise layers and for maxima that do not
//! overlap; squeeze-and-excitation and attention multiply two paths, and norms of layers divide by
//! what they see: they are only treated by their derivatives.

use super::gradient_shap::add_product;
use super::gradients::{Accumulated, attribution, row_gradients};
use super::scene::{Scene, Watch};
use super::score_gradients::ScoreGradients;
use super::subject::Subject;
use super::{Attribution, ExplainError, Method, Residual};
use crate::network::Mode;
use crate::network::layers::activation::Rule;

const METHOD: Method = Method::DeepShap;
/// Background images of a batch; each brings the image itself along.
const PAIRS: usize = 2;

/// Deep SHAP maps of `subjects`.
pub(super) fn explain(
    scene: &Scene<'_>,
    subjects: &[Subject],
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let background = scene.background(METHOD)?;
    let (channels, height, width) = scene.shape()?;
    let area = height * width;
    let x = scene.pixels()?;
    let mut total = Accumulated::new(subjects.len(), area);
    let mut expected = vec![0.0; subjects.len()];
    let mut weight = 0.0;
    let maps =
        |total: &Accumulated, expected: &[f64], weight: f64, done: usize| -> Result<Vec<Attribution>, ExplainError> {
            let rows = total.planes(weight, width, height).into_iter().zip(&total.sums).zip(subjects).zip(expected);
            rows.map(|(((raw, sum), subject), base)| {
                let expected = f64::from(scene.score(*subject)) - base / weight;
                let residual = Residual { expected, found: sum.iter().sum::<f64>() / weight };
                Ok(attribution(scene, METHOD, *subject, raw)?.evaluated(2 * done).with_residual(residual))
            })
            .collect()
        };
    let mut done = 0;
    while done < background.len() {
        let now = done..(done + PAIRS).min(background.len());
        let references: Vec<Vec<f32>> = now.clone().map(|i| background.picture(i)).collect();
        let mut rows = x.repeat(references.len());
        rows.extend(references.iter().flatten());
        let pass = ScoreGradients::run(scene.network, 0, &scene.batch(rows)?, Mode::Explaining(Rule::Rescale))?;
        for (k, subject) in subjects.iter().enumerate() {
            let multipliers = row_gradients(scene, &pass, *subject)?;
            let mut share = vec![0.0; area];
            // Those of the references, as in `shap`: they differ only where nothing changes.
            let multipliers = multipliers.chunks_exact(channels * area).skip(references.len());
            for ((i, m), reference) in now.clone().zip(multipliers).zip(&references) {
                share.fill(0.0);
                add_product(&mut share, m, &x, reference);
                total.sums[k].iter_mut().zip(&share).for_each(|(s, v)| *s += background.share(i) * v);
                let base = &pass.rows[references.len() + i - now.start];
                expected[k] += background.share(i) * scene.scoring.score(*subject, base);
            }
        }
        weight += now.clone().map(|i| background.share(i)).sum::<f64>();
        done = now.end;
        watch.step(METHOD, done, background.len(), || maps(&total, &expected, weight, done))?;
    }
    maps(&total, &expected, weight, done)
}
