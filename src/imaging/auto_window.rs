//! The window of an image whose file gives none, and of the reader's "auto" key: 0.1 % cut at both
//! ends.

use super::{PixelData, Plane, Voi, Window, stats};

/// Share of the pixels that is allowed to saturate at each end.
const TAIL: f64 = 0.001;

/// The window between the 0.1 % tails of the plane, padding excluded.
///
/// A plane of one value shows black to white around it; a plane of padding only gets the window
/// 0–1.
#[must_use]
pub fn auto_window(plane: &Plane, padding: Option<(f32, f32)>) -> Window {
    let Some(ends) = stats::percentiles(plane, padding, &[TAIL, 1.0 - TAIL, 0.0, 1.0]) else {
        return Window::spanning(0.0, 1.0);
    };
    let (low, high) = if ends[0] < ends[1] { (ends[0], ends[1]) } else { (ends[2], ends[3]) };
    if low < high { Window::spanning(low, high) } else { Window::spanning(low - 1.0, low + 1.0) }
}

/// The window a frame opens with: the first of its file, else [`auto_window`].
#[must_use]
pub fn initial_window(pixels: &PixelData) -> Window {
    file_window(pixels).unwrap_or_else(|| auto_window(&pixels.plane, pixels.padding))
}

/// The first window of the file, if it has one (VOI LUTs are no windows).
#[must_use]
pub fn file_window(pixels: &PixelData) -> Option<Window> {
    pixels.voi.iter().find_map(|voi| match voi {
        Voi::Window { window, .. } => Some(*window),
        Voi::Lut { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_a_percent_saturates_at_each_end() {
        let values: Vec<f32> = (0..=10_000).map(|i| i as f32).collect();
        let plane = Plane { width: values.len(), height: 1, values };
        assert_eq!(auto_window(&plane, None).bounds(), (10.0, 9990.0));
    }

    #[test]
    fn padding_does_not_darken_the_picture() {
        let mut values = vec![-32_768.0; 5000];
        values.extend((0..5000).map(|i| i as f32));
        let plane = Plane { width: values.len(), height: 1, values };
        let (low, high) = auto_window(&plane, Some((-32_768.0, -32_768.0))).bounds();
        assert!(low >= 0.0 && high <= 4999.0);
    }

    #[test]
    fn empty_and_flat_planes_still_get_a_valid_window() {
        assert!(auto_window(&Plane::default(), None).is_valid());
        let flat = auto_window(&Plane::filled(4, 4, 7.0), None);
        assert!(flat.is_valid() && (flat.apply(7.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn one_bright_speck_on_black_is_still_seen() {
        let mut plane = Plane::filled(100, 100, 0.0);
        plane.values[5] = 900.0;
        assert_eq!(auto_window(&plane, None).bounds(), (0.0, 900.0));
    }
}
