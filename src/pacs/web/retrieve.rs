//! WADO-RS: the objects of a study or series, each into a file of its own (PS3.18, 10.4).
//!
//! An object is written under a temporary name while it comes, read as far as its identity, and gets the
//! name of its UID when it is the one that was asked for. What belongs to another study, is no DICOM
//! file, or came twice is not kept.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::Path;

use ureq::http::header;
use url::Url;

use super::connection::{Answer, Connection};
use super::error::WebError;
use super::multipart::{MultipartError, Parts, boundary, media_type};
use super::query::checked;
use crate::cancel::CancelToken;
use crate::files::writing::{Access, Staged};
use crate::limits::{FILES_AT_ONCE, OBJECT_BYTES};
use crate::pacs::archive::{Fetched, Moved, Wanted};
use crate::pacs::uid::Uid;
use crate::study::wire::StoredObject;

/// As it is stored, whatever that is.
const ANY: &str = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
/// For servers that do not know the star.
const DEFAULT: &str = "multipart/related; type=\"application/dicom\"";
const OBJECT: &str = "application/dicom";
/// Most bytes of one answer.
const MOST: u64 = OBJECT_BYTES;
/// Most sentences on what was not kept.
const SENTENCES: usize = 100;

/// Fetches into `folder`.
pub(super) fn fetch(
    connection: &Connection,
    wanted: &Wanted,
    folder: &Path,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(Moved),
) -> Result<Fetched, WebError> {
    let study = checked(&wanted.study_uid)?;
    let series = wanted.series_uid.as_deref().map(checked).transpose()?;
    let mut parts = vec!["studies", study.as_str()];
    parts.extend(series.iter().flat_map(|series| ["series", series.as_str()]));
    let url = connection.root.below(&parts);
    let mut inbox = Inbox {
        folder,
        study: &study,
        series: series.as_ref(),
        of: wanted.images.map(|images| images as usize),
        fetched: Fetched::default(),
        known: HashSet::new(),
        progress,
        cancel,
        parts: 0,
        came: 0,
    };
    match once(connection, url.clone(), ANY, &mut inbox) {
        // Not acceptable, or a bad request: asked again without the star.
        Err(WebError::Status { status: 400 | 406 | 415, .. }) => once(connection, url, DEFAULT, &mut inbox)?,
        other => other?,
    }
    Ok(inbox.fetched)
}

fn once(connection: &Connection, url: Url, accept: &str, inbox: &mut Inbox<'_>) -> Result<(), WebError> {
    let cancel = inbox.cancel;
    connection.get(url, accept, cancel, |answer| {
        match answer.status {
            200 => {}
            206 => inbox.fetched.refused.push("the archive says that this is a part of it only (206)".to_owned()),
            // Not there any more, or nothing in it.
            204 | 404 | 410 => return Err(WebError::Gone),
            _ => return Err(answer.refused()),
        }
        take_in(answer, inbox)
    })
}

fn take_in(answer: Answer<'_>, inbox: &mut Inbox<'_>) -> Result<(), WebError> {
    let connection = answer.connection;
    let host = connection.host();
    let content = answer.header(&header::CONTENT_TYPE).unwrap_or_default().to_owned();
    let malformed = |why: String| WebError::Malformed { host: host.clone(), why };
    let failed = |error: MultipartError| match error {
        MultipartError::Read(error) => connection.body_error(error, MOST),
        MultipartError::Write(error) => inbox_error(inbox.folder, error),
        other => malformed(other.to_string()),
    };
    match media_type(&content).as_str() {
        "multipart/related" => {
            let boundary = boundary(&content).map_err(|error| malformed(error.to_string()))?;
            let mut parts = Parts::new(answer.stream(MOST), &boundary);
            let mut first = true;
            while let Some(kind) = parts.next(first).map_err(failed)? {
                first = false;
                if !kind.is_empty() && media_type(&kind) != OBJECT {
                    let found = media_type(&kind).chars().take(100).collect::<String>().escape_debug().to_string();
                    return Err(WebError::Content { host, found, wanted: "DICOM objects" });
                }
                if inbox.parts >= FILES_AT_ONCE {
                    return Err(WebError::TooMany { most: FILES_AT_ONCE });
                }
                let fill = |out: &mut dyn Write| parts.take(out, MOST).map(drop);
                inbox.object(fill, failed)?;
            }
            Ok(())
        }
        // Some servers give a single object without parts.
        OBJECT => {
            let mut stream = answer.stream(MOST);
            inbox.object(|out| pour(&mut stream, out), failed)
        }
        other => {
            let found = other.chars().take(100).collect::<String>().escape_debug().to_string();
            Err(WebError::Content { host, found, wanted: "DICOM objects" })
        }
    }
}

fn pour(from: &mut dyn io::Read, to: &mut dyn Write) -> Result<(), MultipartError> {
    let mut chunk = vec![0; 64 << 10];
    loop {
        match from.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => to.write_all(&chunk[..read]).map_err(MultipartError::Write)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(MultipartError::Read(error)),
        }
    }
}

fn inbox_error(folder: &Path, source: io::Error) -> WebError {
    WebError::Write { path: folder.display().to_string(), source }
}

/// Where objects are put.
struct Inbox<'a> {
    folder: &'a Path,
    study: &'a Uid,
    series: Option<&'a Uid>,
    /// How many there should be.
    of: Option<usize>,
    fetched: Fetched,
    known: HashSet<String>,
    progress: &'a mut dyn FnMut(Moved),
    cancel: &'a CancelToken,
    /// Objects that came so far, whatever became of them.
    parts: usize,
    /// Bytes of all objects so far.
    came: u64,
}

impl Inbox<'_> {
    /// Has `fill` write one object, and keeps it.
    fn object(
        &mut self,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), MultipartError>,
        failed: impl Fn(MultipartError) -> WebError,
    ) -> Result<(), WebError> {
        self.parts += 1;
        let folder = self.folder;
        let mut staged = Staged::unnamed(folder, Access::Private).map_err(|error| inbox_error(folder, error))?;
        let before = self.came;
        let moved = Moved { objects: self.fetched.files.len(), of: self.of, bytes: before };
        let mut counted = Counted { out: staged.file(), moved, progress: self.progress, cancel: self.cancel };
        let filled = fill(&mut counted);
        self.came = counted.moved.bytes;
        if self.cancel.is_cancelled() {
            return Err(WebError::Cancelled);
        }
        filled.map_err(failed)?;
        match self.identified(staged.path()) {
            Ok(name) => {
                let place = folder.join(format!("{name}.dcm"));
                staged.persist_as(&place).map_err(|error| inbox_error(folder, error))?;
                self.known.insert(name);
                self.fetched.files.push(place);
                self.fetched.bytes += self.came - before;
            }
            Err(why) if self.fetched.refused.len() < SENTENCES => self.fetched.refused.push(why),
            Err(_) => {}
        }
        (self.progress)(Moved { objects: self.fetched.files.len(), of: self.of, bytes: self.came });
        Ok(())
    }

    /// The UID of an object that was asked for, or why it is not kept.
    fn identified(&self, path: &Path) -> Result<String, String> {
        let object = StoredObject::open(path).map_err(|error| format!("an object cannot be read: {error}"))?;
        let uid = Uid::of(&object.sop_instance).map_err(|error| format!("an object is not kept: {error}"))?;
        if Uid::of(&object.study).ok().as_ref() != Some(self.study) {
            return Err(format!("the object {uid} belongs to another study than the one that was asked for"));
        }
        if self.series.is_some_and(|series| Uid::of(&object.series).ok().as_ref() != Some(series)) {
            return Err(format!("the object {uid} belongs to another series than the one that was asked for"));
        }
        if self.known.contains(uid.as_str()) {
            return Err(format!("the object {uid} came twice; the first one was kept"));
        }
        Ok(uid.as_str().to_owned())
    }
}

/// Counts what is written, and tells it.
struct Counted<'a> {
    out: &'a mut dyn Write,
    moved: Moved,
    progress: &'a mut dyn FnMut(Moved),
    cancel: &'a CancelToken,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("it was cancelled"));
        }
        let written = self.out.write(bytes)?;
        self.moved.bytes += written as u64;
        (self.progress)(self.moved);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
