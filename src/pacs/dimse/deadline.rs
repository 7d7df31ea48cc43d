//! Waits that end: a stream whose reads and writes stop at a time, or when somebody cancels.
//!
//! The time-outs of a socket begin anew with every byte, so a peer that sends one now and then holds
//! a reader for ever. Here each read asks how much time is left until a moment that does not move.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::cancel::CancelToken;

/// How often a wait looks whether it was cancelled.
const STEP: Duration = Duration::from_millis(100);

/// A connection with a time by which all that is read and written must have come and gone.
#[derive(Debug)]
pub(super) struct Timed {
    tcp: TcpStream,
    until: Instant,
    cancel: CancelToken,
}

impl Timed {
    pub(super) fn new(tcp: TcpStream, until: Instant, cancel: CancelToken) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        tcp.set_nonblocking(false)?;
        Ok(Self { tcp, until, cancel })
    }

    /// Moves the end.
    pub(super) fn until(&mut self, until: Instant) {
        self.until = until;
    }

    /// Hears of no cancelling any more.
    pub(super) fn go_on_although_cancelled(&mut self) {
        self.cancel = CancelToken::default();
    }

    /// Ends the connection.
    pub(super) fn shut(&self) {
        let _ = self.tcp.shutdown(std::net::Shutdown::Both);
    }

    /// Time until the next look, an error when there is none left.
    fn step(&self) -> io::Result<Duration> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other(crate::cancel::Cancelled));
        }
        match self.until.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(ErrorKind::TimedOut.into()),
            left => Ok(left.clamp(Duration::from_millis(1), STEP)),
        }
    }
}

fn waits(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            self.tcp.set_read_timeout(Some(self.step()?))?;
            match self.tcp.read(into) {
                Err(error) if waits(&error) => {}
                read => return read,
            }
        }
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            self.tcp.set_write_timeout(Some(self.step()?))?;
            match self.tcp.write(bytes) {
                Err(error) if waits(&error) => {}
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}
