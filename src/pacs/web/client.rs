//! A server of DICOMweb as an archive.

use std::path::Path;

use super::connection::{Connection, Patience};
use super::error::WebError;
use super::{query, retrieve, store};
use crate::cancel::CancelToken;
use crate::pacs::archive::{Archive, ArchiveError, Fetched, Found, FoundSeries, Moved, Query, Sent, Wanted};
use crate::pacs::peers::WebPeer;
use crate::pacs::peers::secret::Secret;
use crate::study::wire::StoredObject;

/// A server of DICOMweb.
pub struct WebArchive(Connection);

impl WebArchive {
    /// Of a peer, with its password or token where one belongs to it. Nothing is sent yet.
    ///
    /// # Errors
    /// When the secret is missing, or the file of authorities cannot be used.
    pub fn new(peer: &WebPeer, secret: Option<&Secret>) -> Result<Self, WebError> {
        Self::with_patience(peer, secret, Patience::default())
    }

    /// The same that waits otherwise.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_patience(peer: &WebPeer, secret: Option<&Secret>, patience: Patience) -> Result<Self, WebError> {
        Connection::new(peer, secret, patience).map(Self)
    }
}

impl Archive for WebArchive {
    fn echo(&self, cancel: &CancelToken) -> Result<(), ArchiveError> {
        Ok(query::echo(&self.0, cancel)?)
    }

    fn find(&self, query: &Query, cancel: &CancelToken) -> Result<Found, ArchiveError> {
        Ok(query::studies(&self.0, query, cancel)?)
    }

    fn series(&self, study_uid: &str, cancel: &CancelToken) -> Result<FoundSeries, ArchiveError> {
        Ok(query::series(&self.0, study_uid, cancel)?)
    }

    fn body_parts(
        &self,
        study_uids: &[String],
        cancel: &CancelToken,
        told: &mut dyn FnMut(&str, Vec<String>),
    ) -> Result<(), ArchiveError> {
        Ok(query::body_parts(&self.0, study_uids, cancel, told)?)
    }

    fn fetch(
        &self,
        wanted: &Wanted,
        folder: &Path,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Moved),
    ) -> Result<Fetched, ArchiveError> {
        Ok(retrieve::fetch(&self.0, wanted, folder, cancel, progress)?)
    }

    fn send(
        &self,
        objects: &[StoredObject],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Moved),
    ) -> Result<Vec<Sent>, ArchiveError> {
        Ok(store::send(&self.0, objects, cancel, progress)?)
    }
}
