//! Transformers and ConvNeXt from a configuration to a map: they train, their models are read
//! again, and the program explains them as any other, on inputs that are not square too.

use std::path::Path;

use pellucid::training::event::Event;
use pellucid::training::run::control::Control;
use pellucid::training::run::trainer;

use crate::cli::{code, lines, npy, pellucid, said};
use crate::toy;
use crate::toy_training::{NETWORK, config, images, options};

/// Networks of a few thousand weights that cut an input of 32² into places of 4², or more.
const NETWORKS: [(&str, &str); 3] = [
    (
        "vit-s-16",
        "widths = [24]\nblocks = [2]\nheads = [3]\npatch = 4\nimage = 32\nexpansion = 2\nstochastic_depth = 0.1\n",
    ),
    ("swin-t", "widths = [12, 24]\nblocks = [2, 2]\nheads = [2, 4]\npatch = 4\nwindow = 8\nexpansion = 2\n"),
    ("convnext-tiny", "widths = [16, 32]\nblocks = [1, 1]\nlayer_scale = 0.1\n"),
];

/// The toy training with another network.
fn of(family: &str, settings: &str) -> impl Fn(String) -> String {
    let input = NETWORK.find("[input]").unwrap();
    let network = format!("\n[architecture]\nfamily = \"{family}\"\n{settings}dropout = 0.1\n\n{}", &NETWORK[input..]);
    move |text: String| {
        let text = text.replace(NETWORK, &network).replace("target_layer = \"stage2\"\n", "");
        text.replace("learning_rate = 0.02", "learning_rate = 0.005").replace("epochs = 4", "epochs = 8")
    }
}

#[test]
fn a_transformer_learns_and_its_model_is_read_again_with_maps_and_samples() {
    for (family, settings) in NETWORKS {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &of(family, settings)).unwrap();
        let previews = std::sync::Mutex::new(0);
        let hear = |event| {
            if let Event::Samples { samples, .. } = event {
                *previews.lock().unwrap() += samples.iter().filter(|sample| sample.heat_map.is_some()).count();
            }
        };
        let outcome = trainer::run(&config, &options(folder.path()), &images(), &hear, &Control::default()).unwrap();
        let area = outcome.manifest.metrics.iter().find(|m| m.target == "Rightish" && m.name == "auroc").unwrap();
        assert!(area.value > 0.9, "{family}: {area:?}");
        assert!(previews.into_inner().unwrap() > 0, "{family}");

        toy::picture(&folder.path().join("a.png"), 1);
        let scored = pellucid(folder.path(), &["predict", "a.png", "--model", "model", "--samples", "20", "--json"]);
        assert_eq!(code(&scored), 0, "{family}: {}", said(&scored));
        let maps = ["explain", "a.png", "--model", "model", "--samples", "0", "--raw", "m.npy", "--stability", "8"];
        let made = pellucid(folder.path(), &maps);
        assert_eq!(code(&made), 0, "{family}: {}", said(&made));
        let (_, values) = npy(&folder.path().join("m.npy"));
        assert!(values.iter().any(|v| *v != 0.0), "{family}");
    }
}

#[test]
fn a_size_that_is_not_made_of_patches_is_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (family, settings) = NETWORKS[0];
    let odd = |text: String| of(family, settings)(text).replace("size = 24", "size = 30");
    let error = config(folder.path(), &odd).unwrap_err().to_string();
    assert!(error.contains("patches of 4 × 4, which do not fill 30 × 30"), "{error}");
}

/// A model of random weights in `folder`/toy, for inputs of 96 × 64.
fn wide(folder: &Path, family: &str, settings: &str) {
    toy::picture(&folder.join("a.png"), 1);
    toy::model_with(folder, &|manifest| {
        let shape = settings.trim().replace('\n', ", ").replace("image = 32", "image = 64");
        let shape = format!("architecture = {{ family = \"{family}\", {shape}, dropout = 0.1 }}");
        let layer = match family {
            "vit-s-16" => "encoder.layers.encoder_layer_1.ln_1",
            "swin-t" => "norm",
            _ => "features.3",
        };
        let line = |line: &str| match line {
            line if line.starts_with("architecture") => shape.clone(),
            line if line.starts_with("target_layer") => format!("target_layer = \"{layer}\""),
            line => line.replace("width = 64", "width = 96"),
        };
        manifest.lines().map(line).collect::<Vec<_>>().join("\n")
    });
}

#[test]
fn maps_of_an_input_that_is_not_square_have_its_shape() {
    for ((family, settings), places) in NETWORKS.into_iter().zip(["16, 24", "8, 12", "8, 12"]) {
        let folder = tempfile::tempdir().unwrap();
        wide(folder.path(), family, settings);
        for method in ["grad-cam", "layer-cam", "eigen-cam", "ablation-cam", "score-cam", "attention-relevance"] {
            let fixed = ["explain", "a.png", "--model", "toy", "--samples", "0", "--raw", "m.npy", "--method", method];
            let made = pellucid(folder.path(), &fixed);
            if method == "attention-relevance" && family != "vit-s-16" {
                assert_ne!(code(&made), 0, "{family}");
                assert!(said(&made).contains("class token"), "{family}: {}", said(&made));
                continue;
            }
            assert_eq!(code(&made), 0, "{family} {method}: {}", said(&made));
            let (shape, values) = npy(&folder.path().join("m.npy"));
            assert_eq!(shape, format!("3, {places}"), "{family} {method}");
            assert!(values.iter().any(|v| *v != 0.0), "{family} {method}");
        }
    }
}

#[test]
fn attention_takes_part_in_faithfulness_and_in_the_randomisation_check() {
    let folder = tempfile::tempdir().unwrap();
    let (family, settings) = NETWORKS[0];
    wide(folder.path(), family, settings);
    let asked = ["faithfulness", "a.png", "--model", "toy", "--sanity", "1", "--json"];
    let output =
        pellucid(folder.path(), &[&asked[..], &["--method", "attention-rollout,attention-relevance"]].concat());
    assert_eq!(code(&output), 0, "{}", said(&output));
    let figures = lines(&output).remove(0);
    let methods = figures["methods"].as_array().unwrap();
    assert_eq!(methods.len(), 2);
    for method in methods {
        let checks = &method["randomization"];
        let made = ["passes", "fails", "undecided"].map(|k| checks[k].as_u64().unwrap()).iter().sum::<u64>();
        assert_eq!(made, 1, "{method}");
        assert!(method["measures"]["deletion"]["map"]["mean"].as_f64().unwrap().is_finite(), "{method}");
    }
}
