//! Number formats of foreign tensors, all read as `f32`.
//!
//! Weights in half precision widen exactly; doubles are rounded, as PyTorch's `.float()` does.

use half::{bf16, f16};

use super::ImportError;
use super::memory::room;

/// How one value is stored, little endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    F16,
    Bf16,
    F32,
    F64,
    I8,
    U8,
    I16,
    I32,
    I64,
    Bool,
}

impl Element {
    /// Bytes of one value.
    #[must_use]
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::F16 | Self::Bf16 | Self::I16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    /// The type of a PyTorch storage class (`FloatStorage`) or dtype (`float32`).
    #[must_use]
    pub(super) fn of_torch(name: &str) -> Option<Self> {
        Some(match name {
            "HalfStorage" | "float16" => Self::F16,
            "BFloat16Storage" | "bfloat16" => Self::Bf16,
            "FloatStorage" | "float32" => Self::F32,
            "DoubleStorage" | "float64" => Self::F64,
            "CharStorage" | "int8" => Self::I8,
            "ByteStorage" | "uint8" => Self::U8,
            "ShortStorage" | "int16" => Self::I16,
            "IntStorage" | "int32" => Self::I32,
            "LongStorage" | "int64" => Self::I64,
            "BoolStorage" | "bool" => Self::Bool,
            _ => return None,
        })
    }

    /// The type of a safetensors entry.
    #[must_use]
    pub(super) fn of_safetensors(dtype: safetensors::Dtype) -> Option<Self> {
        use safetensors::Dtype;
        Some(match dtype {
            Dtype::F16 => Self::F16,
            Dtype::BF16 => Self::Bf16,
            Dtype::F32 => Self::F32,
            Dtype::F64 => Self::F64,
            Dtype::I8 => Self::I8,
            Dtype::U8 => Self::U8,
            Dtype::I16 => Self::I16,
            Dtype::I32 => Self::I32,
            Dtype::I64 => Self::I64,
            Dtype::BOOL => Self::Bool,
            _ => return None,
        })
    }

    /// All values of `bytes`; a rest shorter than one value is left out.
    ///
    /// # Errors
    /// When there is no memory for them.
    pub(super) fn to_f32(self, bytes: &[u8]) -> Result<Vec<f32>, ImportError> {
        fn each<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Result<Vec<f32>, ImportError> {
            let (chunks, _) = bytes.as_chunks::<N>();
            let mut values = room(chunks.len())?;
            values.extend(chunks.iter().map(|chunk| value(*chunk)));
            Ok(values)
        }
        match self {
            Self::F16 => each(bytes, |b| f16::from_le_bytes(b).to_f32()),
            Self::Bf16 => each(bytes, |b| bf16::from_le_bytes(b).to_f32()),
            Self::F32 => each(bytes, f32::from_le_bytes),
            Self::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
            Self::I8 => each(bytes, |b| i8::from_le_bytes(b).into()),
            Self::U8 | Self::Bool => each(bytes, |[b]| b.into()),
            Self::I16 => each(bytes, |b| i16::from_le_bytes(b).into()),
            Self::I32 => each(bytes, |b| i32::from_le_bytes(b) as f32),
            Self::I64 => each(bytes, |b| i64::from_le_bytes(b) as f32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_precision_widens_to_the_same_number() {
        assert_eq!(Element::F16.to_f32(&f16::from_f32(-1.5).to_le_bytes()).unwrap(), [-1.5]);
        assert_eq!(Element::Bf16.to_f32(&bf16::from_f32(-1.5).to_le_bytes()).unwrap(), [-1.5]);
        assert_eq!(Element::F64.to_f32(&(-1.5f64).to_le_bytes()).unwrap(), [-1.5]);
        assert_eq!(Element::I64.to_f32(&(-3i64).to_le_bytes()).unwrap(), [-3.0]);
        assert_eq!(Element::F32.to_f32(&[0, 0, 0x80, 0x3f, 9]).unwrap(), [1.0]);
    }
}
