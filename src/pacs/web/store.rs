//! STOW-RS: objects are sent, and what became of each is read from the answer (PS3.18, 10.5).

use std::io::{self, Cursor, Read};

use super::connection::Connection;
use super::error::WebError;
use super::store_answer::fates;
use crate::cancel::CancelToken;
use crate::files::open_regular;
use crate::limits::OBJECT_BYTES;
use crate::pacs::archive::{Moved, Sent};
use crate::study::wire::StoredObject;

/// Objects of one request at most; between two of them, what became of the first ones is known.
const OBJECTS: usize = 50;
/// Bytes of one request, unless one object is longer.
const BYTES: u64 = 64 << 20;
/// Longest answer, in bytes.
const ANSWER: u64 = 4 << 20;
const JSON: &str = "application/dicom+json";

/// Sends objects; yields what became of each, in their order. Where the connection breaks behind the
/// first of them, the others have the reason.
pub(super) fn send(
    connection: &Connection,
    objects: &[StoredObject],
    cancel: &CancelToken,
    progress: &mut dyn FnMut(Moved),
) -> Result<Vec<Sent>, WebError> {
    let mut all = Vec::with_capacity(objects.len());
    let (mut rest, mut bytes) = (objects, 0);
    while !rest.is_empty() {
        let (batch, behind) = rest.split_at(batch(rest)?);
        let moved = Moved { objects: all.len(), of: Some(objects.len()), bytes };
        match once(connection, batch, moved, cancel, progress) {
            Ok(fates) => all.extend(fates),
            Err(error) if all.is_empty() || cancel.is_cancelled() => return Err(error),
            Err(error) => {
                let unsent = |object: &StoredObject| Sent {
                    sop_instance_uid: object.sop_instance.clone(),
                    refusal: Some(error.to_string()),
                };
                all.extend(rest.iter().map(unsent));
                return Ok(all);
            }
        }
        bytes += lengths(batch)?.iter().sum::<u64>();
        rest = behind;
        progress(Moved { objects: all.len(), of: Some(objects.len()), bytes });
    }
    Ok(all)
}

/// How many of them go together.
fn batch(objects: &[StoredObject]) -> Result<usize, WebError> {
    let mut bytes = 0;
    for (count, object) in objects.iter().enumerate() {
        bytes += length(object)?;
        if count > 0 && (bytes > BYTES || count >= OBJECTS) {
            return Ok(count);
        }
    }
    Ok(objects.len())
}

fn length(object: &StoredObject) -> Result<u64, WebError> {
    Ok(open_regular(&object.path, OBJECT_BYTES).map_err(|error| unreadable(object, &error))?.length)
}

fn lengths(objects: &[StoredObject]) -> Result<Vec<u64>, WebError> {
    objects.iter().map(length).collect()
}

fn unreadable(object: &StoredObject, why: &dyn std::fmt::Display) -> WebError {
    WebError::Read { path: object.path.display().to_string(), why: why.to_string() }
}

fn once(
    connection: &Connection,
    objects: &[StoredObject],
    moved: Moved,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(Moved),
) -> Result<Vec<Sent>, WebError> {
    let boundary = boundary();
    let before = format!("--{boundary}\r\nContent-Type: application/dicom\r\n\r\n");
    let end = format!("--{boundary}--\r\n");
    let mut pieces: Vec<Box<dyn Read>> = Vec::new();
    let mut whole = end.len() as u64;
    for object in objects {
        let file = open_regular(&object.path, OBJECT_BYTES).map_err(|error| unreadable(object, &error))?;
        whole += before.len() as u64 + file.length + 2;
        pieces.push(Box::new(Cursor::new(before.clone().into_bytes())));
        // A file that grows or shrinks meanwhile must not shift what follows.
        pieces.push(Box::new(Exactly { inner: file.file, left: file.length }));
        pieces.push(Box::new(Cursor::new(b"\r\n".to_vec())));
    }
    pieces.push(Box::new(Cursor::new(end.into_bytes())));
    pieces.reverse();
    let mut body = Body { pieces, moved, progress };
    let kind = format!("multipart/related; type=\"application/dicom\"; boundary={boundary}");
    let url = connection.root.below(&["studies"]);
    connection.post(&url, (&kind, JSON), (&mut body, whole), cancel, |answer| match answer.status {
        // All, some, none of them.
        200 | 202 | 409 => {
            let (status, host) = (answer.status, answer.connection.host());
            let bytes = answer.bytes(ANSWER)?;
            fates(objects, status, &bytes)
                .ok_or_else(|| WebError::Malformed { host, why: "it does not say what became of each object".into() })
        }
        415 => {
            Err(WebError::Status { host: answer.connection.host(), status: 415, advice: ": it takes no DICOM objects" })
        }
        _ => Err(answer.refused()),
    })
}

/// A boundary that stands in no object: 128 random bits.
fn boundary() -> String {
    use rand::Rng as _;
    format!("pellucid-{:032x}", rand::rng().random::<u128>())
}

/// A file of a length that was said before.
struct Exactly<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let read = self.inner.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was sent"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

/// Pieces one behind the other, the first one last.
struct Body<'a> {
    pieces: Vec<Box<dyn Read>>,
    moved: Moved,
    progress: &'a mut dyn FnMut(Moved),
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(piece) = self.pieces.last_mut() {
            let read = piece.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                self.moved.bytes += read as u64;
                (self.progress)(self.moved);
                return Ok(read);
            }
            self.pieces.pop();
        }
        Ok(0)
    }
}
