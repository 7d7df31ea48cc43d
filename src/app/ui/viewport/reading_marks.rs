//! Marks of a reader study: a ring with a number where the reader clicked.

use egui::{Align2, FontId, Painter, Response, Stroke, vec2};

use super::on_screen;
use super::placement::Placement;
use crate::app::command::{Command, ReadingCommand};
use crate::app::state::State;
use crate::app::ui::theme::{self, Tokens};

/// Radius of a ring, in points.
const RADIUS: f32 = 9.0;

/// A click where no mark is makes one.
pub(super) fn commands(state: &State, placement: &Placement, response: &Response) -> Option<Command> {
    let room = state.reading.as_deref().filter(|room| room.plan.marks)?;
    let at = response.interact_pointer_pos().filter(|_| response.clicked())?;
    let is_free = |mark: &crate::reader_study::record::Mark| {
        on_screen(placement, mark.at.map(|v| v as f32)).distance(at) > RADIUS
    };
    let free = room.marks.iter().all(is_free);
    free.then(|| ReadingCommand::Mark(placement.to_image(at.into())).into())
}

/// Draws the marks.
pub(super) fn paint(painter: &Painter, state: &State, placement: &Placement, tokens: &Tokens) {
    let Some(room) = state.reading.as_deref() else { return };
    for (number, mark) in room.marks.iter().enumerate() {
        let at = on_screen(placement, mark.at.map(|v| v as f32));
        painter.circle_stroke(at, RADIUS, Stroke::new(3.5, tokens.image_shadow));
        painter.circle_stroke(at, RADIUS, Stroke::new(1.5, tokens.image_chosen));
        let font = FontId::proportional(theme::TEXT);
        let place = at + vec2(RADIUS + 3.0, 0.0);
        let words = (number + 1).to_string();
        painter.text(place + vec2(1.0, 1.0), Align2::LEFT_CENTER, &words, font.clone(), tokens.image_shadow);
        painter.text(place, Align2::LEFT_CENTER, words, font, tokens.image_chosen);
    }
}
