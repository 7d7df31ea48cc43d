//! Adding, changing and removing peers: the file, the keyring, and the files that secure a connection,
//! together and in an order in which nothing is half done.

use std::io;
use std::path::{Path, PathBuf};

use super::file::{Peers, PeersError};
use super::secret::{self, Secret, SecretError};
use super::{Peer, PeerKind};
use crate::connections::authorities::{Authorities, AuthorityError};
use crate::pacs::dimse::tls::{TlsError, TlsFiles};

/// Why a peer was not saved.
#[derive(Debug, thiserror::Error)]
pub enum KeepingError {
    #[error(transparent)]
    Peers(#[from] PeersError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Authorities(#[from] AuthorityError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("{} cannot be found from everywhere: {source}", path.display())]
    Path { path: PathBuf, source: io::Error },
}

/// What came of saving or removing a peer.
#[derive(Debug)]
pub struct Kept {
    /// The peers that there are now.
    pub peers: Peers,
    /// The peer that was saved or removed.
    pub peer: Peer,
    /// Why its secret is not in the keyring, or may still be there.
    pub secret: Option<SecretError>,
}

/// Adds a peer, or puts it in the place of the one that is called `instead_of`. The files that secure its
/// connections are read; the secret, where there is one, goes into the keyring. What the keyring holds for
/// a name, user or address that the peer has no longer is taken out.
///
/// # Errors
/// When the file of peers cannot be used, has one of this name, or the files of the peer cannot be used.
/// Where no keyring answers, the peer is saved all the same ([`Kept::secret`]).
pub fn save(
    path: &Path,
    mut peer: Peer,
    instead_of: Option<&str>,
    typed: Option<&Secret>,
) -> Result<Kept, KeepingError> {
    whole_paths(&mut peer)?;
    usable(&peer)?;
    let mut peers = Peers::read(path)?;
    let before = if let Some(name) = instead_of {
        Some(peers.replace(name, peer.clone())?)
    } else {
        peers.add(peer.clone())?;
        None
    };
    let kept = typed.filter(|_| peer.wants_secret()).map_or(Ok(()), |typed| secret::keep(&peer, typed));
    let mut unkept = match kept {
        Err(error @ SecretError::NoKeyring { .. }) => Some(error),
        other => other.map(|()| None)?,
    };
    peers.write(path)?;
    let left = before.filter(|before| before.wants_secret() && !secret::is_of_both(before, &peer));
    if let Some(Err(error)) = left.as_ref().map(secret::forget) {
        unkept = unkept.or(Some(error));
    }
    Ok(Kept { peers, peer, secret: unkept })
}

/// Removes a peer, and its secret from the keyring.
///
/// # Errors
/// When there is none of that name, or the file cannot be used.
pub fn remove(path: &Path, name: &str) -> Result<Kept, KeepingError> {
    let mut peers = Peers::read(path)?;
    let peer = peers.remove(name)?;
    peers.write(path)?;
    let secret = if peer.wants_secret() { secret::forget(&peer).err() } else { None };
    Ok(Kept { peers, peer, secret })
}

/// Paths as they are found from every folder: the program is not always started in this one.
fn whole_paths(peer: &mut Peer) -> Result<(), KeepingError> {
    let paths: Vec<&mut PathBuf> = match &mut peer.kind {
        PeerKind::Web(web) => web.authorities.iter_mut().collect(),
        PeerKind::Dimse(dimse) => {
            let files = dimse.tls.iter_mut();
            files.flat_map(|tls| [&mut tls.authorities, &mut tls.certificate, &mut tls.key]).flatten().collect()
        }
    };
    for path in paths {
        let whole = std::path::absolute(&*path);
        *path = whole.map_err(|source| KeepingError::Path { path: path.clone(), source })?;
    }
    Ok(())
}

/// Whether the files that secure its connections can be used.
fn usable(peer: &Peer) -> Result<(), KeepingError> {
    match &peer.kind {
        PeerKind::Web(web) => web.authorities.as_deref().map(Authorities::read).transpose().map(drop)?,
        PeerKind::Dimse(dimse) => dimse.tls.as_ref().map(TlsFiles::calling).transpose().map(drop)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacs::peers::typed::TypedPeer;

    fn typed(name: &str, host: &str) -> Peer {
        let (host, port, called_ae) = (host.into(), "104".into(), "A".into());
        TypedPeer { name: name.into(), host, port, called_ae, ..TypedPeer::default() }.peer().unwrap()
    }

    #[test]
    fn a_peer_is_added_changed_in_its_place_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peers.toml");
        for name in ["a", "b", "c"] {
            save(&path, typed(name, "h"), None, None).unwrap();
        }
        let again = save(&path, typed("A", "h"), None, None).unwrap_err();
        assert!(matches!(again, KeepingError::Peers(PeersError::Twice(_))), "{again}");
        let taken = save(&path, typed("c", "h"), Some("a"), None).unwrap_err();
        assert!(matches!(taken, KeepingError::Peers(PeersError::Twice(_))), "{taken}");
        // In its place, under a name that differs in capitals from its own.
        save(&path, typed("B", "other"), Some("b"), None).unwrap();
        let peers = Peers::read(&path).unwrap();
        let names: Vec<&str> = peers.all().iter().map(|peer| peer.name.as_str()).collect();
        assert_eq!((names, peers.find("b").unwrap().place()), (vec!["a", "B", "c"], "A@other:104".to_owned()));
        assert_eq!(remove(&path, "B").unwrap().peers.all().len(), 2);
        assert!(matches!(remove(&path, "B"), Err(KeepingError::Peers(PeersError::Unknown(_)))));
    }

    #[test]
    fn files_that_secure_nothing_are_said_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peers.toml");
        let no_certificate = folder.path().join("ca.pem");
        std::fs::write(&no_certificate, "nothing").unwrap();
        let authorities = no_certificate.display().to_string();
        let host = TypedPeer { tls: true, authorities: authorities.clone(), ..TypedPeer::of(&typed("a", "h")) };
        let root = "https://a.org".into();
        let web = TypedPeer { name: "a".into(), web: true, root, authorities, ..TypedPeer::default() };
        for typed in [host, web] {
            let said = save(&path, typed.peer().unwrap(), None, None).unwrap_err().to_string();
            assert!(said.contains("holds no certificate") && !path.exists(), "{said}");
        }
    }
}
