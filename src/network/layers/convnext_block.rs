//! The block of ConvNeXt (Liu et al. 2022): a 7×7 depthwise convolution, a norm over channels, and
//! two 1×1 convolutions with a GELU between them, behind which stands a factor for each channel.
//!
//! ```text
//! y = x + γ · narrow(gelu(widen(norm(dw(x)))))
//! ```
//!
//! torchvision and timm write the 1×1 convolutions as linear layers over maps with the channels
//! last; they are the same, and here maps stay in blocks of channels all the way. In use `γ` is
//! folded into the last convolution.

use candle_core::Tensor;

use super::ConvUnit;
use super::attention::DropPath;
use super::channel_norm::ChannelNorm;
use super::channels::scale;
use crate::device::own_kernels_run;
use crate::graph::draw::Drawing;
use crate::nchw16c::{as_they_came, taken, to_blocks};
use crate::tape::{Gradients, Recorded, by_graph};
use crate::{Layer, Mode, Result};

/// A block.
pub struct ConvNextBlock {
    pub filter: ConvUnit,
    pub norm: ChannelNorm,
    pub widen: ConvUnit,
    pub narrow: ConvUnit,
    /// γ, `(C, 1, 1)`; none where it is folded.
    pub scale: Option<Tensor>,
    pub drop: DropPath,
}

impl Layer for ConvNextBlock {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let x = &to_blocks(x)?;
        let filtered = self.filter.forward(x, None, mode)?;
        let wide = self.widen.forward(&self.norm.forward(&filtered, mode)?, None, mode)?;
        let drops = matches!(mode, Mode::Training { .. }) && self.drop.rate > 0.0;
        if self.scale.is_none() && !drops {
            return self.narrow.forward(&wide, Some(x), mode);
        }
        let mut branch = self.narrow.forward(&wide, None, mode)?;
        if let Some(factors) = &self.scale {
            let factors = factors.flatten_all()?.unsqueeze(0)?;
            let (n, channels) = (branch.dim(0)?, factors.dim(1)?);
            branch = scale(&branch, &factors.broadcast_as((n, channels))?)?;
        }
        x + self.drop.applied(branch, mode)?
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        if !own_kernels_run(x.device()) {
            return by_graph(self, &x, mode, wanted);
        }
        let (x, planes) = taken(&x.detach())?;
        let (y, way) = by_graph(self, &x, mode, wanted)?;
        let back = move |dy: Tensor, gradients: &mut Gradients| {
            way(dy, gradients)?.map(|dx| as_they_came(dx, planes)).transpose()
        };
        Ok((y, Box::new(back)))
    }

    fn draw(&self, to: &mut Drawing, x: usize) -> Result<usize> {
        let filtered = self.filter.drawn(to, x, None)?;
        let normed = self.norm.draw(to, filtered)?;
        let wide = self.widen.drawn(to, normed, None)?;
        match &self.scale {
            None => self.narrow.drawn(to, wide, Some(x)),
            Some(factors) => {
                let branch = self.narrow.drawn(to, wide, None)?;
                let factors = to.constant(&factors.detach())?;
                let branch = to.mul(branch, factors)?;
                to.add(x, branch)
            }
        }
    }
}
