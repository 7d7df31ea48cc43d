//! The worker thread: owns the models, takes the latest request, streams [`Event`]s.
//!
//! The mailbox holds at most one model to load and one image to analyse. A newer [`Request::Analyze`] replaces the one that waits
//! and cancels the one that runs; [`Request::LoadModel`] and [`Request::Automatic`] do both as well, since results of the old
//! model are no longer wanted. While models are chosen automatically, every image goes through the [`Picker`] first. A panic in
//! a layer, a decoder or a loader becomes `Failed` or `ModelFailed`, and the worker lives on.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::analysis::{Progress, analyze_with};
use super::choice::Choice;
use super::explanation::{Told, Wish, explain_with};
use super::pass::Known;
use super::picker::{Library, PickError, Picker};
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
    asked: Asked,
    cancel: CancelToken,
}

/// What is to be done with it.
enum Asked {
    Analysis(AnalysisOptions),
    /// On top of an analysis.
    Explanation(Wish),
}

/// The model that is wanted from now on.
enum Wanted {
    This(String),
    /// The one that fits each image; this one first.
    Fitting(String),
}

#[derive(Default)]
struct Mailbox {
    load: Option<Wanted>,
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
    /// Starts the worker. `library` finds models (usually a [`Shelf`](crate::network::shelf::Shelf); a function from names to models does
    /// where nothing is chosen automatically); `wake` is called after every event, from the worker's thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(library: impl Library + Send + 'static, wake: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let (sender, events) = unbounded();
        let shared = Arc::new(Shared {
            mailbox: Mutex::default(),
            arrived: Condvar::new(),
            events: sender,
            wake: Box::new(wake),
        });
        let worker =
            Worker { shared: shared.clone(), picker: Picker::new(library), model: None, automatic: false, last: None };
        let thread = std::thread::Builder::new().name("pellucid-engine".into()).spawn(move || worker.run())?;
        Ok(Self { shared, events, thread: Some(thread) })
    }

    /// Asks for something; never waits.
    pub fn send(&self, request: Request) {
        let mut mailbox = self.shared.mailbox();
        let replaced = mailbox.withdraw();
        match request {
            Request::Analyze { generation, frame, options } => {
                mailbox.job = Some(Job::new(generation, frame, Asked::Analysis(options)));
            }
            Request::Explain { generation, frame, wish } => {
                mailbox.job = Some(Job::new(generation, frame, Asked::Explanation(wish)));
            }
            Request::LoadModel { name } => mailbox.load = Some(Wanted::This(name)),
            Request::Automatic { first } => mailbox.load = Some(Wanted::Fitting(first)),
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

impl Job {
    fn new(generation: Generation, frame: Arc<Frame>, asked: Asked) -> Self {
        Self { generation, frame, asked, cancel: CancelToken::default() }
    }

    /// What is said of it when it was stopped.
    fn cancelled(&self) -> Event {
        let generation = self.generation;
        match self.asked {
            Asked::Analysis(_) => Event::Cancelled { generation },
            Asked::Explanation(_) => Event::ExplanationFailed { generation, reason: None },
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
            self.emit(job.cancelled());
        }
    }
}

/// What the thread owns.
struct Worker<L> {
    shared: Arc<Shared>,
    picker: Picker<L>,
    /// The model that was asked for by hand, or made ready first.
    model: Option<Arc<Model>>,
    /// The model is chosen for each image.
    automatic: bool,
    last: Option<Last>,
}

/// The last image with its forward pass, so that another layer or seed needs no second one.
struct Last {
    /// Weak: a closed image is let go.
    frame: Weak<Frame>,
    choice: Option<Arc<Choice>>,
    known: Known,
}

enum Task {
    Load(Wanted),
    Work(Job),
}

impl<L: Library> Worker<L> {
    fn run(mut self) {
        while let Some(task) = self.next_task() {
            match task {
                Task::Load(wanted) => self.load(wanted),
                Task::Work(job) => match &job.asked {
                    Asked::Analysis(options) => self.analyze(&job, options),
                    Asked::Explanation(wish) => self.explain(&job, wish),
                },
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
            if let Some(wanted) = mailbox.load.take() {
                return Some(Task::Load(wanted));
            }
            if let Some(job) = mailbox.job.take() {
                mailbox.running = Some(job.cancel.clone());
                return Some(Task::Work(job));
            }
            mailbox = self.shared.arrived.wait(mailbox).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Switches models; the old one stays when the new one cannot be loaded.
    fn load(&mut self, wanted: Wanted) {
        let (name, automatic) = match wanted {
            Wanted::This(name) => (name, false),
            Wanted::Fitting(first) => (first, true),
        };
        let event = match self.fetch(&name) {
            Ok(model) => {
                let info = ModelInfo::of(&model);
                self.model = Some(model);
                self.automatic = automatic;
                self.picker.look_again();
                self.last = None;
                Event::ModelReady(info)
            }
            Err(reason) => Event::ModelFailed { name, reason },
        };
        self.shared.emit(event);
    }

    fn fetch(&mut self, name: &str) -> Result<Arc<Model>, String> {
        catch_unwind(AssertUnwindSafe(|| self.picker.load(name).map_err(|error| error.to_string())))
            .unwrap_or_else(|panic| Err(format!("Loading the model broke off: {}", panic_message(panic.as_ref()))))
    }

    fn analyze(&mut self, job: &Job, options: &AnalysisOptions) {
        let generation = job.generation;
        self.shared.emit(Event::Started { generation });
        let outcome = catch_unwind(AssertUnwindSafe(|| self.analysis(job, options)));
        self.shared.emit(match outcome {
            Ok(Ok(analysis)) => Event::Finished { generation, analysis: Arc::new(analysis) },
            Ok(Err(Failure::Unfit)) => Event::Unfit { generation },
            Ok(Err(Failure::Engine(EngineError::Cancelled))) => Event::Cancelled { generation },
            Ok(Err(failure)) => Event::Failed { generation, reason: failure.to_string() },
            Err(panic) => {
                self.last = None;
                let reason = format!("The analysis broke off: {}", panic_message(panic.as_ref()));
                Event::Failed { generation, reason }
            }
        });
    }

    fn analysis(&mut self, job: &Job, options: &AnalysisOptions) -> Result<Analysis, Failure> {
        self.forget_others(&job.frame);
        let (model, because) = self.model_for(job)?;
        let shared = self.shared.clone();
        let mut emit = |progress| shared.emit(event(job.generation, progress));
        let known = &mut self.last(&job.frame).known;
        let mut analysis = analyze_with(&model, &job.frame, known, options, &job.cancel, &mut emit)?;
        analysis.chosen_because = because;
        Ok(analysis)
    }

    fn explain(&mut self, job: &Job, wish: &Wish) {
        let generation = job.generation;
        let outcome = catch_unwind(AssertUnwindSafe(|| self.explanation(job, wish)));
        self.shared.emit(match outcome {
            Ok(Ok(())) => Event::ExplanationDone { generation },
            Ok(Err(Failure::Engine(EngineError::Cancelled))) => job.cancelled(),
            Ok(Err(failure)) => Event::ExplanationFailed { generation, reason: Some(failure.to_string()) },
            Err(panic) => {
                self.last = None;
                let reason = format!("The explanation broke off: {}", panic_message(panic.as_ref()));
                Event::ExplanationFailed { generation, reason: Some(reason) }
            }
        });
    }

    fn explanation(&mut self, job: &Job, wish: &Wish) -> Result<(), Failure> {
        self.forget_others(&job.frame);
        let (model, _) = self.model_for(job)?;
        let (shared, generation) = (self.shared.clone(), job.generation);
        let mut emit = |told| {
            shared.emit(match told {
                Told::Maps(attributions) => Event::Explained { generation, attributions },
                Told::Rough(attributions) => Event::Refined { generation, attributions },
                Told::Step { what, done, of } => Event::Explaining { generation, what, done, of },
                Told::Spread(spread) => Event::Spread { generation, spread },
                Told::Trusted(trusted) => Event::Trusted { generation, trusted },
            });
        };
        let known = &mut self.last(&job.frame).known;
        Ok(explain_with(&model, &job.frame, known, wish, &job.cancel, &mut emit)?)
    }

    /// Lets go of what is kept of any other image.
    fn forget_others(&mut self, frame: &Arc<Frame>) {
        if self.last.as_ref().is_none_or(|last| last.frame.as_ptr() != Arc::as_ptr(frame)) {
            self.last = None;
        }
    }

    /// What is kept of this image.
    fn last(&mut self, frame: &Arc<Frame>) -> &mut Last {
        self.last.get_or_insert_with(|| Last { frame: Arc::downgrade(frame), choice: None, known: Known::default() })
    }

    /// The model that judges this image, and why.
    fn model_for(&mut self, job: &Job) -> Result<(Arc<Model>, String), Failure> {
        if !self.automatic {
            let model = self.model.clone().ok_or(Failure::NoModel)?;
            let because = Choice::by_hand(&model.manifest.name).because;
            return Ok((model, because));
        }
        let generation = job.generation;
        let choice = match self.last.as_ref().and_then(|last| last.choice.clone()) {
            Some(choice) => choice,
            None => Arc::new(self.picker.choose(&job.frame)?),
        };
        self.last(&job.frame).choice = Some(choice.clone());
        let Some(name) = &choice.model else {
            self.shared.emit(Event::Chosen { generation, choice, model: None });
            return Err(Failure::Unfit);
        };
        let model = self.picker.load(name)?;
        let info = Some(ModelInfo::of(&model));
        let because = choice.because.clone();
        self.shared.emit(Event::Chosen { generation, choice, model: info });
        Ok((model, because))
    }
}

/// Why an analysis of the worker failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("No model is loaded; choose one first.")]
    NoModel,
    #[error("No model fits the image.")]
    Unfit,
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Pick(#[from] PickError),
}

fn event(generation: Generation, progress: Progress) -> Event {
    match progress {
        Progress::Gated(verdict) => Event::Gated { generation, verdict },
        Progress::Scored { labels, groups, population } => Event::Scored { generation, labels, groups, population },
        Progress::Explained(attributions) => Event::Explained { generation, attributions },
        Progress::Refined(attributions) => Event::Refined { generation, attributions },
        Progress::Explaining { what, done, of } => Event::Explaining { generation, what, done, of },
        Progress::Sampled { done, of, posterior } => Event::Sampled { generation, done, of, posterior },
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().map(|t| (*t).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "an internal error without a message".into())
}
