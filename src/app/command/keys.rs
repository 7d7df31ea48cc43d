//! The window of keys: which command a new key is for, and the key.

use super::declare::commands;

commands! {
    /// What a reader asks of the keys.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum KeysCommand of Help {
        ToggleEditor => ("Keys…", "Shows every command with its key, and changes keys", "Shift+F1"),
        /// Words that a row must have.
        Search(_: String) => ("Search", "Words of a command, or its key"),
        /// Waits for the key of the command with this id; for none, waits no longer.
        Listen(_: Option<String>) => ("New key", "Click, then press the new key"),
        /// The key that was pressed.
        Press(_: String) => ("Take this key", "Gives this key to the command"),
        /// Both commands exchange their keys.
        Swap => ("Exchange the keys", "Each of the two commands gets the key of the other", ""),
        /// The other command is left without a key.
        Take => ("Take the key", "The other command has no key any more", ""),
        /// Everything stays as it is.
        Leave => ("Leave it", "Both commands keep their keys", ""),
        /// The command with this id has no key.
        Clear(_: String) => ("No key", "Takes the key away from this command"),
        /// The command with this id has the key that it came with.
        Reset(_: String) => ("As it came", "Gives this command back the key that it came with"),
        ResetAll => ("All as they came", "Gives every command back the key that it came with", ""),
    }
}
