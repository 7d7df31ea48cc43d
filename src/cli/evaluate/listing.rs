//! The labelled images that `evaluate` judges: from folders, from rules on file names, from a table.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};

use crate::cli::inputs::looks_like_an_image;
use crate::cli::{Usage, output};
use crate::evaluation::scoring::Listed;
use crate::evaluation::truth::{Rules, answers, folded, known, normal_label, of_group};
use crate::evaluation::vocabulary::means_normal;
use crate::files::open_regular;
use crate::files::walk::files_below;
use crate::limits;
use crate::network::manifest::{Head, Label, Manifest};
use crate::study::patients::Patients;
use crate::training::config::{Ambiguous, Table};
use crate::training::data::table::{self, Schema};
use crate::training::data::{Gathered, key_of};

/// Where labels and facts come from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub labels: Option<&'a str>,
    pub table: Option<&'a Path>,
    pub facts: Option<&'a Path>,
    pub ambiguous: Ambiguous,
}

/// Every image below `dir` of which something is known, in the order of their paths; the rest is remarked on.
pub fn list(dir: &Path, manifest: &Manifest, source: &Source<'_>) -> anyhow::Result<Vec<Listed>> {
    let dir = dir.canonicalize().with_context(|| format!("the folder {} cannot be read", dir.display()))?;
    if !dir.is_dir() {
        return Err(
            Usage(format!("{} is no folder; evaluate takes a folder with one for each class", dir.display())).into()
        );
    }
    let mut files = match source.table {
        Some(table) => of_table(&dir, manifest, table, source.ambiguous)?,
        None => of_folders(&dir, manifest, source.labels.unwrap_or_default())?,
    };
    if let Some(path) = source.facts {
        add_facts(&mut files, path)?;
    }
    Ok(files)
}

fn of_folders(dir: &Path, manifest: &Manifest, rules: &str) -> anyhow::Result<Vec<Listed>> {
    let rules = Rules::parse(rules, manifest).map_err(|e| Usage(e.to_string()))?;
    let mut files = Vec::new();
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    for file in files_below(dir) {
        let path = match file {
            Ok(path) => path,
            Err(error) => {
                output::remark(format!("note: {error}"));
                continue;
            }
        };
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden || !looks_like_an_image(&path) {
            continue;
        }
        let image = key_of(dir, &path);
        let truth = match rules.truth(manifest, dir, &path) {
            Some(truth) => Some(answers(manifest, truth)),
            None => (manifest.head == Head::Sigmoid && means_nothing_found(dir, &path))
                .then(|| vec![Some(false); manifest.labels.len() + manifest.groups.len()]),
        };
        if let Some(truth) = truth {
            files.push(Listed { path, image, truth, patient: None, facts: BTreeMap::new() });
        } else {
            let first = image.split_once('/').map_or(".", |(first, _)| first);
            *unknown.entry(first.to_owned()).or_default() += 1;
        }
        if files.len() > limits::FILES_AT_ONCE {
            bail!("{} holds more than {} images", dir.display(), limits::FILES_AT_ONCE);
        }
    }
    let names = known(manifest);
    let left: Vec<String> = unknown.iter().map(|(folder, files)| format!("\"{folder}\" ({files} files)")).collect();
    if files.is_empty() {
        let found = if left.is_empty() { "it is empty".to_owned() } else { format!("it holds {}", left.join(", ")) };
        bail!(
            "no folder in {} is named like a class of {} ({found}). Folders are matched to {names}; --labels gives labels by \
             file name, --table by a table",
            dir.display(),
            manifest.name
        );
    }
    if !left.is_empty() {
        output::remark(format!(
            "note: left out, for no class of {} is named like it: {}. Folders are matched to {names}.",
            manifest.name,
            left.join(", ")
        ));
    }
    Ok(files)
}

/// Whether a folder of the image says that there is nothing to find: of independent findings, all are absent then.
fn means_nothing_found(dir: &Path, file: &Path) -> bool {
    let folders = file.ancestors().skip(1).take_while(|f| f.starts_with(dir));
    folders.filter_map(Path::file_name).any(|n| means_normal(&n.to_string_lossy()))
}

/// The rows of a table, in which groups are labels like others.
fn of_table(dir: &Path, manifest: &Manifest, path: &Path, ambiguous: Ambiguous) -> anyhow::Result<Vec<Listed>> {
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
        let told = [("age", row.facts.age), ("sex", row.facts.sex), ("view", row.facts.view)];
        Listed {
            path: row.origin.path().to_owned(),
            image: row.key,
            truth: truth_of_row(manifest, &row.truth),
            patient: row.patient.table().map(str::to_owned),
            facts: told.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.to_owned(), v)).collect(),
        }
    });
    Ok(listed.collect())
}

/// Answers about labels and groups from the values of a row.
fn truth_of_row(manifest: &Manifest, values: &[f32]) -> Vec<Option<bool>> {
    let (labels, groups) = values.split_at(manifest.labels.len());
    let answer = |v: f32| (!v.is_nan()).then_some(v > 0.5);
    let mut truth: Vec<Option<bool>> = labels.iter().map(|v| answer(*v)).collect();
    let present: Vec<usize> = (0..truth.len()).filter(|k| truth[*k] == Some(true)).collect();
    // One of exclusive classes, or that there is no finding, says of all others that they are absent.
    let only =
        present.len() == 1 && (manifest.head == Head::Softmax || normal_label(&manifest.labels) == Some(present[0]));
    if only {
        truth.iter_mut().filter(|t| t.is_none()).for_each(|t| *t = Some(false));
    }
    let present = present.len();
    for (group, said) in manifest.groups.iter().zip(groups) {
        let members = manifest.members(group);
        // A row that names the group alone leaves its members open; one that denies it denies them.
        if *said > 0.5 && !members.iter().any(|&k| truth[k] == Some(true)) {
            members.iter().for_each(|&k| truth[k] = None);
        } else if *said == 0.0 {
            members.iter().for_each(|&k| truth[k] = truth[k].or(Some(false)));
        }
        if *said > 0.5 && manifest.head == Head::Softmax {
            let outside = (0..labels.len()).filter(|k| !members.contains(k));
            outside.for_each(|k| truth[k] = truth[k].or(Some(false)));
        }
        let of_members = of_group(&members, &truth);
        truth.push(if *said > 0.5 { Some(true) } else { of_members });
    }
    if manifest.head == Head::Softmax && present > 1 {
        // Exclusive classes that coincide cannot be judged as classes.
        truth[..labels.len()].iter_mut().filter(|t| **t == Some(true)).for_each(|t| *t = None);
    }
    truth
}

/// Adds the columns of a table to the images that it names.
fn add_facts(files: &mut [Listed], path: &Path) -> anyhow::Result<()> {
    let refuse = |why: String| anyhow!("the table of facts {} {why}", path.display());
    let opened = open_regular(path, limits::TABLE_BYTES).map_err(|e| refuse(format!("cannot be read: {e}")))?;
    let mut table = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(opened.file);
    let header = table.headers().map_err(|e| refuse(format!("cannot be read: {e}")))?.clone();
    let image =
        header.iter().position(|h| ["image", "imageindex", "file", "filename", "path"].contains(&folded(h).as_str()));
    let Some(image) = image else {
        let there: Vec<String> = header.iter().map(|h| format!("\"{h}\"")).collect();
        return Err(refuse(format!("has no column \"image\"; its columns are {}", there.join(", "))));
    };
    let mut rows: HashMap<String, csv::StringRecord> = HashMap::new();
    for row in table.records() {
        let row = row.map_err(|e| refuse(format!("cannot be read: {e}")))?;
        rows.insert(row.get(image).unwrap_or_default().to_owned(), row);
    }
    let mut missing = 0;
    for file in files.iter_mut() {
        let name = PathBuf::from(&file.image).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(row) = rows.get(&file.image).or_else(|| rows.get(&name)) else {
            missing += 1;
            continue;
        };
        let told = header.iter().zip(row).enumerate().filter(|(i, (_, value))| *i != image && !value.is_empty());
        file.facts.extend(told.map(|(_, (name, value))| (name.to_lowercase(), value.to_owned())));
    }
    if missing == files.len() {
        return Err(refuse("names none of the images".into()));
    }
    if missing > 0 {
        output::remark(format!("note: {missing} of {} images are not in {}.", files.len(), path.display()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::truth::tests::chest;

    #[test]
    fn a_row_that_names_a_group_alone_leaves_its_labels_open() {
        let (yes, no) = (Some(true), Some(false));
        let manifest = chest();
        assert_eq!(truth_of_row(&manifest, &[0.0, 0.0, 0.0, 1.0]), [no, None, None, yes]);
        assert_eq!(truth_of_row(&manifest, &[0.0, 1.0, 0.0, 0.0]), [no, yes, no, yes]);
        // Some other finding: neither normal nor pneumonia.
        assert_eq!(truth_of_row(&manifest, &[0.0; 4]), [no, no, no, no]);
    }

    #[test]
    fn a_table_that_knows_some_of_the_labels_says_what_follows_for_the_others() {
        let (yes, no, nan) = (Some(true), Some(false), f32::NAN);
        let manifest = chest();
        // CheXpert has columns for "No Finding" and "Pneumonia", and none for the causes.
        assert_eq!(truth_of_row(&manifest, &[0.0, nan, nan, 1.0]), [no, None, None, yes]);
        assert_eq!(truth_of_row(&manifest, &[1.0, nan, nan, 0.0]), [yes, no, no, no]);
        assert_eq!(truth_of_row(&manifest, &[nan, nan, nan, 1.0]), [no, None, None, yes]);
        assert_eq!(truth_of_row(&manifest, &[0.0, nan, nan, 0.0]), [no, no, no, no]);
        assert_eq!(truth_of_row(&manifest, &[nan, nan, nan, nan]), [None, None, None, None]);
    }

    #[test]
    fn classes_that_coincide_are_no_class() {
        let truth = truth_of_row(&chest(), &[0.0, 1.0, 1.0, 0.0]);
        assert_eq!(truth, [Some(false), None, None, Some(true)]);
    }
}
