//! Takes in what the engine and the threads say. Late events, of an image that is no longer open, are dropped here.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::choice::Choice;
use crate::engine::{Analysis, Event, Generation, ModelInfo, Score};
use crate::study::Catalogue;

use super::catalogue;
use super::command::Command;
use super::effect::{Effect, Loaded, Message};
use super::impression::note_seen;
use super::maps;
use super::state::{Film, Level, Model, Phase, State};
use super::update::{analyze, apply, notice, show};
use super::views::reset_views;
use super::weights::WeightsForm;

/// Most entries of the recent list.
const RECENT: usize = 10;
/// How long a notice of good news stays.
const INFO_STAYS: Duration = Duration::from_secs(8);

/// Takes in what the engine says.
pub fn on_event(state: &mut State, event: Event) -> Vec<Effect> {
    let effects = heard(state, event);
    note_seen(state);
    effects
}

fn heard(state: &mut State, event: Event) -> Vec<Effect> {
    if generation(&event).is_some_and(|g| g != state.generation) {
        return Vec::new();
    }
    // After the result, the maps of the other layers follow under the same generation.
    let follows = state.results.finished.is_some();
    match event {
        Event::Started { .. }
        | Event::Chosen { .. }
        | Event::Gated { .. }
        | Event::Scored { .. }
        | Event::Sampled { .. }
        | Event::Finished { .. }
        | Event::Unfit { .. }
        | Event::Cancelled { .. }
        | Event::Failed { .. }
            if follows => {}
        Event::ModelReady(info) => return model_ready(state, info),
        Event::ModelFailed { name, reason } => {
            if matches!(state.results.phase, Phase::Waiting | Phase::Running) {
                state.results.phase = Phase::Failed(reason.clone());
            }
            notice(
                state,
                Level::Error,
                format!("The model {name} could not be loaded: {reason}"),
                Some(("Retry", Command::Retry)),
            );
            state.model = Model::Failed { name, reason };
        }
        Event::Started { .. } => state.results.phase = Phase::Running,
        Event::Chosen { choice, model, .. } => {
            state.choice = Some(choice);
            match model {
                Some(info) => take_model(state, info),
                None => state.model = Model::Unfit,
            }
        }
        Event::Unfit { .. } => state.results.phase = Phase::Unfit,
        Event::Gated { verdict, .. } => state.results.gate = Some(verdict),
        Event::Scored { labels, groups, population, .. } => {
            state.results.population = population;
            choose_for_reader(state, &labels);
            state.results.labels = labels;
            state.results.groups = groups;
        }
        Event::Explained { attributions, .. } => maps::keep(state, attributions),
        Event::Refined { attributions, .. } => maps::keep_rough(state, attributions),
        Event::Explaining { what, done, of, .. } => {
            if let Some(explaining) = &mut state.results.explaining {
                explaining.step = Some((what, done, of));
            }
        }
        Event::Spread { spread, .. } => maps::stability::keep(state, spread),
        Event::Trusted { trusted, .. } => maps::keep_trust(state, trusted),
        Event::ExplanationDone { .. } => return maps::explained(state),
        Event::ExplanationFailed { reason, .. } => return maps::not_explained(state, reason),
        Event::Sampled { done, of, posterior, .. } => {
            state.results.samples_done = done;
            state.results.samples_of = of;
            state.results.posterior = Some(posterior);
        }
        Event::Finished { analysis, .. } => return finished(state, &analysis),
        Event::Cancelled { .. } => state.results.phase = Phase::Cancelled,
        Event::Failed { reason, .. } => state.results.phase = Phase::Failed(reason),
    }
    Vec::new()
}

/// Takes in what a thread says.
pub fn on_message(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::FilesChosen(Some(paths)) => return apply(state, Command::OpenPaths(paths)),
        Message::FilesChosen(None) => notice(
            state,
            Level::Warning,
            "This desktop offers no file dialog. Drop files onto the window, or type a path into the field.".into(),
            None,
        ),
        Message::ReportFolderChosen(folder) => return folder_chosen(state, folder),
        Message::DialogCancelled => state.export_when_chosen = false,
        Message::Scanning { found, read } if state.scanning => state.scanned = (found, read),
        Message::Scanned { paths, catalogue } => return scanned(state, paths, *catalogue),
        Message::ScanFailed(reason) => {
            state.scanning = false;
            notice(state, Level::Error, format!("The files could not be listed: {reason}"), None);
        }
        Message::DemoFailed(reason) => {
            state.scanning = false;
            notice(state, Level::Error, format!("The demo could not be made: {reason}"), None);
        }
        Message::FrameLoaded { generation, result } if generation == state.generation => {
            return frame_loaded(state, result);
        }
        // Closed meanwhile, or another image was asked for.
        Message::Scanning { .. } | Message::FrameLoaded { .. } => {}
        Message::ReportWritten(Ok(path)) => {
            state.exporting = false;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            notice(
                state,
                Level::Info,
                format!("Report written: {name}, in {}", path.parent().unwrap_or(&path).display()),
                Some(("Open", Command::OpenExternally(path))),
            );
        }
        Message::ReportWritten(Err(reason)) => {
            state.exporting = false;
            notice(state, Level::Error, capitalized(&reason), Some(("Report folder…", Command::ChooseReportFolder)));
        }
        Message::WeightsChosen(Some(path)) => state.weights = Some(WeightsForm::new(path)),
        Message::WeightsChosen(None) => notice(
            state,
            Level::Warning,
            "This desktop offers no file dialog. Drop the weights onto the window, or type their path into the field."
                .into(),
            None,
        ),
        Message::Imported(Ok(name)) => {
            state.weights = None;
            let words = format!("Imported as {name}. Nothing about its quality was measured here.");
            notice(state, Level::Info, words, Some(("Use it", Command::SetModel(name))));
        }
        Message::Imported(Err(reason)) => match &mut state.weights {
            Some(form) if form.running => (form.running, form.refusal) = (false, Some(capitalized(&reason))),
            _ => notice(state, Level::Error, format!("The weights were not imported: {reason}"), None),
        },
        Message::Failed(reason) => notice(state, Level::Warning, reason, None),
        Message::Models(names) => state.models = names,
        Message::Training(news) => return super::training::update::on_news(state, news),
    }
    Vec::new()
}

/// Takes away good news that has been read. Yields the time until the next one goes.
pub fn on_time(state: &mut State, now: Instant) -> Option<Duration> {
    let left =
        |since: Instant| INFO_STAYS.checked_sub(now.saturating_duration_since(since)).filter(|left| !left.is_zero());
    state.notices.retain(|n| n.level != Level::Info || left(n.since).is_some());
    state.notices.iter().filter(|n| n.level == Level::Info).filter_map(|n| left(n.since)).min()
}

fn generation(event: &Event) -> Option<Generation> {
    match event {
        Event::ModelReady(_) | Event::ModelFailed { .. } => None,
        Event::Started { generation }
        | Event::Chosen { generation, .. }
        | Event::Unfit { generation }
        | Event::Gated { generation, .. }
        | Event::Scored { generation, .. }
        | Event::Explained { generation, .. }
        | Event::Refined { generation, .. }
        | Event::Explaining { generation, .. }
        | Event::Spread { generation, .. }
        | Event::Trusted { generation, .. }
        | Event::ExplanationDone { generation }
        | Event::ExplanationFailed { generation, .. }
        | Event::Sampled { generation, .. }
        | Event::Finished { generation, .. }
        | Event::Cancelled { generation }
        | Event::Failed { generation, .. } => Some(*generation),
    }
}

fn model_ready(state: &mut State, info: ModelInfo) -> Vec<Effect> {
    if !state.automatic {
        // It may have been named by its folder.
        state.choice = Some(Arc::new(Choice::by_hand(&info.manifest.name)));
    }
    take_model(state, info);
    analyze(state)
}

/// The model that judges from here on; what the reader chose among the classes of another one is forgotten.
fn take_model(state: &mut State, info: ModelInfo) {
    let classes = info.manifest.labels.len();
    if state.model_info().is_some_and(|before| before.sha256 != info.sha256) {
        state.selected = 0;
        state.selected_group = None;
        state.chosen = false;
        state.ticked.clear();
    }
    if !info.layers.contains(&state.layer) {
        state.layer.clear();
    }
    state.model = Model::Ready(info);
    if state.selected >= classes {
        state.selected = 0;
    }
    state.ticked.retain(|c| *c < classes);
}

/// A message of the report's module, which may follow other words, as a sentence of its own.
fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Until the reader chooses, the most probable class is the one on screen.
fn choose_for_reader(state: &mut State, labels: &[Score]) {
    if state.chosen {
        return;
    }
    let best = labels.iter().enumerate().max_by(|a, b| a.1.probability.total_cmp(&b.1.probability));
    if let Some((class, _)) = best {
        state.selected = class;
    }
}

fn finished(state: &mut State, analysis: &Arc<Analysis>) -> Vec<Effect> {
    let results = &mut state.results;
    results.gate.clone_from(&analysis.gate);
    results.population.clone_from(&analysis.population);
    results.labels.clone_from(&analysis.labels);
    results.groups.clone_from(&analysis.groups);
    results.attributions.clone_from(&analysis.attributions);
    results.posterior.clone_from(&analysis.posterior);
    results.samples_done = analysis.posterior.as_ref().map_or(0, |p| p.samples.len());
    results.samples_of = results.samples_done;
    results.timing = analysis.timing;
    results.warnings.clone_from(&analysis.warnings);
    results.phase = if analysis.scored { Phase::Finished } else { Phase::Refused };
    results.finished = Some(analysis.clone());
    choose_for_reader(state, &analysis.labels);
    if analysis.scored { maps::explain_more(state) } else { Vec::new() }
}

fn frame_loaded(state: &mut State, result: Result<Loaded, String>) -> Vec<Effect> {
    match result {
        Ok(loaded) => {
            let namesakes = loaded.frame.entry.namesakes.warning();
            let reservations =
                loaded.frame.scorable().err().map(|reason| reason.to_string()).into_iter().chain(namesakes);
            reservations.for_each(|text| notice(state, Level::Warning, text, None));
            state.film = Film::Shown(loaded.frame);
            state.pyramid = loaded.pyramid;
            state.color = loaded.color;
            state.auto_window = loaded.auto_window;
            reset_views(state);
            analyze(state)
        }
        Err(reason) => {
            if let Some((entry, index)) = state.current().map(|(e, i)| (e.clone(), i)) {
                state.film = Film::Failed { entry, index, reason };
            }
            Vec::new()
        }
    }
}

/// Adds what was found, and shows its first image.
fn scanned(state: &mut State, paths: Vec<PathBuf>, found: Catalogue) -> Vec<Effect> {
    state.scanning = false;
    state.scanned = (0, 0);
    let first = catalogue::images(&found).find(|e| e.has_pixels).cloned();
    if !found.warnings.is_empty() {
        let text = match found.warnings.as_slice() {
            [one] => format!("{}: {}", one.path.file_name().unwrap_or_default().to_string_lossy(), one.reason),
            many => {
                let read = |path: &Path| catalogue::images(&found).any(|image| image.path == path);
                let how = if many.iter().any(|warning| read(&warning.path)) {
                    "were read with a warning, or not at all"
                } else {
                    "could not be read"
                };
                format!("{} files {how}; the list of studies names them.", many.len())
            }
        };
        notice(state, Level::Warning, text, None);
    } else if first.is_none() {
        notice(state, Level::Warning, "No image was found there.".into(), None);
    }
    catalogue::merge(Arc::make_mut(&mut state.catalogue), found);
    state.images = catalogue::images(&state.catalogue).filter(|e| e.has_pixels).cloned().collect();
    let Some(first) = first else { return Vec::new() };
    // Newest first, each once.
    let recent = &mut state.settings.recent;
    recent.retain(|p| !paths.contains(p));
    recent.splice(0..0, paths);
    recent.truncate(RECENT);
    let mut effects = vec![Effect::SaveSettings];
    // The catalogue keeps the copy that it had, if it had one.
    let entry = state.images.iter().find(|e| e.key() == first.key()).cloned().unwrap_or(first);
    effects.extend(show(state, entry, 0));
    effects
}

fn folder_chosen(state: &mut State, folder: Option<PathBuf>) -> Vec<Effect> {
    let Some(folder) = folder.or_else(super::settings::default_report_folder) else {
        state.export_when_chosen = false;
        notice(state, Level::Error, "No folder for reports could be found.".into(), None);
        return Vec::new();
    };
    state.settings.report_folder = Some(folder);
    let mut effects = vec![Effect::SaveSettings];
    if std::mem::take(&mut state.export_when_chosen) {
        effects.extend(apply(state, Command::ExportReport));
    }
    effects
}
