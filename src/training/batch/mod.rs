//! From samples to tensors: which images an epoch shows and in which order, how they are changed,
//! and who makes the batches.

pub mod recipe;

pub(super) mod loader;
pub(super) mod smote;

mod augment;
mod elastic;
mod sampling;
mod surroundings;
