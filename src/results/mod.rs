//! Results as DICOM objects: those of others, and our own when they come back.
//!
//! [`read`] turns structured reports, segmentations, parametric maps and encapsulated documents into
//! values that the viewer and the command line show.

pub mod read;
