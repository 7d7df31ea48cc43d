//! What a reader can do with the maps beyond colour and layer.

use crate::explain::Method;

use super::super::command::{Group, Info};
use super::super::state::PaneIndex;
use super::looks::{Contrast, Stability};

/// What a reader asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapCommand {
    /// The map of a group, in place of that of a class.
    SelectGroup(usize),
    /// The view whose looks the panel changes.
    ChoosePane(PaneIndex),
    /// Takes a method into the grid, or out of it.
    TickMethod(Method),
    /// The methods that the grid begins with.
    UsualMethods,
    /// Once more what could not be had, or was stopped.
    TryAgain(Method),
    FinerStage,
    CoarserStage,
    SetContrast(Contrast),
    ToggleContrast,
    ToggleSameLooks,
    ToggleSuperpixels,
    SetStability(Stability),
    NextStability,
}

impl MapCommand {
    /// Every command that needs no further word, in the order of the key table.
    pub fn table() -> Vec<Self> {
        use MapCommand as M;
        vec![
            M::FinerStage,
            M::CoarserStage,
            M::ToggleContrast,
            M::NextStability,
            M::ToggleSuperpixels,
            M::ToggleSameLooks,
            M::UsualMethods,
        ]
    }

    /// Label, tooltip, key and group.
    pub fn info(&self) -> Info {
        use MapCommand as M;
        let (label, tooltip, key) = match self {
            M::SelectGroup(_) => ("Show map", "Shows the map of this group", ""),
            M::ChoosePane(_) => ("Choose view", "The panel changes the looks of this view", "Click"),
            M::TickMethod(_) => ("Compare", "Takes this method into the grid of methods, or out of it", ""),
            M::UsualMethods => ("Usual methods", "Puts the methods into the grid that it begins with", ""),
            M::TryAgain(_) => ("Try again", "Asks for this map once more", ""),
            M::FinerStage => {
                ("Finer stage", "Takes the map from the stage before: finer, and less of the whole", "Shift+ArrowLeft")
            }
            M::CoarserStage => (
                "Coarser stage",
                "Takes the map from the stage behind: coarser, and closer to the score",
                "Shift+ArrowRight",
            ),
            M::SetContrast(Contrast::Maps) => {
                ("A−B of maps", "The map of A minus the map of B: where A's is the stronger one", "")
            }
            M::SetContrast(Contrast::Scores) => {
                ("A−B of scores", "The map of the score of A minus that of B: why A and not B", "")
            }
            M::ToggleContrast => {
                ("A − B of maps or scores", "Third view: difference of the maps, or map of the difference", "Shift+B")
            }
            M::ToggleSameLooks => (
                "Same in every view",
                "Opacity, threshold, colours and contours are those of every view, or of the clicked one alone",
                "Shift+K",
            ),
            M::ToggleSuperpixels => ("Superpixels", "Lines between the patches that Kernel SHAP gives values to", "P"),
            M::SetStability(Stability::Off) => ("Off", "Shows the map as it is", ""),
            M::SetStability(Stability::Stable) => {
                ("Where stable", "The fainter, the more the map changes from one dropout sample to the next", "")
            }
            M::SetStability(Stability::Deviation) => {
                ("Deviation", "Standard deviation of the map over dropout samples, on a scale of its own", "")
            }
            M::NextStability => {
                ("Stability", "Shows how stable the map is under dropout: off, where stable, deviation", "U")
            }
        };
        Info { label, tooltip, key, group: Group::Overlay }
    }
}
