//! Files of a pipeline: they name images and patients, so only their owner reads them.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{PipelineError, Result};
use crate::files::{read_regular, writing};
use crate::limits;

/// Writes a file whole or not at all; its folder is made where there is none.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let done = std::fs::create_dir_all(folder).and_then(|()| writing::private(path, bytes));
    done.map_err(|e| PipelineError::Write { path: path.into(), reason: e.to_string() })
}

/// Writes `value` for people and programs.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    write(path, &text)
}

/// A file of at most the size of a table; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    if !path.exists() {
        return Ok(None);
    }
    let failed = |reason: String| PipelineError::Read { path: path.into(), reason };
    read_regular(path, limits::TABLE_BYTES).map(Some).map_err(|e| failed(e.to_string()))
}

/// What [`write_json`] wrote; `None` where there is none.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    let failed = |e: serde_json::Error| PipelineError::Read { path: path.into(), reason: e.to_string() };
    serde_json::from_slice(&bytes).map(Some).map_err(failed)
}
