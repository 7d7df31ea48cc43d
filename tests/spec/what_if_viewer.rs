//! Questions about a changed image in the viewer: what is marked is asked about while the hand moves,
//! nothing of the image itself changes, and what is kept stands in the report.

use std::sync::{Arc, OnceLock};

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::viewer::common::{self, Bench, attributions, frame, verdict};
use super::viewer::screen;
use pellucid::app::command::{
    Command, FileCommand, FindingsCommand, HelpCommand, ImpressionCommand, MeasureCommand, ViewCommand, WhatIfCommand,
};
use pellucid::app::state::measuring::Tool;
use pellucid::app::state::what_if::{FoundPart, Marker, Parts};
use pellucid::app::state::{Content, Layout};
use pellucid::app::update::effect::Effect;
use pellucid::app::update::message::Message;
use pellucid::app::update::what_if_effect::{PartsFound, WhatIfEffect};
use pellucid::engine::lungs::{FieldsSource, LungSearch, Lungs};
use pellucid::engine::progress::Progress;
use pellucid::engine::what_if::alteration::Alteration;
use pellucid::engine::what_if::question::{Answer, Question};
use pellucid::engine::what_if::runs::Runs;
use pellucid::engine::what_if::{Canvas, ScoreChange, WhatIf, changed};
use pellucid::engine::{Event, Request};
use pellucid::explain::Subject;
use pellucid::imaging::lung_fields::LungFields;
use pellucid::measurement::{Kind, Words};
use pellucid::report::case::CaseReport;

const SIDE: usize = 256;

/// An analysed image that is questioned, with its parts.
fn bench() -> Bench {
    let mut bench = Bench::with_image(frame(SIDE, SIDE));
    for event in common::events(bench.state.generation, 10) {
        bench.event(event);
    }
    bench.command(ViewCommand::SetLayout(Layout::WhatIf));
    let generation = bench.state.generation;
    let wanted = |effect: &Effect| matches!(effect, Effect::WhatIf(WhatIfEffect::FindParts { .. }));
    assert!(bench.effects.iter().any(wanted), "parts are looked for once the image is questioned");
    let halves = (0..16).map(|i| u16::from(i % 4 >= 2)).collect();
    let mut marker = vec![false; SIDE * SIDE];
    marker[..20].fill(true);
    let parts = Parts { superpixels: halves, grid: [4, 4], side_markers: Runs::of(&marker) };
    bench.message(Message::PartsFound(PartsFound { generation, parts: Some(Arc::new(parts)) }));
    bench
}

/// The questions that were asked since the last call.
fn questions(bench: &mut Bench) -> Vec<Question> {
    let asked = |effect: Effect| match effect {
        Effect::Ask(Request::WhatIf { question, .. }) => Some(*question),
        _ => None,
    };
    std::mem::take(&mut bench.effects).into_iter().filter_map(asked).collect()
}

/// Answers a question as the worker would, with these scores of the group.
fn answer(bench: &mut Bench, question: &Question, after: f32) {
    tell(bench, question, after, true);
    done(bench, question.number, None);
}

fn tell(bench: &mut Bench, question: &Question, after: f32, accepted: bool) {
    let frame = bench.state.frame().unwrap().clone();
    let before = |label: &str, group, before, after| ScoreChange {
        label: label.into(),
        group,
        before,
        after,
        random: (0..question.draws).map(|draw| 0.01 * draw as f32 - 0.05).collect(),
    };
    let mut analysis = common::analysis(0);
    (analysis.scored, analysis.gate) = (accepted, Some(verdict(accepted)));
    analysis.attributions = if question.map.is_some() { attributions() } else { Vec::new() };
    let changes = vec![before("Pneumonia", true, 0.91, after), before("Normal", false, 0.09, 1.0 - after)];
    let taken = question.change.removal.as_ref().map_or(0, |r| r.taken.iter().filter(|taken| **taken).count());
    let found = WhatIf {
        share: taken as f64 / (SIDE * SIDE) as f64,
        frame: Arc::new(changed(Canvas { frame: &frame, copy: &OnceLock::new() }, &question.change).unwrap()),
        analysis,
        changes: if accepted { changes } else { Vec::new() },
    };
    let answer = Answer {
        number: question.number,
        change: question.change.clone(),
        found,
        drawn: (question.draws, question.draws),
    };
    let generation = bench.state.generation;
    bench.event(Event::Progress { generation, progress: Progress::WhatIf(Arc::new(answer)) });
}

fn done(bench: &mut Bench, number: u64, failure: Option<String>) {
    let generation = bench.state.generation;
    bench.event(Event::WhatIfDone { generation, number, failure });
}

/// A stroke of the brush, asked about and answered.
fn stroke(bench: &mut Bench, after: f32) {
    if bench.state.what_if.tool != Some(Marker::Brush) {
        bench.command(WhatIfCommand::TakeTool(Marker::Brush));
    }
    bench.command(WhatIfCommand::Press([60.0, 60.0]));
    bench.command(WhatIfCommand::Release([90.0, 60.0]));
    while let Some(question) = questions(bench).pop() {
        answer(bench, &question, after);
    }
    bench.command(WhatIfCommand::TakeTool(Marker::Brush));
}

fn marked(bench: &Bench) -> usize {
    bench.state.what_if.mask.as_ref().map_or(0, |mask| mask.iter().filter(|taken| **taken).count())
}

#[test]
fn scores_follow_the_brush_and_the_whole_question_comes_when_the_hand_rests() {
    let mut bench = bench();
    bench.command(WhatIfCommand::TakeTool(Marker::Brush));
    bench.command(WhatIfCommand::Press([60.0, 60.0]));
    let [first] = &questions(&mut bench)[..] else { panic!("one question at the first touch") };
    assert_eq!((first.draws, first.map.is_none()), (0, true), "a quick one");
    bench.command(WhatIfCommand::MoveTo([80.0, 60.0]));
    bench.command(WhatIfCommand::MoveTo([100.0, 60.0]));
    assert!(questions(&mut bench).is_empty(), "one at a time");
    let first = first.clone();
    answer(&mut bench, &first, 0.8);
    let [second] = &questions(&mut bench)[..] else {
        panic!("what stands now is asked about when the first is answered")
    };
    let more = |q: &Question| q.change.removal.as_ref().unwrap().taken.iter().filter(|taken| **taken).count();
    assert!(more(second) > more(&first) && second.draws == 0);
    bench.command(WhatIfCommand::Release([100.0, 60.0]));
    assert!(questions(&mut bench).is_empty());
    let second = second.clone();
    answer(&mut bench, &second, 0.7);
    let [whole] = &questions(&mut bench)[..] else { panic!("the whole question follows") };
    assert_eq!((whole.draws, whole.map.is_some()), (10, true), "with random places and the map");
    // A new stroke does not wait for it.
    bench.command(WhatIfCommand::Press([150.0, 150.0]));
    assert_eq!(questions(&mut bench).len(), 1);
}

#[test]
fn the_map_of_the_changed_image_follows_the_chosen_class_and_an_older_one_is_called_so() {
    let mut bench = bench();
    stroke(&mut bench, 0.3);
    bench.command(FindingsCommand::SelectClass(0));
    let [question] = &questions(&mut bench)[..] else { panic!("the map of the other class is asked for") };
    assert_eq!(question.map.as_ref().map(|(subject, ..)| *subject), Some(Subject::class(0)));
    let question = question.clone();
    answer(&mut bench, &question, 0.3);
    bench.command(FindingsCommand::SelectClass(0));
    assert!(questions(&mut bench).is_empty(), "once");
    bench.command(WhatIfCommand::TakeTool(Marker::Brush));
    bench.command(WhatIfCommand::Press([150.0, 150.0]));
    let [quick] = &questions(&mut bench)[..] else { panic!("a quick question") };
    let quick = quick.clone();
    tell(&mut bench, &quick, 0.25, true);
    let content = Content::Changed(Subject::class(0), bench.state.method);
    assert!(bench.state.changed_map(content).is_some() && bench.state.changed_answer().unwrap().drawn.1 == 0);
}

#[test]
fn nothing_of_the_image_changes_and_only_its_own_layout_shows_the_changed_one() {
    let mut bench = bench();
    let before = bench.state.frame().unwrap().clone();
    stroke(&mut bench, 0.3);
    assert!(Arc::ptr_eq(&before, bench.state.frame().unwrap()));
    assert_eq!(bench.state.results.groups[0].probability, 0.91, "the findings are those of the image");
    let there = bench.state.changed_answer().unwrap().found.frame.clone();
    assert!(there.pixels.plane != before.pixels.plane);
    assert!(bench.state.panes().iter().any(|content| matches!(content, Content::Changed(..))));
    for layout in Layout::ALL.into_iter().filter(|layout| *layout != Layout::WhatIf) {
        bench.command(ViewCommand::SetLayout(layout));
        assert!(!bench.state.panes().iter().any(|content| matches!(content, Content::Changed(..))), "{layout:?}");
        assert!(!bench.state.is_questioned());
    }
    // Another image begins with nothing.
    let generation = bench.state.generation;
    bench.open(frame(SIDE, SIDE));
    assert!(bench.state.generation > generation && bench.state.what_if.changed.is_nothing());
    assert!(bench.state.changed_answer().is_none() && marked(&bench) == 0);
}

#[test]
fn each_tool_marks_what_it_says() {
    let mut bench = bench();
    stroke(&mut bench, 0.5);
    let brushed = marked(&bench);
    // A stroke of 30 pixels with a radius of 3 % of 256.
    let radius = 0.03 * 256.0;
    let expected = 30.0 * 2.0 * radius + std::f64::consts::PI * radius * radius;
    assert!((brushed as f64 / expected - 1.0).abs() < 0.05, "{brushed} of {expected}");
    bench.command(WhatIfCommand::TakeTool(Marker::Eraser));
    bench.command(WhatIfCommand::Press([60.0, 60.0]));
    bench.command(WhatIfCommand::Release([90.0, 60.0]));
    assert_eq!(marked(&bench), 0);
    bench.command(WhatIfCommand::TakeTool(Marker::Lasso));
    bench.command(WhatIfCommand::Press([100.0, 100.0]));
    for corner in [[140.0, 100.0], [140.0, 120.0], [100.0, 120.0]] {
        bench.command(WhatIfCommand::MoveTo(corner));
    }
    bench.command(WhatIfCommand::Release([100.0, 101.0]));
    assert_eq!(marked(&bench), 40 * 20);
    bench.command(WhatIfCommand::TakeTool(Marker::Superpixel));
    bench.command(WhatIfCommand::Clear);
    bench.command(WhatIfCommand::Press([200.0, 10.0]));
    assert_eq!(marked(&bench), SIDE * SIDE / 2, "the right half is one superpixel");
    bench.command(WhatIfCommand::Press([200.0, 10.0]));
    assert_eq!(marked(&bench), 0, "a second press brings it back");
}

#[test]
fn parts_that_are_found_are_taken_away_and_the_others_say_what_is_missing() {
    let mut bench = bench();
    assert!(bench.state.part_missing(FoundPart::OutsideLungs).unwrap().contains("no chest radiograph"));
    bench.command(WhatIfCommand::Take(FoundPart::OutsideLungs));
    assert_eq!(marked(&bench), 0);
    bench.command(WhatIfCommand::Take(FoundPart::SideMarkers));
    assert_eq!(marked(&bench), 20);
    bench.command(WhatIfCommand::Clear);
    let lung =
        |i: usize| (40..200).contains(&(i / SIDE)) && [(40..110), (150..220)].iter().any(|r| r.contains(&(i % SIDE)));
    let lungs: Vec<bool> = (0..SIDE * SIDE).map(lung).collect();
    let area = lungs.iter().filter(|lung| **lung).count();
    let fields = LungFields::of_lung(&lungs, SIDE, SIDE).unwrap();
    let source = FieldsSource::Mask { path: None, sha256: "0".repeat(64) };
    bench.state.lungs = LungSearch::Found(Arc::new(Lungs::new(fields, source)));
    bench.command(WhatIfCommand::Take(FoundPart::Lungs));
    assert_eq!(marked(&bench), area);
    bench.command(WhatIfCommand::Take(FoundPart::OutsideLungs));
    assert_eq!(marked(&bench), SIDE * SIDE, "one after the other takes both");
    assert_eq!(bench.state.what_if.changed.by, ["the lungs", "everything outside the lungs"]);
}

#[test]
fn steps_go_back_and_forth_by_the_same_keys_as_measurements() {
    let mut bench = bench();
    stroke(&mut bench, 0.5);
    let brushed = marked(&bench);
    bench.command(WhatIfCommand::Alter(Alteration { turn: 5.0, ..Alteration::default() }));
    assert_eq!(bench.state.what_if.changed.in_words(), "without a brushed part, turned by +5.0°");
    bench.command(MeasureCommand::Undo);
    assert!(bench.state.what_if.changed.alteration.is_none() && marked(&bench) == brushed);
    bench.command(MeasureCommand::Undo);
    assert!(bench.state.what_if.changed.is_nothing() && bench.state.changed_answer().is_none());
    bench.command(MeasureCommand::Redo);
    assert_eq!(marked(&bench), brushed);
    bench.command(WhatIfCommand::Clear);
    bench.command(MeasureCommand::Undo);
    assert_eq!(marked(&bench), brushed);
}

#[test]
fn a_tool_that_marks_and_one_that_measures_are_never_both_in_hand() {
    let mut bench = bench();
    bench.command(ViewCommand::SetLayout(Layout::SideBySide));
    bench.command(MeasureCommand::TakeTool(Tool::Measure(Kind::Length)));
    bench.command(WhatIfCommand::TakeTool(Marker::Lasso));
    assert_eq!((bench.state.layout, bench.state.measuring.tool), (Layout::WhatIf, Tool::Window));
    assert!(bench.state.is_marking());
    bench.command(HelpCommand::Escape);
    assert!(!bench.state.is_marking() && bench.state.layout == Layout::WhatIf);
    bench.command(WhatIfCommand::TakeTool(Marker::Brush));
    bench.command(MeasureCommand::TakeTool(Tool::Measure(Kind::Length)));
    assert!(!bench.state.is_marking());
    bench.command(WhatIfCommand::TakeTool(Marker::Brush));
    bench.command(ViewCommand::SetLayout(Layout::Single));
    assert!(!bench.state.is_marking(), "in other layouts the left button sets the window");
}

#[test]
fn late_and_stopped_answers_do_no_harm() {
    let mut bench = bench();
    bench.command(WhatIfCommand::TakeTool(Marker::Brush));
    bench.command(WhatIfCommand::Press([60.0, 60.0]));
    let [question] = &questions(&mut bench)[..] else { panic!() };
    let question = question.clone();
    bench.command(MeasureCommand::Undo);
    tell(&mut bench, &question, 0.2, true);
    assert!(bench.state.changed_answer().is_none(), "what was undone has no answer");
    stroke(&mut bench, 0.4);
    done(&mut bench, question.number, Some("too late".into()));
    assert!(bench.state.what_if.failure.is_none());
    assert!(bench.state.settled_answer().is_some());
}

#[test]
fn a_change_is_kept_with_its_scores_named_and_filed() {
    let mut bench = bench();
    bench.command(WhatIfCommand::Keep);
    assert!(bench.state.kept_changes().is_empty(), "nothing stands");
    stroke(&mut bench, 0.31);
    bench.command(WhatIfCommand::Keep);
    let [kept] = bench.state.kept_changes() else { panic!("one is kept") };
    assert_eq!(kept.record.changes[0].after, 0.31);
    bench.command(WhatIfCommand::Rename(1, Words("without the side marker".into())));
    bench.command(WhatIfCommand::Clear);
    bench.command(WhatIfCommand::Show(1));
    assert!(marked(&bench) > 0, "it is made again");
    bench.state.preferences.report_folder = Some("reports".into());
    bench.command(FileCommand::ExportReport);
    let case = |effect: &Effect| match effect {
        Effect::WriteReport { case, .. } => Some(case.clone()),
        _ => None,
    };
    let case: Box<CaseReport> = bench.effects.iter().find_map(case).expect("a report is written");
    assert_eq!(case.kept_changes.len(), 1);
    assert_eq!(case.kept_changes[0].name.0, "without the side marker");
    assert!(
        !format!("{:?}", bench.state.kept_changes()).contains("side marker"),
        "names are not printed for finding faults"
    );
    bench.command(WhatIfCommand::Forget(1));
    assert!(bench.state.kept_changes().is_empty());
}

// ——— the screen ———

fn shows(harness: &Harness<'_, Bench>, words: &str) -> bool {
    harness.query_by_label_contains(words).is_some()
}

#[test]
fn the_panel_shows_both_scores_and_what_random_places_do() {
    let mut bench = bench();
    stroke(&mut bench, 0.31);
    let harness = screen(bench);
    assert!(shows(
        &harness,
        "Pneumonia: probability 0.91 before, 0.31 after (-0.60); as much area at 10 random places"
    ));
    assert!(shows(&harness, "changed more than at any of 10 random places"));
    assert!(shows(&harness, "View 2: changed image"));
    assert!(shows(&harness, "% taken away"));
}

#[test]
fn every_control_of_the_panel_is_found_by_its_name_and_does_what_it_says() {
    let mut harness = screen(bench());
    for tool in ["Brush", "Eraser", "Lasso", "Superpixel"] {
        harness.get_by_label(tool).click();
        harness.run_steps(2);
        let tool = Marker::ALL.into_iter().find(|t| Command::from(WhatIfCommand::TakeTool(*t)).info().label == tool);
        assert_eq!(harness.state().state.what_if.tool, tool);
    }
    harness.get_by_label("Side markers").click();
    harness.run_steps(2);
    assert_eq!(marked(harness.state()), 20);
    harness.get_by_label("Clear").click();
    harness.run_steps(2);
    assert_eq!(marked(harness.state()), 0);
    assert!(harness.get_by_label("Selected region").accesskit_node().is_disabled());
    assert!(shows(&harness, "Mark what is to be taken away"));
}

#[test]
fn a_changed_image_that_the_gate_refuses_has_no_scores_on_screen() {
    let mut bench = bench();
    bench.command(WhatIfCommand::Take(FoundPart::SideMarkers));
    let [question] = &questions(&mut bench)[..] else { panic!() };
    let question = question.clone();
    tell(&mut bench, &question, 0.2, false);
    done(&mut bench, question.number, None);
    let harness = screen(bench);
    assert!(shows(&harness, "The input gate refuses the changed image: This resembles no chest radiograph."));
    assert!(!shows(&harness, "before,"));
}

#[test]
fn while_the_result_is_hidden_nothing_can_be_asked() {
    let mut bench = bench();
    stroke(&mut bench, 0.3);
    let mut hidden = Bench::with_image(frame(SIDE, SIDE));
    hidden.command(ImpressionCommand::ToggleReadFirst);
    hidden.command(ViewCommand::SetLayout(Layout::WhatIf));
    for event in common::events(hidden.state.generation, 10) {
        hidden.event(event);
    }
    hidden.command(WhatIfCommand::TakeTool(Marker::Brush));
    assert!(!hidden.state.is_marking() && !hidden.state.is_questioned());
    hidden.command(WhatIfCommand::Take(FoundPart::SideMarkers));
    assert!(questions(&mut hidden).is_empty());
    let harness = screen(hidden);
    assert!(!shows(&harness, "WHAT IF"));
}
