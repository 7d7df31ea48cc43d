//! The screen of a reader study: the image, and beside it the question. Nothing else.

use chrono::{Local, Utc};
use egui::{CentralPanel, Frame, Margin, Panel, ScrollArea, Ui};

use super::caches::Caches;
use super::theme::{self, Tokens};
use super::widgets::controls;
use super::widgets::text::paragraph;
use super::{keymap, layout, panels};
use crate::app::command::{Command, FileCommand, OverlayCommand, key_map};
use crate::app::state::reading::ReadingRoom;
use crate::app::state::{ShownImage, State};
use crate::language::{self, text, tr};
use crate::reader_study::standing::Standing;

/// Width of the panel with the question.
const WIDTH: f32 = 320.0;
/// Widest column of a sentence in the middle.
const SENTENCE: f32 = 480.0;

/// Draws one frame of the whole window.
pub(super) fn screen(ui: &mut Ui, state: &State, caches: &mut Caches) -> Vec<Command> {
    let shown = state.for_reading();
    language::enter(&state.preferences.language);
    theme::install(ui.ctx(), state.preferences.theme);
    theme::scale(ui.ctx(), state.preferences.interface_scale());
    key_map::install(&state.preferences.keys);
    let tokens = theme::tokens(state.preferences.theme);
    let mut commands = keymap::pressed(ui.ctx(), &shown);
    let held = keymap::is_held(ui.ctx(), &shown);
    if held != state.overlays_hidden {
        commands.push(Command::Overlay(OverlayCommand::HideOverlays(held)));
    }
    let Some(room) = state.reading.as_deref() else { return commands };
    let plate = Frame::new().fill(tokens.panel).inner_margin(Margin::symmetric(12, 12));
    let reads = room.current().is_some();
    if reads {
        let width = WIDTH.min(0.5 * ui.available_width());
        let side = Panel::right("reading").exact_size(width).resizable(false).frame(plate);
        let panel = side.show(ui, |ui| {
            theme::bar_in_the_margin(ui);
            let area = ScrollArea::vertical().auto_shrink(false);
            area.show(ui, |ui| panels::reading::show(ui, state)).inner
        });
        commands.extend(panel.inner);
    }
    let ground = if reads { tokens.image_ground } else { tokens.background };
    let centre = CentralPanel::default().frame(Frame::new().fill(ground));
    let middle = centre.show(ui, |ui| {
        if !reads {
            return over(ui, room, &tokens);
        }
        if state.shows_case() {
            return layout::show(ui, &shown, &mut caches.views);
        }
        let words = match &state.image {
            // Why is not said: the reason may name the file.
            ShownImage::Failed { .. } => {
                let case = room.current().map(|c| room.plan.cases[c.reading.case].id.as_str()).unwrap_or_default();
                tr!("Case {case} could not be shown. Please tell those who run the study.", case)
            }
            _ => text!("Loading the case…").to_owned(),
        };
        sentence(ui, "", &words, &tokens);
        Vec::new()
    });
    commands.extend(middle.inner);
    caches.sweep();
    commands
}

/// The session is over: what comes then.
fn over(ui: &mut Ui, room: &ReadingRoom, tokens: &Tokens) -> Vec<Command> {
    let sessions = room.schedule.last().map_or(1, |reading| reading.session + 1);
    let done = tr!("Session {} of {} is complete.", room.session + 1, sessions);
    let then = match room.standing(Utc::now()) {
        Standing::Finished => text!("You have read every case of this study. Thank you.").to_owned(),
        Standing::Washout { until, .. } => {
            let until = until.with_timezone(&Local);
            let when = format!("{} {}", language::date(until.date_naive()), until.format("%H:%M"));
            tr!("The next session can begin on {when}. Until then, please read none of these cases.", when)
        }
        Standing::Next(..) => text!("The next session is begun in the same way as this one.").to_owned(),
        Standing::ClockBehind { .. } => {
            text!("The clock of this machine is behind the last reading: set it right before reading goes on.")
                .to_owned()
        }
    };
    let mut out = Vec::new();
    sentence(ui, &done, &then, tokens);
    ui.vertical_centered(|ui| controls::button(ui, FileCommand::Quit, true, &mut out));
    out
}

/// Words in the middle of the room.
fn sentence(ui: &mut Ui, heading: &str, words: &str, tokens: &Tokens) {
    ui.vertical_centered(|ui| {
        ui.set_max_width(SENTENCE);
        ui.add_space(ui.available_height() * 0.4);
        if !heading.is_empty() {
            ui.label(theme::heading(heading, tokens));
        }
        paragraph(ui, words, tokens);
        ui.add_space(theme::GRID);
    });
}
