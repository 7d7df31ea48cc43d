//! The address under which a server answers DICOMweb.
//!
//! A name, a password and images travel over it, so it is `https`; `http` is taken from this machine,
//! and from others only where the user said that the network between is trusted (`plain = true`).
//! Nothing else stands in it: no name, no password, no query.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// Longest address.
const LONGEST: usize = 2048;

/// Why an address cannot be that of a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    #[error("“{}” is no address of a DICOMweb server; write it like https://pacs.example.org/dicom-web", .0.escape_debug())]
    NoAddress(String),
    #[error(
        "{0} is a plain http connection, which everybody between can read and change; use https, or say with plain = true (--plain) that the network between is trusted"
    )]
    Plain(String),
    #[error("the address holds a name or a password; the name belongs to user (--user), the password into the keyring")]
    Credentials,
    #[error("the address holds a “?” or a “#”; name the address that /studies is added to")]
    Query,
}

/// The address that `/studies` is added to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    url: Url,
    plain: bool,
}

impl Root {
    /// Reads an address; `plain` allows http to other machines.
    ///
    /// # Errors
    /// When it is none, or must not be used.
    pub fn parse(text: &str, plain: bool) -> Result<Self, RootError> {
        let no_address = || RootError::NoAddress(text.chars().take(200).collect());
        let url = Some(text.trim()).filter(|text| text.len() <= LONGEST).and_then(|text| Url::parse(text).ok());
        let mut url = url.ok_or_else(no_address)?;
        if !matches!(url.scheme(), "https" | "http") || url.cannot_be_a_base() {
            return Err(no_address());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RootError::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(RootError::Query);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        let root = Self { url, plain };
        if !root.is_https() && !plain && !root.is_this_machine() {
            return Err(RootError::Plain(root.to_string()));
        }
        Ok(root)
    }

    /// The address of something below it; each part becomes one part of the path, whatever it holds.
    #[must_use]
    pub fn below(&self, parts: &[&str]) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The user allowed a plain connection.
    #[must_use]
    pub fn is_plain_allowed(&self) -> bool {
        self.plain
    }

    /// Name of the server, for people.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Whether another address is that of the same server.
    #[must_use]
    pub fn is_of_same_server(&self, other: &Url) -> bool {
        self.url.origin() == other.origin()
    }

    /// Whether the server is this machine.
    #[must_use]
    pub fn is_this_machine(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
            None => false,
        }
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_connections_are_for_this_machine_or_said_to_be_trusted() {
        for text in
            ["https://a.org/dicom-web", "http://localhost:8042/dicom-web", "http://[::1]:1/", "http://127.0.0.1"]
        {
            assert!(Root::parse(text, false).is_ok(), "{text}");
        }
        let refused = Root::parse("http://pacs.intern/dicom-web", false).unwrap_err();
        assert_eq!(refused, RootError::Plain("http://pacs.intern/dicom-web".into()));
        assert!(Root::parse("http://pacs.intern/dicom-web", true).is_ok());
        for text in ["", "a.org", "ftp://a.org/", "file:///etc/passwd", "data:,a", "https://"] {
            assert!(matches!(Root::parse(text, true), Err(RootError::NoAddress(_))), "{text}");
        }
    }

    #[test]
    fn nothing_secret_and_nothing_strange_stands_in_an_address() {
        let secret = Root::parse("https://me:secret@a.org/", false).unwrap_err();
        assert_eq!(secret, RootError::Credentials);
        assert!(!secret.to_string().contains("secret@"));
        assert_eq!(Root::parse("https://a.org/?token=1", false).unwrap_err(), RootError::Query);
        assert_eq!(Root::parse("https://a.org/#a", false).unwrap_err(), RootError::Query);
    }

    #[test]
    fn parts_of_a_path_stay_parts() {
        let root = Root::parse("https://a.org/dicom-web/", false).unwrap();
        assert_eq!(root.to_string(), "https://a.org/dicom-web");
        assert_eq!(root.below(&["studies", "1.2.3"]).as_str(), "https://a.org/dicom-web/studies/1.2.3");
        assert_eq!(root.below(&["a/../b?c"]).as_str(), "https://a.org/dicom-web/a%2F..%2Fb%3Fc");
        let bare = Root::parse("https://a.org", false).unwrap();
        assert_eq!(bare.below(&["studies"]).as_str(), "https://a.org/studies");
        assert!(root.is_of_same_server(&"https://a.org:443/x".parse().unwrap()));
        assert!(!root.is_of_same_server(&"https://a.org:8443/x".parse().unwrap()));
        assert!(!root.is_of_same_server(&"http://a.org/x".parse().unwrap()));
    }
}
