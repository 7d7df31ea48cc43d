//! The pixels of an image at the model's size, kept as inference has them before it normalises.
//!
//! The metrics of a model are measured in training and measured again by `evaluate`. Both agree
//! only where both give the network the same values, so nothing is rounded on the way: modality
//! values with the polarity corrected, resized once by the rule of the manifest, as 32-bit numbers.
//! Four bytes a pixel: 5,000 images of 224 × 224 take 1 GB.
//!
//! Augmentation needs a scale of its own, for its strengths are shares of the range of grey:
//! [`Pixels::plane`] gives values from 0 to 1 on it. It is the range that the stored bits can take,
//! or the range that an image of more than 8 bits really uses.

use std::sync::Arc;

use crate::imaging::Plane;
use crate::model::manifest::{Input, Resize};
use crate::model::preprocess;

/// An image of any size; a copy shares its values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pixels {
    values: Arc<Plane>,
    /// Span that the stored bits can take, for inputs that are normalised by fixed numbers.
    range: (f32, f32),
    /// What augmentation calls 0 and 1.
    scale: (f32, f32),
}

impl Pixels {
    /// Modality values whose stored bits can take `range`; augmentation reads them on `scale`.
    pub fn new(values: Plane, range: (f32, f32), scale: (f32, f32)) -> Self {
        Self { values: Arc::new(values), range, scale }
    }

    /// A square of 8-bit greys.
    pub fn of_greys(side: usize, greys: &[u8]) -> Self {
        let values = greys.iter().map(|g| f32::from(*g)).collect();
        Self::new(Plane { width: side, height: side, values }, (0.0, 255.0), (0.0, 255.0))
    }

    /// Pixels of a row.
    pub fn width(&self) -> usize {
        self.values.width
    }

    /// The values as they are.
    pub fn values(&self) -> &[f32] {
        &self.values.values
    }

    /// Whether there are pixels, and all of them numbers.
    pub fn is_sound(&self) -> bool {
        !self.values.values.is_empty() && self.values.values.iter().all(|v| v.is_finite())
    }

    /// Grey values from 0 to 1.
    pub fn plane(&self) -> Plane {
        let (low, span) = (self.scale.0, self.scale.1 - self.scale.0);
        let span = if span > 0.0 { span } else { 1.0 };
        let grey = |v: &f32| if v.is_finite() { ((v - low) / span).clamp(0.0, 1.0) } else { 0.0 };
        let Plane { width, height, ref values } = *self.values;
        Plane { width, height, values: values.iter().map(grey).collect() }
    }

    /// The same at another size.
    #[must_use]
    pub fn resized(&self, rule: Resize, width: usize, height: usize) -> Self {
        if (self.values.width, self.values.height) == (width, height) {
            return self.clone();
        }
        Self::new(preprocess::resize(&self.values, rule, width, height), self.range, self.scale)
    }

    /// An image as it was read, at the size of `input` and cropped as it says.
    #[must_use]
    pub fn fitted(&self, input: &Input) -> Self {
        if input.crop >= 1.0 {
            return self.resized(input.resize, input.width, input.height);
        }
        Self::new(preprocess::fit(&self.values, input), self.range, self.scale)
    }

    /// What the network is given at prediction, where the size is that of `input`.
    pub fn input(&self, input: &Input) -> Plane {
        let mut plane = Plane::clone(&self.values);
        preprocess::normalize(&mut plane, input, self.range);
        plane
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::manifest::Normalization;
    use crate::training::config::grey_square;

    #[test]
    fn the_network_is_given_what_it_is_given_at_prediction_to_the_bit() {
        let values = (0..97 * 61).map(|i| ((i * 7919) % 64_000) as f32 + 12.0).collect();
        let whole = Plane { width: 97, height: 61, values };
        for normalization in [Normalization::PerImage, Normalization::Equalize, Normalization::Fixed] {
            for resize in [Resize::Squash, Resize::Letterbox, Resize::CenterCrop] {
                let input = Input {
                    width: 48,
                    height: 48,
                    resize,
                    normalization,
                    mean: vec![0.4],
                    sd: vec![0.2],
                    ..grey_square()
                };
                let pixels = Pixels::new(whole.clone(), (0.0, 65_535.0), (100.0, 60_000.0));
                for crop in [1.0, 0.875] {
                    let input = Input { crop, ..input.clone() };
                    let kept = pixels.fitted(&input).input(&input);
                    let expected = preprocess::to_input(&whole, &input, (0.0, 65_535.0));
                    assert_eq!(kept, expected, "{normalization:?} {resize:?} {crop}");
                }
            }
        }
    }

    #[test]
    fn augmentation_sees_the_range_that_is_used() {
        let values = Plane { width: 4, height: 1, values: vec![500.0, 1000.0, 2000.0, f32::NAN] };
        let pixels = Pixels::new(values, (0.0, 65_535.0), (1000.0, 3000.0));
        assert_eq!(pixels.plane().values, [0.0, 0.0, 0.5, 0.0]);
        assert!(!pixels.is_sound());
    }
}
