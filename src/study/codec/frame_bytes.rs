//! What every decoder yields: the samples of one frame.

use crate::imaging::Missing;
use crate::study::guard::PixelLayout;

/// One frame as samples: little endian, decompressed, colours not yet converted.
pub(crate) struct FrameBytes {
    pub bytes: Vec<u8>,
    /// 1, 2, 4 or 8.
    pub sample_bytes: usize,
    /// Colour planes one after another.
    pub planar: bool,
    /// The codec has made RGB of it.
    pub is_rgb: bool,
    /// Y1 Y2 Cb Cr for two pixels.
    pub subsampled: bool,
    /// What of the frame its data does not hold; zeros stand in its place.
    pub missing: Option<Missing>,
}

impl FrameBytes {
    /// The frame whose samples begin with `bytes`; what they lack is missing.
    pub(crate) fn native(mut bytes: Vec<u8>, layout: &PixelLayout) -> Self {
        let needed = (layout.frame_bits() / 8) as usize;
        let missing = (bytes.len() < needed).then(|| Missing::Rows { from: whole_rows(bytes.len(), layout) });
        bytes.resize(needed, 0);
        let (planar, subsampled) = (layout.planar, layout.subsampled);
        let sample_bytes = layout.bits_allocated.div_ceil(8);
        Self { bytes, sample_bytes, planar, is_rgb: false, subsampled, missing }
    }
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

/// What a stream says of the image in it.
pub(crate) struct StreamSize {
    pub columns: usize,
    pub rows: usize,
    pub samples: usize,
    pub precision: u8,
}
