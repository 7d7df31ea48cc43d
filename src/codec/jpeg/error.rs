//! What stands against an image.

use super::process::Process;
use crate::image::Expected;

/// Why a JPEG stream gives no image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JpegError {
    #[error("no JPEG image begins in the data")]
    NoImage,
    #[error("the JPEG data ends before the image begins; fetch it again from where it came")]
    EndsEarly,
    #[error("the image is coded as {0}, which cannot be read here; have another program decompress it")]
    Unsupported(&'static str),
    #[error("{} JPEG with {bits} bits a sample cannot be read; {} bits can", process.name(), process.bits())]
    Precision { process: Process, bits: u8 },
    #[error("the JPEG image has {0} components, where 1 to 4 can be read")]
    Components(u8),
    #[error("the JPEG image says that it is {columns} × {rows} pixels large")]
    Empty { columns: usize, rows: usize },
    #[error(
        "the JPEG image has {columns} × {rows} pixels of {components} sample(s), \
         where at most {} × {} of {} are expected",
        expected.columns, expected.rows, expected.components
    )]
    TooLarge { columns: usize, rows: usize, components: usize, expected: Expected },
    #[error("the JPEG image is damaged: its component {component} has the sampling factors {horizontal} × {vertical}")]
    Sampling { component: u8, horizontal: u8, vertical: u8 },
    #[error(
        "the components of the lossless JPEG image have sampling factors other than 1, which cannot be read \
         here; have another program decompress it"
    )]
    SubsampledLossless,
    #[error("the JPEG data is damaged: {0}")]
    Damaged(&'static str),
}
