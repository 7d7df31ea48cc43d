//! The pipeline of a run that is over, on a thread of its own at a lower priority than the window.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::runner;
use crate::app::runtime::precedence::step_back;
use crate::app::state::Reason;
use crate::app::state::training::plan::Plan;
use crate::app::state::training::verdict::Verdict;
use crate::app::update::training_effect::TrainingMessage;
use crate::pipeline::Pipeline;
use crate::pipeline::event::{PipelineEvent, StepState};
use crate::pipeline::step::Step;
use crate::training::run::control::Control;

/// Progress is sent this often.
const BEAT: Duration = Duration::from_millis(250);

/// Measures the run of `plan`, sends how far it is, and at the end what came of it.
pub(super) fn run(plan: &Plan, send: &(dyn Fn(TrainingMessage) + Sync)) {
    step_back();
    let pipeline = Pipeline { config: &plan.config, run: runner::options(plan, false), again: false };
    let now = Mutex::new((Step::Check, Instant::now()));
    let going = |step, done, total| send(TrainingMessage::Judged(Verdict::Going { step, done, total }));
    let told = |event| {
        let Ok(mut now) = now.lock() else { return };
        match event {
            PipelineEvent::Step { step, state: StepState::Begins, .. } => {
                *now = (step, Instant::now());
                going(step, 0, 0);
            }
            PipelineEvent::Progress { done, total, .. } if now.1.elapsed() >= BEAT => {
                now.1 = Instant::now();
                going(now.0, done, total);
            }
            PipelineEvent::Step { .. }
            | PipelineEvent::Progress { .. }
            | PipelineEvent::Training(_)
            | PipelineEvent::Remark(_) => {}
        }
    };
    let measured = || pipeline.run(&told, &Control::default()).map_err(|error| Reason::from(error.to_string()));
    let found = match runner::pool() {
        Some(pool) => pool.install(measured),
        None => measured(),
    };
    send(TrainingMessage::Judged(match found {
        Ok(found) => {
            let sentences = found.sections.into_iter().flat_map(|section| section.verdict).collect();
            Verdict::Done { page: found.page, sentences }
        }
        Err(reason) => Verdict::Failed(reason),
    }));
}
