//! `[pipeline]`: what `pellucid pipeline` measures of a trained model beside its scores.

use std::path::PathBuf;

use serde::Deserialize;

use super::fault::{Check, ConfigFault, within};
use crate::explain::Method;

/// What is measured of a trained model beside its scores. Paths are relative to the data root.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pipeline {
    /// What was marked: a table of boxes or a folder of masks. Without it maps are not held to
    /// marks.
    pub marks: Option<PathBuf>,
    /// Label or group that marks show which do not say so themselves.
    pub finding: Option<String>,
    /// Folder of lung masks. Without it nobody measures where the evidence lies.
    pub lungs: Option<PathBuf>,
    /// Keys of the methods that are ranked; empty for those that are quick, and a few others.
    pub methods: Vec<String>,
    /// Test images on which methods are ranked; 0 leaves the ranking out.
    pub images: usize,
    /// Of these, how many for sensitivity and the randomisation check.
    pub checked: usize,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self { marks: None, finding: None, lungs: None, methods: Vec::new(), images: 20, checked: 5 }
    }
}

impl Pipeline {
    /// The methods that are named.
    #[must_use]
    pub fn named(&self) -> Vec<Method> {
        self.methods.iter().filter_map(|key| Method::from_key(key)).collect()
    }

    pub(super) fn check(&self) -> Check {
        if let Some(unknown) = self.methods.iter().find(|key| Method::from_key(key).is_none()) {
            return Err(ConfigFault::Method(unknown.clone()));
        }
        within("images", self.images as f64, 0.0, 1e6)?;
        within("checked", self.checked as f64, 0.0, 1e6)
    }
}
