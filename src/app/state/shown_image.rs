//! The image in front of the reader, from the moment it is asked for.

use std::sync::Arc;

use super::Reason;
use crate::study::{Frame, ImageEntry};

/// The image in front of the reader.
#[derive(Clone, Debug, Default)]
pub enum ShownImage {
    #[default]
    Nothing,
    Loading(Arc<ImageEntry>, u32),
    Ready(Arc<Frame>),
    Failed {
        entry: Arc<ImageEntry>,
        index: u32,
        reason: Reason,
    },
}

impl ShownImage {
    /// The image, whether it is there or on its way, with the number of its frame.
    pub fn entry(&self) -> Option<(&Arc<ImageEntry>, u32)> {
        match self {
            Self::Nothing => None,
            Self::Loading(entry, index) | Self::Failed { entry, index, .. } => Some((entry, *index)),
            Self::Ready(frame) => Some((&frame.entry, frame.index)),
        }
    }

    /// The frame, once it is there.
    pub fn frame(&self) -> Option<&Arc<Frame>> {
        match self {
            Self::Ready(frame) => Some(frame),
            _ => None,
        }
    }
}
