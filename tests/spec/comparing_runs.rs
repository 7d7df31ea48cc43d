//! Cross-validation, comparison and ablation as scripts meet them: the real binary on films of a
//! few pixels.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const CONFIG: &str = r#"
size = 32
seed = 5
[data]
folders = ["films"]
patient = ['^(p\d+)_']
validation = 0.25
[[phase]]
epochs = 6
[optimization]
batch = 8
learning_rate = 0.01
[architecture]
family = "custom-cnn"
widths = [4, 4, 8, 8]
hidden = [8]
"#;

/// Fifteen patients a class with two films each, dark and light with some overlap.
fn films(folder: &Path) {
    for (class, low) in [("dark", 20_u8), ("light", 45)] {
        let class_folder = folder.join("films").join(class);
        fs::create_dir_all(&class_folder).unwrap();
        for i in 0..30_u32 {
            let (patient, step) = (i / 2, if class == "dark" { 31 } else { 17 });
            let film = image::GrayImage::from_fn(32, 32, |x, y| {
                let stripes = if class == "dark" { x } else { y };
                image::Luma([low + ((stripes * 9 + (x * y) % 11 + i * step) % 120) as u8])
            });
            let number = if class == "dark" { patient } else { 100 + patient };
            film.save(class_folder.join(format!("p{number}_{i}.png"))).unwrap();
        }
    }
    fs::write(folder.join("tiny.toml"), CONFIG).unwrap();
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pellucid"));
    command.args(arguments).current_dir(folder).env_remove("RUST_LOG");
    command
}

fn pellucid(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the binary was built")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Standard output of a command that must succeed.
fn told(folder: &Path, arguments: &[&str]) -> String {
    let output = pellucid(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// What a command says that must fail.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = pellucid(folder, arguments);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    said(&output)
}

/// Kills the command as soon as `there` exists.
fn killed_when(folder: &Path, arguments: &[&str], there: &Path) {
    let mut run = command(folder, arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    while !there.exists() {
        assert!(started.elapsed() < Duration::from_mins(2), "{} did not come", there.display());
        assert!(run.try_wait().unwrap().is_none(), "the run ended before {}", there.display());
        std::thread::sleep(Duration::from_millis(3));
    }
    run.kill().unwrap();
    run.wait().unwrap();
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_cross_validation_holds_every_patient_out_once_and_goes_on_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    films(at);
    let whole = told(at, &["crossval", "tiny.toml", "--folds", "3", "--out", "whole"]);
    assert!(whole.contains("3 folds; 60 images of 30 patients were held out once each"), "{whole}");
    assert!(whole.contains("AUROC of light") && whole.contains("mean ± sd"), "{whole}");

    let mut held: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut images = BTreeSet::new();
    let mut table = csv::Reader::from_path(at.join("whole/predictions.csv")).unwrap();
    let header = table.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|h| h == name).unwrap();
    for row in table.records().map(Result::unwrap) {
        assert!(images.insert(row[column("image")].to_owned()), "{row:?} stands twice");
        held.entry(row[column("patient")].to_owned()).or_default().insert(row[column("fold")].to_owned());
    }
    assert_eq!((images.len(), held.len()), (60, 30));
    assert!(held.values().all(|folds| folds.len() == 1), "a patient stands in two folds");
    // What is held out neither trains nor chooses.
    let split = fs::read_to_string(at.join("whole/fold-1/split.csv")).unwrap();
    for (patient, folds) in &held {
        let rows = split.lines().filter(|l| l.contains(&format!(",{patient},")));
        assert!(rows.clone().count() == 2 && rows.clone().all(|l| l.ends_with(",test") == folds.contains("1")));
    }

    let interrupted = ["crossval", "tiny.toml", "--folds", "3", "--out", "killed"];
    killed_when(at, &interrupted, &at.join("killed/fold-2/checkpoint.safetensors"));
    assert!(!at.join("killed/crossval.json").exists() && at.join("killed/fold-1/fold.json").exists());
    let first = fs::metadata(at.join("killed/fold-1/model/weights.safetensors")).unwrap().modified().unwrap();
    let words = refused(at, &interrupted);
    assert!(words.contains("holds a cross-validation already; add --resume"), "{words}");
    let words = refused(at, &["compare", "whole", "killed"]);
    assert!(words.contains("is not finished; go on with crossval --resume"), "{words}");
    let other = ["crossval", "tiny.toml", "--folds", "3", "--out", "killed", "--resume", "--seed", "6"];
    assert!(refused(at, &other).contains("another configuration"), "another seed is another plan");
    let rest = pellucid(at, &[&interrupted[..], &["--resume"]].concat());
    assert!(rest.status.success() && said(&rest).contains("Fold 1 of 3 is done already"), "{}", said(&rest));
    assert_eq!(
        first,
        fs::metadata(at.join("killed/fold-1/model/weights.safetensors")).unwrap().modified().unwrap(),
        "the first fold was trained again"
    );
    assert_eq!(json(&at.join("killed/crossval.json")), json(&at.join("whole/crossval.json")));
    let predictions = |run: &str| fs::read_to_string(at.join(run).join("predictions.csv")).unwrap();
    assert_eq!(predictions("killed"), predictions("whole"));
}

#[test]
fn two_cross_validations_are_compared_by_all_tests_and_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    films(at);
    fs::write(at.join("wide.toml"), CONFIG.replace("[4, 4, 8, 8]", "[6, 6, 8, 8]")).unwrap();
    fs::write(at.join("narrow.toml"), CONFIG.replace("hidden = [8]", "hidden = [4]")).unwrap();
    for (config, out) in [("tiny.toml", "a"), ("wide.toml", "b"), ("narrow.toml", "n")] {
        told(at, &["crossval", config, "--folds", "3", "--out", out, "--max-epochs", "1"]);
    }
    let text = told(at, &["compare", "a", "b", "--metric", "brier"]);
    for words in [
        "Brier score, a against b",
        "paired t-test, plain",
        "Nadeau–Bengio corrected",
        "Wilcoxon signed rank",
        "(exact)",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.contains("it is too optimistic") && text.contains("fold 3"), "{text}");
    let object: Value = serde_json::from_str(&told(at, &["compare", "a", "b", "--metric", "brier", "--json"])).unwrap();
    let pair = &object["comparisons"][0];
    assert_eq!((object["kind"].as_str(), pair["differences"].as_array().unwrap().len()), (Some("folds"), 3));
    let p = |test: &str| pair[test]["p"].as_f64().unwrap();
    assert!(p("corrected") > p("plain") && (p("signed_rank") >= 0.25), "{pair}");
    // The folds of 60 images with 40 to learn from share half as many.
    assert!((pair["test_share"].as_f64().unwrap() - 0.5).abs() < 1e-9);
    let three = told(at, &["compare", "a", "b", "n"]);
    assert_eq!(three.matches("AUROC, ").count(), 3, "all pairs: {three}");

    let seeded = ["crossval", "tiny.toml", "--folds", "3", "--out", "c", "--max-epochs", "1", "--seed", "9"];
    told(at, &seeded);
    assert!(refused(at, &["compare", "a", "c"]).contains("does not hold the images of fold 1 of c"));
    let table = "a/predictions.csv";
    assert!(
        refused(at, &["compare", "b", table]).contains("is a cross-validation and a/predictions.csv an evaluation")
    );
    assert!(refused(at, &["compare", "a", "b", "--target", "hernia"]).contains("there are dark, light"));
    assert!(refused(at, &["compare", "a", "nowhere"]).contains("nowhere holds no run"));
}

/// A table of predictions of 40 patients: scores rise with the truth as much as `skill` says.
fn table(skill: f64, labels: [&str; 2]) -> String {
    let mut text = String::from("image,patient,called");
    for label in labels {
        text += &[",truth ", label, ",says ", label, ",p ", label, ",logit ", label].concat();
    }
    for i in 0..80_u32 {
        let truth = i / 2 % 2 == 0;
        let chance = f64::from(i * 37 % 80) / 80.0;
        let p = (skill * f64::from(u8::from(truth)) + (1.0 - skill) * chance).clamp(0.01, 0.99);
        let row =
            |p: f64, truth: bool| format!(",{},{},{p},{}", u8::from(truth), u8::from(p >= 0.5), (p / (1.0 - p)).ln());
        let called = if p >= 0.5 { labels[0] } else { labels[1] };
        let name = format!("\n{i}.png,p{},{called}", i / 2);
        text += &[name, row(p, truth), row(1.0 - p, !truth)].concat();
    }
    text + "\n"
}

#[test]
fn two_evaluations_of_the_same_images_are_compared_by_delong_mcnemar_and_patients() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("good")).unwrap();
    fs::write(at.join("good/predictions.csv"), table(0.6, ["Mass", "None"])).unwrap();
    let poor = table(0.05, ["Mass", "None"]);
    fs::write(at.join("poor.csv"), &poor).unwrap();
    fs::write(at.join("middle.csv"), table(0.3, ["Mass", "None"])).unwrap();
    let text = told(at, &["compare", "good", "poor.csv"]);
    assert!(text.starts_with("2 runs on the same 80 images of 40 patients"), "{text}");
    for words in ["AUROC of Mass", "DeLong: z = ", "McNemar: ", "interval by patient", "takes images for independent"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.contains("The accuracy of good is") && text.contains("more than chance would explain"), "{text}");
    let object: Value = serde_json::from_str(&told(
        at,
        &["compare", "good", "poor.csv", "--metric", "auroc", "--target", "mass", "--json"],
    ))
    .unwrap();
    let pair = &object["comparisons"][0];
    assert!(pair["delong"]["test"]["p"].as_f64().unwrap() < 0.05 && pair["low"].as_f64().unwrap() > 0.0, "{pair}");
    // Three runs: every p is held against three pairs.
    let object: Value = serde_json::from_str(&told(
        at,
        &["compare", "good", "poor.csv", "middle.csv", "--metric", "accuracy", "--json"],
    ))
    .unwrap();
    let pairs = object["comparisons"].as_array().unwrap();
    assert_eq!(pairs.len(), 3);
    let held = |p: &Value| p["p_held"].as_f64().is_none_or(|h| h >= p["mcnemar"]["p"].as_f64().unwrap());
    assert!(pairs.iter().all(held) && pairs.iter().any(|p| p["p_held"].is_f64()), "{object}");

    let fewer = poor.lines().take(41).collect::<Vec<_>>().join("\n");
    fs::write(at.join("fewer.csv"), fewer).unwrap();
    let output = pellucid(at, &["compare", "good", "fewer.csv"]);
    assert!(output.status.success() && said(&output).contains("40 of the 80 images of good are not in every run"));
    fs::write(at.join("others.csv"), table(0.3, ["Nodule", "None"])).unwrap();
    let words = refused(at, &["compare", "good", "others.csv"]);
    assert!(words.contains("good predicts Mass, None, and others.csv predicts Nodule, None"), "{words}");
    fs::write(at.join("turned.csv"), poor.replacen(",1,0,", ",0,0,", 1)).unwrap();
    assert!(refused(at, &["compare", "good", "turned.csv"]).contains("do not agree on what is known of 1 images"));
    fs::write(at.join("wrong.csv"), "name,score\na,1\n").unwrap();
    assert!(refused(at, &["compare", "good", "wrong.csv"]).contains("no column \"image\""));
    let same = told(at, &["compare", "good", "good/predictions.csv"]);
    assert!(same.contains("nothing to test") && same.contains("Both runs have the same figure"), "{same}");
}

#[test]
fn a_fold_without_a_class_is_said_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    films(at);
    let rare = at.join("films/rare");
    fs::create_dir(&rare).unwrap();
    for i in 0..4 {
        let film = image::GrayImage::from_pixel(32, 32, image::Luma([200]));
        film.save(rare.join(format!("p{}_{i}.png", 200 + i / 2))).unwrap();
    }
    let words = refused(at, &["crossval", "tiny.toml", "--folds", "3", "--out", "run"]);
    assert!(words.contains("\"rare\" has 2 patients, so that not every one of 3 folds can hold one"), "{words}");
    assert!(words.contains("--folds 2 or fewer"), "{words}");
    assert!(!at.join("run").exists(), "nothing is begun");
    fs::write(at.join("findings.toml"), format!("head = \"sigmoid\"\n{CONFIG}")).unwrap();
    let output =
        pellucid(at, &["crossval", "findings.toml", "--folds", "3", "--out", "run", "--max-epochs", "1", "--json"]);
    assert!(output.status.success() && said(&output).contains("means over the folds that do"), "{}", said(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rare = found["summary"].as_array().unwrap().iter().find(|s| s["metric"] == "auroc" && s["target"] == "rare");
    assert!(rare.unwrap()["folds"].as_u64().unwrap() < 3, "{found}");
}

const GRID: &str = r#"
base = "tiny.toml"
metric = "accuracy"
[[axis]]
key = "architecture.family"
values = ["custom-cnn", "no-such-net"]
[[axis]]
name = "augmentation"
[[axis.level]]
name = "off"
[[axis.level]]
name = "turned"
set = { "augment.rotation" = 10.0 }
"#;

#[test]
fn an_ablation_interrupted_and_resumed_gives_the_table_of_one_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    films(at);
    fs::write(at.join("grid.toml"), GRID).unwrap();
    let output = pellucid(at, &["ablate", "grid.toml", "--out", "whole"]);
    // Two cells cannot be: they are rows with their reason, and the exit code says that some
    // failed.
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("failed: ") && text.contains("no-such-net") && text.contains("turned"), "{text}");
    for file in ["table.csv", "table.json", "plot.png", "plot.svg", "cells/01-custom-cnn-off/config.toml"] {
        assert!(at.join("whole").join(file).is_file(), "{file}");
    }
    let whole = json(&at.join("whole/table.json"));
    let states: Vec<&str> = whole["rows"].as_array().unwrap().iter().map(|r| r["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["done", "done", "failed", "failed"]);
    assert!(fs::read_to_string(at.join("whole/plot.svg")).unwrap().contains("custom-cnn, turned"));

    let arguments = ["ablate", "grid.toml", "--out", "parts"];
    killed_when(at, &arguments, &at.join("parts/cells/02-custom-cnn-turned/run/checkpoint.safetensors"));
    let half = json(&at.join("parts/table.json"));
    assert_eq!(half["rows"][0]["state"], "done", "the table is written after every cell");
    assert!(refused(at, &arguments).contains("holds an ablation already; add --resume"));
    let rest = pellucid(at, &[&arguments[..], &["--resume"]].concat());
    assert!(said(&rest).contains("Cell 1 of 4: custom-cnn, off, is done already"), "{}", said(&rest));
    assert_eq!(json(&at.join("parts/table.json")), whole);
    let csv = |run: &str| fs::read_to_string(at.join(run).join("table.csv")).unwrap();
    assert_eq!(csv("parts"), csv("whole"));
    fs::write(at.join("grid.toml"), GRID.replace("10.0", "20.0")).unwrap();
    let words = refused(at, &[&arguments[..], &["--resume"]].concat());
    assert!(words.contains("was begun with another grid"), "{words}");
}

#[test]
fn the_cells_of_an_ablation_can_be_cross_validated_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    films(at);
    let grid =
        "base = \"tiny.toml\"\nfolds = 2\n[[axis]]\nkey = \"balance.sampling\"\nvalues = [\"once\", \"weighted\"]\n";
    fs::write(at.join("grid.toml"), grid).unwrap();
    let table: Value =
        serde_json::from_str(&told(at, &["ablate", "grid.toml", "--out", "run", "--max-epochs", "1", "--json"]))
            .unwrap();
    assert_eq!(table["rows"][1]["on"], "2 folds, held out");
    assert_eq!(table["rows"][1]["images"], 60);
    let text = told(at, &["compare", "run/cells/01-once", "run/cells/02-weighted", "--metric", "nll"]);
    assert!(text.contains("negative log likelihood, run/cells/01-once against run/cells/02-weighted"), "{text}");
    fs::write(at.join("grid.toml"), grid.replace("balance.sampling", "balance.smapling")).unwrap();
    let words = refused(at, &["ablate", "grid.toml", "--out", "other"]);
    assert!(
        words.contains("none of its 2 cells has a configuration that can be used") && words.contains("smapling"),
        "{words}"
    );
}
