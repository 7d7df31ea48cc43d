//! Two-dimensional convolution on the CPU, forward and backward, as candle custom operations.
//!
//! Candle's own convolution re-lays its input and its kernel at every call and is 4–5 times slower
//! than PyTorch. Here maps stay in blocks of sixteen channels from layer to layer and are convolved
//! directly, without im2col: see [`crate::nchw16c`]. Bias, the residual branch and ReLU ride on the
//! same pass. Planes `(N, C, H, W)` are taken too and laid out in blocks first, but for images of a
//! few channels: they have a way of their own.
//!
//! What it does not do: dilation, groups (see [`mod@super::depthwise`]), other types than `f32`. On
//! CUDA and Metal candle's kernels run.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Shape, Tensor, bail};

use super::activation::{Activation, activated, let_through};
use super::candle_conv::by_candle;
use crate::Result;
use crate::cpu_values::{is_tracked, slice, values};
use crate::device::own_kernels_run;
use crate::geometry::Geometry;
use crate::nchw16c::backward::{Transposed, kernel_gradient};
use crate::nchw16c::depthwise::Filter;
use crate::nchw16c::first_conv::Planes;
use crate::nchw16c::forward::{Epilogue, LayerInput, Weights, convolve, convolve_to, output};
use crate::nchw16c::packing::{Kernel, pack, pack_bias};
use crate::nchw16c::widened::{Widen, widen_and_filter};
use crate::nchw16c::{LANES, Maps, Pixel, WidePixel, first_conv, is_blocked, pixels, to_blocks};

/// The input as a convolution takes it: in blocks, or as planes of a few channels.
pub(super) fn admitted(x: &Tensor) -> Result<Tensor> {
    if x.rank() == 4 && x.dim(1)? < LANES { x.contiguous() } else { to_blocks(x)?.contiguous() }
}

/// Size of an input that was [`admitted`].
#[derive(Clone, Copy)]
pub(super) enum Size {
    Blocks(Maps),
    Planes(Planes),
}

impl Size {
    pub(super) fn of(x: &Tensor) -> Result<Self> {
        if is_blocked(x) { Maps::of(x.dims()).map(Self::Blocks) } else { planes_of(x.layout()).map(Self::Planes) }
    }

    pub(super) fn shape(self) -> Shape {
        match self {
            Self::Blocks(maps) => maps.shape(),
            Self::Planes(planes) => planes.shape(),
        }
    }
}

/// The gradient of an input, plus `rest`, which is in blocks as the input is; `w` is
/// `(O, C, k, k)`.
pub(super) fn input_gradient(
    dy: &[f32],
    size: Size,
    w: &[f32],
    kernel: Kernel,
    g: Geometry,
    rest: Option<&[Pixel]>,
) -> Result<Vec<f32>> {
    match (size, rest) {
        (Size::Blocks(maps), rest) => Ok(Transposed::new(w, kernel, g, maps).input_gradient(dy, maps, rest)),
        (Size::Planes(planes), None) => {
            let rows = first_conv::transposed(w, planes.columns(kernel.outputs, g));
            Ok(first_conv::input_gradient(dy, planes, &rows, kernel.outputs, g))
        }
        (Size::Planes(_), Some(_)) => bail!("nothing is added to the gradient of planes"),
    }
}

/// Size of a kernel `(O, C, k, k)`; `layout` is that of the input, which has to have its channels.
pub(super) fn kernel_of(layout: &Layout, shape: &[usize], g: Geometry) -> Result<Kernel> {
    let [outputs, channels, height, width] = *shape else { bail!("a kernel has four dimensions, not {shape:?}") };
    let fits = match *layout.dims() {
        [_, c, h, w] => c == channels && g.padded(h) >= height && g.padded(w) >= width,
        [_, blocks, h, w, _] => blocks == channels.div_ceil(LANES) && g.padded(h) >= height && g.padded(w) >= width,
        _ => false,
    };
    if !fits || height != g.kernel || width != g.kernel {
        bail!("a convolution with a kernel {shape:?} does not take maps of the shape {:?}", layout.dims());
    }
    Ok(Kernel { outputs, channels, taps: height * width })
}

/// Size of planes `(N, C, H, W)`.
pub(super) fn planes_of(layout: &Layout) -> Result<Planes> {
    let (n, channels, h, w) = layout.shape().dims4()?;
    Ok(Planes { n, channels, h, w })
}

/// The shape that comes out.
pub(super) fn shape_of(layout: &Layout, outputs: usize, g: Geometry) -> Shape {
    let dims = layout.dims();
    output(Maps { n: dims[0], blocks: 1, h: dims[2], w: dims[3] }, outputs, g).shape()
}

/// `W ∗ x` with gradients for both; for training.
struct ConvOp(Geometry);

impl CustomOp2 for ConvOp {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        let g = self.0;
        let kernel = kernel_of(lx, lw.dims(), g)?;
        let (x, w) = (slice(x, lx)?, slice(w, lw)?);
        let out = if lx.dims().len() == 4 {
            let planes = planes_of(lx)?;
            let columns = planes.columns(kernel.outputs, g);
            let weights = Weights { kernel: columns, rows: &pack(w, columns), bias: None };
            first_conv::convolve(x, planes, weights, g, Epilogue::default())
        } else {
            let weights = Weights { kernel, rows: &pack(w, kernel), bias: None };
            convolve(x, Maps::of(lx.dims())?, weights, g, Epilogue::default())
        };
        Ok((CpuStorage::F32(out), shape_of(lx, kernel.outputs, g)))
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let g = self.0;
        let kernel = kernel_of(x.layout(), w.dims(), g)?;
        let dy = dy.contiguous()?;
        let (dy, x_values, w_values) = (values(&dy)?, values(x)?, values(w)?);
        let size = Size::of(x)?;
        let dx = is_tracked(x).then(|| input_gradient(&dy, size, &w_values, kernel, g, None)).transpose()?;
        // A frozen kernel costs nothing.
        let dw = is_tracked(w).then(|| match size {
            Size::Blocks(maps) => kernel_gradient(&x_values, maps, &dy, kernel, g),
            Size::Planes(planes) => first_conv::kernel_gradient(&x_values, planes, &dy, kernel.outputs, g),
        });
        let tensor = |values: Option<Vec<f32>>, like: &Tensor| {
            values.map(|v| Tensor::from_vec(v, like.shape(), like.device())).transpose()
        };
        Ok((tensor(dx, x)?, tensor(dw, w)?))
    }
}

/// `w ∗ x` for training: `x` is `(N, C, H, W)` or blocked, `w` is `(O, C, k, k)`; gradients flow to
/// both. On the CPU the result is blocked.
pub fn conv2d(x: &Tensor, w: &Tensor, geometry: Geometry) -> Result<Tensor> {
    if own_kernels_run(x.device()) {
        admitted(x)?.apply_op2(&w.contiguous()?, ConvOp(geometry))
    } else {
        by_candle(x, w, geometry)
    }
}

/// A convolution whose kernel and bias no longer change: packed once, bias, residual and ReLU
/// fused.
pub struct PreparedConv {
    geometry: Geometry,
    /// `(O, C, k, k)` and `(O)` on the model's device.
    weight: Tensor,
    bias: Tensor,
    /// The same for the CPU path.
    packed: Option<Arc<Packed>>,
}

struct Packed {
    geometry: Geometry,
    weight: Tensor,
    kernel: Kernel,
    /// For planes of few channels.
    columns: OnceLock<Vec<WidePixel>>,
    /// For blocks.
    rows: OnceLock<Vec<WidePixel>>,
    /// For gradients of planes of few channels.
    columns_back: OnceLock<Vec<WidePixel>>,
    /// For gradients of blocks.
    transposed: OnceLock<Transposed>,
    bias: Vec<WidePixel>,
}

/// What a cell holds, made when it is asked for the first time. Another thread may have been as
/// quick: both make the same.
pub(super) fn once<T>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    if cell.get().is_none() {
        let _ = cell.set(make()?);
    }
    cell.get().ok_or_else(|| candle_core::Error::Msg("a kernel could not be packed".into()))
}

impl Packed {
    /// For blocks.
    fn weights(&self) -> Result<Weights<'_>> {
        let rows = once(&self.rows, || Ok(pack(&values(&self.weight)?, self.kernel)))?;
        Ok(Weights { kernel: self.kernel, rows, bias: Some(&self.bias) })
    }

    /// For gradients of blocks of this size; what was packed first serves all but inputs of which
    /// `SAME` padding asks for other zeros.
    fn transposed(&self, size: Maps) -> Result<Cow<'_, Transposed>> {
        let make = || Ok(Transposed::new(&values(&self.weight)?, self.kernel, self.geometry, size));
        let first = once(&self.transposed, make)?;
        if first.is_for(size) { Ok(Cow::Borrowed(first)) } else { make().map(Cow::Owned) }
    }

    /// The gradient of the input of `size`, plus `rest`; `dy` is that before the epilogue.
    fn input_gradient(&self, dy: &[f32], size: Size, rest: Option<&[Pixel]>) -> Result<Vec<f32>> {
        let (kernel, g) = (self.kernel, self.geometry);
        match (size, rest) {
            (Size::Blocks(maps), rest) => Ok(self.transposed(maps)?.input_gradient(dy, maps, rest)),
            (Size::Planes(planes), None) => {
                let columns = planes.columns(kernel.outputs, g);
                let rows = once(&self.columns_back, || Ok(first_conv::transposed(&values(&self.weight)?, columns)))?;
                Ok(first_conv::input_gradient(dy, planes, rows, kernel.outputs, g))
            }
            (Size::Planes(_), Some(_)) => bail!("nothing is added to the gradient of planes"),
        }
    }
}

impl PreparedConv {
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Takes `(O, C, k, k)` and `(O)`.
    pub fn new(weight: Tensor, bias: Tensor, geometry: Geometry) -> Result<Self> {
        let packed = if own_kernels_run(weight.device()) {
            let (outputs, channels, height, width) = weight.dims4()?;
            Some(Arc::new(Packed {
                geometry,
                weight: weight.contiguous()?,
                kernel: Kernel { outputs, channels, taps: height * width },
                columns: OnceLock::new(),
                rows: OnceLock::new(),
                columns_back: OnceLock::new(),
                transposed: OnceLock::new(),
                bias: pack_bias(&values(&bias)?),
            }))
        } else {
            None
        };
        Ok(Self { geometry, weight, bias, packed })
    }

    /// The gradient of an input of `size`, plus `rest`, from that of `W ∗ x + b + skip`; on the
    /// CPU.
    pub(super) fn input_gradient(&self, dy: &[f32], size: Size, rest: Option<&[Pixel]>) -> Result<Vec<f32>> {
        self.on_the_cpu()?.input_gradient(dy, size, rest)
    }

    /// `W ∗ x + b` of blocked maps with what follows into `to`, whatever it holds; on the CPU.
    pub(super) fn forward_to(&self, x: LayerInput<'_>, after: Epilogue<'_>, to: &mut [Pixel]) -> Result<()> {
        convolve_to(x, self.on_the_cpu()?.weights()?, self.geometry, after, to);
        Ok(())
    }

    /// `filter(f(W · x + b))` of blocked maps of `size` into `to`, whatever it holds; of one tap,
    /// on the CPU.
    pub(super) fn widen_and_filter(
        &self,
        x: &[Pixel],
        size: Maps,
        activation: Activation,
        filter: Filter<'_>,
        to: &mut [Pixel],
    ) -> Result<()> {
        widen_and_filter(x, size, Widen { weights: self.on_the_cpu()?.weights()?, activation }, filter, to);
        Ok(())
    }

    /// The gradient of blocked maps of `size`, and what follows it on the way back, into `to`,
    /// whatever it holds; on the CPU, of stride 1.
    pub(super) fn input_gradient_to(
        &self,
        dy: &[Pixel],
        size: Maps,
        after: Epilogue<'_>,
        to: &mut [Pixel],
    ) -> Result<()> {
        self.on_the_cpu()?.transposed(size)?.input_gradient_to(dy, size, after, to)
    }

    /// `(O, C, k, k)`.
    pub(super) fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// `(O)`.
    pub(super) fn bias(&self) -> &Tensor {
        &self.bias
    }

    /// Channels that go in.
    pub(super) fn channels(&self) -> usize {
        self.weight.dims()[1]
    }

    /// Channels that come out.
    pub(super) fn outputs(&self) -> usize {
        self.weight.dims()[0]
    }

    fn on_the_cpu(&self) -> Result<&Packed> {
        match &self.packed {
            Some(packed) => Ok(packed),
            None => bail!("this convolution was prepared for another device than the CPU"),
        }
    }

    /// `f(W ∗ x + b + skip)`. On the CPU the result is blocked. Gradients flow where `f` is told by
    /// its value.
    pub fn forward(&self, x: &Tensor, skip: Option<&Tensor>, activation: Activation) -> Result<Tensor> {
        let op = |packed: &Arc<Packed>| PreparedOp { packed: packed.clone(), activation };
        match (&self.packed, skip) {
            (Some(packed), None) => admitted(x)?.apply_op1(op(packed)),
            (Some(packed), Some(skip)) => admitted(x)?.apply_op2(&to_blocks(skip)?.contiguous()?, op(packed)),
            (None, _) => {
                let g = self.geometry;
                let y = by_candle(x, &self.weight, g)?;
                let mut y = y.broadcast_add(&self.bias.reshape((1, (), 1, 1))?)?;
                if let Some(skip) = skip {
                    y = (y + skip)?;
                }
                activated(&y, activation)
            }
        }
    }
}

struct PreparedOp {
    packed: Arc<Packed>,
    activation: Activation,
}

impl PreparedOp {
    fn run(&self, x: &[f32], lx: &Layout, skip: Option<&[f32]>) -> Result<(CpuStorage, Shape)> {
        let p = &self.packed;
        let g = p.geometry;
        let kernel = kernel_of(lx, p.weight.dims(), g)?;
        let shape = shape_of(lx, kernel.outputs, g);
        if skip.is_some_and(|s| s.len() != shape.elem_count()) {
            bail!("the branch that is added does not have the shape {shape:?}");
        }
        let epilogue = Epilogue { skip: skip.map(pixels), activation: self.activation, ..Epilogue::default() };
        let out = if lx.dims().len() == 4 {
            let planes = planes_of(lx)?;
            let columns = planes.columns(kernel.outputs, g);
            let rows = once(&p.columns, || Ok(pack(&values(&p.weight)?, columns)))?;
            first_conv::convolve(x, planes, Weights { kernel: columns, rows, bias: Some(&p.bias) }, g, epilogue)
        } else {
            convolve(x, Maps::of(lx.dims())?, p.weights()?, g, epilogue)
        };
        Ok((CpuStorage::F32(out), shape))
    }

    /// Gradients before the epilogue (= for the skip branch) and for the input.
    fn gradients(&self, x: &Tensor, result: &Tensor, dy: &Tensor) -> Result<(Tensor, Tensor)> {
        let p = &self.packed;
        let dy = dy.contiguous()?;
        let dy = let_through(&dy, result, self.activation)?;
        let dx = p.input_gradient(&values(&dy)?, Size::of(x)?, None)?;
        Ok((dy, Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

impl CustomOp1 for PreparedOp {
    fn name(&self) -> &'static str {
        "prepared conv2d"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout) -> Result<(CpuStorage, Shape)> {
        self.run(slice(x, lx)?, lx, None)
    }

    fn bwd(&self, x: &Tensor, result: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(self.gradients(x, result, dy)?.1))
    }
}

impl CustomOp2 for PreparedOp {
    fn name(&self) -> &'static str {
        "prepared residual conv2d"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, skip: &CpuStorage, ls: &Layout) -> Result<(CpuStorage, Shape)> {
        self.run(slice(x, lx)?, lx, Some(slice(skip, ls)?))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, result: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (dskip, dx) = self.gradients(x, result, dy)?;
        Ok((Some(dx), Some(dskip)))
    }
}
