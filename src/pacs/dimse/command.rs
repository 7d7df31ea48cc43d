//! Command sets (PS3.7 section 6.3): a few elements of group 0000, always implicit VR little endian.

use std::collections::BTreeMap;

use crate::pacs::uid::Uid;

/// Elements of group 0000 (PS3.7 annex E).
pub(super) mod element {
    pub(in super::super) const AFFECTED_CLASS: u16 = 0x0002;
    pub(in super::super) const REQUESTED_CLASS: u16 = 0x0003;
    pub(in super::super) const COMMAND: u16 = 0x0100;
    pub(in super::super) const MESSAGE_ID: u16 = 0x0110;
    pub(in super::super) const ANSWERED_ID: u16 = 0x0120;
    pub(in super::super) const MOVE_DESTINATION: u16 = 0x0600;
    pub(in super::super) const PRIORITY: u16 = 0x0700;
    pub(in super::super) const DATA_SET_TYPE: u16 = 0x0800;
    pub(in super::super) const STATUS: u16 = 0x0900;
    pub(in super::super) const ERROR_COMMENT: u16 = 0x0902;
    pub(in super::super) const AFFECTED_INSTANCE: u16 = 0x1000;
    pub(in super::super) const REQUESTED_INSTANCE: u16 = 0x1001;
    pub(in super::super) const EVENT_TYPE: u16 = 0x1002;
    pub(in super::super) const ACTION_TYPE: u16 = 0x1008;
    pub(in super::super) const REMAINING: u16 = 0x1020;
    pub(in super::super) const COMPLETED: u16 = 0x1021;
    pub(in super::super) const FAILED: u16 = 0x1022;
    pub(in super::super) const WARNINGS: u16 = 0x1023;
}

/// Command fields (PS3.7 annex E); an answer has the highest bit set.
pub(super) mod field {
    pub(in super::super) const STORE: u16 = 0x0001;
    pub(in super::super) const GET: u16 = 0x0010;
    pub(in super::super) const FIND: u16 = 0x0020;
    pub(in super::super) const MOVE: u16 = 0x0021;
    pub(in super::super) const ECHO: u16 = 0x0030;
    pub(in super::super) const EVENT_REPORT: u16 = 0x0100;
    pub(in super::super) const ACTION: u16 = 0x0130;
    pub(in super::super) const CANCEL: u16 = 0x0FFF;
    pub(in super::super) const ANSWER: u16 = 0x8000;
}

/// No data set follows (PS3.7 E.1).
const NO_DATA_SET: u16 = 0x0101;
/// One does.
const DATA_SET: u16 = 0x0001;

/// A command set that breaks the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a command whose elements do not fit")]
pub(super) struct UnsoundCommand;

/// A command: elements of group 0000 by their number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Command(BTreeMap<u16, Vec<u8>>);

impl Command {
    /// A request.
    pub(super) fn request(field: u16, message: u16) -> Self {
        Self::default().with(element::COMMAND, field).with(element::MESSAGE_ID, message).with_data_set(false)
    }

    /// The answer to a request.
    pub(super) fn answer(request: &Self, status: u16) -> Self {
        let (class, instance) = (element::AFFECTED_CLASS, element::AFFECTED_INSTANCE);
        let answer = Self::default()
            .with(element::COMMAND, request.field() | field::ANSWER)
            .with(element::ANSWERED_ID, request.number(element::MESSAGE_ID).unwrap_or(0))
            .with(element::STATUS, status)
            .with_data_set(false);
        let copy = |answer: Self, to: u16, from: u16| {
            let text = request.text(from);
            if text.is_empty() { answer } else { answer.with_text(to, &text) }
        };
        let answer = copy(answer, class, element::REQUESTED_CLASS);
        let answer = copy(answer, instance, element::REQUESTED_INSTANCE);
        copy(copy(answer, class, class), instance, instance)
    }

    #[must_use]
    pub(super) fn with(mut self, element: u16, value: u16) -> Self {
        self.0.insert(element, value.to_le_bytes().to_vec());
        self
    }

    /// A text or UID, made even with a blank or a zero.
    #[must_use]
    pub(super) fn with_text(mut self, element: u16, text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            let is_uid = matches!(element, 0x0002 | 0x0003 | 0x1000 | 0x1001);
            bytes.push(if is_uid { 0 } else { b' ' });
        }
        self.0.insert(element, bytes);
        self
    }

    #[must_use]
    pub(super) fn with_data_set(self, follows: bool) -> Self {
        self.with(element::DATA_SET_TYPE, if follows { DATA_SET } else { NO_DATA_SET })
    }

    pub(super) fn number(&self, element: u16) -> Option<u16> {
        let bytes = self.0.get(&element)?;
        Some(u16::from_le_bytes([*bytes.first()?, *bytes.get(1)?]))
    }

    /// A text without its padding, empty where there is none.
    pub(super) fn text(&self, element: u16) -> String {
        let bytes = self.0.get(&element).map_or(&[][..], Vec::as_slice);
        String::from_utf8_lossy(bytes).trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned()
    }

    pub(super) fn uid(&self, element: u16) -> Option<Uid> {
        Uid::of(&self.text(element)).ok()
    }

    pub(super) fn field(&self) -> u16 {
        self.number(element::COMMAND).unwrap_or(0)
    }

    /// Of an answer.
    pub(super) fn status(&self) -> Option<u16> {
        self.number(element::STATUS)
    }

    pub(super) fn has_data_set(&self) -> bool {
        self.number(element::DATA_SET_TYPE).is_some_and(|kind| kind != NO_DATA_SET)
    }

    /// Whether it is an answer to this request.
    pub(super) fn answers(&self, field: u16, message: u16) -> bool {
        self.field() == field | field::ANSWER && self.number(element::ANSWERED_ID) == Some(message)
    }

    /// Its bytes, the length of the group before them.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (number, value) in &self.0 {
            body.extend([0, 0]);
            body.extend(number.to_le_bytes());
            body.extend((value.len() as u32).to_le_bytes());
            body.extend(value);
        }
        let mut bytes = vec![0, 0, 0, 0, 4, 0, 0, 0];
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.append(&mut body);
        bytes
    }

    /// Reads one whole. What lies behind the end that it states is no part of it: Orthanc puts the list of
    /// what it could not send there.
    ///
    /// # Errors
    /// When a length goes beyond the end, or an element is of another group.
    pub(super) fn read(mut bytes: &[u8]) -> Result<Self, UnsoundCommand> {
        let mut elements = BTreeMap::new();
        if let Some(([0, 0, 0, 0, 4, 0, 0, 0, length @ ..], rest)) = bytes.split_first_chunk::<12>() {
            let length = u32::from_le_bytes(*length) as usize;
            bytes = &rest[..length.min(rest.len())];
        }
        while let Some((head, rest)) = bytes.split_at_checked(8) {
            let [0, 0, a, b, lengths @ ..] = head else { return Err(UnsoundCommand) };
            let length = u32::from_le_bytes(lengths.try_into().map_err(|_| UnsoundCommand)?) as usize;
            let (value, rest) = rest.split_at_checked(length).ok_or(UnsoundCommand)?;
            let number = u16::from_le_bytes([*a, *b]);
            if number != 0 {
                elements.insert(number, value.to_vec());
            }
            bytes = rest;
        }
        if bytes.is_empty() && elements.contains_key(&element::COMMAND) {
            Ok(Self(elements))
        } else {
            Err(UnsoundCommand)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_as_it_was_written() {
        let command = Command::request(field::STORE, 7)
            .with_text(element::AFFECTED_CLASS, "1.2.840.10008.1.1")
            .with_text(element::MOVE_DESTINATION, "ODD")
            .with_data_set(true);
        let bytes = command.to_bytes();
        assert!(
            bytes.len().is_multiple_of(2) && bytes[..12] == [0, 0, 0, 0, 4, 0, 0, 0, bytes.len() as u8 - 12, 0, 0, 0]
        );
        let read = Command::read(&bytes).unwrap();
        assert_eq!(read, command);
        assert_eq!(read.text(element::MOVE_DESTINATION), "ODD");
        assert!(read.has_data_set());
        let answer = Command::answer(&read, 0);
        assert!(answer.answers(field::STORE, 7) && !answer.answers(field::STORE, 8) && !answer.has_data_set());
    }

    #[test]
    fn lengths_that_lie_are_seen() {
        let bytes = Command::request(field::ECHO, 1).to_bytes();
        for cut in 1..bytes.len() {
            assert!(cut == 12 || Command::read(&bytes[..cut]).is_err() || (cut - 12) % 10 == 0, "{cut}");
        }
        let mut long = bytes.clone();
        long[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Command::read(&long), Err(UnsoundCommand));
        assert_eq!(Command::read(&[8, 0, 0x18, 0, 0, 0, 0, 0]), Err(UnsoundCommand));
        let behind = [&bytes[..], &[8, 0, 0x58, 0, 2, 0, 0, 0, b'1', 0]].concat();
        assert_eq!(Command::read(&behind), Command::read(&bytes), "what lies behind its end is no part of it");
    }
}
