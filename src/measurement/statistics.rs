//! Grey values inside a region: mean, standard deviation, smallest and largest, in modality values.
//!
//! ```text
//! mean = Σ v / n          sd = √(Σ (v − mean)² / (n − 1))
//! ```
//!
//! by the recurrence of Welford (1962, Technometrics 4: 419–420), in the order of the rows, so that
//! the same pixels always give the same numbers. Padding, rows that a file does not have and values
//! that are no numbers take no part and are counted apart. The window, an inversion and the polarity
//! of the display change nothing.

use serde::{Deserialize, Serialize};

use super::region::Region;
use crate::imaging::{Missing, PixelData};

/// Grey values inside a region.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    pub pixels: usize,
    /// Pixels inside that took no part.
    pub left_out: usize,
    pub mean: f64,
    /// Nothing of a single pixel.
    pub sd: Option<f64>,
    pub min: f64,
    pub max: f64,
}

impl Statistics {
    /// Of the pixels whose centres lie in `region`; `None` where there is none with a value.
    #[must_use]
    pub fn of(pixels: &PixelData, region: &Region) -> Option<Self> {
        let plane = &pixels.plane;
        let there = match pixels.missing {
            Some(Missing::Rows { from }) => from,
            Some(Missing::Detail) | None => plane.height,
        };
        let (mut n, mut left_out, mut mean, mut squares) = (0_usize, 0_usize, 0.0_f64, 0.0_f64);
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        region.rows([plane.width, plane.height], |y, columns| {
            for x in columns {
                let Some(value) = value_at(pixels, x, y).filter(|_| y < there) else {
                    left_out += 1;
                    continue;
                };
                n += 1;
                let away = value - mean;
                mean += away / n as f64;
                squares += away * (value - mean);
                (min, max) = (min.min(value), max.max(value));
            }
        });
        let sd = (n > 1).then(|| (squares / (n - 1) as f64).max(0.0).sqrt());
        (n > 0).then_some(Self { pixels: n, left_out, mean, sd, min, max })
    }
}

/// The modality value of a pixel; nothing of padding, of what is no number, and beyond the image.
#[must_use]
pub fn value_at(pixels: &PixelData, x: usize, y: usize) -> Option<f64> {
    let plane = &pixels.plane;
    if x >= plane.width || y >= plane.height {
        return None;
    }
    let stored = plane.at(x, y);
    let is_padding = pixels.padding.is_some_and(|(low, high)| (low..=high).contains(&stored));
    let value = pixels.intensity.as_ref().map_or(stored, |intensity| intensity.apply(stored as i64));
    (value.is_finite() && !is_padding).then_some(f64::from(value))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::imaging::{Modality, Plane};

    /// 10 × 10 values from 0 to 99.
    fn ramp() -> PixelData {
        PixelData::grey(Plane { width: 10, height: 10, values: (0..100).map(|v| v as f32).collect() }, (0.0, 99.0))
    }

    fn of(pixels: &PixelData, bounds: [f64; 4]) -> Statistics {
        Statistics::of(pixels, &Region::Rectangle(bounds)).unwrap()
    }

    #[test]
    fn they_are_those_of_the_pixels_inside() {
        // 22, 23, 32, 33: numpy.std(ddof=1) is 5.802298395176403.
        let found = of(&ramp(), [2.0, 2.0, 4.0, 4.0]);
        assert_eq!((found.pixels, found.mean, found.min, found.max), (4, 27.5, 22.0, 33.0));
        assert!((found.sd.unwrap() - 5.802_298_395_176_403).abs() < 1e-12);
        assert_eq!(of(&ramp(), [5.0, 5.0, 6.0, 6.0]).sd, None);
        assert_eq!(Statistics::of(&ramp(), &Region::Rectangle([5.0, 5.0, 5.2, 5.2])), None);
        // All of it: mean 49.5, sd of 0 … 99 is 29.011491975882016.
        let whole = of(&ramp(), [-5.0, -5.0, 15.0, 15.0]);
        assert!((whole.sd.unwrap() - 29.011_491_975_882_016).abs() < 1e-9 && whole.pixels == 100);
    }

    #[test]
    fn padding_missing_rows_and_what_is_no_number_take_no_part() {
        let mut pixels = ramp();
        pixels.padding = Some((22.0, 22.0));
        pixels.plane.values[23] = f32::NAN;
        let found = of(&pixels, [2.0, 2.0, 4.0, 4.0]);
        assert_eq!((found.pixels, found.left_out, found.min), (2, 2, 32.0));
        let cut = PixelData { missing: Some(Missing::Rows { from: 3 }), ..ramp() };
        let found = of(&cut, [2.0, 2.0, 4.0, 4.0]);
        assert_eq!((found.pixels, found.left_out, found.max), (2, 2, 23.0));
    }

    #[test]
    fn values_are_those_of_the_modality_where_the_display_goes_by_others() {
        let entries = (0..100).map(|v| (v * v) as f32).collect();
        let pixels = PixelData { intensity: Some(Arc::new(Modality::Lut { first: 0, entries })), ..ramp() };
        assert_eq!(value_at(&pixels, 3, 1), Some(169.0));
        assert_eq!(of(&pixels, [3.0, 1.0, 4.0, 2.0]).mean, 169.0);
        assert_eq!(value_at(&pixels, 10, 1), None);
    }
}
