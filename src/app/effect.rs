//! What must happen outside the state, and what comes back from there.
//!
//! [`super::update`] only names an effect; [`super::services`] carries it out on a thread and answers with a [`Message`].

use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::{Generation, Request};
use crate::imaging::Window;
use crate::network::import::draft::Request as Import;
use crate::report::case::CaseReport;
use crate::study::{Catalogue, Frame, ImageEntry};

use super::pyramid::Pyramid;
use super::training::news::{News, Work};

/// What must happen outside the state.
#[derive(Clone)]
pub enum Effect {
    Ask(Request),
    CancelAnalysis,
    AskForFiles,
    AskForFolder,
    AskForReportFolder,
    AskForWeights,
    Import(Box<Import>),
    Scan {
        paths: Vec<PathBuf>,
        /// What is open already.
        open: Arc<Catalogue>,
    },
    CancelScan,
    MakeDemo,
    LoadFrame {
        generation: Generation,
        entry: Arc<ImageEntry>,
        index: u32,
    },
    WriteReport {
        case: Box<CaseReport>,
        folder: PathBuf,
    },
    OpenExternally(PathBuf),
    Train(Work),
    SaveSettings,
    ToggleFullscreen,
    Quit,
}

/// A frame, ready to be shown.
#[derive(Clone)]
pub struct Loaded {
    pub frame: Arc<Frame>,
    pub pyramid: Arc<Pyramid>,
    /// The colour picture, where there is one, at most as large as a screen.
    pub color: Option<Arc<image::RgbImage>>,
    /// From the grey values, tails cut.
    pub auto_window: Window,
}

/// What comes back from a thread.
#[derive(Clone)]
pub enum Message {
    /// Paths from a dialog or from the desktop; `None` where no dialog could be shown.
    FilesChosen(Option<Vec<PathBuf>>),
    /// `None` where no dialog could be shown; cancelled dialogs say nothing.
    ReportFolderChosen(Option<PathBuf>),
    DialogCancelled,
    /// Files found and read so far.
    Scanning {
        found: usize,
        read: usize,
    },
    /// What was found, and the paths that were asked for.
    Scanned {
        paths: Vec<PathBuf>,
        catalogue: Box<Catalogue>,
    },
    ScanFailed(String),
    DemoFailed(String),
    FrameLoaded {
        generation: Generation,
        result: Result<Loaded, String>,
    },
    ReportWritten(Result<PathBuf, String>),
    /// Something on the side failed: settings, desktop.
    Failed(String),
    /// A file of weights from a dialog; `None` where no dialog could be shown.
    WeightsChosen(Option<PathBuf>),
    /// Name of the new model, or why there is none.
    Imported(Result<String, String>),
    /// Names of the models that can be chosen.
    Models(Vec<String>),
    Training(News),
}
