//! The list of measurements: what each comes to, with what must be known of it; names, deletion, the
//! way back, files. And the menu of the tools.

use egui::{Align, Button, FontId, Id, Layout, RichText, ScrollArea, TextEdit, TextFormat, Ui, vec2};

use crate::app::command::{Command, MeasureCommand, StudyCommand};
use crate::app::state::Content;
use crate::app::state::State;
use crate::app::state::measuring::Tool;
use crate::app::state::session::Section;
use crate::app::ui::lettering;
use crate::app::ui::measured_values::{Values, ValuesCache, map_of};
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::app::ui::widgets::{controls, section};
use crate::fonts::attribute;
use crate::language::{decimal, said, text, tr, translated};
use crate::measurement::calibration::is_known_length;
use crate::measurement::{Kind, Measurement, Words};
use crate::wording::measured;

/// Height of a row, and of one whose value stands below the name.
const ROW: f32 = 22.0;
const TWO_LINES: f32 = 38.0;
/// Width of the cross at the end of a row, with the room around it.
const CROSS: f32 = 40.0;

/// The menu of tools.
pub(super) fn menu(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    let ready = state.measurable().is_some();
    for tool in Tool::ALL {
        let chosen = state.measuring.tool == tool;
        let enabled = ready || !matches!(tool, Tool::Measure(_));
        controls::menu_item(ui, MeasureCommand::TakeTool(tool), enabled, Some(chosen), out);
    }
    controls::rule(ui, tokens);
    let selected = state.selected_measurement().is_some();
    controls::menu_item(ui, MeasureCommand::DeleteSelected, selected, Some(false), out);
    let [back, forth] = [true, false].map(|back| state.can_step(back));
    controls::menu_item(ui, MeasureCommand::Undo, back, Some(false), out);
    controls::menu_item(ui, MeasureCommand::Redo, forth, Some(false), out);
    controls::menu_item(ui, MeasureCommand::ToggleShown, ready, Some(state.measuring.shown), out);
    controls::rule(ui, tokens);
    controls::menu_item(ui, MeasureCommand::ToggleKeyImage, ready, Some(state.is_key_image()), out);
    for (command, back) in [(StudyCommand::PreviousKeyImage, true), (StudyCommand::NextKeyImage, false)] {
        controls::menu_item(ui, command, state.next_key_image(back).is_some(), Some(false), out);
    }
    controls::rule(ui, tokens);
    controls::menu_item(ui, MeasureCommand::Export, !state.measurements().is_empty(), Some(false), out);
    controls::menu_item(ui, MeasureCommand::Import, ready, Some(false), out);
}

/// The list, at most so high; nothing before the first measurement.
pub fn show(ui: &mut Ui, state: &State, cache: &mut ValuesCache, most: f32) -> Vec<Command> {
    let mut out = Vec::new();
    let list = state.measurements();
    let back = state.sheet().is_some_and(|sheet| !sheet.back.is_empty() || !sheet.forth.is_empty());
    if list.is_empty() && !back {
        return out;
    }
    let tokens = theme::tokens(state.preferences.theme);
    let open = section::heading(ui, state, Section::Measurements, &tokens, &mut out, |ui, out| {
        controls::tick_box(ui, MeasureCommand::ToggleShown, state.measuring.shown, &tokens, out);
    });
    if !open {
        return out;
    }
    let least = if most.is_finite() { most } else { 64.0 };
    let area = ScrollArea::vertical().id_salt("measurements").max_height(most).min_scrolled_height(least);
    area.auto_shrink([false, true]).show(ui, |ui| {
        listed(ui, state, cache, &tokens, &mut out);
    });
    out
}

fn listed(ui: &mut Ui, state: &State, cache: &mut ValuesCache, tokens: &Tokens, out: &mut Vec<Command>) {
    let list = state.measurements();
    if state.measuring.unkept {
        message(ui, Sign::Caution, text!("Not kept: the file of this image could not be read."), tokens);
    }
    for (i, one) in list.iter().enumerate() {
        let values = cache.of(state, map_of(state, Content::Image), one);
        row(ui, state, (i + 1, one), values.as_deref(), tokens, out);
        if state.measuring.selected == Some(one.id) {
            detail(ui, state, one, values.as_deref(), tokens, out);
        }
    }
    if list.is_empty() {
        paragraph(ui, text!("None."), tokens);
    }
    ui.horizontal_wrapped(|ui| {
        let [back, forth] = [true, false].map(|back| state.can_step(back));
        controls::button(ui, MeasureCommand::Undo, back, out);
        controls::button(ui, MeasureCommand::Redo, forth, out);
        controls::button(ui, MeasureCommand::Export, !list.is_empty(), out);
    });
}

/// What a measurement is called in the list.
fn name(state: &State, one: &Measurement) -> String {
    // Words of the reader may name somebody.
    if one.name.is_empty() || state.preferences.anonymize {
        return translated(one.kind.name()).to_owned();
    }
    attribute(one.name.0.lines().next().unwrap_or_default())
}

/// Number, name and first value, which stands below where both have no room in a line; a click chooses
/// it.
fn row(
    ui: &mut Ui,
    state: &State,
    (number, one): (usize, &Measurement),
    values: Option<&Values>,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let chosen = state.measuring.selected == Some(one.id);
    let first = values.and_then(|values| measured::lines(&values.measured).into_iter().next()).unwrap_or_default();
    let name = name(state, one);
    let words = format!("{number}  {name}");
    let (font, small) = (FontId::proportional(theme::TEXT), FontId::proportional(theme::CAPTION));
    let wide = |words: &str, font: &FontId| {
        ui.painter().layout_no_wrap(words.to_owned(), font.clone(), egui::Color32::WHITE).size().x
    };
    let beside = wide(&words, &font) + wide(&first, &small) + 4.0 * theme::GRID <= ui.available_width() - CROSS;
    let height = if beside || first.is_empty() { ROW } else { TWO_LINES };
    // What is wider than the panel would widen it, and move the image under a measurement in hand.
    let whole = vec2(ui.available_width(), height);
    ui.allocate_ui_with_layout(whole, Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        // Room for the scroll bar, which lies over what is under it.
        ui.add_space(theme::GRID);
        let mut gone = Vec::new();
        let cross = controls::sign_button(ui, Sign::Cross, MeasureCommand::Remove(one.id), true, &mut gone);
        cross.accessible_name(tr!("Delete measurement {}", number));
        out.append(&mut gone);
        let width = ui.available_width();
        let room = width - 2.0 * theme::GRID;
        let button = if beside {
            let button = Button::selectable(chosen, &words).truncate();
            // Without a value too: the name alone would stand in the middle.
            button.shortcut_text(RichText::new(first.as_str()).size(theme::CAPTION))
        } else {
            let color = ui.visuals().text_color();
            let mut lines = lettering::line(&lettering::cut_text(ui.painter(), &words, &font, room), font, color);
            if !first.is_empty() {
                let value = lettering::cut_text(ui.painter(), &first, &small, room);
                let format = TextFormat::simple(small, tokens.muted);
                lines.append(&format!("\n{value}"), 0.0, format);
                lines.break_on_newline = true;
            }
            Button::selectable(chosen, lines)
        };
        let said = tr!("Measurement {number}: {name} {first}", number, name, first);
        let response = ui.add(button.min_size(vec2(width, height))).accessible_name(said.trim_end());
        if response.on_hover_text(format!("{name}\n{}\n{first}", translated(one.kind.name())).trim_end()).clicked() {
            out.push(MeasureCommand::Select((!chosen).then_some(one.id)).into());
        }
    });
}

/// Everything about the chosen one.
fn detail(
    ui: &mut Ui,
    state: &State,
    one: &Measurement,
    values: Option<&Values>,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    if one.kind == Kind::Calibration {
        known_length(ui, state, one, tokens, out);
    } else {
        words(ui, state, one, out);
    }
    let Some(values) = values else { return };
    for line in measured::lines(&values.measured) {
        ui.label(RichText::new(line).color(tokens.text));
    }
    if let Some(inside) = values.evidence {
        let of = match map_of(state, Content::Image) {
            Content::Map(subject, method) => format!("{}, {}", state.subject_name(subject), method.name()),
            _ => String::new(),
        };
        let hint = text!("Part of the map's positive evidence that lies inside, beside the part of an even map");
        ui.label(RichText::new(measured::evidence(&inside)).color(tokens.text)).on_hover_text(hint);
        controls::elided(ui, theme::caption(of, tokens));
    }
    for caution in &values.measured.cautions {
        message(ui, Sign::Caution, &said(caution), tokens);
    }
}

/// The field for the length of a calibration line; it is written in at once after the line was drawn.
fn known_length(ui: &mut Ui, state: &State, one: &Measurement, tokens: &Tokens, out: &mut Vec<Command>) {
    let id = Id::unique(("known length of a line", one.id));
    // What is being typed need not be a number yet.
    let of_state = one.known_mm.map(|mm| decimal(format!("{mm}"))).unwrap_or_default();
    let kept: Option<(String, Option<u64>)> = ui.data(|data| data.get_temp(id));
    let bits = one.known_mm.map(f64::to_bits);
    let mut text = kept.filter(|(_, of)| *of == bits).map_or(of_state, |(text, _)| text);
    ui.horizontal(|ui| {
        let field = TextEdit::singleline(&mut text).id(id).hint_text(text!("Known length")).desired_width(96.0);
        let response = ui.add(field.char_limit(12)).accessible_name(text!("Known length in millimetres"));
        if state.measuring.writing == Some(one.id) {
            response.request_focus();
            response.scroll_to_me(None);
            out.push(MeasureCommand::WordsAsked.into());
        }
        ui.label(RichText::new("mm").color(tokens.text));
        if response.changed() {
            let mm = text.trim().replace(',', ".").parse::<f64>().ok().filter(|mm| is_known_length(*mm));
            ui.data_mut(|data| data.insert_temp(id, (text.clone(), mm.map(f64::to_bits))));
            out.push(MeasureCommand::Calibrate(one.id, mm).into());
        }
    });
}

/// The field for the name, or for the words of a note; it is written in at once after a note was
/// placed.
fn words(ui: &mut Ui, state: &State, one: &Measurement, out: &mut Vec<Command>) {
    if state.preferences.anonymize {
        return;
    }
    let note = one.kind.is_note();
    let mut text = one.name.0.clone();
    let id = Id::unique(("name of a measurement", one.id));
    let field = if note { TextEdit::multiline(&mut text).desired_rows(2) } else { TextEdit::singleline(&mut text) };
    let hint = if note { text!("What does the note say?") } else { text!("Name") };
    let field = field.id(id).hint_text(hint).desired_width(f32::INFINITY);
    let response = ui.add(field.char_limit(crate::limits::MEASUREMENT_NAME));
    let name = if note { text!("Words of the note") } else { text!("Name of the measurement") };
    let response = response.accessible_name(name);
    if state.measuring.writing == Some(one.id) {
        response.request_focus();
        response.scroll_to_me(None);
        out.push(MeasureCommand::WordsAsked.into());
    }
    if text != one.name.0 {
        out.push(MeasureCommand::Rename(one.id, Words(text)).into());
    }
}
