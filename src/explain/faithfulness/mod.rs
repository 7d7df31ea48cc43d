//! How far a map can be trusted: pure functions that judge it beside two maps that know nothing of
//! the image.
//!
//! | measure | question | better |
//! |---|---|---|
//! | [`curves`]: deletion (Petsiuk et al. 2018) | does the score fall as what the map marks is removed? | lower |
//! | [`curves`]: insertion (the same) | does it rise as that is put back? | higher |
//! | [`road`]: ROAD (Rong et al. 2022) | the same, with a filling that betrays nothing of the shape removed | higher |
//! | [`confidence`]: drop (Chattopadhyay et al. 2018) | does what the map marks suffice for the score? | lower |
//! | [`sensitivity`]: maximum (Yeh et al. 2019) | does the map stay when the input hardly changes? | lower |
//! | [`randomization`] (Adebayo et al. 2018) | does it change when the weights are lost? | – |
//!
//! The network is a closure: it gets at most [`BATCH`] images at a time and gives one score for
//! each, the **probability** of the class. Progress and cancelling are its business; an error of
//! its own comes back at once and unchanged. A number that is not finite never comes out of here,
//! it is an error.
//!
//! What is not here: ground truth. Whether a map lies on the finding is for
//! `evaluation::localization` to say; a map can be faithful to a network that looks at the wrong
//! place.

mod confidence;
pub mod control_maps;
mod curves;
mod filling;
mod gaussian;
pub mod input_image;
pub mod measure;
pub mod panel;
pub mod randomization;
pub mod rank;
pub mod road;
pub mod sensitivity;
pub mod ssim;
pub mod verdict;
pub mod words;

pub use input_image::InputImage;
pub use measure::{Better, Measure, Measured, Measurement};
pub use panel::{ControlMaps, Faithfulness, FaithfulnessSettings};

use crate::imaging::{self, Plane};

/// Most images that are handed to the network at once.
pub const BATCH: usize = 16;

/// The network: one score for each image, the probability of the class that the map explains.
pub type Score<'a, E> = dyn FnMut(&[InputImage]) -> Result<Vec<f64>, E> + 'a;

/// Why a map was not judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaithfulnessError {
    #[error(
        "The network gave a score that is not a finite number for a changed image, so the map cannot be evaluated."
    )]
    ScoreNotFinite,
    #[error("The network gave {found} scores for {expected} images, so the map cannot be evaluated.")]
    Scores { found: usize, expected: usize },
    #[error("The map holds numbers that are not finite, so it cannot be evaluated.")]
    MapNotFinite,
    #[error("The map of a slightly changed image has another size, so the two cannot be compared.")]
    AnotherSize,
    #[error("The map has no pixels, so it cannot be evaluated.")]
    EmptyMap,
    #[error("The image holds numbers that are not finite, so no map of it can be evaluated.")]
    PictureNotFinite,
    #[error(
        "The image or its baseline has {found} values where {channels} channels of {width} × {height} pixels were expected."
    )]
    Shape { found: usize, channels: usize, width: usize, height: usize },
}

/// Scores of any number of images, made one after the other and handed over in batches.
fn scores<E: From<FaithfulnessError>>(
    pictures: impl Iterator<Item = InputImage>,
    score: &mut Score<E>,
) -> Result<Vec<f64>, E> {
    let mut pictures = pictures.peekable();
    let mut all = Vec::new();
    while pictures.peek().is_some() {
        let batch: Vec<InputImage> = pictures.by_ref().take(BATCH).collect();
        let found = score(&batch)?;
        if found.len() != batch.len() {
            return Err(FaithfulnessError::Scores { found: found.len(), expected: batch.len() }.into());
        }
        if found.iter().any(|s| !s.is_finite()) {
            return Err(FaithfulnessError::ScoreNotFinite.into());
        }
        all.extend(found);
    }
    Ok(all)
}

/// The map on the pixels of the image, bilinear with half-pixel centres.
fn fitted(map: &Plane, picture: &InputImage) -> Result<Plane, FaithfulnessError> {
    checked(map)?;
    picture.checked()?;
    if (map.width, map.height) == (picture.width, picture.height) {
        return Ok(map.clone());
    }
    Ok(imaging::bilinear(map, picture.width, picture.height))
}

/// A map with pixels, all of them finite.
fn checked(map: &Plane) -> Result<(), FaithfulnessError> {
    if map.values.is_empty() || map.values.len() != map.width * map.height {
        return Err(FaithfulnessError::EmptyMap);
    }
    if map.values.iter().any(|v| !v.is_finite()) {
        return Err(FaithfulnessError::MapNotFinite);
    }
    Ok(())
}

/// The positive part of a map, its maximum 1; zeros when nothing is positive.
///
/// Zero stays zero: what the map does not mark must not become marked because all the rest is
/// marked more.
fn positive_part(map: &Plane) -> Plane {
    let top = map.values.iter().copied().fold(0.0, f32::max);
    let scaled = |v: &f32| if top > 0.0 { (v / top).clamp(0.0, 1.0) } else { 0.0 };
    Plane { values: map.values.iter().map(scaled).collect(), ..*map }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::FaithfulnessError;
    use super::input_image::InputImage;
    use crate::imaging::Plane;

    /// What a network may fail with.
    #[derive(Debug, PartialEq)]
    pub(crate) enum Stop {
        Cancelled,
        TooMany,
        Faithfulness(FaithfulnessError),
    }

    impl From<FaithfulnessError> for Stop {
        fn from(error: FaithfulnessError) -> Self {
            Self::Faithfulness(error)
        }
    }

    /// An image of one channel that is 1 in the left quarter and 0.2 elsewhere.
    pub(crate) fn picture() -> InputImage {
        let values = (0..16 * 12).map(|i| if i % 16 < 4 { 1.0 } else { 0.2 }).collect();
        InputImage { channels: 1, width: 16, height: 12, values }
    }

    pub(crate) fn black() -> InputImage {
        InputImage { values: vec![0.0; 16 * 12], ..picture() }
    }

    /// A network that looks at the left quarter: its mean is the score.
    pub(crate) fn left_quarter(pictures: &[InputImage]) -> Result<Vec<f64>, Stop> {
        if pictures.len() > super::BATCH {
            return Err(Stop::TooMany);
        }
        let mean = |p: &InputImage| {
            let inside = p.values.iter().enumerate().filter(|(i, _)| i % 16 < 4);
            inside.map(|(_, v)| f64::from(*v)).sum::<f64>() / 48.0
        };
        Ok(pictures.iter().map(mean).collect())
    }

    /// The map that marks what the network looks at.
    pub(crate) fn right_map() -> Plane {
        let values = (0..16 * 12).map(|i| if i % 16 < 4 { 1.0 } else { 0.0 }).collect();
        Plane { width: 16, height: 12, values }
    }

    /// The map that marks everything else.
    pub(crate) fn wrong_map() -> Plane {
        let map = right_map();
        Plane { values: map.values.iter().map(|v| 1.0 - v).collect(), ..map }
    }
}
