//! What must happen outside the state for the training room, and what comes back from there.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::state::Reason;
use crate::app::state::training::Folder;
use crate::app::state::training::plan::{DataSummary, Plan};
use crate::app::state::training::record::RunRecord;
use crate::app::state::training::verdict::Verdict;
use crate::network::architecture::Family;
use crate::training::event::{Event, StepProgress};
use crate::training::run::trainer::Outcome;

/// What must happen outside the state.
#[derive(Clone, Debug)]
pub enum TrainingEffect {
    AskForConfiguration,
    AskForFolder(Folder),
    /// Writes a new configuration of a folder of images.
    New {
        images: PathBuf,
        family: Family,
        file: PathBuf,
    },
    /// Reads and checks a configuration; the number tells late answers from wanted ones.
    Read {
        number: u64,
        path: PathBuf,
    },
    /// Lists the images of a plan and looks for a checkpoint.
    List {
        number: u64,
        plan: Box<Plan>,
    },
    Start {
        plan: Box<Plan>,
        resume: bool,
    },
    /// Measures a run that is over.
    Judge {
        plan: Box<Plan>,
    },
    Pause,
    Resume,
    Stop,
    /// Reads the runs below the folder of runs, and these.
    ReadRuns(Vec<PathBuf>),
}

/// What comes back.
#[derive(Clone, Debug)]
pub enum TrainingMessage {
    /// `None` where no dialog could be shown.
    ConfigurationChosen(Option<PathBuf>),
    FolderChosen(Folder, Option<PathBuf>),
    /// The new configuration.
    Made(Result<PathBuf, Reason>),
    Read {
        number: u64,
        result: Result<Box<Plan>, Reason>,
    },
    Listed {
        number: u64,
        result: Result<DataSummary, Reason>,
    },
    /// Some steps were taken: they come together, not to wake the window for each.
    Steps(Vec<StepProgress>),
    Event(Event),
    /// The run is over. `kept` is the epoch of the checkpoint that it left.
    Over {
        result: Result<Arc<Outcome>, Reason>,
        kept: Option<usize>,
    },
    Runs(Vec<Arc<RunRecord>>),
    /// How far a run is measured, or what came of it.
    Judged(Verdict),
}
