//! Where a finding was marked: boxes or a mask, on the pixels of an image.
//!
//! Coordinates are continuous, the first pixel covers 0 to 1. A pixel belongs to a box when its centre does; a box that is
//! too thin to hold a centre keeps the pixel that it lies on.

use super::components::parts;

/// An upright rectangle in pixels; `x` and `y` are its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rectangle {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// A rectangle on an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Placed {
    Whole(Rectangle),
    /// What remained of it: the rest lies outside the image.
    Cut(Rectangle),
    Outside,
}

impl Rectangle {
    /// The same rectangle on an image that is `across` times as wide and `down` times as high.
    #[must_use]
    pub fn scaled(self, across: f64, down: f64) -> Self {
        Self { x: self.x * across, y: self.y * down, width: self.width * across, height: self.height * down }
    }

    /// The rectangle on an image of `width` × `height` pixels. Less than half a pixel outside is rounding, and not told.
    #[must_use]
    pub fn on(self, width: usize, height: usize) -> Placed {
        let (left, top) = (self.x.max(0.0), self.y.max(0.0));
        let (right, bottom) = ((self.x + self.width).min(width as f64), (self.y + self.height).min(height as f64));
        if right <= left || bottom <= top {
            return Placed::Outside;
        }
        let kept = Self { x: left, y: top, width: right - left, height: bottom - top };
        let lost = (self.width - kept.width).max(self.height - kept.height);
        if lost < 0.5 { Placed::Whole(kept) } else { Placed::Cut(kept) }
    }

    /// In square pixels.
    #[must_use]
    pub fn area(self) -> f64 {
        self.width * self.height
    }

    /// Area of the common part.
    #[must_use]
    pub fn common(self, other: Self) -> f64 {
        let across = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let down = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        across.max(0.0) * down.max(0.0)
    }

    /// Common part by union.
    #[must_use]
    pub fn iou(self, other: Self) -> f64 {
        let common = self.common(other);
        ratio(common, self.area() + other.area() - common)
    }

    /// Share of this rectangle that lies in `other` (`IoBB` where this is the detected one).
    #[must_use]
    pub fn share_in(self, other: Self) -> f64 {
        ratio(self.common(other), self.area())
    }

    /// Columns or rows whose centres lie between `start` and `start + length`, at least one.
    fn pixels(start: f64, length: f64, of: usize) -> std::ops::Range<usize> {
        let first = |edge: f64| (edge - 0.5).ceil().clamp(0.0, of as f64) as usize;
        let (low, high) = (first(start), first(start + length));
        if low < high {
            return low..high;
        }
        let lies_on = ((start + length / 2.0).max(0.0) as usize).min(of - 1);
        lies_on..lies_on + 1
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

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
            parts(&inside, width, height).into_iter().map(|part| (part.bounds, part.pixels)).unzip();
        (!boxes.is_empty() && inside.len() == width * height).then_some(Self { width, height, inside, boxes, marks })
    }

    /// Share of the image that it covers.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.inside.iter().filter(|i| **i).count() as f64 / self.inside.len().max(1) as f64
    }

    /// True when a pixel of the region lies no farther than `tolerance` pixels from the pixel `x`, `y`.
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
    fn several_boxes_are_one_region() {
        let region = Region::of_boxes(4, 1, &[at(0.0, 0.0, 1.0, 1.0), at(2.0, 0.0, 2.0, 1.0)]).unwrap();
        assert_eq!(region.inside, [true, false, true, true]);
        assert_eq!(region.boxes.len(), 2);
    }

    #[test]
    fn a_box_is_cut_to_the_image_and_one_outside_is_none() {
        assert_eq!(at(-10.0, 5.0, 30.0, 10.0).on(100, 100), Placed::Cut(at(0.0, 5.0, 20.0, 10.0)));
        assert_eq!(at(90.2, 0.0, 10.0, 10.0).on(100, 100), Placed::Whole(at(90.2, 0.0, 100.0 - 90.2, 10.0)));
        assert_eq!(at(100.0, 0.0, 10.0, 10.0).on(100, 100), Placed::Outside);
        assert_eq!(at(f64::MAX, 0.0, f64::MAX, 1.0).on(100, 100), Placed::Outside);
        assert_eq!(Region::of_boxes(100, 100, &[at(200.0, 0.0, 10.0, 10.0)]), None);
    }

    #[test]
    fn overlap_is_told_by_union_and_by_the_detected_box() {
        let (found, marked) = (at(0.0, 0.0, 2.0, 2.0), at(1.0, 0.0, 3.0, 2.0));
        assert_eq!(found.iou(marked), 2.0 / 8.0);
        assert_eq!(found.share_in(marked), 0.5);
        assert_eq!(at(9.0, 9.0, 1.0, 1.0).iou(marked), 0.0);
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
