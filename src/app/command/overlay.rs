//! How maps lie over the image. Only the method and the layer choose another map; the rest is a
//! matter of colour.

use super::declare::commands;
use crate::explain::Method;

commands! {
    /// What a reader asks of the overlay.
    #[derive(Clone, Debug, PartialEq)]
    pub enum OverlayCommand of Overlay {
        ToggleHeatMap => ("Heat map", "Shows or hides the map over the image", "G"),
        /// Held down: nothing lies over the image, no map and no text. Listed as it is pressed.
        HideOverlays(_: bool) in [true] => ("Hide every overlay", "While held: the bare image, no map and no text", "O"),
        NextMethod => ("Next method", "Goes on to the next method that costs next to nothing", "M"),
        SetMethod(_: Method) => ("Method", "How the map is computed"),
        SetLayer(_: String) => ("Layer", "Stage of the network that the map is taken from"),
        SetOpacity(_: f32) => ("Opacity", "How strongly the map covers the image"),
        LessOpacity => ("Less opacity", "Lets more of the image through the map", "["),
        MoreOpacity => ("More opacity", "Lets less of the image through the map", "]"),
        SetThreshold(_: f32) => ("Threshold", "Values of the map below this stay transparent"),
        LowerThreshold => ("Lower threshold", "Shows weaker parts of the map too", ","),
        RaiseThreshold => ("Raise threshold", "Shows only stronger parts of the map", "."),
        NextColormap => ("Next colour map", "Takes the next colour scale of the list", "J"),
        SetColormap(_: String) => ("Colour map", "Colour scale of the map"),
        ToggleContours => ("Contours", "Lines of equal value over the map", "T"),
        ToggleLungs => ("Lung outline", "Lines around the lungs, where it is known where they lie", "Shift+L"),
        ToggleSharedScale => ("Shared scale", "One scale for all classes, or each on its own", "Y"),
        /// Opens the panel on the faithfulness of the shown map, or closes it and stops what it
        /// asked for.
        ToggleFaithfulness => (
            "Can this map be trusted?",
            "Measures the faithfulness of the shown map beside a centred blob and a random map, in the background",
            "Q",
        ),
        /// Evaluates the shown map once more, after that was stopped or has failed.
        EvaluateAgain => ("Measure again", "Measures the faithfulness of the shown map once more", ""),
    }
}
