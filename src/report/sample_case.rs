//! A made-up case for the tests of this room: a chest of ellipses, three classes, one group.

use std::path::Path;
use std::sync::Arc;

use image::GrayImage;

use crate::engine::lungs::{FieldsSource, Lungs};
use crate::engine::similar::{Similar, SimilarCase, SimilarCases};
use crate::engine::study_members::{LeftOut, Member, StudyMembers};
use crate::engine::{Analysis, AnalysisOptions, ModelInfo, Score, Timing};
use crate::explain::{Attribution, Method, Subject};
use crate::imaging::lung_fields::LungFields;
use crate::imaging::{PixelData, Plane, Window};
use crate::model::gate::GateVerdict;
use crate::model::manifest::Manifest;
use crate::study::open_image;
use crate::study::unit::{GroupedBy, Unit, UnitKey};
use crate::study::{Frame, Identity, ImageEntry, Metadata, Spacing, SpacingProvenance};
use crate::study::{SharedUid, StackPlace};
use crate::uncertainty::{Posterior, Summary};

use super::case::{CaseReport, SimilarSection};
use super::case_study::CaseStudy;
use super::verify::{Recomputed, StudyAgain};

pub(super) const MANIFEST: &str = r#"
name = "chest-xray"
version = "1.0"
description = "Tells normal from bacterial and viral pneumonia in frontal chest radiographs of children."
licence = "CC BY 4.0"
head = "softmax"
target_layer = "stage4"
temperature = 1.3
weights_sha256 = "3f9c2a7d5b1e4c6088aa91d2f4b7e3c05d6e7f8091a2b3c4d5e6f708192a3b4c"
limits = ["Never validated for adults, lateral views or other machines.", "Knows three answers only: every other disease is read as one of them."]
[architecture]
family = "compact-resnet"
widths = [32, 64, 128, 256]
blocks = [2, 2, 2]
strides = [2, 2, 2]
dropout = 0.3
[input]
width = 224
height = 224
channels = 1
resize = "squash"
normalization = "per-image"
[[labels]]
name = "Normal"
threshold = 0.5
[[labels]]
name = "Bacterial pneumonia"
threshold = 0.5
[[labels]]
name = "Viral pneumonia"
threshold = 0.5
[[groups]]
name = "Pneumonia"
members = ["Bacterial pneumonia", "Viral pneumonia"]
threshold = 0.62
[training]
data = "Kermany et al. 2018 (CC BY 4.0)"
population = "children of one to five years, antero-posterior view, one hospital in Guangzhou"
images = 5232
date = "2026-11-20"
[[metrics]]
target = "Pneumonia"
name = "auroc"
value = 0.982
low = 0.971
high = 0.990
on = "validation, 520 patients"
[[suggestions]]
target = "Pneumonia"
at_least = 0.62
text = "The map and the score fit an airspace opacity; compare with the clinical picture and with earlier films."
doubtful = "An airspace opacity is possible but not certain; a second reading is worth more than this score."
"#;

/// An image of 300 × 240 with two dark lungs and one opacity, described in full.
pub(super) fn frame() -> Frame {
    let (width, height) = (300, 240);
    let inside =
        |x: f32, y: f32, cx: f32, cy: f32, rx: f32, ry: f32| ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2) < 1.0;
    let values = (0..width * height)
        .map(|i| {
            let (x, y) = ((i % width) as f32, (i / width) as f32);
            let grain = ((i * 7919) % 97) as f32 * 2.0;
            let lung = inside(x, y, 95.0, 115.0, 48.0, 85.0) || inside(x, y, 205.0, 115.0, 48.0, 85.0);
            let opacity = if inside(x, y, 210.0, 150.0, 26.0, 20.0) { 900.0 } else { 0.0 };
            (if lung { 700.0 + opacity } else { 2400.0 - (x - 150.0).abs() * 6.0 }) + grain
        })
        .collect();
    let meta = Metadata {
        patient_name: "Doe^Jane^Marie".into(),
        patient_id: "MRN-4711".into(),
        birth_date: "19600229".into(),
        sex: "F".into(),
        age: "066Y".into(),
        accession_number: "ACC-2026-0815".into(),
        study_date: "20261119".into(),
        study_time: "114512".into(),
        study_description: "Chest PA for Doe".into(),
        series_description: "PA stehend".into(),
        series_number: "2".into(),
        instance_number: "1".into(),
        modality: "CR".into(),
        body_part: "CHEST".into(),
        view_position: "PA".into(),
        institution: "Sankt-Katharinen-Spital".into(),
        referring_physician: "Rumpelstilz^Grete".into(),
        manufacturer: "Kodak".into(),
        model_name: "DirectView".into(),
        kvp: "125".into(),
        ..Metadata::default()
    };
    let identity = Identity {
        study_uid: "1.2.826.0.1.4711.1".into(),
        series_uid: "1.2.826.0.1.4711.2".into(),
        sop_instance_uid: "1.2.826.0.1.4711.3".into(),
    };
    let entry = ImageEntry {
        path: "doe-jane.dcm".into(),
        identity,
        meta,
        columns: width as u32,
        rows: height as u32,
        frames: 1,
        has_pixels: true,
        title: "doe-jane.dcm".into(),
        shared_uid: SharedUid::default(),
        place: StackPlace::default(),
    };
    Frame {
        entry: Arc::new(entry),
        index: 0,
        pixels: PixelData::grey(Plane { width, height, values }, (0.0, 4095.0)),
        spacing: Some(Spacing { row_mm: 0.143, column_mm: 0.143, provenance: SpacingProvenance::AtDetector }),
        display: crate::study::DisplayAttributes::default(),
        warnings: vec!["Burned-in annotation is not excluded by the file of Jane Doe.".into()],
    }
}

/// Where its lungs lie, as a mask of the reader's says.
pub(super) fn lungs(folder: &Path) -> Arc<Lungs> {
    let (width, height) = (300, 240);
    let inside = |x: f32, y: f32, cx: f32| ((x - cx) / 48.0).powi(2) + ((y - 115.0) / 85.0).powi(2) < 1.0;
    let lung = |i: usize| {
        let (x, y) = ((i % width) as f32, (i / width) as f32);
        inside(x, y, 95.0) || inside(x, y, 205.0)
    };
    let lung: Vec<bool> = (0..width * height).map(lung).collect();
    let fields = LungFields::of_lung(&lung, width, height).expect("two lungs");
    let source = FieldsSource::Mask { path: Some(folder.join("doe-jane.png")), sha256: "ab".repeat(32) };
    Arc::new(Lungs::new(fields, source))
}

/// Two similar cases, of which the file of the first is an image in `folder`, and of the other gone.
pub(super) fn similar(folder: &Path) -> SimilarSection {
    let image = GrayImage::from_fn(40, 30, |x, y| image::Luma([(4 * x + y) as u8]));
    let path = folder.join("other.png");
    image.save(&path).expect("the folder can be written to");
    let uid = open_image(&path).expect("an image").entry.identity.sop_instance_uid.clone();
    let case = |path, uid: String, label: &str, distance: f32| SimilarCase {
        path,
        uid,
        label: label.into(),
        distance,
        farther: 0.63,
        is_there: true,
    };
    let gone = case(folder.join("gone.png"), "1.2.3.4".into(), "Viral pneumonia", 0.0234);
    let found = SimilarCases {
        cases: vec![case(path, uid, "Bacterial pneumonia", 0.0123), gone],
        nearest: Some(0.0123),
        median: Some(0.0201),
        edge: Some(0.0912),
        measured: 500,
        images: 500,
        folder: folder.to_owned(),
        made: "2026-11-29".into(),
        gallery_sha256: "cd".repeat(32),
        remarks: vec!["How far is far is known from 30 images only.".into()],
    };
    SimilarSection { asked: 6, found: Similar::Cases(found) }
}

/// Its study: the image itself and a second one, scored by the model, and one that takes no part.
pub(super) fn study(case: &CaseReport, folder: &Path) -> CaseStudy {
    let Analysis { labels, groups, gate, .. } = case.analysis.as_ref().clone();
    let member = |name: &str| Member {
        path: folder.join(name),
        labels: labels.clone(),
        groups: groups.clone(),
        gate: gate.clone(),
        population: None,
    };
    let mut second = member("doe-jane-2.dcm");
    second.labels.iter_mut().zip([0.33, 0.41, 0.26]).for_each(|(label, p)| label.probability = p);
    second.groups[0].probability = 0.67;
    let left_out = vec![LeftOut { image: folder.join("hand.dcm").display().to_string(), reason: "A hand.".into() }];
    let by_model = vec![(Arc::new(case.model.clone()), vec![member("doe-jane.dcm"), second])];
    let members = StudyMembers { by_model, left_out };
    let key = UnitKey { by: GroupedBy::Uid, name: "1.2.826.0.1.4711.1".into() };
    CaseStudy::of(&members, &case.model.sha256, Unit::Study, key, case.error_rate).expect("two were scored")
}

/// What a model might say of it.
pub(super) fn analysis() -> Analysis {
    let score = |label: &str, logit: Option<f32>, probability, threshold| Score {
        label: label.into(),
        logit,
        probability,
        threshold,
    };
    let summary = |mean, sd, p05, p95| Summary { mean, sd, p05, p95 };
    let map = |class, logit, cx: f32, cy: f32, height: f32| {
        let values = (0..196)
            .map(|i| {
                let (x, y) = ((i % 14) as f32 - cx, (i / 14) as f32 - cy);
                height * (-(x * x + y * y) / 6.0).exp() - 0.02
            })
            .collect::<Vec<f32>>();
        let raw = Plane { width: 14, height: 14, values };
        let subject = Subject::class(class);
        Arc::new(Attribution::new(Method::GradCam, subject, "stage4".into(), logit, raw).expect("finite"))
    };
    Analysis {
        population: None,
        gate: Some(GateVerdict {
            accepted: true,
            score: 0.97,
            threshold: 0.5,
            reason: "This resembles a frontal chest radiograph, upright and with its greys the right way round.".into(),
            warnings: vec!["The patient is 66 years old; the model never saw anyone of this age.".into()],
        }),
        scored: true,
        labels: vec![
            score("Normal", Some(-1.42), 0.06, 0.5),
            score("Bacterial pneumonia", Some(2.31), 0.76, 0.5),
            score("Viral pneumonia", Some(0.58), 0.18, 0.5),
        ],
        groups: vec![score("Pneumonia", None, 0.94, 0.62)],
        attributions: vec![map(0, -1.42, 4.0, 3.0, -0.3), map(1, 2.31, 9.6, 8.6, 0.9), map(2, 0.58, 4.2, 7.0, 0.5)],
        posterior: Some(Posterior {
            samples: Vec::new(),
            labels: vec![
                summary(0.09, 0.04, 0.03, 0.17),
                summary(0.74, 0.08, 0.58, 0.86),
                summary(0.17, 0.07, 0.08, 0.31),
            ],
            groups: vec![summary(0.91, 0.04, 0.83, 0.97)],
            predictive_entropy: 0.41,
            mutual_information: 0.03,
            max_entropy: 1.0986,
            seed: 7,
            source: crate::uncertainty::SampleSource::McDropout,
        }),
        stochastic: true,
        options: AnalysisOptions::default(),
        timing: Timing { decode: 12.0, preprocess: 3.0, forward: 21.0, explain: 4.0, uncertainty: 2.0 },
        warnings: Vec::new(),
        chosen_because: "chest-xray: modality DX, body part CHEST, and the image looks like its training images".into(),
    }
}

/// The model that said it.
pub(super) fn model() -> ModelInfo {
    let manifest: Manifest = toml::from_str(MANIFEST).expect("the manifest of the sample is valid");
    ModelInfo {
        sha256: manifest.weights_sha256.clone(),
        manifest: Arc::new(manifest),
        device: "CPU".into(),
        layers: vec!["stage3".into(), "stage4".into()],
        stochastic: true,
        no_class_attention: None,
        background: None,
        calibration: Arc::new(Err(crate::model::calibration::CalibrationError::Missing)),
        ensemble: Vec::new(),
    }
}

/// The whole case, for one class.
pub(super) fn case() -> CaseReport {
    let window = Window { center: 1600.0, width: 2600.0, function: crate::imaging::WindowFunction::Linear };
    CaseReport { window, ..CaseReport::new(Arc::new(frame()), Arc::new(analysis()), model()) }
}

/// The case with an image that really lies on the disk.
pub(super) fn on_disk(mut case: CaseReport, folder: &Path) -> CaseReport {
    let path = folder.join("doe-jane.dcm");
    std::fs::write(&path, b"pixels").expect("the folder can be written to");
    Arc::make_mut(&mut Arc::make_mut(&mut case.frame).entry).path = path;
    case
}

/// What loading and computing it again yields.
pub(super) fn again(case: &CaseReport) -> Recomputed {
    let (frame, analysis) = (case.frame.as_ref().clone(), case.analysis.as_ref().clone());
    let similar = case.similar.as_ref().map(|section| section.found.clone());
    let study = case.study.as_ref().map(|study| {
        let by_model = vec![(Arc::new(case.model.clone()), study.members.clone())];
        StudyAgain { key: study.key.clone(), members: StudyMembers { by_model, left_out: Vec::new() } }
    });
    Recomputed {
        frame,
        analysis,
        model: case.model.clone(),
        lungs: case.lungs.clone(),
        similar,
        study,
        prior: None,
        what_if: case.kept_changes.clone(),
    }
}
