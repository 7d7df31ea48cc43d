//! Keys and their commands: whose a key is, and which may be changed.

use super::{Command, HelpCommand, current_keys};
use crate::app::state::keys::ChangedKeys;

/// Keys that belong to the window library or to text: they are no command's.
const RESERVED: [&str; 7] = ["Esc", "Tab", "Enter", "Ctrl+A", "Ctrl+C", "Ctrl+V", "Ctrl+X"];

/// From here on commands say these keys on this thread.
pub fn install(changed: &ChangedKeys) {
    current_keys::install(changed);
}

/// The key that a command declares.
#[must_use]
pub fn declared(command: &Command) -> String {
    current_keys::without_changes(|| command.info().key.into_owned())
}

/// The listed command of this id.
#[must_use]
pub fn find(id: &str) -> Option<Command> {
    Command::listed().into_iter().find(|command| command.id() == id)
}

/// Whether the key of a command may be changed: the way back always works.
#[must_use]
pub fn is_fixed(command: &Command) -> bool {
    *command == Command::Help(HelpCommand::Escape)
}

/// Why a key is no command's to have.
#[must_use]
pub fn refused(key: &str) -> Option<String> {
    RESERVED.contains(&key).then(|| format!("{key} moves through fields and menus, or edits text: take another key."))
}

/// The command that has `key` with these changes, beside the one of `id`.
#[must_use]
pub fn holder(changed: &ChangedKeys, key: &str, id: &str) -> Option<Command> {
    let held = |command: &Command| {
        let own = command.id();
        own != id && changed.get(&own).cloned().unwrap_or_else(|| declared(command)) == key
    };
    Command::listed().into_iter().find(held)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::app::command::ViewCommand;

    #[test]
    fn a_changed_key_stands_wherever_a_command_says_its_words() {
        let invert = Command::View(ViewCommand::Invert);
        assert_eq!(invert.info().key, "I");
        install(&ChangedKeys::from([(invert.id(), "Ctrl+B".to_owned())]));
        assert_eq!(invert.info().key, "Ctrl+B");
        assert!(invert.info().hint().ends_with("(Ctrl+B)"));
        assert_eq!(declared(&invert), "I");
        install(&ChangedKeys::from([(invert.id(), String::new())]));
        assert!(!invert.info().hint().contains('('));
        install(&ChangedKeys::new());
        assert_eq!(invert.info().key, "I");
    }

    #[test]
    fn ids_are_told_apart_and_no_two_commands_declare_one_key() {
        let (mut ids, mut keys) = (HashSet::new(), HashSet::new());
        for command in Command::listed() {
            assert!(ids.insert(command.id()), "{command:?}");
            let key = declared(&command);
            assert!(key.is_empty() || keys.insert(key), "{command:?}");
        }
        assert!(find("View(Invert)").is_some() && find("View(Nothing)").is_none());
    }

    #[test]
    fn the_holder_of_a_key_is_found_with_the_changes() {
        let [invert, smooth] = [ViewCommand::Invert, ViewCommand::ToggleSmooth].map(Command::View);
        let mut changed = ChangedKeys::new();
        assert_eq!(holder(&changed, "N", &invert.id()), Some(smooth.clone()));
        assert_eq!(holder(&changed, "N", &smooth.id()), None);
        changed.insert(smooth.id(), String::new());
        assert_eq!(holder(&changed, "N", &invert.id()), None);
        assert!(refused("Esc").is_some() && refused("Ctrl+B").is_none());
    }
}
