//! The running average of the weights, which is what is validated and kept.
//!
//! `a ← d·a + (1 − d)·θ` over the steps (Polyak and Juditsky 1992; Tarvainen and Valpola 2017); it
//! covers the running statistics of batch norm too. In the first steps the decay is
//! `(1 + t) / (10 + t)`, so that the random start is forgotten.

use super::parameters::{Parameters, Values, read};

/// Moves the average one step towards the values; `step` counts from 0.
pub(crate) fn average(average: &mut Values, parameters: &Parameters, decay: f64, step: u64) -> candle_core::Result<()> {
    let t = step as f64;
    let decay = decay.min((1.0 + t) / (10.0 + t)) as f32;
    for (mean, p) in average.iter_mut().zip(parameters.iter()) {
        read(p.var.as_tensor(), |values| {
            for (a, v) in mean.iter_mut().zip(values) {
                *a += (1.0 - decay) * (v - *a);
            }
        })?;
    }
    Ok(())
}
