//! JPEG (ITU-T T.81) as DICOM holds it: baseline, extended and progressive DCT of 8 and 12 bits,
//! and lossless data of 2 to 16 bits with all its predictors, restart intervals and point
//! transforms.
//!
//! A stream is a row of segments (`segments`, `header`, `tables`) and the scans between them
//! (`decoder`). A scan goes through the image in restart intervals (`intervals`) and reads Huffman
//! codes (`bits`, `huffman`): differences of samples (`lossless`, `predict`), or coefficients
//! (`sequential`, `progressive`) that the inverse DCT makes samples of (`idct`). So come the planes
//! of the components (`planes`), and of them the image (`upsample`).
//!
//! DCT data of 8 and 12 bits decodes to the bit as libjpeg-turbo decodes it by default, but for one
//! thing: progressive data that ends early is not smoothed.
//!
//! Damaged data is decoded as far as it goes, and from the next restart marker on again.
//! [`Image::complete_rows`](crate::image::Image::complete_rows) tells up to where every sample
//! came; [`Image::lacks_detail`](crate::image::Image::lacks_detail) that progressive data ended
//! before its detail had.
//!
//! Memory: for the planes and for the image a byte a sample of 8-bit DCT data and two of all other,
//! for progressive data two more.
//! Nothing is allocated before the size of the image has been compared with what is expected.
//! Time: in proportion to the data, and for progressive data to a bounded number of scans.
//!
//! Not read: arithmetic coding, hierarchical data, lossless components of different sizes. These
//! are named in the error.

mod bits;
mod color;
mod decoder;
mod error;
mod header;
mod huffman;
mod idct;
mod interleaved;
mod intervals;
mod lossless;
mod planes;
mod predict;
mod process;
mod progressive;
mod sample;
mod segments;
mod sequential;
mod tables;
#[cfg(test)]
mod tests;
mod transpose;
mod upsample;

pub use decoder::decode_planes;
pub use error::JpegError;
pub use header::{Component, Frame, Header};
pub use planes::{Plane, Planes};
pub use process::Process;

use crate::image::{Expected, Image};

/// Decodes an image: all components at its size, colours as they are stored.
///
/// # Errors
/// Says what stands against an image: see [`JpegError`]. Data that ends or is damaged behind the
/// beginning of the first scan is no error.
pub fn decode(stream: &[u8], expected: Expected) -> Result<Image, JpegError> {
    decode_planes(stream, expected)?.into_image()
}

/// The same of an image that is `YCbCr` where it has three components: red, green and blue.
///
/// # Errors
/// Those of [`decode`].
pub fn decode_rgb(stream: &[u8], expected: Expected) -> Result<Image, JpegError> {
    decode_planes(stream, expected)?.into_rgb()
}
