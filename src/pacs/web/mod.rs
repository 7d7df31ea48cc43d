//! DICOMweb: an archive that is asked over HTTP (PS3.18).
//!
//! ```text
//! QIDO-RS (10.6)   GET  {root}/studies?PatientName=…        ──► query ──► dicom_json ──► studies, series
//! WADO-RS (10.4)   GET  {root}/studies/UID[/series/UID]     ──► retrieve ──► multipart ──► private files
//! STOW-RS (10.5)   POST {root}/studies                      ──► store, what became of each instance
//!                        all over connection: TLS, proxy, sign-in, redirections, time limits, cancel
//! ```
//!
//! What a server sends is bounded at every step: headers, parts, bytes of an object and of all of them,
//! the time that it may say nothing or next to nothing. Name, password and token go to the server
//! that the user named and to no other one, wherever it leads.
//!
//! What it does not do: rendered images (WADO-URI, `/rendered`), worklists (UPS-RS), and metadata and
//! bulk data apart from their object.

mod address;
mod client;
mod connection;
mod dicom_json;
mod error;
mod multipart;
mod query;
mod retrieve;
mod store;
mod store_answer;

pub use client::WebArchive;
pub use connection::Patience;
pub use error::WebError;
