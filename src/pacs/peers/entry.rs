//! One peer as `peers.toml` has it, and what is wrong with one that cannot be meant.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::root::{Root, RootError};
use super::{Auth, DimsePeer, Peer, PeerKind, WebPeer};
use crate::files::naming::{self, NameError};
use crate::pacs::dimse::ae::{AeError, AeTitle};
use crate::pacs::dimse::tls::TlsFiles;

/// Longest name of a machine.
const HOST: usize = 255;
/// Longest name of a user, in bytes.
const USER: usize = 256;

/// Why a peer cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} belongs to no peer of this kind")]
    Strange(&'static str),
    #[error("“{}” is no name of a machine; write it like pacs.example.org or 10.0.0.7", .0.escape_debug())]
    Host(String),
    #[error("the port must not be 0")]
    Port,
    #[error("“{}” is no port; write a number from 1 to 65535", .0.escape_debug())]
    NoPort(String),
    #[error(transparent)]
    AeTitle(#[from] AeError),
    #[error(transparent)]
    Root(#[from] RootError),
    #[error("user and bearer exclude each other: one is for a name with a password, the other for a token")]
    TwoWays,
    #[error("the name of a user is up to {USER} letters without “:” and without control characters")]
    User,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(default)]
    pub(super) peer: Vec<Entry>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Dimse,
    Web,
}

/// A peer as the file has it: every key of both kinds. An association is secured where `authorities` are named.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) called_ae: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) calling_ae: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) root: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) plain: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) bearer: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authorities: Option<PathBuf>,
}

impl TryFrom<Entry> for Peer {
    type Error = PeerError;

    fn try_from(entry: Entry) -> Result<Self, PeerError> {
        naming::check(&entry.name)?;
        let strange = |there: bool, key: &'static str| if there { Err(PeerError::Strange(key)) } else { Ok(()) };
        let kind = match entry.kind {
            Kind::Dimse => {
                strange(entry.root.is_some(), "root")?;
                strange(entry.plain, "plain")?;
                strange(entry.user.is_some(), "user")?;
                strange(entry.bearer, "bearer")?;
                strange(entry.authorities.is_none() && entry.certificate.is_some(), "certificate without authorities")?;
                if entry.certificate.is_some() != entry.key.is_some() {
                    return Err(PeerError::Missing(if entry.key.is_some() { "certificate" } else { "key" }));
                }
                let (certificate, key) = (entry.certificate, entry.key);
                let tls = entry.authorities.map(|own| TlsFiles { authorities: Some(own), certificate, key });
                PeerKind::Dimse(dimse(entry.host, entry.port, entry.called_ae, entry.calling_ae, tls)?)
            }
            Kind::Web => {
                strange(entry.host.is_some(), "host")?;
                strange(entry.port.is_some(), "port")?;
                strange(entry.called_ae.is_some(), "called_ae")?;
                strange(entry.calling_ae.is_some(), "calling_ae")?;
                strange(entry.certificate.is_some(), "certificate")?;
                strange(entry.key.is_some(), "key")?;
                let root = Root::parse(&entry.root.ok_or(PeerError::Missing("root"))?, entry.plain)?;
                let auth = match (entry.user, entry.bearer) {
                    (Some(_), true) => return Err(PeerError::TwoWays),
                    (Some(user), false) => Auth::Basic { user: checked_user(user)? },
                    (None, true) => Auth::Bearer,
                    (None, false) => Auth::None,
                };
                PeerKind::Web(WebPeer { root, auth, authorities: entry.authorities })
            }
        };
        Ok(Self { name: entry.name, kind })
    }
}

fn dimse(
    host: Option<String>,
    port: Option<u16>,
    called_ae: Option<String>,
    calling_ae: Option<String>,
    tls: Option<TlsFiles>,
) -> Result<DimsePeer, PeerError> {
    let host = host.ok_or(PeerError::Missing("host"))?;
    let port = port.ok_or(PeerError::Missing("port"))?;
    let called_ae = called_ae.ok_or(PeerError::Missing("called_ae"))?.parse()?;
    let calling_ae = calling_ae.map_or_else(|| Ok(AeTitle::ours()), |own| own.parse())?;
    DimsePeer { host, port, called_ae, calling_ae, tls }.checked()
}

impl DimsePeer {
    /// The same, where machine and port can be meant.
    ///
    /// # Errors
    /// When they cannot.
    pub fn checked(self) -> Result<Self, PeerError> {
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if self.host.is_empty() || self.host.len() > HOST || !self.host.chars().all(sound) {
            return Err(PeerError::Host(self.host.chars().take(HOST).collect()));
        }
        if self.port == 0 {
            return Err(PeerError::Port);
        }
        Ok(self)
    }
}

/// A colon would end the name, and a control character a header (RFC 7617, section 2).
fn checked_user(user: String) -> Result<String, PeerError> {
    let sound = !user.is_empty() && user.len() <= USER && !user.contains(|c: char| c == ':' || c.is_control());
    if sound { Ok(user) } else { Err(PeerError::User) }
}

impl Peer {
    /// A server of DICOMweb.
    ///
    /// # Errors
    /// When the name or the user cannot be meant.
    pub fn web(name: &str, web: WebPeer) -> Result<Self, PeerError> {
        naming::check(name)?;
        if let Auth::Basic { user } = &web.auth {
            checked_user(user.clone())?;
        }
        Ok(Self { name: name.to_owned(), kind: PeerKind::Web(web) })
    }

    /// An archive that listens for associations.
    ///
    /// # Errors
    /// When name, machine or port cannot be meant.
    pub fn dimse(name: &str, dimse: DimsePeer) -> Result<Self, PeerError> {
        naming::check(name)?;
        Ok(Self { name: name.to_owned(), kind: PeerKind::Dimse(dimse.checked()?) })
    }
}

impl From<&Peer> for Entry {
    fn from(peer: &Peer) -> Self {
        let nothing = Self {
            name: peer.name.clone(),
            kind: Kind::Web,
            host: None,
            port: None,
            called_ae: None,
            calling_ae: None,
            certificate: None,
            key: None,
            root: None,
            plain: false,
            user: None,
            bearer: false,
            authorities: None,
        };
        match &peer.kind {
            PeerKind::Dimse(dimse) => {
                let tls = dimse.tls.clone().unwrap_or_default();
                Self {
                    kind: Kind::Dimse,
                    host: Some(dimse.host.clone()),
                    port: Some(dimse.port),
                    called_ae: Some(dimse.called_ae.to_string()),
                    calling_ae: Some(&dimse.calling_ae).filter(|own| **own != AeTitle::ours()).map(ToString::to_string),
                    authorities: tls.authorities,
                    certificate: tls.certificate,
                    key: tls.key,
                    ..nothing
                }
            }
            PeerKind::Web(web) => Self {
                root: Some(web.root.to_string()),
                plain: web.root.is_plain_allowed(),
                user: match &web.auth {
                    Auth::Basic { user } => Some(user.clone()),
                    _ => None,
                },
                bearer: web.auth == Auth::Bearer,
                authorities: web.authorities.clone(),
                ..nothing
            },
        }
    }
}
