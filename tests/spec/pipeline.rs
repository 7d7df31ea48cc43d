//! From a folder to a verdict: one command that goes on where it was, refuses what no verdict could
//! rest on, and leaves a run that is scored from any folder.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use candle_core::Device;
use pellucid::pipeline::event::{PipelineEvent, StepState};
use pellucid::pipeline::section::Section;
use pellucid::pipeline::step::Step;
use pellucid::pipeline::{Finished, Pipeline, PipelineError};
use pellucid::training::config::Config;
use pellucid::training::run::control::Control;
use pellucid::training::run::options::RunOptions;

use super::cli::{code, lines, pellucid, said};

const CONFIG: &str = r#"
size = 32
seed = 3
[data]
folders = ["images"]
validation = 0.25
test = 0.3
[architecture]
family = "custom-cnn"
widths = [4, 4, 8, 8]
hidden = [8]
[optimization]
batch = 4
learning_rate = 0.01
[[phase]]
epochs = 3
[pipeline]
marks = "masks"
lungs = "lungs"
methods = ["grad-cam", "saliency"]
images = 2
checked = 1
"#;

/// Twelve phantoms a class, with the masks of what they show in folders of their own.
fn phantoms(folder: &Path) {
    for (class, seed, kind) in [("normal", "1", "--healthy"), ("pneumonia", "101", "--opacity=right-lower")] {
        let out = format!("images/{class}");
        let make = ["phantom", "--out", &out, "--seed", seed, "--count", "12", "--size", "64", "--format", "png", kind];
        assert_eq!(code(&pellucid(folder, &[&make[..], &["--lungs", "lungs"]].concat())), 0);
        fs::create_dir_all(folder.join("masks")).unwrap();
        for file in fs::read_dir(folder.join(out)).unwrap().flatten().map(|e| e.path()) {
            if file.to_string_lossy().contains("-mask") {
                fs::rename(&file, folder.join("masks").join(file.file_name().unwrap())).unwrap();
            }
        }
    }
    fs::write(folder.join("c.toml"), CONFIG).unwrap();
}

/// Runs the pipeline of `c.toml`; stops it when `stop` is done. Yields how every step went.
fn run(folder: &Path, stop: Option<Step>) -> (Result<Finished, PipelineError>, Vec<(Step, StepState)>) {
    let config = Config::read(&folder.join("c.toml")).unwrap();
    let out = folder.join("run");
    let run = RunOptions {
        data: folder.to_owned(),
        model: out.join("model"),
        out,
        resume: false,
        changed: false,
        max_steps: None,
        max_epochs: None,
        limit: None,
        device: Device::Cpu,
    };
    let (control, told) = (Control::default(), Mutex::new(Vec::new()));
    let pipeline = Pipeline { config: &config, run, again: false };
    let found = pipeline.run(
        &|event| {
            if let PipelineEvent::Step { step, state, .. } = event {
                told.lock().unwrap().push((step, state));
                if state == StepState::Done && Some(step) == stop {
                    control.stop();
                }
            }
        },
        &control,
    );
    (found, told.into_inner().unwrap())
}

fn refused(folder: &Path) -> String {
    run(folder, None).0.unwrap_err().to_string()
}

#[test]
fn a_pipeline_that_was_ended_goes_on_and_leaves_a_page_and_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    phantoms(path);
    // A run of its own, which the pipeline goes on with; ended after the training.
    let trained = pellucid(path, &["train", "c.toml", "--out", "run", "--max-epochs", "1"]);
    assert_eq!(code(&trained), 0, "{}", said(&trained));
    let (ended, told) = run(path, Some(Step::Train));
    assert!(matches!(ended, Err(PipelineError::Stopped { .. })), "{ended:?}");
    let begun = |told: &[(Step, StepState)], state| -> Vec<Step> {
        told.iter().filter(|(_, s)| *s == state).map(|(step, _)| *step).collect()
    };
    assert_eq!(begun(&told, StepState::Done), [Step::Check, Step::Train]);
    assert_eq!(fs::read_to_string(path.join("run/log.csv")).unwrap().lines().count(), 4, "three epochs");
    let weights = fs::read(path.join("run/model/weights.safetensors")).unwrap();
    let (found, told) = run(path, None);
    let found = found.unwrap();
    assert_eq!(begun(&told, StepState::DoneBefore), [Step::Check, Step::Train]);
    assert_eq!(begun(&told, StepState::Done).len(), 5);
    assert_eq!(fs::read(path.join("run/model/weights.safetensors")).unwrap(), weights, "nothing is trained twice");
    look_at_the_page(path, &found);
    // What has not changed is not done again, and the page is the same.
    let page = fs::read_to_string(&found.page).unwrap();
    let (again, told) = run(path, None);
    assert_eq!(begun(&told, StepState::DoneBefore), Step::ALL);
    assert_eq!(fs::read_to_string(again.unwrap().page).unwrap(), page);
    // What changed alone is done again.
    fs::write(path.join("c.toml"), CONFIG.replace("images = 2", "images = 0").replace("marks = \"masks\"\n", ""))
        .unwrap();
    let (fewer, told) = run(path, None);
    assert_eq!(begun(&told, StepState::NotAsked), [Step::Localization, Step::Explanations]);
    assert!(begun(&told, StepState::Done).is_empty());
    assert!(!fs::read_to_string(fewer.unwrap().page).unwrap().contains("Methods of explanation"));
    fs::write(path.join("c.toml"), CONFIG.replace("learning_rate = 0.01", "learning_rate = 0.02")).unwrap();
    assert!(refused(path).contains("a training by another configuration or on other data"), "{}", refused(path));
    the_run_is_scored_from_any_folder(path);
}

fn look_at_the_page(path: &Path, found: &Finished) {
    let html = fs::read_to_string(&found.page).unwrap();
    let card = fs::read_to_string(path.join("run/model/CARD.md")).unwrap();
    for section in &found.sections {
        assert!(html.contains(&format!(">{}</h2>", section.title)), "{}", section.title);
        assert!(!section.tables.is_empty(), "{} has no table", section.title);
        for (what, file) in &section.links {
            assert!(path.join("run").join(file).is_file(), "{what}: {file} is not there");
            assert!(html.contains(&format!("href=\"{file}\"")));
        }
    }
    let charts: usize = found.sections.iter().map(|section| section.charts.len()).sum();
    assert!(charts >= 6 && html.matches("<svg").count() == charts, "{charts} charts");
    for elsewhere in ["<script", "http://", "https://", "<img", "<link", "@import"] {
        let own = html.replace("http://www.w3.org/2000/svg", "");
        assert!(!own.contains(elsewhere), "the page has {elsewhere}");
    }
    let verdict = &found.sections[2].verdict[0];
    assert!(verdict.contains("that took no part in this training: accuracy"), "{verdict}");
    assert!(html.contains(verdict) && card.contains(verdict) && card.contains("## Never validated for"));
    assert!(fs::read(path.join("run/test/report.pdf")).unwrap().starts_with(b"%PDF"));
    every_figure_of_a_table_stands_in_a_file(&path.join("run"), &found.sections);
}

/// What a person reads on the page, a program finds in the JSON beside it.
fn every_figure_of_a_table_stands_in_a_file(run: &Path, sections: &[Section]) {
    let folders = fs::read_dir(run).unwrap().flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()));
    let mut kept = Vec::new();
    for file in files.filter(|file| file.extension().is_some_and(|end| end == "json")) {
        if !file.ends_with("section.json") {
            numbers(&serde_json::from_slice(&fs::read(file).unwrap()).unwrap(), &mut kept);
        }
    }
    for cell in sections.iter().flat_map(|section| &section.tables).flat_map(|table| &table.rows).flatten() {
        let cell = cell.replace('−', "-");
        let words = cell.split(|c: char| !(c.is_ascii_digit() || ".-".contains(c)));
        for (word, figure) in words.filter_map(|word| Some((word, word.parse::<f64>().ok()?))) {
            let half = 0.500_1 * 10_f64.powi(-(word.split('.').nth(1).map_or(0, str::len) as i32));
            assert!(kept.iter().any(|value| (value - figure).abs() <= half), "{figure} of “{cell}” is in no file");
        }
    }
}

/// All numbers of a JSON value.
fn numbers(value: &serde_json::Value, into: &mut Vec<f64>) {
    match value {
        serde_json::Value::Number(number) => into.extend(number.as_f64()),
        serde_json::Value::Array(values) => values.iter().for_each(|value| numbers(value, into)),
        serde_json::Value::Object(fields) => fields.values().for_each(|value| numbers(value, into)),
        _ => {}
    }
}

/// The figures of `evaluate --run` are those of the pipeline, from whatever folder.
fn the_run_is_scored_from_any_folder(path: &Path) {
    let elsewhere = tempfile::tempdir().unwrap();
    let run = path.join("run");
    let output = pellucid(elsewhere.path(), &["evaluate", "--run", &run.to_string_lossy(), "--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let found = lines(&output).pop().unwrap();
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(run.join("test/judgement.json")).unwrap()).unwrap();
    assert_eq!(found["targets"], kept["targets"]);
    assert_eq!(found["purpose"]["stated"], "test");
    assert!(said(&output).contains("checked that this is a test"), "{}", said(&output));
    // Another part by name, and the split file itself from below the folder of the data.
    let validation =
        pellucid(elsewhere.path(), &["evaluate", "--run", &run.to_string_lossy(), "--part", "validation", "--json"]);
    assert_eq!(lines(&validation).pop().unwrap()["purpose"]["stated"], "validation");
    let model = run.join("model").to_string_lossy().into_owned();
    let split = run.join("split.csv").to_string_lossy().into_owned();
    let inside = ["evaluate", "images", "--model", &model, "--split", &split, "--part", "test", "--json"];
    let output = pellucid(path, &inside);
    assert_eq!(lines(&output).pop().unwrap()["targets"], kept["targets"], "{}", said(&output));
    // Data that moved are said to have moved, and found where they are.
    fs::rename(path.join("images"), elsewhere.path().join("images")).unwrap();
    let output = pellucid(path, &["evaluate", "--run", "run"]);
    assert!(code(&output) == 1 && said(&output).contains("images"), "{}", said(&output));
    let output = pellucid(path, &["evaluate", &elsewhere.path().to_string_lossy(), "--run", "run", "--json"]);
    assert_eq!(lines(&output).pop().unwrap()["targets"], kept["targets"], "{}", said(&output));
    let none = pellucid(path, &["evaluate", "--run", "lungs"]);
    assert!(code(&none) == 1 && said(&none).contains("the folder of no run"), "{}", said(&none));
}

/// A few images a class, each of its own grey pattern.
fn patterns(folder: &Path) {
    for (class, low) in [("dark", 20_u8), ("light", 120)] {
        let class = folder.join("images").join(class);
        fs::create_dir_all(&class).unwrap();
        for i in 0..8_u32 {
            let image = image::GrayImage::from_fn(32, 32, |x, y| {
                let n =
                    x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503) ^ (i + u32::from(low)).wrapping_mul(97_561);
                image::Luma([low + (n.wrapping_mul(n | 1) >> 24) as u8 % 90])
            });
            image.save(class.join(format!("p{low}{i}_1.png"))).unwrap();
        }
    }
    fs::write(folder.join("c.toml"), CONFIG.split("[pipeline]").next().unwrap()).unwrap();
}

fn split(folder: &Path, part: &dyn Fn(usize, &str) -> (String, &'static str)) {
    let mut rows = String::from("image,patient,split\n");
    let mut images: Vec<PathBuf> = ["dark", "light"]
        .iter()
        .flat_map(|class| fs::read_dir(folder.join("images").join(class)).unwrap().flatten().map(|e| e.path()))
        .collect();
    images.sort();
    for (i, image) in images.iter().enumerate() {
        let name = image.file_name().unwrap().to_string_lossy();
        let (_, part) = part(i, &name);
        let key = image.strip_prefix(folder).unwrap().display();
        let _ = writeln!(rows, "{key},,{part}");
    }
    fs::write(folder.join("split.csv"), rows).unwrap();
    let text = fs::read_to_string(folder.join("c.toml")).unwrap();
    if !text.contains("split.csv") {
        fs::write(folder.join("c.toml"), text.replace("folders =", "split = \"split.csv\"\nfolders =")).unwrap();
    }
}

fn parts(i: usize) -> &'static str {
    ["training", "training", "validation", "test"][i % 4]
}

#[test]
fn what_no_verdict_could_rest_on_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    patterns(path);
    let text = fs::read_to_string(path.join("c.toml")).unwrap();
    let with = |from: &str, to: &str| fs::write(path.join("c.toml"), text.replace(from, to)).unwrap();
    with("test = 0.3\n", "");
    assert!(refused(path).contains("write `test = 0.2` under [data]"), "{}", refused(path));
    // A class without images.
    with("", "");
    fs::create_dir_all(path.join("images/empty")).unwrap();
    assert!(refused(path).contains("no image bears the label \"empty\""), "{}", refused(path));
    fs::remove_dir(path.join("images/empty")).unwrap();
    // A class that the test part does not show.
    split(path, &|i, _| (String::new(), if i >= 8 && parts(i) == "test" { "training" } else { parts(i) }));
    assert!(refused(path).contains("no image of the test part shows \"light\""), "{}", refused(path));
    // One patient in two parts.
    let second = |name: &str| path.join("images/dark").join(name);
    fs::copy(second("p201_1.png"), second("p200_2.png")).unwrap();
    let image = image::GrayImage::from_fn(32, 32, |x, y| image::Luma([20 + ((x * 5 + y * 3) % 80) as u8]));
    image.save(second("p200_2.png")).unwrap();
    split(path, &|i, name| (String::new(), if name == "p200_2.png" { "test" } else { parts(i + usize::from(i > 0)) }));
    let text = fs::read_to_string(path.join("c.toml")).unwrap();
    fs::write(path.join("c.toml"), text.replace("folders =", "patient = ['^(p\\d+)_']\nfolders =")).unwrap();
    assert!(refused(path).contains("in more than one part, \"p200\" among them"), "{}", refused(path));
    // The same pixels in two parts.
    fs::copy(second("p200_1.png"), second("p999_1.png")).unwrap();
    fs::remove_file(second("p200_2.png")).unwrap();
    split(path, &|i, name| (String::new(), if name == "p999_1.png" { "test" } else { parts(i) }));
    let words = refused(path);
    assert!(words.contains("under different names") && words.contains("group_near_duplicates"), "{words}");
    assert!(!path.join("run/model").exists(), "nothing was trained");
}

#[test]
fn a_new_configuration_needs_nothing_but_a_folder_and_can_be_extended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    patterns(path);
    let made = pellucid(path, &["train", "--new", "new.toml", "--data", "images", "--family", "resnet18"]);
    assert_eq!(code(&made), 0, "{}", said(&made));
    assert!(String::from_utf8_lossy(&made.stdout).contains("new.toml tells dark, light apart"));
    let config = Config::read(&path.join("new.toml")).unwrap();
    assert_eq!((config.epochs(), config.data.test, config.labels.len()), (20, 0.2, 2));
    let twice = pellucid(path, &["train", "--new", "new.toml", "--data", "images"]);
    assert!(code(&twice) == 2 && said(&twice).contains("is there already"), "{}", said(&twice));
    // The record of a run keeps what the extended one says, and not where it lies.
    fs::create_dir_all(path.join("bases")).unwrap();
    fs::write(path.join("bases/base.toml"), fs::read_to_string(path.join("c.toml")).unwrap()).unwrap();
    fs::write(path.join("own.toml"), "extends = \"bases/base.toml\"\nseed = 11\n[[phase]]\nepochs = 1\n").unwrap();
    let trained = pellucid(path, &["train", "own.toml"]);
    assert_eq!(code(&trained), 0, "{}", said(&trained));
    let record = fs::read_to_string(path.join("runs/own/config.toml")).unwrap();
    assert!(!record.contains("extends") && record.contains("learning_rate = 0.01"), "{record}");
    let again = Config::read_for(&path.join("runs/own/config.toml"), path).unwrap();
    assert_eq!((again.seed, again.epochs(), again.optimization.batch), (11, 1, 4));
    let lines = fs::read_to_string(path.join("runs/own/log.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 1);
    assert!(path.join("runs/own/events.out.tfevents.0.pellucid").is_file());
}

#[test]
fn a_rate_is_suggested_and_settings_are_searched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    patterns(path);
    let rate = pellucid(path, &["train", "c.toml", "--find-rate"]);
    assert_eq!(code(&rate), 0, "{}", said(&rate));
    let words = String::from_utf8_lossy(&rate.stdout).into_owned();
    assert!(words.contains("The loss falls fastest at a learning rate of"), "{words}");
    let table = fs::read_to_string(path.join("runs/c/rate/rates.csv")).unwrap();
    assert!(table.lines().count() > 20 && path.join("runs/c/rate/rates.svg").is_file());
    assert!(!path.join("runs/c/model").exists() && !path.join("runs/c/checkpoint.safetensors").exists());
    let plan = "base = \"c.toml\"\ntrials = 4\nmetric = \"loss\"\nrungs = [1, 3]\nkeep = 0.5\n[[range]]\nkey = \
                \"optimization.learning_rate\"\nlow = 1e-4\nhigh = 5e-2\nlog = true\n[[range]]\nkey = \
                \"optimization.batch\"\nvalues = [2, 4]\n";
    fs::write(path.join("search.toml"), plan).unwrap();
    let search = ["search", "search.toml", "--out", "found", "--json"];
    let output = pellucid(path, &search);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let table = lines(&output).pop().unwrap();
    let trials = table["trials"].as_array().unwrap();
    let of = |state: &str| trials.iter().filter(|t| t["state"] == state).count();
    assert_eq!((trials.len(), of("ended"), of("finished")), (4, 2, 2));
    let value = |t: &serde_json::Value| t["value"].as_f64().unwrap();
    let best = trials.iter().find(|t| t["trial"] == table["best"]).unwrap();
    assert!(trials.iter().filter(|t| t["state"] == "finished").all(|t| value(best) <= value(t)), "{table}");
    // Those that went no further were no better after the first epoch than those that did.
    let first = |t: &serde_json::Value| t["values"][0].as_f64().unwrap();
    let worst = trials.iter().filter(|t| t["state"] == "finished").map(first).fold(0.0, f64::max);
    assert!(trials.iter().filter(|t| t["state"] == "ended").all(|t| first(t) >= worst), "{table}");
    Config::read_for(&path.join("found/best.toml"), path).unwrap();
    // Again is refused, going on finds everything done.
    assert_eq!(code(&pellucid(path, &search)), 1);
    let more = pellucid(path, &[&search[..], &["--resume"]].concat());
    assert_eq!(lines(&more).pop().unwrap(), table, "{}", said(&more));
    assert!(!said(&more).contains("images to learn from"), "nothing is trained again: {}", said(&more));
}
