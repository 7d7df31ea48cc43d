//! Carries out what is asked of the windows of the file and of presentation states.

use super::opening_view::{each_view, initial_window, reset_views, window_of};
use crate::app::state::{State, WindowChoice};

/// The window or table at a place of the file.
pub(super) fn choose_voi(state: &mut State, index: usize) {
    let Some(voi) = state.frame().and_then(|frame| frame.pixels.voi_at(index)) else { return };
    let (window, table) = window_of(voi, index);
    let of_file = state.frame().is_some_and(|frame| index < frame.pixels.voi.len());
    let choice = if of_file { WindowChoice::OfFile(index) } else { WindowChoice::Opening };
    each_view(state, |view| (view.window, view.table, view.window_choice) = (window, table, choice));
}

/// The window or table behind the one that is looked through; the first one where none is.
pub(super) fn next_voi(state: &mut State) {
    let Some(frame) = state.frame() else { return };
    let view = state.view(0);
    let shown = (view.window, view.table);
    let at = frame.pixels.voi.iter().enumerate().position(|(i, voi)| window_of(voi, i) == shown);
    let next = at.map_or(0, |at| (at + 1) % frame.pixels.voi.len());
    choose_voi(state, next);
}

/// Shows the image as a presentation state says; as its file says where none is named.
pub(super) fn present(state: &mut State, index: Option<usize>) {
    let Some(frame) = state.frame().cloned() else { return };
    reset_views(state, &frame);
    // What was asked for of this image is not asked for of the next one.
    state.stack.laid = None;
    let presentations = state.presentations.clone();
    let Some((index, asked)) = index.and_then(|index| Some((index, presentations.get(index)?))) else { return };
    state.presented = Some(index);
    state.display.graphics = true;
    state.display.shutter = true;
    let voi = asked.voi.and_then(|index| Some(window_of(frame.pixels.voi_at(index)?, index)));
    let (window, table) = voi.unwrap_or_else(|| initial_window(state));
    let (width, height) = (frame.pixels.plane.width as f32, frame.pixels.plane.height as f32);
    each_view(state, |view| {
        (view.window, view.table) = (window, table);
        view.invert = asked.inverted.is_some_and(|inverted| inverted != frame.pixels.inverted);
        view.rotate(asked.turns);
        if asked.mirrored {
            view.mirror_horizontal();
        }
        if let Some([[x0, y0], [x1, y1]]) = asked.area {
            view.fit = Some([x1 - x0, y1 - y0]);
            view.center = [0.5 * (x0 + x1 - width), 0.5 * (y0 + y1 - height)];
        }
    });
}
