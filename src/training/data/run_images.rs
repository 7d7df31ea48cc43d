//! The images of one part of a run, as a finished model is scored on them: by the configuration
//! that the run keeps, the folder of its data, and its split.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::list;
use super::listed::{ListedImage, Origin};
use super::part::SplitPart;
use super::split::split_file;
use super::split::split_table::SplitTable;
use crate::evaluation::scoring::LabelledImage;
use crate::evaluation::truth::of_group;
use crate::model::manifest::Manifest;
use crate::training::config::{Config, record};
use crate::training::run_files::{read_json, write_json};
use crate::training::{Error, Result};

/// Where the data of a run lay, in the run's folder.
pub const FILE: &str = "data.json";

/// What a run remembers of its data beside the configuration.
#[derive(Debug, Serialize, Deserialize)]
struct DataOfRun {
    /// The folder that the configuration's data folders are relative to, from the root of the file
    /// system on.
    root: PathBuf,
}

/// Writes where the data of the run in `folder` lie.
pub(crate) fn remember(folder: &Path, root: &Path) -> Result<()> {
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let root = root.canonicalize().or_else(|_| std::path::absolute(root));
    let root = root.map_err(|source| Error::Read { path: folder.into(), source })?;
    write_json(&folder.join(FILE), &DataOfRun { root })
}

/// A run that has ended, with its data.
#[derive(Debug)]
pub struct RunImages {
    pub config: Config,
    /// The folder below which its images are named.
    pub root: PathBuf,
    table: SplitTable,
}

/// The images of a part.
#[derive(Debug)]
pub struct PartImages {
    pub images: Vec<LabelledImage>,
    /// Images of the part that are not there any more.
    pub missing: usize,
}

impl RunImages {
    /// Reads the folder of a run; its data lie in `data`, or where they lay when it ran.
    ///
    /// # Errors
    /// When the folder is that of no run, or the data are not to be found.
    pub fn of(run: &Path, data: Option<&Path>) -> Result<Self> {
        let (copy, split) = (run.join(record::FILE), run.join(split_file::FILE));
        if let Some(missing) = [&copy, &split].into_iter().find(|path| !path.is_file()) {
            return Err(Error::NoRun { folder: run.into(), missing: missing.clone() });
        }
        let root = match data {
            Some(data) if data.as_os_str().is_empty() => PathBuf::from("."),
            Some(data) => data.to_owned(),
            None => Self::remembered(run)?,
        };
        let root = root.canonicalize().map_err(|_| Error::DataMoved { root: root.clone() })?;
        Ok(Self { config: Config::read_for(&copy, &root)?, table: SplitTable::read(&split)?, root })
    }

    fn remembered(run: &Path) -> Result<PathBuf> {
        let path = run.join(FILE);
        if !path.is_file() {
            return Err(Error::NoRoot { folder: run.into() });
        }
        Ok(read_json::<DataOfRun>(&path)?.root)
    }

    /// The images of a part with what is known of them, as `manifest` has its targets.
    ///
    /// # Errors
    /// When the data cannot be listed, are archives, or belong to a model of other labels, or when
    /// the part is empty.
    pub fn part(&self, manifest: &Manifest, part: SplitPart) -> Result<PartImages> {
        let names =
            |labels: &[crate::model::manifest::Label]| labels.iter().map(|l| l.name.clone()).collect::<Vec<_>>();
        let (own, theirs) = (names(&self.config.labels), names(&manifest.labels));
        if own != theirs {
            return Err(Error::Data(format!(
                "the data tell {} apart, and the model {}; name the folder of the run's own data",
                own.join(", "),
                theirs.join(", ")
            )));
        }
        let (listed, _) = list::list(&self.config, &self.root, None)?;
        if let Some(archive) = listed.iter().find(|image| matches!(image.origin, Origin::Archive { .. })) {
            return Err(Error::Data(format!(
                "{} is an archive, and only images in files of their own are scored by their run",
                archive.origin.path().display()
            )));
        }
        let named = listed.iter().map(|image| (image.key.as_str(), image.origin.path()));
        let of_part = self.table.matched(named)?.into_iter().filter(|(_, row)| row.0 == part);
        let images: Vec<LabelledImage> =
            of_part.map(|(number, row)| labelled(&listed[number], row.1.clone(), manifest)).collect();
        let wanted = self.table.count(part);
        if images.is_empty() {
            return Err(Error::EmptyPart { part: part.name(), wanted });
        }
        Ok(PartImages { missing: wanted.saturating_sub(images.len()), images })
    }
}

/// A listed image as a model is scored on it.
fn labelled(image: &ListedImage, patient: Option<String>, manifest: &Manifest) -> LabelledImage {
    let mut truth: Vec<Option<bool>> = image.truth.iter().map(|v| (!v.is_nan()).then_some(*v > 0.5)).collect();
    let labels = truth.clone();
    truth.extend(manifest.groups.iter().map(|group| of_group(&manifest.members(group), &labels)));
    let facts = [("age", &image.facts.age), ("sex", &image.facts.sex), ("view", &image.facts.view)];
    LabelledImage {
        path: image.origin.path().to_owned(),
        image: image.key.clone(),
        truth,
        patient,
        facts: facts.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.to_owned(), v.clone())).collect(),
    }
}
