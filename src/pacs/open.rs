//! From a peer to the archive that can be asked.

use super::archive::{Archive, ArchiveError};
use super::peers::secret::Secret;
use super::peers::{Peer, PeerKind};
use super::web::WebArchive;

/// The archive of a peer, with its password or token where one belongs to it. Nothing is sent yet.
///
/// # Errors
/// When the secret is missing, or a file that the peer names cannot be used.
pub fn open(peer: &Peer, secret: Option<&Secret>) -> Result<Box<dyn Archive>, ArchiveError> {
    match &peer.kind {
        PeerKind::Web(web) => Ok(Box::new(WebArchive::new(web, secret)?)),
        PeerKind::Dimse(dimse) => Ok(Box::new(super::dimse_archive::DimseArchive::new(dimse)?)),
    }
}
