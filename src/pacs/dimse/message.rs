//! Messages over an association (PS3.7 section 6, PS3.8 annex E): a command, and behind some a data
//! set, both in fragments.

use std::io::Read;

use dicom_ul::pdu::{PDataValue, PDataValueType, Pdu};

use super::association::{Association, Context};
use super::command::{Command, element};
use super::error::DimseError;
use super::status;
use crate::limits;
use crate::pacs::uid::Uid;
use crate::printable::{printable, shortened};
use crate::study::wire::WireDataset;

/// What comes next.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A command in this context.
    Command(u8, Command),
    /// The peer wants the end.
    Release,
}

impl Association {
    /// The context of an abstract syntax.
    ///
    /// # Errors
    /// When it was not agreed on.
    pub(super) fn context_of(&self, abstract_syntax: &str) -> Result<Context, DimseError> {
        let found = self.contexts.iter().find(|c| c.abstract_syntax == abstract_syntax).cloned();
        found.ok_or_else(|| DimseError::NotAccepted {
            node: self.peer.clone(),
            what: super::services::class_name(abstract_syntax),
        })
    }

    /// The context with this number.
    pub(super) fn context(&mut self, id: u8) -> Result<Context, DimseError> {
        match self.contexts.iter().find(|c| c.id == id) {
            Some(context) => Ok(context.clone()),
            None => Err(self.violation(format!("a message in context {id}, which was not agreed on"))),
        }
    }

    /// Sends a command.
    pub(super) fn send_command(&mut self, context: u8, command: &Command) -> Result<(), DimseError> {
        let bytes = command.to_bytes();
        self.send_parts(context, &PDataValueType::Command, &mut &bytes[..], bytes.len() as u64)
    }

    /// Sends a data set of this many bytes.
    pub(super) fn send_data(&mut self, context: u8, data: &mut dyn Read, length: u64) -> Result<(), DimseError> {
        self.send_parts(context, &PDataValueType::Data, data, length)
    }

    fn send_parts(
        &mut self,
        context: u8,
        kind: &PDataValueType,
        data: &mut dyn Read,
        length: u64,
    ) -> Result<(), DimseError> {
        let mut left = length;
        loop {
            let mut part = vec![0; self.room().min(usize::try_from(left).unwrap_or(usize::MAX))];
            if let Err(error) = data.read_exact(&mut part) {
                self.abort();
                let why = format!("the object could not be read to its end ({error})");
                return Err(DimseError::Connection { peer: self.peer.clone(), why });
            }
            left -= part.len() as u64;
            // Fragments are of even length (PS3.8 section 9.3.5); a deflated data set may end with an odd one.
            if part.len() % 2 == 1 {
                part.push(0);
            }
            let value_type = kind.clone();
            let fragment = PDataValue { presentation_context_id: context, value_type, is_last: left == 0, data: part };
            self.send(&Pdu::PData { data: vec![fragment] })?;
            if left == 0 {
                return Ok(());
            }
        }
    }

    /// The next fragment; `None` where the peer wants the end instead.
    fn fragment(&mut self) -> Result<Option<PDataValue>, DimseError> {
        // PDUs without fragments are no message and must not hold the reader.
        for _ in 0..16 {
            if let Some(fragment) = self.fragments.pop_front() {
                return Ok(Some(fragment));
            }
            match self.receive()? {
                Pdu::PData { data } => self.fragments.extend(data),
                Pdu::ReleaseRQ => return Ok(None),
                _ => return Err(self.violation("a PDU that has no place here".into())),
            }
        }
        Err(self.violation("PDUs without anything in them".into()))
    }

    /// Waits for the next command.
    pub(super) fn next(&mut self) -> Result<Incoming, DimseError> {
        self.begin_command();
        let next = self.whole_command();
        self.end_part();
        next
    }

    fn whole_command(&mut self) -> Result<Incoming, DimseError> {
        let mut bytes: Vec<u8> = Vec::new();
        let mut within = None;
        loop {
            let Some(fragment) = self.fragment()? else {
                if within.is_some() {
                    return Err(self.violation("the wish to end in the middle of a command".into()));
                }
                return Ok(Incoming::Release);
            };
            let context = fragment.presentation_context_id;
            if fragment.value_type != PDataValueType::Command || *within.get_or_insert(context) != context {
                return Err(self.violation("a data set where a command belongs".into()));
            }
            if bytes.len() + fragment.data.len() > limits::PACS_COMMAND {
                return Err(self.too_long("one command", limits::PACS_COMMAND as u64));
            }
            bytes.extend(fragment.data);
            if fragment.is_last {
                self.context(context)?;
                let command = Command::read(&bytes).map_err(|e| self.violation(e.to_string()))?;
                return Ok(Incoming::Command(context, command));
            }
        }
    }

    /// Hands each part of the data set behind a command to `take`; yields its length in bytes.
    ///
    /// # Errors
    /// When it is longer than `limit`, belongs to another context, or `take` fails.
    pub(super) fn data(
        &mut self,
        context: u8,
        limit: u64,
        what: &'static str,
        take: &mut dyn FnMut(&[u8]) -> Result<(), DimseError>,
    ) -> Result<u64, DimseError> {
        self.begin_data();
        let length = self.whole_data(context, limit, what, take);
        self.end_part();
        length
    }

    fn whole_data(
        &mut self,
        context: u8,
        limit: u64,
        what: &'static str,
        take: &mut dyn FnMut(&[u8]) -> Result<(), DimseError>,
    ) -> Result<u64, DimseError> {
        let mut length = 0_u64;
        loop {
            let Some(fragment) = self.fragment()? else {
                return Err(self.violation("the wish to end in the middle of a data set".into()));
            };
            if fragment.value_type != PDataValueType::Data || fragment.presentation_context_id != context {
                return Err(self.violation("a command in the middle of a data set".into()));
            }
            length += fragment.data.len() as u64;
            if length > limit {
                return Err(self.too_long(what, limit));
            }
            if let Err(error) = take(&fragment.data) {
                self.abort();
                return Err(error);
            }
            if fragment.is_last {
                return Ok(length);
            }
        }
    }

    /// A small data set behind a command, whole.
    pub(super) fn small_data(&mut self, context: u8) -> Result<WireDataset, DimseError> {
        let mut bytes = Vec::new();
        self.data(context, limits::PACS_IDENTIFIER, "one data set", &mut |part| {
            bytes.extend_from_slice(part);
            Ok(())
        })?;
        let syntax = self.context(context)?.transfer_syntax;
        WireDataset::read(&bytes, &syntax).map_err(|e| self.violation(e.to_string()))
    }

    /// Waits for an answer to a request of ours.
    pub(super) fn answer(&mut self, field: u16, message: u16) -> Result<(u8, Command), DimseError> {
        match self.next()? {
            Incoming::Command(context, command) if command.answers(field, message) => Ok((context, command)),
            Incoming::Command(_, command) => {
                Err(self.violation(format!("command {:04X}H, which answers nothing that was asked", command.field())))
            }
            Incoming::Release => Err(self.violation("the wish to end, where an answer belongs".into())),
        }
    }

    /// The status of an answer.
    pub(super) fn status_of(&mut self, command: &Command) -> Result<u16, DimseError> {
        match command.status() {
            Some(status) => Ok(status),
            None => Err(self.violation("an answer without a status".into())),
        }
    }

    /// A status that is a failure, in words.
    pub(super) fn failure(&self, service: &'static str, command: &Command, status: u16) -> DimseError {
        let comment = command.text(element::ERROR_COMMENT);
        let comment = if comment.is_empty() {
            String::new()
        } else {
            format!(": it says “{}”", printable(&shortened(&comment)))
        };
        let (peer, meaning) = (self.peer.clone(), status::meaning(status));
        DimseError::Status { peer, service, status, meaning, comment }
    }

    /// Holds the instance that an answer names against the one that was meant; an answer may name
    /// none.
    pub(super) fn same_instance(&mut self, command: &Command, wanted: &Uid) -> Result<(), DimseError> {
        let found = command.text(element::AFFECTED_INSTANCE);
        if found.is_empty() || Uid::of(&found).is_ok_and(|found| found == *wanted) {
            return Ok(());
        }
        self.abort();
        Err(DimseError::OtherUid { peer: self.peer.clone() })
    }
}
