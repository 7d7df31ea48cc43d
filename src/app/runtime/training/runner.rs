//! The run on a thread of its own, at a lower priority than the window.
//!
//! The trainer keeps every core busy for hours, while a frame of the window wants a few
//! milliseconds now. So the trainer's thread, its pool and its loaders (threads take the priority
//! of the one that starts them) [step back]; where the system knows no such thing, one core is left
//! free instead.
//!
//! [step back]: crate::app::runtime::precedence::step_back
//!
//! Steps are sent together, some times a second: a small network takes thousands, and each would
//! wake the window.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::app::runtime::precedence::step_back;
use crate::app::state::Reason;
use crate::app::state::training::plan::Plan;
use crate::app::update::training_effect::TrainingMessage;
use crate::panic_guard::guarded;
use crate::training::event::{Event, StepProgress};
use crate::training::run::control::Control;
use crate::training::run::options::RunOptions;
use crate::training::run::{checkpoint, trainer};

/// Steps and images read are sent this often.
const BEAT: Duration = Duration::from_millis(250);

/// Trains, sends what happens, and at the end what came of it.
pub fn run(plan: &Plan, resume: bool, control: &Control, send: &(dyn Fn(TrainingMessage) + Sync)) {
    step_back();
    let relay = Relay { send, waiting: Mutex::new(Waiting { steps: Vec::new(), sent: Instant::now() }) };
    let train = || trainer::train(&plan.config, &options(plan, resume), &|event| relay.take(event), control);
    // A panic in a codec or a kernel ends the run, not the viewer: the reading room goes on.
    let result = guarded(|| match pool() {
        Some(pool) => pool.install(train),
        None => train(),
    });
    relay.flush();
    let result = match result {
        Ok(result) => result.map_err(|e| Reason::from(e.to_string())),
        Err(_) => Err("the trainer met a fault of its own; please report it with the configuration".into()),
    };
    let kept = checkpoint::peek(&plan.out).ok().flatten().map(|state| state.epoch);
    send(TrainingMessage::Over { result: result.map(Arc::new), kept });
}

/// What the trainer takes.
pub(super) fn options(plan: &Plan, resume: bool) -> RunOptions {
    RunOptions {
        data: plan.data.clone(),
        out: plan.out.clone(),
        model: plan.model(),
        resume,
        changed: false,
        max_steps: None,
        max_epochs: None,
        limit: None,
        device: candle_core::Device::Cpu,
    }
}

/// Threads of the trainer's own, which step back with it.
pub(super) fn pool() -> Option<rayon::ThreadPool> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if cfg!(target_os = "linux") { cores } else { cores.saturating_sub(1).max(1) };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("pellucid-train-{i}"))
        .start_handler(|_| step_back())
        .build()
        .ok()
}

struct Waiting {
    steps: Vec<StepProgress>,
    sent: Instant,
}

/// Sends events on, steps in bundles.
struct Relay<'a> {
    send: &'a (dyn Fn(TrainingMessage) + Sync),
    waiting: Mutex<Waiting>,
}

impl Relay<'_> {
    fn take(&self, event: Event) {
        match event {
            Event::Step(step) => {
                let due = {
                    let mut waiting = self.lock();
                    waiting.steps.push(step);
                    waiting.sent.elapsed() >= BEAT
                };
                if due {
                    self.flush();
                }
            }
            Event::Decoded { done, total } => {
                let due = {
                    let mut waiting = self.lock();
                    let due = waiting.sent.elapsed() >= BEAT || done == total;
                    if due {
                        waiting.sent = Instant::now();
                    }
                    due
                };
                if due {
                    (self.send)(TrainingMessage::Event(event));
                }
            }
            event => {
                // In the order in which they happened.
                self.flush();
                (self.send)(TrainingMessage::Event(event));
            }
        }
    }

    fn flush(&self) {
        let steps = {
            let mut waiting = self.lock();
            waiting.sent = Instant::now();
            std::mem::take(&mut waiting.steps)
        };
        if !steps.is_empty() {
            (self.send)(TrainingMessage::Steps(steps));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: usize) -> Event {
        let (epoch, epochs, steps) = (1, 1, 1000);
        let rest = (0.5, 0.001, 10.0, 3.0);
        Event::Step(StepProgress {
            epoch,
            epochs,
            step,
            steps,
            loss: rest.0,
            learning_rate: rest.1,
            images_per_second: rest.2,
            seconds_left: rest.3,
        })
    }

    #[test]
    fn many_quick_steps_are_sent_together_and_before_what_follows_them() {
        let received = Mutex::new(Vec::new());
        let send = |message: TrainingMessage| received.lock().unwrap().push(message);
        let relay = Relay { send: &send, waiting: Mutex::new(Waiting { steps: Vec::new(), sent: Instant::now() }) };
        (1..=1000).for_each(|i| relay.take(step(i)));
        relay.take(Event::Paused);
        let received = received.lock().unwrap();
        let steps: usize = received.iter().map(|n| if let TrainingMessage::Steps(s) = n { s.len() } else { 0 }).sum();
        assert_eq!(steps, 1000);
        assert!(received.len() < 20, "{}", received.len());
        assert!(matches!(received.last(), Some(TrainingMessage::Event(Event::Paused))));
    }
}
