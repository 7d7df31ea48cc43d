//! Widgets of our own: what egui has no picture for.

pub mod confidence_bar;
pub mod controls;
pub mod shapes;
