//! What every decoder yields.

/// The most that a stream may say of its image; checked before anything is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub columns: usize,
    pub rows: usize,
    pub components: usize,
}

/// Samples of one image, components interleaved by pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub columns: usize,
    pub rows: usize,
    pub components: usize,
    /// Bits of a sample, 2 to 16.
    pub precision: u8,
    /// `rows × columns × components` values, row by row.
    pub samples: Samples,
    /// Whole rows, from the top, whose samples the data held; fewer than `rows` where it ends early
    /// or is damaged. What is missing is 0.
    pub complete_rows: usize,
    /// Data that gives the whole image coarsely first ended before all detail had come.
    pub lacks_detail: bool,
}

/// The samples of an image, in bytes where its decoder makes no wider ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Samples {
    /// Those of DCT data of 8 bits.
    Bytes(Vec<u8>),
    /// Those of all else, also where fewer bits are used.
    Words(Vec<u16>),
}

impl Samples {
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Words(words) => words.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The samples as bytes; of words the lower ones.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Words(words) => words.into_iter().map(|word| word as u8).collect(),
        }
    }

    /// The samples as words, whatever they were.
    pub fn into_words(self) -> Vec<u16> {
        match self {
            Self::Bytes(bytes) => bytes.into_iter().map(u16::from).collect(),
            Self::Words(words) => words,
        }
    }
}
