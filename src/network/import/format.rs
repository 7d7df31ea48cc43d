//! Which reader a file needs, told by its first bytes and never by its name.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::SafeTensors;
use zip::ZipArchive;

use super::elements::Element;
use super::{Dialect, Foreign, ImportError, keras, torch_file};
use crate::limits::{FOREIGN_TENSORS, WEIGHT_BYTES};

/// Reads the tensors of a safetensors, PyTorch or Keras file.
pub fn read(path: &Path) -> Result<Foreign, ImportError> {
    let mut file = File::open(path)?;
    let data = file.metadata()?;
    if data.is_dir() {
        return Err(ImportError::NotWeights);
    }
    if data.len() > WEIGHT_BYTES {
        return Err(ImportError::TooLarge { bytes: data.len(), most: WEIGHT_BYTES });
    }
    let mut head = Vec::new();
    file.by_ref().take(512).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    match head.as_slice() {
        [b'P', b'K', 3, 4, ..] => archive(file),
        [0x89, b'H', b'D', b'F', ..] => keras::from_file(path),
        [_, _, _, _, _, _, _, _, b'{', ..] => safetensors(file),
        // A pickle of protocol 2 or later starts so; older ones never held tensors, but attacks are written in them.
        [0x80, 1..=5, ..] | [b'(' | b'c' | b'}' | b']', ..] => torch_file::from_stream(file),
        head if head.get(257..262) == Some(b"ustar") => Err(ImportError::Tar),
        _ => Err(ImportError::NotWeights),
    }
}

fn archive(file: File) -> Result<Foreign, ImportError> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| match error {
        zip::result::ZipError::InvalidArchive(_) => ImportError::CutShort,
        other => ImportError::Damaged(other.to_string()),
    })?;
    let names = torch_file::names(&archive);
    if let Some(described) = names.iter().find(|n| *n == "data.pkl" || n.ends_with("/data.pkl")) {
        return torch_file::from_archive(archive, described);
    }
    if names.iter().any(|n| n == keras::WEIGHTS) {
        let weights = torch_file::entry(&mut archive, keras::WEIGHTS, WEIGHT_BYTES)?;
        let config = torch_file::entry(&mut archive, "config.json", crate::limits::PICKLE_BYTES).unwrap_or_default();
        return keras::from_bytes(weights, &config);
    }
    Err(ImportError::NotWeights)
}

fn safetensors(mut file: File) -> Result<Foreign, ImportError> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let parsed = SafeTensors::deserialize(&bytes).map_err(|error| match error {
        safetensors::SafeTensorError::MetadataIncompleteBuffer | safetensors::SafeTensorError::InvalidHeaderLength => {
            ImportError::CutShort
        }
        other => ImportError::Damaged(other.to_string()),
    })?;
    if parsed.len() > FOREIGN_TENSORS {
        return Err(ImportError::TooMany { what: "tensors", most: FOREIGN_TENSORS });
    }
    let mut tensors = Vec::with_capacity(parsed.len());
    for (name, view) in parsed.iter() {
        let kind = || ImportError::Kind { name: name.into(), kind: format!("{:?}", view.dtype()) };
        let values = Element::of_safetensors(view.dtype()).ok_or_else(kind)?.to_f32(view.data());
        tensors.push((name.to_owned(), Tensor::from_vec(values, view.shape(), &Device::Cpu)?));
    }
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Foreign { format: "safetensors".into(), dialect: Dialect::Torch, tensors, uncalled: Vec::new() })
}
