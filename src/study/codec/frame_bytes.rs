//! What every decoder yields: the samples of one frame.

use crate::codec::image::{self, Image};

use super::stream_size::StreamSize;
use crate::imaging::Missing;
use crate::study::StudyError;
use crate::study::foreign::Samples;
use crate::study::guard::PixelLayout;
use crate::study::room::{collected, resized};

/// What three samples a pixel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    /// What the Photometric Interpretation says.
    AsLabelled,
    Rgb,
    YbrFull,
}

/// One frame as samples: little endian, decompressed, colours not yet converted.
pub(crate) struct FrameBytes {
    pub bytes: Vec<u8>,
    /// 1, 2, 4 or 8.
    pub sample_bytes: usize,
    /// Bits of a sample, where a stream has told them; they stand at the low end.
    pub precision: Option<u32>,
    /// Colour planes one after another.
    pub planar: bool,
    pub colours: Colours,
    /// Y1 Y2 Cb Cr for two pixels.
    pub subsampled: bool,
    /// What of the frame its data does not hold; zeros stand in its place.
    pub missing: Option<Missing>,
    /// Where the data contradicts what the file says of it.
    pub warnings: Vec<String>,
}

impl FrameBytes {
    /// A whole frame as its labels say, samples interleaved by pixel.
    pub(crate) fn of(bytes: Vec<u8>, sample_bytes: usize) -> Self {
        Self {
            bytes,
            sample_bytes,
            precision: None,
            planar: false,
            colours: Colours::AsLabelled,
            subsampled: false,
            missing: None,
            warnings: Vec::new(),
        }
    }

    /// The frame whose samples begin with `bytes`; what they lack is missing.
    pub(crate) fn native(bytes: Vec<u8>, layout: &PixelLayout) -> Result<Self, StudyError> {
        let needed = (layout.frame_bits() / 8) as usize;
        let missing = (bytes.len() < needed).then(|| Missing::Rows { from: whole_rows(bytes.len(), layout) });
        let bytes = resized(bytes, needed)?;
        let (planar, subsampled) = (layout.planar && layout.samples == 3 && !layout.subsampled, layout.subsampled);
        Ok(Self { planar, subsampled, missing, ..Self::of(bytes, layout.bits_allocated.div_ceil(8)) })
    }

    /// The frame that a decoder of others has made; it must have the size of the object.
    pub(super) fn of_samples(decoded: Samples, layout: &PixelLayout) -> Result<Self, StudyError> {
        let Samples { columns, rows, components, word, precision, .. } = decoded;
        StreamSize { columns, rows, samples: components }.must_be_that_of(layout)?;
        Ok(Self { precision: Some(precision), missing: decoded.missing, ..Self::of(decoded.bytes, word) })
    }

    /// The frame that a decoder of ours has made.
    pub(crate) fn decoded(image: Image) -> Result<Self, StudyError> {
        let (precision, missing, count) = (Some(image.precision.into()), missing(&image), image.samples.len());
        let (bytes, sample_bytes) = match image.samples {
            image::Samples::Bytes(bytes) => (bytes, 1),
            image::Samples::Words(words) if image.precision <= 8 => {
                (collected(count, words.iter().map(|sample| *sample as u8))?, 1)
            }
            image::Samples::Words(words) => {
                (collected(2 * count, words.iter().flat_map(|sample| sample.to_le_bytes()))?, 2)
            }
        };
        Ok(Self { precision, missing, ..Self::of(bytes, sample_bytes) })
    }
}

/// What of an image its stream did not hold.
pub(in crate::study) fn missing(image: &Image) -> Option<Missing> {
    if image.complete_rows < image.rows {
        return Some(Missing::Rows { from: image.complete_rows });
    }
    image.lacks_detail.then_some(Missing::Detail)
}

/// Rows that so many bytes of a native frame give with all their samples.
fn whole_rows(bytes: usize, layout: &PixelLayout) -> usize {
    let row_bits = layout.frame_bits() as usize / layout.rows;
    if layout.planar && layout.samples == 3 {
        // The last of the three planes decides.
        let plane = layout.frame_bits() as usize / 8 / 3;
        return 3 * 8 * bytes.saturating_sub(2 * plane) / row_bits;
    }
    8 * bytes / row_bits
}
