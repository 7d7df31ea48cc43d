//! Working with the viewer: what is kept of a session, one way back, keys as data, the palette, what
//! has room, and names for who cannot see the screen.

use egui::accesskit::Role;
use egui::{Key, Modifiers, Rect};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::viewer::common::{Bench, LABELS, events, frame, model, verdict};
use super::viewer::{button, screen};
use pellucid::app::command::palette::availability::why_not;
use pellucid::app::command::palette::found;
use pellucid::app::command::{
    Command, CommandGroup, FileCommand, FindingsCommand, HangingCommand, HelpCommand, ImpressionCommand, KeysCommand,
    MeasureCommand, OverlayCommand, PaletteCommand, PublishedCommand, ResultCommand, SessionCommand, TagCommand,
    TrainingCommand, UncertaintyCommand, ViewCommand,
};
use pellucid::app::state::impression::ReaderText;
use pellucid::app::state::measuring::Tool;
use pellucid::app::state::on_top::{OnTop, Unfolded};
use pellucid::app::state::session::{Section, WindowPlace};
use pellucid::app::state::training::{Page, Question};
use pellucid::app::state::weights_form::WeightsForm;
use pellucid::app::state::{Layout, Preferences, State, Theme};
use pellucid::app::update::effect::Effect;
use pellucid::app::update::impression_effect::{ImpressionEffect, ImpressionMessage};
use pellucid::app::update::measuring_effect::MeasuringMessage;
use pellucid::app::update::message::Message;
use pellucid::app::update::{may_close, offer_last, on_window};
use pellucid::engine::{Analysis, Event};
use pellucid::measurement::Kind;
use pellucid::measurement::identity::ImageIdentity;
use pellucid::report::impression_store::KeptImpression;

// ——— the session ———

#[test]
fn what_is_open_is_remembered_and_offered_and_opened_only_when_asked() {
    let bench = Bench::finished();
    let kept = &bench.state.preferences;
    assert!(kept.recent.len() == 1 && kept.last == kept.recent && kept.last[0].is_absolute());
    let mut next = Bench::new();
    next.state = State::new(kept.clone(), "test", "cpu");
    assert!(next.state.images.is_empty() && !next.state.scanning, "nothing opens by itself");
    offer_last(&mut next.state, &["another.dcm".into()]);
    assert!(next.state.notices[0].text.contains("image.dcm"));
    let mut harness = screen(next);
    button(&harness, "Open the last studies").click();
    harness.run_steps(2);
    assert!(harness.state().state.scanning && harness.state().state.last_session.studies.is_empty());
}

#[test]
fn what_was_closed_by_mistake_opens_again_by_the_same_key_as_that_of_last_time() {
    let mut bench = Bench::finished();
    bench.command(FileCommand::CloseAll);
    bench.effects.clear();
    bench.command(SessionCommand::OpenLast);
    let asked = bench
        .effects
        .iter()
        .find_map(|effect| if let Effect::Scan { paths, .. } = effect { Some(paths) } else { None });
    assert!(asked.is_some_and(|paths| paths[0].ends_with("image.dcm")), "{:?}", bench.state.last_session);
}

#[test]
fn lists_of_studies_are_kept_only_as_long_as_the_reader_wants_it() {
    let mut bench = Bench::finished();
    bench.command(SessionCommand::ToggleKeepStudies);
    assert!(bench.state.preferences.recent.is_empty() && bench.state.preferences.last.is_empty());
    bench.open(frame(64, 64));
    assert!(bench.state.preferences.recent.is_empty() && bench.state.preferences.last.is_empty());
    let mut bench = Bench::finished();
    bench.command(ViewCommand::SetLayout(Layout::Compare));
    bench.command(SessionCommand::ToggleSection(Section::Lungs));
    let effects = bench.command(SessionCommand::Forget);
    assert!(effects.iter().any(|e| matches!(e, Effect::SavePreferences)));
    let left = &bench.state.preferences;
    assert!(left.recent.is_empty() && left.last.is_empty() && left.closed.is_empty());
    assert_eq!((left.layout, left.window), (Layout::SideBySide, None));
}

#[test]
fn window_layout_switches_and_sections_are_those_of_the_last_session() {
    let mut bench = Bench::finished();
    let place = WindowPlace { size: [1400.0, 900.0], position: Some([20.0, 30.0]), maximized: false };
    assert!(!on_window(&mut bench.state, place).is_empty());
    assert!(on_window(&mut bench.state, place).is_empty(), "nothing is written while nothing moves");
    let large = WindowPlace { size: [2560.0, 1400.0], position: Some([0.0, 0.0]), maximized: true };
    on_window(&mut bench.state, large);
    let kept = bench.state.preferences.window.unwrap();
    assert_eq!((kept.size, kept.maximized), (place.size, true), "it goes back to the size before");
    for command in [ViewCommand::SetLayout(Layout::ClassGrid), ViewCommand::SetTheme(Theme::Light)] {
        bench.command(command);
    }
    bench.command(OverlayCommand::ToggleHeatMap);
    bench.command(SessionCommand::ToggleSection(Section::Overlay));
    bench.command(SessionCommand::LargerInterface);
    let text = serde_json::to_string(&bench.state.preferences).unwrap();
    let next = State::new(serde_json::from_str(&text).unwrap(), "test", "cpu");
    assert_eq!((next.layout, next.heat_map, next.preferences.theme), (Layout::ClassGrid, false, Theme::Light));
    assert!(next.preferences.closed.contains(&Section::Overlay));
    assert!((next.preferences.interface_scale() - 1.25).abs() < 1e-6);
}

// ——— impressions ———

fn identity(bench: &Bench) -> ImageIdentity {
    ImageIdentity::of(bench.state.frame().unwrap())
}

/// The pixels of the image on screen are hashed, and this was kept of it.
fn looked_for(bench: &mut Bench, kept: Option<KeptImpression>) {
    let (image, identity) = (bench.state.image_key().unwrap(), identity(bench));
    let found = MeasuringMessage::Found { image, identity, result: Ok(Vec::new()) };
    bench.message(Message::Measuring(found));
    let find = bench.effects.iter().rev().find_map(|effect| match effect {
        Effect::Impression(ImpressionEffect::Find { image, identity }) => Some((image.clone(), identity.clone())),
        _ => None,
    });
    let (image, identity) = find.expect("what was written is looked for once the pixels are known");
    bench.message(Message::Impression(ImpressionMessage::Found { image, identity, result: Ok(kept) }));
}

fn last_kept(bench: &Bench) -> Option<&KeptImpression> {
    bench.effects.iter().rev().find_map(|effect| match effect {
        Effect::Impression(ImpressionEffect::Keep { written, .. }) => Some(written),
        _ => None,
    })
}

pub(super) fn read_first() -> Bench {
    let mut bench = Bench::new();
    bench.command(ImpressionCommand::ToggleReadFirst);
    bench.event(Event::ModelReady(model()));
    bench.open(frame(256, 256));
    for event in events(bench.state.generation, 100) {
        bench.event(event);
    }
    bench
}

#[test]
fn an_impression_is_kept_letter_by_letter_and_comes_back_with_its_image() {
    let mut bench = read_first();
    let write = |words: &str| ImpressionCommand::Write(ReaderText(words.into()));
    // Written before the pixels are hashed: kept once they are.
    bench.command(write("A"));
    assert!(last_kept(&bench).is_none());
    looked_for(&mut bench, None);
    assert_eq!(last_kept(&bench).unwrap().draft, "A");
    bench.command(write("A nodule."));
    assert_eq!(last_kept(&bench).unwrap().draft, "A nodule.");
    bench.command(ImpressionCommand::ShowResult);
    let kept = last_kept(&bench).unwrap().clone();
    assert!(kept.draft.is_empty() && kept.impression.as_ref().unwrap().text == "A nodule.");
    // After kill -9: another process opens the same image.
    let mut again = read_first();
    assert!(again.state.result_hidden());
    looked_for(&mut again, Some(kept));
    assert_eq!(again.state.impression().unwrap().text, "A nodule.");
    assert!(!again.state.result_hidden() && may_close(&mut again.state));
}

#[test]
fn what_cannot_be_read_is_said_and_not_replaced() {
    let mut bench = read_first();
    let (image, identity) = (bench.state.image_key().unwrap(), identity(&bench));
    let result = Err("it is broken".into());
    bench.message(Message::Impression(ImpressionMessage::Found { image, identity, result }));
    assert!(bench.state.notices.iter().any(|n| n.text.contains("not kept")));
    assert!(may_close(&mut bench.state), "nothing is written yet");
    bench.command(ImpressionCommand::NothingToReport);
    assert!(last_kept(&bench).is_none());
    assert!(!may_close(&mut bench.state) && may_close(&mut bench.state), "it is said once");
}

#[test]
fn read_first_says_that_it_is_on() {
    let harness = screen(read_first());
    assert!(harness.query_by_label("Read first is on").is_some());
    assert!(screen(Bench::finished()).query_by_label("Read first is on").is_none());
}

// ——— one way back ———

fn measurable() -> Bench {
    let mut bench = Bench::finished();
    looked_for(&mut bench, None);
    bench
}

fn probe(bench: &mut Bench, at: [f64; 2]) {
    if bench.state.measuring.tool != Tool::Measure(Kind::Probe) {
        bench.command(MeasureCommand::TakeTool(Tool::Measure(Kind::Probe)));
    }
    bench.command(MeasureCommand::Press(at, 2.0));
    bench.command(MeasureCommand::Release(at));
}

#[test]
fn measurements_and_views_are_taken_back_in_the_order_in_which_they_were_changed() {
    let mut bench = measurable();
    let before = *bench.state.view(0);
    bench.command(ViewCommand::RotateRight);
    probe(&mut bench, [10.0, 10.0]);
    bench.command(ViewCommand::Invert);
    bench.command(OverlayCommand::ToggleHeatMap);
    bench.command(OverlayCommand::MoreOpacity);
    bench.command(ViewCommand::SetLayout(Layout::Compare));
    let after = (*bench.state.view(0), bench.state.overlay().clone());
    let undo = |bench: &mut Bench| drop(bench.command(MeasureCommand::Undo));
    undo(&mut bench);
    assert_eq!(bench.state.layout, Layout::SideBySide);
    undo(&mut bench);
    assert!(bench.state.overlay().opacity < after.1.opacity);
    undo(&mut bench);
    assert!(bench.state.heat_map && bench.state.preferences.heat_map);
    undo(&mut bench);
    assert!(!bench.state.view(0).invert && bench.state.measurements().len() == 1);
    undo(&mut bench);
    assert!(bench.state.measurements().is_empty() && bench.state.view(0).turns == 1);
    undo(&mut bench);
    assert_eq!(*bench.state.view(0), before);
    assert!(!bench.state.can_step(true));
    undo(&mut bench);
    for _ in 0..6 {
        bench.command(MeasureCommand::Redo);
    }
    assert_eq!((*bench.state.view(0), bench.state.overlay().clone()), after);
    assert!(bench.state.measurements().len() == 1 && bench.state.layout == Layout::Compare && !bench.state.heat_map);
    assert!(!bench.state.can_step(false));
}

#[test]
fn a_drag_is_one_step_and_another_image_has_no_way_back_to_this_view() {
    let mut bench = measurable();
    let before = *bench.state.view(0);
    for _ in 0..30 {
        bench.command(ViewCommand::DragWindow(0, [0.01, 0.0]));
    }
    bench.command(ViewCommand::Pan(0, [4.0, 0.0]));
    bench.command(ViewCommand::Pan(0, [4.0, 0.0]));
    bench.command(MeasureCommand::Undo);
    assert!(bench.state.view(0).center == before.center && bench.state.view(0).window != before.window);
    bench.command(MeasureCommand::Undo);
    assert_eq!(*bench.state.view(0), before);
    bench.command(ViewCommand::Invert);
    bench.open(frame(64, 96));
    let laid = *bench.state.view(0);
    bench.command(MeasureCommand::Undo);
    assert_eq!(*bench.state.view(0), laid);
}

// ——— keys ———

fn id(command: impl Into<Command>) -> String {
    command.into().id()
}

#[test]
fn a_key_is_changed_by_pressing_it_and_stands_everywhere_at_once() {
    let mut harness = screen(Bench::finished());
    harness.key_press_modifiers(Modifiers::SHIFT, Key::F1);
    harness.run_steps(2);
    harness.get_by_label("Search keys").focus();
    harness.run_steps(1);
    harness.get_by_label("Search keys").type_text("invert");
    harness.run_steps(3);
    button(&harness, "Key of Invert").click_accesskit();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::CTRL | Modifiers::COMMAND, Key::B);
    harness.run_steps(3);
    assert!(harness.query_by_label("Key of Invert: Ctrl+B").is_some());
    assert_eq!(harness.state().state.preferences.keys[&id(ViewCommand::Invert)], "Ctrl+B");
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert!(harness.state().state.key_editor.is_none());
    harness.key_press(Key::I);
    harness.run_steps(2);
    assert!(!harness.state().state.view(0).invert, "the old key is nobody's");
    harness.key_press_modifiers(Modifiers::CTRL | Modifiers::COMMAND, Key::B);
    harness.run_steps(2);
    assert!(harness.state().state.view(0).invert);
    harness.key_press(Key::F1);
    harness.run_steps(2);
    assert!(harness.query_by_label("Ctrl+B").is_some(), "the key table");
    harness.state_mut().state.preferences.keys.clear();
    harness.run_steps(1);
}

#[test]
fn a_key_of_another_command_is_taken_or_exchanged_only_with_consent() {
    let (invert, smooth) = (id(ViewCommand::Invert), id(ViewCommand::ToggleSmooth));
    let mut bench = Bench::finished();
    let press = |bench: &mut Bench, key: &str| {
        bench.command(KeysCommand::Listen(Some(id(ViewCommand::Invert))));
        bench.command(KeysCommand::Press(key.into()));
    };
    bench.command(KeysCommand::ToggleEditor);
    press(&mut bench, "N");
    assert_eq!(bench.state.key_editor.as_ref().unwrap().clash.as_ref().unwrap().held_by, smooth);
    assert!(bench.state.preferences.keys.is_empty());
    bench.command(KeysCommand::Leave);
    assert!(bench.state.preferences.keys.is_empty());
    press(&mut bench, "N");
    bench.command(KeysCommand::Swap);
    assert_eq!(
        (bench.state.preferences.keys[&invert].as_str(), bench.state.preferences.keys[&smooth].as_str()),
        ("N", "I")
    );
    // Its own key back would be the other's now.
    bench.command(KeysCommand::Reset(invert.clone()));
    bench.command(KeysCommand::Take);
    assert!(!bench.state.preferences.keys.contains_key(&invert));
    assert_eq!(bench.state.preferences.keys[&smooth], "");
    press(&mut bench, "Tab");
    assert!(bench.state.key_editor.as_ref().unwrap().refusal.is_some());
    bench.command(KeysCommand::ResetAll);
    assert!(bench.state.preferences.keys.is_empty());
    bench.command(KeysCommand::Listen(Some(id(HelpCommand::Escape))));
    assert!(bench.state.key_editor.unwrap().listening.is_none(), "the way back stays");
}

#[test]
fn esc_closes_what_lies_on_top_one_after_the_other() {
    let mut bench = measurable();
    probe(&mut bench, [10.0, 10.0]);
    let generation = bench.state.generation;
    bench.command(ViewCommand::ToggleSolo(0));
    bench.command(MeasureCommand::TakeTool(Tool::Measure(Kind::Angle)));
    bench.command(MeasureCommand::Press([5.0, 5.0], 2.0));
    bench.command(OverlayCommand::ToggleFaithfulness);
    bench.command(TrainingCommand::Toggle);
    bench.command(TagCommand::Toggle);
    bench.command(HelpCommand::Tour);
    bench.state.weights = Some(WeightsForm::new("weights.pth".into()));
    bench.command(PublishedCommand::Toggle);
    bench.command(UncertaintyCommand::ToggleReliability);
    bench.command(HelpCommand::ToggleKeys);
    bench.command(KeysCommand::ToggleEditor);
    bench.command(HelpCommand::ToggleKeys);
    bench.command(KeysCommand::Listen(Some(id(ViewCommand::Invert))));
    bench.command(PaletteCommand::Toggle);
    bench.state.training.question = Some(Question::Stop);
    let mut closed = Vec::new();
    while let Some(top) = bench.state.on_top(Unfolded::default()) {
        // The tour puts the training room away; it is opened again below.
        assert!(closed.last() != Some(&top), "{top:?} does not close");
        assert_eq!(bench.state.dialog().is_some(), top.is_dialog());
        closed.push(top);
        bench.command(HelpCommand::Escape);
        assert!(closed.len() < 30);
    }
    let expected = [
        OnTop::Question,
        OnTop::Palette,
        OnTop::KeyListening,
        OnTop::KeyEditor,
        OnTop::KeyTable,
        OnTop::Reliability,
        OnTop::Weights,
        OnTop::Published,
        OnTop::Tour,
        OnTop::Tags,
        OnTop::Faithfulness,
        OnTop::Making,
        OnTop::Tool,
        OnTop::Selection,
        OnTop::Solo,
    ];
    assert_eq!(closed, expected);
    assert_eq!(bench.state.generation, generation, "no result was lost on the way");
    bench.command(TrainingCommand::Toggle);
    assert_eq!(bench.state.on_top(Unfolded::default()), Some(OnTop::Training));
    assert_eq!(bench.state.on_top(Unfolded { field: true, menu: false }), Some(OnTop::Field));
    assert_eq!(bench.state.on_top(Unfolded { field: true, menu: true }), Some(OnTop::Menu));
}

#[test]
fn keys_do_nothing_behind_a_dialog_a_menu_or_in_a_field_and_esc_closes_a_menu_first() {
    let mut harness = screen(read_first());
    harness.key_press(Key::F1);
    harness.run_steps(2);
    harness.key_press(Key::I);
    harness.key_press(Key::F8);
    harness.run_steps(2);
    assert!(!harness.state().state.view(0).invert && harness.state().state.preferences.read_first);
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert!(!harness.state().state.keys_open);
    harness.get_by_label("Your impression").focus();
    harness.run_steps(2);
    harness.key_press(Key::I);
    harness.run_steps(2);
    assert!(!harness.state().state.view(0).invert);
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    harness.state_mut().command(ViewCommand::ToggleSolo(0));
    harness.state_mut().command(MeasureCommand::TakeTool(Tool::Magnifier));
    button(&harness, "View").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("Rotate right").is_some());
    harness.key_press(Key::H);
    harness.run_steps(2);
    assert!(!harness.state().state.view(0).flip_horizontal);
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(harness.query_by_label("Rotate right").is_none());
    assert_eq!(harness.state().state.measuring.tool, Tool::Magnifier, "one Esc closes one thing");
    button(&harness, "View").click();
    harness.run_steps(3);
    harness.get_by_label("Rotate right").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("Rotate right").is_none() && harness.state().state.view(0).turns == 1);
    button(&harness, "View").click();
    harness.run_steps(3);
    button(&harness, "Help").click();
    harness.run_steps(3);
    harness.get_by_label("Command palette").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("Rotate right").is_none(), "a menu closes with the one beside it");
    assert!(harness.state().state.palette.is_some());
}

// ——— the palette ———

#[test]
fn the_palette_finds_by_a_few_letters_and_works_by_keyboard_alone() {
    let mut harness = screen(Bench::finished());
    let palette = |harness: &mut Harness<'static, Bench>, words: &str| {
        harness.key_press_modifiers(Modifiers::CTRL | Modifiers::COMMAND, Key::K);
        harness.run_steps(3);
        harness.get_by_label("Find a command").type_text(words);
        harness.run_steps(3);
    };
    palette(&mut harness, "rot ri");
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert!(harness.state().state.palette.is_none() && harness.state().state.view(0).turns == 1);
    palette(&mut harness, "viral");
    assert!(harness.query_by_label(&format!("{}, Class", LABELS[2])).is_some());
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert_eq!(harness.state().state.selected, 2);
    palette(&mut harness, "zoom");
    harness.key_press(Key::ArrowDown);
    harness.run_steps(2);
    assert_eq!(harness.state().state.palette.as_ref().unwrap().chosen, 1);
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert!(harness.state().state.palette.is_none());
}

#[test]
fn the_space_bar_presses_the_button_that_has_the_keyboard_and_resets_no_view() {
    let mut harness = screen(Bench::finished());
    harness.state_mut().command(ViewCommand::RotateRight);
    harness.run_steps(2);
    button(&harness, "Single").focus();
    harness.run_steps(2);
    harness.key_press(Key::Space);
    harness.run_steps(3);
    let state = &harness.state().state;
    assert_eq!((state.layout, state.view(0).turns), (Layout::Single, 1));
}

#[test]
fn the_table_of_keys_stands_in_rows_from_its_first_frame_on() {
    let mut harness = screen(Bench::new());
    harness.key_press(Key::F1);
    harness.run_steps(2);
    let row = |words: &str| harness.get_by_label(words).rect();
    for (above, below) in [("Import weights…", "Close all"), ("Flip left and right", "Flip up and down")] {
        let (above, below) = (row(above), row(below));
        assert!(below.top() >= above.bottom() && below.left() == above.left(), "{above:?}, {below:?}");
    }
    // Groups one below the other have their words below each other.
    assert_eq!(row("Close all").left(), row("First image").left());
}

#[test]
fn what_is_about_an_image_is_not_offered_without_one() {
    let bench = Bench::new();
    let offered = |command: &Command| why_not(&bench.state, command).is_none();
    let of_image: [Command; 7] = [
        FileCommand::Print.into(),
        FileCommand::SaveView.into(),
        HangingCommand::PriorBeside.into(),
        HangingCommand::HangByRules.into(),
        HangingCommand::NextSlot.into(),
        ResultCommand::ToggleLaid.into(),
        ViewCommand::SetLayout(Layout::Hanging).into(),
    ];
    let what_if = Command::listed().into_iter().filter(|command| command.info().group == CommandGroup::WhatIf);
    for command in what_if.chain(of_image) {
        assert!(!offered(&command), "{command:?}");
    }
}

#[test]
fn several_images_are_offered_where_there_is_no_map() {
    let mut bench = Bench::new();
    bench.open(frame(64, 64));
    let offered = |layout| why_not(&bench.state, &ViewCommand::SetLayout(layout).into()).is_none();
    assert!(offered(Layout::Hanging) && !offered(Layout::ClassGrid));
}

#[test]
fn a_grid_of_images_is_chosen_by_keyboard() {
    let mut bench = Bench::finished();
    let line = found(&bench.state, "3x3").into_iter().next().unwrap();
    assert_eq!((line.label.as_str(), line.why_not.as_deref()), ("Grid 3 × 3", None));
    bench.command(line.command);
    assert_eq!((bench.state.layout, bench.state.hanging.grid.slots()), (Layout::Hanging, 9));
}

#[test]
fn a_path_that_is_typed_into_the_palette_is_opened() {
    let folder = std::env::temp_dir().join("a study");
    let mut harness = screen(Bench::new());
    harness.key_press_modifiers(Modifiers::CTRL | Modifiers::COMMAND, Key::K);
    harness.run_steps(3);
    harness.get_by_label("Find a command").type_text(&folder.display().to_string());
    harness.run_steps(3);
    let line = found(&harness.state().state, &folder.display().to_string()).into_iter().next().unwrap();
    assert_eq!((line.label.as_str(), line.kind), (folder.display().to_string().as_str(), "Path"));
    assert_eq!(line.command, FileCommand::OpenPaths(vec![folder]).into());
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert!(harness.state().state.palette.is_none());
    assert!(!found(&Bench::new().state, "a study").iter().any(|line| line.kind == "Path"), "no whole path");
}

#[test]
fn what_cannot_be_done_now_stands_in_the_palette_with_its_reason() {
    let bench = Bench::new();
    let line = |state: &State, words: &str| found(state, words).into_iter().next().expect("something is called so");
    assert_eq!(line(&bench.state, "invert").why_not.as_deref(), Some("No image is open"));
    assert_eq!(line(&bench.state, "open files").why_not, None);
    let mut bench = Bench::finished();
    assert_eq!(line(&bench.state, "invert").why_not, None);
    assert_eq!(line(&bench.state, "play").why_not.as_deref(), Some("The image is no part of a stack"));
    assert_eq!(line(&bench.state, "invert").key, "I");
    bench.command(ImpressionCommand::ToggleReadFirst);
    assert!(found(&bench.state, LABELS[1]).iter().all(|line| line.kind != "Class"), "classes are a result, too");
    let mut harness = screen(bench);
    harness.state_mut().command(PaletteCommand::Toggle);
    harness.state_mut().command(PaletteCommand::Type("export report".into()));
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert!(harness.state().state.palette.is_some() && !harness.state().state.exporting, "it stays, and says why");
}

// ——— what has room ———

fn sized(bench: Bench, size: [f32; 2]) -> Harness<'static, Bench> {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_step_dt(1.0 / 60.0)
        .build_ui_state(|ui, bench: &mut Bench| bench.frame(ui), bench);
    harness.run_steps(5);
    harness
}

/// A window of 1280 × 720, 1920 × 1080 and 2560 × 1440 pixels at 100, 150 and 200 %, in points.
fn sizes() -> Vec<[f32; 2]> {
    let screens = [[1280.0, 720.0], [1920.0, 1080.0], [2560.0, 1440.0]];
    screens.iter().flat_map(|[w, h]| [1.0, 1.5, 2.0].map(|scale| [w / scale, h / scale])).collect()
}

#[test]
fn opacity_and_threshold_are_in_reach_and_the_bar_is_whole_at_every_size_and_scale() {
    for size in sizes() {
        let harness = sized(measured(), size);
        let window = Rect::from_min_size(egui::Pos2::ZERO, size.into());
        for name in ["Opacity", "Threshold", "Heat map", "MEASUREMENTS"] {
            let node = harness.query_all_by_label(name).next().unwrap_or_else(|| panic!("{name} at {size:?}"));
            assert!(window.shrink(1.0).contains_rect(node.rect()), "{name} at {size:?}: {:?}", node.rect());
        }
        let controls = harness.query_all_by(|node| matches!(node.role(), Role::Button | Role::ComboBox));
        let bar: Vec<Rect> = controls.map(|node| node.rect()).filter(|rect| rect.bottom() <= 40.0).collect();
        assert!(bar.len() >= 4, "{size:?}");
        for (i, one) in bar.iter().enumerate() {
            assert!(window.contains_rect(*one), "{size:?}: {one:?}");
            assert!(bar[i + 1..].iter().all(|other| !one.shrink(1.0).intersects(*other)), "{size:?}: {bar:?}");
        }
    }
}

/// An analysed image with a few measurements.
pub(super) fn measured() -> Bench {
    let mut bench = measurable();
    for i in 0..4 {
        probe(&mut bench, [10.0 + f64::from(i), 10.0]);
    }
    bench
}

#[test]
fn long_names_stay_in_their_panel_and_are_whole_for_who_listens() {
    let name = "A finding with a name that is longer than any panel is wide, of which there are some";
    let mut long = model();
    let mut manifest = (*long.manifest).clone();
    manifest.labels[1].name = name.into();
    manifest.groups[0].name = format!("{name}, as a group");
    manifest.groups[0].members = vec![name.into(), manifest.labels[2].name.clone()];
    manifest.name = "a-model-with-a-name-that-no-button-has-room-for".into();
    long.manifest = std::sync::Arc::new(manifest);
    let mut bench = Bench::new();
    bench.event(Event::ModelReady(long));
    bench.open(frame(256, 256));
    for event in events(bench.state.generation, 10) {
        bench.event(event);
    }
    for size in [[1280.0, 720.0], [640.0, 360.0]] {
        let harness = sized(Bench { state: bench.state.clone(), ..Bench::new() }, size);
        let window = Rect::from_min_size(egui::Pos2::ZERO, size.into()).expand(1.0);
        for named in harness.get_all_by_label_contains(name) {
            let rect = named.rect();
            assert!(rect.left() >= 0.0 && rect.right() <= window.right(), "{size:?}: {rect:?}");
        }
        assert!(harness.get_all_by_label_contains(name).count() >= 3);
    }
}

#[test]
fn what_folds_is_in_the_menu_at_the_end() {
    let mut harness = sized(Bench::finished(), [640.0, 360.0]);
    assert!(harness.query_by_label("Training").is_none());
    button(&harness, "More").click();
    harness.run_steps(3);
    button(&harness, "Training").click();
    harness.run_steps(3);
    assert!(harness.state().state.training.open);
}

#[test]
fn no_button_is_cut_at_the_sides_of_a_small_window_in_either_language() {
    let layout = |layout| vec![Command::from(ViewCommand::SetLayout(layout))];
    let runs = vec![TrainingCommand::Toggle.into(), TrainingCommand::Show(Page::Compare).into()];
    let screens: Vec<(&str, Bench, Vec<Command>)> = vec![
        ("empty", Bench::new(), Vec::new()),
        ("training", Bench::finished(), vec![TrainingCommand::Toggle.into()]),
        ("runs", Bench::finished(), runs),
        ("keys", Bench::finished(), vec![HelpCommand::ToggleKeys.into()]),
        ("key editor", Bench::finished(), vec![KeysCommand::ToggleEditor.into()]),
        ("compare", Bench::finished(), layout(Layout::Compare)),
        ("what if", Bench::finished(), layout(Layout::WhatIf)),
    ];
    for language in ["en", "de"] {
        for (name, bench, commands) in &screens {
            let mut bench = Bench { state: bench.state.clone(), ..Bench::new() };
            bench.state.preferences.language = language.into();
            let mut harness = sized(bench, [640.0, 360.0]);
            commands.iter().for_each(|command| drop(harness.state_mut().command(command.clone())));
            harness.run_steps(4);
            for button in harness.query_all_by(|node| node.role() == Role::Button) {
                let (rect, label) = (button.rect(), button.accesskit_node().label().unwrap_or_default());
                assert!(rect.left() >= -1.0 && rect.right() <= 641.0, "{name}, {language}: {label} at {rect:?}");
            }
        }
    }
    // Other tests share the thread where they run one by one.
    pellucid::language::enter(pellucid::language::ENGLISH);
}

#[test]
fn a_section_closes_and_opens_by_its_heading() {
    let mut harness = screen(Bench::finished());
    assert!(harness.query_by_label("Layer").is_some());
    harness.get_by_label("OVERLAY").click_accesskit();
    harness.run_steps(2);
    assert!(harness.query_by_label("Layer").is_none() && harness.query_by_label("Opacity").is_some());
    harness.get_by_label("OVERLAY").click_accesskit();
    harness.run_steps(2);
    assert!(harness.query_by_label("Layer").is_some());
}

/// An image that the gate refused for this reason.
fn refused(reason: &str) -> Bench {
    let mut bench = Bench::with_image(frame(64, 64));
    let gate = pellucid::model::gate::GateVerdict { reason: reason.into(), ..verdict(false) };
    let analysis = Analysis { gate: Some(gate), ..Analysis::default() };
    let generation = bench.state.generation;
    bench.event(Event::Finished { generation, analysis: std::sync::Arc::new(analysis) });
    bench
}

#[test]
fn a_refusal_is_said_once_and_in_the_view_where_the_findings_are_closed() {
    let mut harness = screen(refused("This is a hand."));
    let said = |harness: &Harness<'_, Bench>| harness.query_all_by_label_contains("This is a hand.").count();
    assert_eq!(said(&harness), 1);
    harness.get_by_label("FINDINGS").click_accesskit();
    harness.run_steps(3);
    assert!(harness.query_all_by_label_contains("Not scored. This is a hand.").next().is_some());
    assert_eq!(said(&harness), 1);
}

#[test]
fn an_inverted_chest_film_is_offered_to_be_inverted_and_no_other() {
    let why = "This resembles a frontal chest radiograph whose greys are inverted; correct the file's polarity and open it again.";
    let mut harness = screen(refused(why));
    button(&harness, "Invert").click();
    harness.run_steps(2);
    assert!(harness.state().state.view(0).invert);
    let is_offer = |n: &egui_kittest::Node<'_>| n.accesskit_node().role() == Role::Button;
    assert!(!harness.query_all_by_label("Invert").any(|n| is_offer(&n)), "it is taken");
    assert!(!refused("This does not resemble a frontal chest radiograph.").state.offers_inverting());
}

// ——— the tour ———

#[test]
fn the_tour_points_at_what_is_there_and_goes_both_ways() {
    let mut bench = Bench::new();
    let effects = bench.command(HelpCommand::Tour);
    assert!(effects.iter().any(|e| matches!(e, Effect::MakeDemo)), "on the phantom, where nothing is open");
    let mut harness = screen(Bench::finished());
    harness.key_press(Key::F2);
    harness.run_steps(3);
    assert!(harness.query_by_label("1 of 6").is_some());
    for step in 2..=6 {
        harness.get_by_label("Next").click();
        harness.run_steps(3);
        assert!(harness.query_by_label(&format!("{step} of 6")).is_some());
    }
    harness.get_by_label("Back").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("5 of 6").is_some());
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(harness.state().state.tour.is_none());
}

// ——— names for who cannot see ———

/// Controls of the screen that have no name, with where they are.
fn nameless(harness: &Harness<'_, Bench>) -> Vec<String> {
    let is_control = |role: Role| {
        matches!(
            role,
            Role::Button
                | Role::CheckBox
                | Role::ComboBox
                | Role::Slider
                | Role::SpinButton
                | Role::TextInput
                | Role::MultilineTextInput
                | Role::RadioButton
                | Role::DisclosureTriangle
                | Role::Link
        )
    };
    let nodes = harness.query_all_by(move |node| is_control(node.role()));
    let nameless = nodes.filter(|node| node.accesskit_node().label().is_none_or(|label| label.trim().is_empty()));
    nameless.map(|node| format!("{:?} at {:?}", node.accesskit_node().role(), node.rect())).collect()
}

#[test]
fn every_control_of_every_screen_has_a_name() {
    let with = |bench: Bench, commands: &[Command]| {
        let mut harness = screen(bench);
        for command in commands {
            harness.state_mut().command(command.clone());
        }
        harness.run_steps(3);
        harness
    };
    let kept = Preferences { recent: vec!["a.dcm".into()], last: vec!["a.dcm".into()], ..Preferences::default() };
    let mut empty = Bench::new();
    empty.state = State::new(kept, "test", "cpu");
    let weights = {
        let mut bench = Bench::finished();
        bench.state.weights = Some(WeightsForm::new("weights.pth".into()));
        bench
    };
    let screens: Vec<(&str, Harness<'static, Bench>)> = vec![
        ("empty", screen(empty)),
        ("finished", screen(measured())),
        ("read first", screen(read_first())),
        ("weights", screen(weights)),
        ("published", with(Bench::finished(), &[PublishedCommand::Toggle.into()])),
        ("compare", with(Bench::finished(), &[ViewCommand::SetLayout(Layout::Compare).into()])),
        ("methods", with(Bench::finished(), &[ViewCommand::SetLayout(Layout::MethodGrid).into()])),
        ("keys", with(Bench::finished(), &[HelpCommand::ToggleKeys.into()])),
        ("key editor", with(Bench::finished(), &[KeysCommand::ToggleEditor.into()])),
        ("palette", with(Bench::finished(), &[PaletteCommand::Toggle.into()])),
        ("calibration", with(Bench::finished(), &[UncertaintyCommand::ToggleReliability.into()])),
        ("faithfulness", with(Bench::finished(), &[OverlayCommand::ToggleFaithfulness.into()])),
        ("training", with(Bench::finished(), &[TrainingCommand::Toggle.into()])),
        ("tags", with(Bench::finished(), &[TagCommand::Toggle.into()])),
        ("tour", with(Bench::finished(), &[HelpCommand::Tour.into()])),
        ("notice", with(Bench::finished(), &[SessionCommand::Forget.into()])),
        ("selected measurement", with(measured(), &[FindingsCommand::SelectClass(0).into()])),
    ];
    let mut all = Vec::new();
    for (name, harness) in &screens {
        all.extend(nameless(harness).into_iter().map(|what| format!("{name}: {what}")));
    }
    for menu in ["Open", "View", "Display", "Measure"] {
        let mut harness = screen(measured());
        button(&harness, menu).click();
        harness.run_steps(3);
        all.extend(nameless(&harness).into_iter().map(|what| format!("menu {menu}: {what}")));
    }
    for size in [[853.0, 480.0], [640.0, 360.0]] {
        let mut harness = sized(measured(), size);
        all.extend(nameless(&harness).into_iter().map(|what| format!("{size:?}: {what}")));
        button(&harness, "More").click();
        harness.run_steps(3);
        all.extend(nameless(&harness).into_iter().map(|what| format!("{size:?}, more: {what}")));
    }
    assert!(all.is_empty(), "controls without a name:\n{}", all.join("\n"));
}
