//! The case report: one value, many exporters.

pub mod case;
pub mod reading;
pub mod suggestions;

pub use case::{CaseReport, OverlayStyle, Paper};
