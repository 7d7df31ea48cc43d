//! Kernel SHAP on superpixels (Lundberg and Lee 2017): Shapley values of the patches of an image.
//!
//! The players are [`superpixels`](super::superpixels) of the network's input, or regions of the
//! anatomy ([`super::anatomical_regions`]); a patch that does not take part is black. Coalitions are chosen and the values found by [`super::coalitions`];
//! empty and full coalition are kept exactly, so the values always add up to `S(x) − S(black)`. All
//! subjects are served by the same runs. Every pixel of a patch bears the value of the patch.

use std::sync::Arc;

use super::coalitions::{Plan, Regression};
use super::gradients::attribution;
use super::scene::{MethodSettings, Scene, Trials, Watch};
use super::subject::Subject;
use super::superpixels::Superpixels;
use super::{Attribution, ExplainError, Method, Residual};
use crate::imaging::Plane;

const METHOD: Method = Method::KernelShap;
const COALITIONS: usize = 1000;
/// Patches follow edges, and stay compact where there are none.
const COMPACTNESS: f32 = 10.0;

/// The superpixels that the players of `scene` are.
///
/// # Errors
/// When the input cannot be read.
pub(super) fn players(scene: &Scene<'_>, settings: &MethodSettings) -> Result<Superpixels, ExplainError> {
    let (_, height, width) = scene.shape()?;
    let mut values = scene.pixels()?;
    // The channels show the same image.
    values.truncate(height * width);
    Ok(Superpixels::slic(&Plane { width, height, values }, settings.superpixels.max(2), COMPACTNESS))
}

/// Kernel SHAP maps of `subjects`.
pub(super) fn explain(
    scene: &Scene<'_>,
    subjects: &[Subject],
    settings: &MethodSettings,
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let (_, height, width) = scene.shape()?;
    let players = match scene.regions {
        Some(regions) if (regions.width, regions.height) != (width, height) => return Err(ExplainError::RegionShape),
        Some(regions) => regions.clone(),
        None => Arc::new(players(scene, settings)?),
    };
    let coalitions = settings.evaluations.unwrap_or(COALITIONS).max(2 * players.count);
    with_players(scene, subjects, &players, coalitions, settings.seed, watch)
}

/// The same with given players and number of coalitions.
pub(super) fn with_players(
    scene: &Scene<'_>,
    subjects: &[Subject],
    players: &Arc<Superpixels>,
    coalitions: usize,
    seed: u64,
    watch: &mut Watch<'_>,
) -> Result<Vec<Attribution>, ExplainError> {
    let (pixels, black) = (scene.pixels()?, scene.blackness()?);
    let plan = Plan::new(players.count, coalitions, seed);
    let scores = |logits: &[f32]| -> Vec<f64> { subjects.iter().map(|s| scene.scoring.score(*s, logits)).collect() };
    let mut trials = Trials::new(scene);
    let empty = scores(&trials.run(black.clone())?.concat());
    let full = scores(scene.logits);
    let mut regression = Regression::new(&plan, &empty, &full);
    let maps = |regression: &Regression<'_>| -> Result<Vec<Attribution>, ExplainError> {
        let Some(values) = regression.solve() else { return Ok(Vec::new()) };
        let map = |(k, values): (usize, &Vec<f64>)| {
            let painted: Vec<f32> = values.iter().map(|v| *v as f32).collect();
            let residual = Residual { expected: full[k] - empty[k], found: values.iter().sum() };
            let map = attribution(scene, METHOD, subjects[k], players.painted(&painted))?;
            let map = map.evaluated(regression.evaluated() + 1).with_residual(residual);
            Ok(Attribution { superpixels: Some(players.clone()), ..map })
        };
        values.iter().enumerate().map(map).collect()
    };
    while regression.evaluated() < plan.coalitions.len() {
        let done = regression.evaluated();
        let now = &plan.coalitions[done..(done + trials.batch()).min(plan.coalitions.len())];
        let rows = now.iter().flat_map(|c| players.composed(&c.present, &pixels, &black)).collect();
        for logits in trials.run(rows)? {
            if !regression.add(&scores(&logits)) {
                return Err(ExplainError::ScoreNotFinite);
            }
        }
        watch.step(METHOD, regression.evaluated(), plan.coalitions.len(), || maps(&regression))?;
    }
    let maps = maps(&regression)?;
    if maps.is_empty() { Err(ExplainError::Undetermined) } else { Ok(maps) }
}
