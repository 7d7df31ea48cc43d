//! Results from files on the screen: the section beside the image, the window of a report, and a click
//! that writes the case on screen as DICOM objects. The files are opened, read and written by the
//! viewer's own threads.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use pellucid::app::command::{Command, ResultCommand, StudyCommand};
use pellucid::app::runtime::effect_runner::EffectRunner;
use pellucid::app::runtime::options::ViewerOptions;
use pellucid::app::state::result_objects::ReportPage;
use pellucid::app::state::{State, Theme};
use pellucid::app::ui::panels::{result_objects, result_window};
use pellucid::app::ui::theme;
use pellucid::app::update::effect::Effect;
use pellucid::app::update::message::Message;
use pellucid::app::update::result_effect::ResultMessage;
use pellucid::results::read::kind::ResultKind;
use pellucid::study;
use tempfile::TempDir;

use super::panels::Shown;
use super::results_write::{PLACE, radiograph};
use super::study::scanned;
use super::viewer::common::{self, Bench, events};
use super::viewer::{button, screen};
use pellucid::engine::Event;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// The threads of the viewer.
fn threads() -> EffectRunner {
    EffectRunner::start(&egui::Context::default(), &ViewerOptions::default(), None)
}

/// Carries out what has been asked for of one kind, and waits for the answer.
fn carried_out(
    bench: &mut Bench,
    runner: &mut EffectRunner,
    is_asked: impl Fn(&Effect) -> bool,
    is_answer: impl Fn(&Message) -> bool,
) {
    let asked: Vec<Effect> = std::mem::take(&mut bench.effects).into_iter().filter(is_asked).collect();
    assert_eq!(asked.len(), 1, "asked for once");
    asked.into_iter().for_each(|effect| runner.carry_out(effect));
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_mins(2) {
        let messages = runner.messages();
        let is_there = messages.iter().any(&is_answer);
        messages.into_iter().filter(&is_answer).for_each(|message| bench.message(message));
        if is_there {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("no answer");
}

/// An image of a folder on screen, with what the folder lays over it.
fn opened(folders: &[&str], image: &str) -> Bench {
    let mut bench = Bench::new();
    bench.event(Event::ModelReady(common::model()));
    let paths: Vec<PathBuf> = folders.iter().map(|name| golden(name)).collect();
    let catalogue = scanned(&paths.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    let path = golden("results").join(image);
    let entry = catalogue.images().find(|entry| entry.path == path).unwrap().clone();
    bench.message(Message::Scanned { paths, catalogue: Box::new(catalogue) });
    bench.command(StudyCommand::ShowImage(entry.clone(), 0));
    bench.effects.clear();
    bench.loaded(bench.state.generation, study::load(&entry, 0).unwrap());
    let is_laying = |effect: &Effect| matches!(effect, Effect::Results(_));
    carried_out(&mut bench, &mut threads(), is_laying, |m| {
        matches!(m, Message::Results(ResultMessage::LaidOver { .. }))
    });
    bench
}

/// The same with a report in its window.
fn with_report(folders: &[&str], image: &str) -> Bench {
    let mut bench = opened(folders, image);
    let is_report = |kind: Option<ResultKind>| kind == Some(ResultKind::StructuredReport);
    let report = bench.state.catalogue.images().find(|entry| is_report(ResultKind::of(&entry.meta))).unwrap().clone();
    bench.effects.clear();
    bench.command(ResultCommand::Open(Some(report)));
    let is_read = |effect: &Effect| matches!(effect, Effect::Results(_));
    carried_out(&mut bench, &mut threads(), is_read, |m| matches!(m, Message::Results(ResultMessage::Read(..))));
    bench
}

fn section(state: State) -> Shown {
    Shown::new(state, [320.0, 720.0], result_objects::show)
}

/// The window of the report, which answers clicks as the viewer does. The screen is high, so that the
/// window has its full height: rows out of sight are not drawn, and a screen reader meets none of them.
fn window(bench: Bench) -> Harness<'static, Bench> {
    let builder = Harness::builder().with_size([1100.0, 2000.0]);
    let mut harness = builder.with_context_setup(|ctx| theme::install(ctx, Theme::Dark)).build_ui_state(
        |ui, bench: &mut Bench| {
            for command in result_window::show(ui, &bench.state) {
                bench.command(command);
            }
        },
        bench,
    );
    harness.run_steps(4);
    harness
}

fn says(harness: &Harness<'_, Bench>, words: &str) -> bool {
    harness.query_all_by_label_contains(words).next().is_some()
}

#[test]
fn the_section_lists_segments_maps_findings_and_reports_of_the_image() {
    let bench = opened(&["results"], "ct2.dcm");
    let layers: Vec<String> = bench.state.laid_over().unwrap().layers.iter().map(|one| one.name.clone()).collect();
    let mut shown = section(bench.state);
    for words in ["RESULTS FROM FILES", "Lungs and nodule", "Lung", "Nodule", "Nodule 1", "Uptake", "Chest report"] {
        assert!(shown.says(words), "{words}");
    }
    for name in &layers {
        shown.harness.get_by_label(name);
    }
    shown.harness.get_by_label("Open Imaging Measurement Report");
    shown.click("Nodule 1");
    shown.click("Lesion");
    let parts: Vec<String> = shown
        .commands()
        .into_iter()
        .map(|command| match command {
            Command::Results(ResultCommand::ToggleLayer(key)) => key.part,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(parts[0].starts_with("finding ") && parts[1] == "segment 1", "{parts:?}");
}

#[test]
fn what_is_switched_off_is_neither_drawn_nor_in_the_legend() {
    let mut bench = opened(&["results", "results_drawn"], "ct2.dcm");
    let drawn = |bench: &Bench| bench.state.shown_graphics().map(|(_, one)| one.name.clone()).collect::<Vec<_>>();
    assert_eq!(drawn(&bench).len(), 7, "one of the one report, six of the other");
    let circle = bench.state.laid_over().unwrap().graphics.iter().find(|one| one.name == "Circle").unwrap().key.clone();
    bench.command(ResultCommand::ToggleLayer(circle));
    assert!(!drawn(&bench).contains(&"Circle".to_owned()) && drawn(&bench).len() == 6);
    let harness = screen(bench);
    let view = harness.query_all_by_label_contains("View 1").next().unwrap();
    let told = view.value().unwrap_or_default();
    assert!(told.contains("Square") && !told.contains("Circle"), "{told}");
    let mut bench = opened(&["results_drawn", "results"], "ct3.dcm");
    assert!(drawn(&bench).is_empty(), "nothing was drawn on this slice");
    bench.command(ResultCommand::ToggleLaid);
    assert_eq!(bench.state.shown_layers().count(), 0);
}

#[test]
fn names_in_findings_are_hidden_while_the_screen_is_anonymised() {
    let mut bench = opened(&["results", "results_drawn"], "ct2.dcm");
    bench.state.preferences.anonymize = true;
    let shown = section(bench.state);
    assert!(!shown.says("Square") && !shown.says("Imaging Measurement Report") && shown.says("Finding of a report"));
}

#[test]
fn the_window_of_a_report_shows_findings_content_and_references() {
    let mut harness = window(with_report(&["results"], "ct2.dcm"));
    for words in
        ["Structured report", "Imaging Measurement Report", "Nodule 1", "Diameter, ", "6.25 mm", "Nodule Finder 2.1"]
    {
        assert!(says(&harness, words), "{words}");
    }
    harness.get_by_label("Content").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.result_objects.window.as_ref().unwrap().page, ReportPage::Tree);
    assert!(says(&harness, "Imaging Measurements") && says(&harness, "Tracking Identifier"));
    // A heading closes over what lies in it.
    harness.get_by_label("Close Imaging Measurements").click();
    harness.run_steps(3);
    assert!(!says(&harness, "Tracking Identifier") && says(&harness, "Open Imaging Measurements"));
    harness.get_by_label("References").click();
    harness.run_steps(3);
    assert!(says(&harness, "2.25.2026113021.2.2") && says(&harness, "not opened"), "one of them is nowhere");
}

#[test]
fn search_finds_words_codes_and_values_wherever_they_lie() {
    let mut harness = window(with_report(&["results"], "ct2.dcm"));
    harness.get_by_label("Content").click();
    harness.run_steps(2);
    harness.get_by_label("Search report").focus();
    harness.get_by_label("Search report").type_text("herzgröße");
    harness.run_steps(3);
    let rows = |harness: &Harness<'_, Bench>| {
        let window = harness.state().state.result_objects.window.as_ref().unwrap();
        let report = window.report().unwrap();
        window.rows.iter().map(|at| report.tree.items[*at].line()).collect::<Vec<_>>()
    };
    let wanted =
        ["Imaging Measurement Report", "Imaging Measurements", "Measurement Group", "Tracking Identifier: Herzgröße"];
    assert_eq!(rows(&harness), wanted, "with the headings around it");
    harness.state_mut().command(ResultCommand::Search("121206".into()));
    harness.state_mut().command(ResultCommand::Search("nowhere to be found".into()));
    harness.run_steps(2);
    assert!(says(&harness, "Nothing holds these words."));
}

/// The case of a real file on screen, with everything an analysis yields, and the folder for reports.
fn finished() -> (TempDir, Bench) {
    let folder = tempfile::tempdir().unwrap();
    let path = radiograph(folder.path(), &PLACE);
    let mut bench = Bench::with_image(study::open_image(&path).unwrap());
    for event in events(bench.state.generation, 100) {
        bench.event(event);
    }
    bench.state.preferences.report_folder = Some(folder.path().join("reports"));
    (folder, bench)
}

#[test]
fn a_click_leaves_a_folder_of_objects_that_open_again() {
    let (folder, bench) = finished();
    let mut harness = screen(bench);
    button(&harness, "Open").click();
    harness.run_steps(3);
    harness.get_by_label_contains("Export as DICOM").click();
    harness.run_steps(3);
    let bench = harness.state_mut();
    let is_writing = |effect: &Effect| matches!(effect, Effect::WriteDicom { .. });
    carried_out(bench, &mut threads(), is_writing, |m| matches!(m, Message::DicomWritten(_)));
    let notice = bench.state.notices.last().unwrap().text.clone();
    assert!(notice.starts_with("6 DICOM objects written, in ") || notice.starts_with("5 DICOM"), "{notice}");
    let reports = folder.path().join("reports");
    let written: Vec<PathBuf> = fs::read_dir(&reports).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(written.len(), 1, "in a folder of their own");
    let catalogue = scanned(&[&written[0]]);
    assert!(catalogue.warnings.is_empty(), "{:?}", catalogue.warnings);
    let mut kinds: Vec<&str> = catalogue.images().map(|entry| entry.meta.modality.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["DOC", "OT", "OT", "PR", "SEG", "SR"], "{notice}");
    assert!(!bench.state.exporting);
}
