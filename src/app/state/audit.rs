//! What the audit journal has been told in this session, so that it is told once.

use std::collections::HashSet;

use super::{Content, State};
use crate::audit::{Entry, ImageHash, ModelHash, What};
use crate::measurement::identity::ImageIdentity;

/// An image and the model that judged it, as far as they are known.
pub type Judged = (Option<ImageHash>, Option<ModelHash>);

/// What stands in the journal about the image on screen.
#[derive(Clone, Debug, Default)]
pub struct Audited {
    /// Image and model.
    pub(in crate::app) of: Option<(ImageIdentity, String)>,
    /// What of their result was in sight: kind, and of what.
    pub(in crate::app) shown: HashSet<(String, String)>,
    /// The image and the model of the report that is being written.
    pub(in crate::app) exporting: Option<Judged>,
    /// Those of the results that are being sent.
    pub(in crate::app) sending: Option<Judged>,
    /// Entries that wait for being written.
    pub(in crate::app) waiting: Vec<Entry>,
}

impl State {
    /// The image on screen as the journal names it, once its pixels are hashed.
    #[must_use]
    pub fn image_hash(&self) -> Option<ImageHash> {
        let identity = &self.measurable()?.identity;
        Some(ImageHash { pixels_sha256: identity.pixels_sha256.clone(), frame: identity.frame })
    }

    /// The model as the journal names it.
    #[must_use]
    pub fn model_hash(&self) -> Option<ModelHash> {
        let info = self.model_info()?;
        let (name, version) = (info.manifest.name.clone(), info.manifest.version.clone());
        Some(ModelHash { name, version, sha256: info.sha256.clone() })
    }

    /// What of the model's result is in sight: kinds, never values.
    #[must_use]
    pub fn result_in_sight(&self) -> Vec<What> {
        if self.result_hidden() || self.training.open {
            return Vec::new();
        }
        let results = &self.results;
        let mut all = Vec::new();
        if results.gate.is_some() {
            all.push(What::new("gate"));
        }
        if !self.preferences.findings_open || results.labels.is_empty() {
            return all;
        }
        all.push(What::new("scores"));
        all.push(What::new(if self.outside().is_some() { "states-withheld" } else { "states" }));
        if results.posterior.is_some() {
            all.push(What::new("intervals"));
        }
        if self.heat_map {
            for content in self.panes().into_iter().filter(|content| self.has_maps(*content)) {
                let of = match content {
                    Content::Image => continue,
                    Content::Map(subject, method) => format!("{} {}", method.name(), self.subject_name(subject)),
                    Content::Difference(a, b) => format!("{} − {}", self.label(a), self.label(b)),
                    Content::Changed(subject, method) => {
                        format!("{} {}, changed image", method.name(), self.subject_name(subject))
                    }
                };
                all.push(What::new("map").of(&of));
            }
        }
        all
    }
}
