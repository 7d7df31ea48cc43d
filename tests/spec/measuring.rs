//! Measuring in the viewer: what the pointer and the keys do, found by label, and what is kept of it.

use std::sync::Arc;

use egui::{Key, Modifiers, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::viewer::common::{self, Bench, frame};
use super::viewer::screen;
use pellucid::app::command::{Command, FileCommand, FindingsCommand, HelpCommand, MeasureCommand, ViewCommand};
use pellucid::app::state::measuring::Tool;
use pellucid::app::update::effect::Effect;
use pellucid::app::update::measuring_effect::{MeasuringEffect, MeasuringMessage};
use pellucid::app::update::message::Message;
use pellucid::engine::lungs::{FieldsSource, LungSearch, Lungs};
use pellucid::imaging::lung_fields::LungFields;
use pellucid::measurement::identity::ImageIdentity;
use pellucid::measurement::{Handle, Kind, Measured, Measurement, Point, Words};
use pellucid::study::{Frame, Spacing, SpacingProvenance};

/// Answers what the viewer asks for when an image comes: its identity, and what is kept of it.
fn found(bench: &mut Bench, list: Vec<Measurement>) {
    let find = bench.effects.iter().rev().find_map(|effect| match effect {
        Effect::Measure(MeasuringEffect::Find { image, frame }) => Some((image.clone(), frame.clone())),
        _ => None,
    });
    let (image, frame) = find.expect("the measurements of an image are looked for when it comes");
    let identity = ImageIdentity::of(&frame);
    bench.message(Message::Measuring(MeasuringMessage::Found { image, identity, result: Ok(list) }));
}

/// An analysed image of 256 × 256 pixels, twice as high as wide, with nothing measured on it.
fn bench() -> Bench {
    with(|frame| {
        frame.spacing = Some(Spacing { row_mm: 0.4, column_mm: 0.2, provenance: SpacingProvenance::AtDetector });
        frame.display.pixel_aspect = 2.0;
    })
}

fn with(change: impl FnOnce(&mut Frame)) -> Bench {
    let mut image = frame(256, 256);
    change(&mut image);
    let mut bench = Bench::with_image(image);
    for event in common::events(bench.state.generation, 10) {
        bench.event(event);
    }
    found(&mut bench, Vec::new());
    bench
}

fn take(bench: &mut Bench, kind: Kind) {
    bench.command(MeasureCommand::TakeTool(Tool::Measure(kind)));
}

/// Clicks on these points of the image.
fn click(bench: &mut Bench, points: &[Point]) {
    for point in points {
        bench.command(MeasureCommand::Press(*point, 2.0));
        bench.command(MeasureCommand::Release(*point));
    }
}

fn made(bench: &mut Bench, kind: Kind, points: &[Point]) -> Measurement {
    if bench.state.measuring.tool != Tool::Measure(kind) {
        take(bench, kind);
    }
    click(bench, points);
    let made = bench.state.measurements().last().cloned().expect("a measurement was made");
    assert_eq!((made.kind, made.points.as_slice()), (kind, points));
    made
}

/// The lists that were to be kept.
fn kept(bench: &Bench) -> Vec<Vec<Measurement>> {
    let list = |effect: &Effect| match effect {
        Effect::Measure(MeasuringEffect::Keep { list, .. }) => Some(list.clone()),
        _ => None,
    };
    bench.effects.iter().filter_map(list).collect()
}

// ——— the state ———

#[test]
fn every_kind_is_made_by_clicks_and_kept_at_once() {
    let points = [[10.0, 20.0], [60.0, 20.0], [60.0, 90.0], [20.0, 95.0], [5.0, 50.0], [80.0, 50.0]];
    let others = [Kind::Freehand, Kind::Circle, Kind::Bidirectional];
    for kind in Kind::ALL.into_iter().filter(|kind| !others.contains(kind)) {
        let mut bench = bench();
        let made = made(&mut bench, kind, &points[..kind.points().1]);
        assert_eq!(kept(&bench), [vec![made]], "{kind:?}");
        // The tool stays in hand for the next one.
        assert_eq!(bench.state.measuring.tool, Tool::Measure(kind));
    }
}

#[test]
fn a_circle_is_set_by_middle_and_rim_and_is_round_in_millimetres() {
    let mut bench = bench();
    take(&mut bench, Kind::Circle);
    click(&mut bench, &[[100.0, 100.0], [140.0, 100.0]]);
    // 40 columns of 0.2 mm are 20 rows of 0.4 mm.
    assert_eq!(bench.state.measurements()[0].points, [[60.0, 80.0], [140.0, 120.0]]);
    let id = bench.state.measurements()[0].id;
    bench.command(MeasureCommand::Grab(id, Handle::At(1), [140.0, 120.0]));
    bench.command(MeasureCommand::MoveTo([100.0, 110.0]));
    bench.command(MeasureCommand::Release([100.0, 110.0]));
    assert_eq!(bench.state.measurements()[0].points, [[80.0, 90.0], [120.0, 110.0]]);
}

#[test]
fn a_short_axis_stands_at_a_right_angle_to_the_long_one() {
    let mut bench = bench();
    take(&mut bench, Kind::Bidirectional);
    click(&mut bench, &[[50.0, 100.0], [150.0, 100.0], [100.0, 90.0], [120.0, 120.0]]);
    let made = bench.state.measurements()[0].clone();
    assert_eq!(made.points, [[50.0, 100.0], [150.0, 100.0], [100.0, 90.0], [100.0, 120.0]]);
    let measured = Measured::of(&made, bench.state.frame().unwrap(), None);
    let axes = measured.axes.unwrap();
    assert!((axes.long - 20.0).abs() < 1e-9 && (axes.short - 12.0).abs() < 1e-9, "{axes:?}");
    // An end of the long axis turns both.
    bench.command(MeasureCommand::Grab(made.id, Handle::At(1), [150.0, 100.0]));
    bench.command(MeasureCommand::MoveTo([150.0, 150.0]));
    bench.command(MeasureCommand::Release([150.0, 150.0]));
    let moved = Measured::of(&bench.state.measurements()[0], bench.state.frame().unwrap(), None);
    assert!(moved.cautions.iter().all(|caution| !caution.contains("right angles")), "{:?}", moved.cautions);
    assert!((moved.axes.unwrap().short - 12.0).abs() < 0.1);
}

#[test]
fn a_line_of_known_length_calibrates_the_image_and_can_be_taken_back() {
    let mut bench = bench();
    let length = made(&mut bench, Kind::Length, &[[10.0, 10.0], [60.0, 10.0]]);
    let line = made(&mut bench, Kind::Calibration, &[[20.0, 50.0], [120.0, 50.0]]);
    assert_eq!(bench.state.measuring.writing, Some(line.id), "its length is asked for");
    let words = |bench: &Bench| {
        Measured::of(&length, bench.state.frame().unwrap(), bench.state.calibration()).lines().join("; ")
    };
    assert_eq!(words(&bench), "10.0 mm (at detector)", "a line without a length changes nothing");
    for mm in [2.0, 25.0] {
        bench.command(MeasureCommand::Calibrate(line.id, Some(mm)));
    }
    assert_eq!(words(&bench), "12.5 mm (calibrated by the reader)");
    let spacing = bench.state.spacing(bench.state.frame().unwrap()).unwrap();
    assert_eq!((spacing.column_mm, spacing.row_mm, spacing.provenance), (0.25, 0.5, SpacingProvenance::ByReader));
    assert_eq!(kept(&bench).last().unwrap().last().unwrap().known_mm, Some(25.0));
    for wrong in [f64::NAN, -3.0, 1e9] {
        bench.command(MeasureCommand::Calibrate(line.id, Some(wrong)));
        assert_eq!(words(&bench), "10.0 mm (at detector)", "{wrong} is no length");
    }
    bench.command(MeasureCommand::Calibrate(line.id, Some(25.0)));
    // What was typed is one step; the line is another.
    bench.command(MeasureCommand::Undo);
    assert_eq!((words(&bench).as_str(), bench.state.measurements().len()), ("10.0 mm (at detector)", 2));
    bench.command(MeasureCommand::Redo);
    assert_eq!(words(&bench), "12.5 mm (calibrated by the reader)");
    // Another line takes its place: an image has one spacing.
    let another = made(&mut bench, Kind::Calibration, &[[20.0, 90.0], [70.0, 90.0]]);
    let lines = bench.state.measurements().iter().filter(|one| one.kind == Kind::Calibration);
    assert_eq!(lines.map(|one| one.id).collect::<Vec<_>>(), [another.id]);
}

#[test]
fn a_drag_sets_two_points_and_an_outline_follows_the_pointer() {
    let mut bench = bench();
    take(&mut bench, Kind::Length);
    bench.command(MeasureCommand::Press([10.0, 10.0], 2.0));
    bench.command(MeasureCommand::MoveTo([30.0, 10.0]));
    assert!(bench.state.measurements().is_empty() && kept(&bench).is_empty(), "nothing is kept of what is half made");
    bench.command(MeasureCommand::Release([40.0, 10.0]));
    assert_eq!(bench.state.measurements()[0].points, [[10.0, 10.0], [40.0, 10.0]]);

    take(&mut bench, Kind::Freehand);
    bench.command(MeasureCommand::Press([10.0, 10.0], 3.0));
    for i in 0..5000 {
        let turn = f64::from(i) * 0.01;
        bench.command(MeasureCommand::MoveTo([100.0 + 60.0 * turn.cos(), 100.0 + 60.0 * turn.sin()]));
    }
    bench.command(MeasureCommand::Release([10.0, 10.0]));
    let outline = &bench.state.measurements()[1];
    assert!((100..=pellucid::limits::OUTLINE_POINTS).contains(&outline.points.len()), "{}", outline.points.len());
    // A click is no outline.
    click(&mut bench, &[[50.0, 50.0]]);
    assert_eq!(bench.state.measurements().len(), 2);
}

#[test]
fn points_stay_on_the_image() {
    let mut bench = bench();
    take(&mut bench, Kind::Length);
    click(&mut bench, &[[-50.0, 10.0], [900.0, f64::NAN]]);
    assert_eq!(bench.state.measurements()[0].points, [[0.0, 10.0], [256.0, 0.0]]);
}

#[test]
fn every_change_can_be_taken_back_and_made_again() {
    let mut bench = bench();
    let made = made(&mut bench, Kind::Length, &[[10.0, 10.0], [50.0, 10.0]]);
    bench.command(MeasureCommand::Grab(made.id, Handle::At(1), [50.0, 10.0]));
    for x in [55.0, 60.0, 70.0] {
        bench.command(MeasureCommand::MoveTo([x, 10.0]));
    }
    assert_eq!(kept(&bench).len(), 1, "a drag is kept when it ends");
    bench.command(MeasureCommand::Release([70.0, 10.0]));
    for name in ["N", "No", "Nod"] {
        bench.command(MeasureCommand::Rename(made.id, Words::new(name)));
    }
    bench.command(MeasureCommand::DeleteSelected);
    let ends = |bench: &Bench| bench.state.measurements().first().map(|one| (one.points[1][0], one.name.0.clone()));
    assert_eq!(ends(&bench), None);
    let mut seen = Vec::new();
    for _ in 0..5 {
        bench.command(MeasureCommand::Undo);
        seen.push(ends(&bench));
    }
    let [named, moved, first] = [(70.0, "Nod"), (70.0, ""), (50.0, "")].map(|(x, name)| Some((x, name.to_owned())));
    // Letters of one name are one step; before the first one there is nothing.
    assert_eq!(seen, [named.clone(), moved.clone(), first.clone(), None, None]);
    assert_eq!(kept(&bench).last().map(Vec::len), Some(0), "what was taken back is kept, too");
    for expected in [first, moved, named, None, None] {
        bench.command(MeasureCommand::Redo);
        assert_eq!(ends(&bench), expected);
    }
    // A new change leaves no way forth.
    bench.command(MeasureCommand::Undo);
    bench.command(MeasureCommand::Rename(made.id, Words::new("other")));
    bench.command(MeasureCommand::Redo);
    assert_eq!(ends(&bench).unwrap().1, "other");
}

#[test]
fn undo_takes_the_last_point_of_a_half_made_one_first() {
    let mut bench = bench();
    take(&mut bench, Kind::Angle);
    click(&mut bench, &[[1.0, 1.0], [9.0, 1.0]]);
    bench.command(MeasureCommand::Undo);
    click(&mut bench, &[[20.0, 1.0], [20.0, 9.0]]);
    assert_eq!(bench.state.measurements()[0].points, [[1.0, 1.0], [20.0, 1.0], [20.0, 9.0]]);
}

#[test]
fn escape_puts_away_the_half_made_one_then_the_tool_then_the_selection() {
    let mut bench = bench();
    made(&mut bench, Kind::Length, &[[10.0, 10.0], [50.0, 10.0]]);
    click(&mut bench, &[[5.0, 5.0]]);
    let escape = |bench: &mut Bench| bench.command(HelpCommand::Escape);
    escape(&mut bench);
    assert!(bench.state.measuring.draft.is_none() && bench.state.measuring.tool != Tool::Window);
    escape(&mut bench);
    assert!(bench.state.measuring.tool == Tool::Window && bench.state.measuring.selected.is_some());
    escape(&mut bench);
    assert_eq!(bench.state.measuring.selected, None);
    // A drag that is escaped from leaves everything as it was.
    let before = bench.state.measurements().to_vec();
    bench.command(MeasureCommand::Grab(before[0].id, Handle::Whole, [20.0, 10.0]));
    bench.command(MeasureCommand::MoveTo([90.0, 90.0]));
    escape(&mut bench);
    assert_eq!(bench.state.measurements(), before);
}

#[test]
fn measurements_belong_to_their_image_and_are_there_again_when_it_is() {
    let mut bench = bench();
    let kept_of_first = made(&mut bench, Kind::Probe, &[[10.0, 10.0]]);
    let mut other = frame(64, 64);
    Arc::make_mut(&mut other.entry).identity.sop_instance_uid = "9.9".into();
    bench.open(other);
    assert!(bench.state.measurements().is_empty(), "before they were looked for there are none");
    found(&mut bench, Vec::new());
    assert!(bench.state.measurements().is_empty() && bench.state.measuring.selected.is_none());
    // The same pixels and UID again.
    let mut same = frame(256, 256);
    same.spacing = Some(Spacing { row_mm: 0.4, column_mm: 0.2, provenance: SpacingProvenance::AtDetector });
    bench.open(same);
    found(&mut bench, vec![kept_of_first.clone()]);
    assert_eq!(bench.state.measurements(), std::slice::from_ref(&kept_of_first));
    bench.command(MeasureCommand::Undo);
    assert!(bench.state.measurements().is_empty(), "of what was done in this session the way back stays");
    // The same UID with other pixels is another image.
    bench.open(with(|f| f.pixels.plane.values[0] += 1.0).state.frame().unwrap().as_ref().clone());
    found(&mut bench, Vec::new());
    bench.command(MeasureCommand::Redo);
    assert!(bench.state.measurements().is_empty());
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_never_replaced() {
    let mut bench = Bench::with_image(frame(64, 64));
    let identity = ImageIdentity::of(bench.state.frame().unwrap());
    let image = bench.state.image_key().unwrap();
    let result = Err("it is no JSON".into());
    bench.message(Message::Measuring(MeasuringMessage::Found { image, identity, result }));
    assert!(bench.state.notices.last().unwrap().text.contains("no JSON"));
    made(&mut bench, Kind::Probe, &[[10.0, 10.0]]);
    assert!(kept(&bench).is_empty());
}

#[test]
fn nothing_that_is_measured_asks_for_a_computation_or_changes_a_score() {
    let mut bench = bench();
    let before = bench.state.results.labels.clone();
    bench.effects.clear();
    made(&mut bench, Kind::Rectangle, &[[10.0, 10.0], [50.0, 50.0]]);
    made(&mut bench, Kind::Length, &[[10.0, 10.0], [50.0, 50.0]]);
    assert!(bench.effects.iter().all(|e| matches!(e, Effect::Measure(_))), "nothing but keeping");
    assert_eq!(bench.state.results.labels, before);
}

fn lungs() -> Arc<Lungs> {
    let inside = |x: f64, y: f64, cx: f64| ((x - cx) / 40.0).powi(2) + ((y - 130.0) / 90.0).powi(2) < 1.0;
    let lung = |i: usize| {
        let (x, y) = ((i % 256) as f64, (i / 256) as f64);
        inside(x, y, 70.0) || inside(x, y, 186.0)
    };
    let lung: Vec<bool> = (0..256 * 256).map(lung).collect();
    let source = FieldsSource::Segmenter { version: "1".into(), sha256: "ab".into(), expected_dice: 0.95 };
    Arc::new(Lungs::new(LungFields::of_lung(&lung, 256, 256).unwrap(), source))
}

#[test]
fn the_thorax_is_proposed_where_the_lungs_are_outlined_and_the_heart_never() {
    let mut bench = with(|frame| Arc::make_mut(&mut frame.entry).meta.view_position = "PA".into());
    bench.state.lungs = LungSearch::Found(lungs());
    take(&mut bench, Kind::Cardiothoracic);
    click(&mut bench, &[[128.0, 20.0], [128.0, 240.0], [100.0, 150.0]]);
    assert!(bench.state.measurements().is_empty(), "both borders of the heart are the reader's to mark");
    click(&mut bench, &[[170.0, 150.0]]);
    let ratio = bench.state.measurements()[0].clone();
    assert!(ratio.thorax_proposed);
    let of = |one: &Measurement, bench: &Bench| Measured::of(one, bench.state.frame().unwrap(), None);
    let measured = of(&ratio, &bench);
    let found = measured.cardiothoracic.unwrap();
    // From column 30 to column 226.
    assert!((found.heart - 70.0).abs() < 1e-9 && (found.thorax - 196.0).abs() < 2.0, "{found:?}");
    assert!(measured.cautions[0].contains("proposed") && measured.cautions.len() == 1, "{:?}", measured.cautions);
    bench.command(MeasureCommand::Grab(ratio.id, Handle::At(4), ratio.points[4]));
    bench.command(MeasureCommand::MoveTo([40.0, 150.0]));
    bench.command(MeasureCommand::Release([40.0, 150.0]));
    let moved = &bench.state.measurements()[0];
    assert!(!moved.thorax_proposed && of(moved, &bench).cautions.is_empty());
}

#[test]
fn the_report_holds_what_was_measured() {
    let mut bench = bench();
    let made = made(&mut bench, Kind::Length, &[[10.0, 10.0], [50.0, 10.0]]);
    bench.message(Message::ReportFolderChosen(Some("reports".into())));
    let [Effect::WriteReport { case, .. }] = &bench.command(FileCommand::ExportReport)[..] else {
        panic!("a report is written");
    };
    assert_eq!(case.measurements, [made]);
}

#[test]
fn measurements_are_exported_and_a_dropped_file_is_imported() {
    let mut bench = bench();
    bench.command(MeasureCommand::Export);
    assert!(bench.state.notices.last().unwrap().text.contains("nothing to export"));
    let made = made(&mut bench, Kind::Length, &[[10.0, 10.0], [50.0, 10.0]]);
    assert!(matches!(bench.command(MeasureCommand::Export)[..], [Effect::Measure(MeasuringEffect::AskWhereToExport)]));
    bench.effects.clear();
    bench.message(Message::Measuring(MeasuringMessage::ExportTo(Some("m.json".into()))));
    assert!(matches!(&bench.effects[..], [Effect::Measure(MeasuringEffect::Export { list, .. })] if list.len() == 1));
    bench.command(MeasureCommand::DeleteSelected);
    let dropped = bench.command(FileCommand::OpenPaths(vec!["m.json".into()]));
    let [Effect::Measure(MeasuringEffect::Import { identity, .. })] = &dropped[..] else { panic!("it is read") };
    let imported = MeasuringMessage::Imported { identity: identity.clone(), result: Ok(vec![made.clone()]) };
    bench.message(Message::Measuring(imported.clone()));
    // Twice is once.
    bench.message(Message::Measuring(imported));
    assert_eq!(bench.state.measurements(), [made]);
}

// ——— the screen ———

fn view(harness: &Harness<'_, Bench>) -> egui::Rect {
    harness.get_all_by_label_contains("View 1").next().unwrap().rect()
}

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

fn row(harness: &Harness<'_, Bench>, number: usize) -> String {
    let label = format!("Measurement {number}: ");
    let node = harness.get_all_by_label_contains(&label).next().expect("a row of the list");
    node.accesskit_node().label().unwrap_or_default()
}

#[test]
fn a_length_on_the_screen_is_true_however_the_image_lies() {
    for commands in [
        vec![],
        vec![ViewCommand::RotateRight],
        vec![ViewCommand::RotateLeft, ViewCommand::FlipHorizontal],
        vec![ViewCommand::FlipVertical, ViewCommand::ZoomIn, ViewCommand::ZoomIn],
    ] {
        let mut bench = bench();
        for command in &commands {
            bench.command(*command);
        }
        let mut harness = screen(bench);
        harness.key_press_modifiers(Modifiers::SHIFT, Key::D);
        harness.run_steps(2);
        assert_eq!(harness.state().state.measuring.tool, Tool::Measure(Kind::Length));
        let rect = view(&harness);
        // 256 columns of 0.2 mm and 256 rows of 0.4 mm, fitted, and shown in their true shape.
        let turned = !harness.state().state.view(0).turns.is_multiple_of(2);
        let (width, height) = if turned { (102.4, 51.2) } else { (51.2, 102.4) };
        let zoom = f64::from(harness.state().state.view(0).zoom);
        let mm = 1.0 / (zoom * (f64::from(rect.width()) / width).min(f64::from(rect.height()) / height));
        for way in [vec2(48.0, 0.0), vec2(0.0, 48.0), vec2(30.0, -40.0)] {
            let window = harness.state().state.view(0).window;
            drag(&mut harness, rect.center() - 0.5 * way, rect.center() + 0.5 * way);
            let state = &harness.state().state;
            assert_eq!(state.view(0).window, window, "a tool in hand leaves the window alone");
            let made = state.measurements().last().expect("a length");
            let length = Measured::of(made, state.frame().unwrap(), None).length.unwrap();
            let expected = f64::from(way.length()) * mm;
            assert!((length - expected).abs() < 0.02 * expected, "{commands:?} {way:?}: {length} is not {expected}");
        }
        assert!(row(&harness, 3).contains("mm (at detector)"), "{}", row(&harness, 3));
    }
}

#[test]
fn the_keyboard_alone_measures_a_cardiothoracic_ratio() {
    let mut bench = bench();
    bench.state.lungs = LungSearch::Found(lungs());
    let mut harness = screen(bench);
    let press = |harness: &mut Harness<'_, Bench>, modifiers: Modifiers, key: Key, times: usize| {
        for _ in 0..times {
            harness.key_press_modifiers(modifiers, key);
            harness.run_steps(2);
        }
    };
    let class = harness.state().state.subject();
    press(&mut harness, Modifiers::SHIFT, Key::H, 1);
    // The first Enter shows the crosshair in the middle; arrows move it by a hundredth, with Shift by a pixel.
    press(&mut harness, Modifiers::NONE, Key::Enter, 1);
    assert_eq!(harness.state().state.measuring.cursor, Some([128.0, 128.0]));
    press(&mut harness, Modifiers::NONE, Key::ArrowUp, 10);
    press(&mut harness, Modifiers::SHIFT, Key::ArrowUp, 2);
    let top = [128.0, 128.0 - 25.6 - 2.0];
    let near = |a: Point, b: Point| (a[0] - b[0]).abs() < 1e-6 && (a[1] - b[1]).abs() < 1e-6;
    assert!(near(harness.state().state.measuring.cursor.unwrap(), top));
    assert!(
        harness
            .get_by_label_contains("View 1:")
            .accesskit_node()
            .value()
            .unwrap()
            .contains("crosshair at column 128, row 100")
    );
    for (key, times) in [(Key::ArrowDown, 20), (Key::ArrowLeft, 15), (Key::ArrowRight, 35)] {
        press(&mut harness, Modifiers::NONE, Key::Enter, 1);
        press(&mut harness, Modifiers::NONE, key, times);
    }
    press(&mut harness, Modifiers::NONE, Key::Enter, 1);
    let state = &harness.state().state;
    let made = state.measurements().last().expect("a ratio was made");
    assert_eq!((made.kind, made.thorax_proposed), (Kind::Cardiothoracic, true));
    assert!(near(made.points[0], top) && near(made.points[1], [128.0, top[1] + 51.2]));
    assert!(near(made.points[2], [128.0 - 38.4, top[1] + 51.2]) && near(made.points[3], [128.0 + 51.2, top[1] + 51.2]));
    assert_eq!(state.subject(), class, "the arrows chose no class");
    // Esc puts the tool away and the crosshair with it; the arrows are the classes' again.
    press(&mut harness, Modifiers::NONE, Key::Escape, 1);
    assert_eq!(harness.state().state.measuring.cursor, None);
    press(&mut harness, Modifiers::NONE, Key::ArrowDown, 1);
    assert_ne!(harness.state().state.subject(), class);
}

#[test]
fn an_outline_begins_and_ends_with_enter() {
    let mut harness = screen(bench());
    harness.state_mut().command(MeasureCommand::TakeTool(Tool::Measure(Kind::Freehand)));
    harness.run_steps(2);
    let ways = [(Key::Enter, 2), (Key::ArrowRight, 10), (Key::ArrowDown, 10), (Key::ArrowLeft, 10), (Key::Enter, 1)];
    for (key, times) in ways {
        for _ in 0..times {
            harness.key_press(key);
            harness.run_steps(2);
        }
    }
    let list = harness.state().state.measurements();
    assert_eq!((list.len(), list[0].kind), (1, Kind::Freehand));
    assert_eq!(list[0].points.len(), 31);
}

#[test]
fn a_measurement_is_selected_moved_named_and_deleted_on_the_screen() {
    let mut bench = bench();
    made(&mut bench, Kind::Length, &[[60.0, 100.0], [200.0, 100.0]]);
    bench.command(MeasureCommand::TakeTool(Tool::Window));
    bench.command(MeasureCommand::Select(None));
    let mut harness = screen(bench);
    let rect = view(&harness);
    // One point of the screen for so many columns; rows are twice as high.
    let scale = (rect.width() / 256.0).min(rect.height() / 512.0);
    let at = |x: f32, y: f32| rect.center() + vec2((x - 128.0) * scale, (y - 128.0) * 2.0 * scale);
    drag(&mut harness, at(200.0, 100.0), at(200.0, 160.0));
    let points = harness.state().state.measurements()[0].points.clone();
    assert!((points[1][1] - 160.0).abs() < 1.5 && points[0] == [60.0, 100.0], "{points:?}");
    assert!(harness.state().state.measuring.selected.is_some());
    // By its line it is moved as a whole.
    drag(&mut harness, at(130.0, 130.0), at(140.0, 130.0));
    let moved = harness.state().state.measurements()[0].points.clone();
    assert!(
        (moved[0][0] - points[0][0] - 10.0).abs() < 1.5 && (moved[1][0] - points[1][0] - 10.0).abs() < 1.5,
        "{moved:?}"
    );
    // Beside it the left button is the window's, and a click lets go of it.
    let window = harness.state().state.view(0).window;
    drag(&mut harness, at(30.0, 220.0), at(80.0, 220.0));
    assert_ne!(harness.state().state.view(0).window, window);
    harness.run_steps(40);
    assert!(harness.state().state.measuring.selected.is_some(), "its name and values stand below its line");
    harness.get_by_label("Name of the measurement").focus();
    harness.run_steps(2);
    harness.get_by_label("Name of the measurement").type_text("Nodule");
    harness.run_steps(3);
    assert_eq!(harness.state().state.measurements()[0].name.0, "Nodule");
    assert!(row(&harness, 1).contains("Nodule"));
    harness.get_by_label("Delete measurement 1").click_accesskit();
    harness.run_steps(10);
    let left = harness.state().state.measurements();
    assert!(left.is_empty(), "{left:?}");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(3);
    assert_eq!(harness.state().state.measurements().len(), 1);
}

#[test]
fn the_known_length_is_typed_and_stands_in_the_corner() {
    let mut bench = bench();
    made(&mut bench, Kind::Calibration, &[[20.0, 50.0], [120.0, 50.0]]);
    let mut harness = screen(bench);
    harness.run_steps(3);
    let said = |harness: &Harness<'_, Bench>| row(harness, 1);
    assert!(said(&harness).contains("20.0 mm (at detector)"), "{}", said(&harness));
    // The field has the keyboard at once.
    harness.get_by_label("Known length in millimetres").type_text("2,5");
    harness.run_steps(3);
    assert_eq!(harness.state().state.measurements()[0].known_mm, Some(2.5));
    // What says where millimetres come from makes no row wider than the panel.
    let panel = 1280.0 - harness.state().state.preferences.findings_width;
    for label in ["Undo", "Known length in millimetres"] {
        let left = harness.get_by_label(label).rect().left();
        assert!(left >= panel, "{label} begins at {left}, left of the panel");
    }
    harness.get_by_label("Known length in millimetres").type_text("x");
    harness.run_steps(3);
    assert_eq!(harness.state().state.measurements()[0].known_mm, None, "2,5x is no number");
}

#[test]
fn the_delete_key_deletes_but_not_while_a_name_is_written() {
    let mut bench = bench();
    made(&mut bench, Kind::Text, &[[60.0, 100.0]]);
    let mut harness = screen(bench);
    harness.run_steps(3);
    // The words of a new note are asked for at once.
    harness.get_by_label("Words of the note").type_text("old scar");
    harness.run_steps(2);
    harness.key_press(Key::Delete);
    harness.run_steps(2);
    assert_eq!(harness.state().state.measurements()[0].name.0, "old scar");
    let rect = view(&harness);
    harness.drag_at(rect.left_bottom() + vec2(300.0, -150.0));
    harness.drop_at(rect.left_bottom() + vec2(300.0, -150.0));
    harness.run_steps(2);
    let id = harness.state().state.measurements()[0].id;
    harness.state_mut().command(MeasureCommand::TakeTool(Tool::Window));
    harness.state_mut().command(MeasureCommand::Select(Some(id)));
    harness.run_steps(2);
    harness.key_press(Key::Delete);
    harness.run_steps(2);
    assert!(harness.state().state.measurements().iter().all(|one| one.id != id));
}

#[test]
fn a_region_says_its_values_and_the_evidence_inside_and_where_it_is_hidden_it_does_not() {
    let mut bench = bench();
    // The maps of the test have their peak left of the middle.
    made(&mut bench, Kind::Rectangle, &[[40.0, 90.0], [120.0, 180.0]]);
    let mut harness = screen(bench);
    harness.run_steps(2);
    assert!(row(&harness, 1).contains("mean"), "{}", row(&harness, 1));
    let evidence =
        |harness: &Harness<'_, Bench>| harness.query_all_by_label_contains("of the evidence (").next().is_some();
    assert!(evidence(&harness));
    assert!(harness.query_all_by_label_contains("area ").next().is_some());
    harness.key_press(Key::F8);
    harness.run_steps(3);
    assert!(harness.query_all_by_label_contains("Measurement 1: ").next().is_some(), "reading first, one measures too");
    assert!(!evidence(&harness), "the model's result is hidden");
}

#[test]
fn the_menu_takes_tools_and_the_magnifier_changes_nothing() {
    let mut harness = screen(bench());
    harness.get_by_label("Measure").click();
    harness.run_steps(3);
    harness.get_by_label("Cobb angle").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.measuring.tool, Tool::Measure(Kind::Cobb));
    harness.key_press(Key::Escape);
    harness.key_press(Key::Z);
    harness.run_steps(2);
    assert_eq!(harness.state().state.measuring.tool, Tool::Magnifier);
    let before = (*harness.state().state.view(0), harness.state().state.results.labels.clone());
    let made = harness.state().caches.made();
    harness.hover_at(view(&harness).center());
    harness.run_steps(4);
    assert!(harness.state().caches.made() > made, "the lens was painted");
    assert_eq!(before, (*harness.state().state.view(0), harness.state().state.results.labels.clone()));
    harness.state_mut().command(Command::Findings(FindingsCommand::SelectClass(0)));
    harness.run_steps(2);
}

#[test]
fn while_anonymised_no_words_of_the_reader_are_on_the_screen() {
    let mut bench = bench();
    let note = made(&mut bench, Kind::Text, &[[60.0, 100.0]]);
    bench.command(MeasureCommand::Rename(note.id, Words::new("Jane's scar")));
    bench.command(FileCommand::ToggleAnonymize);
    let harness = screen(bench);
    assert!(harness.query_all_by_label_contains("Jane's scar").next().is_none());
    assert!(row(&harness, 1).contains("Text"));
}

#[test]
fn ctrl_z_in_a_text_takes_no_measurement_back() {
    let mut bench = bench();
    made(&mut bench, Kind::Length, &[[60.0, 100.0], [200.0, 100.0]]);
    bench.command(pellucid::app::command::ImpressionCommand::ToggleReadFirst);
    let mut harness = screen(bench);
    harness.run_steps(2);
    harness.get_by_label("Your impression").focus();
    harness.run_steps(2);
    harness.get_by_label("Your impression").type_text("A nodule");
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(3);
    assert_eq!(harness.state().state.measurements().len(), 1);
}
