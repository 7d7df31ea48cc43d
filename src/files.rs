//! Reading files that nobody has vouched for: regular ones only, and only up to a limit.
//!
//! A path may lead to a device that never ends (`/dev/zero`), to a named pipe that never begins, or
//! to a file larger than the memory. So whoever reads a file that a person, a table or a folder
//! names reads it here. What is opened is looked at before its first byte is read, once by name and
//! once more as the file that was opened, for a name may change in between. Files that do not tell
//! their length, as those under `/proc`, are read up to the limit.
//!
//! The walk through folders stands beside it in [`walk`], and how files are written in [`writing`].

pub mod archive;
pub mod kept_folder;
mod leftovers;
pub mod lines;
pub mod naming;
pub mod walk;
pub mod writing;

use std::fs::{File, FileType};
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};
use thiserror::Error;

/// Why a file was not read, as the second half of a sentence whose first half names the file.
#[derive(Debug, Error)]
pub enum FileError {
    #[error("it is {0}, not a file")]
    NotRegular(&'static str),
    #[error("it is {bytes} bytes long, and at most {limit} are read")]
    TooLarge { bytes: u64, limit: u64 },
    /// The file does not tell its length, or grew while it was read.
    #[error("it is longer than the {limit} bytes that are read at most")]
    Endless { limit: u64 },
    #[error("there is no memory for its {bytes} bytes")]
    NoMemory { bytes: u64 },
    #[error("it is not text in UTF-8")]
    NotText,
    #[error("{0}")]
    Unreadable(#[from] io::Error),
}

/// For code whose errors hold an [`io::Error`]: the sentence stays the same.
impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Unreadable(error) => error,
            FileError::TooLarge { .. } | FileError::Endless { .. } => Self::new(io::ErrorKind::FileTooLarge, error),
            FileError::NoMemory { .. } => Self::new(io::ErrorKind::OutOfMemory, error),
            FileError::NotRegular(_) | FileError::NotText => Self::new(io::ErrorKind::InvalidInput, error),
        }
    }
}

/// A regular file, open for reading, and its length in bytes.
#[derive(Debug)]
pub struct Regular {
    pub file: File,
    pub length: u64,
}

/// Opens a regular file of at most `limit` bytes. Links are followed.
///
/// # Errors
/// What else the path leads to (a folder, a named pipe, a socket, a device), that the file is
/// longer, or the reason of the system. It never waits for the other end of a pipe.
pub fn open_regular(path: &Path, limit: u64) -> Result<Regular, FileError> {
    // Opening some devices does something, such as winding a tape: the name is asked first.
    regular(std::fs::metadata(path)?.file_type())?;
    let file = open_without_waiting(path)?;
    let about = file.metadata()?;
    regular(about.file_type())?;
    let length = about.len();
    if length > limit {
        return Err(FileError::TooLarge { bytes: length, limit });
    }
    Ok(Regular { file, length })
}

/// The bytes of a regular file, which are at most `limit`.
pub fn read_regular(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let Regular { file, length } = open_regular(path, limit)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length as usize).map_err(|_| FileError::NoMemory { bytes: length })?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(FileError::Endless { limit });
    }
    Ok(bytes)
}

/// The text of a regular file in UTF-8, which is at most `limit` bytes long.
pub fn read_text(path: &Path, limit: u64) -> Result<String, FileError> {
    String::from_utf8(read_regular(path, limit)?).map_err(|_| FileError::NotText)
}

/// SHA-256 of a regular file of at most `limit` bytes, in lower-case hex.
pub fn sha256_of_file(path: &Path, limit: u64) -> Result<String, FileError> {
    let mut hasher = Sha256::new();
    let read = io::copy(&mut open_regular(path, limit)?.file.take(limit.saturating_add(1)), &mut hasher)?;
    if read > limit {
        return Err(FileError::Endless { limit });
    }
    Ok(format!("{:x}", hasher.finalize()))
}

/// SHA-256 of bytes in lower-case hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes whatever is written");
        hex
    })
}

#[cfg(unix)]
fn open_without_waiting(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};

    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}

fn regular(kind: FileType) -> Result<(), FileError> {
    if kind.is_file() {
        return Ok(());
    }
    Err(FileError::NotRegular(if kind.is_dir() { "a folder" } else { special(kind) }))
}

/// What a path leads to that is neither a file nor a folder.
#[cfg(unix)]
fn special(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;

    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> &'static str {
    "a device"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        file
    }

    #[test]
    fn a_file_is_read_up_to_its_limit_and_not_beyond() {
        let file = file(b"twelve bytes");
        assert_eq!(read_regular(file.path(), 12).unwrap(), b"twelve bytes");
        assert_eq!(read_text(file.path(), 12).unwrap(), "twelve bytes");
        let error = read_regular(file.path(), 11).unwrap_err();
        assert_eq!(error.to_string(), "it is 12 bytes long, and at most 11 are read");
        assert_eq!(io::Error::from(error).to_string(), "it is 12 bytes long, and at most 11 are read");
    }

    #[test]
    fn the_hash_is_that_of_the_bytes() {
        let hash = sha256_of_file(file(b"abc").path(), 3).unwrap();
        assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(sha256_of_file(file(b"abc").path(), 2).is_err());
    }

    #[test]
    fn what_is_no_text_is_not_read_as_one() {
        assert_eq!(read_text(file(b"\xff\xfe").path(), 9).unwrap_err().to_string(), "it is not text in UTF-8");
    }

    #[test]
    fn a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_regular(folder.path(), 9).unwrap_err();
        assert_eq!(error.to_string(), "it is a folder, not a file");
    }

    #[test]
    fn a_file_that_is_not_there_keeps_the_reason_of_the_system() {
        let error = io::Error::from(read_regular(Path::new("/nowhere/at/all"), 9).unwrap_err());
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn pipes_sockets_devices_and_links_to_them_are_named_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.dcm");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let socket = folder.path().join("socket");
        let _listens = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let said = |path: &Path| read_regular(path, 9).unwrap_err().to_string();
        assert_eq!(said(&pipe), "it is a named pipe, not a file");
        assert_eq!(said(&socket), "it is a socket, not a file");
        for path in ["/dev/zero", "/dev/null", "/dev/tty"].map(Path::new).into_iter().filter(|p| p.exists()) {
            assert_eq!(said(path), "it is a device, not a file");
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(path, &link).unwrap();
            assert_eq!(said(&link), "it is a device, not a file");
            std::fs::remove_file(&link).unwrap();
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_does_not_tell_its_length_is_read_up_to_the_limit() {
        let path = Path::new("/proc/self/maps");
        assert!(read_regular(path, 1 << 24).unwrap().len() > 100);
        assert_eq!(
            read_regular(path, 100).unwrap_err().to_string(),
            "it is longer than the 100 bytes that are read at most"
        );
    }
}
