//! ZIP archives whose directory is no longer than the memory that is meant for it.
//!
//! A directory has an entry of some hundred bytes in memory for every 46 bytes of the file, and a
//! file of a gigabyte may be nothing but directory. So as long as an archive is opened, no more than
//! [`limits::ARCHIVE_DIRECTORY_BYTES`] are read. What its entries unpack to is for the reader to
//! bound.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::limits;

/// An archive that was opened here.
pub type Archive<R> = ZipArchive<Metered<R>>;

/// A file of which so many bytes may still be read.
#[derive(Debug)]
pub struct Metered<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

/// Opens an archive by its directory.
///
/// # Errors
/// When it is none, or its directory is too long.
pub fn open<R: Read + Seek>(file: R) -> Result<Archive<R>, ZipError> {
    let left = Rc::new(Cell::new(limits::ARCHIVE_DIRECTORY_BYTES));
    let archive = ZipArchive::new(Metered { inner: file, left: Rc::clone(&left) })?;
    left.set(u64::MAX);
    Ok(archive)
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 && !into.is_empty() {
            let most = limits::ARCHIVE_DIRECTORY_BYTES;
            let reason = format!("the directory of its archive is longer than {most} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(into.len());
        let read = self.inner.read(&mut into[..most])?;
        self.left.set(left.saturating_sub(read as u64));
        Ok(read)
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::write::SimpleFileOptions;

    use super::*;

    #[test]
    fn entries_may_be_longer_than_a_directory() {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        writer
            .start_file("a", SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored))
            .unwrap();
        let content = vec![7; limits::ARCHIVE_DIRECTORY_BYTES as usize + 1];
        writer.write_all(&content).unwrap();
        let mut archive = open(writer.finish().unwrap()).unwrap();
        let mut read = Vec::new();
        archive.by_name("a").unwrap().read_to_end(&mut read).unwrap();
        assert!(read == content);
    }

    #[test]
    fn no_more_than_a_directory_is_read_before() {
        let mut file = Metered { inner: io::repeat(0), left: Rc::new(Cell::new(3)) };
        let mut read = [1; 4];
        assert_eq!(file.read(&mut read).unwrap(), 3);
        assert_eq!(file.read(&mut read).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
