//! What a report holds of images beside its own: similar cases, and the whole study; and that both
//! are checked when it is made again.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::cli::{code, lines, pellucid, said};
use crate::toy;

/// A toy model, three pictures of one patient, and a gallery of six others.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    for i in 0..3 {
        // A shade off an image of the gallery: the same would be the image itself.
        let path = folder.path().join(format!("set/person7_{i}.png"));
        toy::picture(&path, 5 + i);
        let mut image = image::open(&path).unwrap().into_luma8();
        image.get_pixel_mut(3, 4).0[0] ^= 1;
        image.save(&path).unwrap();
    }
    for i in 0..6 {
        let class = if i % 2 == 0 { "Normal" } else { "Viral pneumonia" };
        toy::picture(&folder.path().join(format!("own/{class}/person{}_a.png", 20 + i)), 4 + i);
    }
    let made = pellucid(folder.path(), &["models", "gallery", "toy", "own", "--out", "kept"]);
    assert_eq!(code(&made), 0, "{}", said(&made));
    folder
}

/// The report of the first picture; its JSON.
fn report(folder: &Path, more: &[&str]) -> Value {
    let asked = ["report", "set/person7_0.png", "--model", "toy", "--samples", "0", "-o", "case.pdf"];
    let output = pellucid(folder, &[&asked[..], more].concat());
    assert_eq!(code(&output), 0, "{}", said(&output));
    serde_json::from_slice(&fs::read(folder.join("case.json")).unwrap()).unwrap()
}

fn verify(folder: &Path, more: &[&str]) -> (i32, String) {
    let output: Output = pellucid(folder, &[&["report", "--verify", "case.json"][..], more].concat());
    (code(&output), format!("{}{}", String::from_utf8_lossy(&output.stdout), said(&output)))
}

fn words(path: &Path) -> String {
    let bytes = fs::read(path).unwrap();
    let document =
        printpdf::PdfDocument::parse(&bytes, &printpdf::PdfParseOptions::default(), &mut Vec::new()).unwrap();
    let pages = document.extract_text();
    pages.into_iter().flatten().collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn neither_is_there_unless_it_was_asked_for() {
    let folder = place();
    let json = report(folder.path(), &[]);
    assert!(json.get("similar").is_none() && json.get("study").is_none());
    let text = words(&folder.path().join("case.pdf"));
    assert!(!text.contains("Similar cases") && !text.contains("pooled by"), "{text}");
}

#[test]
fn similar_cases_stand_with_labels_and_distances_and_are_looked_for_again() {
    let folder = place();
    let json = report(folder.path(), &["--similar", "3", "--gallery", "kept"]);
    let similar = &json["similar"];
    let asked = ["predict", "set/person7_0.png", "--model", "toy", "--similar", "3", "--gallery", "kept", "--json"];
    let told = lines(&pellucid(folder.path(), &asked)).remove(0)["similar"].clone();
    let cases = similar["cases"].as_array().unwrap();
    assert!(!cases.is_empty() && cases.len() == told["cases"].as_array().unwrap().len());
    for (case, told) in cases.iter().zip(told["cases"].as_array().unwrap()) {
        assert_eq!((&case["label"], &case["distance"]), (&told["label"], &told["distance"]));
        // A digest tells it apart; whose image it is, the report does not say.
        assert_eq!(case["image"].as_str().unwrap().len(), 64);
    }
    assert!(!json.to_string().contains("person2"), "{json}");
    let text = words(&folder.path().join("case.pdf"));
    assert!(text.contains("Similar cases") && text.contains("of a gallery of 6 images"), "{text}");
    assert!(text.contains(&format!("{:.4}", cases[0]["distance"].as_f64().unwrap())), "{text}");

    let (exit, said) = verify(folder.path(), &["--gallery", "kept"]);
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains("not checked: similar, asked"), "{said}");
    // Without the gallery it is named, and one that was changed is noticed.
    let (exit, said) = verify(folder.path(), &[]);
    assert!(exit == 0 && said.contains("not checked: similar: the gallery"), "{said}");
    let mut altered = json.clone();
    altered["similar"]["cases"][0]["label"] = "Bacterial pneumonia".into();
    fs::write(folder.path().join("case.json"), altered.to_string()).unwrap();
    let (exit, said) = verify(folder.path(), &["--gallery", "kept"]);
    assert!(exit == 1 && said.contains("different: similar, cases"), "{said}");
}

#[test]
fn an_anonymised_report_says_nothing_by_which_a_similar_case_could_be_known() {
    let folder = place();
    let json = report(folder.path(), &["--similar", "3", "--gallery", "kept", "--study", "set", "--anonymize"]);
    assert!(!json["similar"]["cases"].as_array().unwrap().is_empty());
    assert!(json["similar"]["cases"][0]["image"].is_null() && json["study"]["name"].is_null());
    assert!(json["study"]["images"].as_array().unwrap().iter().all(|image| image["path"].is_null()));
    assert!(!json.to_string().contains("person"), "{json}");
    assert!(!words(&folder.path().join("case.pdf")).contains("person"));
    // The image is named, and the others of its study are looked for.
    let (exit, said) = verify(folder.path(), &["set/person7_0.png", "--gallery", "kept", "--study", "set"]);
    assert_eq!(exit, 0, "{said}");
    let (exit, said) = verify(folder.path(), &["set/person7_0.png", "--gallery", "kept"]);
    assert!(exit == 0 && said.contains("not checked: study: the other images"), "{said}");
}

#[test]
fn the_result_of_the_whole_study_is_that_of_predict_by_study_and_is_pooled_again() {
    let folder = place();
    let json = report(folder.path(), &["--study", "set"]);
    let told = lines(&pellucid(folder.path(), &["predict", "set", "--model", "toy", "--by", "study", "--json"]));
    assert_eq!((told.len(), &told[0]["study"]), (1, &"person7".into()));
    assert_eq!(json["study"]["result"], told[0]["result"]);
    assert_eq!((&json["study"]["name"], &json["study"]["grouped_by"]), (&"person7".into(), &"patient".into()));
    let text = words(&folder.path().join("case.pdf"));
    for part in
        ["All images of the patient", "3 images, pooled by the maximum, for want of a calibration.", "of 3, person7_"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (exit, said) = verify(folder.path(), &[]);
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains("not checked: study, left out"), "{said}");
    let mut altered = json.clone();
    altered["study"]["result"]["scores"][0]["score"] = 0.999.into();
    fs::write(folder.path().join("case.json"), altered.to_string()).unwrap();
    let (exit, said) = verify(folder.path(), &[]);
    assert!(exit == 1 && said.contains("different: study, result, scores, Normal, score"), "{said}");
    // An image that is gone leaves the study unchecked.
    fs::write(folder.path().join("case.json"), json.to_string()).unwrap();
    fs::remove_file(folder.path().join("set/person7_2.png")).unwrap();
    let (exit, said) = verify(folder.path(), &[]);
    assert!(exit == 0 && said.contains("not checked: study: the other images of the study"), "{said}");
}

#[test]
fn an_image_without_a_study_has_no_result_of_one_and_a_gallery_needs_to_be_asked() {
    let folder = place();
    fs::remove_file(folder.path().join("set/person7_1.png")).unwrap();
    fs::remove_file(folder.path().join("set/person7_2.png")).unwrap();
    assert!(report(folder.path(), &["--study", "set"]).get("study").is_none());
    let output = pellucid(folder.path(), &["report", "set/person7_0.png", "-o", "x.pdf", "--gallery", "kept"]);
    assert!(code(&output) == 2 && said(&output).contains("--similar"), "{}", said(&output));
}
