//! A model on every image of a labelled set: what it says, beside what is known.
//!
//! Files are decoded on threads of their own while the network runs on batches of what is ready. An
//! image that cannot be read, or whose score is not a number, is a failure with its reason and
//! takes no part; the others do. Distance from the model's population and what dropout samples say
//! go among the facts of an image, where [`super::signal`] reads them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use candle_core::Tensor;
use crossbeam_channel::Sender;

use super::exposure::input_hash;
use super::predictions::{Prediction, Predictions, Target};
use super::signal::{DISTANCE, of_samples};
use crate::cancel::{CancelToken, Cancelled};
use crate::imaging::Plane;
use crate::model::Model;
use crate::model::manifest::Manifest;
use crate::model::output_head::OutputHead;
use crate::model::population::{PopulationVerdict, features};
use crate::network::Mode;
use crate::panic_guard::guarded;
use crate::printable::with_causes;
use crate::study::patients::{PatientSource, Patients};
use crate::study::{Identity, Metadata, StudyError, Unscorable, open_image};
use crate::uncertainty::mc_dropout::McDropout;
use crate::uncertainty::{Posterior, Sampler as _, SamplingError};

/// Images of one forward pass.
const BATCH: usize = 16;
/// Seed of the dropout samples.
const SEED: u64 = 7;
/// The fact whether an image belongs to the population of the model, and its two values.
pub const POPULATION: &str = "population";
pub const INSIDE: &str = "inside";
pub const OUTSIDE: &str = "outside";

/// An image with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledImage {
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
pub struct ImageFailure {
    pub path: PathBuf,
    pub reason: String,
}

/// Why an image takes no part.
#[derive(Debug, thiserror::Error)]
enum NotScored {
    #[error("{}", with_causes(.0))]
    Study(#[from] StudyError),
    #[error(transparent)]
    Unscorable(#[from] Unscorable),
    #[error("its decoder gave up on the way")]
    Panicked,
    #[error("the network's score of it is not a number; the weights may be damaged (`pellucid models verify`)")]
    NotFinite,
    #[error(transparent)]
    Sampling(#[from] SamplingError),
}

/// Why a set was not scored.
#[derive(Debug, thiserror::Error)]
pub enum ScoringError {
    #[error(transparent)]
    Network(#[from] candle_core::Error),
    #[error("no thread could be started to read the images")]
    NoThread,
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// What is known on the way.
pub enum ScoringProgress<'a> {
    /// So many more images are done.
    Done(usize),
    Failed(&'a ImageFailure),
}

/// An image ready for the network.
struct Prepared {
    number: usize,
    values: Vec<f32>,
    /// What the population detector looks at beside the features.
    coarse: Plane,
    meta: Metadata,
    identity: Identity,
    patient: Option<String>,
    recognised_by: PatientSource,
    facts: BTreeMap<String, String>,
}

/// What came of a set.
pub struct Scored {
    pub set: Predictions,
    /// Of each row, the hash of what the network was given.
    pub inputs: Vec<u64>,
    /// Of each row, by what its patient was recognised.
    pub recognised_by: Vec<PatientSource>,
    /// Of each row, what its file says that it belongs to.
    pub identities: Vec<Identity>,
    pub failures: Vec<ImageFailure>,
}

/// A row with the hash of its input, by what its patient was recognised, and what it belongs to.
type ScoredRow = (Prediction, u64, PatientSource, Identity);

/// The targets of a model, in their order, and their operating thresholds.
#[must_use]
pub fn targets(manifest: &Manifest) -> (Vec<Target>, Vec<f64>) {
    let labels = manifest.labels.iter().map(|l| (&l.name, false, l.threshold));
    let all = labels.chain(manifest.groups.iter().map(|g| (&g.name, true, g.threshold)));
    all.map(|(name, group, threshold)| (Target { name: name.clone(), group }, f64::from(threshold))).unzip()
}

/// From the logits of an image to what a model says of each target: the one way for every figure.
pub struct Reader {
    output_head: OutputHead,
    thresholds: Vec<f64>,
}

impl Reader {
    /// With the temperature and the thresholds of a manifest.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Self {
        Self { output_head: OutputHead::new(manifest), thresholds: targets(manifest).1 }
    }

    /// Probability of each target, and whether it reaches its threshold.
    #[must_use]
    pub fn read(&self, logits: &[f32]) -> (Vec<f64>, Vec<bool>) {
        let labels = self.output_head.labels(logits);
        let groups = self.output_head.groups(&labels);
        let probability: Vec<f64> = labels.into_iter().chain(groups).map(f64::from).collect();
        let says = probability.iter().zip(&self.thresholds).map(|(p, t)| p >= t).collect();
        (probability, says)
    }
}

/// Runs `model` on `files`, whose patients are recognised as `patients` has it, with so many dropout
/// `samples` of each image (0: none, as of a model without dropout).
///
/// # Errors
/// When the network fails, no thread can be started, or somebody asked to stop; an image that fails
/// is no error of the set.
pub fn score(
    model: &Model,
    files: &[LabelledImage],
    patients: &Patients,
    samples: usize,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(ScoringProgress<'_>),
) -> Result<Scored, ScoringError> {
    let scorer = Scorer { model, reader: Reader::of(&model.manifest), files, samples };
    let mut rows: Vec<Option<ScoredRow>> = files.iter().map(|_| None).collect();
    let mut failures = Vec::new();
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| -> Result<(), ScoringError> {
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
            return Err(ScoringError::NoThread);
        }
        drop(ready);
        let mut batch: Vec<Prepared> = Vec::with_capacity(BATCH);
        let mut pass = |batch: &mut Vec<Prepared>,
                        failures: &mut Vec<ImageFailure>,
                        progress: &mut dyn FnMut(ScoringProgress<'_>)| {
            let n = batch.len();
            for (number, row) in scorer.pass(batch)? {
                match row {
                    Ok(row) => rows[number] = Some(row),
                    Err(reason) => fail(files, number, &reason, failures, progress),
                }
            }
            progress(ScoringProgress::Done(n));
            Ok::<(), ScoringError>(())
        };
        let mut all = || {
            for (number, prepared) in &incoming {
                cancel.check()?;
                match prepared {
                    Ok(prepared) => batch.push(prepared),
                    Err(reason) => fail(files, number, &reason, &mut failures, progress),
                }
                if batch.len() == BATCH {
                    pass(&mut batch, &mut failures, progress)?;
                }
            }
            pass(&mut batch, &mut failures, progress)
        };
        let done = all();
        // Lets the decoders end when the network has failed.
        stop.store(true, Ordering::Relaxed);
        drop(incoming);
        done
    })?;
    let mut set = Predictions { head: model.manifest.head, targets: targets(&model.manifest).0, rows: Vec::new() };
    let (mut inputs, mut recognised_by, mut identities) = (Vec::new(), Vec::new(), Vec::new());
    for (row, input, by, identity) in rows.into_iter().flatten() {
        set.rows.push(row);
        inputs.push(input);
        recognised_by.push(by);
        identities.push(identity);
    }
    Ok(Scored { set, inputs, recognised_by, identities, failures })
}

fn fail(
    files: &[LabelledImage],
    number: usize,
    reason: &NotScored,
    failures: &mut Vec<ImageFailure>,
    progress: &mut dyn FnMut(ScoringProgress<'_>),
) {
    let failure = ImageFailure { path: files[number].path.clone(), reason: reason.to_string() };
    progress(ScoringProgress::Failed(&failure));
    failures.push(failure);
}

type Decoded = (usize, Result<Prepared, NotScored>);

/// Prepares files until there are none left.
fn decode(
    model: &Model,
    files: &[LabelledImage],
    patients: &Patients,
    next: &AtomicUsize,
    stop: &AtomicBool,
    ready: &Sender<Decoded>,
) {
    while !stop.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(file) = files.get(number) else { return };
        let prepared = guarded(|| prepare(model, number, file, patients)).unwrap_or(Err(NotScored::Panicked));
        if ready.send((number, prepared)).is_err() {
            return;
        }
    }
}

fn prepare(model: &Model, number: usize, file: &LabelledImage, patients: &Patients) -> Result<Prepared, NotScored> {
    let frame = open_image(&file.path)?;
    frame.scorable()?;
    let plane = frame.model_plane();
    let values = model.input_values(&plane, frame.pixels.value_range);
    let coarse = model.detector.as_ref().map_or_else(|_| Plane::default(), |detector| detector.coarse(&plane));
    let meta = &frame.entry.meta;
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    let (patient, recognised_by) =
        patients.lead(&name, &file.image, file.patient.as_deref()).with_header(&meta.patient_id);
    let mut facts = facts_of(meta);
    facts.extend(file.facts.clone());
    let (meta, identity) = (meta.clone(), frame.entry.identity.clone());
    Ok(Prepared { number, values, coarse, meta, identity, patient, recognised_by, facts })
}

/// What a file's attributes tell of its patient and of where it was made.
pub(super) fn facts_of(meta: &Metadata) -> BTreeMap<String, String> {
    let known = [
        ("age", &meta.age),
        ("sex", &meta.sex),
        ("view", &meta.view_position),
        ("site", &meta.institution),
        ("manufacturer", &meta.manufacturer),
    ];
    known.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.to_owned(), v.clone())).collect()
}

/// With the word on the population among what is known of the image.
fn with_population(mut prepared: Prepared, verdict: Option<&PopulationVerdict>) -> Prepared {
    if let Some(verdict) = verdict {
        let word = if verdict.inside { INSIDE } else { OUTSIDE };
        prepared.facts.insert(POPULATION.to_owned(), word.to_owned());
        prepared.facts.extend(verdict.distance.map(|distance| (DISTANCE.to_owned(), distance.to_string())));
    }
    prepared
}

struct Scorer<'a> {
    model: &'a Model,
    reader: Reader,
    files: &'a [LabelledImage],
    /// Dropout samples of each image.
    samples: usize,
}

impl Scorer<'_> {
    /// Runs one batch and empties it.
    fn pass(&self, batch: &mut Vec<Prepared>) -> candle_core::Result<Vec<(usize, Result<ScoredRow, NotScored>)>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let values: Vec<f32> = batch.iter().flat_map(|p| p.values.iter().copied()).collect();
        let x = self.model.input_batch(values, batch.len())?;
        let (logits, features) = features::run(&self.model.network, &x)?;
        let stochastic = self.before_dropout(&x)?;
        let mut rows = Vec::with_capacity(batch.len());
        for (place, ((prepared, logits), features)) in batch.drain(..).zip(logits).zip(features).enumerate() {
            let verdict = self.model.judge_population(&prepared.meta, &prepared.coarse, || Ok(features))?;
            let mut prepared = with_population(prepared, verdict.as_ref());
            let number = prepared.number;
            let posterior = match &stochastic {
                Some((stage, activation)) => self.sampled(*stage, &activation.narrow(0, place, 1)?).map(Some),
                None => Ok(None),
            };
            let row = posterior.map_err(NotScored::from).and_then(|posterior| {
                prepared.facts.extend(posterior.iter().flat_map(|posterior| self.doubts(posterior)));
                self.row(prepared, &logits)
            });
            rows.push((number, row));
        }
        Ok(rows)
    }

    /// What a batch is before the first dropout, and the number of its stage; `None` where there is
    /// none, or no samples are wanted.
    fn before_dropout(&self, x: &Tensor) -> candle_core::Result<Option<(usize, Tensor)>> {
        let network = &self.model.network;
        let Some(stage) = network.first_stochastic().filter(|_| self.samples > 0) else { return Ok(None) };
        Ok(Some((stage, network.forward_range(0..stage, x, Mode::Inference)?)))
    }

    /// The dropout samples of one image.
    fn sampled(&self, stage: usize, activation: &Tensor) -> Result<Posterior, SamplingError> {
        let head = &self.reader.output_head;
        let mut sampler = McDropout::new(&self.model.network, stage, activation, head, self.samples, SEED);
        while sampler.advance(&|| false)? {}
        Ok(sampler.posterior())
    }

    /// What the samples of an image say of how sure the model is.
    fn doubts(&self, posterior: &Posterior) -> BTreeMap<String, String> {
        let manifest = &self.model.manifest;
        let labels: Vec<&str> = manifest.labels.iter().map(|label| label.name.as_str()).collect();
        let groups: Vec<&str> = manifest.groups.iter().map(|group| group.name.as_str()).collect();
        of_samples(posterior, manifest.head, &labels, &groups, |sample| self.reader.output_head.groups(sample))
    }

    fn row(&self, prepared: Prepared, logits: &[f32]) -> Result<ScoredRow, NotScored> {
        let (probability, says) = self.reader.read(logits);
        if !probability.iter().all(|p| p.is_finite()) {
            return Err(NotScored::NotFinite);
        }
        let file = &self.files[prepared.number];
        let (input, recognised_by) = (input_hash(&prepared.values), prepared.recognised_by);
        let row = Prediction {
            image: file.image.clone(),
            patient: prepared.patient.unwrap_or_default(),
            truth: file.truth.clone(),
            says,
            probability,
            logits: logits.iter().map(|z| f64::from(*z)).collect(),
            facts: prepared.facts,
        };
        Ok((row, input, recognised_by, prepared.identity))
    }
}
