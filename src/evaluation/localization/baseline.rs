//! What a map must beat: a blob that knows nothing of the image.
//!
//! A Gaussian in the centre of the image is right surprisingly often, for findings lie where lungs are (Tatler 2007 on the
//! central bias). So that only the place differs, the blob is as large as the map: above half its maximum it covers the same
//! area. The other rival is the same blob at a random place.
//!
//! With a standard deviation of `s` times the sides of the image, the blob is above half its maximum in an ellipse of
//! `2π ln 2 · s²` of the image.

use std::f64::consts::{LN_2, PI};

use crate::imaging::Plane;

/// Area of the blob that stands against a map which shows nothing, as a share of the image.
pub const AREA: f64 = 0.1;

/// A Gaussian of 1 at `center` (fractions of the sides) that is above ½ on `area` of the image, where it lies on it.
#[must_use]
pub fn blob(width: usize, height: usize, center: (f64, f64), area: f64) -> Plane {
    let spread = (area.clamp(1e-4, 1.0) / (2.0 * PI * LN_2)).sqrt();
    let falloff = |n: usize, center: f64| -> Vec<f64> {
        let distance = |i: usize| ((i as f64 + 0.5) / n as f64 - center) / spread;
        (0..n).map(|i| (-0.5 * distance(i).powi(2)).exp()).collect()
    };
    let (across, down) = (falloff(width, center.0), falloff(height, center.1));
    let values = down.iter().flat_map(|d| across.iter().map(move |a| (a * d) as f32)).collect();
    Plane { width, height, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blob_is_as_large_as_asked() {
        for (width, height, area) in [(200, 200, 0.1), (300, 150, 0.3)] {
            let blob = blob(width, height, (0.5, 0.5), area);
            let above = blob.values.iter().filter(|v| **v > 0.5).count() as f64 / (width * height) as f64;
            assert!((above - area).abs() < 0.005, "{above} {area}");
        }
    }

    #[test]
    fn its_top_is_where_it_was_put() {
        let blob = blob(10, 20, (0.25, 0.875), 0.05);
        let top = blob.values.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
        assert_eq!((top % 10, top / 10), (2, 17));
    }
}
