//! Several images side by side: which grid, what comes where, the prior beside the current image.

use std::sync::Arc;

use super::declare::commands;
use crate::app::state::hanging::{Grid, SlotIndex};
use crate::study::ImageEntry;

commands! {
    /// What a reader asks of the layout of several images.
    #[derive(Clone, Debug, PartialEq)]
    pub enum HangingCommand of View {
        PriorBeside => (
            "Prior beside current",
            "Shows the latest earlier image of the same patient and kind beside this one",
            "F3",
        ),
        HangByRules => ("Hang by the rules", "Fills the places as the rules in hanging.toml say", "Shift+F3"),
        NextSlot => ("Next image of the layout", "Makes the image in the next place the active one", "F6"),
        ToggleMapsOfChange => (
            "Change maps",
            "Shows on both images what speaks for and against the change of the score since the prior",
            "Shift+G",
        ),
        ToggleReferenceLines => (
            "Reference lines",
            "Shows on each slice where the slices of the other places cross it",
            "Shift+Z",
        ),
        SetGrid(_: Grid) => ("Grid", "So many rows and columns of images"),
        /// The image of a place becomes the one with tools and findings.
        Activate(_: SlotIndex) => ("Take in hand", "Makes this image the active one"),
        /// The next image that is chosen in the list comes here, or no longer.
        ChooseTarget(_: SlotIndex) => ("Fill this place", "The next image that you choose in the list comes here"),
        /// A frame of an image comes into a place.
        Put(_: SlotIndex, _: Arc<ImageEntry>, _: u32) => ("Put here", "Shows this image in this place"),
        Swap(_: SlotIndex, _: SlotIndex) => ("Change places", "Both images change places"),
        Clear(_: SlotIndex) => ("Empty this place", "Takes the image out of this place"),
        /// So many images on or back in the stack of a place.
        ScrollSlot(_: SlotIndex, _: i64) => ("Scroll", "Goes through the stack of this place"),
        /// The pixel under the cursor in a place that is not active.
        PointIn(_: SlotIndex, _: Option<(u32, u32)>) => ("Pixel value", "Value of the pixel under the cursor"),
    }
}
