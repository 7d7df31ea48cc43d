//! Where the slices of the other places cross the one of a place: lines that show how stacks of
//! different directions lie to each other.

use std::sync::Arc;

use super::hanging::SlotIndex;
use super::{Layout, State};
use crate::measurement::Point;
use crate::study::Frame;

/// Where another slice crosses the one that is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReferenceLine {
    /// In pixels of the image that is shown.
    pub ends: [Point; 2],
    /// It is that of the active place.
    pub active: bool,
}

impl State {
    /// The lines over the image that is drawn from this state.
    pub fn reference_lines(&self) -> Vec<ReferenceLine> {
        if self.layout != Layout::Hanging || !self.preferences.reference_lines {
            return Vec::new();
        }
        // The copy that a place is drawn from knows no other place.
        if self.hanging.lines.is_empty() { self.lines_in(self.hanging.active) } else { self.hanging.lines.clone() }
    }

    /// Where the slices of the other places in sight cross that of a place.
    pub(super) fn lines_in(&self, slot: SlotIndex) -> Vec<ReferenceLine> {
        let Some(plane) = self.frame_in(slot).and_then(|frame| frame.display.plane.clone()) else { return Vec::new() };
        let others = self.slots_in_sight().into_iter().filter(|other| *other != slot);
        let line = |other: SlotIndex| {
            let frame = self.frame_in(other)?;
            let size = [frame.pixels.plane.width, frame.pixels.plane.height];
            let ends = plane.crossing(frame.display.plane.as_ref()?, size)?;
            Some(ReferenceLine { ends, active: other == self.hanging.active })
        };
        others.filter_map(line).collect()
    }

    fn frame_in(&self, slot: SlotIndex) -> Option<&Arc<Frame>> {
        if slot == self.hanging.active {
            return self.drawn();
        }
        self.hanging.slot(slot)?.image.as_ref().map(|loaded| &loaded.frame)
    }
}
