//! The values of ONNX tensors: in the file as raw bytes or typed fields, or in a file beside it.
//!
//! Values become 32-bit floats, whole numbers among them: lengths and positions are far below 2²⁴.
//! A tensor's shape is compared with what is there before anything is allocated. A file beside the
//! model must lie in its folder: no link, no other folder, no absolute path; a shared machine has
//! files that a model has no business reading.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path};

use candle_core::Device;

use super::proto;
use super::wire::Field;
use crate::files::open_regular;
use crate::limits::WEIGHT_BYTES;
use crate::model::import::ImportError;
use crate::model::import::elements::Element;
use crate::model::import::memory::room;

/// The number format of a `TensorProto.DataType`.
fn element(kind: i64, name: &str) -> Result<Element, ImportError> {
    Ok(match kind {
        1 => Element::F32,
        2 => Element::U8,
        3 => Element::I8,
        5 => Element::I16,
        6 => Element::I32,
        7 => Element::I64,
        9 => Element::Bool,
        10 => Element::F16,
        11 => Element::F64,
        16 => Element::Bf16,
        other => {
            let kind = match other {
                4 => "uint16".to_owned(),
                8 => "string".to_owned(),
                12 => "uint32".to_owned(),
                13 => "uint64".to_owned(),
                14 | 15 => "complex".to_owned(),
                other => format!("number {other} of ONNX"),
            };
            return Err(ImportError::Kind { name: name.into(), kind });
        }
    })
}

/// Whether its values are whole numbers or truths.
pub(super) fn is_whole(kind: i64) -> bool {
    matches!(kind, 2..=7 | 9 | 12 | 13)
}

/// How many values of a tensor there may be: as many as it says, if there are bytes for so many.
pub(super) fn held(tensor: &proto::Tensor<'_>) -> usize {
    let there = match tensor.raw {
        Some(raw) => raw.len(),
        // They lie in another file, which is looked at when they are read.
        None if !tensor.external.is_empty() => usize::MAX,
        None => tensor.typed.iter().map(|(_, field)| field.bytes().map_or(1, <[u8]>::len)).sum(),
    };
    lengths(tensor).map_or(0, |(_, count)| count.min(there))
}

/// Lengths of all axes, and how many values there are.
pub(super) fn lengths(tensor: &proto::Tensor<'_>) -> Result<(Vec<usize>, usize), ImportError> {
    let shape: Option<Vec<usize>> = tensor.dims.iter().map(|dim| usize::try_from(*dim).ok()).collect();
    let count = shape.as_ref().and_then(|shape| shape.iter().try_fold(1usize, |all, side| all.checked_mul(*side)));
    let most = WEIGHT_BYTES as usize / 4;
    match (shape, count) {
        (Some(shape), Some(count)) if count <= most => Ok((shape, count)),
        _ => Err(ImportError::Damaged(format!("the tensor “{}” would have the shape {:?}", tensor.name, tensor.dims))),
    }
}

/// The values of a tensor as `f32` on the CPU. `folder` is that of the model.
///
/// # Errors
/// When they are not there, of another number than the shape says, or of a kind that is not read.
pub(super) fn read(tensor: &proto::Tensor<'_>, folder: &Path) -> Result<candle_core::Tensor, ImportError> {
    let (shape, count) = lengths(tensor)?;
    let element = element(tensor.kind, tensor.name)?;
    let values = if tensor.elsewhere {
        element.to_f32(&beside(tensor, folder, count * element.bytes())?)?
    } else if let Some(raw) = tensor.raw {
        if raw.len() != count * element.bytes() {
            return Err(wrong(tensor, raw.len() / element.bytes()));
        }
        element.to_f32(raw)?
    } else {
        typed(tensor, element, count)?
    };
    if values.len() != count {
        return Err(wrong(tensor, values.len()));
    }
    Ok(candle_core::Tensor::from_vec(values, shape, &Device::Cpu)?)
}

fn wrong(tensor: &proto::Tensor<'_>, found: usize) -> ImportError {
    ImportError::Damaged(format!("the tensor “{}” has {found} values and the shape {:?}", tensor.name, tensor.dims))
}

/// Values in fields of their type, packed or one by one.
fn typed(tensor: &proto::Tensor<'_>, element: Element, count: usize) -> Result<Vec<f32>, ImportError> {
    let mut values = room(count)?;
    let mut whole = Vec::new();
    for (number, field) in &tensor.typed {
        match (number, field) {
            (4, field) => field.floats(&mut values, count)?,
            (10, Field::Bytes(packed)) if packed.len() / 8 <= count - values.len().min(count) => {
                values.extend(packed.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32));
            }
            (10, Field::Fixed64(bits)) if values.len() < count => values.push(f64::from_bits(*bits) as f32),
            (5 | 7 | 11, field) => {
                field.integers(&mut whole, count)?;
                values.extend(whole.drain(..).map(|value| match element {
                    // Half precision stands here as its bits.
                    Element::F16 => half::f16::from_bits(value as u16).to_f32(),
                    Element::Bf16 => half::bf16::from_bits(value as u16).to_f32(),
                    _ => value as f32,
                }));
            }
            _ => return Err(wrong(tensor, values.len() + 1)),
        }
        if values.len() > count {
            return Err(wrong(tensor, values.len()));
        }
    }
    Ok(values)
}

/// Bytes of a tensor in a file in the folder of the model.
fn beside(tensor: &proto::Tensor<'_>, folder: &Path, bytes: usize) -> Result<Vec<u8>, ImportError> {
    let entry = |key: &str| tensor.external.iter().find(|(k, _)| *k == key).map(|(_, value)| *value);
    let outside = |location: &str| ImportError::Outside { tensor: tensor.name.into(), location: location.into() };
    let location = entry("location").ok_or_else(|| outside(""))?;
    let path = Path::new(location);
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if location.is_empty() || location.contains('\\') || !path.components().all(plain) {
        return Err(outside(location));
    }
    let place = folder.join(path);
    // A link, of the file or of a folder on the way to it, may lead anywhere.
    let linked =
        path.ancestors().filter(|part| !part.as_os_str().is_empty()).any(|part| folder.join(part).is_symlink());
    if linked {
        return Err(outside(location));
    }
    let number = |key: &str, default: u64| match entry(key) {
        Some(text) => text.trim().parse::<u64>().map_err(|_| ImportError::Damaged(format!("a {key} that is {text}"))),
        None => Ok(default),
    };
    let (offset, length) = (number("offset", 0)?, number("length", bytes as u64)?);
    let missing = |error: io::Error| ImportError::Beside { location: location.into(), source: error };
    let regular = open_regular(&place, WEIGHT_BYTES).map_err(|error| missing(error.into()))?;
    if length != bytes as u64 {
        return Err(ImportError::Damaged(format!(
            "the tensor “{}” has {length} bytes beside the file and needs {bytes}",
            tensor.name
        )));
    }
    if offset.checked_add(length).is_none_or(|end| end > regular.length) {
        return Err(ImportError::CutShort);
    }
    let (mut file, mut read) = (regular.file, room(bytes)?);
    file.seek(SeekFrom::Start(offset)).map_err(missing)?;
    file.take(length).read_to_end(&mut read).map_err(missing)?;
    if read.len() == bytes { Ok(read) } else { Err(ImportError::CutShort) }
}
