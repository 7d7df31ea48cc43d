//! One list of labelled images out of all sources of a configuration: folders, tables, archives.

use std::path::Path;

use super::listed::{Gathered, ListedImage, quoted};
use super::{folders, npz, table, truth};
use crate::evaluation::vocabulary::nearest;
use crate::study::Warning;
use crate::study::patients::Patients;
use crate::training::config::Config;
use crate::training::{Error, Result};

/// Lists the labelled images of a configuration below `root`; with a `limit`, an even selection of
/// about as many.
pub fn list(config: &Config, root: &Path, limit: Option<usize>) -> Result<(Vec<ListedImage>, Vec<Warning>)> {
    let Gathered { files, warnings, .. } = gather(config, root)?;
    Ok((limited(files, limit), warnings))
}

/// The same for a run, whose labels must all occur.
pub fn list_for_run(config: &Config, root: &Path, limit: Option<usize>) -> Result<(Vec<ListedImage>, Vec<Warning>)> {
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
    found.files.sort_by(|a: &ListedImage, b| a.origin.path().cmp(b.origin.path()));
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
fn limited(files: Vec<ListedImage>, limit: Option<usize>) -> Vec<ListedImage> {
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
