//! A report in another language: every sentence of the pages is in it, numbers and dates are written as
//! it does, and what machines read stays in English.

use std::path::Path;
use std::sync::Arc;

use super::super::overlay_image::{overlay_images, reservation};
use super::super::prior::CasePrior;
use super::super::sample_full::full;
use super::super::what_if::ChangeRecord;
use super::super::{CaseReport, document, export, record, verify};
use super::{case, pages, sample_case, with};
use crate::engine::what_if::ScoreChange;
use crate::engine::what_if::alteration::Alteration;
use crate::engine::what_if::filling::Filling;
use crate::engine::what_if::runs::Runs;
use crate::explain::faithfulness::randomization::{Outcome, Randomization, RandomizedStage};
use crate::explain::faithfulness::{Better, Faithfulness, Measure, Measured, Measurement as Reading};
use crate::language::{ENGLISH, within};
use crate::measurement::{Kind, Measurement, Words};
use crate::model::population::PopulationVerdict;

/// A case with every section that a report can have.
fn everything(folder: &Path) -> CaseReport {
    let mut case = full(folder);
    let mut prior = super::case();
    Arc::make_mut(&mut Arc::make_mut(&mut prior.frame).entry).meta.study_date = "20250301".into();
    let drawn = |id, kind, points: &[[f64; 2]], name: &str| Measurement {
        id,
        kind,
        points: points.to_vec(),
        name: Words::new(name),
        thorax_proposed: false,
        known_mm: None,
    };
    let line = |length: f64| drawn(1, Kind::Length, &[[10.0, 10.0], [10.0 + length, 10.0]], "Rundherd");
    case.prior = Some(CasePrior { frame: prior.frame, analysis: prior.analysis, measurements: vec![line(80.0)] });
    case.measurements = vec![
        line(100.0),
        drawn(2, Kind::Ellipse, &[[180.0, 130.0], [240.0, 170.0]], ""),
        drawn(3, Kind::Arrow, &[[210.5, 150.0], [250.0, 100.0]], ""),
    ];
    case.kept_changes = vec![ChangeRecord {
        number: 1,
        name: Words::new("ohne Seitenmarke"),
        taken: Runs::of(&[true, true, false, false]),
        filling: Filling::Road,
        seed: 7,
        alteration: Alteration { turn: 5.0, ..Alteration::default() },
        random_places: 10,
        share: 0.012,
        refused: None,
        reservation: None,
        changes: vec![ScoreChange {
            label: "Pneumonia".into(),
            group: true,
            before: 0.8,
            after: 0.31,
            random: vec![-0.02, 0.01],
        }],
    }];
    let reading = |value| Reading { value, curve: Vec::new() };
    let measure = |measure: Measure| Measured {
        measure,
        better: measure.better(),
        map: reading(if measure.better() == Better::Lower { 0.2 } else { 0.7 }),
        blob: reading(0.45),
        random: reading(0.5),
    };
    let step = RandomizedStage { stage: "stage1".into(), spearman: -0.11, ssim: 0.2 };
    let check = Randomization { steps: vec![step], outcome: Outcome::Passes };
    let measured = Faithfulness::new(Measure::ALL.map(measure).to_vec(), Some(0.031), Some(check));
    case.faithfulness.as_mut().expect("it was asked for").measured = measured;
    case.created = chrono::TimeZone::with_ymd_and_hms(&chrono::Local, 2026, 11, 30, 14, 5, 0).unwrap();
    let impression = case.impression.as_mut().expect("one was written");
    impression.text = "Rundherd rechts.".into();
    impression.remarks[0].text = "Die Karte zeigt denselben Ort.".into();
    // Words of ours, as a file and a model say them; those of the sample are nobody's.
    Arc::make_mut(&mut case.frame).warnings = vec!["Text is burned into the image; it may name the patient.".into()];
    let analysis = Arc::make_mut(&mut case.analysis);
    analysis.warnings.clear();
    analysis.gate.as_mut().expect("there is a gate").warnings.clear();
    case
}

fn german(case: &CaseReport) -> String {
    let case = CaseReport { language: "de".into(), ..case.clone() };
    pages(&document(&case).unwrap()).join(" ").replace('\n', " ")
}

/// The manifest's own words are in its own language, the names of sets and methods in every one.
fn without_names(text: &str, case: &CaseReport) -> String {
    let manifest = &case.model.manifest;
    let own = [&manifest.description, &manifest.training.population, &manifest.training.data];
    let own = own.into_iter().chain(&manifest.limits).chain(manifest.suggestions.iter().map(|rule| &rule.text));
    let own = own.chain(manifest.suggestions.iter().map(|rule| &rule.doubtful));
    let words: Vec<&str> = text.split_whitespace().collect();
    // What the file says of itself is said as it stands there.
    let mut text = words.join(" ").replace("Chest PA for Doe", "");
    for sentence in own {
        text = text.replace(sentence.trim_end_matches('.'), "");
    }
    text
}

#[test]
fn every_sentence_of_the_pages_is_in_the_language_of_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let case = everything(folder.path());
    let outside = PopulationVerdict {
        inside: false,
        reason: "The patient is 66 years old; this model was measured on children of 1 to 5 years only.".into(),
        condition: None,
        distance: None,
        threshold: None,
    };
    let refused = |analysis: &mut crate::engine::Analysis| {
        let gate = analysis.gate.as_mut().unwrap();
        (gate.accepted, gate.reason) = (false, "This does not resemble a frontal chest radiograph.".into());
        (gate.warnings, analysis.scored) = (Vec::new(), false);
    };
    let cases = [
        CaseReport { classes: vec![1, 2], ..case.clone() },
        CaseReport { anonymize: true, ..case.clone() },
        with(|analysis| {
            analysis.population = Some(outside);
            analysis.gate.as_mut().unwrap().warnings.clear();
        }),
        with(refused),
        case,
    ];
    for mut case in cases {
        Arc::make_mut(&mut case.frame).warnings.retain(|words| words.starts_with("Text is"));
        let text = without_names(&german(&case), &case);
        let english =
            ["the", "of", "and", "is", "are", "with", "not", "this", "that", "it", "for", "be", "by", "to", "at"];
        let words = text.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase);
        let found: Vec<String> = words.filter(|word| english.contains(&word.as_str())).collect();
        assert!(found.is_empty(), "{found:?} in {text}");
        for words in ["Fallbericht", "Wie sicher", "Seite 1 von", "Kein Medizinprodukt"] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }
}

#[test]
fn numbers_and_dates_are_written_as_the_language_does() {
    let folder = tempfile::tempdir().unwrap();
    let text = german(&everything(folder.path()));
    for words in ["30.11.2026 14:05", "19.11.2026", "01.03.2025", "0,76", "0,58–0,86", "+25 %", "66 Jahre", "0,143 mm"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    // Numbers of versions, of laws and of the hash have points, and those of nothing else.
    let is_number = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_digit());
        let parts: Vec<&str> = bare.split('.').collect();
        parts.len() == 2 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let pointed: Vec<&&str> = words
        .iter()
        .filter(|word| is_number(word) && **word != "1.0." && **word != "1.0" && !word.starts_with("4.0"))
        .collect();
    assert!(pointed.is_empty(), "{pointed:?}");
}

#[test]
fn what_machines_read_stays_in_english_whatever_the_language_of_report_and_thread() {
    let folder = tempfile::tempdir().unwrap();
    let case = everything(folder.path());
    let english = record(&case);
    let german = CaseReport { language: "de".into(), ..case.clone() };
    let in_german = within("de", || record(&german));
    assert_eq!(in_german.display.language.as_deref(), Some("de"));
    let mut same = in_german.clone();
    same.display.language = None;
    assert_eq!(same, english);
    let outside = with(|analysis| analysis.gate.as_mut().unwrap().accepted = false);
    let german = CaseReport { language: "de".into(), ..outside };
    let said = within("de", || (reservation(&german), overlay_images(&german).unwrap()[0].title.clone()));
    assert!(said.0.unwrap().starts_with("REFUSED BY THE INPUT GATE"));
    assert_eq!(said.1, "Bacterial pneumonia: Grad-CAM, layer stage4");
    assert_eq!(crate::language::current(), ENGLISH);
}

#[test]
fn the_words_in_images_are_in_the_language_of_the_report() {
    let picture = |language: &str| overlay_images(&CaseReport { language: language.into(), ..case() }).unwrap();
    assert_ne!(picture("de")[0].image, picture("en")[0].image);
    assert_eq!(picture("xx")[0].image, picture("en")[0].image, "a language that is not there is English");
}

#[test]
fn a_german_report_is_verified_as_an_english_one() {
    let folder = tempfile::tempdir().unwrap();
    let case = CaseReport { language: "de".into(), ..full(folder.path()) };
    let json = export(&case, folder.path()).unwrap().with_extension("json");
    let outcome = verify::verify(&json, None, |_, _| Ok(sample_case::again(&case))).unwrap();
    assert!(outcome.holds(), "{:?}", outcome.differences);
    assert!(outcome.unchecked.iter().any(|one| one.what == "display, language"), "{:?}", outcome.unchecked);
    let english = CaseReport { language: ENGLISH.into(), ..case };
    let json = export(&english, folder.path()).unwrap().with_extension("json");
    assert!(!std::fs::read_to_string(json).unwrap().contains("language"));
}
