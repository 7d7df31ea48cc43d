//! Archives of a hospital: who they are, and looking for studies, fetching them, and sending results.
//!
//! ```text
//! peers.toml ──► Peer ──► Archive ◄── web/ (DICOMweb: QIDO, WADO, STOW)
//!                           │     ◄── dimse/ (associations: C-FIND, C-GET, C-MOVE, C-STORE)
//!                           └► echo, find, series, fetch, send
//! ```
//!
//! The viewer and the command line know an archive by the trait [`archive::Archive`] alone, whichever
//! of the two it speaks. Whatever comes from a peer is hostile until it was read: lengths are bounded
//! before anything is allocated, files are private and whole, every wait has an end, and every one of
//! them can be cancelled.
//!
//! What it does not do: it sends nothing that the user did not ask for, and logs nothing of a patient.

pub mod archive;
pub mod dimse;
mod dimse_archive;
pub mod open;
pub mod peers;
pub mod uid;
pub mod web;
