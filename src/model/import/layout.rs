//! How the values of a foreign tensor are laid out as this program's networks have them.
//!
//! What a layout does to a shape is known before any value is read.

use candle_core::Tensor;

/// From the order of a file to that of PyTorch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// It is PyTorch's already.
    Same,
    /// A kernel `(k, k, I, O)` becomes `(O, I, k, k)`.
    Kernel,
    /// A dense kernel `(I, O)` becomes `(O, I)`.
    Dense,
    /// A dense kernel behind a flattened map of so many channels: Keras counts them fastest,
    /// PyTorch slowest.
    Flattened(usize),
    /// Positions `(1, T, D)` of patches alone, before which a class token without one gets zeros.
    BehindClass,
}

impl Layout {
    /// The shape of a tensor of this shape once it is laid out.
    #[must_use]
    pub fn shape(self, shape: &[usize]) -> Vec<usize> {
        match (self, shape) {
            (Self::Kernel, [h, w, inputs, outputs]) => vec![*outputs, *inputs, *h, *w],
            (Self::Dense | Self::Flattened(_), [inputs, outputs]) => vec![*outputs, *inputs],
            (Self::BehindClass, [one, patches, width]) => vec![*one, patches + 1, *width],
            _ => shape.to_vec(),
        }
    }

    /// The tensor laid out.
    ///
    /// # Errors
    /// When it cannot be computed.
    pub fn apply(self, tensor: &Tensor) -> candle_core::Result<Tensor> {
        match (self, tensor.dims()) {
            (Self::Kernel, [_, _, _, _]) => tensor.permute((3, 2, 0, 1))?.contiguous(),
            (Self::Dense, [_, _]) => tensor.t()?.contiguous(),
            (Self::Flattened(c), [inputs, outputs]) if c > 0 && inputs % c == 0 => {
                let cells = tensor.reshape((inputs / c, c, *outputs))?;
                cells.permute((2, 1, 0))?.reshape((*outputs, *inputs))?.contiguous()
            }
            (Self::BehindClass, [_, _, _]) => tensor.pad_with_zeros(1, 1, 0)?.contiguous(),
            _ => Ok(tensor.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn the_shape_is_known_before_the_values() {
        for (layout, shape) in [
            (Layout::Same, vec![2, 3, 4, 5]),
            (Layout::Kernel, vec![2, 3, 4, 5]),
            (Layout::Dense, vec![6, 2]),
            (Layout::Flattened(3), vec![6, 2]),
            (Layout::BehindClass, vec![1, 4, 3]),
        ] {
            let values: Vec<f32> = (0..shape.iter().product::<usize>()).map(|v| v as f32).collect();
            let tensor = Tensor::from_vec(values, shape.as_slice(), &Device::Cpu).unwrap();
            assert_eq!(layout.apply(&tensor).unwrap().dims(), layout.shape(&shape), "{layout:?}");
        }
    }
}
