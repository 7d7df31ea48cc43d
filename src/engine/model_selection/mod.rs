//! Which model judges an image: the rules of the choice ([`choice`]), and who carries them out
//! ([`selector`]).

pub mod choice;
mod selector;

pub use choice::Choice;
pub use selector::{Chooser, Library, ModelSelector, Selected, SelectionError};
