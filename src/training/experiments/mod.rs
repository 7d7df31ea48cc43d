//! Runs of runs, and what can be seen before one: cross-validation, ablation, a preview of
//! augmentation.

pub mod ablation;
pub mod crossval;
pub mod variants;
