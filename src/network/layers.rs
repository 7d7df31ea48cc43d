//! The links that networks are chained from: a convolution with what follows it, pooling, dropout, the linear head.

use candle_core::{Device, Tensor, Var};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::batch_norm::BatchNorm;
use super::conv::{Geometry, PreparedConv, conv2d};
use super::pool::{global_average, max_pool2d};
use super::{Layer, Mode, Result};

/// Convolution → batch norm → (+ skip) → (ReLU), to be trained or already folded into one.
pub enum ConvUnit {
    Trainable { weight: Var, norm: BatchNorm, geometry: Geometry, relu: bool },
    Folded(PreparedConv),
}

impl ConvUnit {
    /// `(N, C, H, W)` → `(N, O, OH, OW)`; `skip` has the output's shape and is added before the ReLU.
    pub fn forward(&self, x: &Tensor, skip: Option<&Tensor>, mode: Mode) -> Result<Tensor> {
        match self {
            Self::Trainable { weight, norm, geometry, relu } => {
                norm.forward(&conv2d(x, weight.as_tensor(), *geometry)?, skip, *relu, mode)
            }
            Self::Folded(conv) => conv.forward(x, skip),
        }
    }
}

/// A convolution unit with a max pooling behind it.
pub struct Stem {
    pub conv: ConvUnit,
    pub pool: Option<Geometry>,
}

impl Layer for Stem {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let x = self.conv.forward(x, None, mode)?;
        match self.pool {
            Some(geometry) => max_pool2d(&x, geometry),
            None => Ok(x),
        }
    }
}

/// `(N, C, H, W)` → `(N, C)`.
pub struct GlobalAveragePool {
    pub channels: usize,
}

impl Layer for GlobalAveragePool {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        global_average(x, self.channels)
    }
}

/// Inverted dropout (Srivastava et al. 2014): kept values are divided by the rate of keeping.
///
/// The mask of a row is drawn from a ChaCha stream of its own, numbered by the sample, so it depends on neither batch nor device.
pub struct Dropout {
    pub rate: f32,
}

impl Dropout {
    fn mask(&self, shape: &[usize], seed: u64, first: usize, device: &Device) -> Result<Tensor> {
        let row: usize = shape[1..].iter().product();
        let keep = 1.0 - self.rate;
        let mut mask = Vec::with_capacity(shape[0] * row);
        for sample in first..first + shape[0] {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(sample as u64);
            mask.extend((0..row).map(|_| if rng.random::<f32>() < keep { 1.0 / keep } else { 0.0 }));
        }
        Tensor::from_vec(mask, shape, device)
    }
}

impl Layer for Dropout {
    fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let (seed, first) = match mode {
            Mode::Inference => return Ok(x.clone()),
            Mode::Training { seed } => (seed, 0),
            Mode::Sampling { seed, first } => (seed, first),
        };
        if self.rate <= 0.0 {
            return Ok(x.clone());
        }
        x * self.mask(x.dims(), seed, first, x.device())?
    }
}

/// `(N, F)` → `(N, K)`: `x·Wᵀ + b` with `W` of `(K, F)`.
pub struct Linear {
    pub weight: Tensor,
    pub bias: Tensor,
}

impl Layer for Linear {
    fn forward(&self, x: &Tensor, _: Mode) -> Result<Tensor> {
        x.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)
    }
}
