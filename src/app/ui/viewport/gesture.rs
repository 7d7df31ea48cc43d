//! The mouse: left drag is the window unless it belongs to measuring ([`super::measuring`]), middle
//! (or Shift + left) pans, right zooms, Alt + left goes through a stack, and so does the wheel, which
//! zooms a single image; a double click shows one view alone. Ctrl + left draws the box of
//! [`super::area_window`].

use egui::{Event, MouseWheelUnit, PointerButton, Response, Ui};

use super::area_window;
use super::measuring::pointer;
use super::placement::Placement;
use super::reading_marks;
use super::what_if::pointer as marking;
use crate::app::command::{Command, MapCommand, StudyCommand, ViewCommand};
use crate::app::state::{PaneIndex, State};
use crate::study::Frame;

/// Zoom of a right drag: e-fold every this many points.
const DRAG_E_FOLD: f32 = 200.0;
/// Zoom of one notch of the wheel.
const NOTCH: f32 = 1.15;
/// Most points of a drag for one image of a stack.
const LONGEST_STEP: f32 = 24.0;
/// Points of a touch pad that count as a notch.
const NOTCH_POINTS: f32 = 40.0;

/// What the mouse asks of a view.
pub(super) fn commands(
    ui: &Ui,
    state: &State,
    frame: &Frame,
    pane: PaneIndex,
    placement: &Placement,
    response: &Response,
) -> Vec<Command> {
    let mut commands = Vec::new();
    if response.is_pointer_button_down_on() && pane != state.display.pointed {
        commands.push(Command::Maps(MapCommand::ChoosePane(pane)));
    }
    let marked = marking::commands(ui, state, placement, response);
    let measured = marked.or_else(|| pointer::commands(ui, state, placement, response));
    let free = measured.is_none();
    commands.extend(measured.into_iter().flatten());
    commands.extend(reading_marks::commands(state, placement, response));
    if free && response.double_clicked() {
        commands.push(Command::View(ViewCommand::ToggleSolo(pane)));
    }
    let (shift, alt) = ui.input(|i| (i.modifiers.shift, i.modifiers.alt));
    let delta = response.drag_delta();
    if delta != egui::Vec2::ZERO {
        let size = response.rect.size();
        if response.dragged_by(PointerButton::Middle) || (shift && response.dragged_by(PointerButton::Primary)) {
            commands.push(Command::View(ViewCommand::Pan(pane, placement.vector_to_image(delta.into()))));
        } else if free && alt && response.dragged_by(PointerButton::Primary) {
            commands.extend(scroll(ui, state, delta.y, size.y));
        } else if free && response.dragged_by(PointerButton::Primary) && !area_window::is_drawn(ui) {
            commands.push(Command::View(ViewCommand::DragWindow(pane, [delta.x / size.x, delta.y / size.y])));
        } else if response.dragged_by(PointerButton::Secondary) {
            let origin = ui.input(|i| i.pointer.press_origin()).unwrap_or(response.rect.center());
            commands.push(zoom(pane, placement, origin, (-delta.y / DRAG_E_FOLD).exp()));
        }
    }
    if response.hovered()
        && let Some(at) = ui.input(|i| i.pointer.hover_pos())
    {
        commands.extend(wheel(ui, state, pane, placement, at));
        let point = pixel(frame, placement.to_image(at.into()));
        if point != state.cursor.map(|(x, y, _)| (x, y)) {
            commands.push(Command::View(ViewCommand::Point(point)));
        }
    }
    commands
}

fn zoom(pane: PaneIndex, placement: &Placement, at: egui::Pos2, factor: f32) -> Command {
    Command::View(ViewCommand::Zoom(pane, factor, placement.relative_to_middle(placement.to_image(at.into()))))
}

/// A drag of the height of the view goes through the whole stack; of a small stack an image takes
/// no more than [`LONGEST_STEP`].
fn scroll(ui: &Ui, state: &State, dy: f32, height: f32) -> Option<Command> {
    let position = state.stack_position().filter(|position| position.of > 1)?;
    let step = (height / position.of as f32).clamp(1.0, LONGEST_STEP);
    let id = egui::Id::unique("drag through the stack");
    let sum = ui.data(|d| d.get_temp::<f32>(id)).unwrap_or(0.0) + dy / step;
    ui.data_mut(|d| d.insert_temp(id, sum - sum.trunc()));
    (sum.trunc() != 0.0).then_some(Command::Study(StudyCommand::Scroll(sum as i64)))
}

fn wheel(ui: &Ui, state: &State, pane: PaneIndex, placement: &Placement, at: egui::Pos2) -> Option<Command> {
    let (pinch, notches) = ui.input(|i| {
        let notches: f32 = i.events.iter().map(notches).sum();
        (i.zoom_delta(), notches)
    });
    if pinch != 1.0 {
        return Some(zoom(pane, placement, at, pinch));
    }
    if notches == 0.0 {
        return None;
    }
    if !state.is_stack() {
        return Some(zoom(pane, placement, at, NOTCH.powf(notches)));
    }
    // A touch pad sends parts of a notch: they add up.
    let id = egui::Id::unique("wheel");
    let sum = ui.data(|d| d.get_temp::<f32>(id)).unwrap_or(0.0) + notches;
    let step = sum.trunc();
    ui.data_mut(|d| d.insert_temp(id, sum - step));
    (step != 0.0).then_some(Command::Study(StudyCommand::Scroll(-(step as i64))))
}

fn notches(event: &Event) -> f32 {
    match event {
        Event::MouseWheel { unit, delta, modifiers, .. } if !modifiers.command => match unit {
            MouseWheelUnit::Point => delta.y / NOTCH_POINTS,
            MouseWheelUnit::Line | MouseWheelUnit::Page => delta.y,
        },
        _ => 0.0,
    }
}

/// Column and row under a point of the image, if it lies on it.
fn pixel(frame: &Frame, [x, y]: [f32; 2]) -> Option<(u32, u32)> {
    let inside = x >= 0.0 && y >= 0.0 && x < frame.pixels.plane.width as f32 && y < frame.pixels.plane.height as f32;
    inside.then_some((x as u32, y as u32))
}
