//! Rows and columns of places for images.

use serde::{Deserialize, Serialize};

/// Number of a place in the grid, from 0 (left to right, top to bottom).
pub type SlotIndex = usize;
/// Most places of a grid.
pub const MOST_SLOTS: usize = 9;

/// Rows and columns of the places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grid {
    pub rows: usize,
    pub columns: usize,
}

impl Grid {
    /// One image beside another one.
    pub const PAIR: Self = Self::new(1, 2);
    /// Every grid, in the order of the bar.
    pub const ALL: [Self; 9] = [
        Self::new(1, 1),
        Self::new(1, 2),
        Self::new(1, 3),
        Self::new(2, 1),
        Self::new(2, 2),
        Self::new(2, 3),
        Self::new(3, 1),
        Self::new(3, 2),
        Self::new(3, 3),
    ];

    const fn new(rows: usize, columns: usize) -> Self {
        Self { rows, columns }
    }

    /// How many places there are.
    #[must_use]
    pub fn slots(self) -> usize {
        self.rows * self.columns
    }

    /// `1 × 2`: rows and columns.
    #[must_use]
    pub fn words(self) -> String {
        format!("{} × {}", self.rows, self.columns)
    }
}
