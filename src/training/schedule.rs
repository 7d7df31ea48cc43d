//! The learning rate at each step.
//!
//! Cosine: linear warm-up, then `floor + (peak − floor) · (1 + cos π t) / 2` (Loshchilov and Hutter, SGDR, ICLR 2017,
//! without restarts). One cycle: from a 25th of the peak up and down to a 250,000th, both along a cosine
//! (Smith and Topin 2018), as `OneCycleLR` of `PyTorch` does.

use std::f64::consts::PI;

use super::config::ScheduleKind;

/// A schedule over a known number of steps.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    pub kind: ScheduleKind,
    pub peak: f64,
    /// Steps that rise.
    pub warmup: f64,
    pub steps: u64,
    /// Cosine ends at this share of the peak.
    pub final_share: f64,
}

impl Schedule {
    /// Learning rate of `step`, counted from 0.
    pub fn rate(&self, step: u64) -> f64 {
        let step = step as f64;
        let steps = self.steps.max(1) as f64;
        match self.kind {
            ScheduleKind::Cosine => {
                if step < self.warmup {
                    return self.peak * (step + 1.0) / self.warmup.max(1.0);
                }
                let t = ((step - self.warmup) / (steps - self.warmup).max(1.0)).min(1.0);
                let floor = self.peak * self.final_share;
                floor + (self.peak - floor) * (1.0 + (PI * t).cos()) / 2.0
            }
            ScheduleKind::OneCycle => {
                let (start, end) = (self.peak / 25.0, self.peak / 25.0 / 1e4);
                let top = (self.warmup - 1.0).max(1.0);
                let fall = |from: f64, to: f64, t: f64| to + (from - to) * (1.0 + (PI * t).cos()) / 2.0;
                if step <= top {
                    fall(start, self.peak, step / top)
                } else {
                    fall(self.peak, end, ((step - top) / (steps - 1.0 - top).max(1.0)).min(1.0))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::loss::golden::{assert_close, numbers, read};
    use super::*;

    fn rates(kind: ScheduleKind, warmup: f64, final_share: f64) -> Vec<f32> {
        let schedule = Schedule { kind, peak: 0.01, warmup, steps: 20, final_share };
        (0..20).map(|step| schedule.rate(step) as f32).collect()
    }

    #[test]
    fn cosine_is_that_of_pytorch() {
        assert_close(&rates(ScheduleKind::Cosine, 0.0, 0.01), &numbers(&read()["cosine"]), 1e-8);
    }

    #[test]
    fn one_cycle_is_that_of_pytorch() {
        assert_close(&rates(ScheduleKind::OneCycle, 6.0, 0.0), &numbers(&read()["one_cycle"]), 1e-8);
    }

    #[test]
    fn warm_up_rises_in_a_line_to_the_peak() {
        let rates = rates(ScheduleKind::Cosine, 4.0, 0.0);
        assert_close(&rates[..5], &[0.0025, 0.005, 0.0075, 0.01, 0.01], 1e-8);
    }
}
