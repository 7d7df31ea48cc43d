//! A state dict as PyTorch saves one: a zip archive with a pickle of names and shapes, and the values
//! of each tensor as a file. `torch.load(file, weights_only=True)` reads it.
//!
//! The pickle calls two functions that PyTorch allows in weights: `torch._utils._rebuild_tensor_v2`
//! and `collections.OrderedDict`.

use std::io::{Cursor, Write as _};

use candle_core::{DType, Tensor};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::ExportError;

/// The archive; tensors are in the order of the network.
///
/// # Errors
/// When a tensor cannot be read or the archive not be made.
pub(super) fn state_dict(tensors: &[(String, Tensor)]) -> Result<Vec<u8>, ExportError> {
    let mut pickle = b"\x80\x02}(".to_vec();
    for (i, (name, tensor)) in tensors.iter().enumerate() {
        text(&mut pickle, name);
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut pickle, "storage");
        pickle.extend(b"ctorch\nFloatStorage\n");
        text(&mut pickle, &i.to_string());
        text(&mut pickle, "cpu");
        number(&mut pickle, tensor.elem_count());
        pickle.extend(b"tQK\x00(");
        tensor.dims().iter().for_each(|length| number(&mut pickle, *length));
        pickle.extend(b"t(");
        let mut stride = tensor.elem_count();
        for length in tensor.dims() {
            stride /= (*length).max(1);
            number(&mut pickle, stride);
        }
        pickle.extend(b"t\x89ccollections\nOrderedDict\n)RtR");
    }
    pickle.extend(b"u.");
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
    let mut file = |name: &str, bytes: &[u8]| {
        archive
            .start_file(format!("archive/{name}"), stored)
            .map_err(|error| ExportError::Archive(error.to_string()))?;
        archive.write_all(bytes).map_err(|error| ExportError::Archive(error.to_string()))
    };
    file("data.pkl", &pickle)?;
    file("byteorder", b"little")?;
    for (i, (_, tensor)) in tensors.iter().enumerate() {
        let values: Vec<f32> = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        file(&format!("data/{i}"), &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())?;
    }
    file("version", b"3\n")?;
    let archive = archive.finish().map_err(|error| ExportError::Archive(error.to_string()))?;
    Ok(archive.into_inner())
}

fn text(pickle: &mut Vec<u8>, text: &str) {
    pickle.push(b'X');
    pickle.extend((text.len() as u32).to_le_bytes());
    pickle.extend(text.as_bytes());
}

/// A number below 2³¹, or as long as it is.
fn number(pickle: &mut Vec<u8>, number: usize) {
    if let Ok(small) = i32::try_from(number) {
        pickle.push(b'J');
        pickle.extend(small.to_le_bytes());
    } else {
        pickle.extend([0x8a, 9]);
        pickle.extend((number as u64).to_le_bytes());
        pickle.push(0);
    }
}
