//! Tensors as safetensors files: one after the other to the disk, or as bytes in single or half
//! precision.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, View};

use super::Result;
use super::config::Precision;
use super::run_files::replace;
use crate::files::writing::Access;

/// A tensor that becomes bytes when its turn to be written comes.
struct Lazy<'a> {
    shape: Vec<usize>,
    values: &'a [f32],
}

impl View for Lazy<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    fn data_len(&self) -> usize {
        4 * self.values.len()
    }
}

/// Writes tensors as a safetensors file with `state` in its header, one after the other: no second
/// copy of all of them is made.
pub(super) fn write_tensors(
    path: &Path,
    access: Access,
    tensors: Vec<(String, Vec<usize>, &[f32])>,
    state: String,
) -> Result<()> {
    let header = HashMap::from([("state".to_owned(), state)]);
    let views = tensors.into_iter().map(|(name, shape, values)| (name, Lazy { shape, values }));
    replace(path, access, |file| {
        safetensors::tensor::serialize_to_file(views, Some(header), file.path()).map_err(io::Error::other)
    })
}

/// Tensors as a safetensors file in the given precision: names with shapes and values, and the
/// header's text fields.
///
/// # Errors
/// When a shape does not fit its values.
pub(super) fn to_safetensors(
    tensors: &[(String, Vec<usize>, &[f32])],
    header: Option<HashMap<String, String>>,
    precision: Precision,
) -> std::result::Result<Vec<u8>, SafeTensorError> {
    let bytes = |(_, shape, values): &(String, Vec<usize>, &[f32])| -> (Dtype, Vec<u8>) {
        if precision.stores_in_half(shape) {
            (Dtype::F16, values.iter().flat_map(|v| half::f16::from_f32(*v).to_le_bytes()).collect())
        } else {
            (Dtype::F32, values.iter().flat_map(|v| v.to_le_bytes()).collect())
        }
    };
    let bytes: Vec<(Dtype, Vec<u8>)> = tensors.iter().map(bytes).collect();
    let views: Vec<(&str, TensorView<'_>)> = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), (kind, bytes))| Ok((name.as_str(), TensorView::new(*kind, shape.clone(), bytes)?)))
        .collect::<std::result::Result<_, SafeTensorError>>()?;
    safetensors::tensor::serialize(views, header)
}
