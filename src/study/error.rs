//! Why a file could not be opened, as sentences that say what to do.
//!
//! No message carries a path or the value of an attribute: callers name the file, and nothing of a
//! patient gets into logs.

use thiserror::Error;

use crate::files::FileError;
use crate::panic_guard::Panicked;

/// Why a file could not be listed or its pixels not be decoded.
#[derive(Debug, Error)]
pub enum StudyError {
    #[error("The file does not exist. Check the path.")]
    NotFound,
    #[error("The file cannot be read: {0}.")]
    Unreadable(#[source] std::io::Error),
    #[error("The path leads to {0}, and only files are opened.")]
    NotRegular(&'static str),
    #[error("The file is empty (0 bytes). Copy it again from where it came from.")]
    Empty,
    #[error("This is not an image: {0}. Pellucid opens DICOM, PNG, JPEG and TIFF.")]
    NotAnImage(String),
    #[error("The file is {bytes} bytes long; files over {limit} bytes are not opened.")]
    FileTooLarge { bytes: u64, limit: u64 },
    #[error("The image is too large: {0}.")]
    TooLarge(String),
    #[error("The file is truncated or damaged: {0}. Copy it again from where it came from.")]
    Truncated(String),
    #[error("The DICOM structure is not sound: {0}. The file was not read any further.")]
    Malformed(String),
    #[error(
        "Pixel data in {name} ({uid}) cannot be decoded. Convert the file to an uncompressed transfer syntax first, \
         for example with: {advice}"
    )]
    UnsupportedSyntax { uid: String, name: String, advice: String },
    #[error("The pixel data is of a kind that is not supported: {0}.")]
    UnsupportedPixels(String),
    #[error("This object has no pixels to show: it is a {0}.")]
    NoPixels(String),
    #[error("The pixel data could not be decoded: {0}.")]
    Decode(String),
    #[error("The decoder of this file's pixel data failed on it; the file is probably damaged.")]
    CodecPanic,
    #[error("The image has {frames} frame(s); there is no frame number {asked}.")]
    NoSuchFrame { asked: u32, frames: u32 },
    #[error("Nothing that can be shown was found there.")]
    NothingFound,
}

impl From<Panicked> for StudyError {
    fn from(_: Panicked) -> Self {
        Self::CodecPanic
    }
}

impl From<FileError> for StudyError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::NotRegular(what) => Self::NotRegular(what),
            FileError::TooLarge { bytes, limit } => Self::FileTooLarge { bytes, limit },
            FileError::Endless { limit } => Self::TooLarge(format!("the file is longer than {limit} bytes")),
            FileError::NoMemory { bytes } => Self::TooLarge(format!("there is no memory for its {bytes} bytes")),
            FileError::NotText => Self::NotAnImage("it is no text".into()),
            FileError::Unreadable(error) => error.into(),
        }
    }
}

impl From<std::io::Error> for StudyError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound,
            std::io::ErrorKind::UnexpectedEof => Self::Truncated("it ends before its content does".into()),
            _ => Self::Unreadable(error),
        }
    }
}
