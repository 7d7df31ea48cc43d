//! An association: what was agreed, and PDUs in both directions (PS3.8 section 9).
//!
//! Every PDU must come whole before a moment that is fixed when it is waited for, and is no longer
//! than was agreed. What breaks the protocol is answered with an abort.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::time::{Duration, Instant};

use dicom_ul::pdu::{AbortRQSource, PDataValue, Pdu, read_pdu, write_pdu};

use super::error::DimseError;
use super::stream::Stream;
use crate::cancel::Cancelled;
use crate::limits;
use crate::panic_guard::guarded;
use crate::printable::{printable, shortened};

/// Bytes of a PDU before its length is known to be right.
const HEADER: usize = 6;
/// What the header of a fragment takes of a PDU.
pub(super) const FRAGMENT_HEADER: u32 = 6;
/// Longest PDU that is sent, even where the peer would take more, in bytes.
const MOST_SENT: u32 = 128 << 10;
/// Shortest PDU that a peer may ask for: less than this holds no command.
const LEAST_SENT: u32 = 256;

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Until a connection and its security stand.
    pub connecting: Duration,
    /// Until the next PDU has come, or has gone, and until a command is whole.
    pub answer: Duration,
    /// Until a data set is whole.
    pub object: Duration,
    /// Until the last answer to a query has come.
    pub query: Duration,
    /// Until an association is over, whatever happens in it.
    pub association: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            connecting: Duration::from_secs(10),
            answer: Duration::from_mins(1),
            object: Duration::from_mins(10),
            query: Duration::from_mins(10),
            association: Duration::from_hours(4),
        }
    }
}

/// A presentation context that both sides agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Context {
    pub id: u8,
    pub abstract_syntax: String,
    pub transfer_syntax: String,
}

/// By when something must be over.
#[derive(Clone, Copy, Debug)]
struct Term {
    until: Instant,
    most: Duration,
    /// What must be over; nothing for the wait for the next PDU.
    what: Option<&'static str>,
}

impl Term {
    fn of(what: Option<&'static str>, most: Duration) -> Self {
        Self { until: Instant::now() + most, most, what }
    }
}

/// An association that stands.
#[derive(Debug)]
pub(super) struct Association {
    stream: Stream,
    /// The other side, as sentences name it.
    pub peer: String,
    pub contexts: Vec<Context>,
    most_sent: u32,
    answer: Duration,
    /// When the part of a message must be whole that is on its way.
    part: Option<Term>,
    /// When an exchange of several messages must be over.
    exchange: Option<Term>,
    /// When the association must be over, whatever happens.
    end: Option<Term>,
    /// Which of these ends the wait that goes on.
    armed: Term,
    pub(super) fragments: VecDeque<PDataValue>,
    /// How long a data set may take.
    pub(super) object_time: Duration,
}

impl Association {
    /// What comes before anything was agreed.
    pub(super) fn new(stream: Stream, peer: String, answer: Duration) -> Self {
        let (contexts, fragments) = (Vec::new(), VecDeque::new());
        Self {
            stream,
            peer,
            contexts,
            most_sent: 16 << 10,
            answer,
            part: None,
            exchange: None,
            end: None,
            armed: Term::of(None, answer),
            fragments,
            object_time: Waits::default().object,
        }
    }

    /// Takes what the peer says of the longest PDU that it takes; 0 is any.
    ///
    /// # Errors
    /// When nothing fits into it.
    pub(super) fn agree(&mut self, contexts: Vec<Context>, longest: u32) -> Result<(), DimseError> {
        self.contexts = contexts;
        self.most_sent = match longest {
            0 => MOST_SENT,
            1..LEAST_SENT => return Err(self.violation(format!("it takes PDUs of {longest} bytes only"))),
            _ => longest.min(MOST_SENT),
        };
        Ok(())
    }

    /// A command must be whole as soon as the next PDU must have come.
    pub(super) fn begin_command(&mut self) {
        self.part = Some(Term::of(None, self.answer));
    }

    /// The data set that begins now must be whole in its time.
    pub(super) fn begin_data(&mut self) {
        self.part = Some(Term::of(Some("a data set"), self.object_time));
    }

    /// The command or data set is whole.
    pub(super) fn end_part(&mut self) {
        self.part = None;
    }

    /// In how long a time from now an exchange of several messages must be over, such as a question with
    /// all its answers.
    pub(super) fn begin_exchange(&mut self, what: &'static str, most: Duration) {
        self.exchange = Some(Term::of(Some(what), most));
    }

    /// The exchange is over, and the next one has not begun.
    pub(super) fn end_exchange(&mut self) {
        self.exchange = None;
    }

    /// How long the next PDU may take.
    pub(super) fn wait(&mut self, answer: Duration) {
        self.answer = answer;
    }

    /// In how long a time from now all of it must be over.
    pub(super) fn end(&mut self, most: Duration) {
        self.end = Some(Term::of(Some("an association"), most));
    }

    /// Longest part of a message in one PDU, in bytes: an even number.
    pub(super) fn room(&self) -> usize {
        ((self.most_sent - FRAGMENT_HEADER) & !1) as usize
    }

    fn arm(&mut self) {
        let next = Term::of(None, self.answer);
        let terms = [self.end, self.exchange, self.part].into_iter().flatten();
        self.armed = terms.fold(next, |first, term| if term.until < first.until { term } else { first });
        self.stream.until(self.armed.until);
    }

    /// Sends a PDU.
    pub(super) fn send(&mut self, pdu: &Pdu) -> Result<(), DimseError> {
        let mut bytes = Vec::new();
        write_pdu(&mut bytes, pdu).map_err(|e| self.violation(format!("an answer to it cannot be written: {e}")))?;
        self.arm();
        let sent = self.stream.write_all(&bytes).and_then(|()| self.stream.flush());
        sent.map_err(|error| self.broken(&error))
    }

    /// Waits for the next PDU.
    ///
    /// # Errors
    /// When none comes in time, it is longer than agreed or makes no sense, or the peer aborts.
    pub(super) fn receive(&mut self) -> Result<Pdu, DimseError> {
        self.arm();
        let mut bytes = vec![0; HEADER];
        self.stream.read_exact(&mut bytes).map_err(|error| self.broken(&error))?;
        let length = u32::from_be_bytes([bytes[2], bytes[3], bytes[4], bytes[5]]);
        if length > limits::PACS_PDU {
            return Err(self.violation(format!("a PDU of {length} bytes, and at most {} are taken", limits::PACS_PDU)));
        }
        bytes.resize(HEADER + length as usize, 0);
        self.stream.read_exact(&mut bytes[HEADER..]).map_err(|error| self.broken(&error))?;
        let read = guarded(|| read_pdu(&bytes[..], limits::PACS_PDU, true).map_err(|e| e.to_string()));
        match read {
            Ok(Ok(Some(Pdu::AbortRQ { source }))) => {
                let why = match source {
                    AbortRQSource::ServiceUser => "its program gave up".to_owned(),
                    AbortRQSource::ServiceProvider(reason) => reason.to_string(),
                    AbortRQSource::Reserved => "it gave no reason".to_owned(),
                };
                self.stream.close();
                Err(DimseError::Aborted { peer: self.peer.clone(), why })
            }
            Ok(Ok(Some(Pdu::Unknown { pdu_type, .. }))) => {
                Err(self.violation(format!("a PDU of the unknown kind {pdu_type:02X}H")))
            }
            Ok(Ok(Some(pdu))) => Ok(pdu),
            Ok(Ok(None)) => Err(self.violation("a PDU that is shorter than it says".into())),
            Ok(Err(why)) => Err(self.violation(printable(&shortened(&why)).into_owned())),
            Err(_) => Err(self.violation("a PDU that cannot be taken apart".into())),
        }
    }

    /// What a read or a write failed with, in words.
    fn broken(&mut self, error: &io::Error) -> DimseError {
        let peer = self.peer.clone();
        if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Cancelled>) {
            self.abort();
            return DimseError::Cancelled(Cancelled);
        }
        match error.kind() {
            io::ErrorKind::TimedOut => {
                let Term { most, what, .. } = self.armed;
                self.abort();
                let seconds = most.as_secs();
                match what {
                    None => DimseError::Silent { peer, seconds },
                    Some(what) => DimseError::Slow { peer, what, seconds },
                }
            }
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => {
                self.stream.close();
                DimseError::Closed { peer }
            }
            _ => {
                self.stream.close();
                DimseError::Connection { peer, why: error.to_string() }
            }
        }
    }

    /// Breaks off because the peer broke the protocol.
    pub(super) fn violation(&mut self, what: String) -> DimseError {
        self.abort();
        DimseError::Violation { peer: self.peer.clone(), what }
    }

    /// Breaks off because the peer sent more than is taken.
    pub(super) fn too_long(&mut self, what: &'static str, limit: u64) -> DimseError {
        self.abort();
        DimseError::TooLong { peer: self.peer.clone(), what, limit }
    }

    /// Breaks off because the peer sent more of them than are taken.
    pub(super) fn too_many(&mut self, what: &'static str, limit: usize) -> DimseError {
        self.abort();
        DimseError::TooMany { peer: self.peer.clone(), what, limit }
    }

    /// Breaks off.
    pub(super) fn abort(&mut self) {
        self.stream.go_on_although_cancelled();
        let mut bytes = Vec::new();
        if write_pdu(&mut bytes, &Pdu::AbortRQ { source: AbortRQSource::ServiceUser }).is_ok() {
            // The end may be here already, or everything be cancelled; this takes a moment or fails.
            self.stream.until(Instant::now() + Duration::from_millis(200));
            let _ = self.stream.write_all(&bytes).and_then(|()| self.stream.flush());
        }
        self.stream.close();
    }

    /// Asks for the end of the association, and ends it whatever the peer says: all was done.
    pub(super) fn release(mut self) {
        self.end_exchange();
        self.answer = self.answer.min(Duration::from_secs(5));
        if self.send(&Pdu::ReleaseRQ).is_ok() {
            // A few late fragments may come first.
            for _ in 0..8 {
                match self.receive() {
                    Ok(Pdu::ReleaseRP) | Err(_) => break,
                    Ok(_) => {}
                }
            }
        }
        self.stream.close();
    }

    /// Agrees to the end that the peer asked for.
    pub(super) fn released(mut self) {
        let _ = self.send(&Pdu::ReleaseRP);
        // The peer closes first (PS3.8 section 9.2, ARTIM); it is not waited for longer than this.
        self.stream.until(Instant::now() + Duration::from_secs(1));
        let _ = self.stream.read(&mut [0; 1]);
        self.stream.close();
    }

    /// Ends the connection without a word.
    pub(super) fn close(mut self) {
        self.stream.close();
    }
}
