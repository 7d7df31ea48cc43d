//! A viewer without a window: synthetic frames, a model that nobody trained, and what an engine
//! would say.
//!
//! Shared by the viewer's specification and by `benches/frame.rs`.

use std::sync::Arc;

use pellucid::app::command::Command;
use pellucid::app::state::LoadedImage;
use pellucid::app::state::pyramid::Pyramid;
use pellucid::app::state::{Preferences, State};
use pellucid::app::ui::caches::Caches;
use pellucid::app::ui::thumbnails::Thumbnails;
use pellucid::app::update::effect::Effect;
use pellucid::app::update::message::Message;
use pellucid::app::update::{apply, on_event, on_message};
use pellucid::engine::lungs::LungSearch;
use pellucid::engine::progress::Progress;
use pellucid::engine::{Analysis, Event, Generation, ModelInfo, Score};
use pellucid::explain::{Attribution, Method, Subject};
use pellucid::imaging::{PixelData, Plane, Voi, Window, WindowFunction};
use pellucid::model::gate::GateVerdict;
use pellucid::study::{
    Catalogue, Frame, Identity, ImageEntry, Metadata, Patient, Series, SharedUid, StackPlace, Study,
};
use pellucid::uncertainty::{Posterior, Summary};

/// Names of the model's classes.
pub(crate) const LABELS: [&str; 3] = ["Normal", "Bacterial pneumonia", "Viral pneumonia"];
/// Stages of the model; the last is the target layer.
pub(crate) const LAYERS: [&str; 2] = ["stage3", "stage4"];

/// Runs the viewer's own update and screen; effects are kept instead of carried out.
pub(crate) struct Bench {
    pub state: State,
    pub effects: Vec<Effect>,
    pub caches: Caches,
    pub thumbnails: Thumbnails,
}

impl Bench {
    /// Nothing open, the model still loading.
    pub(crate) fn new() -> Self {
        Self {
            state: State::new(Preferences::default(), "test", "cpu"),
            effects: Vec::new(),
            caches: Caches::default(),
            thumbnails: Thumbnails::default(),
        }
    }

    /// An image on screen and a model that is ready.
    pub(crate) fn with_image(frame: Frame) -> Self {
        let mut bench = Self::new();
        bench.event(Event::ModelReady(model()));
        bench.open(frame);
        bench
    }

    /// An image with everything an analysis yields.
    pub(crate) fn finished() -> Self {
        let mut bench = Self::with_image(frame(256, 256));
        for event in events(bench.state.generation, 100) {
            bench.event(event);
        }
        bench
    }

    /// Opens a frame as the scanning and loading threads would.
    pub(crate) fn open(&mut self, frame: Frame) {
        let catalogue = Box::new(catalogue_of(std::slice::from_ref(&frame.entry)));
        self.message(Message::Scanned { paths: vec!["image.dcm".into()], catalogue });
        self.loaded(self.state.generation, frame);
    }

    pub(crate) fn loaded(&mut self, generation: Generation, frame: Frame) {
        self.loaded_with(generation, frame, LungSearch::NotLookedFor);
    }

    /// The same with what is known of the lungs by then.
    pub(crate) fn loaded_with(&mut self, generation: Generation, frame: Frame, lungs: LungSearch) {
        let loaded = LoadedImage {
            pyramid: Arc::new(Pyramid::new(&frame.pixels.plane)),
            auto_window: Window { center: 2048.0, width: 4096.0, function: WindowFunction::Linear },
            color: None,
            presentations: Arc::default(),
            lungs: Ok(lungs),
            frame: Arc::new(frame),
        };
        self.message(Message::FrameLoaded { generation, result: Ok(loaded) });
    }

    pub(crate) fn command(&mut self, command: impl Into<Command>) -> Vec<Effect> {
        let effects = apply(&mut self.state, command);
        self.effects.extend(effects.iter().cloned());
        effects
    }

    pub(crate) fn event(&mut self, event: Event) {
        let effects = on_event(&mut self.state, event);
        self.effects.extend(effects);
    }

    pub(crate) fn message(&mut self, message: Message) {
        let effects = on_message(&mut self.state, message);
        self.effects.extend(effects);
    }

    /// One frame of the real screen; its commands are carried out.
    pub(crate) fn frame(&mut self, ui: &mut egui::Ui) {
        let commands = pellucid::app::ui::screen(ui, &self.state, &mut self.caches, &self.thumbnails);
        for command in commands {
            self.command(command);
        }
    }
}

/// A 12-bit radiograph with a bright square in a ramp.
pub(crate) fn frame(width: usize, height: usize) -> Frame {
    let value = |x: usize, y: usize| {
        let lesion = x.abs_diff(width / 3) < width / 12 && y.abs_diff(height / 2) < height / 12;
        let ramp = 4095.0 * (x + y) as f32 / (width + height) as f32;
        if lesion { 4000.0 } else { ramp.round() }
    };
    let values = (0..width * height).map(|i| value(i % width, i / width)).collect();
    Frame {
        entry: entry("1.2.3", 1, width, height),
        index: 0,
        pixels: PixelData {
            voi: vec![Voi::Window {
                window: Window { center: 2000.0, width: 3000.0, function: WindowFunction::Linear },
                explanation: "NORMAL".into(),
            }],
            ..PixelData::grey(Plane { width, height, values }, (0.0, 4095.0))
        },
        spacing: None,
        display: pellucid::study::DisplayAttributes::default(),
        warnings: Vec::new(),
    }
}

/// An image of the list.
pub(crate) fn entry(uid: &str, frames: u32, columns: usize, rows: usize) -> Arc<ImageEntry> {
    let identity = Identity { study_uid: "1".into(), series_uid: "1.2".into(), sop_instance_uid: uid.into() };
    let meta = Metadata {
        patient_name: "DOE^JANE".into(),
        patient_id: "4711".into(),
        modality: "DX".into(),
        ..Metadata::default()
    };
    Arc::new(ImageEntry {
        path: "image.dcm".into(),
        identity,
        meta,
        columns: columns as u32,
        rows: rows as u32,
        frames,
        has_pixels: true,
        title: format!("image {uid}"),
        shared_uid: SharedUid::default(),
        place: StackPlace::default(),
    })
}

/// A catalogue of one series.
pub(crate) fn catalogue_of(images: &[Arc<ImageEntry>]) -> Catalogue {
    let series = Series {
        uid: "1.2".into(),
        description: "chest PA".into(),
        modality: "DX".into(),
        images: images.to_vec(),
        ..Series::default()
    };
    let study = Study { uid: "1".into(), description: "chest".into(), date: "20261120".into(), series: vec![series] };
    let patient = Patient { id: "4711".into(), name: "DOE^JANE".into(), studies: vec![study] };
    Catalogue { patients: vec![patient], warnings: Vec::new() }
}

/// A model that nobody trained.
pub(crate) fn model() -> ModelInfo {
    let labels: Vec<_> =
        LABELS.iter().map(|name| format!("[[labels]]\nname = \"{name}\"\nthreshold = 0.5\n")).collect();
    let labels = labels.concat();
    let sha256 = "0".repeat(64);
    let head = format!("weights_sha256 = \"{sha256}\"\n");
    let rest = r#"
name = "test"
version = "1.0"
description = "Tells nothing apart."
licence = "MIT"
target_layer = "stage4"
head = "softmax"
[architecture]
family = "compact-resnet"
widths = [8, 8, 8]
blocks = [1, 1]
strides = [1, 2]
dropout = 0.3
[input]
width = 224
height = 224
channels = 1
resize = "squash"
normalization = "per-image"
[training]
data = "none"
population = "nobody"
images = 0
date = "2026-11-20"
[[groups]]
name = "Pneumonia"
members = ["Bacterial pneumonia", "Viral pneumonia"]
threshold = 0.5
"#;
    let manifest = toml::from_str(&format!("{head}{rest}{labels}")).expect("the manifest of the test is a manifest");
    ModelInfo {
        manifest: Arc::new(manifest),
        sha256,
        device: "CPU".into(),
        layers: LAYERS.iter().map(|l| (*l).into()).collect(),
        stochastic: true,
        no_class_attention: Some("its scores read more than the class token".into()),
        background: None,
        calibration: Arc::new(Err(pellucid::model::calibration::CalibrationError::Missing)),
        ensemble: Vec::new(),
    }
}

/// Scores that favour the second class.
pub(crate) fn scores() -> Vec<Score> {
    let score = |(label, (logit, probability)): (&&str, (f32, f32))| Score {
        label: (*label).into(),
        logit: Some(logit),
        probability,
        threshold: 0.5,
    };
    LABELS.iter().zip([(-1.0, 0.09), (2.31, 0.74), (0.6, 0.17)]).map(score).collect()
}

/// Scores of the groups.
pub(crate) fn group_scores() -> Vec<Score> {
    vec![Score { label: "Pneumonia".into(), logit: None, probability: 0.91, threshold: 0.5 }]
}

/// A map with its peak at the left; the last class has no positive evidence.
pub(crate) fn attributions() -> Vec<Arc<Attribution>> {
    let mut all = Vec::new();
    for layer in LAYERS {
        for method in Method::ALWAYS {
            for class in 0..LABELS.len() {
                let none = class == 2;
                let value = |i: usize| {
                    let (x, y) = ((i % 14) as f32, (i / 14) as f32);
                    let peak = (1 + class) as f32 * (-((x - 4.0).powi(2) + (y - 7.0).powi(2)) / 8.0).exp() - 0.1;
                    if none { -1.0 } else { peak }
                };
                let raw = Plane { width: 14, height: 14, values: (0..14 * 14).map(value).collect() };
                all.push(Arc::new(Attribution::new(method, Subject::class(class), layer.into(), 2.31, raw).unwrap()));
            }
        }
    }
    all
}

/// A posterior of `n` samples around the scores.
pub(crate) fn posterior(n: usize) -> Posterior {
    let wobble = |i: usize| 0.02 * ((i * 37 % 11) as f32 - 5.0) / 5.0;
    let summary = |mean: f32| Summary { mean, sd: 0.05, p05: (mean - 0.08).max(0.0), p95: (mean + 0.08).min(1.0) };
    Posterior {
        samples: (0..n).map(|i| vec![0.09 + wobble(i), 0.74 - wobble(i), 0.17]).collect(),
        labels: [0.09, 0.74, 0.17].map(summary).to_vec(),
        groups: vec![summary(0.91)],
        predictive_entropy: 0.41,
        mutual_information: 0.03,
        max_entropy: 3.0_f32.ln(),
        seed: 7,
        source: pellucid::uncertainty::SampleSource::McDropout,
    }
}

pub(crate) fn verdict(accepted: bool) -> GateVerdict {
    GateVerdict {
        accepted,
        score: if accepted { 0.97 } else { 0.02 },
        threshold: 0.5,
        reason: if accepted {
            "This resembles a chest radiograph.".into()
        } else {
            "This resembles no chest radiograph.".into()
        },
        warnings: Vec::new(),
    }
}

/// What an engine says about one image, in its order.
pub(crate) fn events(generation: Generation, samples: usize) -> Vec<Event> {
    let mut all = vec![
        Event::Started { generation },
        Event::Progress { generation, progress: Progress::Gated(verdict(true)) },
        Event::Progress {
            generation,
            progress: Progress::Scored { labels: scores(), groups: group_scores(), population: None },
        },
        Event::Progress { generation, progress: Progress::Maps(attributions()) },
    ];
    all.extend((1..=samples / 10).map(|i| Event::Progress {
        generation,
        progress: Progress::Sampled { done: 10 * i, of: samples, posterior: posterior(10 * i) },
    }));
    all.push(Event::Finished { generation, analysis: Arc::new(analysis(samples)) });
    all
}

/// A finished analysis.
pub(crate) fn analysis(samples: usize) -> Analysis {
    Analysis {
        gate: Some(verdict(true)),
        scored: true,
        labels: scores(),
        groups: group_scores(),
        attributions: attributions(),
        posterior: Some(posterior(samples)),
        stochastic: true,
        ..Analysis::default()
    }
}
