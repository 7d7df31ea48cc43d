//! Where training images come from: folders, tables, archives. All become one list, then one kind of picture.
//!
//! ```text
//! folders (a class each) ─┐
//! table (CSV) ────────────┼─► Listed ─► decode ─► Decoded (values 0–1) ─► Picture of the model's size
//! npz (MedMNIST) ─────────┘
//! ```
//!
//! What has no label or cannot be read is a warning with its reason. What makes the whole source unusable (a column
//! that is not there, labels that fit nothing) is an error that names what is there instead.

pub mod archive;
pub mod decode;
pub mod folders;
pub mod npz;
pub mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use regex::Regex;
use serde::Serialize;

use super::config::{Config, Data, same_name};
use super::{Error, Result};
use crate::network::manifest::Label;
use crate::study::Warning;

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
    /// Patient, where pattern or table tells.
    pub patient: Option<String>,
    pub part: Option<Part>,
    pub facts: Facts,
}

/// Lists the labelled images of a configuration below `root`; with a `limit`, an even selection of about as many.
pub fn list(config: &Config, root: &Path, limit: Option<usize>) -> Result<(Vec<Listed>, Vec<Warning>)> {
    let patterns = Patterns::of(&config.data)?;
    let mut files = Vec::new();
    let mut warnings = Vec::new();
    for folder in &config.data.folders {
        folders::list(config, root, folder, &patterns, &mut files, &mut warnings)?;
    }
    files.sort_by(|a: &Listed, b| a.origin.path().cmp(b.origin.path()));
    if let Some(table) = &config.data.csv {
        let schema = table::Schema { labels: &config.labels, head: config.head };
        table::list(schema, table, root, &patterns, &mut files, &mut warnings)?;
    }
    for archive in &config.data.npz {
        npz::list(config, &root.join(archive), &mut files)?;
    }
    if let Some(limit) = limit.filter(|&l| l > 0 && l < files.len()) {
        files = (0..limit).map(|i| files[i * files.len() / limit].clone()).collect();
    }
    Ok((files, warnings))
}

/// Patterns that find the patient in a file name.
pub struct Patterns(Vec<Regex>);

impl Patterns {
    /// The patterns of a configuration.
    pub fn of(data: &Data) -> Result<Self> {
        Self::parse(&data.patient)
    }

    /// Patterns from their texts.
    pub fn parse(texts: &[String]) -> Result<Self> {
        let parsed = texts.iter().map(|p| Regex::new(p)).collect::<std::result::Result<_, _>>();
        parsed.map(Self).map_err(|e| Error::Data(format!("a patient pattern does not parse: {e}")))
    }

    /// The first group of the first pattern that fits.
    pub fn patient(&self, name: &str) -> Option<String> {
        self.0.iter().find_map(|p| p.captures(name)?.get(1).map(|m| m.as_str().to_owned()))
    }
}

/// Number of the label that is called `name`, or has it for an alias.
pub fn label_called(labels: &[Label], name: &str) -> Option<usize> {
    labels.iter().position(|l| same_name(&l.name, name) || l.aliases.iter().any(|a| same_name(a, name)))
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
