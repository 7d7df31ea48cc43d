//! `multipart/related` as DICOMweb has it (PS3.18, 8.6.1; RFC 2046, 5.1): parts between delimiters, each
//! with a few headers, read as they come.
//!
//! A delimiter is `CRLF -- boundary`; it cannot stand in a part. Whatever a server sends, no more than
//! [`ROOM`] bytes are held at a time: what stands before the first part, and the headers of each part, are
//! bounded, and a part goes to whoever takes it piece by piece. A body that ends without its last
//! delimiter was cut off, and so was the part that ended there.

use std::io::{self, Read, Write};

/// Bytes that are held at a time.
const ROOM: usize = 128 << 10;
/// Longest boundary (RFC 2046, 5.1.1).
const LONGEST: usize = 70;
/// Most bytes before the first part.
const PREAMBLE: usize = 64 << 10;
/// Most bytes of the headers of a part.
const HEADERS: usize = 16 << 10;

/// What is wrong with a body of several parts.
#[derive(Debug, thiserror::Error)]
pub(super) enum MultipartError {
    #[error("it says no boundary between its parts")]
    NoBoundary,
    #[error("the boundary between its parts is longer than {LONGEST} characters, or holds others than a boundary may")]
    Boundary,
    #[error("it ends before its last part does")]
    CutOff,
    #[error("there is no part in its first {PREAMBLE} bytes")]
    NoPart,
    #[error("the headers of a part are longer than {HEADERS} bytes, or no headers")]
    Headers,
    #[error(transparent)]
    Read(io::Error),
    #[error(transparent)]
    Write(io::Error),
}

/// The boundary that a `Content-Type` names.
///
/// # Errors
/// When it names none, or what can be none.
pub(super) fn boundary(content_type: &str) -> Result<String, MultipartError> {
    let boundary = parameter(content_type, "boundary").ok_or(MultipartError::NoBoundary)?;
    // RFC 2046 allows these and spaces within; anything else could pretend to be a header.
    let sound = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&b);
    let fits = !boundary.is_empty() && boundary.len() <= LONGEST && !boundary.ends_with(' ');
    if fits && boundary.bytes().all(sound) { Ok(boundary) } else { Err(MultipartError::Boundary) }
}

/// The media type without its parameters, in small letters.
pub(super) fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A parameter of a media type; its value may be in quotes, in which `;` separates nothing.
fn parameter(content_type: &str, name: &str) -> Option<String> {
    let mut rest = content_type.split_once(';')?.1;
    loop {
        let (key, after) = rest.split_once('=')?;
        let key = key.trim();
        let after = after.trim_start();
        let (value, next) = if let Some(quoted) = after.strip_prefix('"') {
            let mut value = String::new();
            let mut chars = quoted.char_indices();
            let end = loop {
                match chars.next()? {
                    (at, '"') => break at,
                    (_, '\\') => value.push(chars.next()?.1),
                    (_, c) => value.push(c),
                }
            };
            (value, quoted[end + 1..].split_once(';').map(|(_, next)| next))
        } else {
            match after.split_once(';') {
                Some((value, next)) => (value.trim().to_owned(), Some(next)),
                None => (after.trim().to_owned(), None),
            }
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = next?;
    }
}

/// Reads the parts of a body one after the other.
pub(super) struct Parts<R> {
    input: R,
    /// What was read and not used yet: `held[from..]`.
    held: Vec<u8>,
    from: usize,
    delimiter: Vec<u8>,
    ended: bool,
    over: bool,
}

impl<R: Read> Parts<R> {
    pub(super) fn new(input: R, boundary: &str) -> Self {
        let delimiter = ["\r\n--", boundary].concat().into_bytes();
        // The first delimiter may stand at the very beginning, without the line break before it.
        Self { input, held: b"\r\n".to_vec(), from: 0, delimiter, ended: false, over: false }
    }

    /// Goes to the first part, or from the end of one to the next; yields its `Content-Type`, and nothing
    /// when there is none any more. Of the part before, all must have been taken.
    pub(super) fn next(&mut self, first: bool) -> Result<Option<String>, MultipartError> {
        if first {
            let before = self.pass(&mut io::sink(), PREAMBLE as u64).map_err(|error| match error {
                MultipartError::CutOff | MultipartError::Write(_) => MultipartError::NoPart,
                other => other,
            })?;
            if before.is_none() {
                return Err(MultipartError::NoPart);
            }
        }
        if self.over {
            return Ok(None);
        }
        // What may stand between a delimiter and its line break is blank (RFC 2046, 5.1.1).
        self.line(HEADERS)?;
        self.headers()
    }

    /// Gives the rest of the part to `out`, at most `most` bytes; nothing when it is longer.
    pub(super) fn take(&mut self, out: &mut dyn Write, most: u64) -> Result<Option<u64>, MultipartError> {
        self.pass(out, most)
    }

    /// Everything up to the next delimiter, and that.
    fn pass(&mut self, out: &mut dyn Write, most: u64) -> Result<Option<u64>, MultipartError> {
        let mut passed = 0;
        loop {
            let held = &self.held[self.from..];
            let found = find(held, &self.delimiter);
            // What could be the beginning of a delimiter waits for its end.
            let sure = found.unwrap_or_else(|| held.len().saturating_sub(self.delimiter.len() - 1));
            passed += sure as u64;
            if passed > most {
                return Ok(None);
            }
            out.write_all(&held[..sure]).map_err(MultipartError::Write)?;
            self.from += sure;
            if found.is_some() {
                self.from += self.delimiter.len();
                self.ensure(2)?;
                if self.held[self.from..].starts_with(b"--") {
                    self.over = true;
                }
                return Ok(Some(passed));
            }
            if !self.fill()? {
                return Err(MultipartError::CutOff);
            }
        }
    }

    /// A line without its end.
    fn line(&mut self, most: usize) -> Result<Vec<u8>, MultipartError> {
        loop {
            let held = &self.held[self.from..];
            if let Some(end) = find(held, b"\r\n") {
                let line = held[..end].to_vec();
                self.from += end + 2;
                return if line.len() > most { Err(MultipartError::Headers) } else { Ok(line) };
            }
            if held.len() > most {
                return Err(MultipartError::Headers);
            }
            if !self.fill()? {
                return Err(MultipartError::CutOff);
            }
        }
    }

    /// The headers of a part up to the empty line; yields the media type.
    fn headers(&mut self) -> Result<Option<String>, MultipartError> {
        let (mut kind, mut left) = (String::new(), HEADERS);
        loop {
            let line = self.line(left)?;
            if line.is_empty() {
                // The line break before a delimiter belongs to the delimiter, also of an empty part.
                self.from -= 2;
                self.held[self.from..self.from + 2].copy_from_slice(b"\r\n");
                let empty =
                    self.ensure(self.delimiter.len()).is_ok() && self.held[self.from..].starts_with(&self.delimiter);
                if !empty {
                    self.from += 2;
                }
                return Ok(Some(kind));
            }
            left = left.saturating_sub(line.len() + 2);
            let text = String::from_utf8_lossy(&line);
            let (name, value) = text.split_once(':').ok_or(MultipartError::Headers)?;
            if name.trim().eq_ignore_ascii_case("content-type") {
                value.trim().clone_into(&mut kind);
            }
        }
    }

    /// Holds at least so many bytes.
    fn ensure(&mut self, bytes: usize) -> Result<(), MultipartError> {
        while self.held.len() - self.from < bytes {
            if !self.fill()? {
                return Err(MultipartError::CutOff);
            }
        }
        Ok(())
    }

    /// Reads on; false at the end.
    fn fill(&mut self) -> Result<bool, MultipartError> {
        if self.ended {
            return Ok(false);
        }
        self.held.drain(..self.from);
        self.from = 0;
        let before = self.held.len();
        self.held.resize(before + ROOM, 0);
        loop {
            match self.input.read(&mut self.held[before..]) {
                Ok(read) => {
                    self.held.truncate(before + read);
                    self.ended = read == 0;
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.held.truncate(before);
                    return Err(MultipartError::Read(error));
                }
            }
        }
    }
}

/// Where `wanted`, which begins with a carriage return, first stands.
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == b'\r') {
        if bytes[from + at..].starts_with(wanted) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that gives so many bytes at a time.
    struct Drips<'a>(&'a [u8], usize);

    impl Read for Drips<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn read_all(body: &[u8], at_once: usize) -> Result<Vec<(String, Vec<u8>)>, MultipartError> {
        let mut parts = Parts::new(Drips(body, at_once), "b1");
        let mut all = Vec::new();
        let mut first = true;
        while let Some(kind) = parts.next(first)? {
            first = false;
            let mut bytes = Vec::new();
            parts.take(&mut bytes, u64::MAX)?.expect("without a limit");
            all.push((kind, bytes));
        }
        Ok(all)
    }

    #[test]
    fn parts_are_read_however_they_come() {
        let body = b"preamble\r\n--b1\r\nContent-Type: application/dicom\r\n\r\none\r\n--b\r\n--b1x\r\n--b1  \r\nX: y\r\n\r\ntwo\r\n--b1\r\n\r\n\r\n--b1\r\ncontent-type:a/b; c=d\r\n\r\n\r\r\n\r\n--b1--\r\nepilogue";
        // A delimiter is one whatever follows it on its line: readers differ there, and a sender must not do it.
        let expected = [("application/dicom", &b"one\r\n--b"[..]), ("", b"two"), ("", b""), ("a/b; c=d", b"\r\r\n")];
        for at_once in [1, 2, 3, 7, 4096] {
            let body: Vec<u8> = body.to_vec();
            let without = String::from_utf8_lossy(&body).replace("\r\n--b1x", "");
            let read = read_all(without.as_bytes(), at_once).unwrap();
            let read: Vec<(&str, &[u8])> = read.iter().map(|(kind, bytes)| (kind.as_str(), bytes.as_slice())).collect();
            assert_eq!(read, expected, "{at_once} at once");
        }
    }

    #[test]
    fn the_first_delimiter_may_stand_at_the_beginning() {
        assert_eq!(read_all(b"--b1\r\n\r\na\r\n--b1--", 3).unwrap(), [(String::new(), b"a".to_vec())]);
        assert!(read_all(b"--b1--", 3).unwrap().is_empty());
    }

    #[test]
    fn what_was_cut_off_is_said() {
        for body in
            ["--b1\r\n\r\nhalf", "--b1\r\n\r\nhalf\r\n--b", "--b1\r\n\r\nhalf\r\n--b1", "--b1\r\nContent-Type: a"]
        {
            assert!(matches!(read_all(body.as_bytes(), 4), Err(MultipartError::CutOff)), "{body}");
        }
        assert!(matches!(read_all(b"no part at all", 4), Err(MultipartError::NoPart)));
    }

    #[test]
    fn endless_beginnings_and_headers_are_refused() {
        let endless =
            |start: &str, what: u8| start.bytes().chain(std::iter::repeat_n(what, 1 << 20)).collect::<Vec<u8>>();
        assert!(matches!(read_all(&endless("", b'x'), 4096), Err(MultipartError::NoPart)));
        assert!(matches!(read_all(&endless("--b1\r\nX: ", b'x'), 4096), Err(MultipartError::Headers)));
        assert!(matches!(read_all(&endless("--b1", b' '), 4096), Err(MultipartError::Headers)));
        let many = ["--b1\r\n", &"A: b\r\n".repeat(100_000)].concat();
        assert!(matches!(read_all(many.as_bytes(), 4096), Err(MultipartError::Headers)));
        assert!(matches!(read_all(b"--b1\r\nno header\r\n\r\n", 9), Err(MultipartError::Headers)));
    }

    #[test]
    fn a_part_that_is_too_long_is_not_taken_whole() {
        let body = [&b"--b1\r\n\r\n"[..], &[7; 5000], b"\r\n--b1--"].concat();
        let mut parts = Parts::new(body.as_slice(), "b1");
        parts.next(true).unwrap();
        assert_eq!(parts.take(&mut io::sink(), 4999).unwrap(), None);
        let mut parts = Parts::new(body.as_slice(), "b1");
        parts.next(true).unwrap();
        assert_eq!(parts.take(&mut io::sink(), 5000).unwrap(), Some(5000));
    }

    #[test]
    fn boundaries_are_read_in_and_without_quotes() {
        let of = |text: &str| boundary(text).ok();
        assert_eq!(of("multipart/related; type=\"application/dicom\"; boundary=abc").as_deref(), Some("abc"));
        assert_eq!(of("multipart/related; Boundary=\"a b:=c\"; type=x").as_deref(), Some("a b:=c"));
        assert_eq!(of("multipart/related; type=\"a; boundary=no\"; boundary=yes").as_deref(), Some("yes"));
        assert_eq!(of("multipart/related;boundary=\"a\\\"b\""), None, "a quote is no part of a boundary");
        for bad in [
            "multipart/related",
            "multipart/related; boundary=",
            "multipart/related; boundary=\"a",
            "x; boundary=a\r\nb",
        ] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
        assert!(matches!(boundary(&format!("a/b; boundary={}", "x".repeat(71))), Err(MultipartError::Boundary)));
        assert_eq!(media_type("Multipart/Related; boundary=a"), "multipart/related");
    }
}
