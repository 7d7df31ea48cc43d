//! The case report: one value, many exporters.

pub mod case;
