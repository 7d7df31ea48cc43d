//! Widgets of our own: what egui does not draw, and controls whose words come from the commands.

pub(super) mod change_bar;
pub(super) mod confidence_bar;
pub(super) mod controls;
pub(super) mod section;
pub(super) mod shapes;
pub(super) mod still_plot;
pub(super) mod text;
pub(super) mod window;
