//! Carries out what is asked of the training room and takes in what its threads report: the only
//! place that changes it.

use std::path::PathBuf;
use std::sync::Arc;

use super::analysis;
use super::effect::Effect;
use super::notices::notice;
use super::training_effect::{TrainingEffect, TrainingMessage};
use crate::app::command::TrainingCommand;
use crate::app::state::training::new_config::NewConfigForm;
use crate::app::state::training::plan::Plan;
use crate::app::state::training::run::{Pending, Run, Stage};
use crate::app::state::training::verdict::Verdict;
use crate::app::state::training::{Draft, Folder, Page, Question};
use crate::app::state::{Level, NoticeAction, Reason, State};
use crate::language::{text, tr};
use crate::pipeline::step::Step;
use crate::training::event::Event;
use crate::training::run::trainer::Outcome;

/// Most entries of the list of recent configurations.
const RECENT: usize = 10;
/// Runs that are drawn before anybody chose.
const FIRST_SHOWN: usize = 5;

/// Carries out a command.
pub(super) fn apply(state: &mut State, command: TrainingCommand) -> Vec<Effect> {
    use TrainingCommand as T;
    let training = &mut state.training;
    match command {
        T::Toggle => {
            training.open ^= true;
            if training.open && training.page == Page::Compare {
                return read_runs(state);
            }
        }
        T::Show(page) => {
            (training.open, training.page) = (true, page);
            if page == Page::Compare {
                return read_runs(state);
            }
        }
        T::ChooseConfiguration => return effect(TrainingEffect::AskForConfiguration),
        T::Configure(path) => return configure(state, path),
        T::EditConfiguration(form) => training.new_config = *form,
        T::MakeConfiguration => return make_configuration(state),
        T::ChooseFolder(folder) => return effect(TrainingEffect::AskForFolder(folder)),
        T::SetFolder(folder, path) => return set_folder(state, folder, path),
        T::ToggleResume => {
            if let Some(draft) = &mut training.draft {
                draft.resume ^= true;
            }
        }
        T::Start => return start(state),
        T::Discard => {
            if training.is_running() {
                return Vec::new();
            }
            (training.draft, training.run) = (None, None);
            training.number += 1;
        }
        T::Again => return again(state),

        T::Pause => return pause(state),
        T::Stop if training.is_running() => training.question = Some(Question::Stop),
        T::Stop => {}
        T::ConfirmStop => {
            training.question = None;
            return stop(state);
        }
        T::KeepGoing => training.question = None,
        T::StopAndQuit => {
            if !training.is_running() {
                return vec![Effect::Quit];
            }
            training.question = Some(Question::Quitting);
            return stop(state);
        }
        T::QuitAtOnce => return vec![Effect::Quit],
        T::ToggleCurve(name) => {
            if !training.hidden.remove(&name) {
                training.hidden.insert(name);
            }
        }
        T::ShowSamples(epoch) => training.samples_of = epoch,
        T::Judge => return judge(state),
        T::OpenModel => {
            let Some(Stage::Finished(_)) = training.run.as_ref().map(|r| &r.stage) else { return Vec::new() };
            let folder = training.run.as_ref().map(|r| r.model().display().to_string()).unwrap_or_default();
            training.open = false;
            return analysis::choose_model(state, folder);
        }

        T::ToggleRun(folder) => {
            if !training.comparison.shown.remove(&folder) {
                training.comparison.shown.insert(folder);
            }
        }
        T::SetMetric(metric) => training.comparison.metric = metric,
        T::Refresh => return read_runs(state),
    }
    Vec::new()
}

/// The window is to be closed: at once, or after a question where a run goes on. True when it may.
pub(super) fn may_close(state: &mut State) -> bool {
    if !state.training.is_running() {
        return true;
    }
    if state.training.question != Some(Question::Quitting) {
        state.training.question = Some(Question::Quit);
    }
    false
}

/// Takes in what the threads report.
pub(super) fn on_message(state: &mut State, message: TrainingMessage) -> Vec<Effect> {
    let training = &mut state.training;
    match message {
        TrainingMessage::ConfigurationChosen(Some(path)) => return configure(state, path),
        TrainingMessage::FolderChosen(folder, Some(path)) => return set_folder(state, folder, path),
        TrainingMessage::ConfigurationChosen(None) | TrainingMessage::FolderChosen(_, None) => notice(
            state,
            Level::Warning,
            text!("This desktop offers no file dialog. Drop it onto the window, or type its path into the field."),
            None,
        ),
        TrainingMessage::Made(result) => return made(state, result),
        TrainingMessage::Read { number, result } if number == training.number => return read(state, result),
        TrainingMessage::Listed { number, result } if number == training.number => {
            if let Some(draft) = &mut training.draft {
                let unfinished = |plan: &Plan, epoch| epoch < plan.config.epochs();
                let kept = result.as_ref().ok().and_then(|l| l.checkpoint);
                draft.resume = kept.is_some_and(|k| k.fits && draft.plan().is_some_and(|p| unfinished(p, k.epoch)));
                draft.listed = Some(result);
            }
        }
        // Of a draft that was put away.
        TrainingMessage::Read { .. } | TrainingMessage::Listed { .. } => {}
        TrainingMessage::Steps(steps) => {
            if let Some(run) = &mut training.run {
                steps.into_iter().for_each(|step| run.take(Event::Step(step)));
            }
        }
        TrainingMessage::Event(event) => {
            let epoch = matches!(event, Event::Epoch { .. });
            if let Some(run) = &mut training.run {
                run.take(event);
            }
            if epoch && training.open && training.page == Page::Compare {
                return read_runs(state);
            }
        }
        TrainingMessage::Over { result, kept } => return over(state, result, kept),
        TrainingMessage::Judged(verdict) => {
            // Of a run that was put away nobody asks any more.
            if let Some(run) = training.run.as_mut().filter(|r| r.verdict.as_ref().is_some_and(Verdict::is_going)) {
                run.verdict = Some(verdict);
            }
        }
        TrainingMessage::Runs(records) => {
            let comparison = &mut training.comparison;
            if comparison.records.is_none() {
                comparison.shown.extend(records.iter().take(FIRST_SHOWN).map(|r| r.folder.clone()));
            }
            comparison.records = Some(records);
        }
    }
    Vec::new()
}

fn effect(effect: TrainingEffect) -> Vec<Effect> {
    vec![Effect::Train(effect)]
}

pub(super) fn configure(state: &mut State, path: PathBuf) -> Vec<Effect> {
    let training = &mut state.training;
    (training.open, training.page) = (true, Page::Run);
    if training.is_running() {
        let text = text!("A run is going on: stop it, or wait for its end, before another one is set up.");
        notice(state, Level::Info, text, None);
        return Vec::new();
    }
    training.run = None;
    training.number += 1;
    training.draft = Some(Draft { path: path.clone(), plan: None, listed: None, resume: false });
    effect(TrainingEffect::Read { number: training.number, path })
}

/// The run that is over becomes a draft, its folders kept.
fn again(state: &mut State) -> Vec<Effect> {
    let training = &mut state.training;
    let Some(run) = training.run.take_if(|r| r.is_over()) else { return Vec::new() };
    let plan = run.plan;
    training.number += 1;
    let path = plan.path.clone();
    training.draft = Some(Draft { path, plan: Some(Ok(plan.clone())), listed: None, resume: false });
    effect(TrainingEffect::List { number: training.number, plan })
}

fn read(state: &mut State, result: Result<Box<Plan>, Reason>) -> Vec<Effect> {
    let training = &mut state.training;
    let number = training.number;
    let Some(draft) = &mut training.draft else { return Vec::new() };
    let plan = result.as_ref().ok().cloned();
    draft.plan = Some(result);
    let Some(plan) = plan else { return Vec::new() };
    let recent = &mut state.preferences.configurations;
    recent.retain(|p| *p != plan.path);
    recent.insert(0, plan.path.clone());
    recent.truncate(RECENT);
    vec![Effect::SavePreferences, Effect::Train(TrainingEffect::List { number, plan })]
}

fn set_folder(state: &mut State, folder: Folder, path: PathBuf) -> Vec<Effect> {
    if folder == Folder::Runs {
        let comparison = &mut state.training.comparison;
        comparison.shown.insert(path.clone());
        if !comparison.added.contains(&path) {
            comparison.added.push(path);
        }
        return read_runs(state);
    }
    let training = &mut state.training;
    match folder {
        Folder::Images => {
            training.new_config.images = Some(path);
            return Vec::new();
        }
        Folder::OfConfiguration => {
            let name = training.new_config.file().and_then(|file| file.file_name().map(ToOwned::to_owned));
            training.new_config.file = name.map(|name| path.join(name));
            return Vec::new();
        }
        Folder::Data | Folder::Out | Folder::Runs => {}
    }
    let Some(draft) = &mut training.draft else { return Vec::new() };
    let Some(Ok(plan)) = &mut draft.plan else { return Vec::new() };
    match folder {
        Folder::Data => plan.data = path,
        _ => plan.out = path,
    }
    let plan = plan.clone();
    draft.listed = None;
    training.number += 1;
    effect(TrainingEffect::List { number: training.number, plan })
}

/// Has the configuration of the form written.
fn make_configuration(state: &mut State) -> Vec<Effect> {
    let form = &mut state.training.new_config;
    let (Some(images), Some(file)) = (form.images.clone(), form.file()) else { return Vec::new() };
    if std::mem::replace(&mut form.running, true) {
        return Vec::new();
    }
    form.refusal = None;
    effect(TrainingEffect::New { images, family: form.family, file })
}

/// The new configuration is there, or why it is not.
fn made(state: &mut State, result: Result<PathBuf, Reason>) -> Vec<Effect> {
    let form = &mut state.training.new_config;
    form.running = false;
    match result {
        Ok(path) => {
            *form = NewConfigForm::default();
            configure(state, path)
        }
        Err(reason) => {
            form.refusal = Some(reason);
            Vec::new()
        }
    }
}

fn start(state: &mut State) -> Vec<Effect> {
    let training = &mut state.training;
    if training.is_running() {
        return Vec::new();
    }
    let Some(draft) = training.draft.take_if(|d| d.is_ready()) else { return Vec::new() };
    let (resume, kept) = (draft.resume, draft.listed().and_then(|l| l.checkpoint));
    let Some(Ok(plan)) = draft.plan else { return Vec::new() };
    training.run = Some(Run::new(plan.clone(), kept.filter(|_| resume).and_then(|k| k.best)));
    (training.samples_of, training.question) = (None, None);
    if !training.comparison.added.contains(&plan.out) {
        training.comparison.added.push(plan.out.clone());
    }
    training.comparison.shown.insert(plan.out.clone());
    effect(TrainingEffect::Start { plan, resume })
}

fn pause(state: &mut State) -> Vec<Effect> {
    let Some(run) = state.training.run.as_mut().filter(|r| !r.is_over()) else { return Vec::new() };
    match (&run.stage, run.pending) {
        (_, Some(Pending::Stop)) => Vec::new(),
        (Stage::Paused, _) | (_, Some(Pending::Pause)) => {
            run.pending = None;
            effect(TrainingEffect::Resume)
        }
        _ => {
            run.pending = Some(Pending::Pause);
            effect(TrainingEffect::Pause)
        }
    }
}

/// Measures the run that is finished, unless that is under way or done.
fn judge(state: &mut State) -> Vec<Effect> {
    let Some(run) = state.training.run.as_mut().filter(|run| run.can_be_judged()) else { return Vec::new() };
    run.verdict = Some(Verdict::Going { step: Step::Check, done: 0, total: 0 });
    effect(TrainingEffect::Judge { plan: run.plan.clone() })
}

fn stop(state: &mut State) -> Vec<Effect> {
    let Some(run) = state.training.run.as_mut().filter(|r| !r.is_over()) else { return Vec::new() };
    run.pending = Some(Pending::Stop);
    effect(TrainingEffect::Stop)
}

fn over(state: &mut State, result: Result<Arc<Outcome>, Reason>, kept: Option<usize>) -> Vec<Effect> {
    let training = &mut state.training;
    let quitting = training.question.take() == Some(Question::Quitting);
    let Some(run) = &mut training.run else { return Vec::new() };
    let name = run.plan.config.name.clone();
    let text = match &result {
        Ok(_) => tr!("The training of {name} is over: its model is written.", name),
        Err(reason) => tr!("The training of {name} ended: {reason}", name, reason),
    };
    let level = if result.is_ok() { Level::Info } else { Level::Warning };
    run.end(result, kept);
    if quitting {
        return vec![Effect::Quit];
    }
    if !training.open {
        notice(state, level, text, Some(NoticeAction::ShowRun));
    } else if training.page == Page::Compare {
        return read_runs(state);
    }
    Vec::new()
}

fn read_runs(state: &State) -> Vec<Effect> {
    effect(TrainingEffect::ReadRuns(state.training.comparison.added.clone()))
}
