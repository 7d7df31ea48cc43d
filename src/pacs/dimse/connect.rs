//! Calls to other nodes.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::ae::{AeTitle, Node};
use super::association::{Association, Waits};
use super::deadline::Timed;
use super::error::DimseError;
use super::negotiate::{self, Proposal};
use super::stream::Stream;
use super::tls::TlsError;
use crate::cancel::{CancelToken, Cancelled};

/// Most addresses of a host that are tried.
const ADDRESSES: usize = 4;

/// Who calls, and how.
#[derive(Clone, Debug)]
pub struct Caller {
    pub title: AeTitle,
    pub waits: Waits,
    /// Where connections are to be secured.
    pub tls: Option<Arc<ClientConfig>>,
    pub cancel: CancelToken,
}

impl Caller {
    /// One with this title, the usual patience, and plain connections.
    #[must_use]
    pub fn new(title: AeTitle) -> Self {
        Self { title, waits: Waits::default(), tls: None, cancel: CancelToken::default() }
    }

    /// An association in which these contexts were proposed; in those of `receives` this program
    /// wants to be the provider.
    pub(super) fn associate(
        &self,
        node: &Node,
        proposals: &[Proposal],
        receives: &[&str],
    ) -> Result<Association, DimseError> {
        let stream = self.connect(node)?;
        let mut association = Association::new(stream, node.to_string(), self.waits.answer);
        negotiate::ask(&mut association, (&self.title, &node.title), proposals, receives)?;
        Ok(association)
    }

    fn connect(&self, node: &Node) -> Result<Stream, DimseError> {
        let unreachable = |why: String| DimseError::Unreachable { node: node.to_string(), why };
        let until = Instant::now() + self.waits.connecting;
        let addresses = (node.host.as_str(), node.port).to_socket_addrs().map_err(|e| unreachable(e.to_string()))?;
        let mut why = "the host has no address".to_owned();
        for address in addresses.take(ADDRESSES) {
            if self.cancel.is_cancelled() {
                return Err(Cancelled.into());
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                why = format!("no answer within {} s", self.waits.connecting.as_secs());
                break;
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(tcp) => {
                    let timed = Timed::new(tcp, until, self.cancel.clone()).map_err(|e| unreachable(e.to_string()))?;
                    return self.secured(node, timed);
                }
                Err(error) => why = error.to_string(),
            }
        }
        Err(unreachable(why))
    }

    fn secured(&self, node: &Node, mut timed: Timed) -> Result<Stream, DimseError> {
        let Some(config) = &self.tls else { return Ok(Stream::Plain(timed)) };
        let name = ServerName::try_from(node.host.clone()).map_err(|_| TlsError::Name(node.host.clone()))?;
        let failed = |why: String| DimseError::Handshake { node: node.to_string(), why };
        let mut session = ClientConnection::new(config.clone(), name).map_err(|e| failed(e.to_string()))?;
        while session.is_handshaking() {
            session.complete_io(&mut timed).map_err(|e| match e.get_ref() {
                Some(inner) if inner.is::<Cancelled>() => Cancelled.into(),
                _ => failed(e.to_string()),
            })?;
        }
        Ok(Stream::Calling(Box::new(StreamOwned::new(session, timed))))
    }
}
