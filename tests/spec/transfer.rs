//! Starting from another model: frozen backbones with kept features, the last stages alone, gradual
//! unfreezing.

use std::path::Path;
use std::sync::Mutex;

use pellucid::training::Result;
use pellucid::training::config::Config;
use pellucid::training::event::Event;
use pellucid::training::run::control::Control;
use pellucid::training::run::options::RunOptions;
use pellucid::training::run::trainer;
use pellucid::training::run::trainer::Outcome;

use super::foreign_names;
use super::toy_training::{config, images, options, train};

/// A folder with a trained model in `start/model`.
fn started() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let start = folder.path().join("start");
    std::fs::create_dir(&start).unwrap();
    train(&config(&start, &|c| c).unwrap(), &options(&start)).unwrap();
    folder
}

/// The same network with other settings, to start from that model; without mix-up, which does not
/// go with features.
fn continued(folder: &Path, settings: &str) -> Result<Config> {
    config(folder, &|c| c.replace("mixup = 0.3", "mixup = 0.0").replace("[augment]", &format!("{settings}\n[augment]")))
}

fn tensors(folder: &Path) -> std::collections::HashMap<String, Vec<f32>> {
    let loaded = candle_core::safetensors::load(folder.join("weights.safetensors"), &candle_core::Device::Cpu).unwrap();
    loaded.into_iter().map(|(k, v)| (k, v.flatten_all().unwrap().to_vec1().unwrap())).collect()
}

/// Names of the stages whose weights differ between two models.
fn changed(a: &Path, b: &Path) -> Vec<String> {
    let (a, b) = (tensors(a), tensors(b));
    let mut stages: Vec<String> = a
        .iter()
        .filter(|(name, values)| b[*name] != **values)
        .map(|(name, _)| name.split('.').next().unwrap().to_owned())
        .collect();
    stages.sort();
    stages.dedup();
    stages
}

fn area(outcome: &Outcome) -> f32 {
    outcome.manifest.metrics.iter().find(|m| m.target == "Right" && m.name == "auroc").unwrap().value
}

#[test]
fn a_frozen_backbone_keeps_its_features_and_trains_the_head_alone() {
    let folder = started();
    let settings = "[transfer]\nstart_from = \"start/model\"\nfreeze = \"backbone\"\n";
    let config = continued(folder.path(), settings).unwrap();
    let computed = Mutex::new(0);
    let watch = |event| {
        if let Event::Features { .. } = event {
            *computed.lock().unwrap() += 1;
        }
    };
    let options = options(folder.path());
    let outcome = trainer::run(&config, &options, &images(), &watch, &Control::default()).unwrap();
    assert!(*computed.lock().unwrap() > 0);
    assert!(area(&outcome) > 0.9);
    assert_eq!(changed(&folder.path().join("start/model"), &options.model), ["head"]);
    assert!(options.out.join("features.safetensors").is_file());

    // The last phase's features are those kept: of an image size that comes again, none are
    // computed anew.
    let again = |c: String| c.replace("[[phase]]\nepochs = 2\nsize = 24\n", "");
    let config = super::toy_training::config(folder.path(), &|c| {
        again(c.replace("mixup = 0.3", "mixup = 0.0").replace("[augment]", &format!("{settings}\n[augment]")))
    })
    .unwrap();
    *computed.lock().unwrap() = 0;
    trainer::run(&config, &options, &images(), &watch, &Control::default()).unwrap();
    assert_eq!(*computed.lock().unwrap(), 0);
}

#[test]
fn the_last_stages_train_alone() {
    let folder = started();
    let config = continued(
        folder.path(),
        "[transfer]\nstart_from = \"start/model\"\ntrain_from = \"stage2\"\nstage_decay = 0.5\n",
    )
    .unwrap();
    let options = options(folder.path());
    train(&config, &options).unwrap();
    assert_eq!(changed(&folder.path().join("start/model"), &options.model), ["head", "stage2"]);
}

#[test]
fn stages_are_unfrozen_epoch_by_epoch_and_a_resumed_run_repeats_it() {
    let folder = started();
    let settings = "[transfer]\nstart_from = \"start/model\"\nfreeze = \"backbone\"\nvariants = 2\n\
                    [balance]\nsmote = \"features\"\n\
                    [[unfreeze]]\nepoch = 2\nstage = \"stage2\"\nlearning_rate = 0.002\n\
                    [[unfreeze]]\nepoch = 4\nstage = \"stage1\"\n";
    let config = continued(folder.path(), settings).unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let at = |base: &Path| RunOptions { out: base.join("run"), model: base.join("model"), ..options(folder.path()) };
    let straight = train(&config, &at(&whole)).unwrap();
    assert_eq!(changed(&folder.path().join("start/model"), &whole.join("model")), ["head", "stage1", "stage2"]);
    for epochs in [1, 3] {
        let first = RunOptions { max_epochs: Some(epochs), resume: epochs > 1, ..at(&parts) };
        assert_eq!(train(&config, &first).unwrap().history.len(), epochs);
        let expected: &[&str] = if epochs == 1 { &["head"] } else { &["head", "stage2"] };
        assert_eq!(changed(&folder.path().join("start/model"), &parts.join("model")), expected);
    }
    let resumed = train(&config, &RunOptions { resume: true, ..at(&parts) }).unwrap();
    assert_eq!(resumed.manifest, straight.manifest);
}

#[test]
fn a_published_file_with_more_stages_gives_what_this_network_has_and_the_rest_is_named() {
    let folder = tempfile::tempdir().unwrap();
    foreign_names::write("EfficientNet-PyTorch efficientnet-lite0", &folder.path().join("published.safetensors"));
    let lite = "family = \"efficientnet-lite0\"\nwidths = [8, 8, 8, 16, 16]\nblocks = [1, 2, 2]\n";
    let config = config(folder.path(), &|c| {
        c.replace("family = \"compact-resnet\"\nwidths = [4, 4, 8]\nblocks = [1, 1]\nstrides = [1, 2]\n", lite)
            .replace("target_layer = \"stage2\"", "target_layer = \"features.3\"")
            .replace("channels = 1", "channels = 3")
            .replace("[augment]", "[transfer]\nstart_from = \"published.safetensors\"\n\n[augment]")
    })
    .unwrap();
    let said = Mutex::new(Vec::new());
    let watch = |event| {
        if let Event::Warning(sentence) = event {
            said.lock().unwrap().push(sentence);
        }
    };
    let options = RunOptions { max_epochs: Some(1), ..options(folder.path()) };
    trainer::run(&config, &options, &images(), &watch, &Control::default()).unwrap();
    let said = said.into_inner().unwrap().join("\n");
    assert!(said.contains("tensors start from published.safetensors"), "{said}");
    assert!(said.contains("left out are") && said.contains("_blocks.5") && said.contains("more modules"), "{said}");
    let even = super::toy_training::config(folder.path(), &|c| {
        c.replace("family = \"compact-resnet\"", "padding = \"even\"\nfamily = \"compact-resnet\"")
            .replace("family = \"compact-resnet\"\nwidths = [4, 4, 8]\nblocks = [1, 1]\nstrides = [1, 2]\n", lite)
            .replace("target_layer = \"stage2\"", "target_layer = \"features.3\"")
            .replace("[augment]", "[transfer]\nstart_from = \"published.safetensors\"\n\n[augment]")
    })
    .unwrap();
    let refused = train(&even, &options).unwrap_err().to_string();
    assert!(refused.contains("padding = \"same\""), "{refused}");
    assert!(said.contains("features.4.0") && said.contains("start anew"), "{said}");
}

#[test]
fn what_does_not_fit_is_said_in_sentences() {
    let folder = started();
    let said = |settings: &str| match continued(folder.path(), settings) {
        Ok(config) => train(&config, &options(folder.path())).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    for (settings, words) in [
        ("[transfer]\nstart_from = \"nowhere\"\n", "there is no file or folder"),
        ("[transfer]\nfreeze = \"backbone\"\n", "frozen stages need weights"),
        ("[transfer]\nstart_from = \"start/model\"\ntrain_from = \"layer9\"\n", "there is no stage \"layer9\""),
        ("[balance]\nsmote = \"features\"\n", "with a frozen backbone"),
        ("[[unfreeze]]\nepoch = 2\nstage = \"stage1\"\n", "nothing to unfreeze"),
    ] {
        let sentence = said(settings);
        assert!(sentence.contains(words), "{sentence}");
    }
    let other = config(folder.path(), &|c| {
        c.replace("widths = [4, 4, 8]", "widths = [5, 6, 7]")
            .replace("[augment]", "[transfer]\nstart_from = \"start/model\"\n[augment]")
    })
    .unwrap();
    let sentence = train(&other, &options(folder.path())).unwrap_err().to_string();
    assert!(sentence.contains("cannot start from") || sentence.contains("none of its tensors"), "{sentence}");
}
