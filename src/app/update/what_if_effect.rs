//! What must happen outside the state for changed images, and what comes back from there.

use std::sync::Arc;

use crate::app::state::what_if::Parts;
use crate::engine::Generation;
use crate::study::Frame;

/// What must happen outside the state.
#[derive(Clone, Debug)]
pub enum WhatIfEffect {
    /// Looks for superpixels and side markers.
    FindParts { generation: Generation, frame: Arc<Frame> },
}

/// What was found of the image of that generation; nothing where looking for it broke off.
#[derive(Clone, Debug)]
pub struct PartsFound {
    pub generation: Generation,
    pub parts: Option<Arc<Parts>>,
}
