//! Questions to the model about a changed image: what is marked, how it is filled, what is kept.
//!
//! Points are in pixels of the image, so that no command knows how the image lies in its view.

use super::declare::commands;
use crate::app::state::what_if::{FoundPart, Marker};
use crate::engine::what_if::alteration::Alteration;
use crate::engine::what_if::filling::Filling;
use crate::measurement::{Point, Words};

commands! {
    /// What a reader asks of a changed image.
    #[derive(Clone, Debug, PartialEq)]
    pub enum WhatIfCommand of WhatIf {
        /// This tool; the one in hand is put away.
        TakeTool(tool: Marker) in Marker::ALL => words_of_tool(*tool),
        /// The button goes down with a tool in hand.
        Press(_: Point) => ("Mark", "Marks what is taken away"),
        /// The pointer moves while it is down.
        MoveTo(_: Point) => ("Mark", "Marks on"),
        /// The button goes up.
        Release(_: Point) => ("Let go", "Ends a stroke"),
        /// Radius of the brush, share of the longer side of the image.
        SetRadius(_: f32) => ("Brush", "Radius of brush and eraser"),
        /// Takes a part away that is found and not drawn.
        Take(part: FoundPart) in FoundPart::ALL => words_of_part(*part),
        /// What is put in the place of what is taken away.
        Fill(filling: Filling) in Filling::ALL => words_of_filling(*filling),
        Alter(_: Alteration) => ("Alter", "Tones, turns, shifts or crops the whole image"),
        Undo => ("Undo", "Takes the last change of the image back", ""),
        Redo => ("Redo", "Makes the change of the image again", ""),
        Clear => ("Clear", "Nothing is marked or altered any more", "Shift+Backspace"),
        Keep => ("Keep", "Keeps the change with its scores for the report", "Shift+M"),
        Rename(_: u64, _: Words) => ("Name", "What the kept change is called"),
        /// Makes a kept change again.
        Show(_: u64) => ("Show", "Makes this change again"),
        Forget(_: u64) => ("Delete", "Deletes the kept change"),
    }
}

fn words_of_tool(tool: Marker) -> (&'static str, &'static str, &'static str) {
    match tool {
        Marker::Brush => ("Brush", "Paint over what is to be taken away", "Shift+U"),
        Marker::Eraser => ("Eraser", "Brings back what was marked", ""),
        Marker::Lasso => ("Lasso", "Draw around what is to be taken away", "Shift+X"),
        Marker::Superpixel => ("Superpixel", "Takes away or brings back a patch of like grey values", "Shift+S"),
    }
}

fn words_of_part(part: FoundPart) -> (&'static str, &'static str, &'static str) {
    match part {
        FoundPart::Region => ("Selected region", "Takes the selected measured region away", ""),
        FoundPart::OutsideLungs => ("Outside the lungs", "Takes away everything outside the lungs", ""),
        FoundPart::Lungs => ("The lungs", "Takes the lungs away", ""),
        FoundPart::SideMarkers => ("Side markers", "Takes away what looks like a side marker near the corners", ""),
    }
}

fn words_of_filling(filling: Filling) -> (&'static str, &'static str, &'static str) {
    match filling {
        Filling::Road => ("Surroundings (ROAD)", "What the surroundings suggest, and a little noise", ""),
        Filling::Mean => ("Mean around it", "The mean grey value around each part", ""),
        Filling::Blur => ("Blur", "The image itself, blurred until no detail is left", ""),
        Filling::Mirror => ("Other side", "The same place of the other side of the image", ""),
    }
}
