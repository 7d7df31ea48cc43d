//! What other files say of the image: segments and maps that lie over it, what of them cannot be
//! drawn and why, reports and documents.

use egui::{Align, Color32, Layout, RichText, Sense, Slider, Stroke, Ui, vec2};

use crate::app::command::{Command, ResultCommand};
use crate::app::state::State;
use crate::app::state::result_objects::{color_of, color_of_graphics};
use crate::app::state::session::Section;
use crate::app::ui::lettering::cut_text;
use crate::app::ui::numbers::value_and_unit;
use crate::app::ui::theme::{self, Tokens};
use crate::app::ui::viewport::annotations::graphics_name;
use crate::app::ui::viewport::legend::value_under;
use crate::app::ui::widgets::shapes::Sign;
use crate::app::ui::widgets::text::{message, paragraph};
use crate::app::ui::widgets::{controls, section};
use crate::fonts::attribute;
use crate::language::{text, tr, translated};
use crate::results::read::drawn::FindingGraphics;
use crate::results::read::key::LayerKey;
use crate::results::read::layers::{LaidOver, Layer, LayerKind, NotDrawn, Note, Related};

/// Most layers, notes and reports that are listed.
const MOST: usize = 60;

/// The section; nothing where no other file has to do with the image.
pub fn show(ui: &mut Ui, state: &State) -> Vec<Command> {
    let mut out = Vec::new();
    let Some(laid) = state.laid_over().filter(|laid| !is_empty(laid)) else { return out };
    let tokens = theme::tokens(state.preferences.theme);
    let has_layers = !laid.layers.is_empty();
    let has_any = has_layers || !laid.graphics.is_empty();
    let open = section::heading(ui, state, Section::Results, &tokens, &mut out, |ui, out| {
        if has_any {
            let shown = !state.result_objects.hidden;
            let command: Command = ResultCommand::ToggleLaid.into();
            let mut on = shown;
            let response = controls::tick(ui, &mut on, text!("Shown"), &tokens);
            if response.on_hover_text(command.info().hint()).clicked() {
                out.push(command);
            }
        }
    });
    if !open {
        return out;
    }
    ui.spacing_mut().item_spacing.y = 3.0;
    if has_layers {
        opacity(ui, state, &tokens, &mut out);
    }
    let mut of = "";
    for (place, layer) in laid.layers.iter().enumerate().take(MOST) {
        if layer.of != of {
            of = &layer.of;
            controls::elided(ui, theme::caption(attribute(of), &tokens));
        }
        row(ui, state, place, layer, &tokens, &mut out);
    }
    for (place, graphics) in laid.graphics.iter().enumerate().take(MOST) {
        if graphics.of != of {
            of = &graphics.of;
            let words = if state.preferences.anonymize { text!("Structured report") } else { of };
            controls::elided(ui, theme::caption(attribute(words), &tokens));
        }
        finding_row(ui, state, (color_of_graphics(laid, place), graphics), &tokens, &mut out);
    }
    for note in laid.notes.iter().take(MOST) {
        let of = if state.preferences.anonymize { String::new() } else { attribute(&note.of) };
        message(ui, Sign::Caution, format!("{of}: {}", note_words(note)).trim_start_matches(": "), &tokens);
    }
    for one in laid.related.iter().take(MOST) {
        related(ui, state, one, &mut out);
    }
    for (uid, open) in laid.names.iter().take(MOST).map(|uid| (uid, state.listed(uid))) {
        match open {
            Some(_) => {
                let words = tr!("Made of the image {}", uid);
                if ui.link(words).clicked() {
                    out.push(ResultCommand::ShowImage(uid.clone(), 1).into());
                }
            }
            None => paragraph(ui, &tr!("Made of the image {}, which is not opened", uid), &tokens),
        }
    }
    ui.add_space(4.0);
    out
}

fn is_empty(laid: &LaidOver) -> bool {
    laid.layers.is_empty()
        && laid.graphics.is_empty()
        && laid.notes.is_empty()
        && laid.related.is_empty()
        && laid.names.is_empty()
}

fn opacity(ui: &mut Ui, state: &State, tokens: &Tokens, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.label(theme::caption(text!("Opacity"), tokens));
        ui.spacing_mut().slider_width = (ui.available_width() - 72.0).max(48.0);
        let before = (100.0 * state.result_objects.opacity).round();
        let mut value = before;
        let slider = Slider::new(&mut value, 0.0..=100.0).suffix(" %").fixed_decimals(0).step_by(1.0);
        let hint = ResultCommand::SetOpacity(0.0).info().tooltip;
        let response = ui.add(slider).accessible_name(text!("Opacity of results from files")).on_hover_text(hint);
        if response.changed() && value != before {
            out.push(ResultCommand::SetOpacity(value / 100.0).into());
        }
    });
}

/// The switch of a layer with its colour or scale, and the value under the pointer.
fn row(ui: &mut Ui, state: &State, place: usize, layer: &Layer, tokens: &Tokens, out: &mut Vec<Command>) {
    let whole = vec2(ui.available_width(), 20.0);
    ui.allocate_ui_with_layout(whole, Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(theme::GRID);
        let value = match &layer.kind {
            LayerKind::Map { unit, .. } => value_under(state, layer).map(|v| value_and_unit(v, unit)),
            LayerKind::Area { fractional: true, .. } => value_under(state, layer).map(|v| value_and_unit(v, "")),
            LayerKind::Area { .. } => None,
        };
        if let Some(value) = value {
            ui.label(theme::caption(value, tokens));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if let LayerKind::Area { .. } = layer.kind {
                let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
                let [r, g, b] = color_of(layer, place);
                ui.painter().rect_filled(rect, 0.0, Color32::from_rgb(r, g, b));
            }
            switch(ui, state.is_layer_on(layer), (&layer.key, &attribute(&layer.name)), &layer.details, tokens, out);
        });
    });
}

/// The switch of what a report has drawn, with its colour.
fn finding_row(
    ui: &mut Ui,
    state: &State,
    ([r, g, b], graphics): ([u8; 3], &FindingGraphics),
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let whole = vec2(ui.available_width(), 20.0);
    ui.allocate_ui_with_layout(whole, Layout::left_to_right(Align::Center), |ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
        ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(2.0, Color32::from_rgb(r, g, b)));
        let details = if state.preferences.anonymize { &[][..] } else { &graphics.details };
        let name = graphics_name(state, graphics);
        switch(ui, state.are_graphics_on(graphics), (&graphics.key, &name), details, tokens, out);
    });
}

fn switch(
    ui: &mut Ui,
    mut on: bool,
    (key, name): (&LayerKey, &str),
    details: &[String],
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let font = egui::FontId::proportional(theme::TEXT);
    let room = ui.available_width() - 32.0;
    let words = cut_text(ui.painter(), name, &font, room);
    let response = controls::tick(ui, &mut on, &words, tokens).accessible_name(name);
    let hint = std::iter::once(name.to_owned()).chain(details.iter().map(|words| attribute(words)));
    if response.on_hover_text(hint.collect::<Vec<_>>().join("\n")).clicked() {
        out.push(ResultCommand::ToggleLayer(key.clone()).into());
    }
}

/// Why something is not drawn. Sentences of readers below are in English and translated as a whole.
fn note_words(note: &Note) -> String {
    use crate::results::read::placing::Obstacle;
    match &note.reason {
        NotDrawn::NotHere => text!("Nothing of it lies on this image.").to_owned(),
        NotDrawn::Obstacle(Obstacle::Plane) => {
            text!("It is not drawn: its planes are not parallel to that of this image.").to_owned()
        }
        NotDrawn::Obstacle(Obstacle::NoSegment) => {
            text!("It is not drawn: its frames do not say which of its segments they show.").to_owned()
        }
        NotDrawn::Obstacle(Obstacle::Size { columns, rows, image_columns, image_rows }) => tr!(
            "It is not drawn: it has {columns} × {rows} cells, the image {image_columns} × {image_rows} pixels, and no position in the patient tells how they lie on each other.",
            columns,
            rows,
            image_columns,
            image_rows
        ),
        NotDrawn::Unreadable(reason) => tr!("It could not be read: {}", translated(reason)),
        NotDrawn::NoRoom(count) => {
            tr!("{} of its parts are not shown: there is no room for more in memory.", count)
        }
        NotDrawn::Shapes(count) => {
            tr!("{} of its graphics are not drawn: their kind or their points are none that can be.", count)
        }
    }
}

/// A report or a document, with a button that opens it.
fn related(ui: &mut Ui, state: &State, one: &Related, out: &mut Vec<Command>) {
    let kind = one.entry.title.split(": ").next().unwrap_or_default();
    let title = match one.title.as_str() {
        "" => kind.to_owned(),
        _ if state.preferences.anonymize => kind.to_owned(),
        title => attribute(title),
    };
    let whole = vec2(ui.available_width(), 22.0);
    ui.allocate_ui_with_layout(whole, Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(theme::GRID);
        let command: Command = ResultCommand::Open(Some(one.entry.clone())).into();
        let info = command.info();
        let button = ui.button(info.label).accessible_name(tr!("Open {}", title));
        if button.on_hover_text(info.tooltip).clicked() {
            out.push(command);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let hint = if one.names_image {
                text!("It names this image")
            } else {
                text!("Of the same study; it does not name this image")
            };
            controls::elided(ui, RichText::new(title)).on_hover_text(format!("{kind}\n{hint}"));
        });
    });
}
