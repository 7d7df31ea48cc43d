//! Safetensors files of other programs: the header is read and checked, values where they lie once
//! they are needed.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use candle_core::{Device, Tensor};
use safetensors::tensor::Metadata;

use super::elements::Element;
use super::memory::room;
use super::{Dialect, Foreign, ImportError, Values};
use crate::limits::{FOREIGN_NAME, FOREIGN_TENSORS, PICKLE_BYTES};

/// Reads names and shapes.
pub(super) fn from_file(mut file: File) -> Result<Foreign, ImportError> {
    let whole = file.metadata()?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| ImportError::CutShort)?;
    let length = u64::from_le_bytes(length);
    if length > PICKLE_BYTES {
        return Err(ImportError::Damaged(format!("its header would be {length} bytes long")));
    }
    let mut header = Vec::new();
    file.by_ref().take(length).read_to_end(&mut header)?;
    if header.len() as u64 != length {
        return Err(ImportError::CutShort);
    }
    // Reading checks that no two tensors share a byte and that each has as many as its shape asks
    // for.
    let header: Metadata = serde_json::from_slice(&header).map_err(|error| ImportError::Damaged(error.to_string()))?;
    let start = 8 + length;
    if start + header.data_len() as u64 > whole {
        return Err(ImportError::CutShort);
    }
    let infos = header.tensors();
    if infos.len() > FOREIGN_TENSORS {
        return Err(ImportError::TooMany { what: "tensors", most: FOREIGN_TENSORS });
    }
    let mut named: Vec<_> = infos.into_iter().collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    let (mut tensors, mut places) = (Vec::with_capacity(named.len()), Vec::with_capacity(named.len()));
    for (name, info) in named {
        if name.len() > FOREIGN_NAME {
            return Err(ImportError::Damaged(format!("the name of a tensor has more than {FOREIGN_NAME} letters")));
        }
        let kind = || ImportError::Kind { name: name.clone(), kind: format!("{:?}", info.dtype) };
        let element = Element::of_safetensors(info.dtype).ok_or_else(kind)?;
        let (from, to) = info.data_offsets;
        places.push(Place { element, shape: info.shape.clone(), from: start + from as u64, bytes: to - from });
        tensors.push((name, info.shape.clone()));
    }
    let values = Box::new(Stored { file: RefCell::new(file), places });
    Ok(Foreign { format: "safetensors".into(), dialect: Dialect::Torch, tensors, uncalled: Vec::new(), values })
}

/// Where the values of a tensor lie.
struct Place {
    element: Element,
    shape: Vec<usize>,
    from: u64,
    bytes: usize,
}

struct Stored {
    file: RefCell<File>,
    places: Vec<Place>,
}

impl Values for Stored {
    fn read(&self, wanted: &[usize]) -> Result<Vec<Tensor>, ImportError> {
        let mut file = self.file.borrow_mut();
        let mut read = |number: &usize| {
            let Place { element, shape, from, bytes: count } = &self.places[*number];
            let mut bytes = room(*count)?;
            file.seek(SeekFrom::Start(*from))?;
            file.by_ref().take(*count as u64).read_to_end(&mut bytes)?;
            if bytes.len() != *count {
                return Err(ImportError::CutShort);
            }
            Ok(Tensor::from_vec(element.to_f32(&bytes)?, shape.as_slice(), &Device::Cpu)?)
        };
        wanted.iter().map(&mut read).collect()
    }
}
