//! What goes through the pipes: a request to a process that decodes, and its reply.
//!
//! ```text
//! greeting  8 bytes, once, from the process
//! request   decoder 1, memory 8, seconds 4, size told 1, columns 4, rows 4, samples 1, length 8, stream
//! reply     0, columns 4, rows 4, components 1, word 1, precision 1, marks 1, highest 4, missing 1 + 8, length 8, bytes
//!           1, kind of error 1, length 2, text
//! ```
//!
//! Numbers are little endian. Neither side believes the other: lengths are checked against what was
//! agreed before anything is allocated.

use std::io::{self, ErrorKind, Read, Write};

use crate::imaging::Missing;
use crate::limits;
use crate::printable::printable;
use crate::study::StudyError;

use super::decoder::Decoder;
use super::samples::{Samples, Size};

/// The first word of a process that decodes; its last digit is that of this form of messages.
pub(super) const GREETING: [u8; 8] = *b"PELDEC-1";
/// Longest text of an error.
const TEXT: usize = 2048;

/// What a process is asked for.
pub(super) struct Request {
    pub decoder: Decoder,
    /// Bytes that the work may take beside what the process has.
    pub memory: u64,
    /// Seconds that the processor may work for it.
    pub seconds: u32,
    pub size: Option<Size>,
    pub stream: Vec<u8>,
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

fn bytes<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn word(from: &mut impl Read) -> io::Result<usize> {
    Ok(u32::from_le_bytes(bytes(from)?) as usize)
}

fn long(from: &mut impl Read) -> io::Result<u64> {
    Ok(u64::from_le_bytes(bytes(from)?))
}

/// So many bytes, which fit in memory.
fn many(from: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    all.try_reserve_exact(length as usize).map_err(|_| io::Error::from(ErrorKind::OutOfMemory))?;
    let read = from.by_ref().take(length).read_to_end(&mut all)?;
    if read as u64 == length { Ok(all) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

impl Request {
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let size = self.size.unwrap_or(Size { columns: 0, rows: 0, samples: 0 });
        let mut head = vec![self.decoder.number()];
        head.extend(self.memory.to_le_bytes());
        head.extend(self.seconds.to_le_bytes());
        head.push(u8::from(self.size.is_some()));
        head.extend((size.columns as u32).to_le_bytes());
        head.extend((size.rows as u32).to_le_bytes());
        head.push(size.samples as u8);
        head.extend((self.stream.len() as u64).to_le_bytes());
        to.write_all(&head)?;
        to.write_all(&self.stream)?;
        to.flush()
    }

    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        let [decoder] = bytes(from)?;
        let decoder = Decoder::of_number(decoder).ok_or_else(|| damaged("no decoder has this number"))?;
        let memory = long(from)?;
        let seconds = word(from)? as u32;
        let [told] = bytes(from)?;
        let (columns, rows) = (word(from)?, word(from)?);
        let [samples] = bytes(from)?;
        let length = long(from)?;
        if length > limits::FILE_BYTES {
            return Err(damaged("the stream is too long"));
        }
        let size = (told == 1).then_some(Size { columns, rows, samples: samples.into() });
        Ok(Self { decoder, memory, seconds, size, stream: many(from, length)? })
    }
}

/// Writes what came of a request.
pub(super) fn write_reply(reply: &Result<Samples, StudyError>, to: &mut impl Write) -> io::Result<()> {
    match reply {
        Ok(samples) => {
            let marks = u8::from(samples.float)
                | u8::from(samples.rgb) << 1
                | u8::from(samples.one_bit) << 2
                | u8::from(samples.highest.is_some()) << 3;
            let (kind, from) = match samples.missing {
                None => (0, 0),
                Some(Missing::Rows { from }) => (1, from as u64),
                Some(Missing::Detail) => (2, 0),
            };
            let mut head = vec![0];
            head.extend((samples.columns as u32).to_le_bytes());
            head.extend((samples.rows as u32).to_le_bytes());
            head.extend([samples.components as u8, samples.word as u8, samples.precision as u8, marks]);
            head.extend(samples.highest.unwrap_or_default().to_le_bytes());
            head.push(kind);
            head.extend(from.to_le_bytes());
            head.extend((samples.bytes.len() as u64).to_le_bytes());
            to.write_all(&head)?;
            to.write_all(&samples.bytes)?;
        }
        Err(error) => {
            let (kind, text) = spelled(error);
            let mut text = printable(&text).into_owned();
            text.truncate(text.floor_char_boundary(TEXT));
            let mut head = vec![1, kind];
            head.extend((text.len() as u16).to_le_bytes());
            to.write_all(&head)?;
            to.write_all(text.as_bytes())?;
        }
    }
    to.flush()
}

/// Reads a reply.
pub(super) fn read_reply(from: &mut impl Read) -> io::Result<Result<Samples, StudyError>> {
    match bytes(from)? {
        [0] => read_samples(from).map(Ok),
        [1] => {
            let [kind] = bytes(from)?;
            let length = usize::from(u16::from_le_bytes(bytes(from)?));
            if length > TEXT {
                return Err(damaged("the text of an error is too long"));
            }
            let text = many(from, length as u64)?;
            let text = printable(&String::from_utf8_lossy(&text)).into_owned();
            Ok(Err(error(kind, text)))
        }
        _ => Err(damaged("no reply begins like this")),
    }
}

fn read_samples(from: &mut impl Read) -> io::Result<Samples> {
    let (columns, rows) = (word(from)?, word(from)?);
    let [components, word, precision, marks] = bytes(from)?;
    let highest = f32::from_le_bytes(bytes(from)?);
    let [missing] = bytes(from)?;
    let first = long(from)? as usize;
    let length = long(from)?;
    let mut reply = Samples {
        columns,
        rows,
        components: components.into(),
        word: word.into(),
        float: marks & 1 != 0,
        precision: precision.into(),
        rgb: marks & 2 != 0,
        one_bit: marks & 4 != 0,
        highest: (marks & 8 != 0).then_some(highest),
        missing: match missing {
            0 => None,
            1 if first <= rows => Some(Missing::Rows { from: first }),
            2 => Some(Missing::Detail),
            _ => return Err(damaged("the missing part is none of the image")),
        },
        bytes: Vec::new(),
    };
    let pixels = columns as u64 * rows as u64;
    let fits = pixels <= limits::FRAME_PIXELS && length <= limits::DECODED_BYTES && reply.length() == Some(length);
    if !fits || !matches!(word, 1 | 2 | 4) || (reply.float && word != 4) {
        return Err(damaged("the samples do not fit their size"));
    }
    reply.bytes = many(from, length)?;
    Ok(reply)
}

/// An error as a number and what it says of its own.
fn spelled(error: &StudyError) -> (u8, String) {
    match error {
        StudyError::TooLarge(text) => (0, text.clone()),
        StudyError::Truncated(text) => (1, text.clone()),
        StudyError::Malformed(text) => (2, text.clone()),
        StudyError::UnsupportedPixels(text) => (3, text.clone()),
        StudyError::CodecPanic => (4, String::new()),
        StudyError::Decode(text) => (5, text.clone()),
        other => (5, other.to_string()),
    }
}

fn error(kind: u8, text: String) -> StudyError {
    match kind {
        0 => StudyError::TooLarge(text),
        1 => StudyError::Truncated(text),
        2 => StudyError::Malformed(text),
        3 => StudyError::UnsupportedPixels(text),
        4 => StudyError::CodecPanic,
        _ => StudyError::Decode(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Samples {
        Samples {
            columns: 3,
            rows: 2,
            components: 2,
            word: 2,
            precision: 12,
            highest: Some(4095.0),
            one_bit: true,
            missing: Some(Missing::Rows { from: 1 }),
            bytes: (0..24).collect(),
            ..Samples::default()
        }
    }

    fn written(reply: &Result<Samples, StudyError>) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_reply(reply, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        assert_eq!(read_reply(&mut &written(&Ok(samples()))[..]).unwrap().unwrap(), samples());
        let float = Samples { word: 4, float: true, rgb: true, bytes: vec![1; 48], ..samples() };
        assert_eq!(read_reply(&mut &written(&Ok(float.clone()))[..]).unwrap().unwrap(), float);
        let size = Some(Size { columns: 70_000, rows: 2, samples: 3 });
        let request = Request { decoder: Decoder::JpegXl, memory: 1 << 40, seconds: 9, size, stream: vec![5; 9] };
        let mut bytes = Vec::new();
        request.write(&mut bytes).unwrap();
        let read = Request::read(&mut &bytes[..]).unwrap();
        assert_eq!((read.decoder, read.memory, read.seconds, read.size), (request.decoder, 1 << 40, 9, size));
        assert_eq!(read.stream, request.stream);
    }

    #[test]
    fn every_kind_of_error_keeps_its_sentence() {
        let errors = [
            StudyError::TooLarge("a".into()),
            StudyError::Truncated("b".into()),
            StudyError::Malformed("c".into()),
            StudyError::UnsupportedPixels("d".into()),
            StudyError::CodecPanic,
            StudyError::Decode("e \u{e4}".into()),
        ];
        for error in errors {
            let sentence = error.to_string();
            let read = read_reply(&mut &written(&Err(error))[..]).unwrap();
            assert_eq!(read.unwrap_err().to_string(), sentence);
        }
        let long = written(&Err(StudyError::Decode("\u{e4}".repeat(4000) + "\u{1b}[2J")));
        assert_eq!(long.len(), 4 + TEXT);
        let escape = read_reply(&mut &written(&Err(StudyError::Decode("\u{1b}[2J".into())))[..]).unwrap();
        assert!(!escape.unwrap_err().to_string().contains('\u{1b}'));
    }

    #[test]
    fn a_reply_that_does_not_fit_its_size_is_none() {
        let whole = written(&Ok(samples()));
        for length in 0..whole.len() {
            assert!(read_reply(&mut &whole[..length]).is_err(), "cut after {length} bytes");
        }
        // Columns, word, marks (floating point of two bytes), kind of what is missing, length.
        for (at, value) in [(1, 4), (10, 3), (12, 1), (17, 9), (26, 25), (31, 1)] {
            let mut changed = whole.clone();
            changed[at] = value;
            assert!(read_reply(&mut &changed[..]).is_err(), "byte {at}");
        }
    }

    #[test]
    fn lengths_are_not_believed() {
        let mut request = Vec::new();
        let empty = Request { decoder: Decoder::Png, memory: 0, seconds: 0, size: None, stream: Vec::new() };
        empty.write(&mut request).unwrap();
        let at = request.len() - 8;
        request[at..].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(Request::read(&mut &request[..]).is_err());
        request[0] = 77;
        assert!(Request::read(&mut &request[..]).is_err());
    }
}
