//! A labelled image in memory.

use std::sync::Arc;

use super::listed::ImageFacts;
use super::lung_cover::LungCover;
use super::part::SplitPart;
use super::pixels::Pixels;
use super::truth;
use crate::study::patients::PatientSource;

/// One labelled image.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// File name, without its folder.
    pub name: String,
    /// Path below the data folder: the image's own name within the data.
    pub key: String,
    /// One value a label of the configuration: see [`super::truth`].
    pub truth: Vec<f32>,
    pub patient: String,
    /// By what the patient was recognised.
    pub recognised_by: PatientSource,
    /// Side of the split that the data themselves give.
    pub part: Option<SplitPart>,
    pub facts: ImageFacts,
    pub pixels: Pixels,
    /// Where the lungs lie, if an augmentation asks for it and they were found.
    pub lungs: Option<Arc<LungCover>>,
}

impl Sample {
    /// The only label that is present: the class, where classes exclude each other.
    pub fn class(&self) -> Option<usize> {
        truth::class(&self.truth)
    }
}
