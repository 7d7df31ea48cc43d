//! Activations as operations of their own, with gradients that are derivatives or follow a rule.
//!
//! Behind a convolution the [`Activation`] rides on the same pass; as an operation it stands where
//! there is none before it, and where an explanation wants gradients by another [`Rule`].

#![expect(clippy::inline_always, reason = "what vector units do is compiled for them where it is called")]

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor, bail};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use crate::Result;
pub use crate::activation::Activation;
use crate::cpu_values::{slice, values};
use crate::device::own_kernels_run;

/// How a gradient passes a non-linear layer when it is to explain and not to train.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Guided backpropagation (Springenberg et al. 2015): through a ReLU that was open, and only
    /// what is positive. Concerns ReLUs alone.
    Guided,
    /// The rescale rule of `DeepLIFT` (Shrikumar et al. 2017): the second half of the batch are
    /// references, row by row of the first half, and the derivative is replaced by `Δy/Δx`. Where
    /// the inputs are the same it stays the derivative.
    Rescale,
}

/// Inputs that differ by less are the same, as in the `shap` package.
pub(super) const SAME: f32 = 1e-6;
/// Values that one core takes at a time.
const SHARE: usize = 1 << 14;

/// `f(x)`, value by value.
pub fn activated(x: &Tensor, activation: Activation) -> Result<Tensor> {
    match activation {
        Activation::None => Ok(x.clone()),
        _ if own_kernels_run(x.device()) => x.contiguous()?.apply_op1(ActivationOp(activation)),
        // candle's own let what is no number vanish, and hand a gradient back at 0.
        Activation::Relu => x * x.gt(0f32)?.to_dtype(x.dtype())?,
        Activation::Relu6 => {
            let open = (x.gt(0f32)? * x.lt(6f32)?)?.to_dtype(x.dtype())?;
            (x * open)? + (x.ge(6f32)?.to_dtype(x.dtype())? * 6.0)?
        }
        Activation::Silu => x.silu(),
        Activation::HardSwish => x * ((x + 3.0)?.clamp(0f32, 6f32)? / 6.0)?,
        Activation::Gelu => x.gelu_erf(),
        Activation::GeluTanh => x.gelu(),
    }
}

/// `f(x)` of the values of maps.
pub(super) fn activated_values(x: &[f32], activation: Activation) -> Vec<f32> {
    let mut out = x.to_vec();
    let arch = Arch::new();
    out.par_chunks_mut(SHARE).for_each(|values| arch.dispatch(Apply { activation, values }));
    out
}

/// [`Activation::apply`] for vector units. A closure that only borrows would not be compiled for
/// them.
struct Apply<'a> {
    activation: Activation,
    values: &'a mut [f32],
}

impl NullaryFnOnce for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.activation.apply(self.values);
    }
}

/// `dy · f′(x)` of the values of maps.
pub(super) fn passed_back(dy: &[f32], x: &[f32], activation: Activation) -> Vec<f32> {
    let mut dx = vec![0.0; dy.len()];
    let arch = Arch::new();
    dx.par_chunks_mut(SHARE).zip(x.par_chunks(SHARE)).zip(dy.par_chunks(SHARE)).for_each(|((dx, x), dy)| {
        arch.dispatch(PassBack { activation, dy, x, dx });
    });
    dx
}

/// [`Activation::pass_back`] for vector units.
struct PassBack<'a> {
    activation: Activation,
    dy: &'a [f32],
    x: &'a [f32],
    dx: &'a mut [f32],
}

impl NullaryFnOnce for PassBack<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.activation.pass_back(self.dy, self.x, self.dx);
    }
}

/// `dy` where `f` let it through, which is told by its value `y`.
pub(super) fn let_through(dy: &Tensor, y: &Tensor, activation: Activation) -> Result<Tensor> {
    match activation {
        Activation::None => Ok(dy.clone()),
        Activation::Silu | Activation::HardSwish | Activation::Gelu | Activation::GeluTanh => {
            bail!("{activation:?} cannot be told by its value")
        }
        // Where `y` lies strictly between its bounds `x` is the same, and outside neither passes.
        Activation::Relu | Activation::Relu6 => {
            let open = passed_back(&values(&dy.contiguous()?)?, &values(&y.contiguous()?)?, activation);
            Tensor::from_vec(open, dy.shape(), dy.device())
        }
    }
}

struct ActivationOp(Activation);

impl CustomOp1 for ActivationOp {
    fn name(&self) -> &'static str {
        "activation"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(activated_values(slice(x, layout)?, self.0)), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dx = passed_back(&values(&dy.contiguous()?)?, &values(x)?, self.0);
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

/// The same whose gradient passes by `rule`, on the CPU.
pub(super) struct RuledOp {
    pub activation: Activation,
    pub rule: Rule,
}

impl CustomOp1 for RuledOp {
    fn name(&self) -> &'static str {
        "activation with a ruled gradient"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(activated_values(slice(x, layout)?, self.activation)), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dy = dy.contiguous()?;
        let (input, dy, f) = (values(x)?, values(&dy)?, self.activation);
        let mut dx = vec![0.0; dy.len()];
        match self.rule {
            Rule::Guided => {
                dx.iter_mut().zip(input.iter().zip(&*dy)).for_each(|(dx, (x, dy))| {
                    *dx = if f.derivative(*x) > 0.0 && *dy > 0.0 { *dy } else { 0.0 };
                });
            }
            Rule::Rescale => {
                let half = halves(x)?;
                let (low, high) = dx.split_at_mut(half);
                let references = &input[half..];
                for i in 0..half {
                    let (a, b) = (input[i], references[i]);
                    let apart = a - b;
                    if apart.abs() < SAME {
                        low[i] = dy[i] * f.derivative(a);
                        high[i] = dy[half + i] * f.derivative(b);
                    } else {
                        let slope = (f.value(a) - f.value(b)) / apart;
                        low[i] = dy[i] * slope;
                        high[i] = dy[half + i] * slope;
                    }
                }
            }
        }
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

/// Values of half a batch, whose other half are the references.
pub(super) fn halves(x: &Tensor) -> Result<usize> {
    if !x.dim(0)?.is_multiple_of(2) {
        bail!("the rescale rule needs as many references as inputs");
    }
    Ok(x.elem_count() / 2)
}
