//! Where a finding was marked: the union of boxes, or a mask, on the pixels of an image.

use super::components::components;
use super::rectangle::{Placed, Rectangle};

/// All that was marked for one finding in one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    pub width: usize,
    pub height: usize,
    /// The union of what was marked, row by row.
    pub inside: Vec<bool>,
    /// The boxes, or those around the connected parts of a mask.
    pub boxes: Vec<Rectangle>,
    /// For each of them the numbers of the pixels that were marked.
    pub marks: Vec<Vec<usize>>,
}

impl Region {
    /// The union of boxes, cut to the image; `None` when nothing of them lies on it.
    #[must_use]
    pub fn of_boxes(width: usize, height: usize, boxes: &[Rectangle]) -> Option<Self> {
        let on = |b: &Rectangle| match b.on(width, height) {
            Placed::Whole(b) | Placed::Cut(b) => Some(b),
            Placed::Outside => None,
        };
        let boxes: Vec<Rectangle> = boxes.iter().filter_map(on).collect();
        if boxes.is_empty() {
            return None;
        }
        let marked = |b: &Rectangle| -> Vec<usize> {
            let columns = Rectangle::pixels(b.x, b.width, width);
            let rows = Rectangle::pixels(b.y, b.height, height);
            rows.flat_map(|row| columns.clone().map(move |column| row * width + column)).collect()
        };
        let marks: Vec<Vec<usize>> = boxes.iter().map(marked).collect();
        let mut inside = vec![false; width * height];
        marks.iter().flatten().for_each(|pixel| inside[*pixel] = true);
        Some(Self { width, height, inside, boxes, marks })
    }

    /// A mask, row by row; `None` when no pixel is marked.
    #[must_use]
    pub fn of_mask(width: usize, height: usize, inside: Vec<bool>) -> Option<Self> {
        let (boxes, marks): (Vec<_>, Vec<_>) =
            components(&inside, width, height).into_iter().map(|found| (found.bounds, found.pixels)).unzip();
        (!boxes.is_empty() && inside.len() == width * height).then_some(Self { width, height, inside, boxes, marks })
    }

    /// Share of the image that it covers.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.inside.iter().filter(|i| **i).count() as f64 / self.inside.len().max(1) as f64
    }

    /// True when a pixel of the region lies no farther than `tolerance` pixels from the pixel `x`,
    /// `y`.
    #[must_use]
    pub fn near(&self, (x, y): (usize, usize), tolerance: f64) -> bool {
        let reach = tolerance.clamp(0.0, (self.width + self.height) as f64) as usize;
        let rows = y.saturating_sub(reach)..(y + reach + 1).min(self.height);
        rows.into_iter().any(|row| {
            let columns = x.saturating_sub(reach)..(x + reach + 1).min(self.width);
            columns.into_iter().any(|column| {
                let (across, down) = (column.abs_diff(x) as f64, row.abs_diff(y) as f64);
                self.inside[row * self.width + column] && across.hypot(down) <= tolerance.max(0.0)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64, width: f64, height: f64) -> Rectangle {
        Rectangle { x, y, width, height }
    }

    #[test]
    fn a_pixel_belongs_to_a_box_when_its_centre_does() {
        let region = Region::of_boxes(4, 2, &[at(0.6, 0.0, 2.0, 1.0)]).unwrap();
        assert_eq!(region.inside, [false, true, true, false, false, false, false, false]);
        assert_eq!(region.share(), 0.25);
    }

    #[test]
    fn a_box_thinner_than_a_pixel_keeps_the_pixel_it_lies_on() {
        let region = Region::of_boxes(4, 1, &[at(2.6, 0.0, 0.2, 1.0)]).unwrap();
        assert_eq!(region.inside, [false, false, true, false]);
        let last = Region::of_boxes(4, 1, &[at(3.9, 0.9, 0.1, 0.1)]).unwrap();
        assert_eq!(last.inside, [false, false, false, true]);
    }

    #[test]
    fn several_boxes_are_one_region_and_a_box_outside_is_none() {
        let region = Region::of_boxes(4, 1, &[at(0.0, 0.0, 1.0, 1.0), at(2.0, 0.0, 2.0, 1.0)]).unwrap();
        assert_eq!(region.inside, [true, false, true, true]);
        assert_eq!(region.boxes.len(), 2);
        assert_eq!(Region::of_boxes(100, 100, &[at(200.0, 0.0, 10.0, 10.0)]), None);
    }

    #[test]
    fn a_mask_without_a_mark_is_no_region() {
        assert_eq!(Region::of_mask(2, 2, vec![false; 4]), None);
        let mask = Region::of_mask(3, 2, vec![false, true, true, false, false, false]).unwrap();
        assert_eq!(mask.boxes, [at(1.0, 0.0, 2.0, 1.0)]);
    }

    #[test]
    fn tolerance_is_the_distance_to_the_nearest_marked_pixel() {
        let region = Region::of_boxes(20, 20, &[at(10.0, 10.0, 5.0, 5.0)]).unwrap();
        assert!(region.near((10, 10), 0.0) && !region.near((9, 10), 0.0));
        assert!(region.near((7, 6), 5.0) && !region.near((7, 6), 4.9));
        assert!(region.near((0, 0), f64::INFINITY) && !region.near((0, 0), f64::NAN));
    }
}
