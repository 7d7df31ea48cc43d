//! The command palette, while it is open: what was typed, and which line is chosen.

/// The command palette.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    pub query: String,
    /// Place of the chosen line among those found, from 0.
    pub chosen: usize,
}
