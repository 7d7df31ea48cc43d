//! Why an exchange with another node did not come to its end, as sentences.
//!
//! None of ours names a patient; what a node says of its reasons is quoted for whoever asked, and is
//! no part of what goes into a log ([`DimseError::for_log`]).

use super::ae::AeError;
use super::tls::TlsError;
use crate::cancel::Cancelled;
use crate::pacs::uid::UidError;
use crate::study::StudyError;

/// Why an exchange failed.
#[derive(Debug, thiserror::Error)]
pub enum DimseError {
    #[error(transparent)]
    Ae(#[from] AeError),
    #[error(transparent)]
    Uid(#[from] UidError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(
        "{node} cannot be reached: {why}. Is the host right, does it listen on this port, and does no firewall stand between?"
    )]
    Unreachable { node: String, why: String },
    #[error(
        "no secured connection came about with {node}: {why}. Check the certificates, and whether it speaks TLS on this port"
    )]
    Handshake { node: String, why: String },
    #[error("{node} refused the association: {why}{advice}")]
    Refused { node: String, why: String, advice: &'static str },
    #[error("{node} takes none of what was proposed ({what})")]
    NothingAccepted { node: String, what: String },
    #[error("{node} does not take {what}")]
    NotAccepted { node: String, what: String },
    #[error("{peer} broke off the association ({why})")]
    Aborted { peer: String, why: String },
    #[error("{peer} closed the connection in the middle of the exchange")]
    Closed { peer: String },
    #[error("{peer} did not answer within {seconds} s; the association was broken off")]
    Silent { peer: String, seconds: u64 },
    #[error("{peer} took longer than {seconds} s over {what}; the association was broken off")]
    Slow { peer: String, what: &'static str, seconds: u64 },
    #[error("the connection with {peer} failed: {why}")]
    Connection { peer: String, why: String },
    #[error("{peer} sent what the protocol does not allow: {what}. The association was broken off")]
    Violation { peer: String, what: String },
    #[error("{peer} sent more than {limit} bytes of {what}; the association was broken off")]
    TooLong { peer: String, what: &'static str, limit: u64 },
    #[error("{peer} answered {service} with status {status:04X}H ({meaning}){comment}")]
    Status { peer: String, service: &'static str, status: u16, meaning: &'static str, comment: String },
    #[error("{peer} sent more than {limit} {what}; the association was broken off")]
    TooMany { peer: String, what: &'static str, limit: usize },
    #[error("the object cannot be sent: {0}")]
    Object(#[from] StudyError),
    #[error("the object has no {0}, without which it cannot be sent")]
    Nameless(&'static str),
    #[error("{peer} answered about another object than the one that it was sent; the association was broken off")]
    OtherUid { peer: String },
    #[error("the port {port} cannot be listened on: {why}")]
    Listen { port: u16, why: String },
    #[error("{what} could not be written: {why}")]
    Write { what: &'static str, why: String },
    #[error("the question cannot be asked: {0}")]
    Question(String),
}

impl DimseError {
    /// The sentence without words of the other node.
    #[must_use]
    pub fn for_log(&self) -> String {
        match self {
            Self::Status { peer, service, status, meaning, .. } => {
                format!("{peer} answered {service} with status {status:04X}H ({meaning})")
            }
            other => other.to_string(),
        }
    }
}
