//! A small copy of an image in 8 bits: the gate and the population detector's network learn from
//! thousands of them.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use crate::imaging::Plane;

/// An 8-bit square image, as the training of gates keeps it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SmallImage {
    pub size: usize,
    pub greys: Vec<u8>,
}

impl SmallImage {
    /// Grey values from 0 to 1.
    pub fn plane(&self) -> Plane {
        let values = self.greys.iter().map(|&g| f32::from(g) / 255.0).collect();
        Plane { width: self.size, height: self.size, values }
    }

    /// Rounds values from 0 to 1 to 8 bits.
    pub fn from_plane(plane: &Plane) -> Self {
        let greys = plane.values.iter().map(|v| (v * 255.0).round().clamp(0.0, 255.0) as u8).collect();
        Self { size: plane.width, greys }
    }
}

/// A member of a list.
pub(super) fn any<'a>(list: &'a [SmallImage], rng: &mut ChaCha8Rng) -> &'a SmallImage {
    &list[rng.random_range(0..list.len())]
}
