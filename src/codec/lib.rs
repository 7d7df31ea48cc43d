//! Decoders of our own, for streams that no kept crate decodes rightly: every bit as its standard
//! says, bounded by what the caller expects, and honest about where the data ends.
//!
//! They know streams and samples alone. What the samples mean (photometric interpretation, signs,
//! palettes) is the business of whoever reads the object around them.

#[cfg(test)]
mod golden;
pub mod image;
pub mod jpeg;
pub mod jpeg_ls;
mod memory;
pub mod rle;
