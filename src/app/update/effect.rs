//! What must happen outside the state.
//!
//! The update only names an effect; [`crate::app::runtime`] carries it out on a thread and answers
//! with a [`Message`](super::message::Message).

use std::path::PathBuf;
use std::sync::Arc;

use super::audit_effect::AuditEffect;
use super::feedback_effect::FeedbackEffect;
use super::impression_effect::ImpressionEffect;
use super::measuring_effect::MeasuringEffect;
use super::message::CompareModels;
use super::published_effect::PublishedEffect;
use super::result_effect::ResultEffect;
use super::training_effect::TrainingEffect;
use super::what_if_effect::WhatIfEffect;
use super::worklist_effect::WorklistEffect;
use crate::app::state::hanging::SlotIndex;
use crate::engine::{Generation, Request};
use crate::model::import::draft::Request as Import;
use crate::reader_study::record::Record;
use crate::report::case::CaseReport;
use crate::study::{Catalogue, Frame, ImageEntry};

/// A frame that may be looked at next.
#[derive(Clone, Debug)]
pub struct WantedFrame {
    pub entry: Arc<ImageEntry>,
    pub index: u32,
    /// Presentation states that may be about it.
    pub presentations: Arc<[PathBuf]>,
}

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
    Published(PublishedEffect),
    Worklist(WorklistEffect),
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
        /// Presentation states that may be about it.
        presentations: Vec<PathBuf>,
    },
    /// Looks for the lungs of a frame; the last one asked for counts.
    FindLungs(Arc<Frame>),
    /// Decodes a frame for a place beside the active one; of one place the last one counts.
    LoadSlot {
        slot: SlotIndex,
        serial: u64,
        wanted: WantedFrame,
    },
    /// Decodes these ahead, the first one first, in the place of those that were asked for before.
    Prefetch(Vec<WantedFrame>),
    /// Lists the elements of a file for the tag browser.
    ReadTags(PathBuf),
    WriteReport {
        case: Box<CaseReport>,
        folder: PathBuf,
    },
    /// Writes the case as DICOM objects into a folder of its own in this one.
    WriteDicom {
        case: Box<CaseReport>,
        folder: PathBuf,
    },
    /// Writes the views, as they are drawn next, as an image.
    CaptureView {
        folder: PathBuf,
    },
    OpenExternally(PathBuf),
    Results(ResultEffect),
    Measure(MeasuringEffect),
    WhatIf(WhatIfEffect),
    Audit(AuditEffect),
    /// Compares a changed model with what it was.
    CompareModels(Box<CompareModels>),
    StopComparing,
    Feedback(FeedbackEffect),
    Impression(ImpressionEffect),
    /// Keeps what a reader of a study said.
    KeepReading(Box<Record>),
    Train(TrainingEffect),
    SavePreferences,
    ToggleFullscreen,
    Quit,
}
