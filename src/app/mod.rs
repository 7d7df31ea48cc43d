//! The viewer.
//!
//! `ui(&State) → Vec<Command>`, `update::apply(&mut State, Command) → Vec<Effect>`: panels only read, [`update`] is the only
//! place that changes [`state::State`] and knows no egui, and the effects are carried out here, on threads of their own.

pub mod catalogue;
pub mod command;
pub mod effect;
pub mod events;
pub mod keymap;
pub mod layout;
pub mod panels;
pub mod pyramid;
pub mod settings;
pub mod state;
pub mod theme;
pub mod thumbnails;
pub mod ui;
pub mod update;
pub mod view;
pub mod viewport;
pub mod widgets;
