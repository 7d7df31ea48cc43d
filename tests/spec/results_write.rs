//! A case as DICOM objects: what stands in them, what never does, and that what was written can be read
//! again with nothing lost. `tests/against_dicom_judges.py` asks other programs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use candle_core::Device;
use chrono::{Duration, Local};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{InMemDicomObject, open_file};
use pellucid::cancel::CancelToken;
use pellucid::engine::analysis::analyze;
use pellucid::engine::lungs::{FieldsSource, Lungs};
use pellucid::engine::{AnalysisOptions, ModelInfo};
use pellucid::feedback::{CaseFeedback, FindingAnswer, Mark, MarkReason, Opinion};
use pellucid::imaging::lung_fields::LungFields;
use pellucid::measurement::{Kind, Measurement, Words};
use pellucid::model::registry::load;
use pellucid::report::{CaseReport, Impression};
use pellucid::results::read::{ReadObject, ReportTree, Value, read};
use pellucid::results::write::{ObjectKind, ResultObject, WriteOptions, Written, write, write_into};
use pellucid::study::{deidentify::Key, open_image};

use super::study::{file, grey, number, text};

pub(super) const SIDE: usize = 256;

/// A chest of two ellipses with an opacity.
fn drawn() -> Vec<u16> {
    let inside =
        |x: f64, y: f64, cx: f64, cy: f64, rx: f64, ry: f64| ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2) < 1.0;
    let value = |i: usize| {
        let (x, y) = ((i % SIDE) as f64, (i / SIDE) as f64);
        let lung = inside(x, y, 80.0, 125.0, 42.0, 85.0) || inside(x, y, 176.0, 125.0, 42.0, 85.0);
        let opacity = if inside(x, y, 180.0, 160.0, 24.0, 20.0) { 900 } else { 0 };
        (if lung { 700 + opacity } else { 2400 }) + ((i * 7919) % 97) as u16
    };
    (0..SIDE * SIDE).map(value).collect()
}

/// A radiograph in a DICOM file, with further elements.
pub(super) fn radiograph(folder: &Path, more: &[(Tag, VR, &str)]) -> PathBuf {
    let mut object = grey(&drawn());
    number(&mut object, tags::ROWS, SIDE as u16);
    number(&mut object, tags::COLUMNS, SIDE as u16);
    for (tag, vr, value) in [
        (tags::BODY_PART_EXAMINED, VR::CS, "CHEST"),
        (tags::PATIENT_ID, VR::LO, "MRN-4711"),
        (tags::PATIENT_NAME, VR::PN, "Rumpelstilz^Jane"),
        (tags::PATIENT_BIRTH_DATE, VR::DA, "19600229"),
        (tags::PATIENT_SEX, VR::CS, "F"),
        (tags::STUDY_DATE, VR::DA, "20261119"),
        (tags::ACCESSION_NUMBER, VR::SH, "ACC-0815"),
        (tags::STUDY_DESCRIPTION, VR::LO, "Chest PA for Rumpelstilz"),
        (tags::INSTITUTION_NAME, VR::LO, "Sankt-Katharinen-Spital"),
        (tags::BURNED_IN_ANNOTATION, VR::CS, "NO"),
    ]
    .iter()
    .chain(more)
    {
        text(&mut object, *tag, *vr, value);
    }
    let path = folder.join("rumpelstilz.dcm");
    fs::write(&path, file(object, uids::EXPLICIT_VR_LITTLE_ENDIAN)).unwrap();
    path
}

/// Where a plane lies in the patient.
pub(super) const PLACE: [(Tag, VR, &str); 5] = [
    (tags::FRAME_OF_REFERENCE_UID, VR::UI, "2.25.4471147114711"),
    (tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\0\\-1"),
    (tags::IMAGE_POSITION_PATIENT, VR::DS, "-100\\5\\200"),
    (tags::PIXEL_SPACING, VR::DS, "0.5\\0.25"),
    (tags::SLICE_THICKNESS, VR::DS, "3"),
];

pub(super) fn case(path: &Path, force: bool) -> CaseReport {
    let model = load("chest-xray", &Device::Cpu).unwrap();
    let frame = open_image(path).unwrap();
    let options = AnalysisOptions { samples: 3, force, ..AnalysisOptions::default() };
    let analysis = analyze(&model, &frame, &options, &CancelToken::default(), &mut |_| ()).unwrap();
    let mut case = CaseReport::new(Arc::new(frame), Arc::new(analysis), ModelInfo::of(&model));
    let lung = |i: usize| {
        let (x, y) = ((i % SIDE) as f64, (i / SIDE) as f64);
        [80.0, 176.0].iter().any(|cx| ((x - cx) / 42.0_f64).powi(2) + ((y - 125.0) / 85.0_f64).powi(2) < 1.0)
    };
    let lung: Vec<bool> = (0..SIDE * SIDE).map(lung).collect();
    let source = FieldsSource::Segmenter { version: "1".into(), sha256: "ab".into(), expected_dice: 0.97 };
    case.lungs = Some(Arc::new(Lungs::new(LungFields::of_lung(&lung, SIDE, SIDE).unwrap(), source)));
    case
}

fn written(case: &CaseReport) -> Written {
    write(case, &WriteOptions::default()).unwrap()
}

fn kinds(written: &Written) -> Vec<ObjectKind> {
    written.objects.iter().map(|object| object.kind).collect()
}

fn of_kind(written: &Written, kind: ObjectKind) -> &ResultObject {
    written.objects.iter().find(|object| object.kind == kind).unwrap_or_else(|| panic!("no {kind:?}"))
}

fn value(object: &InMemDicomObject, tag: Tag) -> String {
    object.element(tag).map_or_else(|_| String::new(), |e| e.to_str().unwrap().trim_end_matches(['\0', ' ']).to_owned())
}

/// The report as it is read again.
fn tree(written: &Written, folder: &Path) -> ReportTree {
    let report = of_kind(written, ObjectKind::StructuredReport);
    let paths = write_into(folder, std::slice::from_ref(report)).unwrap();
    match read(&paths[0]).unwrap() {
        ReadObject::StructuredReport(report) => report.tree,
        other => panic!("{other:?}"),
    }
}

/// The codes of all items of this name.
fn named(tree: &ReportTree, code: &str) -> Vec<Value> {
    let is = |item: &&pellucid::results::read::ReportItem| item.concept.as_ref().is_some_and(|c| c.value == code);
    tree.items.iter().filter(is).map(|item| item.value.clone()).collect()
}

#[test]
fn objects_belong_to_the_study_of_the_image_and_have_series_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let case = case(&radiograph(folder.path(), &PLACE), true);
    let written = written(&case);
    assert_eq!(
        kinds(&written),
        [
            ObjectKind::ParametricMap,
            ObjectKind::Segmentation,
            ObjectKind::PresentationState,
            ObjectKind::SecondaryCapture,
            ObjectKind::EncapsulatedPdf,
            ObjectKind::StructuredReport
        ],
        "{:?}",
        written.left_out
    );
    let mut series = BTreeSet::new();
    for object in &written.objects {
        let own = |tag| value(&object.object, tag);
        assert_eq!((own(tags::STUDY_INSTANCE_UID), own(tags::PATIENT_ID)), ("2.25.2".into(), "MRN-4711".into()));
        assert_eq!(
            (own(tags::PATIENT_NAME), own(tags::PATIENT_BIRTH_DATE)),
            ("Rumpelstilz^Jane".into(), "19600229".into())
        );
        assert_eq!((own(tags::ACCESSION_NUMBER), own(tags::STUDY_ID)), ("ACC-0815".into(), String::new()));
        assert_eq!(own(tags::SOP_INSTANCE_UID), object.sop_instance_uid);
        let contributing = object.object.element(tags::CONTRIBUTING_EQUIPMENT_SEQUENCE).unwrap();
        let model = value(&contributing.items().unwrap()[0], tags::CONTRIBUTION_DESCRIPTION);
        assert!(model.contains(&case.model.sha256), "{model}");
        series.insert(own(tags::SERIES_INSTANCE_UID));
    }
    assert_eq!((series.len(), series.contains("2.25.3")), (6, false));
}

#[test]
fn the_same_uid_means_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let case = case(&radiograph(folder.path(), &PLACE), true);
    let (first, second) = (written(&case), written(&case));
    for (a, b) in first.objects.iter().zip(&second.objects) {
        assert_eq!(
            (&a.sop_instance_uid, a.bytes().unwrap()),
            (&b.sop_instance_uid, b.bytes().unwrap()),
            "{:?}",
            a.kind
        );
    }
    // Another time of making is another object.
    let later = CaseReport { created: case.created + Duration::seconds(1), ..case.clone() };
    for (a, b) in first.objects.iter().zip(&written(&later).objects) {
        assert_ne!(a.sop_instance_uid, b.sop_instance_uid, "{:?}", a.kind);
    }
}

#[test]
fn maps_hold_every_value_and_lie_where_the_image_lies() {
    let folder = tempfile::tempdir().unwrap();
    let case = case(&radiograph(folder.path(), &PLACE), true);
    let written = written(&case);
    let map = &of_kind(&written, ObjectKind::ParametricMap).object;
    let stored = map.element(tags::FLOAT_PIXEL_DATA).unwrap().to_multi_float32().unwrap();
    let raw: Vec<f32> = case.analysis.attributions.iter().flat_map(|map| map.raw.values.clone()).collect();
    assert_eq!(stored, raw);
    assert_eq!(value(map, tags::CONTENT_QUALIFICATION), "RESEARCH");
    // The squashed input covers the whole image: the centres of the first cell and of the image agree.
    let size = f64::from(case.analysis.attributions[0].raw.width as u32);
    let shared = &map.element(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).unwrap().items().unwrap()[0];
    let group = |tag| shared.element(tag).unwrap().items().unwrap()[0].clone();
    let spacing =
        group(tags::PIXEL_MEASURES_SEQUENCE).element(tags::PIXEL_SPACING).unwrap().to_multi_float64().unwrap();
    let position =
        group(tags::PLANE_POSITION_SEQUENCE).element(tags::IMAGE_POSITION_PATIENT).unwrap().to_multi_float64().unwrap();
    let (down, across) = (256.0 * 0.5 / size, 256.0 * 0.25 / size);
    assert!(spacing.iter().zip([down, across]).all(|(a, b)| (a - b).abs() < 1e-9), "{spacing:?}");
    let expected = [-100.0 + across / 2.0 - 0.125, 5.0, 200.0 - down / 2.0 + 0.25];
    assert!(position.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{position:?} {expected:?}");

    // Masks have the pixels of the image.
    let masks = &of_kind(&written, ObjectKind::Segmentation).object;
    let bits = masks.element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().into_owned();
    let count =
        |frame: usize| (0..SIDE * SIDE).filter(|i| bits[(frame * SIDE * SIDE + i) / 8] >> (i % 8) & 1 == 1).count();
    let fields = &case.lungs.as_ref().unwrap().fields;
    let regions = fields.on_grid(SIDE, SIDE);
    assert_eq!(count(0), regions.iter().filter(|region| region.is_right()).count());
    assert_eq!(count(1), regions.iter().filter(|region| region.is_left()).count());
    assert_eq!(value(masks, tags::FRAME_OF_REFERENCE_UID), "2.25.4471147114711");
}

#[test]
fn without_a_place_in_the_patient_none_is_invented() {
    let folder = tempfile::tempdir().unwrap();
    let written = written(&case(&radiograph(folder.path(), &[]), true));
    assert!(!kinds(&written).contains(&ObjectKind::ParametricMap));
    assert!(written.left_out[0].reason.contains("none is invented"), "{:?}", written.left_out);
    let masks = &of_kind(&written, ObjectKind::Segmentation).object;
    assert!(masks.element(tags::FRAME_OF_REFERENCE_UID).is_err());
    let shared = &masks.element(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).unwrap().items().unwrap()[0];
    assert_eq!(shared.iter().count(), 0);
}

#[test]
fn the_report_holds_every_number_and_what_the_reader_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut case = case(&radiograph(folder.path(), &PLACE), true);
    let at = Local::now();
    case.impression =
        Some(Impression { text: "Trübung rechts".into(), written_at: at, before_result: true, remarks: Vec::new() });
    let finding = case.findings()[0].name.clone();
    let region = vec![[10.0, 20.0], [60.0, 90.0]];
    case.measurements = vec![Measurement {
        id: 1,
        kind: Kind::Rectangle,
        points: region.clone(),
        name: Words::new("box"),
        thorax_proposed: false,
        known_mm: None,
    }];
    case.feedback = Some(CaseFeedback {
        answers: vec![FindingAnswer {
            finding: finding.clone(),
            opinion: Opinion::Absent,
            said: None,
            at,
            before_result: true,
        }],
        marks: vec![Mark {
            measurement: 1,
            finding,
            reason: MarkReason::Missed,
            kind: Kind::Rectangle,
            points: region,
            at,
            before_result: false,
        }],
        remark: None,
    });
    let written = written(&case);
    let report = of_kind(&written, ObjectKind::StructuredReport);
    assert_eq!(value(&report.object, tags::SPECIFIC_CHARACTER_SET), "ISO_IR 192");
    let tree = tree(&written, &folder.path().join("out"));
    let exact: Vec<f64> = named(&tree, "122157")
        .iter()
        .map(|value| match value {
            Value::Number { number, .. } => number.unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    for found in case.findings() {
        let spread = found.summary.unwrap();
        for wanted in [found.probability, spread.p05, spread.p95, spread.mean, spread.sd] {
            assert!(exact.contains(&f64::from(wanted)), "{} {wanted}: {exact:?}", found.name);
        }
    }
    let shown = format!("{:?}", tree.items);
    for words in ["Trübung rechts", &case.model.sha256, "Supplemented: the model did not find it", "ASSESSMENT"] {
        assert!(shown.contains(words), "{words}");
    }
    let drawn = of_kind(&written, ObjectKind::PresentationState).object.element(tags::GRAPHIC_LAYER_SEQUENCE).unwrap();
    let layers: Vec<String> = drawn.items().unwrap().iter().map(|item| value(item, tags::GRAPHIC_LAYER)).collect();
    assert!(["LUNGS", "MEASUREMENTS", "NOTICE"].iter().all(|name| layers.iter().any(|own| own == name)), "{layers:?}");
}

#[test]
fn a_refused_image_is_marked_everywhere_and_has_no_finding() {
    let folder = tempfile::tempdir().unwrap();
    let mut refused = case(&radiograph(folder.path(), &PLACE), true);
    let mut analysis = (*refused.analysis).clone();
    let gate = analysis.gate.as_mut().unwrap();
    (gate.accepted, gate.reason) = (false, "A hand.".into());
    refused.analysis = Arc::new(analysis);
    let written = written(&refused);
    assert!(kinds(&written).contains(&ObjectKind::ParametricMap), "shown anyway");
    for object in &written.objects {
        let series = value(&object.object, tags::SERIES_DESCRIPTION);
        assert!(series.starts_with("REFUSED BY GATE: "), "{:?}: {series}", object.kind);
    }
    let tree = tree(&written, &folder.path().join("out"));
    // A state that is withheld is a reason and no finding.
    assert!(named(&tree, "121071").is_empty());
    assert_eq!(named(&tree, "NOSTATE").len(), refused.findings().len());
    let mut unscored = (*refused.analysis).clone();
    unscored.scored = false;
    let nothing = self::written(&CaseReport { analysis: Arc::new(unscored), ..refused });
    assert!(!kinds(&nothing).contains(&ObjectKind::ParametricMap));
}

#[test]
fn an_anonymised_case_names_nobody_in_any_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut case = case(&radiograph(folder.path(), &PLACE), true);
    let said = "Mrs Rumpelstilz, MRN-4711, born 29.02.1960".to_owned();
    case.impression =
        Some(Impression { text: said, written_at: Local::now(), before_result: true, remarks: Vec::new() });
    case.feedback = Some(CaseFeedback {
        marks: vec![Mark {
            measurement: 1,
            finding: "a nodule of Mrs Rumpelstilz".into(),
            reason: MarkReason::Missed,
            kind: Kind::Rectangle,
            points: vec![[10.0, 20.0], [60.0, 90.0]],
            at: Local::now(),
            before_result: false,
        }],
        ..CaseFeedback::default()
    });
    case.anonymize = true;
    let secrets = ["Rumpelstilz", "rumpelstilz", "Jane", "MRN-4711", "ACC-0815", "19600229", "29.02.1960", "20261119"];
    let more = ["Katharinen", "2.25.2\0", "2.25.3\0", "2.25.1\0", "2.25.4471147114711"];
    let key = Key::random().unwrap();
    for options in [WriteOptions::default(), WriteOptions { key: Some(key) }] {
        for object in write(&case, &options).unwrap().objects {
            let mut plain = object.object.clone();
            // Pixels are numbers, in which any digits may stand.
            plain.remove_element(tags::PIXEL_DATA);
            let mut bytes = Vec::new();
            plain.write_all(&mut bytes).unwrap();
            for secret in secrets.iter().chain(&more) {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{:?} holds {secret}", object.kind);
            }
            assert_eq!(value(&object.object, tags::PATIENT_IDENTITY_REMOVED), "YES");
            assert!(
                object.object.element(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE).is_err(),
                "no profile is claimed"
            );
        }
    }
}

#[test]
fn what_is_no_dicom_file_brings_its_image_along() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chest.png");
    let picture = image::ImageBuffer::<image::Luma<u16>, _>::from_raw(SIDE as u32, SIDE as u32, drawn()).unwrap();
    picture.save(&path).unwrap();
    let case = case(&path, true);
    let written = written(&case);
    let image = of_kind(&written, ObjectKind::SourceImage);
    let own = |tag| value(&image.object, tag);
    assert_eq!((own(tags::PATIENT_NAME), own(tags::PATIENT_ID), own(tags::STUDY_DATE)), Default::default());
    assert!(image.object.element(tags::PATIENT_ID).is_ok(), "of type 2: empty, and there");
    // It can be opened again with the same values.
    let paths = write_into(folder.path(), &written.objects).unwrap();
    let again = open_image(&paths[0]).unwrap();
    assert_eq!(again.pixels.plane.values, case.frame.pixels.plane.values);
    // The same picture is always the same object, and what refers to it finds it.
    let later = self::written(&CaseReport { created: case.created + Duration::hours(1), ..case });
    assert_eq!(of_kind(&later, ObjectKind::SourceImage).sop_instance_uid, image.sop_instance_uid);
    let report = format!("{:?}", tree(&written, folder.path()).items);
    assert!(report.contains(&image.sop_instance_uid));
}

#[test]
fn files_are_their_owners_and_hold_valid_objects() {
    let folder = tempfile::tempdir().unwrap();
    let written = written(&case(&radiograph(folder.path(), &PLACE), true));
    let paths = write_into(&folder.path().join("out"), &written.objects).unwrap();
    for (path, object) in paths.iter().zip(&written.objects) {
        let name = format!("{}_{}.dcm", object.kind.key(), object.sop_instance_uid);
        assert_eq!(path.file_name().unwrap().to_str().unwrap(), name);
        let file = open_file(path).unwrap();
        assert_eq!(file.meta().media_storage_sop_class_uid(), object.sop_class_uid);
        assert_eq!(file.meta().transfer_syntax(), uids::EXPLICIT_VR_LITTLE_ENDIAN);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o077, 0);
        }
    }
    for path in &paths {
        let Ok(judged) = Command::new("dciodvfy").arg("-new").arg(path).output() else {
            eprintln!("dciodvfy (Debian dicom3tools) is not installed: the objects were not judged by it");
            return;
        };
        let said = format!("{}{}", String::from_utf8_lossy(&judged.stdout), String::from_utf8_lossy(&judged.stderr));
        let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("Error")).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
}
