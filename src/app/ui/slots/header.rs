//! The line above the image of a place: what it shows. A click takes it in hand, a drag moves it to
//! another place, a cross empties it.

use egui::{FontId, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::super::dragging::{self, Dragged};
use super::super::lettering;
use super::super::theme::{self, Tokens};
use super::super::widgets::shapes::Sign;
use super::words::{self, Room};
use crate::app::command::{Command, HangingCommand};
use crate::app::state::State;
use crate::app::state::hanging::{ScaleLink, SlotIndex};
use crate::language::{named, text, tr, translated};

/// A lower view has no room for the patient among its own words.
const LOW: f32 = 200.0;
/// A narrower line has no room for all.
const NARROW: f32 = 420.0;
const OTHER: &str = named!("Other patient");

/// Draws the line.
pub(super) fn show(
    ui: &Ui,
    state: &State,
    slot: SlotIndex,
    rect: Rect,
    below: f32,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let active = slot == state.hanging.active;
    let room = match (below < LOW, rect.width() < NARROW) {
        (true, true) => Room::Little,
        (true, false) => Room::Wide,
        (false, _) => Room::Beside,
    };
    let line = words::of_place(state, slot, room);
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, if active { tokens.selected } else { tokens.panel });
    let mut right = rect.right() - 6.0;
    if !active {
        let cross = Rect::from_min_size(pos2(rect.right() - 22.0, rect.top()), vec2(22.0, rect.height()));
        let response = ui.interact(cross, ui.scope_id().with(("empty place", slot)), Sense::click());
        let label = tr!("Empty place {}", slot + 1);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
        if response.hovered() || response.has_focus() {
            painter.rect_filled(cross, 0.0, tokens.hover);
        }
        Sign::Cross.paint(&painter, cross, tokens.muted);
        if response.clicked() {
            out.push(HangingCommand::Clear(slot).into());
        }
        response.on_hover_text(HangingCommand::Clear(slot).info().tooltip);
        right = cross.left() - 4.0;
    }
    let handle = Rect::from_min_max(rect.min, pos2(right, rect.bottom()));
    let response = ui.interact(handle, ui.scope_id().with(("place line", slot)), Sense::click_and_drag());
    let other = words::is_other_patient(state, slot);
    // Whole, however little room there is.
    let whole = words::of_place(state, slot, Room::Beside);
    let said = if other { format!("{} · {whole}", translated(OTHER)) } else { whole };
    let label = tr!("Place {}: {said}", slot + 1, said);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, active, &label));
    dragging::offer(&response, || Dragged::Slot(slot, line.clone()));
    if response.clicked() && !active {
        out.push(HangingCommand::Activate(slot).into());
    }
    let mut left = rect.left() + 8.0;
    if other {
        let font = FontId::new(theme::CAPTION, theme::semibold());
        let galley = painter.layout_no_wrap(translated(OTHER).to_owned(), font, tokens.warning);
        let at = pos2(left, rect.center().y - galley.size().y / 2.0);
        left += galley.size().x + 8.0;
        painter.galley(at, galley, tokens.warning);
    }
    let color = if active { tokens.text } else { tokens.muted };
    let room = ((right - left).max(16.0), 1);
    let (job, _) = lettering::cut_in_the_middle(&painter, &line, &FontId::proportional(theme::CAPTION), color, room);
    let galley = painter.layout_job(job);
    painter.galley(pos2(left, rect.center().y - galley.size().y / 2.0), galley, color);
    let dragging = dragging::dragged(ui).is_some();
    if response.hovered() && !dragging {
        response.on_hover_ui(|ui| tooltip(ui, state, slot, &said, tokens));
    }
}

fn tooltip(ui: &mut Ui, state: &State, slot: SlotIndex, said: &str, tokens: &Tokens) {
    ui.label(said);
    if let Some(entry) = state.slot_entry(slot).filter(|_| !state.preferences.anonymize) {
        let patient = words::patient(&entry.meta);
        if !patient.is_empty() {
            ui.label(theme::caption(patient, tokens));
        }
        ui.label(theme::caption(entry.path.display().to_string(), tokens));
    }
    if slot != state.hanging.active
        && let ScaleLink::Not(why) = state.scale_link(slot)
    {
        ui.label(theme::caption(tr!("not linked in scale: {why}", why), tokens));
    }
    ui.label(theme::caption(text!("Drag this line to another place to change places."), tokens));
}
