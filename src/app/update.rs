//! Carries out commands: with [`super::events`] the only place that changes the state.
//!
//! Knows no egui and no thread: what must happen outside comes back as [`Effect`]s. Nothing the reader does to the
//! picture asks the engine for anything: window, pan, colours and classes cannot change a score.

use std::sync::Arc;
use std::time::Instant;

use crate::engine::choice::Choice;
use crate::engine::{AnalysisOptions, Request};
use crate::imaging::colormap::ColorMap;
use crate::network::registry;
use crate::report::case::{CaseReport, Paper};
use crate::study::ImageEntry;

use super::command::Command;
pub use super::effect::Effect;
use super::impression;
use super::maps;
use super::maps::update::{choose, choose_next, style, with_later_maps};
use super::state::{Film, Layout, Level, Model, Notice, Phase, Results, State, View};
use super::views::{drag_window, each_view, initial_window, reset_views, value_at, view_mut};
use super::weights::{self, WeightsForm};
use super::{sure, training, trust};

/// Step of the opacity and threshold keys.
const STEP: f32 = 0.05;
/// Factor of the zoom keys.
const ZOOM_STEP: f32 = 1.25;

/// Carries out a command. What the screen then wants and does not have is asked for.
pub fn apply(state: &mut State, command: Command) -> Vec<Effect> {
    use Command as C;
    // What is done many times a second and shows no other map.
    let idle = matches!(command, C::Point(_) | C::Pan(..) | C::Zoom(..) | C::DragWindow(..));
    let mut effects = carry_out(state, command);
    if !idle {
        effects.extend(maps::explain_more(state));
    }
    effects
}

fn carry_out(state: &mut State, command: Command) -> Vec<Effect> {
    use Command as C;
    match command {
        C::OpenFiles => return vec![Effect::AskForFiles],
        C::OpenFolder => return vec![Effect::AskForFolder],
        C::OpenPaths(paths) if paths.is_empty() => {}
        C::OpenPaths(paths) if weights::only_weights(&paths).is_some() => {
            state.weights = paths.into_iter().next().map(WeightsForm::new);
        }
        C::OpenPaths(paths) => {
            if let Some(path) = paths.iter().find(|p| training::update::is_configuration(p)).cloned() {
                return training::update::apply(state, training::TrainingCommand::Configure(path));
            }
            state.training.open = false;
            (state.scanning, state.scanned) = (true, (0, 0));
            return vec![Effect::Scan { paths, open: state.catalogue.clone() }];
        }
        C::OpenDemo => {
            state.scanning = true;
            return vec![Effect::MakeDemo];
        }
        C::ChooseWeights => return vec![Effect::AskForWeights],
        C::EditWeights(form) => state.weights = Some(*form),
        C::ImportWeights => return import_weights(state),
        C::CloseWeights => state.weights = None,
        C::CloseAll => return close_all(state),
        C::ExportReport => return export(state),
        C::ChooseReportFolder => {
            state.export_when_chosen = false;
            return vec![Effect::AskForReportFolder];
        }
        C::OpenExternally(path) => return vec![Effect::OpenExternally(path)],
        C::ToggleAnonymize => return setting(state, |s| s.settings.anonymize ^= true),
        C::Quit if training::update::may_close(state) => return vec![Effect::Quit],
        C::Quit => {}

        C::PreviousImage => return step_image(state, -1),
        C::NextImage => return step_image(state, 1),
        C::ShowImage(entry, index) => return show(state, entry, index),
        C::Reload => {
            if let Some((entry, index)) = state.current().map(|(e, i)| (e.clone(), i)) {
                return show(state, entry, index);
            }
        }

        C::SetLayout(layout) => {
            state.layout = layout;
            state.solo = None;
        }
        C::ToggleSolo(pane) => {
            state.solo = if state.solo.is_some() || state.panes().len() < 2 { None } else { Some(pane) };
        }
        C::ResetView => reset_views(state),
        C::Invert => each_view(state, |v| v.invert ^= true),
        C::FlipHorizontal => each_view(state, View::mirror_horizontal),
        C::FlipVertical => each_view(state, View::mirror_vertical),
        C::RotateRight => each_view(state, |v| v.rotate(1)),
        C::RotateLeft => each_view(state, |v| v.rotate(3)),
        C::ZoomIn => each_view(state, |v| v.zoom_around(ZOOM_STEP, v.center)),
        C::ZoomOut => each_view(state, |v| v.zoom_around(1.0 / ZOOM_STEP, v.center)),
        C::AutoWindow => {
            let window = state.auto_window;
            each_view(state, |v| (v.window, v.file_lut) = (window, false));
        }
        C::FileWindow => {
            let (window, file_lut) = initial_window(state);
            each_view(state, |v| (v.window, v.file_lut) = (window, file_lut));
        }
        C::SetWindow(pane, window) => {
            if window.is_valid() {
                let view = view_mut(state, pane);
                (view.window, view.file_lut) = (window, false);
            }
        }
        C::DragWindow(pane, by) => drag_window(state, pane, by),
        C::Pan(pane, by) => {
            if let Some(size) = state.frame().map(|f| [f.plane.width as f32, f.plane.height as f32]) {
                view_mut(state, pane).pan(by, size);
            }
        }
        C::Zoom(pane, factor, point) => view_mut(state, pane).zoom_around(factor, point),
        C::Point(at) => state.cursor = at.and_then(|at| value_at(state, at)),
        C::ToggleLinked => {
            // The others start from what is seen now, so that nothing jumps.
            if state.settings.linked {
                let first = state.views[0];
                state.views.fill(first);
            }
            return setting(state, |s| s.settings.linked ^= true);
        }
        C::ToggleSmooth => return setting(state, |s| s.settings.smooth ^= true),
        C::ToggleStudies => return setting(state, |s| s.settings.studies_open ^= true),
        C::ToggleFindings => return setting(state, |s| s.settings.findings_open ^= true),
        C::ToggleFullscreen => return vec![Effect::ToggleFullscreen],
        C::SetPanelWidths(studies, findings) => {
            return setting(state, |s| (s.settings.studies_width, s.settings.findings_width) = (studies, findings));
        }
        C::SetTheme(theme) => return setting(state, |s| s.settings.theme = theme),

        C::ToggleHeatMap => state.heat_map ^= true,
        C::HideOverlays(hidden) => state.overlays_hidden = hidden,
        C::NextMethod => choose_next(state),
        C::SetMethod(method) => choose(state, method),
        C::SetLayer(layer) => state.layer = layer,
        C::SetOpacity(value) => return style(state, |s| s.opacity = part(value)),
        C::LessOpacity => return style(state, |s| s.opacity = part(s.opacity - STEP)),
        C::MoreOpacity => return style(state, |s| s.opacity = part(s.opacity + STEP)),
        C::SetThreshold(value) => return style(state, |s| s.threshold = part(value)),
        C::LowerThreshold => return style(state, |s| s.threshold = part(s.threshold - STEP)),
        C::RaiseThreshold => return style(state, |s| s.threshold = part(s.threshold + STEP)),
        C::NextColormap => {
            let maps = ColorMap::SEQUENTIAL;
            let at = maps.iter().position(|m| *m == state.overlay().map()).unwrap_or(0);
            return style(state, |s| s.colormap = maps[(at + 1) % maps.len()].key().into());
        }
        C::SetColormap(key) => return style(state, |s| s.colormap = key),
        C::ToggleContours => return style(state, |s| s.contours ^= true),
        C::ToggleSharedScale => return share_scale(state),
        C::ToggleTrust => trust::toggle(state),
        C::JudgeAgain => trust::again(state),

        C::PreviousClass => step_class(state, -1),
        C::NextClass => step_class(state, 1),
        C::SelectClass(class) => select(state, class),
        C::TickClass(class) => match state.ticked.iter().position(|c| *c == class) {
            Some(at) => drop(state.ticked.remove(at)),
            None if class < state.labels().len() => state.ticked.push(class),
            None => {}
        },
        C::SwapCompared => {
            let (a, b) = state.compared();
            state.ticked.retain(|c| *c != a && *c != b);
            state.ticked.splice(0..0, [b, a]);
        }
        C::ShowAnyway => {
            if state.results.phase == Phase::Refused {
                state.options.force = true;
                return analyze(state);
            }
        }
        C::Cancel => return cancel(state),
        C::Retry => return retry(state),
        C::SetSamples(samples) => {
            state.options.samples = samples;
            return analyze(state);
        }
        C::SetSeed(seed) => {
            state.options.seed = seed;
            state.options.explanation.seed = seed;
            return analyze(state);
        }
        C::SetModel(name) => {
            (state.automatic, state.choice) = (false, Some(Arc::new(Choice::by_hand(&name))));
            return set_model(state, name.clone(), Request::LoadModel { name });
        }
        C::PickModel => {
            (state.automatic, state.choice) = (true, None);
            let first = registry::DEFAULT.to_owned();
            return set_model(state, first.clone(), Request::Automatic { first });
        }

        C::Maps(command) => return maps::update::apply(state, command),
        C::Impression(command) => return impression::apply(state, command),
        C::Sure(command) => return sure::apply(state, command),
        C::Training(command) => return training::update::apply(state, command),

        C::ToggleKeys => state.keys_open ^= true,
        C::DismissNotice(id) => state.notices.retain(|n| n.id != id),
        C::Escape => {
            if state.keys_open {
                state.keys_open = false;
            } else if state.reliability.take().is_some() {
                // Closed.
            } else if state.weights.take().is_some() {
                // An import on its way goes on and says how it ended.
            } else if state.training.question.is_some() {
                return training::update::apply(state, training::TrainingCommand::KeepGoing);
            } else if state.training.open {
                state.training.open = false;
            } else if state.trust_open {
                trust::toggle(state);
            } else if state.solo.is_some() {
                state.solo = None;
            } else {
                return cancel(state);
            }
        }
    }
    Vec::new()
}

fn import_weights(state: &mut State) -> Vec<Effect> {
    let Some(form) = &mut state.weights else { return Vec::new() };
    match form.request() {
        Ok(request) => {
            (form.running, form.refusal) = (true, None);
            vec![Effect::Import(Box::new(request))]
        }
        Err(reason) => {
            form.refusal = Some(reason);
            Vec::new()
        }
    }
}

/// Shows another image: a new generation, results of the one before are dropped from here on.
pub(super) fn show(state: &mut State, entry: Arc<ImageEntry>, index: u32) -> Vec<Effect> {
    let mut effects = drop_results(state);
    state.film = Film::Loading(entry.clone(), index);
    state.options.force = false;
    state.chosen = false;
    state.cursor = None;
    if state.automatic {
        state.choice = None;
    }
    effects.push(Effect::LoadFrame { generation: state.generation, entry, index });
    effects
}

/// Analyses the image on screen, from nothing.
pub(super) fn analyze(state: &mut State) -> Vec<Effect> {
    let Some(frame) = state.frame().cloned() else { return Vec::new() };
    let mut effects = drop_results(state);
    state.results.phase = Phase::Waiting;
    // Another image may find a model that fits.
    if matches!(state.model, Model::Ready(_) | Model::Unfit) {
        // Without a name it is the target layer of whichever model will be chosen.
        let known = state.model_info().filter(|_| !state.automatic);
        let layers = known.map(|info| info.manifest.target_layer.clone()).into_iter().collect();
        let options = AnalysisOptions { layers, ..state.options.clone() };
        effects.push(Effect::Ask(Request::Analyze { generation: state.generation, frame, options }));
    }
    effects
}

/// Adds a message to the corner.
pub(super) fn notice(state: &mut State, level: Level, text: String, action: Option<(&'static str, Command)>) {
    // The same words twice are one notice, seen anew.
    state.notices.retain(|n| n.text != text);
    let id = state.next_notice;
    state.next_notice += 1;
    state.notices.push(Notice { id, level, text, action, since: Instant::now() });
}

fn drop_results(state: &mut State) -> Vec<Effect> {
    let running = state.busy() || state.results.explaining.is_some();
    state.generation += 1;
    state.results = Results::default();
    if running { vec![Effect::CancelAnalysis] } else { Vec::new() }
}

fn close_all(state: &mut State) -> Vec<Effect> {
    let mut effects = drop_results(state);
    if std::mem::take(&mut state.scanning) {
        effects.push(Effect::CancelScan);
    }
    state.film = Film::Nothing;
    state.pyramid = Arc::default();
    state.color = None;
    state.catalogue = Arc::default();
    state.images.clear();
    state.ticked.clear();
    state.solo = None;
    state.cursor = None;
    effects
}

fn cancel(state: &mut State) -> Vec<Effect> {
    if state.busy() { vec![Effect::CancelAnalysis] } else { maps::stop(state) }
}

fn retry(state: &mut State) -> Vec<Effect> {
    if let Model::Failed { name, .. } = &state.model {
        let again = if state.automatic { Command::PickModel } else { Command::SetModel(name.clone()) };
        return apply(state, again);
    }
    match &state.film {
        Film::Failed { .. } => apply(state, Command::Reload),
        _ => analyze(state),
    }
}

fn set_model(state: &mut State, name: String, request: Request) -> Vec<Effect> {
    let mut effects = drop_results(state);
    if state.frame().is_some() {
        state.results.phase = Phase::Waiting;
    }
    state.ticked.clear();
    state.selected_group = None;
    state.chosen = false;
    state.layer.clear();
    state.model = Model::Loading { name };
    effects.push(Effect::Ask(request));
    effects
}

/// The frame or image `by` places away; at the ends nothing happens.
fn step_image(state: &mut State, by: i64) -> Vec<Effect> {
    let Some((entry, index)) = state.current() else { return Vec::new() };
    let frame = i64::from(index) + by;
    if (0..i64::from(entry.frames)).contains(&frame) {
        let entry = entry.clone();
        return show(state, entry, frame as u32);
    }
    let at = state.images.iter().position(|e| Arc::ptr_eq(e, entry) || e.key() == entry.key());
    let next = at.and_then(|at| usize::try_from(at as i64 + by).ok()).and_then(|at| state.images.get(at)).cloned();
    match next {
        Some(entry) => {
            let index = if by < 0 { entry.frames.saturating_sub(1) } else { 0 };
            show(state, entry, index)
        }
        None => Vec::new(),
    }
}

fn step_class(state: &mut State, by: i64) {
    let n = state.labels().len() as i64;
    if n > 0 {
        select(state, (state.selected as i64 + by).rem_euclid(n) as usize);
    }
}

fn select(state: &mut State, class: usize) {
    if class < state.labels().len() {
        state.selected = class;
        state.selected_group = None;
        state.chosen = true;
        // A click on a class is a wish to see its map.
        state.heat_map = true;
    }
}

fn part(value: f32) -> f32 {
    value.clamp(0.0, 1.0)
}

/// One scale is shared by all views or by none, whatever looks they have.
fn share_scale(state: &mut State) -> Vec<Effect> {
    let shared = !state.settings.overlay.shared_scale;
    state.looks.styles.iter_mut().for_each(|style| style.shared_scale = shared);
    setting(state, |s| s.settings.overlay.shared_scale = shared)
}

fn setting(state: &mut State, change: impl FnOnce(&mut State)) -> Vec<Effect> {
    change(state);
    vec![Effect::SaveSettings]
}

fn export(state: &mut State) -> Vec<Effect> {
    if impression::report_waits(state) {
        return Vec::new();
    }
    let Some(case) = case(state) else {
        let why = match (&state.film, &state.results.phase) {
            (Film::Shown(_), Phase::Waiting | Phase::Running) => {
                "The analysis is still running: export when it is done."
            }
            (Film::Shown(_), Phase::Unfit) => "No model fits this image: choose one by hand to report its refusal.",
            (Film::Shown(_), _) => "There is no finished analysis to report: analyse the image first.",
            _ => "There is nothing to report: open an image first.",
        };
        notice(state, Level::Info, why.into(), None);
        return Vec::new();
    };
    if state.exporting {
        return Vec::new();
    }
    if let Some(folder) = state.settings.report_folder.clone() {
        state.exporting = true;
        impression::caution(state, &case);
        return vec![Effect::WriteReport { case: Box::new(case), folder }];
    }
    state.export_when_chosen = true;
    vec![Effect::AskForReportFolder]
}

/// The case on screen, once its analysis is finished.
fn case(state: &State) -> Option<CaseReport> {
    let (frame, finished, model) = (state.frame()?, state.results.finished.as_ref()?, state.model_info()?);
    let layer = state.layer().to_owned();
    let analysis = with_later_maps(state, finished, &layer);
    let classes = if state.ticked.is_empty() {
        match state.layout {
            Layout::ClassGrid => (0..state.labels().len()).collect(),
            Layout::Compare if state.labels().len() > 1 => vec![state.compared().0, state.compared().1],
            _ => vec![state.selected],
        }
    } else {
        state.ticked.clone()
    };
    let trust = trust::of_report(state, &classes);
    let view = state.view(0);
    Some(CaseReport {
        frame: frame.clone(),
        analysis,
        model: model.clone(),
        impression: state.impression().cloned(),
        classes,
        method: state.method,
        layer,
        trust,
        window: view.window,
        inverted_by_reader: view.invert,
        overlay: state.overlay().clone(),
        anonymize: state.settings.anonymize,
        paper: Paper::A4,
        created: chrono::Local::now(),
        risk: state.settings.risk,
        prevalences: state.prevalence().into_iter().collect(),
    })
}
