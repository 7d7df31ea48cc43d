//! Whether the map on screen can be trusted: asked on demand, in the background, and answered
//! without flattery.

use std::sync::Arc;

use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::viewer::common::{Bench, LABELS, LAYERS};
use crate::viewer::{button, screen};
use pellucid::app::command::{Command, FileCommand, FindingsCommand, HelpCommand, OverlayCommand, ViewCommand};
use pellucid::app::state::{Layout, Theme};
use pellucid::app::update::effect::Effect;
use pellucid::engine::map_request::{MapFaithfulness, MapRequest};
use pellucid::engine::progress::Progress;
use pellucid::engine::{Event, Request};
use pellucid::explain::faithfulness::Faithfulness;
use pellucid::explain::faithfulness::measure::{Measure, Measured, Measurement};
use pellucid::explain::faithfulness::randomization::{Outcome, Randomization, RandomizedStage};
use pellucid::explain::{Attribution, Method, Subject};
use pellucid::imaging::Plane;

/// Figures of a map that beats both control maps at deletion and at nothing else.
pub(crate) fn figures() -> Vec<Measured> {
    let curve = |end: f64| (0..=20).map(|i| f64::from(i) / 20.0).map(|x| [x, 0.74 + (end - 0.74) * x]).collect();
    let figure = |measure: Measure| {
        let values = if measure == Measure::Deletion { [0.31, 0.42, 0.40] } else { [0.40, 0.401, 0.50] };
        let [map, blob, random] = values.map(|value| Measurement {
            value,
            curve: if measure == Measure::Drop { Vec::new() } else { curve(value) },
        });
        let better = measure.better();
        Measured { measure, better, map, blob, random }
    };
    Measure::ALL.into_iter().map(figure).collect()
}

/// A check that fails after two stages.
fn check() -> Randomization {
    let step = |stage: &str, spearman, ssim| RandomizedStage { stage: stage.into(), spearman, ssim };
    let steps = vec![step("head", 0.97, 0.95), step("stage4", 0.81, 0.62)];
    Randomization { steps, outcome: Outcome::Fails }
}

fn measured(class: usize, whole: bool) -> Arc<MapFaithfulness> {
    let trust = Faithfulness::new(figures(), whole.then_some(0.031), whole.then(check));
    let subject = Subject::class(class);
    Arc::new(MapFaithfulness { method: Method::GradCam, subject, layer: "stage4".into(), measured: trust, whole })
}

/// Everything on screen is there, and nothing runs.
fn settled() -> Bench {
    let mut bench = Bench::finished();
    bench.effects.clear();
    assert!(bench.state.results.explaining.is_none(), "nothing was missing");
    bench
}

/// The panel is open and the worker at work.
fn asked() -> Bench {
    let mut bench = settled();
    bench.command(Command::Overlay(OverlayCommand::ToggleFaithfulness));
    bench
}

fn requests(effects: &[Effect]) -> Vec<MapRequest> {
    let request = |effect: &Effect| match effect {
        Effect::Ask(Request::Explain { request, .. }) => Some(request.clone()),
        _ => None,
    };
    effects.iter().filter_map(request).collect()
}

fn cancels(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::CancelAnalysis))
}

fn answer(bench: &mut Bench, known: Arc<MapFaithfulness>) {
    let generation = bench.state.generation;
    let whole = known.whole;
    bench.event(Event::Progress { generation, progress: Progress::Faithfulness(known) });
    if whole {
        bench.event(Event::ExplanationDone { generation });
    }
}

fn running(bench: &Bench) -> bool {
    bench.state.results.explaining.as_ref().is_some_and(|explaining| explaining.request.faithfulness)
}

// ——— the state ———

#[test]
fn nothing_is_judged_before_somebody_asks() {
    let bench = settled();
    assert!(bench.effects.is_empty() && !bench.state.faithfulness_open);
}

#[test]
fn the_shown_map_is_judged_when_the_panel_opens() {
    let bench = asked();
    let [request] = &requests(&bench.effects)[..] else { panic!("one request") };
    assert!(request.faithfulness && request.stability_samples == 0);
    assert_eq!(
        (request.methods.as_slice(), request.layers.as_slice()),
        (&[Method::GradCam][..], &["stage4".to_owned()][..])
    );
    assert_eq!(request.subjects, [Subject::class(1)]);
}

#[test]
fn colours_zoom_and_windows_leave_the_judgement_alone() {
    let mut bench = asked();
    bench.effects.clear();
    let looks = [
        Command::Overlay(OverlayCommand::NextColormap),
        Command::Overlay(OverlayCommand::MoreOpacity),
        Command::Overlay(OverlayCommand::ToggleContours),
        Command::View(ViewCommand::ZoomIn),
        Command::View(ViewCommand::Pan(0, [4.0, 4.0])),
        Command::View(ViewCommand::AutoWindow),
        Command::Overlay(OverlayCommand::ToggleHeatMap),
        Command::View(ViewCommand::RotateRight),
    ];
    for command in looks {
        bench.command(command);
    }
    assert!(bench.effects.iter().all(|effect| matches!(effect, Effect::SavePreferences)));
    assert!(running(&bench));
}

#[test]
fn maps_that_the_screen_lacks_come_first_and_the_judgement_after_them() {
    let mut bench = settled();
    bench.command(Command::Overlay(OverlayCommand::ToggleFaithfulness));
    bench.effects.clear();
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::Saliency)));
    let [first] = &requests(&bench.effects)[..] else { panic!("one request") };
    assert!(!first.faithfulness && first.methods == [Method::Saliency]);
    bench.effects.clear();
    let generation = bench.state.generation;
    let raw = Plane { width: 8, height: 8, values: (0..64).map(|i| i as f32).collect() };
    let map = Attribution::new(Method::Saliency, Subject::class(1), "input".into(), 2.31, raw).unwrap();
    bench.event(Event::Progress { generation, progress: Progress::Maps(vec![Arc::new(map)]) });
    bench.event(Event::ExplanationDone { generation });
    let [then] = &requests(&bench.effects)[..] else { panic!("one request") };
    assert!(then.faithfulness && then.methods == [Method::Saliency]);
}

#[test]
fn another_class_or_layer_is_judged_in_its_turn_and_an_older_answer_is_there_at_once() {
    let mut bench = asked();
    answer(&mut bench, measured(1, true));
    assert!(!running(&bench), "all is known");
    bench.effects.clear();
    bench.command(Command::Findings(FindingsCommand::SelectClass(0)));
    assert_eq!(requests(&bench.effects)[0].subjects, [Subject::class(0)]);
    bench.command(Command::Overlay(OverlayCommand::SetLayer(LAYERS[0].into())));
    assert_eq!(requests(&bench.effects)[1].layers, [LAYERS[0]]);
    bench.command(Command::Overlay(OverlayCommand::SetLayer(LAYERS[1].into())));
    bench.effects.clear();
    bench.command(Command::Findings(FindingsCommand::SelectClass(1)));
    assert!(requests(&bench.effects).is_empty() && cancels(&bench.effects), "what ran for another map is stopped");
    assert_eq!(bench.state.results.faithfulness.len(), 1);
}

#[test]
fn a_part_of_an_answer_stays_and_the_rest_is_asked_for_again() {
    let mut bench = asked();
    answer(&mut bench, measured(1, false));
    assert!(running(&bench));
    bench.command(Command::Findings(FindingsCommand::SelectClass(0)));
    bench.effects.clear();
    bench.command(Command::Findings(FindingsCommand::SelectClass(1)));
    assert_eq!(requests(&bench.effects)[0].subjects, [Subject::class(1)]);
    assert_eq!(bench.state.results.faithfulness.len(), 1);
}

#[test]
fn escape_closes_the_panel_and_stops_what_it_asked_for() {
    let mut bench = asked();
    bench.effects.clear();
    bench.command(Command::Help(HelpCommand::Escape));
    assert!(cancels(&bench.effects) && !bench.state.faithfulness_open && !running(&bench));
    // Opened once more, it asks once more.
    bench.effects.clear();
    bench.command(Command::Overlay(OverlayCommand::ToggleFaithfulness));
    assert_eq!(requests(&bench.effects).len(), 1);
}

#[test]
fn cancel_stops_the_judgement_and_leaves_the_map() {
    let mut bench = asked();
    answer(&mut bench, measured(1, false));
    bench.effects.clear();
    bench.command(Command::Findings(FindingsCommand::Cancel));
    assert!(cancels(&bench.effects) && !running(&bench) && bench.state.faithfulness_open);
    assert!(bench.state.attribution(1).is_some() && bench.state.unavailable(Method::GradCam).is_none());
    bench.effects.clear();
    bench.command(Command::View(ViewCommand::ZoomIn));
    assert!(bench.effects.is_empty(), "what was stopped stays stopped");
    bench.command(Command::Overlay(OverlayCommand::EvaluateAgain));
    assert_eq!(requests(&bench.effects).len(), 1);
}

#[test]
fn a_failure_keeps_its_reason_and_is_not_tried_again_by_itself() {
    let mut bench = asked();
    let generation = bench.state.generation;
    bench.effects.clear();
    let reason = Some("The weights are not there any more.".to_owned());
    bench.event(Event::ExplanationFailed { generation, reason });
    assert!(requests(&bench.effects).is_empty() && !running(&bench));
    let key = bench.state.shown_map().unwrap();
    assert_eq!(bench.state.unevaluated(&key), Some("The weights are not there any more."));
}

#[test]
fn another_image_is_judged_after_its_own_analysis() {
    let mut bench = asked();
    answer(&mut bench, measured(1, true));
    bench.effects.clear();
    bench.open(crate::viewer::common::frame(64, 64));
    assert!(requests(&bench.effects).is_empty() && bench.state.results.faithfulness.is_empty());
    for event in crate::viewer::common::events(bench.state.generation, 10) {
        bench.event(event);
    }
    assert!(requests(&bench.effects).iter().any(|request| request.faithfulness));
}

#[test]
fn a_flat_map_is_not_judged() {
    let mut bench = settled();
    let flat = Attribution::new(Method::GradCam, Subject::class(1), "stage4".into(), 0.0, Plane::filled(7, 7, 0.0));
    bench.state.results.attributions = vec![Arc::new(flat.unwrap())];
    bench.command(Command::Overlay(OverlayCommand::ToggleFaithfulness));
    assert!(!requests(&bench.effects).iter().any(|request| request.faithfulness));
    let harness = screen(bench);
    assert!(harness.query_by_label_contains("The map is zero everywhere").is_some());
}

#[test]
fn the_report_prints_what_is_known_of_its_map() {
    let mut bench = asked();
    answer(&mut bench, measured(1, true));
    bench.state.preferences.report_folder = Some("reports".into());
    let report = |bench: &mut Bench| match &bench.command(Command::File(FileCommand::ExportReport))[..] {
        [Effect::WriteReport { case, .. }] => case.faithfulness.clone(),
        _ => panic!("no report"),
    };
    assert_eq!(report(&mut bench).as_ref(), Some(&*measured(1, true)));
    bench.state.exporting = false;
    bench.command(Command::Findings(FindingsCommand::SelectClass(0)));
    assert_eq!(report(&mut bench), None);
}

// ——— the screen ———

#[test]
fn the_sentence_stands_first_and_every_figure_has_words() {
    let mut bench = asked();
    answer(&mut bench, measured(1, true));
    let harness = screen(bench);
    let says = |part: &str| harness.query_all_by_label_contains(part).next().is_some();
    assert!(says(&format!("Grad-CAM at stage4 · {}", LABELS[1])));
    assert!(says("better than a centred blob and a random map on only 1 of 4 measures"));
    assert!(says("Deletion, lower is better; this map 0.310 (best); centred blob 0.420; random map 0.400"));
    assert!(says("Insertion, higher is better; this map 0.400; centred blob 0.401; random map 0.500 (best)"));
    assert!(says("Deletion curves: this map 0.310"));
    assert!(says("hardly changes the map: by up to 3.1 %"));
    assert!(says("Failed: the map stays much the same"));
    assert!(says("stage4: rank correlation 0.81, SSIM 0.62"));
    assert!(says("They cannot say whether it lies on the finding"));
}

#[test]
fn progress_is_shown_and_can_be_cancelled() {
    let mut bench = asked();
    let generation = bench.state.generation;
    bench.event(Event::Progress { generation, progress: Progress::Step { what: "measures", done: 40, of: 156 } });
    let mut harness = screen(bench);
    assert!(harness.query_all_by_label("measures 40 of 156").next().is_some());
    button(&harness, "Cancel").click();
    harness.run_steps(3);
    assert!(cancels(&harness.state().effects) && !running(harness.state()));
    assert!(harness.query_by_label_contains("Stopped before everything was measured").is_some());
    button(&harness, "Measure again").click();
    harness.run_steps(3);
    assert!(running(harness.state()));
}

#[test]
fn a_method_that_fails_the_check_bears_the_mark_in_the_head() {
    let mut bench = settled();
    bench.command(Command::Overlay(OverlayCommand::ToggleFaithfulness));
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::GuidedBackprop)));
    let harness = screen(bench);
    assert!(harness.query_all_by_label_contains("Fails the randomisation check (Adebayo").next().is_some());
}

#[test]
fn what_costs_too_much_is_named_with_its_reason() {
    let mut bench = settled();
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::Rise)));
    let generation = bench.state.generation;
    let raw = Plane { width: 8, height: 8, values: (0..64).map(|i| i as f32).collect() };
    let map = Attribution::new(Method::Rise, Subject::class(1), "input".into(), 2.31, raw).unwrap();
    bench.event(Event::Progress { generation, progress: Progress::Maps(vec![Arc::new(map)]) });
    bench.event(Event::ExplanationDone { generation });
    bench.command(Command::Overlay(OverlayCommand::ToggleFaithfulness));
    let trust = Faithfulness::new(figures(), None, None);
    let subject = Subject::class(1);
    let known = MapFaithfulness { method: Method::Rise, subject, layer: "input".into(), measured: trust, whole: true };
    answer(&mut bench, Arc::new(known));
    let harness = screen(bench);
    assert!(harness.query_all_by_label_contains("RISE takes 1000 runs").next().is_some());
}

#[test]
fn the_panel_is_opened_by_its_button_and_by_its_key_and_fits_a_small_screen() {
    let mut harness = screen(settled());
    button(&harness, "Can this map be trusted?").click_accesskit();
    harness.run_steps(3);
    assert!(harness.state().state.faithfulness_open);
    for label in ["Close", "They cannot say whether it lies on the finding"] {
        let rect = harness.query_all_by_label_contains(label).next().expect(label).rect();
        assert!(rect.min.y >= 40.0 && rect.max.y <= 720.0 - 24.0 && rect.max.x <= 1280.0, "{label} at {rect:?}");
    }
    harness.key_press(egui::Key::Q);
    harness.run_steps(3);
    assert!(!harness.state().state.faithfulness_open);
}

#[test]
fn every_theme_and_size_draws_the_panel_with_names_for_every_control() {
    for theme in Theme::ALL {
        for size in [[1280.0, 720.0], [2560.0, 1440.0]] {
            let mut bench = asked();
            answer(&mut bench, measured(1, true));
            bench.state.preferences.theme = theme;
            bench.command(Command::View(ViewCommand::SetLayout(Layout::ClassGrid)));
            // The harness panics on a missing glyph.
            let mut harness = egui_kittest::Harness::builder()
                .with_size(size)
                .with_accessibility_check(false)
                .build_ui_state(|ui, bench: &mut Bench| bench.frame(ui), bench);
            harness.run_steps(4);
            let row = harness.query_all_by_label_contains("Deletion, lower is better").next().unwrap();
            assert!(row.accesskit_node().role() == egui::accesskit::Role::Label && row.rect().width() > 300.0);
        }
    }
}
