//! A peer as somebody types it into a form: every field a text, checked as those of `peers.toml` are.

use std::path::PathBuf;

use super::Peer;
use super::entry::{Entry, Kind, PeerError};
use crate::pacs::dimse::ae::AeTitle;

/// How a server of DICOMweb is told who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignIn {
    #[default]
    Nothing,
    Password,
    Token,
}

/// A field that must not be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Name,
    Host,
    Port,
    CalledAe,
    Root,
    User,
    Authorities,
}

/// The fields of both kinds; those of the other kind are kept while somebody chooses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedPeer {
    pub name: String,
    /// DICOMweb, else associations.
    pub web: bool,
    pub host: String,
    pub port: String,
    pub called_ae: String,
    pub calling_ae: String,
    /// Associations are secured.
    pub tls: bool,
    pub root: String,
    pub plain: bool,
    pub sign_in: SignIn,
    pub user: String,
    pub authorities: String,
    pub certificate: String,
    pub key: String,
}

impl TypedPeer {
    /// The fields of a peer that is known.
    #[must_use]
    pub fn of(peer: &Peer) -> Self {
        let entry = Entry::from(peer);
        let text = |value: Option<String>| value.unwrap_or_default();
        let path = |value: &Option<PathBuf>| value.as_ref().map(|p| p.display().to_string()).unwrap_or_default();
        Self {
            name: entry.name,
            web: entry.kind == Kind::Web,
            host: text(entry.host),
            port: entry.port.map(|port| port.to_string()).unwrap_or_default(),
            called_ae: text(entry.called_ae),
            calling_ae: text(entry.calling_ae),
            tls: entry.kind == Kind::Dimse && entry.authorities.is_some(),
            root: text(entry.root),
            plain: entry.plain,
            sign_in: match (&entry.user, entry.bearer) {
                (Some(_), _) => SignIn::Password,
                (None, true) => SignIn::Token,
                (None, false) => SignIn::Nothing,
            },
            user: text(entry.user),
            authorities: path(&entry.authorities),
            certificate: path(&entry.certificate),
            key: path(&entry.key),
        }
    }

    /// The first field that is empty and must not be.
    #[must_use]
    pub fn missing(&self) -> Option<Field> {
        let of_kind: &[(Field, &String, bool)] = if self.web {
            &[(Field::Root, &self.root, true), (Field::User, &self.user, self.sign_in == SignIn::Password)]
        } else {
            &[
                (Field::Host, &self.host, true),
                (Field::Port, &self.port, true),
                (Field::CalledAe, &self.called_ae, true),
                (Field::Authorities, &self.authorities, self.tls),
            ]
        };
        let name = (Field::Name, &self.name, true);
        let mut all = std::iter::once(&name).chain(of_kind);
        all.find(|(_, text, needed)| *needed && text.trim().is_empty()).map(|(field, ..)| *field)
    }

    /// The peer that the fields are.
    ///
    /// # Errors
    /// When they cannot be meant.
    pub fn peer(&self) -> Result<Peer, PeerError> {
        let some = |text: &str, wanted: bool| Some(text.trim().to_owned()).filter(|text| wanted && !text.is_empty());
        let path = |text: &str, wanted: bool| some(text, wanted).map(PathBuf::from);
        let port = some(&self.port, !self.web).map(|text| text.parse().map_err(|_| PeerError::NoPort(text)));
        let secured = self.web || self.tls;
        let ours = AeTitle::ours().to_string();
        let calling_ae = some(&self.calling_ae, !self.web).filter(|title| *title != ours);
        Peer::try_from(Entry {
            name: self.name.trim().to_owned(),
            kind: if self.web { Kind::Web } else { Kind::Dimse },
            host: some(&self.host, !self.web),
            port: port.transpose()?,
            called_ae: some(&self.called_ae, !self.web),
            calling_ae,
            certificate: path(&self.certificate, !self.web && self.tls),
            key: path(&self.key, !self.web && self.tls),
            root: some(&self.root, self.web),
            plain: self.web && self.plain,
            user: some(&self.user, self.web && self.sign_in == SignIn::Password),
            bearer: self.web && self.sign_in == SignIn::Token,
            authorities: path(&self.authorities, secured),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacs::peers::file::Peers;

    #[test]
    fn a_peer_is_typed_as_it_is_written() {
        let text = "[[peer]]\nname = \"a\"\nkind = \"dimse\"\nhost = \"h\"\nport = 104\ncalled_ae = \"A\"\n\
                    calling_ae = \"US\"\nauthorities = \"/ca.pem\"\ncertificate = \"/c.pem\"\nkey = \"/k.pem\"\n\
                    [[peer]]\nname = \"b\"\nkind = \"web\"\nroot = \"http://b.org/x\"\nplain = true\nuser = \"u\"\n\
                    [[peer]]\nname = \"c\"\nkind = \"web\"\nroot = \"https://c.org\"\nbearer = true\n";
        for peer in Peers::parse(text).unwrap().all() {
            let typed = TypedPeer::of(peer);
            assert_eq!((typed.missing(), typed.peer().as_ref()), (None, Ok(peer)));
        }
    }

    #[test]
    fn what_is_empty_or_no_number_is_said_by_its_field() {
        let mut typed = TypedPeer { name: "a".into(), ..TypedPeer::default() };
        assert_eq!(typed.missing(), Some(Field::Host));
        typed = TypedPeer { host: "h".into(), called_ae: "A".into(), port: "70000".into(), ..typed };
        assert_eq!((typed.missing(), typed.peer()), (None, Err(PeerError::NoPort("70000".into()))));
        typed = TypedPeer { port: " 104 ".into(), tls: true, ..typed };
        assert_eq!(typed.missing(), Some(Field::Authorities));
        assert!(TypedPeer { tls: false, ..typed.clone() }.peer().is_ok(), "blanks around a number are none of it");
        typed = TypedPeer { web: true, root: "https://a.org".into(), sign_in: SignIn::Password, ..typed };
        assert_eq!(typed.missing(), Some(Field::User));
    }
}
