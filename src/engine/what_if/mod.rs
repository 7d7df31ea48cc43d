//! What if this were not there? A part of the image is taken away and the model asked again: the
//! question that a reader puts to a heat map with the hand.
//!
//! The changed image goes the whole way of an image: gate, scores, population. A refusal stays a
//! refusal. Beside the change of each score stands what as much area at random places changes
//! ([`random_places`]), so that a small drop is not mistaken for a cause. With `n` random places a
//! change that is larger than all of theirs would come by chance once in `n + 1` times, if the part
//! were a place like any other.
//!
//! What it does not do: write anything into the image or its file, or tell what is anatomy. The
//! filling is an image that nobody took.

pub mod filling;
pub mod random_places;

use std::sync::Arc;

use serde::Serialize;

use self::filling::{Filling, filled};
use self::random_places::random_place;
use super::analysis::{analyze, scores};
use super::pass::Pass;
use super::{Analysis, AnalysisOptions, EngineError};
use crate::cancel::CancelToken;
use crate::imaging::PixelData;
use crate::model::Model;
use crate::model::output_head::OutputHead;
use crate::study::Frame;

/// Why nothing was taken away.
#[derive(Debug, thiserror::Error)]
pub enum WhatIfError {
    #[error("Nothing of the image is marked, so nothing was taken away.")]
    Nothing,
    #[error("All of the image is marked, or all but a few pixels; leave something to fill the hole from.")]
    Everything,
    #[error("The mask has {found} pixels and the image {expected}; it belongs to another image.")]
    OtherSize { found: usize, expected: usize },
    #[error("The image was not scored, so there is no score that could change.")]
    NotScored,
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What is taken away, and how the hole is filled.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The pixels of the image that are taken away, row by row.
    pub taken: Arc<Vec<bool>>,
    pub filling: Filling,
    /// Of ROAD's noise and of the random places.
    pub seed: u64,
}

/// What came of it for one class or group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoreChange {
    pub label: String,
    pub group: bool,
    /// Probability before and after, dropout off.
    pub before: f32,
    pub after: f32,
    /// `after − before` for as much area at each random place.
    pub random: Vec<f32>,
}

impl ScoreChange {
    #[must_use]
    pub fn change(&self) -> f32 {
        self.after - self.before
    }

    /// Of how many random places the change is smaller than this part's, signs aside.
    #[must_use]
    pub fn larger_than(&self) -> usize {
        self.random.iter().filter(|r| r.abs() < self.change().abs()).count()
    }

    /// Smallest and largest change at random places; `None` without any.
    #[must_use]
    pub fn random_range(&self) -> Option<(f32, f32)> {
        let fold = |of: fn(f32, f32) -> f32| self.random.iter().copied().reduce(of);
        Some((fold(f32::min)?, fold(f32::max)?))
    }

    /// A sentence; `None` without random places.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let (smaller, draws) = (self.larger_than(), self.random.len());
        (draws > 0).then(|| {
            if smaller == draws {
                format!("Changed more than at any of {draws} random places of this size.")
            } else {
                format!(
                    "Changed more than at {smaller} of {draws} random places of this size: chance alone could do that."
                )
            }
        })
    }
}

/// An image without a part, judged again.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// Share of the image that was taken away.
    pub share: f64,
    /// The changed image.
    pub frame: Arc<Frame>,
    /// Of the changed image: gate, population, scores, and the maps that were asked for.
    pub analysis: Analysis,
    /// Groups first; empty where the changed image is refused.
    pub changes: Vec<ScoreChange>,
}

/// `frame` without what is taken.
///
/// # Errors
/// When nothing or everything is taken, or the mask is that of another image.
pub fn without(frame: &Frame, removal: &Removal) -> Result<Frame, WhatIfError> {
    let (found, expected) = (removal.taken.len(), frame.pixels.plane.values.len());
    if found != expected {
        return Err(WhatIfError::OtherSize { found, expected });
    }
    if !removal.taken.contains(&true) {
        return Err(WhatIfError::Nothing);
    }
    let plane = filled(&frame.pixels.plane, &removal.taken, removal.filling, removal.seed);
    let plane = plane.ok_or(WhatIfError::Everything)?;
    Ok(Frame { pixels: PixelData { plane, ..frame.pixels.clone() }, ..frame.clone() })
}

/// Takes a part away and asks again. `before` is the analysis of `frame` as it is, by this model;
/// `options` say which maps of the changed image are wanted; `draws` random places are compared.
///
/// # Errors
/// As [`without`]; when the image itself was not scored, or the network cannot be run.
pub fn what_if(
    model: &Model,
    frame: &Frame,
    before: &Analysis,
    removal: &Removal,
    options: &AnalysisOptions,
    draws: usize,
    cancel: &CancelToken,
) -> Result<WhatIf, WhatIfError> {
    if !before.scored {
        return Err(WhatIfError::NotScored);
    }
    let changed = without(frame, removal)?;
    let analysis = analyze(model, &changed, options, cancel, &mut |_| ())?;
    let mut changes = Vec::new();
    if analysis.scored {
        changes = pairs(before, &analysis);
        for draw in 0..draws as u64 {
            let seed = removal.seed.wrapping_add(1 + draw);
            let Some(place) = random_place(&removal.taken, frame.pixels.plane.width, seed) else { break };
            let elsewhere = Removal { taken: Arc::new(place), seed, ..removal.clone() };
            let plane = without(frame, &elsewhere)?.model_plane();
            let pass = Pass::run(model, &plane, frame.pixels.value_range, cancel)?;
            let (labels, groups) = scores(&model.manifest, &OutputHead::new(&model.manifest), &pass.logits);
            for (change, score) in changes.iter_mut().zip(groups.iter().chain(&labels)) {
                change.random.push(score.probability - change.before);
            }
        }
    }
    let taken = removal.taken.iter().filter(|taken| **taken).count();
    let share = taken as f64 / removal.taken.len() as f64;
    Ok(WhatIf { share, frame: Arc::new(changed), analysis, changes })
}

/// Groups, then labels, before and after.
fn pairs(before: &Analysis, after: &Analysis) -> Vec<ScoreChange> {
    let of = |before: &[super::Score], after: &[super::Score], group| {
        let pair = |(before, after): (&super::Score, &super::Score)| ScoreChange {
            label: before.label.clone(),
            group,
            before: before.probability,
            after: after.probability,
            random: Vec::new(),
        };
        before.iter().zip(after).map(pair).collect::<Vec<_>>()
    };
    [of(&before.groups, &after.groups, true), of(&before.labels, &after.labels, false)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(before: f32, after: f32, random: &[f32]) -> ScoreChange {
        ScoreChange { label: "Pneumonia".into(), group: true, before, after, random: random.to_vec() }
    }

    #[test]
    fn a_change_counts_only_beside_those_of_random_places() {
        let large = change(0.9, 0.3, &[-0.1, 0.05, -0.3]);
        assert_eq!((large.larger_than(), large.random_range()), (3, Some((-0.3, 0.05))));
        assert!(large.sentence().unwrap().starts_with("Changed more than at any of 3"));
        let small = change(0.9, 0.8, &[-0.2, 0.05, 0.3]);
        assert_eq!(small.larger_than(), 1);
        assert!(small.sentence().unwrap().ends_with("chance alone could do that."));
        assert_eq!(change(0.9, 0.8, &[]).sentence(), None);
    }
}
