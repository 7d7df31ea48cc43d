//! One result for a study or a series: `evaluate --calibrate --studies` and `predict --by`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::cli::{code, lines, pellucid, said};
use crate::toy;

/// A toy model, and three pictures of each of twelve patients of two classes below `set`.
fn set(path: &Path) {
    toy::model(path);
    for person in 0..12_u32 {
        let class = if person % 2 == 0 { "Normal" } else { "Viral pneumonia" };
        for i in 0..3 {
            toy::picture(&path.join(format!("set/{class}/person{person}_{i}.png")), 10 * person + i);
        }
    }
}

fn predict(path: &Path, more: &[&str]) -> Vec<Value> {
    let output = pellucid(path, &[&["predict", "set", "--model", "toy", "--json"], more].concat());
    assert_eq!(code(&output), 0, "{}", said(&output));
    lines(&output)
}

#[test]
fn without_a_calibration_of_studies_the_maximum_is_shown_and_nothing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path);
    let single = predict(path, &["--samples", "0"]);
    let studies = predict(path, &["--by", "study"]);
    assert_eq!((single.len(), studies.len()), (36, 12));
    for study in &studies {
        assert_eq!(study["grouped_by"], "patient");
        let images = study["images"].as_array().unwrap();
        assert_eq!(images.len(), 3);
        let result = &study["result"];
        assert_eq!((&result["pool"], &result["pool_is_calibrated"]), (&"maximum".into(), &false.into()));
        assert!(result["no_states"].as_str().unwrap().contains("calibration.toml"), "{}", result["no_states"]);
        let pneumonia = result["scores"].as_array().unwrap().iter().find(|s| s["label"] == "Pneumonia").unwrap();
        assert_eq!((&pneumonia["state"], &pneumonia["threshold"]), (&Value::Null, &Value::Null));
        let of_image = |image: &Value| {
            let own = single.iter().find(|record| record["image"] == *image).unwrap();
            own["groups"][0]["probability"].as_f64().unwrap()
        };
        let highest = images.iter().map(of_image).fold(0.0, f64::max);
        assert!((pneumonia["score"].as_f64().unwrap() - highest).abs() < 1e-6);
        let decisive = pneumonia["decisive_image"].as_u64().unwrap() as usize;
        assert!((of_image(&images[decisive]) - highest).abs() < 1e-6);
    }
    let output = pellucid(path, &["predict", "set", "--model", "toy", "--by", "study"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Patient person7\n  By toy: 3 images, pooled by the maximum, for want of a calibration"));
    assert!(text.contains("not calibrated for studies"), "{text}");
}

#[test]
fn a_pool_is_chosen_on_labelled_studies_and_holds_for_such_studies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path);
    let output = pellucid(path, &["evaluate", "set", "--calibrate", "toy", "--studies", "study"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(said(&output).contains("12 studies (12 by the patient) are pooled by the"), "{}", said(&output));
    let calibration: toml::Value =
        toml::from_str(&fs::read_to_string(path.join("toy/calibration.toml")).unwrap()).unwrap();
    let study = &calibration["study"];
    assert_eq!((study["units"].as_integer(), study["images"][1].as_integer()), (Some(12), Some(3)));
    assert!(study["note"].as_str().unwrap().contains("not strictly"));
    let found = predict(path, &["--by", "study", "--error-rate", "0.2"]);
    let result = &found[0]["result"];
    assert_eq!((&result["pool_is_calibrated"], &result["no_states"]), (&true.into(), &Value::Null));
    assert_eq!(result["pool"].as_str(), study["pool"].as_str());
    assert!(result["calibration"].as_str().unwrap().contains("12 studies of 3 images"), "{result}");
    assert!(result["scores"][0]["state"].is_string() && result["scores"][3]["threshold"].is_number());
    // Judged on the studies that chose it, it flatters; it is there for others.
    let output = pellucid(path, &["evaluate", "set", "--model", "toy", "--studies", "study", "--json"]);
    let judged = &lines(&output)[0]["studies"];
    assert_eq!((&judged["units"], &judged["judged"]), (&12.into(), &12.into()), "{}", said(&output));
    let pneumonia = judged["targets"].as_array().unwrap().iter().find(|t| t["name"] == "Pneumonia").unwrap();
    assert_eq!((&pneumonia["n"], &pneumonia["positives"]), (&12.into(), &6.into()));
    assert_eq!(pneumonia["states_of_more_images"]["undecided"], serde_json::json!([null, null, null]));
    // Of a series nothing was measured, and of a study of two images neither.
    let series = predict(path, &["--by", "series"]);
    assert!(series[0]["result"]["no_states"].as_str().unwrap().contains("measured on studies"));
    fs::remove_file(path.join("set/Normal/person0_0.png")).unwrap();
    let found = predict(path, &["--by", "study"]);
    let fewer = found.iter().find(|study| study["study"] == "person0").unwrap();
    assert!(fewer["result"]["no_states"].as_str().unwrap().contains("studies of 2 images"));
    // Measured anew without --studies, what is known of studies stays.
    let output = pellucid(path, &["evaluate", "set", "--calibrate", "toy"]);
    assert!(said(&output).contains("measured on whole studies is kept"), "{}", said(&output));
    assert!(fs::read_to_string(path.join("toy/calibration.toml")).unwrap().contains("[study]"));
}

#[test]
fn studies_are_a_table_too_and_what_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path);
    let output = pellucid(path, &["predict", "set", "--model", "toy", "--by", "study", "--csv"]);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let mut rows = text.lines();
    assert!(rows.next().unwrap().starts_with("study,grouped_by,model,images,left_out,label,kind,pool,score"));
    assert_eq!(rows.count(), 12 * 4, "three labels and a group of each patient");
    for wrong in [
        ["predict", "set", "--csv", "--json"].as_slice(),
        &["predict", "set", "--csv"],
        &["predict", "set", "--by", "patient"],
        &["evaluate", "set", "--studies", "study"],
        &["evaluate", "set", "--calibrate", "toy", "--pool", "maximum"],
        &["evaluate", "set", "--calibrate", "toy", "--studies", "study", "--pool", "top-0"],
    ] {
        assert_eq!(code(&pellucid(path, wrong)), 2, "{wrong:?}");
    }
    let output =
        pellucid(path, &["predict", "set", "--model", "toy", "--by", "study", "--json", "--patients", "(set)"]);
    assert!(lines(&output).iter().all(|study| study["grouped_by"] == "nothing"), "no file name has that text");
}
