//! Controls whose words, tooltip and key come from the command table.

use std::path::Path;

use egui::{Align2, Atoms, Button, FontId, Response, RichText, Role, Sense, Stroke, Ui, WidgetInfo, vec2};

use super::shapes::Sign;
use crate::app::command::Command;
use crate::app::ui::lettering;
use crate::app::ui::theme::{self, Tokens};

/// A button that answers with `command`.
pub(crate) fn button(ui: &mut Ui, command: impl Into<Command>, enabled: bool, out: &mut Vec<Command>) -> Response {
    let command = command.into();
    let info = command.info();
    let response = ui.add_enabled(enabled, Button::new(info.label));
    answer(response, command, out)
}

/// A button with a sign instead of words; its name is the command's.
pub(crate) fn sign_button(
    ui: &mut Ui,
    sign: Sign,
    command: impl Into<Command>,
    enabled: bool,
    out: &mut Vec<Command>,
) -> Response {
    let command = command.into();
    let info = command.info();
    let response = ui.add_enabled(enabled, Button::new(sign.atom(None))).accessible_name(info.label);
    answer(response, command, out)
}

/// A segment of a row of exclusive choices.
pub(crate) fn segment(
    ui: &mut Ui,
    command: impl Into<Command>,
    chosen: bool,
    enabled: bool,
    out: &mut Vec<Command>,
) -> Response {
    let command = command.into();
    let info = command.info();
    let response = ui.add_enabled(enabled, Button::selectable(chosen, info.label).frame_when_inactive(true));
    answer(response, command, out)
}

/// A tick box that answers with `command` when it is clicked.
pub(crate) fn tick_box(
    ui: &mut Ui,
    command: impl Into<Command>,
    on: bool,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) -> Response {
    let command = command.into();
    let info = command.info();
    let mut on = on;
    let response = tick(ui, &mut on, info.label, tokens);
    answer(response, command, out)
}

/// A tick box whose outline can be seen when it is empty.
pub(crate) fn tick(ui: &mut Ui, on: &mut bool, words: &str, tokens: &Tokens) -> Response {
    ui.scope(|ui| {
        ui.visuals_mut().widgets.inactive.bg_stroke = Stroke::new(1.0, tokens.below);
        ui.checkbox(on, words)
    })
    .inner
}

/// An entry of a menu: words, key, and a tick where the command switches something that is on.
pub(crate) fn menu_item(
    ui: &mut Ui,
    command: impl Into<Command>,
    enabled: bool,
    on: Option<bool>,
    out: &mut Vec<Command>,
) {
    let command = command.into();
    let info = command.info();
    let mut words = Atoms::default();
    if let Some(on) = on {
        let sign = if on { Sign::Tick } else { Sign::Blank };
        words.push_right(sign.atom(None));
    }
    words.push_right(info.label);
    let button =
        Button::new(words).shortcut_text(RichText::new(info.shown_key()).size(theme::CAPTION)).sense(Sense::click());
    let response = ui.add_enabled(enabled, button.min_size(vec2(ui.available_width(), 24.0)));
    let response = response.accessible_name(info.label).on_hover_text(info.tooltip);
    if response.clicked() {
        out.push(command);
        ui.close();
    }
}

/// A menu that opens below its button.
pub(crate) fn menu(ui: &mut Ui, words: &'static str, hint: &str, width: f32, content: impl FnOnce(&mut Ui)) {
    menu_of(ui, words, words, hint, width, content);
}

/// A menu whose button is drawn with other words than it is called by. It scrolls where the window is
/// low.
pub(crate) fn menu_of(
    ui: &mut Ui,
    words: &'static str,
    name: &'static str,
    hint: &str,
    width: f32,
    content: impl FnOnce(&mut Ui),
) {
    use egui::containers::menu::{MenuButton, MenuConfig};
    let config = MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    let button = Button::new((words, Sign::Down.atom(None)));
    let (response, inner) = MenuButton::from_button(button).config(config).ui(ui, |ui| {
        let room = ui.ctx().content_rect().size();
        ui.set_width(width.min(room.x - 32.0));
        ui.spacing_mut().item_spacing.y = 0.0;
        let most = (room.y - theme::TOOLBAR_HEIGHT - 32.0).max(120.0);
        theme::bar_in_the_margin(ui);
        egui::ScrollArea::vertical().max_height(most).min_scrolled_height(most).show(ui, |ui| {
            ui.set_width(width.min(room.x - 32.0));
            content(ui);
        });
    });
    let response = response.accessible_name(name);
    if inner.is_none() {
        response.on_hover_text(hint);
    }
}

/// An entry of a menu that opens a menu beside it.
pub(crate) fn submenu(ui: &mut Ui, words: &str, width: f32, content: impl FnOnce(&mut Ui)) {
    let mut atoms = Atoms::default();
    atoms.push_right(Sign::Blank.atom(None));
    atoms.push_right(words);
    let response = ui.menu_button(atoms, |ui| {
        ui.set_width(width);
        ui.spacing_mut().item_spacing.y = 0.0;
        let most = (ui.ctx().content_rect().height() - 48.0).max(120.0);
        theme::bar_in_the_margin(ui);
        egui::ScrollArea::vertical().max_height(most).min_scrolled_height(most).show(ui, |ui| {
            ui.set_width(width);
            content(ui);
        });
    });
    response.response.accessible_name(words);
}

/// One line of text that is cut in its middle where it is too long, since names differ at both ends;
/// all of it stands in the tooltip.
pub(crate) fn elided(ui: &mut Ui, text: RichText) -> Response {
    let whole = text.text().to_owned();
    let mut job = egui::text::LayoutJob::default();
    text.append_to(&mut job, ui.style(), egui::FontSelection::Default, egui::Align::Center);
    let format = job.sections.first().map(|section| section.format.clone()).unwrap_or_default();
    let words = lettering::cut_text(ui.painter(), &whole, &format.font_id, ui.available_width());
    let cut = words != whole;
    let text = RichText::new(words).font(format.font_id).color(format.color);
    let response = ui.add(egui::Label::new(text).truncate().show_tooltip_when_elided(false));
    if cut {
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &whole));
        return response.on_hover_text(whole);
    }
    response
}

/// Title of a panel, with a caption at the right end of the line.
pub(crate) fn title(ui: &mut Ui, words: &str, caption: &str, tokens: &Tokens) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 16.0), Sense::hover());
    let font = FontId::new(theme::CAPTION, theme::semibold());
    ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, words, font, tokens.muted);
    let font = FontId::proportional(theme::CAPTION);
    ui.painter().text(rect.right_center(), Align2::RIGHT_CENTER, caption, font, tokens.muted);
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, words));
    response
}

/// A hairline across the panel with room above and below.
pub(crate) fn rule(ui: &mut Ui, tokens: &Tokens) {
    ui.add_space(theme::GRID / 2.0);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover());
    ui.painter().rect_filled(rect, 0.0, tokens.line);
    ui.add_space(theme::GRID / 2.0);
}

fn answer(response: Response, command: Command, out: &mut Vec<Command>) -> Response {
    let hint = command.info().hint();
    if response.clicked() {
        out.push(command);
    }
    response.on_hover_text(&hint).on_disabled_hover_text(hint)
}

/// A recent path: its name first, all of it in the tooltip. True when it was chosen.
pub(crate) fn recent_path(ui: &mut Ui, path: &Path) -> bool {
    let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
    let room = (ui.available_width() - 2.0 * ui.spacing().button_padding.x, 1);
    let font = FontId::proportional(theme::TEXT);
    let (words, _) = lettering::cut_in_the_middle(ui.painter(), &name, &font, egui::Color32::PLACEHOLDER, room);
    let button = Button::new(words).truncate().frame_when_inactive(false);
    ui.add(button.min_size(vec2(ui.available_width(), 24.0)))
        .accessible_name(name.as_str())
        .on_hover_text(path.display().to_string())
        .clicked()
}
