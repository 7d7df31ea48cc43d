//! What must happen outside the state for published models, and what comes back from there.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::state::Reason;
use crate::model::catalogue::Catalogue;
use crate::model::catalogue::obtain::{Order, Step};

/// What must happen outside the state.
#[derive(Clone, Debug)]
pub enum PublishedEffect {
    /// Reads the catalogue.
    Read,
    /// Fetches, checks and imports.
    Obtain(Box<Order>),
    AskForFile,
    Stop,
}

/// What comes back.
#[derive(Clone, Debug)]
pub enum PublishedMessage {
    Read(Result<Arc<Catalogue>, Reason>),
    Step(Step),
    /// `None` where no dialog could be shown.
    FileChosen(Option<PathBuf>),
    /// Name of the new model, or why there is none.
    Over(Result<String, Reason>),
}
