//! A value out of candle's operations with a way back of one's own, on every device.
//!
//! candle asks an operation of one's own for a kernel on each device. Here the value is computed by
//! candle's operations, and the operation that is ours does nothing but hand it on: its way back is
//! made of candle's operations again. On the CPU the kernels of this crate run instead.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp3, Layout, MetalStorage, Shape, Tensor, bail};

use crate::Result;

/// Gradients of `x` and of `w`; none where nobody asks.
pub(super) type Pair = (Option<Tensor>, Option<Tensor>);

/// `y`, which was computed from `x` and `w`; `back` makes the gradients of both from that of `y`.
pub(super) fn handed_on(
    x: &Tensor,
    w: &Tensor,
    y: &Tensor,
    back: impl Fn(&Tensor, &Tensor, &Tensor, &Tensor) -> Result<Pair> + Send + Sync + 'static,
) -> Result<Tensor> {
    x.apply_op3(w, &y.detach().contiguous()?, HandedOn(back))
}

/// Of `(x, w, y)` the last.
struct HandedOn<F>(F);

fn whole<S: BackendStorage>(y: &S, layout: &Layout) -> Result<(S, Shape)> {
    match layout.contiguous_offsets() {
        Some((0, _)) => Ok((y.try_clone(layout)?, layout.shape().clone())),
        _ => bail!("a value that begins where its storage begins is expected"),
    }
}

impl<F: Fn(&Tensor, &Tensor, &Tensor, &Tensor) -> Result<Pair> + Send + Sync> CustomOp3 for HandedOn<F> {
    fn name(&self) -> &'static str {
        "a value with a way back of its own"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        y: &CpuStorage,
        layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        whole(y, layout)
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        y: &CudaStorage,
        layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        whole(y, layout)
    }

    fn metal_fwd(
        &self,
        _: &MetalStorage,
        _: &Layout,
        _: &MetalStorage,
        _: &Layout,
        y: &MetalStorage,
        layout: &Layout,
    ) -> Result<(MetalStorage, Shape)> {
        whole(y, layout)
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        y: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (dx, dw) = (self.0)(&x.detach(), &w.detach(), &y.detach(), &dy.detach())?;
        Ok((dx, dw, None))
    }
}
