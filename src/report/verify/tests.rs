//! What `report --verify` must notice.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::engine::{Analysis, ModelInfo};
use crate::report::export;
use crate::report::sample_case::{again, case, model, on_disk};
use crate::report::sample_full::full;

fn verified(json: &Path, case: &CaseReport) -> Result<VerifyOutcome, VerifyError> {
    verify(json, None, |_, _| Ok(again(case)))
}

fn written(case: &CaseReport, folder: &Path) -> (PathBuf, Value) {
    let path = export(case, folder).unwrap().with_extension("json");
    let value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    (path, value)
}

/// The places of all values of a report that hold no others; of a map the first three.
fn leaves(value: &Value, place: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(all) => all.iter().for_each(|(key, value)| leaves(value, &format!("{place}/{key}"), out)),
        Value::Array(all) if !all.is_empty() => {
            let few = if place.ends_with("values") { 3 } else { all.len() };
            all.iter().take(few).enumerate().for_each(|(i, value)| leaves(value, &format!("{place}/{i}"), out));
        }
        _ => out.push(place.to_owned()),
    }
}

fn other(value: &Value) -> Value {
    match value {
        Value::Null => json!("something"),
        Value::Bool(yes) => json!(!yes),
        Value::Number(n) if n.is_f64() => json!(n.as_f64().unwrap() + 0.5),
        Value::Number(n) => json!(n.as_u64().unwrap() + 1),
        Value::String(text) => json!(format!("{text}x")),
        Value::Array(_) | Value::Object(_) => json!(["something"]),
    }
}

/// `/labels/0/label` as `labels, …`: the beginnings of the name under which a place may be named.
fn named(outcome: &VerifyOutcome, place: &str) -> bool {
    let parts: Vec<String> = place.split('/').skip(1).map(|part| part.replace('_', " ")).collect();
    (1..=parts.len()).any(|n| outcome.unchecked.iter().any(|u| u.what == parts[..n].join(", ")))
}

#[test]
fn no_field_of_a_report_can_be_altered_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let case = full(folder.path());
    let (path, report) = written(&case, folder.path());
    let same = verified(&path, &case).unwrap();
    assert!(same.holds(), "{same:?}");
    let mut places = Vec::new();
    leaves(&report, "", &mut places);
    assert!(places.len() > 150, "{}", places.len());
    let (mut noticed, mut unchecked) = (0, Vec::new());
    for place in &places {
        let mut altered = report.clone();
        let value = altered.pointer_mut(place).unwrap();
        *value = other(value);
        std::fs::write(&path, altered.to_string()).unwrap();
        match verified(&path, &case) {
            Ok(outcome) if outcome.holds() => {
                assert!(named(&outcome, place), "{place} was altered in silence: {:?}", outcome.unchecked);
                unchecked.push(place.as_str());
            }
            Ok(_) | Err(_) => noticed += 1,
        }
    }
    assert!(noticed > 120, "{noticed} of {}", places.len());
    let roots = [
        "/prevalence/0/prevalence",
        "/created",
        "/options",
        "/timing_ms",
        "/trust",
        "/impression",
        "/feedback/answers",
        "/feedback/marks",
        "/feedback/remark",
        "/display",
        "/software",
        "/model/device",
        // The mask's SHA-256 is checked.
        "/lungs/path",
        "/similar/asked",
        // Of another gallery nothing can be compared, which is named.
        "/similar/gallery/sha256",
        "/study/left_out",
        "/study/by_others",
        // Their scores are checked.
        "/study/images/0/path",
        "/study/images/1/path",
    ];
    let other: Vec<_> = unchecked.iter().filter(|place| !roots.iter().any(|root| place.starts_with(root))).collect();
    assert!(other.is_empty(), "only what cannot be made again is left unchecked: {other:?}");
}

#[test]
fn shares_of_evidence_are_made_again_of_the_mask_and_named_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let case = full(folder.path());
    let (path, report) = written(&case, folder.path());
    assert!(report["maps"][0]["lungs"]["evidence"]["inside"].as_f64().unwrap() > 0.5);
    let with = |lungs| verify(&path, None, |_, _| Ok(Recomputed { lungs, ..again(&case) })).unwrap();
    let without = with(None);
    assert!(without.holds(), "{without:?}");
    for place in ["lungs", "maps, 1, lungs"] {
        let named = without.unchecked.iter().find(|u| u.what == place || u.what == place.replace(", 1", ", 0"));
        assert!(named.is_some_and(|u| u.why.contains("--masks")), "{place}: {:?}", without.unchecked);
    }
    // A mask with the lungs elsewhere.
    let Lungs { fields, source, .. } = case.lungs.as_deref().unwrap().clone();
    let low: Vec<bool> = (0..300 * 240)
        .map(|i| (i / 300) > 150 && ((20..80).contains(&(i % 300)) || (220..280).contains(&(i % 300))))
        .collect();
    let other = crate::imaging::lung_fields::LungFields::of_lung(&low, fields.width(), fields.height()).unwrap();
    let outcome = with(Some(Arc::new(Lungs::new(other, source))));
    assert!(outcome.differences.iter().any(|d| d.what.contains("lungs, evidence, inside")), "{outcome:?}");
}

#[test]
fn a_gallery_and_a_study_that_are_not_at_hand_are_named_and_others_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let case = full(folder.path());
    let (path, _) = written(&case, folder.path());
    let with = |change: &dyn Fn(&mut Recomputed)| {
        let mut again = again(&case);
        change(&mut again);
        verify(&path, None, |_, _| Ok(again)).unwrap()
    };
    let without = with(&|again| (again.similar, again.study) = (None, None));
    assert!(without.holds(), "{without:?}");
    for (what, option) in [("similar", "--gallery"), ("study", "--study")] {
        let named = without.unchecked.iter().find(|u| u.what == what);
        assert!(named.is_some_and(|u| u.why.contains(option)), "{what}: {:?}", without.unchecked);
    }
    // The same gallery with another label, another gallery, and a study that scores otherwise.
    let other = with(&|again| {
        let Some(Similar::Cases(found)) = &mut again.similar else { panic!("cases") };
        found.cases[0].label = "Normal".into();
    });
    assert!(other.differences.iter().any(|d| d.what.starts_with("similar, cases")), "{other:?}");
    let other = with(&|again| {
        let Some(Similar::Cases(found)) = &mut again.similar else { panic!("cases") };
        (found.cases[0].label, found.gallery_sha256) = ("Normal".into(), "ef".repeat(32));
    });
    assert!(other.holds() && other.unchecked.iter().any(|u| u.what == "similar"), "{other:?}");
    let other = with(&|again| {
        let members = &mut again.study.as_mut().unwrap().members;
        members.by_model[0].1[1].groups[0].probability = 0.99;
    });
    let named: Vec<&str> = other.differences.iter().map(|d| d.what.as_str()).collect();
    assert!(named.contains(&"study, result, scores, Pneumonia, score"), "{named:?}");
    assert!(named.contains(&"study, images, 2, scores, Pneumonia, probability"), "{named:?}");
}

#[test]
fn nothing_can_be_added_or_taken_away_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let case = full(folder.path());
    let (path, report) = written(&case, folder.path());
    for place in ["", "/image", "/labels/0", "/gate", "/conformal/states/1", "/maps/0", "/similar", "/study/result"] {
        let mut altered = report.clone();
        altered.pointer_mut(place).unwrap()["note"] = json!("benign");
        std::fs::write(&path, altered.to_string()).unwrap();
        let outcome = verified(&path, &case).unwrap();
        assert!(outcome.differences.iter().any(|d| d.what.ends_with("note")), "{place}: {outcome:?}");
    }
    for (place, key) in
        [("", "conformal"), ("", "chosen_because"), ("", "size"), ("", "population"), ("/labels/1", "p95")]
    {
        let mut altered = report.clone();
        altered.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(key);
        std::fs::write(&path, altered.to_string()).unwrap();
        assert!(!verified(&path, &case).is_ok_and(|outcome| outcome.holds()), "{place}/{key}");
    }
    for list in ["suggestions", "warnings", "labels", "maps"] {
        let mut altered = report.clone();
        altered[list].as_array_mut().unwrap().pop();
        std::fs::write(&path, altered.to_string()).unwrap();
        assert!(!verified(&path, &case).unwrap().holds(), "{list}");
    }
}

#[test]
fn numbers_that_differ_are_named_with_their_finding() {
    let folder = tempfile::tempdir().unwrap();
    let case = on_disk(case(), folder.path());
    let (path, _) = written(&case, folder.path());
    let with = |change: fn(&mut Analysis)| {
        let mut again = again(&case);
        change(&mut again.analysis);
        verify(&path, None, |_, _| Ok(again)).unwrap()
    };
    assert!(with(|_| {}).holds());
    let changed = with(|analysis| {
        analysis.labels[1].probability += 0.01;
        Arc::make_mut(&mut analysis.attributions[1]).raw.values[100] += 0.5;
    });
    let named: Vec<&str> = changed.differences.iter().map(|d| d.what.as_str()).collect();
    assert_eq!(named, ["labels, Bacterial pneumonia, probability", "maps, Bacterial pneumonia, values"]);
    assert!(!with(|analysis| analysis.posterior = None).holds());
    assert!(!with(|analysis| analysis.gate = None).holds());
    assert!(!with(|analysis| analysis.scored = false).holds());
    assert!(!with(|analysis| analysis.attributions.clear()).holds());
}

#[test]
fn the_file_that_is_read_again_is_held_to_the_attributes_and_the_size_of_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let case = on_disk(case(), folder.path());
    let (path, _) = written(&case, folder.path());
    let mut again = again(&case);
    let entry = Arc::make_mut(&mut again.frame.entry);
    (entry.meta.patient_name, entry.meta.study_date) = ("Roe^Jane".into(), "20261120".into());
    again.frame.spacing = None;
    let said: Vec<String> =
        verify(&path, None, |_, _| Ok(again)).unwrap().differences.iter().map(ToString::to_string).collect();
    assert_eq!(said[0], "image, patient name: “Doe^Jane^Marie” in the report, “Roe^Jane” now");
    assert!(said[1].starts_with("image, study date: “20261119”"), "{said:?}");
    assert!(said[2].starts_with("size, spacing"), "{said:?}");
}

#[test]
fn a_window_is_checked_unless_the_reader_set_it_which_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut case = on_disk(case(), folder.path());
    let (path, _) = written(&case, folder.path());
    let by_reader = verified(&path, &case).unwrap();
    assert!(by_reader.holds() && by_reader.unchecked.iter().any(|u| u.what == "display, window"));
    case.window = crate::imaging::auto_window::initial_window(&case.frame.pixels);
    let (path, mut report) = written(&case, folder.path());
    let initial = verified(&path, &case).unwrap();
    assert!(initial.holds() && !initial.unchecked.iter().any(|u| u.what.contains("window")));
    report["display"]["window"]["center"] = json!(1.0);
    std::fs::write(&path, report.to_string()).unwrap();
    assert_eq!(verified(&path, &case).unwrap().differences[0].what, "display, window, center");
}

#[test]
fn a_pdf_that_was_altered_or_is_gone_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let case = on_disk(case(), folder.path());
    let (path, _) = written(&case, folder.path());
    let pdf = path.with_extension("pdf");
    let mut bytes = std::fs::read(&pdf).unwrap();
    bytes.push(b' ');
    std::fs::write(&pdf, bytes).unwrap();
    assert_eq!(verified(&path, &case).unwrap().differences[0].what, "pdf sha256");
    std::fs::remove_file(&pdf).unwrap();
    let outcome = verified(&path, &case).unwrap();
    assert!(outcome.holds() && outcome.unchecked.iter().any(|u| u.why.contains("not beside the JSON")));
}

#[test]
fn a_report_of_an_earlier_version_holds_and_what_it_lacks_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let case = on_disk(case(), folder.path());
    let (path, mut report) = written(&case, folder.path());
    report["software"]["version"] = json!("0.5.0");
    report["software"]["commit"] = json!("755e4f3486b9");
    for key in ["risk", "size", "population", "pdf_sha256"] {
        report.as_object_mut().unwrap().remove(key);
    }
    report["display"].as_object_mut().unwrap().remove("window_by_reader");
    std::fs::write(&path, report.to_string()).unwrap();
    let outcome = verified(&path, &case).unwrap();
    assert!(outcome.holds(), "{outcome:?}");
    for what in ["software", "size", "display, window", "pdf sha256"] {
        assert!(outcome.unchecked.iter().any(|u| u.what == what), "{what}: {:?}", outcome.unchecked);
    }
}

#[test]
fn another_device_is_named_and_allows_more() {
    let folder = tempfile::tempdir().unwrap();
    let case = on_disk(case(), folder.path());
    let (path, _) = written(&case, folder.path());
    let nearly = |device: &str| {
        let mut again = again(&case);
        again.analysis.labels[1].probability += 0.002;
        again.model.device = device.into();
        verify(&path, None, |_, _| Ok(again)).unwrap()
    };
    let (here, there) = (nearly("CPU"), nearly("CUDA 0"));
    assert!(!here.holds() && there.holds());
    assert!(there.unchecked.iter().any(|u| u.why.contains("CUDA 0")));
}

#[test]
fn what_an_anonymised_report_left_out_is_named_and_must_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let case = CaseReport { anonymize: true, ..on_disk(case(), folder.path()) };
    let (path, mut report) = written(&case, folder.path());
    let image = folder.path().join("doe-jane.dcm");
    let run = || verify(&path, Some(&image), |_, _| Ok(again(&case))).unwrap();
    let outcome = run();
    assert!(outcome.holds(), "{outcome:?}");
    for what in ["image, patient name of the file", "image, study date of the file"] {
        assert!(outcome.unchecked.iter().any(|u| u.what == what), "{:?}", outcome.unchecked);
    }
    assert_eq!(report["source"]["sha256"], json!(null), "whoever has the file would know that it is this one");
    let identity = outcome.unchecked.iter().find(|u| u.what == "source, sha256").unwrap();
    assert!(identity.why.starts_with("identity not checked"), "{identity}");
    report["image"]["patient_name"] = json!("Doe");
    std::fs::write(&path, report.to_string()).unwrap();
    assert_eq!(run().differences[0].what, "image, patient name");
}

#[test]
fn what_stands_in_the_way_of_verification_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let case = CaseReport { anonymize: true, ..on_disk(case(), folder.path()) };
    let (path, _) = written(&case, folder.path());
    let image = folder.path().join("doe-jane.dcm");
    let run = |image: Option<&Path>, sha: &str| {
        let model = ModelInfo { sha256: sha.into(), ..model() };
        verify(&path, image, |_, _| Ok(Recomputed { model, ..again(&case) }))
    };
    let right = model().sha256;
    assert!(run(Some(&image), &right).unwrap().holds());
    assert!(run(None, &right).err().unwrap().to_string().contains("anonymised"));
    assert!(run(Some(&image), "abc").err().unwrap().to_string().contains("other weights"));
    assert!(run(Some(&folder.path().join("gone.dcm")), &right).err().unwrap().to_string().contains("cannot be read"));
    assert!(run(Some(folder.path()), &right).err().unwrap().to_string().contains("cannot be read"));
    std::fs::write(&image, b"other pixels").unwrap();
    assert!(run(Some(&image), &right).unwrap().holds(), "an anonymised report does not know its image");
    let case = CaseReport { anonymize: false, ..case.clone() };
    let (path, _) = written(&on_disk(case.clone(), folder.path()), folder.path());
    std::fs::write(&image, b"other pixels").unwrap();
    let other = verify(&path, Some(&image), |_, _| Ok(again(&case))).err().unwrap();
    assert!(other.to_string().contains("not the image of the report"), "{other}");
}

#[test]
fn hostile_reports_are_refused_in_a_sentence_before_anything_is_computed() {
    let folder = tempfile::tempdir().unwrap();
    let case = on_disk(case(), folder.path());
    let (path, report) = written(&case, folder.path());
    let text = report.to_string();
    let with = |key: &str, value: &str| text.replacen('{', &format!("{{\"{key}\":{value},"), 1);
    let samples = |value: &str| text.replacen("\"samples\":100", &format!("\"samples\":{value}"), 1);
    assert_ne!(samples("1"), text);
    let hostile = [
        ("samples", samples("1000000000")),
        ("a number out of range", samples("1e999")),
        ("no number", samples("NaN")),
        ("deep nesting", with("note", &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)))),
        ("values without end", with("note", &format!("[{}0]", "0,".repeat(5_000_000)))),
        ("a key twice", with("scored", "true")),
        ("no report", "{}".into()),
        ("half a report", text[..text.len() / 2].into()),
        ("nothing", String::new()),
    ];
    for (what, text) in hostile {
        std::fs::write(&path, text).unwrap();
        let said = verify(&path, None, |_, _| panic!("{what} is computed")).err().map(|e| e.to_string());
        let said = said.unwrap_or_else(|| panic!("{what} is taken"));
        assert!(said.contains(".json is n") && said.len() < 800, "{what}: {said}");
    }
}
