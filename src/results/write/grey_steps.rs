//! How grey values of a file that is no DICOM object become the whole numbers of one, and back.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::item::Item;
use crate::imaging::PixelData;

/// How grey values become whole numbers.
pub(super) struct Steps {
    pub low: f32,
    pub high: f32,
    pub step: f32,
    /// They are whole numbers already.
    pub whole: bool,
}

impl Steps {
    pub(super) fn of(pixels: &PixelData) -> Self {
        let finite = || pixels.plane.values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = finite().fold((0.0_f32, 0.0_f32), |(low, high), value| (low.min(value), high.max(value)));
        let whole = finite().all(|value| value.fract() == 0.0) && high - low <= f32::from(u16::MAX);
        let step = if whole { 1.0 } else { ((high - low) / f32::from(u16::MAX)).max(f32::MIN_POSITIVE) };
        Self { low, high, step, whole }
    }
}

/// How the grey values are made of those that are stored; nothing where they are the same.
pub(super) fn rescale(pixels: &PixelData) -> Item {
    let Steps { low, step, whole, .. } = Steps::of(pixels);
    if pixels.color.is_some() || (whole && low == 0.0) {
        return Item::new();
    }
    Item::new()
        .decimals(tags::RESCALE_INTERCEPT, &[f64::from(low)])
        .decimals(tags::RESCALE_SLOPE, &[f64::from(step)])
        .text(tags::RESCALE_TYPE, VR::LO, "US")
}
