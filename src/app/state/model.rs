//! The model as the viewer knows it: on its way, ready, or why there is none.

use crate::engine::ModelInfo;

/// The model.
#[derive(Clone, Debug)]
pub enum Model {
    Loading {
        name: String,
    },
    Ready(ModelInfo),
    /// None of the installed models fits the image.
    Unfit,
    Failed {
        name: String,
        reason: String,
    },
}
