//! The command line as scripts meet it: the real binary, its output and exit codes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use pellucid::phantom;
use pellucid::phantom::PhantomRecipe;
use serde_json::Value;

use crate::toy;

/// Runs the real binary in a folder of its own.
pub(crate) fn pellucid(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pellucid"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .expect("the binary was built")
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("the program ended by itself")
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Standard output as JSON, an object a line, and nothing else.
pub(crate) fn lines(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).expect("JSON is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// Shape and values of a `.npy` file of `f32`.
pub(crate) fn npy(path: &Path) -> (String, Vec<f32>) {
    let bytes = fs::read(path).unwrap();
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..start]).into_owned();
    assert!(header.contains("'<f4'") && header.contains("'fortran_order': False"), "{header}");
    let shape = header.split(['(', ')']).nth(1).unwrap().to_owned();
    (shape, bytes[start..].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect())
}

#[test]
fn an_unknown_option_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let output = pellucid(folder.path(), &["--no-such-option"]);
    assert_eq!(code(&output), 2);
    assert!(output.stdout.is_empty());
}

#[test]
fn version_names_the_commit() {
    let folder = tempfile::tempdir().unwrap();
    let output = pellucid(folder.path(), &["--version"]);
    assert_eq!(code(&output), 0);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with(concat!("pellucid ", env!("CARGO_PKG_VERSION"), " (")), "{text}");
}

#[test]
fn predict_prints_the_fields_of_the_contract_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    toy::picture(&folder.path().join("a.png"), 1);
    toy::picture(&folder.path().join("b.png"), 2);
    let output = pellucid(
        folder.path(),
        &["predict", "a.png", "b.png", "--model", "toy", "--samples", "20", "--seed", "3", "--json"],
    );
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(output.stderr.is_empty(), "{}", said(&output));
    let lines = lines(&output);
    assert_eq!(lines.len(), 2);
    let line = &lines[0];
    let fields = [
        "image",
        "sop_instance_uid",
        "model",
        "chosen_because",
        "gate",
        "predictions",
        "groups",
        "predictive_entropy",
        "mutual_information",
        "samples",
        "seed",
        "warnings",
        "timing_ms",
        "uncertainty",
        "conformal",
        "population",
    ];
    assert_eq!(keys(line), fields);
    assert_eq!(line["population"], Value::Null, "the toy states no population and has no detector");
    assert_eq!(line["image"], "a.png");
    assert_eq!(line["uncertainty"], "mc-dropout");
    assert_eq!(line["conformal"], Value::Null, "nobody has calibrated the toy");
    assert_eq!(keys(&line["model"]), ["name", "sha256"]);
    assert_eq!(line["chosen_because"], "toy: chosen by hand");
    assert_eq!(keys(&line["gate"]), ["accepted", "score", "reason"]);
    assert_eq!(keys(&line["timing_ms"]), ["decode", "preprocess", "forward", "explain", "uncertainty"]);
    let row = ["label", "logit", "probability", "mean", "sd", "p05", "p95"];
    assert_eq!(keys(&line["predictions"][2]), row);
    assert_eq!(keys(&line["groups"][0]), row);
    assert_eq!((&line["samples"], &line["seed"]), (&20.into(), &3.into()));
    let probability = |row: &Value| row["probability"].as_f64().unwrap();
    let sum: f64 = line["predictions"].as_array().unwrap().iter().map(probability).sum();
    assert!((sum - 1.0).abs() < 1e-5);
    assert!((probability(&line["groups"][0]) + probability(&line["predictions"][0]) - 1.0).abs() < 1e-5);
}

#[test]
fn a_seed_gives_the_same_numbers_again() {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    toy::picture(&folder.path().join("a.png"), 1);
    let run = || {
        let output = pellucid(folder.path(), &["predict", "a.png", "--model", "toy", "--samples", "9", "--json"]);
        let mut line = lines(&output).remove(0);
        line.as_object_mut().unwrap().remove("timing_ms");
        line
    };
    assert_eq!(run(), run());
}

#[test]
fn what_cannot_be_read_is_a_sentence_and_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    fs::write(path.join("text.dcm"), "this is a letter, not an image").unwrap();
    fs::write(path.join("empty.png"), "").unwrap();
    fs::write(path.join("huge.png"), png_header(30_000, 30_000)).unwrap();
    let recipe = PhantomRecipe { size: 64, ..PhantomRecipe::default() };
    phantom::write_dicom(&path.join("cut.dcm"), &phantom::render(&recipe), &recipe).unwrap();
    let whole = fs::read(path.join("cut.dcm")).unwrap();
    // Cut in the header: of pixels that are cut a part is shown.
    fs::write(path.join("cut.dcm"), &whole[..400]).unwrap();
    for name in ["text.dcm", "cut.dcm", "empty.png", "huge.png", "missing.dcm"] {
        for command in ["predict", "inspect"] {
            let model: &[&str] = if command == "predict" { &["--model", "toy"] } else { &[] };
            let output = pellucid(path, &[&[command, name, "--json"], model].concat());
            assert_eq!(code(&output), 1, "{command} {name}: {}", said(&output));
            assert!(output.stdout.is_empty());
            let error = said(&output);
            assert!(error.starts_with("error: ") && error.contains(name), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
            assert!(!error.contains("panicked"), "{error}");
        }
    }
}

/// A PNG file that declares a size and holds no pixels.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([8, 0, 0, 0, 0]);
    let crc = chunk.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 })
    });
    let mut file = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d".to_vec();
    file.extend(chunk);
    file.extend((!crc).to_be_bytes());
    file
}

#[test]
fn some_of_several_inputs_failed_is_exit_code_3() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    toy::picture(&path.join("set/good.png"), 1);
    fs::write(path.join("set/bad.png"), "no picture").unwrap();
    fs::write(path.join("set/readme.txt"), "a text beside the films counts as nothing").unwrap();
    let output = pellucid(path, &["predict", "set", "--model", "toy", "--samples", "0", "--json"]);
    assert_eq!(code(&output), 3, "{}", said(&output));
    let lines = lines(&output);
    assert_eq!(lines.len(), 1);
    // Without samples there is no distribution.
    assert_eq!((&lines[0]["samples"], &lines[0]["groups"][0]["mean"]), (&0.into(), &Value::Null));
    assert!(said(&output).contains("bad.png"), "{}", said(&output));
}

#[test]
fn a_model_with_a_wrong_hash_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = toy::model(folder.path());
    toy::picture(&folder.path().join("a.png"), 1);
    let mut weights = fs::read(model.join("weights.safetensors")).unwrap();
    *weights.last_mut().unwrap() ^= 1;
    fs::write(model.join("weights.safetensors"), weights).unwrap();
    let output = pellucid(folder.path(), &["predict", "a.png", "--model", "toy"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).starts_with("error: ") && said(&output).contains("SHA-256"), "{}", said(&output));
}

#[test]
fn an_unknown_model_lists_those_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let output = pellucid(folder.path(), &["predict", "a.png", "--model", "no-such-model"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("no-such-model"), "{}", said(&output));
}

#[test]
#[cfg(not(feature = "cuda"))]
fn a_device_that_is_not_there_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    toy::picture(&folder.path().join("a.png"), 1);
    let output = pellucid(folder.path(), &["predict", "a.png", "--model", "toy", "--device", "cuda"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("--device cpu"), "{}", said(&output));
    let output = pellucid(folder.path(), &["predict", "a.png", "--model", "toy", "--device", "abacus"]);
    assert_eq!(code(&output), 2);
}

#[test]
fn raw_maps_have_classes_first_at_the_resolution_of_the_layer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    toy::picture(&path.join("a.png"), 1);
    let explain = |more: &[&str]| {
        let output =
            pellucid(path, &[&["explain", "a.png", "--model", "toy", "--samples", "0", "--json"], more].concat());
        assert_eq!(code(&output), 0, "{}", said(&output));
        lines(&output).remove(0)
    };
    let line = explain(&["--class", "all", "--raw", "all.npy", "--png", "all.png"]);
    let (shape, all) = npy(&path.join("all.npy"));
    assert_eq!(shape, "3, 8, 8");
    assert_eq!(all.len(), 3 * 64);
    assert!(all.iter().any(|v| *v < 0.0), "a raw map keeps what speaks against the class");
    assert_eq!(line["maps"].as_array().unwrap().len(), 3);
    assert!(image::open(path.join("all.png")).unwrap().width() > 400);

    let line = explain(&["--class", "bacterial PNEUMONIA", "--method", "grad-cam++", "--raw", "one.npy"]);
    assert_eq!(npy(&path.join("one.npy")).0, "1, 8, 8");
    assert_eq!(line["maps"][0]["label"], "Bacterial pneumonia");
    assert_eq!(line["maps"][0]["method"], "grad-cam++");

    explain(&["--layer", "stage1", "--raw", "early.npy"]);
    assert_eq!(npy(&path.join("early.npy")).0, "3, 16, 16");
}

#[test]
fn an_unknown_class_or_layer_is_a_usage_error_that_lists_them() {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    toy::picture(&folder.path().join("a.png"), 1);
    for (option, value, known) in [("--class", "Fracture", "Viral pneumonia"), ("--layer", "conv9", "stage1, stage2")] {
        let output = pellucid(folder.path(), &["explain", "a.png", "--model", "toy", option, value]);
        assert_eq!(code(&output), 2);
        assert!(said(&output).contains(value) && said(&output).contains(known), "{}", said(&output));
    }
}

#[test]
fn a_file_that_cannot_be_written_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    toy::picture(&folder.path().join("a.png"), 1);
    let output = pellucid(folder.path(), &["explain", "a.png", "--model", "toy", "--raw", "no/such/folder/a.npy"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("a.npy could not be written"), "{}", said(&output));
}

#[test]
fn inspect_writes_values_and_display() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::picture(&path.join("a.png"), 1);
    let output = pellucid(path, &["inspect", "a.png", "--json", "--pixels", "a.npy", "--display", "b.png"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let line = lines(&output).remove(0);
    assert_eq!((&line["columns"], &line["rows"]), (&120.into(), &100.into()));
    let (shape, values) = npy(&path.join("a.npy"));
    assert_eq!(shape, "100, 120");
    let source = image::open(path.join("a.png")).unwrap().into_luma8();
    assert!(values.iter().zip(source.as_raw()).all(|(v, g)| *v == f32::from(*g)));
    let display = image::open(path.join("b.png")).unwrap();
    assert_eq!((display.width(), display.height(), display.color()), (120, 100, image::ColorType::L8));
}

#[test]
fn evaluate_prints_the_fields_of_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    for i in 0..6 {
        toy::picture(&path.join(format!("set/NORMAL/IM-{i}-1.png")), i);
        toy::picture(&path.join(format!("set/PNEUMONIA/person{i}_virus_1.png")), 10 + i);
        toy::picture(&path.join(format!("set/PNEUMONIA/person{i}_bacteria_1.png")), 20 + i);
    }
    fs::create_dir_all(path.join("set/knees")).unwrap();
    toy::picture(&path.join("set/knees/a.png"), 9);
    let evaluate = |more: &[&str]| {
        let output = pellucid(path, &[&["evaluate", "set", "--model", "toy", "--json"], more].concat());
        assert_eq!(code(&output), 0, "{}", said(&output));
        assert!(
            said(&output).contains("\"knees\" (1 files)") && said(&output).contains("bacteria"),
            "{}",
            said(&output)
        );
        lines(&output).remove(0)
    };
    let by_folder = evaluate(&[]);
    assert_eq!(keys(&by_folder)[..7], ["n", "accuracy", "auroc", "confusion", "labels", "ece", "groups"]);
    assert_eq!(by_folder["n"], 18);
    assert_eq!(by_folder["confusion"][1], serde_json::json!([0, 0, 0]));
    let group = &by_folder["groups"]["Pneumonia"];
    assert_eq!(keys(group), ["auroc", "threshold", "accuracy", "sensitivity", "specificity", "f1"]);
    assert_eq!(group["auroc"].as_array().unwrap().len(), 3);
    assert_eq!(by_folder["auroc"]["Viral pneumonia"], serde_json::json!([null, null, null]));

    let by_rule = evaluate(&["--labels", "bacteria=Bacterial pneumonia,virus=Viral pneumonia"]);
    let all: u64 = by_rule["confusion"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|r| r.as_array().unwrap())
        .map(|c| c.as_u64().unwrap())
        .sum();
    assert_eq!(all, 18);
    assert!(by_rule["auroc"]["Viral pneumonia"][0].is_number());
    assert_eq!(by_rule["groups"], by_folder["groups"]);
}

#[test]
fn every_file_of_a_folder_counts_also_those_that_claim_to_be_the_same_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let recipe = PhantomRecipe { size: 64, ..PhantomRecipe::default() };
    let other = phantom::render(&PhantomRecipe { size: 80, ..recipe.clone() });
    phantom::write_dicom(&path.join("a.dcm"), &phantom::render(&recipe), &recipe).unwrap();
    phantom::write_dicom(&path.join("b.dcm"), &other, &recipe).unwrap();
    let output = pellucid(path, &["inspect", ".", "--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let lines = lines(&output);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["sop_instance_uid"], lines[1]["sop_instance_uid"]);
}

#[test]
fn a_report_that_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    toy::picture(&path.join("a.png"), 1);
    let output = pellucid(path, &["report", "a.png", "-o", "no/such/folder/a.pdf", "--model", "toy"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("could not be written"), "{}", said(&output));
    let output = pellucid(path, &["report", "a.png", "-o", "a.pdf", "--model", "toy", "--samples", "10"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(path.join("a.json").is_file());
}

#[test]
fn a_report_is_made_again_and_what_was_altered_or_cannot_be_checked_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    toy::picture(&path.join("a.png"), 1);
    let output = pellucid(path, &["report", "a.png", "-o", "a.pdf", "--model", "toy", "--samples", "10"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let verify = |more: &[&str]| {
        let output = pellucid(path, &[&["report", "--verify", "a.json", "--model", "toy"], more].concat());
        (code(&output), String::from_utf8_lossy(&output.stdout).into_owned(), said(&output))
    };
    let (code, words, _) = verify(&[]);
    assert_eq!(code, 0, "{words}");
    assert!(words.contains("not checked: created: ") && words.contains("came out the same"), "{words}");

    let written: serde_json::Value = serde_json::from_slice(&fs::read(path.join("a.json")).unwrap()).unwrap();
    let altered = [
        ("/display/window/center", serde_json::json!(12.0), "different: display, window, center: 12.0 in the report"),
        ("/image/study_date", "20200101".into(), "different: image, study date: “20200101” in the report"),
        ("/size/rows", 7.into(), "different: size, rows: 7 in the report"),
        ("/warnings/0", "\u{1b}[2J".into(), "different: warnings, 1: “\\u{1b}[2J” in the report"),
        ("/pdf_sha256", "0".repeat(64).into(), "different: pdf sha256: "),
    ];
    for (place, value, expected) in altered {
        let mut report = written.clone();
        *report.pointer_mut(place).unwrap_or_else(|| panic!("{place}")) = value;
        fs::write(path.join("a.json"), report.to_string()).unwrap();
        let (code, words, error) = verify(&[]);
        assert!(code == 1 && words.contains(expected), "{place}: {words}");
        assert!(error.contains("came out differently"), "{error}");
    }
    for (place, value, expected) in [
        ("/options/samples", serde_json::json!(1_000_000_000), "asks for 1000000000 samples"),
        ("/source/frame", 4_294_967_295_u32.into(), "frame"),
        ("/source/path", path.display().to_string().into(), "is a folder"),
    ] {
        let mut report = written.clone();
        *report.pointer_mut(place).unwrap() = value;
        fs::write(path.join("a.json"), report.to_string()).unwrap();
        let (code, _, error) = verify(&[]);
        assert!(code == 1 && error.contains(expected) && !error.contains("fault of Pellucid"), "{place}: {error}");
    }

    // The image may lie elsewhere now.
    fs::write(path.join("a.json"), written.to_string()).unwrap();
    fs::rename(path.join("a.png"), path.join("b.png")).unwrap();
    assert!(verify(&[]).2.contains("name the place where it lies now"));
    for place in [&["b.png"][..], &["--image", "b.png"]] {
        let (code, words, _) = verify(place);
        assert!(code == 0 && words.contains("not checked: source, path"), "{words}");
    }
}

#[test]
fn folders_that_mean_no_class_are_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    toy::picture(&folder.path().join("set/knees/a.png"), 1);
    let output = pellucid(folder.path(), &["evaluate", "set", "--model", "toy", "--json"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("knees") && said(&output).contains("Normal"), "{}", said(&output));
}

#[test]
#[cfg(unix)]
fn a_closed_pipe_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..3 {
        toy::picture(&folder.path().join(format!("{i}.png")), i);
    }
    let program = env!("CARGO_BIN_EXE_pellucid");
    let script = format!("'{program}' inspect . --json | true; exit ${{PIPESTATUS[0]}}");
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(output.stderr.is_empty(), "{}", said(&output));
}

#[test]
fn the_demo_writes_films_maps_and_reports_without_a_display() {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    let output = pellucid(folder.path(), &["demo", "--model", "toy", "--out", "d"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    for name in ["opacity.dcm", "opacity-mask.png", "opacity-maps.png", "opacity.pdf", "opacity.json", "healthy.pdf"] {
        assert!(folder.path().join("d").join(name).is_file() && text.contains(name), "{name} of {text}");
    }
    assert!(text.contains("not a medical device") && text.contains("no display"), "{text}");
    let output = pellucid(folder.path(), &["demo", "--model", "toy", "--out", "toy/manifest.toml", "--no-window"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("could not be made"), "{}", said(&output));
}

#[test]
#[cfg(all(unix, not(target_os = "macos")))]
fn the_viewer_without_a_display_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    toy::picture(&folder.path().join("a.png"), 1);
    let output = pellucid(folder.path(), &["a.png"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("no display"), "{}", said(&output));
    let output = pellucid(folder.path(), &["predcit"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("no file, folder or command called predcit"), "{}", said(&output));
}
