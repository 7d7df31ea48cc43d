//! The coding processes that are read (ITU-T T.81 table 1, table B.1).

/// How samples are coded (T.81 table B.1); all with Huffman codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// Baseline DCT, process 1.
    Baseline,
    /// Extended sequential DCT, processes 2 and 4.
    Extended,
    /// Progressive DCT, processes 6, 8, 10 and 12.
    Progressive,
    /// Lossless, process 14.
    Lossless,
}

impl Process {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Extended => "extended",
            Self::Progressive => "progressive",
            Self::Lossless => "lossless",
        }
    }

    /// The precisions that can be read, in words.
    pub(super) fn bits(self) -> &'static str {
        if self == Self::Lossless { "2 to 16" } else { "8 or 12" }
    }

    // Streams of 12 bits that call themselves baseline are read as extended ones.
    pub(super) fn reads(self, precision: u8) -> bool {
        if self == Self::Lossless { (2..=16).contains(&precision) } else { matches!(precision, 8 | 12) }
    }
}
