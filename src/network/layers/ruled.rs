//! Activations whose gradient follows a [`Rule`]: by the kernels of [`super::activation`] on the CPU,
//! elsewhere out of operations that every device has.

use candle_core::{Tensor, Var, bail};

use super::activation::{Activation, Rule, RuledOp, SAME, activated, halves};
use super::handed_on::handed_on;
use crate::Result;
use crate::device::own_kernels_run;

/// `value(x)`, whose gradient is what `back` makes of `x`, `value(x)` and `∂/∂value`.
pub(super) fn ruled(
    x: &Tensor,
    value: impl Fn(&Tensor) -> Result<Tensor>,
    back: impl Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
) -> Result<Tensor> {
    let y = value(&x.detach())?;
    handed_on(x, &x.detach(), &y, move |x, _, y, dy| Ok((Some(back(x, y, dy)?), None)))
}

/// An activation, value by value, whose gradient passes by `rule`.
pub fn by_rule(x: &Tensor, activation: Activation, rule: Rule) -> Result<Tensor> {
    let x = x.contiguous()?;
    match activation {
        Activation::None => Ok(x),
        // The rule speaks of ReLUs alone.
        _ if rule == Rule::Guided && !activation.is_told_by_its_value() => activated(&x, activation),
        _ if own_kernels_run(x.device()) => x.apply_op1(RuledOp { activation, rule }),
        _ => composed(&x, activation, rule),
    }
}

/// [`by_rule`] for devices without kernels of ours.
fn composed(x: &Tensor, activation: Activation, rule: Rule) -> Result<Tensor> {
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
