//! Convolutions of every shape that files describe, on kernels that know square windows, one stride
//! and even padding.
//!
//! A dilated or oblong kernel is set into a square one with zeros between and around its taps.
//! Zeros that do not lie evenly around the image are written out. Of a convolution in groups so many
//! are done at once that whole blocks of channels go in and come out; what one group must not see
//! of another has weight 0. All of this is exact. It costs what the zeros cost.

use std::sync::OnceLock;

use candle_core::{Tensor, bail};

use super::op::Window;
use crate::cpu_values::is_tracked;
use crate::device::own_kernels_run;
use crate::geometry::Geometry;
use crate::layers::activation::Activation;
use crate::layers::conv::PreparedConv;
use crate::layers::{ConvUnit, Kernel};
use crate::nchw16c::{LANES, is_blocked, to_blocks, to_planes};
use crate::{Layer, Mode, Result};

/// A window of kernel `k` and stride `s` as ours, if its zeros lie on maps of `h` × `w` as ours do.
pub(super) fn even(window: &Window, k: usize, s: usize, h: usize, w: usize) -> Option<Geometry> {
    let [top, left, bottom, right] = window.pads;
    if window.pads == [top; 4] {
        return Some(Geometry::even(k, s, top));
    }
    let same = Geometry::same(k, s);
    let fits = same.before(h) == top && same.behind(h) == bottom && same.before(w) == left && same.behind(w) == right;
    fits.then_some(same)
}

/// Maps with zeros above, left, below and right, in planes or in blocks.
pub(super) fn widened(x: &Tensor, [top, left, bottom, right]: [usize; 4]) -> Result<Tensor> {
    x.pad_with_zeros(2, top, bottom)?.pad_with_zeros(3, left, right)?.contiguous()
}

/// The geometry of a convolution that our kernels run as it is, on maps of `h` × `w`.
pub(super) fn plain(window: &Window, h: usize, w: usize) -> Option<Geometry> {
    match *window {
        Window { kernel: [k, k2], stride: [s, s2], dilation: [1, 1], .. } if k == k2 && s == s2 => {
            even(window, k, s, h, w)
        }
        _ => None,
    }
}

/// A convolution of another shape.
pub(super) struct ShapedConv {
    /// `(O, C / groups, rows, columns)`.
    pub weight: Tensor,
    pub bias: Tensor,
    pub inputs: usize,
    pub groups: usize,
    pub window: Window,
    pub activation: Activation,
    /// Packed once where the kernel does not change.
    pub packed: OnceLock<Vec<ConvUnit>>,
}

impl ShapedConv {
    /// Groups that are done at once.
    fn together(&self) -> Result<usize> {
        let (own_in, own_out) = (self.inputs / self.groups, self.weight.dim(0)? / self.groups);
        let whole = |m: &usize| {
            self.groups.is_multiple_of(*m) && (m * own_in).is_multiple_of(LANES) && (m * own_out).is_multiple_of(LANES)
        };
        Ok((1..self.groups).find(whole).unwrap_or(self.groups))
    }

    /// Taps of the square kernel, and zeros around maps for it.
    fn square(&self) -> Result<(usize, [usize; 4])> {
        let [rows, columns] = [0, 1].map(|axis| self.window.dilation[axis] * (self.window.kernel[axis] - 1) + 1);
        if self.window.stride[0] != self.window.stride[1] {
            bail!("a convolution with strides {:?}", self.window.stride);
        }
        let k = rows.max(columns);
        let [top, left, bottom, right] = self.window.pads;
        let (above, ahead) = ((k - rows) / 2, (k - columns) / 2);
        Ok((k, [top + above, left + ahead, bottom + k - rows - above, right + k - columns - ahead]))
    }

    /// The kernel `(O, C / groups, k, k)` with zeros between and around its taps.
    fn set_in_square(&self, k: usize) -> Result<Tensor> {
        let mut kernel = self.weight.clone();
        for axis in [2, 3] {
            let (taps, step) = (kernel.dim(axis)?, self.window.dilation[axis - 2]);
            if step > 1 {
                let mut shape = kernel.dims().to_vec();
                let apart = kernel.unsqueeze(axis + 1)?.pad_with_zeros(axis + 1, 0, step - 1)?.contiguous()?;
                shape[axis] = taps * step;
                kernel = apart.reshape(shape)?.narrow(axis, 0, (taps - 1) * step + 1)?;
            }
            let missing = k - kernel.dim(axis)?;
            kernel = kernel.pad_with_zeros(axis, missing / 2, missing - missing / 2)?;
        }
        kernel.contiguous()
    }

    /// One convolution for every so many groups.
    fn units(&self, k: usize, geometry: Geometry, fixed: bool) -> Result<Vec<ConvUnit>> {
        let (kernel, together) = (self.set_in_square(k)?, self.together()?);
        let (own_in, own_out) = (self.inputs / self.groups, kernel.dim(0)? / self.groups);
        let unit = |first: usize| {
            let block = |t: usize| {
                let rows = kernel.narrow(0, (first + t) * own_out, own_out)?;
                rows.pad_with_zeros(1, t * own_in, (together - 1 - t) * own_in)
            };
            let weight = Tensor::cat(&(0..together).map(block).collect::<Result<Vec<_>>>()?, 0)?.contiguous()?;
            let bias = self.bias.narrow(0, first * own_out, together * own_out)?.contiguous()?;
            let kernel = if fixed {
                Kernel::Prepared(PreparedConv::new(weight, bias, geometry)?)
            } else {
                Kernel::Plain { weight, bias: Some(bias), geometry, depthwise: false }
            };
            Ok(ConvUnit { kernel, norm: None, activation: self.activation })
        };
        (0..self.groups).step_by(together).map(unit).collect()
    }
}

impl Layer for ShapedConv {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let (k, pads) = self.square()?;
        let s = self.window.stride[0];
        let (x, geometry) = if pads == [pads[0]; 4] {
            (x.clone(), Geometry::even(k, s, pads[0]))
        } else {
            (widened(x, pads)?, Geometry::even(k, s, 0))
        };
        let made;
        let units = if is_tracked(&self.weight) {
            made = self.units(k, geometry, false)?;
            &made
        } else {
            if self.packed.get().is_none() {
                // Another thread may have been as quick: both make the same.
                let _ = self.packed.set(self.units(k, geometry, true)?);
            }
            match self.packed.get() {
                Some(units) => units,
                None => bail!("a kernel could not be packed"),
            }
        };
        if let [unit] = units.as_slice() {
            return unit.forward(&x, None, mode);
        }
        let share = self.inputs / units.len();
        let in_blocks = own_kernels_run(x.device());
        let x = if in_blocks && share.is_multiple_of(LANES) { to_blocks(&x)? } else { to_planes(&x, self.inputs)? };
        let width = if is_blocked(&x) { share / LANES } else { share };
        let part =
            |(i, unit): (usize, &ConvUnit)| unit.forward(&x.narrow(1, i * width, width)?.contiguous()?, None, mode);
        Tensor::cat(&units.iter().enumerate().map(part).collect::<Result<Vec<_>>>()?, 1)
    }
}
