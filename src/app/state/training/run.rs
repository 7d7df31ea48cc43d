//! A run as the viewer follows it: what its events add up to.

use std::path::PathBuf;
use std::sync::Arc;

use super::plan::Plan;
use super::verdict::Verdict;
use crate::app::state::Reason;
use crate::training::event::{Event, HistoryRow, ImagePreview, Ready, StepProgress};
use crate::training::run::trainer::Outcome;

/// Most points of the curve of steps; beyond it, neighbours are merged into their mean.
const MOST_POINTS: usize = 4000;
/// Most warnings that are kept.
const MOST_WARNINGS: usize = 100;

/// Where a run stands.
#[derive(Clone, Debug)]
pub enum Stage {
    /// Images are read.
    Reading {
        done: usize,
        total: usize,
    },
    /// The frozen stages are run once over all images.
    Features {
        done: usize,
        total: usize,
    },
    Training,
    Paused,
    Finished(Arc<Outcome>),
    /// With the epoch of the checkpoint that is left, if there is one.
    Failed {
        reason: Reason,
        kept: Option<usize>,
    },
}

/// What was asked of a run and has not happened yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    Pause,
    Stop,
}

/// A run, from its first event to its last.
#[derive(Clone, Debug)]
pub struct Run {
    pub plan: Box<Plan>,
    pub stage: Stage,
    pub pending: Option<Pending>,
    pub ready: Option<Ready>,
    pub step: Option<StepProgress>,
    /// Loss of the steps over the epochs.
    pub losses: Curve,
    pub rows: Vec<HistoryRow>,
    /// Epoch whose weights the model would have.
    pub best: Option<usize>,
    pub seconds_left: Option<f64>,
    /// What was made of the samples after each epoch. Only the newest have their pictures: the
    /// pictures stay the same.
    pub samples: Vec<(usize, Vec<Arc<ImagePreview>>)>,
    pub warnings: Vec<String>,
    /// Of a finished run that is measured, or was.
    pub verdict: Option<Verdict>,
}

impl Run {
    /// A run that was just started; with the best epoch of the checkpoint that it goes on from.
    pub fn new(plan: Box<Plan>, best: Option<usize>) -> Self {
        Self {
            plan,
            stage: Stage::Reading { done: 0, total: 0 },
            pending: None,
            ready: None,
            step: None,
            losses: Curve::default(),
            rows: Vec::new(),
            best,
            seconds_left: None,
            samples: Vec::new(),
            warnings: Vec::new(),
            verdict: None,
        }
    }

    /// True when nothing more will come.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Finished(_) | Stage::Failed { .. })
    }

    /// True when it has a model that nobody measures yet; one that was stopped would be trained on.
    pub fn can_be_judged(&self) -> bool {
        let idle = matches!(self.verdict, None | Some(Verdict::Failed(_)));
        idle && matches!(&self.stage, Stage::Finished(outcome) if !outcome.stopped)
    }

    /// Takes in what the trainer says.
    pub fn take(&mut self, event: Event) {
        match event {
            Event::Decoded { done, total } => {
                if let Stage::Reading { done: before, .. } = self.stage {
                    // Several threads tell: the highest number is the newest.
                    self.stage = Stage::Reading { done: done.max(before), total };
                }
            }
            Event::Features { done, total } => self.stage = Stage::Features { done, total },
            Event::Warning(text) => {
                if self.warnings.len() < MOST_WARNINGS {
                    self.warnings.push(text);
                }
            }
            Event::Ready(ready) => {
                self.stage = Stage::Training;
                self.rows.clone_from(&ready.history);
                self.ready = Some(ready);
            }
            Event::Step(step) => self.step(step),
            Event::Epoch { row, best, seconds_left } => {
                if best {
                    self.best = Some(row.epoch);
                }
                self.seconds_left = Some(seconds_left);
                self.rows.push(row);
            }
            Event::Samples { epoch, samples } => {
                for reading in self.samples.iter_mut().flat_map(|(_, all)| all) {
                    Arc::make_mut(reading).thumbnail.values = Vec::new();
                }
                self.samples.push((epoch, samples.into_iter().map(Arc::new).collect()));
            }
            Event::Paused => {
                self.stage = Stage::Paused;
                self.pending = self.pending.filter(|w| *w != Pending::Pause);
            }
            Event::Resumed => self.stage = Stage::Training,
            // The outcome, which says more, follows.
            Event::Finished(_) | Event::GateImages { .. } | Event::Fitting { .. } => {}
        }
    }

    fn step(&mut self, step: StepProgress) {
        let at = (step.epoch - 1) as f64 + step.step as f64 / step.steps.max(1) as f64;
        self.losses.push(at, f64::from(step.loss));
        self.seconds_left = Some(step.seconds_left);
        self.step = Some(step);
    }

    /// The run is over.
    pub fn end(&mut self, result: Result<Arc<Outcome>, Reason>, kept: Option<usize>) {
        self.pending = None;
        self.stage = match result {
            Ok(outcome) => {
                self.best = Some(outcome.extent.epoch);
                Stage::Finished(outcome)
            }
            Err(reason) => Stage::Failed { reason, kept },
        };
    }

    /// Epochs in all.
    pub fn epochs(&self) -> usize {
        self.plan.config.epochs()
    }

    /// The epoch that is under way, from 1.
    pub fn epoch(&self) -> usize {
        let done = self.rows.len();
        self.step.map_or(done + 1, |s| s.epoch.max(done + 1)).min(self.epochs())
    }

    /// The part of the epoch that is done, 0–1.
    pub fn part(&self) -> f32 {
        self.step.filter(|s| s.epoch > self.rows.len()).map_or(0.0, |s| s.step as f32 / s.steps.max(1) as f32)
    }

    /// True between the last epoch and the model.
    pub fn is_measuring(&self) -> bool {
        matches!(self.stage, Stage::Training) && self.rows.len() >= self.epochs()
    }

    /// True between the last step of an epoch and its figures.
    pub fn is_validating(&self) -> bool {
        let all = self.step.is_some_and(|s| s.step == s.steps && s.epoch > self.rows.len());
        matches!(self.stage, Stage::Training) && all
    }

    /// Names of the labels.
    pub fn labels(&self) -> Vec<&str> {
        self.plan.config.labels.iter().map(|l| l.name.as_str()).collect()
    }

    /// Folder of the finished model.
    pub fn model(&self) -> PathBuf {
        self.plan.model()
    }
}

/// A curve of bounded length: when it grows too long, neighbours become their mean.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    points: Vec<[f64; 2]>,
    /// Values that make a point.
    stride: usize,
    sum: [f64; 2],
    count: usize,
}

impl Curve {
    /// Adds a value.
    pub fn push(&mut self, x: f64, y: f64) {
        self.stride = self.stride.max(1);
        self.sum = [self.sum[0] + x, self.sum[1] + y];
        self.count += 1;
        if self.count < self.stride {
            return;
        }
        let n = self.count as f64;
        self.points.push([self.sum[0] / n, self.sum[1] / n]);
        (self.sum, self.count) = ([0.0; 2], 0);
        if self.points.len() >= MOST_POINTS {
            let (pairs, _) = self.points.as_chunks::<2>();
            self.points = pairs.iter().map(|[a, b]| [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])]).collect();
            self.stride *= 2;
        }
    }

    /// The points, from left to right.
    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_keeps_its_shape_and_stays_short() {
        let mut curve = Curve::default();
        let n = 100_000;
        for i in 0..n {
            curve.push(f64::from(i) / f64::from(n), f64::from(i));
        }
        assert!((1000..MOST_POINTS).contains(&curve.points().len()));
        let straight = |p: &[f64; 2]| (p[0] * f64::from(n) - p[1]).abs() < 1e-6;
        assert!(curve.points().iter().all(straight));
        assert!(curve.points().is_sorted_by(|a, b| a[0] < b[0]));
    }
}
