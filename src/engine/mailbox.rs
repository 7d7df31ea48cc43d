//! What waits for the worker, and what is stopped for it.
//!
//! At most one model to load, one image to analyse or explain, one question about a changed image,
//! and one study whose images are judged while there is nothing else to do. A newer analysis
//! replaces the one that waits and cancels the one that runs, and so does another model, since
//! results of the old one are no longer wanted. A question comes before an explanation, which is
//! interrupted and begun anew.

use std::sync::Arc;

use super::beside_worker::BesideQueue;
use super::map_request::MapRequest;
use super::study_worker::StudyJob;
use super::what_if::question::Question;
use super::{AnalysisOptions, BesideImage, Event, Generation};
use crate::cancel::CancelToken;
use crate::study::Frame;

/// What waits or runs for one image.
pub(super) struct Job {
    pub(super) generation: Generation,
    pub(super) frame: Arc<Frame>,
    pub(super) asked: Asked,
    pub(super) cancel: CancelToken,
}

/// What is to be done with it.
#[derive(Clone)]
pub(super) enum Asked {
    Analysis(AnalysisOptions),
    /// On top of an analysis.
    Explanation(MapRequest),
    /// On top of an analysis, before any explanation.
    WhatIf(Box<Question>),
}

/// The model that is wanted from now on.
pub(super) enum Wanted {
    This(String),
    /// The one that fits each image; this one first.
    Fitting(String),
}

#[derive(Default)]
pub(super) struct Mailbox {
    pub(super) load: Option<Wanted>,
    /// Comes before `job`, which it does not replace.
    question: Option<Job>,
    pub(super) job: Option<Job>,
    /// Waits until there is nothing else to do.
    pub(super) study: Option<StudyJob>,
    /// Images beside the analysed one; they wait, too.
    pub(super) beside: BesideQueue,
    pub(super) running: Option<Running>,
    pub(super) closing: bool,
}

/// What runs now.
pub(super) struct Running {
    what: What,
    cancel: CancelToken,
    /// An explanation that a question has stopped: it is begun anew afterwards.
    interrupted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Analysis,
    Explanation,
    /// Without random places.
    QuickQuestion,
    Question,
    Beside,
    Study,
}

impl Running {
    fn new(what: What, cancel: CancelToken) -> Self {
        Self { what, cancel, interrupted: false }
    }
}

pub(super) enum Task {
    Load(Wanted),
    Work(Job),
    /// An image beside the analysed one.
    Beside(BesideImage, CancelToken),
    /// The next image of a study.
    Study(StudyJob, CancelToken),
}

impl Job {
    pub(super) fn new(generation: Generation, frame: Arc<Frame>, asked: Asked) -> Self {
        Self { generation, frame, asked, cancel: CancelToken::default() }
    }

    /// What is said of it when it was stopped.
    pub(super) fn cancelled(&self) -> Event {
        let generation = self.generation;
        match self.asked {
            Asked::Analysis(_) => Event::Cancelled { generation },
            Asked::Explanation(_) => Event::ExplanationFailed { generation, reason: None },
            Asked::WhatIf(ref question) => Event::WhatIfDone { generation, number: question.number, failure: None },
        }
    }

    fn what(&self) -> What {
        match &self.asked {
            Asked::Analysis(_) => What::Analysis,
            Asked::Explanation(_) => What::Explanation,
            Asked::WhatIf(question) if question.draws == 0 => What::QuickQuestion,
            Asked::WhatIf(_) => What::Question,
        }
    }
}

impl Mailbox {
    /// Cancels what runs and takes out what waits.
    pub(super) fn withdraw(&mut self) -> Option<Job> {
        if let Some(running) = &mut self.running {
            running.cancel.cancel();
            running.interrupted = false;
        }
        self.question = None;
        self.job.take()
    }

    /// The same, for an explanation: questions go on.
    pub(super) fn withdraw_job(&mut self) -> Option<Job> {
        let running = self.running.as_ref();
        if let Some(running) = running.filter(|r| !matches!(r.what, What::Question | What::QuickQuestion)) {
            running.cancel.cancel();
        }
        self.job.take()
    }

    pub(super) fn load_next(&mut self, wanted: Wanted) -> Option<Job> {
        let replaced = self.withdraw();
        self.study = None;
        self.beside.replace(&[]);
        self.load = Some(wanted);
        replaced
    }

    /// A question is next. One that follows the hand is let end, so that answers come while it moves.
    pub(super) fn ask(&mut self, question: Job) {
        if let Some(running) = &mut self.running
            && running.what != What::Analysis
            && running.what != What::QuickQuestion
        {
            running.interrupted = running.what == What::Explanation;
            running.cancel.cancel();
        }
        self.question = Some(question);
    }

    /// What is to be done next, if there is anything; `ready` once there is a model.
    pub(super) fn next(&mut self, ready: bool) -> Option<Task> {
        if let Some(wanted) = self.load.take() {
            return Some(Task::Load(wanted));
        }
        let question = self.question.take();
        if let Some(job) = question.or_else(|| self.job.take()) {
            self.running = Some(Running::new(job.what(), job.cancel.clone()));
            return Some(Task::Work(job));
        }
        if let Some(image) = self.beside.begin(ready) {
            // What interrupts it does not end it either.
            let cancel = CancelToken::default();
            self.running = Some(Running::new(What::Beside, cancel.clone()));
            self.beside.runs_with(&cancel);
            return Some(Task::Beside(image, cancel));
        }
        let study = self.study.clone()?;
        // One token an image: what interrupts it does not end the study.
        let cancel = CancelToken::default();
        self.running = Some(Running::new(What::Study, cancel.clone()));
        Some(Task::Study(study, cancel))
    }

    /// Puts an explanation back that a question has interrupted; false where nobody waits for it any
    /// more.
    pub(super) fn put_back(&mut self, job: &Job) -> bool {
        let interrupted = self.running.as_ref().is_some_and(|running| running.interrupted);
        let wanted = interrupted && self.job.is_none() && self.load.is_none() && !self.closing;
        if wanted {
            self.job = Some(Job::new(job.generation, job.frame.clone(), job.asked.clone()));
        }
        wanted
    }
}
