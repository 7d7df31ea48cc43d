//! PyTorch files on disk: the zip archive of today (`data.pkl` and one entry a storage), and the stream of five pickles with raw
//! storages behind them that was written until version 1.6 (`.pth.tar` files are of this kind too, whatever their name says).

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use candle_core::{Device, Tensor};
use zip::ZipArchive;

use super::heap::Node;
use super::pickle;
use super::torch::{self, Storage, View};
use super::{Dialect, Foreign, ImportError};
use crate::limits::{PICKLE_BYTES, WEIGHT_BYTES};

/// First pickle of the stream format.
const MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;

type Archive = ZipArchive<BufReader<File>>;

/// Reads a zip archive whose pickle is the entry `described`.
pub fn from_archive(mut archive: Archive, described: &str) -> Result<Foreign, ImportError> {
    let folder = described.trim_end_matches("data.pkl").to_owned();
    if names(&archive)
        .iter()
        .any(|n| n.strip_prefix(&folder).is_some_and(|n| n == "constants.pkl" || n.starts_with("code/")))
    {
        return Err(ImportError::TorchScript);
    }
    if let Ok(order) = entry(&mut archive, &format!("{folder}byteorder"), 16)
        && order.starts_with(b"big")
    {
        return Err(ImportError::Damaged("it was written on a big-endian machine; save it again on another".into()));
    }
    let bytes = entry(&mut archive, described, PICKLE_BYTES)?;
    let (heap, root) = pickle::read(&mut bytes.as_slice())?;
    let found = torch::tensors(&heap, root)?;
    let format = format!("PyTorch archive, {}", found.place);
    collect(format, found.views, heap.uncalled, |storage, most| {
        entry(&mut archive, &format!("{folder}data/{}", storage.key), most)
    })
}

/// Names of the entries that have readable ones.
pub(super) fn names(archive: &Archive) -> Vec<String> {
    archive.file_names().filter_map(|name| name.ok().map(std::borrow::Cow::into_owned)).collect()
}

/// The bytes of an archive's entry, `most` of them at most.
pub(super) fn entry(archive: &mut Archive, name: &str, most: u64) -> Result<Vec<u8>, ImportError> {
    let file = archive.by_name(name).map_err(|error| match error {
        zip::result::ZipError::FileNotFound => ImportError::Damaged(format!("its archive lacks the part {name}")),
        other => ImportError::Damaged(format!("the part {name} of its archive cannot be read ({other})")),
    })?;
    let mut bytes = Vec::new();
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| ImportError::Damaged(format!("the part {name} of its archive cannot be read ({error})")))?;
    Ok(bytes)
}

/// Reads the stream format.
pub fn from_stream(file: File) -> Result<Foreign, ImportError> {
    let mut source = BufReader::new(file);
    let (heap, magic) = pickle::read(&mut source)?;
    if *heap.get(magic) != Node::Int(MAGIC) {
        return Err(ImportError::NotWeights);
    }
    let (heap, version) = pickle::read(&mut source)?;
    if heap.count(version) != Some(1001) {
        return Err(ImportError::Damaged("it has a protocol that this program does not know".into()));
    }
    let (heap, system) = pickle::read(&mut source)?;
    if heap.entry(system, "little_endian").map(|id| heap.get(id)) == Some(&Node::Bool(false)) {
        return Err(ImportError::Damaged("it was written on a big-endian machine; save it again on another".into()));
    }
    let (heap, root) = pickle::read(&mut source)?;
    let found = torch::tensors(&heap, root)?;
    let (keys_heap, keys) = pickle::read(&mut source)?;
    let keys = keys_heap.members(keys).unwrap_or_default();
    let elements = torch::storages(&heap);
    let mut places = HashMap::new();
    for key in keys {
        let key = keys_heap.text(*key).ok_or(ImportError::CutShort)?;
        let mut count = [0; 8];
        source.read_exact(&mut count).map_err(|_| ImportError::CutShort)?;
        let place = source.stream_position().map_err(|_| ImportError::CutShort)?;
        places.insert(key.to_owned(), place);
        let width = elements.get(key).ok_or(ImportError::CutShort)?.bytes() as u64;
        let bytes = u64::from_le_bytes(count).checked_mul(width).and_then(|b| i64::try_from(b).ok());
        source.seek_relative(bytes.ok_or(ImportError::CutShort)?).map_err(|_| ImportError::CutShort)?;
    }
    let format = format!("PyTorch stream (before version 1.6), {}", found.place);
    collect(format, found.views, heap.uncalled, |storage, most| {
        let place = places.get(&storage.key).ok_or(ImportError::CutShort)?;
        let mut bytes = Vec::new();
        let read =
            source.seek(SeekFrom::Start(*place)).and_then(|_| source.by_ref().take(most).read_to_end(&mut bytes));
        read.map_err(|_| ImportError::CutShort)?;
        Ok(bytes)
    })
}

/// Materialises the views, storage by storage, so that each is read once and held alone.
fn collect(
    format: String,
    views: Vec<(String, View)>,
    uncalled: Vec<String>,
    mut read: impl FnMut(&Storage, u64) -> Result<Vec<u8>, ImportError>,
) -> Result<Foreign, ImportError> {
    let values: usize = views.iter().map(|(_, v)| v.count()).sum();
    if values as u64 > WEIGHT_BYTES / 4 {
        return Err(ImportError::TooLarge { bytes: values as u64 * 4, most: WEIGHT_BYTES });
    }
    let mut order: Vec<usize> = (0..views.len()).collect();
    order.sort_by(|a, b| views[*a].1.storage.key.cmp(&views[*b].1.storage.key));
    let mut tensors: Vec<Option<Tensor>> = vec![None; views.len()];
    let mut held: Option<(&Storage, Vec<f32>)> = None;
    for i in order {
        let (name, view) = &views[i];
        if held.as_ref().is_none_or(|(storage, _)| *storage != &view.storage) {
            let bytes = (view.storage.count * view.storage.element.bytes()) as u64;
            let found = read(&view.storage, bytes)?;
            if (found.len() as u64) < bytes {
                return Err(ImportError::Damaged(format!("the values of “{name}” are cut short")));
            }
            held = Some((&view.storage, view.storage.element.to_f32(&found)));
        }
        let Some((_, values)) = &held else { continue };
        let values = if view.contiguous() {
            values.get(view.offset..view.offset + view.count()).unwrap_or_default().to_vec()
        } else {
            view.gather(values)
        };
        tensors[i] = Some(Tensor::from_vec(values, view.size.as_slice(), &Device::Cpu)?);
    }
    let names = views.into_iter().map(|(name, _)| name);
    let tensors = names.zip(tensors).filter_map(|(name, tensor)| Some((name, tensor?))).collect();
    Ok(Foreign { format, dialect: Dialect::Torch, tensors, uncalled })
}
