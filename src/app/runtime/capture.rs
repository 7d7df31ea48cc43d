//! A run for one result: waits until it stands, writes a screenshot or a report, and closes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};

use super::options::ViewerOptions;
use super::screenshot;
use crate::app::command::{Command, FileCommand};
use crate::app::state::study_scoring::StudyProgress;
use crate::app::state::{Level, Model, Phase, ShownImage, State};
use crate::engine::lungs::LungSearch;

/// Nothing takes longer than this on purpose.
const PATIENCE: Duration = Duration::from_mins(5);
/// The window is drawn this long with the result before the screenshot is taken: thumbnails,
/// layout, hover.
const SETTLE: Duration = Duration::from_millis(700);

/// How the run ended; nothing until it did.
#[derive(Clone, Default)]
pub struct Outcome(Arc<Mutex<Option<anyhow::Result<()>>>>);

impl Outcome {
    fn set(&self, result: anyhow::Result<()>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(result);
    }

    fn is_set(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The result; an error when the window was closed before there was one.
    pub fn take(&self) -> anyhow::Result<()> {
        let result = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.unwrap_or_else(|| Err(anyhow!("the window was closed before the result stood")))
    }
}

/// What is done with the result.
enum Goal {
    Screenshot(PathBuf),
    Report,
}

enum Step {
    Waiting,
    /// The result stands since then.
    Standing(Instant),
    Asked,
}

/// A run for one result.
pub struct Capture {
    goal: Goal,
    /// Something was to be opened.
    opens: bool,
    started: Instant,
    step: Step,
    outcome: Outcome,
}

impl Capture {
    /// The run that the options ask for, if they ask for one.
    pub fn of(options: &ViewerOptions) -> Option<Self> {
        let goal = match (&options.screenshot, &options.smoke) {
            (Some(path), _) => Goal::Screenshot(path.clone()),
            (None, Some(_)) => Goal::Report,
            (None, None) => return None,
        };
        let opens = options.demo || options.smoke.is_some() || !options.paths.is_empty();
        Some(Self { goal, opens, started: Instant::now(), step: Step::Waiting, outcome: Outcome::default() })
    }

    /// Where the end of the run will be found.
    pub fn outcome(&self) -> Outcome {
        self.outcome.clone()
    }

    /// Looks at the state; asks for the screenshot or the report when it is time, and closes the
    /// window at the end.
    pub fn step(&mut self, ctx: &egui::Context, state: &State) -> Vec<Command> {
        if self.outcome.is_set() {
            return vec![Command::File(FileCommand::Quit)];
        }
        if self.started.elapsed() > PATIENCE {
            self.outcome.set(Err(anyhow!("no result stood after {} seconds", PATIENCE.as_secs())));
            return vec![Command::File(FileCommand::Quit)];
        }
        ctx.request_repaint_after(Duration::from_millis(100));
        match self.step {
            Step::Waiting => match standing(state, self.opens) {
                Ok(true) => self.step = Step::Standing(Instant::now()),
                Ok(false) => {}
                Err(e) => self.outcome.set(Err(e)),
            },
            Step::Standing(since) if since.elapsed() < SETTLE => {}
            Step::Standing(_) => {
                self.step = Step::Asked;
                match &self.goal {
                    Goal::Report if state.results.phase == Phase::Unfit => {
                        self.outcome.set(Err(anyhow!("no model fits the image, so there is no report")));
                    }
                    Goal::Report => return vec![Command::File(FileCommand::ExportReport)],
                    Goal::Screenshot(path) => {
                        let (path, outcome, waker) = (path.clone(), self.outcome.clone(), ctx.clone());
                        ctx.request_screenshot(move |image| {
                            outcome.set(screenshot::write(&path, &image));
                            waker.request_repaint();
                        });
                    }
                }
            }
            Step::Asked => {
                if matches!(self.goal, Goal::Report) && !state.exporting {
                    let failed = state.notices.iter().find(|n| n.level == Level::Error);
                    self.outcome.set(failed.map_or(Ok(()), |n| Err(anyhow!("{}", n.text))));
                }
            }
        }
        Vec::new()
    }
}

/// Whether the first result stands, or why there will be none.
fn standing(state: &State, opens: bool) -> anyhow::Result<bool> {
    if let Model::Failed { name, reason } = &state.model {
        bail!("the model {name} could not be loaded: {reason}");
    }
    if state.scanning || matches!(state.model, Model::Loading { .. }) {
        return Ok(false);
    }
    match (&state.image, &state.results.phase) {
        (ShownImage::Failed { reason, .. }, _) => bail!("the image could not be shown: {reason}"),
        (_, Phase::Failed(reason)) => bail!("the analysis failed: {reason}"),
        (ShownImage::Ready(_), phase) => {
            let study = state.results.study.as_ref().map(|study| &study.progress);
            let over = !matches!(study, Some(StudyProgress::Running { .. }));
            let over = over && !matches!(state.lungs, LungSearch::Awaited);
            Ok(over && matches!(phase, Phase::Finished | Phase::Refused | Phase::Unfit))
        }
        (ShownImage::Loading(..), _) => Ok(false),
        (ShownImage::Nothing, _) if opens => {
            let why = state.notices.last().map_or("nothing was found to open", |n| n.text.as_str());
            bail!("{why}")
        }
        (ShownImage::Nothing, _) => Ok(true),
    }
}
