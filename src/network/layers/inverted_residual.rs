//! Inverted residual blocks (Sandler et al. 2018), of which EfficientNets and MobileNets are made.
//!
//! A 1×1 convolution widens, a depthwise convolution filters each channel, squeeze-and-excitation
//! weighs them where there is one, and a 1×1 convolution without activation narrows. Where input
//! and output have the same shape the block is added to its input. In training the branch of such
//! a block is left out for some samples (stochastic depth, Huang et al. 2016), and kept branches
//! are divided by the rate of keeping; in inference and in sampling every branch runs. A recorded
//! pass has a way back of its own, unit by unit.

mod in_use;

use candle_core::{Tensor, bail};
use in_use::Filters;

use super::activation::Activation;
use super::channels::scale;
use super::conv_unit::can_keep;
use super::squeeze_excite::{SqueezeExcite, SqueezeSpec};
use super::{ConvUnit, mask};
use crate::geometry::Geometry;
use crate::graph::draw::Drawing;
use crate::nchw16c::{as_they_came, taken, to_blocks};
use crate::source::{ConvSpec, TensorSource};
use crate::tape::{Gradients, Recorded, by_graph};
use crate::{Layer, Mode, Result};

/// Sets the masks of stochastic depth apart from those of dropout.
const FIRST_MASK: u64 = 1 << 16;

/// How a block is made.
#[derive(Clone, Copy, Debug)]
pub struct InvertedSpec {
    pub inputs: usize,
    /// Channels of the depthwise convolution; nothing widens where they are those of the input.
    pub wide: usize,
    pub outputs: usize,
    /// Of the depthwise convolution.
    pub window: Geometry,
    pub squeeze: Option<SqueezeSpec>,
    /// Behind every convolution but the last.
    pub activation: Activation,
    pub bias: bool,
    pub epsilon: f64,
    /// Share of the samples that the branch is left out for in training.
    pub drop: f32,
    /// Number of the block in the network.
    pub number: usize,
    /// The last convolution and its norm are modules of their own and not a module together
    /// (`conv.2` and `conv.3` for `conv.2.0` and `conv.2.1`), as in torchvision's MobileNetV2.
    pub flat: bool,
}

impl InvertedSpec {
    /// Takes the tensors of the modules `{at}.0`, `{at}.1` and so on.
    pub fn build<S: TensorSource>(self, source: &mut S, at: &str) -> std::result::Result<InvertedResidual, S::Error> {
        let point = Geometry::even(1, 1, 0);
        let unit = |conv: String, norm: String, inputs, outputs, geometry| ConvSpec {
            norm: Some(norm),
            activation: self.activation,
            bias: self.bias,
            epsilon: self.epsilon,
            ..ConvSpec::new(conv, inputs, outputs, geometry)
        };
        let together = |part: usize, inputs, outputs, geometry| {
            unit(format!("{at}.{part}.0"), format!("{at}.{part}.1"), inputs, outputs, geometry)
        };
        let mut part = 0;
        let mut widen = None;
        if self.wide != self.inputs {
            widen = Some(source.conv(&together(part, self.inputs, self.wide, point))?);
            part += 1;
        }
        let filter = together(part, self.wide, self.wide, self.window);
        let filter = source.conv(&ConvSpec { depthwise: true, ..filter })?;
        part += 1;
        let mut excite = None;
        if let Some(squeeze) = self.squeeze {
            excite = Some(squeeze.build(source, &format!("{at}.{part}"), self.wide)?);
            part += 1;
        }
        let last = if self.flat {
            unit(format!("{at}.{part}"), format!("{at}.{}", part + 1), self.wide, self.outputs, point)
        } else {
            together(part, self.wide, self.outputs, point)
        };
        Ok(InvertedResidual {
            widen,
            filter,
            excite,
            narrow: source.conv(&ConvSpec { activation: Activation::None, ..last })?,
            packed: Filters::new(),
            wide: self.wide,
            channels: self.outputs,
            added: self.window.stride == 1 && self.inputs == self.outputs,
            drop: self.drop,
            number: self.number as u64,
        })
    }
}

/// A block.
pub struct InvertedResidual {
    widen: Option<ConvUnit>,
    filter: ConvUnit,
    excite: Option<SqueezeExcite>,
    narrow: ConvUnit,
    packed: Filters,
    /// Channels of the depthwise convolution.
    wide: usize,
    /// Channels of the output.
    channels: usize,
    /// Input and output have the same shape and are added.
    added: bool,
    drop: f32,
    number: u64,
}

impl InvertedResidual {
    fn units(&self) -> impl Iterator<Item = &ConvUnit> {
        self.widen.iter().chain([&self.filter, &self.narrow])
    }

    /// Factors `(N, C)` of the branch, 0 where it is left out; none where every branch runs.
    fn kept(&self, x: &Tensor, mode: Mode) -> Result<Option<Tensor>> {
        let Mode::Training { seed } = mode else { return Ok(None) };
        if !self.added || self.drop <= 0.0 {
            return Ok(None);
        }
        let n = x.dim(0)?;
        let kept = mask(&[n, 1], 1.0 - self.drop, seed, FIRST_MASK + self.number, 0, x.device())?;
        kept.expand((n, self.channels))?.contiguous().map(Some)
    }
}

impl Layer for InvertedResidual {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        if let Some(y) = self.in_use(x, mode)? {
            return Ok(y);
        }
        let wide = match &self.widen {
            Some(widen) => widen.forward(x, None, mode)?,
            None => x.clone(),
        };
        let filtered = self.filter.forward(&wide, None, mode)?;
        let weighed = match &self.excite {
            Some(excite) => excite.forward(&filtered, mode)?,
            None => filtered,
        };
        match self.kept(x, mode)? {
            Some(kept) => scale(&self.narrow.forward(&weighed, None, mode)?, &kept)? + to_blocks(x)?,
            None => self.narrow.forward(&weighed, self.added.then_some(x), mode),
        }
    }

    fn side(&self, length: usize) -> usize {
        self.units().fold(length, |length, unit| unit.side(length))
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        if !can_keep(&x, mode) {
            return by_graph(self, &x, mode, wanted);
        }
        let (x, planes) = taken(&x.detach())?;
        let dropped = self.kept(&x, mode)?;
        let (wide, widen) = match &self.widen {
            Some(widen) => {
                let (wide, kept) = widen.keep(&x, None, mode, wanted)?;
                (wide, Some(kept))
            }
            None => (x.clone(), None),
        };
        let (filtered, filter) = self.filter.keep(&wide, None, mode, wanted || widen.is_some())?;
        let (weighed, excite) = match &self.excite {
            Some(excite) => {
                let (weighed, kept) = excite.keep(filtered, mode)?;
                (weighed, Some(kept))
            }
            None => (filtered, None),
        };
        let skip = (self.added && dropped.is_none()).then_some(&x);
        let (y, narrow) = self.narrow.keep(&weighed, skip, mode, true)?;
        let y = match &dropped {
            Some(factors) => (scale(&y, factors)? + &x)?,
            None => y,
        };
        let back = move |dy: Tensor, gradients: &mut Gradients| {
            let around = (self.added && wanted).then(|| dy.contiguous()).transpose()?;
            let branch = match &dropped {
                Some(factors) => scale(&dy, factors)?,
                None => dy,
            };
            let (Some(dy), _) = narrow.back(&branch, None, gradients)? else {
                bail!("the gradient of the narrowing convolution's input was not kept")
            };
            let dy = match &excite {
                Some(excite) => excite.back(&dy, gradients)?,
                None => dy,
            };
            let (dy, _) = filter.back(&dy, None, gradients)?;
            // What comes round is added to what the block's first convolution hands back.
            let dx = match (&widen, dy, around) {
                (Some(widen), Some(dy), around) => widen.back(&dy, around.as_ref(), gradients)?.0,
                (None, Some(dy), Some(around)) => Some((dy + around)?),
                (_, dy, _) => dy,
            };
            dx.map(|dx| as_they_came(dx, planes)).transpose()
        };
        Ok((y, Box::new(back)))
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let wide = self.widen.as_ref().map_or(Ok(x), |widen| widen.draw(to, x))?;
        let filtered = self.filter.draw(to, wide)?;
        let weighed = self.excite.as_ref().map_or(Ok(filtered), |excite| excite.draw(to, filtered))?;
        self.narrow.drawn(to, weighed, self.added.then_some(x))
    }
}
