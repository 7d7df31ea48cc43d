//! The viewer: what commands and events do to the state, and what a reader finds on the screen. No
//! display is needed.

#[path = "../common/viewer.rs"]
pub(super) mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use common::{Bench, LABELS, attributions, entry, events, frame, scores, verdict};
use pellucid::app::command::{
    Command, FileCommand, FindingsCommand, HelpCommand, OverlayCommand, StudyCommand, ViewCommand,
};
use pellucid::app::state::weights_form::WeightsForm;
use pellucid::app::state::{Content, Layout, Level, Phase, ShownImage};
use pellucid::app::update::effect::Effect;
use pellucid::app::update::message::Message;
use pellucid::engine::progress::Progress;
use pellucid::engine::{Analysis, Event, Request};
use pellucid::explain::{Method, Subject};

// ——— the state ———

fn asked(effects: &[Effect]) -> Vec<&pellucid::engine::AnalysisOptions> {
    let options = |e| match e {
        &Effect::Ask(Request::Analyze { ref options, .. }) => Some(options),
        _ => None,
    };
    effects.iter().filter_map(options).collect()
}

#[test]
fn printing_writes_the_report_and_hands_its_pdf_to_the_desktop_and_exporting_does_not() {
    let mut bench = Bench::finished();
    bench.state.preferences.report_folder = Some("reports".into());
    for (command, printed) in
        [(FileCommand::ExportReport, false), (FileCommand::Print, true), (FileCommand::ExportReport, false)]
    {
        bench.effects.clear();
        bench.command(command);
        assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::WriteReport { .. })));
        bench.message(Message::ReportWritten(Ok("reports/case.pdf".into())));
        let opened = bench.effects.iter().any(|effect| matches!(effect, Effect::OpenExternally(_)));
        assert_eq!(opened, printed);
    }
}

#[test]
fn an_opened_image_is_analysed_at_the_target_layer_once() {
    let mut bench = Bench::with_image(frame(64, 48));
    assert_eq!(asked(&bench.effects).iter().map(|o| o.layers.clone()).collect::<Vec<_>>(), [["stage4"]]);
    assert_eq!(bench.state.results.phase, Phase::Waiting);
    let generation = bench.state.generation;
    bench.event(Event::Finished { generation, analysis: Arc::new(common::analysis(10)) });
    // The maps of the test are there already: nothing follows, and late words about the analysis
    // change nothing.
    assert_eq!(asked(&bench.effects).len(), 1);
    assert!(bench.state.results.explaining.is_none());
    let scores = bench.state.results.labels.clone();
    bench.event(Event::Started { generation });
    bench.event(Event::Progress {
        generation,
        progress: Progress::Scored { labels: Vec::new(), groups: Vec::new(), population: None },
    });
    bench.event(Event::Finished { generation, analysis: Arc::new(Analysis::default()) });
    assert_eq!((bench.state.results.phase.clone(), bench.state.results.labels.clone()), (Phase::Finished, scores));
}

#[test]
fn an_image_that_was_opened_before_the_model_is_analysed_when_the_model_comes() {
    let mut bench = Bench::new();
    bench.open(frame(64, 48));
    assert!(asked(&bench.effects).is_empty());
    bench.event(Event::ModelReady(common::model()));
    assert_eq!(asked(&bench.effects).len(), 1);
}

#[test]
fn late_events_of_another_image_are_dropped() {
    let mut bench = Bench::with_image(frame(64, 48));
    let old = bench.state.generation;
    bench.command(Command::Study(StudyCommand::ShowImage(entry("9.9", 1, 64, 48), 0)));
    for event in events(old, 10) {
        bench.event(event);
    }
    assert!(bench.state.results.labels.is_empty() && bench.state.results.finished.is_none());
}

#[test]
fn of_two_images_asked_for_the_later_one_is_shown() {
    let mut bench = Bench::with_image(frame(64, 48));
    bench.command(Command::Study(StudyCommand::ShowImage(entry("a", 1, 32, 32), 0)));
    let first = bench.state.generation;
    bench.command(Command::Study(StudyCommand::ShowImage(entry("b", 1, 40, 40), 0)));
    bench.loaded(bench.state.generation, frame(40, 40));
    bench.loaded(first, frame(32, 32));
    assert_eq!(bench.state.frame().unwrap().pixels.plane.width, 40);
}

#[test]
fn closing_while_the_model_runs_cancels_and_forgets() {
    let mut bench = Bench::with_image(frame(64, 48));
    let generation = bench.state.generation;
    bench.event(Event::Started { generation });
    let effects = bench.command(Command::File(FileCommand::CloseAll));
    assert!(effects.iter().any(|e| matches!(e, Effect::CancelAnalysis)));
    for event in events(generation, 10) {
        bench.event(event);
    }
    assert!(matches!(bench.state.image, ShownImage::Nothing) && bench.state.results.labels.is_empty());
}

#[test]
fn nothing_the_reader_does_to_the_image_asks_for_a_computation_or_changes_a_score() {
    let mut bench = Bench::finished();
    let before = bench.state.results.labels.clone();
    let generation = bench.state.generation;
    bench.effects.clear();
    let looks = [
        Command::View(ViewCommand::DragWindow(0, [0.3, -0.2])),
        Command::View(ViewCommand::AutoWindow),
        Command::View(ViewCommand::FileWindow),
        Command::View(ViewCommand::Invert),
        Command::View(ViewCommand::Pan(0, [5.0, 5.0])),
        Command::View(ViewCommand::Zoom(0, 2.0, [0.0, 0.0])),
        Command::View(ViewCommand::RotateRight),
        Command::View(ViewCommand::FlipHorizontal),
        Command::Overlay(OverlayCommand::ToggleHeatMap),
        Command::Overlay(OverlayCommand::NextMethod),
        Command::Overlay(OverlayCommand::SetLayer("stage3".into())),
        Command::Overlay(OverlayCommand::MoreOpacity),
        Command::Overlay(OverlayCommand::RaiseThreshold),
        Command::Overlay(OverlayCommand::NextColormap),
        Command::Overlay(OverlayCommand::ToggleContours),
        Command::Overlay(OverlayCommand::ToggleSharedScale),
        Command::Findings(FindingsCommand::SelectClass(0)),
        Command::Findings(FindingsCommand::TickClass(2)),
        Command::View(ViewCommand::SetLayout(Layout::Compare)),
        Command::View(ViewCommand::ResetView),
    ];
    for command in looks {
        bench.command(command);
    }
    assert_eq!(bench.state.results.labels, before);
    assert_eq!(bench.state.generation, generation);
    assert!(bench.effects.iter().all(|e| matches!(e, Effect::SavePreferences)));
}

#[test]
fn the_most_probable_class_is_shown_until_the_reader_chooses() {
    let mut bench = Bench::with_image(frame(64, 48));
    let generation = bench.state.generation;
    bench.event(Event::Progress {
        generation,
        progress: Progress::Scored { labels: scores(), groups: Vec::new(), population: None },
    });
    assert_eq!(bench.state.selected, 1);
    bench.command(Command::Findings(FindingsCommand::SelectClass(0)));
    bench.event(Event::Finished { generation, analysis: Arc::new(common::analysis(10)) });
    assert_eq!(bench.state.selected, 0);
}

#[test]
fn a_refused_image_has_no_scores_until_the_reader_insists() {
    let mut bench = Bench::with_image(frame(64, 48));
    let generation = bench.state.generation;
    bench.event(Event::Progress { generation, progress: Progress::Gated(verdict(false)) });
    let analysis = Analysis { gate: Some(verdict(false)), ..Analysis::default() };
    bench.event(Event::Finished { generation, analysis: Arc::new(analysis) });
    assert_eq!(bench.state.results.phase, Phase::Refused);
    assert!(bench.state.results.labels.is_empty());
    bench.effects.clear();
    bench.command(Command::Findings(FindingsCommand::ShowAnyway));
    assert!(asked(&bench.effects)[0].force);
    // The next image is asked about anew.
    bench.open(frame(32, 32));
    assert!(!asked(&bench.effects).last().unwrap().force);
}

#[test]
fn comparison_takes_the_ticked_classes_and_fills_up_from_the_selection() {
    let mut bench = Bench::finished();
    assert_eq!(bench.state.compared(), (1, 2));
    bench.command(Command::Findings(FindingsCommand::TickClass(2)));
    assert_eq!(bench.state.compared(), (2, 1));
    bench.command(Command::Findings(FindingsCommand::TickClass(0)));
    assert_eq!(bench.state.compared(), (2, 0));
    bench.command(Command::Findings(FindingsCommand::SwapCompared));
    assert_eq!(bench.state.compared(), (0, 2));
    bench.command(Command::View(ViewCommand::SetLayout(Layout::Compare)));
    let of = |class| Content::Map(Subject::class(class), Method::GradCam);
    assert_eq!(bench.state.panes(), [of(0), of(2), Content::Difference(0, 2)]);
}

#[test]
fn linked_views_move_together_and_unlinked_ones_alone_without_a_jump() {
    let mut bench = Bench::finished();
    bench.command(Command::View(ViewCommand::Pan(1, [7.0, 0.0])));
    assert_eq!(bench.state.view(0).center, bench.state.view(1).center);
    let before = *bench.state.view(1);
    bench.command(Command::View(ViewCommand::ToggleLinked));
    assert_eq!(*bench.state.view(1), before);
    bench.command(Command::View(ViewCommand::Zoom(1, 2.0, [0.0, 0.0])));
    assert!(bench.state.view(1).zoom > bench.state.view(0).zoom);
}

#[test]
fn a_window_of_no_width_is_not_taken() {
    let mut bench = Bench::finished();
    let before = bench.state.view(0).window;
    bench.command(Command::View(ViewCommand::SetWindow(0, pellucid::imaging::Window { width: 0.0, ..before })));
    assert_eq!(bench.state.view(0).window, before);
}

#[test]
fn the_wheel_order_goes_through_frames_and_then_images_and_stops_at_the_ends() {
    let mut bench = Bench::new();
    let images = [entry("a", 2, 8, 8), entry("b", 1, 8, 8)];
    let catalogue = Box::new(common::catalogue_of(&images));
    bench.message(Message::Scanned { paths: Vec::new(), catalogue });
    let at = |b: &Bench| b.state.current().map(|(e, i)| (e.identity.sop_instance_uid.clone(), i)).unwrap();
    let mut seen = vec![at(&bench)];
    for command in [
        Command::Study(StudyCommand::NextImage),
        Command::Study(StudyCommand::NextImage),
        Command::Study(StudyCommand::NextImage),
        Command::Study(StudyCommand::PreviousImage),
    ] {
        bench.command(command);
        seen.push(at(&bench));
    }
    let expected = [("a", 0), ("a", 1), ("b", 0), ("b", 0), ("a", 1)];
    assert_eq!(seen, expected.map(|(uid, index)| (uid.to_owned(), index)));
}

#[test]
fn the_same_image_opened_twice_is_listed_once() {
    let mut bench = Bench::with_image(frame(16, 16));
    bench.open(frame(16, 16));
    let listed = bench.state.catalogue.images().count();
    assert_eq!((listed, bench.state.images.len()), (1, 1));
    assert_eq!(bench.state.preferences.recent.len(), 1);
}

#[test]
fn the_report_asks_for_a_folder_once() {
    let mut bench = Bench::finished();
    assert!(matches!(bench.command(Command::File(FileCommand::ExportReport))[..], [Effect::AskForReportFolder]));
    bench.effects.clear();
    bench.message(Message::ReportFolderChosen(Some("reports".into())));
    assert!(bench.effects.iter().any(|e| matches!(e, Effect::WriteReport { .. })));
    bench.message(Message::ReportWritten(Ok("reports/case.pdf".into())));
    assert_eq!(bench.state.notices.last().unwrap().action.as_ref().unwrap().label(), "Open");
    let [Effect::WriteReport { case, .. }] = &bench.command(Command::File(FileCommand::ExportReport))[..] else {
        panic!("the folder is remembered");
    };
    assert_eq!((case.classes.as_slice(), case.layer.as_str()), (&[1][..], "stage4"));
}

#[test]
fn there_is_no_report_before_the_analysis_is_finished() {
    let mut bench = Bench::with_image(frame(16, 16));
    assert!(bench.command(Command::File(FileCommand::ExportReport)).is_empty());
    assert!(bench.state.notices.last().unwrap().text.contains("still running"));
}

#[test]
fn good_news_goes_away_and_bad_news_stays() {
    let mut bench = Bench::finished();
    bench.message(Message::ReportWritten(Ok("a.pdf".into())));
    bench.message(Message::ReportWritten(Err("The folder is read-only.".into())));
    let wait = pellucid::app::update::on_time(&mut bench.state, Instant::now()).unwrap();
    assert!(wait <= Duration::from_secs(10));
    pellucid::app::update::on_time(&mut bench.state, Instant::now() + Duration::from_mins(1));
    assert_eq!(bench.state.notices.len(), 1);
    assert_eq!(bench.state.notices[0].level, Level::Error);
}

#[test]
fn a_file_that_cannot_be_shown_says_why_and_offers_another_try() {
    let mut bench = Bench::with_image(frame(16, 16));
    bench.command(Command::Study(StudyCommand::ShowImage(entry("bad", 1, 8, 8), 0)));
    let generation = bench.state.generation;
    bench.message(Message::FrameLoaded { generation, result: Err("The pixel data ends early.".into()) });
    assert!(matches!(&bench.state.image, ShownImage::Failed { reason, .. } if reason.as_str().contains("ends early")));
    let effects = bench.command(Command::Findings(FindingsCommand::Retry));
    assert!(effects.iter().any(|e| matches!(e, Effect::LoadFrame { .. })));
}

#[test]
fn every_command_of_the_list_has_words_and_every_key_is_used_once() {
    let listed = Command::listed();
    let mut keys = std::collections::BTreeSet::new();
    for command in &listed {
        let info = command.info();
        assert!(!info.label.is_empty() && !info.tooltip.is_empty() && !info.tooltip.ends_with('.'), "{command:?}");
        if !info.key.is_empty() {
            assert!(keys.insert(info.key.clone()), "{} is used twice", info.key);
            assert!(pellucid::app::ui::keymap::parse(&info.key).is_some(), "{} is no key", info.key);
        }
    }
}

// ——— the screen ———

pub(super) fn screen(bench: Bench) -> Harness<'static, Bench> {
    let mut harness = Harness::builder()
        .with_size([1280.0, 720.0])
        .with_accessibility_check(false)
        .with_step_dt(1.0 / 60.0)
        .build_ui_state(|ui, bench: &mut Bench| bench.frame(ui), bench);
    harness.run_steps(4);
    harness
}

pub(super) fn button<'a>(harness: &'a Harness<'_, Bench>, words: &'a str) -> egui_kittest::Node<'a> {
    let is_button = |n: &egui_kittest::Node<'_>| n.accesskit_node().role() == egui::accesskit::Role::Button;
    harness.query_all_by_label_contains(words).find(is_button).expect("a button with these words")
}

#[test]
fn with_nothing_open_the_screen_says_where_to_begin() {
    let harness = screen(Bench::new());
    assert!(harness.query_all_by_label_contains("demo").next().is_some());
}

#[test]
fn a_click_on_a_class_shows_its_map() {
    let mut harness = screen(Bench::finished());
    assert!(harness.query_by_label_contains(&format!("View 2: {}", LABELS[1])).is_some());
    button(&harness, LABELS[0]).click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.selected, 0);
    assert!(harness.query_by_label_contains(&format!("View 2: {}", LABELS[0])).is_some());
}

#[test]
fn keys_switch_layouts_and_the_heat_map() {
    let mut harness = screen(Bench::finished());
    let views =
        |h: &Harness<'_, Bench>| h.query_all_by_label_contains("View ").filter(|n| n.rect().width() > 100.0).count();
    assert_eq!(views(&harness), 2);
    for (key, expected) in
        [(egui::Key::S, 1), (egui::Key::C, 4), (egui::Key::E, 9), (egui::Key::B, 3), (egui::Key::D, 2)]
    {
        harness.key_press(key);
        harness.run_steps(3);
        assert_eq!(views(&harness), expected);
    }
    harness.key_press(egui::Key::G);
    harness.run_steps(2);
    assert!(!harness.state().state.heat_map);
}

#[test]
fn overlays_are_hidden_while_o_is_held() {
    let mut harness = screen(Bench::finished());
    harness.key_down(egui::Key::O);
    harness.run_steps(2);
    assert!(harness.state().state.overlays_hidden);
    harness.key_up(egui::Key::O);
    harness.run_steps(2);
    assert!(!harness.state().state.overlays_hidden);
}

#[test]
fn f1_shows_every_key() {
    let mut harness = screen(Bench::finished());
    harness.key_press(egui::Key::F1);
    harness.run_steps(3);
    assert!(harness.state().state.keys_open);
    assert!(harness.query_all_by_label_contains("Flip left and right").next().is_some());
    harness.key_press(egui::Key::Escape);
    harness.run_steps(2);
    assert!(!harness.state().state.keys_open);
}

#[test]
fn a_refusal_stands_on_the_screen_with_a_way_on() {
    let mut bench = Bench::with_image(frame(64, 64));
    let generation = bench.state.generation;
    let analysis = Analysis { gate: Some(verdict(false)), ..Analysis::default() };
    bench.event(Event::Finished { generation, analysis: Arc::new(analysis) });
    let harness = screen(bench);
    assert!(harness.query_all_by_label_contains("no chest radiograph").next().is_some());
    assert!(harness.query_all_by_label("Show anyway").next().is_some());
}

#[test]
fn no_evidence_is_said_in_words() {
    let mut bench = Bench::finished();
    bench.command(Command::Findings(FindingsCommand::SelectClass(2)));
    let harness = screen(bench);
    assert!(harness.query_all_by_label_contains("No positive evidence").next().is_some());
}

#[test]
fn textures_are_made_again_only_when_their_inputs_change() {
    let mut harness = screen(Bench::finished());
    let made = |h: &Harness<'_, Bench>| h.state().caches.made();
    let before = made(&harness);
    harness.run_steps(5);
    assert_eq!(made(&harness), before);
    harness.state_mut().command(Command::Overlay(OverlayCommand::MoreOpacity));
    harness.run_steps(2);
    assert_eq!(made(&harness), before + 1, "only the map was coloured again");
    harness.state_mut().command(Command::View(ViewCommand::Invert));
    harness.run_steps(2);
    assert!(made(&harness) <= before + 3, "only the images went through another table");
}

#[test]
fn the_left_button_windows_the_middle_pans_and_a_double_click_shows_one_view() {
    let mut harness = screen(Bench::finished());
    let view = harness.get_all_by_label_contains("View 2").next().unwrap().rect().center();
    let before = *harness.state().state.view(0);
    harness.drag_at(view);
    harness.run_steps(1);
    harness.hover_at(view + egui::vec2(60.0, 0.0));
    harness.run_steps(1);
    harness.drop_at(view + egui::vec2(60.0, 0.0));
    harness.run_steps(1);
    let after = *harness.state().state.view(0);
    assert!(after.window.width > before.window.width && after.center == before.center);
    // A pause, or this click would be the second of a double click.
    harness.run_steps(60);
    for _ in 0..2 {
        harness.drag_at(view);
        harness.drop_at(view);
    }
    harness.run_steps(2);
    assert_eq!(harness.state().state.solo, Some(1));
}

#[test]
fn attributions_of_the_test_are_those_of_a_model() {
    // 2 layers × 2 methods × 3 classes.
    assert_eq!(attributions().len(), 12);
}

#[test]
fn dropped_weights_open_the_import_dialog_and_become_a_model() {
    let mut bench = Bench::new();
    assert!(
        bench.command(Command::File(FileCommand::OpenPaths(vec!["chexnet.pth.tar".into()]))).is_empty(),
        "weights are no images"
    );
    let form = bench.state.weights.clone().expect("the dialog is open");
    assert_eq!(form.name, "chexnet");
    bench.command(Command::File(FileCommand::EditWeights(Box::new(WeightsForm { name: "mine".into(), ..form }))));
    let effects = bench.command(Command::File(FileCommand::ImportWeights));
    assert!(
        matches!(effects.as_slice(), [Effect::Import(request)] if request.name == "mine" && request.labels.is_none())
    );

    bench.message(Message::Imported(Err("it is cut short".into())));
    let form = bench.state.weights.clone().expect("a refusal leaves the dialog open");
    assert!(!form.running && form.refusal.unwrap().contains("cut short"));

    bench.command(Command::File(FileCommand::ImportWeights));
    bench.message(Message::Imported(Ok("mine".into())));
    assert!(bench.state.weights.is_none());
    let notice = bench.state.notices.last().expect("the end is told");
    assert_eq!(
        notice.action.as_ref().map(Command::from),
        Some(Command::Findings(FindingsCommand::SetModel("mine".into())))
    );
}

#[test]
fn labels_that_cannot_be_read_are_told_in_the_dialog() {
    let mut bench = Bench::new();
    bench.message(Message::WeightsChosen(Some("resnet18.pth".into())));
    let form = bench.state.weights.clone().unwrap();
    bench.command(Command::File(FileCommand::EditWeights(Box::new(WeightsForm {
        labels: "there/is/no/such.txt".into(),
        ..form
    }))));
    assert!(bench.command(Command::File(FileCommand::ImportWeights)).is_empty());
    assert!(bench.state.weights.as_ref().unwrap().refusal.as_ref().unwrap().contains("there is no file"));
    bench.command(Command::Help(HelpCommand::Escape));
    assert!(bench.state.weights.is_none());
}

#[test]
fn the_import_dialog_stands_on_the_screen_until_the_weights_are_in() {
    let mut bench = Bench::new();
    bench.command(Command::File(FileCommand::OpenPaths(vec!["chexnet.pth.tar".into()])));
    let mut harness = screen(bench);
    harness.run_steps(3);
    harness.get_by_label("Import").click();
    harness.run_steps(3);
    assert!(harness.state().effects.iter().any(|effect| matches!(effect, Effect::Import(_))));
    assert!(harness.state().state.weights.as_ref().unwrap().running);
    harness.get_by_label("Close").click();
    harness.run_steps(3);
    assert!(harness.state().state.weights.is_none());
}
