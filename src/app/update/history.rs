//! Remembers what was done, and takes it back: one key for measurements and views, in the order in
//! which they were changed.

use std::time::Instant;

use super::effect::Effect;
use super::{feedback, key_images, measuring};
use crate::app::command::{Command, MapCommand, OverlayCommand, ViewCommand};
use crate::app::state::State;
use crate::app::state::history::{Looks, Step};
use crate::measurement::identity::ImageIdentity;

/// How everything is, before a command is carried out.
pub(super) struct Before {
    looks: Option<Looks>,
    kind: Option<&'static str>,
    image: Option<ImageIdentity>,
    changes: u64,
}

/// Looks before a command that may change them.
pub(super) fn before(state: &State, command: &Command) -> Before {
    let image = match command {
        Command::Measure(_) => state.measurable().map(|at| at.identity.clone()),
        _ => None,
    };
    Before {
        looks: may_look(command).then(|| Looks::of(state)),
        kind: kind(command),
        changes: state.sheet().map_or(0, |sheet| sheet.changes),
        image,
    }
}

/// Remembers what the command has changed.
pub(super) fn after(state: &mut State, before: Before) {
    if let Some(image) = before.image
        && state.sheet().is_some_and(|sheet| sheet.changes > before.changes)
    {
        state.history.measured(image);
    }
    if let Some(looks) = before.looks.filter(|looks| *looks != Looks::of(state)) {
        state.history.looked(looks, before.kind, Instant::now());
    }
}

/// Takes the last step back, or makes it again.
pub(super) fn step(state: &mut State, back: bool) -> Vec<Effect> {
    if let Some(effects) = measuring::step_in_hand(state, back) {
        return effects;
    }
    let image = state.measurable().map(|at| at.identity.clone());
    match state.history.take(back, image.as_ref()) {
        Some(Step::Looks(looks)) => {
            let now = Looks::of(state);
            looks.restore(state);
            state.history.put(back, Step::Looks(Box::new(now)));
            vec![Effect::SavePreferences]
        }
        Some(step @ Step::Measured(_)) => {
            state.history.put(back, step);
            measuring::step_sheet(state, back)
        }
        Some(step @ Step::Marked(_)) => {
            state.history.put(back, step);
            key_images::turn(state)
        }
        Some(step @ Step::Answered(_)) => {
            state.history.put(back, step);
            feedback::step(state, back)
        }
        // Steps of the sheet that are older than the history.
        None => measuring::step_sheet(state, back),
    }
}

/// Whether a command may change how something is looked at.
fn may_look(command: &Command) -> bool {
    match command {
        Command::View(
            ViewCommand::Point(_)
            | ViewCommand::SetPanelWidths(..)
            | ViewCommand::SetTheme(_)
            | ViewCommand::PixelForPixel
            | ViewCommand::ToggleFullscreen,
        )
        | Command::Overlay(OverlayCommand::HideOverlays(_))
        | Command::Maps(MapCommand::ChoosePane(_)) => false,
        Command::View(_) | Command::Window(_) | Command::Overlay(_) | Command::Maps(_) => true,
        _ => false,
    }
}

/// Commands of one kind that follow each other quickly are one step.
fn kind(command: &Command) -> Option<&'static str> {
    match command {
        Command::View(ViewCommand::DragWindow(..)) => Some("window"),
        Command::View(ViewCommand::Pan(..)) => Some("pan"),
        Command::View(
            ViewCommand::Zoom(..) | ViewCommand::SetZoom(..) | ViewCommand::ZoomIn | ViewCommand::ZoomOut,
        ) => Some("zoom"),
        Command::Overlay(OverlayCommand::SetOpacity(_) | OverlayCommand::LessOpacity | OverlayCommand::MoreOpacity) => {
            Some("opacity")
        }
        Command::Overlay(
            OverlayCommand::SetThreshold(_) | OverlayCommand::LowerThreshold | OverlayCommand::RaiseThreshold,
        ) => Some("threshold"),
        _ => None,
    }
}
