//! What a report must hold, whatever it looks like.

mod beside;
mod german;

use std::path::Path;
use std::sync::Arc;

use lopdf::{Document, Object};

use super::sample_case::{analysis, case, frame, model};
use super::*;
use crate::engine::Analysis;
use crate::explain::Evidence;
use crate::fonts::{SystemFonts, lacking, missing, system};
use crate::model::gate::GateVerdict;

/// The text of each page, as a reader's search finds it.
fn pages(bytes: &[u8]) -> Vec<String> {
    let document = printpdf::PdfDocument::parse(bytes, &printpdf::PdfParseOptions::default(), &mut Vec::new()).unwrap();
    document.extract_text().into_iter().map(|chunks| chunks.join("\n")).collect()
}

fn text(case: &CaseReport) -> String {
    pages(&pdf::pdf(case, &image_file::ImageFile::default()).unwrap()).join("\n")
}

/// A case whose image really lies on the disk.
fn on_disk(folder: &Path) -> CaseReport {
    sample_case::on_disk(case(), folder)
}

fn with(change: impl FnOnce(&mut Analysis)) -> CaseReport {
    let mut case = case();
    change(Arc::make_mut(&mut case.analysis));
    case
}

#[test]
fn one_class_is_one_page_and_a_grid_two() {
    let source = image_file::ImageFile { sha256: Some("0".repeat(64)), ..Default::default() };
    for paper in [Paper::A4, Paper::Letter] {
        let one = CaseReport { paper, ..case() };
        let printed = pages(&pdf::pdf(&one, &source).unwrap());
        assert_eq!(printed.len(), 1, "{paper:?}: {}", printed.join("\n———\n"));
        let grid = CaseReport { classes: vec![0, 1, 2], paper, ..case() };
        assert_eq!(pages(&pdf::pdf(&grid, &source).unwrap()).len(), 2, "{paper:?}");
    }
}

#[test]
fn the_page_says_who_what_how_sure_and_on_what_ground() {
    // Lines are broken where the column ends.
    let text = text(&case()).split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "Doe Jane Marie",
        "MRN-4711",
        "Bacterial pneumonia",
        "0.58–0.86",
        "Input gate: accepted.",
        "body part CHEST",
        "hesitates between Bacterial pneumonia and Viral pneumonia, both Pneumonia (entropy moderate)",
        "Entropy 0.37 of 1: 0.35 uncertainty about the image (aleatoric), 0.03 uncertainty about the model (epistemic)",
        "Grad-CAM at layer stage4",
        "3f9c2a7d5b1e4c6088aa91d2f4b7e3c05d6e7f8091a2b3c4d5e6f708192a3b4c",
        "AUROC 0.982 (0.971–0.990)",
        "Not a medical device",
        "Page 1 of 1",
        "Signature",
        "the model never saw any",
    ] {
        assert!(text.contains(words), "{words} is missing in\n{text}");
    }
}

#[test]
fn a_refused_image_prints_the_reason_and_no_scores() {
    let case = with(|a| {
        *a = Analysis { gate: a.gate.take(), ..Analysis::default() };
        let gate = a.gate.as_mut().unwrap();
        (gate.accepted, gate.reason) = (false, "This is a hand.".into());
    });
    let text = text(&case);
    assert!(text.contains("Input gate: refused. There are no scores.") && text.contains("This is a hand."));
    assert!(text.contains("No map") && !text.contains("logit"));
}

#[test]
fn a_refused_image_that_no_gate_scored_prints_no_score() {
    let case = with(|a| {
        let gate = a.gate.take().map(|gate| GateVerdict::without_a_score(gate.threshold, "It is in colour.".into()));
        *a = Analysis { gate, ..Analysis::default() };
    });
    let text = text(&case);
    assert!(text.contains("Input gate: refused. There are no scores.") && text.contains("It is in colour."), "{text}");
    assert!(!text.contains("Score ") && !text.contains("let through from"), "{text}");
}

#[test]
fn a_class_without_evidence_says_so_in_words() {
    let mut case = case();
    case.classes = vec![0];
    assert_eq!(case.attribution(0).unwrap().evidence, Evidence::NonePositive);
    assert!(text(&case).contains("No positive evidence for this class"));
}

#[test]
fn a_model_without_dropout_has_no_intervals() {
    let text = text(&with(|a| (a.stochastic, a.posterior) = (false, None)));
    assert!(text.contains("no stochastic layer") && !text.contains("5–95 %"));
}

#[test]
fn in_doubt_the_suggestion_is_the_doubtful_one() {
    let certain = suggestions::suggestions(&case());
    assert!(!certain[0].doubtful && certain[0].text.starts_with("The map and the score fit"));
    let crossing = with(|a| a.posterior.as_mut().unwrap().groups[0].p05 = 0.5);
    let doubtful = suggestions::suggestions(&crossing);
    assert!(doubtful[0].doubtful && doubtful[0].text.contains("possible but not certain"));
    // The mean of the samples is a detail: the probability decides.
    let below = with(|a| a.posterior.as_mut().unwrap().groups[0].mean = 0.3);
    assert_eq!(suggestions::suggestions(&below), certain);
    let below = with(|a| a.groups[0].probability = 0.3);
    assert!(suggestions::suggestions(&below).is_empty());
    assert!(text(&case()).contains("never an instruction to treat"));
}

/// The text with lines that were broken where a column ends in one piece.
fn flowing(case: &CaseReport) -> String {
    text(case).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The model of the sample, calibrated so that its states are decided.
fn calibrated(mut case: CaseReport) -> CaseReport {
    use crate::model::calibration::tests::made;
    case.model.calibration = Arc::new(Ok(made(&case.model.manifest)));
    case
}

fn population(inside: bool) -> crate::model::population::PopulationVerdict {
    crate::model::population::PopulationVerdict {
        inside,
        reason: if inside { String::new() } else { "The patient is 66 years old; the model knows 1–5 years.".into() },
        condition: inside.then(|| "the patient is 1–5 years old".to_owned()),
        distance: None,
        threshold: None,
    }
}

#[test]
fn the_number_is_the_probability_and_the_mean_of_the_samples_a_detail() {
    let printed = flowing(&case());
    assert!(printed.contains("Pneumonia 0.94 0.83–0.97 0.62 above"), "{printed}");
    assert!(printed.contains("seed 7; means 0.91, 0.74, 0.17, 0.09."), "{printed}");
}

#[test]
fn outside_the_population_the_sentence_comes_first_and_nothing_is_called_present_or_suggested() {
    let inside = calibrated(case());
    assert!(flowing(&inside).contains("present") && flowing(&inside).contains("For consideration"));
    let case = calibrated(with(|a| a.population = Some(population(false))));
    let printed = flowing(&case);
    let place = |words: &str| printed.find(words).unwrap_or_else(|| panic!("{words} is missing in\n{printed}"));
    let sentence = "Outside the population that this model was measured on: states are withheld.";
    assert!(place(sentence) < place("Input gate:"), "{printed}");
    assert!(place("The patient is 66 years old") < place("Input gate:"));
    assert!(printed.contains("outside the population that this model was measured on"), "in place of the states");
    for word in ["present", "absent", "undecided", "above", "below its", "For consideration"] {
        assert!(!printed.contains(word), "{word} in\n{printed}");
    }
    assert!(printed.contains("0.94") && printed.contains("Grad-CAM"), "scores and maps stay");
    let sidecar = sidecar::Sidecar::of(&case, &image_file::ImageFile::default());
    let json = serde_json::to_value(&sidecar).unwrap();
    assert!(sidecar.suggestions.is_empty());
    assert_eq!(json["conformal"]["states"][3]["state"], "withheld");
    assert_eq!(json["conformal"]["states"][3]["reason"], json["population"]["reason"]);
    let folder = tempfile::tempdir().unwrap();
    let case = sample_case::on_disk(case, folder.path());
    let path = export(&case, folder.path()).unwrap().with_extension("json");
    assert!(verify::verify(&path, None, |_, _| Ok(sample_case::again(&case))).unwrap().holds());
}

#[test]
fn what_must_hold_for_the_states_stands_with_them() {
    let case = calibrated(with(|a| a.population = Some(population(true))));
    assert!(flowing(&case).contains("if the patient is 1–5 years old"), "{}", flowing(&case));
}

#[test]
fn characters_that_no_font_has_are_named() {
    let mut case = case();
    Arc::make_mut(&mut Arc::make_mut(&mut case.frame).entry).meta.patient_name = "山田^太郎".into();
    let text = system::with(SystemFonts::none(), || text(&case));
    assert!(text.contains("U+5C71") && text.contains("□□ □□"), "{text}");
}

/// The report of a patient of this name; nothing where the system has no font for it.
fn of_patient(name: &str) -> Option<String> {
    if !missing(name).is_empty() {
        println!("skipped: {}", lacking(name).unwrap_or_default());
        return None;
    }
    let mut case = case();
    Arc::make_mut(&mut Arc::make_mut(&mut case.frame).entry).meta.patient_name = name.into();
    Some(text(&case))
}

#[test]
fn a_name_in_any_script_leaves_number_and_dates_as_they_are() {
    for name in ["محمد^علي", "כהן^דוד", "王^小东", "山田^太郎", "洪^길동", "สมชาย^ใจดี", "राम^कुमार"]
    {
        let Some(text) = of_patient(name) else { continue };
        for words in ["MRN-4711", "1960-02-29", "2026-11-19 11:45", "ACC-2026-0815"] {
            assert!(text.contains(words), "{name}: {words} is missing in\n{text}");
        }
        assert!(!text.contains("U+") && !text.contains('□'), "{name}: {text}");
    }
}

#[test]
fn an_endless_name_is_cut_on_the_page_and_kept_in_the_file() {
    let name = format!("{}^Jane", "Doe-".repeat(250_000));
    let mut case = case();
    Arc::make_mut(&mut Arc::make_mut(&mut case.frame).entry).meta.patient_name.clone_from(&name);
    let text = text(&case);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("(cut, 1000005 characters)"), "{text}");
    assert!(text.len() < 20_000);
    assert_eq!(sidecar::Sidecar::of(&case, &image_file::ImageFile::default()).image.patient_name, name);
}

#[test]
fn fonts_are_subset_and_images_lossless() {
    let bytes = pdf::pdf(&CaseReport { classes: vec![1, 2], ..case() }, &image_file::ImageFile::default()).unwrap();
    assert!(bytes.len() < 400_000, "{}", bytes.len());
    let document = Document::load_mem(&bytes).unwrap();
    let mut images = 0;
    for object in document.objects.values() {
        let Object::Stream(stream) = object else { continue };
        if stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Image") {
            assert_eq!(stream.dict.get(b"Filter").unwrap().as_name().unwrap(), b"FlateDecode");
            images += usize::from(stream.dict.get(b"Width").unwrap().as_i64().unwrap() == 300);
        }
    }
    assert_eq!(images, 1, "the film is stored once");
}

#[test]
fn the_document_is_dated_today_and_names_no_patient() {
    let bytes = pdf::pdf(&case(), &image_file::ImageFile::default()).unwrap();
    let document = Document::load_mem(&bytes).unwrap();
    let info = document.get_dictionary(document.trailer.get(b"Info").unwrap().as_reference().unwrap()).unwrap();
    let date = String::from_utf8(info.get(b"CreationDate").unwrap().as_str().unwrap().to_vec()).unwrap();
    assert!(date.starts_with(&format!("D:{}", case().created.to_utc().format("%Y%m%d"))), "{date}");
    assert!(!format!("{info:?}").contains("Doe"));
}

#[test]
fn an_anonymised_export_holds_no_patient_in_any_byte() {
    let folder = tempfile::tempdir().unwrap();
    let case = CaseReport { anonymize: true, classes: vec![0, 1, 2], ..on_disk(folder.path()) };
    let out = tempfile::tempdir().unwrap();
    let path = export(&case, out.path()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let json = std::fs::read_to_string(path.with_extension("json")).unwrap();
    let mut inflated = Document::load_mem(&bytes).unwrap();
    inflated.decompress();
    let mut streams = Vec::new();
    inflated.save_to(&mut streams).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let readable = pages(&bytes).join("\n");
    assert!(readable.contains("Anonymised"));

    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    for secret in [
        "Doe",
        "Jane",
        "Marie",
        // Not its four digits alone: coordinates of a drawing may hold those by chance.
        "MRN-4711",
        "19600229",
        "1960-02-29",
        // Not its last four digits alone: the figures of a report may hold those by chance.
        "2026-0815",
        "Katharinen",
        "Rumpelstilz",
        "Grete",
        "20261119",
        "2026-11-19",
        "stehend",
        "1.2.826",
    ] {
        for (place, text) in [("name", &name), ("JSON", &json), ("pages", &readable)] {
            assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{secret} in the {place}");
        }
        for bytes in [&bytes, &streams] {
            let holds = |secret: &[u8]| bytes.windows(secret.len()).any(|w| w.eq_ignore_ascii_case(secret));
            // Four letters or more: shorter words turn up in compressed noise by chance.
            assert!(secret.len() < 4 || !holds(secret.as_bytes()), "{secret} in the bytes");
            assert!(!holds(&utf16(secret)), "{secret} in the bytes as UTF-16");
        }
    }
}

#[test]
fn whoever_the_header_names_is_struck_from_free_text_wherever_he_recurs() {
    use crate::report::impression::{Impression, Remark};
    use crate::study::identifiers::Kind;

    let folder = tempfile::tempdir().unwrap();
    let mut case = CaseReport { anonymize: true, ..on_disk(folder.path()) };
    let meta = &mut Arc::make_mut(&mut Arc::make_mut(&mut case.frame).entry).meta;
    meta.age = "1104M".into();
    for (kind, text) in [
        (Kind::Person, "Operatrix^Olga"),
        (Kind::Person, "Leser^Lu^^Dr"),
        (Kind::Place, "Abteilung für Strahlenheilkunde Nord"),
        (Kind::Place, "Bergmannsklinikum"),
        (Kind::Number, "ORDER-998877"),
    ] {
        meta.identifiers.add(kind, text);
    }
    let said = "Taken by OLGA Operatrix at Bergmannsklinikum (Strahlenheilkunde), read by Lu Leser, order ORDER-998877, \
                of a 92-year-old, 1104 months.";
    Arc::make_mut(&mut case.frame).warnings.push(said.into());
    let remark = Remark { text: said.into(), written_at: case.created };
    let (text, written_at) = (said.to_owned(), case.created);
    case.impression = Some(Impression { text, written_at, before_result: true, remarks: vec![remark] });
    let path = export(&case, folder.path()).unwrap();
    let json = std::fs::read_to_string(path.with_extension("json")).unwrap();
    let printed = pages(&std::fs::read(&path).unwrap()).join("\n");
    assert!(json.contains("Taken by [removed]") && json.contains("90+ years"), "{json}");
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    for secret in ["Olga", "Operatrix", "Bergmann", "Strahlenheil", "Leser", "998877", "92-year", "1104"] {
        for (place, text) in [("JSON", &json), ("pages", &printed), ("name", &name)] {
            assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{secret} in the {place}");
        }
    }
    let record: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(!record["impression"].to_string().contains("Lu"), "a name of two letters, as a word");
    assert_eq!(record["image"]["age"], "090Y+");
    // Nor by a hash can anybody tell which file it was.
    let hash = image_file::sha256(&case.frame.entry.path).unwrap();
    assert!(!json.contains(&hash) && !printed.contains(&hash[..16]) && !name.contains(&hash[..8]));
}

#[test]
fn nothing_is_overwritten_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let case = on_disk(folder.path());
    let out = tempfile::tempdir().unwrap();
    let (first, second) = (export(&case, out.path()).unwrap(), export(&case, out.path()).unwrap());
    assert_ne!(first, second);
    let name = first.file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.starts_with("pellucid_MRN-4711_20261119_"), "{name}");
    let files = std::fs::read_dir(out.path()).unwrap().count();
    assert_eq!(files, 4);

    let nowhere = out.path().join("not there");
    let said = export(&case, &nowhere).unwrap_err().to_string();
    assert!(said.contains("choose a folder that you may write to"), "{said}");
    // A folder in the way of the JSON: the PDF must not stay alone.
    let blocked = out.path().join("case.pdf");
    std::fs::create_dir(blocked.with_extension("json")).unwrap();
    assert!(export_to(&case, &blocked).is_err());
    assert!(!blocked.exists());
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), files + 1);
}

#[test]
fn the_sidecar_is_read_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let case = on_disk(folder.path());
    let path = export(&case, folder.path()).unwrap();
    let sidecar = verify::read(&path.with_extension("json")).unwrap();
    let pdf_sha256 = Some(image_file::sha256(&path).unwrap());
    assert_eq!(
        sidecar,
        sidecar::Sidecar { pdf_sha256, ..sidecar::Sidecar::of(&case, &image_file::ImageFile::of(&case)) }
    );
    assert_eq!(sidecar.labels.len(), 3);
    assert_eq!(sidecar.maps[0].values.len(), 196);
    let other = folder.path().join("other.json");
    std::fs::write(&other, "{}").unwrap();
    assert!(verify::read(&other).unwrap_err().to_string().contains("is no case report of Pellucid"));
}

#[test]
fn the_defaults_of_a_case_are_the_top_class_and_the_target_layer() {
    let case = CaseReport::new(Arc::new(frame()), Arc::new(analysis()), model());
    assert_eq!((case.classes.as_slice(), case.layer.as_str()), ([1].as_slice(), "stage4"));
    let names: Vec<(String, bool)> = case.findings().into_iter().map(|f| (f.name, f.member)).collect();
    let expected = [("Pneumonia", false), ("Bacterial pneumonia", true), ("Viral pneumonia", true), ("Normal", false)];
    assert_eq!(names, expected.map(|(name, member)| (name.to_owned(), member)));
}

#[test]
fn how_faithful_the_map_is_is_printed_where_it_was_asked() {
    use crate::engine::map_request::MapFaithfulness;
    use crate::explain::faithfulness::Faithfulness;
    use crate::explain::faithfulness::measure::{Measure, Measured, Measurement};
    use crate::explain::{Method, Subject};

    assert!(!text(&case()).contains("Faithfulness of the map"));
    let reading = |value| Measurement { value, curve: Vec::new() };
    let figure = |measure: Measure| Measured {
        measure,
        better: measure.better(),
        map: reading(0.31),
        blob: reading(0.42),
        random: reading(0.4),
    };
    let trust = Faithfulness::new(Measure::ALL.map(figure).to_vec(), Some(0.031), None);
    let sentence = trust.sentence.clone();
    let (subject, layer) = (Subject::class(1), "stage4".to_owned());
    let measured = MapFaithfulness { method: Method::GradCam, subject, layer, measured: trust, whole: false };
    let case = CaseReport { faithfulness: Some(measured.clone()), ..case() };
    // Lines are broken where the column ends.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let printed = words(&text(&case));
    assert!(printed.contains(&sentence), "{sentence} is missing in\n{printed}");
    for part in [
        "Map of Bacterial pneumonia, Grad-CAM at stage4.",
        "Drop in confidence",
        "0.310",
        "by up to 3.1 %",
        "the randomisation check were not finished",
        "cannot say whether it lies on the finding",
    ] {
        assert!(printed.contains(part), "{part} is missing in\n{printed}");
    }
    let sidecar = sidecar::Sidecar::of(&case, &image_file::ImageFile::default());
    let json = serde_json::to_string(&sidecar).unwrap();
    let read: sidecar::Sidecar = serde_json::from_str(&json).unwrap();
    let record = read.faithfulness.expect("the sidecar holds the figures");
    assert_eq!((record.label.as_str(), record.found), ("Bacterial pneumonia", measured.measured));
}

#[test]
fn where_the_evidence_lies_is_printed_and_filed_where_the_lungs_are_known() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!text(&case()).contains("Evidence and lungs"));
    let known = CaseReport { lungs: Some(sample_case::lungs(folder.path())), ..case() };
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let printed = words(&text(&known));
    let shares = known.evidence_shares(1).unwrap();
    assert!(shares.peak_inside && shares.evidence.left > shares.evidence.right, "{shares:?}");
    let inside = format!("{:.2}", shares.evidence.inside);
    for part in ["an even map", "left lower zone", "mask doe-jane.png", inside.as_str()] {
        assert!(printed.contains(part), "{part} is missing in\n{printed}");
    }
    let anonymous = CaseReport { anonymize: true, ..known };
    assert!(!text(&anonymous).contains("doe-jane"));
    let sidecar = sidecar::Sidecar::of(&anonymous, &image_file::ImageFile::default());
    let json = serde_json::to_string(&sidecar).unwrap();
    assert!(!json.contains("doe-jane"), "{json}");
    let read: sidecar::Sidecar = serde_json::from_str(&json).unwrap();
    assert_eq!(read.maps[0].lungs, anonymous.evidence_shares(1));
}

#[test]
fn a_map_of_the_pixels_names_no_layer_and_says_what_it_adds_up_to() {
    use crate::explain::{INPUT, Method, Residual};

    let residual = Residual { expected: 2.5, found: 2.0 };
    let mut case = with(|analysis| {
        for map in &mut analysis.attributions {
            let map = Arc::make_mut(map);
            (map.method, map.layer, map.residual) = (Method::IntegratedGradients, INPUT.into(), Some(residual));
        }
    });
    case.method = Method::IntegratedGradients;
    let printed = text(&case).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(printed.contains("Integrated gradients, logit +2.31"), "{printed}");
    assert!(printed.contains("Integrated gradients at the input, 14 × 14"), "{printed}");
    assert!(printed.contains("Bacterial pneumonia: adds up to 2.00 of 2.50, 20 % off"), "{printed}");
    let sidecar = sidecar::Sidecar::of(&case, &image_file::ImageFile::default());
    let json = serde_json::to_string(&sidecar).unwrap();
    assert_eq!(serde_json::from_str::<sidecar::Sidecar>(&json).unwrap().maps[0].residual, Some(residual));
}
