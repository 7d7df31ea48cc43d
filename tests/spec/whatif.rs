//! What if this were not there? `pellucid whatif` on drawn radiographs whose finding is known.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use candle_core::Device;
use pellucid::cancel::CancelToken;
use pellucid::engine::analysis::analyze;
use pellucid::engine::model_selection::choice::Choice;
use pellucid::engine::what_if::alteration::Alteration;
use pellucid::engine::what_if::filling::Filling;
use pellucid::engine::what_if::{Canvas, Change, Removal, beside_random_places, what_if};
use pellucid::engine::{AnalysisOptions, ModelInfo};
use pellucid::measurement::Words;
use pellucid::model::registry::load;
use pellucid::report::case::CaseReport;
use pellucid::report::export;
use pellucid::report::what_if::ChangeRecord;
use pellucid::study::open_image;
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

// ——— in the report ———

/// A report of the drawn radiograph with two changes of it: a part taken away, and the whole turned.
fn report(folder: &Path) -> PathBuf {
    drawn(folder);
    let model = load("chest-xray", &Device::Cpu).unwrap();
    let frame = open_image(&folder.join("chest.png")).unwrap();
    let options = AnalysisOptions { samples: 2, ..AnalysisOptions::default() };
    let cancel = CancelToken::default();
    let mut analysis = analyze(&model, &frame, &options, &cancel, &mut |_| ()).unwrap();
    analysis.chosen_because = Choice::by_hand("chest-xray").because;
    let taken: Vec<bool> = (0..frame.pixels.plane.values.len()).map(|i| i % 384 < 60 && i / 384 < 50).collect();
    let removal = Removal { taken: Arc::new(taken), filling: Filling::Road, seed: 7 };
    let turned = Alteration { turn: 8.0, ..Alteration::default() };
    let changes = [Change::from(removal), Change { removal: None, alteration: turned }];
    let kept_changes = changes.iter().zip(["without the corner", "turned"]).map(|(change, name)| {
        let plain = AnalysisOptions { methods: Vec::new(), samples: 0, ..AnalysisOptions::default() };
        let canvas = Canvas { frame: &frame, copy: &OnceLock::new() };
        let mut found = what_if(&model, canvas, &analysis, change, &plain, &cancel).unwrap();
        beside_random_places(&mut found, &model, canvas, change, 2, &cancel, &mut |_| ()).unwrap();
        ChangeRecord::of(1, Words(name.into()), change, &found)
    });
    let kept_changes: Vec<ChangeRecord> = kept_changes.collect();
    assert_eq!((kept_changes[0].random_places, kept_changes[1].random_places), (2, 0), "a turn has no place");
    let case = CaseReport::new(Arc::new(frame), Arc::new(analysis), ModelInfo::of(&model));
    export(&CaseReport { kept_changes, ..case }, folder).unwrap().with_extension("json")
}

#[test]
fn kept_changes_stand_in_the_report_and_are_asked_about_again() {
    let folder = tempfile::tempdir().unwrap();
    let json = report(folder.path());
    let text = fs::read_to_string(&json).unwrap();
    let written: Value = serde_json::from_str(&text).unwrap();
    let [corner, turned] = written["what_if"].as_array().unwrap().as_slice() else { panic!("two changes") };
    assert_eq!((&corner["name"], &turned["alteration"]["turn"]), (&"without the corner".into(), &8.0.into()));
    let verify = |text: String| {
        fs::write(&json, text).unwrap();
        pellucid(folder.path(), &["report", "--verify", json.to_str().unwrap(), "--model", "chest-xray"])
    };
    let output = verify(text.clone());
    assert_eq!(code(&output), 0, "{}", said(&output));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("as the reader changed the image"), "{printed}");
    for place in ["/what_if/0/changes/0/after", "/what_if/0/changes/0/random/1", "/what_if/1/changes/0/before"] {
        let mut forged = written.clone();
        *forged.pointer_mut(place).unwrap() = 0.123.into();
        assert_ne!(code(&verify(forged.to_string())), 0, "a forged {place} was not noticed");
    }
    // Runs that leave the image are a sentence.
    let mut forged = written.clone();
    forged["what_if"][0]["taken"] = serde_json::json!([4_000_000_000_u32, 10]);
    let output = verify(forged.to_string());
    assert!(code(&output) != 0 && said(&output).contains("outside the image"), "{}", said(&output));
}

#[test]
fn the_page_prints_what_was_asked_with_its_scores() {
    let folder = tempfile::tempdir().unwrap();
    let json = report(folder.path());
    let written: Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    let bytes = fs::read(json.with_extension("pdf")).unwrap();
    let document = lopdf::Document::load_mem(&bytes).unwrap();
    let pages: Vec<u32> = document.get_pages().keys().copied().collect();
    let text = document.extract_text(&pages).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    for change in written["what_if"].as_array().unwrap() {
        let score = &change["changes"][0];
        let line = format!("{:.3} → {:.3}", score["before"].as_f64().unwrap(), score["after"].as_f64().unwrap());
        assert!(text.contains(&line), "{line} is missing in {text}");
        assert!(text.contains(change["name"].as_str().unwrap()));
    }
    assert!(text.contains("turned by +8.0°") && text.contains("random places of this size"), "{text}");
}
