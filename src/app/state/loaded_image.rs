//! A decoded frame with what the screen needs of it.

use std::sync::Arc;

use super::Reason;
use super::pyramid::Pyramid;
use crate::engine::lungs::LungSearch;
use crate::imaging::{Plane, Window};
use crate::study::{Frame, PresentationState};

/// A frame, ready to be shown.
#[derive(Clone, Debug)]
pub struct LoadedImage {
    pub frame: Arc<Frame>,
    pub pyramid: Arc<Pyramid>,
    /// The image in colour, where it has colours, at most as large as a screen.
    pub color: Option<Arc<image::RgbImage>>,
    /// Where its lungs lie, if that is known; or why the mask that should tell does not.
    pub lungs: Result<LungSearch, Reason>,
    /// The presentation states that are about it.
    pub presentations: Arc<Vec<PresentationState>>,
    /// From the grey values, tails cut.
    pub auto_window: Window,
}

impl LoadedImage {
    /// Bytes that its pixels take.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let plane = |plane: &Plane| 4 * plane.values.len() as u64;
        let colour = |image: Option<&Arc<image::RgbImage>>| image.map_or(0, |image| image.as_raw().len() as u64);
        let pixels = &self.frame.pixels;
        plane(&pixels.plane) + self.pyramid.bytes() + colour(pixels.color.as_ref()) + colour(self.color.as_ref())
    }
}
