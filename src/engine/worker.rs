//! The worker thread: owns the models, takes the latest request, streams [`Event`]s.
//!
//! What waits lies in its mailbox ([`super::mailbox`]). While models are chosen automatically, every
//! image goes through the [`ModelSelector`] first. While nothing else is to do, images that are shown
//! beside the analysed one are analysed ([`super::beside_worker`]), then those of at most one study,
//! one by one ([`super::study_worker`]). A panic in a layer, a decoder or a loader
//! becomes `Failed` or `ModelFailed`, and the worker lives on.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::analysis::analyze_with;
use super::beside_worker::BesideWorker;
use super::explanation::explain_with;
use super::mailbox::{Asked, Job, Mailbox, Task, Wanted};
use super::map_request::MapRequest;
use super::model_selection::{Choice, Library, ModelSelector, Selected, SelectionError};
use super::pass::Known;
use super::progress::Progress;
use super::similar::{Galleries, SHOWN};
use super::study_worker::{StudyJob, StudyScores};
use super::what_if::filling::SmallCopy;
use super::what_if::question::Question;
use super::what_if::{Canvas, WhatIfError};
use super::{Analysis, AnalysisOptions, BesideImage, EngineError, Event, ModelInfo, Request};
use crate::cancel::CancelToken;
use crate::model::Model;
use crate::panic_guard::{Panicked, guarded};
use crate::study::Frame;

/// The handle that the interface holds. Dropping it cancels what runs and ends the thread.
pub struct Engine {
    shared: Arc<Shared>,
    events: Receiver<Event>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    mailbox: Mutex<Mailbox>,
    arrived: Condvar,
    events: Sender<Event>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Engine {
    /// Starts the worker. `library` finds models (usually a
    /// [`ModelCache`](crate::model::cache::ModelCache); a function from names to models does where
    /// nothing is chosen automatically); `wake` is called after every event, from the worker's
    /// thread.
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
        let worker = Worker {
            shared: shared.clone(),
            selector: ModelSelector::new(library),
            galleries: Galleries::default(),
            study: StudyScores::default(),
            beside: BesideWorker::default(),
            ready: false,
            last: None,
        };
        let thread = std::thread::Builder::new().name("pellucid-engine".into()).spawn(move || worker.run())?;
        Ok(Self { shared, events, thread: Some(thread) })
    }

    /// Asks for something; never waits.
    pub fn send(&self, request: Request) {
        let mut mailbox = self.shared.mailbox();
        let replaced = match request {
            Request::Study { generation, images } => {
                mailbox.study = (!images.is_empty()).then_some(StudyJob { generation, images });
                None
            }
            Request::Beside { images } => {
                mailbox.beside.replace(&images);
                None
            }
            Request::WhatIf { generation, frame, question } => {
                mailbox.ask(Job::new(generation, frame, Asked::WhatIf(question)));
                None
            }
            Request::Explain { generation, frame, request } => {
                let replaced = mailbox.withdraw_job();
                mailbox.job = Some(Job::new(generation, frame, Asked::Explanation(request)));
                replaced
            }
            Request::Analyze { generation, frame, options } => {
                let replaced = mailbox.withdraw();
                mailbox.study = None;
                mailbox.job = Some(Job::new(generation, frame, Asked::Analysis(options)));
                replaced
            }
            Request::LoadModel { name } => mailbox.load_next(Wanted::This(name)),
            Request::Automatic { first } => mailbox.load_next(Wanted::Fitting(first)),
        };
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
            (mailbox.load, mailbox.study) = (None, None);
            mailbox.beside.replace(&[]);
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

impl Shared {
    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        // Nothing that could panic runs while the lock is held, so its contents are whole even
        // then.
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
    selector: ModelSelector<L>,
    galleries: Galleries,
    study: StudyScores,
    beside: BesideWorker,
    /// A model was loaded, so that images can be judged.
    ready: bool,
    last: Option<Last>,
}

/// The last image with its forward pass, so that another layer or seed needs no second one.
struct Last {
    /// Weak: a closed image is let go.
    frame: Weak<Frame>,
    choice: Arc<Choice>,
    known: Known,
    /// The copy on which holes of the image are filled.
    copy: Arc<OnceLock<SmallCopy>>,
}

impl<L: Library> Worker<L> {
    fn run(mut self) {
        while let Some(task) = self.next_task() {
            match task {
                Task::Load(wanted) => self.load(wanted),
                Task::Work(job) => match &job.asked {
                    Asked::Analysis(options) => self.analyze(&job, options),
                    Asked::Explanation(request) => self.explain(&job, request),
                    Asked::WhatIf(question) => self.answer(&job, question),
                },
                Task::Beside(image, cancel) => self.analyze_beside(&image, &cancel),
                Task::Study(job, cancel) => self.judge_next(&job, &cancel),
            }
        }
    }

    /// Waits for something to do; `None` when the engine closes.
    fn next_task(&self) -> Option<Task> {
        let mut mailbox = self.shared.mailbox();
        mailbox.running = None;
        mailbox.beside.rests();
        loop {
            if mailbox.closing {
                return None;
            }
            if let Some(task) = mailbox.next(self.ready) {
                return Some(task);
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
        let event = match self.fetch(&name, automatic) {
            Ok(model) => {
                self.ready = true;
                self.last = None;
                self.study = StudyScores::default();
                self.beside = BesideWorker::default();
                Event::ModelReady(ModelInfo::of(&model))
            }
            Err(failure) => Event::ModelFailed { name, reason: failure.to_string() },
        };
        self.shared.emit(event);
    }

    fn fetch(&mut self, name: &str, automatic: bool) -> Result<Arc<Model>, Failure> {
        let selector = &mut self.selector;
        let fetched = guarded(|| if automatic { selector.load(name) } else { selector.use_named(name) });
        let model = fetched??;
        if automatic {
            selector.use_fitting();
        }
        Ok(model)
    }

    fn analyze(&mut self, job: &Job, options: &AnalysisOptions) {
        let generation = job.generation;
        self.shared.emit(Event::Started { generation });
        let outcome = guarded(|| self.analysis(job, options));
        self.shared.emit(match outcome {
            Ok(Ok(analysis)) => Event::Finished { generation, analysis: Arc::new(analysis) },
            Ok(Err(Failure::Unfit)) => Event::Unfit { generation },
            Ok(Err(Failure::Engine(EngineError::Cancelled))) => Event::Cancelled { generation },
            Ok(Err(failure)) => Event::Failed { generation, reason: failure.to_string() },
            Err(panicked) => {
                self.last = None;
                let reason = format!("The analysis broke off. {panicked}");
                Event::Failed { generation, reason }
            }
        });
    }

    fn analysis(&mut self, job: &Job, options: &AnalysisOptions) -> Result<Analysis, Failure> {
        self.forget_others(&job.frame);
        let (model, because) = self.model_for(job)?;
        let shared = self.shared.clone();
        let generation = job.generation;
        let mut emit = |progress| shared.emit(Event::Progress { generation, progress });
        let known = self.known();
        let mut analysis = analyze_with(&model, &job.frame, known, options, &job.cancel, &mut emit)?;
        analysis.chosen_because = because;
        if let Some(last) = &self.last {
            self.study.keep(&job.frame, options, &last.choice, &model, &analysis);
        }
        if analysis.scored {
            job.cancel.check().map_err(EngineError::from)?;
            let known = self.last.as_ref().map(|last| &last.known);
            let similar = known.map(|known| self.galleries.similar(&model, &job.frame, known, SHOWN)).transpose()?;
            if let Some(similar) = similar.flatten() {
                emit(Progress::Similar(Arc::new(similar)));
            }
        }
        Ok(analysis)
    }

    fn explain(&mut self, job: &Job, request: &MapRequest) {
        let generation = job.generation;
        let outcome = guarded(|| self.explanation(job, request));
        self.shared.emit(match outcome {
            Ok(Ok(())) => Event::ExplanationDone { generation },
            Ok(Err(Failure::Engine(EngineError::Cancelled))) if self.shared.mailbox().put_back(job) => return,
            Ok(Err(Failure::Engine(EngineError::Cancelled))) => job.cancelled(),
            Ok(Err(failure)) => Event::ExplanationFailed { generation, reason: Some(failure.to_string()) },
            Err(panicked) => {
                self.last = None;
                let reason = format!("The explanation broke off. {panicked}");
                Event::ExplanationFailed { generation, reason: Some(reason) }
            }
        });
    }

    fn explanation(&mut self, job: &Job, request: &MapRequest) -> Result<(), Failure> {
        self.forget_others(&job.frame);
        let (model, _) = self.model_for(job)?;
        let (shared, generation) = (self.shared.clone(), job.generation);
        let mut emit = |progress| shared.emit(Event::Progress { generation, progress });
        let known = self.known();
        Ok(explain_with(&model, &job.frame, known, request, &job.cancel, &mut emit)?)
    }

    fn answer(&mut self, job: &Job, question: &Question) {
        let (generation, number) = (job.generation, question.number);
        let outcome = guarded(|| self.answered(job, question));
        let failure = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(Failure::WhatIf(error))) if error.is_cancelled() => return,
            Ok(Err(Failure::Engine(EngineError::Cancelled))) => return,
            Ok(Err(failure)) => Some(failure.to_string()),
            Err(panicked) => {
                self.last = None;
                Some(format!("The question broke off. {panicked}"))
            }
        };
        self.shared.emit(Event::WhatIfDone { generation, number, failure });
    }

    fn answered(&mut self, job: &Job, question: &Question) -> Result<(), Failure> {
        self.forget_others(&job.frame);
        let (model, _) = self.model_for(job)?;
        let (shared, generation) = (self.shared.clone(), job.generation);
        let mut told = |answer| {
            shared.emit(Event::Progress { generation, progress: Progress::WhatIf(Arc::new(answer)) });
        };
        let copy = self.last.as_ref().map(|last| last.copy.clone()).unwrap_or_default();
        let canvas = Canvas { frame: &job.frame, copy: &copy };
        Ok(question.asked(&model, canvas, &job.cancel, &mut told)?)
    }

    /// Judges the next image of a study, or tells of all of them.
    fn judge_next(&mut self, job: &StudyJob, cancel: &CancelToken) {
        let generation = job.generation;
        let tell = |shared: &Shared, progress| shared.emit(Event::Progress { generation, progress });
        if !self.ready || job.images.iter().all(|image| self.study.knows(image)) {
            self.shared.mailbox().study.take_if(|waiting| waiting.generation == generation);
            let members = self.study.of(&job.images);
            tell(&self.shared, Progress::StudyJudged(Arc::new(members)));
            return;
        }
        self.study.judge_next(job, &mut self.selector, cancel);
        let done = job.images.iter().filter(|image| self.study.knows(image)).count();
        tell(&self.shared, Progress::Study { done, of: job.images.len() });
    }

    /// Analyses an image beside the analysed one; interrupted, it is begun again.
    fn analyze_beside(&mut self, image: &BesideImage, cancel: &CancelToken) {
        if let Some(outcome) = self.beside.analyze(image, &mut self.selector, cancel) {
            self.shared.mailbox().beside.done(image);
            self.shared.emit(Event::Beside { frame: image.frame.clone(), outcome });
        }
    }

    /// Lets go of what is kept of any other image.
    fn forget_others(&mut self, frame: &Arc<Frame>) {
        if self.last.as_ref().is_none_or(|last| last.frame.as_ptr() != Arc::as_ptr(frame)) {
            self.last = None;
        }
    }

    /// The model that judges this image, and why.
    fn model_for(&mut self, job: &Job) -> Result<(Arc<Model>, String), Failure> {
        if !self.ready {
            return Err(Failure::NoModel);
        }
        let generation = job.generation;
        let known = self.last.as_ref().map(|last| last.choice.clone());
        let Selected { choice, model } = match known {
            Some(choice) => self.selector.selected(choice)?,
            None => self.selector.select(&job.frame, false)?,
        };
        if self.last.is_none() {
            let (frame, known) = (Arc::downgrade(&job.frame), Known::of_choice(&choice));
            self.last = Some(Last { frame, choice: choice.clone(), known, copy: Arc::default() });
        }
        let because = choice.because.clone();
        if self.selector.named().is_none() {
            let model = model.as_ref().map(|model| ModelInfo::of(model));
            self.shared.emit(Event::Chosen { generation, choice, model });
        }
        Ok((model.ok_or(Failure::Unfit)?, because))
    }

    /// What is known of the image whose model [`Self::model_for`] has named.
    fn known(&mut self) -> &mut Known {
        &mut self.last.as_mut().expect("the model of an image is named before anything is known of it").known
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
    Panicked(#[from] Panicked),
    #[error(transparent)]
    Pick(#[from] SelectionError),
    #[error(transparent)]
    WhatIf(#[from] WhatIfError),
}
