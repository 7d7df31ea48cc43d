//! Whom a model knows: outside its population, by the file or by the detector, states are withheld
//! and scores stay.

use std::fs;
use std::path::{Path, PathBuf};

use pellucid::phantom::{Age, PhantomRecipe, render, write_dicom};
use serde_json::Value;

use crate::cli::{code, lines, pellucid, said};
use crate::toy;

const CHILDREN: &str = "[population]\npatients = 'children of 1 to 5 years'\nages = [1.0, 5.0]\nviews = ['AP']\n";

/// A chest phantom whose file states 3 or 45 years.
fn phantom(folder: &Path, age: Age) -> PathBuf {
    let path = folder.join(format!("{age:?}.dcm"));
    let recipe = PhantomRecipe { size: 128, age, ..PhantomRecipe::default() };
    write_dicom(&path, &render(&recipe), &recipe).unwrap();
    path
}

/// A calibration of the toy, so that it has states: sixty images of either kind.
fn calibrated(folder: &Path) -> PathBuf {
    let home = toy::model_with(folder, &|manifest| format!("{manifest}\n{CHILDREN}"));
    for i in 0..120 {
        let class = if i < 60 { "Normal" } else { "Bacterial pneumonia" };
        toy::picture(&folder.join("set").join(class).join(format!("p{i}_.png")), i);
    }
    let output = pellucid(folder, &["evaluate", "set", "--calibrate", "toy", "--patients", r"^(p\d+)_", "--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(home.join("population.safetensors").is_file(), "calibration leaves a detector too: {}", said(&output));
    home
}

fn predicted(folder: &Path, image: &str) -> Value {
    let output = pellucid(folder, &["predict", image, "--model", "toy", "--samples", "0", "--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    lines(&output).remove(0)
}

fn states(record: &Value) -> Vec<&str> {
    record["conformal"]["states"].as_array().unwrap().iter().map(|s| s["state"].as_str().unwrap()).collect()
}

#[test]
fn an_age_outside_the_population_withholds_every_state_and_no_score() {
    let folder = tempfile::tempdir().unwrap();
    calibrated(folder.path());
    fs::remove_file(folder.path().join("toy/population.safetensors")).unwrap();
    phantom(folder.path(), Age::Adult);
    let record = predicted(folder.path(), "Adult.dcm");
    let reason = "The patient is 45 years old; this model was measured on children of 1 to 5 years only.";
    assert_eq!(record["population"]["inside"], false);
    assert_eq!(record["population"]["reason"], reason);
    assert_eq!(states(&record), ["withheld"; 4]);
    assert_eq!(record["conformal"]["states"][0]["reason"], reason);
    assert!(record["predictions"][0]["probability"].as_f64().is_some());

    phantom(folder.path(), Age::Child);
    let record = predicted(folder.path(), "Child.dcm");
    assert_eq!(record["population"]["inside"], true);
    assert!(!states(&record).contains(&"withheld"));
}

#[test]
fn a_file_that_does_not_tell_the_age_has_states_under_a_condition() {
    let folder = tempfile::tempdir().unwrap();
    calibrated(folder.path());
    let record = predicted(folder.path(), "set/Normal/p3_.png");
    assert_eq!(record["population"]["inside"], true, "{record}");
    assert_eq!(record["conformal"]["condition"], "the patient is 1–5 years old");
    assert!(!states(&record).contains(&"withheld"));
}

#[test]
fn an_image_unlike_those_of_the_calibration_has_its_states_withheld() {
    let folder = tempfile::tempdir().unwrap();
    calibrated(folder.path());
    // White noise beside soft blobs.
    let noise = |x: u32, y: u32| image::Luma([((x * 7919 + y * 104_729 + x * y * 31) % 251) as u8]);
    image::GrayImage::from_fn(100, 100, noise).save(folder.path().join("noise.png")).unwrap();
    let record = predicted(folder.path(), "noise.png");
    assert_eq!(record["population"]["inside"], false, "{record}");
    let (distance, threshold) = (&record["population"]["distance"], &record["population"]["threshold"]);
    assert!(distance.as_f64().unwrap() > threshold.as_f64().unwrap());
    assert_eq!(states(&record), ["withheld"; 4]);
    let unlike = "The image is unlike those that this model was measured on: children of 1 to 5 years.";
    assert_eq!(record["population"]["reason"], unlike);
}

#[test]
fn a_detector_that_is_damaged_or_of_other_weights_is_left_aside_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let home = calibrated(folder.path());
    let file = home.join("population.safetensors");
    let whole = fs::read(&file).unwrap();
    let warnings = || predicted(folder.path(), "set/Normal/p3_.png")["warnings"].to_string();
    assert!(!warnings().contains("left aside"));
    for damaged in [&whole[..whole.len() / 2], b"no detector at all", &[]] {
        fs::write(&file, damaged).unwrap();
        assert!(warnings().contains("cannot be read") && warnings().contains("left aside"), "{}", warnings());
    }
    let text = String::from_utf8_lossy(&whole).into_owned();
    let at = text.find("weights_sha256").unwrap();
    let mut other = whole.clone();
    let digit = at + whole[at..].windows(16).position(|w| w.iter().all(u8::is_ascii_hexdigit)).unwrap();
    other[digit] = if other[digit] == b'0' { b'1' } else { b'0' };
    fs::write(&file, other).unwrap();
    assert!(warnings().contains("other weights"), "{}", warnings());
}

#[test]
fn evaluate_counts_images_outside_and_judges_them_apart() {
    let folder = tempfile::tempdir().unwrap();
    calibrated(folder.path());
    fs::remove_file(folder.path().join("toy/population.safetensors")).unwrap();
    phantom(folder.path(), Age::Adult);
    fs::rename(folder.path().join("Adult.dcm"), folder.path().join("set/Normal/adult.dcm")).unwrap();
    let output = pellucid(folder.path(), &["evaluate", "set", "--model", "toy", "--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let json = lines(&output).remove(0);
    assert_eq!(json["population"], serde_json::json!({"inside": 120, "outside": 1}));
    assert!(said(&output).contains("1 of 121 images are outside the population"), "{}", said(&output));
    let text = pellucid(folder.path(), &["evaluate", "set", "--model", "toy"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("By population") && text.contains("outside"), "{text}");
}

#[test]
fn a_detector_that_was_shown_others_knows_more_others_of_their_kind() {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    // Vertical and horizontal bars of many widths: the same greys, another shape.
    for i in 0..160_u32 {
        for (name, upright) in [("own", true), ("others", false)] {
            let wave = |x: u32, y: u32| {
                let along = if upright { x } else { y } as f32;
                image::Luma([(127.0 + 100.0 * (along / (4.0 + i as f32 / 16.0) + i as f32).sin()) as u8])
            };
            let path = folder.path().join(name).join(format!("p{i}.png"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            image::GrayImage::from_fn(72, 72, wave).save(path).unwrap();
        }
    }
    let output = pellucid(
        folder.path(),
        &["models", "population", "toy", "own", "--outside", "others", "--steps", "60", "--charts", "out", "--json"],
    );
    assert_eq!(code(&output), 0, "{}", said(&output));
    let json = lines(&output).remove(0);
    assert!(json["bytes"].as_u64().unwrap() < 300_000);
    let network = json["measures"].as_array().unwrap().iter().find(|m| m["measure"] == "network that has seen others");
    assert!(network.unwrap()["auroc"][0].as_f64().unwrap() > 0.95, "{json}");
    assert!(folder.path().join("out/roc.png").is_file());
    let inside = |set: &str| {
        let output = pellucid(folder.path(), &["predict", set, "--model", "toy", "--samples", "0", "--json"]);
        lines(&output).iter().filter(|record| record["population"]["inside"] == true).count()
    };
    let (own, others) = (inside("own"), inside("others"));
    assert!(own >= 140 && others <= 16, "{own} and {others} of 160");
}

#[test]
fn too_few_images_make_no_detector_and_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    for i in 0..5 {
        toy::picture(&folder.path().join("own").join(format!("p{i}.png")), i);
    }
    let output = pellucid(folder.path(), &["models", "population", "toy", "own"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("it takes 20"), "{}", said(&output));
    assert!(!folder.path().join("toy/population.safetensors").exists());
    let output = pellucid(folder.path(), &["models", "population", "chest-xray", "own"]);
    assert_eq!(code(&output), 2, "{}", said(&output));
    assert!(said(&output).contains("built into the program"), "{}", said(&output));
}
