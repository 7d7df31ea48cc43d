//! Pellucid: a native viewer that shows a radiologist what an image classifier saw.
//!
//! ```text
//! path ──► study ──► imaging ──► network ──► model ──► explain, uncertainty ──► engine ──► evaluation ──► training
//!          what was   grey        tensors,    weights,   maps, posteriors        worker,      how good      made
//!          opened     values,     layers,     input,     measurement             selection    it is
//!                     display     families    gate                               └──► figures ──► report
//!                                              app (viewer) and cli (command line) ask and listen
//! ```
//!
//! Data flows from left to right. A room may use what stands to its left, never to its right; no
//! file of a room uses one that uses it, parent and child excepted; nothing but [`app`] knows egui.
//! `tests/spec/house.rs` holds all three rules, and `docs/architecture.md` describes the rooms, the
//! ways through them and the words.
//!
//! To read the program, begin with what an image becomes: [`study::Frame`] is a decoded image,
//! [`model::Model`] what judges it, [`engine::analysis::analyze`] the way from one to the other,
//! [`engine::Analysis`] its result, and [`report::case::CaseReport`] what is filed.
//! [`network::Network`] is a chain of stages; [`explain::Method`] lists the ways to explain.
//! [`training::run::trainer`] makes models and [`evaluation`] judges them. [`cli`] has one file a
//! subcommand, and [`app`] is the viewer.
//!
//! [`pipeline`] goes the whole way from a folder to a verdict with both, and [`reader_study`] measures
//! what the maps do to those who read with them.
//!
//! What leaves the machine or comes to it: [`results`] makes DICOM objects of a case and reads those
//! of others, [`pacs`] speaks with archives, [`serve`] watches an inbox, [`batch`] scores archives;
//! [`feedback`] is what a reader says of findings, [`audit`] the journal of what was shown. [`doctor`]
//! says what works on this machine.
//!
//! The ground floor, which every room may use: [`cancel`], [`connections`], [`files`], [`fonts`],
//! [`limits`], [`memory`], [`panic_guard`], [`printable`], [`stats`]; and [`language`], the texts of
//! screen and case report, for `wording`, [`report`], [`app`] and [`cli`] alone.

// Code that unit tests share with the specification names the crate from outside.
#[cfg(test)]
extern crate self as pellucid;

pub use pellucid_codec as codec;
pub use pellucid_imaging as imaging;
pub use pellucid_network as network;

pub mod app;
pub mod audit;
pub mod batch;
pub mod cancel;
pub mod cli;
pub mod connections;
pub mod doctor;
pub mod engine;
pub mod evaluation;
pub mod explain;
pub mod feedback;
pub mod figures;
pub mod files;
pub mod fonts;
pub mod language;
pub mod limits;
pub mod measurement;
pub mod memory;
pub mod model;
pub mod pacs;
pub mod panic_guard;
pub mod phantom;
pub mod pipeline;
pub mod printable;
pub mod reader_study;
pub mod report;
pub mod results;
pub mod serve;
pub mod stats;
pub mod study;
pub mod training;
pub mod uncertainty;
mod wording;

/// Version of the program, as printed in every report.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Commit the program was built from, or `unknown` outside a git checkout.
pub const COMMIT: &str = env!("PELLUCID_COMMIT");
