//! Carries out what is asked of the command palette; what a line asks for is a command of its own.

use super::effect::Effect;
use crate::app::command::PaletteCommand;
use crate::app::state::State;
use crate::app::state::palette::Palette;

/// Longest query, in characters: a path may be one.
const LONGEST: usize = 4096;

pub(super) fn apply(state: &mut State, command: PaletteCommand) -> Vec<Effect> {
    match command {
        PaletteCommand::Toggle => {
            state.palette = if state.palette.is_some() { None } else { Some(Palette::default()) };
        }
        PaletteCommand::Type(words) => {
            if let Some(palette) = &mut state.palette {
                *palette = Palette { query: words.chars().take(LONGEST).collect(), chosen: 0 };
            }
        }
        PaletteCommand::Choose(at) => {
            if let Some(palette) = &mut state.palette {
                palette.chosen = at;
            }
        }
    }
    Vec::new()
}
