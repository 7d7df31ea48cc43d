//! Two-dimensional convolution on the CPU, forward and backward, as candle custom operations.
//!
//! Candle's own convolution re-lays its input and its kernel at every call and is 4–5 times slower than PyTorch.
//! Here the patches of an image are laid out as the columns of a matrix (im2col, Chellapilla et al. 2006) by copies of whole rows and
//! multiplied by the kernel with `rten-gemm`, which packs, vectorises and shares the work out. Bias, the
//! residual branch and ReLU ride on the same pass.
//!
//! With `Y = W ∗ X`: `dX` is the convolution of `dY` with the flipped kernel (stride 1) or `Wᵀ·dY` scattered back
//! (`col2im`, any stride), `dW = Σ dY · columns(X)ᵀ`.
//!
//! What it does not do: dilation, groups, other types than `f32`. On CUDA and Metal candle's kernels run.

use std::ops::{Deref, Range};
use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Shape, Storage, Tensor, bail};
use rayon::prelude::*;
use rten_gemm::{BiasVector, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedAMatrix};
use rten_tensor::{Matrix, NdTensorView};

use super::Result;

/// Kernel size, stride and zero padding, the same on both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
}

impl Geometry {
    /// Length of the output for an input of `length`.
    pub fn output(self, length: usize) -> usize {
        (length + 2 * self.padding).saturating_sub(self.kernel) / self.stride + 1
    }

    fn is_pointwise(self) -> bool {
        self.kernel == 1 && self.stride == 1 && self.padding == 0
    }
}

/// Channels, rows and columns of one image of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Extent {
    c: usize,
    h: usize,
    w: usize,
}

impl Extent {
    fn len(self) -> usize {
        self.c * self.h * self.w
    }
}

/// Lays the patches of `image` out as columns: `(C·k·k) × (OH·OW)`, row by row.
fn columns(image: &[f32], size: Extent, g: Geometry, out: &mut [f32]) {
    let (oh, ow) = (g.output(size.h), g.output(size.w));
    let mut rows = out.chunks_exact_mut(oh * ow);
    for channel in image.chunks_exact(size.h * size.w) {
        for ky in 0..g.kernel {
            for kx in 0..g.kernel {
                let row = rows.next().expect("one row of columns for each tap");
                // Output columns whose tap lies inside the image.
                let first = g.padding.saturating_sub(kx).div_ceil(g.stride).min(ow);
                let last =
                    if size.w + g.padding > kx { ((size.w + g.padding - kx - 1) / g.stride + 1).min(ow) } else { 0 };
                for (oy, line) in row.chunks_exact_mut(ow).enumerate() {
                    let y = oy * g.stride + ky;
                    if y < g.padding || y >= size.h + g.padding || first >= last {
                        line.fill(0.0);
                        continue;
                    }
                    let source = &channel[(y - g.padding) * size.w..][..size.w];
                    line[..first].fill(0.0);
                    line[last..].fill(0.0);
                    let start = first * g.stride + kx - g.padding;
                    if g.stride == 1 {
                        line[first..last].copy_from_slice(&source[start..start + last - first]);
                    } else {
                        for (v, s) in line[first..last].iter_mut().zip(source[start..].iter().step_by(g.stride)) {
                            *v = *s;
                        }
                    }
                }
            }
        }
    }
}

/// Adds columns back to the image they were taken from: the transpose of [`columns`].
fn scatter_columns(columns: &[f32], size: Extent, g: Geometry, image: &mut [f32]) {
    let (oh, ow) = (g.output(size.h), g.output(size.w));
    let mut rows = columns.chunks_exact(oh * ow);
    for channel in image.chunks_exact_mut(size.h * size.w) {
        for ky in 0..g.kernel {
            for kx in 0..g.kernel {
                let row = rows.next().expect("one row of columns for each tap");
                for (oy, line) in row.chunks_exact(ow).enumerate() {
                    let y = oy * g.stride + ky;
                    if y < g.padding || y >= size.h + g.padding {
                        continue;
                    }
                    let target = &mut channel[(y - g.padding) * size.w..][..size.w];
                    for (ox, v) in line.iter().enumerate() {
                        let x = ox * g.stride + kx;
                        if x >= g.padding && x < size.w + g.padding {
                            target[x - g.padding] += v;
                        }
                    }
                }
            }
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn gemm_error(error: rten_gemm::GemmError) -> candle_core::Error {
    candle_core::Error::Msg(format!("matrix multiplication: {error}"))
}

fn matrix(values: &[f32], rows: usize, columns: usize) -> Matrix<'_, f32> {
    NdTensorView::from_data([rows, columns], values)
}

/// What happens to the product before it is written.
#[derive(Clone, Copy)]
struct Epilogue<'a> {
    bias: Option<&'a [f32]>,
    /// Batch of the output's shape that is added before the ReLU.
    skip: Option<&'a [f32]>,
    relu: bool,
}

const PLAIN: Epilogue<'static> = Epilogue { bias: None, skip: None, relu: false };

/// `out = epilogue(W ∗ x)` for a batch; `kernel` is `O × (C·k·k)`.
fn convolve(
    x: &[f32],
    size: Extent,
    kernel: GemmInputA<'_, f32>,
    g: Geometry,
    epilogue: Epilogue<'_>,
) -> Result<Vec<f32>> {
    let o = kernel.rows();
    let area = g.output(size.h) * g.output(size.w);
    let batch = x.len() / size.len();
    let mut out = epilogue.skip.map_or_else(|| vec![0.0; batch * o * area], <[f32]>::to_vec);
    let beta = if epilogue.skip.is_some() { 1.0 } else { 0.0 };
    let depth = size.c * g.kernel * g.kernel;
    let gemm = GemmExecutor::<f32>::default();
    out.par_chunks_exact_mut(o * area).zip(x.par_chunks_exact(size.len())).try_for_each_init(
        Vec::new,
        |scratch: &mut Vec<f32>, (out, image)| {
            let patches = if g.is_pointwise() {
                image
            } else {
                scratch.resize(depth * area, 0.0);
                columns(image, size, g, scratch);
                scratch.as_slice()
            };
            let options = GemmOptions { beta, bias: epilogue.bias.map(BiasVector::Column), ..Default::default() };
            gemm.gemm(out, kernel, GemmInputB::Unpacked(matrix(patches, depth, area)), options).map_err(gemm_error)?;
            if epilogue.relu {
                out.iter_mut().for_each(|v| *v = v.max(0.0));
            }
            Ok::<_, candle_core::Error>(())
        },
    )?;
    Ok(out)
}

/// Gradient for the input: `dy` is `(N, O, OH, OW)`, `kernel` is `O × (C·k·k)`, `size` is that of the input.
fn input_gradient(dy: &[f32], size: Extent, o: usize, kernel: &[f32], g: Geometry) -> Result<Vec<f32>> {
    let out = Extent { c: o, h: g.output(size.h), w: g.output(size.w) };
    let taps = g.kernel * g.kernel;
    if g.stride == 1 && g.padding < g.kernel {
        // The flipped kernel, input and output channels exchanged: C × (O·k·k).
        let mut flipped = vec![0.0; kernel.len()];
        for oi in 0..o {
            for ci in 0..size.c {
                for t in 0..taps {
                    flipped[(ci * o + oi) * taps + taps - 1 - t] = kernel[(oi * size.c + ci) * taps + t];
                }
            }
        }
        let back = Geometry { padding: g.kernel - 1 - g.padding, ..g };
        return convolve(dy, out, GemmInputA::Unpacked(matrix(&flipped, size.c, o * taps)), back, PLAIN);
    }
    let area = out.h * out.w;
    let depth = size.c * taps;
    let gemm = GemmExecutor::<f32>::default();
    let mut dx = vec![0.0; dy.len() / out.len() * size.len()];
    dx.par_chunks_exact_mut(size.len()).zip(dy.par_chunks_exact(out.len())).try_for_each_init(
        Vec::new,
        |scratch: &mut Vec<f32>, (dx, dy)| {
            scratch.resize(depth * area, 0.0);
            let transposed = matrix(kernel, o, depth).transposed();
            let b = GemmInputB::Unpacked(matrix(dy, o, area));
            gemm.gemm(scratch, GemmInputA::Unpacked(transposed), b, GemmOptions::default()).map_err(gemm_error)?;
            scatter_columns(scratch, size, g, dx);
            Ok::<_, candle_core::Error>(())
        },
    )?;
    Ok(dx)
}

/// Gradient for the kernel, `O × (C·k·k)`, summed over the batch.
fn kernel_gradient(x: &[f32], size: Extent, dy: &[f32], o: usize, g: Geometry) -> Result<Vec<f32>> {
    let area = g.output(size.h) * g.output(size.w);
    let depth = size.c * g.kernel * g.kernel;
    let gemm = GemmExecutor::<f32>::default();
    let batch = x.len() / size.len();
    // A fixed partition of the batch: the order of the additions, and so the bits, do not depend on the machine.
    let share = batch.div_ceil(4).max(1);
    let partial: Vec<Vec<f32>> = x
        .par_chunks(size.len() * share)
        .zip(dy.par_chunks(o * area * share))
        .map(|(x, dy)| {
            let mut sum = vec![0.0; o * depth];
            let mut scratch = vec![0.0; if g.is_pointwise() { 0 } else { depth * area }];
            for (image, dy) in x.chunks_exact(size.len()).zip(dy.chunks_exact(o * area)) {
                let patches = if g.is_pointwise() {
                    image
                } else {
                    columns(image, size, g, &mut scratch);
                    scratch.as_slice()
                };
                let b = GemmInputB::Unpacked(matrix(patches, depth, area).transposed());
                let options = GemmOptions { beta: 1.0, ..Default::default() };
                gemm.gemm(&mut sum, GemmInputA::Unpacked(matrix(dy, o, area)), b, options).map_err(gemm_error)?;
            }
            Ok(sum)
        })
        .collect::<Result<_>>()?;
    let mut partial = partial.into_iter();
    let mut total = partial.next().unwrap_or_else(|| vec![0.0; o * depth]);
    for part in partial {
        total.iter_mut().zip(part).for_each(|(t, p)| *t += p);
    }
    Ok(total)
}

/// The values of a contiguous `f32` storage.
pub(super) fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let values = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&values[start..end]),
        None => bail!("this operation needs a contiguous tensor"),
    }
}

/// The values of a contiguous tensor on the CPU, borrowed for as long as this lives.
struct Values<G> {
    storage: G,
    range: Range<usize>,
}

impl<G: Deref<Target = Storage>> Deref for Values<G> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &*self.storage {
            Storage::Cpu(CpuStorage::F32(values)) => &values[self.range.clone()],
            _ => unreachable!("checked when it was borrowed"),
        }
    }
}

/// Borrows the values of a tensor; gradients are made contiguous before.
pub(super) fn values(tensor: &Tensor) -> Result<impl Deref<Target = [f32]> + '_> {
    let (storage, layout) = tensor.storage_and_layout();
    let Some((start, end)) = layout.contiguous_offsets() else { bail!("this operation needs a contiguous tensor") };
    match &*storage {
        Storage::Cpu(CpuStorage::F32(_)) => Ok(Values { storage, range: start..end }),
        _ => bail!("this operation runs on 32-bit floats on the CPU"),
    }
}

fn extent(layout: &Layout) -> Result<Extent> {
    let (_, c, h, w) = layout.shape().dims4()?;
    Ok(Extent { c, h, w })
}

/// `W ∗ x` with gradients for both; for training.
struct ConvOp(Geometry);

impl CustomOp2 for ConvOp {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        let (n, o, size) = (lx.dims()[0], lw.dims()[0], extent(lx)?);
        let kernel = matrix(slice(w, lw)?, o, size.c * self.0.kernel * self.0.kernel);
        let out = convolve(slice(x, lx)?, size, GemmInputA::Unpacked(kernel), self.0, PLAIN)?;
        let shape = (n, o, self.0.output(size.h), self.0.output(size.w));
        Ok((CpuStorage::F32(out), shape.into()))
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (size, o) = (extent(x.layout())?, w.dim(0)?);
        let dy = dy.contiguous()?;
        let dy = values(&dy)?;
        let dw = kernel_gradient(&values(x)?, size, &dy, o, self.0)?;
        let dw = Tensor::from_vec(dw, w.shape(), w.device())?;
        // The picture itself is no variable: what would be spent on its gradient is saved.
        let dx = if x.track_op() || x.is_variable() {
            Some(Tensor::from_vec(input_gradient(&dy, size, o, &values(w)?, self.0)?, x.shape(), x.device())?)
        } else {
            None
        };
        Ok((dx, Some(dw)))
    }
}

/// `w ∗ x` for training: `x` is `(N, C, H, W)`, `w` is `(O, C, k, k)`; gradients flow to both.
pub fn conv2d(x: &Tensor, w: &Tensor, geometry: Geometry) -> Result<Tensor> {
    if x.device().is_cpu() {
        x.contiguous()?.apply_op2(&w.contiguous()?, ConvOp(geometry))
    } else {
        x.conv2d(w, geometry.padding, geometry.stride, 1, 1)
    }
}

/// A convolution whose kernel and bias no longer change: packed once, bias, residual and ReLU fused.
pub struct PreparedConv {
    geometry: Geometry,
    relu: bool,
    /// `(O, C, k, k)` and `(O)` on the model's device.
    weight: Tensor,
    bias: Tensor,
    /// The same for the CPU path.
    packed: Option<Arc<Packed>>,
}

struct Packed {
    geometry: Geometry,
    relu: bool,
    channels: usize,
    outputs: usize,
    kernel: Vec<f32>,
    prepacked: PackedAMatrix<f32>,
    bias: Vec<f32>,
}

impl PreparedConv {
    /// Takes `(O, C, k, k)` and `(O)`.
    pub fn new(weight: Tensor, bias: Tensor, geometry: Geometry, relu: bool) -> Result<Self> {
        let packed = if weight.device().is_cpu() {
            let (outputs, channels, ..) = weight.dims4()?;
            let kernel = values(&weight)?.to_vec();
            let depth = kernel.len() / outputs;
            let prepacked = GemmExecutor::<f32>::default().prepack_a(matrix(&kernel, outputs, depth));
            Some(Arc::new(Packed {
                geometry,
                relu,
                channels,
                outputs,
                kernel,
                prepacked,
                bias: values(&bias)?.to_vec(),
            }))
        } else {
            None
        };
        Ok(Self { geometry, relu, weight, bias, packed })
    }

    /// `relu(W ∗ x + b + skip)`, without the ReLU where the convolution has none.
    pub fn forward(&self, x: &Tensor, skip: Option<&Tensor>) -> Result<Tensor> {
        match (&self.packed, skip) {
            (Some(packed), None) => x.contiguous()?.apply_op1(PreparedOp(packed.clone())),
            (Some(packed), Some(skip)) => x.contiguous()?.apply_op2(&skip.contiguous()?, PreparedOp(packed.clone())),
            (None, _) => {
                let g = self.geometry;
                let y = x.conv2d(&self.weight, g.padding, g.stride, 1, 1)?;
                let mut y = y.broadcast_add(&self.bias.reshape((1, (), 1, 1))?)?;
                if let Some(skip) = skip {
                    y = (y + skip)?;
                }
                if self.relu { y.relu() } else { Ok(y) }
            }
        }
    }
}

struct PreparedOp(Arc<Packed>);

impl PreparedOp {
    fn run(&self, x: &[f32], lx: &Layout, skip: Option<&[f32]>) -> Result<(CpuStorage, Shape)> {
        let (p, size) = (&self.0, extent(lx)?);
        if size.c != p.channels {
            bail!("this convolution takes {} channels, not {}", p.channels, size.c);
        }
        let epilogue = Epilogue { bias: Some(&p.bias), skip, relu: p.relu };
        let out = convolve(x, size, GemmInputA::Packed(&p.prepacked), p.geometry, epilogue)?;
        let shape = (lx.dims()[0], p.outputs, p.geometry.output(size.h), p.geometry.output(size.w));
        Ok((CpuStorage::F32(out), shape.into()))
    }

    /// Gradients before the epilogue (= for the skip branch) and for the input.
    fn gradients(&self, x: &Tensor, result: &Tensor, dy: &Tensor) -> Result<(Tensor, Tensor)> {
        let p = &self.0;
        let mut dy = values(&dy.contiguous()?)?.to_vec();
        if p.relu {
            for (d, y) in dy.iter_mut().zip(&*values(result)?) {
                if *y <= 0.0 {
                    *d = 0.0;
                }
            }
        }
        let dx = input_gradient(&dy, extent(x.layout())?, p.outputs, &p.kernel, p.geometry)?;
        Ok((Tensor::from_vec(dy, result.shape(), x.device())?, Tensor::from_vec(dx, x.shape(), x.device())?))
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
