//! Says that a model is not what it was in the session before, and has the two compared on the images
//! at hand.

use super::audit;
use super::effect::Effect;
use super::message::CompareModels;
use super::notices::notice;
use crate::app::state::model_changes::{Comparing, KnownModel, ModelChange};
use crate::app::state::{Level, NoticeAction, Reason, State};
use crate::evaluation::model_diff::ModelDiff;
use crate::language::tr;

/// Most images that two models are compared on.
const IMAGES: usize = 200;

/// Looks at the model on screen, once a session: a change is said, and what it is now is remembered.
pub(super) fn look(state: &mut State) -> Vec<Effect> {
    let Some(info) = state.model_info() else { return Vec::new() };
    let (name, now) = (info.manifest.name.clone(), KnownModel::of(info));
    if state.model_changes.looked_at.contains(&name) {
        return Vec::new();
    }
    let change = state.model_change();
    state.model_changes.looked_at.insert(name.clone());
    let mut effects = Vec::new();
    if let Some(change) = change {
        notice(state, Level::Warning, words(&change), Some(NoticeAction::CompareModels));
        state.model_changes.change = Some(change);
        effects.extend(audit::model_changed(state));
    }
    if state.preferences.models.get(&name) != Some(&now) {
        effects.extend(super::preferences::change(state, |p| drop(p.models.insert(name, now))));
    }
    effects
}

/// What has changed, in a sentence or two.
fn words(change: &ModelChange) -> String {
    let short = |hash: &str| hash.chars().take(8).collect::<String>();
    let ModelChange { name, before, now } = change;
    let thresholds = change.thresholds().len();
    if change.has_other_weights() {
        return tr!(
            "The model {name} is not the one of the last session: version {now} (weights {new}) in the place of {before} \
             (weights {old}). Its scores may differ.",
            name,
            now = now.version,
            new = short(&now.sha256),
            before = before.version,
            old = short(&before.sha256)
        );
    }
    let what = tr!("1 threshold" | "{n} thresholds" % thresholds);
    tr!("The model {name} calls otherwise than in the last session: {what} changed, the weights did not.", name, what)
}

/// Has both compared on the images at hand.
pub(super) fn compare(state: &mut State) -> Vec<Effect> {
    let Some(change) = state.model_changes.change.clone() else { return Vec::new() };
    let mut images: Vec<std::path::PathBuf> = state.images.iter().map(|image| image.path.clone()).collect();
    images.dedup();
    images.truncate(IMAGES);
    if images.is_empty() {
        let words = crate::language::text!("Open the images that the two are to be compared on first.");
        notice(state, Level::Info, words, Some(NoticeAction::CompareModels));
        return Vec::new();
    }
    state.model_changes.comparing = Some(Comparing::Running(0, images.len()));
    let model = state.model_changes.opened_as.get(&change.name).unwrap_or(&change.name).clone();
    vec![Effect::CompareModels(Box::new(CompareModels { change, model, images, device: state.device.clone() }))]
}

/// Closes the window; a comparison that runs is stopped.
pub(super) fn close(state: &mut State) -> Vec<Effect> {
    let running = matches!(state.model_changes.comparing.take(), Some(Comparing::Running(..)));
    if running { vec![Effect::StopComparing] } else { Vec::new() }
}

/// So many images are scored.
pub(super) fn progressed(state: &mut State, done: usize, of: usize) {
    if let Some(comparing @ Comparing::Running(..)) = &mut state.model_changes.comparing {
        *comparing = Comparing::Running(done, of);
    }
}

/// What came of it; dropped where the window was closed.
pub(super) fn compared(state: &mut State, result: Result<Box<ModelDiff>, Reason>) {
    if let Some(comparing) = &mut state.model_changes.comparing {
        *comparing = match result {
            Ok(diff) => Comparing::Done((*diff).into()),
            Err(reason) => Comparing::Failed(reason),
        };
    }
}
