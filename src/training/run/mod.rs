//! One run: epochs of steps with validation and checkpoint, and the model folder at the end.

pub mod card;
pub mod checkpoint;
pub mod control;
pub mod curves;
pub mod event_file;
pub mod history;
pub mod options;
pub mod rate_finder;
pub mod trainer;

pub(super) mod predict;
pub(super) mod preview;

mod eta;
mod export_model;
mod features;
mod finish;
mod start;
mod unfreezing;
mod validation;
