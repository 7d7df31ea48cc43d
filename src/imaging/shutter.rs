//! Display shutters (PS3.3 C.7.6.11, C.7.6.15): what of an image is not for the eye.
//!
//! Several shutters close together: a pixel is seen where all of them are open. They belong to the
//! display alone; a model is given the whole image.

use super::Region;
use super::overlay_plane::OverlayPlane;

/// One shutter, in pixels of the image: (0, 0) is the outer corner of the first pixel.
#[derive(Clone, Debug, PartialEq)]
pub enum Shutter {
    /// Open within.
    Rectangle { left: f32, top: f32, right: f32, bottom: f32 },
    /// Open within; half axes along columns and rows, equal where pixels are square.
    Ellipse { center: [f32; 2], radius: [f32; 2] },
    /// Open within (even–odd rule).
    Polygon(Vec<[f32; 2]>),
    /// Closed where a bit is set.
    Bitmap(OverlayPlane),
}

/// The shutters of an image, with the grey of what they close.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shutters {
    pub shapes: Vec<Shutter>,
    /// 0 black, 255 white.
    pub grey: u8,
}

impl Shutters {
    /// Which of the `width` × `height` cells of a region are closed, row by row.
    #[must_use]
    pub fn closed(&self, region: Region, width: usize, height: usize) -> Vec<bool> {
        let mut closed = vec![false; width * height];
        let x_of = |i: usize| region.x + region.width * (i as f32 + 0.5) / width.max(1) as f32;
        let y_of = |j: usize| region.y + region.height * (j as f32 + 0.5) / height.max(1) as f32;
        for shape in &self.shapes {
            if let Shutter::Bitmap(plane) = shape {
                let hidden = plane.cells(region, width, height);
                closed.iter_mut().zip(hidden).for_each(|(closed, hidden)| *closed |= hidden);
                continue;
            }
            for (j, row) in closed.chunks_mut(width.max(1)).enumerate() {
                let open = shape.open_at(y_of(j));
                let is_open = |x: f32| open.iter().any(|[from, to]| (*from..=*to).contains(&x));
                row.iter_mut().enumerate().for_each(|(i, closed)| *closed |= !is_open(x_of(i)));
            }
        }
        closed
    }
}

impl Shutter {
    /// From where to where the shutter is open along the line at `y`.
    fn open_at(&self, y: f32) -> Vec<[f32; 2]> {
        match self {
            Self::Rectangle { left, top, right, bottom } => {
                if (*top..=*bottom).contains(&y) {
                    vec![[*left, *right]]
                } else {
                    Vec::new()
                }
            }
            Self::Ellipse { center, radius } => {
                let part = (y - center[1]) / radius[1];
                let half = radius[0] * (1.0 - part * part).max(0.0).sqrt();
                if part.abs() <= 1.0 { vec![[center[0] - half, center[0] + half]] } else { Vec::new() }
            }
            Self::Polygon(points) => {
                let next = points.iter().cycle().skip(1);
                let mut crossings: Vec<f32> = points
                    .iter()
                    .zip(next)
                    .filter(|([_, y0], [_, y1])| (*y0 <= y) != (*y1 <= y))
                    .map(|([x0, y0], [x1, y1])| x0 + (y - y0) / (y1 - y0) * (x1 - x0))
                    .collect();
                crossings.sort_by(f32::total_cmp);
                crossings.as_chunks().0.to_vec()
            }
            Self::Bitmap(_) => vec![[f32::MIN, f32::MAX]],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bit_plane::BitPlane;

    fn seen(shapes: Vec<Shutter>) -> Vec<String> {
        let whole = Region { x: 0.0, y: 0.0, width: 6.0, height: 5.0 };
        let closed = Shutters { shapes, grey: 0 }.closed(whole, 6, 5);
        closed.chunks(6).map(|row| row.iter().map(|c| if *c { '.' } else { 'o' }).collect()).collect()
    }

    #[test]
    fn a_rectangle_is_open_within_its_edges() {
        let shape = Shutter::Rectangle { left: 1.0, top: 2.0, right: 4.0, bottom: 4.0 };
        assert_eq!(seen(vec![shape]), ["......", "......", ".ooo..", ".ooo..", "......"]);
    }

    #[test]
    fn a_circle_is_an_ellipse_of_pixels_that_are_not_square() {
        let shape = |radius| Shutter::Ellipse { center: [3.0, 2.5], radius };
        assert_eq!(seen(vec![shape([2.0, 2.0])]), ["......", ".oooo.", ".oooo.", ".oooo.", "......"]);
        assert_eq!(seen(vec![shape([3.0, 1.2])]), ["......", ".oooo.", "oooooo", ".oooo.", "......"]);
    }

    #[test]
    fn a_polygon_is_open_within_and_degenerate_ones_are_closed() {
        let triangle = Shutter::Polygon(vec![[0.0, 0.0], [6.0, 0.0], [0.0, 5.0]]);
        assert_eq!(seen(vec![triangle]), ["ooooo.", "oooo..", "ooo...", "oo....", "o....."]);
        assert!(seen(vec![Shutter::Polygon(Vec::new())]).iter().all(|row| row == "......"));
    }

    #[test]
    fn several_shutters_close_together() {
        let bits = BitPlane::new(2, 1, [true, false]);
        let bitmap = OverlayPlane { group: 0x6002, bits: Arc::new(bits), left: 2, top: 2, name: String::new() };
        let rectangle = Shutter::Rectangle { left: 1.0, top: 2.0, right: 4.0, bottom: 3.0 };
        assert_eq!(seen(vec![rectangle, Shutter::Bitmap(bitmap)]), ["......", "......", ".o.o..", "......", "......"]);
    }
}
