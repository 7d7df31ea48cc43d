//! Ctrl + left drag: a box over the image, whose values make the window.

use egui::{Id, PointerButton, Pos2, Rect, Response, Stroke, StrokeKind, Ui};

use super::placement::Placement;
use crate::app::command::{Command, WindowCommand};
use crate::app::state::PaneIndex;
use crate::app::ui::theme::Tokens;

/// A box with sides shorter than this, in points, was not meant.
const SHORTEST: f32 = 4.0;

const BOX: &str = "box for a window";

/// Whether a box is being drawn, or begins to be.
pub(super) fn is_drawn(ui: &Ui) -> bool {
    ui.input(|i| i.modifiers.command) || ui.data(|data| data.get_temp::<(PaneIndex, Pos2)>(Id::unique(BOX))).is_some()
}

/// Draws the box while it is dragged, and answers with its window at the end.
pub(super) fn drag(
    ui: &Ui,
    pane: PaneIndex,
    placement: &Placement,
    response: &Response,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let key = Id::unique(BOX);
    if response.drag_started_by(PointerButton::Primary) && ui.input(|i| i.modifiers.command) {
        let from = ui.input(|i| i.pointer.press_origin()).unwrap_or(response.rect.center());
        ui.data_mut(|data| data.insert_temp(key, (pane, from)));
    }
    let begun: Option<(PaneIndex, Pos2)> = ui.data(|data| data.get_temp(key));
    let Some((_, from)) = begun.filter(|(of, _)| *of == pane) else { return };
    let Some(to) = ui.input(|i| i.pointer.latest_pos()) else { return };
    let dragged = Rect::from_two_pos(from, to).intersect(response.rect);
    if response.dragged_by(PointerButton::Primary) {
        let stroke = Stroke::new(1.0, tokens.accent);
        ui.painter_at(response.rect).rect_stroke(dragged, 0.0, stroke, StrokeKind::Inside);
        return;
    }
    ui.data_mut(|data| data.remove::<(PaneIndex, Pos2)>(key));
    if dragged.width() >= SHORTEST && dragged.height() >= SHORTEST {
        let ([x0, y0], [x1, y1]) = (placement.to_image(dragged.min.into()), placement.to_image(dragged.max.into()));
        out.push(WindowCommand::OfArea(pane, [x0, y0, x1, y1]).into());
    }
}
