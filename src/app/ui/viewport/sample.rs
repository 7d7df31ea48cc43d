//! A part of the image at the resolution of the screen, as grey values.

use std::sync::Arc;

use crate::app::state::pyramid::Pyramid;
use crate::imaging::Plane;
use crate::imaging::resample::Region;
use crate::study::Frame;

/// What a sample is made of. The frame is held, so that its address cannot be taken by another one.
#[derive(Clone)]
pub(super) struct SampleKey {
    pub frame: Arc<Frame>,
    /// Part of the image, in its pixels.
    pub region: Region,
    /// Columns and rows of the sample.
    pub size: [usize; 2],
}

impl PartialEq for SampleKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.frame, &other.frame) && self.region == other.region && self.size == other.size
    }
}

impl SampleKey {
    /// The values of the part.
    pub(super) fn sample(&self, pyramid: &Pyramid) -> Plane {
        pyramid.sample(&self.frame.pixels.plane, self.region, self.size[0], self.size[1])
    }
}

/// Whole pixels of a plane, where they are shown as squares.
pub(super) fn whole_pixels(plane: &Plane, region: Region) -> Plane {
    let (x, y, width, height) = (region.x as usize, region.y as usize, region.width as usize, region.height as usize);
    let rows = plane.values.chunks(plane.width.max(1)).skip(y).take(height);
    Plane { width, height, values: rows.flat_map(|row| &row[x..x + width]).copied().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_cut_whole_where_they_are_shown_as_squares() {
        let plane = Plane { width: 4, height: 3, values: (0..12).map(|v| v as f32).collect() };
        let part = whole_pixels(&plane, Region { x: 1.0, y: 1.0, width: 2.0, height: 2.0 });
        assert_eq!(part.values, [5.0, 6.0, 9.0, 10.0]);
    }
}
