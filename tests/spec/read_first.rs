//! Read first: the model's result stays hidden until the reader has written an impression, and the
//! report keeps both.

use std::sync::Arc;

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::viewer::common::{Bench, LABELS, analysis, entry, events, frame, verdict};
use super::viewer::screen;
use pellucid::app::command::{Command, FileCommand, FindingsCommand, ImpressionCommand, StudyCommand, ViewCommand};
use pellucid::app::state::impression::ReaderText;
use pellucid::app::state::{Content, Layout, Phase, ShownImage};
use pellucid::app::update::effect::Effect;
use pellucid::engine::{Analysis, Event};

fn write(words: &str) -> Command {
    Command::Impression(ImpressionCommand::Write(ReaderText(words.into())))
}

fn ask(command: ImpressionCommand) -> Command {
    Command::Impression(command)
}

/// A finished analysis of which the reader knows nothing.
fn reading() -> Bench {
    let mut bench = Bench::new();
    bench.command(ask(ImpressionCommand::ToggleReadFirst));
    bench.event(Event::ModelReady(super::viewer::common::model()));
    bench.open(frame(256, 256));
    for event in events(bench.state.generation, 100) {
        bench.event(event);
    }
    bench
}

// ——— the state ———

#[test]
fn the_analysis_runs_while_its_result_is_hidden() {
    let mut bench = reading();
    assert!(bench.state.result_hidden() && bench.state.results.finished.is_some());
    for layout in [Layout::SideBySide, Layout::Single, Layout::ClassGrid, Layout::Compare] {
        bench.command(Command::View(ViewCommand::SetLayout(layout)));
        assert_eq!(bench.state.panes(), [Content::Image]);
    }
    let veiled = bench.state.veiled();
    assert!(veiled.results.labels.is_empty() && veiled.results.attributions.is_empty() && veiled.result_hidden());
    assert!(veiled.results.gate.is_none() && veiled.results.finished.is_none() && veiled.results.posterior.is_none());
    bench.command(write("An opacity on the left."));
    bench.command(ask(ImpressionCommand::ShowResult));
    assert!(!bench.state.result_hidden());
    assert_eq!(bench.state.panes().len(), 3, "the layout that was chosen meanwhile");
}

#[test]
fn it_is_asked_for_as_long_as_it_is_switched_on_and_kept_in_the_settings() {
    let mut bench = Bench::finished();
    assert!(!bench.state.result_hidden(), "off until it is asked for");
    let effects = bench.command(ask(ImpressionCommand::ToggleReadFirst));
    assert!(matches!(effects.as_slice(), [Effect::SavePreferences]) && bench.state.preferences.read_first);
    assert!(bench.state.result_hidden());
    bench.command(ask(ImpressionCommand::ToggleReadFirst));
    assert!(!bench.state.result_hidden());
    let old: pellucid::app::state::Preferences = serde_json::from_str("{\"theme\":\"Light\"}").unwrap();
    assert!(!old.read_first, "settings of before are read as before");
}

#[test]
fn an_empty_impression_shows_nothing_and_a_kept_one_cannot_be_changed() {
    let mut bench = reading();
    bench.command(ask(ImpressionCommand::ShowResult));
    bench.command(write(" \n "));
    bench.command(ask(ImpressionCommand::ShowResult));
    assert!(bench.state.result_hidden());
    bench.command(write("A nodule.\n"));
    bench.command(ask(ImpressionCommand::ShowResult));
    let kept = bench.state.impression().unwrap().clone();
    assert_eq!((kept.text.as_str(), kept.before_result), ("A nodule.", true));
    for command in [write("Nothing."), ask(ImpressionCommand::ShowResult), ask(ImpressionCommand::NothingToReport)] {
        bench.command(command);
    }
    assert_eq!(bench.state.impression(), Some(&kept));
}

#[test]
fn nothing_to_report_is_one_click() {
    let mut bench = reading();
    bench.command(ask(ImpressionCommand::NothingToReport));
    assert_eq!(bench.state.impression().unwrap().text, "I see nothing to report.");
    assert!(!bench.state.result_hidden());
}

#[test]
fn remarks_are_added_and_the_first_text_stays() {
    let mut bench = reading();
    let remark = |words: &str| ask(ImpressionCommand::WriteRemark(Some(ReaderText(words.into()))));
    bench.command(remark("too early"));
    assert!(bench.state.page().is_none_or(|page| page.remark.is_none()), "there is nothing yet to add to");
    bench.command(ask(ImpressionCommand::NothingToReport));
    bench.command(remark("On second sight a nodule."));
    bench.command(ask(ImpressionCommand::KeepRemark));
    bench.command(remark("  "));
    bench.command(ask(ImpressionCommand::KeepRemark));
    bench.command(remark("thought better of it"));
    bench.command(ask(ImpressionCommand::WriteRemark(None)));
    bench.command(ask(ImpressionCommand::KeepRemark));
    let impression = bench.state.impression().unwrap();
    assert_eq!(impression.text, "I see nothing to report.");
    let remarks: Vec<&str> = impression.remarks.iter().map(|remark| remark.text.as_str()).collect();
    assert_eq!(remarks, ["On second sight a nodule."]);
    assert!(impression.remarks[0].when(chrono::Local::now().date_naive()).starts_with("written after"));
}

#[test]
fn every_image_and_every_frame_has_its_own_impression_for_the_session() {
    let mut bench = reading();
    bench.command(write("half a sen"));
    let first = bench.state.frame().unwrap().entry.clone();
    bench.command(Command::Study(StudyCommand::ShowImage(entry("other", 2, 64, 64), 0)));
    assert!(bench.state.result_hidden(), "hidden already while it is loading");
    bench.command(write("Clear."));
    bench.command(ask(ImpressionCommand::ShowResult));
    bench.command(Command::Study(StudyCommand::ShowImage(entry("other", 2, 64, 64), 1)));
    assert!(bench.state.result_hidden(), "another frame is another picture");
    bench.command(Command::Study(StudyCommand::ShowImage(first, 0)));
    assert_eq!(bench.state.page().unwrap().draft.0, "half a sen");
    bench.command(Command::File(FileCommand::CloseAll));
    bench.command(Command::Study(StudyCommand::ShowImage(entry("other", 2, 64, 64), 0)));
    assert_eq!(bench.state.impression().unwrap().text, "Clear.");
    assert!(!bench.state.result_hidden());
}

#[test]
fn who_has_seen_the_result_does_not_pass_for_one_who_has_not() {
    let mut bench = Bench::finished();
    bench.command(ask(ImpressionCommand::ToggleReadFirst));
    bench.command(ask(ImpressionCommand::NothingToReport));
    assert!(!bench.state.impression().unwrap().before_result);
    // Nor does one who looked behind the curtain.
    let mut bench = reading();
    bench.command(ask(ImpressionCommand::ToggleReadFirst));
    bench.command(ask(ImpressionCommand::ToggleReadFirst));
    bench.command(ask(ImpressionCommand::NothingToReport));
    assert!(!bench.state.impression().unwrap().before_result);
    // Nor does one who opens the image again.
    let mut bench = Bench::finished();
    bench.open(frame(256, 256));
    bench.command(ask(ImpressionCommand::ToggleReadFirst));
    bench.command(ask(ImpressionCommand::NothingToReport));
    assert!(!bench.state.impression().unwrap().before_result);
}

#[test]
fn a_report_waits_for_the_impression_and_holds_it() {
    let mut bench = reading();
    bench.state.preferences.report_folder = Some("reports".into());
    assert!(bench.command(Command::File(FileCommand::ExportReport)).is_empty());
    assert!(bench.state.notices.last().unwrap().text.contains("write your impression first"));
    bench.command(write("A nodule."));
    bench.command(ask(ImpressionCommand::ShowResult));
    let [Effect::WriteReport { case, .. }] = &bench.command(Command::File(FileCommand::ExportReport))[..] else {
        panic!("the report can be written now");
    };
    let held = case.impression.as_ref().unwrap();
    assert!(held.before_result && held.text == "A nodule.");
    assert!(!bench.state.notices.iter().any(|notice| notice.text.contains("free text")));
    bench.state.exporting = false;
    bench.command(Command::File(FileCommand::ToggleAnonymize));
    bench.command(Command::File(FileCommand::ExportReport));
    assert!(bench.state.notices.last().unwrap().text.contains("free text"));
}

#[test]
fn a_refusal_and_a_failure_are_no_findings_and_are_told_at_once() {
    let refused = |bench: &mut Bench| {
        let generation = bench.state.generation;
        let analysis = Analysis { gate: Some(verdict(false)), ..Analysis::default() };
        bench.event(Event::Finished { generation, analysis: Arc::new(analysis) });
    };
    let mut bench = Bench::new();
    bench.command(ask(ImpressionCommand::ToggleReadFirst));
    bench.event(Event::ModelReady(super::viewer::common::model()));
    bench.open(frame(64, 64));
    assert!(bench.state.result_hidden());
    refused(&mut bench);
    assert!(!bench.state.result_hidden() && bench.state.results.phase == Phase::Refused);
    // Who insists asks for a result: it is hidden like any other.
    bench.command(Command::Findings(FindingsCommand::ShowAnyway));
    assert!(bench.state.result_hidden());
    let generation = bench.state.generation;
    bench.event(Event::Failed { generation, reason: "The weights ended early.".into() });
    assert!(!bench.state.result_hidden());
    // A failure after the scores still has something to hide.
    let mut bench = reading();
    bench.state.results.phase = Phase::Failed("The memory ran out.".into());
    assert!(bench.state.result_hidden());
    bench.state.image = ShownImage::Nothing;
    assert!(!bench.state.result_hidden(), "without an image there is nothing to read");
}

#[test]
fn what_the_reader_writes_is_in_no_log_and_in_no_settings() {
    let mut bench = reading();
    let command = write("Jane has a nodule.");
    assert!(!format!("{command:?}").contains("Jane"));
    bench.command(command);
    assert!(!format!("{:?}", bench.state).contains("Jane has"));
    bench.command(ask(ImpressionCommand::ShowResult));
    bench.command(ask(ImpressionCommand::WriteRemark(Some(ReaderText("Jane's old scar".into())))));
    assert!(!format!("{:?}", bench.state).contains("Jane"));
    assert!(!serde_json::to_string(&bench.state.preferences).unwrap().contains("Jane"));
}

#[test]
fn an_impression_is_no_novel() {
    let mut bench = reading();
    bench.command(write(&"ö".repeat(9000)));
    assert_eq!(bench.state.page().unwrap().draft.0.chars().count(), 4000);
}

// ——— the screen ———

/// Everything that a screen reader would say, and every word that is painted.
pub(super) fn said(harness: &Harness<'_, Bench>) -> Vec<String> {
    fn painted(shape: &egui::Shape, into: &mut Vec<String>) {
        match shape {
            egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| painted(shape, into)),
            egui::Shape::Text(text) => into.push(text.galley.text().to_owned()),
            _ => {}
        }
    }
    let mut words = Vec::new();
    let everything = harness.query_all(egui_kittest::kittest::By::new().predicate(|_| true));
    for node in everything {
        let node = node.accesskit_node();
        words.extend([node.label(), node.value(), node.description(), node.placeholder().map(str::to_owned)]);
    }
    let mut words: Vec<String> = words.into_iter().flatten().collect();
    for shape in &harness.output().shapes {
        painted(&shape.shape, &mut words);
    }
    words
}

/// What gives a result away: names of classes, groups, methods and layers, and the words around the
/// numbers.
fn gives_away(words: &str) -> bool {
    let words = words.to_lowercase();
    let names = LABELS.iter().copied().chain(["Pneumonia", "Grad-CAM", "HiResCAM", "stage3", "stage4"]);
    let about = [
        "probability",
        "logit",
        "%",
        "entropy",
        "uncertainty",
        "radiograph.",
        "evidence",
        "threshold",
        "above",
        "gate",
    ];
    names.chain(about).any(|name| words.contains(&name.to_lowercase())) || has_share(&words)
}

/// True where a number from 0 to 1 with two places stands, as scores are printed.
fn has_share(words: &str) -> bool {
    let shares = ["0.74", ".74", "0.91", "0.09", "0.17", "0.97", "0.41", "2.31"];
    shares.iter().any(|share| words.contains(share))
}

#[test]
fn nothing_of_the_result_is_said_or_painted_while_it_is_hidden() {
    for layout in [Layout::SideBySide, Layout::Single, Layout::ClassGrid, Layout::Compare] {
        let mut bench = reading();
        bench.command(Command::View(ViewCommand::SetLayout(layout)));
        let mut harness = screen(bench);
        // Keys of maps and classes, of which none may bring anything to light.
        for key in [egui::Key::G, egui::Key::M, egui::Key::ArrowDown, egui::Key::T, egui::Key::Y, egui::Key::X] {
            harness.key_press(key);
            harness.run_steps(2);
            let heard = said(&harness);
            assert!(heard.len() > 20, "the screen says something at all: {heard:?}");
            for words in heard {
                assert!(!gives_away(&words), "{words}, after {key:?} in {layout:?}");
            }
        }
        let state = &harness.state().state;
        assert!(state.heat_map && !state.chosen, "those keys rest");
        // The same walk finds it once it is shown: the test would hear a leak.
        harness.state_mut().command(ask(ImpressionCommand::NothingToReport));
        harness.run_steps(4);
        assert!(said(&harness).iter().any(|words| gives_away(words) && words.contains(LABELS[1])));
    }
}

#[test]
fn no_command_brings_the_result_to_light_by_itself() {
    use pellucid::app::command::CommandGroup;
    let of_the_reading_room = |command: &Command| {
        matches!(
            command.info().group,
            CommandGroup::Study | CommandGroup::View | CommandGroup::Overlay | CommandGroup::Findings
        ) && !matches!(command, Command::Impression(_))
    };
    for command in Command::listed().into_iter().filter(of_the_reading_room) {
        let mut harness = screen(reading());
        harness.state_mut().command(command.clone());
        harness.run_steps(3);
        for words in said(&harness) {
            let named = LABELS.iter().any(|label| words.contains(label)) || words.contains("Pneumonia");
            assert!(!named && !has_share(&words), "{words}, after {command:?}");
        }
    }
}

#[test]
fn nothing_leaks_while_the_samples_come_in() {
    let mut bench = Bench::new();
    bench.command(ask(ImpressionCommand::ToggleReadFirst));
    bench.event(Event::ModelReady(super::viewer::common::model()));
    bench.open(frame(256, 256));
    let mut harness = screen(bench);
    for event in events(harness.state().state.generation, 20) {
        harness.state_mut().event(event);
        harness.run_steps(2);
        for words in said(&harness) {
            assert!(!gives_away(&words), "{words}");
        }
    }
}

#[test]
fn the_reader_writes_and_then_sees_the_result_below_the_impression() {
    let mut harness = screen(reading());
    harness.get_by_label("Your impression").focus();
    harness.run_steps(2);
    harness.get_by_label("Your impression").type_text("A nodule on the right.");
    harness.run_steps(3);
    assert_eq!(harness.state().state.page().unwrap().draft.0, "A nodule on the right.");
    harness.get_by_label("Show the model's result").click();
    harness.run_steps(4);
    assert!(!harness.state().state.result_hidden());
    assert!(harness.query_by_label_contains("written before the model's result was shown").is_some());
    let impression = harness.get_by_label("A nodule on the right.").rect();
    let finding = harness.get_all_by_label_contains(LABELS[1]).next().unwrap().rect();
    assert!(impression.bottom() < finding.top());
    assert!(harness.query_by_label("Your impression").is_none(), "there is no field to change it in");
    harness.get_by_label("Add a remark").click();
    harness.run_steps(3);
    harness.get_by_label("Your remark").focus();
    harness.run_steps(2);
    harness.get_by_label("Your remark").type_text("The map agrees.");
    harness.run_steps(3);
    harness.get_by_label("Keep the remark").click();
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("remark, written after").is_some());
    assert!(harness.query_by_label("The map agrees.").is_some());
}

#[test]
fn the_result_is_shown_only_when_something_was_written() {
    let mut harness = screen(reading());
    let disabled =
        |harness: &Harness<'_, Bench>, label: &str| harness.get_by_label(label).accesskit_node().is_disabled();
    assert!(disabled(&harness, "Show the model's result") && !disabled(&harness, "I see nothing to report"));
    harness.state_mut().command(write("A nodule."));
    harness.run_steps(3);
    assert!(!disabled(&harness, "Show the model's result") && disabled(&harness, "I see nothing to report"));
    assert!(disabled(&harness, "Export report"));
}

#[test]
fn letters_typed_into_the_field_are_no_keys_of_the_viewer() {
    let mut harness = screen(reading());
    harness.get_by_label("Your impression").focus();
    harness.run_steps(2);
    let before = *harness.state().state.view(0);
    let layout = harness.state().state.layout;
    for key in [egui::Key::I, egui::Key::H, egui::Key::C, egui::Key::Space, egui::Key::O, egui::Key::F8] {
        harness.key_press(key);
        harness.run_steps(2);
    }
    let state = &harness.state().state;
    assert_eq!((*state.view(0), state.layout, state.overlays_hidden), (before, layout, false));
    assert!(state.preferences.read_first);
    harness.get_by_label("Your impression").type_text("A nodule.");
    harness.run_steps(2);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Enter);
    harness.run_steps(3);
    assert_eq!(harness.state().state.impression().unwrap().text, "A nodule.");
}

#[test]
fn it_is_switched_by_key_and_in_the_menu_and_opens_the_panel_of_the_field() {
    let mut bench = Bench::finished();
    bench.command(Command::View(ViewCommand::ToggleFindings));
    let mut harness = screen(bench);
    harness.key_press(egui::Key::F8);
    harness.run_steps(4);
    assert!(harness.query_by_label("Your impression").is_some());
    harness.get_by_label("View").click();
    harness.run_steps(3);
    harness.get_by_label("Read first").click();
    harness.run_steps(3);
    assert!(!harness.state().state.preferences.read_first);
    assert!(harness.query_all_by_label_contains(LABELS[1]).next().is_some());
}

#[test]
fn a_refusal_stands_on_the_screen_although_nothing_was_written() {
    let mut bench = Bench::new();
    bench.command(ask(ImpressionCommand::ToggleReadFirst));
    bench.event(Event::ModelReady(super::viewer::common::model()));
    bench.open(frame(64, 64));
    let generation = bench.state.generation;
    let refused = Analysis { gate: Some(verdict(false)), ..Analysis::default() };
    bench.event(Event::Finished { generation, analysis: Arc::new(refused) });
    let mut harness = screen(bench);
    assert!(harness.query_all_by_label_contains("no chest radiograph").next().is_some());
    assert!(harness.query_by_label("Your impression").is_none());
    harness.get_all_by_label("Show anyway").next().unwrap().click();
    harness.run_steps(3);
    let generation = harness.state().state.generation;
    harness.state_mut().event(Event::Finished { generation, analysis: Arc::new(analysis(10)) });
    harness.run_steps(3);
    assert!(harness.query_by_label("Your impression").is_some());
    assert!(!said(&harness).iter().any(|words| words.contains(LABELS[1])));
}
