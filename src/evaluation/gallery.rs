//! Makes a gallery of similar cases of a folder: every image as the model sees it, with what
//! folders or a table say of it.
//!
//! Images that no label is known of belong to it, too: they are like or unlike others all the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::Local;
use rayon::prelude::*;

use super::labelled_folders::add_facts;
use super::labelled_folders::{FactsError, TooManyImages};
use super::scoring::{ImageFailure, LabelledImage};
use super::truth::{Rules, Truth, named};
use super::vocabulary::folded;
use crate::cancel::{CancelToken, Cancelled};
use crate::files::walk::{WalkError, files_below};
use crate::limits;
use crate::model::Model;
use crate::model::gallery::{Gallery, GalleryError, GalleryImage, GallerySource};
use crate::model::manifest::Manifest;
use crate::model::population::features;
use crate::panic_guard::guarded;
use crate::printable::with_causes;
use crate::study::image_names::MASK;
use crate::study::patients::{Patients, key_of};
use crate::study::{may_be_an_image, open_image};

/// Images of one forward pass.
const BATCH: usize = 16;
/// What columns with a text of labels are called, folded.
const LABELS: [&str; 7] = ["label", "labels", "findinglabels", "findings", "finding", "class", "diagnosis"];
/// What columns with the patient are called, folded.
const PATIENT: [&str; 4] = ["patient", "patientid", "subject", "subjectid"];

const NOT_FINITE: &str =
    "the network's features of it are no numbers; the weights may be damaged (`pellucid models verify`)";

/// Why no gallery was made.
#[derive(Debug, thiserror::Error)]
pub enum GalleryBuildError {
    #[error(transparent)]
    TooMany(#[from] TooManyImages),
    #[error(transparent)]
    Table(#[from] FactsError),
    #[error(transparent)]
    Gallery(#[from] GalleryError),
    #[error(transparent)]
    Network(#[from] candle_core::Error),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// The images of a folder that a gallery is to be made of.
#[derive(Debug, Default)]
pub struct GalleryFolder {
    pub images: Vec<ListedCase>,
    /// Places that were not looked into.
    pub passed_over: Vec<WalkError>,
    /// Images that the table does not name.
    pub not_in_table: usize,
}

/// An image with what is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCase {
    pub path: PathBuf,
    /// Empty where nobody tells.
    pub label: String,
    /// Where a table tells; else the file or its name may.
    pub patient: Option<String>,
}

/// What came of a folder.
pub struct BuiltGallery {
    pub gallery: Gallery,
    pub failures: Vec<ImageFailure>,
}

/// Every image below `dir`, masks apart, with the label that `table` gives it (a column of labels,
/// or one column a label of the model), else the label or group that the nearest folder is named
/// like.
///
/// # Errors
/// When there are too many, or the table is of no use.
pub fn list(dir: &Path, manifest: &Manifest, table: Option<&Path>) -> Result<GalleryFolder, GalleryBuildError> {
    let mut found = GalleryFolder::default();
    let mut listed = Vec::new();
    for file in files_below(dir) {
        let path = match file {
            Ok(path) => path,
            Err(error) => {
                found.passed_over.push(error);
                continue;
            }
        };
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if stem.starts_with('.') || stem.ends_with(MASK) || !may_be_an_image(&path) {
            continue;
        }
        if listed.len() == limits::GALLERY_IMAGES {
            return Err(GalleryError::TooMany { found: listed.len() + 1 }.into());
        }
        let image = key_of(dir, &path);
        listed.push(LabelledImage { path, image, truth: Vec::new(), patient: None, facts: BTreeMap::new() });
    }
    if let (Some(table), false) = (table, listed.is_empty()) {
        found.not_in_table = add_facts(&mut listed, table)?;
    }
    let case = |image: LabelledImage| {
        let label = label_in(manifest, &image.facts).or_else(|| {
            let truth = Rules::default().truth(manifest, dir, &image.path);
            truth.map(|truth| words(manifest, truth))
        });
        let patient = cell(&image.facts, &PATIENT).map(str::to_owned);
        ListedCase { path: image.path, label: label.unwrap_or_default(), patient }
    };
    found.images = listed.into_iter().map(case).collect();
    Ok(found)
}

/// The name of a label or group.
fn words(manifest: &Manifest, truth: Truth) -> String {
    match truth {
        Truth::Class(k) => manifest.labels[k].name.clone(),
        Truth::Group(g) => manifest.groups[g].name.clone(),
    }
}

/// The cell of the first column that is called like one of `names`.
fn cell<'a>(facts: &'a BTreeMap<String, String>, names: &[&str]) -> Option<&'a str> {
    facts.iter().find(|(name, _)| names.contains(&folded(name).as_str())).map(|(_, value)| value.as_str())
}

/// The label that a row of a table tells, as it stands there; where each label has a column of its
/// own, those that are 1.
fn label_in(manifest: &Manifest, facts: &BTreeMap<String, String>) -> Option<String> {
    if let Some(text) = cell(facts, &LABELS) {
        return Some(text.replace('|', ", "));
    }
    let present = facts.iter().filter(|(_, value)| value.parse::<f64>().is_ok_and(|v| v == 1.0));
    let present: Vec<String> =
        present.filter_map(|(name, _)| named(manifest, name)).map(|truth| words(manifest, truth)).collect();
    (!present.is_empty()).then(|| present.join(", "))
}

/// The gallery of these images, whose patients are recognised as `patients` has it where no table
/// told. `done` hears how many more images are done.
///
/// # Errors
/// When the network fails, nothing could be read, or somebody asked to stop; an image that cannot
/// be read is no error of the gallery.
pub fn build(
    model: &Model,
    folder: &Path,
    cases: &[ListedCase],
    patients: &Patients,
    cancel: &CancelToken,
    done: &mut dyn FnMut(usize),
) -> Result<BuiltGallery, GalleryBuildError> {
    let mut images = Vec::with_capacity(cases.len());
    let mut failures = Vec::new();
    for batch in cases.chunks(BATCH) {
        cancel.check()?;
        let prepared: Vec<_> = batch.par_iter().map(|case| (case, prepare(model, case, patients))).collect();
        let (mut known, mut values) = (Vec::with_capacity(BATCH), Vec::new());
        for (case, prepared) in prepared {
            match prepared {
                Ok((image, input)) => {
                    known.push(image);
                    values.extend(input);
                }
                Err(reason) => failures.push(ImageFailure { path: case.path.clone(), reason }),
            }
        }
        if !known.is_empty() {
            let x = model.input_batch(values, known.len())?;
            let (_, rows) = features::run(&model.network, &x)?;
            for (image, row) in known.into_iter().zip(rows) {
                if row.penultimate.iter().all(|v| v.is_finite()) {
                    images.push((image, row.penultimate));
                } else {
                    failures.push(ImageFailure { path: image.path, reason: NOT_FINITE.into() });
                }
            }
        }
        done(batch.len());
    }
    let source = GallerySource {
        model: model.manifest.name.clone(),
        weights_sha256: model.sha256.clone(),
        input: model.manifest.input.clone(),
        folder: folder.to_owned(),
        made: Local::now().format("%Y-%m-%d").to_string(),
        patient_patterns: patients.patterns(),
    };
    Ok(BuiltGallery { gallery: Gallery::new(source, images)?, failures })
}

/// What is known of an image, and what the network is given of it; else the reason why it takes no
/// part.
fn prepare(model: &Model, case: &ListedCase, patients: &Patients) -> Result<(GalleryImage, Vec<f32>), String> {
    let frame = guarded(|| open_image(&case.path)).map_err(|e| e.to_string())?.map_err(|e| with_causes(&e))?;
    frame.scorable().map_err(|e| e.to_string())?;
    let values = model.input_values(&frame.model_plane(), frame.pixels.value_range);
    let entry = &frame.entry;
    let name = case.path.file_name().unwrap_or_default().to_string_lossy();
    // The whole path, as the one who looks for similar cases knows no folder.
    let lead = patients.lead(&name, &key_of(Path::new(""), &case.path), case.patient.as_deref());
    let image = GalleryImage {
        path: case.path.clone(),
        uid: entry.identity.sop_instance_uid.clone(),
        label: case.label.clone(),
        patient: lead.with_header(&entry.meta.patient_id).0.unwrap_or_default(),
    };
    Ok((image, values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::truth::tests::chest;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["NORMAL/a.png", "NORMAL/a-mask.png", "bacteria/b.png", "elsewhere/c.png", "notes.txt", ".d.png"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x").unwrap();
        }
        folder
    }

    fn labels(folder: &Path, table: Option<&Path>) -> Vec<(String, String, Option<String>)> {
        let found = list(folder, &chest(), table).unwrap();
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        let mut all: Vec<_> =
            found.images.into_iter().map(|case| (name(&case.path), case.label, case.patient)).collect();
        all.sort();
        all
    }

    fn row(name: &str, label: &str, patient: Option<&str>) -> (String, String, Option<String>) {
        (name.into(), label.into(), patient.map(str::to_owned))
    }

    #[test]
    fn folders_give_labels_and_an_image_without_one_belongs_to_it_too() {
        let folder = folder();
        let expected =
            [row("a.png", "Normal", None), row("b.png", "Bacterial pneumonia", None), row("c.png", "", None)];
        assert_eq!(labels(folder.path(), None), expected);
    }

    #[test]
    fn a_table_comes_before_the_folders() {
        let folder = folder();
        let table = folder.path().join("labels.csv");
        std::fs::write(&table, "Image Index,Finding Labels,Patient ID\na.png,Effusion|Mass,7\nc.png,No Finding,8\n")
            .unwrap();
        let expected = [
            row("a.png", "Effusion, Mass", Some("7")),
            row("b.png", "Bacterial pneumonia", None),
            row("c.png", "No Finding", Some("8")),
        ];
        assert_eq!(labels(folder.path(), Some(&table)), expected);
        std::fs::write(&table, "image,Normal,Viral pneumonia\nb.png,0,1\nc.png,1,0\n").unwrap();
        let expected =
            [row("a.png", "Normal", None), row("b.png", "Viral pneumonia", None), row("c.png", "Normal", None)];
        assert_eq!(labels(folder.path(), Some(&table)), expected);
    }
}
