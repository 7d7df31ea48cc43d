//! What lies on top of everything else: it has the keyboard, and Esc closes it.
//!
//! One function decides, so that two things never close at once and nothing behind a dialog listens.

use super::State;
use super::measuring::Tool;
use super::results::Explaining;

/// What Esc closes, puts away or stops, the topmost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTop {
    /// A menu or a list that unfolds; the window library closes it.
    Menu,
    Question,
    Palette,
    /// The window of keys waits for one.
    KeyListening,
    KeyEditor,
    KeyTable,
    Reliability,
    /// The window of a changed model.
    ModelDiff,
    Weights,
    /// The window of published models.
    Published,
    /// A password or token is asked for.
    Secret,
    /// The dialog of archives.
    Archives,
    /// A field that is being written in; the window library takes the keyboard from it.
    Field,
    Tour,
    Worklist,
    Tags,
    /// The window of a report or a document.
    Result,
    Training,
    Faithfulness,
    Cine,
    /// A tool that marks what is taken away.
    Marking,
    /// A measurement in hand, or half made.
    Making,
    Tool,
    Selection,
    /// A place that waits for an image.
    Target,
    Solo,
    /// An analysis or an explanation that runs.
    Running,
}

impl OnTop {
    /// Whether it is a dialog: nothing behind it hears a key.
    #[must_use]
    pub fn is_dialog(self) -> bool {
        matches!(
            self,
            Self::Question
                | Self::Palette
                | Self::KeyListening
                | Self::KeyEditor
                | Self::KeyTable
                | Self::Reliability
                | Self::ModelDiff
                | Self::Weights
                | Self::Published
                | Self::Secret
                | Self::Archives
        )
    }
}

impl OnTop {
    /// Whether keys reach what lies on the image.
    #[must_use]
    pub fn leaves_keys(self) -> bool {
        let takes = [Self::Menu, Self::Field, Self::Worklist, Self::Tags, Self::Result, Self::Training];
        !self.is_dialog() && !takes.contains(&self)
    }
}

/// What only the screen knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unfolded {
    /// A menu is open.
    pub menu: bool,
    /// A field is being written in.
    pub field: bool,
}

impl State {
    /// What lies on top; nothing where there is nothing to close, put away or stop.
    #[must_use]
    pub fn on_top(&self, unfolded: Unfolded) -> Option<OnTop> {
        let measuring = &self.measuring;
        let listening = self.key_editor.as_ref().is_some_and(|e| e.listening.is_some() || e.clash.is_some());
        let running = self.busy() || self.results.explaining.as_ref().is_some_and(|e: &Explaining| !e.ahead);
        let all = [
            (unfolded.menu, OnTop::Menu),
            (self.training.question.is_some(), OnTop::Question),
            (self.palette.is_some(), OnTop::Palette),
            (listening, OnTop::KeyListening),
            (self.key_editor.is_some(), OnTop::KeyEditor),
            (self.keys_open, OnTop::KeyTable),
            (self.reliability.is_some(), OnTop::Reliability),
            (self.model_changes.comparing.is_some(), OnTop::ModelDiff),
            (self.weights.is_some(), OnTop::Weights),
            (self.published.open, OnTop::Published),
            (self.worklist.secret.is_some(), OnTop::Secret),
            (self.worklist.archives.is_some(), OnTop::Archives),
            (unfolded.field, OnTop::Field),
            (self.tour.is_some(), OnTop::Tour),
            (self.worklist.open, OnTop::Worklist),
            (self.tags.is_some(), OnTop::Tags),
            (self.result_objects.window.is_some(), OnTop::Result),
            (self.training.open, OnTop::Training),
            (self.faithfulness_open, OnTop::Faithfulness),
            (self.stack.cine.is_playing(), OnTop::Cine),
            (self.is_marking(), OnTop::Marking),
            (measuring.grab.is_some() || measuring.draft.is_some() || measuring.writing.is_some(), OnTop::Making),
            (measuring.tool != Tool::Window, OnTop::Tool),
            (measuring.selected.is_some(), OnTop::Selection),
            (self.hanging.target.is_some(), OnTop::Target),
            (self.solo.is_some(), OnTop::Solo),
            (running, OnTop::Running),
        ];
        all.into_iter().find(|(there, _)| *there).map(|(_, what)| what)
    }

    /// The dialog that is open, if one is.
    #[must_use]
    pub fn dialog(&self) -> Option<OnTop> {
        self.on_top(Unfolded::default()).filter(|top| top.is_dialog())
    }
}
