//! The reader's own impression, which may come before the model's result.

use super::declare::commands;
use crate::app::state::impression::ReaderText;

commands! {
    /// What a reader asks of the impressions.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum ImpressionCommand of Findings {
        ToggleReadFirst => (
            "Read first",
            "Hides the model's result of each image until you have written what you see",
            "F8",
        ),
        /// The impression as typed so far.
        Write(_: ReaderText) => ("Your impression", "What you see, before the model says anything"),
        Focus => (
            "Write your impression",
            "Puts the keyboard into the field of your impression, or of a remark to it",
            "F12",
        ),
        /// The field has the keyboard.
        Focused => ("Write your impression", "Takes the keyboard", ""),
        ShowResult => (
            "Show the model's result",
            "Keeps your impression as it is, with the time, and shows the result",
            "Ctrl+Enter",
        ),
        NothingToReport => ("I see nothing to report", "Keeps this as your impression, and shows the result", ""),
        /// A remark as typed so far; `None` puts it away.
        WriteRemark(text: Option<ReaderText>) => match text {
            Some(_) => ("Add a remark", "Adds to your impression, marked as written after the result was shown"),
            None => ("Discard", "Puts the remark away"),
        },
        KeepRemark => ("Keep the remark", "Adds it to your impression; it cannot be changed then", ""),
    }
}
