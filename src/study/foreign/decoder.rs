//! The decoders that are not ours, each with what it makes of a file or a stream.

use crate::panic_guard::guarded;
use crate::study::StudyError;
use crate::study::raster::{inks, png, tiff, words};

use super::samples::{Samples, Size};
use super::{jpeg_2000, jpeg_xl};

/// A decoder of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::study) enum Decoder {
    /// `openjp2`: JPEG 2000 and HTJ2K.
    Jpeg2000,
    /// `jxl-oxide`.
    JpegXl,
    /// `png`.
    Png,
    /// `tiff`, and `image` around it.
    Tiff,
    /// `zune-jpeg`, for the four inks that our own decoder does not mix.
    JpegInks,
    /// No decoder: work that goes wrong as its first byte says, for tests. A process does it only
    /// where it was started for that.
    Trial,
}

impl Decoder {
    pub(super) const ALL: [Self; 6] =
        [Self::Jpeg2000, Self::JpegXl, Self::Png, Self::Tiff, Self::JpegInks, Self::Trial];

    /// The number that stands for it in a message.
    pub(super) fn number(self) -> u8 {
        Self::ALL.iter().position(|decoder| *decoder == self).unwrap_or_default() as u8
    }

    pub(super) fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Bytes of memory that each sample may take: of the samples themselves, what they are decoded
    /// in and what they are sent in; half as much again as was measured.
    pub(super) fn bytes_a_sample(self) -> u64 {
        match self {
            Self::JpegXl | Self::Tiff => 16,
            Self::Jpeg2000 | Self::Trial => 10,
            Self::Png | Self::JpegInks => 7,
        }
    }

    /// Decodes; a panic is an error.
    pub(super) fn decode(self, stream: &[u8], size: Option<Size>) -> Result<Samples, StudyError> {
        guarded(|| match self {
            Self::Jpeg2000 => jpeg_2000::decode(stream),
            Self::JpegXl => jpeg_xl::decode(stream, size),
            Self::Png => png::decode(stream).and_then(words::of_picture),
            Self::Tiff => tiff::decode(stream).and_then(words::of_tiff),
            Self::JpegInks => inks::decode(stream).and_then(words::of_picture),
            Self::Trial => super::trial::run(stream),
        })?
    }
}
