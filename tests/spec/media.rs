//! Media with an index (DICOMDIR): all that it lists is opened, whatever it is; what is listed and not
//! there is said.

use std::fs;
use std::path::{Path, PathBuf};

use pellucid::results::read::kind::ResultKind;
use pellucid::results::read::layers::LayerReader;
use pellucid::study::{self, Catalogue};
use tempfile::TempDir;

use super::cli::{code, lines, pellucid, said};
use super::study::scanned;

/// A copy of what `tests/golden/medium.py` wrote by pydicom.
fn medium() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/medium"), folder.path());
    let index = folder.path().join("DICOMDIR");
    (folder, index)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn kinds(catalogue: &Catalogue) -> (usize, Vec<Option<ResultKind>>) {
    let results = catalogue.images().filter(|entry| ResultKind::of(&entry.meta).is_some());
    (catalogue.images().count(), results.map(|entry| ResultKind::of(&entry.meta)).collect())
}

#[test]
fn an_index_opens_images_with_the_results_beside_them() {
    let (_folder, index) = medium();
    let catalogue = scanned(&[&index]);
    assert!(catalogue.warnings.is_empty(), "{:?}", catalogue.warnings);
    let (all, mut results) = kinds(&catalogue);
    results.sort_by_key(|kind| format!("{kind:?}"));
    let wanted = [
        ResultKind::Document,
        ResultKind::ParametricMap,
        ResultKind::Presentation,
        ResultKind::Segmentation,
        ResultKind::StructuredReport,
    ];
    assert_eq!((all, results), (7, wanted.map(Some).to_vec()));
    // They lie over their images as they do when a folder is opened.
    let slice = catalogue.images().find(|entry| entry.identity.sop_instance_uid.ends_with(".2.2")).unwrap();
    let frame = study::load(slice, 0).unwrap();
    let laid = LayerReader::default().read(&frame, &catalogue.images().cloned().collect::<Vec<_>>());
    let names: Vec<&str> = laid.layers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Lung", "Nodule", "Standardized uptake value (SUVbw)"]);
    assert_eq!((laid.graphics.len(), laid.related.len()), (1, 2));
    let radiograph = catalogue.images().find(|entry| entry.identity.sop_instance_uid.ends_with(".3.1")).unwrap();
    let files: Vec<PathBuf> = catalogue.images().map(|entry| entry.path.clone()).collect();
    let states = study::presentation_states(&mut study::load(radiograph, 0).unwrap(), &files);
    assert_eq!(states.len(), 1);
}

#[test]
fn what_is_listed_and_missing_is_said() {
    let (folder, index) = medium();
    let report = folder.path().join("PT000000/ST000000/SE000004/SR000000");
    fs::remove_file(report).unwrap();
    let catalogue = scanned(&[&index]);
    assert_eq!(catalogue.images().count(), 6);
    let [warning] = &catalogue.warnings[..] else { panic!("{:?}", catalogue.warnings) };
    assert_eq!(warning.path, index);
    assert_eq!(
        warning.reason,
        "PT000000/ST000000/SE000004/SR000000 is listed in the index and is not there. Copy the whole medium again."
    );
    let output = pellucid(folder.path(), &["inspect", "DICOMDIR", "--json"]);
    assert_eq!(code(&output), 3, "{}", said(&output));
    assert!(said(&output).contains("SR000000 is listed in the index"), "{}", said(&output));
    assert_eq!(lines(&output).len(), 6, "images, and what lies beside them");
}

#[test]
fn a_medium_that_a_disk_has_written_in_small_letters_is_opened() {
    let (folder, index) = medium();
    let small = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().to_lowercase();
        fs::rename(path, path.with_file_name(name)).unwrap();
    };
    let series = folder.path().join("PT000000/ST000000/SE000000");
    small(&series.join("IM000000"));
    small(&series);
    small(&folder.path().join("PT000000/ST000000"));
    small(&folder.path().join("PT000000"));
    let catalogue = scanned(&[&index]);
    assert_eq!((catalogue.images().count(), catalogue.warnings.len()), (7, 0), "{:?}", catalogue.warnings);
}

#[test]
fn a_folder_with_an_index_is_what_lies_in_it() {
    let (folder, index) = medium();
    assert_eq!(kinds(&scanned(&[folder.path()])), kinds(&scanned(&[&index])));
    let both = scanned(&[folder.path(), &index]);
    assert_eq!((both.images().count(), both.warnings.len()), (7, 0), "nothing is listed twice");
}
