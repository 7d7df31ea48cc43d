//! What lies over the image by its file or by the presentation state that is applied, and who turned,
//! mirrored or inverted it.

use super::{PaneIndex, State, WindowChoice};
use crate::imaging::Voi;
use crate::imaging::overlay_plane::OverlayPlane;
use crate::imaging::shutter::Shutters;
use crate::language::{text, tr};
use crate::study::{Annotations, PresentationState};

impl State {
    /// The presentation state that is applied.
    pub fn presentation(&self) -> Option<&PresentationState> {
        self.presentations.get(self.presented?)
    }

    /// The overlays of the image, or of the presentation state; shown or hidden.
    pub fn overlay_planes(&self) -> &[OverlayPlane] {
        match (self.presentation(), self.drawn()) {
            (Some(presentation), _) => &presentation.overlays,
            (None, Some(frame)) => &frame.display.overlays,
            (None, None) => &[],
        }
    }

    /// The shutters of the image, or of the presentation state, open or closed.
    pub fn shutters(&self) -> Option<&Shutters> {
        let shutters = match (self.presentation(), self.drawn()) {
            (Some(presentation), _) => &presentation.shutters,
            (None, Some(frame)) => &frame.display.shutters,
            (None, None) => return None,
        };
        Some(shutters).filter(|shutters| !shutters.shapes.is_empty())
    }

    /// The drawings of the presentation state, shown or hidden.
    pub fn annotations(&self) -> Option<&Annotations> {
        let annotations = &self.presentation()?.annotations;
        Some(annotations).filter(|a| !a.drawings.is_empty() || !a.texts.is_empty())
    }

    /// Whether there is anything that can be shown or hidden over the image beside maps.
    pub fn has_graphics(&self) -> bool {
        self.shows_words_of_file() && (!self.overlay_planes().is_empty() || self.annotations().is_some())
    }

    /// What is to be said of how a view shows the image: polarity, turns, shutters, overlays, the
    /// presentation state. Window and zoom are not among it.
    pub fn display_marks(&self, pane: PaneIndex) -> Vec<String> {
        let Some(frame) = self.drawn() else { return Vec::new() };
        let view = self.view(pane);
        let mut marks = Vec::new();
        let presentation = self.presentation();
        if let Some(presentation) = presentation {
            marks.push(tr!("presentation state {}", presentation.label));
        }
        let by =
            |as_presented: bool| if as_presented { text!("by the presentation state") } else { text!("by the reader") };
        if view.invert {
            let asked = presentation.and_then(|p| p.inverted).is_some_and(|i| i != frame.pixels.inverted);
            marks.push(tr!("inverted {}", by(asked)));
        }
        if view.window_choice == WindowChoice::Kept {
            marks.push(text!("window of the reader, kept from another image").into());
        }
        let (mirrored, turns) = view.mirror_and_turns();
        let asked = presentation.is_some_and(|p| p.lies_like(view));
        match (mirrored, turns) {
            (true, 2) => marks.push(tr!("mirrored top to bottom {}", by(asked))),
            (true, _) => marks.push(tr!("mirrored {}", by(asked))),
            (false, _) => {}
        }
        match turns {
            1 => marks.push(tr!("turned 90° right {}", by(asked))),
            2 if !mirrored => marks.push(tr!("turned 180° {}", by(asked))),
            3 => marks.push(tr!("turned 90° left {}", by(asked))),
            _ => {}
        }
        if self.has_graphics() {
            let words = match (self.annotations().is_some(), self.display.graphics) {
                (true, true) => text!("overlay and annotations"),
                (true, false) => text!("overlay and annotations hidden"),
                (false, true) => text!("overlay of the file"),
                (false, false) => text!("overlay of the file hidden"),
            };
            marks.push(words.to_owned());
        }
        if self.shutters().is_some() {
            marks.push(
                if self.display.shutter { text!("display shutter") } else { text!("display shutter open") }.into(),
            );
        }
        marks
    }

    /// The window or table of a view in the words of the file, where they are the file's own.
    pub fn voi_words(&self, pane: PaneIndex) -> Option<String> {
        if !self.shows_words_of_file() {
            return None;
        }
        let (pixels, view) = (&self.drawn()?.pixels, self.view(pane));
        let explained = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        if let Some(table) = view.table {
            let name = match pixels.voi_at(table) {
                Some(Voi::Lut { explanation, .. }) => explained(explanation),
                _ => None,
            };
            return Some(
                name.map_or_else(|| text!("VOI table of the file").to_owned(), |name| tr!("VOI table {name}", name)),
            );
        }
        let mut transforms = pixels.voi.iter().chain(&pixels.presented_voi);
        transforms.find_map(|voi| match voi {
            Voi::Window { window, explanation } if *window == view.window => explained(explanation),
            _ => None,
        })
    }
}

impl PresentationState {
    /// Whether a view lies as the state asks for.
    pub(crate) fn lies_like(&self, view: &super::View) -> bool {
        let mut asked = super::View::default();
        asked.rotate(self.turns);
        if self.mirrored {
            asked.mirror_horizontal();
        }
        asked.axes() == view.axes()
    }
}
