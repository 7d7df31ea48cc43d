//! Keys: the words of the command table become egui's shortcuts, and presses become words.
//!
//! What lies on top has the keyboard ([`State::on_top`]): nothing behind a dialog or an open menu
//! hears a key, and while a field is written in only keys with Ctrl that do nothing to text do.
//!
//! *Hide every overlay* is no shortcut but a key that is held, and is asked for by [`is_held`].

use egui::{Event, Key, KeyboardShortcut, Modifiers, Popup};

use super::viewport::measuring::crosshair;
use crate::app::command::{
    Command, CommandGroup, FindingsCommand, HelpCommand, KeysCommand, OverlayCommand, PaletteCommand,
    UncertaintyCommand,
};
use crate::app::state::State;
use crate::app::state::on_top::{OnTop, Unfolded};

/// The shortcut that a word of the table names (`Ctrl+Shift+O`, `PageUp`, `[`); `None` for gestures
/// and for nothing.
pub fn parse(words: &str) -> Option<KeyboardShortcut> {
    let mut modifiers = Modifiers::NONE;
    let mut rest = words;
    loop {
        if let Some(r) = rest.strip_prefix("Ctrl+") {
            modifiers |= Modifiers::COMMAND;
            rest = r;
        } else if let Some(r) = rest.strip_prefix("Shift+") {
            modifiers |= Modifiers::SHIFT;
            rest = r;
        } else {
            break;
        }
    }
    let key = match rest {
        "Esc" => Key::Escape,
        name => Key::from_name(name)?,
    };
    Some(KeyboardShortcut::new(modifiers, key))
}

/// A shortcut in the words of the table; the other way round from [`parse`].
pub fn words(modifiers: Modifiers, key: Key) -> String {
    let symbol = key.symbol_or_name();
    let name = match key {
        Key::ArrowUp => "ArrowUp",
        Key::ArrowDown => "ArrowDown",
        Key::ArrowLeft => "ArrowLeft",
        Key::ArrowRight => "ArrowRight",
        Key::Escape => "Esc",
        Key::Minus => "-",
        _ if symbol.len() == 1 => symbol,
        _ => key.name(),
    };
    // Which signs need Shift is a matter of the keyboard.
    let is_sign = name.len() == 1 && !name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let shift = if modifiers.shift && !is_sign { "Shift+" } else { "" };
    let ctrl = if modifiers.command || modifiers.ctrl { "Ctrl+" } else { "" };
    format!("{ctrl}{shift}{name}")
}

/// The key that was pressed in this frame, taken from everybody else; nothing for one with Alt, which
/// writes characters on many keyboards.
pub fn taken(ctx: &egui::Context) -> Option<String> {
    ctx.input_mut(|input| {
        let press = |event: &Event| match event {
            Event::Key { key, pressed: true, repeat: false, modifiers, .. }
                if !modifiers.alt && *key != Key::Escape =>
            {
                Some(words(*modifiers, *key))
            }
            _ => None,
        };
        let key = input.events.iter().find_map(press)?;
        input.events.retain(|event| !matches!(event, Event::Key { .. } | Event::Text(_)));
        Some(key)
    })
}

/// What lies on top of the screen.
pub fn on_top(ctx: &egui::Context, state: &State) -> Option<OnTop> {
    state.on_top(Unfolded { menu: Popup::is_any_open(ctx), field: ctx.text_edit_focused() })
}

/// The commands whose keys were pressed in this frame.
pub fn pressed(ctx: &egui::Context, state: &State) -> Vec<Command> {
    let top = on_top(ctx, state);
    // What presses the button that has the keyboard does nothing else.
    let elsewhere = crosshair::is_keyboard_elsewhere(ctx);
    let presses = |shortcut: &KeyboardShortcut| {
        elsewhere && shortcut.modifiers.is_none() && matches!(shortcut.logical_key, Key::Space | Key::Enter)
    };
    let mut table: Vec<(KeyboardShortcut, Command)> = Command::listed()
        .into_iter()
        .filter(|c| !matches!(c, Command::Overlay(OverlayCommand::HideOverlays(_))))
        .filter_map(|c| parse(&c.info().key).map(|s| (s, c)))
        .filter(|(shortcut, command)| listens(top, *shortcut, command) && !presses(shortcut))
        .collect();
    // More modifiers first: Ctrl+Shift+O must not be taken for Ctrl+O.
    table.sort_by_key(|(s, _)| std::cmp::Reverse(u8::from(s.modifiers.command) + u8::from(s.modifiers.shift)));
    ctx.input_mut(|input| table.into_iter().filter(|(s, _)| input.consume_shortcut(s)).map(|(_, c)| c).collect())
}

/// Whether a command hears its key under what lies on top.
fn listens(top: Option<OnTop>, shortcut: KeyboardShortcut, command: &Command) -> bool {
    let back = *command == Command::Help(HelpCommand::Escape);
    match top {
        // The window library closes it by the same key.
        Some(OnTop::Menu) => false,
        Some(OnTop::Palette) => back || *command == Command::Palette(PaletteCommand::Toggle),
        Some(OnTop::KeyEditor) => back || *command == Command::Keys(KeysCommand::ToggleEditor),
        Some(OnTop::KeyTable) => back || *command == Command::Help(HelpCommand::ToggleKeys),
        Some(OnTop::Reliability) => back || *command == Command::Uncertainty(UncertaintyCommand::ToggleReliability),
        Some(top) if top.is_dialog() => back,
        Some(OnTop::Field) => shortcut.modifiers.command && !is_of_text(shortcut),
        _ => true,
    }
}

/// True for keys with Ctrl that a text field uses itself.
fn is_of_text(shortcut: KeyboardShortcut) -> bool {
    matches!(
        shortcut.logical_key,
        Key::A
            | Key::C
            | Key::V
            | Key::X
            | Key::Y
            | Key::Z
            | Key::U
            | Key::W
            | Key::H
            | Key::ArrowUp
            | Key::ArrowDown
            | Key::ArrowLeft
            | Key::ArrowRight
            | Key::Home
            | Key::End
            | Key::Backspace
            | Key::Delete
    )
}

/// Whether the key that hides every overlay is held.
pub fn is_held(ctx: &egui::Context, state: &State) -> bool {
    let free = on_top(ctx, state).is_none_or(|top| !top.is_dialog() && !matches!(top, OnTop::Menu | OnTop::Field));
    let Some(shortcut) = parse(&OverlayCommand::HideOverlays(true).info().key) else { return false };
    let exact = |m: Modifiers| m.command == shortcut.modifiers.command && m.shift == shortcut.modifiers.shift;
    free && ctx.input(|i| i.key_down(shortcut.logical_key) && exact(i.modifiers))
}

/// True for what would change how the result looks: such keys rest while it is hidden.
pub fn rests(command: &Command) -> bool {
    match command {
        Command::Overlay(OverlayCommand::HideOverlays(_)) => false,
        // The last two open at the most probable class, and at its map.
        Command::Findings(
            FindingsCommand::PreviousClass | FindingsCommand::NextClass | FindingsCommand::SwapCompared,
        )
        | Command::Uncertainty(UncertaintyCommand::ToggleReliability)
        | Command::Overlay(OverlayCommand::ToggleFaithfulness) => true,
        command => matches!(command.info().group, CommandGroup::Overlay | CommandGroup::WhatIf),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_read_and_written_alike() {
        for command in Command::listed() {
            let key = command.info().key;
            if !key.is_empty() {
                let shortcut = parse(&key).unwrap_or_else(|| panic!("{key} is no key"));
                assert_eq!(words(shortcut.modifiers, shortcut.logical_key), key);
            }
        }
        assert_eq!(words(Modifiers::SHIFT, Key::Plus), "+", "which signs need Shift differs from keyboard to keyboard");
    }

    #[test]
    fn behind_a_dialog_only_the_way_back_is_heard_and_in_a_field_what_is_no_text() {
        let heard =
            |top, command: &Command| parse(&command.info().key).is_some_and(|shortcut| listens(top, shortcut, command));
        let [back, invert, undo, open] = [
            Command::Help(HelpCommand::Escape),
            crate::app::command::ViewCommand::Invert.into(),
            crate::app::command::MeasureCommand::Undo.into(),
            crate::app::command::FileCommand::OpenFiles.into(),
        ];
        for top in
            [OnTop::Question, OnTop::Palette, OnTop::KeyEditor, OnTop::KeyTable, OnTop::Reliability, OnTop::Weights]
        {
            assert!(heard(Some(top), &back) && !heard(Some(top), &invert) && !heard(Some(top), &open), "{top:?}");
        }
        let field = Some(OnTop::Field);
        assert!(!heard(field, &invert) && !heard(field, &undo) && heard(field, &open) && !heard(field, &back));
        assert!(!heard(Some(OnTop::Menu), &back) && heard(None, &invert) && heard(Some(OnTop::Tool), &invert));
    }
}
