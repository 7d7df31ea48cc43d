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
    let model = registry::load(&request.model, &device)?;
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::app::runtime::job_threads::JobThreads;

    /// A change of the embedded model for radiographs, on two images that it scores.
    fn request(folder: &Path, change: impl Fn(&mut KnownModel)) -> CompareModels {
        let manifest = registry::manifest(registry::DEFAULT).unwrap();
        let labels = manifest.labels.iter().map(|label| (label.name.clone(), label.threshold));
        let groups = manifest.groups.iter().map(|group| (group.name.clone(), group.threshold));
        let now = KnownModel {
            version: manifest.version.clone(),
            sha256: manifest.weights_sha256.clone(),
            thresholds: labels.chain(groups).collect(),
        };
        let mut before = now.clone();
        change(&mut before);
        let image = |seed: u32| {
            let path = folder.join(format!("{seed}.png"));
            let grey = |x: u32, y: u32| image::Luma([(128.0 + 100.0 * ((x * seed + y) as f32 / 20.0).sin()) as u8]);
            image::GrayImage::from_fn(96, 96, grey).save(&path).unwrap();
            path
        };
        CompareModels {
            change: ModelChange { name: manifest.name, before, now },
            model: registry::DEFAULT.into(),
            images: vec![image(1), image(2)],
            device: "cpu".into(),
        }
    }

    type Compared = Result<ModelDiff, String>;

    /// What is sent while two models are compared: the numbers of images, and the end.
    fn compared(request: &CompareModels, cancel: &CancelToken) -> (Vec<(usize, usize)>, Option<Compared>) {
        let jobs = JobThreads::new(&egui::Context::default());
        compare(request, cancel, &jobs.sender());
        let (mut counts, mut end) = (Vec::new(), None);
        for message in jobs.messages() {
            match message {
                Message::Comparing(done, of) => counts.push((done, of)),
                Message::ModelsCompared(result) => {
                    end = Some(result.map(|diff| *diff).map_err(|reason| reason.as_str().to_owned()));
                }
                _ => panic!("another message"),
            }
        }
        (counts, end)
    }

    #[test]
    fn changed_thresholds_are_compared_on_one_scoring_of_the_images() {
        let folder = tempfile::tempdir().unwrap();
        let request = request(folder.path(), |before| before.thresholds.values_mut().for_each(|at| *at = 0.0));
        let (counts, end) = compared(&request, &CancelToken::default());
        assert_eq!(counts.last(), Some(&(2, 2)), "each image is scored once: {counts:?}");
        let diff = end.unwrap().unwrap();
        assert_eq!(diff.images.len(), 2);
        assert!(diff.models[0].starts_with("Before: ") && diff.models[1].starts_with("Now: "), "{:?}", diff.models);
        for target in &diff.targets {
            assert_eq!((target.thresholds[0], target.mean_change), (0.0, 0.0), "{}", target.name);
            assert!((target.thresholds[1] - f64::from(request.change.now.thresholds[&target.name])).abs() < 1e-6);
            // All were called before; what is not called now turned.
            assert_eq!((target.turned_present, target.same_call + target.turned_absent), (0, 2), "{}", target.name);
        }
    }

    #[test]
    fn other_weights_that_are_installed_no_more_are_said_and_no_image_is_scored() {
        let folder = tempfile::tempdir().unwrap();
        let request = request(folder.path(), |before| before.sha256 = "0".repeat(64));
        let (counts, end) = compared(&request, &CancelToken::default());
        let reason = end.unwrap().unwrap_err();
        assert!(counts.is_empty() && reason.contains("the weights of before are not installed any more"), "{reason}");
    }

    #[test]
    fn weights_that_another_installed_model_has_are_compared_with_that_model() {
        let folder = tempfile::tempdir().unwrap();
        let other = registry::list().into_iter().map(|(name, _)| name).find(|name| name != registry::DEFAULT).unwrap();
        let other = registry::manifest(&other).unwrap();
        let request = request(folder.path(), |before| before.sha256.clone_from(&other.weights_sha256));
        let (counts, end) = compared(&request, &CancelToken::default());
        // It is about other findings: that is what is said, after both have scored.
        assert_eq!(counts.last(), Some(&(4, 4)), "{counts:?}");
        let said = match end.unwrap() {
            Ok(diff) => diff.remarks.join(" "),
            Err(reason) => reason,
        };
        assert!(!said.is_empty());
    }

    #[test]
    fn images_that_cannot_be_read_and_a_stopped_comparison_end_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut request = request(folder.path(), |before| before.thresholds.clear());
        let stopped = CancelToken::default();
        stopped.cancel();
        assert!(compared(&request, &stopped).1.is_none(), "nobody waits for it any more");
        request.images = vec![folder.path().join("gone.png")];
        let reason = compared(&request, &CancelToken::default()).1.unwrap().unwrap_err();
        assert!(reason.contains("could be scored") || reason.contains("gone.png"), "{reason}");
        request.images.clear();
        request.model = "no such model".into();
        let reason = compared(&request, &CancelToken::default()).1.unwrap().unwrap_err();
        assert!(reason.contains("no such model"), "{reason}");
    }
}
