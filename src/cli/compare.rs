//! `pellucid compare RUN RUN…`: whether runs differ by more than chance.

mod on_set;
mod words;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use self::on_set::SetArgs;
use super::{Usage, output};
use crate::evaluation::comparison::{OnImages, OverFolds, on_images, over_folds};
use crate::evaluation::folds::Crossval;
use crate::evaluation::matching::align;
use crate::evaluation::metric::Metric;
use crate::evaluation::paired::holm;
use crate::evaluation::predictions::Predictions;
use crate::model::manifest::Head;
use crate::training::experiments::crossval;

/// Test whether runs differ by more than chance
///
/// Two cross-validations on the same folds: the paired t-test, plain and with the correction of
/// Nadeau and Bengio, and Wilcoxon's signed rank test. Two evaluations of the same images (of
/// `evaluate --out`): DeLong for areas, McNemar for decisions, and bootstrap intervals of the
/// difference by patient. Two models with --on: both are evaluated on that set first. More than two
/// runs: all pairs, with Holm's correction.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folders of `crossval`, or folders of `evaluate --out` (or their predictions.csv); with --on
    /// models by name or folder
    #[arg(value_name = "RUN", required = true, num_args = 2..)]
    runs: Vec<PathBuf>,
    #[command(flatten)]
    on: SetArgs,
    /// auroc, accuracy, sensitivity, specificity, nll, brier or ece [default: auroc and accuracy]
    #[arg(long, value_name = "NAME")]
    metric: Option<Metric>,
    /// A label or group instead of all of them
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// One JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

/// What a path holds.
enum Run {
    Folds(Crossval),
    Images(Predictions),
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let (mut folds, mut images) = (Vec::new(), Vec::new());
    if let Some(set) = &args.on.on {
        for model in &args.runs {
            let name = model.display().to_string().trim_end_matches('/').to_owned();
            if images.iter().any(|(other, _)| *other == name) {
                return Err(Usage(format!("{name} is named twice; a model is no other than itself")).into());
            }
            images.push((name, args.on.scored(model, set)?));
        }
    }
    for path in args.runs.iter().filter(|_| args.on.on.is_none()) {
        let name = path.display().to_string().trim_end_matches('/').to_owned();
        if folds.iter().any(|(n, _)| *n == name) || images.iter().any(|(n, _)| *n == name) {
            return Err(Usage(format!("{name} is named twice; a run is no other than itself")).into());
        }
        match read(path)? {
            Run::Folds(run) => folds.push((name, run)),
            Run::Images(run) => images.push((name, run)),
        }
    }
    if let ([(first, _), ..], [(second, _), ..]) = (&folds[..], &images[..]) {
        bail!(
            "{first} is a cross-validation and {second} an evaluation of one set of images; compare cross-validations with each \
             other, or evaluations"
        );
    }
    let metrics = args.metric.map_or_else(|| vec![Metric::Auroc, Metric::Accuracy], |m| vec![m]);
    if images.is_empty() { compare_folds(args, &folds, &metrics) } else { compare_images(args, &images, &metrics) }
}

fn read(path: &Path) -> anyhow::Result<Run> {
    if path.is_dir() && path.join(crossval::FILE).is_file() {
        return Ok(Run::Folds(crossval::read(path)?));
    }
    let table = if path.is_dir() { path.join(crossval::PREDICTIONS) } else { path.to_owned() };
    if !table.is_file() {
        if path.join("plan.json").is_file() {
            bail!("the cross-validation in {} is not finished; go on with crossval --resume", path.display());
        }
        bail!(
            "{} holds no run: neither {} of crossval nor {} of evaluate --out is there",
            path.display(),
            crossval::FILE,
            crossval::PREDICTIONS
        );
    }
    Ok(Run::Images(crossval::read_table(&table)?))
}

/// The name of a target as `targets` have it.
fn named<'a>(
    wanted: Option<&str>,
    mut targets: impl Iterator<Item = &'a str> + Clone,
) -> anyhow::Result<Option<&'a str>> {
    let Some(wanted) = wanted else { return Ok(None) };
    let known = targets.clone().collect::<Vec<_>>().join(", ");
    let found = targets.find(|t| t.eq_ignore_ascii_case(wanted.trim()));
    Ok(Some(found.ok_or_else(|| Usage(format!("there is no label or group \"{wanted}\"; there are {known}")))?))
}

/// Pairs of numbers below `n`.
fn pairs(n: usize) -> Vec<(usize, usize)> {
    (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).collect()
}

/// Holds the p values of all pairs against their number.
fn hold<T>(found: &mut [T], p: impl Fn(&T) -> Option<f64>, set: impl Fn(&mut T, f64)) {
    let known: Vec<usize> = (0..found.len()).filter(|&i| p(&found[i]).is_some()).collect();
    let held = holm(&known.iter().filter_map(|&i| p(&found[i])).collect::<Vec<_>>());
    if found.len() > 1 {
        known.into_iter().zip(held).for_each(|(i, p)| set(&mut found[i], p));
    }
}

/// One object: the comparison with the names of its runs and what it allows to say.
fn object(value: impl serde::Serialize, names: [&str; 2], verdict: &str) -> anyhow::Result<Value> {
    let mut object = json!({ "runs": names, "verdict": verdict });
    let own = serde_json::to_value(value).context("the comparison could not be written as JSON")?;
    if let (Value::Object(object), Value::Object(own)) = (&mut object, own) {
        object.extend(own);
    }
    Ok(object)
}

fn compare_folds(args: &Args, runs: &[(String, Crossval)], metrics: &[Metric]) -> anyhow::Result<()> {
    let target = named(args.target.as_deref(), runs[0].1.targets.iter().map(String::as_str))?;
    let mut objects = Vec::new();
    for &metric in metrics {
        let mut found: Vec<((usize, usize), OverFolds)> = Vec::new();
        for (a, b) in pairs(runs.len()) {
            let one = |i: usize| (runs[i].0.as_str(), &runs[i].1);
            found.push(((a, b), over_folds(one(a), one(b), metric, target)?));
        }
        hold(&mut found, |f| f.1.corrected.map(|t| t.p), |f, p| f.1.p_held = Some(p));
        for ((a, b), found) in found {
            let names = [runs[a].0.as_str(), runs[b].0.as_str()];
            let verdict = words::of_folds(&found, names);
            if args.json {
                objects.push(object(&found, names, &verdict)?);
            } else {
                output::line(words::folds(&found, names, &verdict))?;
            }
        }
    }
    finish(args, "folds", &objects, &[])
}

fn compare_images(args: &Args, runs: &[(String, Predictions)], metrics: &[Metric]) -> anyhow::Result<()> {
    let (tables, remarks) = align(runs)?;
    let lead = &tables[0];
    let target = named(args.target.as_deref(), lead.targets.iter().map(|t| t.name.as_str()))?;
    let asked = target.and_then(|t| lead.target(t));
    let softmax = tables.iter().all(|t| t.head == Head::Softmax);
    let mut objects = Vec::new();
    if !args.json {
        output::line(words::images_head(lead, runs.len()))?;
    }
    for &metric in metrics {
        let all = || (0..lead.targets.len()).map(Some);
        let questions: Vec<Option<usize>> = match (asked, metric) {
            (Some(target), _) => vec![Some(target)],
            // The highest class decides; a single class's threshold is a reading aid, a group's is
            // not.
            (None, Metric::Accuracy) if softmax => {
                let groups = all().filter(|t| t.is_some_and(|t| lead.targets[t].group));
                [None].into_iter().chain(groups).collect()
            }
            _ => [None].into_iter().chain(all()).collect(),
        };
        for question in questions {
            let of = |(a, b): (usize, usize)| ((a, b), on_images(&tables[a], &tables[b], metric, question));
            let mut found: Vec<((usize, usize), OnImages)> = pairs(runs.len()).into_iter().map(of).collect();
            hold(&mut found, |f| f.1.p(), |f, p| f.1.p_held = Some(p));
            for ((a, b), found) in found {
                let names = [runs[a].0.as_str(), runs[b].0.as_str()];
                let verdict = words::of_images(&found, names);
                if args.json {
                    objects.push(object(&found, names, &verdict)?);
                } else {
                    output::line(words::images(&found, names, &verdict))?;
                }
            }
        }
    }
    finish(args, "images", &objects, &remarks)
}

fn finish(args: &Args, kind: &str, objects: &[Value], remarks: &[String]) -> anyhow::Result<()> {
    if args.json {
        return output::json(&json!({ "kind": kind, "comparisons": objects, "remarks": remarks }));
    }
    for remark in remarks {
        output::remark(format!("note: {remark}."));
    }
    Ok(())
}
