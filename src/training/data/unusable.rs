//! Why an image takes no part.

use std::sync::Arc;

use crate::study::{StudyError, Unscorable};

/// Why an image of the data takes no part; the reason stands in a warning.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnusableImage {
    #[error("it cannot be decoded: {0}")]
    Undecodable(StudyError),
    #[error(transparent)]
    Unopened(#[from] StudyError),
    #[error(transparent)]
    Unscorable(#[from] Unscorable),
    #[error(transparent)]
    Network(#[from] candle_core::Error),
    #[error("it has no pixels")]
    Empty,
    #[error("some of its pixels are no numbers, and the network could not be given them")]
    NotNumbers,
    #[error("{array} cannot be read from here on: {source}")]
    Array { array: String, source: Arc<std::io::Error> },
    #[error("its decoder gave up on the way")]
    GaveUp,
}
