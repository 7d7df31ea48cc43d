//! Pellucid: a native viewer that shows a radiologist what an image classifier saw.
//!
//! ```text
//! path ──► study ──► imaging ──► network ──► explain ─┐
//!          (what      (grey        (logits,   (maps)   ├─► engine ──► app      (viewer)
//!          was        values,      stages)  uncertainty│  events ──► cli      (batch)
//!          opened)    display)              (posterior)┘      └────► report   (PDF, JSON)
//!                                  ▲
//!                      training, evaluation (make and judge the models)
//! ```
//!
//! Training and evaluation use everything up to uncertainty; the viewer and the command line start them and listen. The
//! report prints what evaluation judged.
//!
//! Data flows left to right. A room may use what stands to its left, never to its right, and nothing
//! but [`app`] knows egui. `tests/spec/house.rs` holds both rules. [`files`], [`fonts`], [`limits`], [`memory`], [`panic_guard`] and
//! [`printable`] are the ground floor, which every room may use.

// Code that unit tests share with the specification names the crate from outside.
#[cfg(test)]
extern crate self as pellucid;

pub mod app;
pub mod cli;
pub mod engine;
pub mod evaluation;
pub mod explain;
pub mod files;
pub mod fonts;
pub mod imaging;
pub mod limits;
pub mod memory;
pub mod network;
pub mod panic_guard;
pub mod printable;
pub mod report;
pub mod study;
pub mod training;
pub mod uncertainty;

/// Version of the program, as printed in every report.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Commit the program was built from, or `unknown` outside a git checkout.
pub const COMMIT: &str = env!("PELLUCID_COMMIT");
