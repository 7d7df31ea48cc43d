//! The most confident errors once more through the model, each with the map of what was wrongly
//! called or missed.
//!
//! Images and maps are large, so the errors come one after the other and are not kept here.

use std::path::Path;

use super::errors::{WrongCall, by_highest};
use super::predictions::Predictions;
use crate::cancel::CancelToken;
use crate::engine::EngineError;
use crate::engine::pass::Pass;
use crate::explain::cam::{self, Target};
use crate::explain::{Attribution, Method, Output, Scoring, Subject, has_places};
use crate::model::Model;
use crate::study::{Frame, StudyError, open_image};

/// A wrong call, with what the model saw.
pub struct ExplainedError {
    /// Path of the image below the folder of its set.
    pub image: String,
    /// What is known: `Normal`.
    pub truth: String,
    /// What was called: `Pneumonia (false positive)`.
    pub call: String,
    /// Probability of the target that was wrongly called or missed.
    pub probability: f64,
    /// `None` where the highest class is called.
    pub threshold: Option<f64>,
    /// The image with its Grad-CAM map, where it could be read again.
    pub shown: Result<(Frame, MapOfError), StudyError>,
}

/// The map of what was wrongly called or missed; `None` where the model has no layer that one can
/// be laid over.
pub type MapOfError = Result<Option<Attribution>, EngineError>;

/// The errors of `model` on `set`, in their order, each image below `folder` through the model
/// again with a Grad-CAM map of the target.
///
/// An image that cannot be read again is among them with the reason.
pub fn explained<'a>(
    model: &'a Model,
    folder: &'a Path,
    set: &'a Predictions,
    errors: &'a [WrongCall],
    thresholds: &'a [f64],
) -> impl Iterator<Item = ExplainedError> + 'a {
    errors.iter().map(move |error| explained_error(model, folder, set, error, thresholds))
}

fn explained_error(
    model: &Model,
    folder: &Path,
    set: &Predictions,
    error: &WrongCall,
    thresholds: &[f64],
) -> ExplainedError {
    let row = &set.rows[error.row];
    let target = &set.targets[error.target].name;
    let labels = row.logits.len();
    let present: Vec<&str> =
        (0..set.targets.len()).filter(|t| row.truth[*t] == Some(true)).map(|t| set.targets[t].name.as_str()).collect();
    let truth = match (present.is_empty(), row.truth[..labels].iter().all(Option::is_some)) {
        (false, _) => present.join(", "),
        (true, true) => "none of the targets".into(),
        (true, false) => format!("no {target}"),
    };
    let call = if error.false_positive {
        format!("{target} (false positive)")
    } else {
        format!("no {target} (false negative)")
    };
    let threshold = thresholds.get(error.target).copied().filter(|_| !by_highest(set, error.target));
    let shown = open_image(&folder.join(&row.image)).map(|frame| {
        let map = map(model, &frame, error.target, labels);
        (frame, map)
    });
    ExplainedError {
        image: row.image.clone(),
        truth,
        call,
        probability: row.probability[error.target],
        threshold,
        shown,
    }
}

/// The map of a target, a label or a group, at the model's own layer.
fn map(model: &Model, frame: &Frame, target: usize, labels: usize) -> MapOfError {
    let pass = Pass::run(model, &frame.model_plane(), frame.pixels.value_range, &CancelToken::default())?;
    let manifest = &model.manifest;
    let output = if target < labels { Output::Class(target) } else { Output::Group(target - labels) };
    let Some(stage) = model.network.stage(&manifest.target_layer) else { return Ok(None) };
    has_places(&model.network, pass.input(), stage)?;
    let Some(activation) = pass.output(&model.network, stage)? else { return Ok(None) };
    let (logits, scoring) = (&pass.logits, &Scoring::of(manifest));
    let (network, size) = (&model.network, pass.size()?);
    let target = Target { network, stage, activation: &activation, size, logits, scoring };
    Ok(cam::explain(&target, &[Subject::One(output)], &[Method::GradCam])?.pop())
}
