//! A convolution with what follows it, in training: forward and the way back as one.
//!
//! The output of the convolution is kept for the batch norm, the input for the kernel's gradient; what the ReLU let through is
//! known from the first and not kept, but where a residual branch was added before it.

use candle_core::{Tensor, bail};

use super::activation::Activation;
use super::batch_norm::{Normalization, let_through};
use super::blocked::backward::{input_gradient, kernel_gradient};
use super::blocked::forward::{Epilogue, Weights, convolve};
use super::blocked::packing::{pack, pack_bias};
use super::blocked::{Maps, is_blocked, pixels, stem, to_blocks, to_planes};
use super::channels::channel_sums;
use super::conv::{Geometry, admitted, kernel_of, planes_of, shape_of, values};
use super::layers::{ConvUnit, Kernel};
use super::recording::Gradients;
use super::{Mode, Result};

impl ConvUnit {
    /// Whether [`Self::keep`] knows this unit: an ordinary convolution on the CPU with nothing or a ReLU at its end.
    pub(super) fn is_plain(&self, x: &Tensor) -> bool {
        let ordinary = matches!(self.kernel, Kernel::Plain { depthwise: false, .. });
        ordinary && self.activation != Activation::Silu && x.device().is_cpu()
    }

    /// Runs the unit and keeps what its way back needs. `skip` is blocked.
    pub(super) fn keep(
        &self,
        x: &Tensor,
        skip: Option<&Tensor>,
        mode: Mode,
        wanted: bool,
    ) -> Result<(Tensor, Kept<'_>)> {
        let Kernel::Plain { weight, bias, geometry, .. } = &self.kernel else {
            bail!("a packed convolution is not trained")
        };
        let g = *geometry;
        let planes = if is_blocked(x) { None } else { Some(x.dim(1)?) };
        // Nobody wants the gradient of a picture: it may stay in planes.
        let x = if wanted { to_blocks(&x.detach())?.contiguous()? } else { admitted(&x.detach())? };
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
            (None, skip) => Epilogue { skip: skip.as_ref().map(|s| pixels(s)), relu },
        };
        let maps = {
            let (x_values, w) = (values(&x)?, values(weight)?);
            if is_blocked(&x) {
                let weights = Weights { kernel, rows: &pack(&w, kernel), bias: rows.as_deref() };
                convolve(&x_values, Maps::of(x.dims())?, weights, g, epilogue)
            } else {
                let planes = planes_of(x.layout())?;
                let columns = planes.columns(kernel.outputs, g);
                let weights = Weights { kernel: columns, rows: &pack(&w, columns), bias: rows.as_deref() };
                stem::convolve(&x_values, planes, weights, g, epilogue)
            }
        };
        let size = Maps::of(shape.dims())?;
        let maps = Tensor::from_vec(maps, shape, x.device())?;
        let (y, norm) = match &self.norm {
            Some(norm) => {
                let normalization = norm.normalization(&values(&maps)?, size, relu, mode)?;
                let y = normalization.forward(&values(&maps)?, size, skip_values.as_deref());
                let y = Tensor::from_vec(y, maps.shape(), x.device())?;
                (y, Some(Normed { maps, normalization }))
            }
            None => (maps, None),
        };
        // Where the output is needed to tell what the ReLU let through.
        let gate = (relu && (norm.is_none() || skip.is_some())).then(|| y.clone());
        Ok((y, Kept { unit: self, x, planes, geometry: g, norm, gate, size, added: skip.is_some(), wanted }))
    }
}

/// The output of the convolution and what the batch norm did to it.
struct Normed {
    maps: Tensor,
    normalization: Normalization,
}

/// What the way back of a unit needs.
pub(super) struct Kept<'a> {
    unit: &'a ConvUnit,
    x: Tensor,
    /// Channels of the input where it came in planes.
    planes: Option<usize>,
    geometry: Geometry,
    norm: Option<Normed>,
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
        self,
        dy: &Tensor,
        rest: Option<&Tensor>,
        gradients: &mut Gradients,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let Kernel::Plain { weight, bias, .. } = &self.unit.kernel else {
            bail!("a packed convolution is not trained")
        };
        let device = self.x.device();
        let channels = weight.dim(0)?;
        let parameter = |values: &[f32]| Tensor::new(&values[..channels], device);
        let dy = dy.contiguous()?;
        let open = self.unit.activation == Activation::Relu && self.gate.is_none();
        let before = match self.gate {
            Some(y) => let_through(&dy, &y)?,
            None => dy,
        };
        let around = self.added.then(|| before.clone());
        let dmaps = if let (Some(kept), Some(norm)) = (self.norm, &self.unit.norm) {
            let found = kept.normalization.backward(&values(&kept.maps)?, self.size, &values(&before)?, open);
            gradients.add(norm.weight.id(), parameter(&found.weight)?)?;
            gradients.add(norm.bias.id(), parameter(&found.bias)?)?;
            if let Some(bias) = bias {
                gradients.add(bias.id(), parameter(&found.shift)?)?;
            }
            drop(before);
            Tensor::from_vec(found.input, self.size.shape(), device)?
        } else {
            if let Some(bias) = bias {
                gradients.add(bias.id(), parameter(&channel_sums(&values(&before)?, self.size))?)?;
            }
            before
        };
        let kernel = kernel_of(self.x.layout(), weight.dims(), self.geometry)?;
        let (d, x) = (values(&dmaps)?, values(&self.x)?);
        let (dx, dw) = if is_blocked(&self.x) {
            let size = Maps::of(self.x.dims())?;
            let dw = kernel_gradient(&x, size, &d, kernel, self.geometry);
            let (rest, w) = (rest.map(values).transpose()?, values(weight)?);
            let dx = || input_gradient(&d, size, &w, kernel, self.geometry, rest.as_deref().map(pixels));
            (self.wanted.then(dx), dw)
        } else {
            (None, stem::kernel_gradient(&x, planes_of(self.x.layout())?, &d, kernel.outputs, self.geometry))
        };
        gradients.add(weight.id(), Tensor::from_vec(dw, weight.shape(), device)?)?;
        let dx = dx.map(|dx| Tensor::from_vec(dx, self.x.shape(), device)).transpose()?;
        let dx = match (dx, self.planes) {
            (Some(dx), Some(channels)) => Some(to_planes(&dx, channels)?),
            (dx, _) => dx,
        };
        Ok((dx, around))
    }
}
