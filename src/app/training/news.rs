//! What must happen outside the state of the laboratory, and what comes back from there.

use std::path::PathBuf;
use std::sync::Arc;

use super::prepare::{Listed, Plan};
use super::records::Record;
use super::state::Folder;
use crate::training::event::{Event, Step};
use crate::training::trainer::Outcome;

/// What must happen outside the state.
#[derive(Clone, Debug)]
pub enum Work {
    AskForConfiguration,
    AskForFolder(Folder),
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
    Pause,
    Resume,
    Stop,
    /// Reads the runs below the folder of runs, and these.
    ReadRuns(Vec<PathBuf>),
}

/// What comes back.
#[derive(Clone, Debug)]
pub enum News {
    /// `None` where no dialog could be shown.
    ConfigurationChosen(Option<PathBuf>),
    FolderChosen(Folder, Option<PathBuf>),
    Read {
        number: u64,
        result: Result<Box<Plan>, String>,
    },
    Listed {
        number: u64,
        result: Result<Listed, String>,
    },
    /// Some steps were taken: they are told together, not to wake the window for each.
    Steps(Vec<Step>),
    Event(Event),
    /// The run is over. `kept` is the epoch of the checkpoint that it left.
    Over {
        result: Result<Arc<Outcome>, String>,
        kept: Option<usize>,
    },
    Runs(Vec<Arc<Record>>),
}
