//! What if this were not there? `pellucid whatif` on drawn radiographs whose finding is known.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cli::{code, lines, pellucid, said};

/// A drawn radiograph with an opacity, `chest.png`, and the opacity, `chest-mask.png`.
fn drawn(folder: &Path) {
    let arguments = ["phantom", "--out", "drawn", "--seed", "41", "--count", "1", "--size", "384", "--format", "png"];
    let output = pellucid(folder, &[arguments.as_slice(), &["--opacity=right-lower:lobar"]].concat());
    assert_eq!(code(&output), 0, "{}", said(&output));
    for file in fs::read_dir(folder.join("drawn")).unwrap().flatten().map(|entry| entry.path()) {
        let mask = file.to_string_lossy().ends_with("-mask.png");
        fs::rename(&file, folder.join(if mask { "chest-mask.png" } else { "chest.png" })).unwrap();
    }
}

fn asked(folder: &Path, more: &[&str]) -> Value {
    let output = pellucid(folder, &[&["whatif", "chest.png", "--model", "chest-xray", "--json"], more].concat());
    assert_eq!(code(&output), 0, "{}", said(&output));
    lines(&output).remove(0)
}

fn pneumonia(answer: &Value) -> &Value {
    answer["changes"].as_array().unwrap().iter().find(|change| change["label"] == "Pneumonia").unwrap()
}

#[test]
fn without_its_opacity_a_radiograph_is_called_healthier_and_random_places_do_less() {
    let folder = tempfile::tempdir().unwrap();
    drawn(folder.path());
    let answer =
        asked(folder.path(), &["--mask", "chest-mask.png", "--fill", "mirror", "--draws", "6", "--png", "pair.png"]);
    let change = pneumonia(&answer);
    let (before, after) = (change["before"].as_f64().unwrap(), change["after"].as_f64().unwrap());
    assert!(before > 0.5 && after < before - 0.1, "{before} → {after}");
    assert_eq!((change["random_changes"].as_array().unwrap().len(), change["group"].as_bool()), (6, Some(true)));
    assert_eq!(change["larger_than"], 6, "{change}");
    assert!((0.001..0.2).contains(&answer["share"].as_f64().unwrap()));
    assert_eq!((answer["filling"].as_str(), answer["gate"]["accepted"].as_bool()), (Some("mirror"), Some(true)));
    let pair = image::open(folder.path().join("pair.png")).unwrap();
    assert_eq!((pair.width(), pair.height()), (2 * 384 + 8, 384));
}

#[test]
fn the_same_question_has_the_same_answer_and_the_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    drawn(folder.path());
    let before = fs::read(folder.path().join("chest.png")).unwrap();
    let more = ["--box", "10,20,60,50", "--draws", "2", "--fill", "mean"];
    assert_eq!(asked(folder.path(), &more), asked(folder.path(), &more));
    assert_eq!(fs::read(folder.path().join("chest.png")).unwrap(), before);
}

#[test]
fn everything_outside_the_lungs_or_the_lungs_themselves_are_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    drawn(folder.path());
    let [outside, inside] =
        ["--outside-lungs", "--lungs"].map(|part| asked(folder.path(), &[part, "--draws=0", "--force"]));
    let share = |answer: &Value| answer["share"].as_f64().unwrap();
    assert!((share(&outside) + share(&inside) - 1.0).abs() < 1e-9);
    assert!((0.2..0.6).contains(&share(&inside)), "{}", share(&inside));
    assert!(pneumonia(&outside)["random_changes"].as_array().unwrap().is_empty());
}

#[test]
fn a_changed_image_that_the_gate_refuses_has_no_scores() {
    let folder = tempfile::tempdir().unwrap();
    drawn(folder.path());
    let answer = asked(folder.path(), &["--box", "4,4,376,376", "--fill", "mean", "--draws", "1"]);
    assert_eq!((answer["scored"].as_bool(), answer["gate"]["accepted"].as_bool()), (Some(false), Some(false)));
    assert!(answer["changes"].as_array().unwrap().is_empty());
    let output = pellucid(
        folder.path(),
        &["whatif", "chest.png", "--model=chest-xray", "--box=4,4,376,376", "--fill=mean", "--draws=1"],
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("The input gate refuses the changed image"), "{text}{}", said(&output));
}

#[test]
fn a_part_that_cannot_be_meant_is_told() {
    let folder = tempfile::tempdir().unwrap();
    drawn(folder.path());
    for (arguments, expected, status) in [
        (&["--box", "500,0,10,10"][..], "lies outside the image of 384 × 384 pixels", 1),
        (&["--box", "0,0,384,384"], "All of the image is marked", 1),
        (&["--box", "1,2,3"], "left, top, width and height", 2),
        (&["--mask", "nowhere.png"], "nowhere.png", 1),
        (&["--fill", "zeros", "--lungs"], "road, mean, blur, mirror", 2),
        (&[], "required", 2),
    ] {
        let output = pellucid(folder.path(), &[&["whatif", "chest.png", "--model=chest-xray"], arguments].concat());
        assert_eq!(code(&output), status, "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(expected), "{arguments:?}: {}", said(&output));
    }
}
