//! `pellucid explain` by every method, of classes, groups and differences, and what it says when it
//! cannot.

use std::path::Path;

use pellucid::explain::Method;
use serde_json::Value;

use crate::cli::{code, lines, npy, pellucid, said};
use crate::toy;

/// A folder with the toy model, a picture and a background set made of two other pictures.
fn bench() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    toy::picture(&folder.path().join("a.png"), 1);
    toy::picture(&folder.path().join("others/b.png"), 2);
    toy::picture(&folder.path().join("others/c.png"), 3);
    let made = pellucid(folder.path(), &["models", "background", "toy", "others"]);
    assert_eq!(code(&made), 0, "{}", said(&made));
    folder
}

fn explain(folder: &Path, more: &[&str]) -> Value {
    let fixed = ["explain", "a.png", "--model", "toy", "--samples", "0", "--json"];
    let output = pellucid(folder, &[&fixed, more].concat());
    assert_eq!(code(&output), 0, "{more:?}: {}", said(&output));
    lines(&output).remove(0)
}

#[test]
fn every_method_leaves_raw_maps_at_its_own_resolution() {
    let folder = bench();
    for method in Method::ALL.into_iter().filter(|method| !method.needs_class_attention()) {
        let key = method.key();
        let few = ["--method", key, "--evaluations", "24", "--superpixels", "6", "--raw", "m.npy", "--png", "m.png"];
        let line = explain(folder.path(), &few);
        let (found, values) = npy(&folder.path().join("m.npy"));
        let shape = if method.is_cam() { "3, 8, 8" } else { "3, 64, 64" };
        assert_eq!(found, shape, "{key}");
        assert!(values.iter().all(|v| v.is_finite()) && values.iter().any(|v| *v != 0.0), "{key}");
        let maps = line["maps"].as_array().unwrap();
        assert_eq!(maps.len(), 3, "{key}");
        for map in maps {
            assert_eq!((&map["method"], &map["layer"]), (&key.into(), &method.place("stage2").into()));
            assert_eq!(map["seed"].is_null(), !method.is_random(), "{key}");
            assert_eq!(map["evaluations"].as_u64().unwrap() == 0, method.is_instant(), "{key}");
        }
        assert!(folder.path().join("m.png").is_file(), "{key}");
    }
}

#[test]
fn what_should_add_up_says_what_is_missing() {
    let folder = bench();
    for (method, most) in [("kernel-shap", 1e-6), ("integrated-gradients", 0.05), ("deep-shap", 0.02)] {
        let line = explain(folder.path(), &["--method", method, "--superpixels", "6", "--evaluations", "60"]);
        for map in line["maps"].as_array().unwrap() {
            let sum = &map["additivity"];
            let of = |key: &str| sum[key].as_f64().unwrap_or_else(|| panic!("{method} has no {key}"));
            assert!((of("expected") - of("found") - of("residual")).abs() < 1e-9);
            assert!(of("residual").abs() <= most * of("expected").abs().max(1.0), "{method}: {sum}");
        }
    }
    let text =
        pellucid(folder.path(), &["explain", "a.png", "--model", "toy", "--method", "deep-shap", "--samples", "0"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("Adds up to") && text.contains("residual"), "{text}");
    let plain = explain(folder.path(), &["--method", "saliency"]);
    assert!(plain["maps"][0]["additivity"].is_null());
}

#[test]
fn a_map_can_be_of_a_group_and_of_a_difference() {
    let folder = bench();
    let group = explain(folder.path(), &["--class", "pneumonia", "--raw", "group.npy"]);
    assert_eq!(group["maps"][0]["label"], "Pneumonia");
    let apart = ["--class", "bacteria", "--versus", "viral pneumonia", "--raw", "apart.npy"];
    let line = explain(folder.path(), &apart);
    assert_eq!(line["maps"][0]["label"], "Bacterial pneumonia − Viral pneumonia");
    // Grad-CAM is linear in the score.
    explain(folder.path(), &["--raw", "all.npy"]);
    let (all, apart) = (npy(&folder.path().join("all.npy")).1, npy(&folder.path().join("apart.npy")).1);
    for (i, value) in apart.iter().enumerate() {
        assert!((value - (all[64 + i] - all[128 + i])).abs() < 1e-5);
    }
    let itself = ["explain", "a.png", "--model", "toy", "--class", "Normal", "--versus", "normal"];
    let output = pellucid(folder.path(), &itself);
    assert_eq!(code(&output), 2, "{}", said(&output));
}

#[test]
fn the_stability_of_a_map_is_told_where_there_is_a_dropout() {
    let folder = bench();
    let line = explain(folder.path(), &["--stability", "30"]);
    let stability = &line["maps"][0]["stability"];
    assert_eq!(stability["samples"], 30);
    assert!(stability["largest_sd"].as_f64().unwrap() > 0.0);
    assert_eq!(line, explain(folder.path(), &["--stability", "30"]).with_timing_of(&line));
    let output = pellucid(
        folder.path(),
        &["explain", "a.png", "--model", "toy", "--method", "occlusion", "--stability", "5", "--samples", "0"],
    );
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("class activation map"), "{}", said(&output));
}

/// Wall-clock times differ from run to run.
trait WithTimingOf {
    fn with_timing_of(self, other: &Value) -> Value;
}

impl WithTimingOf for Value {
    fn with_timing_of(mut self, other: &Value) -> Value {
        self["timing_ms"] = other["timing_ms"].clone();
        self
    }
}

#[test]
fn what_cannot_be_explained_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    toy::model(folder);
    toy::picture(&folder.join("a.png"), 1);
    let failed = |more: &[&str]| {
        let output = pellucid(folder, &[&["explain", "a.png", "--model", "toy", "--samples", "0"], more].concat());
        (code(&output), said(&output))
    };
    let (number, words) = failed(&["--method", "deep-shap"]);
    assert!(number == 1 && words.contains("background set") && words.contains("models background"), "{words}");
    let (number, words) = failed(&["--method", "grad_cam"]);
    assert!(number == 2 && words.contains("grad-cam++"), "{words}");
    let (number, words) = failed(&["--versus", "cat"]);
    assert!(number == 2 && words.contains("Bacterial pneumonia") && words.contains("Pneumonia"), "{words}");
    std::fs::write(folder.join("no.zip"), b"no archive").unwrap();
    let (number, words) = failed(&["--method", "deep-shap", "--background", "no.zip"]);
    assert!(number == 1 && words.contains("no.zip"), "{words}");
}

#[test]
fn a_background_set_of_another_size_is_refused_with_both_sizes() {
    let folder = bench();
    let path = folder.path();
    std::fs::rename(path.join("toy/background.zip"), path.join("large.zip")).unwrap();
    let smaller = |manifest: String| manifest.replace("width = 64, height = 64", "width = 32, height = 32");
    toy::model_with(path, &smaller);
    let arguments = ["explain", "a.png", "--model", "toy", "--method", "deep-shap", "--background", "large.zip"];
    let output = pellucid(path, &arguments);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("64 × 64") && said(&output).contains("32 × 32"), "{}", said(&output));
}

#[test]
fn a_background_set_of_groups_holds_no_single_image() {
    let folder = bench();
    let groups = |count: &str| {
        pellucid(folder.path(), &["models", "background", "toy", "others", "--groups", count, "--out", "g.zip"])
    };
    let few = groups("1");
    assert_eq!(code(&few), 1);
    assert!(said(&few).contains("10 images or more") && !folder.path().join("g.zip").exists(), "{}", said(&few));
    (4..16).for_each(|seed| toy::picture(&folder.path().join(format!("others/{seed}.png")), seed));
    let output = groups("1");
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("means of 1 groups of 14 images"));
    let line = explain(folder.path(), &["--method", "gradient-shap", "--background", "g.zip", "--evaluations", "4"]);
    assert_eq!(line["maps"][0]["method"], "gradient-shap");
    let built_in = pellucid(folder.path(), &["models", "background", "chest-xray", "others"]);
    assert_eq!(code(&built_in), 2);
    assert!(said(&built_in).contains("--out"), "{}", said(&built_in));
}

#[test]
fn a_constant_image_has_maps_without_evidence_and_no_error() {
    let folder = bench();
    image::GrayImage::from_pixel(80, 80, image::Luma([90])).save(folder.path().join("a.png")).unwrap();
    for method in Method::ALL.into_iter().filter(|method| !method.needs_class_attention()) {
        let line = explain(folder.path(), &["--method", method.key(), "--evaluations", "16", "--superpixels", "4"]);
        for map in line["maps"].as_array().unwrap() {
            assert!(map["maximum"].as_f64().unwrap().is_finite(), "{}", method.key());
        }
    }
}
