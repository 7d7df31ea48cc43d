//! The only place that changes the state. Knows no egui and no thread: what must happen outside comes back as effects.

use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::{Event, Generation, Request};
use crate::report::case::CaseReport;
use crate::study::ImageEntry;

use super::command::Command;
use super::state::State;

/// What must happen outside the state.
#[derive(Clone)]
pub enum Effect {
    Ask(Request),
    CancelAnalysis,
    AskForFiles,
    AskForFolder,
    AskForReportFolder,
    Scan(Vec<PathBuf>),
    MakeDemo,
    LoadFrame { generation: Generation, entry: Arc<ImageEntry>, index: u32 },
    WriteReport { case: Box<CaseReport>, folder: PathBuf },
    OpenExternally(PathBuf),
    SaveSettings,
    SetFullscreen,
    Quit,
}

pub fn apply(_state: &mut State, _command: Command) -> Vec<Effect> {
    Vec::new()
}

pub fn on_event(_state: &mut State, _event: Event) -> Vec<Effect> {
    Vec::new()
}
