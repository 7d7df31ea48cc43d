//! Published weights: files written by other programs become models that say what their makers'
//! networks say.
//!
//! The files and numbers were written by `tests/golden/import.py`.

use std::collections::HashMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use candle_core::{Device, Tensor};
use pellucid::imaging::Plane;
use pellucid::model::import::draft::{Draft, Request, draft};
use pellucid::model::import::fit::{fit, fit_to};
use pellucid::model::import::preset::Preset;
use pellucid::model::import::{Foreign, ImportError, format, install, keras_names};
use pellucid::model::manifest::{Head, Input, Resize};
use pellucid::model::preprocess::{channels, to_input};
use pellucid::model::{Model, registry};
use pellucid::network::architecture::{Architecture, Family};
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;
use tempfile::TempDir;

use crate::toy;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn expected(name: &str) -> Vec<f32> {
    let all: Value = serde_json::from_slice(&fs::read(golden().join("import.json")).unwrap()).unwrap();
    let at = name.split('/').fold(&all, |value, key| &value[key]);
    at.as_array().expect("a list").iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

fn bytes(name: &str) -> Vec<u8> {
    let file = fs::File::open(golden().join(format!("import/{name}.gz"))).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    bytes
}

fn read_bytes(bytes: &[u8]) -> Result<Foreign, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights");
    fs::write(&path, bytes).unwrap();
    format::read(&path)
}

fn read(name: &str) -> Foreign {
    read_bytes(&bytes(name)).unwrap()
}

fn request(family: Family, preset: Preset, labels: &[&str]) -> Request {
    Request {
        file: "weights.pth".into(),
        family,
        convention: None,
        labels: Some(labels.iter().map(|l| (*l).to_owned()).collect()),
        head: Head::Sigmoid,
        preset,
        name: "published".into(),
        dropout: None,
        size: None,
        resize: None,
        mean: Vec::new(),
        sd: Vec::new(),
        licence: None,
        description: None,
        published: None,
        ignore_unexpected: false,
        replace: false,
        prepared: None,
    }
}

/// The installed model of a golden file of narrow architecture.
fn installed(file: &str, architecture: Architecture, request: &Request) -> (TempDir, Model) {
    let models = tempfile::tempdir().unwrap();
    let foreign = read(file);
    let fit = fit_to(&foreign, architecture).unwrap();
    fit.accept(&foreign, false).unwrap();
    let folder = install::install(draft(request, &foreign, fit).unwrap(), models.path(), false).unwrap();
    let model = registry::load(folder.to_str().unwrap(), &Device::Cpu).unwrap();
    (models, model)
}

fn narrow_densenet() -> Architecture {
    Architecture {
        widths: vec![8],
        blocks: vec![2, 2, 2, 2],
        growth: Some(4),
        ..Architecture::new(Family::Densenet121)
    }
}

fn narrow_keras_vgg() -> Architecture {
    let published = keras_names::architecture(Family::Vgg16).unwrap();
    Architecture { widths: vec![4, 4, 6, 6, 8], hidden: Some(vec![10, 10]), grid: Some(2), ..published }
}

/// `x[c, i, j] = sin(0.1 (i + 1)(c + 1)) cos(0.07 (j + 1))`
fn pattern(channels: usize, side: usize) -> Tensor {
    let value = |at: usize| {
        let (c, i, j) = (at / (side * side), at / side % side, at % side);
        ((0.1 * ((i + 1) * (c + 1)) as f64).sin() * (0.07 * (j + 1) as f64).cos()) as f32
    };
    Tensor::from_vec((0..channels * side * side).map(value).collect(), (1, channels, side, side), &Device::Cpu).unwrap()
}

fn logits(model: &Model, x: &Tensor) -> Vec<f32> {
    model.logits(x).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    let top = expected.iter().fold(0f32, |top, e| top.max(e.abs()));
    let apart = found.iter().zip(expected).map(|(f, e)| (f - e).abs()).fold(0f32, f32::max);
    assert!(apart <= 1e-4 * top, "{found:?} is not {expected:?}");
}

#[test]
fn a_chexnet_checkpoint_says_what_its_network_says() {
    let request = request(Family::Densenet121, Preset::Chexnet, &["A", "B", "C"]);
    let (_models, model) = installed("chexnet.pth.tar", narrow_densenet(), &request);
    assert_eq!(model.manifest.input.channels, 3, "ImageNet's means differ, so three channels stay");
    close(&logits(&model, &pattern(3, 64)), &expected("chexnet"));
}

#[test]
fn a_whole_pickled_module_is_read_as_data() {
    let request = request(Family::Densenet121, Preset::Torchxrayvision, &["A", "B", "C", "D"]);
    let (_models, model) = installed("torchxrayvision.pt", narrow_densenet(), &request);
    let found = logits(&model, &pattern(1, 64));
    close(&found, &expected("torchxrayvision"));
    // Where the published program rescales to 0.5, the threshold moves: the decision is the same.
    for ((label, logit), rescaled) in
        model.manifest.labels.iter().zip(&found).zip(expected("torchxrayvision_normalized"))
    {
        let probability = 1.0 / (1.0 + (-logit).exp());
        assert!(rescaled == 0.5 || (probability >= label.threshold) == (rescaled >= 0.5), "{}", label.name);
    }
    let thresholds: Vec<f32> = model.manifest.labels.iter().map(|l| l.threshold).collect();
    assert_eq!(thresholds, [0.3, 0.5, 0.6, 0.5]);
}

#[test]
fn an_output_without_a_name_is_hidden_and_the_others_stay() {
    let request = request(Family::Densenet121, Preset::Torchxrayvision, &["A", "", "C", "D"]);
    let (_models, model) = installed("torchxrayvision.pt", narrow_densenet(), &request);
    let mut rest = expected("torchxrayvision");
    rest.remove(1);
    close(&logits(&model, &pattern(1, 64)), &rest);
    let softmax = Request { head: Head::Softmax, ..request };
    let foreign = read("torchxrayvision.pt");
    let refused = draft(&softmax, &foreign, fit_to(&foreign, narrow_densenet()).unwrap()).err().unwrap();
    assert!(refused.to_string().contains("softmax"), "{refused}");
}

#[test]
fn three_channels_that_see_the_same_become_one() {
    let request = request(Family::Densenet121, Preset::Torchxrayvision, &["A", "B", "C"]);
    let (_models, folded) = installed("chexnet.pth.tar", narrow_densenet(), &request);
    assert_eq!(folded.manifest.input.channels, 1);
    let imagenet = Request { preset: Preset::Imagenet, ..request };
    let (_models, whole) = installed("chexnet.pth.tar", narrow_densenet(), &imagenet);
    let grey = pattern(1, 64);
    let repeated = grey.expand((1, 3, 64, 64)).unwrap().contiguous().unwrap();
    close(&logits(&folded, &grey), &logits(&whole, &repeated));
}

#[test]
fn keras_files_of_both_generations_say_what_keras_says() {
    for file in ["vgg.keras", "vgg_keras2.h5"] {
        let request = request(Family::Vgg16, Preset::KerasCaffe, &["A", "B", "C"]);
        let (_models, model) = installed(file, narrow_keras_vgg(), &request);
        close(&logits(&model, &pattern(3, 64)), &expected("keras_vgg"));
        assert!(model.network.first_stochastic().is_none(), "Keras's VGG16 has no dropout");
    }
    let resnet = Architecture {
        widths: vec![64, 4, 4, 6, 6],
        blocks: vec![1, 1, 1, 1],
        ..keras_names::architecture(Family::Resnet50).unwrap()
    };
    let request = request(Family::Resnet50, Preset::KerasCaffe, &["A", "B", "C"]);
    let (_models, model) = installed("resnet.weights.h5", resnet, &request);
    close(&logits(&model, &pattern(3, 64)), &expected("keras_resnet"));
}

#[test]
fn every_kind_of_tensor_is_read() {
    for file in ["kinds.pth", "kinds_stream.pth"] {
        let foreign = read(file);
        assert_eq!(foreign.tensors.len(), 9, "{file}");
        let all: Vec<usize> = (0..foreign.tensors.len()).collect();
        for ((name, shape), tensor) in foreign.tensors.iter().zip(foreign.read(&all).unwrap()) {
            assert_eq!(tensor.dims(), shape.as_slice(), "{file}: {name}");
            let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
            assert_eq!(values, expected(&format!("kinds/{name}")), "{file}: {name}");
        }
    }
}

#[test]
fn a_pickle_with_code_in_it_is_refused_and_not_run() {
    for file in ["harm.pth", "harm_stream.pth"] {
        let error = read_bytes(&bytes(file)).unwrap_err();
        assert!(matches!(&error, ImportError::Code { called } if called == "posix.system"), "{error}");
        assert!(!Path::new("harm-was-done").exists());
    }
}

#[test]
fn damaged_files_end_with_a_sentence_and_never_a_panic() {
    for file in ["kinds.pth", "kinds_stream.pth", "chexnet.pth.tar", "vgg.keras", "vgg_keras2.h5", "torchxrayvision.pt"]
    {
        let whole = bytes(file);
        for seed in 0..120u64 {
            let mut chance = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
            let mut damaged = whole.clone();
            if seed % 3 == 0 {
                damaged.truncate(chance.random_range(0..whole.len()));
            } else {
                for _ in 0..chance.random_range(1..20) {
                    let near = if seed % 3 == 1 { damaged.len() } else { damaged.len().min(2000) };
                    let at = chance.random_range(0..near);
                    damaged[at] = if chance.random() { chance.random() } else { 0xff };
                }
            }
            let all = |foreign: &Foreign| (0..foreign.tensors.len()).collect::<Vec<_>>();
            if let Err(error) = read_bytes(&damaged).and_then(|foreign| foreign.read(&all(&foreign))) {
                assert!(error.to_string().len() > 10, "{file}, seed {seed}");
            }
        }
    }
}

#[test]
fn presets_show_a_value_as_the_published_programs_do() {
    for preset in [Preset::Imagenet, Preset::Torchxrayvision, Preset::KerasCaffe, Preset::KerasTorch] {
        let input = preset.input();
        let plane = Plane::filled(300, 200, 100.0);
        let values = channels(&to_input(&plane, &input, (0.0, 255.0)), &input);
        let first: Vec<f32> = values.into_iter().step_by(224 * 224).collect();
        close(&first, &expected(&format!("normalized_100/{}", preset.name())));
    }
}

#[test]
fn the_imagenet_crop_looks_where_torchvision_looks() {
    let plane = Plane { width: 300, height: 200, values: (0..60_000).map(|i| (i % 300) as f32).collect() };
    let plain = Input { mean: vec![0.0], sd: vec![1.0], channels: 1, ..Preset::Imagenet.input() };
    let seen = to_input(&plane, &plain, (0.0, 1.0));
    let row: Vec<f32> = [0, 1, 112, 223].iter().map(|&i| seen.values[i]).collect();
    close(&row, &expected("imagenet_crop_of_a_ramp"));
}

/// A file of the published shape with small values that tell the tensors apart.
fn published(family: Family, classes: usize, prefix: &str, path: &Path) {
    let tensors = Architecture::new(family).tensors(3, classes).unwrap();
    let made: HashMap<String, Tensor> = tensors
        .into_iter()
        .map(|(name, shape)| {
            let scale = if name.ends_with("running_var") { 1.0 } else { 0.01 };
            let values = (0..shape.iter().product()).map(|i: usize| scale * (1.0 + (i % 7) as f32 / 7.0)).collect();
            (format!("{prefix}{name}"), Tensor::from_vec(values, shape, &Device::Cpu).unwrap())
        })
        .collect();
    candle_core::safetensors::save(&made, path).unwrap();
}

#[test]
fn another_architecture_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    published(Family::EfficientnetB0, 3, "module.", &path);
    let foreign = format::read(&path).unwrap();
    let wrong = fit(&foreign, Family::Resnet18).unwrap();
    let sentence = wrong.accept(&foreign, false).unwrap_err().to_string();
    assert!(sentence.contains("does not fit resnet18") && sentence.contains("--arch efficientnet-b0"), "{sentence}");
    fit(&foreign, Family::EfficientnetB0).unwrap().accept(&foreign, false).unwrap();
}

#[test]
fn a_dropout_added_at_import_is_confessed() {
    let request = Request { dropout: Some(0.2), ..request(Family::Densenet121, Preset::Chexnet, &["A", "B", "C"]) };
    let foreign = read("chexnet.pth.tar");
    let Draft { manifest, card, .. } = draft(&request, &foreign, fit_to(&foreign, narrow_densenet()).unwrap()).unwrap();
    assert!(card.contains("not trained with it") && manifest.limits.iter().any(|l| l.contains("never trained with")));
    let (_models, model) = installed("chexnet.pth.tar", narrow_densenet(), &request);
    assert!(model.network.first_stochastic().is_some());
    let plain = Request { dropout: None, ..request };
    let (_models, model) = installed("chexnet.pth.tar", narrow_densenet(), &plain);
    assert!(model.network.first_stochastic().is_none());
    assert!(model.manifest.limits.iter().any(|l| l.contains("no dropout")));
}

fn pellucid(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pellucid"))
        .args(arguments)
        .current_dir(home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env_remove("RUST_LOG")
        .output()
        .expect("the binary was built")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_model_is_imported_used_verified_and_removed_from_the_command_line() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    published(Family::EfficientnetB0, 3, "model.", &home.join("w.safetensors"));
    toy::picture(&home.join("film.png"), 3);
    let import =
        "models import w.safetensors --arch efficientnet-b0 --preset imagenet --head sigmoid --name mine --labels A,,B";
    let import: Vec<&str> = import.split(' ').collect();
    let run = |arguments: &[&str]| pellucid(home, arguments);

    let output = run(&[import.as_slice(), &["--json"]].concat());
    assert!(output.status.success(), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["model"], "mine");
    assert_eq!(report["report"]["missing"].as_array().unwrap().len(), 0);
    assert_eq!(report["report"]["matched"][0]["from"], "model.features.0.0.weight");
    let folder = home.join("data/pellucid/models/mine");
    assert!(["manifest.toml", "weights.safetensors", "CARD.md"].iter().all(|file| folder.join(file).is_file()));
    assert_eq!(fs::read_dir(folder.parent().unwrap()).unwrap().count(), 1, "nothing is left beside the model");

    let again = run(&import);
    assert!(again.status.code() == Some(1) && said(&again).contains("--replace"), "{}", said(&again));
    assert!(run(&[import.as_slice(), &["--replace"]].concat()).status.success());

    let predicted = run(&["predict", "--model", "mine", "--json", "film.png"]);
    let scores: Value = serde_json::from_slice(&predicted.stdout).unwrap();
    let labels: Vec<&str> =
        scores["predictions"].as_array().unwrap().iter().map(|p| p["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["A", "B"], "the output without a name is shown nowhere");

    assert!(run(&["models", "verify", "mine"]).status.success());
    let mut weights = fs::read(folder.join("weights.safetensors")).unwrap();
    *weights.last_mut().unwrap() ^= 1;
    fs::write(folder.join("weights.safetensors"), weights).unwrap();
    let broken = run(&["models", "verify", "mine"]);
    assert!(broken.status.code() == Some(1) && said(&broken).contains("install the model again"), "{}", said(&broken));

    let asked = run(&["models", "remove", "mine"]);
    assert!(asked.status.code() == Some(2) && said(&asked).contains("--yes"), "{}", said(&asked));
    assert!(run(&["models", "remove", "mine", "--yes"]).status.success());
    assert!(!folder.exists());
    let kept = run(&["models", "remove", registry::DEFAULT, "--yes"]);
    assert!(kept.status.code() == Some(1) && said(&kept).contains("of the program itself"), "{}", said(&kept));
    let strange = run(&["models", "remove", "../film", "--yes"]);
    assert!(!strange.status.success() && home.join("film.png").exists());
}

#[test]
fn labels_that_do_not_fit_the_head_are_refused() {
    let request = request(Family::Densenet121, Preset::Chexnet, &["A", "B"]);
    let foreign = read("chexnet.pth.tar");
    let error = draft(&request, &foreign, fit_to(&foreign, narrow_densenet()).unwrap()).err().unwrap();
    assert_eq!(
        error.to_string(),
        "the file's head has 3 outputs, but 2 labels were given; name one label an output, an empty one to hide it"
    );
    let resized = Request {
        resize: Some(Resize::Letterbox),
        size: Some(96),
        ..self::request(Family::Densenet121, Preset::Imagenet, &["A", "B", "C"])
    };
    let made = draft(&resized, &foreign, fit_to(&foreign, narrow_densenet()).unwrap()).unwrap();
    assert_eq!(
        (made.manifest.input.width, made.manifest.input.resize, made.manifest.input.crop),
        (96, Resize::Letterbox, 1.0)
    );
}
