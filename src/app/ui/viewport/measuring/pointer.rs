//! The left button on a view, where it belongs to measuring: with a tool in hand it sets points;
//! without one it takes a measurement that lies under it.

use egui::{CursorIcon, PointerButton, Pos2, Response, Ui};

use super::super::placement::Placement;
use super::{hit, is_tool_in_hand};
use crate::app::command::{Command, MeasureCommand};
use crate::app::state::State;
use crate::measurement::{Handle, Point};

/// Shorter ways than this, in points of the screen, are no drag.
const REACH: f32 = 6.0;

/// What the left button asks of measurements; `None` where it belongs to the window.
pub(in crate::app::ui::viewport) fn commands(
    ui: &Ui,
    state: &State,
    placement: &Placement,
    response: &Response,
) -> Option<Vec<Command>> {
    let (pressed, at, origin, shift, down, still) = ui.input(|i| {
        let p = &i.pointer;
        let pressed = p.button_pressed(PointerButton::Primary);
        let still = p.delta() == egui::Vec2::ZERO;
        (pressed, p.interact_pos(), p.press_origin(), i.modifiers.shift, p.button_down(PointerButton::Primary), still)
    });
    let measuring = &state.measuring;
    let in_hand = measuring.grab.is_some() || measuring.draft.as_ref().is_some_and(|draft| draft.pressed.is_some());
    let at = at?;
    let point = image_point(placement, at);
    let mut out = Vec::new();
    if pressed && response.contains_pointer() && !shift {
        let start = origin.unwrap_or(at);
        out.extend(press(state, placement, start));
        if out.is_empty() {
            return None;
        }
    }
    let own = response.is_pointer_button_down_on() || response.dragged_by(PointerButton::Primary);
    let over = if down { own } else { response.contains_pointer() };
    let moves = measuring.grab.is_some() || measuring.draft.is_some();
    // A pointer that lies still leaves the next point to the keyboard.
    let keyboard = still && measuring.cursor.is_some();
    if over && moves && !keyboard && out.is_empty() && is_news(state, point) {
        out.push(MeasureCommand::MoveTo(point));
    }
    let ended = response.drag_stopped_by(PointerButton::Primary) || response.clicked_by(PointerButton::Primary);
    let began = out.iter().any(|command| matches!(command, MeasureCommand::Press(..) | MeasureCommand::Grab(..)));
    if ended && (in_hand || began) {
        out.push(MeasureCommand::Release(point));
    } else if ended && !is_tool_in_hand(state) && measuring.selected.is_some() && response.clicked() {
        return Some(vec![MeasureCommand::Select(None).into()]);
    }
    cursor(ui, state, placement, response, at);
    let ours = in_hand || began || !out.is_empty() || is_tool_in_hand(state) && !shift;
    ours.then(|| out.into_iter().map(Command::from).collect())
}

/// A point of the image under the pointer.
fn image_point(placement: &Placement, at: Pos2) -> Point {
    placement.to_image(at.into()).map(f64::from)
}

/// What the button takes where it goes down: a place of the chosen measurement, else with a tool in
/// hand the next point, else what lies there.
fn press(state: &State, placement: &Placement, at: Pos2) -> Option<MeasureCommand> {
    let point = image_point(placement, at);
    let hit = hit::at(state, placement, at);
    let set = || MeasureCommand::Press(point, f64::from(REACH / placement.scale[0]));
    match (is_tool_in_hand(state), hit) {
        (true, Some((id, Handle::At(handle))))
            if state.measuring.draft.is_none() && state.measuring.selected == Some(id) =>
        {
            Some(MeasureCommand::Grab(id, Handle::At(handle), point))
        }
        (true, _) => Some(set()),
        (false, Some((id, handle))) => Some(MeasureCommand::Grab(id, handle, point)),
        (false, None) => None,
    }
}

/// Whether the pointer has moved since the state last heard of it.
fn is_news(state: &State, point: Point) -> bool {
    let draft = state.measuring.draft.as_ref().and_then(|draft| draft.next);
    draft.is_none_or(|last| (last[0] - point[0]).abs() > 0.01 || (last[1] - point[1]).abs() > 0.01)
}

fn cursor(ui: &Ui, state: &State, placement: &Placement, response: &Response, at: Pos2) {
    if !response.contains_pointer() {
        return;
    }
    let icon = match (state.measuring.grab.is_some(), hit::at(state, placement, at)) {
        (true, _) => CursorIcon::Grabbing,
        (false, Some(_)) if !is_tool_in_hand(state) => CursorIcon::Grab,
        _ if is_tool_in_hand(state) => CursorIcon::Crosshair,
        _ => return,
    };
    ui.ctx().set_cursor_icon(icon);
}
