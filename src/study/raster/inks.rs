//! JPEG files of four inks, which the `image` crate knows to mix.

use image::ImageFormat;

use super::{Decoded, decoded_by_image};
use crate::study::StudyError;

/// Decodes the file; one that ends early is refused.
pub(in crate::study) fn decode(bytes: &[u8]) -> Result<Decoded, StudyError> {
    let picture = decoded_by_image(bytes, ImageFormat::Jpeg)?;
    Ok(Decoded { picture, one_bit: false, missing: None, highest: None })
}
