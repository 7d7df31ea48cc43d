//! Texts whose lines are of a length and a number that people write.
//!
//! A reader of tables holds a whole row, and for every cell where it ends: a comma costs the file a
//! byte and the memory eight; and a row of two bytes costs it as much time as any. So tables are
//! read through here. Cells in quotes may hold line breaks, and count as several lines.

use std::io::{self, Read};

use crate::limits;

/// A text that ends with an error at the first line that is too long or one too many.
#[derive(Debug)]
pub struct BoundedLines<R> {
    inner: R,
    /// Bytes since the last line break.
    length: usize,
    /// Line breaks so far.
    lines: usize,
}

impl<R> BoundedLines<R> {
    /// At most [`limits::TABLE_LINES`] lines of at most [`limits::TABLE_LINE`] bytes.
    pub fn new(inner: R) -> Self {
        Self { inner, length: 0, lines: 0 }
    }
}

impl<R: Read> Read for BoundedLines<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        for part in into[..read].split_inclusive(|byte| *byte == b'\n') {
            self.length += part.len();
            if self.length > limits::TABLE_LINE {
                return Err(refused(&format!("a line of it is longer than {} bytes", limits::TABLE_LINE)));
            }
            if part.ends_with(b"\n") {
                self.length = 0;
                self.lines += 1;
            }
        }
        if self.lines > limits::TABLE_LINES {
            return Err(refused(&format!("it has more than {} lines", limits::TABLE_LINES)));
        }
        Ok(read)
    }
}

fn refused(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> io::Result<usize> {
        BoundedLines::new(text).read_to_end(&mut Vec::new())
    }

    #[test]
    fn lines_are_counted_one_by_one() {
        let line = [vec![b'x'; limits::TABLE_LINE - 1], b"\n".to_vec()].concat();
        assert_eq!(read(&line.repeat(3)).unwrap(), 3 * limits::TABLE_LINE);
        let long = [&line[..], b"x", &line].concat();
        assert!(read(&long).unwrap_err().to_string().contains("longer than"), "a byte too many");
        assert_eq!(read(b"").unwrap(), 0);
    }

    #[test]
    fn lines_may_be_too_many() {
        let lines = vec![b'\n'; limits::TABLE_LINES];
        assert!(read(&lines).is_ok());
        let more = [&lines[..], b"\n"].concat();
        assert!(read(&more).unwrap_err().to_string().contains("more than 2000000 lines"));
    }
}
