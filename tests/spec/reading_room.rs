//! The window of a reader study: what is asked, what an arm shows and computes, and that nothing of the
//! file is told.

use std::path::PathBuf;
use std::sync::Arc;

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::read_first;
use super::reader_study::plan;
use super::viewer::common::{Bench, LABELS, LAYERS, catalogue_of, events, frame, model};
use super::viewer::screen;
use pellucid::app::command::{
    Command, FileCommand, FindingsCommand, ImpressionCommand, OverlayCommand, ReadingCommand, StudyCommand, ViewCommand,
};
use pellucid::app::state::reading::ReadingRoom;
use pellucid::app::state::{Content, Layout, Phase, ShownImage};
use pellucid::app::update::begin_reading;
use pellucid::app::update::effect::Effect;
use pellucid::app::update::message::Message;
use pellucid::engine::progress::Progress;
use pellucid::engine::{Event, Request};
use pellucid::explain::{Attribution, Method, Output, Subject};
use pellucid::imaging::{Plane, Voi};
use pellucid::model::population::PopulationVerdict;
use pellucid::reader_study::commitment::of_plan;
use pellucid::reader_study::order::schedule;
use pellucid::reader_study::record::{Mark, Record};
use pellucid::reader_study::{Arm, Design, Plan, Shows};
use pellucid::study::Frame;

/// A study of the viewer's test images: three cases that are on screen one after the other.
struct Room {
    bench: Bench,
    plan: Plan,
}

impl Room {
    fn begun(design: Design, marks: bool) -> Self {
        Self::of(design, marks, &[Shows::Nothing, Shows::Score, Shows::Map])
    }

    /// With these arms; in a crossover study the reader begins with one of them.
    fn of(design: Design, marks: bool, arms: &[Shows]) -> Self {
        let arm = |name: &str, shows, method| Arm { name: name.into(), shows, method };
        let named = |shows: &Shows| match shows {
            Shows::Nothing => arm("without AI", *shows, None),
            Shows::Score => arm("score", *shows, None),
            Shows::Map => arm("score and map", *shows, Some(Method::GradCam)),
        };
        let arms = arms.iter().map(named).collect();
        let plan = Plan { design, marks, arms, readers: vec!["R1".into()], ..plan(1, 3) };
        let mut bench = Bench::new();
        let images: Vec<PathBuf> = (0..3).map(Self::path).collect();
        let order = schedule(&plan, 0);
        let room = ReadingRoom::new(plan.clone(), images, ("R1".into(), order), 0, None);
        let effects = begin_reading(&mut bench.state, room);
        assert!(matches!(&effects[..], [Effect::Scan { paths, .. }] if paths.len() == 3));
        bench.event(Event::ModelReady(model()));
        let mut room = Self { bench, plan };
        let entries: Vec<_> = (0..3).map(Self::entry).collect();
        room.bench.message(Message::Scanned { paths: Vec::new(), catalogue: Box::new(catalogue_of(&entries)) });
        room
    }

    fn path(case: usize) -> PathBuf {
        format!("/study/case{case}.dcm").into()
    }

    fn entry(case: usize) -> Arc<pellucid::study::ImageEntry> {
        let entry = super::viewer::common::entry(&format!("1.2.{case}"), 1, 256, 256);
        let mut entry = Arc::unwrap_or_clone(entry);
        entry.path = Self::path(case);
        entry.meta.patient_name = "DOE^JANE".into();
        Arc::new(entry)
    }

    /// The frame of the case that was asked for comes, and the analysis of it.
    fn loaded(&mut self) {
        let (entry, _) = self.bench.state.current().map(|(e, i)| (e.clone(), i)).expect("a case was asked for");
        let mut frame = frame(256, 256);
        frame.entry = entry;
        self.bench.loaded(self.bench.state.generation, frame);
    }

    /// The analysis, and the map of the finding of the study, which is a group of the model.
    fn analysed(&mut self) {
        if !self.bench.state.may_ask_model() {
            return;
        }
        self.scored();
        if self.bench.state.may_ask_for_maps() {
            self.mapped();
        }
    }

    /// The scores of it.
    fn scored(&mut self) {
        for event in events(self.bench.state.generation, 0) {
            self.bench.event(event);
        }
    }

    /// The map of the finding.
    fn mapped(&mut self) {
        let generation = self.bench.state.generation;
        let group = Subject::One(Output::Group(0));
        let map = |layer: &str| {
            let raw = Plane { width: 14, height: 14, values: (0..14 * 14).map(|i| i as f32).collect() };
            Arc::new(Attribution::new(Method::GradCam, group, layer.into(), 2.31, raw).unwrap())
        };
        let progress = Progress::Maps(LAYERS.into_iter().map(map).collect());
        self.bench.event(Event::Progress { generation, progress });
        self.bench.event(Event::ExplanationDone { generation });
    }

    fn say(&mut self, command: ReadingCommand) -> Vec<Effect> {
        self.bench.command(command)
    }

    /// Says and confirms; what was kept.
    fn confirm(&mut self, confidence: u8) -> Record {
        self.say(ReadingCommand::SetConfidence(confidence));
        let place = self.bench.state.reading.as_ref().unwrap().read;
        let effects = self.say(ReadingCommand::Next(place));
        let [Effect::KeepReading(record)] = &effects[..] else { panic!("nothing is kept") };
        let record = (**record).clone();
        assert!(self.say(ReadingCommand::Next(place)).is_empty(), "one click keeps one reading");
        self.bench.message(Message::ReadingKept(Ok(record.read_at)));
        record
    }
}

/// What the worker was asked.
fn asked(effects: &[Effect]) -> Vec<&Request> {
    let asked = effects.iter().filter_map(|effect| match effect {
        Effect::Ask(request) => Some(request),
        _ => None,
    });
    asked.collect()
}

#[test]
fn a_sequential_study_asks_first_without_the_model_and_then_shows_more() {
    let mut room = Room::begun(Design::Sequential, false);
    room.loaded();
    let state = &room.bench.state;
    assert!(state.shows_case() && !state.awaits_model() && state.results.phase == Phase::Idle);
    assert!(asked(&room.bench.effects).is_empty(), "the model is not asked before it may be shown");
    let shown = state.for_reading();
    assert!(shown.results.labels.is_empty() && shown.panes() == [Content::Image]);
    assert!(state.study_answer().is_none());
    assert!(room.say(ReadingCommand::Next(0)).is_empty(), "nothing was said yet");
    let first = room.confirm(30);
    assert_eq!((first.arm.as_str(), first.confidence, first.answer), ("without AI", 30, None));
    assert_eq!(first.plan, of_plan(&room.plan));
    // The same case, with the score: what was said stands, and now the model is asked, without maps.
    let state = &room.bench.state;
    assert!(state.shows_case() && state.awaits_model() && state.for_reading().panes() == [Content::Image]);
    assert!(
        matches!(asked(&room.bench.effects)[..], [Request::Analyze { options, .. }] if options.methods.is_empty()),
        "{:?}",
        asked(&room.bench.effects).len()
    );
    room.scored();
    assert!(asked(&room.bench.effects).len() == 1 && !room.bench.state.awaits_model());
    assert_eq!(room.bench.state.reading.as_ref().unwrap().confidence, Some(30));
    let second = room.confirm(60);
    let answer = second.answer.unwrap();
    assert_eq!((second.arm.as_str(), second.case.as_str()), ("score", first.case.as_str()));
    assert!(answer.score > 0.0 && answer.model.starts_with("test"));
    // With the map, which is made now.
    assert!(matches!(asked(&room.bench.effects)[..], [_, Request::Explain { .. }]));
    assert!(room.bench.state.awaits_model());
    room.mapped();
    let state = &room.bench.state;
    assert!(matches!(state.for_reading().panes()[..], [Content::Map(_, Method::GradCam)]));
    let third = room.confirm(80);
    assert_eq!(third.arm, "score and map");
    // Another case: nothing is said of it, and nothing of it was shown yet.
    assert!(!room.bench.state.shows_case());
    assert_eq!(room.bench.state.reading.as_ref().unwrap().confidence, None);
    assert!(room.say(ReadingCommand::SetConfidence(5)).is_empty());
    assert_eq!(room.bench.state.reading.as_ref().unwrap().confidence, None, "the case is not there yet");
    room.bench.effects.clear();
    room.loaded();
    assert!(room.bench.state.shows_case() && asked(&room.bench.effects).is_empty());
    let next = room.confirm(1).case;
    assert_eq!(next, room.plan.cases[schedule(&room.plan, 0)[3].case].id);
}

#[test]
fn in_an_arm_without_the_model_no_command_asks_it_and_none_shows_anything_of_it() {
    for design in [Design::Crossover, Design::Sequential] {
        let mut room = Room::of(
            design,
            true,
            if design == Design::Crossover { &[Shows::Nothing] } else { &[Shows::Nothing, Shows::Map] },
        );
        room.loaded();
        room.say(ReadingCommand::SetConfidence(40));
        let listed = Command::listed();
        assert!(listed.len() > 100);
        for command in listed {
            let words = format!("{command:?}");
            room.bench.command(command);
            room.bench.event(Event::ModelReady(model()));
            assert!(asked(&room.bench.effects).is_empty(), "{design:?}: {words} asks the model");
            let state = &room.bench.state;
            assert!(state.results.phase == Phase::Idle && state.results.labels.is_empty(), "{design:?}: {words}");
            assert!(state.for_reading().panes() == [Content::Image] && state.palette.is_none(), "{design:?}: {words}");
            assert!(state.shows_case() && state.tags.is_none() && !state.second_window, "{design:?}: {words}");
        }
        // Nor do its keys, one after the other, on the screen itself.
        let mut harness = screen(std::mem::replace(&mut room.bench, Bench::new()));
        let keys = Command::listed().into_iter().filter_map(|c| pellucid::app::ui::keymap::parse(&c.info().key));
        for shortcut in keys {
            harness.key_press_modifiers(shortcut.modifiers, shortcut.logical_key);
            harness.run_steps(1);
            assert!(asked(&harness.state().effects).is_empty(), "{shortcut:?}");
        }
        harness.run_steps(2);
        let words = read_first::said(&harness).join("\n");
        let gone = LABELS.into_iter().chain(["THE MODEL", "Grad-CAM", "stage4", "probability"]);
        gone.for_each(|gone| assert!(!words.contains(gone), "{gone}: {words}"));
    }
}

#[test]
fn the_next_case_waits_until_what_was_said_is_on_the_disk() {
    let mut room = Room::begun(Design::Crossover, false);
    room.loaded();
    room.analysed();
    room.say(ReadingCommand::SetConfidence(70));
    let effects = room.say(ReadingCommand::Next(0));
    assert!(matches!(effects[..], [Effect::KeepReading(_)]));
    assert!(room.say(ReadingCommand::SetConfidence(10)).is_empty());
    room.bench.message(Message::ReadingKept(Err("The disk is full.".into())));
    let study = room.bench.state.reading.as_ref().unwrap();
    assert_eq!((study.read, study.confidence), (0, Some(70)));
    assert!(study.failure.is_some() && room.bench.state.shows_case());
    assert!(matches!(room.say(ReadingCommand::Next(0))[..], [Effect::KeepReading(_)]), "it can be tried again");
}

#[test]
fn nothing_but_the_image_and_its_window_can_be_changed() {
    let mut room = Room::begun(Design::Crossover, true);
    room.loaded();
    room.analysed();
    let before = room.bench.state.current().map(|(e, _)| e.key());
    for command in [
        Command::View(ViewCommand::SetLayout(Layout::ClassGrid)),
        FileCommand::ExportReport.into(),
        FileCommand::OpenFiles.into(),
        FileCommand::ToggleAnonymize.into(),
        StudyCommand::NextImage.into(),
        FindingsCommand::NextClass.into(),
        OverlayCommand::NextMethod.into(),
        ImpressionCommand::ToggleReadFirst.into(),
        pellucid::app::command::PaletteCommand::Toggle.into(),
    ] {
        assert!(room.bench.command(command.clone()).is_empty(), "{command:?}");
    }
    let state = &room.bench.state;
    assert!(state.palette.is_none() && state.layout == Layout::Single && state.preferences.anonymize);
    assert_eq!(state.current().map(|(e, _)| e.key()), before);
    room.bench.command(ViewCommand::Invert);
    assert!(room.bench.state.views[0].invert);
    // Marks stay on the image, and can be rated and taken away.
    room.say(ReadingCommand::SetConfidence(40));
    room.say(ReadingCommand::Mark([10.0, 20.0]));
    room.say(ReadingCommand::Mark([-1.0, 20.0]));
    room.say(ReadingCommand::Mark([30.0, 40.0]));
    room.say(ReadingCommand::RateMark(1, 90));
    room.say(ReadingCommand::RemoveMark(0));
    let record = room.confirm(40);
    assert_eq!(record.marks, [Mark { at: [30.0, 40.0], confidence: 90 }]);
}

#[test]
fn the_screen_shows_the_question_and_no_patient_and_of_the_model_what_the_arm_allows() {
    let mut room = Room::begun(Design::Sequential, true);
    let mut harness = screen(std::mem::replace(&mut room.bench, Bench::new()));
    harness.get_by_label("Loading the case…");
    let (entry, _) = harness.state().state.current().map(|(e, i)| (e.clone(), i)).unwrap();
    let generation = harness.state().state.generation;
    harness.state_mut().loaded(generation, Frame { entry, ..frame(256, 256) });
    harness.run_steps(4);
    harness.get_by_label("Is there a pneumonia?");
    harness.get_by_label("Case 1 of 3");
    harness.get_by_label("Arm: without AI");
    assert!(harness.query_by_label("THE MODEL").is_none());
    assert!(harness.query_all_by_label_contains("DOE").next().is_none());
    for gone in ["Findings panel", "Menu", "Studies", "YOUR IMPRESSION"] {
        assert!(harness.query_by_label(gone).is_none(), "{gone}");
    }
    let next = harness.get_by_label("Confirm and go on");
    assert!(next.accesskit_node().is_disabled());
    harness.state_mut().command(ReadingCommand::SetConfidence(20));
    harness.run_steps(3);
    harness.get_by_label("Confirm and go on").click();
    harness.run_steps(3);
    let kept = harness.state().effects.iter().find_map(|e| match e {
        Effect::KeepReading(record) => Some(record.read_at),
        _ => None,
    });
    harness.state_mut().message(Message::ReadingKept(Ok(kept.expect("the button keeps what was said"))));
    harness.run_steps(3);
    harness.get_by_label("Arm: score");
    harness.get_by_label("THE MODEL");
    let read = harness.state().state.reading.as_ref().unwrap().read;
    assert_eq!(read, 1);
}

#[test]
fn a_click_marks_the_place_under_it() {
    let mut room = Room::begun(Design::Crossover, true);
    room.loaded();
    room.analysed();
    let mut harness = screen(std::mem::replace(&mut room.bench, Bench::new()));
    harness.run_steps(4);
    let at = harness.get_all_by_role(egui::accesskit::Role::Image).next().unwrap().rect().center();
    harness.drag_at(at);
    harness.run_steps(1);
    harness.drop_at(at);
    harness.run_steps(3);
    let marks = &harness.state().state.reading.as_ref().unwrap().marks;
    assert_eq!(marks.len(), 1);
    assert!(marks[0].at.iter().all(|v| (v - 128.0).abs() < 4.0), "{marks:?}");
    harness.get_by_label("Confidence of mark 1");
    harness.get_by_label("Remove the mark").click();
    harness.run_steps(3);
    assert!(harness.state().state.reading.as_ref().unwrap().marks.is_empty());
}

/// An image whose file tells the truth wherever a file can.
fn telling(entry: Arc<pellucid::study::ImageEntry>) -> Frame {
    let word = || "PNEUMONIA".to_owned();
    let mut entry = Arc::unwrap_or_clone(entry);
    entry.title = "PNEUMONIA 1.dcm".into();
    let meta = &mut entry.meta;
    for text in [
        &mut meta.patient_name,
        &mut meta.patient_id,
        &mut meta.study_description,
        &mut meta.series_description,
        &mut meta.protocol,
        &mut meta.modality,
        &mut meta.body_part,
        &mut meta.view_position,
        &mut meta.institution,
        &mut meta.lossy,
    ] {
        *text = word();
    }
    let mut frame = frame(256, 256);
    frame.display.side_mark = "R PNEUMONIA".into();
    frame.warnings = vec![word()];
    let window = frame.pixels.voi.pop();
    let table = Voi::Lut { first: 0.0, entries: vec![0.0, 1.0], explanation: word() };
    frame.pixels.voi = [table].into_iter().chain(window).collect();
    frame.entry = Arc::new(entry);
    frame
}

/// Every word on the screen and for screen readers while a case is read.
fn words_of(harness: &Harness<'_, Bench>) -> String {
    read_first::said(harness).join("\n")
}

#[test]
fn nothing_that_names_the_file_or_stands_in_it_is_on_screen_in_any_arm() {
    for shows in [Shows::Nothing, Shows::Score, Shows::Map] {
        let mut room = Room::of(Design::Crossover, true, &[shows]);
        // Cases of one series: they have a place in it, which is that of their file names.
        let (entry, _) = room.bench.state.current().map(|(e, i)| (e.clone(), i)).unwrap();
        room.bench.loaded(room.bench.state.generation, telling(entry));
        room.analysed();
        assert!(room.bench.state.shows_case());
        if shows != Shows::Nothing {
            let population = PopulationVerdict {
                inside: false,
                reason: "a study of PNEUMONIA".into(),
                condition: None,
                distance: None,
                threshold: None,
            };
            room.bench.state.results.population = Some(population);
        }
        assert!(room.bench.effects.iter().all(|effect| !matches!(effect, Effect::Measure(_) | Effect::Results(_))));
        let mut harness = screen(std::mem::replace(&mut room.bench, Bench::new()));
        harness.run_steps(3);
        // The table of the file, which has a name, and what else a reader may do with the view.
        for command in [ViewCommand::FileWindow, ViewCommand::NextFileWindow, ViewCommand::Invert, ViewCommand::ZoomIn]
        {
            harness.state_mut().command(command);
            harness.run_steps(2);
            let words = words_of(&harness);
            assert!(words.contains("Is there a pneumonia?") && words.contains("Arm: "), "{words}");
            for told in ["PNEUMONIA", "case0", "case1", "case2", ".dcm", "/study", "DOE", "4711", "2 of 3", "3 of 3"] {
                assert!(!words.contains(told), "{shows:?}, {command:?}: {told} in {words}");
            }
        }
        let preferences = &harness.state().state.preferences;
        assert!(preferences.recent.is_empty() && preferences.last.is_empty());
    }
}

#[test]
fn a_case_that_cannot_be_decoded_is_named_by_its_code_alone() {
    let mut room = Room::begun(Design::Crossover, false);
    let generation = room.bench.state.generation;
    let reason = "/study/PNEUMONIA/1.png is cut off".into();
    room.bench.message(Message::FrameLoaded { generation, result: Err(reason) });
    assert!(matches!(room.bench.state.image, ShownImage::Failed { .. }));
    let case = room.plan.cases[schedule(&room.plan, 0)[0].case].id.clone();
    let mut harness = screen(std::mem::replace(&mut room.bench, Bench::new()));
    harness.run_steps(2);
    harness.get_by_label_contains(&format!("Case {case} could not be shown"));
    assert!(!words_of(&harness).contains("PNEUMONIA"));
}
