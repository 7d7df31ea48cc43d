//! The key table, notices, and the way back.

use super::declare::commands;
use crate::app::state::NoticeId;

commands! {
    /// What a reader asks of the program itself.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum HelpCommand of Help {
        ToggleKeys => ("All keys", "Shows or hides this table", "F1"),
        /// The guided tour, from its first step.
        Tour => ("Guided tour", "Shows in a few steps where things are, on the computed phantom", "F2"),
        TourStep(_: bool) => ("Next", "Goes to the next step of the tour, or back"),
        EndTour => ("End the tour", "Puts the tour away", ""),
        DismissNotice(_: NoticeId) => ("Dismiss", "Takes the notice away"),
        /// Closes the key table, else leaves the single view, else cancels.
        Escape => ("Back", "Closes what is open, else puts the tool away, else leaves the training room, else stops what is running", "Esc"),
    }
}
