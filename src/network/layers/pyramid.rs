//! A network that answers with a map as fine as its first level: down through an encoder, up again
//! with a way across at every level.
//!
//! ```text
//! image → level 1 → level 2 → … → level n → top
//!            │         │                      │ ×2
//!         lateral   lateral ────────────────▸ + → smooth → ×2 → + → … → head
//! ```
//!
//! U-Net (Ronneberger et al., MICCAI 2015) joins what comes across; feature pyramids (Lin et al.,
//! CVPR 2017) and `LinkNet` (Chaurasia and Culurciello, VCIP 2017) add it, which needs no second
//! copy of the maps: here the sum rides on the lateral convolution as a residual branch does. With
//! `e` of a level and `d` of the coarser one, `d ← smooth(relu(norm(lateral ∗ e) + up(d)))`.
//!
//! Levels are any layers that halve the side, so an encoder with weights of another task takes the
//! place of the light one of [`crate::segmentation`]. What it does not do: sides that the levels
//! do not halve evenly.

use candle_core::{Tensor, bail};

use super::ConvUnit;
use super::conv_unit::can_keep;
use super::upsample::{double, undouble};
use crate::nchw16c::{Maps, is_blocked, to_blocks, to_planes};
use crate::tape::{Gradients, Recorded, by_graph};
use crate::{Layer, Mode, Result};

/// From a coarser level to the next finer one.
pub struct Step {
    /// 1×1 of the encoder's maps; its ReLU stands behind the sum.
    pub lateral: ConvUnit,
    /// 3×3 behind the sum.
    pub smooth: ConvUnit,
}

/// An encoder with the way up.
pub struct Pyramid {
    /// Fine to coarse; each halves the side.
    pub levels: Vec<Box<dyn Layer>>,
    /// 1×1 of the coarsest maps.
    pub top: ConvUnit,
    /// Coarse to fine, one less than there are levels.
    pub steps: Vec<Step>,
    /// 1×1 to the logits.
    pub head: ConvUnit,
    /// Channels of the logits.
    pub outputs: usize,
}

/// Height and width of maps in either layout.
fn sides(x: &Tensor) -> Result<(usize, usize)> {
    Ok((x.dim(2)?, x.dim(3)?))
}

/// The coarser maps at the size of the finer ones.
fn grown(coarse: &Tensor, fine: &Tensor) -> Result<Tensor> {
    let ((h, w), (high, wide)) = (sides(coarse)?, sides(fine)?);
    if (2 * h, 2 * w) != (high, wide) {
        bail!(
            "maps of {w} × {h} do not grow to {wide} × {high}; the image's sides must be halved evenly by every level"
        );
    }
    double(coarse)
}

impl Layer for Pyramid {
    /// `(N, C, H, W)` → logits `(N, outputs, H/2, W/2)`.
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let mut maps = Vec::with_capacity(self.levels.len());
        let mut x = x.clone();
        for level in &self.levels {
            x = level.forward(&x, mode)?;
            maps.push(x.clone());
        }
        let mut up = self.top.forward(&x, None, mode)?;
        for (step, fine) in self.steps.iter().zip(maps.iter().rev().skip(1)) {
            let joined = step.lateral.forward(fine, Some(&grown(&up, fine)?), mode)?;
            up = step.smooth.forward(&joined, None, mode)?;
        }
        to_planes(&self.head.forward(&up, None, mode)?, self.outputs)
    }

    fn side(&self, length: usize) -> usize {
        self.levels.first().map_or(length, |level| level.side(length))
    }

    fn record(&self, x: Tensor, mode: Mode, wanted: bool) -> Result<Recorded<'_>> {
        if !can_keep(&x, mode) {
            return by_graph(self, &x, mode, wanted);
        }
        let mut x = x.detach();
        let mut maps = Vec::with_capacity(self.levels.len());
        let mut down = Vec::with_capacity(self.levels.len());
        for (i, level) in self.levels.iter().enumerate() {
            let (y, way) = level.record(x, mode, wanted || i > 0)?;
            maps.push(y.clone());
            down.push(way);
            x = y;
        }
        let (mut up, top) = self.top.keep(&x, None, mode, true)?;
        let mut steps = Vec::with_capacity(self.steps.len());
        for (step, fine) in self.steps.iter().zip(maps.iter().rev().skip(1)) {
            let size = Maps::of(up.dims())?;
            let (joined, lateral) = step.lateral.keep(fine, Some(&grown(&up, fine)?), mode, true)?;
            let (y, smooth) = step.smooth.keep(&joined, None, mode, true)?;
            steps.push((lateral, smooth, size));
            up = y;
        }
        let (logits, head) = self.head.keep(&up, None, mode, true)?;
        let logits = to_planes(&logits, self.outputs)?;
        let back = move |dy: Tensor, gradients: &mut Gradients| {
            let mut dy = asked(head.back(&to_blocks(&dy)?, None, gradients)?.0)?;
            // What each level hands back across, coarse to fine.
            let mut across = Vec::with_capacity(steps.len());
            for (lateral, smooth, size) in steps.iter().rev() {
                let joined = asked(smooth.back(&dy, None, gradients)?.0)?;
                let (fine, coarse) = lateral.back(&joined, None, gradients)?;
                across.push(asked(fine)?);
                dy = undouble(&asked(coarse)?, *size)?;
            }
            let mut dy = asked(top.back(&dy, None, gradients)?.0)?;
            for (i, way) in down.iter().enumerate().rev() {
                let Some(dx) = way(dy, gradients)? else { return Ok(None) };
                // `across` begins with the finest level.
                match i.checked_sub(1).and_then(|finer| across.get(finer)) {
                    Some(more) => dy = sum(&dx, more)?,
                    None => return Ok(Some(dx)),
                }
            }
            Ok(None)
        };
        Ok((logits, Box::new(back)))
    }
}

/// A gradient that was asked for.
fn asked(gradient: Option<Tensor>) -> Result<Tensor> {
    match gradient {
        Some(gradient) => Ok(gradient),
        None => bail!("a convolution of the pyramid handed no gradient back"),
    }
}

/// Two gradients of one tensor, whichever layout each came in.
fn sum(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if is_blocked(a) == is_blocked(b) { a + b } else { to_blocks(a)? + to_blocks(b)? }
}
