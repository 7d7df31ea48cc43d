//! Layers whose maps have one place: none is drawn, and it is said why, wherever maps are made.

use std::path::{Path, PathBuf};

use pellucid::cancel::CancelToken;
use pellucid::engine::AnalysisOptions;
use pellucid::engine::analysis::analyze;
use pellucid::engine::explanation::explain_with;
use pellucid::engine::map_request::MapRequest;
use pellucid::engine::pass::Known;
use pellucid::explain::{Method, MethodSettings, Subject};
use pellucid::model::{Model, registry};
use pellucid::study::open_image;

use crate::cli::{code, lines, pellucid, said};
use crate::toy;

const NAMED: &str =
    "Maps are taken from the layer “features.15”: those of “avgpool”, which the model names, have one place";

/// A custom network on 64 × 64 pixels, whose manifest names the average, which is 1 × 1.
fn model(folder: &Path) -> PathBuf {
    toy::model_with(folder, &|manifest| {
        manifest.replace("target_layer = \"stage2\"", "target_layer = \"avgpool\"").replace(
            "family = \"compact-resnet\", widths = [4, 4, 8], blocks = [1, 1], strides = [1, 2]",
            "family = \"custom-cnn\", widths = [4, 6, 8, 10], hidden = [8]",
        )
    })
}

fn picture(folder: &Path) -> PathBuf {
    let path = folder.join("film.png");
    image::GrayImage::from_fn(96, 80, |x, y| image::Luma([((x * 7 + y * 3) % 251) as u8])).save(&path).unwrap();
    path
}

fn loaded(folder: &Path) -> Model {
    registry::load(&model(folder).to_string_lossy(), &candle_core::Device::Cpu).unwrap()
}

#[test]
fn a_manifest_that_names_one_gets_the_default_and_every_result_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let model = loaded(folder.path());
    assert_eq!(model.manifest.target_layer, "features.15");
    let frame = open_image(&picture(folder.path())).unwrap();
    let options = AnalysisOptions { samples: 0, ..AnalysisOptions::default() };
    let analysis = analyze(&model, &frame, &options, &CancelToken::default(), &mut |_| {}).unwrap();
    assert!(analysis.warnings.iter().any(|w| w.starts_with(NAMED)), "{:?}", analysis.warnings);
    for map in &analysis.attributions {
        assert_eq!((map.layer.as_str(), map.raw.width, map.raw.height), ("features.15", 4, 4));
    }
}

#[test]
fn a_map_stability_and_trust_are_refused_there_and_maps_of_the_pixels_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let model = loaded(folder.path());
    let frame = open_image(&picture(folder.path())).unwrap();
    let ask = |method: Method, spread: usize, trust: bool| {
        let wish = MapRequest {
            methods: vec![method],
            layers: vec!["avgpool".into()],
            subjects: vec![Subject::class(0)],
            settings: MethodSettings::default(),
            stability_samples: spread,
            faithfulness: trust,
        };
        let mut told = 0;
        let done =
            explain_with(&model, &frame, &mut Known::default(), &wish, &CancelToken::default(), &mut |_| told += 1);
        (done.map_err(|e| e.to_string()), told)
    };
    for (method, spread, trust) in [
        (Method::GradCam, 0, false),
        (Method::EigenCam, 0, false),
        (Method::ScoreCam, 0, false),
        (Method::AblationCam, 0, false),
        (Method::GuidedGradCam, 0, false),
        (Method::GradCam, 4, false),
        (Method::GradCam, 0, true),
    ] {
        let (done, told) = ask(method, spread, trust);
        let reason = done.unwrap_err();
        assert!(reason.contains("The maps of the layer \"avgpool\" are 1 × 1, which cannot say where"), "{reason}");
        assert_eq!(told, 0);
    }
    assert_eq!(ask(Method::Saliency, 0, false).0, Ok(()));
}

#[test]
fn the_command_line_takes_the_default_and_refuses_such_a_layer_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let model = model(folder.path()).display().to_string();
    picture(folder.path());
    let shown = pellucid(folder.path(), &["models", "show", &model]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains(NAMED), "{shown:?}");
    let done = pellucid(folder.path(), &["explain", "film.png", "--model", &model, "--json", "--force"]);
    assert_eq!(code(&done), 0, "{}", said(&done));
    let found = lines(&done).remove(0);
    assert!(found["warnings"].as_array().unwrap().iter().any(|w| w.as_str().unwrap().starts_with(NAMED)), "{found}");
    for command in [["explain", "film.png"], ["faithfulness", "."]] {
        let refused = pellucid(folder.path(), &[&command[..], &["--model", &model, "--layer", "avgpool"]].concat());
        assert_eq!(code(&refused), 2);
        assert!(
            said(&refused).contains("maps of the layer \"avgpool\" of toy are 1 × 1, which cannot say where"),
            "{}",
            said(&refused)
        );
        assert!(said(&refused).contains("features.15"), "{}", said(&refused));
    }
}
