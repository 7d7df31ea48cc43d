//! What comes back from the threads that carry out effects.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::audit_effect::AuditMessage;
use super::feedback_effect::FeedbackMessage;
use super::impression_effect::ImpressionMessage;
use super::measuring_effect::MeasuringMessage;
use super::published_effect::PublishedMessage;
use super::result_effect::ResultMessage;
use super::training_effect::TrainingMessage;
use super::what_if_effect::PartsFound;
use super::worklist_effect::WorklistMessage;
use super::written_objects::WrittenObjects;
use crate::app::state::hanging_rules::HangingRules;
use crate::app::state::model_changes::ModelChange;
use crate::app::state::tags::Listed;
use crate::app::state::{LoadedImage, Reason};
use crate::engine::Generation;
use crate::engine::lungs::LungSearch;
use crate::evaluation::model_diff::ModelDiff;
use crate::study::{Catalogue, Frame, ImageEntry};

/// A comparison that is asked for.
#[derive(Clone, Debug)]
pub struct CompareModels {
    pub change: ModelChange,
    /// The model of now: its name, or the folder that it was opened from.
    pub model: String,
    pub images: Vec<PathBuf>,
    /// As asked for: `auto`, `cpu` …
    pub device: String,
}

/// What comes back from a thread.
#[derive(Clone)]
pub enum Message {
    /// Paths from a dialog or from the desktop; `None` where no dialog could be shown.
    FilesChosen(Option<Vec<PathBuf>>),
    /// The usual folder where no dialog could be shown, and `None` where there is none.
    ReportFolderChosen(Option<PathBuf>),
    /// A dialog was closed without an answer.
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
    ScanFailed(Reason),
    DemoFailed(Reason),
    FrameLoaded {
        generation: Generation,
        result: Result<LoadedImage, Reason>,
    },
    /// Where the lungs of a frame lie, or why its mask does not say.
    LungsFound {
        frame: Arc<Frame>,
        result: Result<LungSearch, Reason>,
    },
    /// A frame of this image was decoded ahead.
    Prefetched {
        entry: Arc<ImageEntry>,
        loaded: Box<LoadedImage>,
    },
    /// A frame for a place beside the active one, or why there is none.
    SlotLoaded {
        serial: u64,
        entry: Arc<ImageEntry>,
        result: Result<Box<LoadedImage>, Reason>,
    },
    /// The hanging rules of the reader's file, or what is wrong with it.
    HangingRules(Result<Arc<HangingRules>, Reason>),
    TagsRead(PathBuf, Listed),
    ViewSaved(Result<PathBuf, Reason>),
    ReportWritten(Result<PathBuf, Reason>),
    DicomWritten(Result<WrittenObjects, Reason>),
    /// What a reader of a study said was kept, at this time.
    ReadingKept(Result<DateTime<Utc>, Reason>),
    /// Something on the side failed: settings, desktop.
    Failed(Reason),
    /// A file of weights from a dialog; `None` where no dialog could be shown.
    WeightsChosen(Option<PathBuf>),
    /// Name of the new model, or why there is none.
    Imported(Result<String, Reason>),
    Published(PublishedMessage),
    Worklist(WorklistMessage),
    /// Names of the models that can be chosen.
    Models(Vec<String>),
    Measuring(MeasuringMessage),
    PartsFound(PartsFound),
    Audit(AuditMessage),
    /// Images that are scored for a comparison, of how many.
    Comparing(usize, usize),
    ModelsCompared(Result<Box<ModelDiff>, Reason>),
    Feedback(FeedbackMessage),
    Impression(ImpressionMessage),
    Results(ResultMessage),
    Training(TrainingMessage),
}
