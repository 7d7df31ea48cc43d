//! The image at half, quarter … size, so that sampling it for the screen costs the same at every
//! zoom.
//!
//! Made once on the loading thread. A view samples from the smallest level that still has a pixel
//! for every pixel of the screen; what it costs is then bounded by the size of the view, not by
//! that of the image.

use crate::imaging::Plane;
use crate::imaging::resample::{Region, sample_region};

/// Levels stop when a side is shorter than this.
const SHORTEST: usize = 256;

/// The halved planes; the plane itself is level 0 and stays in its frame.
#[derive(Clone, Debug, Default)]
pub struct Pyramid {
    halves: Vec<Plane>,
}

impl Pyramid {
    /// Halves `plane` until it is small.
    pub fn new(plane: &Plane) -> Self {
        let mut halves: Vec<Plane> = Vec::new();
        loop {
            let last = halves.last().unwrap_or(plane);
            if last.width.min(last.height) < 2 * SHORTEST {
                return Self { halves };
            }
            halves.push(halved(last));
        }
    }

    /// Bytes that the smaller planes take.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.halves.iter().map(|half| 4 * half.values.len() as u64).sum()
    }

    /// `width` × `height` values of a region of `plane` (level 0, its pixels).
    pub fn sample(&self, plane: &Plane, region: Region, width: usize, height: usize) -> Plane {
        let step = (region.width / width.max(1) as f32).min(region.height / height.max(1) as f32);
        let mut level = 0;
        while level < self.halves.len() && step >= f32::from(2_u16 << level) {
            level += 1;
        }
        if level == 0 {
            return sample_region(plane, region, width, height);
        }
        let half = &self.halves[level - 1];
        let (fx, fy) = (half.width as f32 / plane.width as f32, half.height as f32 / plane.height as f32);
        let region =
            Region { x: region.x * fx, y: region.y * fy, width: region.width * fx, height: region.height * fy };
        sample_region(half, region, width, height)
    }
}

/// The mean of every 2 × 2 pixels; an odd last row or column joins its neighbour's mean.
fn halved(plane: &Plane) -> Plane {
    let (width, height) = (plane.width / 2, plane.height / 2);
    let mut values = Vec::with_capacity(width * height);
    for y in 0..height {
        let (upper, lower) =
            (&plane.values[2 * y * plane.width..], &plane.values[(2 * y + 1) * plane.width..(2 * y + 2) * plane.width]);
        values.extend((0..width).map(|x| 0.25 * (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1])));
    }
    Plane { width, height, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_keeps_the_mean() {
        let plane =
            Plane { width: 1024, height: 1024, values: (0..1024 * 1024).map(|i| ((i * 7) % 100) as f32).collect() };
        let pyramid = Pyramid::new(&plane);
        assert_eq!(pyramid.halves.len(), 2);
        let mean = |p: &Plane| p.values.iter().map(|v| f64::from(*v)).sum::<f64>() / p.values.len() as f64;
        assert!((mean(&plane) - mean(&pyramid.halves[1])).abs() < 0.1);
    }

    #[test]
    fn a_level_shows_the_same_part_as_the_image_itself() {
        let values = (0..2048 * 1024).map(|i| (i % 2048) as f32).collect();
        let plane = Plane { width: 2048, height: 1024, values };
        let region = Region { x: 400.0, y: 100.0, width: 800.0, height: 600.0 };
        let (a, b) = (Pyramid::new(&plane).sample(&plane, region, 100, 75), sample_region(&plane, region, 100, 75));
        assert!(a.values.iter().zip(&b.values).all(|(a, b)| (a - b).abs() < 2.0));
    }

    #[test]
    fn small_images_have_no_levels() {
        assert!(Pyramid::new(&Plane::filled(300, 3000, 0.0)).halves.is_empty());
    }
}
