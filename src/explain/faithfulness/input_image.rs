//! What the network gets: the normalised input, and the ways in which the measures change it.

use super::FaithfulnessError;
use super::gaussian::{Kernel, filtered};
use crate::imaging::Plane;

/// Standard deviations after which a blur is cut off.
const REACH: f64 = 4.0;

/// A network's input: `channels` planes of `height` rows of `width` values, normalised.
#[derive(Clone, Debug, PartialEq)]
pub struct InputImage {
    pub channels: usize,
    pub width: usize,
    pub height: usize,
    pub values: Vec<f32>,
}

impl InputImage {
    /// Pixels of one channel.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.width * self.height
    }

    /// The same in every place.
    #[must_use]
    pub fn filled(&self, value: f32) -> Self {
        Self { values: vec![value; self.values.len()], ..*self }
    }

    /// Blurred by a Gaussian of `sigma` pixels, cut off at 4 σ, the border mirrored
    /// (`scipy.ndimage.gaussian_filter(mode="reflect")` of each channel).
    #[must_use]
    pub fn blurred(&self, sigma: f64) -> Self {
        if self.values.is_empty() {
            return self.clone();
        }
        // Wider than the image, a blur is its mean.
        let sigma = sigma.min(4.0 * self.width.max(self.height) as f64);
        let kernel = Kernel::new(sigma, (REACH * sigma.max(0.0) + 0.5) as usize);
        let values = self.values.chunks(self.pixels());
        let values = values.flat_map(|plane| {
            let plane: Vec<f64> = plane.iter().map(|v| f64::from(*v)).collect();
            filtered(&plane, self.width, self.height, &kernel).into_iter().map(|v| v as f32)
        });
        Self { values: values.collect(), ..*self }
    }

    /// This image where `share` is 1, `other` where it is 0, a blend between:
    /// `share·self + (1 − share)·other`.
    #[must_use]
    pub fn blended(&self, share: &Plane, other: &Self) -> Self {
        let pairs = self.values.iter().zip(&other.values).zip(share.values.iter().cycle());
        Self { values: pairs.map(|((v, o), s)| s * v + (1.0 - s) * o).collect(), ..*self }
    }

    /// This image with the given pixels taken from `other`, in every channel.
    pub(super) fn replaced(&self, pixels: &[usize], other: &Self) -> Self {
        let mut changed = self.clone();
        let area = self.pixels();
        for channel in 0..self.channels {
            for i in pixels {
                changed.values[channel * area + i] = other.values[channel * area + i];
            }
        }
        changed
    }

    pub(super) fn checked(&self) -> Result<(), FaithfulnessError> {
        let &Self { channels, width, height, .. } = self;
        let found = self.values.len();
        if found == 0 || found != channels * width * height {
            return Err(FaithfulnessError::Shape { found, channels, width, height });
        }
        if self.values.iter().any(|v| !v.is_finite()) {
            return Err(FaithfulnessError::PictureNotFinite);
        }
        Ok(())
    }

    /// Whether `other` may stand in for this image, pixel by pixel.
    pub(super) fn matched(&self, other: &Self) -> Result<(), FaithfulnessError> {
        other.checked()?;
        let &Self { channels, width, height, .. } = self;
        if (other.channels, other.width, other.height) == (channels, width, height) {
            return Ok(());
        }
        Err(FaithfulnessError::Shape { found: other.values.len(), channels, width, height })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.ndimage.gaussian_filter(np.array([[0, 0, 9, 0, 1.], [3, 0, 0, 0, 0]]), 1.0, mode="reflect")`,
    /// scipy 1.17.
    #[test]
    fn blurring_matches_scipy() {
        let picture = InputImage {
            channels: 1,
            width: 5,
            height: 2,
            values: vec![0.0, 0.0, 9.0, 0.0, 1.0, 3.0, 0.0, 0.0, 0.0, 0.0],
        };
        let expected = [
            1.020_947_9,
            1.724_362_2,
            2.417_904_5,
            1.602_691_7,
            0.753_394_7,
            1.427_737_6,
            1.347_038_7,
            1.406_278_7,
            0.885_915_4,
            0.413_728_6,
        ];
        for (a, b) in picture.blurred(1.0).values.iter().zip(expected) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn blur_and_blend_keep_a_constant_picture() {
        let one = InputImage { channels: 3, width: 1, height: 1, values: vec![0.5, -1.0, 2.0] };
        for (a, b) in one.blurred(10.0).values.iter().zip(&one.values) {
            assert!((a - b).abs() < 1e-6);
        }
        assert_eq!(one.blurred(0.0), one);
        assert_eq!(one.blended(&Plane::filled(1, 1, 0.0), &one.filled(7.0)).values, [7.0; 3]);
        assert_eq!(one.blended(&Plane::filled(1, 1, 1.0), &one.filled(7.0)), one);
    }

    #[test]
    fn a_baseline_of_another_shape_is_refused() {
        let one = InputImage { channels: 1, width: 2, height: 1, values: vec![0.0; 2] };
        let tall = InputImage { channels: 1, width: 1, height: 2, values: vec![0.0; 2] };
        assert!(one.matched(&one).is_ok());
        assert!(matches!(one.matched(&tall), Err(FaithfulnessError::Shape { .. })));
        assert_eq!(one.matched(&one.filled(f32::NAN)), Err(FaithfulnessError::PictureNotFinite));
        assert!(InputImage { values: vec![0.0; 3], ..one }.checked().is_err());
    }
}
