//! Arrays out of `NumPy`'s `.npz`: a ZIP of `.npy` files, stored or deflated, also past 4 GiB.
//!
//! An array is a stream: a set of 100,000 images is never in memory as a whole. Sizes that the file
//! declares are checked before anything is allocated. ZIP: APPNOTE 6.3.10 (4.3.7, 4.3.12,
//! 4.3.14–16, 4.5.3); npy: NEP 1.
//!
//! Not here: encrypted or multi-part archives, other compressions, Fortran order, big-endian
//! numbers.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};
use std::path::Path;

use flate2::read::DeflateDecoder;

use crate::files::{Regular, open_regular};
use crate::limits;

/// Longest end of an archive that is searched for its directory: the record and the longest
/// comment.
const END: u64 = 22 + 65_535;
/// Longest directory of an archive that is read, in bytes.
const DIRECTORY: u64 = 1 << 24;

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ArchiveEntry {
    pub name: String,
    method: u16,
    packed: u64,
    size: u64,
    offset: u64,
}

/// Lists what is in an archive.
pub(super) fn entries(path: &Path) -> io::Result<Vec<ArchiveEntry>> {
    // However long: an archive is a stream, and only what is asked for is read.
    let Regular { mut file, length } = open_regular(path, u64::MAX)?;
    let tail_at = length.saturating_sub(END);
    let tail = bytes_at(&mut file, tail_at, length - tail_at)?;
    let end = (0..tail.len().saturating_sub(21)).rev().find(|&i| tail[i..].starts_with(b"PK\x05\x06"));
    let end = end.ok_or_else(|| broken("it is no ZIP archive, or it was cut short"))?;
    let (mut size, mut at) = (u64::from(u32_at(&tail, end + 12)?), u64::from(u32_at(&tail, end + 16)?));
    if size == u64::from(u32::MAX) || at == u64::from(u32::MAX) {
        let locator = end.checked_sub(20).filter(|&i| tail[i..].starts_with(b"PK\x06\x07"));
        let locator = locator.ok_or_else(|| broken("its directory is not where it should be"))?;
        let record = bytes_at(&mut file, u64_at(&tail, locator + 8)?, 56)?;
        (size, at) = (u64_at(&record, 40)?, u64_at(&record, 48)?);
    }
    if size > DIRECTORY {
        return Err(broken("its directory is too long for an archive of arrays"));
    }
    let directory = bytes_at(&mut file, at, size)?;
    let mut found = Vec::new();
    let mut i = 0;
    while directory.get(i..).is_some_and(|rest| rest.starts_with(b"PK\x01\x02")) {
        let (name, extra, comment) =
            (u16_at(&directory, i + 28)?, u16_at(&directory, i + 30)?, u16_at(&directory, i + 32)?);
        let (name, extra, comment) = (usize::from(name), usize::from(extra), usize::from(comment));
        let text = slice(&directory, i + 46, name)?;
        let mut entry = ArchiveEntry {
            name: String::from_utf8_lossy(text).into_owned(),
            method: u16_at(&directory, i + 10)?,
            packed: u64::from(u32_at(&directory, i + 20)?),
            size: u64::from(u32_at(&directory, i + 24)?),
            offset: u64::from(u32_at(&directory, i + 42)?),
        };
        widen(&mut entry, slice(&directory, i + 46 + name, extra)?)?;
        found.push(entry);
        i += 46 + name + extra + comment;
    }
    Ok(found)
}

/// ZIP64: whatever is all ones in the directory stands in the extra field with id 1, in this order.
fn widen(entry: &mut ArchiveEntry, mut extra: &[u8]) -> io::Result<()> {
    while extra.len() >= 4 {
        let (id, length) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
        let body = slice(extra, 4, length)?;
        if id == 1 {
            let mut i = 0;
            for field in [&mut entry.size, &mut entry.packed, &mut entry.offset] {
                if *field == u64::from(u32::MAX) {
                    *field = u64_at(body, i)?;
                    i += 8;
                }
            }
        }
        extra = &extra[4 + length..];
    }
    Ok(())
}

/// What the numbers of an array are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberType {
    Unsigned(usize),
    Signed(usize),
    Float(usize),
}

impl NumberType {
    fn of(description: &str) -> Option<Self> {
        let kind = description.trim_start_matches(['<', '|', '=']);
        let (letter, bytes) = kind.split_at_checked(1)?;
        let bytes = bytes.parse().ok()?;
        match (letter, bytes) {
            ("u", 1 | 2 | 4 | 8) => Some(Self::Unsigned(bytes)),
            ("b", 1) => Some(Self::Unsigned(1)),
            ("i", 1 | 2 | 4 | 8) => Some(Self::Signed(bytes)),
            ("f", 4 | 8) => Some(Self::Float(bytes)),
            _ => None,
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Unsigned(n) | Self::Signed(n) | Self::Float(n) => n,
        }
    }

    fn value(self, raw: &[u8]) -> f64 {
        let mut wide = [0; 8];
        wide[..raw.len()].copy_from_slice(raw);
        let bits = u64::from_le_bytes(wide);
        match self {
            Self::Unsigned(_) => bits as f64,
            Self::Signed(n) => {
                let unused = 64 - 8 * n as u32;
                (((bits << unused) as i64) >> unused) as f64
            }
            Self::Float(4) => f64::from(f32::from_bits(bits as u32)),
            Self::Float(_) => f64::from_bits(bits),
        }
    }
}

/// An array of an archive, read from its start to its end.
pub(super) struct Array {
    pub shape: Vec<usize>,
    pub kind: NumberType,
    stream: Box<dyn Read>,
}

impl Array {
    /// Opens `entry` of the archive `path` at its first value.
    pub(super) fn open(path: &Path, entry: &ArchiveEntry) -> io::Result<Self> {
        let Regular { mut file, .. } = open_regular(path, u64::MAX)?;
        let local = bytes_at(&mut file, entry.offset, 30)?;
        if !local.starts_with(b"PK\x03\x04") {
            return Err(broken("its directory points to the wrong place"));
        }
        let skip = u64::from(u16_at(&local, 26)?) + u64::from(u16_at(&local, 28)?);
        file.seek(SeekFrom::Start(entry.offset.saturating_add(30 + skip)))?;
        let packed: Take<BufReader<File>> = BufReader::new(file).take(entry.packed);
        let mut stream: Box<dyn Read> = match entry.method {
            0 => Box::new(packed),
            8 => Box::new(DeflateDecoder::new(packed).take(entry.size)),
            other => return Err(broken(&format!("{} is compressed by method {other}, not by deflate", entry.name))),
        };
        let mut start = [0; 8];
        stream.read_exact(&mut start)?;
        if !start.starts_with(b"\x93NUMPY") {
            return Err(broken(&format!("{} is no NumPy array", entry.name)));
        }
        let mut length = [0; 4];
        stream.read_exact(&mut length[..if start[6] == 1 { 2 } else { 4 }])?;
        let length = u32::from_le_bytes(length).min(1 << 20) as usize;
        let mut header = vec![0; length];
        stream.read_exact(&mut header)?;
        let (shape, kind) = header_of(&String::from_utf8_lossy(&header))
            .ok_or_else(|| broken(&format!("{} has numbers or an order that are not read here", entry.name)))?;
        let bytes = shape.iter().try_fold(kind.bytes() as u64, |n, &side| n.checked_mul(side as u64));
        if bytes.is_none_or(|b| b > entry.size) {
            return Err(broken(&format!("{} claims more numbers than it has", entry.name)));
        }
        Ok(Self { shape, kind, stream })
    }

    /// The next `count` values.
    pub(super) fn next(&mut self, count: usize) -> io::Result<Vec<f64>> {
        let bytes = count.saturating_mul(self.kind.bytes());
        if bytes as u64 > limits::FILE_BYTES {
            return Err(broken("it asks for more memory than is allowed"));
        }
        let mut raw = vec![0; bytes];
        self.stream.read_exact(&mut raw)?;
        Ok(raw.chunks_exact(self.kind.bytes()).map(|r| self.kind.value(r)).collect())
    }

    /// Passes over `count` values.
    pub(super) fn skip(&mut self, count: usize) -> io::Result<()> {
        let bytes = count.saturating_mul(self.kind.bytes()) as u64;
        let passed = io::copy(&mut (&mut self.stream).take(bytes), &mut io::sink())?;
        if passed == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// Shape and numbers from `{'descr': '|u1', 'fortran_order': False, 'shape': (97, 28, 28), }`.
fn header_of(text: &str) -> Option<(Vec<usize>, NumberType)> {
    let after = |key: &str| text.split_once(key).map(|(_, rest)| rest.trim_start_matches([' ', ':']));
    let kind = NumberType::of(after("'descr'")?.strip_prefix('\'')?.split('\'').next()?)?;
    if !after("'fortran_order'")?.starts_with("False") {
        return None;
    }
    let sides = after("'shape'")?.strip_prefix('(')?.split(')').next()?;
    let sides = sides.split(',').map(str::trim).filter(|s| !s.is_empty());
    Some((sides.map(|s| s.parse().ok()).collect::<Option<_>>()?, kind))
}

fn bytes_at(file: &mut File, at: u64, count: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == count { Ok(bytes) } else { Err(broken("it was cut short")) }
}

fn slice(bytes: &[u8], at: usize, count: usize) -> io::Result<&[u8]> {
    bytes.get(at..).and_then(|rest| rest.get(..count)).ok_or_else(|| broken("its directory was cut short"))
}

fn number(bytes: &[u8], at: usize, count: usize) -> io::Result<u64> {
    Ok(slice(bytes, at, count)?.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
}

fn u16_at(bytes: &[u8], at: usize) -> io::Result<u16> {
    number(bytes, at, 2).map(|n| n as u16)
}

fn u32_at(bytes: &[u8], at: usize) -> io::Result<u32> {
    number(bytes, at, 4).map(|n| n as u32)
}

fn u64_at(bytes: &[u8], at: usize) -> io::Result<u64> {
    number(bytes, at, 8)
}

fn broken(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
