//! Maps of many images in one frame: each is moved and stretched so that the box around its lungs
//! comes to lie in the same place (an affine map of two scales and a shift), then their mean is
//! taken.
//!
//! What it does not do: align anything inside the box. Hearts, diaphragms and ribs blur.

use crate::imaging::Plane;

/// Side of the frame in pixels.
pub const SIDE: usize = 128;
/// Part of the frame's side left, right, above and below the lungs.
const MARGIN: f32 = 0.15;

/// A mean in the making.
#[derive(Clone, Debug, Default)]
pub struct FrameMean {
    sum: Vec<f64>,
    seen: Vec<u32>,
    images: usize,
}

impl FrameMean {
    /// Adds a plane that covers an image whose lungs have these `bounds` (left, top, right, bottom
    /// in parts of its sides). Pixels of the frame beside the image take no part.
    pub fn add(&mut self, plane: &Plane, bounds: [f32; 4]) {
        if plane.values.is_empty() || plane.values.len() != plane.width * plane.height {
            return;
        }
        if self.sum.is_empty() {
            (self.sum, self.seen) = (vec![0.0; SIDE * SIDE], vec![0; SIDE * SIDE]);
        }
        let [left, top, right, bottom] = bounds;
        let places = |from: f32, to: f32, pixels: usize| -> Vec<Option<usize>> {
            let at = |i: usize| from + ((i as f32 + 0.5) / SIDE as f32 - MARGIN) / (1.0 - 2.0 * MARGIN) * (to - from);
            let pixel = |part: f32| ((part * pixels as f32) as usize).min(pixels - 1);
            (0..SIDE).map(|i| Some(at(i)).filter(|p| (0.0..=1.0).contains(p)).map(pixel)).collect()
        };
        let (columns, rows) = (places(left, right, plane.width), places(top, bottom, plane.height));
        for (y, row) in rows.iter().enumerate() {
            for (x, column) in columns.iter().enumerate() {
                if let (Some(row), Some(column)) = (row, column) {
                    self.sum[y * SIDE + x] += f64::from(plane.at(*column, *row));
                    self.seen[y * SIDE + x] += 1;
                }
            }
        }
        self.images += 1;
    }

    /// How many images were added.
    #[must_use]
    pub fn images(&self) -> usize {
        self.images
    }

    /// The mean, 0 where no image reaches; `None` of none.
    #[must_use]
    pub fn mean(&self) -> Option<Plane> {
        let mean = |(sum, n): (&f64, &u32)| if *n > 0 { (sum / f64::from(*n)) as f32 } else { 0.0 };
        let values = self.sum.iter().zip(&self.seen).map(mean).collect();
        (self.images > 0).then_some(Plane { width: SIDE, height: SIDE, values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A spot in the middle of the lungs' box, wherever that lies.
    fn spot(bounds: [f32; 4]) -> Plane {
        let (x, y) = (f32::midpoint(bounds[0], bounds[2]) * 200.0, f32::midpoint(bounds[1], bounds[3]) * 100.0);
        let near = |i: usize| ((i % 200) as f32 + 0.5 - x).abs() < 8.0 && ((i / 200) as f32 + 0.5 - y).abs() < 4.0;
        let values = (0..200 * 100).map(|i| f32::from(u8::from(near(i)))).collect();
        Plane { width: 200, height: 100, values }
    }

    #[test]
    fn what_lies_in_the_same_place_of_the_lungs_falls_together() {
        let mut mean = FrameMean::default();
        for bounds in [[0.1, 0.1, 0.5, 0.6], [0.5, 0.3, 0.9, 0.9], [0.2, 0.2, 0.8, 0.8]] {
            mean.add(&spot(bounds), bounds);
        }
        assert_eq!(mean.images(), 3);
        let mean = mean.mean().unwrap();
        assert!(mean.at(SIDE / 2, SIDE / 2) > 0.99, "{}", mean.at(SIDE / 2, SIDE / 2));
        assert!(mean.at(SIDE / 4, SIDE / 2) < 0.01);
    }

    #[test]
    fn the_box_of_the_lungs_lies_within_the_margin() {
        let bounds = [0.25, 0.25, 0.75, 0.75];
        let inside = |i: usize| (50..150).contains(&(i % 200)) && (25..75).contains(&(i / 200));
        let values = (0..200 * 100).map(|i| f32::from(u8::from(inside(i)))).collect();
        let mut mean = FrameMean::default();
        mean.add(&Plane { width: 200, height: 100, values }, bounds);
        let mean = mean.mean().unwrap();
        let share = mean.values.iter().sum::<f32>() / mean.values.len() as f32;
        assert!((share - 0.49).abs() < 0.02, "{share}");
    }

    #[test]
    fn parts_of_the_frame_beside_the_image_take_no_part() {
        // Lungs as wide as the image: the frame's margins lie beside it.
        let mut mean = FrameMean::default();
        mean.add(&Plane::filled(10, 10, 1.0), [0.0, 0.0, 1.0, 1.0]);
        let plane = mean.mean().unwrap();
        assert_eq!((plane.at(0, 0), plane.at(SIDE / 2, SIDE / 2)), (0.0, 1.0));
        assert!(FrameMean::default().mean().is_none());
    }
}
