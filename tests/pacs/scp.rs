//! A node in a few lines that answers as a test wants it.

use std::net::{TcpListener, TcpStream};
use std::thread;

use dicom_ul::pdu::{PDataValue, PDataValueType, Pdu};
use pellucid::study::wire::WireDataset;

use super::dicom_bytes::IMPLICIT;
use super::unruly::{agree, receive, send};

pub(crate) const STORE: u16 = 0x0001;
pub(crate) const GET: u16 = 0x0010;
pub(crate) const FIND: u16 = 0x0020;
pub(crate) const MOVE: u16 = 0x0021;
pub(crate) const CANCEL: u16 = 0x0FFF;

/// A command with what belongs to it.
pub(crate) struct Asked {
    pub context: u8,
    pub field: u16,
    pub message: u16,
    /// SOP Instance UID that it is about.
    pub instance: String,
    /// Its data set in implicit VR little endian.
    pub data: Vec<u8>,
}

impl Asked {
    /// Waits for one; nothing once the caller wants the end, or is gone.
    pub(crate) fn next(stream: &mut TcpStream) -> Option<Self> {
        let (mut command, mut data) = (Vec::new(), Vec::new());
        loop {
            let parts = match receive(stream)? {
                Pdu::PData { data } => data,
                Pdu::ReleaseRQ => {
                    send(stream, &Pdu::ReleaseRP);
                    return None;
                }
                _ => return None,
            };
            for part in parts {
                let context = part.presentation_context_id;
                let is_command = part.value_type == PDataValueType::Command;
                let whole = if is_command { &mut command } else { &mut data };
                whole.extend(part.data);
                let has_data = number(&command, [0, 8]) != Some(0x0101);
                if part.is_last && (!is_command || !has_data) {
                    let field = number(&command, [0, 1])?;
                    let message = number(&command, [0x10, 1]).or_else(|| number(&command, [0x20, 1]))?;
                    let instance = value(&command, [0, 0x10]).unwrap_or_default();
                    let instance = String::from_utf8_lossy(instance).trim_end_matches('\0').to_owned();
                    return Some(Self { context, field, message, instance, data });
                }
            }
        }
    }

    /// What its data set asks for.
    pub(crate) fn wanted(&self) -> WireDataset {
        WireDataset::read(&self.data, IMPLICIT).unwrap()
    }

    /// Answers with this status, these counts of sub-operations (remaining, completed, failed) and this data
    /// set; whether the caller still takes it.
    pub(crate) fn answer(&self, stream: &mut TcpStream, status: u16, counts: [u16; 3], data: Option<&[u8]>) -> bool {
        let mut command = Vec::new();
        let mut put = |element: [u8; 2], value: &[u8]| {
            command.extend([0, 0, element[0], element[1]]);
            command.extend((value.len() as u32).to_le_bytes());
            command.extend(value);
        };
        put([0, 1], &(self.field | 0x8000).to_le_bytes());
        put([0x20, 1], &self.message.to_le_bytes());
        put([0, 8], &if data.is_some() { 1_u16 } else { 0x0101 }.to_le_bytes());
        put([0, 9], &status.to_le_bytes());
        if self.field == STORE {
            let mut uid = self.instance.clone().into_bytes();
            uid.resize(uid.len().next_multiple_of(2), 0);
            put([0, 0x10], &uid);
        }
        if [GET, MOVE].contains(&self.field) {
            for (element, count) in [[0x20, 0x10], [0x21, 0x10], [0x22, 0x10]].into_iter().zip(counts) {
                put(element, &count.to_le_bytes());
            }
        }
        let mut whole = vec![0, 0, 0, 0, 4, 0, 0, 0];
        whole.extend((command.len() as u32).to_le_bytes());
        whole.extend(command);
        say(stream, self.context, PDataValueType::Command, whole)
            && data.is_none_or(|data| say(stream, self.context, PDataValueType::Data, data.to_vec()))
    }
}

/// One message in one PDU; whether it went.
pub(crate) fn say(stream: &mut TcpStream, context: u8, value_type: PDataValueType, data: Vec<u8>) -> bool {
    let mut bytes = Vec::new();
    let part = PDataValue { presentation_context_id: context, value_type, is_last: true, data };
    dicom_ul::pdu::write_pdu(&mut bytes, &Pdu::PData { data: vec![part] }).unwrap();
    std::io::Write::write_all(stream, &bytes).is_ok()
}

fn value(command: &[u8], element: [u8; 2]) -> Option<&[u8]> {
    let mut rest = command;
    while rest.len() >= 8 {
        let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
        if rest[..4] == [0, 0, element[0], element[1]] {
            return rest.get(8..8 + length);
        }
        rest = rest.get(8 + length..)?;
    }
    None
}

fn number(command: &[u8], element: [u8; 2]) -> Option<u16> {
    Some(u16::from_le_bytes(value(command, element)?.try_into().ok()?))
}

/// A data set of texts in implicit VR little endian; tags must rise.
pub(crate) fn texts(elements: &[((u16, u16), &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for ((group, element), text) in elements {
        let mut text = text.as_bytes().to_vec();
        text.resize(text.len().next_multiple_of(2), 0);
        bytes.extend([group.to_le_bytes(), element.to_le_bytes()].concat());
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text);
    }
    bytes
}

/// A node that agrees to everything and has `answer` answer each association; yields its port.
pub(crate) fn node_with(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = std::sync::Arc::new(answer);
    let serve = move || {
        for mut stream in listener.incoming().flatten() {
            let answer = answer.clone();
            let one = move || {
                agree(&mut stream, |_| {});
                answer(stream);
            };
            thread::Builder::new().name("scp".into()).spawn(one).unwrap();
        }
    };
    thread::Builder::new().name("scp".into()).spawn(serve).unwrap();
    port
}
