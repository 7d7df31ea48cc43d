//! Where training images come from: folders, tables, archives. All become one list, then one kind of picture.
//!
//! ```text
//! folders (a class each) ─┐
//! table (CSV) ────────────┼─► Listed ─► decode ─► Decoded (values 0–1) ─► Picture of the model's size
//! npz (MedMNIST) ─────────┘
//! ```
//!
//! What has no label or cannot be read is a warning with its reason. What makes the whole source unusable (a column
//! that is not there, labels that fit nothing, a label that no image bears) is an error that names what is there instead.

pub mod archive;
pub mod decode;
pub mod folders;
pub mod npz;
pub mod table;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::config::{Config, same_name};
use super::{Error, Result, truth};
use crate::evaluation::truth::normal_label;
use crate::evaluation::vocabulary::{means_normal, nearest};
use crate::network::manifest::Label;
use crate::study::Warning;
use crate::study::patients::{Lead, Patients};

/// Which side of the split an image stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    Training,
    Validation,
    /// Kept apart to calibrate the finished model.
    Calibration,
    Test,
}

impl Part {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Training, Self::Validation, Self::Calibration, Self::Test];
    /// Their names in a sentence.
    pub const NAMES: &str = "training, validation, calibration or test";

    /// Name in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Validation => "validation",
            Self::Calibration => "calibration",
            Self::Test => "test",
        }
    }

    /// From any of the names that data sets give their parts.
    pub fn named(name: &str) -> Option<Self> {
        match name.trim().to_lowercase().as_str() {
            "train" | "training" => Some(Self::Training),
            "val" | "valid" | "validate" | "validation" | "dev" => Some(Self::Validation),
            "calib" | "calibration" => Some(Self::Calibration),
            "test" | "testing" => Some(Self::Test),
            _ => None,
        }
    }
}

/// What else is known of an image; empty where it is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub age: String,
    pub sex: String,
    pub view: String,
}

/// Where the pixels of an image lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    File(PathBuf),
    /// Image number `index` of an array in an archive.
    Archive {
        file: Arc<PathBuf>,
        array: String,
        index: usize,
    },
}

impl Origin {
    /// The file that holds the pixels.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Archive { file, .. } => file,
        }
    }
}

/// An image with its truth, not yet decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub origin: Origin,
    /// Name that is the image's own within the data: its path below the data folder.
    pub key: String,
    pub truth: Vec<f32>,
    /// What pattern, table and name tell of the patient.
    pub patient: Lead,
    pub part: Option<Part>,
    pub facts: Facts,
}

/// What is found on the way through the sources.
#[derive(Debug, Default)]
pub struct Gathered {
    pub files: Vec<Listed>,
    pub warnings: Vec<Warning>,
    /// Names of folders and findings that are none of the labels.
    pub foreign: BTreeSet<String>,
}

/// Lists the labelled images of a configuration below `root`; with a `limit`, an even selection of about as many.
pub fn list(config: &Config, root: &Path, limit: Option<usize>) -> Result<(Vec<Listed>, Vec<Warning>)> {
    let Gathered { files, warnings, .. } = gather(config, root)?;
    Ok((limited(files, limit), warnings))
}

/// The same for a run, whose labels must all occur.
pub fn list_for_run(config: &Config, root: &Path, limit: Option<usize>) -> Result<(Vec<Listed>, Vec<Warning>)> {
    let gathered = gather(config, root)?;
    every_label_is_borne(config, &gathered)?;
    Ok((limited(gathered.files, limit), gathered.warnings))
}

fn gather(config: &Config, root: &Path) -> Result<Gathered> {
    let patients = Patients::of(&config.data.patient).map_err(|e| Error::Data(e.to_string()))?;
    let mut found = Gathered::default();
    for folder in &config.data.folders {
        folders::list(config, root, folder, &patients, &mut found)?;
    }
    found.files.sort_by(|a: &Listed, b| a.origin.path().cmp(b.origin.path()));
    if let Some(table) = &config.data.csv {
        let schema = table::Schema { labels: &config.labels, head: config.head, partial: false };
        table::list(schema, table, root, &patients, &mut found)?;
    }
    for archive in &config.data.npz {
        npz::list(config, &root.join(archive), &mut found.files)?;
    }
    Ok(found)
}

/// An even selection of about `limit` of `files`.
fn limited(files: Vec<Listed>, limit: Option<usize>) -> Vec<Listed> {
    match limit.filter(|&l| l > 0 && l < files.len()) {
        Some(limit) => (0..limit).map(|i| files[i * files.len() / limit].clone()).collect(),
        None => files,
    }
}

/// Refuses a label that no image bears: it is misspelt, or its images are not there.
fn every_label_is_borne(config: &Config, found: &Gathered) -> Result<()> {
    let borne = |k: usize| found.files.iter().any(|f| truth::present(&f.truth).any(|present| present == k));
    let Some(label) = (0..config.labels.len()).find(|k| !borne(*k)).map(|k| &config.labels[k].name) else {
        return Ok(());
    };
    if found.files.is_empty() {
        return Ok(());
    }
    let foreign = || found.foreign.iter().map(String::as_str);
    let instead = match nearest(label, foreign()) {
        Some(near) => {
            format!("the data name \"{near}\": is that meant? Write it so, or as one of the label's `aliases`")
        }
        None if found.foreign.is_empty() => "add images of it, or leave the label out".to_owned(),
        None => format!("the data also name {}; correct the label, or leave it out", quoted(foreign())),
    };
    Err(Error::Data(format!("no image bears the label \"{label}\"; {instead}")))
}

/// Number of the label that is called `name`, has it for an alias, or says normal as `name` does.
pub fn label_called(labels: &[Label], name: &str) -> Option<usize> {
    let own = labels.iter().position(|l| same_name(&l.name, name) || l.aliases.iter().any(|a| same_name(a, name)));
    own.or_else(|| normal_label(labels).filter(|_| means_normal(name)))
}

/// A path below `root` with `/` between its parts, whatever the platform.
pub fn key_of(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = below.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    parts.iter().filter(|p| *p != ".").map(AsRef::as_ref).collect::<Vec<&str>>().join("/")
}

/// The last part of a path.
pub fn name_of(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A list for a sentence: the first dozen, quoted.
pub(super) fn quoted<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let names: Vec<String> = names.into_iter().map(|n| format!("\"{}\"", n.as_ref())).collect();
    let more = names.len().saturating_sub(12);
    let mut text = names.iter().take(12).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(" and ");
        text.push_str(&more.to_string());
        text.push_str(" more");
    }
    text
}
