//! How views lie when an image comes: fitted, unturned, through the first window of the file.

use crate::app::state::{State, View};
use crate::imaging::{Voi, Window};

/// Lays every view as it was when the image came.
pub(super) fn reset_views(state: &mut State) {
    state.presented = None;
    let (window, table) = initial_window(state);
    state.views.fill(View { window, table, ..View::default() });
}

pub(super) fn each_view(state: &mut State, change: impl FnMut(&mut View)) {
    state.views.iter_mut().for_each(change);
}

/// The window that the image opens with, and the place of the file's table where it brings that
/// instead.
pub(super) fn initial_window(state: &State) -> (Window, Option<usize>) {
    match state.frame().and_then(|f| f.pixels.voi.first()) {
        None => (state.auto_window, None),
        Some(voi) => window_of(voi, 0),
    }
}

/// The window of a transform of the file, and where it is a table its place.
pub(super) fn window_of(voi: &Voi, index: usize) -> (Window, Option<usize>) {
    match voi {
        Voi::Window { window, .. } => (*window, None),
        Voi::Lut { first, entries, .. } => {
            (Window::spanning(*first, first + entries.len().saturating_sub(1) as f32), Some(index))
        }
    }
}
