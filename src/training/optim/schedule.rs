//! The learning rate at each step.
//!
//! - Constant: the peak.
//! - Cosine: `floor + (peak − floor) · (1 + cos π t) / 2` (Loshchilov and Hutter, SGDR, ICLR 2017,
//!   without restarts).
//! - Step: times the factor every so many epochs, as `StepLR` of `PyTorch` does.
//! - Plateau: times the factor when validation has not become better for longer than the patience,
//!   as `ReduceLROnPlateau` does: see [`Plateau`].
//! - One cycle: from a 25th of the peak up and down to a 250,000th, both along a cosine (Smith and
//!   Topin 2018), as `OneCycleLR` does.
//!
//! All but one cycle, which rises by itself, begin with a linear warm-up.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::training::config::ScheduleKind;

/// A schedule over a known number of steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    pub kind: ScheduleKind,
    pub peak: f64,
    /// Steps that rise.
    pub warmup: f64,
    pub steps: u64,
    pub steps_an_epoch: u64,
    /// No schedule but one cycle goes below this share of the peak.
    pub final_share: f64,
    /// Epochs between two falls of the step schedule.
    pub every: usize,
    /// What a fall of the step schedule leaves.
    pub factor: f64,
    /// What the falls of the plateau schedule have left.
    pub plateau: f64,
}

impl Schedule {
    /// Learning rate of `step`, counted from 0.
    pub(crate) fn rate(&self, step: u64) -> f64 {
        let epoch = step / self.steps_an_epoch.max(1);
        let step = step as f64;
        let steps = self.steps.max(1) as f64;
        let floor = self.peak * self.final_share;
        if self.kind != ScheduleKind::OneCycle && step < self.warmup {
            return self.peak * (step + 1.0) / self.warmup.max(1.0);
        }
        match self.kind {
            ScheduleKind::Constant => self.peak,
            ScheduleKind::Step => {
                (self.peak * self.factor.powi((epoch as usize / self.every.max(1)) as i32)).max(floor)
            }
            ScheduleKind::Plateau => (self.peak * self.plateau).max(floor),
            ScheduleKind::Cosine => {
                let t = ((step - self.warmup) / (steps - self.warmup).max(1.0)).min(1.0);
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

/// Share by which an epoch must be better to count.
const THRESHOLD: f64 = 1e-4;

/// What the plateau schedule remembers; a checkpoint keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// The lowest validation loss so far.
    best: Option<f64>,
    /// Epochs since.
    waited: usize,
    /// What the falls have left of the learning rate.
    pub share: f64,
}

impl Default for Plateau {
    fn default() -> Self {
        Self { best: None, waited: 0, share: 1.0 }
    }
}

impl Plateau {
    /// Takes note of an epoch's validation loss.
    pub fn observe(&mut self, loss: f64, patience: usize, factor: f64) {
        if self.best.is_none_or(|best| loss < best * (1.0 - THRESHOLD)) {
            (self.best, self.waited) = (Some(loss), 0);
            return;
        }
        self.waited += 1;
        if self.waited > patience {
            self.share *= factor;
            self.waited = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::optim::loss::golden::{assert_close, numbers, read};

    fn schedule(kind: ScheduleKind, warmup: f64, final_share: f64) -> Schedule {
        Schedule {
            kind,
            peak: 0.01,
            warmup,
            steps: 20,
            steps_an_epoch: 1,
            final_share,
            every: 6,
            factor: 0.3,
            plateau: 1.0,
        }
    }

    fn rates(kind: ScheduleKind, warmup: f64, final_share: f64) -> Vec<f32> {
        let schedule = schedule(kind, warmup, final_share);
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
    fn step_is_that_of_pytorch() {
        assert_close(&rates(ScheduleKind::Step, 0.0, 0.0), &numbers(&read()["step"]), 1e-8);
    }

    #[test]
    fn plateau_is_that_of_pytorch() {
        let golden = &read()["plateau"];
        let mut plateau = Plateau::default();
        let mut ours = Vec::new();
        for loss in numbers(&golden["losses"]) {
            let at = Schedule { plateau: plateau.share, ..schedule(ScheduleKind::Plateau, 0.0, 0.0) };
            ours.push(at.rate(ours.len() as u64) as f32);
            plateau.observe(f64::from(loss), 2, 0.3);
        }
        assert_close(&ours, &numbers(&golden["rates"]), 1e-8);
    }

    #[test]
    fn every_schedule_but_one_cycle_warms_up_in_a_line() {
        for kind in [ScheduleKind::Cosine, ScheduleKind::Constant, ScheduleKind::Step, ScheduleKind::Plateau] {
            assert_close(&rates(kind, 4.0, 0.0)[..5], &[0.0025, 0.005, 0.0075, 0.01, 0.01], 1e-8);
        }
    }

    #[test]
    fn no_schedule_falls_below_its_floor() {
        assert!(rates(ScheduleKind::Step, 0.0, 0.5).iter().all(|r| *r >= 0.005));
    }
}
