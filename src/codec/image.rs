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
    pub samples: Vec<u16>,
    /// Whole rows, from the top, whose samples the data held; fewer than `rows` where it ends early
    /// or is damaged. What is missing is 0.
    pub complete_rows: usize,
    /// Data that gives the whole image coarsely first ended before all detail had come.
    pub lacks_detail: bool,
}
