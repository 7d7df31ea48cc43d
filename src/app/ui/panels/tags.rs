//! The window of the tag browser: a table of the elements of the file on screen, with search, and
//! another file beside it.

use std::fmt::Write as _;
use std::path::Path;

use egui::{Align, Button, ComboBox, Id, Label, Layout as Flow, RichText, Sense, TextEdit, Ui, Window, vec2};
use egui_extras::{Column, TableBuilder, TableRow};

use crate::app::command::{Command, TagCommand};
use crate::app::state::State;
use crate::app::state::tags::TagBrowser;
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::controls;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::app::ui::widgets::window::in_the_middle;
use crate::fonts::attribute;
use crate::language::{text, tr};
use crate::study::{PairedRow, TagRow};

const ROW: f32 = 20.0;
/// Characters of a value in the table; all of it stands in the tooltip.
const SHOWN: usize = 160;
/// Characters of a tooltip.
const HINT: usize = 2000;
/// Most files that are offered for comparison: those beside the image come first.
const OFFERED: usize = 60;
/// Width of a step into a sequence.
const STEP: f32 = 12.0;

/// Draws the window while it is open.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let Some(browser) = &state.tags else { return out };
    let tokens = theme::tokens(state.preferences.theme);
    let (size, place) = in_the_middle(ui, vec2(960.0, 640.0));
    let mut open = true;
    let window = Window::new(text!("DICOM tags")).id(Id::unique("tags")).open(&mut open).collapsible(false);
    window.default_size(size).default_pos(place).show(ui.ctx(), |ui| {
        if state.preferences.anonymize {
            // Most of what tells who the patient is stands here.
            paragraph(ui, text!("The tags are not shown while the screen is anonymised."), &tokens);
            return;
        }
        head(ui, state, browser, &tokens, &mut out);
        controls::rule(ui, &tokens);
        match browser.list(&browser.file) {
            None => paragraph(ui, text!("Reading…"), &tokens),
            Some(Err(reason)) => {
                message(ui, Sign::Caution, &reason.capitalized(), &tokens);
            }
            Some(Ok(list)) => {
                if list.left_out {
                    let words = tr!("Only the first {} elements are listed.", crate::limits::TAG_ROWS);
                    message(ui, Sign::Caution, &words, &tokens);
                }
                if let Some(Err(reason)) = browser.other.as_ref().and_then(|path| browser.list(path)) {
                    message(ui, Sign::Caution, &reason.capitalized(), &tokens);
                }
                table(ui, browser, &tokens, &mut out);
            }
        }
    });
    if !open {
        out.push(TagCommand::Toggle.into());
    }
    out
}

/// Search, comparison, copying.
fn head(ui: &mut Ui, state: &State, browser: &TagBrowser, tokens: &Tokens, out: &mut Vec<Command>) {
    controls::elided(ui, theme::caption(attribute(&browser.file.display().to_string()), tokens));
    ui.horizontal_wrapped(|ui| {
        let mut words = browser.search.clone();
        let field = TextEdit::singleline(&mut words).hint_text(text!("Tag, name or value")).desired_width(200.0);
        ui.add(field).accessible_name(text!("Search tags"));
        if words != browser.search {
            out.push(TagCommand::Search(words).into());
        }
        compare(ui, state, browser, out);
        if browser.other.is_some() {
            controls::tick_box(ui, TagCommand::ToggleDifferences, browser.differences_only, tokens, out);
        }
        let selected =
            browser.rows().find(|(_, a, b)| a.or(*b).is_some_and(|row| Some(&row.place) == browser.selected.as_ref()));
        let value = selected.and_then(|(_, a, b)| a.or(b)).map(|row| row.value.clone());
        let copy = ui.add_enabled(value.is_some(), Button::new(text!("Copy value")));
        if copy.on_hover_text(text!("Copies the value of the chosen element")).clicked() {
            ui.ctx().copy_text(value.unwrap_or_default());
        }
        if ui
            .button(text!("Copy table"))
            .on_hover_text(text!("Copies the rows that are shown, with tabs between columns"))
            .clicked()
        {
            ui.ctx().copy_text(as_text(browser));
        }
    });
    let (all, different) = browser.counts();
    let shown = browser.rows().len();
    let mut words = if shown == all {
        tr!("1 element" | "{n} elements" % all)
    } else {
        tr!("{shown} of {all} elements", shown, all)
    };
    if browser.other.is_some() {
        words = tr!("{words}, {different} differ", words, different);
    }
    ui.label(theme::caption(words, tokens));
}

/// The other images that can stand beside this one.
fn compare(ui: &mut Ui, state: &State, browser: &TagBrowser, out: &mut Vec<Command>) {
    let name = |path: &Path| attribute(&path.file_name().unwrap_or_default().to_string_lossy());
    let chosen = browser.other.as_deref().map_or_else(|| text!("Compare with…").to_owned(), name);
    let series = state.current().map(|(entry, _)| entry.identity.series_uid.clone()).unwrap_or_default();
    let mut others: Vec<_> = state.images.iter().filter(|entry| entry.path != browser.file).collect();
    others.sort_by_key(|entry| entry.identity.series_uid != series);
    let font = egui::FontId::proportional(theme::TEXT);
    let chosen = lettering::cut_text(ui.painter(), &chosen, &font, 140.0);
    let combo = ComboBox::from_id_salt("tags of").selected_text(chosen).width(180.0).truncate();
    let inner = combo.show_ui(ui, |ui| {
        if ui.selectable_label(browser.other.is_none(), text!("No other file")).clicked() {
            out.push(TagCommand::CompareWith(None).into());
        }
        for entry in others.into_iter().take(OFFERED) {
            let is_chosen = browser.other.as_ref() == Some(&entry.path);
            let response = ui.selectable_label(is_chosen, name(&entry.path));
            if response.on_hover_text(attribute(&entry.path.display().to_string())).clicked() {
                out.push(TagCommand::CompareWith(Some(entry.path.clone())).into());
            }
        }
    });
    inner.response.accessible_name(text!("Compare with another file"));
}

fn table(ui: &mut Ui, browser: &TagBrowser, tokens: &Tokens, out: &mut Vec<Command>) {
    let compared = browser.other.is_some();
    let value = || {
        if compared {
            Column::initial(240.0).at_least(80.0).clip(true).resizable(true)
        } else {
            Column::remainder().clip(true)
        }
    };
    let mut builder = TableBuilder::new(ui)
        .id_salt("tag table")
        .sense(Sense::click())
        .striped(false)
        .auto_shrink(false)
        // In a low window it is as low.
        .min_scrolled_height(3.0 * ROW)
        .cell_layout(Flow::left_to_right(Align::Center))
        .column(Column::initial(170.0).at_least(96.0).clip(true).resizable(true))
        .column(Column::exact(28.0))
        .column(Column::initial(210.0).at_least(80.0).clip(true).resizable(true))
        .column(value());
    if compared {
        builder = builder.column(Column::remainder().clip(true));
    }
    let table = builder.header(ROW, |mut header| {
        for words in [text!("Tag"), "VR", text!("Name"), text!("Value"), text!("Value of the other file")]
            .into_iter()
            .take(4 + usize::from(compared))
        {
            header.col(|ui| {
                ui.label(theme::section(words, tokens));
            });
        }
    });
    table.body(|body| {
        body.rows(ROW, browser.rows().len(), |mut row| {
            if let Some((pair, first, second)) = browser.at(row.index()) {
                line(&mut row, browser, (pair, first, second), compared, tokens, out);
            }
        });
    });
}

fn line(
    row: &mut TableRow<'_, '_>,
    browser: &TagBrowser,
    (pair, first, second): (PairedRow, Option<&TagRow>, Option<&TagRow>),
    compared: bool,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let Some(of) = first.or(second) else { return };
    row.set_selected(browser.selected.as_ref() == Some(&of.place));
    let differs = compared && pair.differs;
    let color = if differs { tokens.warning } else { tokens.text };
    row.col(|ui| {
        ui.add_space(STEP * of.depth as f32);
        if of.inside > 0 {
            let open = browser.is_open(&of.place);
            let sign = if open { Sign::Down } else { Sign::Right };
            let button = Button::new(sign.atom(None)).frame(false);
            let name = if open { tr!("Close {}", of.tag) } else { tr!("Open {}", of.tag) };
            if ui.add(button).accessible_name(name).clicked() {
                out.push(TagCommand::ToggleOpen(of.place.clone()).into());
            }
        } else {
            ui.add_space(if of.depth > 0 { STEP } else { 0.0 });
        }
        ui.add(
            Label::new(RichText::new(&of.tag).color(if of.private { tokens.muted } else { color })).selectable(false),
        );
    });
    row.col(|ui| {
        ui.add(Label::new(theme::caption(&of.vr, tokens)).selectable(false));
    });
    row.col(|ui| {
        let color = if of.private { tokens.muted } else { tokens.text };
        ui.add(Label::new(RichText::new(&of.name).color(color)).selectable(false).truncate());
    });
    row.col(|ui| value(ui, first, color));
    if compared {
        row.col(|ui| value(ui, second, color));
    }
    let response = row.response();
    if response.clicked() {
        let selected = (browser.selected.as_ref() != Some(&of.place)).then(|| of.place.clone());
        out.push(TagCommand::Select(selected).into());
    }
}

/// The value in one line, all of it in the tooltip.
fn value(ui: &mut Ui, row: Option<&TagRow>, color: egui::Color32) {
    let Some(row) = row else {
        ui.add(Label::new(RichText::new("–").color(color)).selectable(false));
        return;
    };
    let start: String = row.value.chars().take(SHOWN).collect();
    let label = Label::new(RichText::new(attribute(&start)).color(color)).selectable(false).truncate();
    let response = ui.add(label.show_tooltip_when_elided(false));
    if row.value.chars().count() > 24 {
        let all: String = row.value.chars().take(HINT).collect();
        let more = if row.cut || row.value.chars().count() > HINT { "…" } else { "" };
        response.on_hover_text(format!("{all}{more}"));
    }
}

/// The rows that are shown, with tabs between columns.
fn as_text(browser: &TagBrowser) -> String {
    let mut text = String::new();
    for (_, first, second) in browser.rows() {
        let Some(of) = first.or(second) else { continue };
        let indent = "  ".repeat(of.depth);
        let value = |row: Option<&TagRow>| row.map_or(String::new(), |row| row.value.clone());
        let _ = write!(text, "{indent}{}\t{}\t{}\t{}", of.tag, of.vr, of.name, value(first));
        if browser.other.is_some() {
            text.push('\t');
            text.push_str(&value(second));
        }
        text.push('\n');
    }
    text
}
