//! An overlay plane (PS3.3 C.9.2): bits, and where they lie on the image.

use std::sync::Arc;

use super::Region;
use super::bit_plane::BitPlane;

/// An overlay plane where it lies on the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlayPlane {
    /// The group of its attributes, 6000 to 601E.
    pub group: u16,
    pub bits: Arc<BitPlane>,
    /// Column and row of the image, from 0, at which its first pixel lies; may be outside.
    pub left: i32,
    pub top: i32,
    /// What the file calls it; may be empty.
    pub name: String,
}

impl OverlayPlane {
    /// Which cells of a region of the image it covers, row by row.
    #[must_use]
    pub fn cells(&self, region: Region, width: usize, height: usize) -> Vec<bool> {
        let own = Region { x: region.x - self.left as f32, y: region.y - self.top as f32, ..region };
        self.bits.cells(own, width, height)
    }
}
