//! How views lie when an image comes: fitted, unturned, through the first window of the file; or as
//! the reader has laid them for the image before.
//!
//! A window that the reader set stays from image to image of a series, until it is reset. Place,
//! zoom, turns, mirrors and inversion stay from slice to slice and from frame to frame, but not
//! from one radiograph to the next, which may lie otherwise.

use crate::app::state::stack::Laid;
use crate::app::state::{State, View, WindowChoice};
use crate::imaging::{Voi, Window};
use crate::study::Frame;

/// Lays every view as it is when an image comes first.
pub(super) fn reset_views(state: &mut State, frame: &Frame) {
    state.presented = None;
    let (window, table) = opening_window(state.auto_window, frame);
    state.views.fill(View { window, table, ..View::default() });
}

/// Lays every view for the next image, as far as it was for the one before.
pub(super) fn keep_views(state: &mut State, frame: &Frame, before: &Laid) {
    if !Laid::of(frame).is_of_series(before) {
        return reset_views(state, frame);
    }
    let auto = state.auto_window;
    each_view(state, |view| *view = laid(*view, Some(before), auto, frame));
}

/// How a view is laid for an image: as for the one before where that is of its series, else as it
/// opens.
pub(super) fn laid(view: View, before: Option<&Laid>, auto: Window, frame: &Frame) -> View {
    let now = Laid::of(frame);
    let Some(before) = before.filter(|before| now.is_of_series(before)) else {
        let (window, table) = opening_window(auto, frame);
        return View { window, table, ..View::default() };
    };
    let kept = if now.lies_like(before) { view } else { View::default() };
    let (window, table, window_choice) = next_window(&view, auto, frame);
    View { window, window_choice, table, ..kept }
}

/// The window of a view for the next image of a series.
fn next_window(view: &View, auto: Window, frame: &Frame) -> (Window, Option<usize>, WindowChoice) {
    let (opening, table) = opening_window(auto, frame);
    match view.window_choice {
        WindowChoice::Auto => (auto, None, WindowChoice::Auto),
        WindowChoice::OfFile(index) => match frame.pixels.voi.get(index) {
            Some(voi) => {
                let (window, table) = window_of(voi, index);
                (window, table, WindowChoice::OfFile(index))
            }
            None => (opening, table, WindowChoice::Opening),
        },
        // Where it would show nothing but black or white it is no help.
        WindowChoice::Reader | WindowChoice::Kept if reaches(view.window, frame) => {
            (view.window, None, WindowChoice::Kept)
        }
        WindowChoice::Reader | WindowChoice::Kept | WindowChoice::Opening => (opening, table, WindowChoice::Opening),
    }
}

/// Whether any value that the image can have lies in a window.
fn reaches(window: Window, frame: &Frame) -> bool {
    let ((low, high), (least, most)) = (window.bounds(), frame.pixels.value_range);
    most <= least || (high > least && low < most)
}

pub(super) fn each_view(state: &mut State, change: impl FnMut(&mut View)) {
    state.views.iter_mut().for_each(change);
}

/// The window that the image on screen opens with, and the place of the file's table where it brings
/// that instead.
pub(super) fn initial_window(state: &State) -> (Window, Option<usize>) {
    state.frame().map_or((state.auto_window, None), |frame| opening_window(state.auto_window, frame))
}

fn opening_window(auto: Window, frame: &Frame) -> (Window, Option<usize>) {
    frame.pixels.voi.first().map_or((auto, None), |voi| window_of(voi, 0))
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
