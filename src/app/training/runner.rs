//! The run on a thread of its own, at a lower priority than the window.
//!
//! The trainer keeps every core busy for hours, while a frame of the window wants a few milliseconds now. So the
//! trainer's thread, its pool and its loaders (threads take the priority of the one that starts them) step back: with
//! Linux's fair scheduling a thread of nice 10 gets a tenth of what one of nice 0 gets while both want it, and
//! everything otherwise. Elsewhere one core is left free instead.
//!
//! Steps are told together, some times a second: a small network takes thousands, and each would wake the window.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::news::News;
use super::prepare::Plan;
use crate::training::checkpoint;
use crate::training::control::Control;
use crate::training::event::{Event, Step};
use crate::training::trainer::{self, Outcome};

/// Steps and images read are told this often.
const BEAT: Duration = Duration::from_millis(250);

/// Trains, tells what happens, and says at the end what came of it.
pub fn run(plan: &Plan, resume: bool, control: &Control, tell: &(dyn Fn(News) + Sync)) {
    step_back();
    let relay = Relay { tell, waiting: Mutex::new(Waiting { steps: Vec::new(), told: Instant::now() }) };
    let train = || trainer::train(&plan.config, &plan.options(resume), &|event| relay.hear(event), control);
    // A panic in a codec or a kernel ends the run, not the viewer: the reading room goes on.
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match pool() {
        Some(pool) => pool.install(train),
        None => train(),
    }));
    relay.flush();
    let result: Result<Outcome, String> = match result {
        Ok(result) => result.map_err(|e| e.to_string()),
        Err(_) => Err("the trainer met a fault of its own; please report it with the configuration".into()),
    };
    let kept = checkpoint::peek(&plan.out).ok().flatten().map(|state| state.epoch);
    tell(News::Over { result: result.map(Arc::new), kept });
}

/// Lowers the priority of this thread, and of those that it will start.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(e) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 10) {
        log::warn!("the trainer keeps the priority of the window: {e}");
    }
}

/// Threads of the trainer's own, which step back with it.
fn pool() -> Option<rayon::ThreadPool> {
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
    steps: Vec<Step>,
    told: Instant,
}

/// Tells events on, steps in bundles.
struct Relay<'a> {
    tell: &'a (dyn Fn(News) + Sync),
    waiting: Mutex<Waiting>,
}

impl Relay<'_> {
    fn hear(&self, event: Event) {
        match event {
            Event::Step(step) => {
                let due = {
                    let mut waiting = self.lock();
                    waiting.steps.push(step);
                    waiting.told.elapsed() >= BEAT
                };
                if due {
                    self.flush();
                }
            }
            Event::Decoded { done, total } => {
                let due = {
                    let mut waiting = self.lock();
                    let due = waiting.told.elapsed() >= BEAT || done == total;
                    if due {
                        waiting.told = Instant::now();
                    }
                    due
                };
                if due {
                    (self.tell)(News::Event(event));
                }
            }
            event => {
                // In the order in which they happened.
                self.flush();
                (self.tell)(News::Event(event));
            }
        }
    }

    fn flush(&self) {
        let steps = {
            let mut waiting = self.lock();
            waiting.told = Instant::now();
            std::mem::take(&mut waiting.steps)
        };
        if !steps.is_empty() {
            (self.tell)(News::Steps(steps));
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
        Event::Step(Step {
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
    fn many_quick_steps_are_told_together_and_before_what_follows_them() {
        let heard = Mutex::new(Vec::new());
        let tell = |news: News| heard.lock().unwrap().push(news);
        let relay = Relay { tell: &tell, waiting: Mutex::new(Waiting { steps: Vec::new(), told: Instant::now() }) };
        (1..=1000).for_each(|i| relay.hear(step(i)));
        relay.hear(Event::Paused);
        let heard = heard.lock().unwrap();
        let steps: usize = heard.iter().map(|n| if let News::Steps(s) = n { s.len() } else { 0 }).sum();
        assert_eq!(steps, 1000);
        assert!(heard.len() < 20, "{}", heard.len());
        assert!(matches!(heard.last(), Some(News::Event(Event::Paused))));
    }
}
