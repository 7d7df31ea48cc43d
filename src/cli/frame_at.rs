//! One frame of the image at a path.

use std::path::Path;

use crate::study::{Frame, load, open_image};

/// A frame of the image at a path, counted from 1; the first where none is named.
pub(super) fn frame_at(path: &Path, number: Option<u32>) -> anyhow::Result<Frame> {
    let first = open_image(path)?;
    match number {
        Some(number) if number != 1 => Ok(load(&first.entry, number.saturating_sub(1))?),
        _ => Ok(first),
    }
}
