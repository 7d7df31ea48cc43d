//! The window of published models, and the one that is being fetched. A fetch goes on when the window
//! is closed.

use std::sync::Arc;

use super::Reason;
use crate::model::catalogue::Catalogue;
use crate::model::catalogue::entry::Entry;
use crate::model::catalogue::obtain::Step;

/// A model on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetching {
    /// Its name in the catalogue.
    pub name: String,
    /// What is being done; nothing before the first bytes have come.
    pub step: Option<Step>,
    /// The reader stopped it; it ends soon.
    pub stopping: bool,
}

impl Fetching {
    /// Part of the file that has come, where its length is known.
    #[must_use]
    pub fn share(&self) -> Option<f32> {
        match self.step? {
            Step::Fetching(came) => came.total.filter(|total| *total > 0).map(|total| came.bytes as f32 / total as f32),
            Step::Checking | Step::Importing => Some(1.0),
        }
    }
}

/// What the viewer knows of published models.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// The window is open.
    pub open: bool,
    /// What there is, once it was read; or why it cannot be.
    pub catalogue: Option<Result<Arc<Catalogue>, Reason>>,
    /// Name of the model that the window is about.
    pub chosen: Option<String>,
    pub fetching: Option<Fetching>,
    /// Why the last one was not fetched or imported.
    pub refusal: Option<String>,
}

impl Published {
    /// The models, none before they were read.
    #[must_use]
    pub fn models(&self) -> &[Entry] {
        match &self.catalogue {
            Some(Ok(catalogue)) => &catalogue.models,
            _ => &[],
        }
    }

    /// The model that the window is about.
    #[must_use]
    pub fn entry(&self) -> Option<&Entry> {
        let chosen = self.chosen.as_deref()?;
        self.models().iter().find(|entry| entry.name == chosen)
    }
}
