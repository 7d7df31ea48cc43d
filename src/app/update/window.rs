//! Carries out what is asked of windows: presets, the reader's own, and that of an area.

use super::effect::Effect;
use super::opening_view::each_view;
use super::preferences;
use crate::app::command::WindowCommand;
use crate::app::state::window_presets::{MOST_WINDOWS, OwnWindow};
use crate::app::state::{State, View, WindowChoice};
use crate::imaging::{Plane, Window, auto_window};

/// Longest name of a window, in characters.
const NAME: usize = 40;

pub(super) fn apply(state: &mut State, command: WindowCommand) -> Vec<Effect> {
    match command {
        WindowCommand::Preset(index) => {
            if let Some(preset) = state.window_presets().get(index) {
                take(state, (*preset).into());
            }
        }
        WindowCommand::Keep(name) => return keep(state, &name),
        WindowCommand::TakeKept(index) => {
            if let Some(own) = state.preferences.windows.get(index) {
                take(state, Window::linear(own.center, own.width));
            }
        }
        WindowCommand::ForgetKept(index) => {
            if index < state.preferences.windows.len() {
                return preferences::change(state, |p| drop(p.windows.remove(index)));
            }
        }
        WindowCommand::OfArea(pane, area) => {
            if let Some(window) = of_area(state, area) {
                let view = state.view_index(pane);
                set(&mut state.views[view], window);
            }
        }
    }
    Vec::new()
}

/// A window of the reader's for every view.
fn take(state: &mut State, window: Window) {
    if window.is_valid() {
        each_view(state, |view| set(view, window));
    }
}

fn set(view: &mut View, window: Window) {
    (view.window, view.table, view.window_choice) = (window, None, WindowChoice::Reader);
}

/// Keeps the window of the first view; one of the same name and modality is replaced.
fn keep(state: &mut State, name: &str) -> Vec<Effect> {
    let Some(frame) = state.drawn() else { return Vec::new() };
    let (modality, window) = (frame.entry.meta.modality.clone(), state.view(0).window);
    let name: String = name.trim().chars().filter(|c| !c.is_control()).take(NAME).collect();
    if name.is_empty() {
        return Vec::new();
    }
    let own = OwnWindow { name, modality, width: window.width, center: window.center };
    preferences::change(state, |p| {
        p.windows.retain(|known| (&known.name, &known.modality) != (&own.name, &own.modality));
        p.windows.push(own);
        let surplus = p.windows.len().saturating_sub(MOST_WINDOWS);
        p.windows.drain(..surplus);
    })
}

/// The window of the values in a rectangle, tails of 0.1 % cut; nothing where it holds no pixel.
fn of_area(state: &State, [x0, y0, x1, y1]: [f32; 4]) -> Option<Window> {
    let pixels = &state.drawn()?.pixels;
    let plane = &pixels.plane;
    let range = |a: f32, b: f32, most: usize| {
        let (low, high) = (a.min(b).floor().max(0.0) as usize, a.max(b).ceil().max(0.0) as usize);
        low.min(most)..high.min(most)
    };
    let (columns, rows) = (range(x0, x1, plane.width), range(y0, y1, plane.height));
    if columns.is_empty() || rows.is_empty() {
        return None;
    }
    let cut = Plane {
        width: columns.len(),
        height: rows.len(),
        values: rows.flat_map(|y| &plane.values[y * plane.width..][columns.clone()]).copied().collect(),
    };
    Some(auto_window(&cut, pixels.padding))
}
