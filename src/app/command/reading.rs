//! What a reader says in a reader study. Each command has a further word, so that none stands in the
//! menus of the viewer.

use super::declare::commands;

commands! {
    /// What a reader of a study says.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum ReadingCommand of Findings {
        SetConfidence(_: u8) => ("Confidence", "How sure you are: 0 surely not, 100 surely"),
        /// Marks a place of the image, in pixels.
        Mark(_: [f32; 2]) => ("Mark", "Marks this place"),
        /// The confidence of a mark.
        RateMark(_: usize, _: u8) => ("Confidence of the mark", "How sure you are of this place, from 0 to 100"),
        RemoveMark(_: usize) => ("Remove the mark", "Takes this mark away"),
        /// Confirms the reading at this place of the order.
        Next(_: usize) => ("Confirm and go on", "Keeps what you say, which cannot be changed then, and goes on"),
    }
}
