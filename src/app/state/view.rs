//! How an image lies in its view: pan, zoom, turns, flips, window. Where that is on the screen, the
//! viewport knows.

use crate::imaging::{Window, WindowFunction};

/// Where the window of a view comes from; tells what becomes of it at the next image of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WindowChoice {
    /// The one that an image opens with; each image has its own.
    #[default]
    Opening,
    /// From the grey values of each image.
    Auto,
    /// The window or table at this place of each file.
    OfFile(usize),
    /// Set by the reader on this image: it stays until it is reset.
    Reader,
    /// Set by the reader on another image of the series.
    Kept,
}

/// How an image lies in its view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// 1 fits the image into the view.
    pub zoom: f32,
    /// Point of the image (pixels from its middle) in the middle of the view.
    pub center: [f32; 2],
    /// Quarter turns clockwise, 0–3, after the flips.
    pub turns: u8,
    pub flip_horizontal: bool,
    pub flip_vertical: bool,
    pub window: Window,
    pub window_choice: WindowChoice,
    /// Inverted by the reader (on top of the file's own polarity).
    pub invert: bool,
    /// The VOI table that is looked through instead of the window, by its place among the transforms
    /// of the frame.
    pub table: Option<usize>,
    /// Columns and rows that fit into the view at zoom 1; the whole image where nothing else was
    /// asked for.
    pub fit: Option<[f32; 2]>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            zoom: 1.0,
            center: [0.0; 2],
            turns: 0,
            flip_horizontal: false,
            flip_vertical: false,
            window: Window { center: 0.5, width: 1.0, function: WindowFunction::Linear },
            window_choice: WindowChoice::Opening,
            invert: false,
            table: None,
            fit: None,
        }
    }
}

/// Smallest and largest zoom, as multiples of the fit.
const ZOOMS: (f32, f32) = (0.1, 64.0);

impl View {
    /// Turns the picture on the screen by quarter turns clockwise.
    pub fn rotate(&mut self, quarters: u8) {
        self.turns = (self.turns + quarters) % 4;
    }

    /// Mirrors the picture left to right as it is seen, whatever turns were made before.
    pub fn mirror_horizontal(&mut self) {
        if self.turns.is_multiple_of(2) {
            self.flip_horizontal = !self.flip_horizontal;
        } else {
            self.flip_vertical = !self.flip_vertical;
        }
    }

    /// Mirrors the picture top to bottom as it is seen.
    pub fn mirror_vertical(&mut self) {
        if self.turns.is_multiple_of(2) {
            self.flip_vertical = !self.flip_vertical;
        } else {
            self.flip_horizontal = !self.flip_horizontal;
        }
    }

    /// Zooms around a point (pixels from the middle of the image), which stays where it is on the
    /// screen.
    pub fn zoom_around(&mut self, factor: f32, point: [f32; 2]) {
        if !factor.is_finite() || factor <= 0.0 {
            return;
        }
        let zoom = (self.zoom * factor).clamp(ZOOMS.0, ZOOMS.1);
        let factor = zoom / self.zoom;
        for (c, p) in self.center.iter_mut().zip(point) {
            *c = p - (p - *c) / factor;
        }
        self.zoom = zoom;
    }

    /// Moves the image by a part of it, and keeps some of it in sight.
    pub fn pan(&mut self, by: [f32; 2], size: [f32; 2]) {
        for i in 0..2 {
            let half = 0.5 * size[i].max(1.0);
            self.center[i] = (self.center[i] - by[i]).clamp(-half, half);
        }
    }

    /// Whether the picture is mirrored left to right, and how many quarter turns to the right follow:
    /// every turn and flip comes to one of these eight.
    pub fn mirror_and_turns(&self) -> (bool, u8) {
        // Upside down is mirrored and turned by half.
        let turns = (self.turns + 2 * u8::from(self.flip_vertical)) % 4;
        (self.flip_horizontal ^ self.flip_vertical, turns)
    }

    /// Whether the picture lies otherwise than in the file.
    pub fn is_turned(&self) -> bool {
        self.mirror_and_turns() != (false, 0)
    }

    /// Direction of the image's right and down axes on the screen (each ±1 along one axis).
    pub fn axes(&self) -> ([f32; 2], [f32; 2]) {
        let right = if self.flip_horizontal { [-1.0, 0.0] } else { [1.0, 0.0] };
        let down = if self.flip_vertical { [0.0, -1.0] } else { [0.0, 1.0] };
        (turned(right, self.turns), turned(down, self.turns))
    }

    /// Changes the window by a drag in parts of the view: right is wider, down is brighter.
    ///
    /// `range` is the width of the automatic window: the whole view's width is worth that much.
    /// `inverted` is whether low values are bright on screen.
    pub fn drag_window(&mut self, [dx, dy]: [f32; 2], range: f32, inverted: bool) {
        let range = if range.is_finite() && range > 0.0 { range } else { 1.0 };
        let narrowest = match self.window.function {
            WindowFunction::Linear => 1.0,
            WindowFunction::LinearExact | WindowFunction::Sigmoid => range * 1e-3,
        };
        let brighter = if inverted { 1.0 } else { -1.0 };
        self.window.width = (self.window.width + dx * range).clamp(narrowest, range * 64.0 + narrowest);
        self.window.center += brighter * dy * range;
        self.table = None;
        self.window_choice = WindowChoice::Reader;
    }
}

/// `[x, y]` turned clockwise on a screen whose y points down.
fn turned([x, y]: [f32; 2], quarters: u8) -> [f32; 2] {
    match quarters % 4 {
        0 => [x, y],
        1 => [-y, x],
        2 => [-x, -y],
        _ => [y, -x],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_of_the_image_stays_in_sight_when_panning() {
        let mut view = View::default();
        view.pan([1e6, -1e6], [40.0, 20.0]);
        assert_eq!(view.center, [-20.0, 10.0]);
    }

    #[test]
    fn every_turn_and_flip_is_a_mirror_and_a_turn() {
        for turns in 0..4 {
            for (flip_horizontal, flip_vertical) in [(false, false), (true, false), (false, true), (true, true)] {
                let view = View { turns, flip_horizontal, flip_vertical, ..View::default() };
                let (mirrored, turns) = view.mirror_and_turns();
                let same = View { turns, flip_horizontal: mirrored, ..View::default() };
                assert_eq!(same.axes(), view.axes());
            }
        }
    }

    #[test]
    fn dragging_right_widens_and_dragging_down_brightens() {
        let window = Window { center: 500.0, width: 400.0, function: WindowFunction::Linear };
        let mut view = View { window, ..View::default() };
        view.drag_window([0.1, 0.1], 1000.0, false);
        assert_eq!((view.window.width, view.window.center), (500.0, 400.0));
        // Where low values are bright, a higher level is the brighter one.
        view.drag_window([-9.0, 0.1], 1000.0, true);
        assert_eq!((view.window.width, view.window.center), (1.0, 500.0));
    }
}
