//! The readers of the program under libFuzzer, one target each, and the corpus that they start from.
//!
//! Seeds and readers are those of `tests/hostile`. A panic is a finding also where the program would
//! make it a sentence; so is what takes longer or more memory than libFuzzer is told to allow.

#[allow(dead_code, reason = "the specification uses more of it")]
#[path = "../../tests/spec/dicom_bytes.rs"]
mod dicom_bytes;
#[allow(dead_code, reason = "the runs of the tests use more of it")]
#[path = "../../tests/hostile/readers/mod.rs"]
mod readers;
#[allow(dead_code, reason = "the runs of the tests use more of it")]
#[path = "../../tests/hostile/seeds/mod.rs"]
mod seeds;
#[allow(dead_code, reason = "the specification uses more of it")]
#[path = "../../tests/spec/toy.rs"]
mod toy;

use std::path::{Path, PathBuf};

use readers::{Bench, Reader};

/// Each reader with the name of its target.
const TARGETS: [(Reader, &str); 38] = [
    (Reader::Dicom, "dicom"),
    (Reader::Codec, "codec"),
    (Reader::Deidentify, "deidentify"),
    (Reader::Raster, "raster"),
    (Reader::PresentationState, "presentation_state"),
    (Reader::Results, "results"),
    (Reader::Import, "import"),
    (Reader::Onnx, "onnx"),
    (Reader::Safetensors, "safetensors"),
    (Reader::Manifest, "manifest"),
    (Reader::Calibration, "calibration"),
    (Reader::Background, "background"),
    (Reader::Gate, "gate"),
    (Reader::Detector, "detector"),
    (Reader::SegmenterManifest, "segmenter"),
    (Reader::GalleryIndex, "gallery_index"),
    (Reader::GalleryFeatures, "gallery_features"),
    (Reader::Labels, "labels"),
    (Reader::Report, "report"),
    (Reader::Config, "config"),
    (Reader::GateConfig, "gate_config"),
    (Reader::SegmenterConfig, "segmenter_config"),
    (Reader::Table, "table"),
    (Reader::Split, "split"),
    (Reader::Npz, "npz"),
    (Reader::Measurements, "measurements"),
    (Reader::Feedback, "feedback"),
    (Reader::StudyPlan, "study_plan"),
    (Reader::StudyCases, "study_cases"),
    (Reader::StudyRecords, "study_records"),
    (Reader::Catalogue, "catalogue"),
    (Reader::Audit, "audit"),
    (Reader::StudyTruth, "study_truth"),
    (Reader::HangingRules, "hanging_rules"),
    (Reader::Peers, "peers"),
    (Reader::Preferences, "preferences"),
    (Reader::Search, "search"),
    (Reader::Impression, "impression"),
];

thread_local! {
    static BENCH: Bench = Bench::new();
}

/// Reads a file as the program does.
///
/// # Panics
/// When there is no target of this name, and where the program does.
pub fn read(target: &str, file: &[u8]) {
    let reader = TARGETS.iter().find(|(_, name)| *name == target).expect("a target of that name").0;
    // A refusal is what the program is to do with most of these files.
    let _refused = BENCH.with(|bench| bench.read(reader, file));
}

/// Writes every seed to `corpus/TARGET` in a folder; how many there are.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_corpus(folder: &Path) -> std::io::Result<usize> {
    let seeds = seeds::all();
    for (number, seed) in seeds.iter().enumerate() {
        let targets = TARGETS.iter().filter(|(reader, _)| *reader == seed.reader);
        for (_, target) in targets {
            let place: PathBuf = folder.join("corpus").join(target);
            std::fs::create_dir_all(&place)?;
            std::fs::write(place.join(format!("seed-{number:04}")), &seed.bytes)?;
        }
    }
    Ok(seeds.len())
}
