//! Where segments meet, as straight lines to draw.

use super::Superpixels;

/// A straight line along the sides of pixels, from one corner to another: (0, 0) is the outer
/// corner of the first pixel.
pub type Run = ((usize, usize), (usize, usize));

impl Superpixels {
    /// The lines between pixels of different segments: horizontal ones first, each as long as it
    /// goes straight on.
    ///
    /// The outer border of the image is not among them.
    #[must_use]
    pub fn boundaries(&self) -> Vec<Run> {
        let (w, h) = (self.width, self.height);
        let label = |x: usize, y: usize| self.labels[y * w + x];
        let mut lines = Vec::new();
        for y in 1..h {
            lines.extend(runs(w, |x| label(x, y - 1) != label(x, y)).map(|(from, to)| ((from, y), (to, y))));
        }
        for x in 1..w {
            lines.extend(runs(h, |y| label(x - 1, y) != label(x, y)).map(|(from, to)| ((x, from), (x, to))));
        }
        lines
    }
}

/// The stretches of `0..length` on which `holds`.
fn runs(length: usize, holds: impl Fn(usize) -> bool) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let from = (at..length).find(|i| holds(*i))?;
        at = (from..length).find(|i| !holds(*i)).unwrap_or(length);
        Some((from, at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::Plane;

    #[test]
    fn boundaries_are_straight_runs_between_segments() {
        let s = Superpixels { width: 3, height: 2, labels: vec![0, 0, 1, 2, 2, 1], count: 3 };
        assert_eq!(s.boundaries(), [((0, 1), (2, 1)), ((2, 0), (2, 2))]);
    }

    #[test]
    fn a_constant_image_of_one_segment_has_no_boundaries() {
        assert!(Superpixels::slic(&Plane::filled(20, 10, 1.0), 1, 10.0).boundaries().is_empty());
        assert!(Superpixels::default().boundaries().is_empty());
    }
}
