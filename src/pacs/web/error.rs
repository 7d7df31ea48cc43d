//! Why a server of DICOMweb did not do what it was asked.

use std::io;

use crate::connections::authorities::AuthorityError;
use crate::pacs::archive::ArchiveError;

/// Why a server of DICOMweb did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error("it was cancelled")]
    Cancelled,
    #[error(transparent)]
    Authorities(#[from] AuthorityError),
    #[error("{host} cannot be reached: {why}")]
    Unreachable { host: String, why: String },
    #[error("{host} cannot be trusted: {why}. Nothing was sent to it")]
    Untrusted { host: String, why: String },
    #[error("{host} said nothing for {seconds} s")]
    Silent { host: String, seconds: u64 },
    #[error("{host} sends next to nothing; it was not waited for any longer")]
    Slow { host: String },
    #[error("{host} took longer than {seconds} s over one answer; it was not waited for any longer")]
    Endless { host: String, seconds: u64 },
    #[error("the connection to {host} broke off: {why}")]
    BrokenOff { host: String, why: String },
    #[error("{host} wants a name and a password, or a token: add them with pellucid pacs peers add, or type them here")]
    SecretWanted { host: String },
    #[error("{host} does not take the name and password, or the token")]
    SecretRefused { host: String },
    #[error("{host} does not allow this to whoever signs in so (status 403)")]
    Forbidden { host: String },
    #[error("{host} knows nothing of this address (status 404); is {root} the one that /studies is added to?")]
    NotThere { host: String, root: String },
    #[error("the archive has no such study or series any more")]
    Gone,
    #[error("{host} answered with status {status}{advice}")]
    Status { host: String, status: u16, advice: &'static str },
    #[error("{host} leads from one address to the next without an end")]
    TooManyRedirections { host: String },
    #[error("{host} leads to {to}, which is not followed: {why}")]
    Redirection { host: String, to: String, why: &'static str },
    #[error("{host} answered with {found}, where {wanted} was asked for")]
    Content { host: String, found: String, wanted: &'static str },
    #[error("the answer of {host} is longer than the {most} bytes that are read at most")]
    TooLong { host: String, most: u64 },
    #[error("the answer of {host} cannot be read: {why}")]
    Malformed { host: String, why: String },
    #[error("there are more than {most} objects; fetch the series one by one")]
    TooMany { most: usize },
    #[error("“{0}” is no UID, and nothing can be asked by it")]
    Uid(String),
    #[error("{path} could not be written: {source}")]
    Write { path: String, source: io::Error },
    #[error("{path} could not be read: {why}")]
    Read { path: String, why: String },
}

impl From<WebError> for ArchiveError {
    fn from(error: WebError) -> Self {
        match error {
            WebError::Cancelled => Self::Cancelled,
            WebError::SecretWanted { .. } | WebError::SecretRefused { .. } => Self::NotLetIn(error.to_string()),
            other => Self::failed(other),
        }
    }
}
