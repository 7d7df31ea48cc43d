//! PyTorch files on disk: the zip archive of today (`data.pkl` and one entry a storage), and the
//! stream of five pickles with raw storages behind them that was written until version 1.6
//! (`.pth.tar` files are of this kind too, whatever their name says).

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use candle_core::{Device, Tensor};

use super::heap::Node;
use super::memory::room;
use super::torch::View;
use super::{Dialect, Foreign, ImportError, Values, pickle, torch};
use crate::files::archive;
use crate::limits::{FOREIGN_NAME, INFLATED_FREELY, INFLATION, PICKLE_BYTES};

/// First pickle of the stream format.
const MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;

type Archive = archive::Archive<BufReader<File>>;

/// Reads a zip archive whose pickle is the entry `described`.
pub(super) fn from_archive(mut archive: Archive, described: &str) -> Result<Foreign, ImportError> {
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
    let read = move |key: &str, most: u64| entry(&mut archive, &format!("{folder}data/{key}"), most);
    Ok(foreign(format, found.views, heap.uncalled, read))
}

/// Names of the entries that have readable ones.
pub(super) fn names(archive: &Archive) -> Vec<String> {
    archive.file_names().filter_map(|name| name.ok().map(std::borrow::Cow::into_owned)).collect()
}

/// The first `most` bytes of an archive's entry, which may be packed no tighter than weights can
/// be.
pub(super) fn entry(archive: &mut Archive, name: &str, most: u64) -> Result<Vec<u8>, ImportError> {
    let file = archive.by_name(name).map_err(|error| match error {
        zip::result::ZipError::FileNotFound => ImportError::Damaged(format!("its archive lacks the part {name}")),
        other => ImportError::Damaged(format!("the part {name} of its archive cannot be read ({other})")),
    })?;
    let (packed, size) = (file.compressed_size(), file.size());
    let most = most.min(size);
    if most > INFLATED_FREELY.max(packed.saturating_mul(INFLATION)) {
        return Err(ImportError::Damaged(format!(
            "the part {name} of its archive is {packed} bytes long and would unpack to {size}, which no weights do"
        )));
    }
    let mut bytes = room(most as usize)?;
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| ImportError::Damaged(format!("the part {name} of its archive cannot be read ({error})")))?;
    Ok(bytes)
}

/// Reads the stream format.
pub(super) fn from_stream(file: File) -> Result<Foreign, ImportError> {
    let mut source = BufReader::new(file);
    if next(&mut source)? != Node::Int(MAGIC) {
        return Err(ImportError::NotWeights);
    }
    if next(&mut source)? != Node::Int(1001) {
        return Err(ImportError::Damaged("it has a protocol that this program does not know".into()));
    }
    let (system, root) = pickle::read(&mut source)?;
    if system.entry(root, "little_endian").map(|id| system.get(id)) == Some(&Node::Bool(false)) {
        return Err(ImportError::Damaged("it was written on a big-endian machine; save it again on another".into()));
    }
    let (heap, root) = pickle::read(&mut source)?;
    let found = torch::tensors(&heap, root)?;
    let (keys_heap, keys) = pickle::read(&mut source)?;
    let keys = keys_heap.members(keys).unwrap_or_default();
    let elements = torch::storages(&heap);
    let mut places = HashMap::new();
    for key in keys {
        let key = keys_heap.text(*key).filter(|key| key.len() <= FOREIGN_NAME).ok_or(ImportError::CutShort)?;
        let mut count = [0; 8];
        source.read_exact(&mut count).map_err(|_| ImportError::CutShort)?;
        let place = source.stream_position().map_err(|_| ImportError::CutShort)?;
        let width = elements.get(key).ok_or(ImportError::CutShort)?.bytes() as u64;
        let bytes = u64::from_le_bytes(count).checked_mul(width).and_then(|b| i64::try_from(b).ok());
        let bytes = bytes.ok_or(ImportError::CutShort)?;
        places.insert(key.to_owned(), (place, bytes as u64));
        source.seek_relative(bytes).map_err(|_| ImportError::CutShort)?;
    }
    let length = source.get_ref().metadata()?.len();
    let format = format!("PyTorch stream (before version 1.6), {}", found.place);
    let read = move |key: &str, most: u64| {
        let (place, bytes) = *places.get(key).ok_or(ImportError::CutShort)?;
        // No more than the file can hold.
        let most = most.min(bytes).min(length.saturating_sub(place));
        let mut bytes = room(most as usize)?;
        let read = source.seek(SeekFrom::Start(place)).and_then(|_| source.by_ref().take(most).read_to_end(&mut bytes));
        read.map_err(|_| ImportError::CutShort)?;
        Ok(bytes)
    };
    Ok(foreign(format, found.views, heap.uncalled, read))
}

/// The outermost object of the next pickle.
fn next(source: &mut BufReader<File>) -> Result<Node, ImportError> {
    let (heap, root) = pickle::read(source)?;
    Ok(heap.get(root).clone())
}

/// A file whose storages are read by `read`, which is given their key and the bytes that are
/// needed.
fn foreign(
    format: String,
    named: Vec<(String, View)>,
    uncalled: Vec<String>,
    read: impl FnMut(&str, u64) -> Result<Vec<u8>, ImportError> + 'static,
) -> Foreign {
    let (names, views): (Vec<String>, Vec<View>) = named.into_iter().unzip();
    let tensors = names.into_iter().zip(&views).map(|(name, view)| (name, view.size.clone())).collect();
    let values = Box::new(Storages { views, read: RefCell::new(read) });
    Foreign { format, dialect: Dialect::Torch, tensors, uncalled, values }
}

/// Views, and how the storages below them are read.
struct Storages<R> {
    views: Vec<View>,
    read: RefCell<R>,
}

impl<R: FnMut(&str, u64) -> Result<Vec<u8>, ImportError>> Values for Storages<R> {
    /// Storage by storage, so that each is read and unpacked once and held alone, and only as far
    /// as it is seen.
    fn read(&self, wanted: &[usize]) -> Result<Vec<Tensor>, ImportError> {
        let key = |place: &usize| self.views[wanted[*place]].storage.key.as_str();
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by(|a, b| key(a).cmp(key(b)));
        let mut tensors: Vec<Option<Tensor>> = vec![None; wanted.len()];
        for places in order.chunk_by(|a, b| key(a) == key(b)) {
            let bytes = |place: &usize| {
                let view = &self.views[wanted[*place]];
                view.extent().saturating_mul(view.storage.element.bytes()) as u64
            };
            let needed = places.iter().map(bytes).max().unwrap_or(0);
            let storage = (self.read.borrow_mut())(key(&places[0]), needed)?;
            for place in places {
                let view = &self.views[wanted[*place]];
                let values = view.storage.element.to_f32(&view.gather(&storage)?)?;
                tensors[*place] = Some(Tensor::from_vec(values, view.size.as_slice(), &Device::Cpu)?);
            }
        }
        Ok(tensors.into_iter().flatten().collect())
    }
}
