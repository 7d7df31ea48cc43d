//! How the viewer shows an image as its file, a presentation state and the reader ask for it: letters
//! at the sides, marks in the corner, the menu of windows and states. Widgets are found by label and
//! value, as a screen reader finds them.

use std::sync::Arc;

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use pellucid::app::command::{StudyCommand, ViewCommand};
use pellucid::app::state::LoadedImage;
use pellucid::app::update::effect::Effect;
use pellucid::app::update::message::Message;
use pellucid::engine::lungs::LungSearch;
use pellucid::imaging::bit_plane::BitPlane;
use pellucid::imaging::overlay_plane::OverlayPlane;
use pellucid::imaging::shutter::{Shutter, Shutters};
use pellucid::imaging::{Voi, Window};
use pellucid::study::{Annotations, Drawing, Frame, Orientation, PresentationState, TextNote};

use super::viewer::common::{Bench, catalogue_of, entry, frame};
use super::viewer::{button, screen};

/// A radiograph with everything that a file can say of showing it.
fn furnished() -> Frame {
    let mut frame = frame(256, 256);
    let bits = BitPlane::new(8, 8, (0..64).map(|i| i % 3 == 0));
    frame.display.overlays =
        vec![OverlayPlane { group: 0x6000, bits: Arc::new(bits), left: 20, top: 30, name: "marker".into() }];
    let shapes = vec![Shutter::Rectangle { left: 16.0, top: 16.0, right: 240.0, bottom: 240.0 }];
    frame.display.shutters = Shutters { shapes, grey: 0 };
    let [left, right, top, bottom] = ["R", "L", "H", "F"].map(str::to_owned);
    frame.display.orientation = Some(Orientation { left, right, top, bottom });
    frame.display.side_mark = "R MLO".into();
    frame.pixels.voi.push(Voi::Window { window: Window::linear(1000.0, 500.0), explanation: "NARROW".into() });
    frame.pixels.voi.push(Voi::Lut { first: 0.0, entries: vec![0.0, 1.0], explanation: "TABLE".into() });
    frame
}

/// A state that turns, mirrors, inverts and cuts out a part.
fn presentation() -> PresentationState {
    PresentationState {
        label: "FINDING".into(),
        description: "where the opacity is".into(),
        creator: "Roe^Rita".into(),
        date: "20261129".into(),
        voi: Some(3),
        inverted: Some(true),
        turns: 1,
        mirrored: true,
        area: Some([[0.0, 0.0], [128.0, 128.0]]),
        shutters: Shutters::default(),
        overlays: Vec::new(),
        annotations: Annotations {
            drawings: vec![Drawing { points: vec![[10.0, 10.0], [60.0, 40.0]], filled: false, color: None }],
            texts: vec![TextNote { text: "opacity".into(), at: [60.0, 40.0], anchor: None, color: None }],
            incomplete: false,
        },
        notes: Vec::new(),
    }
}

fn bench() -> Bench {
    let mut frame = furnished();
    let window = Window::linear(3000.0, 800.0);
    frame.pixels.presented_voi = vec![Voi::Window { window, explanation: String::new() }];
    let mut bench = Bench::with_image(frame.clone());
    let loaded = LoadedImage {
        pyramid: bench.state.pyramid.clone(),
        auto_window: bench.state.auto_window,
        color: None,
        presentations: Arc::new(vec![presentation()]),
        lungs: Ok(LungSearch::NotLookedFor),
        frame: Arc::new(frame),
    };
    bench.message(Message::FrameLoaded { generation: bench.state.generation, result: Ok(loaded) });
    bench
}

/// What the first view says beside its title.
fn said(harness: &Harness<'_, Bench>) -> String {
    harness.get_by_label_contains("View 1: ").accesskit_node().value().unwrap_or_default()
}

#[test]
fn letters_at_all_four_sides_follow_turns_and_mirrors() {
    let mut harness = screen(bench());
    assert!(said(&harness).starts_with("left R, right L, top H, bottom F"), "{}", said(&harness));
    for (key, letters) in [
        (egui::Key::R, "left F, right H, top R, bottom L"),
        (egui::Key::H, "left H, right F, top R, bottom L"),
        (egui::Key::V, "left H, right F, top L, bottom R"),
        (egui::Key::Space, "left R, right L, top H, bottom F"),
    ] {
        harness.key_press(key);
        harness.run_steps(3);
        let all = said(&harness);
        let mut sides: Vec<&str> = all.split(", ").take(4).collect();
        sides.sort_by_key(|side| ["left", "right", "top", "bottom"].iter().position(|s| side.starts_with(s)));
        assert_eq!(sides.join(", "), letters, "after {key:?}");
    }
}

#[test]
fn a_file_that_tells_no_side_gets_no_letters() {
    let harness = screen(Bench::with_image(frame(256, 256)));
    assert_eq!(said(&harness), "");
}

#[test]
fn the_corner_says_what_the_reader_turned_mirrored_or_inverted() {
    let mut bench = bench();
    let marks = |bench: &Bench| bench.state.display_marks(0).join(", ");
    let of_file = "overlay of the file, display shutter";
    assert_eq!(marks(&bench), of_file);
    for (command, expected) in [
        (ViewCommand::FlipHorizontal, "mirrored by the reader"),
        (ViewCommand::FlipVertical, "turned 180° by the reader"),
        (ViewCommand::RotateLeft, "turned 90° right by the reader"),
        (ViewCommand::FlipHorizontal, "mirrored by the reader, turned 90° left by the reader"),
        (ViewCommand::RotateLeft, "mirrored top to bottom by the reader"),
    ] {
        bench.command(command);
        assert_eq!(marks(&bench), format!("{expected}, {of_file}"), "after {command:?}");
    }
    bench.command(ViewCommand::ResetView);
    bench.command(ViewCommand::Invert);
    assert_eq!(marks(&bench), format!("inverted by the reader, {of_file}"));
}

#[test]
fn a_key_shows_the_image_pixel_for_pixel_and_one_step_takes_that_back() {
    let mut harness = screen(Bench::with_image(frame(2000, 1500)));
    let view = harness.get_by_label_contains("View 1: ").rect();
    let fits = (view.width() / 2000.0).min(view.height() / 1500.0);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Num1);
    harness.run_steps(3);
    let zoom = harness.state().state.view(0).zoom;
    let pixel = fits * zoom * harness.ctx.pixels_per_point();
    assert!((pixel - 1.0).abs() < 1e-3, "a column takes {pixel} pixels of the screen");
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    harness.run_steps(3);
    assert_eq!(harness.state().state.view(0).zoom, 1.0);
}

#[test]
fn overlays_and_shutter_have_a_key_and_a_mark() {
    let mut harness = screen(bench());
    assert!(said(&harness).ends_with("R MLO, overlay of the file, display shutter"), "{}", said(&harness));
    harness.key_press(egui::Key::F);
    harness.run_steps(3);
    assert!(said(&harness).ends_with("overlay of the file hidden, display shutter"), "{}", said(&harness));
    harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::F);
    harness.run_steps(3);
    assert!(said(&harness).ends_with("overlay of the file hidden, display shutter open"), "{}", said(&harness));
}

#[test]
fn the_display_menu_offers_the_windows_of_the_file_by_their_words() {
    let mut harness = screen(bench());
    button(&harness, "Display").click();
    harness.run_steps(3);
    button(&harness, "NARROW   W 500 L 1000").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.view(0).window, Window::linear(1000.0, 500.0));
    assert_eq!(harness.state().state.voi_words(0), Some("NARROW".into()));
    harness.key_press(egui::Key::W);
    harness.run_steps(3);
    assert_eq!(harness.state().state.view(0).table, Some(2));
    assert_eq!(harness.state().state.voi_words(0), Some("VOI table TABLE".into()));
    harness.key_press(egui::Key::W);
    harness.run_steps(3);
    assert_eq!(harness.state().state.voi_words(0), Some("NORMAL".into()), "the first follows the last");
}

#[test]
fn a_presentation_state_is_applied_when_it_is_chosen_and_put_away_again() {
    let mut harness = screen(bench());
    button(&harness, "Display").click();
    harness.run_steps(3);
    button(&harness, "FINDING   Roe Rita   20261129").click();
    harness.run_steps(3);
    let state = &harness.state().state;
    let view = state.view(0);
    assert_eq!((view.window, view.invert, view.fit), (Window::linear(3000.0, 800.0), true, Some([128.0, 128.0])));
    assert_eq!(view.center, [-64.0, -64.0]);
    let marks = "presentation state FINDING, inverted by the presentation state, mirrored by the presentation state, \
                 turned 90° left by the presentation state, overlay and annotations";
    assert_eq!(state.display_marks(0).join(", "), marks);
    assert!(state.shutters().is_none(), "its own shutters take the place of those of the file");
    harness.key_press(egui::Key::Space);
    harness.run_steps(3);
    assert!(harness.state().state.presented.is_none());
    assert!(!harness.state().state.view(0).is_turned());
}

#[test]
fn a_state_asks_the_engine_for_nothing() {
    let mut bench = bench();
    bench.effects.clear();
    for command in [
        ViewCommand::Present(Some(0)),
        ViewCommand::Present(Some(7)),
        ViewCommand::Present(None),
        ViewCommand::ToggleShutter,
        ViewCommand::ToggleGraphics,
        ViewCommand::NextFileWindow,
        ViewCommand::ChooseVoi(99),
    ] {
        bench.command(command);
    }
    assert!(bench.effects.is_empty());
}

#[test]
fn the_states_of_a_study_are_looked_into_when_one_of_its_images_is_shown() {
    let mut bench = Bench::new();
    let image = entry("1.2.3", 1, 64, 48);
    let mut state = pellucid::study::ImageEntry::clone(&entry("1.2.4", 1, 0, 0));
    state.has_pixels = false;
    state.path = "state.dcm".into();
    state.meta.sop_class_uid = "1.2.840.10008.5.1.4.1.1.11.1".into();
    let catalogue = Box::new(catalogue_of(&[image.clone(), Arc::new(state)]));
    bench.message(Message::Scanned { paths: Vec::new(), catalogue });
    let effects = bench.command(StudyCommand::ShowImage(image, 0));
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::LoadFrame { presentations, .. } => Some(presentations.clone()),
        _ => None,
    });
    assert_eq!(asked, Some(vec!["state.dcm".into()]));
}
