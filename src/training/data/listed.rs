//! An image of the data before it is decoded: where its pixels lie, what is known of it, and whose
//! it is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::part::SplitPart;
use crate::evaluation::truth::normal_label;
use crate::evaluation::vocabulary::means_normal;
use crate::model::manifest::Label;
use crate::study::Warning;
use crate::study::patients::Lead;
use crate::training::config::same_name;

/// What else is known of an image; empty where it is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageFacts {
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
pub struct ListedImage {
    pub origin: Origin,
    /// Name that is the image's own within the data: its path below the data folder.
    pub key: String,
    pub truth: Vec<f32>,
    /// What pattern, table and name tell of the patient.
    pub patient: Lead,
    pub part: Option<SplitPart>,
    pub facts: ImageFacts,
}

/// What is found on the way through the sources.
#[derive(Debug, Default)]
pub struct Gathered {
    pub files: Vec<ListedImage>,
    pub warnings: Vec<Warning>,
    /// Names of folders and findings that are none of the labels.
    pub foreign: BTreeSet<String>,
}

/// Number of the label that is called `name`, has it for an alias, or says normal as `name` does.
pub fn label_called(labels: &[Label], name: &str) -> Option<usize> {
    let own = labels.iter().position(|l| same_name(&l.name, name) || l.aliases.iter().any(|a| same_name(a, name)));
    own.or_else(|| normal_label(labels).filter(|_| means_normal(name)))
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
