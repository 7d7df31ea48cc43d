//! Application entities: their titles (PS3.5 section 6.2, AE) and where they are found.

use std::fmt;
use std::str::FromStr;

/// Longest title.
const LONGEST: usize = 16;

/// A text that is no title, or no place of an application entity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AeError {
    #[error("“{}” is no AE title: use 1 to {LONGEST} letters, digits and signs of ASCII, without a backslash", .0.escape_debug())]
    Title(String),
    #[error("“{}” is no place of a DICOM node; write it like PACS@192.168.0.5:104", .0.escape_debug())]
    Node(String),
}

/// The title of an application entity: 1 to 16 characters of ASCII, without a backslash and without
/// blanks around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AeTitle(String);

impl AeTitle {
    /// The title as it is.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The one that this program has where none is given.
    #[must_use]
    pub fn ours() -> Self {
        Self("PELLUCID".into())
    }
}

impl FromStr for AeTitle {
    type Err = AeError;

    fn from_str(text: &str) -> Result<Self, AeError> {
        let title = text.trim_matches(' ');
        let sound = |c: char| (' '..='~').contains(&c) && c != '\\';
        if title.is_empty() || title.len() > LONGEST || !title.chars().all(sound) {
            return Err(AeError::Title(text.chars().take(40).collect()));
        }
        Ok(Self(title.to_owned()))
    }
}

impl fmt::Display for AeTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where an application entity is found: its title, host and port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    pub title: AeTitle,
    /// Name or address; an IPv6 address without its brackets.
    pub host: String,
    pub port: u16,
}

impl FromStr for Node {
    type Err = AeError;

    fn from_str(text: &str) -> Result<Self, AeError> {
        let none = || AeError::Node(text.chars().take(100).collect());
        // A title may hold an @; a host cannot.
        let (title, place) = text.rsplit_once('@').ok_or_else(none)?;
        let (host, port) = place.rsplit_once(':').ok_or_else(none)?;
        let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let host = bracketed.unwrap_or(host);
        let sound =
            |c: char| c.is_ascii_alphanumeric() || "-._".contains(c) || (bracketed.is_some() && ":%".contains(c));
        let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(none)?;
        if host.is_empty() || !host.chars().all(sound) {
            return Err(none());
        }
        Ok(Self { title: title.parse()?, host: host.to_owned(), port })
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { title, host, port } = self;
        if host.contains(':') { write!(f, "{title}@[{host}]:{port}") } else { write!(f, "{title}@{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_title_host_and_port() {
        for text in ["PACS@192.168.0.5:104", "MY PACS@pacs.example:11112", "A@[::1]:4242"] {
            assert_eq!(text.parse::<Node>().unwrap().to_string(), text);
        }
        let node: Node = "A@B@host:1".parse().unwrap();
        assert_eq!((node.title.as_str(), node.host.as_str()), ("A@B", "host"));
    }

    #[test]
    fn what_is_no_node_is_said_so() {
        for text in
            ["PACS", "PACS@host", "@host:1", "P@:1", "P@host:0", "P@host:70000", "P@ho st:1", "P@a/b:1", "P@::1:1"]
        {
            assert!(text.parse::<Node>().is_err(), "{text}");
        }
        assert!("SEVENTEEN_LETTERS".parse::<AeTitle>().is_err());
        assert!("BACK\\SLASH".parse::<AeTitle>().is_err());
        assert!("\u{e4}".parse::<AeTitle>().is_err());
    }
}
