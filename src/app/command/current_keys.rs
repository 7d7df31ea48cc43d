//! Which key a command has now: what it declares, or what the reader put in its place.
//!
//! Every tooltip, menu and table asks a command for its words; so that none can show an old key, the
//! reader's changes are installed here for the thread that draws, once a frame, and
//! [`super::CommandInfo`] is made with them. Nothing else of the state is reached that way.

use std::borrow::Cow;
use std::cell::RefCell;

use crate::app::state::keys::ChangedKeys;

thread_local! {
    static CHANGED: RefCell<ChangedKeys> = const { RefCell::new(ChangedKeys::new()) };
}

/// From here on commands say these keys on this thread.
pub(super) fn install(changed: &ChangedKeys) {
    CHANGED.with_borrow_mut(|installed| {
        if installed != changed {
            installed.clone_from(changed);
        }
    });
}

/// What `words` yields where no key was changed.
pub(super) fn without_changes<T>(words: impl FnOnce() -> T) -> T {
    let changed = CHANGED.take();
    let said = words();
    CHANGED.set(changed);
    said
}

/// The key of a command that declares `key`.
pub(super) fn current(key: &'static str, id: impl FnOnce() -> String) -> Cow<'static, str> {
    CHANGED.with_borrow(|changed| {
        if changed.is_empty() {
            return Cow::Borrowed(key);
        }
        changed.get(&id()).map_or(Cow::Borrowed(key), |own| Cow::Owned(own.clone()))
    })
}
