//! `pellucid evaluate` beyond its contract: what is kept, tables, subgroups, operating points, and
//! sets that allow little.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{Device, Tensor};
use pellucid::evaluation::predictions::Predictions;
use pellucid::model::manifest::Head;
use serde_json::Value;

use super::cli::{code, lines, pellucid, said};
use crate::toy;
use pellucid::files::sha256;

/// A toy model and six images of each class below `set`.
fn set(path: &Path) {
    toy::model(path);
    for (k, class) in ["Normal", "Bacterial pneumonia", "Viral pneumonia"].iter().enumerate() {
        for i in 0..6 {
            toy::picture(&path.join(format!("set/{class}/person{}_{k}.png", i / 2)), 10 * k as u32 + i);
            let name = path.join(format!("set/{class}/person{}_{k}_{i}.png", i / 2));
            fs::rename(path.join(format!("set/{class}/person{}_{k}.png", i / 2)), name).unwrap();
        }
    }
}

fn evaluate(path: &Path, more: &[&str]) -> Value {
    let output = pellucid(path, &[&["evaluate", "set", "--model", "toy", "--json"], more].concat());
    assert_eq!(code(&output), 0, "{}", said(&output));
    lines(&output).remove(0)
}

#[test]
fn predictions_and_figures_are_kept_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path);
    let json = evaluate(path, &["--out", "judged"]);
    let kept: Value = serde_json::from_slice(&fs::read(path.join("judged/judgement.json")).unwrap()).unwrap();
    assert_eq!(kept, json);
    let table = Predictions::from_csv(&fs::read(path.join("judged/predictions.csv")).unwrap()).unwrap();
    assert_eq!((table.rows.len(), table.head), (18, Head::Softmax));
    for chart in ["roc", "precision-recall", "calibration", "confusion", "histogram", "risk-coverage"] {
        assert!(fs::read_to_string(path.join(format!("judged/{chart}.svg"))).unwrap().contains("<svg"), "{chart}");
        assert!(image::open(path.join(format!("judged/{chart}.png"))).unwrap().width() > 500, "{chart}");
    }
    assert!(fs::read(path.join("judged/report.pdf")).unwrap().starts_with(b"%PDF"));
    assert_eq!(json["patients"], 3);
    // The figures are those of the table.
    let right = table.rows.iter().filter(|r| r.class() == Some(r.called())).count();
    assert!((json["accuracy"].as_f64().unwrap() - right as f64 / 18.0).abs() < 1e-12);
    let whole: Vec<&String> = json["whole"].as_object().unwrap().keys().collect();
    for name in ["balanced_accuracy", "kappa", "mcc", "brier", "nll", "ece", "adaptive_ece", "macro_f1", "micro_npv"] {
        assert!(whole.iter().any(|w| *w == name), "{name} of {whole:?}");
        assert_eq!(json["whole"][name].as_array().unwrap().len(), 3);
    }
    let about: Vec<&String> = json["targets"]["Pneumonia"]["figures"].as_object().unwrap().keys().collect();
    assert_eq!(about.len(), 14);
}

#[test]
fn anonymised_results_number_images_patients_and_sites_and_name_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path);
    fs::write(path.join("set/Normal/person9_0_9.png"), b"no picture").unwrap();
    fs::write(
        path.join("facts.csv"),
        "image,age,sex,site,reader\nNormal/person0_0_0.png,97,F,Bergmannsklinikum,Grete\nNormal/person0_0_1.png,45,M,Elsewhere,Otto\n",
    )
    .unwrap();
    let run = |more: &[&str]| {
        let output =
            pellucid(path, &[&["evaluate", "set", "--model", "toy", "--json", "--facts", "facts.csv"], more].concat());
        assert!([0, 3].contains(&code(&output)), "one image cannot be read: {}", said(&output));
        output
    };
    let plain = run(&["--out", "named"]);
    assert!(said(&plain).contains("--anonymize puts numbers in their place"), "{}", said(&plain));
    let output = run(&["--out", "judged", "--anonymize"]);
    assert!(!said(&output).contains("--anonymize puts"), "{}", said(&output));
    let (was, is) = (lines(&plain).remove(0), lines(&output).remove(0));
    assert_eq!((&was["accuracy"], &was["patients"]), (&is["accuracy"], &is["patients"]), "figures are the same");
    assert_eq!(is["set"], Value::Null);
    assert!(is["failed"][0].as_str().unwrap().starts_with("image-"), "{}", is["failed"]);
    let secrets = ["person", "Bergmann", "Elsewhere", "Grete", "Otto", "97", ".png"];
    let kept: Value = serde_json::from_slice(&fs::read(path.join("judged/judgement.json")).unwrap()).unwrap();
    for text in [is["by"].to_string(), is["failed"].to_string(), kept["failed"].to_string(), kept["set"].to_string()] {
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    }
    let csv = fs::read(path.join("judged/predictions.csv")).unwrap();
    let (numbered, named) = (
        Predictions::from_csv(&csv).unwrap(),
        Predictions::from_csv(&fs::read(path.join("named/predictions.csv")).unwrap()).unwrap(),
    );
    for (row, own) in numbered.rows.iter().zip(&named.rows) {
        assert!(row.image.starts_with("image-") && row.patient.starts_with("patient-"), "{row:?}");
        assert_eq!(row.probability, own.probability);
        assert!(!row.facts.values().any(|value| secrets.iter().any(|secret| value.contains(secret))), "{row:?}");
    }
    assert!(numbered.rows.iter().any(|row| row.facts.get("age").is_some_and(|age| age == "090Y")));
    // The report opens images by their own names and prints none.
    let report = fs::read(path.join("judged/report.pdf")).unwrap();
    let document =
        printpdf::PdfDocument::parse(&report, &printpdf::PdfParseOptions::default(), &mut Vec::new()).unwrap();
    let pages: Vec<String> = document.extract_text().into_iter().map(|chunks| chunks.join(" ")).collect();
    let pages = pages.join(" ");
    assert!(pages.contains("image-00") && !pages.contains("could not be read again"), "{pages}");
    assert!(!pages.contains("person0") && !pages.contains("Bergmann"), "{pages}");
    // Another run on the folder, of fewer images, numbers them alike.
    run(&["--out", "fewer", "--anonymize", "--limit", "12"]);
    let fewer = Predictions::from_csv(&fs::read(path.join("fewer/predictions.csv")).unwrap()).unwrap();
    for row in &fewer.rows {
        let same = numbered.rows.iter().find(|other| other.image == row.image).unwrap();
        assert_eq!(same.logits, row.logits, "{}", row.image);
    }
}

#[test]
fn risk_and_coverage_are_told_by_every_signal_that_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path);
    let signals = |json: &Value, question: &str| -> Vec<String> {
        let all = json["selective"][question]["signals"].as_array().unwrap();
        all.iter().map(|s| s["signal"].as_str().unwrap().to_owned()).collect()
    };
    let plain = evaluate(path, &[]);
    assert_eq!(signals(&plain, "Called class"), ["confidence", "entropy"]);
    let json = evaluate(path, &["--samples", "6", "--coverage-at", "0.5", "--out", "judged"]);
    for question in ["Called class", "Pneumonia"] {
        assert_eq!(signals(&json, question), ["confidence", "entropy", "mutual-information"]);
        let asked = &json["selective"][question];
        let risk = asked["wrong"].as_f64().unwrap() / asked["n"].as_f64().unwrap();
        for signal in asked["signals"].as_array().unwrap() {
            let last = signal["curve"].as_array().unwrap().last().unwrap();
            assert_eq!(last[0], 1.0);
            assert!((last[1].as_f64().unwrap() - risk).abs() < 1e-12);
            assert!(signal["aurc"][0].as_f64().unwrap() + 1e-12 >= asked["best_aurc"].as_f64().unwrap());
            assert_eq!(signal["at_risk"][0]["risk"], 0.5);
        }
    }
    let wrong = plain["n"].as_f64().unwrap() * (1.0 - plain["accuracy"].as_f64().unwrap());
    assert!((json["selective"]["Called class"]["wrong"].as_f64().unwrap() - wrong).abs() < 1e-9);
    let table = fs::read_to_string(path.join("judged/predictions.csv")).unwrap();
    assert!(table.lines().next().unwrap().contains("mutual information Pneumonia"));
    let refused = pellucid(path, &["evaluate", "set", "--model", "toy", "--samples", "1"]);
    assert!(said(&refused).contains("at least 2"), "{}", said(&refused));
}

#[test]
fn operating_points_are_chosen_by_rule_and_on_other_images() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path);
    fs::create_dir_all(path.join("tuning/Normal")).unwrap();
    for i in 0..8 {
        let class = if i % 2 == 0 { "Normal" } else { "Viral pneumonia" };
        toy::picture(&path.join(format!("tuning/{class}/other{i}.png")), 50 + i);
    }
    let rules = ["--rule", "sensitivity=0.9", "--rule", "cost=5:1", "--rule", "youden", "--rule", "specificity=0.8"];
    let own = evaluate(path, &rules);
    let points = own["targets"]["Pneumonia"]["operating"].as_array().unwrap();
    assert_eq!(
        points.iter().map(|p| p["rule"].as_str().unwrap()).collect::<Vec<_>>(),
        ["sensitivity ≥ 0.9", "cost 5:1", "Youden", "specificity ≥ 0.8"]
    );
    assert!(points[0]["sensitivity"].as_f64().unwrap() >= 0.9 && points[3]["specificity"].as_f64().unwrap() >= 0.8);
    let tuned = evaluate(path, &[&rules[..], &["--validation", "tuning"]].concat());
    assert_ne!(tuned["targets"]["Pneumonia"]["operating"], own["targets"]["Pneumonia"]["operating"]);
    assert!(tuned["recalibrated"]["fitted"].as_f64().unwrap() > 0.0);
    assert!(own["recalibrated"].is_null());

    let output = pellucid(path, &["evaluate", "set", "--model", "toy", "--rule", "best"]);
    assert_eq!(code(&output), 2);
    assert!(said(&output).contains("sensitivity=0.95"), "{}", said(&output));
    let output = pellucid(path, &["evaluate", "set", "--model", "toy", "--validation", "set"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("the evaluated images themselves"), "{}", said(&output));
}

#[test]
fn facts_from_a_table_make_subgroups() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path);
    let mut rows = String::from("image,Site,Age\n");
    for (k, class) in ["Normal", "Bacterial pneumonia", "Viral pneumonia"].iter().enumerate() {
        for i in 0..6 {
            let name = format!("person{}_{k}_{i}.png", i / 2);
            let name = if i == 0 { format!("{class}/{name}") } else { name };
            rows.extend([format!("{name},{},{}\n", if i % 2 == 0 { "north" } else { "south" }, 30 + 20 * (i % 3))]);
        }
    }
    fs::write(path.join("facts.csv"), rows).unwrap();
    let json = evaluate(path, &["--facts", "facts.csv"]);
    let parts: Vec<(&str, &str, u64)> = (json["subgroups"].as_array().unwrap().iter())
        .map(|s| (s["fact"].as_str().unwrap(), s["value"].as_str().unwrap(), s["n"].as_u64().unwrap()))
        .collect();
    assert_eq!(
        parts,
        [
            ("age", "18–39 years", 6),
            ("age", "40–64 years", 6),
            ("age", "65–79 years", 6),
            ("site", "north", 9),
            ("site", "south", 9)
        ]
    );
    let output = pellucid(path, &["evaluate", "set", "--model", "toy", "--facts", "facts.csv"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("By site") && text.contains("north"), "{text}");

    fs::write(path.join("facts.csv"), "picture,site\na,b\n").unwrap();
    let output = pellucid(path, &["evaluate", "set", "--model", "toy", "--facts", "facts.csv"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("no column \"image\"; its columns are \"picture\", \"site\""), "{}", said(&output));
}

#[test]
fn findings_that_may_coincide_are_judged_from_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model_with(path, &|m| m.replace("head = \"softmax\"", "head = \"sigmoid\""));
    let findings =
        ["Normal", "Bacterial pneumonia|Viral pneumonia", "No Finding", "Viral pneumonia", "Pneumonia", "Hernia"];
    let mut rows = String::from("Image Index,Finding Labels,Patient ID,Patient Age,Patient Gender\n");
    for i in 0..12 {
        toy::picture(&path.join(format!("images/{i}.png")), i);
        rows.extend([format!(
            "{i}.png,{},{},{},{}\n",
            findings[i as usize % 6],
            i / 2,
            40 + i,
            if i % 2 == 0 { "M" } else { "F" }
        )]);
    }
    fs::write(path.join("labels.csv"), rows).unwrap();
    let arguments = ["evaluate", "images", "--model", "toy", "--table", "labels.csv", "--json", "--out", "judged"];
    let output = pellucid(path, &arguments);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let json = lines(&output).remove(0);
    assert!(json["confusion"].is_null());
    let counts = |name: &str| {
        (json["targets"][name]["n"].as_u64().unwrap(), json["targets"][name]["positives"].as_u64().unwrap())
    };
    // Of a row that says pneumonia alone the cause is unknown.
    assert_eq!(counts("Viral pneumonia"), (10, 4));
    assert_eq!(counts("Pneumonia"), (12, 6));
    assert_eq!(json["subgroups"][0]["fact"], "age");
    let table = Predictions::from_csv(&fs::read(path.join("judged/predictions.csv")).unwrap()).unwrap();
    assert_eq!((table.head, table.rows[0].patient.as_str()), (Head::Sigmoid, "0"));

    fs::write(path.join("labels.csv"), "a,b\n1,2\n").unwrap();
    let output = pellucid(path, &arguments);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("no column that looks like a file name"), "{}", said(&output));
}

#[test]
fn one_class_alone_is_judged_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path);
    fs::remove_dir_all(path.join("set/Bacterial pneumonia")).unwrap();
    fs::remove_dir_all(path.join("set/Viral pneumonia")).unwrap();
    let output = pellucid(path, &["evaluate", "set", "--model", "toy", "--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(
        said(&output).contains("Normal: every image has it, so AUROC and specificity are unknown"),
        "{}",
        said(&output)
    );
    assert!(said(&output).contains("Viral pneumonia: no image has it"), "{}", said(&output));
    let json = lines(&output).remove(0);
    assert!(json["accuracy"].is_number() && json["auroc"]["Normal"][0].is_null());
    assert!(json["whole"]["macro_auroc"][0].is_null());
}

#[test]
fn scores_that_are_no_numbers_are_not_judged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path);
    let file = path.join("toy/weights.safetensors");
    let mut tensors: HashMap<String, Tensor> = candle_core::safetensors::load(&file, &Device::Cpu).unwrap();
    // Each is finite, so that the file is in order; what the network makes of them is not.
    for tensor in tensors.values_mut().filter(|t| t.rank() > 1) {
        *tensor = (&*tensor * 1e30).unwrap();
    }
    candle_core::safetensors::save(&tensors, &file).unwrap();
    let manifest = fs::read_to_string(path.join("toy/manifest.toml")).unwrap();
    let old = manifest.split("weights_sha256 = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let new = sha256(&fs::read(&file).unwrap());
    fs::write(path.join("toy/manifest.toml"), manifest.replace(&old, &new)).unwrap();
    let output = pellucid(path, &["evaluate", "set", "--model", "toy", "--json", "--out", "judged"]);
    assert_eq!(code(&output), 1);
    assert!(output.stdout.is_empty());
    assert!(said(&output).contains("not a number"), "{}", said(&output));
    assert!(!path.join("judged/predictions.csv").exists());
}
