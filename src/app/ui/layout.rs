//! The centre of the window: the views of the layout, or words on why there is nothing to see.

use egui::{Rect, Ui, pos2, vec2};

use super::view_message::{self, ViewMessage};
use super::viewport::{self, ViewCaches, ViewPlace};
use super::widgets::controls;
use super::{message_plate, panels, second_window, slots, tour};
use crate::app::command::{Command, MapCommand, StudyCommand};
use crate::app::state::display_options::Contrast;
use crate::app::state::tour::TourStep;
use crate::app::state::{Content, Layout, PaneIndex, ShownImage, State};
use crate::language::{said, text, tr};

/// Space between views.
const GAP: f32 = 2.0;

/// Fills the centre.
pub(super) fn show(ui: &mut Ui, state: &State, caches: &mut ViewCaches) -> Vec<Command> {
    if state.layout == Layout::Hanging && !matches!(state.image, ShownImage::Nothing) {
        // The grid is in the second window then.
        let elsewhere = state.second_window && state.drawn().is_some();
        return if elsewhere {
            second_window::current_image(ui, state, caches)
        } else {
            slots::show(ui, state, caches)
        };
    }
    let area = ui.available_rect_before_wrap();
    let mut commands = Vec::new();
    match &state.image {
        ShownImage::Nothing if state.scanning => {
            let words = match state.scanned {
                (found, read) if found > 1 => tr!("Looking for images… {read} of {found} files", read, found),
                _ => text!("Looking for images…").to_owned(),
            };
            message_plate::show(ui, state, area, &ViewMessage::new(words), &mut commands);
        }
        ShownImage::Nothing => return panels::empty::show(ui, state),
        ShownImage::Loading(entry, _) if state.drawn().is_none() => {
            let words = tr!("Loading {}…", name(state, &entry.title));
            message_plate::show(ui, state, area, &ViewMessage::new(words), &mut commands);
        }
        ShownImage::Failed { entry, reason, .. } => {
            let words =
                tr!("{} could not be shown.\n{reason}", name(state, &entry.title), reason = said(reason.as_str()));
            message_plate::show(
                ui,
                state,
                area,
                &ViewMessage::new(words).with(text!("Load again"), StudyCommand::Reload),
                &mut commands,
            );
        }
        ShownImage::Loading(..) | ShownImage::Ready(_) => {
            let Some(frame) = state.drawn() else { return commands };
            let all: Vec<(PaneIndex, Content)> = state.panes().into_iter().enumerate().collect();
            let panes = match state.solo.and_then(|i| all.get(i)) {
                Some(one) => vec![*one],
                None => all,
            };
            let aspect = frame.pixels.plane.width as f32 / frame.pixels.plane.height.max(1) as f32;
            for ((pane, content), rect) in panes.iter().zip(cells(area, panes.len(), aspect)) {
                commands.extend(viewport::show(
                    ui,
                    state,
                    caches,
                    frame,
                    ViewPlace { pane: *pane, content: *content, rect, scale: None },
                ));
                let step = if *content == Content::Image { TourStep::Window } else { TourStep::Map };
                tour::mark(ui, state, step, rect);
                if state.layout == Layout::Compare && *pane == 2 && !state.overlays_hidden {
                    contrast(ui, state, rect, &mut commands);
                }
                if let Some(message) = view_message::of(state, *content).filter(|_| !state.overlays_hidden) {
                    message_plate::show(ui, state, rect, &message, &mut commands);
                }
            }
            ui.advance_cursor_after_rect(area);
        }
    }
    commands.extend(slots::drop_on_image(ui, state, area));
    commands
}

fn name<'a>(state: &State, title: &'a str) -> &'a str {
    if state.preferences.anonymize { text!("the image") } else { title }
}

/// Equal rectangles for `n` views, in the rows and columns that leave an image of this aspect ratio
/// the most room.
fn cells(area: Rect, n: usize, aspect: f32) -> Vec<Rect> {
    if n == 0 {
        return Vec::new();
    }
    let size_with = |columns: usize| {
        let rows = n.div_ceil(columns);
        let (w, h) = (area.width() / columns as f32, area.height() / rows as f32);
        // An empty cell is worth it only where it makes the views much larger: A | B | A − B reads
        // best in a row.
        let gap = if n.is_multiple_of(columns) { 1.0 } else { 0.75 };
        (w / aspect).min(h) * gap
    };
    let columns = (1..=n).max_by(|a, b| size_with(*a).total_cmp(&size_with(*b))).unwrap_or(1);
    let rows = n.div_ceil(columns);
    let (w, h) = (
        (area.width() - GAP * (columns - 1) as f32) / columns as f32,
        (area.height() - GAP * (rows - 1) as f32) / rows as f32,
    );
    (0..n)
        .map(|i| {
            let (column, row) = ((i % columns) as f32, (i / columns) as f32);
            let min = area.min + vec2(column * (w + GAP), row * (h + GAP));
            Rect::from_min_size(min, vec2(w.max(1.0), h.max(1.0)))
        })
        .collect()
}

/// In the third view of a comparison: which difference it shows.
fn contrast(ui: &mut Ui, state: &State, rect: Rect, out: &mut Vec<Command>) {
    let at = rect.min + vec2(8.0, 6.0);
    let row = Rect::from_min_max(at, pos2(rect.right() - 8.0, at.y + 24.0));
    let across = egui::Layout::left_to_right(egui::Align::Center);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(row).layout(across));
    child.spacing_mut().item_spacing.x = 2.0;
    child.spacing_mut().button_padding.x = 6.0;
    let font = egui::TextStyle::Button.resolve(child.style());
    let wide = |choice: &Contrast| {
        let words = Command::from(MapCommand::SetContrast(*choice)).info().label.to_owned();
        child.painter().layout_no_wrap(words, font.clone(), egui::Color32::WHITE).size().x + 12.0
    };
    // Where both have no room stands the one to change to; the title says which it is.
    let both = Contrast::ALL.iter().map(wide).sum::<f32>() + 2.0 <= row.width();
    child.style_mut().wrap_mode = Some(egui::TextWrapMode::Truncate);
    for choice in Contrast::ALL.into_iter().filter(|choice| both || *choice != state.display.contrast) {
        let command = MapCommand::SetContrast(choice);
        controls::segment(&mut child, command, state.display.contrast == choice, true, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_portrait_images_stand_side_by_side_and_four_make_a_square() {
        let area = Rect::from_min_size(pos2(0.0, 0.0), vec2(800.0, 600.0));
        let columns = |n| cells(area, n, 0.9).iter().filter(|r| r.min.y == 0.0).count();
        assert_eq!((columns(1), columns(2), columns(3), columns(4)), (1, 2, 3, 2));
        // At 1280 × 720 between both panels, too.
        let narrow = Rect::from_min_size(pos2(0.0, 0.0), vec2(768.0, 656.0));
        assert!(cells(narrow, 3, 1.0).iter().all(|r| r.min.y == 0.0));
    }

    #[test]
    fn cells_do_not_overlap_and_stay_inside() {
        let area = Rect::from_min_size(pos2(10.0, 20.0), vec2(701.0, 333.0));
        let cells = cells(area, 5, 1.0);
        for (i, a) in cells.iter().enumerate() {
            assert!(area.expand(0.5).contains_rect(*a));
            assert!(cells[i + 1..].iter().all(|b| !a.shrink(0.5).intersects(b.shrink(0.5))));
        }
    }
}
