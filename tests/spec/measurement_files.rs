//! Measurements as files: the command line keeps, exports, imports and reports them, and a killed
//! process leaves whole files only.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::cli::{code, lines, said};
use crate::toy;
use pellucid::measurement::identity::ImageIdentity;
use pellucid::measurement::kept::MeasurementFile;
use pellucid::measurement::store::Store;
use pellucid::measurement::{Kind, Measurement, Words};
use pellucid::study::open_image;

/// Runs the program with a data folder of its own.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pellucid"));
    command.args(arguments).current_dir(folder).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command.env("XDG_DATA_HOME", folder.join("data")).output().expect("the binary was built")
}

fn measurement(id: u64, kind: Kind, points: &[[f64; 2]], name: &str) -> Measurement {
    Measurement { id, kind, points: points.to_vec(), name: Words::new(name), thorax_proposed: false, known_mm: None }
}

/// A file of measurements of this image.
fn exported(image: &Path, to: &Path) {
    let frame = open_image(image).unwrap();
    let list = [
        measurement(1, Kind::Length, &[[1.0, 1.0], [4.0, 5.0]], "Nodule"),
        measurement(2, Kind::Rectangle, &[[2.0, 2.0], [10.0, 10.0]], ""),
    ];
    MeasurementFile::exported(ImageIdentity::of(&frame), &frame, &list, false).write(to).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_imported_is_listed_exported_and_refused_for_another_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::picture(&path.join("a.png"), 1);
    toy::picture(&path.join("b.png"), 2);
    exported(&path.join("a.png"), &path.join("m.json"));
    let nothing = run(path, &["measurements", "list", "a.png"]);
    assert!(code(&nothing) == 0 && nothing.stdout.is_empty() && said(&nothing).contains("nothing is kept"));
    assert_eq!(code(&run(path, &["measurements", "export", "a.png", "--out", "none.json"])), 1);
    for _ in 0..2 {
        let output = run(path, &["measurements", "import", "a.png", "m.json"]);
        assert_eq!(code(&output), 0, "{}", said(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "2 of 2 kept", "twice is once");
    }
    let list = run(path, &["measurements", "list", "a.png"]);
    let text = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(
        text.contains("1  Length “Nodule”: 5.0 px") && text.contains("64 px") && text.contains("no spacing"),
        "{text}"
    );
    let json = &lines(&run(path, &["measurements", "list", "a.png", "--json"]))[0];
    assert_eq!(json["measurements"][0]["values"]["length"], 5.0);
    assert_eq!(json["measurements"][1]["kind"], "rectangle");

    let other = run(path, &["measurements", "import", "b.png", "m.json"]);
    assert!(code(&other) == 1 && said(&other).contains("another image"), "{}", said(&other));
    assert!(run(path, &["measurements", "list", "b.png"]).stdout.is_empty());
    fs::copy(path.join("a.png"), path.join("copy.png")).unwrap();
    assert!(!run(path, &["measurements", "list", "copy.png"]).stdout.is_empty(), "a copy is the same image");

    let out = run(path, &["measurements", "export", "a.png", "-o", "again.json", "--anonymize"]);
    assert_eq!(code(&out), 0, "{}", said(&out));
    let text = fs::read_to_string(path.join("again.json")).unwrap();
    assert!(!text.contains("Nodule") && text.contains("\"pixels_sha256\": \"\""), "{text}");
}

#[test]
fn a_report_prints_measurements_and_verifies_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    toy::picture(&path.join("a.png"), 1);
    toy::picture(&path.join("b.png"), 2);
    exported(&path.join("a.png"), &path.join("m.json"));
    let report = |image: &str, out: &str| {
        run(path, &["report", image, "--model", "toy", "--samples", "0", "--measurements", "m.json", "-o", out])
    };
    let output = report("a.png", "case.pdf");
    assert_eq!(code(&output), 0, "{}", said(&output));
    let sidecar: Value = serde_json::from_slice(&fs::read(path.join("case.json")).unwrap()).unwrap();
    assert_eq!(sidecar["measurements"][0]["values"]["length"], 5.0);
    assert!(sidecar["measurements"][1]["values"]["statistics"]["pixels"] == 64);
    let verified = run(path, &["report", "--verify", "case.json", "--model", "toy"]);
    assert_eq!(code(&verified), 0, "{} {}", said(&verified), String::from_utf8_lossy(&verified.stdout));
    let forged = fs::read_to_string(path.join("case.json")).unwrap().replace("\"length\": 5.0", "\"length\": 4.0");
    fs::write(path.join("case.json"), forged).unwrap();
    let verified = run(path, &["report", "--verify", "case.json", "--model", "toy"]);
    let text = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(code(&verified) == 1 && text.contains("measurements"), "{text}");
    assert!(said(&report("b.png", "other.pdf")).contains("another image"));
}

/// Set for the child that writes until it is killed.
const WRITES: &str = "PELLUCID_TEST_WRITES_MEASUREMENTS";

fn endless() -> (ImageIdentity, Vec<Measurement>) {
    let image = ImageIdentity { pixels_sha256: "ab".into(), sop_instance_uid: "1.2".into(), frame: 0 };
    (image, (0..400).map(|id| measurement(id, Kind::Length, &[[1.0, 1.0], [2.0, 3.0]], "a name")).collect())
}

/// No test of its own: the child of the next one.
#[test]
fn writes_measurements_until_it_is_killed() {
    let Some(folder) = std::env::var_os(WRITES) else { return };
    let (image, list) = endless();
    let mut store = Store::new(folder.into());
    for count in (1..=list.len()).cycle() {
        store.keep(&image, [8, 8], &list[..count]).unwrap();
    }
}

#[test]
fn a_process_killed_while_it_writes_leaves_whole_measurements() {
    let folder = tempfile::tempdir().unwrap();
    let (image, _) = endless();
    let mut store = Store::new(folder.path().to_owned());
    for (i, wait) in [180_u64, 97, 211, 133].into_iter().enumerate() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "measurement_files::writes_measurements_until_it_is_killed", "--nocapture"])
            .env(WRITES, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let path = store.path(&image);
        for _ in 0..500 {
            if path.exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
        let kept = store.find(&image, [8, 8]).unwrap_or_else(|e| panic!("after kill {i}: {e}"));
        assert!(!kept.is_empty() && kept.iter().all(|one| one.name.0 == "a name"));
    }
}
