//! Carries out what is asked of the views: layout, windows, places, turns, the pixel under the
//! cursor.

use super::effect::Effect;
use super::opening_view::{self, each_view, initial_window};
use super::{linked_views, preferences, presentation, what_if};
use crate::app::command::ViewCommand;
use crate::app::state::{Layout, PaneIndex, State, View, WindowChoice};

/// Factor of the zoom keys.
const ZOOM_STEP: f32 = 1.25;

pub(super) fn apply(state: &mut State, command: ViewCommand) -> Vec<Effect> {
    use ViewCommand as V;
    match command {
        V::SetLayout(layout) => {
            if layout == Layout::Hanging && state.layout != layout {
                state.hanging.back = state.layout;
            }
            state.layout = layout;
            state.solo = None;
            let mut effects = preferences::change(state, |p| p.layout = layout);
            effects.extend(what_if::look(state));
            return effects;
        }
        V::ToggleSolo(pane) => {
            let panes = match state.layout {
                Layout::Hanging => state.hanging.grid.slots(),
                _ => state.panes().len(),
            };
            state.solo = if state.solo.is_some() || panes < 2 { None } else { Some(pane) };
        }
        V::ResetView => {
            if let Some(frame) = state.drawn().cloned() {
                opening_view::reset_views(state, &frame);
                linked_views::reset(state);
            }
        }
        V::Invert => each_view(state, |v| v.invert ^= true),
        V::FlipHorizontal => each_view(state, View::mirror_horizontal),
        V::FlipVertical => each_view(state, View::mirror_vertical),
        V::RotateRight => each_view(state, |v| v.rotate(1)),
        V::RotateLeft => each_view(state, |v| v.rotate(3)),
        V::ZoomIn => zoom(state, ZOOM_STEP),
        V::ZoomOut => zoom(state, 1.0 / ZOOM_STEP),
        V::PixelForPixel => state.pixel_for_pixel = state.drawn().is_some(),
        V::AutoWindow => {
            let window = state.auto_window;
            each_view(state, |v| (v.window, v.table, v.window_choice) = (window, None, WindowChoice::Auto));
        }
        V::FileWindow => {
            let (window, table) = initial_window(state);
            each_view(state, |v| (v.window, v.table, v.window_choice) = (window, table, WindowChoice::Opening));
        }
        V::NextFileWindow => presentation::next_voi(state),
        V::ChooseVoi(index) => presentation::choose_voi(state, index),
        V::Present(index) => presentation::present(state, index),
        V::ToggleGraphics => state.display.graphics ^= true,
        V::ToggleShutter => state.display.shutter ^= true,
        V::SetWindow(pane, window) => {
            if window.is_valid() {
                let view = view_mut(state, pane);
                (view.window, view.table, view.window_choice) = (window, None, WindowChoice::Reader);
            }
        }
        V::DragWindow(pane, by) => drag_window(state, pane, by),
        V::Pan(pane, by) => linked_views::change(state, pane, |view, size| view.pan(by, size)),
        V::Zoom(pane, factor, point) => linked_views::change(state, pane, |view, _| view.zoom_around(factor, point)),
        V::SetZoom(pane, zoom) => {
            state.pixel_for_pixel = false;
            linked_views::change(state, pane, |view, _| view.zoom_around(zoom / view.zoom, view.center));
        }
        V::Point(at) => state.cursor = at.and_then(|at| value_at(state, at)),
        V::ToggleLinked => {
            // The others start from what is seen now, so that nothing jumps.
            if state.preferences.linked {
                let first = state.views[0];
                state.views.fill(first);
            } else {
                linked_views::join(state);
            }
            return preferences::change(state, |p| p.linked ^= true);
        }
        V::ToggleSmooth => return preferences::change(state, |p| p.smooth ^= true),
        V::ToggleStudies => return preferences::change(state, |p| p.studies_open ^= true),
        V::ToggleFindings => return preferences::change(state, |p| p.findings_open ^= true),
        V::ToggleSecondWindow => state.second_window ^= true,
        V::ToggleFullscreen => return vec![Effect::ToggleFullscreen],
        V::SetPanelWidths(studies, findings) => {
            return preferences::change(state, |p| (p.studies_width, p.findings_width) = (studies, findings));
        }
        V::SetTheme(theme) => return preferences::change(state, |p| p.theme = theme),
    }
    Vec::new()
}

fn view_mut(state: &mut State, pane: PaneIndex) -> &mut View {
    let view = state.view_index(pane);
    &mut state.views[view]
}

/// Zooms every view around its middle.
fn zoom(state: &mut State, factor: f32) {
    let before = state.views[0];
    each_view(state, |view| view.zoom_around(factor, view.center));
    linked_views::follow(state, state.hanging.active, before, state.views[0]);
}

fn drag_window(state: &mut State, pane: PaneIndex, by: [f32; 2]) {
    let Some(inverted) = state.drawn().map(|f| f.pixels.inverted) else { return };
    let range = state.auto_window.width;
    let view = view_mut(state, pane);
    view.drag_window(by, range, inverted ^ view.invert);
}

fn value_at(state: &State, (x, y): (u32, u32)) -> Option<(u32, u32, f32)> {
    let plane = &state.drawn()?.pixels.plane;
    let inside = (x as usize) < plane.width && (y as usize) < plane.height;
    inside.then(|| (x, y, plane.at(x as usize, y as usize)))
}
