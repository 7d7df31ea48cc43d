//! Gradients that follow a [`Rule`] out of operations that every device has; on the CPU the kernels
//! of [`super::activation`] run instead.

use candle_core::{Tensor, Var, bail};

use super::activation::{Activation, Rule, SAME, activated, halves};
use super::handed_on::handed_on;
use crate::Result;

/// `value(x)`, whose gradient is what `back` makes of `x`, `value(x)` and `∂/∂value`.
pub(super) fn ruled(
    x: &Tensor,
    value: impl Fn(&Tensor) -> Result<Tensor>,
    back: impl Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
) -> Result<Tensor> {
    let y = value(&x.detach())?;
    handed_on(x, &x.detach(), &y, move |x, _, y, dy| Ok((Some(back(x, y, dy)?), None)))
}

/// [`super::activation::by_rule`] for devices without kernels of ours.
pub(super) fn composed(x: &Tensor, activation: Activation, rule: Rule) -> Result<Tensor> {
    let value = move |x: &Tensor| activated(x, activation);
    match rule {
        Rule::Guided => ruled(x, value, move |x, _, dy| {
            let open = derivative(x, activation)?.gt(0f32)?.to_dtype(dy.dtype())?;
            open * dy.relu()?
        }),
        Rule::Rescale => ruled(x, value, move |x, y, dy| {
            halves(x)?;
            let half = x.dim(0)? / 2;
            let apart = |t: &Tensor| t.narrow(0, 0, half)? - t.narrow(0, half, half)?;
            let dx = apart(x)?;
            let slope = (apart(y)? / &dx)?;
            let same = dx.abs()?.lt(f64::from(SAME))?;
            let twice = |t: &Tensor| Tensor::cat(&[t, t], 0);
            dy * twice(&same)?.where_cond(&derivative(x, activation)?, &twice(&slope)?)?
        }),
    }
}

/// `f′(x)`, value by value.
fn derivative(x: &Tensor, activation: Activation) -> Result<Tensor> {
    let x = Var::from_tensor(&x.contiguous()?)?;
    let gradients = activated(&x, activation)?.sum_all()?.backward()?;
    match gradients.get(&x) {
        Some(gradient) => Ok(gradient.detach()),
        None => bail!("{activation:?} has no gradient"),
    }
}
