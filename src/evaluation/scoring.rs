//! A model on every image of a labelled set: what it says, beside what is known.
//!
//! Files are decoded on threads of their own while the network runs on batches of what is ready. An image that cannot be
//! read, or whose score is not a number, is a failure with its reason and takes no part; the others do.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use candle_core::Tensor;
use crossbeam_channel::Sender;

use super::exposure::input_hash;
use super::predictions::{Prediction, Predictions, Target};
use crate::imaging::Plane;
use crate::network::manifest::Manifest;
use crate::network::{Model, preprocess};
use crate::study::patients::{Patients, Told};
use crate::study::{Metadata, open_image};
use crate::uncertainty::population::PopulationVerdict;
use crate::uncertainty::population::features;
use crate::uncertainty::readout::Readout;

/// Images of one forward pass.
const BATCH: usize = 16;
/// The fact whether an image belongs to the population of the model, and its two values.
pub const POPULATION: &str = "population";
pub const INSIDE: &str = "inside";
pub const OUTSIDE: &str = "outside";

/// An image with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub path: PathBuf,
    /// Its own name: the path below the set's folder.
    pub image: String,
    /// One entry a target: the manifest's labels, then its groups.
    pub truth: Vec<Option<bool>>,
    /// Where the list tells; else the file or its name may.
    pub patient: Option<String>,
    pub facts: BTreeMap<String, String>,
}

/// An image that takes no part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub path: PathBuf,
    pub reason: String,
}

/// What is told on the way.
pub enum Progress<'a> {
    /// So many more images are done.
    Done(usize),
    Failed(&'a Failure),
}

/// An image ready for the network.
struct Prepared {
    number: usize,
    values: Vec<f32>,
    /// What the population detector looks at beside the features.
    coarse: Plane,
    meta: Metadata,
    patient: Option<String>,
    told: Told,
    facts: BTreeMap<String, String>,
}

/// What came of a set.
pub struct Scored {
    pub set: Predictions,
    /// Of each row, the hash of what the network was given.
    pub inputs: Vec<u64>,
    /// Of each row, by what its patient was recognised.
    pub told: Vec<Told>,
    pub failures: Vec<Failure>,
}

/// A row with the hash of its input, and by what its patient was recognised.
type Row = (Prediction, u64, Told);

/// The targets of a model, in their order, and their operating thresholds.
#[must_use]
pub fn targets(manifest: &Manifest) -> (Vec<Target>, Vec<f64>) {
    let labels = manifest.labels.iter().map(|l| (&l.name, false, l.threshold));
    let all = labels.chain(manifest.groups.iter().map(|g| (&g.name, true, g.threshold)));
    all.map(|(name, group, threshold)| (Target { name: name.clone(), group }, f64::from(threshold))).unzip()
}

/// From the logits of an image to what a model says of each target: the one way for every figure.
pub struct Reader {
    readout: Readout,
    thresholds: Vec<f64>,
}

impl Reader {
    /// With the temperature and the thresholds of a manifest.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Self {
        Self { readout: Readout::new(manifest), thresholds: targets(manifest).1 }
    }

    /// Probability of each target, and whether it reaches its threshold.
    #[must_use]
    pub fn read(&self, logits: &[f32]) -> (Vec<f64>, Vec<bool>) {
        let labels = self.readout.labels(logits);
        let groups = self.readout.groups(&labels);
        let probability: Vec<f64> = labels.into_iter().chain(groups).map(f64::from).collect();
        let says = probability.iter().zip(&self.thresholds).map(|(p, t)| p >= t).collect();
        (probability, says)
    }
}

/// Runs `model` on `files`, whose patients are recognised as `patients` has it.
pub fn score(
    model: &Model,
    files: &[Listed],
    patients: &Patients,
    tell: &mut dyn FnMut(Progress<'_>),
) -> candle_core::Result<Scored> {
    let scorer = Scorer { model, reader: Reader::of(&model.manifest), files };
    let mut rows: Vec<Option<Row>> = files.iter().map(|_| None).collect();
    let mut failures = Vec::new();
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| -> candle_core::Result<()> {
        let (ready, incoming) = crossbeam_channel::bounded(2 * BATCH);
        let mut decoders = 0;
        for number in 0..thread::available_parallelism().map_or(2, usize::from).min(8) {
            let (ready, next, stop) = (ready.clone(), &next, &stop);
            let started = thread::Builder::new().name(format!("decode-{number}"));
            decoders += usize::from(
                started.spawn_scoped(scope, move || decode(model, files, patients, next, stop, &ready)).is_ok(),
            );
        }
        if decoders == 0 {
            return Err(candle_core::Error::msg("no thread could be started to read the images"));
        }
        drop(ready);
        let mut batch: Vec<Prepared> = Vec::with_capacity(BATCH);
        let mut pass = |batch: &mut Vec<Prepared>, failures: &mut Vec<Failure>, tell: &mut dyn FnMut(Progress<'_>)| {
            let n = batch.len();
            for (number, row) in scorer.pass(batch)? {
                match row {
                    Ok(row) => rows[number] = Some(row),
                    Err(reason) => fail(files, number, reason, failures, tell),
                }
            }
            tell(Progress::Done(n));
            Ok::<(), candle_core::Error>(())
        };
        let mut all = || {
            for (number, prepared) in &incoming {
                match prepared {
                    Ok(prepared) => batch.push(prepared),
                    Err(reason) => fail(files, number, reason, &mut failures, tell),
                }
                if batch.len() == BATCH {
                    pass(&mut batch, &mut failures, tell)?;
                }
            }
            pass(&mut batch, &mut failures, tell)
        };
        let done = all();
        // Lets the decoders end when the network has failed.
        stop.store(true, Ordering::Relaxed);
        drop(incoming);
        done
    })?;
    let mut set = Predictions { head: model.manifest.head, targets: targets(&model.manifest).0, rows: Vec::new() };
    let (mut inputs, mut told) = (Vec::new(), Vec::new());
    for (row, input, by) in rows.into_iter().flatten() {
        set.rows.push(row);
        inputs.push(input);
        told.push(by);
    }
    Ok(Scored { set, inputs, told, failures })
}

fn fail(
    files: &[Listed],
    number: usize,
    reason: String,
    failures: &mut Vec<Failure>,
    tell: &mut dyn FnMut(Progress<'_>),
) {
    let failure = Failure { path: files[number].path.clone(), reason };
    tell(Progress::Failed(&failure));
    failures.push(failure);
}

type Decoded = (usize, Result<Prepared, String>);

/// Prepares files until there are none left.
fn decode(
    model: &Model,
    files: &[Listed],
    patients: &Patients,
    next: &AtomicUsize,
    stop: &AtomicBool,
    ready: &Sender<Decoded>,
) {
    while !stop.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(file) = files.get(number) else { return };
        let prepare = std::panic::AssertUnwindSafe(|| prepare(model, number, file, patients));
        let prepared =
            std::panic::catch_unwind(prepare).unwrap_or_else(|_| Err("its decoder gave up on the way".into()));
        if ready.send((number, prepared)).is_err() {
            return;
        }
    }
}

fn prepare(model: &Model, number: usize, file: &Listed, patients: &Patients) -> Result<Prepared, String> {
    let frame = open_image(&file.path).map_err(|e| with_causes(&e))?;
    frame.scorable().map_err(|e| e.to_string())?;
    let (plane, input) = (frame.model_plane(), &model.manifest.input);
    let values = preprocess::channels(&preprocess::to_input(&plane, input, frame.value_range), input);
    let coarse = model.detector.as_ref().map_or_else(|_| Plane::default(), |detector| detector.coarse(&plane));
    let meta = &frame.entry.meta;
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    let (patient, told) = patients.lead(&name, &file.image, file.patient.as_deref()).with_header(&meta.patient_id);
    let known = [
        ("age", &meta.age),
        ("sex", &meta.sex),
        ("view", &meta.view_position),
        ("site", &meta.institution),
        ("manufacturer", &meta.manufacturer),
    ];
    let mut facts: BTreeMap<String, String> =
        known.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.to_owned(), v.clone())).collect();
    facts.extend(file.facts.clone());
    Ok(Prepared { number, values, coarse, meta: meta.clone(), patient, told, facts })
}

/// With the word on the population among what is known of the image.
fn with_population(mut prepared: Prepared, verdict: Option<&PopulationVerdict>) -> Prepared {
    if let Some(verdict) = verdict {
        let word = if verdict.inside { INSIDE } else { OUTSIDE };
        prepared.facts.insert(POPULATION.to_owned(), word.to_owned());
    }
    prepared
}

/// An error with its causes in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        text = format!("{text}: {e}");
        cause = e.source();
    }
    text
}

struct Scorer<'a> {
    model: &'a Model,
    reader: Reader,
    files: &'a [Listed],
}

impl Scorer<'_> {
    /// Runs one batch and empties it.
    fn pass(&self, batch: &mut Vec<Prepared>) -> candle_core::Result<Vec<(usize, Result<Row, String>)>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let input = &self.model.manifest.input;
        let values: Vec<f32> = batch.iter().flat_map(|p| p.values.iter().copied()).collect();
        let x = Tensor::from_vec(values, (batch.len(), input.channels, input.height, input.width), &self.model.device)?;
        let (logits, features) = features::run(&self.model.network, &x)?;
        let mut rows = Vec::with_capacity(batch.len());
        for ((prepared, logits), features) in batch.drain(..).zip(logits).zip(features) {
            let verdict = self.model.judge_population(&prepared.meta, &prepared.coarse, || Ok(features))?;
            rows.push((prepared.number, self.row(with_population(prepared, verdict.as_ref()), &logits)));
        }
        Ok(rows)
    }

    fn row(&self, prepared: Prepared, logits: &[f32]) -> Result<Row, String> {
        let (probability, says) = self.reader.read(logits);
        if !probability.iter().all(|p| p.is_finite()) {
            return Err(
                "the network's score of it is not a number; the weights may be damaged (`pellucid models verify`)"
                    .into(),
            );
        }
        let file = &self.files[prepared.number];
        let (input, told) = (input_hash(&prepared.values), prepared.told);
        let row = Prediction {
            image: file.image.clone(),
            patient: prepared.patient.unwrap_or_default(),
            truth: file.truth.clone(),
            says,
            probability,
            logits: logits.iter().map(|z| f64::from(*z)).collect(),
            facts: prepared.facts,
        };
        Ok((row, input, told))
    }
}
