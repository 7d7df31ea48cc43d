//! Measurements of the image on screen: the tool in hand, what is half made, and per image a sheet
//! with a way back.

use std::collections::HashMap;
use std::sync::Arc;

use super::hanging::SlotIndex;
use super::impression::ImageKey;
use super::key_images::KeyImages;
use super::{ShownImage, State};
use crate::measurement::calibration::{self, Calibration};
use crate::measurement::geometry::Metric;
use crate::measurement::identity::ImageIdentity;
use crate::measurement::{Handle, Kind, Measurement, MeasurementId, Point};
use crate::study::{Frame, Spacing};

/// Most steps back.
const STEPS: usize = 100;

/// What the left button does on a view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tool {
    /// The window, and measurements that are there.
    #[default]
    Window,
    Measure(Kind),
    Magnifier,
}

impl Tool {
    /// Every tool, in the order of the menu.
    pub const ALL: [Self; 15] = [
        Self::Window,
        Self::Measure(Kind::Length),
        Self::Measure(Kind::Bidirectional),
        Self::Measure(Kind::Angle),
        Self::Measure(Kind::Cobb),
        Self::Measure(Kind::Cardiothoracic),
        Self::Measure(Kind::Rectangle),
        Self::Measure(Kind::Ellipse),
        Self::Measure(Kind::Circle),
        Self::Measure(Kind::Freehand),
        Self::Measure(Kind::Arrow),
        Self::Measure(Kind::Text),
        Self::Measure(Kind::Probe),
        Self::Measure(Kind::Calibration),
        Self::Magnifier,
    ];
}

/// What the keyboard does with its crosshair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorMove {
    /// So many steps to the right and down on the screen; fine ones are a pixel of the image.
    Step { right: i32, down: i32, fine: bool },
    /// Sets a point where it stands; of an outline by hand, begins or ends it.
    Set,
}

/// A measurement that is being made.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub kind: Kind,
    pub points: Vec<Point>,
    /// Where the pointer is: the next point, if it is set there.
    pub next: Option<Point>,
    /// Where the button went down, while it is held.
    pub pressed: Option<Point>,
    /// Shorter ways than this, in pixels of the image, are no drag.
    pub reach: f64,
}

/// A measurement that is being moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Grab {
    pub handle: Handle,
    /// Where it was taken.
    pub from: Point,
    /// As it was then.
    pub before: Measurement,
}

/// The measurements of one image, with the way back and forth.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    pub list: Vec<Measurement>,
    pub(in crate::app) back: Vec<Vec<Measurement>>,
    pub(in crate::app) forth: Vec<Vec<Measurement>>,
    /// How many steps were remembered.
    pub(in crate::app) changes: u64,
    /// The last step was a change of this one's name: the next letter belongs to the same step.
    pub(in crate::app) naming: Option<MeasurementId>,
}

impl Sheet {
    /// Remembers how it is, before it changes.
    pub(in crate::app) fn remember(&mut self) {
        self.naming = None;
        self.changes += 1;
        self.forth.clear();
        self.back.push(self.list.clone());
        if self.back.len() > STEPS {
            self.back.remove(0);
        }
    }

    /// Whether there is a way back or forth.
    #[must_use]
    pub fn has_steps(&self) -> bool {
        !self.back.is_empty() || !self.forth.is_empty()
    }

    /// Goes a step back or forth; false where there is none.
    pub(in crate::app) fn step(&mut self, back: bool) -> bool {
        let (from, to) = if back { (&mut self.back, &mut self.forth) } else { (&mut self.forth, &mut self.back) };
        let Some(list) = from.pop() else { return false };
        to.push(std::mem::replace(&mut self.list, list));
        self.naming = None;
        true
    }
}

/// The image whose measurements are at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurable {
    pub image: ImageKey,
    pub identity: ImageIdentity,
}

/// Everything about measuring.
#[derive(Clone, Debug)]
pub struct Measuring {
    pub tool: Tool,
    pub draft: Option<Draft>,
    pub grab: Option<Grab>,
    /// The crosshair that the keyboard moves, in pixels of the image; gone once the mouse measures.
    pub cursor: Option<Point>,
    pub selected: Option<MeasurementId>,
    /// The note whose words are asked for.
    pub writing: Option<MeasurementId>,
    pub shown: bool,
    /// Known once its pixels were hashed and its file was looked for.
    pub(in crate::app) at: Option<Measurable>,
    /// Shared with the copy that is drawn while a result is hidden.
    pub(in crate::app) sheets: Arc<HashMap<ImageIdentity, Sheet>>,
    /// Shared likewise.
    pub(in crate::app) key_images: Arc<KeyImages>,
    /// Nothing of this image is written: its file could not be read and is not to be replaced.
    pub(in crate::app) unkept: bool,
}

impl Default for Measuring {
    fn default() -> Self {
        Self {
            tool: Tool::default(),
            draft: None,
            grab: None,
            cursor: None,
            selected: None,
            writing: None,
            shown: true,
            at: None,
            sheets: Arc::default(),
            key_images: Arc::default(),
            unkept: false,
        }
    }
}

impl State {
    /// Whether a tool that measures is in hand.
    pub fn has_measuring_tool(&self) -> bool {
        matches!(self.measuring.tool, Tool::Measure(_)) && self.measurable().is_some()
    }

    /// The image on screen, once its measurements are at hand.
    pub fn measurable(&self) -> Option<&Measurable> {
        let ShownImage::Ready(frame) = &self.image else { return None };
        let is_on_screen = |at: &&Measurable| at.image.1 == frame.index && at.image.0 == frame.entry.key();
        self.measuring.at.as_ref().filter(is_on_screen)
    }

    /// The sheet of the image on screen.
    pub fn sheet(&self) -> Option<&Sheet> {
        self.measuring.sheets.get(&self.measurable()?.identity)
    }

    /// The measurements of the image on screen, in the order in which they were made.
    pub fn measurements(&self) -> &[Measurement] {
        self.sheet().map_or(&[], |sheet| &sheet.list)
    }

    /// The reader's calibration of the image on screen.
    pub fn calibration(&self) -> Option<Calibration> {
        Calibration::among(self.measurements())
    }

    /// The spacing of the image on screen: that of the reader where there is one.
    pub fn spacing(&self, frame: &Frame) -> Option<Spacing> {
        calibration::spacing(frame, self.calibration())
    }

    /// How long the pixels of the image on screen are.
    pub fn metric(&self) -> Option<Metric> {
        self.frame().map(|frame| calibration::metric(frame, self.calibration()))
    }

    /// The spacing of the image that stands in a place beside the active one.
    pub fn spacing_beside(&self, slot: SlotIndex) -> Option<Spacing> {
        let image = self.hanging.slot(slot)?;
        let frame = &image.image.as_ref()?.frame;
        let sheet = image.at.as_ref().and_then(|at| self.measuring.sheets.get(&at.identity));
        calibration::spacing(frame, sheet.and_then(|sheet| Calibration::among(&sheet.list)))
    }

    /// The measurement that is chosen.
    pub fn selected_measurement(&self) -> Option<&Measurement> {
        let selected = self.measuring.selected?;
        self.measurements().iter().find(|one| one.id == selected)
    }
}
