//! What commands do to how images lie in their views: windows, places, the pixel under the cursor.

use crate::imaging::{Voi, Window};

use super::state::{PaneIndex, State, View};

/// Lays every view as it was when the image came.
pub(super) fn reset_views(state: &mut State) {
    let (window, file_lut) = initial_window(state);
    state.views.fill(View { window, file_lut, ..View::default() });
}

pub(super) fn view_mut(state: &mut State, pane: PaneIndex) -> &mut View {
    let pane = if state.settings.linked { 0 } else { pane.min(state.views.len() - 1) };
    &mut state.views[pane]
}

pub(super) fn each_view(state: &mut State, change: impl FnMut(&mut View)) {
    state.views.iter_mut().for_each(change);
}

pub(super) fn drag_window(state: &mut State, pane: PaneIndex, by: [f32; 2]) {
    let Some(inverted) = state.frame().map(|f| f.inverted) else { return };
    let range = state.auto_window.width;
    let view = view_mut(state, pane);
    view.drag_window(by, range, inverted ^ view.invert);
}

/// The window that the image opens with, and whether the file brings a table instead.
pub(super) fn initial_window(state: &State) -> (Window, bool) {
    match state.frame().and_then(|f| f.voi.first()) {
        None => (state.auto_window, false),
        Some(Voi::Window { window, .. }) => (*window, false),
        Some(Voi::Lut { first, entries, .. }) => {
            (Window::spanning(*first, first + entries.len().saturating_sub(1) as f32), true)
        }
    }
}

pub(super) fn value_at(state: &State, (x, y): (u32, u32)) -> Option<(u32, u32, f32)> {
    let plane = &state.frame()?.plane;
    let inside = (x as usize) < plane.width && (y as usize) < plane.height;
    inside.then(|| (x, y, plane.at(x as usize, y as usize)))
}
