//! How the centre of the window is divided into views, and what a view shows.

use serde::{Deserialize, Serialize};

use crate::explain::{Method, Subject};

/// Number of a view within the layout, from 0 (left to right, top to bottom).
pub type PaneIndex = usize;
/// Most views that a layout has.
pub const MOST_PANES: usize = 16;

/// The view of the current image by itself, beside those of the layout: in another window.
pub const SECOND_PANE: PaneIndex = 2 * MOST_PANES + 1;

/// How the centre of the window is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Layout {
    /// Original | overlay.
    #[default]
    SideBySide,
    Single,
    /// The original, and one map for each class.
    ClassGrid,
    /// A | B | A − B.
    Compare,
    /// The original, and the map of one subject by each of several methods.
    MethodGrid,
    /// The image with its map beside the image as the reader has changed it, with its map.
    WhatIf,
    /// Several images, each in a place of a grid ([`super::hanging`]).
    Hanging,
}

impl Layout {
    /// Every layout, in the order of the key table.
    pub const ALL: [Self; 7] =
        [Self::SideBySide, Self::Single, Self::ClassGrid, Self::Compare, Self::MethodGrid, Self::Hanging, Self::WhatIf];

    /// The layout that a session begins with that ended with this one: there is neither an image that
    /// is questioned nor several to hang.
    #[must_use]
    pub fn at_start(self) -> Self {
        match self {
            Self::WhatIf | Self::Hanging => Self::default(),
            layout => layout,
        }
    }
}

/// What a view shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// The image alone.
    Image,
    /// The image under the map of a subject by a method.
    Map(Subject, Method),
    /// The image under the difference of two classes' maps by the chosen method.
    Difference(usize, usize),
    /// The changed image under its map of a subject by a method.
    Changed(Subject, Method),
}
