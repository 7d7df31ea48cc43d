//! The labelled images that `evaluate` takes: from folders, from rules on file names, from a table;
//! what is left out is remarked on.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::cli::{Usage, output};
use crate::evaluation::labelled_folders::{add_facts, of_folders};
use crate::evaluation::scoring::LabelledImage;
use crate::evaluation::truth::{Rules, known, of_row};
use crate::model::manifest::{Head, Label, Manifest};
use crate::study::patients::Patients;
use crate::training::config::{Ambiguous, Table};
use crate::training::data::listed::Gathered;
use crate::training::data::table;
use crate::training::data::table::Schema;

/// Where labels and facts come from.
#[derive(Clone, Copy)]
pub(in crate::cli) struct LabelSource<'a> {
    pub labels: Option<&'a str>,
    pub table: Option<&'a Path>,
    pub facts: Option<&'a Path>,
    pub ambiguous: Ambiguous,
}

/// Every image below `dir` of which something is known, in the order of their paths; the rest is
/// remarked on.
pub(in crate::cli) fn list(
    dir: &Path,
    manifest: &Manifest,
    source: &LabelSource<'_>,
) -> anyhow::Result<Vec<LabelledImage>> {
    let dir = dir.canonicalize().with_context(|| format!("the folder {} cannot be read", dir.display()))?;
    if !dir.is_dir() {
        return Err(Usage(format!("{} is no folder; a folder with one for each class is needed", dir.display())).into());
    }
    let mut images = match source.table {
        Some(table) => in_table(&dir, manifest, table, source.ambiguous)?,
        None => in_folders(&dir, manifest, source.labels.unwrap_or_default())?,
    };
    if let Some(path) = source.facts {
        let missing = add_facts(&mut images, path)?;
        if missing > 0 {
            output::remark(format!("note: {missing} of {} images are not in {}.", images.len(), path.display()));
        }
    }
    Ok(images)
}

fn in_folders(dir: &Path, manifest: &Manifest, rules: &str) -> anyhow::Result<Vec<LabelledImage>> {
    let rules = Rules::parse(rules, manifest).map_err(|e| Usage(e.to_string()))?;
    let found = of_folders(dir, manifest, &rules)?;
    found.passed_over.iter().for_each(|error| output::remark(format!("note: {error}")));
    let names = known(manifest);
    let left = found.left_out.iter().map(|(folder, files)| format!("\"{folder}\" ({files} files)"));
    let left = left.collect::<Vec<_>>().join(", ");
    if found.images.is_empty() {
        let holds = if left.is_empty() { "it is empty".to_owned() } else { format!("it holds {left}") };
        bail!(
            "no folder in {} is named like a class of {} ({holds}). Folders are matched to {names}; --labels gives labels by \
             file name, --table by a table",
            dir.display(),
            manifest.name
        );
    }
    if !left.is_empty() {
        output::remark(format!(
            "note: left out, for no class of {} is named like it: {left}. Folders are matched to {names}.",
            manifest.name
        ));
    }
    Ok(found.images)
}

/// The rows of a table, in which groups are labels like others.
fn in_table(dir: &Path, manifest: &Manifest, path: &Path, ambiguous: Ambiguous) -> anyhow::Result<Vec<LabelledImage>> {
    let label = |name: &String, aliases: &Vec<String>| Label {
        name: name.clone(),
        aliases: aliases.clone(),
        threshold: 0.5,
        description: String::new(),
    };
    let targets: Vec<Label> = (manifest.labels.iter().map(|l| label(&l.name, &l.aliases)))
        .chain(manifest.groups.iter().map(|g| label(&g.name, &g.aliases)))
        .collect();
    let path = path.canonicalize().with_context(|| format!("the table {} cannot be read", path.display()))?;
    let columns = Table { ambiguous, ..Table::of(path, vec![dir.to_owned()]) };
    let mut found = Gathered::default();
    let schema = Schema { labels: &targets, head: Head::Sigmoid, partial: true };
    table::list(schema, &columns, dir, &Patients::default(), &mut found)?;
    for w in &found.warnings {
        output::remark(format!("note: {}: {}.", w.path.display(), w.reason));
    }
    let listed = found.files.into_iter().map(|row| {
        let facts = [("age", row.facts.age), ("sex", row.facts.sex), ("view", row.facts.view)];
        LabelledImage {
            path: row.origin.path().to_owned(),
            image: row.key,
            truth: of_row(manifest, &row.truth),
            patient: row.patient.table().map(str::to_owned),
            facts: facts.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.to_owned(), v)).collect(),
        }
    });
    Ok(listed.collect())
}
