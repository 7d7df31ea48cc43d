//! The worker thread: owns the model, takes the latest request, streams [`Event`]s.
//!
//! The mailbox holds at most one model to load and one image to analyse. A newer [`Request::Analyze`] replaces the one that waits
//! and cancels the one that runs; [`Request::LoadModel`] does both as well, since results of the old model are no longer
//! wanted. A panic in a layer, a decoder or a loader becomes `Failed` or `ModelFailed`, and the worker lives on.

use std::any::Any;
use std::fmt::Display;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::analysis::{Progress, analyze_with};
use super::pass::Known;
use super::{Analysis, AnalysisOptions, CancelToken, EngineError, Event, Generation, ModelInfo, Request};
use crate::network::Model;
use crate::study::Frame;

/// The handle that the interface holds. Dropping it cancels what runs and ends the thread.
pub struct Engine {
    shared: Arc<Shared>,
    events: Receiver<Event>,
    thread: Option<JoinHandle<()>>,
}

/// What waits or runs for one image.
struct Job {
    generation: Generation,
    frame: Arc<Frame>,
    options: AnalysisOptions,
    cancel: CancelToken,
}

#[derive(Default)]
struct Mailbox {
    load: Option<String>,
    job: Option<Job>,
    /// Token of the analysis that runs now.
    running: Option<CancelToken>,
    closing: bool,
}

struct Shared {
    mailbox: Mutex<Mailbox>,
    arrived: Condvar,
    events: Sender<Event>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Engine {
    /// Starts the worker. `load` finds a model by name (usually [`crate::network::registry::load`] for a device); `wake` is called after
    /// every event, from the worker's thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn<E: Display>(
        load: impl Fn(&str) -> Result<Model, E> + Send + 'static,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (sender, events) = unbounded();
        let shared = Arc::new(Shared {
            mailbox: Mutex::default(),
            arrived: Condvar::new(),
            events: sender,
            wake: Box::new(wake),
        });
        let worker = Worker { shared: shared.clone(), model: None, last: None };
        let thread = std::thread::Builder::new()
            .name("pellucid-engine".into())
            .spawn(move || worker.run(&|name| load(name).map_err(|error| error.to_string())))?;
        Ok(Self { shared, events, thread: Some(thread) })
    }

    /// Asks for something; never waits.
    pub fn send(&self, request: Request) {
        let mut mailbox = self.shared.mailbox();
        let replaced = mailbox.withdraw();
        match request {
            Request::Analyze { generation, frame, options } => {
                mailbox.job = Some(Job { generation, frame, options, cancel: CancelToken::default() });
            }
            Request::LoadModel { name } => mailbox.load = Some(name),
        }
        drop(mailbox);
        self.shared.arrived.notify_one();
        self.shared.tell_cancelled(replaced);
    }

    /// Withdraws the analysis that waits and stops the one that runs, within 200 ms.
    pub fn cancel(&self) {
        let replaced = self.shared.mailbox().withdraw();
        self.shared.tell_cancelled(replaced);
    }

    /// Where events arrive; the interface empties it with `try_iter` whenever it is woken.
    #[must_use]
    pub fn events(&self) -> &Receiver<Event> {
        &self.events
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        {
            let mut mailbox = self.shared.mailbox();
            mailbox.withdraw();
            mailbox.load = None;
            mailbox.closing = true;
        }
        self.shared.arrived.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the engine's thread ended in a panic");
        }
    }
}

impl Mailbox {
    /// Cancels what runs and takes out what waits.
    fn withdraw(&mut self) -> Option<Job> {
        if let Some(running) = &self.running {
            running.cancel();
        }
        self.job.take()
    }
}

impl Shared {
    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        // Nothing that could panic runs while the lock is held, so its contents are whole even then.
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn emit(&self, event: Event) {
        // No one listens any more while the program closes.
        let _ = self.events.send(event);
        (self.wake)();
    }

    fn tell_cancelled(&self, job: Option<Job>) {
        if let Some(job) = job {
            self.emit(Event::Cancelled { generation: job.generation });
        }
    }
}

/// What the thread owns.
struct Worker {
    shared: Arc<Shared>,
    model: Option<Model>,
    /// The last image and its forward pass, so that another layer or seed needs no second one. Weak: a closed image is let go.
    last: Option<(Weak<Frame>, Known)>,
}

type Load<'a> = &'a dyn Fn(&str) -> Result<Model, String>;

enum Task {
    Load(String),
    Analyze(Job),
}

impl Worker {
    fn run(mut self, load: Load<'_>) {
        while let Some(task) = self.next_task() {
            match task {
                Task::Load(name) => self.load(name, load),
                Task::Analyze(job) => self.analyze(&job),
            }
        }
    }

    /// Waits for something to do; `None` when the engine closes.
    fn next_task(&self) -> Option<Task> {
        let mut mailbox = self.shared.mailbox();
        mailbox.running = None;
        loop {
            if mailbox.closing {
                return None;
            }
            if let Some(name) = mailbox.load.take() {
                return Some(Task::Load(name));
            }
            if let Some(job) = mailbox.job.take() {
                mailbox.running = Some(job.cancel.clone());
                return Some(Task::Analyze(job));
            }
            mailbox = self.shared.arrived.wait(mailbox).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Switches models; the old one stays when the new one cannot be loaded.
    fn load(&mut self, name: String, load: Load<'_>) {
        let loaded = catch_unwind(AssertUnwindSafe(|| load(&name)))
            .unwrap_or_else(|panic| Err(format!("Loading the model broke off: {}", panic_message(panic.as_ref()))));
        self.shared.emit(match loaded {
            Ok(model) => {
                let info = ModelInfo::of(&model);
                self.model = Some(model);
                self.last = None;
                Event::ModelReady(info)
            }
            Err(reason) => Event::ModelFailed { name, reason },
        });
    }

    fn analyze(&mut self, job: &Job) {
        let generation = job.generation;
        self.shared.emit(Event::Started { generation });
        let outcome = catch_unwind(AssertUnwindSafe(|| self.analysis(job)));
        self.shared.emit(match outcome {
            Ok(Ok(analysis)) => Event::Finished { generation, analysis: Arc::new(analysis) },
            Ok(Err(Failure::Engine(EngineError::Cancelled))) => Event::Cancelled { generation },
            Ok(Err(failure)) => Event::Failed { generation, reason: failure.to_string() },
            Err(panic) => {
                self.last = None;
                let reason = format!("The analysis broke off: {}", panic_message(panic.as_ref()));
                Event::Failed { generation, reason }
            }
        });
    }

    fn analysis(&mut self, job: &Job) -> Result<Analysis, Failure> {
        let model = self.model.as_ref().ok_or(Failure::NoModel)?;
        let same = self.last.as_ref().is_some_and(|(frame, _)| frame.as_ptr() == Arc::as_ptr(&job.frame));
        if !same {
            self.last = None;
        }
        let (_, known) = self.last.get_or_insert_with(|| (Arc::downgrade(&job.frame), Known::default()));
        let generation = job.generation;
        let mut emit = |progress| self.shared.emit(event(generation, progress));
        Ok(analyze_with(model, &job.frame, known, &job.options, &job.cancel, &mut emit)?)
    }
}

/// Why an analysis of the worker failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("No model is loaded; choose one first.")]
    NoModel,
    #[error(transparent)]
    Engine(#[from] EngineError),
}

fn event(generation: Generation, progress: Progress) -> Event {
    match progress {
        Progress::Gated(verdict) => Event::Gated { generation, verdict },
        Progress::Scored { labels, groups } => Event::Scored { generation, labels, groups },
        Progress::Explained(attributions) => Event::Explained { generation, attributions },
        Progress::Sampled { done, of, posterior } => Event::Sampled { generation, done, of, posterior },
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().map(|t| (*t).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "an internal error without a message".into())
}
