//! The laboratory beside the reading room: a run is chosen, watched, paused, stopped, and compared with others.
//!
//! ```text
//! panels::training ──► TrainingCommand ──► update::apply ──► Work ──► runner, prepare, records (threads)
//!                                          update::on_news ◄── News ──────┘
//! ```
//!
//! The trainer runs on a thread of its own at a lower priority than the window ([`runner`]), so that reading goes on
//! undisturbed while it works.

pub mod command;
pub mod news;
pub mod prepare;
pub mod records;
pub mod run;
pub mod runner;
pub mod state;
pub mod update;

pub use command::TrainingCommand;
pub use state::Training;
