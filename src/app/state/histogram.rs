//! How often the values of an image occur, for the eye: counts over equal steps.

use crate::imaging::{Plane, stats};

/// Steps of a histogram.
pub const BINS: usize = 128;
/// Most values that are counted; of a larger image every so-manieth.
const COUNTED: usize = 400_000;

/// Counts of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Lowest and highest value.
    pub range: (f32, f32),
    pub counts: [u32; BINS],
}

impl Histogram {
    /// Of the values of a plane that are finite and no padding; nothing where there are none, or all
    /// are one.
    #[must_use]
    pub fn of(plane: &Plane, padding: Option<(f32, f32)>) -> Option<Self> {
        let step = plane.values.len().div_ceil(COUNTED).max(1);
        // A step that does not divide the width meets other columns in every row.
        let step = if step > 1 && plane.width.is_multiple_of(step) { step + 1 } else { step };
        let values = || plane.values.iter().copied().step_by(step).filter(|value| stats::counts(*value, padding));
        let (low, high) = values().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low >= high {
            return None;
        }
        let mut counts = [0; BINS];
        for value in values() {
            let bin = ((value - low) / (high - low) * BINS as f32) as usize;
            counts[bin.min(BINS - 1)] += 1;
        }
        Some(Self { range: (low, high), counts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_not_counted_and_the_highest_value_is() {
        let values = vec![-2000.0, 0.0, 1.0, 1.0, 128.0, f32::NAN];
        let plane = Plane { width: values.len(), height: 1, values };
        let found = Histogram::of(&plane, Some((-2000.0, -2000.0))).unwrap();
        assert_eq!((found.range, found.counts[0], found.counts[1], found.counts[BINS - 1]), ((0.0, 128.0), 1, 2, 1));
        assert_eq!(found.counts.iter().sum::<u32>(), 4);
        assert_eq!(Histogram::of(&Plane::filled(3, 3, 7.0), None), None);
        assert_eq!(Histogram::of(&Plane::default(), None), None);
    }

    #[test]
    fn of_a_large_image_some_values_are_counted_of_every_column() {
        let plane = Plane { width: 2000, height: 2000, values: (0..4_000_000).map(|i| (i % 2000) as f32).collect() };
        let found = Histogram::of(&plane, None).unwrap();
        assert!(found.range.0 < 20.0 && found.range.1 > 1980.0);
        let (least, most) = (found.counts.iter().min().unwrap(), found.counts.iter().max().unwrap());
        assert!(f64::from(*least) > 0.8 * f64::from(*most), "{least} {most}");
    }
}
