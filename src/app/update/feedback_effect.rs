//! What must happen outside the state for what the reader says of findings, and what comes back from
//! there.

use crate::app::state::Reason;
use crate::feedback::kept::ModelFeedback;
use crate::measurement::identity::ImageIdentity;

/// What must happen outside the state.
#[derive(Clone, Debug)]
pub enum FeedbackEffect {
    /// Looks for what is kept of an image.
    Find(ImageIdentity),
    /// Keeps what was said of an image.
    Keep { image: ImageIdentity, said: Vec<ModelFeedback> },
}

/// What comes back.
#[derive(Clone, Debug)]
pub enum FeedbackMessage {
    Found { image: ImageIdentity, result: Result<Vec<ModelFeedback>, Reason> },
    NotKept(Reason),
}
