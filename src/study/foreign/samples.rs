//! What a decoder of others yields, as bytes that can go through a pipe.

use crate::imaging::Missing;

/// Samples of one image, interleaved by pixel.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::study) struct Samples {
    pub columns: usize,
    pub rows: usize,
    /// Samples per pixel, 1 to 255.
    pub components: usize,
    /// Bytes of a sample: 1, 2 or 4.
    pub word: usize,
    /// Samples are IEEE floating point, of four bytes.
    pub float: bool,
    /// Bits of a sample; they stand at the low end.
    pub precision: u32,
    /// Three samples are red, green and blue by what the stream itself says.
    pub rgb: bool,
    /// Black and white only.
    pub one_bit: bool,
    /// The highest grey value, where it is not that of the words.
    pub highest: Option<f32>,
    pub missing: Option<Missing>,
    /// `rows × columns × components` words, little endian.
    pub bytes: Vec<u8>,
}

impl Samples {
    /// How many bytes samples of this shape take; `None` beyond what can be counted.
    pub(super) fn length(&self) -> Option<u64> {
        [self.rows, self.components, self.word]
            .iter()
            .try_fold(self.columns as u64, |all, n| all.checked_mul(*n as u64))
    }
}

/// The size that an object says its image has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::study) struct Size {
    pub columns: usize,
    pub rows: usize,
    pub samples: usize,
}
