//! Sets of images that invite a wrong figure: folders that name a group, one class alone, words of
//! public sets, findings that may hide others, patients that nobody names, labels that no image
//! bears.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::cli::{code, lines, pellucid, said};
use crate::toy;

fn evaluate(path: &Path, more: &[&str]) -> (i32, String, Value) {
    let output = pellucid(path, &[&["evaluate"], more, &["--model", "toy", "--json"]].concat());
    (code(&output), said(&output), lines(&output).pop().unwrap_or(Value::Null))
}

/// A toy model, and folders that know normal and pneumonia, but not its cause.
fn of_groups(path: &Path) {
    toy::model(path);
    for i in 0..6 {
        toy::picture(&path.join(format!("set/NORMAL/IM-{i}-1.png")), i);
        toy::picture(&path.join(format!("set/PNEUMONIA/person{i}_1.png")), 10 + i);
        toy::picture(&path.join(format!("tuning/NORMAL/IM-{i}-2.png")), 40 + i);
        toy::picture(&path.join(format!("tuning/PNEUMONIA/person{i}_2.png")), 50 + i);
    }
}

#[test]
fn a_temperature_is_fitted_on_groups_where_folders_name_groups() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    of_groups(path);
    let (ending, words, found) = evaluate(path, &["set", "--validation", "tuning"]);
    assert_eq!(ending, 0, "{words}");
    let fitted = found["recalibrated"]["fitted"].as_f64().unwrap();
    // The likelihood of the group at this temperature is the highest, by a search over the
    // predictions of the other folder.
    let (_, _, _) = evaluate(path, &["tuning", "--out", "judged"]);
    let table = pellucid::training::experiments::crossval::read_table(&path.join("judged/predictions.csv")).unwrap();
    let loss = |t: f64| -> f64 {
        let of = |row: &pellucid::evaluation::predictions::Prediction| {
            let e: Vec<f64> = row.logits.iter().map(|z| (z / t).exp()).collect();
            let normal = e[0] / e.iter().sum::<f64>();
            -(if row.truth[0] == Some(true) { normal } else { 1.0 - normal }).ln()
        };
        table.rows.iter().map(of).sum()
    };
    let inside = (0.06..19.0).contains(&fitted);
    assert!(!inside || (loss(fitted) <= loss(fitted * 1.02) && loss(fitted) <= loss(fitted / 1.02)), "{fitted}");
}

#[test]
fn one_kind_of_images_chooses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    of_groups(path);
    fs::remove_dir_all(path.join("tuning/PNEUMONIA")).unwrap();
    let (ending, words, _) = evaluate(path, &["set", "--validation", "tuning"]);
    assert_eq!(ending, 1);
    assert!(words.contains("nothing can be chosen on the images of --validation"), "{words}");
    assert!(words.contains("all 6 images of which something is known say the same (Normal)"), "{words}");
    let (ending, words, _) = evaluate(path, &["set", "--validation", "tuning", "--rule", "specificity=0.9"]);
    assert!(ending == 1 && words.contains("two kinds"), "{words}");
    let (ending, words, _) = evaluate(path, &["tuning", "--rule", "youden"]);
    assert_eq!(ending, 0);
    assert!(words.contains("no operating point could be chosen by rule"), "{words}");
    let output = pellucid(path, &["evaluate", "tuning", "--calibrate", "toy"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("nothing can be calibrated"), "{}", said(&output));
    assert!(!path.join("toy/calibration.toml").exists());
}

#[test]
fn a_validation_folder_that_shares_images_is_refused_whatever_they_are_called() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    of_groups(path);
    fs::copy(path.join("set/NORMAL/IM-3-1.png"), path.join("tuning/NORMAL/other.png")).unwrap();
    let (ending, words, _) = evaluate(path, &["set", "--validation", "tuning"]);
    assert!(
        ending == 1 && words.contains("1 of the 13 images of the validation folder are among the evaluated"),
        "{words}"
    );
}

#[test]
fn accuracy_over_the_one_class_that_is_known_is_not_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    of_groups(path);
    let (ending, words, found) = evaluate(path, &["set"]);
    assert_eq!(ending, 0, "{words}");
    assert!(found["accuracy"].is_null() && found["ece"].is_null());
    assert!(found["groups"]["Pneumonia"]["accuracy"].is_number());
    assert!(words.contains("The class of 6 of 12 images is known, and it is always Normal"), "{words}");
}

#[test]
fn no_finding_is_normal_in_folders_rules_and_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    for i in 0..4 {
        toy::picture(&path.join(format!("set/No Finding/0000000{i}_000.png")), i);
        toy::picture(&path.join(format!("set/virus-viral_pneumonia/{i}.png")), 10 + i);
        toy::picture(&path.join(format!("images/{i}.png")), 20 + i);
    }
    let (ending, words, found) = evaluate(path, &["set", "--labels", "virus=viral pneumonia"]);
    assert_eq!(ending, 0, "{words}");
    assert_eq!(found["targets"]["Normal"]["positives"], 4);

    let table =
        "Image Index,Finding Labels\n0.png,No Finding\n1.png,Viral pneumonia\n2.png,no finding\n3.png,Pneumonia\n";
    fs::write(path.join("nih.csv"), table).unwrap();
    let (ending, words, found) = evaluate(path, &["images", "--table", "nih.csv"]);
    assert_eq!(ending, 0, "{words}");
    let counts =
        |found: &Value, name: &str| (found["targets"][name]["n"].clone(), found["targets"][name]["positives"].clone());
    assert_eq!(counts(&found, "Normal"), (json!(4), json!(2)));
    assert_eq!(counts(&found, "Pneumonia"), (json!(4), json!(2)));

    // CheXpert's columns, of which none is for a cause.
    let table = "Path,No Finding,Pneumonia,Fracture\n0.png,1.0,,\n1.png,,1.0,\n2.png,,0.0,1.0\n3.png,,-1.0,\n";
    fs::write(path.join("chexpert.csv"), table).unwrap();
    let (ending, words, found) = evaluate(path, &["images", "--table", "chexpert.csv"]);
    assert_eq!(ending, 0, "{words}");
    assert_eq!(counts(&found, "Normal"), (json!(4), json!(1)));
    assert_eq!(counts(&found, "Pneumonia"), (json!(3), json!(1)));
}

#[test]
fn findings_that_may_include_the_target_are_named_and_can_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    let findings =
        ["Infiltration", "Consolidation|Effusion", "Infiltration|Pneumonia", "Effusion", "No Finding", "Pneumonia"];
    let mut table = "Image Index,Finding Labels\n".to_owned();
    for (i, words) in findings.iter().enumerate() {
        toy::picture(&path.join(format!("images/{i}.png")), i as u32);
        let _ = writeln!(table, "{i}.png,{words}");
    }
    fs::write(path.join("nih.csv"), table).unwrap();
    let (ending, words, found) = evaluate(path, &["images", "--table", "nih.csv"]);
    assert_eq!((ending, &found["n"]), (0, &json!(6)), "{words}");
    let sentence = "2 images have findings that may include \"Pneumonia\" without saying so (Consolidation 1, Infiltration 1): they count \
                    as without it";
    assert!(words.contains(sentence), "{words}");
    let (ending, words, found) = evaluate(path, &["images", "--table", "nih.csv", "--ambiguous", "leave-out"]);
    assert_eq!((ending, &found["n"]), (0, &json!(4)), "{words}");
    assert!(words.contains("they were left out"), "{words}");
    let (ending, words, _) = evaluate(path, &["images", "--table", "nih.csv", "--ambiguous", "maybe"]);
    assert!(ending == 2 && words.contains("write keep or leave-out"), "{words}");
}

#[test]
fn every_command_says_how_it_recognised_patients_and_warns_where_it_recognised_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    for i in 0..8 {
        let class = ["Normal", "Viral pneumonia"][i % 2];
        toy::picture(&path.join(format!("known/{class}/patient{:05}/view{i}.png", i / 4)), i as u32);
        toy::picture(&path.join(format!("unknown/{class}/film-{i}.png")), 20 + i as u32);
    }
    let config = |set: &str| {
        let text = format!(
            "size = 32\n[data]\nfolders = [\"{set}\"]\nvalidation = 0.5\n[architecture]\nfamily = \"custom-cnn\"\n"
        );
        fs::write(path.join(format!("{set}.toml")), text).unwrap();
    };
    config("known");
    config("unknown");
    let (ending, words, found) = evaluate(path, &["known"]);
    assert_eq!((ending, &found["patients"]), (0, &json!(2)), "{words}");
    assert_eq!(found["patients_recognised"], "Patients: by file names (patientN) in 8 images.");
    for command in [
        vec!["evaluate", "unknown", "--model", "toy"],
        vec!["data", "check", "unknown"],
        vec!["data", "check", "unknown.toml"],
        vec!["data", "split", "unknown.toml"],
        vec!["train", "unknown.toml", "--max-epochs", "1"],
    ] {
        let output = pellucid(path, &command);
        let all = format!("{}{}", said(&output), String::from_utf8_lossy(&output.stdout));
        assert!(all.contains("No patient was recognised, so each of the 8 images counts"), "{command:?}: {all}");
    }
    let output = pellucid(path, &["data", "check", "known"]);
    let all = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(all.contains("8 images of 2 patients") && all.contains("by file names (patientN)"), "{all}");
    let (_, _, found) = evaluate(path, &["unknown", "--patients", "film-([0-3])?"]);
    assert_eq!(found["patients_recognised"], "Patients: by the given pattern in 8 images.");
    let (ending, words, _) = evaluate(path, &["unknown", "--patients", "("]);
    assert!(ending == 2 && words.contains("--patients is no pattern"), "{words}");
}

#[test]
fn a_label_that_no_image_bears_is_an_error_with_the_nearest_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for i in 0..4 {
        toy::picture(&path.join(format!("set/Normal/{i}.png")), i);
        toy::picture(&path.join(format!("set/Pneumonia/{i}.png")), 10 + i);
    }
    let config = |data: &str, label: &str| {
        let labels = format!("[[labels]]\nname = \"Normal\"\n[[labels]]\nname = \"{label}\"\n");
        fs::write(
            path.join("c.toml"),
            format!("size = 32\n[data]\n{data}\n[architecture]\nfamily = \"custom-cnn\"\n{labels}"),
        )
        .unwrap();
    };
    let refused = |words: &str| {
        for command in [vec!["train", "c.toml"], vec!["data", "split", "c.toml"], vec!["data", "check", "c.toml"]] {
            let output = pellucid(path, &command);
            assert_eq!(code(&output), 1, "{command:?}");
            assert!(said(&output).contains(words), "{command:?}: {}", said(&output));
        }
    };
    config("folders = [\"set\"]", "Pneumona");
    refused("no image bears the label \"Pneumona\"; the data name \"Pneumonia\": is that meant?");
    config("folders = [\"set\"]", "Mass");
    refused("no image bears the label \"Mass\"; the data also name \"Pneumonia\"");
    let table = "image,labels\nset/Normal/0.png,Normal\nset/Pneumonia/1.png,Pneumonia\nset/Normal/2.png,Normal\n";
    fs::write(path.join("t.csv"), table).unwrap();
    config("csv = { file = \"t.csv\" }", "Pnuemonia");
    refused("the data name \"Pneumonia\"");
}
