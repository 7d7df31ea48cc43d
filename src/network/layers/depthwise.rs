//! Depthwise convolution: one kernel for each channel (the middle of the blocks of EfficientNet and
//! MobileNet), as an operation of candle; the work is done in [`crate::nchw16c`].

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, Tensor, bail};

use super::candle_conv::depthwise_by_candle;
use super::conv::once;
use super::{ConvUnit, Kernel};
use crate::Result;
use crate::activation::Activation;
use crate::cpu_values::{is_tracked, slice, values};
use crate::device::own_kernels_run;
use crate::geometry::Geometry;
use crate::nchw16c::depthwise::{Filter, convolve, input_gradient, kernel_gradient, pack};
use crate::nchw16c::{Maps, Pixel, blocks, to_blocks};

/// `x` is `(N, C, H, W)` or blocked, `w` is `(C, 1, k, k)`; gradients flow to both. On the CPU the
/// result is blocked.
pub fn depthwise(x: &Tensor, w: &Tensor, geometry: Geometry) -> Result<Tensor> {
    let channels = w.dim(0)?;
    if !own_kernels_run(x.device()) {
        return depthwise_by_candle(x, w, geometry);
    }
    admitted(x, channels)?.apply_op2(&w.contiguous()?, DepthwiseOp(geometry))
}

/// The same with bias and activation, for use: nothing flows back. On the CPU.
pub(super) fn depthwise_in_use(
    x: &Tensor,
    w: &Tensor,
    bias: Option<&Tensor>,
    g: Geometry,
    activation: Activation,
) -> Result<Tensor> {
    let x = admitted(x, w.dim(0)?)?;
    let size = Maps::of(x.dims())?;
    let bias = bias.map(|bias| Ok::<_, candle_core::Error>(pack(&values(bias)?, 1))).transpose()?;
    let kernels = pack(&values(w)?, g.kernel * g.kernel);
    let filter = Filter { kernel: &kernels, bias: bias.as_deref(), geometry: g, activation };
    Tensor::from_vec(convolve(&values(&x)?, size, filter), filter.output(size).shape(), x.device())
}

/// The filter of a unit that no longer changes, packed.
pub(super) struct PackedFilter {
    kernel: Vec<Pixel>,
    bias: Option<Vec<Pixel>>,
    geometry: Geometry,
    activation: Activation,
}

impl PackedFilter {
    /// Of a depthwise unit whose norm is folded; packed once into `kept`. None of any other unit.
    pub(super) fn of<'a>(unit: &ConvUnit, kept: &'a OnceLock<Self>) -> Result<Option<&'a Self>> {
        let Kernel::Plain { weight, bias, geometry, depthwise: true } = &unit.kernel else { return Ok(None) };
        if unit.norm.is_some() || is_tracked(weight) || bias.as_ref().is_some_and(is_tracked) {
            return Ok(None);
        }
        once(kept, || {
            let bias = bias.as_ref().map(|bias| Ok::<_, candle_core::Error>(pack(&values(bias)?, 1))).transpose()?;
            let kernel = pack(&values(weight)?, geometry.kernel * geometry.kernel);
            Ok(Self { kernel, bias, geometry: *geometry, activation: unit.activation })
        })
        .map(Some)
    }

    pub(super) fn filter(&self) -> Filter<'_> {
        let Self { kernel, bias, geometry, activation } = self;
        Filter { kernel, bias: bias.as_deref(), geometry: *geometry, activation: *activation }
    }
}

/// The input in blocks, if it has that many channels.
pub(super) fn admitted(x: &Tensor, channels: usize) -> Result<Tensor> {
    if x.rank() == 4 && x.dim(1)? != channels {
        bail!("this depthwise convolution takes {channels} channels, not {}", x.dim(1)?);
    }
    let x = to_blocks(x)?.contiguous()?;
    if x.dim(1)? != blocks(channels) {
        bail!("this depthwise convolution takes {channels} channels, not {} blocks of them", x.dim(1)?);
    }
    Ok(x)
}

struct DepthwiseOp(Geometry);

impl CustomOp2 for DepthwiseOp {
    fn name(&self) -> &'static str {
        "depthwise conv2d"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, k: &CpuStorage, lk: &Layout) -> Result<(CpuStorage, Shape)> {
        let (size, g) = (Maps::of(lx.dims())?, self.0);
        let kernels = pack(slice(k, lk)?, g.kernel * g.kernel);
        let filter = Filter { kernel: &kernels, bias: None, geometry: g, activation: Activation::None };
        Ok((CpuStorage::F32(convolve(slice(x, lx)?, size, filter)), filter.output(size).shape()))
    }

    fn bwd(&self, x: &Tensor, k: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (size, g) = (Maps::of(x.dims())?, self.0);
        let dy = dy.contiguous()?;
        let dy = values(&dy)?;
        let kernels = pack(&values(k)?, g.kernel * g.kernel);
        let dx = Tensor::from_vec(input_gradient(&dy, size, &kernels, g, None), x.shape(), x.device())?;
        // A frozen kernel costs nothing.
        let dk =
            is_tracked(k).then(|| Ok::<_, candle_core::Error>(kernel_gradient(&values(x)?, size, &dy, k.dim(0)?, g)));
        let dk = dk.transpose()?.map(|dk| Tensor::from_vec(dk, k.shape(), k.device())).transpose()?;
        Ok((Some(dx), dk))
    }
}
