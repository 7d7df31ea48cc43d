//! A connection, plain or secured.

use std::io::{self, Read, Write};
use std::time::Instant;

use rustls::{ClientConnection, ServerConnection, StreamOwned};

use super::deadline::Timed;

/// A connection with its deadline.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(Timed),
    /// This program called.
    Calling(Box<StreamOwned<ClientConnection, Timed>>),
    /// This program was called.
    Called(Box<StreamOwned<ServerConnection, Timed>>),
}

impl Stream {
    fn timed(&mut self) -> &mut Timed {
        match self {
            Self::Plain(timed) => timed,
            Self::Calling(secured) => &mut secured.sock,
            Self::Called(secured) => &mut secured.sock,
        }
    }

    /// By when all that follows must have come and gone.
    pub(super) fn until(&mut self, until: Instant) {
        self.timed().until(until);
    }

    /// Lets a last word go out.
    pub(super) fn go_on_although_cancelled(&mut self) {
        self.timed().go_on_although_cancelled();
    }

    /// Says good-bye where the security wants it, and ends the connection.
    pub(super) fn close(&mut self) {
        match self {
            Self::Plain(_) => {}
            Self::Calling(secured) => {
                secured.conn.send_close_notify();
                let _ = secured.flush();
            }
            Self::Called(secured) => {
                secured.conn.send_close_notify();
                let _ = secured.flush();
            }
        }
        self.timed().shut();
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.read(into),
            Self::Calling(secured) => secured.read(into),
            Self::Called(secured) => secured.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.write(bytes),
            Self::Calling(secured) => secured.write(bytes),
            Self::Called(secured) => secured.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(timed) => timed.flush(),
            Self::Calling(secured) => secured.flush(),
            Self::Called(secured) => secured.flush(),
        }
    }
}
