//! `pellucid evaluate`: how good a model is on a labelled set of images.
//!
//! A folder for each class (or group), or rules on file names. Files are decoded on threads of their own while the
//! network runs on batches of what is ready.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, anyhow, bail};
use candle_core::Tensor;
use crossbeam_channel::Sender;
use regex::Regex;

use super::inputs::looks_like_an_image;
use super::session::ModelArgs;
use super::{Outcome, Usage, output};
use crate::evaluation::summary::{Case, Estimate, Finding, Summary};
use crate::evaluation::truth::{Rules, Truth, known};
use crate::limits;
use crate::network::manifest::{Head, Input};
use crate::network::{Mode, Model, preprocess};
use crate::study::open_image;
use crate::uncertainty::readout::Readout;

/// Images of one forward pass.
const BATCH: usize = 16;

/// Judge a model on a folder of labelled images: accuracy, AUROC with intervals, confusion, calibration
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder with one folder for each class or group, named like it or one of its aliases
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    model: ModelArgs,
    /// Labels by a part of the file name, before folder names: TEXT=LABEL,TEXT=LABEL
    #[arg(long, value_name = "RULE")]
    labels: Option<String>,
    /// Pattern whose first group in a file name is the patient, for intervals by patient (DICOM files tell themselves)
    #[arg(long, value_name = "REGEX", default_value = r"^(person\d+|(?:NORMAL2-)?IM-\d+)")]
    patients: String,
    /// Judge an even selection of about this many images
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// One JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

/// An image with its truth.
struct Listed {
    path: PathBuf,
    truth: Truth,
}

/// An image ready for the network.
struct Prepared {
    number: usize,
    values: Vec<f32>,
    patient: String,
}

pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let patients = Regex::new(&args.patients).map_err(|e| Usage(format!("--patients is no pattern: {e}")))?;
    let model = args.model.load()?;
    if model.manifest.head == Head::Sigmoid {
        bail!(
            "“{}” scores findings that need not exclude each other, and evaluate judges exclusive classes only; the model's card \
             has the figures of its own validation",
            model.manifest.name
        );
    }
    let rules =
        Rules::parse(args.labels.as_deref().unwrap_or_default(), &model.manifest).map_err(|e| Usage(e.to_string()))?;
    let mut files = list(&args.dir, &model, &rules)?;
    if let Some(limit) = args.limit.filter(|l| *l > 0 && *l < files.len()) {
        let all = files.len();
        let chosen: Vec<usize> = (0..limit).map(|i| i * all / limit).collect();
        files =
            files.into_iter().enumerate().filter(|(i, _)| chosen.binary_search(i).is_ok()).map(|(_, f)| f).collect();
    }
    let (cases, failed) = judge(&model, &files, &patients)?;
    if cases.is_empty() {
        bail!("none of the {} images could be judged", files.len());
    }
    let summary = Summary::of(&model.manifest, &cases);
    if args.json {
        output::json(&summary.to_json())?;
    } else {
        output::line(text(&model, &summary))?;
    }
    if summary.classed < summary.n {
        output::remark(format!(
            "note: the class of {} of {} images is known; accuracy, confusion, calibration and the labels' figures are \
             over those, groups over all.",
            summary.classed, summary.n
        ));
    }
    Ok(Outcome::of(failed, files.len()))
}

/// Every file below `dir` whose truth is known, in the order of the paths; the rest is remarked on.
fn list(dir: &Path, model: &Model, rules: &Rules) -> anyhow::Result<Vec<Listed>> {
    let dir = dir.canonicalize().with_context(|| format!("the folder {} cannot be read", dir.display()))?;
    if !dir.is_dir() {
        return Err(
            Usage(format!("{} is no folder; evaluate takes a folder with one for each class", dir.display())).into()
        );
    }
    let mut files = Vec::new();
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(&dir).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                output::remark(format!("note: {error}"));
                continue;
            }
        };
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !entry.file_type().is_file() || hidden || !looks_like_an_image(entry.path()) {
            continue;
        }
        if let Some(truth) = rules.truth(&model.manifest, &dir, entry.path()) {
            files.push(Listed { path: entry.into_path(), truth });
        } else {
            let inside = entry.path().parent().and_then(|p| p.strip_prefix(&dir).ok()).unwrap_or(Path::new(""));
            let first = inside.components().next().map(|c| c.as_os_str().to_string_lossy().into_owned());
            *unknown.entry(first.unwrap_or_else(|| ".".into())).or_default() += 1;
        }
        if files.len() > limits::FILES_AT_ONCE {
            bail!("{} holds more than {} images", dir.display(), limits::FILES_AT_ONCE);
        }
    }
    let names = known(&model.manifest);
    let left: Vec<String> = unknown.iter().map(|(folder, files)| format!("\"{folder}\" ({files} files)")).collect();
    if files.is_empty() {
        let found = if left.is_empty() { "it is empty".to_owned() } else { format!("it holds {}", left.join(", ")) };
        bail!(
            "no folder in {} is named like a class of {} ({found}). Folders are matched to {names}; --labels gives labels by \
             file name",
            dir.display(),
            model.manifest.name
        );
    }
    if !left.is_empty() {
        output::remark(format!(
            "note: left out, for no class of {} is named like it: {}. Folders are matched to {names}.",
            model.manifest.name,
            left.join(", ")
        ));
    }
    Ok(files)
}

/// Runs the network on every file. Yields what could be judged, and the number of files that could not be read.
fn judge(model: &Model, files: &[Listed], patients: &Regex) -> anyhow::Result<(Vec<Case>, usize)> {
    let bar = output::progress(files.len(), "Evaluating");
    let readout = Readout::new(&model.manifest);
    let mut cases: Vec<Option<Case>> = files.iter().map(|_| None).collect();
    let mut failed = 0;
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| -> anyhow::Result<()> {
        let (ready, incoming) = crossbeam_channel::bounded(2 * BATCH);
        for number in 0..thread::available_parallelism().map_or(2, usize::from).min(8) {
            let ready = ready.clone();
            let (next, stop, input) = (&next, &stop, &model.manifest.input);
            thread::Builder::new()
                .name(format!("decode-{number}"))
                .spawn_scoped(scope, move || decode(files, input, patients, next, stop, &ready))
                .context("no thread could be started")?;
        }
        drop(ready);
        let mut batch: Vec<Prepared> = Vec::with_capacity(BATCH);
        let work = || -> anyhow::Result<()> {
            for (number, prepared) in &incoming {
                match prepared {
                    Ok(prepared) => batch.push(prepared),
                    Err(error) => {
                        failed += 1;
                        let error = error.context(format!("{} was not read", files[number].path.display()));
                        bar.suspend(|| output::complain(&error));
                    }
                }
                if batch.len() == BATCH {
                    score(model, &readout, files, &mut batch, &mut cases)?;
                    bar.inc(BATCH as u64);
                }
            }
            score(model, &readout, files, &mut batch, &mut cases)
        };
        let done = { work }();
        // Lets the decoders end when the network has failed.
        stop.store(true, Ordering::Relaxed);
        drop(incoming);
        done
    })?;
    bar.finish_and_clear();
    Ok((cases.into_iter().flatten().collect(), failed))
}

type Decoded = (usize, anyhow::Result<Prepared>);

/// Prepares files until there are none left.
fn decode(
    files: &[Listed],
    input: &Input,
    patients: &Regex,
    next: &AtomicUsize,
    stop: &AtomicBool,
    ready: &Sender<Decoded>,
) {
    while !stop.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(file) = files.get(number) else { return };
        let prepared = std::panic::catch_unwind(|| prepare(number, &file.path, input, patients))
            .unwrap_or_else(|panic| Err(anyhow!("{}", super::panic_text(panic.as_ref()))));
        if ready.send((number, prepared)).is_err() {
            return;
        }
    }
}

fn prepare(number: usize, path: &Path, input: &Input, patients: &Regex) -> anyhow::Result<Prepared> {
    let frame = open_image(path)?;
    let plane = preprocess::to_input(&frame.model_plane(), input, frame.value_range);
    let id = &frame.entry.meta.patient_id;
    let patient = if id.is_empty() {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let found = patients.captures(&name).and_then(|c| c.get(1).or_else(|| c.get(0)));
        found.map(|m| m.as_str().to_owned()).unwrap_or_default()
    } else {
        id.clone()
    };
    Ok(Prepared { number, values: plane.values, patient })
}

/// Runs one batch and empties it.
fn score(
    model: &Model,
    readout: &Readout,
    files: &[Listed],
    batch: &mut Vec<Prepared>,
    cases: &mut [Option<Case>],
) -> anyhow::Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let input = &model.manifest.input;
    let (n, channels) = (batch.len(), input.channels);
    let mut values = Vec::with_capacity(n * channels * input.width * input.height);
    for prepared in batch.iter() {
        for _ in 0..channels {
            values.extend_from_slice(&prepared.values);
        }
    }
    let x = Tensor::from_vec(values, (n, channels, input.height, input.width), &model.device)?;
    let logits = model.network.forward(&x, Mode::Inference)?.to_vec2::<f32>()?;
    for (prepared, logits) in batch.drain(..).zip(logits) {
        let labels = readout.labels(&logits);
        let groups = readout.groups(&labels);
        cases[prepared.number] = Some(Case {
            truth: files[prepared.number].truth,
            labels: labels.into_iter().map(f64::from).collect(),
            groups: groups.into_iter().map(f64::from).collect(),
            patient: prepared.patient,
        });
    }
    Ok(())
}

/// The table for people.
fn text(model: &Model, summary: &Summary) -> String {
    let Summary { n, classed, patients, .. } = summary;
    let mut text = format!("{} on {n} images of {patients} patients (as far as told apart)\n", model.manifest.name);
    let all: Vec<&Finding> = summary.groups.iter().chain(&summary.labels).collect();
    let wide = all.iter().map(|f| f.name.chars().count()).max().unwrap_or(0).max(8);
    let _ = writeln!(
        text,
        "\n{:wide$}  {:>9}  {:>22}  {:>9}  {:>8}  {:>11}  {:>11}  {:>6}",
        "", "positives", "AUROC (95 %)", "threshold", "accuracy", "sensitivity", "specificity", "F1"
    );
    for f in all {
        let counts = f.counts;
        let _ = writeln!(
            text,
            "{:wide$}  {:>9}  {:>22}  {:>9.3}  {:>8}  {:>11}  {:>11}  {:>6}",
            f.name,
            format!("{}/{}", f.positives, f.n),
            interval(f.auroc),
            f.threshold,
            figure(counts.accuracy()),
            figure(counts.sensitivity()),
            figure(counts.specificity()),
            figure(counts.f1())
        );
    }
    if *classed > 0 {
        let _ = writeln!(
            text,
            "\nOver the {classed} images whose class is known\n  accuracy {}, ECE {}, Brier {}, negative log likelihood {}",
            interval(summary.accuracy),
            figure(summary.ece),
            figure(summary.brier),
            figure(summary.nll)
        );
        let _ = writeln!(text, "\nConfusion (rows: truth, columns: called)");
        for (label, row) in summary.labels.iter().zip(&summary.confusion) {
            let counts: Vec<String> = row.iter().map(|c| format!("{c:>6}")).collect();
            let _ = writeln!(text, "{:wide$}  {}", label.name, counts.join(""));
        }
    }
    text.trim_end().to_owned()
}

fn figure(value: Option<f64>) -> String {
    value.map_or("–".into(), |v| format!("{v:.3}"))
}

fn interval(Estimate(value, low, high): Estimate) -> String {
    match (value, low, high) {
        (Some(value), Some(low), Some(high)) => format!("{value:.3} ({low:.3}–{high:.3})"),
        (Some(value), ..) => format!("{value:.3}"),
        _ => "–".into(),
    }
}
