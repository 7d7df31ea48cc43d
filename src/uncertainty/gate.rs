//! The input gate: is this an image of the kind that the model was trained for?

/// A gate with its weights.
pub struct Gate {}
