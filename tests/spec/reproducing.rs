//! A training measures its model on its validation part, and `evaluate` finds every figure again on
//! the files of that part; and it knows images that made the model.

use std::fs;
use std::path::Path;

use candle_core::{Device, Tensor};
use pellucid::model::manifest::Manifest;
use pellucid::model::registry;
use pellucid::network::Mode;
use serde_json::Value;

use super::cli::{code, lines, pellucid, said};
use super::toy_training::NETWORK;

const RUN: &str = r#"
size = 32
seed = 5
[data]
folders = ["set"]
validation = 0.4
[[phase]]
epochs = 2
[optimization]
batch = 8
learning_rate = 0.01
norm_batches = 2
"#;

const LABELS: &str = r#"
mean = [0.02]
sd = [0.01]
[[labels]]
name = "Left"
[[labels]]
name = "Middle"
[[labels]]
name = "Right"
[[groups]]
name = "Aside"
members = ["Left", "Right"]
"#;

fn configuration(normalization: &str) -> String {
    [RUN, &NETWORK.trim_end().replace("per-image", normalization), LABELS].concat()
}

/// A picture of 16 bits of which the lower twelve are used, and of which 8 bits would lose most;
/// `bright` is the third that is brighter.
fn picture(path: &Path, bright: u32, number: u32) {
    let value = |x: u32, y: u32| {
        let side = if x / 15 == bright { 500 } else { 330 };
        image::Luma([(side + (x * 131 + y * 71 + number * 937 + x * y * number) % 400) as u16])
    };
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image::ImageBuffer::from_fn(45, 37, value).save(path).unwrap();
}

/// Twenty patients with two images each, of three classes that are hard to tell apart.
fn set(folder: &Path) {
    for i in 0..40_u32 {
        let third = i / 2 % 3;
        let class = ["Left", "Middle", "Right"][third as usize];
        // Every fifth is labelled as what it is not, so that no figure is perfect.
        let bright = if i % 5 == 0 { (third + 1) % 3 } else { third };
        picture(&folder.join(format!("set/{class}/person{}_{i}.png", i / 2)), bright, i);
    }
}

fn trained(folder: &Path, normalization: &str) -> Manifest {
    set(folder);
    fs::write(folder.join("thirds.toml"), configuration(normalization)).unwrap();
    let output = pellucid(folder, &["train", "thirds.toml"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(said(&output).contains("Patients: by file names (personN) in 40 images."), "{}", said(&output));
    Manifest::parse(&fs::read_to_string(folder.join("runs/thirds/model/manifest.toml")).unwrap()).unwrap()
}

#[test]
fn evaluate_finds_every_figure_of_the_model_to_the_last_digit() {
    for normalization in ["per-image", "equalize", "fixed"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let manifest = trained(path, normalization);
        assert!(manifest.metrics.len() >= 3 + 4, "{:?}", manifest.metrics);
        let split = ["--split", "runs/thirds/split.csv", "--part", "validation"];
        let again = ["evaluate", ".", "--model", "runs/thirds/model", "--json"];
        let output = pellucid(path, &[&again[..], &split].concat());
        assert_eq!(code(&output), 0, "{}", said(&output));
        let json = lines(&output).remove(0);
        for metric in &manifest.metrics {
            let figures = &json["targets"][&metric.target]["figures"];
            let found = &figures[&metric.name];
            let digits = [&found[0], &found[1], &found[2]].map(|v| v.as_f64().unwrap() as f32);
            assert_eq!(
                digits,
                [metric.value, metric.low, metric.high],
                "{normalization}: {} {}",
                metric.target,
                metric.name
            );
        }
        let images = format!("validation, {} images of {} patients", json["n"], json["patients"]);
        assert_eq!(manifest.metrics[0].on, images);
        // The card prints what the manifest holds, and the figures of the whole.
        let card = fs::read_to_string(path.join("runs/thirds/model/CARD.md")).unwrap();
        let accuracy = json["whole"]["accuracy"].as_array().unwrap();
        let row = format!("| validation | highest class | accuracy | {:.3} |", accuracy[0].as_f64().unwrap());
        assert!(card.contains(&row), "{row}: {card}");
        assert!(card.contains("| Aside | accuracy at the threshold |"), "{card}");
    }
}

#[test]
fn a_threshold_that_was_chosen_lies_on_no_score() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let manifest = trained(path, "equalize");
    let output = pellucid(path, &["evaluate", ".", "--model", "runs/thirds/model", "--out", "judged"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let table = pellucid::training::experiments::crossval::read_table(&path.join("judged/predictions.csv")).unwrap();
    let thresholds = manifest.labels.iter().map(|l| l.threshold).chain(manifest.groups.iter().map(|g| g.threshold));
    for (target, threshold) in thresholds.enumerate() {
        let scores = table.rows.iter().map(|row| row.probability[target] as f32);
        assert!(scores.into_iter().all(|score| score != threshold), "{}: {threshold}", table.targets[target].name);
    }
}

#[test]
fn a_test_on_images_that_made_the_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    trained(path, "per-image");
    let judge = |dir: &str, more: &[&str]| {
        let output = pellucid(path, &[&["evaluate", dir, "--model", "runs/thirds/model", "--json"], more].concat());
        (code(&output), said(&output), lines(&output).pop().unwrap_or(Value::Null))
    };
    let (ending, words, _) = judge("set", &["--purpose", "test"]);
    assert_eq!(ending, 1);
    assert!(words.contains("this is no test: 40 of the 40 images took part in making the model ("), "{words}");
    assert!(words.contains("in its training part") && words.contains("in its validation part"), "{words}");
    let (ending, words, json) = judge("set", &[]);
    assert_eq!(ending, 0);
    assert!(words.contains("took part in making the model") && words.contains("the metrics flatter"), "{words}");
    assert_eq!(json["purpose"]["checked"], true);

    // The same image under another name and in another format is the same image.
    let copy = image::open(path.join("set/Left/person0_0.png")).unwrap();
    fs::create_dir_all(path.join("other/Left")).unwrap();
    copy.save(path.join("other/Left/a.tif")).unwrap();
    picture(&path.join("other/Right/person99_1.png"), 2, 141);
    let (ending, words, _) = judge("other", &["--purpose", "test"]);
    assert!(ending == 1 && words.contains("1 of the 2 images took part"), "{words}");

    fs::remove_file(path.join("other/Left/a.tif")).unwrap();
    picture(&path.join("other/Left/person98_1.png"), 0, 4321);
    let (ending, words, json) = judge("other", &["--purpose", "test", "--out", "judged"]);
    assert_eq!(ending, 0, "{words}");
    assert!(words.contains("checked that this is a test: none of the 2 images is among the 40"), "{words}");
    assert_eq!(json["purpose"]["stated"], "test");

    // Patients with the names of those that made the model are told, for some sets begin their
    // numbers anew.
    picture(&path.join("other/Left/person3_77.png"), 0, 777);
    let (ending, words, json) = judge("other", &["--purpose", "test"]);
    assert_eq!(ending, 0);
    assert!(words.contains("named like patients that made the model, \"person3\" among them"), "{words}");
    assert_eq!(json["purpose"]["patients_named_alike"], 1);

    // Without a record nothing is checked, and that is said.
    fs::remove_file(path.join("runs/thirds/model/images.toml")).unwrap();
    let (ending, words, json) = judge("other", &["--purpose", "test"]);
    assert_eq!(ending, 0);
    assert!(words.contains("is unchecked") && json["purpose"]["checked"] == false, "{words}");
}

#[test]
fn a_run_that_goes_on_keeps_its_split() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    set(path);
    fs::write(path.join("thirds.toml"), configuration("per-image")).unwrap();
    assert_eq!(code(&pellucid(path, &["train", "thirds.toml", "--max-epochs", "1"])), 0);
    // As an older version might have split it: a patient on both sides.
    let file = path.join("runs/thirds/split.csv");
    let old = fs::read_to_string(&file).unwrap();
    let (first, part) = old.lines().nth(1).and_then(|row| row.rsplit_once(',')).unwrap();
    let other = if part == "training" { "validation" } else { "training" };
    let split = old.replacen(&format!("{first},{part}"), &format!("{first},{other}"), 1);
    fs::write(&file, &split).unwrap();
    let output = pellucid(path, &["train", "thirds.toml", "--resume"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert_eq!(fs::read_to_string(&file).unwrap(), split);
    assert!(said(&output).contains("1 patients stand in more than one part"), "{}", said(&output));
}

#[test]
fn an_image_has_the_same_logits_in_a_batch_of_any_size() {
    let folder = tempfile::tempdir().unwrap();
    let toy = crate::toy::model(folder.path());
    for name in ["chest-xray", toy.to_str().unwrap()] {
        let model = registry::load(name, &Device::Cpu).unwrap();
        let (channels, side) = (model.manifest.input.channels, model.manifest.input.width);
        let values: Vec<f32> =
            (0..9 * channels * side * side).map(|i| ((i * 7919 % 65_537) as f32 / 20_000.0).sin()).collect();
        let all = Tensor::from_vec(values, (9, channels, side, side), &Device::Cpu).unwrap();
        let logits = |from: usize, n: usize| {
            let batch = all.narrow(0, from, n).unwrap();
            model.network.forward(&batch, Mode::Inference).unwrap().to_vec2::<f32>().unwrap()
        };
        let whole = logits(0, 9);
        for (from, n) in [(0, 1), (5, 1), (7, 2), (3, 5), (0, 8)] {
            assert_eq!(logits(from, n), whole[from..from + n], "{name}: {n} images from {from}");
        }
    }
}
