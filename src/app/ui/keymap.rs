//! Keys: the words of the command table become egui's shortcuts.
//!
//! `O` is no shortcut but a key that is held, and is asked for in [`crate::app::ui`].

use egui::{Key, KeyboardShortcut, Modifiers};

use crate::app::command::{Command, CommandGroup, FindingsCommand, MeasureCommand, OverlayCommand, UncertaintyCommand};

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

/// The commands whose keys were pressed in this frame. Keys belong to a text field while one is
/// being written in.
pub fn pressed(ctx: &egui::Context) -> Vec<Command> {
    let writing = ctx.text_edit_focused();
    let mut table: Vec<(KeyboardShortcut, Command)> = Command::listed()
        .into_iter()
        .filter(|c| !matches!(c, Command::Overlay(OverlayCommand::HideOverlays(_))))
        .filter_map(|c| parse(c.info().key).map(|s| (s, c)))
        .collect();
    // More modifiers first: Ctrl+Shift+O must not be taken for Ctrl+O.
    table.sort_by_key(|(s, _)| std::cmp::Reverse(u8::from(s.modifiers.command) + u8::from(s.modifiers.shift)));
    ctx.input_mut(|input| {
        table
            .into_iter()
            .filter(|(s, c)| (!writing || s.modifiers.command && !is_of_text(c)) && input.consume_shortcut(s))
            .map(|(_, c)| c)
            .collect()
    })
}

/// True for what a text field does by the same keys with what is written in it.
fn is_of_text(command: &Command) -> bool {
    matches!(command, Command::Measure(MeasureCommand::Undo | MeasureCommand::Redo))
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
