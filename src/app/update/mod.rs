//! Carries out commands and takes in what the engine and the threads report: the only place that
//! changes the state.
//!
//! ```text
//! Command ──► apply ──────► &mut State ──► Vec<Effect>
//! Event   ──► on_event ──►
//! Message ──► on_message ►
//! ```
//!
//! Knows no egui and no thread: what must happen outside comes back as [`Effect`]s. Nothing the
//! reader does to the image on screen asks the engine for anything: window, pan, colours and
//! classes cannot change a score. One file a group of commands.

mod analysis;
mod arrived_maps;
mod audit;
pub mod audit_effect;
mod beside;
mod catalogue;
mod cine;
mod closing;
pub mod effect;
mod events;
mod faithfulness;
mod feedback;
pub mod feedback_effect;
mod file;
mod findings;
mod hanging;
mod help;
mod history;
mod impression;
pub mod impression_effect;
mod key_images;
mod keys;
mod linked_stacks;
mod linked_views;
mod lungs;
mod map_requests;
mod maps;
pub mod measuring;
pub mod measuring_effect;
pub mod message;
mod messages;
mod model_changes;
mod notices;
mod opening_view;
mod overlay;
mod palette;
mod preferences;
mod prefetch;
mod presentation;
mod published;
pub mod published_effect;
mod reading;
mod report;
pub mod result_effect;
mod result_objects;
mod session;
mod show_image;
mod slots;
mod stability;
mod study;
mod study_scoring;
mod tags;
mod tour;
mod training;
pub mod training_effect;
mod uncertainty;
mod view;
mod view_capture;
mod what_if;
pub mod what_if_effect;
mod window;
mod worklist;
pub mod worklist_effect;
pub mod written_objects;

use std::time::{Duration, Instant};

use super::command::{Command, HangingCommand, MeasureCommand, ResultCommand, ViewCommand, WhatIfCommand};
use super::state::State;
use crate::engine::Event;
use effect::Effect;
use message::Message;

pub use closing::may_close;
pub use notices::on_time;
pub use reading::begin as begin_reading;
pub use session::{offer_last, on_window};

/// Time has passed: a stack that plays goes on, and what came to rest is analysed. Yields the time
/// until the next of it.
pub fn on_tick(state: &mut State, now: Instant) -> (Vec<Effect>, Option<Duration>) {
    let (mut effects, played) = cine::tick(state, now);
    let (settled, rest) = study::settle(state, now);
    effects.extend(settled);
    (effects, played.into_iter().chain(rest).min())
}

/// Carries out a command. What the screen then wants and does not have is asked for.
pub fn apply(state: &mut State, command: impl Into<Command>) -> Vec<Effect> {
    use ViewCommand as V;
    let command = command.into();
    if state.reading.is_some() && !reading::allows(state, &command) {
        return Vec::new();
    }
    // What is done many times a second and shows no other map.
    let idle = matches!(
        command,
        Command::View(V::Point(_) | V::Pan(..) | V::Zoom(..) | V::DragWindow(..))
            | Command::Hanging(HangingCommand::PointIn(..))
            | Command::Measure(MeasureCommand::MoveTo(_))
            | Command::WhatIf(WhatIfCommand::MoveTo(_))
    );
    let before = history::before(state, &command);
    let asked = command.clone();
    let mut effects = match command {
        Command::File(command) => file::apply(state, command),
        Command::Published(command) => published::apply(state, command),
        Command::Worklist(command) => worklist::apply(state, command),
        Command::Study(command) => study::apply(state, command),
        Command::Tags(command) => tags::apply(state, command),
        Command::Results(ResultCommand::ShowImage(uid, frame)) => {
            let shown = result_objects::named_image(state, &uid, frame);
            shown.map_or_else(Vec::new, |command| study::apply(state, command))
        }
        Command::Results(command) => result_objects::apply(state, command),
        Command::View(command) => view::apply(state, command),
        Command::Hanging(command) => hanging::apply(state, command),
        Command::Window(command) => window::apply(state, command),
        // On a changed image the way back is that of the change.
        Command::Measure(MeasureCommand::Undo) if state.is_questioned() && state.measuring.draft.is_none() => {
            what_if::step(state, true)
        }
        Command::Measure(MeasureCommand::Redo) if state.is_questioned() => what_if::step(state, false),
        // One way back for measurements and views.
        Command::Measure(MeasureCommand::Undo) => history::step(state, true),
        Command::Measure(MeasureCommand::Redo) => history::step(state, false),
        Command::Measure(command) => measuring::apply(state, command),
        Command::WhatIf(command) => what_if::apply(state, command),
        Command::Overlay(command) => overlay::apply(state, command),
        Command::Findings(command) => findings::apply(state, command),
        Command::Uncertainty(command) => uncertainty::apply(state, command),
        Command::Help(command) => help::apply(state, command),
        Command::Maps(command) => maps::apply(state, command),
        Command::Feedback(command) => feedback::apply(state, command),
        Command::Impression(command) => impression::apply(state, command),
        Command::Reading(command) => reading::apply(state, command),
        Command::Training(command) => training::apply(state, command),
        Command::Session(command) => session::apply(state, command),
        Command::Keys(command) => keys::apply(state, command),
        Command::Palette(command) => palette::apply(state, command),
    };
    history::after(state, before);
    if !idle {
        effects.extend(hanging::follow(state));
        effects.extend(what_if::follow(state));
        effects.extend(map_requests::explain_more(state));
        effects.extend(beside::ask(state));
        effects.extend(audit::follow(state));
        effects.extend(session::remember_grid(state));
    }
    effects.extend(audit::answered(state, &asked, &effects));
    effects
}

/// Takes in what the engine reports.
pub fn on_event(state: &mut State, event: Event) -> Vec<Effect> {
    let mut effects = events::on_event(state, event);
    effects.extend(reading::follow(state));
    effects.extend(beside::ask(state));
    effects.extend(model_changes::look(state));
    effects.extend(audit::follow(state));
    effects
}

/// Takes in what a thread reports.
pub fn on_message(state: &mut State, message: Message) -> Vec<Effect> {
    let mut effects = messages::on_message(state, message);
    effects.extend(reading::follow(state));
    effects.extend(hanging::follow(state));
    effects.extend(beside::ask(state));
    effects.extend(audit::follow(state));
    effects.extend(session::remember_grid(state));
    effects
}
