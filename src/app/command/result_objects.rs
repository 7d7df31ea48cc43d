//! Results in files beside the images: what lies over the image, and the window of a report or a
//! document.

use std::sync::Arc;

use super::declare::commands;
use crate::app::state::result_objects::ReportPage;
use crate::results::read::key::LayerKey;
use crate::study::ImageEntry;

commands! {
    /// What a reader asks of results in files.
    #[derive(Clone, Debug, PartialEq)]
    pub enum ResultCommand of Study {
        ToggleLaid => (
            "Results from files",
            "Shows or hides segmentations, parametric maps and graphics of reports of other files over the image",
            "Ctrl+G",
        ),
        ToggleLayer(_: LayerKey) => ("Shown", "Shows or hides this segment, map or finding"),
        SetOpacity(_: f32) => ("Opacity", "How strongly segments and maps of other files cover the image"),
        /// Opens the window of a report or a document, or closes it.
        Open(_: Option<Arc<ImageEntry>>) => ("Open", "Shows this report or document"),
        ShowPage(page: ReportPage) => (page.name(), "Shows this part of the report"),
        Search(_: String) => ("Search", "Words, codes or values of the report"),
        /// Opens or closes a heading, by the number of its item.
        ToggleItem(_: String) => ("Open or close", "Shows or hides what lies inside"),
        Select(_: Option<String>) => ("Select", "Chooses this item"),
        /// Shows an image that a result names; the frame counts from 1.
        ShowImage(_: String, _: u32) => ("Show image", "Shows the image that is named"),
        OpenDocument(_: Arc<ImageEntry>) => (
            "Open with the desktop's program",
            "Takes the document out of its envelope and opens it with the program of the desktop",
        ),
        SaveDocument(_: Arc<ImageEntry>) => ("Save document…", "Takes the document out of its envelope, into a file"),
    }
}
