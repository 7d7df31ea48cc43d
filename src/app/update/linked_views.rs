//! Pan and zoom of several images that go together: by millimetres where both have a spacing of the
//! same kind, else by parts of the image.
//!
//! Windows, turns and mirrors are each image's own: grey values of two devices, and how two files
//! lie, have nothing to do with each other.

use crate::app::state::hanging::{ScaleLink, SlotIndex};
use crate::app::state::{Layout, PaneIndex, State, View};
use crate::study::Frame;

/// Changes how the image of a view lies, by its size in pixels; in a grid of images the others follow.
pub(super) fn change(state: &mut State, pane: PaneIndex, change: impl FnOnce(&mut View, [f32; 2])) {
    // A view in another window shows the active image.
    let of_grid = state.layout == Layout::Hanging && pane < state.hanging.slots.len();
    let slot = if of_grid { pane } else { state.hanging.active };
    let Some(size) = frame(state, slot).map(size) else { return };
    let index = state.view_index(pane);
    let view = if slot == state.hanging.active {
        &mut state.views[index]
    } else if let Some(image) = state.hanging.slots[slot].as_mut() {
        &mut image.view
    } else {
        return;
    };
    let before = *view;
    change(view, size);
    let after = *view;
    follow(state, slot, before, after);
}

/// The others follow a change of the image in a place.
pub(super) fn follow(state: &mut State, from: SlotIndex, before: View, after: View) {
    if state.layout != Layout::Hanging || !state.preferences.linked {
        return;
    }
    let moved = [after.center[0] - before.center[0], after.center[1] - before.center[1]];
    let factor = after.zoom / before.zoom;
    for slot in 0..state.hanging.slots.len() {
        let Some((from_unit, to_unit)) = units(state, from, slot).filter(|_| slot != from) else { continue };
        let Some(size) = frame(state, slot).map(size) else { continue };
        let Some(view) = view_mut(state, slot) else { continue };
        // The same way on the screen, however both lie.
        let ((right, down), (to_right, to_down)) = (after.axes(), view.axes());
        let way: [f32; 2] =
            std::array::from_fn(|i| moved[0] * from_unit[0] * right[i] + moved[1] * from_unit[1] * down[i]);
        let along = |axis: [f32; 2]| way[0] * axis[0] + way[1] * axis[1];
        view.pan([-along(to_right) / to_unit[0], -along(to_down) / to_unit[1]], size);
        view.zoom_around(factor, view.center);
    }
}

/// Every other image lies as it opens, where they go together.
pub(super) fn reset(state: &mut State) {
    if state.layout != Layout::Hanging || !state.preferences.linked {
        return;
    }
    for view in state.hanging.slots.iter_mut().flatten().map(|image| &mut image.view) {
        (view.zoom, view.center) = (1.0, [0.0; 2]);
    }
}

/// Every other image is as large as the active one, when views are linked.
pub(super) fn join(state: &mut State) {
    let zoom = state.views[0].zoom;
    state.hanging.slots.iter_mut().flatten().for_each(|image| image.view.zoom = zoom);
}

/// What a column and a row are worth in either image.
fn units(state: &State, from: SlotIndex, to: SlotIndex) -> Option<([f32; 2], [f32; 2])> {
    let (a, b) = (frame(state, from)?, frame(state, to)?);
    let active = state.hanging.active;
    let linked = |slot| slot == active || matches!(state.scale_link(slot), ScaleLink::Linked(_));
    let unit = |slot: SlotIndex, frame: &Frame| {
        let own = if slot == active { state.spacing(frame) } else { state.spacing_beside(slot) };
        let spacing = own.filter(|_| linked(from) && linked(to));
        spacing.map(|spacing| [spacing.column_mm as f32, spacing.row_mm as f32])
    };
    let part = |frame: &Frame| {
        let [width, height] = size(frame);
        let longer = width.max(height * frame.display.pixel_aspect).max(1.0);
        [1.0 / longer, frame.display.pixel_aspect / longer]
    };
    Some(unit(from, a).zip(unit(to, b)).unwrap_or_else(|| (part(a), part(b))))
}

fn size(frame: &Frame) -> [f32; 2] {
    [frame.pixels.plane.width as f32, frame.pixels.plane.height as f32]
}

fn frame(state: &State, slot: SlotIndex) -> Option<&Frame> {
    if slot == state.hanging.active {
        return state.drawn().map(AsRef::as_ref);
    }
    state.hanging.slot(slot)?.image.as_ref().map(|loaded| loaded.frame.as_ref())
}

fn view_mut(state: &mut State, slot: SlotIndex) -> Option<&mut View> {
    if slot == state.hanging.active {
        return state.views.first_mut();
    }
    state.hanging.slots.get_mut(slot)?.as_mut().map(|image| &mut image.view)
}
