//! Exchange with other nodes, on this machine alone: our own, dcmtk's, Orthanc and pynetdicom, and
//! nodes that break every rule. Peers are started on free ports and stopped; one that is not installed
//! is skipped with the reason.

mod command;
mod dcmtk;
#[allow(dead_code, reason = "the specification uses more of it")]
#[path = "../spec/dicom_bytes.rs"]
mod dicom_bytes;
mod endless;
mod images;
mod orthanc;
mod ours;
mod peer;
mod pynetdicom;
mod removing;
mod scp;
mod secured;
mod service;
mod soak;
mod unruly;
