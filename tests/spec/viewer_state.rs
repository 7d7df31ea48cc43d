//! States of the viewer as they come about in a reading, made by hand.

use std::sync::Arc;

use pellucid::app::state::{Model, Phase, Preferences, Results, ShownImage, State};
use pellucid::engine::{Analysis, ModelInfo, Score, Timing};
use pellucid::explain::{Attribution, Method, Subject};
use pellucid::imaging::{PixelData, Plane, Window, WindowFunction};
use pellucid::model::gate::GateVerdict;
use pellucid::study::{Catalogue, Frame, Identity, ImageEntry, Patient, Series, Study, Warning};
use pellucid::study::{SharedUid, StackPlace};
use pellucid::uncertainty::{Posterior, Summary};

const MANIFEST: &str = r#"
name = "chest-xray"
version = "1.0"
description = "Tells normal, bacterial and viral pneumonia apart in frontal chest radiographs of children"
licence = "CC-BY-4.0"
head = "softmax"
target_layer = "stage4"
weights_sha256 = "3f9c2a00"
architecture = { family = "compact-resnet", widths = [16], blocks = [1], strides = [1], dropout = 0.3 }
input = { width = 224, height = 224, channels = 1, resize = "squash", normalization = "per-image" }
training = { data = "none", population = "children, one hospital", images = 1, date = "2026-11-20" }
labels = [
  { name = "Normal", threshold = 0.5 },
  { name = "Bacterial pneumonia", threshold = 0.5, description = "Often one lobe, dense." },
  { name = "Viral pneumonia", threshold = 0.5 },
]
groups = [{ name = "Pneumonia", members = ["Bacterial pneumonia", "Viral pneumonia"], threshold = 0.47 }]
"#;

/// A model of three classes and one group.
pub(crate) fn model(stochastic: bool) -> ModelInfo {
    ModelInfo {
        manifest: Arc::new(toml::from_str(MANIFEST).expect("the manifest of the tests is valid")),
        sha256: "3f9c2a00".into(),
        device: "CPU".into(),
        layers: ["stage1", "stage2", "stage3", "stage4"].map(String::from).to_vec(),
        stochastic,
        no_class_attention: Some("its scores read more than the class token".into()),
        background: None,
        calibration: Arc::new(Err(pellucid::model::calibration::CalibrationError::Missing)),
        ensemble: Vec::new(),
    }
}

/// An image as the list knows it.
pub(crate) fn entry(title: &str) -> Arc<ImageEntry> {
    Arc::new(ImageEntry {
        path: format!("images/{title}").into(),
        identity: Identity { sop_instance_uid: title.into(), series_uid: "2.25.2".into(), study_uid: "2.25.1".into() },
        meta: pellucid::study::Metadata::default(),
        columns: 2048,
        rows: 2500,
        frames: 1,
        has_pixels: true,
        title: title.into(),
        shared_uid: SharedUid::default(),
        place: StackPlace::default(),
    })
}

/// Nothing is open; the model stands.
pub(crate) fn nothing_open() -> State {
    let mut state = State::new(Preferences::default(), "chest-xray", "auto");
    state.model = Model::Ready(model(true));
    state.models = vec!["chest-xray".into(), "brain-mr".into()];
    state
}

/// Two images of one patient are listed, the first is on screen, nothing is known of it yet.
pub(crate) fn image_shown() -> State {
    let mut state = nothing_open();
    let images = vec![entry("chest-pa.dcm"), entry("a-lateral-view-with-a-very-long-name-of-its-own.dcm")];
    let series = Series {
        uid: "2.25.2".into(),
        description: "chest".into(),
        modality: "DX".into(),
        images: images.clone(),
        ..Series::default()
    };
    let study =
        Study { uid: "2.25.1".into(), description: "Chest".into(), date: "20261120".into(), series: vec![series] };
    let patient = Patient { id: "4711".into(), name: "DOE^JANE".into(), studies: vec![study] };
    let warning =
        Warning { path: "images/notes.dcm".into(), reason: "This is a text file, not a DICOM object.".into() };
    state.catalogue = Arc::new(Catalogue { patients: vec![patient], warnings: vec![warning] });
    let (width, height) = (256, 312);
    let values = (0..width * height).map(|i| ((i % width) * (i / width) % 4096) as f32).collect();
    let frame = Frame {
        entry: images[0].clone(),
        index: 0,
        pixels: PixelData::grey(Plane { width, height, values }, (0.0, 4095.0)),
        spacing: None,
        display: pellucid::study::DisplayAttributes::default(),
        warnings: Vec::new(),
    };
    state.images = images;
    state.image = ShownImage::Ready(Arc::new(frame));
    for view in &mut state.views {
        view.window = Window { center: 1024.0, width: 2048.0, function: WindowFunction::Linear };
    }
    state.results.phase = Phase::Waiting;
    state
}

fn verdict(accepted: bool) -> GateVerdict {
    let reason = if accepted {
        "This resembles a frontal chest radiograph."
    } else {
        "This does not resemble a frontal chest radiograph; the model knows nothing else."
    };
    let score = if accepted { 0.93 } else { 0.08 };
    GateVerdict { accepted, score, threshold: 0.5, reason: reason.into(), warnings: Vec::new() }
}

/// The gate refused the image.
pub(crate) fn refused() -> State {
    let mut state = image_shown();
    state.results = Results { phase: Phase::Refused, gate: Some(verdict(false)), ..Results::default() };
    state
}

fn score(label: &str, logit: Option<f32>, probability: f32, threshold: f32) -> Score {
    Score { label: label.into(), logit, probability, threshold }
}

/// Scores and maps stand, `samples` of 100 dropout passes have arrived.
pub(crate) fn sampling(samples: usize) -> State {
    let mut state = image_shown();
    state.selected = 1;
    state.ticked = vec![1, 2];
    let rows: Vec<Vec<f32>> = (0..samples)
        .map(|i| {
            let swing = (i as f32 * 0.754_877).fract() * 0.24 - 0.12;
            let normal = 0.09 + 0.05 * (i as f32 * 0.569_84).fract();
            let bacterial = (0.72 + swing).min(1.0 - normal);
            vec![normal, bacterial, 1.0 - normal - bacterial]
        })
        .collect();
    let column = |class: usize| rows.iter().map(|row| row[class]).collect::<Vec<_>>();
    let group: Vec<f32> = rows.iter().map(|row| row[1] + row[2]).collect();
    state.results = Results {
        phase: Phase::Running,
        gate: Some(verdict(true)),
        labels: vec![
            score("Normal", Some(-0.42), 0.10, 0.5),
            score("Bacterial pneumonia", Some(2.31), 0.74, 0.5),
            score("Viral pneumonia", Some(0.84), 0.16, 0.5),
        ],
        groups: vec![score("Pneumonia", None, 0.90, 0.47)],
        attributions: (0..3).map(map).collect(),
        posterior: (samples > 0).then(|| Posterior {
            labels: (0..3).map(|class| Summary::of(&column(class))).collect(),
            groups: vec![Summary::of(&group)],
            samples: rows.clone(),
            predictive_entropy: 0.62,
            mutual_information: 0.03,
            max_entropy: 3.0_f32.ln(),
            seed: 7,
            source: pellucid::uncertainty::SampleSource::McDropout,
        }),
        samples_done: samples,
        samples_of: 100,
        timing: Timing { decode: 12.0, preprocess: 3.0, forward: 21.0, explain: 2.0, uncertainty: 3.0 },
        ..Results::default()
    };
    state
}

fn map(class: usize) -> Arc<Attribution> {
    let value = |i: usize| {
        let (x, y) = ((i % 14) as f32 - 4.0 - class as f32 * 2.0, (i / 14) as f32 - 8.0);
        (-(x * x + y * y) / 8.0).exp()
    };
    let raw = Plane { width: 14, height: 14, values: (0..196).map(value).collect() };
    Arc::new(Attribution::new(Method::GradCam, Subject::class(class), "stage4".into(), 1.0, raw).unwrap())
}

/// The analysis is done.
pub(crate) fn finished() -> State {
    let mut state = sampling(100);
    state.results.phase = Phase::Finished;
    let analysis = Analysis { gate: state.results.gate.clone(), scored: true, ..Analysis::default() };
    state.results.finished = Some(Arc::new(analysis));
    state
}
