//! What can be wrong with a JPEG-LS stream.

use crate::image::Expected;

/// Why a stream gives no image at all. What ends early is no error: see [`super::decode`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JpegLsError {
    #[error("the data does not begin like a JPEG-LS stream")]
    NotJpegLs,
    #[error(
        "the JPEG stream is of another kind than JPEG-LS (its frame header is SOF{0}); \
         its transfer syntax should be that of its kind"
    )]
    OtherKind(u8),
    #[error("the JPEG-LS stream ends before its image data begin; the file may be cut short")]
    Truncated,
    #[error("the JPEG-LS stream is malformed: {0}")]
    Malformed(String),
    #[error("the JPEG-LS stream uses {0}, which is not decoded; write it again without, for example with dcmdjpls")]
    Unsupported(String),
    #[error(
        "the JPEG-LS stream has {} × {} pixels of {} component(s), where {} × {} of {} are expected",
        found.columns, found.rows, found.components, expected.columns, expected.rows, expected.components
    )]
    OtherSize { found: Expected, expected: Expected },
}

impl JpegLsError {
    pub(super) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }

    pub(super) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }
}
