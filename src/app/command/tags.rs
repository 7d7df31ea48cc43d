//! The tag browser: what of a file's elements is shown, and beside which other file.

use std::path::PathBuf;

use super::declare::commands;

commands! {
    /// What a reader asks of the tag browser.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum TagCommand of Study {
        Toggle => ("DICOM tags", "Shows every element of the file on screen", "Shift+I"),
        Search(_: String) => ("Search", "Tag, name or value"),
        /// Another file beside the one on screen, or none.
        CompareWith(_: Option<PathBuf>) => ("Compare with", "Shows the elements of another file beside these"),
        ToggleDifferences => ("Only differences", "Shows only elements in which the two files differ", ""),
        /// Opens or closes a sequence or an item, by its place.
        ToggleOpen(_: String) => ("Open or close", "Shows or hides what lies inside"),
        Select(_: Option<String>) => ("Select", "Chooses this element"),
    }
}
