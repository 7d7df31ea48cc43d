//! Messages in the corner of the window.
//!
//! A notice may offer one way on. That is a noun of the state, [`NoticeAction`], and not a command:
//! commands are made of what the state holds, so the state cannot hold commands.

use std::path::PathBuf;
use std::time::Instant;

use crate::language::text;

/// Names a notice, so that it can be dismissed.
pub type NoticeId = u64;

/// How loud a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Goes away by itself after some seconds.
    Info,
    /// Stays until dismissed.
    Warning,
    /// Stays until dismissed.
    Error,
}

/// A message in the corner.
#[derive(Clone, Debug)]
pub struct Notice {
    pub id: NoticeId,
    pub level: Level,
    pub text: String,
    /// A button below the words.
    pub action: Option<NoticeAction>,
    /// It is about the image on screen, and goes when another one comes.
    pub of_image: bool,
    pub since: Instant,
}

/// The way on that a notice offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeAction {
    /// What failed is tried once more.
    Retry,
    /// A file is handed to the desktop.
    Open(PathBuf),
    ChooseReportFolder,
    UseModel(String),
    /// A changed model beside what it was.
    CompareModels,
    /// The run in the training room.
    ShowRun,
    /// The studies of the session before.
    OpenLast,
}

impl NoticeAction {
    /// Words on the button.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Retry => text!("Retry"),
            Self::Open(_) => text!("Open"),
            Self::ChooseReportFolder => text!("Report folder…"),
            Self::UseModel(_) => text!("Use it"),
            Self::CompareModels => text!("Compare"),
            Self::ShowRun => text!("Show the run"),
            Self::OpenLast => text!("Open them"),
        }
    }
}
