//! The archives that the user knows by name: `peers.toml` in the data folder.
//!
//! ```toml
//! [[peer]]
//! name = "archive"
//! kind = "dimse"
//! host = "pacs.example.org"
//! port = 11112
//! called_ae = "ARCHIVE"
//!
//! [[peer]]
//! name = "web"
//! kind = "web"
//! root = "https://pacs.example.org/dicom-web"
//! user = "reader"
//! ```
//!
//! No secret stands in the file: passwords and tokens are in the keyring of the system ([`secret`]).

pub mod entry;
pub mod file;
pub mod keeping;
pub mod root;
pub mod secret;
pub mod typed;

use std::path::PathBuf;

use crate::pacs::dimse::ae::{AeTitle, Node};
use crate::pacs::dimse::tls::TlsFiles;
use root::Root;

/// An archive that can be asked by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// What the user calls it; fit for the name of a folder.
    pub name: String,
    pub kind: PeerKind,
}

/// How an archive is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerKind {
    /// DICOM message exchange over an association (PS3.7, PS3.8).
    Dimse(DimsePeer),
    /// DICOMweb (PS3.18).
    Web(WebPeer),
}

/// Where an archive listens for associations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DimsePeer {
    /// Name or address of the machine.
    pub host: String,
    pub port: u16,
    /// The archive's own AE title.
    pub called_ae: AeTitle,
    /// What the archive knows this program by.
    pub calling_ae: AeTitle,
    /// The connection is secured (PS3.15, annex B) by these files; nothing for a plain one.
    pub tls: Option<TlsFiles>,
}

impl DimsePeer {
    /// Title, host and port together.
    #[must_use]
    pub fn node(&self) -> Node {
        Node { title: self.called_ae.clone(), host: self.host.clone(), port: self.port }
    }
}

/// Where an archive answers DICOMweb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebPeer {
    /// Address that `/studies` is added to.
    pub root: Root,
    pub auth: Auth,
    /// Authorities in PEM that are believed; nothing for `SSL_CERT_FILE` or Mozilla's list.
    pub authorities: Option<PathBuf>,
}

/// How a server is told who asks. The secret itself is in the keyring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    #[default]
    None,
    /// A token (RFC 6750).
    Bearer,
    /// A name and a password (RFC 7617).
    Basic { user: String },
}

impl Peer {
    /// Whether a password or token belongs to it.
    #[must_use]
    pub fn wants_secret(&self) -> bool {
        matches!(&self.kind, PeerKind::Web(web) if web.auth != Auth::None)
    }

    /// Where it is, in one line, for people.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.kind {
            PeerKind::Dimse(dimse) => {
                let tls = if dimse.tls.is_some() { ", TLS" } else { "" };
                format!("{}{tls}", dimse.node())
            }
            PeerKind::Web(web) => web.root.to_string(),
        }
    }
}
