//! Runs of runs, and what can be seen before one: cross-validation, ablation, random search, a
//! preview of augmentation.

pub mod ablation;
pub mod crossval;
pub mod search;
pub mod variants;

mod dotted_keys;
