//! The left button on an image that is questioned, while a tool that marks is in hand.

use egui::{CursorIcon, PointerButton, Response, Ui};

use super::super::placement::Placement;
use crate::app::command::{Command, WhatIfCommand};
use crate::app::state::State;
use crate::measurement::Point;

/// What the left button asks of the change; `None` where it belongs to others.
pub(in crate::app::ui::viewport) fn commands(
    ui: &Ui,
    state: &State,
    placement: &Placement,
    response: &Response,
) -> Option<Vec<Command>> {
    if !state.is_marking() {
        return None;
    }
    let (pressed, shift, at, origin) = ui.input(|i| {
        let pointer = &i.pointer;
        (
            pointer.button_pressed(PointerButton::Primary),
            i.modifiers.shift,
            pointer.interact_pos(),
            pointer.press_origin(),
        )
    });
    if response.contains_pointer() {
        ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
    }
    let at = at?;
    let point = |at: egui::Pos2| -> Point { placement.to_image(at.into()).map(f64::from) };
    let mut out = Vec::new();
    // Shift + drag moves the image.
    if pressed && response.contains_pointer() && !shift {
        out.push(WhatIfCommand::Press(point(origin.unwrap_or(at))));
    }
    let what_if = &state.what_if;
    let down = what_if.is_stroking() || !out.is_empty();
    if down && response.dragged_by(PointerButton::Primary) && response.drag_delta() != egui::Vec2::ZERO {
        out.push(WhatIfCommand::MoveTo(point(at)));
    }
    let ended = response.drag_stopped_by(PointerButton::Primary) || response.clicked_by(PointerButton::Primary);
    if ended && down {
        out.push(WhatIfCommand::Release(point(at)));
    }
    (!shift || down).then(|| out.into_iter().map(Command::from).collect())
}
