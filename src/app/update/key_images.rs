//! Marks images as key images, goes from one to the next, and takes in what is kept of marks.

use std::sync::Arc;

use super::effect::Effect;
use super::measuring_effect::MeasuringEffect;
use crate::app::state::State;
use crate::app::state::impression::ImageKey;
use crate::measurement::identity::ImageIdentity;

/// Marks the image on screen, or takes its mark away.
pub(super) fn toggle(state: &mut State) -> Vec<Effect> {
    let Some(identity) = state.measurable().map(|at| at.identity.clone()) else { return Vec::new() };
    state.history.marked(identity);
    turn(state)
}

/// The same without a step back.
pub(super) fn turn(state: &mut State) -> Vec<Effect> {
    let (Some(at), Some(frame)) = (state.measurable(), state.frame()) else { return Vec::new() };
    let (identity, key_image) = (at.identity.clone(), !state.is_key_image());
    let size = [frame.pixels.plane.width, frame.pixels.plane.height];
    Arc::make_mut(&mut state.measuring.key_images).mark(&identity, key_image);
    // A file that could not be read is not replaced.
    if state.measuring.unkept {
        return Vec::new();
    }
    vec![Effect::Measure(MeasuringEffect::Mark { identity, size, key_image })]
}

/// The pixels of an image were hashed; `kept` where its file could be read, or there is none.
pub(super) fn see(state: &mut State, image: &ImageKey, identity: &ImageIdentity, kept: Option<bool>) {
    Arc::make_mut(&mut state.measuring.key_images).see(image.clone(), identity.clone(), kept);
}
