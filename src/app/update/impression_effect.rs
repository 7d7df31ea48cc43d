//! What must happen outside the state for impressions, and what comes back from there.

use crate::app::state::Reason;
use crate::app::state::impression::ImageKey;
use crate::measurement::identity::ImageIdentity;
use crate::report::impression_store::KeptImpression;

/// What must happen outside the state.
#[derive(Clone, Debug)]
pub enum ImpressionEffect {
    /// Looks for what is kept of an image.
    Find { image: ImageKey, identity: ImageIdentity },
    /// Keeps what was written about an image.
    Keep { identity: ImageIdentity, written: KeptImpression },
}

/// What comes back.
#[derive(Clone, Debug)]
pub enum ImpressionMessage {
    Found { image: ImageKey, identity: ImageIdentity, result: Result<Option<KeptImpression>, Reason> },
    NotKept(Reason),
}
