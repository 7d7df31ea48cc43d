//! Whether the window may be closed: not over a training run, and not over words of the reader's that
//! could not be kept, before both were said.

use super::{impression, training};
use crate::app::state::State;

/// Whether the window may be closed now; what stands against it is said.
pub fn may_close(state: &mut State) -> bool {
    impression::may_close(state) && training::may_close(state)
}
