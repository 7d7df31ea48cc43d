//! How weights learn: what is minimised, how fast, and by which rule.

pub(super) mod average;
pub(super) mod class_weights;
pub(super) mod loss;
pub(super) mod lung_evidence;
pub(super) mod optimizer;
pub(super) mod parameters;
pub(super) mod schedule;
