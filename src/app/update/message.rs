//! What comes back from the threads that carry out effects.

use std::path::PathBuf;
use std::sync::Arc;

use super::measuring_effect::MeasuringMessage;
use super::training_effect::TrainingMessage;
use crate::app::state::Reason;
use crate::app::state::pyramid::Pyramid;
use crate::app::state::tags::Listed;
use crate::engine::Generation;
use crate::engine::lungs::Lungs;
use crate::imaging::Window;
use crate::study::{Catalogue, Frame, PresentationState};

/// A frame, ready to be shown.
#[derive(Clone)]
pub struct LoadedImage {
    pub frame: Arc<Frame>,
    pub pyramid: Arc<Pyramid>,
    /// The image in colour, where it has colours, at most as large as a screen.
    pub color: Option<Arc<image::RgbImage>>,
    /// Where its lungs lie, if that is known; or why the mask that should tell does not.
    pub lungs: Result<Option<Arc<Lungs>>, Reason>,
    /// The presentation states that are about it.
    pub presentations: Arc<Vec<PresentationState>>,
    /// From the grey values, tails cut.
    pub auto_window: Window,
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
    TagsRead(PathBuf, Listed),
    ReportWritten(Result<PathBuf, Reason>),
    /// Something on the side failed: settings, desktop.
    Failed(Reason),
    /// A file of weights from a dialog; `None` where no dialog could be shown.
    WeightsChosen(Option<PathBuf>),
    /// Name of the new model, or why there is none.
    Imported(Result<String, Reason>),
    /// Names of the models that can be chosen.
    Models(Vec<String>),
    Measuring(MeasuringMessage),
    Training(TrainingMessage),
}
