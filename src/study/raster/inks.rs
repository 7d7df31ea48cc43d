//! JPEG files of four inks, which the `image` crate knows to mix.
//!
//! It fills what a file does not hold with grey and says nothing, so how far the data goes is told by our
//! own decoder, which knows inks only as four samples.

use image::ImageFormat;

use super::{Decoded, decoded_by_image, jpeg};
use crate::study::StudyError;

/// Decodes the file, as far as its data goes.
pub(in crate::study) fn decode(bytes: &[u8]) -> Result<Decoded, StudyError> {
    let picture = decoded_by_image(bytes, ImageFormat::Jpeg)?;
    Ok(Decoded { picture, one_bit: false, missing: jpeg::missing_of_inks(bytes)?, highest: None })
}
