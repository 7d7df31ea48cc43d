//! Texts whose lines are of a length that people write.
//!
//! A reader of tables holds a whole row, and for every cell where it ends: a comma costs the file a
//! byte and the memory eight. So tables are read through here. Cells in quotes may hold line breaks,
//! and count as several lines.

use std::io::{self, Read};

use crate::limits;

/// A text that ends with an error at the first line that is too long.
#[derive(Debug)]
pub struct BoundedLines<R> {
    inner: R,
    /// Bytes since the last line break.
    length: usize,
}

impl<R> BoundedLines<R> {
    /// Lines of at most [`limits::TABLE_LINE`] bytes.
    pub fn new(inner: R) -> Self {
        Self { inner, length: 0 }
    }
}

impl<R: Read> Read for BoundedLines<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        for part in into[..read].split_inclusive(|byte| *byte == b'\n') {
            self.length += part.len();
            if self.length > limits::TABLE_LINE {
                let reason = format!("a line of it is longer than {} bytes", limits::TABLE_LINE);
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            if part.ends_with(b"\n") {
                self.length = 0;
            }
        }
        Ok(read)
    }
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
}
