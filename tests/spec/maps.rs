//! Maps in the viewer: what is asked of the worker and when, what views say while they wait, and
//! what the reader can do.

use std::sync::Arc;

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::viewer::common::{Bench, LABELS, model};
use super::viewer::{button, screen};
use pellucid::app::command::{
    Command, FileCommand, FindingsCommand, HelpCommand, MapCommand, OverlayCommand, ViewCommand,
};
use pellucid::app::state::display_options::{Contrast, MOST_METHODS, Stability};
use pellucid::app::state::{Content, Layout, Model};
use pellucid::app::update::effect::Effect;
use pellucid::engine::map_request::MapRequest;
use pellucid::engine::progress::Progress;
use pellucid::engine::{Event, Request};
use pellucid::explain::stability::MapStability;
use pellucid::explain::superpixels::Superpixels;
use pellucid::explain::{Attribution, ExplainError, INPUT, Method, Output, Residual, Subject};
use pellucid::imaging::Plane;

fn ask(command: MapCommand) -> Command {
    Command::Maps(command)
}

/// What was asked of the worker on top of the analysis.
fn requests(effects: &[Effect]) -> Vec<MapRequest> {
    let request = |effect: &Effect| match effect {
        Effect::Ask(Request::Explain { request, .. }) => Some(request.clone()),
        _ => None,
    };
    effects.iter().filter_map(request).collect()
}

/// What was asked for since the last time.
fn asked(bench: &mut Bench) -> Vec<MapRequest> {
    let found = requests(&bench.effects);
    bench.effects.clear();
    found
}

fn cancelled(effects: &[Effect]) -> bool {
    effects.iter().any(|e| matches!(e, Effect::CancelAnalysis))
}

/// A map with something to see, signed where the method is.
fn map(method: Method, subject: Subject, layer: &str) -> Arc<Attribution> {
    let value = |i: usize| {
        let (x, y) = ((i % 8) as f32, (i / 8) as f32);
        (-((x - 2.0).powi(2) + (y - 4.0).powi(2)) / 6.0).exp() - 0.2
    };
    let raw = Plane { width: 8, height: 8, values: (0..64).map(value).collect() };
    Arc::new(Attribution::new(method, subject, method.place(layer).into(), 2.31, raw).unwrap())
}

/// The worker carries out what runs.
fn answer(bench: &mut Bench) {
    let Some(running) = bench.state.results.explaining.clone() else { return };
    let request = running.request;
    let generation = bench.state.generation;
    for layer in &request.layers {
        for method in &request.methods {
            let attributions = request.subjects.iter().map(|s| map(*method, *s, layer)).collect();
            bench.event(Event::Progress { generation, progress: Progress::Maps(attributions) });
            for subject in request.subjects.iter().filter(|_| request.stability_samples > 0) {
                let spread = Arc::new(spread(*method, *subject, layer, request.stability_samples));
                bench.event(Event::Progress { generation, progress: Progress::Stability(spread) });
            }
        }
    }
    bench.event(Event::ExplanationDone { generation });
}

fn spread(method: Method, subject: Subject, layer: &str, samples: usize) -> MapStability {
    let mean = map(method, subject, layer).raw.clone();
    let sd = Plane { values: mean.values.iter().map(|v| v.abs() / 9.0).collect(), ..mean.clone() };
    MapStability { method, subject, layer: layer.into(), mean, sd, samples, seed: 7 }
}

/// Answers until nothing is wanted any more.
fn settle(bench: &mut Bench) {
    for _ in 0..64 {
        answer(bench);
    }
    assert!(bench.state.results.explaining.is_none(), "{:?}", bench.state.results.explaining);
    bench.effects.clear();
}

/// A finished analysis, and nothing more is wanted.
fn settled() -> Bench {
    let mut bench = Bench::finished();
    settle(&mut bench);
    bench
}

// ——— what is asked for ———

#[test]
fn a_costly_method_is_asked_for_once_and_for_what_is_on_screen() {
    let mut bench = settled();
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::Occlusion)));
    let requests = asked(&mut bench);
    assert_eq!(requests.len(), 1);
    assert_eq!(
        (&requests[0].methods[..], &requests[0].subjects[..]),
        (&[Method::Occlusion][..], &[Subject::class(1)][..])
    );
    // Whatever the reader does to the image meanwhile asks for nothing.
    for command in [
        Command::Overlay(OverlayCommand::MoreOpacity),
        Command::Overlay(OverlayCommand::ToggleContours),
        Command::View(ViewCommand::Invert),
        Command::Overlay(OverlayCommand::SetMethod(Method::Occlusion)),
    ] {
        bench.command(command);
    }
    assert!(asked(&mut bench).is_empty());
    answer(&mut bench);
    assert!(asked(&mut bench).is_empty(), "no other layer, no other class");
}

#[test]
fn a_comparison_asks_for_both_classes_at_once() {
    let mut bench = settled();
    bench.command(Command::View(ViewCommand::SetLayout(Layout::Compare)));
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::IntegratedGradients)));
    let request = asked(&mut bench).pop().unwrap();
    assert_eq!(request.subjects, [Subject::class(1), Subject::class(2)]);
}

#[test]
fn coming_back_to_a_finished_method_asks_for_nothing() {
    let mut bench = settled();
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::Rise)));
    settle(&mut bench);
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::GradCam)));
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::Rise)));
    assert!(asked(&mut bench).is_empty());
}

#[test]
fn esc_stops_a_method_and_it_is_not_asked_for_again_until_the_reader_does() {
    let mut bench = settled();
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::Rise)));
    asked(&mut bench);
    let effects = bench.command(Command::Help(HelpCommand::Escape));
    assert!(cancelled(&effects) && requests(&effects).is_empty());
    bench.event(Event::ExplanationFailed { generation: bench.state.generation, reason: None });
    bench.command(Command::Overlay(OverlayCommand::MoreOpacity));
    assert!(requests(&bench.effects).is_empty());
    assert_eq!(bench.state.unavailable(Method::Rise), Some("Stopped."));
    assert_eq!(bench.state.impossible(Method::Rise), None, "the menu still offers it");
    bench.command(ask(MapCommand::TryAgain(Method::Rise)));
    assert_eq!(asked(&mut bench).len(), 1);
}

#[test]
fn the_late_end_of_a_request_that_was_replaced_changes_nothing() {
    let mut bench = settled();
    let generation = bench.state.generation;
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::Rise)));
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::Occlusion)));
    assert_eq!(asked(&mut bench).len(), 2);
    let running = bench.state.results.explaining.clone();
    // The worker was stopped within the older one, or had just finished it.
    bench.event(Event::Progress {
        generation,
        progress: Progress::Refined(vec![map(Method::Rise, Subject::class(1), "stage4")]),
    });
    bench.event(Event::ExplanationFailed { generation, reason: None });
    bench.event(Event::ExplanationDone { generation });
    assert_eq!(bench.state.results.explaining, running);
    assert!(asked(&mut bench).is_empty() && bench.state.results.rough.is_empty());
    answer(&mut bench);
    assert!(bench.state.map(Subject::class(1), Method::Occlusion).is_some());
}

#[test]
fn cheap_methods_on_screen_are_made_for_every_layer_so_that_a_stage_answers_at_once() {
    let mut bench = Bench::finished();
    bench.effects.clear();
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::LayerCam)));
    let first = asked(&mut bench).pop().unwrap();
    assert_eq!((&first.layers[..], &first.subjects[..]), (&["stage4".to_owned()][..], &[Subject::class(1)][..]));
    answer(&mut bench);
    assert!(bench.state.results.explaining.as_ref().is_some_and(|e| e.ahead));
    settle(&mut bench);
    for command in [MapCommand::FinerStage, MapCommand::CoarserStage, MapCommand::FinerStage] {
        bench.command(ask(command));
        assert!(bench.state.map(Subject::class(0), Method::LayerCam).is_some());
    }
    assert_eq!(bench.state.layer(), "stage3");
    bench.command(ask(MapCommand::FinerStage));
    assert_eq!(bench.state.layer(), "stage3", "there is no finer one");
    assert!(asked(&mut bench).is_empty());
}

#[test]
fn methods_that_share_a_pass_are_asked_for_together_and_one_by_one_when_that_fails() {
    let mut bench = settled();
    bench.command(Command::View(ViewCommand::SetLayout(Layout::MethodGrid)));
    let together = asked(&mut bench).pop().unwrap();
    assert_eq!(together.methods, [Method::HiResCam, Method::LayerCam, Method::XGradCam, Method::EigenCam]);
    bench.event(Event::ExplanationFailed { generation: bench.state.generation, reason: Some("No.".into()) });
    assert_eq!(asked(&mut bench).pop().unwrap().methods, [Method::HiResCam]);
    bench.event(Event::ExplanationFailed { generation: bench.state.generation, reason: Some("No.".into()) });
    assert_eq!(bench.state.unavailable(Method::HiResCam), Some("No."));
    assert_eq!(asked(&mut bench).pop().unwrap().methods, [Method::LayerCam], "the others are not given up");
}

#[test]
fn the_grid_fills_from_the_cheapest_to_the_costliest() {
    let mut bench = settled();
    bench.command(Command::View(ViewCommand::SetLayout(Layout::MethodGrid)));
    let methods: Vec<Method> = bench.state.panes()[1..]
        .iter()
        .map(|content| match content {
            Content::Map(_, method) => *method,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(methods[6..], [Method::IntegratedGradients, Method::Occlusion]);
    asked(&mut bench);
    answer(&mut bench);
    assert_eq!(asked(&mut bench).pop().unwrap().methods, [Method::IntegratedGradients]);
    // A cheap one is made before the costly one goes on; a costlier one waits.
    bench.command(ask(MapCommand::TickMethod(Method::Occlusion)));
    bench.command(ask(MapCommand::TickMethod(Method::Rise)));
    assert!(asked(&mut bench).is_empty());
    bench.command(ask(MapCommand::TickMethod(Method::GradCam)));
    bench.command(ask(MapCommand::TickMethod(Method::FinerCam)));
    assert_eq!(asked(&mut bench).pop().unwrap().methods, [Method::FinerCam]);
    settle(&mut bench);
    assert!(bench.state.panes()[1..].iter().all(|content| bench.state.has_maps(*content)));
}

#[test]
fn the_grid_holds_as_many_methods_as_can_be_seen() {
    let mut bench = settled();
    bench.command(ask(MapCommand::TickMethod(Method::Rise)));
    assert_eq!(bench.state.methods().len(), MOST_METHODS);
    assert!(!bench.state.methods().contains(&Method::Rise));
    bench.command(ask(MapCommand::TickMethod(Method::Occlusion)));
    bench.command(ask(MapCommand::TickMethod(Method::Rise)));
    assert_eq!(bench.state.methods().last(), Some(&Method::Rise));
    bench.command(ask(MapCommand::UsualMethods));
    assert_eq!(bench.state.methods().last(), Some(&Method::Occlusion));
}

// ——— subjects ———

#[test]
fn a_group_has_a_map_of_its_own_until_a_class_is_chosen() {
    let mut bench = settled();
    bench.command(ask(MapCommand::SelectGroup(0)));
    let group = Subject::One(Output::Group(0));
    assert_eq!(bench.state.panes()[1], Content::Map(group, Method::GradCam));
    assert_eq!(asked(&mut bench).pop().unwrap().subjects, [group]);
    bench.command(ask(MapCommand::SelectGroup(7)));
    assert_eq!(bench.state.subject(), group, "there is no such group");
    bench.command(Command::Findings(FindingsCommand::SelectClass(1)));
    assert_eq!(bench.state.subject(), Subject::class(1));
}

#[test]
fn the_third_view_shows_the_difference_of_the_maps_or_the_map_of_the_difference() {
    let mut bench = settled();
    bench.command(Command::View(ViewCommand::SetLayout(Layout::Compare)));
    assert_eq!(bench.state.panes()[2], Content::Difference(1, 2));
    assert!(asked(&mut bench).is_empty());
    bench.command(ask(MapCommand::ToggleContrast));
    assert_eq!(bench.state.display.contrast, Contrast::Scores);
    let difference = Subject::Difference(Output::Class(1), Output::Class(2));
    assert_eq!(bench.state.panes()[2], Content::Map(difference, Method::GradCam));
    assert_eq!(asked(&mut bench).pop().unwrap().subjects, [difference]);
}

// ——— display options ———

#[test]
fn display_options_are_shared_by_all_views_or_belong_to_the_one_that_was_clicked() {
    let mut bench = settled();
    bench.command(Command::View(ViewCommand::SetLayout(Layout::ClassGrid)));
    bench.command(Command::Overlay(OverlayCommand::SetOpacity(0.8)));
    assert!((bench.state.style(3).opacity - 0.8).abs() < 1e-6);
    bench.command(ask(MapCommand::ToggleSameDisplay));
    bench.command(ask(MapCommand::ChoosePane(2)));
    bench.command(Command::Overlay(OverlayCommand::SetOpacity(0.3)));
    bench.command(Command::Overlay(OverlayCommand::ToggleContours));
    assert!((bench.state.style(2).opacity - 0.3).abs() < 1e-6 && bench.state.style(2).contours);
    assert!((bench.state.style(1).opacity - 0.8).abs() < 1e-6 && !bench.state.style(1).contours);
    // The image has no map: the panel keeps to a view that has one.
    bench.command(ask(MapCommand::ChoosePane(0)));
    assert_eq!(bench.state.pointed(), 1);
    bench.command(ask(MapCommand::ChoosePane(2)));
    bench.command(ask(MapCommand::ToggleSameDisplay));
    assert!((bench.state.style(1).opacity - 0.3).abs() < 1e-6, "all take on the style of the view in hand");
}

// ——— stability ———

#[test]
fn stability_is_asked_for_only_while_it_is_shown_and_once() {
    let mut bench = settled();
    bench.command(ask(MapCommand::SetStability(Stability::Stable)));
    let request = asked(&mut bench).pop().unwrap();
    assert_eq!((request.stability_samples, &request.subjects[..]), (64, &[Subject::class(1)][..]));
    let generation = bench.state.generation;
    let some = Arc::new(spread(Method::GradCam, Subject::class(1), "stage4", 16));
    bench.event(Event::Progress { generation, progress: Progress::Stability(some) });
    assert!(bench.state.shown_stability(bench.state.panes()[1]).is_some(), "it is shown as it grows");
    bench.command(Command::Overlay(OverlayCommand::MoreOpacity));
    assert!(requests(&bench.effects).is_empty());
    settle(&mut bench);
    bench.command(ask(MapCommand::SetStability(Stability::Deviation)));
    bench.command(ask(MapCommand::SetStability(Stability::Off)));
    assert!(asked(&mut bench).is_empty());
}

#[test]
fn maps_of_attention_are_offered_where_a_class_token_attends_to_all_and_else_greyed_with_the_networks_reason() {
    let mut bench = settled();
    let reason = "the softmax of “blocks.0.attn” (softmax) is no attention of every token to every other";
    let without =
        |reason: Option<&str>| pellucid::engine::ModelInfo { no_class_attention: reason.map(str::to_owned), ..model() };
    bench.state.model = Model::Ready(without(Some(reason)));
    for method in [Method::AttentionRollout, Method::AttentionRelevance] {
        let said = bench.state.impossible(method).unwrap();
        assert!(said.contains("class token") && said.ends_with(reason), "{said}");
    }
    bench.state.model = Model::Ready(without(None));
    assert_eq!(bench.state.impossible(Method::AttentionRelevance), None);
}

#[test]
fn stability_that_cannot_be_known_leaves_the_map() {
    let mut bench = settled();
    bench.command(ask(MapCommand::SetStability(Stability::Stable)));
    bench.event(Event::ExplanationFailed { generation: bench.state.generation, reason: Some("No.".into()) });
    assert_eq!(bench.state.stability_unknown(Method::GradCam), Some("No."));
    assert_eq!(bench.state.unavailable(Method::GradCam), None);
    bench.effects.clear();
    bench.state.model = Model::Ready(pellucid::engine::ModelInfo { stochastic: false, ..model() });
    bench.command(ask(MapCommand::SetStability(Stability::Deviation)));
    assert!(asked(&mut bench).iter().all(|w| w.stability_samples == 0));
    assert!(bench.state.stability_unknown(Method::GradCam).unwrap().contains("no dropout"));
}

#[test]
fn the_report_holds_the_map_that_is_on_screen() {
    let mut bench = settled();
    bench.state.preferences.report_folder = Some("reports".into());
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::Occlusion)));
    settle(&mut bench);
    let [Effect::WriteReport { case, .. }] = &bench.command(Command::File(FileCommand::ExportReport))[..] else {
        panic!("no report")
    };
    assert!(case.attribution(1).is_some_and(|map| map.method == Method::Occlusion && map.layer == INPUT));
}

// ——— the screen ———

fn says(harness: &Harness<'_, Bench>, part: &str) -> bool {
    harness.query_all_by_label_contains(part).next().is_some()
}

fn do_and_see(harness: &mut Harness<'_, Bench>, command: Command) {
    harness.state_mut().command(command);
    harness.run_steps(4);
}

#[test]
fn a_view_says_what_is_being_made_for_it_and_how_to_stop_it() {
    let mut harness = screen(settled());
    do_and_see(&mut harness, Command::Overlay(OverlayCommand::SetMethod(Method::Rise)));
    let generation = harness.state().state.generation;
    harness
        .state_mut()
        .event(Event::Progress { generation, progress: Progress::Step { what: "RISE", done: 240, of: 1000 } });
    harness.run_steps(3);
    assert!(says(&harness, "RISE, 240 of 1000"));
    assert!(says(&harness, "RISE 240 of 1000"), "the bar below says it too");
    let attributions = vec![map(Method::Rise, Subject::class(1), "stage4")];
    harness.state_mut().event(Event::Progress { generation, progress: Progress::Refined(attributions) });
    harness.run_steps(3);
    assert!(says(&harness, "unfinished, 240 of 1000"));
    harness.key_press(egui::Key::Escape);
    harness.run_steps(3);
    assert!(says(&harness, "RISE was stopped."));
    button(&harness, "Try again").click();
    harness.run_steps(3);
    assert_eq!(requests(&harness.state().effects).last().unwrap().methods, [Method::Rise]);
}

#[test]
fn a_method_that_cannot_be_had_says_why_and_offers_another() {
    let mut harness = screen(settled());
    do_and_see(&mut harness, Command::Overlay(OverlayCommand::SetMethod(Method::DeepShap)));
    let reason = Some("Deep SHAP needs a background set, and the model has none.".into());
    let generation = harness.state().state.generation;
    harness.state_mut().event(Event::ExplanationFailed { generation, reason });
    harness.run_steps(3);
    assert!(says(&harness, "needs a background set, and the model has none"));
    button(&harness, "Take Grad-CAM").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.method, Method::GradCam);
}

#[test]
fn a_layer_of_one_place_has_no_map_says_why_and_offers_the_models_own() {
    let mut bench = Bench::finished();
    let layers = bench.state.model_info().unwrap().layers.clone();
    bench.state.results.attributions.retain(|map| map.layer != layers[0]);
    let mut harness = screen(bench);
    do_and_see(&mut harness, Command::Overlay(OverlayCommand::SetLayer(layers[0].clone())));
    let places = pellucid::network::target_layer::Places { columns: 1, rows: 1 };
    let reason = ExplainError::OnePlace { layer: layers[0].clone(), places }.to_string();
    let generation = harness.state().state.generation;
    harness.state_mut().event(Event::ExplanationFailed { generation, reason: Some(reason) });
    harness.run_steps(3);
    assert!(says(&harness, "are 1 × 1, which cannot say where the evidence lies"));
    button(&harness, "Take the model's layer").click();
    harness.run_steps(3);
    let state = &harness.state().state;
    assert_eq!(state.layer(), state.model_info().unwrap().manifest.target_layer);
}

#[test]
fn a_map_that_is_zero_everywhere_says_what_that_means() {
    let mut bench = settled();
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::Saliency)));
    let flat = Plane::filled(8, 8, 0.0);
    let map = Attribution::new(Method::Saliency, Subject::class(1), INPUT.into(), 0.0, flat).unwrap();
    let generation = bench.state.generation;
    bench.event(Event::Progress { generation, progress: Progress::Maps(vec![Arc::new(map)]) });
    bench.event(Event::ExplanationDone { generation });
    assert!(says(&screen(bench), "The score does not depend on the pixels"));
}

/// The row of a method in the menu.
fn row<'a>(harness: &'a Harness<'_, Bench>, name: &'a str) -> egui_kittest::Node<'a> {
    let is_row = |n: &egui_kittest::Node<'_>| n.accesskit_node().role() == egui::accesskit::Role::Button;
    harness.query_all_by_label(name).find(is_row).unwrap_or_else(|| panic!("there is no row {name}"))
}

#[test]
fn the_menu_groups_methods_names_their_cost_and_greys_what_cannot_be_had() {
    let mut harness = screen(settled());
    harness.get_by_label("Method").click_accesskit();
    harness.run_steps(3);
    for heading in ["Class activation", "Gradients of the pixels", "Trial and error", "Shapley values"] {
        assert!(harness.query_by_label(heading).is_some(), "{heading}");
    }
    let row = |name| row(&harness, name);
    assert!(row("Gradient SHAP").accesskit_node().is_disabled(), "there is no background set");
    assert!(!row("Kernel SHAP").accesskit_node().is_disabled());
    row("LayerCAM").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.method, Method::LayerCam);
}

#[test]
fn ticks_in_the_menu_choose_the_methods_of_the_grid_and_leave_it_open() {
    let mut harness = screen(settled());
    harness.key_press(egui::Key::E);
    harness.run_steps(3);
    assert_eq!(harness.state().state.layout, Layout::MethodGrid);
    harness.get_by_label("Method").click_accesskit();
    harness.run_steps(3);
    harness.get_by_label("Compare HiResCAM").click();
    harness.run_steps(3);
    harness.get_by_label("Compare LayerCAM").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.methods().len(), MOST_METHODS - 2);
    assert!(harness.query_by_label("View 9: Bacterial pneumonia · Occlusion").is_none());
}

#[test]
fn the_stage_slider_names_no_layer_for_maps_of_the_pixels() {
    let mut harness = screen(settled());
    assert!(!harness.get_by_label("Stage").accesskit_node().is_disabled());
    do_and_see(&mut harness, Command::Overlay(OverlayCommand::SetMethod(Method::Saliency)));
    assert!(harness.get_by_label("Stage").accesskit_node().is_disabled());
}

#[test]
fn the_arrows_go_through_the_stages() {
    let mut harness = screen(settled());
    harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::ArrowLeft);
    harness.run_steps(2);
    assert_eq!(harness.state().state.layer(), "stage3");
    harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::ArrowRight);
    harness.run_steps(2);
    assert_eq!(harness.state().state.layer(), "stage4");
}

#[test]
fn a_click_on_a_group_shows_its_map() {
    let mut harness = screen(settled());
    harness.get_by_label("Pneumonia").click();
    harness.run_steps(3);
    answer(harness.state_mut());
    harness.run_steps(3);
    assert!(says(&harness, "View 2: Pneumonia · Grad-CAM"));
}

#[test]
fn the_third_view_of_a_comparison_can_be_switched_in_place() {
    let mut harness = screen(settled());
    do_and_see(&mut harness, Command::View(ViewCommand::SetLayout(Layout::Compare)));
    harness.get_by_label("A−B of scores").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.display.contrast, Contrast::Scores);
    assert!(says(&harness, "View 3: Bacterial pneumonia − Viral pneumonia · Grad-CAM"));
}

#[test]
fn where_display_options_differ_a_click_on_a_view_takes_it_in_hand_and_the_panel_names_it() {
    let mut harness = screen(settled());
    do_and_see(&mut harness, Command::View(ViewCommand::SetLayout(Layout::ClassGrid)));
    harness.get_by_label("Same in every view").click_accesskit();
    harness.run_steps(2);
    let view = harness.get_by_label("View 4: Viral pneumonia · Grad-CAM").rect().center();
    harness.drag_at(view);
    harness.drop_at(view);
    harness.run_steps(3);
    assert_eq!(harness.state().state.pointed(), 3);
    assert!(harness.query_all_by_label_contains("View 4").count() > 1, "once in the panel");
}

#[test]
fn signed_maps_patches_and_sums_are_drawn_on_a_turned_and_flipped_image() {
    let mut bench = settled();
    bench.command(Command::Overlay(OverlayCommand::SetMethod(Method::KernelShap)));
    let subject = Subject::class(1);
    let superpixels =
        Superpixels { width: 8, height: 8, labels: (0..64).map(|i| u16::from(i % 8 > 3)).collect(), count: 2 };
    let map = Attribution {
        superpixels: Some(Arc::new(superpixels)),
        residual: Some(Residual { expected: 3.25, found: 3.21 }),
        evaluations: 1000,
        ..map(Method::KernelShap, subject, "stage4").as_ref().clone()
    };
    let generation = bench.state.generation;
    bench.event(Event::Progress { generation, progress: Progress::Maps(vec![Arc::new(map)]) });
    bench.event(Event::ExplanationDone { generation });
    let mut harness = screen(bench);
    for command in [
        Command::Overlay(OverlayCommand::ToggleContours),
        Command::View(ViewCommand::RotateRight),
        Command::View(ViewCommand::FlipHorizontal),
        Command::View(ViewCommand::ZoomIn),
    ] {
        do_and_see(&mut harness, command);
    }
    assert!(!harness.get_by_label("Superpixels").accesskit_node().is_disabled());
    do_and_see(&mut harness, ask(MapCommand::ToggleSuperpixels));
    assert!(!harness.state().state.preferences.superpixels);
}

#[test]
fn every_layout_fits_a_small_and_a_large_window_with_long_names() {
    for size in [[1280.0, 720.0], [2560.0, 1440.0]] {
        let mut bench = settled();
        let mut info = model();
        let mut manifest = pellucid::model::manifest::Manifest::clone(&info.manifest);
        manifest.labels[1].name = "Bacterial pneumonia of the right middle and lower lobe with effusion".into();
        manifest.groups[0].members[0].clone_from(&manifest.labels[1].name);
        info.manifest = Arc::new(manifest);
        bench.state.model = Model::Ready(info);
        let mut harness = Harness::builder()
            .with_size(size)
            .with_accessibility_check(false)
            .build_ui_state(|ui, bench: &mut Bench| bench.frame(ui), bench);
        harness.run_steps(4);
        for layout in [Layout::SideBySide, Layout::ClassGrid, Layout::MethodGrid, Layout::Compare] {
            do_and_see(&mut harness, Command::View(ViewCommand::SetLayout(layout)));
            settle(harness.state_mut());
            harness.run_steps(3);
            let window = egui::Rect::from_min_size(egui::Pos2::ZERO, size.into());
            for node in harness.query_all_by_label_contains("View ") {
                assert!(window.expand(1.0).contains_rect(node.rect()), "{layout:?} at {size:?}: {:?}", node.rect());
            }
        }
    }
    assert_eq!(LABELS.len(), 3);
}
