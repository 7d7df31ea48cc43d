//! Lists of paths: one a line, as `find` and other programs write them.
//!
//! Lines end with a line feed, before which a carriage return is left out; blank lines are passed over.
//! Everything else is the name of a file as it stands, blanks and `#` included, relative to the working
//! folder. A list may be of any length; its lines may not.

use std::ffi::OsString;
use std::io::{BufRead, Read as _};
use std::path::PathBuf;

use super::BatchError;

/// Longest line, in bytes.
pub const LINE: usize = 32 << 10;

/// Reads a list, path by path.
///
/// # Errors
/// When it cannot be read, a line is too long or holds what no path can hold; and what `each` says.
pub fn read(
    name: &str,
    mut list: impl BufRead,
    each: &mut dyn FnMut(PathBuf) -> Result<(), BatchError>,
) -> Result<(), BatchError> {
    let mut line = Vec::new();
    for number in 1.. {
        let wrong = |reason| BatchError::List { list: name.to_owned(), line: number, reason };
        line.clear();
        let read = list.by_ref().take(LINE as u64 + 1).read_until(b'\n', &mut line).map_err(|error| {
            BatchError::Source { path: name.into(), reason: format!("the list cannot be read: {error}") }
        })?;
        if read == 0 {
            break;
        }
        let path = line.strip_suffix(b"\n").unwrap_or(&line);
        let path = path.strip_suffix(b"\r").unwrap_or(path);
        if path.len() > LINE || (read > LINE && !line.ends_with(b"\n")) {
            return Err(wrong("is longer than the 32768 bytes that a path may have; a list holds a path a line"));
        }
        if path.contains(&0) {
            return Err(wrong("holds a zero byte, which no path can; a list holds a path a line"));
        }
        if !path.iter().all(u8::is_ascii_whitespace) {
            each(path_of(path).ok_or_else(|| wrong("is not text in UTF-8"))?)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is none")]
fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    Some(OsString::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes)).into())
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    Some(OsString::from(std::str::from_utf8(bytes).ok()?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &[u8]) -> Result<Vec<PathBuf>, BatchError> {
        let mut paths = Vec::new();
        read("list.txt", text, &mut |path| {
            paths.push(path);
            Ok(())
        })?;
        Ok(paths)
    }

    #[test]
    fn a_line_is_a_path_as_it_stands() {
        let text = b"a.dcm\r\n\n   \nb c.dcm\n# no remark.dcm\nlast";
        let expected = ["a.dcm", "b c.dcm", "# no remark.dcm", "last"].map(PathBuf::from);
        assert_eq!(paths(text).unwrap(), expected);
        assert!(paths(b"").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_line() {
        let long = [b"a\n".to_vec(), vec![b'x'; LINE + 1], b"\nb\n".to_vec()].concat();
        assert!(paths(&long).unwrap_err().to_string().starts_with("line 2 of list.txt is longer than"));
        assert!(paths(&vec![b'x'; 10 * LINE]).unwrap_err().to_string().contains("a list holds a path a line"));
        assert_eq!(paths(&[vec![b'x'; LINE], b"\n".to_vec()].concat()).unwrap().len(), 1);
        assert!(paths(b"a\0b\n").unwrap_err().to_string().contains("zero byte"));
    }

    #[cfg(unix)]
    #[test]
    fn a_path_need_not_be_text() {
        use std::os::unix::ffi::OsStrExt as _;
        assert_eq!(paths(b"a\xff.dcm\n").unwrap()[0].as_os_str().as_bytes(), b"a\xff.dcm");
    }
}
