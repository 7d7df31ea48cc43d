//! Depthwise convolution: one kernel for each channel (the middle of the blocks of EfficientNet and
//! MobileNet), as an operation of candle; the work is done in [`crate::nchw16c`].

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, Tensor, bail};

use super::candle_conv::depthwise_by_candle;
use crate::Result;
use crate::activation::Activation;
use crate::cpu_values::{is_tracked, slice, values};
use crate::device::own_kernels_run;
use crate::geometry::Geometry;
use crate::nchw16c::depthwise::{convolve, input_gradient, kernel_gradient, output, pack};
use crate::nchw16c::{Maps, blocks, to_blocks};

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
    let y = convolve(&values(&x)?, size, &kernels, bias.as_deref(), g, activation);
    Tensor::from_vec(y, output(size, g).shape(), x.device())
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
        let out = convolve(slice(x, lx)?, size, &kernels, None, g, Activation::None);
        Ok((CpuStorage::F32(out), output(size, g).shape()))
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
