//! The way to other nodes of a hospital: images come from a PACS, and results go back to it.
//!
//! [`dimse`] speaks DICOM's own message exchange (PS3.7, PS3.8). What is sent, to whom, and what
//! becomes of what was received, is for those to say who use this room: it scores nothing, shows
//! nothing, and opens no connection that nobody asked for.

pub mod dimse;
pub mod uid;
