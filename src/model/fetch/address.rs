//! Where a file may be fetched from: `https`, and `http` from this machine alone.
//!
//! A plain connection can be read and changed by everyone between; a hash that is known would show a
//! change, but not every file has one. So a plain address is taken only where nobody is between, and
//! a redirection never leads from `https` to `http`, wherever it points.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

/// Longest address.
const LONGEST: usize = 4096;

/// Why nothing is fetched from an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("“{0}” is no address of a file on the web; write it like https://example.org/weights.pth")]
    NoAddress(String),
    #[error(
        "{0} is not fetched, because a plain http connection can be read and changed on its way; use an https address"
    )]
    Plain(String),
    #[error("{0} holds a name and password; what needs them is fetched by a browser, and taken with --file")]
    Credentials(String),
    #[error(
        "{from} leads from https to {to}, which is not followed, because a plain connection can be changed on its way"
    )]
    Downgrade { from: String, to: String },
}

/// An address that a file may be fetched from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// Where a redirection leads; `location` may be relative.
    ///
    /// # Errors
    /// When it is no address, or leads to a plain connection.
    pub fn redirected(&self, location: &str) -> Result<Self, AddressError> {
        let no_address = || AddressError::NoAddress(shown(location));
        let to =
            Some(location).filter(|l| l.len() <= LONGEST).and_then(|l| self.0.join(l).ok()).ok_or_else(no_address)?;
        if self.is_https() && to.scheme() != "https" {
            return Err(AddressError::Downgrade { from: self.host(), to: shown(&bare(&to)) });
        }
        Self::checked(to)
    }

    /// Name of the server.
    #[must_use]
    pub fn host(&self) -> String {
        self.0.host_str().unwrap_or_default().to_owned()
    }

    /// Port of the server.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The last part of its path: what a browser would call the file.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default()
    }

    /// The whole of it, for the request.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    fn checked(mut url: Url) -> Result<Self, AddressError> {
        url.set_fragment(None);
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            return Err(AddressError::NoAddress(shown(&bare(&url))));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials(shown(&bare(&url))));
        }
        if url.scheme() == "http" && !url.host().is_some_and(|host| is_this_machine(&host)) {
            return Err(AddressError::Plain(shown(&bare(&url))));
        }
        Ok(Self(url))
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let no_address = || AddressError::NoAddress(shown(text));
        let url = Some(text.trim()).filter(|text| text.len() <= LONGEST).and_then(|text| Url::parse(text).ok());
        Self::checked(url.ok_or_else(no_address)?)
    }
}

/// Without what stands behind a question mark: signatures of storage servers are long, and secrets.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bare(&self.0))
    }
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).is_loopback(),
    }
}

/// Scheme, server and path.
fn bare(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}

fn shown(text: &str) -> String {
    crate::printable::shortened(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Result<Address, AddressError> {
        text.parse()
    }

    #[test]
    fn plain_addresses_are_taken_from_this_machine_alone() {
        for text in ["https://example.org/a.pth", "http://localhost:8000/a", "http://127.0.0.1/a", "http://[::1]:1/a"] {
            assert!(address(text).is_ok(), "{text}");
        }
        for text in ["http://example.org/a.pth", "http://10.0.0.1/a", "http://localhost.example.org/a"] {
            assert!(matches!(address(text), Err(AddressError::Plain(_))), "{text}");
        }
        for text in ["ftp://example.org/a", "file:///etc/passwd", "data:,a", "a.pth", "", "https://"] {
            assert!(matches!(address(text), Err(AddressError::NoAddress(_))), "{text}");
        }
        let refused = address("https://me:secret@example.org/a").unwrap_err().to_string();
        assert!(refused.contains("name and password") && !refused.contains("secret"), "{refused}");
    }

    #[test]
    fn a_redirection_never_leads_to_a_plain_connection() {
        let from = address("https://example.org/releases/a.pth").unwrap();
        assert_eq!(from.redirected("../b.pth").unwrap().as_str(), "https://example.org/b.pth");
        assert_eq!(from.redirected("https://other.org/c?signature=1").unwrap().host(), "other.org");
        for to in ["http://example.org/a.pth", "http://localhost/a.pth"] {
            assert!(matches!(from.redirected(to), Err(AddressError::Downgrade { .. })), "{to}");
        }
        assert!(matches!(from.redirected("file:///etc/passwd"), Err(AddressError::Downgrade { .. })));
        let local = address("http://localhost:8000/a").unwrap();
        assert!(local.redirected("/b").is_ok() && local.redirected("https://example.org/a").is_ok());
        assert!(matches!(local.redirected("http://example.org/a"), Err(AddressError::Plain(_))));
    }

    #[test]
    fn what_is_shown_of_an_address_holds_no_signature() {
        let signed = address("https://storage.example.org:8443/file.pth?X-Signature=secret#part").unwrap();
        assert_eq!(signed.to_string(), "https://storage.example.org:8443/file.pth");
        assert!(signed.as_str().contains("secret") && !signed.as_str().contains("part"));
        assert_eq!(signed.file_name(), "file.pth");
    }
}
