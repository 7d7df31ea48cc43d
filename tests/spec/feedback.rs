//! What the reader says of findings: answered by keys and clicks, kept at once, taken back, and given
//! out as data that evaluation takes.

use std::fs;
use std::path::Path;
use std::process::{Command as Process, Output};

use egui_kittest::kittest::Queryable as _;

use super::cli::{code, lines, said};
use super::viewer::common::{self, Bench, frame};
use super::viewer::screen;
use crate::toy;
use pellucid::app::command::{
    Command, FeedbackCommand, FindingsCommand, ImpressionCommand, MapCommand, MeasureCommand, SessionCommand,
};
use pellucid::app::state::impression::ReaderText;
use pellucid::app::state::measuring::Tool;
use pellucid::app::state::session::Section;
use pellucid::app::update::effect::Effect;
use pellucid::app::update::feedback_effect::{FeedbackEffect, FeedbackMessage};
use pellucid::app::update::measuring_effect::{MeasuringEffect, MeasuringMessage};
use pellucid::app::update::message::Message;
use pellucid::engine::progress::Progress;
use pellucid::engine::{Event, ModelInfo};
use pellucid::feedback::kept::{AnsweredModel, MarkNote, ModelFeedback};
use pellucid::feedback::store::FeedbackStore;
use pellucid::feedback::{Answer, Call, FindingAnswer, FreeRemark, MarkReason, Opinion, Said};
use pellucid::measurement::identity::ImageIdentity;
use pellucid::measurement::store::Store;
use pellucid::measurement::{Kind, Measurement, Words};
use pellucid::model::population::PopulationVerdict;
use pellucid::model::registry;
use pellucid::study::open_image;

/// The viewer with a folder that keeps what is said.
struct Reading {
    bench: Bench,
    store: FeedbackStore,
}

impl Reading {
    /// An image of 256 × 256 whose result comes as `events` say.
    fn of(folder: &Path, bench: Bench) -> Self {
        let mut reading = Self { bench, store: FeedbackStore::new(folder.to_owned()) };
        reading.answer();
        reading
    }

    fn finished(folder: &Path) -> Self {
        Self::of(folder, Bench::finished())
    }

    fn command(&mut self, command: impl Into<Command>) {
        self.bench.command(command);
        self.answer();
    }

    /// Looks for and keeps what is asked for, as the threads do.
    fn answer(&mut self) {
        loop {
            let effects = std::mem::take(&mut self.bench.effects);
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                match effect {
                    Effect::Measure(MeasuringEffect::Find { image, frame }) => {
                        let found = MeasuringMessage::Found {
                            image,
                            identity: ImageIdentity::of(&frame),
                            result: Ok(Vec::new()),
                        };
                        self.bench.message(Message::Measuring(found));
                    }
                    Effect::Feedback(FeedbackEffect::Find(image)) => {
                        let result = Ok(self.store.find(&image).unwrap());
                        self.bench.message(Message::Feedback(FeedbackMessage::Found { image, result }));
                    }
                    Effect::Feedback(FeedbackEffect::Keep { image, said }) => {
                        self.store.keep(&image, &said).unwrap();
                    }
                    _ => {}
                }
            }
        }
    }

    /// What a new process would find.
    fn kept(&self) -> Vec<ModelFeedback> {
        let image = ImageIdentity::of(self.bench.state.frame().unwrap());
        let folder = self.store.path(&image).parent().unwrap().to_owned();
        FeedbackStore::new(folder).find(&image).unwrap()
    }

    fn answers(&self) -> Vec<(String, Opinion, Option<Answer>)> {
        let all = self.kept().into_iter().flat_map(|of| of.answers);
        all.map(|a| (a.finding.clone(), a.opinion, a.answer())).collect()
    }
}

// ——— the state ———

#[test]
fn an_answer_to_the_chosen_finding_is_kept_with_what_the_model_had_said_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut reading = Reading::finished(folder.path());
    assert!(!reading.bench.state.preferences.is_open(Section::Feedback));
    reading.command(FeedbackCommand::Agree);
    assert!(reading.bench.state.preferences.is_open(Section::Feedback), "what was said is seen");
    let of = |finding: &str, opinion, answer| (finding.to_owned(), opinion, Some(answer));
    // The most probable class is chosen: 0.74 at 0.5.
    assert_eq!(reading.answers(), [of("Bacterial pneumonia", Opinion::Present, Answer::Agree)]);
    let answer = reading.kept()[0].answers[0].clone();
    assert_eq!(answer.said.map(|said| (said.probability, said.call)), Some((0.74, Some(Call::Present))));
    assert!(!answer.before_result);
    reading.command(FindingsCommand::SelectClass(0));
    reading.command(FeedbackCommand::Disagree);
    reading.command(MapCommand::SelectGroup(0));
    reading.command(FeedbackCommand::Unsure);
    let three = reading.answers();
    assert_eq!(three[1], of("Normal", Opinion::Present, Answer::Disagree), "0.09 is absent");
    assert_eq!(three[2], of("Pneumonia", Opinion::Unsure, Answer::Unsure));
    // Once more takes it back, and so does undo.
    reading.command(FeedbackCommand::Unsure);
    assert_eq!(reading.answers().len(), 2);
    reading.command(MeasureCommand::Undo);
    assert_eq!(reading.answers(), three);
    for _ in 0..3 {
        reading.command(MeasureCommand::Undo);
    }
    assert!(reading.answers().is_empty() && reading.kept().is_empty());
    reading.command(MeasureCommand::Redo);
    assert_eq!(reading.answers().len(), 1);
}

#[test]
fn where_the_model_calls_nothing_the_reader_calls_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with_image(frame(256, 256));
    let generation = bench.state.generation;
    let outside = PopulationVerdict {
        inside: false,
        reason: "The patient is too old.".into(),
        condition: None,
        distance: None,
        threshold: None,
    };
    bench.event(Event::Progress {
        generation,
        progress: Progress::Scored {
            labels: common::scores(),
            groups: common::group_scores(),
            population: Some(outside),
        },
    });
    let mut reading = Reading::of(folder.path(), bench);
    reading.command(FeedbackCommand::Disagree);
    assert_eq!(reading.answers(), [("Bacterial pneumonia".to_owned(), Opinion::Absent, None)]);
}

#[test]
fn what_is_said_before_the_result_is_marked_so_and_no_finding_is_named_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new();
    bench.command(ImpressionCommand::ToggleReadFirst);
    bench.event(Event::ModelReady(common::model()));
    bench.open(frame(256, 256));
    for event in common::events(bench.state.generation, 100) {
        bench.event(event);
    }
    let mut reading = Reading::of(folder.path(), bench);
    // Keys do not know which finding is chosen.
    reading.command(FeedbackCommand::Agree);
    assert!(reading.kept().is_empty());
    let harness = screen(reading.bench);
    assert!(harness.query_by_label_contains("Pneumonia: Present").is_none(), "names of findings stay hidden");
    let mut reading = Reading { bench: harness.into_state(), store: reading.store };
    reading.command(SessionCommand::ToggleSection(Section::EarlyFeedback));
    reading.command(FeedbackCommand::Answer("Pneumonia".into(), Some(Opinion::Present)));
    let early = reading.kept()[0].answers[0].clone();
    assert!(early.before_result && early.said.is_none() && early.answer().is_none());
    reading.command(ImpressionCommand::NothingToReport);
    reading.command(FeedbackCommand::Answer("Normal".into(), Some(Opinion::Absent)));
    let late = reading.kept()[0].answers[1].clone();
    assert!(!late.before_result && late.answer() == Some(Answer::Agree));
}

#[test]
fn a_mark_is_the_next_region_and_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut reading = Reading::finished(folder.path());
    reading.command(FeedbackCommand::Mark("Pneumonia".into(), MarkReason::Missed));
    assert_eq!(reading.bench.state.measuring.tool, Tool::Measure(Kind::Rectangle));
    reading.command(MeasureCommand::Press([30.0, 40.0], 2.0));
    reading.command(MeasureCommand::Release([90.0, 100.0]));
    assert_eq!(reading.bench.state.measuring.tool, Tool::Window, "one mark, one region");
    let marks = reading.bench.state.marks();
    assert_eq!((marks[0].finding.as_str(), marks[0].bounds()), ("Pneumonia", Some([30.0, 40.0, 90.0, 100.0])));
    assert_eq!(reading.kept()[0].marks.len(), 1);
    reading.command(MeasureCommand::Undo);
    assert!(reading.bench.state.marks().is_empty() && reading.bench.state.measurements().is_empty());
    reading.command(MeasureCommand::Redo);
    assert_eq!(reading.bench.state.marks().len(), 1);
    let id = reading.bench.state.measurements()[0].id;
    reading.command(FeedbackCommand::Unmark(id));
    assert!(reading.bench.state.marks().is_empty());
    assert_eq!(reading.bench.state.measurements().len(), 1, "the region stays as a measurement");
    // Esc puts the tool and the intention away.
    reading.command(FeedbackCommand::Mark("Pneumonia".into(), MarkReason::Misplaced));
    reading.command(pellucid::app::command::HelpCommand::Escape);
    assert!(reading.bench.state.feedback.marking.is_none());
    assert_eq!(reading.bench.state.measuring.tool, Tool::Window);
}

#[test]
fn answers_belong_to_a_model_and_come_back_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut reading = Reading::finished(folder.path());
    reading.command(FeedbackCommand::Agree);
    let other = ModelInfo { sha256: "f".repeat(64), ..common::model() };
    reading.bench.event(Event::ModelReady(other));
    reading.answer();
    assert!(reading.bench.state.model_feedback().is_none(), "another model was not answered");
    reading.bench.event(Event::ModelReady(common::model()));
    reading.answer();
    assert_eq!(reading.bench.state.model_feedback().unwrap().answers.len(), 1);
    let again = Reading::finished(folder.path());
    assert_eq!(again.bench.state.model_feedback().unwrap().answers.len(), 1, "a new process finds them");
}

#[test]
fn a_remark_is_one_step_however_many_letters_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let mut reading = Reading::finished(folder.path());
    for words in ["A", "An", "An old scar"] {
        reading.command(FeedbackCommand::Remark(ReaderText(words.into())));
    }
    assert_eq!(reading.kept()[0].remark.as_ref().unwrap().text.0, "An old scar");
    reading.command(MeasureCommand::Undo);
    assert!(reading.kept().is_empty());
}

// ——— the screen ———

#[test]
fn every_finding_has_its_choices_and_a_click_answers() {
    let folder = tempfile::tempdir().unwrap();
    let mut reading = Reading::finished(folder.path());
    reading.command(SessionCommand::ToggleSection(Section::Feedback));
    let mut harness = screen(reading.bench);
    for finding in ["Pneumonia", "Normal", "Bacterial pneumonia", "Viral pneumonia"] {
        for choice in ["Agree", "Disagree", "Unsure"] {
            assert!(harness.query_by_label(&format!("{finding}: {choice}")).is_some(), "{finding}: {choice}");
        }
    }
    harness.get_by_label("Viral pneumonia: Disagree").scroll_to_me();
    harness.run_steps(4);
    harness.get_by_label("Viral pneumonia: Disagree").click();
    harness.run_steps(4);
    let answer = harness.state().state.feedback_on("Viral pneumonia").unwrap();
    assert_eq!((answer.opinion, answer.answer()), (Opinion::Present, Some(Answer::Disagree)));
    assert!(harness.query_by_label_contains("1 of 4 answered").is_some());
}

// ——— the command line ———

/// Runs the program with a data folder of its own.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Process::new(env!("CARGO_BIN_EXE_pellucid"));
    command.args(arguments).current_dir(folder).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command.env("XDG_DATA_HOME", folder.join("data")).output().expect("the binary was built")
}

/// Keeps an answer and a mark of this image, as the viewer does.
#[cfg(target_os = "linux")]
fn answer(folder: &Path, image: &str, model: &AnsweredModel, opinion: Opinion, region: [[f64; 2]; 2]) {
    let frame = open_image(&folder.join(image)).unwrap();
    let identity = ImageIdentity::of(&frame);
    let size = [frame.pixels.plane.width, frame.pixels.plane.height];
    let kind = Kind::Rectangle;
    let points = region.to_vec();
    let drawn = Measurement { id: 5, kind, points, name: Words::new("Doe"), thorax_proposed: false, known_mm: None };
    Store::new(folder.join("data/pellucid/measurements")).keep(&identity, size, &[drawn]).unwrap();
    let at = chrono::Local::now();
    let said = Some(Said { probability: 0.4, threshold: 0.6, call: Some(Call::Absent) });
    let finding = "Pneumonia".to_owned();
    let answers = vec![FindingAnswer { finding: finding.clone(), opinion, said, at, before_result: false }];
    let marks = vec![MarkNote { measurement: 5, finding, reason: MarkReason::Missed, at, before_result: false }];
    let said = ModelFeedback { answers, marks, ..ModelFeedback::of(model.clone()) };
    FeedbackStore::new(folder.join("data/pellucid/feedback")).keep(&identity, &[said]).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn answers_and_marks_come_out_as_tables_that_evaluation_takes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    for (name, seed) in [("films/00000001_000.png", 1), ("films/00000002_000.png", 2), ("films/00000003_000.png", 3)] {
        toy::picture(&path.join(name), seed);
    }
    let nothing = run(path, &["feedback", "export", "--out", "t.csv"]);
    assert_eq!(code(&nothing), 1);
    assert!(said(&nothing).contains("nothing was said"), "{}", said(&nothing));
    let manifest = registry::manifest(path.join("toy").to_str().unwrap()).unwrap();
    let model = AnsweredModel { name: "toy".into(), version: "1".into(), sha256: manifest.weights_sha256 };
    answer(path, "films/00000001_000.png", &model, Opinion::Present, [[10.0, 20.0], [60.0, 50.0]]);
    answer(path, "films/00000002_000.png", &model, Opinion::Absent, [[30.0, 30.0], [70.0, 90.0]]);

    let arguments = ["feedback", "export", "films", "--out", "t.csv", "--boxes", "b.csv", "--json"];
    let output = run(path, &arguments);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let figures = lines(&output).remove(0);
    assert_eq!((&figures["images"], &figures["answers"], &figures["boxes"]), (&2.into(), &2.into(), &2.into()));
    let boxes = fs::read_to_string(path.join("b.csv")).unwrap();
    assert!(boxes.contains("00000001_000.png,Pneumonia,10,20,50,30,120,100,missed,0"), "{boxes}");
    assert!(!boxes.contains("Doe"), "names of measurements stay where they are");

    let judged = ["evaluate", "films", "--model", "toy", "--localization", "b.csv", "--json", "--out", "judged"];
    let output = run(path, &judged);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let figures = lines(&output).remove(0);
    assert_eq!((&figures["regions"], &figures["images"]), (&2.into(), &2.into()));
    let rows: Vec<std::collections::HashMap<String, String>> =
        csv::Reader::from_path(path.join("judged/localization.csv"))
            .unwrap()
            .deserialize()
            .map(Result::unwrap)
            .collect();
    let first = rows.iter().find(|row| row["image"] == "00000001_000.png").unwrap();
    let share: f64 = first["share"].parse().unwrap();
    assert!((share - 50.0 * 30.0 / (120.0 * 100.0)).abs() < 1e-6, "the region is the box that was drawn: {share}");

    let output = run(path, &["evaluate", "films", "--model", "toy", "--table", "t.csv", "--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("Pneumonia"), "{text}");

    // Without a folder images are named by their pixels, and nothing tells whose they are.
    let output = run(path, &["feedback", "export", "--out", "p.csv", "--boxes", "q.csv"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let names = fs::read_to_string(path.join("p.csv")).unwrap() + &fs::read_to_string(path.join("q.csv")).unwrap();
    let hash = ImageIdentity::of(&open_image(&path.join("films/00000001_000.png")).unwrap()).pixels_sha256;
    assert!(names.contains(&hash[..16]) && !names.contains("png") && !names.contains("Doe"), "{names}");
}

#[cfg(target_os = "linux")]
#[test]
fn answers_to_several_models_are_not_mixed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::picture(&path.join("films/a.png"), 1);
    let model = |sha256: &str| AnsweredModel { name: "toy".into(), version: "1".into(), sha256: sha256.repeat(32) };
    answer(path, "films/a.png", &model("ab"), Opinion::Present, [[1.0, 1.0], [9.0, 9.0]]);
    answer(path, "films/a.png", &model("cd"), Opinion::Absent, [[1.0, 1.0], [9.0, 9.0]]);
    let output = run(path, &["feedback", "export", "films", "--out", "t.csv"]);
    assert_eq!(code(&output), 2);
    assert!(said(&output).contains("abababab") && said(&output).contains("cdcdcdcd"), "{}", said(&output));
    let output = run(path, &["feedback", "export", "films", "--out", "t.csv", "--model", "cdcdcd"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(fs::read_to_string(path.join("t.csv")).unwrap().contains("a.png,0,agree"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_prints_what_was_said_in_the_viewer_and_can_be_verified() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    toy::model(path);
    toy::picture(&path.join("a.png"), 1);
    let manifest = registry::manifest(path.join("toy").to_str().unwrap()).unwrap();
    let model = AnsweredModel { name: "toy".into(), version: "1".into(), sha256: manifest.weights_sha256 };
    answer(path, "a.png", &model, Opinion::Present, [[10.0, 20.0], [60.0, 50.0]]);
    let output = run(path, &["report", "a.png", "--model", "toy", "--feedback", "-o", "case.pdf"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let report: serde_json::Value = serde_json::from_slice(&fs::read(path.join("case.json")).unwrap()).unwrap();
    assert_eq!(report["feedback"]["marks"][0]["box"], serde_json::json!([10.0, 20.0, 60.0, 50.0]));
    let rows = report["feedback"]["answers"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["finding"] == "Pneumonia" && row["answer"] == "disagree"), "{rows:?}");
    assert!(rows.iter().filter(|row| row["answer"] == "not-looked-at").count() == 3, "{rows:?}");
    // The score that the answer of this test was given to is none of the model's: verification says so.
    let output = run(path, &["report", "--verify", "case.json", "--model", "toy"]);
    assert_eq!(code(&output), 1);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("said") && text.contains("0.4"), "{text}");
}

/// Set for the child that answers until it is killed.
const ANSWERS: &str = "PELLUCID_TEST_KEEPS_ANSWERS";

fn asked_image() -> ImageIdentity {
    ImageIdentity { pixels_sha256: "ab".into(), sop_instance_uid: "1.2".into(), frame: 0 }
}

/// No test of its own: the child of the next one. It says the number of each answer once that is kept.
#[test]
fn keeps_answers_until_it_is_killed() {
    let Some(folder) = std::env::var_os(ANSWERS) else { return };
    let model = AnsweredModel { name: "chest".into(), version: "1".into(), sha256: "ff".into() };
    let mut store = FeedbackStore::new(folder.into());
    for number in 0_u64.. {
        let remark = FreeRemark { text: Words(number.to_string()), at: chrono::Local::now(), before_result: false };
        store
            .keep(&asked_image(), &[ModelFeedback { remark: Some(remark), ..ModelFeedback::of(model.clone()) }])
            .unwrap();
        eprintln!("kept {number}");
    }
}

#[test]
fn an_answer_that_was_kept_is_there_after_a_kill_and_never_half_of_one() {
    let folder = tempfile::tempdir().unwrap();
    for wait in [1_usize, 7, 3, 12] {
        let mut child = Process::new(std::env::current_exe().unwrap())
            .args(["--exact", "feedback::keeps_answers_until_it_is_killed", "--nocapture"])
            .env(ANSWERS, folder.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let said = std::io::BufReader::new(child.stderr.take().unwrap());
        // Read from to the end: a child that cannot speak would end by itself.
        let mut numbers = std::io::BufRead::lines(said)
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("kept ").and_then(|n| n.parse::<u64>().ok()));
        let kept = numbers.by_ref().take(wait).last().expect("the child keeps answers");
        child.kill().unwrap();
        child.wait().unwrap();
        let found = FeedbackStore::new(folder.path().to_owned()).find(&asked_image()).unwrap();
        let there: u64 = found[0].remark.as_ref().unwrap().text.0.parse().unwrap();
        assert!(there >= kept, "{kept} was kept, and {there} is there");
    }
}
