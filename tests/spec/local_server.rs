//! A web server on this machine that behaves as a test wants it: cuts off, redirects, changes its
//! file, keeps silent; and a proxy.

use std::io::{Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A request: its lines as they came.
#[derive(Clone, Debug)]
pub(crate) struct Asked(pub String);

impl Asked {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&str| line.split_once(':').is_some_and(|(n, _)| n.eq_ignore_ascii_case(name));
        Some(self.0.lines().find(named)?.split_once(':')?.1.trim())
    }

    /// The path that was asked for.
    pub(crate) fn path(&self) -> &str {
        self.0.split(' ').nth(1).unwrap_or_default()
    }

    /// First byte that was asked for.
    pub(crate) fn from(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// A server that runs until the process ends.
pub(crate) struct Server {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Has `answer` answer each connection; it is given how many came before.
    pub(crate) fn start(answer: impl Fn(usize, &Asked, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = asked.clone();
        let serve = move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let request = Asked(head(&mut stream));
                let before = log.lock().unwrap().len();
                log.lock().unwrap().push(request.clone());
                answer(before, &request, &mut stream);
                let _ = stream.shutdown(Shutdown::Write);
            }
        };
        thread::Builder::new().name("test-server".into()).spawn(serve).unwrap();
        Self { port, asked }
    }

    /// The same behind a secured connection, with the certificate of `tests/golden/tls`; yields its port, too.
    ///
    /// A connection in between has the bytes, so the server itself stays the plain one that it is.
    pub(crate) fn secured(answer: impl Fn(usize, &Asked, &mut TcpStream) + Send + 'static) -> (Self, u16) {
        let (inside, listener) = (Self::start(answer), TcpListener::bind("127.0.0.1:0").unwrap());
        let (port, within) = (listener.local_addr().unwrap().port(), inside.port);
        let config = Arc::new(tls());
        let serve = move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut session = rustls::ServerConnection::new(config.clone()).unwrap();
                let mut secured = rustls::Stream::new(&mut session, &mut stream);
                let request = head(&mut secured);
                if request.is_empty() {
                    continue;
                }
                let mut plain = TcpStream::connect(("127.0.0.1", within)).unwrap();
                plain.write_all(request.as_bytes()).unwrap();
                let _ = std::io::copy(&mut plain, &mut secured);
                session.send_close_notify();
                let _ = session.write_tls(&mut stream);
            }
        };
        thread::Builder::new().name("test-tls".into()).spawn(serve).unwrap();
        (inside, port)
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// What the certificate of `tests/golden/tls` needs.
fn tls() -> rustls::ServerConfig {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tls");
    let certificate = CertificateDer::from_pem_file(folder.join("localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("localhost.key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    versions.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap()
}

/// The lines of a request up to the empty one.
fn head(stream: &mut impl Read) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && head.len() < 64 << 10 {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Status, headers and a body.
pub(crate) fn respond(stream: &mut TcpStream, status: &str, headers: &[(&str, &str)], body: &[u8]) {
    let headers: String = headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}");
    // A client that has heard enough may be gone.
    let _ = stream.write_all((head + "\r\n").as_bytes()).and_then(|()| stream.write_all(body));
}

/// A file as servers give it, with ranges; only its first `most` bytes come before the connection ends.
pub(crate) fn file(asked: &Asked, stream: &mut TcpStream, bytes: &[u8], tag: &str, most: usize) {
    let fresh = asked.header("if-range").is_none_or(|if_range| if_range == tag);
    let (status, from, range) = match asked.from().filter(|_| fresh) {
        Some(from) if from >= bytes.len() => {
            let range = format!("bytes */{}", bytes.len());
            return respond(
                stream,
                "416 Range Not Satisfiable",
                &[("Content-Range", &range), ("Content-Length", "0")],
                b"",
            );
        }
        Some(from) => ("206 Partial Content", from, format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len())),
        None => ("200 OK", 0, String::new()),
    };
    let length = (bytes.len() - from).to_string();
    let mut headers =
        vec![("Content-Length", length.as_str()), ("ETag", tag), ("Content-Type", "application/octet-stream")];
    if !range.is_empty() {
        headers.push(("Content-Range", &range));
    }
    respond(stream, status, &headers, &bytes[from..from.saturating_add(most).min(bytes.len())]);
}

/// A proxy that carries what it is asked for; the connections that it opened are asked of `asked`.
pub(crate) fn proxy() -> Server {
    Server::start(|_, asked, stream| {
        let target = asked.path().to_owned();
        let Ok(mut beyond) = TcpStream::connect(&target) else {
            return respond(stream, "502 Bad Gateway", &[], b"");
        };
        let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
        let (mut up, mut far) = (stream.try_clone().unwrap(), beyond.try_clone().unwrap());
        let copy = move || {
            let _ = std::io::copy(&mut up, &mut far);
        };
        thread::Builder::new().name("test-proxy".into()).spawn(copy).unwrap();
        let _ = std::io::copy(&mut beyond, stream);
    })
}

/// Says nothing for a while, as long as somebody listens.
pub(crate) fn silence(stream: &mut TcpStream, long: Duration) {
    stream.set_read_timeout(Some(long)).unwrap();
    let _ = stream.read(&mut [0]);
}
