//! Similar cases: a gallery of a folder of one's own, found by the command line and shown in the
//! viewer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use pellucid::app::command::{Command, FileCommand, FindingsCommand, StudyCommand};
use pellucid::app::state::State;
use pellucid::app::ui::panels::similar;
use pellucid::app::ui::thumbnails::Thumbnails;
use pellucid::app::update::on_event;
use pellucid::engine::Event;
use pellucid::engine::progress::Progress;
use pellucid::engine::similar::{Similar, SimilarCase, SimilarCases};
use serde_json::Value;

use crate::cli::{code, lines, pellucid, said};
use crate::panels::Shown;
use crate::toy;
use crate::viewer_state::{finished, image_shown};

/// A folder with the toy model, and eight images of six patients with labels by folder.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    let images = ["Normal/person1_a", "Normal/person1_b", "Normal/person2_a", "Viral pneumonia/person3_a"];
    let more = ["Viral pneumonia/person4_a", "bacteria/person5_a", "bacteria/person6_a", "elsewhere/person6_b"];
    for (seed, name) in images.into_iter().chain(more).enumerate() {
        toy::picture(&folder.path().join("own").join(format!("{name}.png")), seed as u32);
    }
    folder
}

fn gallery(folder: &Path, more: &[&str]) -> Output {
    pellucid(folder, &[&["models", "gallery", "toy", "own", "--out", "kept"][..], more].concat())
}

fn similar_of(folder: &Path, image: &str, count: &str) -> Value {
    let asked =
        ["predict", image, "--model", "toy", "--samples", "0", "--similar", count, "--gallery", "kept", "--json"];
    let output = pellucid(folder, &asked);
    assert_eq!(code(&output), 0, "{}", said(&output));
    lines(&output).remove(0)["similar"].clone()
}

#[test]
fn the_nearest_of_other_patients_are_named_with_labels() {
    let folder = place();
    let output = gallery(folder.path(), &["--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let made = lines(&output).remove(0);
    assert_eq!((&made["images"], &made["labelled"], &made["without_patient"]), (&8.into(), &7.into(), &0.into()));
    assert_eq!((&made["width"], &made["measured"]), (&8.into(), &8.into()));
    assert!(said(&output).contains("known from 8 images only"), "{}", said(&output));
    // Neither the image itself nor the other one of its patient.
    let similar = similar_of(folder.path(), "own/Normal/person1_a.png", "20");
    assert_eq!(similar["images"], 8);
    let cases = similar["cases"].as_array().unwrap();
    assert!(cases.iter().all(|case| !case["path"].as_str().unwrap().contains("person1")), "{similar}");
    let distances: Vec<f64> = cases.iter().map(|case| case["distance"].as_f64().unwrap()).collect();
    assert!(distances.is_sorted() && distances.iter().all(|d| *d <= similar["edge"].as_f64().unwrap()));
    // A copy of an image under another name is the image.
    let copy = folder.path().join("renamed.png");
    fs::copy(folder.path().join("own/bacteria/person5_a.png"), &copy).unwrap();
    let similar = similar_of(folder.path(), "renamed.png", "20");
    let paths: Vec<&str> = similar["cases"].as_array().unwrap().iter().map(|c| c["path"].as_str().unwrap()).collect();
    assert!(paths.iter().all(|path| !path.contains("person5")), "{paths:?}");
}

#[test]
fn an_image_a_shade_off_one_of_the_gallery_finds_it_first() {
    let folder = place();
    assert_eq!(code(&gallery(folder.path(), &[])), 0);
    let own = image::open(folder.path().join("own/bacteria/person5_a.png")).unwrap().into_luma8();
    let mut shade = own.clone();
    shade.get_pixel_mut(3, 4).0[0] ^= 1;
    shade.save(folder.path().join("new.png")).unwrap();
    let similar = similar_of(folder.path(), "new.png", "1");
    let case = &similar["cases"][0];
    assert!(case["path"].as_str().unwrap().ends_with("person5_a.png"), "{similar}");
    assert_eq!((&case["label"], &case["farther"]), (&"Bacterial pneumonia".into(), &1.0.into()));
    assert!(similar["none_because"].is_null());
    // It says that it does not know whose the new image is.
    assert!(similar["remarks"][0].as_str().unwrap().contains("not known"));
    let asked = ["predict", "new.png", "--model", "toy", "--samples", "0", "--similar", "1", "--gallery", "kept"];
    let text = String::from_utf8_lossy(&pellucid(folder.path(), &asked).stdout).into_owned();
    assert!(text.contains("Similar cases, of 8 images of") && text.contains("Bacterial pneumonia  "), "{text}");
}

#[test]
fn labels_and_patients_come_from_a_table() {
    let folder = place();
    let table = "image,label,patient\nperson1_a.png,Mass,x\nperson2_a.png,Nodule,x\n";
    fs::write(folder.path().join("labels.csv"), table).unwrap();
    let output = gallery(folder.path(), &["--table", "labels.csv"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(said(&output).contains("6 of 8 images are not in"), "{}", said(&output));
    let index: Value = serde_json::from_slice(&fs::read(folder.path().join("kept/gallery.json")).unwrap()).unwrap();
    let of = |name: &str| {
        let images = index["images"].as_array().unwrap();
        images.iter().find(|i| i["path"].as_str().unwrap().ends_with(name)).unwrap().clone()
    };
    assert_eq!((&of("person1_a.png")["label"], &of("person1_a.png")["patient"]), (&"Mass".into(), &"x".into()));
    assert_eq!(of("person1_b.png")["label"], "Normal");
    let similar = similar_of(folder.path(), "own/Normal/person1_a.png", "20");
    assert!(!similar.to_string().contains("person2_a.png"), "one patient by the table: {similar}");
}

#[test]
fn a_gallery_of_other_weights_or_none_is_told_and_the_image_is_scored_all_the_same() {
    let folder = place();
    let similar = similar_of(folder.path(), "own/Normal/person1_a.png", "3");
    assert!(similar["none_because"].as_str().unwrap().contains("pellucid models gallery toy DIR"), "{similar}");
    assert_eq!(code(&gallery(folder.path(), &[])), 0);
    let home = folder.path().join("toy");
    let before = pellucid::files::sha256(&fs::read(home.join("weights.safetensors")).unwrap());
    let hash = toy::other_weights(&home);
    let manifest = fs::read_to_string(home.join("manifest.toml")).unwrap().replace(&before, &hash);
    fs::write(home.join("manifest.toml"), manifest).unwrap();
    let similar = similar_of(folder.path(), "own/Normal/person1_a.png", "3");
    assert!(similar["none_because"].as_str().unwrap().contains("other weights"), "{similar}");
}

#[cfg(unix)]
#[test]
fn the_files_of_a_gallery_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = place();
    assert_eq!(code(&gallery(folder.path(), &[])), 0);
    for name in ["gallery.json", "gallery.safetensors"] {
        let mode = folder.path().join("kept").join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(!folder.path().join("toy/gallery.json").exists(), "a model's folder may be handed on");
}

#[test]
fn a_folder_without_images_makes_no_gallery() {
    let folder = place();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let output = pellucid(folder.path(), &["models", "gallery", "toy", "empty", "--out", "kept"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("no image in"), "{}", said(&output));
    let output = pellucid(folder.path(), &["models", "gallery", "toy", "own", "--out", "kept", "--patients", "("]);
    assert_eq!(code(&output), 2);
}

fn case(path: &str, label: &str) -> SimilarCase {
    SimilarCase {
        path: PathBuf::from(path),
        uid: path.into(),
        label: label.into(),
        distance: 0.0123,
        farther: 0.63,
        is_there: true,
    }
}

/// A state with this answer of the gallery, as the engine would give it.
fn told(mut state: State, similar: Similar) -> State {
    let generation = state.generation;
    on_event(&mut state, Event::Progress { generation, progress: Progress::Similar(Arc::new(similar)) });
    state
}

fn cases(cases: Vec<SimilarCase>) -> Similar {
    Similar::Cases(SimilarCases {
        cases,
        nearest: Some(0.4),
        median: Some(0.01),
        edge: Some(0.1),
        measured: 500,
        images: 500,
        folder: "/own".into(),
        made: "2026-11-29".into(),
        gallery_sha256: "ab".into(),
        remarks: Vec::new(),
    })
}

/// The panel, opened where it has this heading.
fn panel(state: State, heading: &str) -> Shown {
    let thumbnails = Thumbnails::default();
    let mut shown = Shown::new(state, [300.0, 500.0], move |ui, state| similar::show(ui, state, &thumbnails));
    if shown.says(heading) {
        assert!(!shown.says("Similar case: ") && !shown.says("gallery:"), "closed until it is opened");
        shown.click(heading);
        shown.harness.run_steps(30);
    }
    shown
}

#[test]
fn the_panel_shows_label_and_distance_and_a_click_opens_the_case() {
    let found = cases(vec![case("/own/a.png", "Viral pneumonia"), case("/own/b.png", "")]);
    let mut shown = panel(told(finished(), found), "SIMILAR CASES · 2");
    assert!(shown.says("Similar case: Viral pneumonia. Distance 0.0123"));
    assert!(shown.says("Your own gallery: 500 images of /own, made 2026-11-29."));
    shown.click("Similar case: No label. Distance 0.0123");
    assert_eq!(shown.commands(), [Command::File(FileCommand::OpenPaths(vec!["/own/b.png".into()]))]);
}

#[test]
fn a_case_that_is_open_already_is_shown() {
    let state = finished();
    let entry = state.images[0].clone();
    let mut known = case("", "Normal");
    (known.path, known.uid) = (entry.path.clone(), entry.identity.sop_instance_uid.clone());
    let mut shown = panel(told(state, cases(vec![known])), "SIMILAR CASES · 1");
    shown.click("Similar case: Normal. Distance 0.0123");
    assert_eq!(shown.commands(), [Command::Study(StudyCommand::ShowImage(entry, 0))]);
}

#[test]
fn where_nothing_is_similar_the_panel_says_so() {
    let shown = panel(told(finished(), cases(Vec::new())), "SIMILAR CASES · none");
    assert!(shown.says("No similar case: the nearest of 500 images is 0.4000 away"));
}

#[test]
fn without_a_gallery_the_panel_says_how_to_make_one() {
    let shown = panel(told(finished(), Similar::NoGallery), "SIMILAR CASES · no gallery");
    assert!(shown.says("pellucid models gallery chest-xray DIR") && shown.says("No images of patients come"));
    assert!(!panel(image_shown(), "SIMILAR CASES · none").says("SIMILAR CASES"), "nothing before the image is scored");
}

#[test]
fn no_file_is_named_while_anonymised_and_one_that_is_gone_cannot_be_opened() {
    let gone = SimilarCase { is_there: false, ..case("/own/doe.png", "Normal") };
    let mut state = told(finished(), cases(vec![gone]));
    state.preferences.anonymize = true;
    let mut shown = panel(state, "SIMILAR CASES · 1");
    assert!(shown.says("Your own gallery: 500 images, made 2026-11-29.") && !shown.says("/own"));
    shown.click("Similar case: Normal. Distance 0.0123");
    assert_eq!(shown.commands(), []);
}

#[test]
fn the_reader_says_whether_reports_print_them() {
    let mut shown = panel(told(finished(), cases(vec![case("/own/a.png", "Normal")])), "SIMILAR CASES · 1");
    shown.click("Print in reports");
    assert_eq!(shown.commands(), [Command::Findings(FindingsCommand::ToggleSimilarInReport)]);
}
