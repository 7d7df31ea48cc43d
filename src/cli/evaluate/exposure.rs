//! Whether what `--purpose` says can be true: judged images against those that made the model.

use std::path::{Path, PathBuf};

use anyhow::bail;
use serde_json::{Value, json};

use super::calibrate::read_split;
use crate::evaluation::exposure::{Exposure, FILE, Record, RecordError};
use crate::evaluation::scoring::Scored;
use crate::network::manifest::Manifest;
use crate::network::registry;
use crate::report::evaluation::Purpose;
use crate::training::data::Part;
use crate::training::split_file;

/// What is known of the images beside what was said.
pub struct Checked {
    pub purpose: Purpose,
    /// By the model's record of its images, or why there is none.
    pub images: Result<Exposure, RecordError>,
    /// By the split of the model's run, where it lies beside the model.
    pub patients: Option<SharedPatients>,
}

/// Patients whose names stand in the split of the run, too.
pub struct SharedPatients {
    split: PathBuf,
    n: usize,
    example: String,
}

impl Checked {
    /// Compares the judged images with those of the model called `model`.
    pub fn of(model: &str, manifest: &Manifest, scored: &Scored, purpose: Purpose) -> Self {
        let record = match registry::file(model, FILE) {
            Ok(Some(bytes)) => Record::parse(&String::from_utf8_lossy(&bytes), &manifest.weights_sha256),
            Ok(None) => Err(RecordError::Missing),
            Err(error) => Err(RecordError::Unreadable(error.to_string())),
        };
        let images = record.map(|record| record.exposure(&scored.inputs));
        Self { purpose, images, patients: shared_patients(model, scored) }
    }

    /// Refuses a test on images that made the model.
    pub fn refuse_a_test_that_is_none(&self) -> anyhow::Result<()> {
        match &self.images {
            Ok(exposure) if self.purpose == Purpose::Test && exposure.shared() > 0 => bail!(
                "this is no test: {}; leave them out, or say what they were with --purpose validation or unknown",
                exposure.sentence()
            ),
            _ => Ok(()),
        }
    }

    /// What is to be said of it, without a full stop.
    pub fn sentences(&self) -> Vec<String> {
        let mut said = Vec::new();
        match &self.images {
            Ok(exposure) if exposure.shared() > 0 => {
                said.push(format!("{}, so the figures flatter", exposure.sentence()));
            }
            Ok(exposure) if self.purpose == Purpose::Test => {
                said.push(format!("checked that this is a test: {}", exposure.sentence()));
            }
            Err(error) if self.purpose != Purpose::Unknown => {
                said.push(format!(
                    "that the images are a {} set is unchecked: the model leaves no record of its images ({error})",
                    self.name()
                ));
            }
            _ => {}
        }
        if let Some(SharedPatients { split, n, example }) = &self.patients
            && self.purpose != Purpose::Validation
        {
            said.push(format!(
                "{n} patients of these images are named like patients that made the model, \"{example}\" among them ({}): unless \
                 numbers begin anew here, the figures flatter",
                split.display()
            ));
        }
        said
    }

    /// For the JSON.
    pub fn to_json(&self) -> Value {
        let (exposure, reason) = match &self.images {
            Ok(exposure) => (Some(exposure), None),
            Err(error) => (None, Some(error.to_string())),
        };
        json!({
            "stated": self.name(),
            "checked": exposure.is_some(),
            "unchecked_because": reason,
            "made_the_model": exposure.map(|e| &e.parts),
            "patients_named_alike": self.patients.as_ref().map(|p| p.n),
        })
    }

    fn name(&self) -> &'static str {
        match self.purpose {
            Purpose::Unknown => "unknown",
            Purpose::Validation => "validation",
            Purpose::Test => "test",
        }
    }
}

/// The patients that stand in the training or the validation part of the run whose model this is.
fn shared_patients(model: &str, scored: &Scored) -> Option<SharedPatients> {
    let split = Path::new(model).join("..").join(split_file::FILE);
    let rows = if split.is_file() { read_split(&split).ok()? } else { return None };
    let made: std::collections::HashSet<&str> =
        rows.values().filter(|(part, _)| *part != Part::Test).filter_map(|(_, patient)| patient.as_deref()).collect();
    let judged: std::collections::BTreeSet<&str> =
        scored.set.rows.iter().map(|r| r.patient.as_str()).filter(|p| made.contains(p)).collect();
    let example = (*judged.first()?).to_owned();
    Some(SharedPatients { split, n: judged.len(), example })
}
