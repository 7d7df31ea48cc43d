//! What the mouse drags from the list into a place, or from place to place; and what is drawn under
//! the pointer meanwhile.

use std::sync::Arc;

use egui::{DragAndDrop, FontId, Id, LayerId, Order, Rect, Response, Stroke, StrokeKind, Ui, vec2};

use super::lettering;
use super::theme::{self, Tokens};
use crate::app::state::hanging::SlotIndex;
use crate::study::ImageEntry;

/// Most points that the words under the pointer take.
const WORDS: f32 = 220.0;

/// What is dragged.
#[derive(Clone, Debug)]
pub(super) enum Dragged {
    /// An image of the list with its words there.
    Image(Arc<ImageEntry>, String),
    /// What stands in a place, with its words.
    Slot(SlotIndex, String),
}

impl Dragged {
    fn words(&self) -> &str {
        match self {
            Self::Image(_, words) | Self::Slot(_, words) => words,
        }
    }
}

/// Has something dragged once a drag of it begins.
pub(super) fn offer(response: &Response, what: impl FnOnce() -> Dragged) {
    if response.drag_started_by(egui::PointerButton::Primary) {
        response.dnd_set_drag_payload(what());
    }
}

/// What is being dragged.
pub(super) fn dragged(ui: &Ui) -> Option<Arc<Dragged>> {
    DragAndDrop::payload(ui.ctx())
}

/// What is let go over a place in this frame; while it is dragged over it, where it would land is
/// outlined.
pub(super) fn dropped(ui: &Ui, rect: Rect, tokens: &Tokens) -> Option<Arc<Dragged>> {
    dragged(ui)?;
    let at = ui.input(|input| input.pointer.interact_pos())?;
    if !rect.contains(at) {
        return None;
    }
    if ui.input(|input| input.pointer.any_released()) {
        return DragAndDrop::take_payload(ui.ctx());
    }
    let painter = ui.ctx().layer_painter(LayerId::new(Order::Foreground, Id::unique("where it lands")));
    painter.rect_filled(rect.shrink(2.0), 2.0, tokens.accent.gamma_multiply(0.16));
    painter.rect_stroke(rect.shrink(2.0), 2.0, Stroke::new(3.0, tokens.accent), StrokeKind::Inside);
    None
}

/// Words under the pointer on what is dragged.
pub(super) fn show(ui: &Ui, tokens: &Tokens) {
    let Some(dragged) = dragged(ui) else { return };
    let Some(at) = ui.input(|input| input.pointer.interact_pos()) else { return };
    let painter = ui.ctx().layer_painter(LayerId::new(Order::Tooltip, Id::unique("what is dragged")));
    let font = FontId::proportional(theme::CAPTION);
    let (job, _) = lettering::cut_in_the_middle(&painter, dragged.words(), &font, tokens.text, (WORDS, 1));
    let galley = painter.layout_job(job);
    let plate = Rect::from_min_size(at + vec2(14.0, 10.0), galley.size() + vec2(16.0, 10.0));
    painter.rect_filled(plate, 4.0, tokens.panel);
    painter.rect_stroke(plate, 4.0, Stroke::new(1.0, tokens.accent), StrokeKind::Inside);
    painter.galley(plate.min + vec2(8.0, 5.0), galley, tokens.text);
}
