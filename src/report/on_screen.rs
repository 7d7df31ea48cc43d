//! How the reader had the image on screen, as far as a print follows it: the presentation state that
//! was applied, and what of overlays and shutter was to be seen.

use serde::{Deserialize, Serialize};

use crate::imaging::Voi;
use crate::imaging::overlay_plane::OverlayPlane;
use crate::imaging::shutter::Shutters;
use crate::language::text;
use crate::study::{Annotations, Frame, PresentationState};

/// How the reader had the image on screen.
#[derive(Clone, Debug, PartialEq)]
pub struct OnScreen {
    /// The presentation state that was applied.
    pub presentation: Option<PresentationState>,
    /// Overlays and annotations were shown.
    pub graphics: bool,
    /// The shutter was closed.
    pub shutter: bool,
    /// The VOI table that the image was looked through, by its place among the transforms of the
    /// frame; nothing where it was a window.
    pub table: Option<usize>,
    /// The reader, or the state, had turned or mirrored the image.
    pub turned: bool,
}

/// The same as a report files it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnScreenRecord {
    /// Label, day and maker of the presentation state; nothing of who made it in an anonymised report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presentation_state: Option<String>,
    pub graphics: bool,
    pub shutter: bool,
    /// Name of the VOI table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    pub turned: bool,
}

impl Default for OnScreen {
    /// As an image opens.
    fn default() -> Self {
        Self { presentation: None, graphics: true, shutter: true, table: None, turned: false }
    }
}

impl OnScreen {
    /// The overlays that are to be seen.
    #[must_use]
    pub fn overlays<'a>(&'a self, frame: &'a Frame) -> &'a [OverlayPlane] {
        match &self.presentation {
            _ if !self.graphics => &[],
            Some(state) => &state.overlays,
            None => &frame.display.overlays,
        }
    }

    /// The shutters that are closed.
    #[must_use]
    pub fn shutters<'a>(&'a self, frame: &'a Frame) -> Option<&'a Shutters> {
        let shutters = self.presentation.as_ref().map_or(&frame.display.shutters, |state| &state.shutters);
        Some(shutters).filter(|shutters| self.shutter && !shutters.shapes.is_empty())
    }

    /// The drawings and words that are to be seen.
    #[must_use]
    pub fn annotations(&self) -> Option<&Annotations> {
        let annotations = &self.presentation.as_ref()?.annotations;
        Some(annotations).filter(|all| self.graphics && !(all.drawings.is_empty() && all.texts.is_empty()))
    }

    /// Name of the VOI table.
    #[must_use]
    pub fn table_name(&self, frame: &Frame) -> Option<String> {
        let (Voi::Window { explanation, .. } | Voi::Lut { explanation, .. }) = frame.pixels.voi_at(self.table?)?;
        Some(if explanation.is_empty() { text!("without a name").to_owned() } else { explanation.clone() })
    }
}
