//! Carries out what is asked of the keys: one command, one key, and no key of two commands.

use super::effect::Effect;
use super::preferences;
use crate::app::command::key_map::{declared, find, holder, is_fixed, refused};
use crate::app::command::{Command, KeysCommand};
use crate::app::state::State;
use crate::app::state::keys::{Clash, KeyEditor};

pub(super) fn apply(state: &mut State, command: KeysCommand) -> Vec<Effect> {
    use KeysCommand as K;
    if command == K::ToggleEditor {
        state.key_editor = if state.key_editor.is_some() { None } else { Some(KeyEditor::default()) };
        state.keys_open = false;
        return Vec::new();
    }
    let Some(editor) = &mut state.key_editor else { return Vec::new() };
    if !matches!(command, K::Search(_)) {
        editor.refusal = None;
    }
    match command {
        K::Search(words) => editor.search = words,
        K::Listen(id) => {
            editor.clash = None;
            editor.listening = id.filter(|id| find(id).is_some_and(|command| !is_fixed(&command)));
        }
        K::Press(key) => return press(state, key),
        K::Swap | K::Take => return settle(state, command == K::Swap),
        K::Leave => editor.clash = None,
        K::Clear(id) => return give(state, &id, String::new()),
        K::Reset(id) => {
            let Some(key) = find(&id).map(|command| declared(&command)) else { return Vec::new() };
            return wanted(state, id, key);
        }
        K::ResetAll => {
            (editor.listening, editor.clash) = (None, None);
            return preferences::change(state, |p| p.keys.clear());
        }
        K::ToggleEditor => {}
    }
    Vec::new()
}

/// Puts away what the window of keys waits for.
pub(super) fn stop_listening(state: &mut State) {
    if let Some(editor) = &mut state.key_editor {
        (editor.listening, editor.clash, editor.refusal) = (None, None, None);
    }
}

/// A key was pressed for the command that waits for one.
fn press(state: &mut State, key: String) -> Vec<Effect> {
    let Some(editor) = &mut state.key_editor else { return Vec::new() };
    let Some(id) = editor.listening.take() else { return Vec::new() };
    if let Some(why) = refused(&key) {
        editor.refusal = Some(why);
        return Vec::new();
    }
    wanted(state, id, key)
}

/// A key for a command; where another one has it, the reader is asked.
fn wanted(state: &mut State, id: String, key: String) -> Vec<Effect> {
    let other = if key.is_empty() { None } else { holder(&state.preferences.keys, &key, &id) };
    let Some(other) = other else { return give(state, &id, key) };
    if let Some(editor) = &mut state.key_editor {
        editor.clash = Some(Clash { wanted_for: id, key, held_by: other.id() });
    }
    Vec::new()
}

/// The reader has agreed that the other command gives its key away.
fn settle(state: &mut State, swap: bool) -> Vec<Effect> {
    let Some(Clash { wanted_for, key, held_by }) = state.key_editor.as_mut().and_then(|e| e.clash.take()) else {
        return Vec::new();
    };
    let before = key_of(state, &wanted_for);
    let left = if swap { before } else { String::new() };
    give(state, &held_by, left);
    give(state, &wanted_for, key)
}

/// The key that the command of this id has.
fn key_of(state: &State, id: &str) -> String {
    let own = || find(id).map(|command| declared(&command)).unwrap_or_default();
    state.preferences.keys.get(id).cloned().unwrap_or_else(own)
}

/// Gives a command a key; what it came with is no change.
fn give(state: &mut State, id: &str, key: String) -> Vec<Effect> {
    let Some(command): Option<Command> = find(id).filter(|command| !is_fixed(command)) else { return Vec::new() };
    let own = declared(&command) == key;
    preferences::change(state, |p| {
        if own {
            p.keys.remove(id);
        } else {
            p.keys.insert(id.to_owned(), key);
        }
    })
}
