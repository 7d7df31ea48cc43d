//! Gradients of scores, from any stage on, row by row of a batch.
//!
//! Row `i` of a batch is scored for itself alone, so one pass back from the sum of the rows' scores has the gradient of each row
//! apart. The graph of the pass is kept: the same pass serves one subject after the other.

use candle_core::{Tensor, Var};

use super::ExplainError;
use crate::network::{Mode, Network};

/// A pass from a stage to the logits that gradients can be taken of.
pub(super) struct Slopes {
    variable: Var,
    logits: Tensor,
    /// Logits of each row.
    pub rows: Vec<Vec<f32>>,
}

impl Slopes {
    /// Runs the stages from `from` on; `x` is `(N, …)`, what goes into that stage.
    pub fn run(network: &Network, from: usize, x: &Tensor, mode: Mode) -> Result<Self, ExplainError> {
        let variable = Var::from_tensor(&x.detach().contiguous()?)?;
        let logits = network.forward_range(from..network.stages.len(), variable.as_tensor(), mode)?;
        let rows = logits.to_vec2::<f32>()?;
        if rows.iter().flatten().any(|l| !l.is_finite()) {
            return Err(ExplainError::ScoreNotFinite);
        }
        Ok(Self { variable, logits, rows })
    }

    /// The gradient for `x`, where `seeds` holds each row's derivatives of its score for its logits. `None` when the scores do not
    /// depend on `x`.
    pub fn back(&self, seeds: &[Vec<f32>]) -> Result<Option<Tensor>, ExplainError> {
        let seeds = Tensor::from_vec(seeds.concat(), self.logits.shape(), self.logits.device())?;
        let gradients = (&self.logits * seeds)?.sum_all()?.backward()?;
        Ok(gradients.get(self.variable.as_tensor()).map(Tensor::detach))
    }
}
