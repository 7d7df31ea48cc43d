//! An inverted residual block in use, where nothing but its output is asked for.
//!
//! What is widened is filtered while it lies in the cache (see [`crate::nchw16c::widened`]); what
//! is filtered lies in a buffer that is kept from block to block, is weighed there, and is narrowed
//! from there.

use std::sync::OnceLock;

use candle_core::Tensor;

use super::InvertedResidual;
use crate::cpu_values::{is_tracked, values};
use crate::device::own_kernels_run;
use crate::layers::depthwise::{PackedFilter, admitted};
use crate::layers::{ConvUnit, Kernel};
use crate::nchw16c::buffer::with_buffer;
use crate::nchw16c::forward::{Epilogue, LayerInput};
use crate::nchw16c::{LANES, Maps, blocks, depthwise, pixels, pixels_mut, to_blocks};
use crate::{Mode, Result};

/// The filter of a block, packed when it is used for the first time.
pub(super) type Filters = OnceLock<PackedFilter>;

impl InvertedResidual {
    /// The output of the block; none where more than that is asked for, or where a part of it still
    /// changes.
    pub(super) fn in_use(&self, x: &Tensor, mode: Mode) -> Result<Option<Tensor>> {
        if !matches!(mode, Mode::Inference | Mode::Sampling { .. }) || is_tracked(x) || !own_kernels_run(x.device()) {
            return Ok(None);
        }
        let widen = match &self.widen {
            None => None,
            Some(ConvUnit { kernel: Kernel::Prepared(conv), activation, .. }) => Some((conv, *activation)),
            Some(_) => return Ok(None),
        };
        let Kernel::Prepared(narrow) = &self.narrow.kernel else { return Ok(None) };
        let Some(filter) = PackedFilter::of(&self.filter, &self.packed)? else { return Ok(None) };
        let filter = filter.filter();
        let x = admitted(x, widen.map_or(self.wide, |(conv, _)| conv.channels()))?;
        let size = Maps::of(x.dims())?;
        let between = filter.output(Maps { blocks: blocks(self.wide), ..size });
        let out = Maps { blocks: blocks(self.channels), ..between };
        let skip = if self.added { Some(to_blocks(&x)?) } else { None };
        let mut y = vec![0.0; out.n * out.image() * LANES];
        with_buffer(between.n * between.image(), |maps| {
            let x = values(&x)?;
            match widen {
                Some((conv, activation)) => conv.widen_and_filter(pixels(&x), size, activation, filter, maps)?,
                None => depthwise::convolve_to(pixels(&x), size, filter, maps),
            }
            if let Some(excite) = &self.excite {
                excite.weigh(maps, between, mode)?;
            }
            let skip = skip.as_ref().map(values).transpose()?;
            let epilogue = Epilogue { skip: skip.as_deref().map(pixels), ..Epilogue::default() };
            narrow.forward_to(LayerInput { pixels: maps, size: between, norm: None }, epilogue, pixels_mut(&mut y))
        })?;
        Tensor::from_vec(y, out.shape(), x.device()).map(Some)
    }
}
