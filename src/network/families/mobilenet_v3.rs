//! MobileNetV3, small and large (Howard et al. 2019), as torchvision has them.
//!
//! Inverted residual blocks ([`crate::layers::inverted_residual`]), the early ones with ReLU, the
//! later ones with hard-swish, some with squeeze-and-excitation (ReLU and the hard logistic
//! function); a dense layer with hard-swish behind the average. Published without stochastic
//! depth. How much a block widens stands in a table; blocks beyond it widen as the last one of
//! their stage. With fewer `blocks` than published the network ends earlier.
//!
//! Stages: `features.0` (3×3/2 convolution), `features.1` … (one block each), the last of them a
//! 1×1 convolution, `avgpool`, `classifier.1` (dense layer), `classifier.2` (dropout),
//! `classifier.3`.

use candle_core::Tensor;

use super::efficientnet::divisible;
use crate::architecture::{Architecture, Family, PaddingRule};
use crate::geometry::Geometry;
use crate::graph::draw::Drawing;
use crate::layers::activation::{Activation, activated};
use crate::layers::inverted_residual::InvertedSpec;
use crate::layers::ruled::by_rule;
use crate::layers::squeeze_excite::{Gate, SqueezeSpec};
use crate::layers::{GlobalAveragePool, Linear};
use crate::source::{Chain, ConvSpec, TensorSource};
use crate::{Layer, Mode};

/// What the blocks of a stage have in common.
struct StageTable {
    kernel: usize,
    squeezes: bool,
    activation: Activation,
    /// How much each block widens.
    expansions: &'static [f64],
}

const fn stage(kernel: usize, squeezes: bool, activation: Activation, expansions: &'static [f64]) -> StageTable {
    StageTable { kernel, squeezes, activation, expansions }
}

/// Tables 1 and 2 of the publication; widths of 200 and 184 are 2.5 and 2.3 times 80.
const LARGE: [StageTable; 6] = [
    stage(3, false, Activation::Relu, &[1.0]),
    stage(3, false, Activation::Relu, &[4.0, 3.0]),
    stage(5, true, Activation::Relu, &[3.0]),
    stage(3, false, Activation::HardSwish, &[6.0, 2.5, 2.3]),
    stage(3, true, Activation::HardSwish, &[6.0]),
    stage(5, true, Activation::HardSwish, &[6.0]),
];
const SMALL: [StageTable; 5] = [
    stage(3, true, Activation::Relu, &[1.0]),
    stage(3, false, Activation::Relu, &[4.5, 3.67]),
    stage(5, true, Activation::HardSwish, &[4.0, 6.0]),
    stage(5, true, Activation::HardSwish, &[3.0]),
    stage(5, true, Activation::HardSwish, &[6.0]),
];

fn table(family: Family) -> &'static [StageTable] {
    if family == Family::MobilenetV3Small { &SMALL } else { &LARGE }
}

/// The published shape: stem, groups of blocks, the last convolution.
pub(super) fn published(family: Family) -> Architecture {
    let small = family == Family::MobilenetV3Small;
    let (widths, blocks, strides, hidden) = if small {
        (vec![16, 16, 24, 40, 48, 96, 576], vec![1, 2, 3, 2, 3], vec![2, 2, 2, 1, 2], 1024)
    } else {
        (vec![16, 16, 24, 40, 80, 112, 160, 960], vec![1, 2, 3, 4, 2, 3], vec![1, 2, 2, 2, 1, 2], 1280)
    };
    Architecture {
        widths,
        blocks,
        strides,
        hidden: Some(vec![hidden]),
        epsilon: Some(1e-3),
        stochastic_depth: Some(0.0),
        padding: Some(PaddingRule::Even),
        ..Architecture::bare(family, 0.2)
    }
}

/// Writes the network down.
pub(super) fn describe<S: TensorSource>(
    arch: &Architecture,
    channels: usize,
    classes: usize,
    chain: &mut Chain<'_, S>,
) -> Result<(), S::Error> {
    let unit = |name: &str, inputs, outputs, geometry| ConvSpec {
        norm: Some(format!("{name}.1")),
        activation: Activation::HardSwish,
        bias: arch.bias(),
        epsilon: arch.epsilon(),
        ..ConvSpec::new(format!("{name}.0"), inputs, outputs, geometry)
    };
    let mut inputs = arch.widths[0];
    let stem = chain.source.conv(&unit("features.0", channels, inputs, arch.window(3, 2)))?;
    chain.map("features.0", inputs, stem);
    let total: usize = arch.blocks.iter().sum();
    let mut number = 0;
    for (stage, (&count, &outputs)) in arch.blocks.iter().zip(&arch.widths[1..]).enumerate() {
        let table = &table(arch.family)[stage];
        for block in 0..count {
            let expansion = table.expansions.get(block).or(table.expansions.last()).copied().unwrap_or(1.0);
            let wide = divisible(inputs as f64 * expansion);
            let squeezed = divisible((wide / 4) as f64);
            let squeeze = SqueezeSpec { squeezed, activation: Activation::Relu, gate: Gate::HardSigmoid };
            let spec = InvertedSpec {
                inputs,
                wide,
                outputs,
                window: arch.window(table.kernel, if block == 0 { arch.strides[stage] } else { 1 }),
                squeeze: table.squeezes.then_some(squeeze),
                activation: table.activation,
                bias: arch.bias(),
                epsilon: arch.epsilon(),
                drop: arch.stochastic_depth.unwrap_or(0.0) * number as f32 / total as f32,
                number,
                flat: false,
            };
            number += 1;
            let name = format!("features.{number}");
            let block = spec.build(chain.source, &format!("{name}.block"))?;
            chain.map(&name, outputs, block);
            inputs = outputs;
        }
    }
    let (name, outputs) = (format!("features.{}", number + 1), arch.widths[arch.blocks.len() + 1]);
    let last = chain.source.conv(&unit(&name, inputs, outputs, Geometry::even(1, 1, 0)))?;
    chain.map(&name, outputs, last);
    chain.vector("avgpool", GlobalAveragePool { channels: outputs });
    let (mut inputs, mut module) = (outputs, 0);
    for &width in arch.hidden.as_deref().unwrap_or_default() {
        let linear = chain.source.linear(&format!("classifier.{module}"), inputs, width)?;
        chain.vector(&format!("classifier.{}", module + 1), SwishDense(linear));
        chain.dropout(&format!("classifier.{}", module + 2), arch.dropout);
        module += 3;
        inputs = width;
    }
    if module == 0 {
        chain.dropout("dropout", arch.dropout);
    }
    chain.head(&format!("classifier.{module}"), inputs, classes)
}

/// A hidden layer of the head: linear → hard-swish.
struct SwishDense(Linear);

impl Layer for SwishDense {
    fn draw(&self, to: &mut Drawing, x: usize) -> crate::Result<usize> {
        let y = self.0.draw(to, x)?;
        to.activation(Activation::HardSwish, y)
    }

    fn forward(&self, x: &Tensor, mode: Mode) -> crate::Result<Tensor> {
        let y = self.0.forward(x, mode)?;
        match mode.rule() {
            Some(rule) => by_rule(&y, Activation::HardSwish, rule),
            None => activated(&y, Activation::HardSwish),
        }
    }
}
