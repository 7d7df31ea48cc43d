//! Which reader a file needs, told by its first bytes and never by its name.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::{Foreign, ImportError, keras, onnx, storage, torch_file};
use crate::files::{archive, open_regular};
use crate::limits::{PICKLE_BYTES, WEIGHT_BYTES};

/// Whether a file is ONNX, by its first bytes.
#[must_use]
pub fn is_onnx(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = open_regular(path, WEIGHT_BYTES).map(|regular| regular.file.take(16).read_to_end(&mut head));
    read.is_ok_and(|read| read.is_ok()) && onnx::begins(&head)
}

/// Reads what a safetensors, PyTorch or Keras file holds.
pub fn read(path: &Path) -> Result<Foreign, ImportError> {
    let mut file = open_regular(path, WEIGHT_BYTES).map_err(io::Error::from)?.file;
    let mut head = Vec::new();
    file.by_ref().take(512).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    match head.as_slice() {
        [b'P', b'K', 3, 4, ..] => archive(file),
        [0x89, b'H', b'D', b'F', ..] => keras::from_file(file),
        [_, _, _, _, _, _, _, _, b'{', ..] => storage::from_file(file),
        // A pickle of protocol 2 or later starts so; older ones never held tensors, but attacks are
        // written in them.
        [0x80, 1..=5, ..] | [b'(' | b'c' | b'}' | b']', ..] => torch_file::from_stream(file),
        head if head.get(257..262) == Some(b"ustar") => Err(ImportError::Tar),
        _ => Err(ImportError::NotWeights),
    }
}

fn archive(file: File) -> Result<Foreign, ImportError> {
    let mut archive = archive::open(BufReader::new(file)).map_err(|error| match error {
        zip::result::ZipError::InvalidArchive(_) => ImportError::CutShort,
        other => ImportError::Damaged(other.to_string()),
    })?;
    let names = torch_file::names(&archive);
    if let Some(described) = names.iter().find(|n| *n == "data.pkl" || n.ends_with("/data.pkl")) {
        return torch_file::from_archive(archive, described);
    }
    if names.iter().any(|n| n == keras::WEIGHTS) {
        let weights = torch_file::entry(&mut archive, keras::WEIGHTS, WEIGHT_BYTES)?;
        let config = torch_file::entry(&mut archive, "config.json", PICKLE_BYTES).unwrap_or_default();
        return keras::from_bytes(weights, &config);
    }
    Err(ImportError::NotWeights)
}
