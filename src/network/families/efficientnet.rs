//! EfficientNet-B0 (Tan and Le 2019), as torchvision has it.
//!
//! Inverted residual blocks: 1×1 convolution that widens, depthwise convolution,
//! squeeze-and-excitation (Hu et al. 2018), 1×1 convolution that narrows; `SiLU` in between. Where
//! input and output have the same shape the block is added to its input. In training the branch of
//! such a block is left out for some samples (stochastic depth, Huang et al. 2016) with a rate that
//! grows to `stochastic_depth` from the first block to the last; kept branches are divided by the
//! rate of keeping. In inference and in sampling every branch runs: MC dropout draws the dropout
//! before the head alone.
//!
//! Stages: `features.0` (3×3/2 convolution), `features.1` … `features.7` (blocks), `features.8`
//! (1×1 convolution), `avgpool`, `classifier.0` (dropout), `classifier.1`.

use candle_core::Tensor;

use crate::architecture::{Architecture, Family};
use crate::geometry::Geometry;
use crate::layers::activation::{Activation, activated};
use crate::layers::channels::scale;
use crate::layers::pool::global_average;
use crate::layers::{ConvUnit, GlobalAveragePool, Sequence, mask};
use crate::nchw16c::{to_blocks, to_planes};
use crate::source::{Chain, ConvSpec, TensorSource};
use crate::{Layer, Mode, Result};

/// Side of the depthwise kernel of each stage.
const KERNELS: [usize; 7] = [3, 3, 5, 3, 5, 5, 3];
/// How much the first convolution of each stage's blocks widens.
const EXPANSIONS: [usize; 7] = [1, 6, 6, 6, 6, 6, 6];
/// The squeezed vector is this part of the block's input.
const SQUEEZE: usize = 4;
/// Sets the masks of stochastic depth apart from those of dropout.
const FIRST_MASK: u64 = 1 << 16;

/// The published shape: stem, the seven stages, the last convolution.
pub(super) fn published() -> Architecture {
    Architecture {
        widths: vec![32, 16, 24, 40, 80, 112, 192, 320, 1280],
        blocks: vec![1, 2, 2, 3, 3, 4, 1],
        strides: vec![1, 2, 2, 2, 1, 2, 1],
        stochastic_depth: Some(0.2),
        ..Architecture::bare(Family::EfficientnetB0, 0.2)
    }
}

/// Writes the network down.
pub(super) fn describe<S: TensorSource>(
    arch: &Architecture,
    channels: usize,
    classes: usize,
    chain: &mut Chain<'_, S>,
) -> std::result::Result<(), S::Error> {
    let square = |kernel, stride| Geometry::even(kernel, stride, kernel / 2);
    let unit = |name: &str, inputs, outputs, geometry| ConvSpec {
        norm: Some(format!("{name}.1")),
        activation: Activation::Silu,
        bias: arch.bias(),
        epsilon: arch.epsilon(),
        ..ConvSpec::new(format!("{name}.0"), inputs, outputs, geometry)
    };
    let mut inputs = arch.widths[0];
    let stem = chain.source.conv(&unit("features.0", channels, inputs, square(3, 2)))?;
    chain.map("features.0", inputs, stem);
    let total: usize = arch.blocks.iter().sum();
    let mut number = 0;
    for stage in 0..KERNELS.len() {
        let outputs = arch.widths[stage + 1];
        let mut blocks = Sequence(Vec::with_capacity(arch.blocks[stage]));
        for block in 0..arch.blocks[stage] {
            let at = |part: usize| format!("features.{}.{block}.block.{part}", stage + 1);
            let stride = if block == 0 { arch.strides[stage] } else { 1 };
            let wide = widened(inputs, EXPANSIONS[stage]);
            let mut part = 0;
            let mut widen = None;
            if wide != inputs {
                widen = Some(chain.source.conv(&unit(&at(part), inputs, wide, square(1, 1)))?);
                part += 1;
            }
            let spec = unit(&at(part), wide, wide, square(KERNELS[stage], stride));
            let filter = chain.source.conv(&ConvSpec { depthwise: true, ..spec })?;
            let gate = gate(chain.source, &at(part + 1), wide, (inputs / SQUEEZE).max(1))?;
            let spec = unit(&at(part + 2), wide, outputs, square(1, 1));
            blocks.0.push(Box::new(InvertedResidual {
                widen,
                filter,
                gate,
                narrow: chain.source.conv(&ConvSpec { activation: Activation::None, ..spec })?,
                channels: outputs,
                added: stride == 1 && inputs == outputs,
                drop: arch.stochastic_depth.unwrap_or(0.0) * number as f32 / total as f32,
                number: number as u64,
            }));
            number += 1;
            inputs = outputs;
        }
        chain.map(&format!("features.{}", stage + 1), inputs, blocks);
    }
    let outputs = arch.widths[KERNELS.len() + 1];
    let last = chain.source.conv(&unit("features.8", inputs, outputs, square(1, 1)))?;
    chain.map("features.8", outputs, last);
    chain.vector("avgpool", GlobalAveragePool { channels: outputs });
    chain.dropout("classifier.0", arch.dropout);
    chain.head("classifier.1", outputs, classes)
}

/// `inputs · expansion` to the nearest multiple of 8, never more than a tenth below it, as
/// torchvision's `_make_divisible`.
fn widened(inputs: usize, expansion: usize) -> usize {
    let wanted = inputs * expansion;
    let rounded = ((wanted + 4) / 8 * 8).max(8);
    if rounded * 10 < wanted * 9 { rounded + 8 } else { rounded }
}

/// The two layers of squeeze-and-excitation; torchvision keeps them as 1×1 convolutions.
fn gate<S: TensorSource>(
    source: &mut S,
    name: &str,
    channels: usize,
    squeezed: usize,
) -> std::result::Result<Gate, S::Error> {
    let mut point = |part: &str, inputs, outputs| {
        let geometry = Geometry::even(1, 1, 0);
        source.conv(&ConvSpec { bias: true, ..ConvSpec::new(format!("{name}.{part}"), inputs, outputs, geometry) })
    };
    Ok(Gate { channels, squeeze: point("fc1", channels, squeezed)?, excite: point("fc2", squeezed, channels)? })
}

/// A factor of 0–1 for each channel, out of the means of all channels.
struct Gate {
    channels: usize,
    squeeze: ConvUnit,
    excite: ConvUnit,
}

impl Gate {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let means = global_average(x, self.channels)?.unsqueeze(2)?.unsqueeze(3)?;
        let logits = self.excite.forward(
            &activated(&self.squeeze.forward(&means, None, mode)?, Activation::Silu)?,
            None,
            mode,
        )?;
        let logits = to_planes(&logits, self.channels)?.flatten_from(1)?;
        scale(x, &candle_nn::ops::sigmoid(&logits)?)
    }
}

struct InvertedResidual {
    widen: Option<ConvUnit>,
    filter: ConvUnit,
    gate: Gate,
    narrow: ConvUnit,
    /// Channels of the output.
    channels: usize,
    /// Input and output have the same shape and are added.
    added: bool,
    /// Share of the samples that the branch is left out for in training.
    drop: f32,
    /// Number of the block in the network.
    number: u64,
}

impl Layer for InvertedResidual {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let wide = match &self.widen {
            Some(widen) => widen.forward(x, None, mode)?,
            None => x.clone(),
        };
        let gated = self.gate.forward(&self.filter.forward(&wide, None, mode)?, mode)?;
        match mode {
            Mode::Training { seed } if self.added && self.drop > 0.0 => {
                let branch = self.narrow.forward(&gated, None, mode)?;
                let n = branch.dim(0)?;
                let kept = mask(&[n, 1], 1.0 - self.drop, seed, FIRST_MASK + self.number, 0, x.device())?;
                scale(&branch, &kept.expand((n, self.channels))?)? + to_blocks(x)?
            }
            _ => self.narrow.forward(&gated, self.added.then_some(x), mode),
        }
    }

    fn side(&self, length: usize) -> usize {
        self.widen.iter().chain([&self.filter, &self.narrow]).fold(length, |length, unit| unit.side(length))
    }
}
