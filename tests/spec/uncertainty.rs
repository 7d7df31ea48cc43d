//! How sure a result is: conformal states and reliability that are kept with a model, and other
//! sources of samples than dropout, on the command line and in the viewer.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use egui_kittest::kittest::Queryable as _;
use serde_json::Value;

use crate::cli::{code, lines, pellucid, said};
use crate::panels::{Shown, answer};
use crate::toy;
use crate::viewer_state::{finished, model};
use pellucid::app::command::{Command, UncertaintyCommand};
use pellucid::app::state::{Model, State};
use pellucid::app::ui::panels::{findings, reliability, status};
use pellucid::engine::{Member, ModelInfo};
use pellucid::model::calibration::{Bin, Calibration, CalibrationError, FILE, OperatingPoint, Proportion, Target};
use pellucid::model::conformal::RISKS;
use pellucid::model::population::PopulationVerdict;
use pellucid::model::registry;
use pellucid::uncertainty::SampleSource;

// ——— the command line ———

/// A set of pictures that the toy can be calibrated on, by folders of its classes.
fn set(folder: &Path, each: u32) {
    for (class, first) in [("Normal", 0), ("bacteria", 100), ("Viral pneumonia", 200)] {
        for i in 0..each {
            toy::picture(&folder.join("set").join(class).join(format!("{i}.png")), first + i);
        }
    }
}

fn calibrated(folder: &Path, each: u32) -> Calibration {
    let home = toy::model(folder);
    set(folder, each);
    let output = pellucid(folder, &["evaluate", "set", "--calibrate", "toy", "--set-name", "soft blobs", "--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(said(&output).contains("The calibration lies in toy/calibration.toml"), "{}", said(&output));
    let manifest = registry::manifest(&home.to_string_lossy()).unwrap();
    Calibration::parse(&fs::read_to_string(home.join(FILE)).unwrap(), &manifest).unwrap()
}

#[test]
fn evaluate_leaves_a_calibration_with_the_model_and_predict_states_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let made = calibrated(folder.path(), 12);
    assert_eq!((made.set.as_str(), made.images), ("soft blobs", 36));
    assert!(made.note.contains("not known"), "{}", made.note);
    let names: Vec<&str> = made.targets.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["Normal", "Bacterial pneumonia", "Viral pneumonia", "Pneumonia"]);
    assert_eq!((made.targets[0].with, made.targets[0].without), (12, 24));
    let output =
        pellucid(folder.path(), &["predict", "set/Normal/1.png", "--model", "toy", "--samples", "0", "--json"]);
    let line = &lines(&output)[0];
    let conformal = &line["conformal"];
    assert_eq!(conformal["risk"], 0.1);
    assert_eq!(conformal["set"], "soft blobs");
    assert_eq!(conformal["images"], 36);
    let states = conformal["states"].as_array().unwrap();
    assert_eq!(states.len(), 4);
    for state in states {
        let fields: Vec<&str> = state.as_object().unwrap().keys().map(String::as_str).collect();
        let wanted = ["label", "state", "verdict", "present_above", "absent_below", "with", "without", "reason"];
        assert_eq!(fields, wanted);
        assert!(["present", "absent", "undecided"].contains(&state["state"].as_str().unwrap()));
    }
    assert_eq!(line["uncertainty"], Value::Null, "no samples were drawn");
    let text = pellucid(folder.path(), &["predict", "set/Normal/1.png", "--model", "toy", "--risk", "0.2"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("at an error rate of 20 %; calibration set: soft blobs, 36 images"), "{text}");
}

#[test]
fn a_stated_prevalence_gives_predictive_values_in_text_json_and_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    calibrated(path, 12);
    let predict = |more: &[&str]| {
        pellucid(path, &[&["predict", "set/Normal/1.png", "--model", "toy", "--samples", "0"], more].concat())
    };
    let output = predict(&["--prevalence", "1%", "--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let line = &lines(&output)[0];
    let at = &line["prevalence"][0];
    assert_eq!((&at["label"], &at["prevalence"]), (&"Pneumonia".into(), &0.01.into()));
    assert_eq!(line.as_object().unwrap().keys().next_back().unwrap(), "prevalence", "new fields stand at the end");
    // By hand, from what the calibration holds.
    let share = |of: &str| at[of]["value"].as_f64().unwrap();
    let (se, sp) = (share("sensitivity"), share("specificity"));
    if se > 0.0 || sp < 1.0 {
        assert!((share("ppv") - se * 0.01 / (se * 0.01 + (1.0 - sp) * 0.99)).abs() < 1e-6, "{at}");
    }
    let text = String::from_utf8(predict(&["--prevalence", "Pneumonia=1%"]).stdout).unwrap();
    assert!(text.contains("At a prevalence of 1 % of Pneumonia"), "{text}");
    assert!(text.contains("soft blobs, 36 images"), "{text}");
    let output = predict(&["--prevalence", "Mass=1%"]);
    assert_eq!(code(&output), 2, "{}", said(&output));
    assert!(said(&output).contains("has no “Mass”; it has: Pneumonia, Normal"), "{}", said(&output));
    assert_eq!(code(&predict(&["--prevalence", "5"])), 2);
    let report =
        ["report", "set/Normal/1.png", "-o", "case.pdf", "--model", "toy", "--samples", "0", "--prevalence", "0.02"];
    let output = pellucid(path, &report);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let json: Value = serde_json::from_slice(&fs::read(path.join("case.json")).unwrap()).unwrap();
    assert_eq!(json["prevalence"][0]["prevalence"], 0.02);
    let output = pellucid(path, &["evaluate", "set", "--model", "toy", "--prevalence", "0.1", "--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let judged = &lines(&output)[0];
    assert_eq!(judged["at_prevalence"][0]["label"], "Pneumonia");
    assert_eq!(judged["at_prevalence"][0]["prevalence"], 0.1);
}

#[test]
fn few_images_leave_everything_undecided_and_an_unknown_risk_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    calibrated(folder.path(), 4);
    let output =
        pellucid(folder.path(), &["predict", "set/Normal/1.png", "--model", "toy", "--samples", "0", "--json"]);
    for state in lines(&output)[0]["conformal"]["states"].as_array().unwrap() {
        assert_eq!(state["state"], "undecided");
        assert_eq!(state["verdict"], "too-few");
        assert!(state["reason"].as_str().unwrap().contains("it takes 9 of either"), "{state}");
    }
    let output = pellucid(folder.path(), &["predict", "set/Normal/1.png", "--model", "toy", "--risk", "0.07"]);
    assert_eq!(code(&output), 2);
    assert!(said(&output).contains("the error rates are 0.01"), "{}", said(&output));
}

#[test]
fn a_calibration_of_other_weights_is_left_aside_in_words() {
    let folder = tempfile::tempdir().unwrap();
    calibrated(folder.path(), 10);
    let path = folder.path().join("toy").join(FILE);
    let text = fs::read_to_string(&path).unwrap();
    let hash = text.lines().find_map(|l| l.strip_prefix("weights_sha256 = ")).unwrap().to_owned();
    fs::write(&path, text.replace(&hash, &format!("\"{}\"", "e".repeat(64)))).unwrap();
    let output = pellucid(folder.path(), &["predict", "set/Normal/1.png", "--model", "toy", "--samples", "0"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("No conformal states.") && text.contains("other weights"), "{text}");
    assert!(!text.contains("error rate of"), "{text}");
}

#[test]
fn a_split_table_says_which_images_calibrate_and_the_note_says_what_they_were() {
    let folder = tempfile::tempdir().unwrap();
    toy::model(folder.path());
    set(folder.path(), 10);
    let mut table = String::from("image,patient,split\n");
    for class in ["Normal", "bacteria", "Viral pneumonia"] {
        for i in 0..10 {
            let part = if i < 4 { "validation" } else { "training" };
            writeln!(table, "{class}/{i}.png,p{},{part}", i / 2).unwrap();
        }
    }
    fs::write(folder.path().join("split.csv"), table).unwrap();
    let output = pellucid(folder.path(), &["evaluate", "set", "--calibrate", "toy", "--split", "split.csv", "--json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert_eq!(lines(&output)[0]["n"], 12);
    let manifest = registry::manifest(&folder.path().join("toy").to_string_lossy()).unwrap();
    let text = fs::read_to_string(folder.path().join("toy").join(FILE)).unwrap();
    let made = Calibration::parse(&text, &manifest).unwrap();
    assert_eq!((made.images, made.patients, made.set.as_str()), (12, 2, "set"));
    assert!(made.note.contains("chose the epoch, the temperature and the thresholds"), "{}", made.note);
    let output = pellucid(folder.path(), &["evaluate", "set", "--calibrate", "set", "--json"]);
    assert_eq!(code(&output), 2, "{}", said(&output));
    assert!(said(&output).contains("holds no manifest.toml"), "{}", said(&output));
}

#[test]
fn varied_images_and_ensembles_are_sources_of_their_own_and_a_report_of_them_is_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    calibrated(path, 10);
    let second = path.join("second");
    fs::create_dir_all(&second).unwrap();
    toy::model_with(&second, &|m| m.replace("dropout = 0.3", "dropout = 0.0").replace("\"toy\"", "\"toy-2\""));
    // Other weights, or it would be the same model twice.
    let home = second.join("toy");
    let manifest = fs::read_to_string(home.join("manifest.toml")).unwrap();
    let weights = toy::other_weights(&home);
    let hash = manifest.lines().find_map(|l| l.strip_prefix("weights_sha256 = ")).unwrap().to_owned();
    fs::write(home.join("manifest.toml"), manifest.replace(&hash, &format!("\"{weights}\""))).unwrap();

    let predict = |more: &[&str]| {
        let output = pellucid(path, &[&["predict", "set/Normal/1.png", "--json"], more].concat());
        assert_eq!(code(&output), 0, "{}", said(&output));
        lines(&output).remove(0)
    };
    let varied = predict(&["--model", "second/toy", "--uncertainty", "test-time", "--samples", "6"]);
    assert_eq!((&varied["uncertainty"], &varied["samples"]), (&"test-time".into(), &6.into()));
    assert!(varied["predictions"][0]["sd"].as_f64().unwrap() > 0.0);
    let plain = predict(&["--model", "second/toy"]);
    assert_eq!(plain["uncertainty"], Value::Null);
    assert!(plain["warnings"].to_string().contains("no stochastic layer"), "{}", plain["warnings"]);
    let both = predict(&["--model", "toy", "--ensemble", "second/toy"]);
    assert_eq!((&both["uncertainty"], &both["samples"]), (&"ensemble".into(), &2.into()));

    let report = |more: &[&str]| pellucid(path, &[&["report"], more].concat());
    let output =
        report(&["set/Normal/1.png", "-o", "case.pdf", "--model", "toy", "--ensemble", "second/toy", "--risk", "0.2"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let json: Value = serde_json::from_slice(&fs::read(path.join("case.json")).unwrap()).unwrap();
    assert_eq!(json["uncertainty"]["source"], "ensemble");
    assert_eq!(json["uncertainty"]["members"][0]["name"], "toy-2");
    assert_eq!(json["conformal"]["risk"], 0.2);
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let known = keys.iter().position(|key| *key == "conformal").unwrap();
    assert_eq!(keys[known + 1..], ["risk", "size", "pdf_sha256"], "new fields stand at the end");
    let output = report(&["--verify", "case.json", "--model", "toy"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("name its further models with --ensemble: toy-2"), "{}", said(&output));
    let output = report(&["--verify", "case.json", "--model", "toy", "--ensemble", "second/toy"]);
    assert_eq!(code(&output), 0, "{}", said(&output));

    // Another calibration since then is a difference.
    let file = path.join("toy").join(FILE);
    let text = fs::read_to_string(&file).unwrap();
    let cuts = text.lines().find(|l| l.starts_with("absent_below")).unwrap();
    fs::write(&file, text.replacen(cuts, "absent_below = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]", 1)).unwrap();
    let output = report(&["--verify", "case.json", "--model", "toy", "--ensemble", "second/toy"]);
    assert_eq!(code(&output), 1, "{}", said(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("Normal, absent below"));
}

// ——— the built-in models ———

#[test]
fn every_built_in_model_brings_a_calibration_of_images_that_chose_nothing() {
    for (name, _) in registry::list().into_iter().filter(|(_, o)| *o == registry::Origin::Embedded) {
        let manifest = registry::manifest(&name).unwrap();
        let calibration = registry::calibration(&name).unwrap().unwrap_or_else(|e| panic!("{name}: {e}"));
        let card = registry::card(&name).unwrap();
        let line = card.lines().find(|l| l.starts_with("Calibration set")).unwrap_or_else(|| panic!("{name}: no line"));
        assert!(line.contains(&calibration.images.to_string()), "{name}: {} images, but {line}", calibration.images);
        assert_eq!(calibration.targets.len(), manifest.labels.len() + manifest.groups.len());
        assert!(calibration.note.contains("chose neither weights nor epoch"), "{}", calibration.note);
        for (target, threshold) in (manifest.labels.iter().map(|l| (&l.name, l.threshold)))
            .chain(manifest.groups.iter().map(|g| (&g.name, g.threshold)))
        {
            let point = calibration.operating(target, threshold).unwrap_or_else(|| panic!("{name}: {target}"));
            assert!(point.sensitivity.low < point.sensitivity.high, "{name}: {target}");
        }
        for target in &calibration.targets {
            assert!(target.bins.len() > 5 && target.ece < 0.2, "{name}: {target:?}");
        }
    }
}

// ——— the viewer ———

fn target(name: &str, present_above: f32, absent_below: f32) -> Target {
    Target {
        name: name.into(),
        with: 120,
        without: 240,
        present_above: vec![present_above; RISKS.len()],
        absent_below: vec![absent_below; RISKS.len()],
        ece: 0.031,
        brier: 0.082,
        bins: vec![
            Bin { n: 180, said: 0.12, seen: 0.1, low: 0.06, high: 0.15 },
            Bin { n: 180, said: 0.81, seen: 0.77, low: 0.7, high: 0.83 },
        ],
    }
}

/// A finished reading whose model was calibrated.
fn with_calibration() -> State {
    let mut state = finished();
    let info = model(true);
    let calibration = Calibration {
        set: "validation part".into(),
        images: 360,
        patients: 300,
        date: "2026-11-20".into(),
        note: "They chose the temperature.".into(),
        targets: vec![
            target("Normal", 0.6, 0.3),
            target("Bacterial pneumonia", 0.6, 0.3),
            target("Viral pneumonia", 0.6, 0.1),
            target("Pneumonia", 0.6, 0.3),
        ],
        ..Calibration::of(&info.manifest)
    };
    state.model = Model::Ready(ModelInfo { calibration: std::sync::Arc::new(Ok(calibration)), ..info });
    state
}

#[test]
fn each_row_bears_its_state_at_the_stated_risk() {
    let mut state = with_calibration();
    let shown = Shown::new(state.clone(), [304.0, 800.0], findings::show);
    assert!(shown.says("Pneumonia: present at an error rate of 10 %"));
    assert!(shown.says("Normal: absent at an error rate of 10 %"));
    assert!(shown.says("Viral pneumonia: undecided at an error rate of 10 %"));
    state.preferences.error_rate = 0.2;
    assert!(Shown::new(state, [304.0, 800.0], findings::show).says("Pneumonia: present at an error rate of 20 %"));
}

/// The verdict on an adult.
fn outside() -> PopulationVerdict {
    PopulationVerdict {
        inside: false,
        reason: "The patient is 55 years old; the model was measured on children of 1 to 5 years.".into(),
        condition: None,
        distance: None,
        threshold: None,
    }
}

#[test]
fn outside_the_population_the_reason_comes_first_and_no_row_bears_a_state() {
    let mut state = with_calibration();
    state.results.population = Some(outside());
    let shown = Shown::new(state, [304.0, 900.0], findings::show);
    let first =
        "Outside the population that this model was measured on: states are withheld. The patient is 55 years old";
    assert!(shown.says(first));
    let rect = |words: &str| shown.harness.get_all_by_label_contains(words).next().unwrap().rect();
    assert!(rect(first).top() < rect("Pneumonia: probability").top());
    assert!(rect(first).top() < rect("frontal chest radiograph.").top(), "before the gate too");
    assert!(shown.says("Pneumonia: outside the population that this model was measured on"));
    for word in ["present", "absent", "undecided", "at or above the threshold"] {
        assert!(!shown.says(word), "{word}");
    }
    // Scores stay.
    assert!(shown.says("Pneumonia: probability 0.90"));
}

#[test]
fn what_must_hold_for_the_states_is_said_with_each_of_them() {
    let mut state = with_calibration();
    let condition = Some("the patient is 1–5 years old".to_owned());
    state.results.population = Some(PopulationVerdict { inside: true, reason: String::new(), condition, ..outside() });
    let shown = Shown::new(state, [304.0, 800.0], findings::show);
    assert!(shown.says("Pneumonia: present at an error rate of 10 %, if the patient is 1–5 years old"));
    assert!(shown.says("if …: the patient is 1–5 years old"), "to be read without a pointer too");
}

#[test]
fn the_bar_shows_the_probability_and_tells_the_mean_of_the_samples_as_a_detail() {
    let mut state = with_calibration();
    state.results.posterior.as_mut().unwrap().groups[0].mean = 0.7;
    let shown = Shown::new(state, [304.0, 800.0], findings::show);
    assert!(shown.says("Pneumonia: probability 0.90, 5–95 % of 100 samples"));
    assert!(shown.says("(mean 0.70), at or above the threshold 0.47"));
}

#[test]
fn at_the_prevalence_that_the_reader_states_it_is_said_what_the_call_is_worth() {
    let state = with_calibration();
    let mut shown = Shown::new(state.clone(), [304.0, 800.0], findings::show);
    assert!(shown.says("prevalence of Pneumonia"));
    assert!(!shown.says("At a prevalence"));
    shown.click("Prevalence");
    let mut state = state;
    let effects =
        pellucid::app::update::apply(&mut state, Command::Uncertainty(UncertaintyCommand::SetPrevalence(Some(0.01))));
    assert!(!effects.is_empty(), "it is remembered");
    assert_eq!(state.preferences.prevalences.get("Pneumonia"), Some(&0.01));
    let said = Shown::new(state.clone(), [304.0, 800.0], findings::show);
    assert!(said.says("No sensitivity and specificity of “Pneumonia” at its threshold are on record"));
    if let Model::Ready(info) = &mut state.model {
        let share = |value| Proportion { value, low: value - 0.05, high: value + 0.03 };
        let point = OperatingPoint {
            name: "Pneumonia".into(),
            threshold: 0.47,
            sensitivity: share(0.9),
            specificity: share(0.95),
        };
        let known = Calibration { operating: vec![point], ..info.calibration.as_ref().clone().unwrap() };
        info.calibration = std::sync::Arc::new(Ok(known));
    }
    let said = Shown::new(state.clone(), [304.0, 800.0], findings::show);
    assert!(
        said.says(
            "At a prevalence of 1 % of Pneumonia, 15 % (7.9–32 %) of the images that reach its threshold have it"
        )
    );
    pellucid::app::update::apply(&mut state, Command::Uncertainty(UncertaintyCommand::SetPrevalence(None)));
    assert!(state.preferences.prevalences.is_empty());
}

#[test]
fn rows_with_a_state_stand_where_they_stood_without() {
    let place =
        |state| Shown::new(state, [304.0, 800.0], findings::show).harness.get_by_label("Viral pneumonia").rect();
    assert_eq!(place(with_calibration()).top(), place(finished()).top());
}

#[test]
fn without_a_calibration_the_reason_stands_in_its_place() {
    let shown = Shown::new(finished(), [304.0, 800.0], findings::show);
    assert!(shown.says("No states. This model brings no calibration.toml"));
    assert!(!shown.says("error rate of"));
    let mut state = finished();
    let why = CalibrationError::OtherWeights { stated: "aa…".into(), found: "bb…".into() };
    state.model = Model::Ready(ModelInfo { calibration: std::sync::Arc::new(Err(why)), ..model(true) });
    assert!(Shown::new(state, [304.0, 800.0], findings::show).says("measured with other weights"));
}

#[test]
fn the_error_rate_is_chosen_and_the_calibration_is_one_click_away() {
    let mut shown = Shown::new(with_calibration(), [304.0, 800.0], findings::show);
    shown.click("Error rate");
    shown.click("5 %");
    assert_eq!(shown.commands(), [Command::Uncertainty(UncertaintyCommand::SetErrorRate(0.05))]);
    let open = Command::Uncertainty(UncertaintyCommand::ToggleReliability);
    assert_eq!(answer(with_calibration(), findings::show, "How well calibrated?"), [open]);
}

#[test]
fn the_window_on_calibration_says_its_numbers_in_words() {
    let mut state = with_calibration();
    state.reliability = Some(3);
    let mut shown = Shown::new(state, [1280.0, 800.0], reliability::show);
    assert!(
        shown.says("Measured on validation part, 360 images of 300 patients, 2026-11-20. They chose the temperature.")
    );
    assert!(
        shown.says("Pneumonia: 120 images with it, 240 without. Expected calibration error 0.031, Brier score 0.082.")
    );
    let (heading, value) = ("95 % interval", "0.700–0.830");
    let [heading, value] = [heading, value].map(|words| shown.harness.get_by_label(words).rect());
    assert!((heading.left() - value.left()).abs() < 1.0 && value.top() > heading.top(), "{heading:?} {value:?}");
    shown.click("Normal");
    assert_eq!(shown.commands(), [Command::Uncertainty(UncertaintyCommand::ShowTarget(0))]);
}

#[test]
fn the_window_on_calibration_stays_in_a_small_window() {
    let mut state = with_calibration();
    state.reliability = Some(3);
    let mut shown = Shown::new(state, [640.0, 360.0], reliability::show);
    shown.harness.run_steps(4);
    for words in ["How well calibrated?", "Close", "0.700–0.830", "95 % interval"] {
        let rect = shown.harness.get_by_label(words).rect();
        assert!(rect.left() >= 0.0 && rect.right() <= 640.0, "{words} at {rect:?}");
    }
    let close = shown.harness.get_by_label("Close").rect();
    assert!(close.top() >= 0.0 && close.bottom() <= 360.0, "{close:?}");
}

#[test]
fn a_model_without_dropout_offers_test_time_augmentation_and_does_not_take_it_by_itself() {
    let mut state = finished();
    state.model = Model::Ready(model(false));
    state.results.posterior = None;
    let mut shown = Shown::new(state, [304.0, 800.0], findings::show);
    assert!(shown.says("This model has no stochastic layer: it gives no intervals"));
    shown.click("Use test-time augmentation");
    assert_eq!(shown.commands(), [Command::Uncertainty(UncertaintyCommand::SetSource(SampleSource::TestTime))]);
}

#[test]
fn the_source_is_chosen_and_names_the_uncertainty_that_its_spread_shows() {
    let mut shown = Shown::new(finished(), [304.0, 800.0], findings::show);
    shown.click("Source of samples");
    shown.click("Test-time augmentation");
    assert_eq!(shown.commands(), [Command::Uncertainty(UncertaintyCommand::SetSource(SampleSource::TestTime))]);
    let mut state = finished();
    state.options.source = SampleSource::TestTime;
    assert!(Shown::new(state, [304.0, 800.0], findings::show).says("variability under presentation: 0.03 of 1"));
    let mut state = finished();
    state.options.source = SampleSource::Ensemble;
    let member = Member { name: "second".into(), sha256: "ab".into() };
    state.model = Model::Ready(ModelInfo { ensemble: vec![member], ..model(true) });
    assert!(Shown::new(state, [304.0, 800.0], findings::show).says("2 models, one sample each"));
}

#[test]
fn progress_counts_what_is_sampled() {
    let mut state = crate::viewer_state::sampling(16);
    state.options.source = SampleSource::TestTime;
    state.results.samples_of = 32;
    assert!(Shown::new(state, [1280.0, 24.0], status::show).says("test-time augmentation 16 of 32"));
}

#[test]
fn another_source_draws_anew_with_its_usual_number_of_samples() {
    let mut state = finished();
    let effects = pellucid::app::update::apply(
        &mut state,
        Command::Uncertainty(UncertaintyCommand::SetSource(SampleSource::TestTime)),
    );
    assert_eq!((state.options.source, state.options.samples), (SampleSource::TestTime, 32));
    assert!(!effects.is_empty() && state.results.posterior.is_none());
    let generation = state.generation;
    pellucid::app::update::apply(&mut state, Command::Uncertainty(UncertaintyCommand::SetErrorRate(0.02)));
    assert_eq!((state.preferences.error_rate, state.generation), (0.02, generation), "a risk needs no analysis");
    pellucid::app::update::apply(&mut state, Command::Uncertainty(UncertaintyCommand::SetErrorRate(0.5)));
    assert_eq!(state.preferences.error_rate, 0.02);
}
