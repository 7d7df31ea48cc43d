//! A changed model beside what it was, on the images at hand: as the weights of before, where they are
//! still installed under some name, or by the thresholds of before.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr as _;

use super::job_threads::MessageSender;
use crate::app::state::Reason;
use crate::app::state::model_changes::{KnownModel, ModelChange};
use crate::app::update::message::{CompareModels, Message};
use crate::cancel::CancelToken;
use crate::evaluation::matching::Mismatch;
use crate::evaluation::model_diff::{ModelDiff, Side, called_by, diff};
use crate::evaluation::predictions::Predictions;
use crate::evaluation::scoring::{self, LabelledImage, ScoringError, ScoringProgress, targets};
use crate::language::text;
use crate::model::Model;
use crate::model::conformal::RISK;
use crate::model::registry::{self, ModelError};
use crate::network::device::{DeviceChoice, DeviceError};
use crate::study::patients::Patients;

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
enum ComparingError {
    #[error(
        "the weights of before are not installed any more, so only what is known of them can be shown; where a model of \
         them lies in a folder, `pellucid models diff FOLDER NAME DIR` compares the two"
    )]
    Gone,
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(transparent)]
    Model(Box<ModelError>),
    #[error(transparent)]
    Scoring(#[from] ScoringError),
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    #[error("none of the images could be scored")]
    Nothing,
}

impl From<ModelError> for ComparingError {
    fn from(error: ModelError) -> Self {
        Self::Model(Box::new(error))
    }
}

/// Compares, and sends what came of it.
pub(super) fn compare(request: &CompareModels, cancel: &CancelToken, sender: &MessageSender) {
    match compared(request, cancel, sender) {
        Err(ComparingError::Scoring(ScoringError::Cancelled(_))) => {}
        result => sender.send(Message::ModelsCompared(result.map(Box::new).map_err(|e| Reason::of(&e)))),
    }
}

fn compared(
    request: &CompareModels,
    cancel: &CancelToken,
    sender: &MessageSender,
) -> Result<ModelDiff, ComparingError> {
    let device = DeviceChoice::from_str(&request.device).unwrap_or(DeviceChoice::Auto).open()?;
    let ModelChange { name, before, now } = &request.change;
    let old =
        if request.change.has_other_weights() { Some(installed(before).ok_or(ComparingError::Gone)?) } else { None };
    let models = 1 + usize::from(old.is_some());
    let mut done = 0;
    let of = models * request.images.len();
    let mut scored = |model: &Model| {
        let mut progress = |progress: ScoringProgress<'_>| {
            if let ScoringProgress::Done(n) = progress {
                done += n;
                sender.send(Message::Comparing(done, of));
            }
        };
        let files = listed(model, &request.images);
        let scored = scoring::score(model, &files, &Patients::default(), 0, cancel, &mut progress)?;
        if scored.set.rows.is_empty() { Err(ComparingError::Nothing) } else { Ok(scored.set) }
    };
    let model = registry::load(name, &device)?;
    let set = scored(&model)?;
    let title = |words: &'static str, known: &KnownModel| format!("{words}: {name} {}", known.version);
    let [first, second] = [title(text!("Before"), before), title(text!("Now"), now)];
    let (manifest, calibration) = (&model.manifest, &model.calibration);
    let side = |name: String, set: Predictions| Side { name, manifest, calibration, set };
    let Some(old) = old else {
        let thresholds: BTreeMap<String, f64> =
            before.thresholds.iter().map(|(name, at)| (name.clone(), f64::from(*at))).collect();
        let mut found = diff([side(first, called_by(&set, &thresholds)), side(second, set)], RISK)?;
        for target in &mut found.targets {
            target.thresholds[0] = thresholds.get(&target.name).copied().unwrap_or(f64::NAN);
        }
        return Ok(found);
    };
    let old = registry::load(&old, &device)?;
    let before = Side { name: first, manifest: &old.manifest, calibration: &old.calibration, set: scored(&old)? };
    Ok(diff([before, side(second, set)], RISK)?)
}

/// The name of an installed model with these weights.
fn installed(known: &KnownModel) -> Option<String> {
    let is_it = |name: &String| registry::manifest(name).is_ok_and(|manifest| manifest.weights_sha256 == known.sha256);
    registry::list().into_iter().map(|(name, _)| name).find(is_it)
}

fn listed(model: &Model, images: &[PathBuf]) -> Vec<LabelledImage> {
    let count = targets(&model.manifest).0.len();
    let image = |path: &PathBuf| LabelledImage {
        path: path.clone(),
        image: path.display().to_string(),
        truth: vec![None; count],
        patient: None,
        facts: BTreeMap::new(),
    };
    images.iter().map(image).collect()
}
