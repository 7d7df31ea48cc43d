//! What if this were not there? A part of the image is taken away, or the whole is altered, and the
//! model asked again: the question that a reader puts to a heat map with the hand.
//!
//! The changed image goes the whole way of an image: gate, scores, population. A refusal stays a
//! refusal. Beside the change of each score stands what as much area at random places changes
//! ([`random_places`]), so that a small drop is not mistaken for a cause. With `n` random places a
//! change that is larger than all of theirs would come by chance once in `n + 1` times, if the part
//! were a place like any other.
//!
//! What it does not do: write anything into the image or its file, or tell what is anatomy. The
//! filling is an image that nobody took.

pub mod alteration;
pub mod filling;
pub mod question;
pub mod random_places;
pub mod runs;

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use self::alteration::Alteration;
use self::filling::{Filling, SmallCopy, filled};
use self::random_places::random_place;
use super::analysis::{analyze, scores};
use super::pass::Pass;
use super::{Analysis, AnalysisOptions, EngineError};
use crate::cancel::CancelToken;
use crate::imaging::Plane;
use crate::model::Model;
use crate::model::output_head::OutputHead;
use crate::study::Frame;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum WhatIfError {
    #[error("Nothing of the image is marked or altered, so nothing was changed.")]
    Nothing,
    #[error("All of the image is marked, or all but a few pixels; leave something to fill the hole from.")]
    Everything,
    #[error("The mask has {found} pixels and the image {expected}; it belongs to another image.")]
    OtherSize { found: usize, expected: usize },
    #[error("What was taken away lies outside the image; it belongs to another one.")]
    OtherImage,
    #[error("The image was not scored, so there is no score that could change.")]
    NotScored,
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What is taken away, and how the hole is filled.
#[derive(Clone, Debug, PartialEq)]
pub struct Removal {
    /// The pixels of the image that are taken away, row by row.
    pub taken: Arc<Vec<bool>>,
    pub filling: Filling,
    /// Of ROAD's noise and of the random places.
    pub seed: u64,
}

/// What is done to an image: a part is taken away, then the whole is altered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    pub removal: Option<Removal>,
    pub alteration: Alteration,
}

impl From<Removal> for Change {
    fn from(removal: Removal) -> Self {
        Self { removal: Some(removal), alteration: Alteration::default() }
    }
}

/// What came of it for one class or group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// A changed image, judged again.
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

/// An image that is changed, with what every change of it needs and is made once.
#[derive(Clone, Copy, Debug)]
pub struct Canvas<'a> {
    pub frame: &'a Frame,
    /// The copy on which holes are filled.
    pub copy: &'a OnceLock<SmallCopy>,
}

/// The image as changed.
///
/// # Errors
/// When nothing is changed, everything is taken away, or the mask is that of another image.
pub fn changed(canvas: Canvas<'_>, change: &Change) -> Result<Frame, WhatIfError> {
    let frame = canvas.frame;
    let plane = match &change.removal {
        Some(removal) => without(canvas, removal)?,
        None if change.alteration.is_none() => return Err(WhatIfError::Nothing),
        None => frame.pixels.plane.clone(),
    };
    let alteration = change.alteration.bounded();
    let plane = alteration.applied(plane, &frame.pixels, frame.display.pixel_aspect);
    Ok(frame.with_plane(plane))
}

/// The plane of the image with what is taken filled in.
fn without(canvas: Canvas<'_>, removal: &Removal) -> Result<Plane, WhatIfError> {
    let plane = &canvas.frame.pixels.plane;
    let (found, expected) = (removal.taken.len(), plane.values.len());
    if found != expected {
        return Err(WhatIfError::OtherSize { found, expected });
    }
    if !removal.taken.contains(&true) {
        return Err(WhatIfError::Nothing);
    }
    let copy = canvas.copy.get_or_init(|| SmallCopy::of(plane));
    filled(plane, copy, &removal.taken, removal.filling, removal.seed).ok_or(WhatIfError::Everything)
}

/// Changes the image and asks again. `before` is the analysis of the image as it is, by this model;
/// `options` say which maps of the changed image are wanted.
///
/// # Errors
/// As [`changed`]; when the image itself was not scored, or the network cannot be run.
pub fn what_if(
    model: &Model,
    canvas: Canvas<'_>,
    before: &Analysis,
    change: &Change,
    options: &AnalysisOptions,
    cancel: &CancelToken,
) -> Result<WhatIf, WhatIfError> {
    if !before.scored {
        return Err(WhatIfError::NotScored);
    }
    let mut changed = changed(canvas, change)?;
    cancel.check().map_err(EngineError::from)?;
    let analysis = analyze(model, &changed, options, cancel, &mut |_| ())?;
    // The network sees grey values; a changed image is shown as it sees it.
    changed.pixels.color = None;
    let changes = if analysis.scored { pairs(before, &analysis) } else { Vec::new() };
    let taken = change.removal.as_ref().map_or(0, |removal| removal.taken.iter().filter(|taken| **taken).count());
    let share = taken as f64 / canvas.frame.pixels.plane.values.len().max(1) as f64;
    Ok(WhatIf { share, frame: Arc::new(changed), analysis, changes })
}

/// Adds what as much area at `draws` random places changes, one after the other; `told` hears of
/// each. There is nothing to compare without scores, and where the whole image was altered: its
/// change is none of a place.
///
/// # Errors
/// When the network cannot be run, or is stopped.
pub fn beside_random_places(
    found: &mut WhatIf,
    model: &Model,
    canvas: Canvas<'_>,
    change: &Change,
    draws: usize,
    cancel: &CancelToken,
    told: &mut dyn FnMut(&WhatIf),
) -> Result<(), WhatIfError> {
    let frame = canvas.frame;
    let comparable = !found.changes.is_empty() && change.alteration.is_none();
    let Some(removal) = change.removal.as_ref().filter(|_| comparable) else { return Ok(()) };
    for draw in 0..draws as u64 {
        cancel.check().map_err(EngineError::from)?;
        let seed = removal.seed.wrapping_add(1 + draw);
        let Some(place) = random_place(&removal.taken, frame.pixels.plane.width, seed) else { break };
        let elsewhere = Removal { taken: Arc::new(place), seed, ..removal.clone() };
        let there = changed(canvas, &elsewhere.into())?;
        let pass = Pass::run(model, &there.pixels.model_values(), frame.pixels.value_range, cancel)?;
        let (labels, groups) = scores(&model.manifest, &OutputHead::new(&model.manifest), &pass.logits);
        for (change, score) in found.changes.iter_mut().zip(groups.iter().chain(&labels)) {
            change.random.push(score.probability - change.before);
        }
        told(found);
    }
    Ok(())
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
