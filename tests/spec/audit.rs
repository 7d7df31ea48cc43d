//! The audit journal: what the viewer tells it, and what `pellucid audit verify` finds; and a model
//! that has changed since the last session.

use std::fs;
use std::path::Path;

use egui_kittest::kittest::Queryable as _;

use super::cli::{code, lines, pellucid, said};
use super::viewer::common::{self, Bench, frame};
use super::viewer::screen;
use crate::toy;
use pellucid::app::command::{FeedbackCommand, FileCommand, FindingsCommand, HelpCommand, SessionCommand};
use pellucid::app::state::model_changes::{Comparing, KnownModel};
use pellucid::app::state::{Level, NoticeAction};
use pellucid::app::update::audit_effect::AuditEffect;
use pellucid::app::update::effect::Effect;
use pellucid::app::update::feedback_effect::{FeedbackEffect, FeedbackMessage};
use pellucid::app::update::measuring_effect::{MeasuringEffect, MeasuringMessage};
use pellucid::app::update::message::Message;
use pellucid::audit::{Entry, Event as Audited, Journal, What};
use pellucid::engine::{Event, ModelInfo};
use pellucid::measurement::identity::ImageIdentity;

/// The entries that were to be written.
fn entries(bench: &mut Bench) -> Vec<Entry> {
    let entry = |effect: Effect| match effect {
        Effect::Audit(AuditEffect::Write(entry)) => Some(entry),
        _ => None,
    };
    std::mem::take(&mut bench.effects).into_iter().filter_map(entry).collect()
}

fn kinds(entry: &Entry) -> Vec<String> {
    entry.what.iter().map(|what| format!("{} {}", what.kind, what.of).trim_end().to_owned()).collect()
}

/// Answers what the viewer asks for when an image comes.
fn hashed(bench: &mut Bench) {
    let find = bench.effects.iter().rev().find_map(|effect| match effect {
        Effect::Measure(MeasuringEffect::Find { image, frame }) => Some((image.clone(), frame.clone())),
        _ => None,
    });
    let (image, frame) = find.unwrap();
    let identity = ImageIdentity::of(&frame);
    bench.message(Message::Measuring(MeasuringMessage::Found { image, identity, result: Ok(Vec::new()) }));
    let find = bench.effects.iter().rev().find_map(|effect| match effect {
        Effect::Feedback(FeedbackEffect::Find(image)) => Some(image.clone()),
        _ => None,
    });
    let image = find.unwrap();
    bench.message(Message::Feedback(FeedbackMessage::Found { image, result: Ok(Vec::new()) }));
}

#[test]
fn the_viewer_writes_nothing_until_it_is_switched_on_and_then_what_is_in_sight() {
    let mut bench = Bench::finished();
    hashed(&mut bench);
    assert!(entries(&mut bench).is_empty());
    bench.command(SessionCommand::ToggleAudit);
    let all = entries(&mut bench);
    let [shown] = all.as_slice() else { panic!("one entry of what is in sight: {all:?}") };
    assert_eq!(shown.event, Audited::Shown);
    let image = shown.image.as_ref().unwrap();
    assert_eq!(image.pixels_sha256, ImageIdentity::of(bench.state.frame().unwrap()).pixels_sha256);
    assert_eq!(shown.model.as_ref().unwrap().sha256, common::model().sha256);
    assert_eq!(kinds(shown), ["gate", "scores", "states", "intervals", "map Grad-CAM Bacterial pneumonia"]);
    // The same once more says nothing new; another map does.
    bench.command(FindingsCommand::SelectClass(1));
    assert!(entries(&mut bench).is_empty());
    bench.command(FindingsCommand::SelectClass(0));
    let all = entries(&mut bench);
    assert_eq!(all.iter().flat_map(kinds).collect::<Vec<_>>(), ["map Grad-CAM Normal"]);
    bench.command(FeedbackCommand::Agree);
    let all = entries(&mut bench);
    assert_eq!((all[0].event, kinds(&all[0])), (Audited::Answered, vec!["answer Normal".to_owned()]));
    bench.state.preferences.report_folder = Some("reports".into());
    bench.command(FileCommand::ExportReport);
    bench.message(Message::ReportWritten(Ok("reports/case.pdf".into())));
    let exported = bench
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Audit(AuditEffect::Exported { image: Some(_), model: Some(_), .. })));
    assert!(exported);
    bench.effects.clear();
    bench.command(SessionCommand::ToggleAudit);
    assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::Audit(AuditEffect::End))));
    bench.command(FindingsCommand::SelectClass(2));
    assert!(entries(&mut bench).is_empty());
}

#[test]
fn a_journal_names_no_patient() {
    let mut bench = Bench::finished();
    hashed(&mut bench);
    bench.command(SessionCommand::ToggleAudit);
    bench.command(FeedbackCommand::Agree);
    let said = serde_json::to_string(&entries(&mut bench)).unwrap();
    let meta = &bench.state.frame().unwrap().entry;
    for secret in [&meta.meta.patient_name, &meta.meta.patient_id, &meta.identity.sop_instance_uid] {
        assert!(secret.is_empty() || !said.contains(secret.as_str()), "{secret} in {said}");
    }
    assert!(!said.contains("0.74"), "no values: {said}");
}

fn journal(path: &Path, lines: usize) -> Journal {
    let journal = Journal::new(path.join("journal.jsonl"));
    for _ in 0..lines {
        journal.append(Entry::new(Audited::Scored, "serve").with(vec![What::new("scores")])).unwrap();
    }
    journal
}

#[test]
fn verify_names_the_line_and_the_exit_code_tells() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path(), 8);
    let good = fs::read_to_string(journal.path()).unwrap();
    let verify = |more: &[&str]| pellucid(folder.path(), &[&["audit", "verify", "journal.jsonl"], more].concat());
    let output = verify(&["--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let found = lines(&output).remove(0);
    assert_eq!((&found["holds"], &found["lines"]), (&true.into(), &8.into()));
    let head = found["head"].as_str().unwrap().to_owned();
    assert_eq!(code(&verify(&["--expect", &head])), 0);

    fs::write(journal.path(), good.replacen("\"scores\"", "\"map\"", 3)).unwrap();
    let output = verify(&[]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(code(&output), 1);
    assert!(text.contains("FAULT: line 2 does not follow line 1"), "{text}");

    let kept: Vec<&str> = good.lines().enumerate().filter(|(i, _)| *i != 4).map(|(_, line)| line).collect();
    fs::write(journal.path(), kept.join("\n") + "\n").unwrap();
    let text = String::from_utf8_lossy(&verify(&[]).stdout).into_owned();
    assert!(text.contains("line 5 says that it is entry 6: before it 1 entry is missing"), "{text}");

    // Cut off at the end: the head beside it knows, and without it the hash that was noted.
    fs::write(journal.path(), good.split_inclusive('\n').take(6).collect::<String>()).unwrap();
    let text = String::from_utf8_lossy(&verify(&[]).stdout).into_owned();
    assert!(text.contains("behind line 6 2 lines were cut off"), "{text}");
    fs::remove_file(folder.path().join("journal.jsonl.head")).unwrap();
    let output = verify(&[]);
    assert_eq!(code(&output), 0);
    assert!(said(&output).contains("would not show"), "what a chain cannot show is said: {}", said(&output));
    let output = verify(&["--expect", &head]);
    assert_eq!(code(&output), 1);
    assert!(String::from_utf8_lossy(&output.stdout).contains("no line has the expected hash"));
    assert_eq!(code(&verify(&["--expect", "nonsense"])), 2);

    // A killed writer leaves a torn line, which is no fault.
    fs::write(journal.path(), format!("{good}{{\"number\":9,")).unwrap();
    let output = verify(&[]);
    assert_eq!(code(&output), 0);
    assert!(said(&output).contains("torn"), "{}", said(&output));
}

// ——— a model that has changed ———

/// A viewer whose settings remember the model of the tests as `change` has it.
fn remembering(change: impl FnOnce(&mut KnownModel)) -> Bench {
    let mut known = KnownModel::of(&common::model());
    change(&mut known);
    let mut bench = Bench::new();
    bench.state.preferences.models.insert("test".into(), known);
    bench.event(Event::ModelReady(common::model()));
    bench.open(frame(256, 256));
    bench
}

fn warnings(bench: &Bench) -> Vec<(String, Option<NoticeAction>)> {
    let all = bench.state.notices.iter().filter(|notice| notice.level == Level::Warning);
    all.map(|notice| (notice.text.clone(), notice.action.clone())).collect()
}

#[test]
fn a_model_is_remembered_the_first_time_and_a_change_is_said_once() {
    let mut bench = Bench::new();
    bench.event(Event::ModelReady(common::model()));
    assert!(warnings(&bench).is_empty());
    assert_eq!(bench.state.preferences.models["test"], KnownModel::of(&common::model()));
    assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::SavePreferences)));

    let same = remembering(|_| {});
    assert!(warnings(&same).is_empty());

    let mut bench = remembering(|known| known.sha256 = "e".repeat(64));
    let said = warnings(&bench);
    assert_eq!(said.len(), 1);
    assert!(said[0].0.contains("weights eeeeeeee") && said[0].1 == Some(NoticeAction::CompareModels), "{said:?}");
    assert_eq!(bench.state.preferences.models["test"].sha256, common::model().sha256);
    bench.state.notices.clear();
    bench.event(Event::ModelReady(common::model()));
    assert!(warnings(&bench).is_empty(), "once");

    let bench = remembering(|known| _ = known.thresholds.insert("Pneumonia".into(), 0.7));
    let said = warnings(&bench);
    assert!(said[0].0.contains("1 threshold changed"), "{said:?}");
    // A model of the same name elsewhere is looked at when it comes.
    let other = ModelInfo { sha256: "a".repeat(64), ..common::model() };
    assert_eq!(KnownModel::of(&other).thresholds, KnownModel::of(&common::model()).thresholds);
}

#[test]
fn the_notice_leads_to_a_comparison_on_the_open_images() {
    let mut bench = remembering(|known| _ = known.thresholds.insert("Pneumonia".into(), 0.95));
    bench.effects.clear();
    bench.command(FindingsCommand::CompareModels);
    let asked = bench.effects.iter().find_map(|effect| match effect {
        Effect::CompareModels(request) => Some(request.clone()),
        _ => None,
    });
    let asked = asked.expect("a comparison is asked for");
    assert_eq!((asked.images.len(), asked.change.name.as_str(), asked.model.as_str()), (1, "test", "test"));
    let mut harness = screen(bench);
    assert!(harness.query_by_label_contains("0 of 1 images are scored").is_some());
    let target = |name: &str| pellucid::evaluation::model_diff::TargetDiff {
        name: name.into(),
        thresholds: [0.95, 0.5],
        images: 1,
        turned_present: 1,
        ..Default::default()
    };
    let diff = pellucid::evaluation::model_diff::ModelDiff {
        models: ["Before: test 1.0".into(), "Now: test 1.0".into()],
        targets: ["Pneumonia", "Mass", "Nodule", "Edema", "Fracture"].map(target).to_vec(),
        images: Vec::new(),
        remarks: Vec::new(),
    };
    let bench = harness.state_mut();
    bench.message(Message::ModelsCompared(Ok(Box::new(diff))));
    assert!(matches!(bench.state.model_changes.comparing, Some(Comparing::Done(_))));
    harness.run_steps(4);
    assert!(harness.query_by_label_contains("Before: test 1.0").is_some());
    // The window is as high as what it says now, not as it was while images were scored.
    let [first, last] = ["Mass", "Fracture"].map(|name| harness.get_by_label(name).rect());
    let end = harness.get_by_label_contains("No score and no call differs").rect();
    assert!(
        first.bottom() < last.top() && last.bottom() < end.top() && end.bottom() < 720.0,
        "{first:?} {last:?} {end:?}"
    );
    let bench = harness.state_mut();
    bench.command(HelpCommand::Escape);
    assert!(bench.state.model_changes.comparing.is_none());
}

// ——— models diff ———

#[test]
fn two_models_are_compared_image_by_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    fs::rename(path.join("toy"), path.join("old")).unwrap();
    // The same weights, called by another threshold.
    toy::model_with(path, &|manifest| manifest.replace("threshold = 0.6", "threshold = 0.01"));
    for (name, seed) in [("a.png", 1), ("b.png", 2), ("c.png", 3)] {
        toy::picture(&path.join("films").join(name), seed);
    }
    let output = pellucid(path, &["models", "diff", "old", "toy", "films", "--json", "--out", "d.csv"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let found = lines(&output).remove(0);
    let target = found["targets"].as_array().unwrap().iter().find(|t| t["name"] == "Pneumonia").unwrap().clone();
    assert_eq!(target["images"], 3);
    assert_eq!(target["thresholds"].as_array().unwrap().len(), 2);
    assert_eq!(target["turned_absent"], 0, "a lower threshold turns nothing absent");
    assert!((target["largest_change"].as_f64().unwrap()).abs() < 1e-9, "the weights are the same");
    assert_eq!(found["images"].as_array().unwrap().len(), 3);
    let table = fs::read_to_string(path.join("d.csv")).unwrap();
    assert!(table.lines().count() == 4 && table.contains("a p Pneumonia") && table.contains("b says Pneumonia"));
    let output = pellucid(path, &["models", "diff", "old", "toy", "films", "--anonymize"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("3 images") && text.contains("No probability differs"), "{text}");
    // By the command that has truths the same numbers are compared, too.
    assert_eq!(code(&pellucid(path, &["models", "diff", "old", "nowhere", "films"])), 1);
}
