//! The compact residual network (He et al. 2016, basic blocks) whose last feature map stays at a sixteenth of the input.
//!
//! At 224×224 its heat maps are 14×14, twice as fine as those of a ResNet or DenseNet that stops at 7×7. The chain is
//! `stem` (3×3/2 convolution, 3×3/2 max pooling), `stage1` … `stageN` (basic blocks), `pool`, `dropout`, `head`. Tensor names mirror PyTorch's:
//! `stage2.0.conv1.weight`, `stage2.0.bn1.running_var`, `stage2.0.downsample.0.weight`, `head.bias`.
//!
//! The same description builds a network to train ([`trainable`]) and one to use ([`folded`]).

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarMap;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

use super::batch_norm::BatchNorm;
use super::conv::{Geometry, PreparedConv};
use super::layers::{ConvUnit, Dropout, GlobalAveragePool, Linear, Stem};
use super::manifest::Architecture;
use super::weights::{TensorFile, WeightError, fold};
use super::{Layer, Mode, Network, Result, Stage};

const STEM: Geometry = Geometry { kernel: 3, stride: 2, padding: 1 };
const STEM_POOL: Geometry = Geometry { kernel: 3, stride: 2, padding: 1 };

/// A network whose tensors are new variables of `vars`, drawn from `seed` (He initialisation; the last norm of each block at 0).
pub fn trainable(
    arch: &Architecture,
    channels: usize,
    classes: usize,
    vars: &VarMap,
    device: &Device,
    seed: u64,
) -> Result<Network> {
    build(arch, channels, classes, &mut Fresh { vars, device, rng: ChaCha8Rng::seed_from_u64(seed) })
}

/// A network for use: batch norm folded into packed convolutions.
pub fn folded(
    arch: &Architecture,
    channels: usize,
    classes: usize,
    tensors: &TensorFile,
    device: &Device,
) -> std::result::Result<Network, WeightError> {
    build(arch, channels, classes, &mut Stored { tensors, device })
}

/// What a convolution unit needs to know.
struct Spec<'a> {
    conv: &'a str,
    norm: &'a str,
    inputs: usize,
    outputs: usize,
    geometry: Geometry,
    relu: bool,
    /// Start as the identity of its residual block.
    starts_silent: bool,
}

/// Where the tensors come from.
trait Source {
    type Error;
    fn conv(&mut self, spec: &Spec<'_>) -> std::result::Result<ConvUnit, Self::Error>;
    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> std::result::Result<Linear, Self::Error>;
}

fn build<S: Source>(
    arch: &Architecture,
    channels: usize,
    classes: usize,
    source: &mut S,
) -> std::result::Result<Network, S::Error> {
    let mut width = arch.widths[0];
    let conv = source.conv(&Spec {
        conv: "stem.conv",
        norm: "stem.bn",
        inputs: channels,
        outputs: width,
        geometry: STEM,
        relu: true,
        starts_silent: false,
    })?;
    let mut stages = vec![stage("stem", Some(width), Stem { conv, pool: Some(STEM_POOL) })];
    for (i, ((&outputs, &blocks), &stride)) in arch.widths[1..].iter().zip(&arch.blocks).zip(&arch.strides).enumerate()
    {
        let name = format!("stage{}", i + 1);
        let mut chain = Vec::with_capacity(blocks);
        for block in 0..blocks {
            let stride = if block == 0 { stride } else { 1 };
            chain.push(basic_block(source, &format!("{name}.{block}"), width, outputs, stride)?);
            width = outputs;
        }
        stages.push(stage(&name, Some(width), Blocks(chain)));
    }
    stages.push(stage("pool", None, GlobalAveragePool { channels: width }));
    let mut dropout = stage("dropout", None, Dropout { rate: arch.dropout });
    dropout.stochastic = arch.dropout > 0.0;
    stages.push(dropout);
    stages.push(stage("head", None, source.linear("head", width, classes)?));
    Ok(Network { stages })
}

fn stage(name: &str, channels: Option<usize>, layer: impl Layer + 'static) -> Stage {
    Stage { name: name.into(), channels, stochastic: false, layer: Box::new(layer) }
}

fn basic_block<S: Source>(
    source: &mut S,
    name: &str,
    inputs: usize,
    outputs: usize,
    stride: usize,
) -> std::result::Result<BasicBlock, S::Error> {
    let mut unit = |conv: &str, norm: &str, inputs, kernel: usize, stride, relu, starts_silent| {
        source.conv(&Spec {
            conv: &format!("{name}.{conv}"),
            norm: &format!("{name}.{norm}"),
            inputs,
            outputs,
            geometry: Geometry { kernel, stride, padding: kernel / 2 },
            relu,
            starts_silent,
        })
    };
    Ok(BasicBlock {
        first: unit("conv1", "bn1", inputs, 3, stride, true, false)?,
        second: unit("conv2", "bn2", outputs, 3, 1, true, true)?,
        shortcut: if stride != 1 || inputs != outputs {
            Some(unit("downsample.0", "downsample.1", inputs, 1, stride, false, false)?)
        } else {
            None
        },
    })
}

struct BasicBlock {
    first: ConvUnit,
    second: ConvUnit,
    shortcut: Option<ConvUnit>,
}

struct Blocks(Vec<BasicBlock>);

impl Layer for Blocks {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let mut x = x.clone();
        for block in &self.0 {
            let skip = match &block.shortcut {
                Some(shortcut) => shortcut.forward(&x, None, mode)?,
                None => x.clone(),
            };
            x = block.second.forward(&block.first.forward(&x, None, mode)?, Some(&skip), mode)?;
        }
        Ok(x)
    }
}

/// New variables.
struct Fresh<'a> {
    vars: &'a VarMap,
    device: &'a Device,
    rng: ChaCha8Rng,
}

impl Fresh<'_> {
    fn var(&self, name: String, tensor: &Tensor) -> Result<Var> {
        let var = Var::from_tensor(tensor)?;
        self.vars.data().lock().expect("nobody panics while holding the variables").insert(name, var.clone());
        Ok(var)
    }

    fn normal(&mut self, shape: &[usize], sd: f64) -> Result<Tensor> {
        let normal = Normal::new(0.0, sd).map_err(candle_core::Error::wrap)?;
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| normal.sample(&mut self.rng) as f32).collect();
        Tensor::from_vec(values, shape, self.device)
    }
}

impl Source for Fresh<'_> {
    type Error = candle_core::Error;

    fn conv(&mut self, spec: &Spec<'_>) -> Result<ConvUnit> {
        let (k, o) = (spec.geometry.kernel, spec.outputs);
        let weight = self.normal(&[o, spec.inputs, k, k], (2.0 / (o * k * k) as f64).sqrt())?;
        let one = Tensor::ones(o, DType::F32, self.device)?;
        let zero = one.zeros_like()?;
        let named = |suffix: &str| format!("{}.{suffix}", spec.norm);
        Ok(ConvUnit::Trainable {
            weight: self.var(format!("{}.weight", spec.conv), &weight)?,
            norm: BatchNorm {
                weight: self.var(named("weight"), if spec.starts_silent { &zero } else { &one })?,
                bias: self.var(named("bias"), &zero)?,
                running_mean: self.var(named("running_mean"), &zero)?,
                running_var: self.var(named("running_var"), &one)?,
            },
            geometry: spec.geometry,
            relu: spec.relu,
        })
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Linear> {
        let weight = self.normal(&[outputs, inputs], (1.0 / inputs as f64).sqrt())?;
        let bias = Tensor::zeros(outputs, DType::F32, self.device)?;
        Ok(Linear {
            weight: self.var(format!("{name}.weight"), &weight)?.as_tensor().clone(),
            bias: self.var(format!("{name}.bias"), &bias)?.as_tensor().clone(),
        })
    }
}

/// Tensors of a file.
struct Stored<'a> {
    tensors: &'a TensorFile,
    device: &'a Device,
}

impl Source for Stored<'_> {
    type Error = WeightError;

    fn conv(&mut self, spec: &Spec<'_>) -> std::result::Result<ConvUnit, WeightError> {
        let (k, o) = (spec.geometry.kernel, spec.outputs);
        let weight = self.tensors.get(&format!("{}.weight", spec.conv), &[o, spec.inputs, k, k], self.device)?;
        let norm = |suffix: &str| self.tensors.get(&format!("{}.{suffix}", spec.norm), &[o], self.device);
        let (weight, bias) =
            fold(&weight, &norm("weight")?, &norm("bias")?, &norm("running_mean")?, &norm("running_var")?)?;
        Ok(ConvUnit::Folded(PreparedConv::new(weight, bias, spec.geometry, spec.relu)?))
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> std::result::Result<Linear, WeightError> {
        Ok(Linear {
            weight: self.tensors.get(&format!("{name}.weight"), &[outputs, inputs], self.device)?,
            bias: self.tensors.get(&format!("{name}.bias"), &[outputs], self.device)?,
        })
    }
}
