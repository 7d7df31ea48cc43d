//! Reader studies: what a model's score and its maps do to those who read with them.
//!
//! ```text
//! table of cases ──► new ──► study.toml (plan, no truth), cases/ ──► run ──► results/READER.csv ──┐
//!                      └───► truth.csv (truth and boxes) ──────────────────────────────────────────┴──► analyse ──► PDF, JSON
//! ```
//!
//! Why: a map that persuades is no map that helps. Whether readers find more with it, and how often
//! they follow the model where it is wrong, can only be measured on readers, and only if what they
//! see, in which order and when is fixed before, and only if what the analysis rests on is.
//!
//! How: [`plan`] is what is fixed, [`commitment`] the hashes that hold it fixed, [`order`] who reads what when, [`journal`] a file a reader that a
//! kill leaves whole, [`standing`] what comes next or why nothing does yet, [`analysis`] the figures
//! with their intervals ([`crate::evaluation::multi_reader`]), [`integrity`] whether they are those that
//! were fixed, [`report`] the pages. The viewer in
//! which cases are read is `app`'s.
//!
//! What it does not do: recruit, blind readers to which arm they are in (nobody can), or keep truth
//! from someone who opens `truth.csv`: leave that file off the readers' machines.

pub mod analysis;
pub mod case_table;
pub mod chain;
pub mod commitment;
pub mod errors;
pub mod integrity;
pub mod journal;
pub mod kept_plans;
pub mod lesion;
mod making;
pub mod order;
pub mod plan;
pub mod record;
pub mod report;
pub mod standing;
mod template;
pub mod truth;

pub use errors::StudyError;
pub use making::{Images, create};
pub use plan::{Arm, Case, Design, Plan, Shows};

/// Name of the plan in the folder of a study.
pub const PLAN: &str = "study.toml";
/// Name of the table of truth beside it.
pub const TRUTH: &str = "truth.csv";
/// Folder of the results beside it, a file a reader.
pub const RESULTS: &str = "results";

/// Folder of the images beside it, under the codes of their cases.
pub const CASE_IMAGES: &str = "cases";
/// Folder of the plans that the study had, under their hashes.
pub const PLANS: &str = "plans";

/// Most cases of a study.
pub const CASES: usize = 10_000;
/// Most boxes of a case.
pub const LESIONS: usize = 1000;
/// Most readers of a study.
pub const READERS: usize = 200;
/// Most arms of a study.
pub const ARMS: usize = 8;
/// Most marks of a reading.
pub const MARKS: usize = 50;
