//! All that the training room knows; a part of the viewer's state.

pub mod new_config;
pub mod plan;
pub mod record;
pub mod run;
pub mod verdict;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::Reason;
use crate::language::text;
use crate::training::event::HistoryRow;
use new_config::NewConfigForm;
use plan::{DataSummary, Plan};
use record::RunRecord;
use run::Run;

/// The training room.
#[derive(Clone, Debug, Default)]
pub struct Training {
    /// It is on screen, in the place of the reading room.
    pub open: bool,
    pub page: Page,
    pub draft: Option<Draft>,
    pub new_config: NewConfigForm,
    /// Number of the newest draft, and of what was asked about it: later answers carry it.
    pub number: u64,
    pub run: Option<Run>,
    /// Names of the curves that are not drawn.
    pub hidden: BTreeSet<String>,
    /// Epoch whose samples are shown; the newest where there is none.
    pub samples_of: Option<usize>,
    pub question: Option<Question>,
    pub comparison: Comparison,
}

/// What the training room shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Page {
    #[default]
    Run,
    Compare,
}

impl Page {
    /// Every page, in the order of the bar.
    pub const ALL: [Self; 2] = [Self::Run, Self::Compare];
}

/// A folder that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Folder {
    /// What the data folders are relative to.
    Data,
    /// Where the run is written.
    Out,
    /// A run to compare, or a folder of runs.
    Runs,
    /// The images that a new configuration is made of.
    Images,
    /// Where a new configuration is written.
    OfConfiguration,
}

/// What must be answered before anything is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    Stop,
    Quit,
    /// The window closes when the run has written its model.
    Quitting,
}

/// A run that is about to be started.
#[derive(Clone, Debug)]
pub struct Draft {
    pub path: PathBuf,
    /// The plan, or why there is none; nothing while it is read.
    pub plan: Option<Result<Box<Plan>, Reason>>,
    /// What it would work on; nothing while it is listed.
    pub listed: Option<Result<DataSummary, Reason>>,
    pub resume: bool,
}

impl Draft {
    /// The plan, where there is one.
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()?.as_ref().ok().map(AsRef::as_ref)
    }

    /// What it would work on, once listed.
    pub fn listed(&self) -> Option<&DataSummary> {
        self.listed.as_ref()?.as_ref().ok()
    }

    /// True when nothing stands against starting.
    pub fn is_ready(&self) -> bool {
        self.plan().is_some() && self.listed().is_some()
    }
}

/// What runs are compared by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RunMetric {
    #[default]
    ValidationLoss,
    TrainingLoss,
    Accuracy,
    Auroc,
}

impl RunMetric {
    /// Every metric, in the order of the menu.
    pub const ALL: [Self; 4] = [Self::ValidationLoss, Self::TrainingLoss, Self::Accuracy, Self::Auroc];

    /// Name on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::ValidationLoss => text!("Validation loss"),
            Self::TrainingLoss => text!("Training loss"),
            Self::Accuracy => text!("Accuracy"),
            Self::Auroc => text!("Mean AUROC"),
        }
    }

    /// Its value in an epoch.
    pub fn of(self, row: &HistoryRow) -> f64 {
        match self {
            Self::ValidationLoss => row.validation_loss,
            Self::TrainingLoss => row.training_loss,
            Self::Accuracy => row.accuracy,
            Self::Auroc => row.mean_auroc(),
        }
    }
}

/// Runs side by side.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Newest first; nothing until the folders are read.
    pub records: Option<Vec<Arc<RunRecord>>>,
    /// Folders beside those below the folder of runs: chosen by the reader, or of this session's
    /// runs.
    pub added: Vec<PathBuf>,
    /// Runs that are drawn.
    pub shown: BTreeSet<PathBuf>,
    pub metric: RunMetric,
}

impl Training {
    /// True while a run goes on, paused or not.
    pub fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(|run| !run.is_over())
    }
}
