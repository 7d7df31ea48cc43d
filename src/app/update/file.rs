//! Carries out what is asked of files: open, close, import, report.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::effect::Effect;
use super::{analysis, closing, measuring, preferences, report, training, view_capture, what_if};
use crate::app::command::FileCommand;
use crate::app::state::session::LastSession;
use crate::app::state::view_capture::Texts;
use crate::app::state::weights_form::{WeightsForm, only_weights};
use crate::app::state::{Reason, ShownImage, State};
use crate::engine::lungs::LungSearch;

pub(super) fn apply(state: &mut State, command: FileCommand) -> Vec<Effect> {
    use FileCommand as F;
    match command {
        F::OpenFiles => return vec![Effect::AskForFiles],
        F::OpenFolder => return vec![Effect::AskForFolder],
        F::OpenPaths(paths) => return open(state, paths),
        F::OpenDemo => {
            state.scanning = true;
            return vec![Effect::MakeDemo];
        }
        F::ChooseWeights => return vec![Effect::AskForWeights],
        F::EditWeights(form) => state.weights = Some(*form),
        F::ImportWeights => return import_weights(state),
        F::CloseWeights => state.weights = None,
        F::CloseAll => return close_all(state),
        F::ExportReport => {
            (state.printing, state.as_dicom) = (false, false);
            return report::export(state);
        }
        F::ExportDicom => {
            (state.printing, state.as_dicom) = (false, true);
            return report::export(state);
        }
        F::Print => {
            (state.printing, state.as_dicom) = (true, false);
            return report::export(state);
        }
        F::SaveView => return view_capture::begin(state, Texts::AsShown),
        F::SaveViewWithoutPatient => return view_capture::begin(state, Texts::WithoutPatient),
        F::ChooseReportFolder => {
            state.export_when_chosen = false;
            return vec![Effect::AskForReportFolder];
        }
        F::OpenExternally(path) => return vec![Effect::OpenExternally(path)],
        F::ToggleAnonymize => return preferences::change(state, |p| p.anonymize ^= true),
        F::Quit if closing::may_close(state) => return vec![Effect::Quit],
        F::Quit => {}
    }
    Vec::new()
}

/// Images are listed, weights and measurements are imported, a configuration is trained.
fn open(state: &mut State, paths: Vec<PathBuf>) -> Vec<Effect> {
    if paths.is_empty() {
        return Vec::new();
    }
    if let Some(path) = only_weights(&paths) {
        state.weights = Some(WeightsForm::new(path.to_owned()));
        return Vec::new();
    }
    if let Some(path) = paths.iter().find(|p| is_configuration(p)) {
        return training::configure(state, path.clone());
    }
    if let [path] = paths.as_slice()
        && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
    {
        return measuring::import_from(state, path.clone());
    }
    state.training.open = false;
    (state.scanning, state.scanned) = (true, (0, 0));
    vec![Effect::Scan { paths, open: state.catalogue.clone() }]
}

/// True for a configuration of a training run, from a drop or a path field.
fn is_configuration(path: &Path) -> bool {
    let toml = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"));
    toml && path.file_name().is_none_or(|name| name != "manifest.toml")
}

fn import_weights(state: &mut State) -> Vec<Effect> {
    let Some(form) = &mut state.weights else { return Vec::new() };
    match form.request() {
        Ok(request) => {
            (form.running, form.refusal) = (true, None);
            vec![Effect::Import(Box::new(request))]
        }
        Err(reason) => {
            form.refusal = Some(Reason::of(&reason).capitalized());
            Vec::new()
        }
    }
}

fn close_all(state: &mut State) -> Vec<Effect> {
    let mut effects = analysis::drop_results(state);
    what_if::let_go(state);
    if std::mem::take(&mut state.scanning) {
        effects.push(Effect::CancelScan);
    }
    super::notices::forget_image(state);
    state.image = ShownImage::Nothing;
    state.pyramid = Arc::default();
    state.presentations = Arc::default();
    state.presented = None;
    state.color = None;
    state.stack.cache.clear();
    (state.stack.laid, state.stack.before, state.stack.settles) = (None, None, None);
    state.stack.cine.playing = None;
    effects.push(Effect::Prefetch(Vec::new()));
    state.hanging.slots.fill(None);
    (state.hanging.target, state.hanging.hung) = (None, None);
    state.catalogue = Arc::default();
    state.images.clear();
    Arc::make_mut(&mut state.measuring.key_images).close();
    state.ticked.clear();
    state.solo = None;
    state.cursor = None;
    state.tags = None;
    (state.result_objects.laid, state.result_objects.window) = (None, None);
    state.lungs = LungSearch::NotLookedFor;
    // What was closed by mistake can be opened again.
    state.last_session = LastSession::of(&state.preferences.last, state.preferences.grid.as_ref());
    effects
}
