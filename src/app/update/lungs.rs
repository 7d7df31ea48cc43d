//! Where the lungs of an image lie, which is known a little later than the image is on screen.

use std::sync::Arc;

use super::notices::warn_of_image;
use crate::app::state::{LoadedImage, Reason, State};
use crate::engine::lungs::LungSearch;
use crate::study::Frame;

/// What is known of the lungs of the image on screen, by now.
pub(super) fn take(state: &mut State, result: &Result<LungSearch, Reason>) {
    state.lungs = result.clone().unwrap_or_else(|reason| {
        warn_of_image(state, &reason.capitalized());
        LungSearch::NotLookedFor
    });
}

/// The lungs of a frame were looked for: it is on screen, in a place beside, or only kept.
pub(super) fn found(state: &mut State, frame: &Arc<Frame>, result: &Result<LungSearch, Reason>) {
    state.stack.cache.keep_lungs(frame, result);
    if state.frame().is_some_and(|shown| Arc::ptr_eq(shown, frame)) {
        take(state, result);
    }
    let beside = state.hanging.slots.iter_mut().flatten().filter_map(|slot| slot.image.as_mut());
    let same = |image: &&mut LoadedImage| Arc::ptr_eq(&image.frame, frame);
    beside.filter(same).for_each(|image| image.lungs.clone_from(result));
}
