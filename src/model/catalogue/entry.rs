//! A published model as the catalogue has it.

use std::path::PathBuf;

use serde::Deserialize;

use super::hash::{Checked, Expected};
use crate::limits::WEIGHT_BYTES;
use crate::model::fetch::address::{Address, AddressError};
use crate::model::fetch::{Bytes, Wanted};
use crate::model::import::ImportError;
use crate::model::import::convention::NamedArchitecture;
use crate::model::import::draft::Request;
use crate::model::import::install;
use crate::model::import::preset::Preset;
use crate::model::import::published::Published;
use crate::model::manifest::Head;
use crate::model::population::{Population, PopulationError};
use crate::model::source::Source;

/// What of an entry cannot be meant.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    #[error(transparent)]
    Name(ImportError),
    #[error("{0} is empty")]
    Empty(&'static str),
    #[error("architecture: {0}")]
    Architecture(ImportError),
    #[error("there is no preset “{0}”")]
    Preset(String),
    #[error("label_list is “{0}”; there is imagenet")]
    LabelList(String),
    #[error("it needs labels, or a label_list")]
    NoLabels,
    #[error("there are {thresholds} thresholds for {labels} labels")]
    Thresholds { labels: usize, thresholds: usize },
    #[error("thresholds must lie in 0–1, or be nan where there is none")]
    Threshold,
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("sha256 must be 64 hexadecimal digits, and sha256_begins 6 to 64 of them; give one of the two")]
    Hash,
    #[error("its size is {found}, and at most {most} are taken")]
    Size { found: Bytes, most: Bytes },
    #[error(transparent)]
    Population(#[from] PopulationError),
}

/// A published model. What is `None` or empty is not known.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What it is called on the command line, and by default after its import.
    pub name: String,
    pub title: String,
    pub publisher: String,
    /// What it tells apart, in what kind of image.
    pub task: String,
    architecture: String,
    preset: String,
    pub head: Head,
    /// Side of the input in pixels, where it is not the preset's.
    #[serde(default)]
    size: Option<usize>,
    #[serde(default)]
    crop: Option<f32>,
    #[serde(default)]
    mean: Vec<f32>,
    #[serde(default)]
    sd: Vec<f32>,
    /// One an output; an empty one hides its output.
    #[serde(default)]
    pub labels: Vec<String>,
    #[serde(default)]
    label_list: Option<String>,
    /// Published operating points, one an output; NaN where there is none.
    #[serde(default)]
    thresholds: Option<Vec<f32>>,
    /// Data sets that it was trained on.
    pub data: String,
    /// The patients that it was measured on.
    #[serde(default)]
    pub patients: String,
    /// Values of View Position of its images.
    #[serde(default)]
    views: Vec<String>,
    pub licence: String,
    pub citation: String,
    /// Page of the publisher.
    pub page: String,
    address: String,
    /// Length of the file.
    #[serde(default)]
    bytes: Option<u64>,
    /// The same as far as it is known.
    #[serde(default)]
    about_bytes: Option<u64>,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    sha256_begins: Option<String>,
    /// Who states the hash.
    #[serde(default)]
    pub hash_from: String,
    #[serde(default)]
    pub notes: Vec<String>,
    /// Read from the texts above.
    #[serde(skip)]
    read: Option<Read>,
}

/// What the texts of an entry come to.
#[derive(Clone, Debug, PartialEq)]
struct Read {
    architecture: NamedArchitecture,
    preset: Preset,
    address: Address,
    expected: Option<Expected>,
}

impl Entry {
    /// Checks an entry, and reads what it says in words.
    pub(super) fn prepare(&mut self) -> Result<(), EntryError> {
        install::check_name(&self.name).map_err(EntryError::Name)?;
        for (what, text) in [
            ("title", &self.title),
            ("publisher", &self.publisher),
            ("task", &self.task),
            ("data", &self.data),
            ("licence", &self.licence),
            ("citation", &self.citation),
            ("page", &self.page),
        ] {
            if text.trim().is_empty() {
                return Err(EntryError::Empty(what));
            }
        }
        match self.label_list.as_deref() {
            None if self.labels.iter().all(String::is_empty) => return Err(EntryError::NoLabels),
            None => {}
            Some("imagenet") => self.labels = super::IMAGENET.lines().map(str::to_owned).collect(),
            Some(other) => return Err(EntryError::LabelList(other.to_owned())),
        }
        let thresholds = self.thresholds.as_deref().unwrap_or_default();
        if !thresholds.is_empty() && thresholds.len() != self.labels.len() {
            return Err(EntryError::Thresholds { labels: self.labels.len(), thresholds: thresholds.len() });
        }
        if !thresholds.iter().all(|t| t.is_nan() || (0.0..=1.0).contains(t)) {
            return Err(EntryError::Threshold);
        }
        if let Some(found) = self.bytes.or(self.about_bytes).filter(|bytes| *bytes > WEIGHT_BYTES) {
            return Err(EntryError::Size { found: Bytes(found), most: Bytes(WEIGHT_BYTES) });
        }
        self.population().map_or(Ok(()), |population| population.check())?;
        let _: Address = self.page.parse()?;
        let expected = Expected::read(self.sha256.as_deref(), self.sha256_begins.as_deref());
        self.read = Some(Read {
            architecture: self.architecture.parse().map_err(EntryError::Architecture)?,
            preset: Preset::named(&self.preset).ok_or_else(|| EntryError::Preset(self.preset.clone()))?,
            address: self.address.parse()?,
            expected: expected.map_err(|()| EntryError::Hash)?,
        });
        Ok(())
    }

    fn read(&self) -> &Read {
        self.read.as_ref().expect("an entry is prepared when its catalogue is read")
    }

    /// Where it is published.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.read().address
    }

    /// What its file must be, as far as that is known.
    #[must_use]
    pub fn expected(&self) -> Option<&Expected> {
        self.read().expected.as_ref()
    }

    #[must_use]
    pub fn architecture(&self) -> NamedArchitecture {
        self.read().architecture
    }

    #[must_use]
    pub fn preset(&self) -> Preset {
        self.read().preset
    }

    /// Length of the file, and whether it is known to the byte.
    #[must_use]
    pub fn length(&self) -> Option<(Bytes, bool)> {
        self.bytes.map(|b| (Bytes(b), true)).or(self.about_bytes.map(|b| (Bytes(b), false)))
    }

    /// The labels that are shown.
    pub fn shown_labels(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(String::as_str).filter(|label| !label.is_empty())
    }

    /// What is to be fetched, from `address` instead of the publisher's where it is given.
    #[must_use]
    pub fn wanted(&self, address: Option<&Address>) -> Wanted {
        // What is known roughly may be so much longer.
        let about = self.about_bytes.map(|bytes| bytes + bytes / 10 + 65_536);
        Wanted {
            address: address.unwrap_or(self.address()).clone(),
            most: self.bytes.or(about).unwrap_or(WEIGHT_BYTES).min(WEIGHT_BYTES),
            exactly: self.bytes,
            is_checked: self.expected().is_some(),
        }
    }

    fn population(&self) -> Option<Population> {
        (!self.patients.is_empty()).then(|| Population {
            patients: self.patients.clone(),
            views: self.views.clone(),
            source: self.data.clone(),
            ..Population::default()
        })
    }

    /// The import of a file of it.
    #[must_use]
    pub fn request(&self, file: PathBuf, checked: &Checked, name: &str, replace: bool) -> Request {
        let NamedArchitecture { family, convention } = self.architecture();
        let source = Source {
            page: self.page.clone(),
            address: self.address().to_string(),
            sha256: checked.sha256.clone(),
            identity: checked.identity,
            citation: self.citation.clone(),
        };
        let published = Published {
            title: self.title.clone(),
            source,
            data: self.data.clone(),
            population: self.population(),
            thresholds: self.thresholds.clone(),
            crop: self.crop,
            notes: self.notes.clone(),
        };
        Request {
            file,
            family,
            convention,
            labels: Some(self.labels.clone()),
            head: self.head,
            preset: self.preset(),
            name: name.to_owned(),
            dropout: None,
            size: self.size,
            resize: None,
            mean: self.mean.clone(),
            sd: self.sd.clone(),
            licence: Some(self.licence.clone()),
            description: Some(format!("{}: {}.", self.title, self.task)),
            prepared: None,
            published: Some(Box::new(published)),
            ignore_unexpected: false,
            replace,
        }
    }
}
