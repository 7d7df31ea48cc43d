//! The command palette: every command, class, method, model and recent study by a few letters.
//!
//! Lines are made of what the state holds, like all commands. What cannot be done now stands there
//! too, with its reason ([`availability`]): who looks for it learns why.

pub mod availability;
pub mod fuzzy;

use std::borrow::Cow;
use std::path::PathBuf;

use super::declare::commands;
use super::{
    Command, FileCommand, FindingsCommand, HangingCommand, HelpCommand, ImpressionCommand, KeysCommand, MapCommand,
    MeasureCommand, OverlayCommand, PublishedCommand, TagCommand, TrainingCommand, WorklistCommand,
};
use crate::app::state::State;
use crate::app::state::hanging::Grid;
use crate::app::state::training::Page;
use crate::explain::Method;
use crate::language::text;

/// Most lines that are offered.
pub const MOST_LINES: usize = 60;

commands! {
    /// What a reader asks of the palette.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum PaletteCommand of Help {
        Toggle => ("Command palette", "Finds commands, classes, methods, models and recent studies by a few letters", "Ctrl+K"),
        /// What is typed so far.
        Type(_: String) => ("Find", "A few letters of what you want"),
        /// The line at this place.
        Choose(_: usize) => ("Choose", "Chooses this line"),
    }
}

/// A line of the palette.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What kind of thing it is: a group of commands, a class, a model.
    pub kind: &'static str,
    pub label: String,
    /// What it does, or where it lies.
    pub detail: String,
    pub key: String,
    pub command: Command,
    /// Why it cannot be done now.
    pub why_not: Option<String>,
}

/// The lines that match what was typed, the best first; all of them where nothing was typed.
#[must_use]
pub fn found(state: &State, query: &str) -> Vec<Line> {
    let mut scored: Vec<(i32, Line)> = lines(state)
        .into_iter()
        .filter_map(|line| Some((fuzzy::score(query, &format!("{} {}", line.label, line.kind))?, line)))
        .collect();
    // Stable: equals stay in the order of the menus; what can be done stands first.
    scored.sort_by_key(|(score, line)| (std::cmp::Reverse(*score), line.why_not.is_some()));
    path(query).into_iter().chain(scored.into_iter().map(|(_, line)| line)).take(MOST_LINES).collect()
}

/// A file or folder whose whole path was typed: the way to images by keyboard where the desktop offers no
/// dialog. Whether it is there is said when it is opened.
fn path(query: &str) -> Option<Line> {
    let words = query.trim().trim_matches('"');
    let path = match words.strip_prefix("~/") {
        Some(rest) => std::env::home_dir()?.join(rest),
        None => PathBuf::from(words),
    };
    path.is_absolute().then(|| Line {
        kind: text!("Path"),
        label: path.display().to_string(),
        detail: text!("Opens this file, or everything in this folder and the folders below").to_owned(),
        key: String::new(),
        command: FileCommand::OpenPaths(vec![path]).into(),
        why_not: None,
    })
}

/// Every line, in the order of the menus.
fn lines(state: &State) -> Vec<Line> {
    let commands = Command::listed().into_iter().filter(|command| !is_answer(command) && !is_of_keys(command));
    let commands = commands.map(|command| {
        let info = command.info();
        Line {
            kind: info.group.name(),
            label: info.label.trim_end_matches('…').to_owned(),
            detail: info.tooltip.to_owned(),
            key: info.shown_key(),
            why_not: availability::why_not(state, &command),
            command,
        }
    });
    commands.chain(grids(state)).chain(of_the_model(state)).chain(models(state)).chain(recent(state)).collect()
}

/// The grids that several images can stand in.
fn grids(state: &State) -> impl Iterator<Item = Line> {
    Grid::ALL.into_iter().map(|grid| {
        let command = Command::from(HangingCommand::SetGrid(grid));
        let info = command.info();
        Line {
            kind: info.group.name(),
            label: format!("{} {}", info.label, grid.words()),
            detail: info.tooltip.to_owned(),
            key: String::new(),
            why_not: availability::why_not(state, &command),
            command,
        }
    })
}

/// Classes, groups and methods of the model at work.
fn of_the_model(state: &State) -> Vec<Line> {
    let hidden = availability::no_map(state);
    let line = |kind, label: String, detail: &str, command: Command| Line {
        kind,
        label,
        detail: detail.to_owned(),
        key: String::new(),
        command,
        why_not: hidden.clone(),
    };
    // While the result is hidden the classes of the model are, too.
    let labels = if state.result_hidden() { &[][..] } else { state.labels() };
    let groups = if state.result_hidden() { &[][..] } else { state.groups() };
    let classes = labels.iter().enumerate().map(|(i, label)| {
        line(text!("Class"), label.name.clone(), &label.description, FindingsCommand::SelectClass(i).into())
    });
    let groups = groups.iter().enumerate().map(|(i, group)| {
        line(
            text!("Group"),
            group.name.clone(),
            text!("Shows the map of this group"),
            MapCommand::SelectGroup(i).into(),
        )
    });
    let methods = Method::ALL.into_iter().map(|method| {
        let why_not = hidden.clone().or_else(|| state.impossible(method).map(Cow::into_owned));
        Line {
            why_not,
            ..line(text!("Method"), method.name().to_owned(), method.line(), OverlayCommand::SetMethod(method).into())
        }
    });
    classes.chain(groups).chain(methods).collect()
}

/// The models that can be chosen.
fn models(state: &State) -> Vec<Line> {
    let line = |name: &String| Line {
        kind: text!("Model"),
        label: name.clone(),
        detail: text!("Takes this model for every image").to_owned(),
        key: String::new(),
        command: FindingsCommand::SetModel(name.clone()).into(),
        why_not: None,
    };
    state.models.iter().map(line).collect()
}

/// Recent studies by their names, which may name a patient.
fn recent(state: &State) -> Vec<Line> {
    if state.preferences.anonymize {
        return Vec::new();
    }
    let line = |path: &std::path::PathBuf| {
        let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        Line {
            kind: text!("Recent"),
            label: name,
            detail: path.display().to_string(),
            key: String::new(),
            command: FileCommand::OpenPaths(vec![path.clone()]).into(),
            why_not: None,
        }
    };
    state.preferences.recent.iter().map(line).collect()
}

/// What means something as a key alone: held, or closing what lies on top, the palette itself.
fn is_of_keys(command: &Command) -> bool {
    matches!(
        command,
        Command::Palette(_) | Command::Overlay(OverlayCommand::HideOverlays(_)) | Command::Help(HelpCommand::Escape)
    )
}

/// What answers a dialog, or belongs to a window of its own, and means nothing without it.
#[must_use]
pub fn is_answer(command: &Command) -> bool {
    use TrainingCommand as T;
    match command {
        Command::Overlay(command) => *command == OverlayCommand::EvaluateAgain,
        Command::Help(command) => *command == HelpCommand::EndTour,
        Command::Keys(command) => *command != KeysCommand::ToggleEditor,
        Command::File(command) => matches!(command, FileCommand::ImportWeights | FileCommand::CloseWeights),
        Command::Published(command) => *command != PublishedCommand::Toggle,
        Command::Worklist(command) => {
            use WorklistCommand as W;
            !matches!(command, W::Toggle | W::SendResults | W::ManageArchives | W::RemoveFetched)
        }
        Command::Measure(command) => *command == MeasureCommand::WordsAsked,
        Command::Impression(command) => *command == ImpressionCommand::Focused,
        Command::Tags(command) => *command != TagCommand::Toggle,
        Command::Training(command) => !matches!(
            command,
            T::Toggle | T::Show(Page::Run | Page::Compare) | T::Pause | T::Stop | T::ChooseConfiguration
        ),
        _ => false,
    }
}
