//! The readers of the program, each as the program uses it: what is opened, shown and brought to the
//! input of a model; imported; verified; listed and decoded for a training.

mod kept;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use pellucid::cancel::CancelToken;
use pellucid::engine::analysis::analyze;
use pellucid::engine::{AnalysisOptions, ModelInfo};
use pellucid::imaging::display::{View, render, render_rgb};
use pellucid::model::background::Background;
use pellucid::model::calibration::Calibration;
use pellucid::model::gallery::Gallery;
use pellucid::model::gate::Gate;
use pellucid::model::import::{fit, format, labels, onnx};
use pellucid::model::lungs::LungSegmenter;
use pellucid::model::lungs::manifest::SegmenterManifest;
use pellucid::model::manifest::Manifest;
use pellucid::model::population::detector::Detector;
use pellucid::model::{Model, registry};
use pellucid::network::Mode;
use pellucid::network::architecture::Family;
use pellucid::network::weights::TensorFile;
use pellucid::report::case::CaseReport;
use pellucid::report::export_to;
use pellucid::report::sidecar::Sidecar;
use pellucid::report::verify::{Recomputed, verify};
use pellucid::results::read::layers::LayerReader;
use pellucid::results::read::{self as results, ReadObject};
use pellucid::study::deidentify::{Deidentifier, Key, Options};
use pellucid::study::{self, Frame, StudyError};
use pellucid::training::config::{Config, memory};
use pellucid::training::data::split::split_file;
use pellucid::training::data::{list, load_dataset};
use pellucid::training::gate::config::GateConfig;
use pellucid::training::segmenter::config::SegmenterConfig;
use tempfile::TempDir;

use crate::toy;

/// Who reads a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// DICOM: opened, shown, and brought to the input of a model.
    Dicom,
    /// The same of the streams in it.
    Codec,
    Deidentify,
    /// PNG, JPEG and TIFF.
    Raster,
    PresentationState,
    /// Reports, segmentations, maps and documents: told, and laid over images.
    Results,
    /// Weights of other programs.
    Import,
    /// Networks of other programs.
    Onnx,
    Safetensors,
    Manifest,
    Calibration,
    Background,
    Gate,
    Detector,
    SegmenterManifest,
    GalleryIndex,
    GalleryFeatures,
    Labels,
    Report,
    Config,
    GateConfig,
    SegmenterConfig,
    Table,
    Split,
    Npz,
    /// Files that the program keeps beside images.
    Measurements,
    Feedback,
    /// What a reader study consists of.
    StudyPlan,
    StudyCases,
    StudyRecords,
    StudyTruth,
    Catalogue,
    Audit,
    /// What a user writes for the program, or it keeps for a user.
    HangingRules,
    Peers,
    Preferences,
    Impression,
    Search,
}

impl Reader {
    /// Those that read more kinds of files stand there more than once.
    pub(crate) const ALL: [Self; 48] = [
        Self::Dicom,
        Self::Codec,
        Self::Raster,
        Self::Import,
        Self::Onnx,
        Self::Deidentify,
        Self::Dicom,
        Self::Codec,
        Self::Raster,
        Self::Npz,
        Self::PresentationState,
        Self::Results,
        Self::Dicom,
        Self::Codec,
        Self::Raster,
        Self::Import,
        Self::Safetensors,
        Self::Report,
        Self::Table,
        Self::Codec,
        Self::Manifest,
        Self::Calibration,
        Self::Background,
        Self::Gate,
        Self::Detector,
        Self::SegmenterManifest,
        Self::GalleryIndex,
        Self::GalleryFeatures,
        Self::Labels,
        Self::Config,
        Self::GateConfig,
        Self::SegmenterConfig,
        Self::Split,
        Self::Import,
        Self::Measurements,
        Self::Feedback,
        Self::StudyPlan,
        Self::StudyCases,
        Self::StudyRecords,
        Self::Catalogue,
        Self::Audit,
        Self::Results,
        Self::StudyTruth,
        Self::HangingRules,
        Self::Peers,
        Self::Preferences,
        Self::Impression,
        Self::Search,
    ];

    /// Name of the file, where it matters.
    fn file(self) -> &'static str {
        match self {
            Self::GalleryIndex => pellucid::model::gallery::file::INDEX,
            Self::GalleryFeatures => pellucid::model::gallery::file::FEATURES,
            Self::Table => "table.csv",
            Self::Npz => "set.npz",
            Self::Config => "run.toml",
            Self::Report => "case.json",
            Self::Onnx => "model.onnx",
            _ => "file",
        }
    }
}

/// What a reader says: what it found, or why it refuses the file.
pub(crate) type Read = Result<String, String>;

/// A configuration of a training; `DATA` stands for its sources.
pub(crate) const CONFIG: &str = r#"
size = 32
head = "sigmoid"
[data]
DATA
[architecture]
family = "compact-resnet"
widths = [4, 4, 8]
blocks = [1, 1]
strides = [1, 2]
[optimization]
batch = 4
[[labels]]
name = "Effusion"
[[labels]]
name = "Mass"
aliases = ["Lump"]
[[labels]]
name = "Nodule"
"#;

/// What files are read beside: a model, an image, a training set.
pub(crate) struct Bench {
    folder: TempDir,
    model: Model,
    image: PathBuf,
    frame: Frame,
    /// A slice with a place in the patient.
    slice: Frame,
    deidentifier: Deidentifier,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        for i in 0..6 {
            toy::picture(&home.join("images").join(["Effusion", "Mass", "Nodule"][i % 3]).join(format!("{i}.png")), 1);
        }
        let image = home.join("image.dcm");
        fs::write(&image, crate::seeds::dicom::plain()).unwrap();
        let slice = home.join("slice.dcm");
        fs::write(&slice, crate::seeds::results::SLICE).unwrap();
        let model = registry::load(toy::model(home).to_str().unwrap(), &Device::Cpu).unwrap();
        for (name, source) in [
            ("table", "csv = { file = \"table.csv\", images = [\"images\"] }"),
            ("npz", "npz = [\"set.npz\"]"),
            ("classes", "npz = [\"set.npz\"]"),
            ("folders", "folders = [\"images\"]"),
        ] {
            let text = CONFIG.replace("DATA", source);
            let text = if name == "classes" { text.replace("sigmoid", "softmax") } else { text };
            fs::write(home.join(format!("{name}.toml")), text).unwrap();
        }
        let bench = Self {
            model,
            frame: study::open_image(&image).unwrap(),
            slice: study::open_image(&slice).unwrap(),
            image,
            deidentifier: Deidentifier::new(Options::default(), Key::random().unwrap()),
            folder,
        };
        for (reader, bytes) in crate::seeds::model::gallery() {
            bench.write(reader, &bytes);
        }
        bench
    }

    /// Writes a file to where its reader looks for it.
    pub(crate) fn write(&self, reader: Reader, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(reader.file());
        fs::write(&path, bytes).unwrap();
        path
    }

    #[allow(dead_code, reason = "the runs write first and read then")]
    pub(crate) fn read(&self, reader: Reader, bytes: &[u8]) -> Read {
        self.read_at(reader, &self.write(reader, bytes))
    }

    /// Reads a file that [`Self::write`] has written.
    pub(crate) fn read_at(&self, reader: Reader, path: &Path) -> Read {
        match reader {
            Reader::Dicom | Reader::Codec | Reader::Raster => self.study(path),
            Reader::Deidentify => said(self.deidentifier.file(path), |d| format!("{} bytes", d.bytes.len())),
            Reader::PresentationState => self.presentation_state(path),
            Reader::Results => self.results(path),
            Reader::Import => import(path),
            Reader::Onnx => onnx(path),
            Reader::Safetensors => said(format::read(path), |foreign| format!("{} tensors", foreign.tensors.len())),
            Reader::Manifest => said(Manifest::parse(&text(path)), |manifest| manifest.name),
            Reader::Calibration => {
                let manifest = registry::manifest("chest-xray").unwrap();
                said(Calibration::parse(&text(path), &manifest), |c| format!("{} targets", c.targets.len()))
            }
            Reader::Background => said(Background::from_bytes(&bytes(path), None), |b| format!("{} images", b.len())),
            Reader::Gate => said(Gate::from_bytes(&bytes(path), &Device::Cpu), |gate| gate.settings().asks.clone()),
            Reader::Detector => {
                let detector = Detector::from_bytes(&bytes(path), &crate::seeds::model::weights_sha256(), &Device::Cpu);
                said(detector, |d| d.sha256().to_owned())
            }
            Reader::SegmenterManifest => segmenter(path),
            Reader::GalleryIndex | Reader::GalleryFeatures => {
                let read = said(Gallery::read(self.folder.path()), |g| format!("{:?}", g.map(|g| g.images.len())));
                if reader == Reader::GalleryIndex || read.is_err() {
                    // The next case finds the sound files again.
                    for (reader, bytes) in crate::seeds::model::gallery() {
                        self.write(reader, &bytes);
                    }
                }
                read
            }
            Reader::Labels => said(labels::parse(&path.display().to_string()), |labels| labels.join(", ")),
            Reader::Report => self.report(path),
            Reader::Config => self.data(path),
            Reader::GateConfig => said(GateConfig::read(path), |config| config.epochs.to_string()),
            Reader::SegmenterConfig => said(SegmenterConfig::read(path), |config| config.epochs.to_string()),
            Reader::Table => self.data(&self.folder.path().join("table.toml")),
            // Class numbers or findings: either may be right.
            Reader::Npz => {
                let findings = self.data(&self.folder.path().join("npz.toml"));
                findings.or_else(|_| self.data(&self.folder.path().join("classes.toml")))
            }
            Reader::Split => self.split(path),
            _ => kept::read(reader, path),
        }
    }

    /// What `inspect`, `predict` and the viewer do with a file.
    fn study(&self, path: &Path) -> Read {
        let catalogue = study::scan(&[path.to_owned()], &CancelToken::default(), &mut |_, _| ());
        let _ = study::tag_list(path);
        let entry = match (catalogue.images().next(), catalogue.warnings.first()) {
            (Some(entry), _) => Arc::clone(entry),
            (None, Some(warning)) => return Err(warning.reason.clone()),
            (None, None) => return Err("nothing is in it".into()),
        };
        if !entry.has_pixels {
            return Ok(entry.title.clone());
        }
        let mut shown = Vec::new();
        for index in [0, entry.frames.saturating_sub(1)] {
            let frame = study::load(&entry, index).map_err(|e: StudyError| e.to_string())?;
            shown.push(self.show(&frame));
            if entry.frames == 1 {
                break;
            }
        }
        Ok(shown.join(", "))
    }

    /// The default display, and the input of a model.
    fn show(&self, frame: &Frame) -> String {
        let pixels = &frame.pixels;
        let view = View::initial(pixels);
        let (width, height) = match pixels.color {
            Some(_) => render_rgb(pixels, &view).dimensions(),
            None => render(pixels, &view).dimensions(),
        };
        match frame.scorable() {
            Ok(()) => {
                let input = self.model.input_values(&frame.model_plane(), frame.pixels.value_range);
                assert!(input.iter().all(|v| v.is_finite()), "the model would be shown what is no number");
                format!("{width} × {height}")
            }
            Err(reason) => format!("{width} × {height}, {reason}"),
        }
    }

    fn presentation_state(&self, path: &Path) -> Read {
        let mut frame = self.frame.clone();
        match study::presentation_states(&mut frame, &[path.to_owned()])[..] {
            [] => Err("it is no presentation state of the image".into()),
            ref states => Ok(format!("{} states, {}", states.len(), self.show(&frame))),
        }
    }

    /// What `inspect` tells of a result, and what the viewer lays over images and takes out of envelopes.
    fn results(&self, path: &Path) -> Read {
        let object = results::read(path).map_err(|e| e.to_string())?;
        let told = object.lines();
        let json = serde_json::to_vec(&object).unwrap();
        if matches!(object, ReadObject::Document(_)) {
            results::document_bytes(path).map_err(|e| e.to_string())?;
        }
        let catalogue = study::scan(&[path.to_owned()], &CancelToken::default(), &mut |_, _| ());
        let listed: Vec<_> = catalogue.images().cloned().collect();
        let mut reader = LayerReader::default();
        let laid = [&self.frame, &self.slice].map(|frame| {
            let found = reader.read(frame, &listed);
            format!("{} layers, {} graphics", found.layers.len(), found.graphics.len())
        });
        Ok(format!("{} lines, {} bytes, {}", told.len(), json.len(), laid.join("; ")))
    }

    /// What `report --verify` does, with options that a small machine can carry out.
    fn report(&self, path: &Path) -> Read {
        let again = |sidecar: &Sidecar, image: &Path| {
            let frame = study::open_image(image)?;
            let options = AnalysisOptions { samples: sidecar.options.samples.min(2), ..AnalysisOptions::default() };
            let analysis = analyze(&self.model, &frame, &options, &CancelToken::default(), &mut |_| ())?;
            Ok(Recomputed {
                frame,
                analysis,
                model: ModelInfo::of(&self.model),
                lungs: None,
                similar: None,
                study: None,
                prior: None,
                what_if: Vec::new(),
            })
        };
        said(verify(path, Some(&self.image), again), |outcome| {
            format!("{} compared, {} different", outcome.compared, outcome.differences.len())
        })
    }

    /// The report of the image by the model, as it stands in its file.
    #[must_use]
    pub(crate) fn sound_report(&self) -> Vec<u8> {
        let options = AnalysisOptions { samples: 2, ..AnalysisOptions::default() };
        let analysis = analyze(&self.model, &self.frame, &options, &CancelToken::default(), &mut |_| ()).unwrap();
        let case = CaseReport::new(Arc::new(self.frame.clone()), Arc::new(analysis), ModelInfo::of(&self.model));
        let folder = tempfile::tempdir().unwrap();
        export_to(&case, &folder.path().join("case.pdf")).unwrap();
        let written = fs::read(folder.path().join("case.json")).unwrap();
        let mut sidecar: serde_json::Value = serde_json::from_slice(&written).unwrap();
        sidecar["source"]["path"] = "image.dcm".into();
        sidecar["created"] = "2026-11-29T10:00:00+00:00".into();
        sidecar["timing_ms"] = serde_json::to_value(pellucid::engine::Timing::default()).unwrap();
        serde_json::to_vec_pretty(&sidecar).unwrap()
    }

    /// Reads a configuration, lists its images and decodes some of them.
    fn data(&self, path: &Path) -> Read {
        let config = Config::read(path).map_err(|e| e.to_string())?;
        memory::needed(&config).map_err(|e| e.to_string())?;
        let (files, warnings) = list::list(&config, self.folder.path(), Some(4)).map_err(|e| e.to_string())?;
        said(load_dataset::decode(&files, warnings, &config.input, 1, &|_| ()), |d| {
            format!("{} images", d.samples.len())
        })
    }

    fn split(&self, path: &Path) -> Read {
        let config = Config::read(&self.folder.path().join("folders.toml")).map_err(|e| e.to_string())?;
        let (files, warnings) = list::list(&config, self.folder.path(), None).map_err(|e| e.to_string())?;
        let data = load_dataset::decode(&files, warnings, &config.input, 1, &|_| ()).map_err(|e| e.to_string())?;
        said(split_file::read(path, &data.samples, &mut Vec::new()), |parts| format!("{} parts", parts.len()))
    }
}

/// Reads weights, fits them to a family, and takes over their values.
fn import(path: &Path) -> Read {
    let foreign = format::read(path).map_err(|e| e.to_string())?;
    let fit = fit::fit(&foreign, Family::Densenet121).map_err(|e| e.to_string())?;
    let refused = fit.accept(&foreign, false).err().map(|e| e.to_string()).unwrap_or_default();
    fit.operating_points(&foreign).map_err(|e| e.to_string())?;
    // Values that the file has, of sizes that some architecture has: the others are never read.
    let small = |shape: &[usize]| shape.iter().try_fold(1usize, |n, s| n.checked_mul(*s)).is_some_and(|n| n <= 1 << 22);
    let wanted: Vec<usize> = (0..foreign.tensors.len()).filter(|i| small(&foreign.tensors[*i].1)).collect();
    said(foreign.read(&wanted), |values| format!("{} tensors; {refused}", values.len()))
}

/// Reads a network, builds it, and runs it once where that is a matter of moments.
fn onnx(path: &Path) -> Read {
    let network = onnx::read(path, 32).map_err(|e| e.to_string())?;
    let [channels, rows, columns] = network.graph.input;
    let outputs = network.graph.outputs();
    let architecture = network.architecture(0.2);
    let tensors = TensorFile::new(network.tensors);
    let built = architecture.folded(channels, outputs, &tensors, &Device::Cpu).map_err(|e| e.to_string())?;
    architecture.default_target(columns, rows).map_err(|e| e.to_string())?;
    if architecture.graph.is_some_and(|graph| graph.extent().is_ok_and(|extent| extent.products < 1 << 28)) {
        let image = Tensor::zeros((2, channels, rows, columns), DType::F32, &Device::Cpu).map_err(|e| e.to_string())?;
        built.forward(&image, Mode::Inference).map_err(|e| e.to_string())?;
    }
    Ok(format!("{} stages, {outputs} scores", built.stages.len()))
}

fn segmenter(path: &Path) -> Read {
    let manifest = SegmenterManifest::parse(&text(path)).map_err(|e| e.to_string())?;
    let name = manifest.name.clone();
    said(LungSegmenter::new(manifest, &crate::seeds::model::segmenter_weights(), &Device::Cpu), |_| name)
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&bytes(path)).into_owned()
}

fn said<T, E: std::fmt::Display>(read: Result<T, E>, found: impl FnOnce(T) -> String) -> Read {
    read.map(found).map_err(|error| error.to_string())
}
