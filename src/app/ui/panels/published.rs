//! The window of published models: which there are, what one of them is, and fetching it.

use egui::{Button, Frame, Id, Label, Margin, Modal, ProgressBar, RichText, ScrollArea, Spinner, Ui};

use crate::app::command::{Command, PublishedCommand};
use crate::app::state::State;
use crate::app::state::published::{Fetching, Published};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::language::{self, decimal, text, tr};
use crate::model::catalogue::entry::Entry;
use crate::model::catalogue::hash::Expected;
use crate::model::catalogue::obtain::Step;
use crate::model::fetch::Bytes;

const WIDTH: f32 = 640.0;
/// Height that everything but the list and what is said of one takes.
const REST: f32 = 300.0;
/// Least height of the two, and the part of it that the list has.
const LEAST: f32 = 160.0;
const LIST: f32 = 0.54;
/// The words below a title begin where it does.
const INDENT: i8 = 8;
/// Labels that are named.
const LABELS: usize = 20;

/// Draws the window over everything else while it is open.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let published = &state.published;
    let mut out = Vec::new();
    if !published.open {
        return out;
    }
    let tokens = theme::tokens(state.preferences.theme);
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(24));
    Modal::new(Id::unique("published")).frame(frame).show(ui.ctx(), |ui| {
        let room = ui.ctx().content_rect().size();
        ui.set_width(WIDTH.min(room.x - 80.0));
        let whole = ScrollArea::vertical().id_salt("published").max_height(room.y - 80.0).auto_shrink([false, true]);
        // What can be scrolled is as high as it may be at once, not after some frames.
        whole.min_scrolled_height(room.y - 80.0).show(ui, |ui| window(ui, published, &tokens, &mut out));
    });
    out
}

fn window(ui: &mut Ui, published: &Published, tokens: &Tokens, out: &mut Vec<Command>) {
    let free = (ui.ctx().content_rect().height() - REST).max(LEAST);
    let part = |name: &str, height: f32| {
        let area = ScrollArea::vertical().id_salt(name).max_height(height).min_scrolled_height(height);
        area.auto_shrink([false, true])
    };
    ui.label(theme::heading(text!("Published models"), tokens));
    let words = text!("Models of others, with their licence. The network is used only when you fetch one.");
    ui.add(Label::new(theme::caption(words, tokens)).wrap());
    controls::rule(ui, tokens);
    part("list", LIST * free).show(ui, |ui| list(ui, published, tokens, out));
    if let Some(entry) = published.entry() {
        controls::rule(ui, tokens);
        part("details", (1.0 - LIST) * free).show(ui, |ui| details(ui, entry, tokens));
    }
    if let Some(refusal) = &published.refusal {
        ui.add_space(theme::GRID);
        ui.add(Label::new(RichText::new(refusal).color(tokens.warning)).wrap());
    }
    controls::rule(ui, tokens);
    foot(ui, published, tokens, out);
}

fn list(ui: &mut Ui, published: &Published, tokens: &Tokens, out: &mut Vec<Command>) {
    match &published.catalogue {
        None => {
            ui.add(Spinner::new());
        }
        Some(Err(reason)) => {
            ui.add(Label::new(RichText::new(reason.capitalized()).color(tokens.warning)).wrap());
        }
        Some(Ok(catalogue)) => {
            for entry in &catalogue.models {
                let chosen = published.chosen.as_deref() == Some(entry.name.as_str());
                if ui.selectable_label(chosen, &entry.title).on_hover_text(&entry.name).clicked() {
                    out.push(PublishedCommand::Choose(entry.name.clone()).into());
                }
                let mut about = vec![language::said(&entry.task), length(entry), licence(entry)];
                about.extend(Some(language::said(&entry.patients)).filter(|patients| !patients.is_empty()));
                let indented = Frame::new().inner_margin(Margin { left: INDENT, ..Margin::ZERO });
                indented.show(ui, |ui| ui.add(Label::new(theme::caption(about.join(" · "), tokens)).wrap()));
                ui.add_space(theme::GRID / 2.0);
            }
        }
    }
}

/// Its licence in few words.
fn licence(entry: &Entry) -> String {
    entry
        .licence
        .split([' ', ':'])
        .next()
        .filter(|first| *first != "not")
        .map_or_else(|| text!("licence not stated").to_owned(), str::to_owned)
}

fn length(entry: &Entry) -> String {
    match entry.length() {
        Some((bytes, _)) => shown(bytes),
        None => text!("size not known").to_owned(),
    }
}

fn shown(bytes: Bytes) -> String {
    decimal(bytes.to_string())
}

/// What would be fetched, from where, and under which licence.
fn details(ui: &mut Ui, entry: &Entry, tokens: &Tokens) {
    let unknown = || text!("not known").to_owned();
    let labels: Vec<&str> = entry.shown_labels().take(LABELS).collect();
    let more = entry.shown_labels().count() - labels.len();
    let mut named = labels.join(", ");
    if more > 0 {
        named = tr!("{named} and {more} more", named, more);
    }
    let hash = match entry.expected() {
        Some(Expected::Whole(digits)) => format!("{digits} ({})", language::said(&entry.hash_from)),
        Some(Expected::Beginning(digits)) => tr!("begins with {digits} ({})", language::said(&entry.hash_from), digits),
        None => text!("not known; what comes is recorded").to_owned(),
    };
    let patients = if entry.patients.is_empty() { unknown() } else { language::said(&entry.patients) };
    let rows = [
        (text!("Address"), entry.address().to_string()),
        (text!("Licence"), language::said(&entry.licence)),
        (text!("Size"), length(entry)),
        ("SHA-256", hash),
        (text!("Classes"), named),
        (text!("Trained on"), language::said(&entry.data)),
        (text!("Population"), patients),
        (text!("To be cited"), entry.citation.clone()),
        (text!("Publisher"), format!("{}, {}", entry.publisher, entry.page)),
    ];
    for (what, words) in rows {
        ui.add(Label::new(theme::caption(what, tokens)));
        ui.add(Label::new(words).wrap().selectable(true));
    }
    for note in &entry.notes {
        ui.add(Label::new(RichText::new(language::said(note)).color(tokens.warning)).wrap());
    }
}

fn foot(ui: &mut Ui, published: &Published, tokens: &Tokens, out: &mut Vec<Command>) {
    if let Some(fetching) = &published.fetching {
        progress(ui, fetching, tokens);
    } else if let Some(entry) = published.entry() {
        let words = tr!(
            "{} is fetched from {} ({}). Whether its licence allows what you do with it is for you to judge.",
            entry.title,
            entry.address().host(),
            length(entry)
        );
        ui.add(Label::new(words).wrap());
    }
    ui.add_space(theme::GRID);
    ui.horizontal_wrapped(|ui| {
        let idle = published.entry().is_some() && published.fetching.is_none();
        button(ui, PublishedCommand::Fetch, idle, out);
        button(ui, PublishedCommand::ChooseFile, idle, out);
        if let Some(entry) = published.entry() {
            let copy = ui.button(text!("Copy address"));
            if copy.on_hover_text(text!("Copies the address, to fetch the file on another machine")).clicked() {
                ui.ctx().copy_text(entry.address().to_string());
            }
        }
        if let Some(fetching) = &published.fetching {
            button(ui, PublishedCommand::Stop, !fetching.stopping, out);
        }
        button(ui, PublishedCommand::Close, true, out);
    });
}

fn button(ui: &mut Ui, command: PublishedCommand, enabled: bool, out: &mut Vec<Command>) {
    let info = command.info();
    if ui.add_enabled(enabled, Button::new(info.label)).on_hover_text(info.tooltip).clicked() {
        out.push(command.into());
    }
}

fn progress(ui: &mut Ui, fetching: &Fetching, tokens: &Tokens) {
    let words = said(fetching);
    match fetching.share() {
        Some(share) => {
            ui.add(ProgressBar::new(share).desired_height(8.0));
        }
        None => {
            ui.add(Spinner::new());
        }
    }
    ui.label(theme::caption(words, tokens));
}

/// That a model is on its way, for the bar below while the window is closed; it opens the window.
pub(super) fn in_the_bar(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let Some(fetching) = state.published.fetching.as_ref().filter(|_| !state.published.open) else { return };
    let percent = (100.0 * fetching.share().unwrap_or_default()) as u32;
    let words = tr!("Fetching a model: {percent} %", percent);
    if ui.add(Button::new(theme::caption(words, tokens))).on_hover_text(said(fetching)).clicked() {
        out.push(PublishedCommand::Toggle.into());
    }
}

/// How far it is, in words.
fn said(fetching: &Fetching) -> String {
    let name = &fetching.name;
    match fetching.step {
        _ if fetching.stopping => text!("Stopping…").to_owned(),
        None => tr!("{name}: connecting…", name),
        Some(Step::Fetching(came)) => match came.total {
            Some(total) => tr!("{name}: {} of {} have come", shown(Bytes(came.bytes)), shown(Bytes(total)), name),
            None => tr!("{name}: {} have come", shown(Bytes(came.bytes)), name),
        },
        Some(Step::Checking) => tr!("{name}: comparing its hash…", name),
        Some(Step::Importing) => tr!("{name}: reading, fitting and running it once…", name),
    }
}
