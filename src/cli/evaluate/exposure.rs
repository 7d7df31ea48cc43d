//! Whether what `--purpose` says can be true: evaluated images against those that made the model.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::bail;
use serde_json::{Value, json};

use crate::evaluation::exposure::{Exposure, RecordError, SharedPatients, of_model, shared_patients};
use crate::evaluation::purpose::Purpose;
use crate::evaluation::scoring::Scored;
use crate::model::manifest::Manifest;
use crate::training::data::part::SplitPart;
use crate::training::data::split::split_file;
use crate::training::data::split::split_table::SplitTable;

/// What is known of the images beside what was stated.
pub(super) struct ExposureCheck {
    pub purpose: Purpose,
    /// By the model's record of its images, or why there is none.
    pub images: Result<Exposure, RecordError>,
    /// By the split of the model's run, where it lies beside the model.
    patients: Option<(PathBuf, SharedPatients)>,
}

impl ExposureCheck {
    /// Compares the evaluated images with those of the model called `model`.
    pub(super) fn of(model: &str, manifest: &Manifest, scored: &Scored, purpose: Purpose) -> Self {
        let images = of_model(model, manifest, &scored.inputs);
        Self { purpose, images, patients: patients_of_run(model, scored) }
    }

    /// Refuses a test on images that made the model.
    pub(super) fn refuse_a_test_that_is_none(&self) -> anyhow::Result<()> {
        match &self.images {
            Ok(exposure) if self.purpose == Purpose::Test && exposure.shared() > 0 => bail!(
                "this is no test: {}; leave them out, or say what they were with --purpose validation or unknown",
                exposure.sentence()
            ),
            _ => Ok(()),
        }
    }

    /// What should be known of it, without a full stop.
    pub(super) fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        match &self.images {
            Ok(exposure) if exposure.shared() > 0 => {
                sentences.push(format!("{}, so the metrics flatter", exposure.sentence()));
            }
            Ok(exposure) if self.purpose == Purpose::Test => {
                sentences.push(format!("checked that this is a test: {}", exposure.sentence()));
            }
            Err(error) if self.purpose != Purpose::Unknown => {
                sentences.push(format!(
                    "that the images are a {} set is unchecked: the model leaves no record of its images ({error})",
                    self.purpose.name()
                ));
            }
            _ => {}
        }
        if let Some((split, SharedPatients { n, example })) = &self.patients
            && self.purpose != Purpose::Validation
        {
            sentences.push(format!(
                "{n} patients of these images are named like patients that made the model, \"{example}\" among them ({}): unless \
                 numbers begin anew here, the metrics flatter",
                split.display()
            ));
        }
        sentences
    }

    /// For the JSON.
    pub(super) fn to_json(&self) -> Value {
        let (exposure, reason) = match &self.images {
            Ok(exposure) => (Some(exposure), None),
            Err(error) => (None, Some(error.to_string())),
        };
        json!({
            "stated": self.purpose.name(),
            "checked": exposure.is_some(),
            "unchecked_because": reason,
            "made_the_model": exposure.map(|e| &e.parts),
            "patients_named_alike": self.patients.as_ref().map(|(_, p)| p.n),
        })
    }
}

/// The patients that stand in the training or the validation part of the run whose model this is.
fn patients_of_run(model: &str, scored: &Scored) -> Option<(PathBuf, SharedPatients)> {
    let split = Path::new(model).join("..").join(split_file::FILE);
    let rows = if split.is_file() { SplitTable::read(&split).ok()? } else { return None };
    let made: BTreeSet<&str> = rows
        .values()
        .filter(|(part, _)| *part != SplitPart::Test)
        .filter_map(|(_, patient)| patient.as_deref())
        .collect();
    let shared = shared_patients(&scored.set, &made)?;
    Some((split, shared))
}
