//! Residual blocks (He et al. 2016): `relu(branch(x) + x)`, with a convolution on the way round
//! where the shapes differ.

use candle_core::Tensor;

use super::ConvUnit;
use super::activation::Activation;
use super::conv_unit::can_keep;
use crate::geometry::Geometry;
use crate::graph::draw::Drawing;
use crate::nchw16c::{as_they_came, taken};
use crate::source::{ConvSpec, TensorSource};
use crate::tape::{Gradients, Recorded, by_graph};
use crate::{Layer, Mode, Result};

/// A branch of convolutions and the way round it.
pub struct Residual {
    pub branch: Vec<ConvUnit>,
    /// The branch's end, which adds the way round and holds the last ReLU.
    pub last: ConvUnit,
    pub shortcut: Option<ConvUnit>,
}

impl Layer for Residual {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let skip = match &self.shortcut {
            Some(shortcut) => shortcut.forward(x, None, mode)?,
            None => x.clone(),
        };
        let inner = self.branch.iter().try_fold(x.clone(), |x, unit| unit.forward(&x, None, mode))?;
        self.last.forward(&inner, Some(&skip), mode)
    }

    fn side(&self, length: usize) -> usize {
        self.branch.iter().chain([&self.last]).fold(length, |length, unit| unit.side(length))
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        if !can_keep(&x, mode) {
            return by_graph(self, &x, mode, wanted);
        }
        let (x, planes) = taken(&x)?;
        let (skip, way_round) = match &self.shortcut {
            Some(shortcut) => {
                let (skip, kept) = shortcut.keep(&x, None, mode, wanted)?;
                (skip, Some(kept))
            }
            None => (x.clone(), None),
        };
        let mut inner = x;
        let mut branch = Vec::with_capacity(self.branch.len());
        for (i, unit) in self.branch.iter().enumerate() {
            let (y, kept) = unit.keep(&inner, None, mode, wanted || i > 0)?;
            inner = y;
            branch.push(kept);
        }
        let (y, last) = self.last.keep(&inner, Some(&skip), mode, true)?;
        let back = move |dy: Tensor, gradients: &mut Gradients| {
            let (dinner, dskip) = last.back(&dy, None, gradients)?;
            // What comes round is added to what the branch's first convolution hands back.
            let around = match (&way_round, dskip) {
                (Some(kept), Some(dskip)) => kept.back(&dskip, None, gradients)?.0,
                (_, dskip) => dskip,
            };
            let mut dy = dinner;
            let mut units = branch.iter().rev().peekable();
            while let Some(kept) = units.next() {
                let rest = if units.peek().is_none() { around.as_ref() } else { None };
                dy = match dy {
                    Some(dy) => kept.back(&dy, rest, gradients)?.0,
                    None => None,
                };
            }
            dy.map(|dx| as_they_came(dx, planes)).transpose()
        };
        Ok((y, Box::new(back)))
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let skip = self.shortcut.as_ref().map_or(Ok(x), |shortcut| shortcut.drawn(to, x, None))?;
        let inner = self.branch.iter().try_fold(x, |x, unit| unit.drawn(to, x, None))?;
        self.last.drawn(to, inner, Some(skip))
    }
}

/// How a block is made.
#[derive(Clone, Copy, Debug)]
pub struct BlockSpec {
    pub inputs: usize,
    /// Width of the branch; a bottleneck puts out four times as much.
    pub width: usize,
    pub stride: usize,
    pub bias: bool,
    pub epsilon: f64,
    /// The last batch norm of the branch starts with γ = 0.
    pub starts_silent: bool,
}

/// How many times wider than its branch a bottleneck is.
pub const EXPANSION: usize = 4;

impl BlockSpec {
    fn unit(self, name: &str, at: (&str, &str), channels: (usize, usize), kernel: usize, stride: usize) -> ConvSpec {
        let geometry = Geometry::even(kernel, stride, kernel / 2);
        ConvSpec {
            norm: Some(format!("{name}.{}", at.1)),
            bias: self.bias,
            epsilon: self.epsilon,
            activation: Activation::Relu,
            ..ConvSpec::new(format!("{name}.{}", at.0), channels.0, channels.1, geometry)
        }
    }

    fn shortcut<S: TensorSource>(
        self,
        source: &mut S,
        name: &str,
        outputs: usize,
    ) -> std::result::Result<Option<ConvUnit>, S::Error> {
        if self.stride == 1 && self.inputs == outputs {
            return Ok(None);
        }
        let spec = self.unit(name, ("downsample.0", "downsample.1"), (self.inputs, outputs), 1, self.stride);
        source.conv(&ConvSpec { activation: Activation::None, ..spec }).map(Some)
    }

    /// Two 3×3 convolutions.
    pub fn basic<S: TensorSource>(self, source: &mut S, name: &str) -> std::result::Result<Residual, S::Error> {
        let first = self.unit(name, ("conv1", "bn1"), (self.inputs, self.width), 3, self.stride);
        let last = self.unit(name, ("conv2", "bn2"), (self.width, self.width), 3, 1);
        Ok(Residual {
            branch: vec![source.conv(&first)?],
            last: source.conv(&ConvSpec { starts_silent: self.starts_silent, ..last })?,
            shortcut: self.shortcut(source, name, self.width)?,
        })
    }

    /// 1×1, 3×3 and 1×1; the stride is in the 3×3 (as in PyTorch, "v1.5") or in the first 1×1 (as
    /// published, and in Keras).
    pub fn bottleneck<S: TensorSource>(
        self,
        source: &mut S,
        name: &str,
        stride_first: bool,
    ) -> std::result::Result<Residual, S::Error> {
        let outputs = self.width * EXPANSION;
        let (narrow, wide) = if stride_first { (self.stride, 1) } else { (1, self.stride) };
        let first = self.unit(name, ("conv1", "bn1"), (self.inputs, self.width), 1, narrow);
        let middle = self.unit(name, ("conv2", "bn2"), (self.width, self.width), 3, wide);
        let last = self.unit(name, ("conv3", "bn3"), (self.width, outputs), 1, 1);
        Ok(Residual {
            branch: vec![source.conv(&first)?, source.conv(&middle)?],
            last: source.conv(&ConvSpec { starts_silent: self.starts_silent, ..last })?,
            shortcut: self.shortcut(source, name, outputs)?,
        })
    }
}
