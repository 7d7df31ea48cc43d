//! Several images side by side: which image is a prior, what comes where, what goes together, what is
//! scored beside the active image and how both differ.

use std::path::Path;
use std::sync::Arc;

use egui::{Pos2, Rect};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use pellucid::app::command::{
    Command, FindingsCommand, HangingCommand, HelpCommand, OverlayCommand, SessionCommand, StudyCommand, ViewCommand,
};
use pellucid::app::state::hanging::{Grid, ScaleLink};
use pellucid::app::state::hanging_rules::HangingRules;
use pellucid::app::state::prior::NoPrior;
use pellucid::app::state::pyramid::Pyramid;
use pellucid::app::state::{Layout, LoadedImage, Model, Phase, Preferences, State};
use pellucid::app::update::effect::Effect;
use pellucid::app::update::measuring_effect::{MeasuringEffect, MeasuringMessage};
use pellucid::app::update::message::Message;
use pellucid::engine::lungs::LungSearch;
use pellucid::engine::model_selection::choice::Choice;
use pellucid::engine::{Analysis, BesideImage, BesideOutcome, Event, Request};
use pellucid::explain::Method;
use pellucid::imaging::Window;
use pellucid::measurement::identity::ImageIdentity;
use pellucid::measurement::{Kind, Measurement, Words};
use pellucid::model::population::PopulationVerdict;
use pellucid::study::{
    Catalogue, Frame, Identity, ImageEntry, Metadata, Patient, Series, Spacing, SpacingProvenance, StackPlace, Study,
};

use super::read_first::said;
use super::viewer::common::{self, Bench, LABELS, verdict};
use super::viewer::screen;

/// A radiograph of one study: patient, day, view; its name is its UID.
fn image(uid: &str, patient: &str, day: &str, view: &str) -> Arc<ImageEntry> {
    let known = common::entry(uid, 1, 64, 64);
    let meta = Metadata {
        patient_name: "DOE^JANE".into(),
        patient_id: patient.into(),
        study_date: day.into(),
        modality: "DX".into(),
        body_part: "CHEST".into(),
        view_position: view.into(),
        ..Metadata::default()
    };
    let uid = |kind: &str| format!("{kind}.{patient}.{day}.{view}");
    let identity = Identity { study_uid: format!("1.{patient}.{day}"), series_uid: uid("2"), ..known.identity.clone() };
    let path = format!("/{}.dcm", known.identity.sop_instance_uid).into();
    Arc::new(ImageEntry { meta, identity, path, ..ImageEntry::clone(&known) })
}

fn catalogue(images: &[Arc<ImageEntry>]) -> Catalogue {
    let mut patients: Vec<Patient> = Vec::new();
    for image in images {
        let meta = &image.meta;
        let series = Series {
            uid: image.identity.series_uid.clone(),
            modality: meta.modality.clone(),
            images: vec![image.clone()],
            ..Series::default()
        };
        let at = patients.iter().position(|patient| patient.id == meta.patient_id).unwrap_or_else(|| {
            patients.push(Patient { id: meta.patient_id.clone(), ..Patient::default() });
            patients.len() - 1
        });
        let studies = &mut patients[at].studies;
        match studies.iter_mut().find(|study| study.uid == image.identity.study_uid) {
            Some(study) => study.series.push(series),
            None => studies.push(Study {
                uid: image.identity.study_uid.clone(),
                date: meta.study_date.clone(),
                series: vec![series],
                ..Study::default()
            }),
        }
    }
    Catalogue { patients, warnings: Vec::new() }
}

/// A decoded image of 64 × 64 pixels of so many millimetres.
fn decoded(entry: &Arc<ImageEntry>, mm: Option<f64>) -> LoadedImage {
    let spacing = mm.map(|mm| Spacing { row_mm: mm, column_mm: mm, provenance: SpacingProvenance::AtDetector });
    let frame = Frame { entry: entry.clone(), spacing, ..common::frame(64, 64) };
    LoadedImage {
        pyramid: Arc::new(Pyramid::new(&frame.pixels.plane)),
        auto_window: Window::linear(2048.0, 4096.0),
        color: None,
        presentations: Arc::default(),
        lungs: Ok(LungSearch::NotLookedFor),
        frame: Arc::new(frame),
    }
}

/// These images are listed; the first is on screen, with a model that is ready.
fn opened(images: &[Arc<ImageEntry>]) -> Bench {
    let mut bench = Bench::new();
    bench.event(Event::ModelReady(common::model()));
    bench.message(Message::Scanned { paths: vec!["/".into()], catalogue: Box::new(catalogue(images)) });
    let generation = bench.state.generation;
    bench.message(Message::FrameLoaded { generation, result: Ok(decoded(&images[0], Some(0.2))) });
    bench
}

/// Everything that was asked for places is decoded.
fn arrive(bench: &mut Bench, mm: Option<f64>) {
    for effect in std::mem::take(&mut bench.effects) {
        if let Effect::LoadSlot { serial, wanted, .. } = effect {
            let result = Ok(Box::new(decoded(&wanted.entry, mm)));
            bench.message(Message::SlotLoaded { serial, entry: wanted.entry, result });
        }
    }
}

/// What the worker was last asked to judge beside the active image.
fn asked_beside(bench: &Bench) -> Vec<BesideImage> {
    let asked = bench.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask(Request::Beside { images }) => Some(images.to_vec()),
        _ => None,
    });
    asked.unwrap_or_default()
}

fn analyses(bench: &Bench) -> usize {
    bench.effects.iter().filter(|effect| matches!(effect, Effect::Ask(Request::Analyze { .. }))).count()
}

/// The active image is judged.
fn finish(bench: &mut Bench) {
    for event in common::events(bench.state.generation, 20) {
        bench.event(event);
    }
}

/// The image beside it is judged, with these probabilities of the group and the labels.
fn judge_beside(bench: &mut Bench, change: impl FnOnce(&mut Analysis)) {
    let [asked] = asked_beside(bench).try_into().expect("one image is to be judged");
    let mut analysis = common::analysis(0);
    analysis.groups[0].probability = 0.8;
    change(&mut analysis);
    let choice = Arc::new(Choice::by_hand("test"));
    let outcome = BesideOutcome::Analyzed { choice, model: Box::new(common::model()), analysis: Box::new(analysis) };
    bench.event(Event::Beside { frame: asked.frame, outcome });
}

/// A current image and its prior, side by side, both decoded, the current one judged.
fn pair(prior_mm: Option<f64>) -> Bench {
    let images = [image("now", "4711", "20261120", "PA"), image("before", "4711", "20251120", "AP")];
    let mut bench = opened(&images);
    finish(&mut bench);
    bench.command(HangingCommand::PriorBeside);
    arrive(&mut bench, prior_mm);
    bench
}

// ——— which image is a prior ———

#[test]
fn a_prior_is_the_latest_earlier_image_of_the_same_number_and_kind_and_never_one_of_the_same_name() {
    let images = [
        image("now", "4711", "20261120", "PA"),
        image("older", "4711", "20240101", "PA"),
        image("before", "4711", "20251120", "AP"),
        image("lateral", "4711", "20260101", "LL"),
        image("same day", "4711", "20261120", "PA"),
        image("namesake", "0815", "20260601", "PA"),
        image("undated", "4711", "", "PA"),
    ];
    let bench = opened(&images);
    let prior = bench.state.prior_of(&images[0]).map(|prior| prior.identity.sop_instance_uid.clone());
    assert_eq!(prior.as_deref(), Ok("before"));
    assert_eq!(bench.state.prior_of(&images[1]), Err(NoPrior::NoneOpen));
    assert_eq!(bench.state.prior_of(&images[6]), Err(NoPrior::NoDate));
    let nameless = image("x", "", "20261120", "PA");
    assert_eq!(bench.state.prior_of(&nameless), Err(NoPrior::NoPatientId));
}

#[test]
fn without_a_prior_nothing_changes_and_the_reason_is_said() {
    let mut bench = opened(&[image("now", "4711", "20261120", "PA"), image("b", "0815", "20251120", "PA")]);
    bench.command(HangingCommand::PriorBeside);
    assert_eq!(bench.state.layout, Layout::SideBySide);
    let said = &bench.state.notices.last().unwrap().text;
    assert!(said.contains("no earlier image of this patient and kind is open"), "{said}");
}

#[test]
fn the_prior_stands_right_of_the_current_image_with_its_day_and_goes_with_the_next_study() {
    let mut bench = pair(Some(0.1));
    let two = [image("c", "0815", "20260301", "PA"), image("d", "0815", "20260101", "PA")];
    bench.message(Message::Scanned { paths: vec!["/b".into()], catalogue: Box::new(catalogue(&two)) });
    // What is opened is shown, and its own prior comes beside it.
    let generation = bench.state.generation;
    bench.message(Message::FrameLoaded { generation, result: Ok(decoded(&two[0], None)) });
    assert!(Arc::ptr_eq(bench.state.slot_entry(1).unwrap(), &two[1]));
    bench.command(StudyCommand::ShowImage(bench.state.images[0].clone(), 0));
    let harness = screen(bench);
    let label = "Place 2: Prior · 2025-11-20 · 12 months earlier · DX CHEST AP";
    assert!(harness.query_by_label(label).is_some());
    assert!(harness.query_by_label_contains("Place 1: Current · 2026-11-20").is_some());
}

// ——— places ———

#[test]
fn another_place_is_taken_in_hand_and_nothing_is_computed_again() {
    let mut bench = pair(Some(0.1));
    judge_beside(&mut bench, |_| ());
    bench.effects.clear();
    bench.command(ViewCommand::Invert);
    bench.command(HangingCommand::Activate(1));
    assert_eq!(bench.state.current().unwrap().0.identity.sop_instance_uid, "before");
    assert!(!bench.state.view(0).invert, "each image lies as it lay");
    // Of the prior no samples are known: it is analysed once it is the active image.
    assert_eq!((analyses(&bench), bench.state.results.phase.clone()), (1, Phase::Waiting));
    finish(&mut bench);
    bench.effects.clear();
    bench.command(HangingCommand::Activate(0));
    assert_eq!((analyses(&bench), bench.state.results.phase.clone()), (0, Phase::Finished));
    assert!(bench.state.view(0).invert && bench.state.results.posterior.is_some());
    bench.command(HangingCommand::NextSlot);
    assert_eq!((bench.state.hanging.active, analyses(&bench)), (1, 0));
    // Late words about what was left are dropped as always.
    bench.command(FindingsCommand::SetSamples(50));
    finish(&mut bench);
    bench.effects.clear();
    bench.command(HangingCommand::Activate(0));
    assert_eq!(analyses(&bench), 1, "other settings ask for another analysis");
}

#[test]
fn measurements_of_the_prior_are_shown_in_its_place() {
    let images = [image("now", "4711", "20261120", "PA"), image("before", "4711", "20251120", "AP")];
    let mut bench = opened(&images);
    bench.command(HangingCommand::PriorBeside);
    for effect in std::mem::take(&mut bench.effects) {
        if let Effect::LoadSlot { serial, wanted, .. } = effect {
            let result = Ok(Box::new(decoded(&wanted.entry, Some(0.5))));
            bench.message(Message::SlotLoaded { serial, entry: wanted.entry, result });
        }
    }
    let asked = bench.effects.iter().find_map(|effect| match effect {
        Effect::Measure(MeasuringEffect::FindBeside { image, frame }) => Some((image.clone(), frame.clone())),
        _ => None,
    });
    let (key, frame) = asked.expect("they are looked for");
    let points = vec![[10.0, 10.0], [40.0, 50.0]];
    let line = Measurement {
        id: 1,
        kind: Kind::Length,
        points,
        name: Words::default(),
        thorax_proposed: false,
        known_mm: None,
    };
    let identity = ImageIdentity::of(&frame);
    bench.message(Message::Measuring(MeasuringMessage::Found { image: key, identity, result: Ok(vec![line]) }));
    assert!(bench.state.measurements().is_empty(), "those of the active image are its own");
    assert_eq!(bench.state.of_slot(1).unwrap().measurements().len(), 1);
}

#[test]
fn the_stack_of_a_place_is_gone_through_where_it_stands() {
    let mut bench = opened(&[image("now", "4711", "20261120", "PA")]);
    bench.command(ViewCommand::SetLayout(Layout::Hanging));
    let slices: Vec<_> = (0..3).map(|i| common::entry(&format!("slice {i}"), 1, 64, 64)).collect();
    let shown = bench.state.images[0].clone();
    bench.message(Message::Scanned { paths: vec!["/ct".into()], catalogue: Box::new(common::catalogue_of(&slices)) });
    bench.command(StudyCommand::ShowImage(shown, 0));
    bench.command(HangingCommand::Put(1, slices[0].clone(), 0));
    arrive(&mut bench, Some(0.5));
    bench.command(HangingCommand::ScrollSlot(1, 1));
    let before = bench.state.of_slot(1).expect("the slice before stays in sight until the next is decoded");
    assert_eq!(before.frame().unwrap().entry.identity.sop_instance_uid, "slice 0");
    bench.command(HangingCommand::ScrollSlot(1, 7));
    arrive(&mut bench, Some(0.5));
    let after = bench.state.of_slot(1).unwrap();
    assert_eq!(after.frame().unwrap().entry.identity.sop_instance_uid, "slice 2", "and no farther than to its end");
    assert_eq!(after.stack_position().unwrap().words(), "image 3 of 3");
    assert_eq!(bench.state.current().unwrap().0.identity.sop_instance_uid, "now");
}

/// A series of slices so far apart, from 0 mm on, in these coordinates.
fn slices(series: &str, n: usize, apart: f64, coordinates: &str, normal: [f64; 3]) -> Vec<Arc<ImageEntry>> {
    let slice = |i: usize| {
        let known = common::entry(&format!("{series} {i}"), 1, 64, 64);
        let identity = Identity { series_uid: series.into(), ..known.identity.clone() };
        let place = StackPlace {
            position: Some((i as f64 * apart * normal[2], normal)),
            frame_of_reference: coordinates.into(),
            ..StackPlace::default()
        };
        Arc::new(ImageEntry { identity, place, path: format!("/{series}-{i}.dcm").into(), ..ImageEntry::clone(&known) })
    };
    (0..n).map(slice).collect()
}

#[test]
fn stacks_in_the_same_coordinates_are_gone_through_together() {
    let thin = slices("thin", 9, 1.0, "1.2.3", [0.0, 0.0, 1.0]);
    let thick = slices("thick", 3, 3.0, "1.2.3", [0.0, 0.0, -1.0]);
    let other = slices("other", 9, 1.0, "9.9.9", [0.0, 0.0, 1.0]);
    let series = |images: &[Arc<ImageEntry>]| Series {
        uid: images[0].identity.series_uid.clone(),
        images: images.to_vec(),
        ..Series::default()
    };
    let study = Study { series: [&thin, &thick, &other].map(|images| series(images)).into(), ..Study::default() };
    let patient = Patient { studies: vec![study], ..Patient::default() };
    let mut bench = Bench::new();
    bench.event(Event::ModelReady(common::model()));
    let catalogue = Box::new(Catalogue { patients: vec![patient], warnings: Vec::new() });
    bench.message(Message::Scanned { paths: vec!["/ct".into()], catalogue });
    let generation = bench.state.generation;
    bench.message(Message::FrameLoaded { generation, result: Ok(decoded(&thin[0], Some(0.2))) });
    bench.command(ViewCommand::SetLayout(Layout::Hanging));
    bench.command(HangingCommand::SetGrid(Grid { rows: 1, columns: 3 }));
    bench.command(HangingCommand::Put(1, thick[0].clone(), 0));
    bench.command(HangingCommand::Put(2, other[0].clone(), 0));
    let shown =
        |bench: &Bench| [0, 1, 2].map(|slot| bench.state.slot_entry(slot).unwrap().identity.sop_instance_uid.clone());
    bench.command(StudyCommand::GoTo(4));
    assert_eq!(shown(&bench), ["thin 4", "thick 1", "other 0"], "4 mm lie nearest to 3 mm; other coordinates stay");
    bench.command(HangingCommand::ScrollSlot(1, 1));
    assert_eq!(shown(&bench), ["thin 6", "thick 2", "other 0"], "the active stack follows, too");
    // What the other stack does not reach is not shown as if it did.
    bench.command(HangingCommand::Put(1, slices("short", 1, 1.0, "1.2.3", [0.0, 0.0, 1.0])[0].clone(), 0));
    bench.command(StudyCommand::GoTo(8));
    assert_eq!(shown(&bench)[1], "short 0");
    bench.command(HangingCommand::Put(1, thick[0].clone(), 0));
    bench.command(ViewCommand::ToggleLinked);
    bench.command(StudyCommand::GoTo(3));
    assert_eq!(shown(&bench), ["thin 3", "thick 0", "other 0"], "views that are not linked go alone");
}

#[test]
fn a_second_window_shows_the_grid_and_the_first_keeps_the_active_image() {
    let mut bench = pair(Some(0.1));
    judge_beside(&mut bench, |_| ());
    bench.command(ViewCommand::ToggleSecondWindow);
    let mut harness = screen(bench);
    let is_image = |node: &egui_kittest::Node<'_>| node.accesskit_node().role() == egui::accesskit::Role::Image;
    let views = |harness: &Harness<'_, Bench>| harness.query_all_by_label_contains("Grad-CAM").filter(is_image).count();
    assert!(harness.query_by_label_contains("Place 2: Prior").is_some());
    assert_eq!(views(&harness), 3, "the active image once more");
    harness.state_mut().command(ViewCommand::SetLayout(Layout::SideBySide));
    harness.run_steps(3);
    assert_eq!(harness.query_all_by_label_contains(": original").count(), 2, "the image alone beside the layout");
    // It is panned there as everywhere.
    harness.state_mut().command(ViewCommand::Pan(pellucid::app::state::SECOND_PANE, [3.0, 0.0]));
    assert!((harness.state().state.view(0).center[0] + 3.0).abs() < 1e-4);
}

#[test]
fn a_smaller_grid_keeps_the_active_image() {
    let mut bench = pair(None);
    bench.command(HangingCommand::SetGrid(Grid { rows: 3, columns: 3 }));
    bench.command(HangingCommand::Swap(0, 8));
    assert_eq!(bench.state.hanging.active, 8);
    bench.command(HangingCommand::SetGrid(Grid { rows: 1, columns: 2 }));
    assert_eq!(bench.state.hanging.active, 1);
    assert_eq!(bench.state.slot_entry(1).unwrap().identity.sop_instance_uid, "now");
}

#[test]
fn an_image_that_cannot_be_decoded_says_so_in_its_place() {
    let mut bench = opened(&[image("now", "4711", "20261120", "PA"), image("before", "4711", "20251120", "PA")]);
    bench.command(HangingCommand::PriorBeside);
    for effect in std::mem::take(&mut bench.effects) {
        if let Effect::LoadSlot { serial, wanted, .. } = effect {
            let result = Err("the file ends early".into());
            bench.message(Message::SlotLoaded { serial, entry: wanted.entry, result });
        }
    }
    let harness = screen(bench);
    assert!(harness.query_by_label_contains("could not be shown.\nthe file ends early").is_some());
}

// ——— what goes together ———

#[test]
fn pan_and_zoom_go_together_by_millimetres_and_windows_do_not() {
    let mut bench = pair(Some(0.1));
    assert_eq!(bench.state.scale_link(1), ScaleLink::Linked(SpacingProvenance::AtDetector));
    bench.command(ViewCommand::Zoom(0, 2.0, [0.0, 0.0]));
    bench.command(ViewCommand::Pan(0, [4.0, -3.0]));
    bench.command(ViewCommand::DragWindow(0, [0.2, 0.1]));
    let view = bench.state.hanging.slot(1).unwrap().view;
    assert!((view.zoom - 2.0).abs() < 1e-5);
    // 0.8 mm are four pixels of one image and eight of the other.
    assert!((view.center[0] + 8.0).abs() < 1e-3 && (view.center[1] - 6.0).abs() < 1e-3, "{:?}", view.center);
    assert!(view.window != bench.state.view(0).window);
    bench.command(ViewCommand::Pan(1, [-8.0, 6.0]));
    assert!(bench.state.view(0).center.iter().all(|c| c.abs() < 1e-3), "the active image follows, too");
    bench.command(ViewCommand::ToggleLinked);
    bench.command(ViewCommand::Zoom(0, 2.0, [0.0, 0.0]));
    assert!((bench.state.hanging.slot(1).unwrap().view.zoom - 2.0).abs() < 1e-5);
    assert_eq!(bench.state.scale_link(1), ScaleLink::Not("views are not linked"));
}

#[test]
fn without_a_spacing_images_are_not_linked_in_scale_and_it_is_said() {
    let harness = screen(pair(None));
    assert!(harness.query_by_label_contains("not linked in scale: no pixel spacing").is_some());
}

// ——— scores of both ———

#[test]
fn both_are_scored_by_one_model_and_the_change_is_told() {
    let mut bench = pair(Some(0.1));
    let asked = asked_beside(&bench);
    assert_eq!((asked[0].options.samples, asked[0].options.methods.as_slice()), (0, &[bench.state.method][..]));
    assert!(bench.state.comparison().unwrap().changes.unwrap_err().contains("once the prior image is scored"));
    judge_beside(&mut bench, |_| ());
    let changes = bench.state.comparison().unwrap().changes.unwrap();
    assert_eq!((changes[0].name.as_str(), changes[0].words().as_str()), ("Pneumonia", "0.80 → 0.91 (+0.11)"));
    assert_eq!(changes.len(), 1 + LABELS.len());
    // Nothing more is wanted of either; a map of another class is there, another method is asked for.
    bench.effects.clear();
    bench.command(FindingsCommand::SelectClass(0));
    assert!(asked_beside(&bench).is_empty());
    let harness = screen(bench);
    assert!(harness.query_by_label("Pneumonia against the prior: 0.80 → 0.91 (+0.11)").is_some());
    let views = harness.query_all_by_label_contains("Normal · Grad-CAM");
    let views = views.filter(|node| node.accesskit_node().role() == egui::accesskit::Role::Image).count();
    assert_eq!(views, 2, "the map of both");
    assert!(harness.query_by_label("Change maps").is_some());
}

#[test]
fn esc_stops_a_costly_map_of_both_and_choosing_the_method_again_asks_for_it_again() {
    let mut bench = pair(Some(0.1));
    judge_beside(&mut bench, |_| ());
    bench.command(OverlayCommand::SetMethod(Method::Occlusion));
    let asked = asked_beside(&bench);
    assert_eq!((asked[0].options.methods.as_slice(), asked[0].options.subjects.len()), (&[Method::Occlusion][..], 1));
    bench.command(HelpCommand::Escape);
    assert!(asked_beside(&bench).is_empty());
    bench.command(OverlayCommand::SetMethod(Method::Occlusion));
    assert_eq!(asked_beside(&bench).len(), 1);
}

fn outside() -> PopulationVerdict {
    PopulationVerdict { inside: false, reason: "A child.".into(), condition: None, distance: None, threshold: None }
}

#[test]
fn however_small_a_place_is_it_says_that_its_image_is_outside_the_population() {
    let mut bench = pair(Some(0.1));
    judge_beside(&mut bench, |analysis| analysis.population = Some(outside()));
    bench.command(HangingCommand::SetGrid(Grid { rows: 3, columns: 3 }));
    let mut harness = Harness::builder()
        .with_size([1280.0, 640.0])
        .with_accessibility_check(false)
        .build_ui_state(|ui, bench: &mut Bench| bench.frame(ui), bench);
    harness.run_steps(4);
    // In short: in whole sentences other parts of the screen say it.
    let words = said(&harness);
    assert!(words.iter().any(|word| word == "outside the population"), "{words:?}");
}

#[test]
fn what_was_refused_withheld_or_scored_by_another_model_is_not_subtracted() {
    let reason = |change: fn(&mut Analysis)| {
        let mut bench = pair(Some(0.1));
        judge_beside(&mut bench, change);
        bench.state.comparison().unwrap().changes.unwrap_err()
    };
    let refused = reason(|analysis| *analysis = Analysis { gate: Some(verdict(false)), ..Analysis::default() });
    assert_eq!(refused, "Not compared: the prior image was not scored. This resembles no chest radiograph.");
    let outside = reason(|analysis| analysis.population = Some(outside()));
    assert!(outside.contains("the prior image is outside the population"), "{outside}");

    let mut bench = pair(Some(0.1));
    let [asked] = asked_beside(&bench).try_into().unwrap();
    let model = Box::new(pellucid::engine::ModelInfo { sha256: "1".repeat(64), ..common::model() });
    let (choice, analysis) = (Arc::new(Choice::by_hand("other")), Box::new(common::analysis(0)));
    bench.state.automatic = true;
    bench.event(Event::Beside { frame: asked.frame, outcome: BesideOutcome::Analyzed { choice, model, analysis } });
    let words = bench.state.comparison().unwrap().changes.unwrap_err();
    assert!(words.contains("by different models"), "{words}");
}

#[test]
fn nothing_of_the_prior_is_shown_before_the_impression_is_written() {
    let mut bench = pair(Some(0.1));
    judge_beside(&mut bench, |_| ());
    bench.state.preferences.read_first = true;
    assert!(bench.state.comparison().unwrap().changes.unwrap_err().contains("impression"));
    let harness = screen(bench);
    assert!(harness.query_by_label_contains("against the prior").is_none());
    assert!(harness.query_by_label_contains("Grad-CAM").is_none());
}

#[test]
fn a_model_that_is_chosen_by_hand_judges_both_anew() {
    let mut bench = pair(Some(0.1));
    judge_beside(&mut bench, |_| ());
    bench.effects.clear();
    bench.command(FindingsCommand::SetModel("other".into()));
    assert!(matches!(bench.state.model, Model::Loading { .. }));
    bench.event(Event::ModelReady(pellucid::engine::ModelInfo { sha256: "2".repeat(64), ..common::model() }));
    assert_eq!(asked_beside(&bench).len(), 1);
}

// ——— the screen ———

fn drag(harness: &mut Harness<'_, Bench>, from: Pos2, to: Pos2) {
    harness.hover_at(from);
    harness.run_steps(1);
    harness.drag_at(from);
    harness.run_steps(2);
    for part in [0.3, 0.7, 1.0] {
        harness.hover_at(from + part * (to - from));
        harness.run_steps(1);
    }
    harness.drop_at(to);
    harness.run_steps(2);
}

fn rect(harness: &Harness<'_, Bench>, label: &str) -> Rect {
    harness.get_all_by_label_contains(label).next().unwrap().rect()
}

#[test]
fn an_image_is_dragged_from_the_list_into_a_place_and_places_change_by_their_lines() {
    let images = [image("now", "4711", "20261120", "PA"), image("other", "0815", "20250101", "LL")];
    let mut bench = opened(&images);
    finish(&mut bench);
    bench.command(ViewCommand::SetLayout(Layout::Hanging));
    let mut harness = screen(bench);
    let (row, place) = (rect(&harness, "image other"), rect(&harness, "Place 2: empty"));
    drag(&mut harness, row.center(), place.center());
    let shown = |harness: &Harness<'_, Bench>, slot: usize| {
        harness.state().state.slot_entry(slot).map(|entry| entry.identity.sop_instance_uid.clone())
    };
    assert_eq!(shown(&harness, 1).as_deref(), Some("other"));
    assert_eq!(shown(&harness, 0).as_deref(), Some("now"), "the active image stays");
    arrive(harness.state_mut(), None);
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("Place 2: Other patient · 2025-01-01").is_some());
    // A press makes the other one active.
    let view = rect(&harness, "View 2");
    harness.hover_at(view.center());
    harness.run_steps(1);
    harness.drag_at(view.center());
    harness.run_steps(1);
    harness.drop_at(view.center());
    harness.run_steps(2);
    assert_eq!(harness.state().state.hanging.active, 1);
    let (first, second) = (rect(&harness, "Place 1: "), rect(&harness, "Place 2: "));
    drag(&mut harness, first.center(), second.center());
    assert_eq!((shown(&harness, 1).as_deref(), harness.state().state.hanging.active), (Some("now"), 0));
}

#[test]
fn an_empty_place_is_filled_by_a_click_there_and_one_in_the_list() {
    let images = [image("now", "4711", "20261120", "PA"), image("other", "0815", "20250101", "LL")];
    let mut bench = opened(&images);
    bench.command(ViewCommand::SetLayout(Layout::Hanging));
    let mut harness = screen(bench);
    harness.get_by_label("Place 2: empty").click();
    harness.run_steps(2);
    harness.get_all_by_label_contains("image other").next().unwrap().click();
    harness.run_steps(2);
    let state = &harness.state().state;
    assert_eq!(state.slot_entry(1).unwrap().identity.sop_instance_uid, "other");
    assert_eq!(state.slot_entry(0).unwrap().identity.sop_instance_uid, "now");
}

// ——— rules ———

fn with_rules(bench: &mut Bench, text: &str) {
    bench.message(Message::HangingRules(Ok(Arc::new(HangingRules::parse(text).unwrap()))));
}

#[test]
fn a_new_study_is_hung_by_the_first_rule_that_suits_it() {
    let images = [
        image("now", "4711", "20261120", "PA"),
        image("lateral", "4711", "20261120", "LL"),
        image("before", "4711", "20251120", "AP"),
        image("hand", "99", "20261101", "PA"),
    ];
    let mut bench = Bench::new();
    bench.event(Event::ModelReady(common::model()));
    with_rules(
        &mut bench,
        "[[rule]]\nmodality = 'DX'\nbody_part = 'chest'\nprior = true\ngrid = '2x2'\n\
         slots = ['current:frontal', 'prior', 'current:lateral', 'prior:lateral']\n",
    );
    bench.message(Message::Scanned { paths: vec!["/".into()], catalogue: Box::new(catalogue(&images)) });
    let shown = |bench: &Bench| -> Vec<Option<String>> {
        (0..4).map(|slot| bench.state.slot_entry(slot).map(|entry| entry.identity.sop_instance_uid.clone())).collect()
    };
    let name = |uid: &str| Some(uid.to_owned());
    assert_eq!(bench.state.layout, Layout::Hanging);
    assert_eq!(shown(&bench), [name("now"), name("before"), name("lateral"), None]);
    // Another image of the study changes nothing, and another study that no rule suits is shown alone.
    bench.command(HangingCommand::Activate(2));
    assert_eq!(shown(&bench), [name("now"), name("before"), name("lateral"), None]);
    bench.command(HangingCommand::Activate(0));
    bench.command(StudyCommand::ShowImage(images[3].clone(), 0));
    assert_eq!((bench.state.layout, shown(&bench)[1].clone()), (Layout::SideBySide, None));
    bench.command(HangingCommand::HangByRules);
    assert!(bench.state.notices.last().unwrap().text.contains("No hanging rule suits this image"));
}

#[test]
fn the_rules_that_the_document_prints_are_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/using.md");
    let text = std::fs::read_to_string(path).unwrap();
    let blocks: Vec<&str> =
        text.split("```toml hanging\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!blocks.is_empty(), "the document has an example");
    for block in blocks {
        let rules = HangingRules::parse(block).unwrap_or_else(|error| panic!("{error}\n{block}"));
        assert!(!rules.rules.is_empty());
    }
}

#[test]
fn the_commands_of_several_images_stand_in_the_menu_with_their_keys() {
    let listed = Command::listed();
    assert!(listed.contains(&HangingCommand::PriorBeside.into()));
    assert_eq!(Command::from(HangingCommand::PriorBeside).info().key, "F3");
}

// ——— what is kept of it ———

#[test]
fn the_grid_of_the_last_session_is_offered_with_its_studies_and_comes_back_with_them() {
    let mut bench = pair(Some(0.1));
    bench.command(HangingCommand::SetGrid(Grid { rows: 2, columns: 2 }));
    let kept = bench.state.preferences.grid.clone().expect("it is kept as it changes");
    assert_eq!((kept.grid, kept.active, kept.places.len()), (Grid { rows: 2, columns: 2 }, 0, 2));
    let preferences = bench.state.preferences.clone();

    let again = |preferences: &Preferences| {
        let mut next = Bench::new();
        next.state = State::new(preferences.clone(), "test", "cpu");
        next.event(Event::ModelReady(common::model()));
        assert_eq!(next.state.layout, Layout::SideBySide, "nothing hangs before it is asked for");
        next
    };
    let images = [image("now", "4711", "20261120", "PA"), image("before", "4711", "20251120", "AP")];
    let scanned = || Message::Scanned { paths: vec!["/".into()], catalogue: Box::new(catalogue(&images)) };
    let mut next = again(&preferences);
    next.command(SessionCommand::OpenLast);
    next.message(scanned());
    let state = &next.state;
    assert_eq!((state.layout, state.hanging.grid, state.hanging.active), (Layout::Hanging, kept.grid, 0));
    let uid = |slot| state.slot_entry(slot).map(|entry| entry.identity.sop_instance_uid.clone());
    assert_eq!([uid(0), uid(1), uid(2)], [Some("now".into()), Some("before".into()), None]);
    assert_eq!(state.preferences.grid.as_ref(), Some(&kept));

    // Something else is opened: nothing of it hangs.
    let mut other = again(&preferences);
    other.message(scanned());
    assert_eq!((other.state.layout, other.state.preferences.grid.clone()), (Layout::SideBySide, None));
    // Lists that are not kept, and a session that is forgotten, keep no grid.
    for command in [SessionCommand::ToggleKeepStudies, SessionCommand::Forget] {
        let mut bench = pair(Some(0.1));
        bench.command(command);
        assert!(bench.state.preferences.grid.is_none() || command == SessionCommand::Forget);
    }
}

#[test]
fn an_image_that_the_reader_calibrated_is_not_linked_in_scale_with_one_at_the_detector() {
    let mut bench = pair(Some(0.1));
    assert_eq!(bench.state.scale_link(1), ScaleLink::Linked(SpacingProvenance::AtDetector));
    let (image, frame) =
        (bench.state.current().map(|(e, i)| (e.key(), i)).unwrap(), bench.state.frame().unwrap().clone());
    let (points, name) = (vec![[1.0, 1.0], [11.0, 1.0]], Words::default());
    let line =
        Measurement { id: 1, kind: Kind::Calibration, points, name, thorax_proposed: false, known_mm: Some(5.0) };
    let identity = ImageIdentity::of(&frame);
    bench.message(Message::Measuring(MeasuringMessage::Found { image, identity, result: Ok(vec![line]) }));
    assert_eq!(bench.state.spacing(&frame).unwrap().column_mm, 0.5);
    assert!(matches!(bench.state.scale_link(1), ScaleLink::Not(why) if why.contains("calibrated by the reader")));
}
