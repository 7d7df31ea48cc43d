//! The layout of several images: a grid of places, each with a line on what it shows and the image
//! below; empty places say how they are filled.
//!
//! The active place is the image of the viewer. The others are drawn from states of their own
//! ([`State::of_slot`]); of what the mouse asks there, only what is about that image is passed on,
//! and a press makes it the active one.

mod header;
mod scale;
mod words;

use egui::{Align2, FontId, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::dragging::{self, Dragged};
use super::message_plate;
use super::theme::{self, Tokens};
use super::view_message::{self, ViewMessage};
use super::viewport::{self, ViewCaches, ViewPlace};
use crate::app::command::{Command, HangingCommand, MapCommand, StudyCommand, ViewCommand};
use crate::app::state::hanging::{Follows, Grid, SlotIndex};
use crate::app::state::{Phase, Reason, ShownImage, State};
use crate::language::{said, text, tr};

/// Space between places.
const GAP: f32 = 2.0;
/// Height of the line above an image.
const HEADER: f32 = 22.0;
/// A pane that no view has: a press in a place that is not active is always told.
const NO_PANE: usize = usize::MAX;

/// Fills the centre with the places in sight.
pub(super) fn show(ui: &mut Ui, state: &State, caches: &mut ViewCaches) -> Vec<Command> {
    let area = ui.available_rect_before_wrap();
    let tokens = theme::tokens(state.preferences.theme);
    let sight = state.slots_in_sight();
    let one = Grid { rows: 1, columns: 1 };
    let grid = if sight.len() == 1 { one } else { state.hanging.grid };
    let places: Vec<Place> = sight
        .into_iter()
        .zip(cells(area, grid))
        .map(|(slot, rect)| {
            // An empty place has nothing to name.
            let head = if state.slot_entry(slot).is_some() { HEADER } else { 0.0 };
            let body = Rect::from_min_max(pos2(rect.left(), rect.top() + head), rect.max);
            let beside = state.of_slot(slot).map(|mut beside| {
                beside.display.pointed = NO_PANE;
                beside
            });
            Place { slot, rect, body, beside }
        })
        .collect();
    let scale = scale::common(state, &places);
    let mut out = Vec::new();
    for place in &places {
        let Place { slot, rect, body, .. } = place;
        let head = Rect::from_min_max(rect.min, pos2(rect.right(), body.top()));
        if head.height() > 0.0 {
            header::show(ui, state, *slot, head, body.height(), &tokens, &mut out);
        }
        ui.painter().rect_filled(*body, 0.0, tokens.image_ground);
        if *slot == state.hanging.active {
            active(ui, state, caches, place, scale, &mut out);
        } else {
            beside(ui, state, caches, place, scale, &tokens, &mut out);
        }
        if *slot == state.hanging.active && places.len() > 1 {
            ui.painter().rect_stroke(*body, 0.0, Stroke::new(1.0, tokens.accent), StrokeKind::Inside);
        }
        match dragging::dropped(ui, *rect, &tokens).as_deref() {
            Some(Dragged::Image(entry, _)) => out.push(HangingCommand::Put(*slot, entry.clone(), 0).into()),
            Some(Dragged::Slot(from, _)) if from != slot => out.push(HangingCommand::Swap(*from, *slot).into()),
            Some(Dragged::Slot(..)) | None => {}
        }
    }
    ui.advance_cursor_after_rect(area);
    out
}

/// A place in sight.
struct Place {
    slot: SlotIndex,
    rect: Rect,
    /// Below the line on what it shows.
    body: Rect,
    /// What it is drawn from, where it is not the active one and its image is decoded.
    beside: Option<State>,
}

/// The image of the viewer.
fn active(
    ui: &mut Ui,
    state: &State,
    caches: &mut ViewCaches,
    place: &Place,
    scale: Option<f32>,
    out: &mut Vec<Command>,
) {
    let named =
        |title: &str| if state.preferences.anonymize { text!("the image").to_owned() } else { title.to_owned() };
    let mut say = |ui: &mut Ui, message: &ViewMessage| message_plate::show(ui, state, place.body, message, out);
    match (&state.image, state.drawn()) {
        (ShownImage::Failed { entry, reason, .. }, _) => {
            let words = tr!("{} could not be shown.\n{reason}", named(&entry.title), reason = said(reason.as_str()));
            say(ui, &ViewMessage::new(words).with(text!("Load again"), StudyCommand::Reload));
        }
        (_, Some(frame)) => {
            let Some(content) = state.panes().first().copied() else { return };
            let scale = scale::of(scale, state, frame, state.views[0].fit.is_none());
            let view = ViewPlace { pane: place.slot, content, rect: place.body, scale };
            let commands = viewport::show(ui, state, caches, frame, view);
            if let Some(message) = view_message::of(state, content).filter(|_| !state.overlays_hidden) {
                say(ui, &message);
            }
            out.extend(commands);
        }
        (ShownImage::Loading(entry, _), None) => {
            say(ui, &ViewMessage::new(tr!("Loading {}…", named(&entry.title))));
        }
        (ShownImage::Nothing | ShownImage::Ready(_), None) => {}
    }
}

/// An image beside it, or an empty place.
fn beside(
    ui: &mut Ui,
    state: &State,
    caches: &mut ViewCaches,
    place: &Place,
    scale: Option<f32>,
    tokens: &Tokens,
    out: &mut Vec<Command>,
) {
    let Some(image) = state.hanging.slot(place.slot) else { return empty(ui, state, place, tokens, out) };
    if let Some(beside) = &place.beside
        && let (Some(frame), Some(content)) = (beside.drawn(), beside.panes().first().copied())
    {
        let linked = matches!(state.scale_link(place.slot), crate::app::state::hanging::ScaleLink::Linked(_));
        let scale = scale::of(scale, beside, frame, linked);
        let view = ViewPlace { pane: place.slot, content, rect: place.body, scale };
        let commands = viewport::show(ui, beside, caches, frame, view);
        out.extend(commands.into_iter().filter_map(|command| of_place(place.slot, command)));
        if !state.overlays_hidden
            && let Some(message) = not_scored(beside).or_else(|| view_message::of(beside, content))
        {
            // What its buttons would change belongs to the active image.
            let message = ViewMessage { buttons: Vec::new(), ..message };
            message_plate::show(ui, state, place.body, &message, out);
        }
        return;
    }
    let response = ui.interact(place.body, ui.scope_id().with(("place", place.slot)), Sense::click());
    if response.clicked() {
        out.push(HangingCommand::Activate(place.slot).into());
    }
    let title = if state.preferences.anonymize { text!("The image") } else { image.entry.title.as_str() };
    let words = match &image.failed {
        Some(reason) => tr!("{} could not be shown.\n{reason}", title, reason = said(reason.as_str())),
        None => tr!("Loading {}…", title),
    };
    message_plate::show(ui, state, place.body, &ViewMessage::new(words), out);
}

/// Why an image beside the active one has neither scores nor a map.
fn not_scored(beside: &State) -> Option<ViewMessage> {
    let results = &beside.results;
    let why = match &results.phase {
        Phase::Refused => results.gate.as_ref().map_or(text!("The image was refused."), |gate| gate.reason.as_str()),
        Phase::Unfit => {
            beside.choice.as_ref().map_or(text!("No model fits the image."), |choice| choice.because.as_str())
        }
        Phase::Failed(reason) => reason.as_str(),
        _ => return None,
    };
    let words = tr!("Not scored. {}", Reason::from(said(why)).capitalized());
    Some(ViewMessage { beside: true, ..ViewMessage::new(words) })
}

/// What the mouse asks in a place that is not active: to be made the active one, or about its image.
fn of_place(slot: SlotIndex, command: Command) -> Option<Command> {
    match command {
        Command::Maps(MapCommand::ChoosePane(_)) => Some(HangingCommand::Activate(slot).into()),
        Command::Study(StudyCommand::Scroll(by)) => Some(HangingCommand::ScrollSlot(slot, by).into()),
        Command::View(ViewCommand::Point(at)) => Some(HangingCommand::PointIn(slot, at).into()),
        Command::View(ViewCommand::Pan(..) | ViewCommand::Zoom(..)) => Some(command),
        _ => None,
    }
}

/// An empty place says how it is filled; a click has the next image of the list come here.
fn empty(ui: &mut Ui, state: &State, place: &Place, tokens: &Tokens, out: &mut Vec<Command>) {
    let response = ui.interact(place.body, ui.scope_id().with(("place", place.slot)), Sense::click());
    let target = state.hanging.target == Some(place.slot);
    let label = tr!("Place {}: empty", place.slot + 1);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, target, &label));
    if response.clicked() {
        out.push(HangingCommand::ChooseTarget(place.slot).into());
    }
    let painter = ui.painter_at(place.body);
    if target || response.hovered() || response.has_focus() {
        let color = if target { tokens.accent } else { tokens.line };
        painter.rect_stroke(place.body.shrink(1.0), 0.0, Stroke::new(1.0, color), StrokeKind::Inside);
    }
    let no_prior = state.current().filter(|_| state.hanging.follows == Follows::Prior);
    let no_prior =
        no_prior.and_then(|(entry, _)| state.prior_of(entry).err()).map(|why| tr!("No prior: {why}.\n", why));
    let how = if target {
        text!("The next image that you choose in the list comes here.")
    } else {
        text!("Drag a series or an image here,\nor click here and then on one in the list.")
    };
    let words = format!("{}{how}", no_prior.unwrap_or_default());
    let room = (place.body.width() - 32.0).max(64.0);
    // The ground is dark in every theme.
    let color = tokens.image_text.gamma_multiply(0.75);
    let mut job = egui::text::LayoutJob::simple(words, FontId::proportional(theme::TEXT), color, room);
    job.halign = egui::Align::Center;
    let galley = painter.layout_job(job);
    let at = Align2::CENTER_CENTER.anchor_size(place.body.center(), galley.size());
    painter.galley(pos2(place.body.center().x, at.top()), galley, color);
}

/// A drop on the image of another layout shows what was dropped.
pub(super) fn drop_on_image(ui: &Ui, state: &State, area: Rect) -> Option<Command> {
    let tokens = theme::tokens(state.preferences.theme);
    match dragging::dropped(ui, area, &tokens).as_deref() {
        Some(Dragged::Image(entry, _)) => Some(StudyCommand::ShowImage(entry.clone(), 0).into()),
        Some(Dragged::Slot(..)) | None => None,
    }
}

/// Equal rectangles, row by row.
fn cells(area: Rect, grid: Grid) -> Vec<Rect> {
    let (rows, columns) = (grid.rows.max(1), grid.columns.max(1));
    let size = vec2(
        ((area.width() - GAP * (columns - 1) as f32) / columns as f32).max(1.0),
        ((area.height() - GAP * (rows - 1) as f32) / rows as f32).max(1.0),
    );
    let cell = |i: usize| {
        let (column, row) = ((i % columns) as f32, (i / columns) as f32);
        Rect::from_min_size(area.min + vec2(column * (size.x + GAP), row * (size.y + GAP)), size)
    };
    (0..rows * columns).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stand_row_by_row_and_do_not_overlap() {
        let area = Rect::from_min_size(pos2(10.0, 20.0), vec2(701.0, 333.0));
        for grid in Grid::ALL {
            let cells = cells(area, grid);
            assert_eq!(cells.len(), grid.slots());
            for (i, a) in cells.iter().enumerate() {
                assert!(area.expand(0.5).contains_rect(*a));
                assert!(cells[i + 1..].iter().all(|b| !a.shrink(0.5).intersects(b.shrink(0.5))));
            }
        }
        let pair = self::cells(area, Grid::PAIR);
        assert!(pair[0].right() < pair[1].left() && pair[0].top() == pair[1].top());
    }
}
