//! Models that are not what they were in the session before: other weights, or other thresholds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Reason, State};
use crate::engine::ModelInfo;
use crate::evaluation::model_diff::ModelDiff;

/// A model as it was when it was last used; kept in the settings, by its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownModel {
    pub version: String,
    /// SHA-256 of the weights.
    pub sha256: String,
    /// Of labels and groups, by name.
    pub thresholds: BTreeMap<String, f32>,
}

/// A model that has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelChange {
    pub name: String,
    pub before: KnownModel,
    pub now: KnownModel,
}

/// What became of a comparison that was asked for.
#[derive(Clone, Debug)]
pub enum Comparing {
    /// Images that were scored, of how many.
    Running(usize, usize),
    Done(Arc<ModelDiff>),
    Failed(Reason),
}

/// Everything about changed models.
#[derive(Clone, Debug, Default)]
pub struct ModelChanges {
    /// How models were asked for, by their names, where that was by a folder.
    pub(in crate::app) opened_as: BTreeMap<String, String>,
    /// Names that were looked at in this session.
    pub(in crate::app) looked_at: BTreeSet<String>,
    /// The last change that was noticed.
    pub change: Option<ModelChange>,
    /// The window of the comparison, while it is open.
    pub comparing: Option<Comparing>,
}

impl KnownModel {
    /// A model as it is.
    #[must_use]
    pub fn of(info: &ModelInfo) -> Self {
        let manifest = &info.manifest;
        let labels = manifest.labels.iter().map(|label| (label.name.clone(), label.threshold));
        let groups = manifest.groups.iter().map(|group| (group.name.clone(), group.threshold));
        let (version, sha256) = (manifest.version.clone(), info.sha256.clone());
        Self { version, sha256, thresholds: labels.chain(groups).collect() }
    }
}

impl ModelChange {
    /// Whether its weights are others; else only thresholds are.
    #[must_use]
    pub fn has_other_weights(&self) -> bool {
        self.before.sha256 != self.now.sha256
    }

    /// Labels and groups with another threshold, and both values; those that one of the two lacks
    /// among them.
    #[must_use]
    pub fn thresholds(&self) -> Vec<(&str, Option<f32>, Option<f32>)> {
        let names: BTreeSet<&str> =
            self.before.thresholds.keys().chain(self.now.thresholds.keys()).map(String::as_str).collect();
        let both = |name: &str| (self.before.thresholds.get(name).copied(), self.now.thresholds.get(name).copied());
        let all = names.into_iter().map(|name| (name, both(name).0, both(name).1));
        all.filter(|(_, before, now)| before != now).collect()
    }
}

impl State {
    /// What has changed about the model on screen since it was last used; nothing the first time it
    /// is used, and once it was looked at.
    #[must_use]
    pub fn model_change(&self) -> Option<ModelChange> {
        let info = self.model_info()?;
        let name = &info.manifest.name;
        let (before, now) = (self.preferences.models.get(name)?.clone(), KnownModel::of(info));
        let fresh = !self.model_changes.looked_at.contains(name);
        (fresh && before != now && !before.sha256.is_empty())
            .then(|| ModelChange { name: name.clone(), before, now })
            .filter(|change| change.has_other_weights() || !change.thresholds().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(sha256: &str, thresholds: &[(&str, f32)]) -> KnownModel {
        let thresholds = thresholds.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect();
        KnownModel { version: "1".into(), sha256: sha256.into(), thresholds }
    }

    #[test]
    fn thresholds_that_came_went_or_moved_are_named() {
        let before = known("a", &[("Mass", 0.5), ("Edema", 0.4), ("Hernia", 0.2)]);
        let now = known("a", &[("Mass", 0.5), ("Edema", 0.45), ("Nodule", 0.3)]);
        let change = ModelChange { name: "chest".into(), before, now };
        assert!(!change.has_other_weights());
        assert_eq!(
            change.thresholds(),
            [("Edema", Some(0.4), Some(0.45)), ("Hernia", Some(0.2), None), ("Nodule", None, Some(0.3))]
        );
    }
}
