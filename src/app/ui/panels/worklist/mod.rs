//! The window of the worklist: what is looked for and where, the studies that were found, the series of the
//! chosen one, and what is on its way.

mod archive_form;
pub mod archives;
mod form;
pub mod secret;
mod series;
mod table;

use egui::{Button, Id, ProgressBar, Spinner, Ui, Window, vec2};

use crate::app::command::{Command, WorklistCommand};
use crate::app::state::State;
use crate::app::state::worklist::Worklist;
use crate::app::state::worklist::transfer::{Direction, Transfer};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::app::ui::widgets::window::in_the_middle;
use crate::language::{decimal, said, text, tr};

/// Height of the list of series.
const SERIES: f32 = 96.0;
/// Height of what stands below the lists.
const FOOT: f32 = 96.0;
/// A window lower than this lists no series.
const LOW: f32 = 420.0;

/// Draws the window while it is open.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let worklist = &state.worklist;
    form::follow(ui.ctx(), worklist.open);
    if !worklist.open {
        return out;
    }
    let tokens = theme::tokens(state.preferences.theme);
    let (size, place) = in_the_middle(ui, vec2(1180.0, 680.0));
    let mut open = true;
    let window = Window::new(text!("Worklist")).id(Id::unique("worklist")).open(&mut open).collapsible(false);
    window.default_size(size).default_pos(place).show(ui.ctx(), |ui| {
        if state.preferences.anonymize {
            // Every line names a patient.
            paragraph(ui, text!("The worklist is not shown while the screen is anonymised."), &tokens);
            return;
        }
        match &worklist.peers {
            None => paragraph(ui, text!("Reading…"), &tokens),
            Some(Err(reason)) => {
                message(ui, Sign::Caution, &reason.capitalized(), &tokens);
            }
            Some(Ok(peers)) if peers.all().is_empty() => no_peers(ui, &tokens, &mut out),
            Some(Ok(_)) => content(ui, state, &tokens, &mut out),
        }
    });
    if !open {
        out.push(WorklistCommand::Close.into());
    }
    out
}

fn no_peers(ui: &mut Ui, tokens: &Tokens, out: &mut Vec<Command>) {
    paragraph(
        ui,
        text!("No archive is known yet. Add one to search it, fetch from it and send results to it."),
        tokens,
    );
    ui.add_space(theme::GRID);
    button(ui, WorklistCommand::ManageArchives, true, out);
}

fn content(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let worklist = &state.worklist;
    form::show(ui, worklist, out);
    controls::rule(ui, tokens);
    let with_series = ui.available_height() > LOW && worklist.chosen.is_some();
    let below = FOOT + if with_series { SERIES + 28.0 } else { 0.0 };
    let height = (ui.available_height() - below).max(96.0);
    ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
        ui.set_min_height(height);
        ui.set_max_height(height);
        list(ui, state, tokens, out);
    });
    if with_series {
        controls::rule(ui, tokens);
        ui.allocate_ui(vec2(ui.available_width(), SERIES), |ui| {
            ui.set_min_height(SERIES);
            ui.set_max_height(SERIES);
            series::show(ui, worklist, tokens, out);
        });
    }
    controls::rule(ui, tokens);
    foot(ui, state, tokens, out);
}

/// The studies, or why there are none.
fn list(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let worklist = &state.worklist;
    match &worklist.listed {
        _ if worklist.is_asking() => {
            ui.horizontal(|ui| {
                ui.add(Spinner::new());
                ui.label(tr!("Asking {}…", worklist.peer.clone().unwrap_or_default()));
            });
        }
        None => paragraph(ui, text!("Search for studies; what is empty matches everything."), tokens),
        Some(listed) if listed.studies.is_empty() => {
            paragraph(ui, &tr!("{} has no such study.", listed.peer), tokens);
        }
        Some(_) => table::show(ui, state, tokens, out),
    }
}

fn foot(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let worklist = &state.worklist;
    if let Some(refusal) = &worklist.refusal {
        message(ui, Sign::Caution, &said(refusal), tokens);
    }
    if let Some(transfer) = &worklist.transfer {
        progress(ui, transfer, tokens);
    } else {
        ui.label(theme::caption(counted(worklist), tokens));
    }
    ui.horizontal_wrapped(|ui| {
        let ready = worklist.study().filter(|_| worklist.transfer.is_none());
        let uid = ready.map(|study| study.study_uid.clone());
        button(ui, WorklistCommand::Fetch(uid.clone().unwrap_or_default(), None), uid.is_some(), out);
        let why = state.why_not_sent();
        let send = WorklistCommand::SendResults;
        let info = send.info();
        let response = ui.add_enabled(why.is_none(), Button::new(info.label)).on_hover_text(info.tooltip);
        let response = response.on_disabled_hover_text(format!("{}\n{}", info.tooltip, why.unwrap_or_default()));
        if response.clicked() {
            out.push(send.into());
        }
        if let Some(transfer) = &worklist.transfer {
            button(ui, WorklistCommand::StopTransfer, !transfer.stopping, out);
        }
        controls::tick_box(ui, WorklistCommand::ToggleScores, worklist.sorting.scores, tokens, out);
        button(ui, WorklistCommand::RemoveFetched, worklist.transfer.is_none(), out);
        let close = WorklistCommand::Close.info();
        if ui.button(text!("Close")).on_hover_text(close.tooltip).clicked() {
            out.push(WorklistCommand::Close.into());
        }
    });
}

fn button(ui: &mut Ui, command: WorklistCommand, enabled: bool, out: &mut Vec<Command>) {
    named_button(ui, command, None, enabled, out);
}

/// A button of a command; `name` is what a screen reader says where the words alone do not tell which.
fn named_button(ui: &mut Ui, command: WorklistCommand, name: Option<String>, enabled: bool, out: &mut Vec<Command>) {
    let info = command.info();
    let mut response = ui.add_enabled(enabled, Button::new(info.label)).on_hover_text(info.tooltip);
    if let Some(name) = name {
        response = response.accessible_name(name);
    }
    if response.clicked() {
        out.push(command.into());
    }
}

/// How many studies there are.
fn counted(worklist: &Worklist) -> String {
    let Some(listed) = &worklist.listed else { return String::new() };
    let mut words = tr!("1 study of {peer}" | "{n} studies of {peer}" % listed.studies.len(), peer = listed.peer);
    if listed.more {
        words = tr!("{words}; there are more: narrow the search", words);
    }
    if listed.unreadable > 0 {
        words = tr!("{words}; {} answers could not be read", listed.unreadable, words);
    }
    if let Some(why) = &listed.without_parts {
        let why = said(why.as_str()).trim_end_matches('.').to_owned();
        words = tr!("{words}; body parts are not known of all: {why}", why, words);
    }
    words
}

fn progress(ui: &mut Ui, transfer: &Transfer, tokens: &Tokens) {
    ui.horizontal(|ui| {
        match transfer.share() {
            Some(share) => {
                let bar = ProgressBar::new(share).desired_height(8.0).desired_width(240.0);
                ui.add(bar).accessible_name(text!("Progress of the transfer"));
            }
            None => {
                ui.add(Spinner::new());
            }
        }
        ui.label(theme::caption(in_words(transfer), tokens));
    });
}

/// How far a transfer is, in words.
fn in_words(transfer: &Transfer) -> String {
    let (moved, peer) = (transfer.moved, &transfer.peer);
    let megabytes = decimal(format!("{:.1}", moved.bytes as f64 / 1e6));
    match (&transfer.direction, moved.of) {
        _ if transfer.stopping => text!("Stopping…").to_owned(),
        // Associations tell objects alone.
        (Direction::Fetch(..), Some(of)) if moved.bytes == 0 => {
            tr!("{} of {} objects have come from {peer}", moved.objects, of, peer)
        }
        (Direction::Fetch(..), Some(of)) => {
            tr!("{} of {} objects have come from {peer} ({megabytes} MB)", moved.objects, of, peer, megabytes)
        }
        (Direction::Fetch(..), None) => {
            tr!(
                "1 object has come from {peer} ({megabytes} MB)"
                    | "{n} objects have come from {peer} ({megabytes} MB)" % moved.objects,
                peer,
                megabytes
            )
        }
        (Direction::Send, _) => tr!("Sending to {peer}: {megabytes} MB", peer, megabytes),
    }
}

/// That something is on its way, for the bar below while the window is closed; it opens the window.
pub(super) fn in_the_bar(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let worklist = &state.worklist;
    let Some(transfer) = worklist.transfer.as_ref().filter(|_| !worklist.open) else { return };
    let percent = transfer.share().map_or(String::new(), |share| format!(": {:.0} %", 100.0 * share));
    let words = match transfer.direction {
        Direction::Fetch(..) => tr!("Fetching a study{percent}", percent),
        Direction::Send => text!("Sending results").to_owned(),
    };
    if ui.add(Button::new(theme::caption(words, tokens))).on_hover_text(in_words(transfer)).clicked() {
        out.push(WorklistCommand::Toggle.into());
    }
}
