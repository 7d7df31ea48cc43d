//! A message in a view, on a plate that keeps off the lungs; beside a map in a strip along the
//! lower edge.

use egui::{Align2, Rect, RichText, Ui, pos2, vec2};

use super::theme;
use super::view_message::ViewMessage;
use crate::app::command::{Command, FindingsCommand, HelpCommand};
use crate::app::state::State;

/// Height of the strip: that of the two last lines in the corner.
const STRIP: f32 = 42.0;

/// The part of a view that words lie in: the lower half, where they cover least of the lungs; of a
/// low view all below its title.
fn room_for(rect: Rect) -> Rect {
    let top = if rect.height() >= 400.0 { rect.center().y } else { rect.top() + 0.25 * rect.height() };
    Rect::from_min_max(pos2(rect.left(), top), rect.max)
}

/// Words on a plate, with how far the work is and buttons below; beside a map in a strip along the
/// lower edge.
pub(super) fn show(ui: &mut Ui, state: &State, rect: Rect, message: &ViewMessage, out: &mut Vec<Command>) {
    let tokens = theme::tokens(state.preferences.theme);
    if message.beside {
        return strip(ui, &tokens, rect, message, out);
    }
    // A low view has little room for words.
    let font = if rect.width() < 300.0 { theme::CAPTION } else { theme::TEXT };
    let most = (rect.width() - 32.0).clamp(80.0, 420.0);
    let galley = ui.painter().layout(message.words.clone(), egui::FontId::proportional(font), tokens.text, most - 24.0);
    // What counts up must not make its plate wider with each digit.
    let least = if message.part.is_some() { 200.0_f32.min(most) } else { 0.0 };
    let bar = if message.part.is_some() { 12.0 } else { 0.0 };
    let row = if message.buttons.is_empty() { 0.0 } else { 32.0 };
    let buttons_wide: f32 = message.buttons.iter().map(|(label, _)| 24.0 + 7.0 * label.len() as f32).sum();
    let width = (galley.size().x + 24.0).max(least).max(buttons_wide).min(rect.width() - 8.0);
    let size = vec2(width, galley.size().y + 20.0 + bar + row);
    let plate = Align2::CENTER_CENTER.anchor_size(room_for(rect).center(), size);
    ui.painter().rect_filled(plate, 6.0, tokens.panel.gamma_multiply(0.94));
    let inner = plate.shrink2(vec2(12.0, 10.0));
    let centred = egui::Layout::top_down(egui::Align::Center);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(centred));
    child.spacing_mut().item_spacing.y = 4.0;
    child.label(RichText::new(&message.words).size(font).color(tokens.text));
    if let Some(part) = message.part {
        let bar = egui::ProgressBar::new(part).desired_width(inner.width()).desired_height(6.0);
        child.add(bar.fill(tokens.accent).corner_radius(3.0)).accessible_name(message.words.as_str());
    }
    if message.buttons.is_empty() {
        return;
    }
    let below = Rect::from_min_max(pos2(inner.left(), inner.bottom() - 24.0), inner.max);
    let row_wide = buttons_wide - 16.0;
    let below = Rect::from_center_size(below.center(), vec2(row_wide.min(plate.width()), 24.0));
    let across = egui::Layout::left_to_right(egui::Align::Center).with_main_align(egui::Align::Center);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(below).layout(across));
    buttons(&mut child, message, out);
}

fn buttons(ui: &mut Ui, message: &ViewMessage, out: &mut Vec<Command>) {
    for (label, command) in &message.buttons {
        let key = match command {
            Command::Findings(FindingsCommand::Cancel) => HelpCommand::Escape.info().key,
            _ => command.info().key,
        };
        let tooltip = command.info().tooltip;
        let hint = if key.is_empty() { tooltip.to_owned() } else { format!("{tooltip} ({key})") };
        if ui.button(*label).on_hover_text(hint).clicked() {
            out.push(command.clone());
        }
    }
}

/// Words, buttons and progress of a map that is there already: in the place of the words below it, not
/// over the map. As wide as the view, so that nothing of these is half covered.
fn strip(ui: &mut Ui, tokens: &theme::Tokens, rect: Rect, message: &ViewMessage, out: &mut Vec<Command>) {
    let plate = Align2::CENTER_BOTTOM.anchor_size(rect.center_bottom(), vec2(rect.width(), STRIP)).shrink(1.0);
    // Dark in every theme, as the ground of the image is.
    ui.painter().rect_filled(plate, 0.0, tokens.image_ground);
    let inner = plate.shrink2(vec2(8.0, 4.0));
    let across = egui::Layout::right_to_left(egui::Align::Center);
    let row = Rect::from_min_max(inner.min, pos2(inner.right(), inner.bottom() - 5.0));
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(row).layout(across));
    child.spacing_mut().interact_size.y = 20.0;
    child.spacing_mut().button_padding.y = 1.0;
    buttons(&mut child, message, out);
    child.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
        ui.add(
            egui::Label::new(RichText::new(&message.words).size(theme::CAPTION).color(tokens.image_text)).truncate(),
        );
    });
    if let Some(part) = message.part {
        let groove = Rect::from_min_max(pos2(inner.left(), inner.bottom() - 3.0), inner.max);
        ui.painter().rect_filled(groove, 1.5, tokens.groove);
        let done = Rect::from_min_size(groove.min, vec2(groove.width() * part.clamp(0.0, 1.0), groove.height()));
        ui.painter().rect_filled(done, 1.5, tokens.accent);
    }
}
