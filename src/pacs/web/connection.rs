//! One request to a server and its answer: secured, signed in, led on a few times, bounded in time, and
//! cancelled.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::http::{HeaderMap, Response, header};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body, Proxy, SendBody};
use url::Url;
use zeroize::Zeroizing;

use super::address::{Address, bare};
use super::error::WebError;
use crate::cancel::CancelToken;
use crate::connections::authorities::{Authorities, secured};
use crate::connections::broken::{Broken, what_broke};
use crate::connections::watch::watched;
use crate::pacs::peers::root::Root;
use crate::pacs::peers::secret::Secret;
use crate::pacs::peers::{Auth, WebPeer};

/// Redirections that are followed.
const REDIRECTIONS: usize = 5;
/// Longest headers of an answer, in bytes.
const HEADERS: usize = 64 << 10;

/// How long a server is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until there is a connection.
    pub connecting: Duration,
    /// While nothing comes.
    pub silence: Duration,
    /// In so long a time at least [`LEAST`] bytes come.
    pub dripping: Duration,
    /// Until an answer to a query has come.
    pub query: Duration,
    /// Until an answer with objects has come, or objects have gone.
    pub transfer: Duration,
}

/// Fewest bytes in the time of [`Patience::dripping`].
const LEAST: u64 = 1024;

impl Default for Patience {
    fn default() -> Self {
        let [connecting, silence, dripping, query] = [20, 60, 120, 600].map(Duration::from_secs);
        Self { connecting, silence, dripping, query, transfer: Duration::from_hours(4) }
    }
}

/// A server and how it is spoken to.
pub(super) struct Connection {
    pub root: Root,
    /// The header that says who asks.
    signature: Option<Zeroizing<String>>,
    tls: TlsConfig,
    patience: Patience,
}

impl Connection {
    /// Of a peer, with its secret where it has one.
    pub(super) fn new(peer: &WebPeer, secret: Option<&Secret>, patience: Patience) -> Result<Self, WebError> {
        let host = || peer.root.host().to_owned();
        let signature = match (&peer.auth, secret) {
            (Auth::None, _) => None,
            (_, None) => return Err(WebError::SecretWanted { host: host() }),
            (Auth::Bearer, Some(token)) => Some(format!("Bearer {}", token.reveal())),
            (Auth::Basic { user }, Some(password)) => {
                let pair = Zeroizing::new(format!("{user}:{}", password.reveal()));
                Some(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
            }
        };
        // Those of a file, of the environment, or Mozilla's list.
        let own = peer.authorities.as_deref().map(Authorities::read).transpose()?;
        let tls = secured(own.map_or_else(Authorities::from_environment, |own| Ok(Some(own)))?.as_ref());
        Ok(Self { root: peer.root.clone(), signature: signature.map(Zeroizing::new), tls, patience })
    }

    /// Asks for something and has `read` take in the answer, whatever its status.
    pub(super) fn get<T>(
        &self,
        url: Url,
        accept: &str,
        cancel: &CancelToken,
        read: impl FnOnce(Answer<'_>) -> Result<T, WebError>,
    ) -> Result<T, WebError> {
        let agent = self.agent(&url);
        Self::watched(&agent, cancel, || {
            let mut address = Address::of(url);
            for _ in 0..=REDIRECTIONS {
                let mut request = agent.get(address.url.as_str()).header(header::ACCEPT, accept);
                if let Some(signature) = self.signature.as_ref().filter(|_| address.signed_in) {
                    request = request.header(header::AUTHORIZATION, signature.as_str());
                }
                let response = request.call().map_err(|error| self.failed(&error))?;
                match self.leads_to(&response) {
                    Some(location) => address = address.redirected(&location?, &self.root)?,
                    None => return read(self.answer(response)),
                }
            }
            Err(WebError::TooManyRedirections { host: self.host() })
        })
    }

    /// Sends `body` of `length` bytes and has `read` take in the answer. No redirection is followed: what is
    /// sent is sent to whom the user named.
    pub(super) fn post<T>(
        &self,
        url: &Url,
        (kind, accept): (&str, &str),
        (body, length): (&mut dyn Read, u64),
        cancel: &CancelToken,
        read: impl FnOnce(Answer<'_>) -> Result<T, WebError>,
    ) -> Result<T, WebError> {
        let agent = self.agent(url);
        Self::watched(&agent, cancel, || {
            let mut request =
                agent.post(url.as_str()).header(header::ACCEPT, accept).header(header::CONTENT_TYPE, kind);
            request = request.header(header::CONTENT_LENGTH, length);
            if let Some(signature) = &self.signature {
                request = request.header(header::AUTHORIZATION, signature.as_str());
            }
            let mut body = Sending { inner: body, begun: Instant::now(), within: self.patience.transfer };
            let sent = request.send(SendBody::from_reader(&mut body));
            let response = sent.map_err(|error| match error {
                ureq::Error::Io(error) => self.body_error(error, 0),
                error => self.failed(&error),
            })?;
            if let Some(location) = self.leads_to(&response) {
                let to = url.join(&location?).map(|to| bare(&to)).unwrap_or_default();
                let why =
                    "what is sent goes to the server that was named alone; where it has moved, change its address";
                return Err(WebError::Redirection { host: self.host(), to, why });
            }
            read(self.answer(response))
        })
    }

    pub(super) fn host(&self) -> String {
        self.root.host().to_owned()
    }

    fn answer(&self, response: Response<Body>) -> Answer<'_> {
        let (parts, body) = response.into_parts();
        Answer { connection: self, status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Where an answer leads instead of answering.
    fn leads_to(&self, response: &Response<Body>) -> Option<Result<String, WebError>> {
        let status = response.status().as_u16();
        if !matches!(status, 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let advice = "; it leads to another address and does not say which";
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        Some(location.map(str::to_owned).ok_or_else(|| WebError::Status { host: self.host(), status, advice }))
    }

    fn agent(&self, url: &Url) -> Agent {
        let silence = Some(self.patience.silence);
        // A proxy would ask a machine of its own for this one.
        let proxy = if self.root.is_this_machine() { None } else { Proxy::try_from_env() };
        Agent::config_builder()
            .https_only(url.scheme() == "https")
            .http_status_as_error(false)
            // Each one is looked at here.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(HEADERS)
            .proxy(proxy)
            .tls_config(self.tls.clone())
            .user_agent(concat!("pellucid/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .timeout_resolve(Some(self.patience.connecting))
            .timeout_connect(Some(self.patience.connecting))
            .timeout_send_request(silence)
            .timeout_recv_response(silence)
            .timeout_per_read(silence)
            .timeout_per_write(silence)
            .build()
            .new_agent()
    }

    /// What went wrong, in words of ours.
    fn failed(&self, error: &ureq::Error) -> WebError {
        let host = self.host();
        match what_broke(error, self.patience.connecting) {
            Broken::Unreachable(why) => WebError::Unreachable { host, why },
            Broken::Untrusted(why) => WebError::Untrusted { host, why },
            Broken::Silent => WebError::Silent { host, seconds: self.patience.silence.as_secs() },
            Broken::Off(why) => WebError::BrokenOff { host, why },
        }
    }

    /// Does `work`, which ends once somebody cancels.
    fn watched<T>(
        agent: &Agent,
        cancel: &CancelToken,
        work: impl FnOnce() -> Result<T, WebError>,
    ) -> Result<T, WebError> {
        let done = watched(agent, cancel, work);
        if cancel.is_cancelled() { Err(WebError::Cancelled) } else { done }
    }
}

/// An answer whose body has not been read.
pub(super) struct Answer<'a> {
    pub connection: &'a Connection,
    pub status: u16,
    pub headers: HeaderMap,
    body: Body,
}

impl Answer<'_> {
    /// The value of a header, where it is text.
    pub(super) fn header(&self, name: &header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// An error of this answer's status.
    pub(super) fn refused(&self) -> WebError {
        let host = self.connection.host();
        let status = |advice| WebError::Status { host: host.clone(), status: self.status, advice };
        match self.status {
            401 if self.connection.signature.is_none() => WebError::SecretWanted { host },
            401 => WebError::SecretRefused { host },
            403 => WebError::Forbidden { host },
            404 => WebError::NotThere { host, root: self.connection.root.to_string() },
            407 => status(": the proxy asks for a name and a password"),
            413 => status(": that is more than it takes at once"),
            429 => status(": it was asked too often; try again later"),
            500..=599 => status(": it has trouble of its own; try again later"),
            _ => status(""),
        }
    }

    /// The body as it comes, of at most `most` bytes; its errors are turned back by [`Self::body_error`].
    pub(super) fn stream(self, most: u64) -> Stream<'static> {
        let within = self.connection.patience.transfer;
        self.stream_within(most, within)
    }

    fn stream_within(self, most: u64, within: Duration) -> Stream<'static> {
        let dripping = self.connection.patience.dripping;
        let inner = Box::new(self.body.into_with_config().limit(u64::MAX).reader());
        let begun = Instant::now();
        Stream { inner, left: most, begun, within, since: begun, came: 0, dripping }
    }

    /// The whole body, of at most `most` bytes.
    pub(super) fn bytes(self, most: u64) -> Result<Vec<u8>, WebError> {
        let connection = self.connection;
        let mut bytes = Vec::new();
        let within = connection.patience.query;
        self.stream_within(most, within).read_to_end(&mut bytes).map_err(|error| connection.body_error(error, most))?;
        Ok(bytes)
    }
}

impl Connection {
    /// Why a body could not be read on.
    pub(super) fn body_error(&self, error: io::Error, most: u64) -> WebError {
        let host = self.host();
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Halt>()) {
            Some(Halt::TooLong) => WebError::TooLong { host, most },
            Some(Halt::Slow) => WebError::Slow { host },
            Some(Halt::Endless(within)) => WebError::Endless { host, seconds: within.as_secs() },
            None => self.failed(&ureq::Error::from(error)),
        }
    }
}

/// Why a body is not read on.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Halt {
    #[error("it is too long")]
    TooLong,
    #[error("it comes too slowly")]
    Slow,
    #[error("it has not ended within {} s", .0.as_secs())]
    Endless(Duration),
}

impl Halt {
    /// Of what takes longer than `within`, as an error of reading.
    fn endless(begun: Instant, within: Duration) -> io::Result<()> {
        if begun.elapsed() < within { Ok(()) } else { Err(io::Error::other(Self::Endless(within))) }
    }
}

/// What is sent, with an end in time: a server may take in a byte now and then.
struct Sending<'a> {
    inner: &'a mut dyn Read,
    begun: Instant,
    within: Duration,
}

impl Read for Sending<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Halt::endless(self.begun, self.within)?;
        self.inner.read(buffer)
    }
}

/// A body that has an end in bytes and in time.
pub(super) struct Stream<'a> {
    inner: Box<dyn Read + 'a>,
    left: u64,
    begun: Instant,
    within: Duration,
    since: Instant,
    came: u64,
    dripping: Duration,
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read as u64 > self.left {
            return Err(io::Error::other(Halt::TooLong));
        }
        Halt::endless(self.begun, self.within)?;
        self.left -= read as u64;
        self.came += read as u64;
        if self.since.elapsed() >= self.dripping {
            if self.came < LEAST && read > 0 {
                return Err(io::Error::other(Halt::Slow));
            }
            (self.since, self.came) = (Instant::now(), 0);
        }
        Ok(read)
    }
}
