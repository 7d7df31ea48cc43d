//! An image file of the views as they are on screen.

use super::State;

/// Name under which the screen notes where the views lie, in points.
pub const AREA: &str = "area of the views";

/// What is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ViewCapture {
    #[default]
    Idle,
    /// A folder is asked for first.
    FolderAwaited(Texts),
    /// The views are drawn for it, without what lies over them.
    Running(Texts),
}

/// Which texts stand in the views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texts {
    /// Those that are on screen.
    AsShown,
    /// Nothing that may name the patient.
    WithoutPatient,
}

impl State {
    /// The state that is drawn while the views are captured.
    #[must_use]
    pub fn for_capture(&self) -> Option<Self> {
        let ViewCapture::Running(texts) = self.view_capture else { return None };
        let mut state = self.clone();
        state.notices.clear();
        (state.palette, state.tour, state.cursor) = (None, None, None);
        (state.keys_open, state.key_editor, state.tags, state.weights) = (false, None, None, None);
        (state.reliability, state.faithfulness_open, state.published.open) = (None, false, false);
        if texts == Texts::WithoutPatient {
            state.preferences.anonymize = true;
            // Overlay planes and annotations of a file may be words.
            state.display.graphics = false;
        }
        Some(state)
    }
}
