//! The viewer.
//!
//! `ui(&State) → Vec<Command>`, `update::apply(&mut State, Command) → Vec<Effect>`: panels only read, [`update`] is the only
//! place that changes [`state::State`] and knows no egui, and the effects are carried out here, on threads of their own.

pub mod command;
pub mod keymap;
pub mod panels;
pub mod state;
pub mod theme;
pub mod thumbnails;
pub mod update;
pub mod widgets;
