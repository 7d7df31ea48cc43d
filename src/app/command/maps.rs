//! Which maps are shown: methods, stages, differences, stability, and the view that the panel
//! speaks of.

use super::declare::commands;
use crate::app::state::PaneIndex;
use crate::app::state::display_options::{Contrast, Stability};
use crate::explain::Method;

commands! {
    /// What a reader asks of the maps beyond colour and layer.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum MapCommand of Overlay {
        /// The map of a group, in place of that of a class.
        SelectGroup(_: usize) => ("Show map", "Shows the map of this group"),
        /// The view whose style the panel changes.
        ChoosePane(_: PaneIndex) => ("Choose view", "The panel changes the style of this view"),
        /// Takes a method into the grid, or out of it.
        TickMethod(_: Method) => ("Compare", "Takes this method into the grid of methods, or out of it"),
        /// Once more what could not be had, or was stopped.
        TryAgain(_: Method) => ("Try again", "Asks for this map once more"),
        FinerStage => (
            "Finer stage",
            "Takes the map from the stage before: finer, and less of the whole",
            "Shift+ArrowLeft",
        ),
        CoarserStage => (
            "Coarser stage",
            "Takes the map from the stage behind: coarser, and closer to the score",
            "Shift+ArrowRight",
        ),
        SetContrast(contrast: Contrast) in Contrast::ALL => match contrast {
            Contrast::Maps => ("A−B of maps", "The map of A minus the map of B: where A's is the stronger one", ""),
            Contrast::Scores => ("A−B of scores", "The map of the score of A minus that of B: why A and not B", ""),
        },
        ToggleContrast => (
            "A − B of maps or scores",
            "Third view: difference of the maps, or map of the difference",
            "Shift+B",
        ),
        SetStability(stability: Stability) in Stability::ALL => match stability {
            Stability::Off => ("Off", "Shows the map as it is", ""),
            Stability::Stable => (
                "Where stable",
                "The fainter, the more the map changes from one dropout sample to the next",
                "",
            ),
            Stability::Deviation => (
                "Deviation",
                "Standard deviation of the map over dropout samples, on a scale of its own",
                "",
            ),
        },
        NextStability => (
            "Stability",
            "Shows how stable the map is under dropout: off, where stable, deviation",
            "U",
        ),
        ToggleSuperpixels => ("Superpixels", "Lines between the patches that Kernel SHAP gives values to", "P"),
        ToggleSameDisplay => (
            "Same in every view",
            "Opacity, threshold, colours and contours are those of every view, or of the clicked one alone",
            "Shift+K",
        ),
        /// The methods that the grid begins with.
        UsualMethods => ("Usual methods", "Puts the methods into the grid that it begins with", ""),
    }
}
