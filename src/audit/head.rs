//! The second file: how many lines the journal had and what the last one was.
//!
//! It is written after the line, so a process that is killed in between leaves it one line behind;
//! a journal that is longer than its head is nothing to worry about, one that is shorter was cut.

use std::path::{Path, PathBuf};

use super::line::Head;
use crate::files::{read_text, writing};

/// Largest such file, in bytes.
const MOST: u64 = 4096;

/// Where the head of a journal lies.
#[must_use]
pub fn path(journal: &Path) -> PathBuf {
    let mut name = journal.file_name().unwrap_or_default().to_owned();
    name.push(".head");
    journal.with_file_name(name)
}

/// What is kept; nothing where there is no such file, and an error in words where it is none.
pub(super) fn read(journal: &Path) -> Result<Option<Head>, String> {
    let path = path(journal);
    if !path.exists() {
        return Ok(None);
    }
    let text = read_text(&path, MOST).map_err(|e| e.to_string())?;
    serde_json::from_str(&text).map(Some).map_err(|_| "it is no head of a journal".to_owned())
}

/// Keeps it.
pub(super) fn write(journal: &Path, head: &Head) -> std::io::Result<()> {
    writing::private(&path(journal), &serde_json::to_vec(head)?)
}
