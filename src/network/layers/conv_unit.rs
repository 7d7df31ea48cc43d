//! A convolution with what follows it, forward and the way back as one.
//!
//! In training the output of the convolution is kept for the batch norm, the input for the kernel's gradient; what the ReLU let through is
//! known from the first and not kept, but where a residual branch was added before it. A kernel that no longer changes keeps nothing but
//! what tells where the ReLU was open.

use candle_core::{Tensor, bail};

use super::activation::{Activation, let_through};
use super::batch_norm::Normalization;
use super::channels::channel_sums;
use super::conv::{Size, admitted, input_gradient, kernel_of, planes_of, shape_of};
use super::{ConvUnit, Kernel};
use crate::network::cpu_values::values;
use crate::network::geometry::Geometry;
use crate::network::nchw16c::backward::kernel_gradient;
use crate::network::nchw16c::forward::{Epilogue, Weights, convolve};
use crate::network::nchw16c::packing::{Kernel as Extent, pack, pack_bias};
use crate::network::nchw16c::{Maps, as_they_came, first_conv, is_blocked, pixels};
use crate::network::tape::Gradients;
use crate::network::{Mode, Result};

impl ConvUnit {
    /// Whether [`Self::keep`] knows this unit: an ordinary convolution on the CPU with nothing or a ReLU at its end, and
    /// gradients that are derivatives.
    pub(super) fn can_keep(&self, x: &Tensor, mode: Mode) -> bool {
        let depthwise = matches!(self.kernel, Kernel::Plain { depthwise: true, .. });
        !depthwise && self.activation != Activation::Silu && mode.rule().is_none() && x.device().is_cpu()
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
        let x = admitted(&x.detach())?;
        let from = Size::of(&x)?;
        let relu = self.activation == Activation::Relu;
        let (y, trained) = match &self.kernel {
            Kernel::Prepared(conv) => (conv.forward(&x, skip, relu)?, None),
            Kernel::Plain { weight, bias, geometry, .. } => {
                let (y, norm) = self.keep_trained(&x, weight, bias.as_ref(), *geometry, skip, mode)?;
                (y, Some(Trained { x, weight, bias: bias.as_ref(), geometry: *geometry, norm }))
            }
        };
        // Where the output is needed to tell what the ReLU let through.
        let normed = trained.as_ref().is_some_and(|t| t.norm.is_some());
        let gate = (relu && (!normed || skip.is_some())).then(|| y.clone());
        let size = Maps::of(y.dims())?;
        Ok((y, Kept { unit: self, trained, from, planes, gate, size, added: skip.is_some(), wanted }))
    }

    /// The output of a unit that is trained, with that of its convolution where a batch norm follows.
    fn keep_trained(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: Option<&Tensor>,
        g: Geometry,
        skip: Option<&Tensor>,
        mode: Mode,
    ) -> Result<(Tensor, Option<Normed>)> {
        let kernel = kernel_of(x.layout(), weight.dims(), g)?;
        let shape = shape_of(x.layout(), kernel.outputs, g);
        let rows = match bias {
            Some(bias) => Some(pack_bias(&values(bias)?)),
            None => None,
        };
        let relu = self.activation == Activation::Relu;
        let skip_values = skip.map(values).transpose()?;
        // Without a batch norm the ending rides on the convolution.
        let epilogue = match (&self.norm, &skip_values) {
            (Some(_), _) => Epilogue::default(),
            (None, skip) => Epilogue { skip: skip.as_ref().map(|s| pixels(s)), relu, ..Epilogue::default() },
        };
        let maps = {
            let (x_values, w) = (values(x)?, values(weight)?);
            if is_blocked(x) {
                let weights = Weights { kernel, rows: &pack(&w, kernel), bias: rows.as_deref() };
                convolve(&x_values, Maps::of(x.dims())?, weights, g, epilogue)
            } else {
                let planes = planes_of(x.layout())?;
                let columns = planes.columns(kernel.outputs, g);
                let weights = Weights { kernel: columns, rows: &pack(&w, columns), bias: rows.as_deref() };
                first_conv::convolve(&x_values, planes, weights, g, epilogue)
            }
        };
        let size = Maps::of(shape.dims())?;
        let maps = Tensor::from_vec(maps, shape, x.device())?;
        let Some(norm) = &self.norm else { return Ok((maps, None)) };
        let normalization = norm.normalization(&values(&maps)?, size, relu, mode)?;
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
    gate: Option<Tensor>,
    /// Of the output.
    size: Maps,
    /// A branch was added before the ReLU.
    added: bool,
    wanted: bool,
}

impl Kept<'_> {
    /// Gradients of the input (plus `rest`, blocked) and of the branch that was added, which is that before the ReLU.
    pub(super) fn back(
        &self,
        dy: &Tensor,
        rest: Option<&Tensor>,
        gradients: &mut Gradients,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let dy = dy.contiguous()?;
        let before = match &self.gate {
            Some(y) => let_through(&dy, y)?,
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
                let kernel = trained.kernel_gradient(&d, gradients)?;
                self.wanted.then(|| input_gradient(&d, self.from, &w, kernel, g, rest)).transpose()?
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
            let open = self.unit.activation == Activation::Relu && self.gate.is_none();
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
    /// Leaves the gradient of the kernel.
    fn kernel_gradient(&self, dy: &[f32], gradients: &mut Gradients) -> Result<Extent> {
        let kernel = kernel_of(self.x.layout(), self.weight.dims(), self.geometry)?;
        let x = values(&self.x)?;
        let dw = if is_blocked(&self.x) {
            kernel_gradient(&x, Maps::of(self.x.dims())?, dy, kernel, self.geometry)
        } else {
            first_conv::kernel_gradient(&x, planes_of(self.x.layout())?, dy, kernel.outputs, self.geometry)
        };
        gradients.add(self.weight.id(), Tensor::from_vec(dw, self.weight.shape(), self.weight.device())?)?;
        Ok(kernel)
    }
}
