//! The only way of the program to the network: a file is fetched because the user asked for it.
//!
//! ```text
//! Address (https) ──► proxies ──► transfer ──► Partial ──► the caller checks its hash
//!                                 bounded, resumed, cancelled, redirected a few times
//! ```
//!
//! A transfer that breaks off is resumed with `Range` and `If-Range` (RFC 9110, 14.2 and 13.1.5), a few
//! times by itself and then the next time it is asked for. What is not `https` is not fetched, but
//! from this machine. Certificates are checked against Mozilla's list of authorities, which is in the
//! program, or against those of a file.
//!
//! What it does not do: send anything but the request, keep cookies, or know names and passwords of
//! servers. Nothing else in the program may use the network; a test holds that.

pub mod address;
pub mod partial;
pub mod proxies;
mod response;
mod transfer;

use std::time::Duration;

use address::{Address, AddressError};
use partial::PartialError;
use proxies::{Proxies, ProxyError};

use crate::connections::authorities::{Authorities, AuthorityError};

pub use transfer::fetch;

/// Why a file was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    #[error(transparent)]
    Partial(#[from] PartialError),
    #[error("it was cancelled; what has come is kept, and the next try goes on from there")]
    Cancelled,
    #[error(
        "{host} cannot be reached: {why}. Is this machine on the network? Where a proxy is needed, set HTTPS_PROXY or name it with --proxy"
    )]
    Unreachable { host: String, why: String },
    #[error("{host} cannot be trusted: {why}. Nothing was taken from it")]
    Untrusted { host: String, why: String },
    #[error("{host} was silent for {seconds} s; {came} have come and are kept, and the next try goes on from there")]
    Silent { host: String, seconds: u64, came: Bytes },
    #[error(
        "the transfer from {host} broke off ({why}); {came} have come and are kept, and the next try goes on from there"
    )]
    BrokenOff { host: String, why: String, came: Bytes },
    #[error("there is no such file at {0} any more; its publisher may have moved it")]
    NotThere(Address),
    #[error("{host} answered with status {status}{advice}")]
    Status { host: String, status: u16, advice: &'static str },
    #[error("{0} leads from one address to the next without an end")]
    TooManyRedirections(Address),
    #[error(
        "{0} answered with a page, not with a file; perhaps a network asks for a login first, or the file has moved"
    )]
    Page(String),
    #[error("{0} answered with a packed file, which was not asked for")]
    Packed(String),
    #[error("the file would be {found}, and at most {most} are taken; it is not the one that is meant")]
    TooLarge { found: Bytes, most: Bytes },
    #[error("the file is {found} and must be {wanted}; it is another one than the one that is meant")]
    WrongLength { found: Bytes, wanted: Bytes },
}

impl FetchError {
    /// Whether what has come may be the beginning of the right file.
    #[must_use]
    pub fn keeps_what_came(&self) -> bool {
        !matches!(self, Self::TooLarge { .. } | Self::WrongLength { .. })
    }
}

/// A number of bytes, as people read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let megabytes = self.0 as f64 / 1e6;
        match self.0 {
            0..1000 => write!(f, "{} bytes", self.0),
            1000..1_000_000 => write!(f, "{:.0} kB", self.0 as f64 / 1e3),
            1_000_000..10_000_000 => write!(f, "{megabytes:.1} MB"),
            _ => write!(f, "{megabytes:.0} MB"),
        }
    }
}

/// What is to be fetched.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub address: Address,
    /// Most bytes that are taken.
    pub most: u64,
    /// Its length in bytes, where it is known.
    pub exactly: Option<u64>,
    /// What has come is checked by a hash at the end: the transfer may go on although the server does not say that
    /// the file is the same.
    pub is_checked: bool,
}

/// How it is fetched.
#[derive(Clone, Debug)]
pub struct Settings {
    pub proxies: Proxies,
    /// Whose certificates are believed, where it is not Mozilla's list.
    pub authorities: Option<Authorities>,
    /// How long a connection may take.
    pub connecting: Duration,
    /// How long a server may say nothing.
    pub silence: Duration,
    /// How long until a transfer that broke off is taken up again.
    pub pause: Duration,
}

impl Settings {
    /// With the proxies and authorities of the environment, and patience for the networks of hospitals.
    ///
    /// # Errors
    /// When the file of authorities that the environment names cannot be used.
    pub fn from_environment() -> Result<Self, AuthorityError> {
        let [connecting, silence, pause] = [20, 30, 2].map(Duration::from_secs);
        let (proxies, authorities) = (Proxies::from_environment(), Authorities::from_environment()?);
        Ok(Self { proxies, authorities, connecting, silence, pause })
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Came {
    pub bytes: u64,
    /// Of so many, where the server says it.
    pub total: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_said_as_people_read_them() {
        let said = [999, 28_000, 9_829_000, 28_382_008].map(|bytes| Bytes(bytes).to_string());
        assert_eq!(said, ["999 bytes", "28 kB", "9.8 MB", "28 MB"]);
    }
}
