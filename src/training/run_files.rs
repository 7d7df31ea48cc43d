//! Files of a run: written whole or not at all, read no larger than any of ours.

use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Result};
use crate::files::writing::Access;
use crate::files::{read_regular, writing};
use crate::limits;

/// Writes a file of a run that may be handed on, whole or not at all; its folder is made where
/// there is none.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, Access::Shared, |file| file.write_all(bytes))
}

/// The same for a file that names images or patients.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, Access::Private, |file| file.write_all(bytes))
}

pub(super) fn replace(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut tempfile::NamedTempFile) -> io::Result<()>,
) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let done = std::fs::create_dir_all(folder).and_then(|()| writing::replace(path, access, write));
    done.map_err(|e| Error::Write { path: path.into(), reason: e.to_string() })
}

/// Writes `value` for people and programs.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut text =
        serde_json::to_vec_pretty(value).map_err(|e| Error::Write { path: path.into(), reason: e.to_string() })?;
    text.push(b'\n');
    write_private(path, &text)
}

/// Reads what [`write_json`] wrote.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = read_bytes(path)?;
    serde_json::from_slice(&bytes)
        .map_err(|e| Error::Read { path: path.into(), source: std::io::Error::other(e.to_string()) })
}

/// A file that is no larger than any of ours.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    read_regular(path, limits::TABLE_BYTES).map_err(|error| Error::Read { path: path.into(), source: error.into() })
}
