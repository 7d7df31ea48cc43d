//! `[augment]`: how strongly training images are changed.

use serde::Deserialize;

use super::fault::{Check, within};

/// Strength of each random change; 0 (the default) leaves it out. See
/// `training::batch::augment`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
    /// Probability that an image keeps its grey values, sharpness and all its parts: only its place
    /// changes.
    pub untouched: f32,
    /// Probability of a left-right mirror image.
    pub flip: f32,
    /// Probability of an upside-down mirror image.
    pub flip_vertical: f32,
    /// Largest rotation, degrees.
    pub rotation: f32,
    /// Largest shift, share of the side.
    pub shift: f32,
    /// Largest change of scale, natural logarithm (0.2 is ± 22 %).
    pub zoom: f32,
    /// Largest change of the aspect ratio, natural logarithm.
    pub aspect: f32,
    /// Largest shear, degrees.
    pub shear: f32,
    /// Largest displacement by an elastic deformation, share of the side.
    pub elastic: f32,
    /// Standard deviation of the Gaussian that smooths it, share of the side.
    pub elastic_sigma: f32,
    /// Largest shift of all grey values, share of the range.
    pub brightness: f32,
    /// Largest change of contrast, natural logarithm.
    pub contrast: f32,
    /// Largest change of gamma, natural logarithm.
    pub gamma: f32,
    /// Strength of a random monotone tone curve, natural logarithm of its slopes.
    pub tone: f32,
    /// Largest standard deviation of added noise, share of the range.
    pub noise: f32,
    /// Probability of a change of sharpness (blur, sharpening or down- and up-sampling).
    pub sharpness: f32,
    /// Largest standard deviation of the blur, pixels at 224.
    pub blur: f32,
    /// Smallest share of the size in down- and up-sampling.
    pub downsample: f32,
    /// Probability of a lossy copy in JPEG.
    pub jpeg: f32,
    /// Lowest quality of that JPEG, 1–100; qualities up to 95 are equally likely.
    pub jpeg_quality: f32,
    /// Probability of cut-out.
    pub cutout: f32,
    /// Largest side of a cut-out rectangle, share of the image's side.
    pub cutout_side: f32,
    /// Probability that what lies outside the lungs is replaced: see
    /// `training::batch::surroundings`.
    pub surroundings: f32,
    /// Probability that an image is cropped closer to the lungs, which stay whole.
    pub lung_crop: f32,
    /// Probability that a batch is mixed up.
    pub mixup: f32,
    /// Parameter of the beta distribution of the shares.
    pub mixup_alpha: f32,
}

impl Augment {
    /// Whether a change needs to know where the lungs lie.
    pub(super) fn asks_for_lungs(&self) -> bool {
        self.surroundings > 0.0 || self.lung_crop > 0.0
    }

    /// Strengths beyond what leaves an image an image.
    pub(super) fn check(&self) -> Check {
        for (name, value, high) in [
            ("untouched", self.untouched, 1.0),
            ("flip", self.flip, 1.0),
            ("flip_vertical", self.flip_vertical, 1.0),
            ("elastic", self.elastic, 0.2),
            ("elastic_sigma", self.elastic_sigma, 0.5),
            ("rotation", self.rotation, 180.0),
            ("shift", self.shift, 0.5),
            ("zoom", self.zoom, 1.5),
            ("aspect", self.aspect, 1.5),
            ("shear", self.shear, 45.0),
            ("brightness", self.brightness, 1.0),
            ("contrast", self.contrast, 2.0),
            ("gamma", self.gamma, 2.0),
            ("tone", self.tone, 3.0),
            ("noise", self.noise, 1.0),
            ("sharpness", self.sharpness, 1.0),
            ("blur", self.blur, 10.0),
            ("downsample", self.downsample, 1.0),
            ("jpeg", self.jpeg, 1.0),
            ("jpeg_quality", self.jpeg_quality, 95.0),
            ("cutout", self.cutout, 1.0),
            ("cutout_side", self.cutout_side, 0.9),
            ("surroundings", self.surroundings, 1.0),
            ("lung_crop", self.lung_crop, 1.0),
            ("mixup", self.mixup, 1.0),
            ("mixup_alpha", self.mixup_alpha, 10.0),
        ] {
            within(&format!("augment.{name}"), f64::from(value), 0.0, high)?;
        }
        if self.elastic > 0.0 {
            // A field that is rougher than this tears the image instead of bending it.
            within("augment.elastic_sigma", f64::from(self.elastic_sigma), 0.03, 0.5)?;
        }
        if self.jpeg > 0.0 {
            within("augment.jpeg_quality", f64::from(self.jpeg_quality), 1.0, 95.0)?;
        }
        Ok(())
    }
}
