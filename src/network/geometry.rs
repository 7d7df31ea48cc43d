//! Where a window of convolution or pooling stands on its input.

/// Zeros around the input of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// So many on every side, as PyTorch has it.
    Even(usize),
    /// As many as an output of `⌈length / stride⌉` needs, the odd one at the end: `SAME` of
    /// TensorFlow. How many that is depends on the length of the input.
    Same,
}

/// Kernel size, stride and zero padding, the same on both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    pub kernel: usize,
    pub stride: usize,
    pub padding: Padding,
}

impl Geometry {
    /// With as many zeros at the start as at the end.
    pub const fn even(kernel: usize, stride: usize, padding: usize) -> Self {
        Self { kernel, stride, padding: Padding::Even(padding) }
    }

    /// With TensorFlow's `SAME` padding.
    pub const fn same(kernel: usize, stride: usize) -> Self {
        Self { kernel, stride, padding: Padding::Same }
    }

    /// Length of the output for an input of `length`.
    pub fn output(self, length: usize) -> usize {
        match self.padding {
            Padding::Even(padding) => (length + 2 * padding).saturating_sub(self.kernel) / self.stride + 1,
            Padding::Same => length.div_ceil(self.stride).max(1),
        }
    }

    /// Zeros before an input of `length`.
    pub fn before(self, length: usize) -> usize {
        match self.padding {
            Padding::Even(padding) => padding,
            Padding::Same => (self.padded(length) - length) / 2,
        }
    }

    /// Length of the input with its zeros on both sides.
    pub fn padded(self, length: usize) -> usize {
        match self.padding {
            Padding::Even(padding) => length + 2 * padding,
            Padding::Same => ((self.output(length) - 1) * self.stride + self.kernel).max(length),
        }
    }

    /// Zeros behind an input of `length`.
    pub fn behind(self, length: usize) -> usize {
        self.padded(length) - length - self.before(length)
    }

    /// Whether every window sees some of the input, however short that is.
    pub(crate) fn windows_see_input(self) -> bool {
        match self.padding {
            Padding::Even(padding) => 2 * padding <= self.kernel,
            Padding::Same => true,
        }
    }

    pub(crate) fn is_pointwise(self) -> bool {
        self.kernel == 1 && self.stride == 1 && matches!(self.padding, Padding::Even(0) | Padding::Same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_is_tensorflows() {
        // (length, kernel, stride) → (output, zeros before, zeros behind), by the formula of
        // tf.nn.convolution.
        for ((length, kernel, stride), expected) in [
            ((224, 3, 2), (112, 0, 1)),
            ((225, 3, 2), (113, 1, 1)),
            ((112, 5, 2), (56, 1, 2)),
            ((14, 5, 1), (14, 2, 2)),
            ((7, 2, 1), (7, 0, 1)),
            ((5, 1, 2), (3, 0, 0)),
        ] {
            let g = Geometry::same(kernel, stride);
            assert_eq!((g.output(length), g.before(length), g.behind(length)), expected, "{length} {g:?}");
        }
    }
}
