//! Which model judges an image when none is named: by modality, by body part, by gate, and why.

use std::path::Path;
use std::process::Command as Process;
use std::sync::Arc;
use std::time::Duration;

use candle_core::Device;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use serde_json::Value;

use super::toy;
use super::viewer::common::{self, Bench};
use pellucid::app::command::{Command, FindingsCommand, StudyCommand};
use pellucid::app::state::{Model as Shown, Phase, State, Theme};
use pellucid::app::ui::panels::{findings, toolbar};
use pellucid::app::ui::theme;
use pellucid::app::update::effect::Effect;
use pellucid::engine::model_selection::choice::{Choice, Opinion};
use pellucid::engine::model_selection::{Library, SelectionError};
use pellucid::engine::worker::Engine;
use pellucid::engine::{AnalysisOptions, Event, ModelInfo, Request};
use pellucid::imaging::Missing;
use pellucid::model::candidate_model::CandidateModel;
use pellucid::model::{Model, registry};
use pellucid::phantom::{PhantomRecipe, demo, render, write_dicom};
use pellucid::study::{Frame, open_image};

/// A folder of films, with a data folder in which a toy model for MR of the head is installed.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new(threshold: f32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        toy::brain(&folder.path().join("data/pellucid/models"), threshold);
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = Process::new(env!("CARGO_BIN_EXE_pellucid"))
            .args(arguments)
            .current_dir(self.path())
            .env("XDG_DATA_HOME", self.path().join("data"))
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    /// The JSON line of `predict`.
    fn predict(&self, image: &str, more: &[&str]) -> Value {
        let (code, out, err) = self.run(&[&["predict", image, "--samples", "0", "--json"], more].concat());
        assert_eq!(code, 0, "{err}");
        serde_json::from_str(out.lines().next().expect("a line")).unwrap()
    }
}

/// Writes a chest phantom of a child as DX.
fn chest(path: &Path) {
    let [_, (_, healthy)] = demo::films();
    let recipe = PhantomRecipe { size: 512, ..healthy };
    write_dicom(path, &render(&recipe), &recipe).unwrap();
}

/// Writes a blob in the dark as an MR image that says what part of the body it is.
fn mr(path: &Path, part: &str) {
    let mut object = InMemDicomObject::new_empty();
    let mut text = |tag: Tag, vr: VR, value: &str| {
        object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    };
    text(tags::SOP_CLASS_UID, VR::UI, uids::MR_IMAGE_STORAGE);
    text(tags::SOP_INSTANCE_UID, VR::UI, "2.25.77");
    text(tags::STUDY_INSTANCE_UID, VR::UI, "2.25.78");
    text(tags::SERIES_INSTANCE_UID, VR::UI, "2.25.79");
    text(tags::MODALITY, VR::CS, "MR");
    text(tags::BODY_PART_EXAMINED, VR::CS, part);
    text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    let side = 96u16;
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, side),
        (tags::COLUMNS, side),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    let value = |i: u16| {
        let (x, y) = (f32::from(i % side) - 48.0, f32::from(i / side) - 48.0);
        (2000.0 * (-(x * x + y * y) / 900.0).exp()) as u16
    };
    let pixels: Vec<u16> = (0..side * side).map(value).collect();
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels.into())));
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .media_storage_sop_class_uid(uids::MR_IMAGE_STORAGE)
        .media_storage_sop_instance_uid("2.25.77");
    object.with_meta(meta).unwrap().write_to_file(path).unwrap();
}

// ——— the command line ———

#[test]
#[cfg(target_os = "linux")]
fn a_chest_film_goes_to_the_chest_model_and_an_mr_of_the_head_to_the_brain_model() {
    let desk = Desk::new(0.0);
    chest(&desk.path().join("chest.dcm"));
    mr(&desk.path().join("head.dcm"), "HEAD");
    let film = desk.predict("chest.dcm", &[]);
    assert_eq!(film["model"]["name"], "chest-xray");
    let because = "chest-xray: modality DX, body part CHEST, and the image looks like its training images";
    assert_eq!(film["chosen_because"], because);
    assert_eq!(film["gate"]["accepted"], true);
    let slice = desk.predict("head.dcm", &[]);
    assert!(slice["model"]["name"].as_str().unwrap().contains("brain"), "{slice}");
    let because = slice["chosen_because"].as_str().unwrap();
    assert!(
        because.ends_with(": modality MR, body part HEAD, and the image looks like its training images"),
        "{because}"
    );
    let (_, text, _) = desk.run(&["predict", "chest.dcm", "--samples", "0"]);
    assert!(text.contains("Model chest-xray: modality DX, body part CHEST"), "{text}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_knee_and_a_photograph_fit_no_model_and_it_is_said_why() {
    let desk = Desk::new(1.0);
    mr(&desk.path().join("knee.dcm"), "KNEE");
    toy::picture(&desk.path().join("photo.png"), 3);
    let knee = desk.predict("knee.dcm", &[]);
    assert_eq!((&knee["model"], &knee["gate"]["accepted"]), (&Value::Null, &false.into()));
    let because = knee["chosen_because"].as_str().unwrap();
    assert!(because.starts_with("no model fits: "), "{because}");
    assert!(because.contains("chest-xray is not for modality MR"), "{because}");
    assert!(because.contains("toy-brain is not for body part KNEE"), "{because}");
    let photograph = desk.predict("photo.png", &[]);
    assert_eq!(photograph["predictions"], serde_json::json!([]));
    let because = photograph["chosen_because"].as_str().unwrap();
    assert!(because.contains("choose one by hand"), "{because}");
    for opinion in photograph["gates"].as_array().expect("what each model said") {
        let reason = opinion["reason"].as_str().unwrap();
        assert_eq!(opinion["accepted"], false);
        assert!(because.contains(&format!("{}: {}", opinion["model"].as_str().unwrap(), reason.trim_end_matches('.'))));
    }
    let (_, text, _) = desk.run(&["predict", "photo.png"]);
    assert!(text.contains("    chest-xray: ") && text.contains("    toy-brain: "), "{text}");
    let (code, _, err) = desk.run(&["report", "photo.png", "-o", "photo.pdf"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("no model fits") && err.contains("--model") && !desk.path().join("photo.pdf").exists(),
        "{err}"
    );
    let (code, _, err) = desk.run(&["explain", "photo.png"]);
    assert!(code == 1 && err.contains("no model fits"), "{err}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_model_that_is_named_is_taken_whatever_the_image_is() {
    let desk = Desk::new(1.0);
    mr(&desk.path().join("knee.dcm"), "KNEE");
    let named = desk.predict("knee.dcm", &["--model", "chest-xray"]);
    assert_eq!((&named["model"]["name"], &named["gate"]["accepted"]), (&"chest-xray".into(), &false.into()));
    assert_eq!(named["chosen_because"], "chest-xray: chosen by hand");
    let reason = named["gate"]["reason"].as_str().unwrap();
    assert!(reason.contains("modality MR; this model is meant for CR, DX"), "{reason}");
    // Whoever insists without a name gets the model that comes nearest.
    let forced = desk.predict("knee.dcm", &["--force"]);
    assert!(forced["chosen_because"].as_str().unwrap().contains("was taken by --force"), "{forced}");
    assert!(!forced["predictions"].as_array().unwrap().is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn the_list_of_models_says_what_each_fits() {
    let (_, text, _) = Desk::new(0.0).run(&["models", "list"]);
    assert!(text.contains("Fits: modality CR, DX, DR, RG; body part CHEST"), "{text}");
    assert!(text.contains("Fits: modality MR; body part HEAD, BRAIN; and its gate asks for a slice"), "{text}");
}

// ——— the worker ———

/// The chest model and the toy for MR of the head; what is loaded is counted.
struct Two {
    folder: tempfile::TempDir,
    loaded: crossbeam_channel::Sender<String>,
}

impl Two {
    fn brain(&self) -> String {
        self.folder.path().join("toy-brain").display().to_string()
    }
}

impl Library for Two {
    fn load(&mut self, name: &str) -> Result<Arc<Model>, SelectionError> {
        self.loaded.send(name.into()).unwrap();
        let name = if name == "toy-brain" { self.brain() } else { name.to_owned() };
        registry::load(&name, &Device::Cpu).map(Arc::new).map_err(|e| SelectionError::Other(e.into()))
    }

    fn candidates(&mut self) -> Result<Vec<CandidateModel>, SelectionError> {
        let read = |name: &str| registry::candidate(name, &Device::Cpu).map_err(|e| SelectionError::Other(e.into()));
        Ok(vec![read("chest-xray")?, CandidateModel { name: "toy-brain".into(), ..read(&self.brain())? }])
    }
}

fn next(engine: &Engine) -> Event {
    engine.events().recv_timeout(Duration::from_mins(1)).expect("an event within a minute")
}

/// The choice for a frame, the model that came with it, and the event that ended the analysis.
fn judged(engine: &Engine, generation: u64, frame: &Arc<Frame>) -> (Arc<Choice>, Option<ModelInfo>, Event) {
    let options = AnalysisOptions { samples: 0, ..AnalysisOptions::default() };
    engine.send(Request::Analyze { generation, frame: frame.clone(), options });
    let mut chosen = None;
    loop {
        match next(engine) {
            Event::Chosen { generation: of, choice, model } => {
                assert_eq!(of, generation);
                chosen = Some((choice, model));
            }
            end @ (Event::Finished { .. } | Event::Unfit { .. } | Event::Failed { .. }) => {
                let (choice, model) = chosen.expect("a choice before the end");
                return (choice, model, end);
            }
            _ => {}
        }
    }
}

#[test]
fn the_worker_chooses_for_each_image_of_a_folder_and_says_so_before_it_scores() {
    let folder = tempfile::tempdir().unwrap();
    toy::brain(folder.path(), 0.0);
    let place = |name: &str| folder.path().join(name);
    chest(&place("chest.dcm"));
    mr(&place("head.dcm"), "HEAD");
    mr(&place("knee.dcm"), "KNEE");
    let open = |name: &str| Arc::new(open_image(&place(name)).unwrap());
    let (film, head, knee) = (open("chest.dcm"), open("head.dcm"), open("knee.dcm"));
    let (loaded, heard) = crossbeam_channel::unbounded();
    let engine = Engine::spawn(Two { folder, loaded }, || ()).unwrap();
    engine.send(Request::Automatic { first: "chest-xray".into() });
    assert!(matches!(next(&engine), Event::ModelReady(_)));
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["chest-xray"], "only the first is loaded at the start");

    let (choice, model, end) = judged(&engine, 1, &film);
    assert_eq!((choice.model.as_deref(), model.unwrap().manifest.name.as_str()), (Some("chest-xray"), "chest-xray"));
    let Event::Finished { analysis, .. } = end else { panic!("not finished") };
    assert!(analysis.scored && analysis.chosen_because == choice.because);
    assert_eq!(analysis.options.layers, ["features.6"], "the target layer of the model that was chosen");

    let (choice, model, end) = judged(&engine, 2, &head);
    assert_eq!((choice.model.as_deref(), model.unwrap().manifest.name.as_str()), (Some("toy-brain"), "toy-brain"));
    assert!(matches!(end, Event::Finished { generation: 2, .. }));

    let (choice, model, end) = judged(&engine, 3, &knee);
    assert!(choice.model.is_none() && model.is_none() && matches!(end, Event::Unfit { generation: 3 }));

    // By hand: the knee is judged, and its result is marked as unfit.
    engine.send(Request::LoadModel { name: "toy-brain".into() });
    assert!(matches!(next(&engine), Event::ModelReady(_)));
    let options = AnalysisOptions { samples: 0, ..AnalysisOptions::default() };
    engine.send(Request::Analyze { generation: 4, frame: knee, options });
    let analysis = loop {
        match next(&engine) {
            Event::Finished { generation: 4, analysis } => break analysis,
            Event::Chosen { .. } => panic!("nothing is chosen while a model was named"),
            _ => {}
        }
    };
    assert_eq!(analysis.chosen_because, "toy-brain: chosen by hand");
    assert!(!analysis.scored && analysis.gate.as_ref().unwrap().reason.contains("body part KNEE"));
}

// ——— the viewer ———

/// A viewer that chooses by itself, with an image on screen.
fn automatic() -> Bench {
    let mut bench = Bench::new();
    bench.state = State::new(bench.state.preferences.clone(), "", "cpu");
    bench.state.models = vec!["chest-xray".into(), "toy-brain".into()];
    bench.event(Event::ModelReady(common::model()));
    bench.open(common::frame(64, 48));
    bench
}

fn chosen(bench: &mut Bench, choice: Choice, model: Option<ModelInfo>) {
    let generation = bench.state.generation;
    bench.event(Event::Started { generation });
    bench.event(Event::Chosen { generation, choice: Arc::new(choice), model });
}

fn unfit() -> Choice {
    let because = "no model fits".to_owned();
    let said = |model: &str, reason: &str| Opinion { model: model.into(), reason: reason.into(), ..Opinion::default() };
    let opinions = vec![said("chest-xray", "This is no chest."), said("toy-brain", "This is no brain.")];
    let nearest = Some("toy-brain".into());
    Choice { grounds: "no model fits".into(), because, nearest, opinions, score: Some(0.2), ..Choice::default() }
}

type Panel = fn(&mut egui::Ui, &State) -> Vec<Command>;

/// What a click on `label` (if any) answers, and whether the panel says `words`.
fn panel(state: State, panel: Panel, label: Option<&str>, words: &str) -> (Vec<Command>, bool) {
    let commands = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let heard = commands.clone();
    let mut harness = Harness::builder()
        .with_size([1280.0, 700.0])
        .with_context_setup(|ctx| theme::install(ctx, Theme::Dark))
        .build_ui(move |ui| heard.borrow_mut().extend(panel(ui, &state)));
    let says = harness.query_all_by_label_contains(words).next().is_some();
    if let Some(label) = label {
        harness.get_by_label(label).click();
        harness.run_steps(3);
    }
    (commands.borrow().clone(), says)
}

#[test]
fn the_model_that_was_chosen_is_shown_with_its_reason() {
    let mut bench = automatic();
    assert!(bench.state.automatic && bench.state.choice.is_none());
    let because = "test: modality DX, body part CHEST, and the image looks like its training images";
    let choice = Choice {
        model: Some("test".into()),
        grounds: "by modality".into(),
        because: because.into(),
        ..Choice::default()
    };
    chosen(&mut bench, choice, Some(common::model()));
    assert!(panel(bench.state.clone(), findings::show, None, because).1);
    // The next image is chosen for anew.
    bench.command(Command::Study(StudyCommand::ShowImage(common::entry("9.9", 1, 64, 48), 0)));
    assert!(bench.state.choice.is_none());
}

#[test]
fn of_an_image_that_is_not_all_there_the_panel_says_that_and_not_what_the_gates_make_of_it() {
    let mut bench = automatic();
    let mut cut = common::frame(64, 48);
    cut.pixels.missing = Some(Missing::Rows { from: 12 });
    bench.open(cut);
    chosen(&mut bench, unfit(), None);
    let generation = bench.state.generation;
    bench.event(Event::Unfit { generation });
    let says = |words: &str| panel(bench.state.clone(), findings::show, None, words).1;
    let reason = bench.state.frame().unwrap().scorable().unwrap_err().to_string();
    assert!(says(&reason), "{reason}");
    assert!(!says("This is no chest.") && !says("by hand"));
}

#[test]
fn where_no_model_fits_the_panel_says_why_and_offers_the_nearest_by_hand() {
    let mut bench = automatic();
    chosen(&mut bench, unfit(), None);
    let generation = bench.state.generation;
    bench.event(Event::Unfit { generation });
    assert_eq!(bench.state.results.phase, Phase::Unfit);
    assert!(matches!(bench.state.model, Shown::Unfit) && bench.state.labels().is_empty());
    for words in ["chest-xray: This is no chest.", "toy-brain: This is no brain."] {
        let (commands, says) = panel(bench.state.clone(), findings::show, Some("Choose toy-brain by hand"), words);
        assert_eq!((commands, says), (vec![Command::Findings(FindingsCommand::SetModel("toy-brain".into()))], true));
    }
    // The next image is asked about although no model stands.
    bench.effects.clear();
    bench.open(common::frame(32, 32));
    assert!(bench.effects.iter().any(|e| matches!(e, Effect::Ask(Request::Analyze { .. }))));
}

#[test]
fn by_hand_stays_by_hand_until_the_reader_goes_back_to_automatic() {
    let mut bench = automatic();
    let effects = bench.command(Command::Findings(FindingsCommand::SetModel("toy-brain".into())));
    assert!(effects.iter().any(|e| matches!(e, Effect::Ask(Request::LoadModel { name }) if name == "toy-brain")));
    bench.event(Event::ModelReady(common::model()));
    bench.open(common::frame(32, 32));
    assert!(!bench.state.automatic);
    assert_eq!(bench.state.choice.as_ref().unwrap().grounds, "chosen by hand");
    assert!(panel(bench.state.clone(), findings::show, None, "chosen by hand").1);
    let effects = bench.command(Command::Findings(FindingsCommand::PickModel));
    assert!(bench.state.automatic && bench.state.choice.is_none());
    assert!(effects.iter().any(|e| matches!(e, Effect::Ask(Request::Automatic { .. }))));
}

#[test]
fn the_menu_of_models_begins_with_automatic() {
    let bench = automatic();
    let commands = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let heard = commands.clone();
    let state = bench.state;
    let mut harness = Harness::builder()
        .with_size([1280.0, 700.0])
        .with_context_setup(|ctx| theme::install(ctx, Theme::Dark))
        .build_ui(move |ui| heard.borrow_mut().extend(toolbar::show(ui, &state)));
    harness.get_by_label("Model").click();
    harness.run_steps(3);
    harness.get_by_label("Automatic").click();
    harness.run_steps(3);
    assert_eq!(*commands.borrow(), [Command::Findings(FindingsCommand::PickModel)]);
}
