//! DICOM message exchange (DIMSE, PS3.7) over associations (PS3.8): verification, query, retrieval,
//! storage in both directions, and storage commitment.
//!
//! ```text
//! Node ──► Association ──► echo, find, retrieve, store, commitment      this program asks
//!            stream (TCP or TLS, deadlines) · negotiation · messages
//! listener ──► Association ──► receiver ──► inbox                       this program is asked
//! ```
//!
//! PDUs are taken apart and put together by `dicom-ul`; the association around them is ours, because
//! every wait has an end here: a peer that sends a byte a minute is given up as one that sends none,
//! and a request that is cancelled ends within 200 ms. What a peer says of lengths, contexts and
//! UIDs is held against what was agreed, and what does not fit is a sentence in [`DimseError`].
//!
//! What it does not do: asynchronous operations (PS3.7 D.3.3.3), user identity, printing, worklists
//! of modalities, and acting as an archive: it answers verification, and storage, and nothing else.

pub mod ae;
mod association;
mod command;
pub mod commitment;
pub mod connect;
mod deadline;
mod echo;
mod error;
pub mod find;
mod identifier;
mod message;
mod negotiate;
mod offers;
pub mod receiver;
pub mod retrieve;
pub mod services;
mod status;
pub mod store;
mod stream;
pub mod tls;
pub mod wanted;

pub use connect::Caller;
pub use echo::echo;
pub use error::DimseError;
