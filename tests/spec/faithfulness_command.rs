//! Can a map be believed? `pellucid faithfulness DIR` over a folder, by a model of a few kilobytes.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::cli::{code, lines, pellucid, said};
use crate::toy;

/// Runs the command on `films` with the toy model.
fn judge(folder: &Path, more: &[&str]) -> Output {
    let mut arguments = vec!["faithfulness", "films", "--model", "toy"];
    arguments.extend(more);
    pellucid(folder, &arguments)
}

/// A folder with the toy model and three pictures of two patients.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    for (name, seed) in [("person1_a.png", 1), ("person1_b.png", 2), ("person2_a.png", 3)] {
        toy::picture(&folder.path().join("films").join(name), seed);
    }
    folder
}

fn table(path: &Path) -> Vec<HashMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(|row| row.unwrap()).collect()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn method<'a>(figures: &'a Value, key: &str) -> &'a Value {
    figures["methods"].as_array().unwrap().iter().find(|m| m["method"] == key).unwrap_or_else(|| panic!("{key}"))
}

#[test]
fn methods_are_ranked_on_phantoms_with_intervals_and_a_table_of_every_map() {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    let films = ["phantom", "--out", "films", "--count", "6", "--size", "96", "--format", "png"];
    assert_eq!(code(&pellucid(folder.path(), &films)), 0);
    let asked = ["--method", "grad-cam,eigen-cam,saliency", "--sanity", "1", "--out", "judged"];
    let output = judge(folder.path(), &[&asked[..], &["--json"]].concat());
    assert_eq!(code(&output), 0, "{}", said(&output));
    let figures = lines(&output).remove(0);
    // Masks lie beside the films and are no images.
    assert_eq!((&figures["images"], &figures["patients"]), (&6.into(), &6.into()));
    assert_eq!((&figures["class"], &figures["layer"]), (&"top".into(), &"stage2".into()));
    let all = figures["methods"].as_array().unwrap();
    let ranks: Vec<u64> = all.iter().map(|m| m["rank"].as_u64().unwrap()).collect();
    assert!(all.len() == 3 && ranks[0] == 1 && ranks.is_sorted(), "{ranks:?}");
    for standing in all {
        assert!((1.0..=3.0).contains(&standing["mean_place"].as_f64().unwrap()));
        for measure in ["deletion", "insertion", "road", "drop"] {
            let measure = &standing["measures"][measure];
            for of in ["map", "centred_blob", "random_map", "gain_over_blob", "gain_over_random"] {
                let [mean, low, high] = ["mean", "low", "high"].map(|part| measure[of][part].as_f64().unwrap());
                assert!((-1.0..=1.0).contains(&mean) && low <= mean && mean <= high, "{of}: {measure}");
            }
        }
        assert!(standing["sensitivity"]["mean"].as_f64().unwrap() >= 0.0);
        let checks = &standing["randomization"];
        assert_eq!(["passes", "fails", "undecided"].map(|k| checks[k].as_u64().unwrap()).iter().sum::<u64>(), 1);
    }
    assert!(figures["conclusions"][0].as_str().unwrap().contains("centred blob on all 4 measures"), "{figures}");

    // What is written beside: a row for each image, method and measure, whose means are those
    // figures.
    let judged = folder.path().join("judged");
    let rows = table(&judged.join("faithfulness.csv"));
    let of = |key: &str, measure: &str| -> Vec<&HashMap<String, String>> {
        rows.iter().filter(|r| r["method"] == key && r["measure"] == measure).collect()
    };
    assert_eq!((of("saliency", "road").len(), of("saliency", "sensitivity").len()), (6, 1));
    let number = |row: &HashMap<String, String>, column: &str| row[column].parse::<f64>().unwrap();
    let gains: Vec<f64> = of("grad-cam", "deletion").iter().map(|r| number(r, "blob") - number(r, "map")).collect();
    let told = method(&figures, "grad-cam")["measures"]["deletion"]["gain_over_blob"]["mean"].as_f64().unwrap();
    assert!((gains.iter().sum::<f64>() / 6.0 - told).abs() < 1e-9);
    // Maps of one layer have one random map, which differs from image to image.
    let random = |key| of(key, "deletion").iter().map(|r| r["random"].clone()).collect::<Vec<_>>();
    assert_eq!(random("grad-cam"), random("eigen-cam"));
    assert_ne!(random("grad-cam"), random("saliency"));
    let written: Value = serde_json::from_slice(&fs::read(judged.join("faithfulness.json")).unwrap()).unwrap();
    assert_eq!(written, figures);

    let table = text(&judge(folder.path(), &asked));
    for part in ["rank  method", "   1  ", "gain over a blob", "Deletion (lower)", "of 6 patients"] {
        assert!(table.contains(part), "{part}\n{table}");
    }
}

#[test]
fn few_patients_conclude_nothing_and_a_seed_draws_the_same_again() {
    let folder = place();
    let asked = ["--method", "grad-cam", "--class", "Pneumonia", "--images", "2", "--sanity", "0", "--json"];
    let output = judge(folder.path(), &asked);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let figures = lines(&output).remove(0);
    assert_eq!((&figures["images"], &figures["class"]), (&2.into(), &"Pneumonia".into()));
    assert_eq!(figures["methods"][0]["rank"], Value::Null);
    assert_eq!(figures["methods"][0]["sensitivity"], Value::Null);
    assert!(figures["conclusions"][0].as_str().unwrap().contains("nothing is concluded"), "{figures}");
    assert_eq!(judge(folder.path(), &asked).stdout, output.stdout);
    let whole = lines(&judge(folder.path(), &["--method", "grad-cam", "--sanity", "0", "--json"])).remove(0);
    assert_eq!((&whole["images"], &whole["patients"]), (&3.into(), &2.into()));
}

#[test]
fn a_film_that_is_there_as_dicom_and_as_png_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    let films = ["phantom", "--out", "films", "--count", "2", "--size", "96"];
    assert_eq!(code(&pellucid(folder.path(), &films)), 0);
    let output = judge(folder.path(), &["--method", "grad-cam", "--sanity", "0", "--json"]);
    assert_eq!(lines(&output)[0]["images"], 2, "{}", said(&output));
}

#[test]
fn what_cannot_be_meant_is_a_usage_error() {
    let folder = place();
    for wrong in [
        ["--method", "guess"],
        ["--method", ""],
        ["--class", "Hernia"],
        ["--layer", "attic"],
        ["--images", "0"],
        ["--images", "-3"],
        ["--sanity", "-1"],
        ["--evaluations", "-1"],
        ["--seed", "-1"],
        ["--patients", "("],
    ] {
        let output = judge(folder.path(), &wrong);
        assert_eq!(code(&output), 2, "{wrong:?}: {}", said(&output));
        assert!(output.stdout.is_empty());
    }
    let hernia = said(&judge(folder.path(), &["--class", "Hernia"]));
    assert!(hernia.contains("no class \"Hernia\"") && hernia.contains("Pneumonia, or top"), "{hernia}");
}

#[test]
fn a_folder_without_images_and_files_that_are_none_are_told() {
    let folder = place();
    fs::create_dir(folder.path().join("empty")).unwrap();
    for there in ["empty", "nowhere"] {
        let output = pellucid(folder.path(), &["faithfulness", there, "--model", "toy"]);
        assert_eq!(code(&output), 1, "{}", said(&output));
        assert!(said(&output).contains(there) && output.stdout.is_empty(), "{}", said(&output));
    }
    fs::write(folder.path().join("films/broken.png"), b"no picture").unwrap();
    let output = judge(folder.path(), &["--method", "grad-cam", "--sanity", "0", "--json"]);
    assert_eq!(code(&output), 3, "{}", said(&output));
    assert!(said(&output).contains("broken.png was not read"), "{}", said(&output));
    assert_eq!(lines(&output)[0]["images"], 3);
}

#[test]
fn a_method_that_the_model_does_not_allow_is_left_out_with_its_reason() {
    let folder = place();
    let output = judge(folder.path(), &["--method", "gradient-shap,grad-cam", "--sanity", "0", "--json"]);
    assert_eq!(code(&output), 3, "{}", said(&output));
    assert!(
        said(&output).contains("Gradient SHAP was left out: Gradient SHAP needs a background set"),
        "{}",
        said(&output)
    );
    let figures = lines(&output).remove(0);
    assert_eq!((&figures["left_out"][0]["method"], &figures["images"]), (&"gradient-shap".into(), &3.into()));
    assert_eq!(figures["methods"].as_array().unwrap().len(), 1);
    let nothing = judge(folder.path(), &["--method", "deep-shap"]);
    assert_eq!(code(&nothing), 1);
    assert!(said(&nothing).contains("no method can be made for toy"), "{}", said(&nothing));
}

#[test]
fn images_that_the_gate_refuses_are_left_out_unless_forced() {
    let folder = place();
    toy::brain(&folder.path().join("models"), 1.0);
    let asked = |more: &[&str]| {
        let arguments =
            ["faithfulness", "films", "--model", "models/toy-brain", "--method", "grad-cam", "--sanity", "0", "--json"];
        pellucid(folder.path(), &[&arguments[..], more].concat())
    };
    let output = asked(&[]);
    assert_eq!(code(&output), 1, "{}", said(&output));
    assert!(
        said(&output).contains("person1_a.png") && said(&output).contains("refused every image"),
        "{}",
        said(&output)
    );
    let output = asked(&["--force"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert_eq!(lines(&output)[0]["images"], 3);
}

#[test]
#[cfg(unix)]
fn a_reader_that_has_gone_is_no_error() {
    let folder = place();
    let program = env!("CARGO_BIN_EXE_pellucid");
    let command = format!("'{program}' faithfulness films --model toy --method grad-cam --sanity 0");
    let script = format!("{command} | true; exit ${{PIPESTATUS[0]}}");
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(output.stderr.is_empty(), "{}", said(&output));
}

#[test]
#[cfg(unix)]
fn a_run_that_is_ended_leaves_no_file() {
    let folder = place();
    let mut run = Command::new(env!("CARGO_BIN_EXE_pellucid"))
        .args(["faithfulness", "films", "--model", "toy", "--method", "all", "--out", "judged"])
        .current_dir(folder.path())
        .spawn()
        .unwrap();
    let judged = folder.path().join("judged");
    // Until the run has begun.
    for _ in 0..100 {
        std::thread::sleep(std::time::Duration::from_millis(20));
        if judged.is_dir() {
            break;
        }
    }
    run.kill().unwrap();
    run.wait().unwrap();
    assert_eq!(fs::read_dir(&judged).unwrap().count(), 0);
}
