//! A view laid into a rectangle of the screen: from image pixels to screen points and back. Pure
//! geometry.
//!
//! ```text
//! screen = middle of the view + turn · flip · (image point − middle of the image − center) · scale
//! ```
//!
//! where `scale` is screen points per image pixel: `zoom` × the scale at which the turned image
//! just fits. Pixels that are not square are shown square in millimetres: the aspect ratio belongs
//! to the image's columns.

use crate::app::state::View;

/// A view laid into a rectangle of the screen: converts between image pixels and screen points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Placement {
    /// Middle of the rectangle, screen points.
    middle: [f32; 2],
    /// Columns and rows of the image.
    size: [f32; 2],
    /// Screen points for a column and for a row.
    pub scale: [f32; 2],
    right: [f32; 2],
    down: [f32; 2],
    center: [f32; 2],
}

impl Placement {
    /// `aspect` is the height of a pixel over its width (row spacing / column spacing), 1 where
    /// unknown.
    pub(crate) fn new(view: &View, middle: [f32; 2], available: [f32; 2], size: [f32; 2], aspect: f32) -> Self {
        let [columns, rows] = view.fit.unwrap_or(size);
        let shown = [columns.max(1.0), rows.max(1.0) * aspect];
        let seen = if view.turns.is_multiple_of(2) { shown } else { [shown[1], shown[0]] };
        let fit = (available[0] / seen[0]).min(available[1] / seen[1]).max(1e-6);
        let scale = fit * view.zoom;
        let (right, down) = view.axes();
        Self { middle, size, scale: [scale, scale * aspect], right, down, center: view.center }
    }

    /// Where a point of the image (pixels; 0, 0 is the outer corner of the first) lies on the
    /// screen.
    pub(crate) fn to_screen(self, [x, y]: [f32; 2]) -> [f32; 2] {
        let u = (x - 0.5 * self.size[0] - self.center[0]) * self.scale[0];
        let v = (y - 0.5 * self.size[1] - self.center[1]) * self.scale[1];
        std::array::from_fn(|i| self.middle[i] + u * self.right[i] + v * self.down[i])
    }

    /// The point of the image at a point of the screen; may lie outside the image.
    pub(crate) fn to_image(self, point: [f32; 2]) -> [f32; 2] {
        let [u, v] = self.vector_to_image([point[0] - self.middle[0], point[1] - self.middle[1]]);
        [u + 0.5 * self.size[0] + self.center[0], v + 0.5 * self.size[1] + self.center[1]]
    }

    /// A movement on the screen in image pixels.
    pub(crate) fn vector_to_image(&self, [dx, dy]: [f32; 2]) -> [f32; 2] {
        // The axes are orthonormal: their transpose is their inverse.
        [
            (dx * self.right[0] + dy * self.right[1]) / self.scale[0],
            (dx * self.down[0] + dy * self.down[1]) / self.scale[1],
        ]
    }

    /// Columns, or rows where the image lies on its side, for a point of the screen to the right.
    pub(crate) fn across(&self) -> f32 {
        1.0 / if self.right[0] == 0.0 { self.scale[1] } else { self.scale[0] }
    }

    /// The same so many times as large, with the point of the screen where it is.
    pub(crate) fn magnified(self, at: [f32; 2], times: f32) -> Self {
        let center = self.relative_to_middle(self.to_image(at));
        Self { middle: at, center, scale: self.scale.map(|scale| scale * times), ..self }
    }

    /// The same point as pixels from the middle of the image, as [`View::zoom_around`] takes it.
    pub(crate) fn relative_to_middle(self, [x, y]: [f32; 2]) -> [f32; 2] {
        [x - 0.5 * self.size[0], y - 0.5 * self.size[1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(view: &View) -> Placement {
        Placement::new(view, [100.0, 50.0], [200.0, 100.0], [40.0, 20.0], 1.0)
    }

    fn close(a: [f32; 2], b: [f32; 2]) -> bool {
        (a[0] - b[0]).abs() < 1e-3 && (a[1] - b[1]).abs() < 1e-3
    }

    #[test]
    fn the_image_fits_its_view_at_zoom_one() {
        let p = placed(&View::default());
        assert!(close(p.to_screen([0.0, 0.0]), [0.0, 0.0]) && close(p.to_screen([40.0, 20.0]), [200.0, 100.0]));
    }

    #[test]
    fn screen_and_image_are_inverse_under_every_turn_and_flip() {
        for turns in 0..4 {
            for (flip_horizontal, flip_vertical) in [(false, false), (true, false), (false, true), (true, true)] {
                let view =
                    View { turns, flip_horizontal, flip_vertical, zoom: 1.7, center: [3.0, -2.0], ..View::default() };
                let p = Placement::new(&view, [100.0, 50.0], [200.0, 100.0], [40.0, 20.0], 1.3);
                assert!(close(p.to_image(p.to_screen([7.0, 3.0])), [7.0, 3.0]));
            }
        }
    }

    #[test]
    fn a_turn_to_the_right_brings_the_top_to_the_right() {
        let mut view = View::default();
        view.rotate(1);
        let p = placed(&view);
        assert!(p.to_screen([20.0, 0.0])[0] > p.to_screen([20.0, 20.0])[0]);
    }

    #[test]
    fn a_mirror_acts_on_the_picture_as_it_is_seen() {
        let mut view = View::default();
        view.rotate(1);
        let before = placed(&view).to_screen([5.0, 2.0]);
        view.mirror_horizontal();
        let after = placed(&view).to_screen([5.0, 2.0]);
        assert!(close(after, [200.0 - before[0], before[1]]));
    }

    #[test]
    fn the_point_under_the_cursor_stays_when_zooming() {
        let mut view = View { center: [4.0, 1.0], turns: 3, ..View::default() };
        let cursor = [60.0, 70.0];
        let p = placed(&view);
        let point = p.to_image(cursor);
        view.zoom_around(2.5, p.relative_to_middle(point));
        assert!(close(placed(&view).to_screen(point), cursor));
    }

    #[test]
    fn a_lens_shows_the_same_point_under_the_pointer_and_its_surroundings_larger() {
        let p = placed(&View { turns: 1, flip_horizontal: true, center: [2.0, 1.0], ..View::default() });
        let lens = p.magnified([60.0, 70.0], 3.0);
        assert!(close(lens.to_image([60.0, 70.0]), p.to_image([60.0, 70.0])));
        assert!(close(lens.to_screen(p.to_image([63.0, 66.0])), [69.0, 58.0]));
    }

    #[test]
    fn an_area_that_was_asked_for_fills_the_view_at_zoom_one() {
        let view = View { fit: Some([10.0, 5.0]), center: [5.0, 0.0], ..View::default() };
        let p = placed(&view);
        assert!(close(p.to_screen([20.0, 7.5]), [0.0, 0.0]) && close(p.to_screen([30.0, 12.5]), [200.0, 100.0]));
    }

    #[test]
    fn pixels_that_are_not_square_are_shown_in_their_true_shape() {
        let p = Placement::new(&View::default(), [50.0, 50.0], [100.0, 100.0], [10.0, 10.0], 2.0);
        assert!((p.scale[1] - 2.0 * p.scale[0]).abs() < 1e-4 && (p.scale[1] * 10.0 - 100.0).abs() < 1e-3);
    }
}
