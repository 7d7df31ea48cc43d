//! A convolution with what follows it, forward and the way back as one.
//!
//! In training the output of the convolution is kept for the batch norm, the input for the kernel's
//! gradient; what the ReLU let through is known from the first and not kept, but where a residual
//! branch was added before it. A kernel that no longer changes keeps nothing but what tells where
//! the ReLU was open.

use candle_core::{Tensor, bail};

use super::activation::{Activation, activated_values, passed_back};
use super::batch_norm::Normalization;
use super::channels::channel_sums;
use super::conv::{Size, admitted, input_gradient, kernel_of, planes_of, shape_of};
use super::{ConvUnit, Kernel};
use crate::cpu_values::values;
use crate::device::own_kernels_run;
use crate::geometry::Geometry;
use crate::nchw16c::backward::kernel_gradient;
use crate::nchw16c::forward::{Epilogue, Weights, convolve};
use crate::nchw16c::packing::{Kernel as Extent, pack, pack_bias};
use crate::nchw16c::{Maps, as_they_came, depthwise, first_conv, is_blocked, pixels, to_blocks};
use crate::tape::Gradients;
use crate::{Mode, Result};

/// Whether units keep what their way back needs: on the CPU, and where gradients are derivatives.
pub(super) fn can_keep(x: &Tensor, mode: Mode) -> bool {
    mode.rule().is_none() && own_kernels_run(x.device())
}

impl ConvUnit {
    fn is_depthwise(&self) -> bool {
        matches!(self.kernel, Kernel::Plain { depthwise: true, .. })
    }

    /// Runs the unit and keeps what its way back needs. `skip` is blocked.
    pub(super) fn keep(
        &self,
        x: &Tensor,
        skip: Option<&Tensor>,
        mode: Mode,
        wanted: bool,
    ) -> Result<(Tensor, Kept<'_>)> {
        let planes = if is_blocked(x) { None } else { Some(x.dim(1)?) };
        let x = x.detach();
        let x = if self.is_depthwise() { to_blocks(&x)?.contiguous()? } else { admitted(&x)? };
        let from = Size::of(&x)?;
        // What the activation lets through is told by its value, by its input, or by what the norm
        // was given.
        let told = self.activation.is_told_by_its_value();
        let riding = if told { self.activation } else { Activation::None };
        let (mut y, trained) = match &self.kernel {
            Kernel::Prepared(conv) => (conv.forward(&x, skip, riding)?, None),
            Kernel::Plain { weight, bias, geometry, .. } => {
                let (y, norm) = self.keep_trained(&x, weight, bias.as_ref(), *geometry, skip, mode)?;
                (y, Some(Trained { x, weight, bias: bias.as_ref(), geometry: *geometry, norm }))
            }
        };
        let normed = trained.as_ref().is_some_and(|t| t.norm.is_some());
        let by_norm = normed && (skip.is_none() || self.activation == Activation::None);
        let gate = if by_norm || self.activation == Activation::None {
            None
        } else if told {
            Some(y.clone())
        } else {
            let input = y;
            let out = activated_values(&values(&input)?, self.activation);
            y = Tensor::from_vec(out, input.shape(), input.device())?;
            Some(input)
        };
        let size = Maps::of(y.dims())?;
        Ok((y, Kept { unit: self, trained, from, planes, gate, size, added: skip.is_some(), wanted }))
    }

    /// The output of a unit that is trained, with that of its convolution where a batch norm
    /// follows; behind the activation where [`Kept`] need not know its input.
    fn keep_trained(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: Option<&Tensor>,
        g: Geometry,
        skip: Option<&Tensor>,
        mode: Mode,
    ) -> Result<(Tensor, Option<Normed>)> {
        let rows = match bias {
            Some(bias) => Some(pack_bias(&values(bias)?)),
            None => None,
        };
        let skip_values = skip.map(values).transpose()?;
        let told = self.activation.is_told_by_its_value();
        // Without a batch norm the ending rides on the convolution.
        let epilogue = match (&self.norm, &skip_values) {
            (Some(_), _) => Epilogue::default(),
            (None, skip) => {
                let activation = if told { self.activation } else { Activation::None };
                Epilogue { skip: skip.as_ref().map(|s| pixels(s)), activation, ..Epilogue::default() }
            }
        };
        let (x_values, w) = (values(x)?, values(weight)?);
        let (maps, shape) = if self.is_depthwise() {
            if epilogue.skip.is_some() {
                bail!("no branch is added behind a depthwise convolution");
            }
            let size = Maps::of(x.dims())?;
            let kernels = depthwise::pack(&w, g.kernel * g.kernel);
            let bias = match bias {
                Some(bias) => Some(depthwise::pack(&values(bias)?, 1)),
                None => None,
            };
            let activation = epilogue.activation;
            let filter = depthwise::Filter { kernel: &kernels, bias: bias.as_deref(), geometry: g, activation };
            (depthwise::convolve(&x_values, size, filter), filter.output(size).shape())
        } else {
            let kernel = kernel_of(x.layout(), weight.dims(), g)?;
            let maps = if is_blocked(x) {
                let weights = Weights { kernel, rows: &pack(&w, kernel), bias: rows.as_deref() };
                convolve(&x_values, Maps::of(x.dims())?, weights, g, epilogue)
            } else {
                let planes = planes_of(x.layout())?;
                let columns = planes.columns(kernel.outputs, g);
                let weights = Weights { kernel: columns, rows: &pack(&w, columns), bias: rows.as_deref() };
                first_conv::convolve(&x_values, planes, weights, g, epilogue)
            };
            (maps, shape_of(x.layout(), kernel.outputs, g))
        };
        let size = Maps::of(shape.dims())?;
        let maps = Tensor::from_vec(maps, shape, x.device())?;
        let Some(norm) = &self.norm else { return Ok((maps, None)) };
        let activation = if told || skip.is_none() { self.activation } else { Activation::None };
        let normalization = norm.normalization(&values(&maps)?, size, activation, mode)?;
        let y = normalization.forward(&values(&maps)?, size, skip_values.as_deref());
        let y = Tensor::from_vec(y, maps.shape(), x.device())?;
        Ok((y, Some(Normed { maps, normalization })))
    }
}

/// The output of the convolution and what the batch norm did to it.
struct Normed {
    maps: Tensor,
    normalization: Normalization,
}

/// What the gradients of a unit's own parameters need.
struct Trained<'a> {
    x: Tensor,
    weight: &'a Tensor,
    bias: Option<&'a Tensor>,
    geometry: Geometry,
    norm: Option<Normed>,
}

/// What the way back of a unit needs.
pub(super) struct Kept<'a> {
    unit: &'a ConvUnit,
    /// None where the kernel no longer changes.
    trained: Option<Trained<'a>>,
    /// Of the input.
    from: Size,
    /// Channels of the input where it came in planes.
    planes: Option<usize>,
    /// What tells what the activation let through, where that is not the norm: its value, or its
    /// input where the value does not tell.
    gate: Option<Tensor>,
    /// Of the output.
    size: Maps,
    /// A branch was added before the ReLU.
    added: bool,
    wanted: bool,
}

impl Kept<'_> {
    /// Gradients of the input (plus `rest`, blocked) and of the branch that was added, which is
    /// that before the ReLU.
    pub(super) fn back(
        &self,
        dy: &Tensor,
        rest: Option<&Tensor>,
        gradients: &mut Gradients,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let dy = dy.contiguous()?;
        let before = match &self.gate {
            Some(told) => {
                let open = passed_back(&values(&dy)?, &values(told)?, self.unit.activation);
                Tensor::from_vec(open, dy.shape(), dy.device())?
            }
            None => dy,
        };
        let around = self.added.then(|| before.clone());
        let rest = rest.map(values).transpose()?;
        let rest = rest.as_deref().map(pixels);
        let dx = match (&self.unit.kernel, &self.trained) {
            (Kernel::Prepared(conv), _) => {
                let dy = values(&before)?;
                self.wanted.then(|| conv.input_gradient(&dy, self.from, rest)).transpose()?
            }
            (_, Some(trained)) => {
                let d = self.before_convolution(trained, &before, gradients)?;
                let (d, w, g) = (values(&d)?, values(trained.weight)?, trained.geometry);
                let kernel = trained.kernel_gradient(&d, self.unit.is_depthwise(), gradients)?;
                match (kernel, self.from, self.wanted) {
                    (_, _, false) => None,
                    (Some(kernel), from, true) => Some(input_gradient(&d, from, &w, kernel, g, rest)?),
                    (None, Size::Blocks(from), true) => {
                        let kernels = depthwise::pack(&w, g.kernel * g.kernel);
                        Some(depthwise::input_gradient(&d, from, &kernels, g, rest))
                    }
                    (None, Size::Planes(_), true) => bail!("a depthwise convolution takes maps in blocks"),
                }
            }
            (Kernel::Plain { .. }, None) => bail!("nothing was kept of this convolution"),
        };
        let tensor = |dx| as_they_came(Tensor::from_vec(dx, self.from.shape(), before.device())?, self.planes);
        Ok((dx.map(tensor).transpose()?, around))
    }

    /// The gradient of the convolution's output; that of norm and bias is left on the way.
    fn before_convolution(&self, trained: &Trained<'_>, dy: &Tensor, gradients: &mut Gradients) -> Result<Tensor> {
        let channels = trained.weight.dim(0)?;
        let parameter = |values: &[f32]| Tensor::new(&values[..channels], dy.device());
        if let (Some(kept), Some(norm)) = (&trained.norm, &self.unit.norm) {
            let open = self.gate.is_none();
            let found = kept.normalization.backward(&values(&kept.maps)?, self.size, &values(dy)?, open);
            gradients.add(norm.weight.id(), parameter(&found.weight)?)?;
            gradients.add(norm.bias.id(), parameter(&found.bias)?)?;
            if let Some(bias) = trained.bias {
                gradients.add(bias.id(), parameter(&found.shift)?)?;
            }
            return Tensor::from_vec(found.input, self.size.shape(), dy.device());
        }
        if let Some(bias) = trained.bias {
            gradients.add(bias.id(), parameter(&channel_sums(&values(dy)?, self.size))?)?;
        }
        Ok(dy.clone())
    }
}

impl Trained<'_> {
    /// Leaves the gradient of the kernel, and yields its size where it is none for each channel.
    fn kernel_gradient(&self, dy: &[f32], depthwise: bool, gradients: &mut Gradients) -> Result<Option<Extent>> {
        let x = values(&self.x)?;
        let mut leave = |dw: Vec<f32>| {
            gradients.add(self.weight.id(), Tensor::from_vec(dw, self.weight.shape(), self.weight.device())?)
        };
        if depthwise {
            let (size, channels) = (Maps::of(self.x.dims())?, self.weight.dim(0)?);
            leave(depthwise::kernel_gradient(&x, size, dy, channels, self.geometry))?;
            return Ok(None);
        }
        let kernel = kernel_of(self.x.layout(), self.weight.dims(), self.geometry)?;
        let dw = if is_blocked(&self.x) {
            kernel_gradient(&x, Maps::of(self.x.dims())?, dy, kernel, self.geometry)
        } else {
            first_conv::kernel_gradient(&x, planes_of(self.x.layout())?, dy, kernel.outputs, self.geometry)
        };
        leave(dw)?;
        Ok(Some(kernel))
    }
}
