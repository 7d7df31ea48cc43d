//! Preferences change in one place, so that a change is never forgotten to be kept.

use super::effect::Effect;
use crate::app::state::{Preferences, State};

/// Changes the preferences and has them kept.
pub(super) fn change(state: &mut State, change: impl FnOnce(&mut Preferences)) -> Vec<Effect> {
    change(&mut state.preferences);
    vec![Effect::SavePreferences]
}
