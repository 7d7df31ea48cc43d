//! Where an image belongs among those of its series, and how a series stands in order.
//!
//! Slices stand by their position along the normal of their plane (Image Orientation × Image
//! Position), where all of them have one and their planes are parallel; else by Instance Number;
//! else by name. Several slices at one position stand by Instance Number.

use std::cmp::Ordering;
use std::sync::Arc;

use super::ImageEntry;
use super::frame_timing::FrameTiming;
use super::natural_order::{natural_order, order_of_options};

/// What the header of an image says of its place in a stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StackPlace {
    /// mm along the normal of the plane, and that normal (PS3.3 C.7.6.2.1.1).
    pub position: Option<(f64, [f64; 3])>,
    /// Frame of Reference UID: positions with the same one are in the same coordinates (PS3.3
    /// C.7.4.1); empty where there is none.
    pub frame_of_reference: String,
    /// Instance Number.
    pub number: Option<i64>,
    /// How fast it plays, where it says so.
    pub timing: Option<Arc<FrameTiming>>,
}

/// By what the images of a series stand in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SeriesOrder {
    Position,
    InstanceNumber,
    #[default]
    Name,
}

impl SeriesOrder {
    /// As a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Position => "In the order of their position along the normal (Image Position and Orientation)",
            Self::InstanceNumber => "In the order of Instance Number: positions are missing or not parallel",
            Self::Name => "In the order of names: the files give neither positions nor numbers",
        }
    }
}

/// Brings the images of a series into order, and says into which.
pub fn in_order(images: &mut [Arc<ImageEntry>]) -> SeriesOrder {
    let normal = images.first().and_then(|one| one.place.position).map(|(_, normal)| normal);
    let parallel = |n: &[f64; 3]| normal.is_some_and(|m| m[0] * n[0] + m[1] * n[1] + m[2] * n[2] > 0.99);
    let by_position = images.iter().all(|one| one.place.position.as_ref().is_some_and(|(_, n)| parallel(n)));
    let by_number = images.iter().any(|one| one.place.number.is_some());
    images.sort_by(|a, b| {
        let along = |one: &ImageEntry| one.place.position.map_or(0.0, |(mm, _)| mm);
        let by_place = if by_position { along(a).total_cmp(&along(b)) } else { Ordering::Equal };
        by_place
            .then_with(|| order_of_options(a.place.number.as_ref(), b.place.number.as_ref(), Ord::cmp))
            .then_with(|| natural_order(&a.title, &b.title))
            .then_with(|| a.path.cmp(&b.path))
    });
    match (by_position, by_number) {
        (true, _) => SeriesOrder::Position,
        (false, true) => SeriesOrder::InstanceNumber,
        (false, false) => SeriesOrder::Name,
    }
}
