//! Gradients of scores, from any stage on, row by row of a batch.
//!
//! Row `i` of a batch is scored for itself alone, so one walk back from the rows' scores has the
//! gradient of each row apart. The ways of the pass are kept: the same pass serves one subject
//! after the other.

use candle_core::Tensor;

use super::ExplainError;
use crate::network::tape::Pass;
use crate::network::{Mode, Network};

/// A pass from a stage to the logits that gradients can be taken of.
pub(super) struct ScoreGradients<'n> {
    pass: Pass<'n>,
    /// Logits of each row.
    pub rows: Vec<Vec<f32>>,
}

impl<'n> ScoreGradients<'n> {
    /// Runs the stages from `from` on; `x` is `(N, …)`, what goes into that stage.
    pub(super) fn run(network: &'n Network, from: usize, x: &Tensor, mode: Mode) -> Result<Self, ExplainError> {
        let pass = network.record(from, &x.contiguous()?, mode, true)?;
        let rows = pass.logits.to_vec2::<f32>()?;
        if rows.iter().flatten().any(|l| !l.is_finite()) {
            return Err(ExplainError::ScoreNotFinite);
        }
        Ok(Self { pass, rows })
    }

    /// The gradient for `x`, where `seeds` holds each row's derivatives of its score for its
    /// logits. `None` when the scores do not depend on `x`.
    pub(super) fn back(&self, seeds: &[Vec<f32>]) -> Result<Option<Tensor>, ExplainError> {
        let logits = &self.pass.logits;
        let seeds = Tensor::from_vec(seeds.concat(), logits.shape(), logits.device())?;
        Ok(self.pass.to_input(&seeds)?)
    }
}
