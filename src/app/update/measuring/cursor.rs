//! Measuring by the keyboard: a crosshair that the arrow keys move over the image as it is seen, and
//! a key that sets a point there.
//!
//! A step is a hundredth of what is seen of the longer side, so that an image is crossed in some
//! seconds and a magnified one is measured as finely as it is shown; a fine step is one pixel.

use super::{move_to, press, release, size};
use crate::app::state::State;
use crate::app::state::measuring::{CursorMove, Tool};
use crate::app::update::effect::Effect;
use crate::measurement::{Kind, Point, within};

/// Steps across what is seen of the longer side.
const STEPS: f64 = 100.0;

/// Moves the crosshair, or sets a point where it stands.
pub(super) fn apply(state: &mut State, by: CursorMove) -> Vec<Effect> {
    if !state.has_measuring_tool() {
        return Vec::new();
    }
    let Some(size) = size(state) else { return Vec::new() };
    let at = within(place(state, size), size);
    match by {
        CursorMove::Step { right, down, fine } => {
            let at = within(stepped(state, at, [right, down], fine, size), size);
            state.measuring.cursor = Some(at);
            move_to(state, at);
            Vec::new()
        }
        // The first press shows where the crosshair is.
        CursorMove::Set if state.measuring.cursor.is_none() => {
            state.measuring.cursor = Some(at);
            move_to(state, at);
            Vec::new()
        }
        CursorMove::Set => set(state, at),
    }
}

/// Where the crosshair is, or begins: at the last point, else in the middle of what is seen.
fn place(state: &State, size: [usize; 2]) -> Point {
    let draft = state.measuring.draft.as_ref();
    let last = draft.and_then(|draft| draft.next.or_else(|| draft.points.last().copied()));
    let center = state.view(0).center;
    let middle = [0, 1].map(|i| 0.5 * size[i] as f64 + f64::from(center[i]));
    state.measuring.cursor.or(last).unwrap_or(middle)
}

/// So many steps on, along the axes of the screen.
fn stepped(state: &State, at: Point, [across, along]: [i32; 2], fine: bool, size: [usize; 2]) -> Point {
    let view = state.view(0);
    let coarse = size[0].max(size[1]) as f64 / (STEPS * f64::from(view.zoom.max(1e-3)));
    let step = if fine { 1.0 } else { coarse.max(1.0) };
    let (right, down) = view.axes();
    // The axes are orthonormal: their transpose is their inverse.
    let along_axis = |axis: [f32; 2]| f64::from(axis[0]) * f64::from(across) + f64::from(axis[1]) * f64::from(along);
    [at[0] + step * along_axis(right), at[1] + step * along_axis(down)]
}

fn set(state: &mut State, at: Point) -> Vec<Effect> {
    let outline = state.measuring.tool == Tool::Measure(Kind::Freehand);
    let drawn = state.measuring.draft.as_ref().is_some_and(|draft| draft.pressed.is_some());
    if outline && drawn {
        return release(state, at);
    }
    // Half a pixel: a press and a release at one place are one point.
    let mut effects = press(state, at, 0.5);
    if !outline && state.measuring.draft.is_some() {
        effects.extend(release(state, at));
    }
    effects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_follows_the_screen_however_the_image_is_turned() {
        let mut state = State::new(crate::app::state::Preferences::default(), "test", "cpu");
        let size = [1000, 500];
        let step = |state: &State, by| stepped(state, [100.0, 100.0], by, false, size);
        assert_eq!(step(&state, [1, 0]), [110.0, 100.0]);
        assert_eq!(step(&state, [0, 2]), [100.0, 120.0]);
        state.views[0].rotate(1);
        // Turned to the right, what is right on the screen is up in the file.
        assert_eq!(step(&state, [1, 0]), [100.0, 90.0]);
        state.views[0].zoom = 4.0;
        assert_eq!(step(&state, [1, 0]), [100.0, 97.5]);
        assert_eq!(stepped(&state, [100.0, 100.0], [1, 0], true, size), [100.0, 99.0]);
    }
}
