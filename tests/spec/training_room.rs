//! The training room: a run is set up, watched, paused, stopped and compared, and its words stand
//! on the screen.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::toy_training::NETWORK;
use super::viewer::common::{Bench, frame};
use super::viewer::{button, screen};
use pellucid::app::command::{Command, FileCommand, TrainingCommand as T};
use pellucid::app::runtime::training::{prepare, runner};
use pellucid::app::state::Theme;
use pellucid::app::state::training::plan::{DataSummary, KeptCheckpoint, Plan};
use pellucid::app::state::training::record::RunRecord;
use pellucid::app::state::training::run::{Pending, Stage};
use pellucid::app::state::training::{Folder, Page, Question};
use pellucid::app::update::effect::Effect;
use pellucid::app::update::may_close;
use pellucid::app::update::message::Message;
use pellucid::app::update::training_effect::{TrainingEffect, TrainingMessage};
use pellucid::explain::{Attribution, Method, Subject};
use pellucid::imaging::Plane;
use pellucid::training::event::{Event, HistoryRow, ImagePreview, Ready, StepProgress};
use pellucid::training::run::card::OverallMetric;
use pellucid::training::run::control::Control;
use pellucid::training::run::trainer::Outcome;

const CONFIG: &str = r#"
name = "left-right"
version = "1"
description = "Tells whether the bright side is left or right."
licence = "CC0-1.0"
seed = 3
head = "softmax"
target_layer = "stage2"
phase = [{ epochs = 2, size = 24 }]
labels = [{ name = "Left" }, { name = "Right" }]
previews = 3
[data]
folders = ["."]
patient = ['^(p\d+)_']
validation = 0.25
[optimization]
batch = 8
learning_rate = 0.02
schedule = "cosine"
class_weights = "none"
criterion = "loss"
[augment]
noise = 0.05
flip = 0.0
"#;
const PROVENANCE: &str = r#"
[provenance]
data = "Made by the test."
population = "None."
"#;

/// A configuration in a folder of its own, with `images` pictures of each label.
fn laboratory(images: usize) -> (tempfile::TempDir, Box<Plan>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("train.toml"), [CONFIG, NETWORK, PROVENANCE].concat()).unwrap();
    for (label, left) in [("Left", true), ("Right", false)] {
        std::fs::create_dir(folder.path().join(label)).unwrap();
        for i in 0..images {
            let grey = |x: u32, y: u32| {
                let bright = (x < 12) == left;
                image::Luma([(if bright { 150 } else { 60 }) + ((x * 7 + y * 13 + i as u32 * 29) % 50) as u8])
            };
            let path = folder.path().join(label).join(format!("p{i}{label}_.png"));
            image::GrayImage::from_fn(24, 24, grey).save(path).unwrap();
        }
    }
    let mut plan = prepare::plan(&folder.path().join("train.toml")).unwrap();
    plan.out = folder.path().join("run");
    (folder, Box::new(plan))
}

fn message(bench: &mut Bench, news: TrainingMessage) {
    bench.message(Message::Training(news));
}

fn event(bench: &mut Bench, event: Event) {
    message(bench, TrainingMessage::Event(event));
}

fn train(command: T) -> Command {
    Command::Training(command)
}

fn works(effects: &[Effect]) -> Vec<&TrainingEffect> {
    effects.iter().filter_map(|e| if let Effect::Train(work) = e { Some(work) } else { None }).collect()
}

fn listed(checkpoint: Option<KeptCheckpoint>) -> DataSummary {
    let labels = vec![("Left".to_owned(), 1200), ("Right".to_owned(), 34)];
    DataSummary { images: 1234, labels, left_out: 2, example: Some("notes.txt: no label".into()), checkpoint }
}

/// A draft that can be started.
fn drafted(checkpoint: Option<KeptCheckpoint>) -> (tempfile::TempDir, Bench) {
    let (folder, plan) = laboratory(0);
    let mut bench = Bench::new();
    bench.command(train(T::Configure(plan.path.clone())));
    let number = bench.state.training.number;
    message(&mut bench, TrainingMessage::Read { number, result: Ok(plan) });
    message(&mut bench, TrainingMessage::Listed { number, result: Ok(listed(checkpoint)) });
    (folder, bench)
}

fn row(epoch: usize, labels: usize) -> HistoryRow {
    let auroc = (0..labels).map(|k| (format!("finding number {k} with a long name"), Some(0.6 + 0.02 * k as f64)));
    HistoryRow {
        epoch,
        size: 24,
        learning_rate: 0.02,
        training_loss: 0.7 / epoch as f64,
        validation_loss: 0.8 / epoch as f64,
        accuracy: 0.5 + 0.1 * epoch as f64,
        auroc: auroc.collect(),
        images_per_second: 41.0,
        seconds: 12.0,
    }
}

fn step(epoch: usize, step: usize) -> StepProgress {
    let (loss, learning_rate) = (0.6, 0.02);
    StepProgress {
        epoch,
        epochs: 2,
        step,
        steps: 30,
        loss,
        learning_rate,
        images_per_second: 41.3,
        seconds_left: 754.0,
    }
}

fn reading(truth: usize, predicted: usize) -> ImagePreview {
    let value = |i: usize| -((i % 6) as f32 - 2.0).powi(2);
    ImagePreview {
        name: format!("image {truth}{predicted}"),
        thumbnail: Plane { width: 24, height: 24, values: (0..576).map(|i| (i % 24) as f32 / 24.0).collect() },
        truth: (0..2).map(|k| f32::from(u8::from(k == truth))).collect(),
        probabilities: if predicted == 0 { vec![0.7, 0.3] } else { vec![0.3, 0.7] },
        predicted,
        heat_map: {
            let raw = Plane { width: 6, height: 6, values: (0..36).map(|i| 4.0 + value(i)).collect() };
            Attribution::new(Method::GradCam, Subject::class(predicted), "stage2".into(), 1.0, raw).ok()
        },
    }
}

/// A run in the middle of its second epoch.
pub(super) fn running(labels: usize) -> (tempfile::TempDir, Bench) {
    let (folder, mut bench) = drafted(None);
    bench.command(train(T::Start));
    event(&mut bench, Event::Decoded { done: 100, total: 1234 });
    event(
        &mut bench,
        Event::Ready(Ready {
            name: "left-right".into(),
            labels: vec!["Left".into(), "Right".into()],
            training: 1000,
            validation: 234,
            weights: 19_579,
            epoch: 0,
            epochs: 2,
            history: Vec::new(),
        }),
    );
    message(&mut bench, TrainingMessage::Steps((1..=30).map(|i| step(1, i)).collect()));
    event(&mut bench, Event::Epoch { row: row(1, labels), best: true, seconds_left: 754.0 });
    let samples = vec![reading(0, 0), reading(1, 0), reading(1, 1)];
    event(&mut bench, Event::Samples { epoch: 1, samples });
    message(&mut bench, TrainingMessage::Steps((1..=15).map(|i| step(2, i)).collect()));
    (folder, bench)
}

fn says(harness: &Harness<'_, Bench>, words: &str) -> bool {
    harness.query_all_by_label_contains(words).next().is_some()
}

// ——— the state ———

#[test]
fn a_configuration_is_read_then_its_images_are_listed_then_it_can_be_started() {
    let (_folder, plan) = laboratory(0);
    let mut bench = Bench::new();
    let effects = bench.command(train(T::Configure(plan.path.clone())));
    assert!(matches!(works(&effects)[..], [TrainingEffect::Read { path, .. }] if *path == plan.path));
    assert!(bench.state.training.open);
    bench.command(train(T::Start));
    assert!(bench.state.training.run.is_none(), "nothing is known of it yet");
    let number = bench.state.training.number;
    bench.effects.clear();
    message(&mut bench, TrainingMessage::Read { number, result: Ok(plan.clone()) });
    assert!(matches!(works(&bench.effects)[..], [TrainingEffect::List { .. }]));
    assert_eq!(bench.state.preferences.configurations, [plan.path]);
    message(&mut bench, TrainingMessage::Listed { number, result: Ok(listed(None)) });
    let effects = bench.command(train(T::Start));
    assert!(matches!(works(&effects)[..], [TrainingEffect::Start { resume: false, .. }]));
    assert!(bench.state.training.is_running());
}

#[test]
fn answers_about_a_draft_that_was_put_away_are_dropped() {
    let (_folder, plan) = laboratory(0);
    let mut bench = Bench::new();
    bench.command(train(T::Configure("first.toml".into())));
    let first = bench.state.training.number;
    bench.command(train(T::Configure("second.toml".into())));
    message(&mut bench, TrainingMessage::Read { number: first, result: Ok(plan) });
    let draft = bench.state.training.draft.as_ref().unwrap();
    assert!(draft.plan.is_none() && draft.path == Path::new("second.toml"));
}

#[test]
fn another_data_folder_is_listed_anew() {
    let (_folder, mut bench) = drafted(None);
    let effects = bench.command(train(T::SetFolder(Folder::Data, "elsewhere".into())));
    assert!(matches!(works(&effects)[..], [TrainingEffect::List { plan, .. }] if plan.data == Path::new("elsewhere")));
    assert!(!bench.state.training.draft.as_ref().unwrap().is_ready());
}

#[test]
fn an_unfinished_run_of_the_same_configuration_goes_on_unless_the_reader_says_otherwise() {
    let kept = |epoch, fits| Some(KeptCheckpoint { epoch, best: Some(1), fits });
    for (checkpoint, resumed) in [(kept(1, true), true), (kept(2, true), false), (kept(1, false), false)] {
        let (_folder, mut bench) = drafted(checkpoint);
        let effects = bench.command(train(T::Start));
        assert!(
            matches!(works(&effects)[..], [TrainingEffect::Start { resume, .. }] if *resume == resumed),
            "{checkpoint:?}"
        );
        assert_eq!(bench.state.training.run.as_ref().unwrap().best, resumed.then_some(1));
    }
}

#[test]
fn a_run_is_paused_resumed_and_stopped_after_one_question() {
    let (_folder, mut bench) = running(2);
    let effects = bench.command(train(T::Pause));
    assert!(matches!(works(&effects)[..], [TrainingEffect::Pause]));
    event(&mut bench, Event::Paused);
    assert!(matches!(bench.state.training.run.as_ref().unwrap().stage, Stage::Paused));
    let effects = bench.command(train(T::Pause));
    assert!(matches!(works(&effects)[..], [TrainingEffect::Resume]));
    event(&mut bench, Event::Resumed);
    assert!(works(&bench.command(train(T::Stop))).is_empty());
    assert_eq!(bench.state.training.question, Some(Question::Stop));
    bench.command(train(T::KeepGoing));
    assert_eq!(bench.state.training.question, None);
    bench.command(train(T::Stop));
    let effects = bench.command(train(T::ConfirmStop));
    assert!(matches!(works(&effects)[..], [TrainingEffect::Stop]));
    assert_eq!(bench.state.training.run.as_ref().unwrap().pending, Some(Pending::Stop));
    assert!(works(&bench.command(train(T::Pause))).is_empty(), "a stop is not taken back");
}

#[test]
fn a_second_run_waits_for_the_first() {
    let (_folder, mut bench) = running(2);
    let effects = bench.command(train(T::Configure("other.toml".into())));
    assert!(works(&effects).is_empty());
    assert!(bench.state.notices.last().unwrap().text.contains("A run is going on"));
    bench.command(train(T::Discard));
    assert!(bench.state.training.is_running());
}

#[test]
fn the_window_asks_before_it_closes_over_a_run_and_closes_when_the_model_is_written() {
    let (_folder, mut bench) = running(2);
    assert!(!may_close(&mut bench.state));
    assert!(bench.command(Command::File(FileCommand::Quit)).is_empty());
    assert_eq!(bench.state.training.question, Some(Question::Quit));
    let effects = bench.command(train(T::StopAndQuit));
    assert!(matches!(works(&effects)[..], [TrainingEffect::Stop]));
    assert!(!may_close(&mut bench.state), "not before the files are written");
    bench.effects.clear();
    message(&mut bench, TrainingMessage::Over { result: Err("the run was stopped".into()), kept: Some(1) });
    assert!(matches!(bench.effects[..], [Effect::Quit]));
    assert!(may_close(&mut bench.state));
}

#[test]
fn the_reading_room_stays_usable_while_a_run_goes_on() {
    let (_folder, mut bench) = running(2);
    bench.command(train(T::Toggle));
    assert!(!bench.state.training.open && bench.state.training.is_running());
    bench.open(frame(64, 48));
    assert!(bench.state.frame().is_some());
    // The end is told there, with the way back.
    message(&mut bench, TrainingMessage::Over { result: Err("the disk is full".into()), kept: None });
    let notice = bench.state.notices.last().unwrap();
    assert!(notice.text.contains("the disk is full"));
    assert_eq!(notice.action.as_ref().map(Command::from), Some(train(T::Show(Page::Run))));
}

#[test]
fn a_configuration_that_is_opened_or_dropped_leads_to_the_training_room_and_images_lead_back() {
    let mut bench = Bench::new();
    let effects = bench.command(Command::File(FileCommand::OpenPaths(vec!["chest.toml".into()])));
    assert!(matches!(works(&effects)[..], [TrainingEffect::Read { .. }]) && bench.state.training.open);
    let effects = bench.command(Command::File(FileCommand::OpenPaths(vec!["image.dcm".into()])));
    assert!(works(&effects).is_empty() && !bench.state.training.open);
}

#[test]
fn old_samples_keep_their_maps_but_not_their_pixels() {
    let (_folder, mut bench) = running(2);
    event(&mut bench, Event::Samples { epoch: 2, samples: vec![reading(0, 1)] });
    let samples = &bench.state.training.run.as_ref().unwrap().samples;
    assert!(samples[0].1.iter().all(|r| r.thumbnail.values.is_empty() && r.heat_map.is_some()));
    assert_eq!(samples[1].1[0].thumbnail.values.len(), 576);
}

// ——— real runs ———

/// Runs `plan` to its end, and feeds what it says to the state.
fn follow(bench: &mut Bench, plan: &Plan, resume: bool, control: &Control) {
    let heard = Mutex::new(Vec::new());
    runner::run(plan, resume, control, &|news| heard.lock().unwrap().push(news));
    heard.into_inner().unwrap().into_iter().for_each(|next| message(bench, next));
}

#[test]
fn a_small_run_goes_from_its_configuration_to_a_model_that_can_be_opened_and_compared() {
    let (folder, plan) = laboratory(16);
    let mut bench = Bench::new();
    bench.command(train(T::Configure(plan.path.clone())));
    let number = bench.state.training.number;
    message(&mut bench, TrainingMessage::Read { number, result: Ok(plan.clone()) });
    let found = prepare::list(&plan).unwrap();
    assert_eq!((found.images, found.checkpoint), (32, None));
    message(&mut bench, TrainingMessage::Listed { number, result: Ok(found) });
    bench.command(train(T::Start));
    follow(&mut bench, &plan, false, &Control::default());

    let run = bench.state.training.run.as_ref().unwrap();
    assert!(matches!(&run.stage, Stage::Finished(outcome) if outcome.history.len() == 2), "{:?}", run.stage);
    assert_eq!((run.rows.len(), run.samples.len(), run.samples[1].1.len()), (2, 2, 3));
    assert!(run.best.is_some() && !run.losses.points().is_empty());
    let effects = bench.command(train(T::OpenModel));
    assert!(matches!(&effects[..], [Effect::Ask(_)]) && !bench.state.training.open);
    pellucid::model::registry::load(&plan.model().display().to_string(), &candle_core::Device::Cpu).unwrap();

    // Its folder tells the same, with its configuration.
    let records =
        pellucid::app::runtime::training::records::read_all(Path::new("nowhere"), &[folder.path().to_owned()]);
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].rows.len(), 2);
    assert!(records[0].configuration.contains(&("optimization.batch".into(), "8".into())));
    let again = prepare::list(&plan).unwrap().checkpoint.unwrap();
    assert!(again.fits && again.epoch == 2);
}

#[test]
fn a_run_that_cannot_begin_ends_with_a_sentence() {
    let (_folder, mut plan) = laboratory(0);
    plan.data = "nowhere".into();
    assert!(prepare::list(&plan).unwrap_err().to_string().contains("nowhere"));
    let (_other, mut bench) = running(2);
    follow(&mut bench, &plan, false, &Control::default());
    let run = bench.state.training.run.as_ref().unwrap();
    assert!(matches!(&run.stage, Stage::Failed { reason, kept: None } if reason.as_str().contains("nowhere")));
}

// ——— the screen ———

#[test]
fn with_nothing_chosen_the_room_says_where_to_begin_and_leads_back() {
    let mut bench = Bench::new();
    bench.state.preferences.configurations = vec!["configs/chest with a name.toml".into()];
    bench.command(train(T::Toggle));
    let mut harness = screen(bench);
    assert!(says(&harness, "Train a model"));
    assert!(harness.query_by_label("Path of a configuration").is_some());
    button(&harness, "chest with a name.toml").click();
    harness.run_steps(3);
    assert!(says(&harness, "Reading the configuration"));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::T);
    harness.run_steps(2);
    assert!(!harness.state().state.training.open);
}

#[test]
fn a_configuration_that_cannot_be_used_says_why_in_place() {
    let mut bench = Bench::new();
    bench.command(train(T::Configure("bad.toml".into())));
    let number = bench.state.training.number;
    message(&mut bench, TrainingMessage::Read { number, result: Err("unknown field `learning_rat`".into()) });
    let mut harness = screen(bench);
    assert!(says(&harness, "Unknown field `learning_rat`"));
    button(&harness, "Another configuration").click();
    harness.run_steps(3);
    assert!(says(&harness, "Train a model"));
}

#[test]
fn before_the_start_the_summary_names_data_network_and_folder() {
    let (folder, bench) = drafted(Some(KeptCheckpoint { epoch: 1, best: None, fits: true }));
    let mut harness = screen(bench);
    for words in ["compact-resnet", "2 at 24²", "noise 0.05", "1,234 images: Left 1,200 · Right 34", "2 files have no"]
    {
        assert!(says(&harness, words), "{words}");
    }
    assert!(!says(&harness, "flip"), "what is switched off is not told");
    let out = folder.path().join("run").display().to_string();
    let field = harness.get_by_role_and_label(Role::TextInput, "Folder of the run");
    assert_eq!(field.accesskit_node().value(), Some(out));
    assert!(says(&harness, "Go on from the checkpoint after epoch 1 of 2"));
    button(&harness, "Start training").click();
    harness.run_steps(3);
    assert!(harness.state().state.training.is_running());
}

#[test]
fn a_running_run_shows_curves_figures_and_samples_with_right_and_wrong_in_words() {
    let (_folder, bench) = running(2);
    let mut harness = screen(bench);
    let expected =
        ["Epoch 2 of 2", "step 15 of 30", "13 min", "41.3", "best epoch 1", "Validation loss", "AUROC finding"];
    for words in expected.into_iter().chain(["Right", "Wrong", "0.70 Left", "labelled Right", "after epoch 1"]) {
        assert!(says(&harness, words), "{words}");
    }
    harness.get_by_label("Validation loss").click();
    harness.run_steps(2);
    assert!(harness.state().state.training.hidden.contains("Validation loss"));
    button(&harness, "Pause").click();
    harness.run_steps(2);
    assert!(says(&harness, "Pausing after this step"));
    event(harness.state_mut(), Event::Paused);
    harness.run_steps(2);
    assert!(says(&harness, "Paused in epoch 2 of 2"));
    button(&harness, "Stop…").click();
    harness.run_steps(3);
    assert!(says(&harness, "Stop this run?"));
    button(&harness, "Keep training").click();
    harness.run_steps(3);
    assert!(!says(&harness, "Stop this run?"));
}

#[test]
fn the_status_bar_of_the_reading_room_tells_how_far_the_run_is_and_leads_back() {
    let (_folder, mut bench) = running(2);
    bench.command(train(T::Toggle));
    let mut harness = screen(bench);
    button(&harness, "training: epoch 2 of 2, 13 min left").click();
    harness.run_steps(2);
    assert!(harness.state().state.training.open);
}

#[test]
fn a_failed_run_says_what_is_kept_and_can_be_set_up_again() {
    let (_folder, mut bench) = running(2);
    message(&mut bench, TrainingMessage::Over { result: Err("the loss became NaN".into()), kept: Some(1) });
    let mut harness = screen(bench);
    assert!(says(&harness, "The loss became NaN."));
    assert!(says(&harness, "checkpoint after epoch 1 is kept"));
    button(&harness, "Set up again").click();
    harness.run_steps(3);
    let training = &harness.state().state.training;
    assert!(training.run.is_none() && training.draft.is_some());
}

#[test]
fn a_finished_run_shows_figures_with_intervals() {
    let (_folder, mut bench) = running(2);
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/models/chest-xray/manifest.toml")).unwrap();
    let outcome = Outcome {
        manifest: toml::from_str(&text).unwrap(),
        extent: pellucid::training::run::card::RunExtent {
            training_images: 1000,
            validation_images: 234,
            training_patients: 900,
            validation_patients: 200,
            epoch: 2,
        },
        overall: vec![OverallMetric { target: "highest class", name: "accuracy", value: 0.91, low: 0.87, high: 0.94 }],
        history: vec![row(1, 2), row(2, 2)],
        stopped_early: false,
        stopped: true,
    };
    message(&mut bench, TrainingMessage::Over { result: Ok(Arc::new(outcome)), kept: Some(2) });
    let harness = screen(bench);
    for words in ["weights of epoch 2", "0.910 (0.870–0.940)", "Stopped after epoch 1 of 2", "taken up again"] {
        assert!(says(&harness, words), "{words}");
    }
    for words in ["Open the model", "Show the folder"] {
        assert!(harness.query_all_by_label(words).any(|n| n.accesskit_node().role() == Role::Button), "{words}");
    }
}

fn record(name: &str, rate: &str, epochs: usize) -> Arc<RunRecord> {
    Arc::new(RunRecord {
        folder: PathBuf::from("runs").join(name),
        name: name.into(),
        rows: (1..=epochs).map(|e| row(e, 2)).collect(),
        configuration: vec![("optimization.learning_rate".into(), rate.into()), ("seed".into(), "3".into())],
        written: None,
        trouble: None,
    })
}

#[test]
fn runs_are_compared_by_their_figures_and_by_what_was_asked_for_differently() {
    let mut bench = Bench::new();
    let effects = bench.command(train(T::Show(Page::Compare)));
    assert!(matches!(works(&effects)[..], [TrainingEffect::ReadRuns(_)]));
    let broken =
        RunRecord { trouble: Some("This folder holds no log of a run.".into()), ..(*record("broken", "1", 0)).clone() };
    let runs = vec![record("quick run", "0.02", 2), record("slow run", "0.001", 5), Arc::new(broken)];
    message(&mut bench, TrainingMessage::Runs(runs));
    let mut harness = screen(bench);
    for words in ["0.4000", "0.1600", "optimization.learning_rate", "0.001", "broken: This folder holds no log"] {
        assert!(says(&harness, words), "{words}");
    }
    assert!(!says(&harness, "seed"), "what is the same is not told");
    let tick = |n: &egui_kittest::Node<'_>| n.accesskit_node().role() == Role::CheckBox && n.rect().left() < 300.0;
    harness.query_all_by_label("quick run").find(tick).unwrap().click();
    harness.run_steps(3);
    assert!(!harness.state().state.training.comparison.shown.contains(Path::new("runs/quick run")));
    button(&harness, "Mean AUROC").click();
    harness.run_steps(2);
    assert!(says(&harness, "MEAN AUROC"));
}

#[test]
fn fourteen_labels_a_small_window_and_every_theme_are_drawn_with_names_for_every_control() {
    for theme in Theme::ALL {
        for (size, page) in
            [([1280.0, 720.0], Page::Run), ([800.0, 500.0], Page::Run), ([1280.0, 720.0], Page::Compare)]
        {
            let (_folder, mut bench) = running(14);
            bench.state.preferences.theme = theme;
            bench.command(train(T::Show(page)));
            let name = "a run with a name that is much longer than any column of the table could ever be";
            message(&mut bench, TrainingMessage::Runs(vec![record(name, "0.1", 3), record("b", "0.2", 1)]));
            // The harness panics on a missing glyph and on a control without an accessible name.
            let mut harness =
                Harness::builder().with_size(size).build_ui_state(|ui, bench: &mut Bench| bench.frame(ui), bench);
            harness.run_steps(4);
            assert!(says(&harness, if page == Page::Run { "Epoch 2 of 2" } else { "What was asked" }));
        }
    }
}
