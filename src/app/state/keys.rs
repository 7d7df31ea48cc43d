//! Keys as the reader changed them, and the window that changes them.
//!
//! A key is words like `Ctrl+Shift+O`; what they mean on a keyboard the screen knows. What is not
//! changed is as the command declares it.

use std::collections::BTreeMap;

/// Keys that the reader changed, by the id of their command; without words it has no key.
pub type ChangedKeys = BTreeMap<String, String>;

/// The window of keys, while it is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyEditor {
    /// Words that a row must have.
    pub search: String,
    /// Id of the command whose new key is waited for.
    pub listening: Option<String>,
    /// The key that was pressed belongs to another command.
    pub clash: Option<Clash>,
    /// Why a key was not taken.
    pub refusal: Option<String>,
}

/// A key that is wanted for one command and is another's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// Id of the command that is to have it.
    pub wanted_for: String,
    pub key: String,
    /// Id of the command that has it.
    pub held_by: String,
}
