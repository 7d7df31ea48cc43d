//! Storage at this node (PS3.4 annex B): a listener that takes objects of known peers into a folder.
//!
//! ```text
//! address known? ──► TLS ──► title known? ──► C-STORE ──► staged file ──► UIDs as said? ──► inbox
//! ```
//!
//! What is bounded: how many associations stand at once, how long a PDU, an object, a silence, an
//! object's way and an association are. Who may call is a list of titles with addresses; without one
//! it is this machine alone. A sender hears of success once the object lies on the disk under its
//! name and whoever owns the inbox has noted it.
//!
//! Storage commitment is never granted: this node is no archive. Reports on what other nodes
//! committed to are handed on.

mod allowed;
mod inbox;
mod session;

use std::io::{self, ErrorKind};
/// An address and a port.
pub use std::net::SocketAddr;
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub use self::allowed::{AllowedError, AllowedPeer, listening_place};
pub(super) use self::inbox::Announced;
pub use self::inbox::{Inbox, Kept};
use super::ae::AeTitle;
use super::association::{Association, Waits};
use super::commitment::CommitmentReport;
use super::deadline::Timed;
use super::error::DimseError;
use super::stream::Stream;
use crate::cancel::CancelToken;
use crate::limits;
use crate::pacs::uid::Uid;
use crate::panic_guard::guarded;

/// How often a listener that nobody calls looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(50);
/// How long associations that are broken off may take for it.
const AFTER_A_CUT: Duration = Duration::from_secs(2);
/// Calls beyond the limit that are still told so; further ones are hung up on.
const TURNED_AWAY: usize = 8;

/// What a listener takes of whom.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The title that callers must ask for.
    pub title: AeTitle,
    /// Who may call; nobody but this machine where the list is empty.
    pub allowed: Vec<AllowedPeer>,
    /// Where connections must be secured.
    pub tls: Option<Arc<ServerConfig>>,
    /// Associations at the same time.
    pub associations: usize,
    /// Largest object, in bytes.
    pub object_bytes: u64,
    /// How long a handshake and a silence may last.
    pub waits: Waits,
    /// How long an object may take from its command to its last byte.
    pub object_time: Duration,
    /// How long an association may stand.
    pub association_time: Duration,
    /// How long a sender is held while there is no room, before it is told to come later.
    pub room_time: Duration,
}

impl Settings {
    /// The usual bounds, for this machine alone.
    #[must_use]
    pub fn new(title: AeTitle) -> Self {
        Self {
            title,
            allowed: Vec::new(),
            tls: None,
            associations: 16,
            object_bytes: limits::PACS_OBJECT_BYTES,
            waits: Waits::default(),
            object_time: Duration::from_mins(10),
            association_time: Duration::from_hours(4),
            room_time: Duration::from_secs(20),
        }
    }
}

/// An object that lies in the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    pub path: PathBuf,
    pub sop_class: String,
    pub sop_instance: Uid,
    /// Title of the sender.
    pub sender: String,
}

/// Whoever owns the inbox.
pub trait Arrivals: Send + Sync {
    /// Whether there is room for another object now.
    fn has_room(&self) -> bool {
        true
    }

    /// Whether this object came earlier, although it does not lie in the inbox any more.
    fn came_before(&self, instance: &Uid) -> bool {
        let _ = instance;
        false
    }

    /// Notes an object that lies in the inbox; only then its sender hears of success.
    ///
    /// # Errors
    /// When it cannot be noted: the sender is told to send it again.
    fn arrived(&self, object: &Arrived) -> io::Result<()>;

    /// A node says what became of a wish for storage commitment.
    fn committed(&self, report: &CommitmentReport) {
        let _ = report;
    }
}

/// A listener on a port.
pub struct Receiver {
    /// One for each family of addresses.
    listeners: Vec<TcpListener>,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What all associations share.
struct Shared {
    settings: Settings,
    inbox: Inbox,
    arrivals: Arc<dyn Arrivals>,
    /// How many associations stand.
    standing: AtomicUsize,
    cancel: CancelToken,
}

impl Receiver {
    /// Listens on an address; port 0 is any that is free.
    ///
    /// # Errors
    /// When it cannot be listened on, or the inbox cannot be made.
    pub fn bind(
        address: SocketAddr,
        settings: Settings,
        inbox: Inbox,
        arrivals: Arc<dyn Arrivals>,
        cancel: CancelToken,
    ) -> Result<Self, DimseError> {
        let failed = |e: io::Error| DimseError::Listen { port: address.port(), why: e.to_string() };
        let mut listeners = vec![TcpListener::bind(address).map_err(failed)?];
        let address = listeners[0].local_addr().map_err(failed)?;
        if address.is_ipv6() && address.ip().is_unspecified() {
            // Some systems take both families on one socket; there the port is taken by now.
            listeners.extend(TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())));
        }
        listeners.iter().try_for_each(|listener| listener.set_nonblocking(true)).map_err(failed)?;
        let standing = AtomicUsize::new(0);
        Ok(Self { listeners, address, shared: Arc::new(Shared { settings, inbox, arrivals, standing, cancel }) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes calls until `stop`, and then waits for a while for the associations that stand; once the
    /// token of [`Self::bind`] is cancelled they are broken off.
    pub fn run(&self, stop: &CancelToken) {
        while !self.shared.cancel.is_cancelled() && !stop.is_cancelled() {
            let mut called = false;
            for listener in &self.listeners {
                match listener.accept() {
                    Ok((tcp, from)) => {
                        called = true;
                        self.take(tcp, from);
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    // A caller that hung up, or no descriptors left: the next one may do better.
                    Err(error) => log::warn!("a call was not taken: {error}"),
                }
            }
            if !called {
                thread::sleep(LOOK);
            }
        }
        let is_cut = self.shared.cancel.is_cancelled();
        let patience = Instant::now() + if is_cut { AFTER_A_CUT } else { self.shared.settings.waits.answer };
        while self.shared.standing.load(Ordering::SeqCst) > 0 && Instant::now() < patience {
            thread::sleep(LOOK);
        }
    }

    fn take(&self, tcp: TcpStream, from: SocketAddr) {
        let address = from.ip().to_canonical();
        if !allowed::may_call(&self.shared.settings.allowed, address) {
            log::warn!("{address} is not on the list of those who may call");
            return;
        }
        let number = self.shared.standing.fetch_add(1, Ordering::SeqCst);
        let most = self.shared.settings.associations;
        if number >= most + TURNED_AWAY {
            self.shared.standing.fetch_sub(1, Ordering::SeqCst);
            return;
        }
        let shared = self.shared.clone();
        let work = move || {
            let ended = guarded(|| shared.serve(tcp, address, number >= most));
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => log::warn!("{}", error.for_log()),
                Err(panicked) => log::error!("{panicked}"),
            }
            shared.standing.fetch_sub(1, Ordering::SeqCst);
        };
        if thread::Builder::new().name("pellucid-receive".into()).spawn(work).is_err() {
            self.shared.standing.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Shared {
    fn serve(&self, tcp: TcpStream, address: IpAddr, is_full: bool) -> Result<(), DimseError> {
        let Settings { waits, tls, .. } = &self.settings;
        let broken = |e: io::Error| DimseError::Connection { peer: address.to_string(), why: e.to_string() };
        let mut timed = Timed::new(tcp, Instant::now() + waits.connecting, self.cancel.clone()).map_err(broken)?;
        let stream = match tls {
            None => Stream::Plain(timed),
            Some(config) => {
                let failed = |why: String| DimseError::Handshake { node: address.to_string(), why };
                let mut session = ServerConnection::new(config.clone()).map_err(|e| failed(e.to_string()))?;
                while session.is_handshaking() {
                    session.complete_io(&mut timed).map_err(|e| failed(e.to_string()))?;
                }
                Stream::Called(Box::new(StreamOwned::new(session, timed)))
            }
        };
        let mut association = Association::new(stream, address.to_string(), waits.connecting);
        association.end(self.settings.association_time);
        session::hold(self, association, address, is_full)
    }
}
