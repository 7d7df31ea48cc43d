//! Training of findings that need not exclude each other, and of every loss, optimizer and
//! schedule.

use pellucid::model::manifest::Head;
use pellucid::model::registry;
use pellucid::training::data::dataset::Dataset;
use pellucid::training::data::pixels::Pixels;
use pellucid::training::run::control::Control;
use pellucid::training::run::options::RunOptions;
use pellucid::training::run::trainer;
use pellucid::training::run::trainer::Outcome;

use super::toy_training::{config, images, options, train};

/// The pictures with two findings each: which side is bright, and whether the picture is loud.
/// Every ninth is unknown.
fn findings() -> Dataset {
    let mut dataset = images();
    for (i, sample) in dataset.samples.iter_mut().enumerate() {
        let right = sample.truth[1];
        let loud = i / 4 % 2 == 1;
        if loud {
            let striped = |(p, grey): (usize, &f32)| if p / 32 % 8 < 4 { 20 } else { *grey as u8 };
            let greys: Vec<u8> = sample.pixels.values().iter().enumerate().map(striped).collect();
            sample.pixels = Pixels::of_greys(32, &greys);
        }
        sample.truth = vec![right, f32::from(u8::from(loud))];
        if i % 9 == 8 {
            sample.truth[i % 2] = f32::NAN;
        }
    }
    dataset
}

fn sigmoid(text: &str) -> String {
    text.replace("head = \"softmax\"", "head = \"sigmoid\"")
        .replace("name = \"Left\"", "name = \"Bright on the right\"")
        .replace("name = \"Right\"", "name = \"Striped\"")
        .replace("label = \"Right\"", "label = \"Striped\"")
        .replace("name = \"Rightish\"", "name = \"Anything\"")
        .replace("members = [\"Right\"]", "members = [\"Bright on the right\", \"Striped\"]")
        .replace("mixup = 0.3", "mixup = 0.1")
        .replace("epochs = 4", "epochs = 8")
}

fn area(outcome: &Outcome, target: &str) -> f32 {
    let found = outcome.manifest.metrics.iter().find(|m| m.target == target && m.name == "auroc");
    found.unwrap_or_else(|| panic!("{target} has no AUROC")).value
}

#[test]
fn findings_are_learnt_side_by_side_and_what_is_unknown_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &|c| sigmoid(&c)).unwrap();
    let options = options(folder.path());
    let outcome = trainer::run(&config, &options, &findings(), &|_| (), &Control::default()).unwrap();
    assert!(area(&outcome, "Bright on the right") > 0.9, "{:?}", outcome.manifest.metrics);
    assert!(area(&outcome, "Striped") > 0.9, "{:?}", outcome.manifest.metrics);
    let figures: Vec<&str> =
        outcome.manifest.metrics.iter().filter(|m| m.target == "Striped").map(|m| m.name.as_str()).collect();
    assert_eq!(figures, ["auroc", "accuracy", "sensitivity", "specificity"]);
    // Areas without a wrong pair have a mean, but no interval by resampling, and are not stated
    // without one.
    let overall: Vec<&str> = outcome.overall.iter().map(|m| m.name).collect();
    assert!(overall == ["accuracy", "auroc"] || overall == ["accuracy"], "{overall:?}");
    let model = registry::load(&options.model.to_string_lossy(), &options.device).unwrap();
    assert_eq!(model.manifest.head, Head::Sigmoid);
}

#[test]
fn one_finding_alone_can_be_trained() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &|c| {
        let (before, _) = c.split_once("[[labels]]").unwrap();
        let before = before.replace("head = \"softmax\"", "head = \"sigmoid\"").replace("[[data.label_rule]]", "");
        let before = before.replace("contains = \"_r\"\nlabel = \"Right\"", "").replace("epochs = 4", "epochs = 8");
        format!("{before}[[labels]]\nname = \"Right\"\n[provenance]\ndata = \"d\"\npopulation = \"p\"\n")
    })
    .unwrap();
    let mut dataset = images();
    for sample in &mut dataset.samples {
        sample.truth.remove(0);
    }
    let outcome = trainer::run(&config, &options(folder.path()), &dataset, &|_| (), &Control::default()).unwrap();
    assert!(area(&outcome, "Right") > 0.9);
}

#[test]
fn every_loss_optimizer_and_schedule_learns_and_resumes_to_the_bit() {
    for settings in [
        "optimizer = \"sgd\"\nnesterov = true\nlearning_rate = 0.05\nschedule = \"plateau\"\nplateau_patience = 1\nfactor = 0.5",
        "optimizer = \"adam\"\nlearning_rate = 0.01\nschedule = \"step\"\nstep_epochs = 2\nfactor = 0.5\naverage_decay = 0.8",
        "optimizer = \"adamw\"\nlearning_rate = 0.02\nschedule = \"constant\"\nloss = \"focal\"\nfocal_gamma = 2.0",
        "optimizer = \"adamw\"\nlearning_rate = 0.02\nschedule = \"one-cycle\"\nclass_weights = \"inverse-root\"",
    ] {
        let change = |c: String| {
            let (before, rest) = c.split_once("[optimization]").unwrap();
            let (_, after) = rest.split_once("[augment]").unwrap();
            format!(
                "{before}[optimization]\nbatch = 8\nwarmup_epochs = 1.0\nnorm_batches = 2\n{settings}\n[augment]{after}"
            )
        };
        let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let config = config(whole.path(), &change).unwrap();
        let straight = train(&config, &options(whole.path())).unwrap();
        assert!(area(&straight, "Rightish") > 0.9, "{settings}: {:?}", straight.history);
        let first = RunOptions { max_steps: Some(15), ..options(parts.path()) };
        train(&config, &first).unwrap();
        let resumed = train(&config, &RunOptions { resume: true, ..options(parts.path()) }).unwrap();
        assert_eq!(resumed.manifest, straight.manifest, "{settings}");
    }
}
