//! The stages of residual blocks that the ResNets and the compact residual network have in common.

use crate::architecture::Architecture;
use crate::layers::Sequence;
use crate::layers::residual::{BlockSpec, EXPANSION};
use crate::source::{Chain, TensorSource};

/// How the blocks of a family differ from those of another.
#[derive(Clone, Copy)]
pub(super) struct Blocks {
    /// What stands before the number of a stage: `layer` for `layer1`.
    pub prefix: &'static str,
    /// 1×1, 3×3, 1×1 convolutions that widen fourfold, and not two 3×3 ones.
    pub bottleneck: bool,
    /// The last norm of every block begins at 0, so that the block passes its input on.
    pub starts_silent: bool,
}

/// Writes down a stage for each entry of `blocks`: blocks of its width, the first with its stride.
/// Takes the channels that come in and gives those that go out.
pub(super) fn describe<S: TensorSource>(
    arch: &Architecture,
    blocks: Blocks,
    mut channels: usize,
    chain: &mut Chain<'_, S>,
) -> Result<usize, S::Error> {
    for (i, ((&width, &count), &stride)) in arch.widths[1..].iter().zip(&arch.blocks).zip(&arch.strides).enumerate() {
        let name = format!("{}{}", blocks.prefix, i + 1);
        let mut layers = Sequence(Vec::with_capacity(count));
        for block in 0..count {
            let spec = BlockSpec {
                inputs: channels,
                width,
                stride: if block == 0 { stride } else { 1 },
                bias: arch.bias(),
                epsilon: arch.epsilon(),
                starts_silent: blocks.starts_silent,
            };
            let at = format!("{name}.{block}");
            let block = if blocks.bottleneck {
                spec.bottleneck(chain.source, &at, arch.stride_first.unwrap_or(false))?
            } else {
                spec.basic(chain.source, &at)?
            };
            layers.0.push(Box::new(block));
            channels = width * if blocks.bottleneck { EXPANSION } else { 1 };
        }
        chain.map(&name, channels, layers);
    }
    Ok(channels)
}
