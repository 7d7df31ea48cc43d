//! The reader's impression: the field for it while the model's result is hidden, and the kept text
//! above the findings.

use chrono::{DateTime, Local, NaiveDate};
use egui::{Label, RichText, TextEdit, Ui};

use crate::app::command::{Command, ImpressionCommand};
use crate::app::state::State;
use crate::app::state::impression::{Page, ReaderText};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::language::{self, named, said, text, tr, translated};
use crate::report::impression::{Impression, MOST};

/// Why the result is hidden; stands beside the field.
const WHY: &str = named!("Reading first keeps the model from steering the eye (automation bias).");

/// Draws the field or the kept text; nothing where neither belongs on screen.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    let mut out = Vec::new();
    if state.result_hidden() {
        field(ui, state, &tokens, &mut out);
    } else if let (Some(page), Some(impression)) = (state.page(), state.impression()) {
        kept(ui, state, page, impression, &tokens, &mut out);
        controls::rule(ui, &tokens);
    }
    out
}

/// The field, in the place of the findings.
fn field(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    controls::title(ui, text!("YOUR IMPRESSION"), "", tokens);
    paragraph(ui, translated(WHY), tokens);
    let draft = state.page().map_or("", |page| page.draft.0.as_str());
    if let Some(words) = text(ui, state, (text!("Your impression"), text!("What do you see?")), 8, draft, out) {
        out.push(Command::Impression(ImpressionCommand::Write(words)));
    }
    let written = !draft.trim().is_empty();
    controls::button(ui, ImpressionCommand::ShowResult, written, out);
    controls::button(ui, ImpressionCommand::NothingToReport, !written, out);
    // What is said of the file is not the model's.
    for (i, warning) in state.frame().iter().flat_map(|frame| &frame.warnings).enumerate() {
        if i == 0 {
            controls::rule(ui, tokens);
        }
        message(ui, Sign::Caution, &said(warning), tokens);
    }
}

/// The impression as it was kept, and what was added.
fn kept(ui: &mut Ui, state: &State, page: &Page, impression: &Impression, tokens: &Tokens, out: &mut Vec<Command>) {
    let today = Local::now().date_naive();
    controls::title(ui, text!("YOUR IMPRESSION"), "", tokens);
    entry(ui, &when(impression.written_at, impression.before_result, today), &impression.text, tokens);
    for remark in &impression.remarks {
        entry(ui, &tr!("remark, {}", when(remark.written_at, false, today)), &remark.text, tokens);
    }
    let Some(draft) = &page.remark else {
        controls::button(
            ui,
            Command::Impression(ImpressionCommand::WriteRemark(Some(ReaderText::default()))),
            true,
            out,
        );
        return;
    };
    if let Some(words) = text(ui, state, (text!("Your remark"), text!("What do you add?")), 3, &draft.0, out) {
        out.push(Command::Impression(ImpressionCommand::WriteRemark(Some(words))));
    }
    ui.horizontal_wrapped(|ui| {
        let written = !draft.0.trim().is_empty();
        controls::button(ui, ImpressionCommand::KeepRemark, written, out);
        controls::button(ui, ImpressionCommand::WriteRemark(None), true, out);
    });
}

/// When it was written, as a part of a sentence; the date only where it is not `today`.
fn when(at: DateTime<Local>, before_result: bool, today: NaiveDate) -> String {
    let (day, time) = (at.date_naive(), at.format("%H:%M"));
    let time = if day == today { time.to_string() } else { format!("{} {time}", language::date(day)) };
    if before_result {
        tr!("written before the model's result was shown, {}", time)
    } else {
        tr!("written after the model's result was shown, {}", time)
    }
}

/// A text and above it when it was written.
fn entry(ui: &mut Ui, when: &str, text: &str, tokens: &Tokens) {
    ui.add(Label::new(theme::caption(when, tokens)).wrap());
    ui.add(Label::new(RichText::new(text).color(tokens.text)).wrap());
}

/// A field of several lines; its text where it was changed. Another image has another field, with a
/// cursor of its own.
fn text(
    ui: &mut Ui,
    state: &State,
    (name, hint): (&str, &str),
    rows: usize,
    before: &str,
    out: &mut Vec<Command>,
) -> Option<ReaderText> {
    let image = state.current().map(|(entry, index)| (entry.key(), index));
    let mut text = before.to_owned();
    let field = TextEdit::multiline(&mut text)
        .id_salt((name, &image))
        .hint_text(hint)
        .desired_rows(rows)
        .desired_width(f32::INFINITY)
        .char_limit(MOST);
    let response = ui.add(field).accessible_name(name);
    if state.impressions.asked {
        response.request_focus();
        response.scroll_to_me(None);
        out.push(ImpressionCommand::Focused.into());
    }
    (text != before).then_some(ReaderText(text))
}
