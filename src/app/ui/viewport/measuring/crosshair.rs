//! The crosshair of the keyboard: its keys while a tool is in hand, and how it is drawn.
//!
//! Its keys are those of the pointer's place, so they belong to no command of the table: while a tool
//! is in hand the arrows move it and Enter sets a point, whatever they do otherwise.

use egui::{Id, Key, Modifiers, Painter, Pos2, Rect, Stroke, vec2};

use super::on_screen;
use crate::app::command::{Command, MeasureCommand};
use crate::app::state::State;
use crate::app::state::measuring::CursorMove;
use crate::app::ui::theme;
use crate::app::ui::viewport::placement::Placement;

/// What stays free around the point, points of the screen.
const GAP: f32 = 6.0;
/// The arrows, with their way to the right and down.
const ARROWS: [(Key, i32, i32); 4] =
    [(Key::ArrowLeft, -1, 0), (Key::ArrowRight, 1, 0), (Key::ArrowUp, 0, -1), (Key::ArrowDown, 0, 1)];

/// Where it is noted which view has the keyboard.
fn view_with_keyboard() -> Id {
    Id::unique("view with the keyboard")
}

/// Notes that a view has the keyboard.
pub(in crate::app::ui::viewport) fn note(ctx: &egui::Context, view: &egui::Response) {
    if view.has_focus() {
        ctx.data_mut(|data| data.insert_temp(view_with_keyboard(), view.id));
    }
}

/// Whether a button or the like has the keyboard, and no view: Enter and the space bar press it.
pub(in crate::app::ui) fn is_keyboard_elsewhere(ctx: &egui::Context) -> bool {
    let view = ctx.data(|data| data.get_temp::<Id>(view_with_keyboard()));
    ctx.memory(egui::Memory::focused).is_some_and(|focused| Some(focused) != view)
}

/// What the keys of this frame ask of the crosshair; they are taken from everybody else.
pub(in crate::app::ui) fn commands(ctx: &egui::Context, state: &State) -> Vec<Command> {
    if !state.has_measuring_tool() {
        return Vec::new();
    }
    let elsewhere = is_keyboard_elsewhere(ctx);
    ctx.input_mut(|input| {
        let mut out = Vec::new();
        for (modifiers, fine) in [(Modifiers::SHIFT, true), (Modifiers::NONE, false)] {
            for (key, right, down) in ARROWS {
                let times = input.count_and_consume_key(modifiers, key) as i32;
                if times > 0 {
                    out.push(CursorMove::Step { right: right * times, down: down * times, fine });
                }
            }
        }
        if !elsewhere && input.consume_key(Modifiers::NONE, Key::Enter) {
            out.push(CursorMove::Set);
        }
        out.into_iter().map(|by| MeasureCommand::Cursor(by).into()).collect()
    })
}

/// Draws it across the view.
pub(in crate::app::ui::viewport) fn paint(painter: &Painter, state: &State, placement: &Placement, rect: Rect) {
    let Some(at) = state.measuring.cursor.filter(|_| state.has_measuring_tool()) else { return };
    let tokens = theme::tokens(state.preferences.theme);
    let at = on_screen(placement, at);
    let ways = [(vec2(-1.0, 0.0), rect.left_center()), (vec2(1.0, 0.0), rect.right_center())]
        .into_iter()
        .map(|(way, end)| (way, Pos2::new(end.x, at.y)))
        .chain(
            [(vec2(0.0, -1.0), rect.center_top()), (vec2(0.0, 1.0), rect.center_bottom())]
                .map(|(way, end)| (way, Pos2::new(at.x, end.y))),
        );
    for (way, end) in ways {
        let from = at + GAP * way;
        for (width, color) in [(3.0, tokens.image_shadow), (1.0, tokens.image_chosen)] {
            painter.line_segment([from, end], Stroke::new(width, color));
        }
    }
}
