//! An upright rectangle on the pixels of an image.
//!
//! Coordinates are continuous, the first pixel covers 0 to 1. A pixel belongs to a rectangle when
//! its centre does; a rectangle that is too thin to hold a centre keeps the pixel that it lies on.

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

    /// The rectangle on an image of `width` × `height` pixels. Less than half a pixel outside is
    /// rounding and not reported.
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
    pub(super) fn pixels(start: f64, length: f64, of: usize) -> std::ops::Range<usize> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64, width: f64, height: f64) -> Rectangle {
        Rectangle { x, y, width, height }
    }

    #[test]
    fn a_box_is_cut_to_the_image_or_lies_outside() {
        assert_eq!(at(-10.0, 5.0, 30.0, 10.0).on(100, 100), Placed::Cut(at(0.0, 5.0, 20.0, 10.0)));
        assert_eq!(at(90.2, 0.0, 10.0, 10.0).on(100, 100), Placed::Whole(at(90.2, 0.0, 100.0 - 90.2, 10.0)));
        assert_eq!(at(100.0, 0.0, 10.0, 10.0).on(100, 100), Placed::Outside);
        assert_eq!(at(f64::MAX, 0.0, f64::MAX, 1.0).on(100, 100), Placed::Outside);
    }

    #[test]
    fn overlap_is_measured_by_union_and_by_the_detected_box() {
        let (found, marked) = (at(0.0, 0.0, 2.0, 2.0), at(1.0, 0.0, 3.0, 2.0));
        assert_eq!(found.iou(marked), 2.0 / 8.0);
        assert_eq!(found.share_in(marked), 0.5);
        assert_eq!(at(9.0, 9.0, 1.0, 1.0).iou(marked), 0.0);
    }
}
