//! What a node of a graph computes, as it stands in a manifest: one of a few dozen operations on
//! tensors whose first dimension is, in the end, the batch.
//!
//! Parameters are named tensors of the weights file: `{name}.weight` and `{name}.bias` of a layer,
//! `{name}` of a constant. Constants of up to [`INLINE`] values that nobody trained stand in the
//! manifest itself.

use serde::{Deserialize, Serialize};

/// Most values of a constant that stands in the manifest.
pub const INLINE: usize = 16;

/// What is done to each value on its own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Function {
    Relu,
    Relu6,
    Silu,
    HardSwish,
    Sigmoid,
    /// `min(max(alpha·x + beta, 0), 1)`.
    HardSigmoid {
        alpha: f64,
        beta: f64,
    },
    Tanh,
    /// `x·Φ(x)`, by the error function.
    Gelu,
    /// The same by a hyperbolic tangent.
    GeluTanh,
    Erf,
    /// `x` where it is above 0, else `alpha·x`.
    LeakyRelu {
        alpha: f64,
    },
    /// `x` where it is above 0, else `alpha·(eˣ − 1)`.
    Elu {
        alpha: f64,
    },
    /// `scale·x` where it is above 0, else `scale·alpha·(eˣ − 1)`.
    Selu {
        alpha: f64,
        scale: f64,
    },
    /// `ln(1 + eˣ)`.
    Softplus,
    /// `x·tanh(ln(1 + eˣ))`.
    Mish,
    Clip {
        low: f64,
        high: f64,
    },
    Neg,
    Abs,
    Exp,
    Log,
    Sqrt,
    Reciprocal,
    Sin,
    Cos,
    Power {
        exponent: f64,
    },
}

/// What is done to two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pair {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
}

/// What several values become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fold {
    Mean,
    Sum,
    Max,
    Min,
    /// The root of the sum of squares.
    L2,
}

/// How values between pixels are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Between {
    /// The pixel at `⌊i·n/m⌋`.
    Nearest,
    /// A mean of the two nearest on each axis, whose centres lie at halves.
    Linear,
    /// The same where first and last pixels of both grids coincide.
    LinearCorners,
    /// Of the four nearest on each axis by a cubic convolution with a = −0.75 (Keys 1981), whose
    /// centres lie at halves; beyond the edge is the pixel at it.
    Cubic,
}

/// Windows of a convolution or a pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Rows and columns.
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    /// Zeros above, left, below, right.
    pub pads: [usize; 4],
    /// Pixels from one tap to the next.
    #[serde(default = "ones", skip_serializing_if = "is_ones")]
    pub dilation: [usize; 2],
}

fn ones() -> [usize; 2] {
    [1, 1]
}

// serde passes references.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_ones(dilation: &[usize; 2]) -> bool {
    *dilation == ones()
}

impl Window {
    /// Rows and columns that come out of `h` × `w`; `None` where the window is larger than its
    /// input.
    pub fn output(&self, h: usize, w: usize) -> Option<[usize; 2]> {
        let side = |axis: usize, length: usize| {
            let reach = self.dilation[axis].checked_mul(self.kernel[axis].checked_sub(1)?)?.checked_add(1)?;
            let padded = length.checked_add(self.pads[axis])?.checked_add(self.pads[axis + 2])?;
            Some(padded.checked_sub(reach)? / self.stride[axis].max(1) + 1)
        };
        Some([side(0, h)?, side(1, w)?])
    }
}

/// What a node computes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "op", deny_unknown_fields)]
pub enum Op {
    /// Values that no image decides: `name` of the weights file, or `values`.
    Constant {
        name: String,
        shape: Vec<usize>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        values: Vec<f32>,
    },
    /// `f(W ∗ x + b)`, with a second input `f(W ∗ x + b + y)`; `W` is `(outputs, inputs / groups,
    /// rows, columns)`.
    Conv {
        name: String,
        inputs: usize,
        outputs: usize,
        groups: usize,
        window: Window,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        then: Option<Function>,
    },
    /// `x·w + b` with one factor and one shift a channel, which are at `axis`.
    Scale {
        name: String,
        axis: usize,
        channels: usize,
    },
    /// `x·Wᵀ + b` along the last axis.
    Linear {
        name: String,
        inputs: usize,
        outputs: usize,
    },
    /// Over the last axes, of these lengths; then `·w + b`.
    LayerNorm {
        name: String,
        shape: Vec<usize>,
        epsilon: f64,
    },
    /// Each channel of each image over its pixels; then `·w + b`.
    InstanceNorm {
        name: String,
        channels: usize,
        epsilon: f64,
    },
    /// `x` where it is above 0, else `w·x`, one `w` a channel at axis 1, or one.
    Prelu {
        name: String,
        channels: usize,
    },
    Map {
        function: Function,
    },
    MaxPool {
        window: Window,
    },
    /// Means; zeros around the image count where `whole` is set.
    AveragePool {
        window: Window,
        whole: bool,
    },
    Reduce {
        fold: Fold,
        axes: Vec<usize>,
        keep: bool,
    },
    Softmax {
        axis: usize,
    },
    LogSoftmax {
        axis: usize,
    },
    Pair {
        pair: Pair,
    },
    MatMul,
    Concat {
        axis: usize,
    },
    Slice {
        axis: usize,
        from: usize,
        length: usize,
        #[serde(default = "one", skip_serializing_if = "is_one")]
        step: usize,
    },
    /// Entries of one axis by their numbers.
    Pick {
        axis: usize,
        numbers: Vec<u32>,
    },
    Transpose {
        order: Vec<usize>,
    },
    /// To this shape; −k stands for k times the batch.
    Reshape {
        shape: Vec<i64>,
    },
    /// Repeated along axes of length 1, to this shape.
    Expand {
        shape: Vec<i64>,
    },
    /// Zeros before and behind an axis.
    Pad {
        axis: usize,
        before: usize,
        behind: usize,
    },
    /// The last two axes of maps to this many rows and columns.
    Resize {
        rows: usize,
        columns: usize,
        between: Between,
    },
    /// Divided by a power of the sum of squares of neighbouring channels.
    ResponseNorm {
        size: usize,
        alpha: f64,
        beta: f64,
        bias: f64,
    },
}

fn one() -> usize {
    1
}

// serde passes references.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_one(step: &usize) -> bool {
    *step == 1
}

/// Where a node stands, what it takes and what it computes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Names of the modules that it is part of, with dots; empty where they are not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// 0 is the image, `i` the output of the `i`-th node.
    pub inputs: Vec<usize>,
    pub does: Op,
}

impl Op {
    /// Names and shapes of its parameters in the weights file.
    pub fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        let both = |name: &str, weight: Vec<usize>, bias: Vec<usize>| {
            vec![(format!("{name}.weight"), weight), (format!("{name}.bias"), bias)]
        };
        match self {
            Self::Constant { name, shape, values } if values.is_empty() => vec![(name.clone(), shape.clone())],
            Self::Conv { name, inputs, outputs, groups, window, .. } => {
                let [rows, columns] = window.kernel;
                both(name, vec![*outputs, inputs / (*groups).max(1), rows, columns], vec![*outputs])
            }
            Self::Linear { name, inputs, outputs } => both(name, vec![*outputs, *inputs], vec![*outputs]),
            Self::Scale { name, channels, .. } | Self::InstanceNorm { name, channels, .. } => {
                both(name, vec![*channels], vec![*channels])
            }
            Self::LayerNorm { name, shape, .. } => both(name, shape.clone(), shape.clone()),
            Self::Prelu { name, channels } => vec![(format!("{name}.weight"), vec![*channels])],
            _ => Vec::new(),
        }
    }

    /// What it is called in sentences.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Constant { .. } => "constant",
            Self::Conv { .. } => "convolution",
            Self::Scale { .. } => "scale",
            Self::Linear { .. } => "linear",
            Self::LayerNorm { .. } => "layer-norm",
            Self::InstanceNorm { .. } => "instance-norm",
            Self::Prelu { .. } => "prelu",
            Self::Map { .. } => "function",
            Self::MaxPool { .. } => "max-pool",
            Self::AveragePool { .. } => "average-pool",
            Self::Reduce { .. } => "reduce",
            Self::Softmax { .. } => "softmax",
            Self::LogSoftmax { .. } => "log-softmax",
            Self::Pair { pair: Pair::Add } => "add",
            Self::Pair { pair: Pair::Mul } => "mul",
            Self::Pair { .. } => "pair",
            Self::MatMul => "matmul",
            Self::Concat { .. } => "concat",
            Self::Slice { .. } => "slice",
            Self::Pick { .. } => "pick",
            Self::Transpose { .. } => "transpose",
            Self::Reshape { .. } => "reshape",
            Self::Expand { .. } => "expand",
            Self::Pad { .. } => "pad",
            Self::Resize { .. } => "resize",
            Self::ResponseNorm { .. } => "response-norm",
        }
    }
}
