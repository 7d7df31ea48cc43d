//! The VOI functions of PS3.3 C.11.2.1.2 and C.11.2.1.3: modality value to a brightness of 0–1.
//!
//! With c the centre and w the width:
//!
//! - LINEAR: 0 for x ≤ c − 0.5 − (w − 1)/2, 1 for x > c − 0.5 + (w − 1)/2, else (x − (c − 0.5))/(w
//!   − 1) + 0.5; w ≥ 1
//! - `LINEAR_EXACT`: 0 for x ≤ c − w/2, 1 for x > c + w/2, else (x − c)/w + 0.5; w > 0
//! - SIGMOID: 1/(1 + exp(−4 (x − c)/w)); w > 0
//!
//! Polarity is no part of it (see [`super::polarity`]).

use super::{Window, WindowFunction};

impl Window {
    /// A window of the default LINEAR function.
    #[must_use]
    pub fn linear(center: f32, width: f32) -> Self {
        Self { center, width, function: WindowFunction::Linear }
    }

    /// The window that shows `low` black and `high` white, and spends its greys on what lies
    /// between.
    ///
    /// LINEAR (the function every viewer knows) where the range holds whole steps of grey,
    /// `LINEAR_EXACT` below.
    #[must_use]
    pub fn spanning(low: f32, high: f32) -> Self {
        let (low, high) = (f64::from(low.min(high)), f64::from(low.max(high)));
        if high - low >= 1.0 {
            // c − 0.5 − (w−1)/2 = low and c − 0.5 + (w−1)/2 = high
            return Self::linear(((low + high + 1.0) / 2.0) as f32, (high - low + 1.0) as f32);
        }
        let width = (high - low).max(f64::from(f32::EPSILON));
        Self { center: f64::midpoint(low, high) as f32, width: width as f32, function: WindowFunction::LinearExact }
    }

    /// Whether the standard allows this window: LINEAR needs w ≥ 1, the other functions w > 0.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let enough = match self.function {
            WindowFunction::Linear => self.width >= 1.0,
            WindowFunction::LinearExact | WindowFunction::Sigmoid => self.width > 0.0,
        };
        enough && self.center.is_finite() && self.width.is_finite()
    }

    /// The modality values that become black and white; SIGMOID: where it has come to 2 % and 98 %.
    #[must_use]
    pub fn bounds(&self) -> (f32, f32) {
        match self.function {
            WindowFunction::Linear => {
                let half = (self.width - 1.0) / 2.0;
                (self.center - 0.5 - half, self.center - 0.5 + half)
            }
            WindowFunction::LinearExact | WindowFunction::Sigmoid => {
                (self.center - self.width / 2.0, self.center + self.width / 2.0)
            }
        }
    }

    /// Brightness of a modality value, 0 (black) to 1 (white) before polarity.
    #[must_use]
    pub fn apply(&self, value: f32) -> f64 {
        let (x, c, w) = (f64::from(value), f64::from(self.center), f64::from(self.width));
        match self.function {
            WindowFunction::Linear => {
                let (middle, span) = (c - 0.5, w - 1.0);
                if x <= middle - span / 2.0 {
                    0.0
                } else if x > middle + span / 2.0 {
                    1.0
                } else {
                    (x - middle) / span + 0.5
                }
            }
            WindowFunction::LinearExact => {
                if x <= c - w / 2.0 {
                    0.0
                } else if x > c + w / 2.0 {
                    1.0
                } else {
                    (x - c) / w + 0.5
                }
            }
            WindowFunction::Sigmoid => 1.0 / (1.0 + (-4.0 * (x - c) / w).exp()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(center: f32, width: f32, function: WindowFunction) -> Window {
        Window { center, width, function }
    }

    /// The worked examples of PS3.3 C.11.2.1.2.1, with ymin = 0 and ymax = 255.
    #[test]
    fn linear_follows_the_examples_of_the_standard() {
        let w = Window::linear(2048.0, 4096.0);
        assert_eq!(w.apply(0.0), 0.0);
        assert_eq!(w.apply(4095.0), 1.0);
        assert!((w.apply(2000.0) - ((2000.0 - 2047.5) / 4095.0 + 0.5)).abs() < 1e-12);

        let w = Window::linear(2048.0, 1.0);
        assert_eq!((w.apply(2047.0), w.apply(2048.0)), (0.0, 1.0));

        let w = Window::linear(0.0, 100.0);
        assert_eq!((w.apply(-50.0), w.apply(50.0)), (0.0, 1.0));
        assert!((w.apply(0.0) - (0.5 / 99.0 + 0.5)).abs() < 1e-12);

        let w = Window::linear(0.0, 1.0);
        assert_eq!((w.apply(-1.0), w.apply(0.0)), (0.0, 1.0));
    }

    #[test]
    fn linear_exact_has_neither_the_half_nor_the_one() {
        let w = window(0.0, 100.0, WindowFunction::LinearExact);
        assert_eq!((w.apply(-50.0), w.apply(0.0), w.apply(50.0)), (0.0, 0.5, 1.0));
        let narrow = window(0.25, 0.5, WindowFunction::LinearExact);
        assert_eq!((narrow.apply(0.0), narrow.apply(0.125), narrow.apply(0.6)), (0.0, 0.25, 1.0));
    }

    #[test]
    fn sigmoid_is_half_at_the_centre_and_never_quite_black_or_white() {
        let w = window(100.0, 40.0, WindowFunction::Sigmoid);
        assert_eq!(w.apply(100.0), 0.5);
        assert!((w.apply(120.0) - 1.0 / (1.0 + (-2.0_f64).exp())).abs() < 1e-12);
        assert!(w.apply(0.0) > 0.0 && w.apply(0.0) < 1e-4);
    }

    #[test]
    fn linear_needs_a_width_of_one_and_the_others_a_positive_one() {
        assert!(Window::linear(0.0, 1.0).is_valid());
        assert!(!Window::linear(0.0, 0.5).is_valid());
        assert!(window(0.0, 0.5, WindowFunction::Sigmoid).is_valid());
        assert!(!window(0.0, 0.0, WindowFunction::LinearExact).is_valid());
        assert!(!Window::linear(f32::NAN, 10.0).is_valid());
    }

    #[test]
    fn a_spanning_window_is_black_at_its_low_end_and_white_at_its_high_end() {
        for (low, high) in [(0.0, 255.0), (-1024.0, 3071.0), (0.0, 0.25), (7.0, 8.0)] {
            let w = Window::spanning(low, high);
            assert!(w.is_valid());
            assert_eq!((w.apply(low), w.apply(high)), (0.0, 1.0), "{low}..{high}");
            assert_eq!(w.bounds(), (low, high));
        }
        assert_eq!(Window::spanning(0.0, 255.0), Window::linear(128.0, 256.0));
        assert!(Window::spanning(3.0, 3.0).is_valid());
    }
}
