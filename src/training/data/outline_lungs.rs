//! The lungs of training images, as the lung segmenter outlines them.
//!
//! Images whose lungs it refuses have none, and augmentation leaves them as they are.

use std::sync::Arc;

use candle_core::Device;

use super::lung_cover::LungCover;
use super::sample::Sample;
use crate::imaging::Plane;
use crate::model::lungs::{LungSegmenter, SegmenterError};
use crate::training::Result;

/// Outlines the lungs of all images, and says of how many it could.
///
/// # Errors
/// When there is no segmenter, or it cannot be run.
pub(crate) fn outline(samples: &mut [Sample], device: &Device) -> Result<String> {
    let segmenter = LungSegmenter::embedded(device)?;
    for sample in samples.iter_mut() {
        sample.lungs = match segmenter.segment(&sample.pixels.plane()) {
            Ok(lungs) => {
                let values = lungs.right.values.iter().zip(&lungs.left.values).map(|(r, l)| r.max(*l)).collect();
                Some(Arc::new(LungCover::of(&Plane { values, ..lungs.right })))
            }
            Err(SegmenterError::Refused(_) | SegmenterError::NoImage) => None,
            Err(error) => return Err(error.into()),
        };
    }
    let found = samples.iter().filter(|s| s.lungs.is_some()).count();
    Ok(format!(
        "The lungs were outlined on {found} of {} images; the surroundings of the others stay as they are",
        samples.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::pixels::Pixels;

    #[test]
    fn images_without_lungs_have_no_cover_and_are_counted() {
        let even = Sample { pixels: Pixels::of_greys(48, &[90; 48 * 48]), ..Sample::default() };
        let mut samples = vec![even];
        let sentence = outline(&mut samples, &Device::Cpu).unwrap();
        assert!(samples[0].lungs.is_none());
        assert!(sentence.contains("0 of 1"), "{sentence}");
    }
}
