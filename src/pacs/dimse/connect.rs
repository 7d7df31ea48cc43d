//! Calls to other nodes.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;
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
/// How often a wait looks whether it was cancelled.
const LOOK: Duration = Duration::from_millis(100);

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
        association.object_time = self.waits.object;
        association.end(self.waits.association);
        negotiate::ask(&mut association, (&self.title, &node.title), proposals, receives)?;
        Ok(association)
    }

    fn connect(&self, node: &Node) -> Result<Stream, DimseError> {
        let unreachable = |why: String| DimseError::Unreachable { node: node.to_string(), why };
        let until = Instant::now() + self.waits.connecting;
        let (send, receive) = crossbeam_channel::bounded(1);
        let (host, port, most) = (node.host.clone(), node.port, self.waits.connecting);
        // Looking up a name and connecting cannot be cancelled: whoever does not wait lets it run out.
        let work = move || drop(send.send(reached(&host, port, most)));
        thread::Builder::new().name("pellucid-connect".into()).spawn(work).map_err(|e| unreachable(e.to_string()))?;
        while Instant::now() < until {
            if self.cancel.is_cancelled() {
                return Err(Cancelled.into());
            }
            match receive.recv_timeout(LOOK) {
                Ok(Ok(tcp)) => {
                    let timed = Timed::new(tcp, until, self.cancel.clone()).map_err(|e| unreachable(e.to_string()))?;
                    return self.secured(node, timed);
                }
                Ok(Err(why)) => return Err(unreachable(why)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Err(unreachable(format!("no answer within {} s", most.as_secs())))
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

/// The first address of a host that answers; they share the time.
fn reached(host: &str, port: u16, most: Duration) -> Result<TcpStream, String> {
    let addresses: Vec<_> = (host, port).to_socket_addrs().map_err(|e| e.to_string())?.take(ADDRESSES).collect();
    let mut why = "the host has no address".to_owned();
    for address in &addresses {
        match TcpStream::connect_timeout(address, most / addresses.len() as u32) {
            Ok(tcp) => return Ok(tcp),
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}
