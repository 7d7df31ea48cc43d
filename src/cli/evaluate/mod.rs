//! `pellucid evaluate`: how good a model is on a labelled set of images.
//!
//! A folder for each class (or group), rules on file names, or a table. What was said of each image, every figure with its
//! interval, and the report of it can be kept in a folder.

pub(super) mod calibrate;
mod exposure;
mod listing;
mod population;
mod prevalence;
mod words;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::json;

use self::calibrate::CalibrateArgs;
use self::exposure::Checked;
use self::listing::Source;
use self::population::Population;
use self::prevalence::PrevalenceArgs;
use super::evaluate_localization::{self, LocalizationArgs};
use super::session::ModelArgs;
use super::{Outcome, Usage, output};
use crate::evaluation::failures::most_confident;
use crate::evaluation::judgement::{Judgement, Question};
use crate::evaluation::predictions::Predictions;
use crate::evaluation::scoring::{self, Listed, Progress, Scored};
use crate::evaluation::temperature;
use crate::evaluation::thresholds::Rule;
use crate::network::Model;
use crate::report::charts::{self, Charts};
use crate::report::evaluation::{self as report, Basis, EvaluationReport, Purpose};
use crate::study::patients::{Patients, Recognition};
use crate::training::config::Ambiguous;
use crate::uncertainty::readout::Readout;

/// Judge a model on labelled images: every figure with its interval, calibration, subgroups
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder with one folder for each class or group, named like it or one of its aliases; with --table the folder of the images
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    model: ModelArgs,
    /// Labels by a part of the file name, before folder names: TEXT=LABEL,TEXT=LABEL
    #[arg(long, value_name = "RULE", conflicts_with = "table")]
    labels: Option<String>,
    /// Labels by a table: NIH's "Image Index, Finding Labels, …", or one column a label with 1, 0 or nothing
    #[arg(long, value_name = "FILE.csv")]
    table: Option<PathBuf>,
    /// What else is known of the images: a table with a column `image` and one column a fact (age, sex, view, site …)
    #[arg(long, value_name = "FILE.csv")]
    facts: Option<PathBuf>,
    /// Facts whose values are judged apart
    #[arg(long, value_name = "FACT,FACT", value_delimiter = ',', default_value = "age,sex,view,site")]
    by: Vec<String>,
    /// What becomes of images whose findings may include a target that they do not have (infiltration, consolidation: pneumonia?):
    /// keep or leave-out
    #[arg(long, value_name = "POLICY", default_value = "keep", requires = "table")]
    ambiguous: Ambiguous,
    /// Pattern whose first group in a file name is the patient [default: table, DICOM header, or file names as in public sets]
    #[arg(long, value_name = "REGEX")]
    patients: Option<String>,
    /// Further operating point: youden, sensitivity=0.95, specificity=0.9, or cost=5:1 (a missed finding to a false alarm)
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<Rule>,
    /// Folder of other labelled images, laid out alike, on which operating points and temperature are chosen
    #[arg(long, value_name = "DIR")]
    validation: Option<PathBuf>,
    /// Judge an even selection of about this many images
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Folder for predictions.csv, judgement.json, the charts (PNG, SVG) and the report (report.pdf), or what --localization
    /// finds
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What the images were to the model, as the report says: unknown, validation or test. Checked against the images that made the
    /// model, where it keeps a record of them
    #[arg(long, value_name = "PURPOSE", default_value = "unknown")]
    purpose: Purpose,
    /// Most errors that the report shows with their heat maps, the surest first
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(..=200))]
    failures: u16,
    /// One JSON object, and nothing else
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    prevalence: PrevalenceArgs,
    #[command(flatten)]
    calibrate: CalibrateArgs,
    #[command(flatten)]
    localization: LocalizationArgs,
}

pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let patients = patients(args.patients.as_ref())?;
    if let Some(out) = &args.out {
        std::fs::create_dir_all(out).with_context(|| format!("the folder {} could not be made", out.display()))?;
    }
    let model = match args.calibrate.folder()? {
        Some(folder) => {
            let (model, device) = (Some(folder.display().to_string()), args.model.device);
            ModelArgs { model, device }.load()?
        }
        None => args.model.load()?,
    };
    if let Some(path) = &args.localization.localization {
        let (dir, out) = (args.dir.as_path(), args.out.as_deref());
        let setting = evaluate_localization::Setting { dir, model: &model, patients: &patients, out, json: args.json };
        return evaluate_localization::run(path, &args.localization, &setting);
    }
    args.prevalence.check(&model.manifest)?;
    let source = Source {
        labels: args.labels.as_deref(),
        table: args.table.as_deref(),
        facts: args.facts.as_deref(),
        ambiguous: args.ambiguous,
    };
    let files = args.calibrate.select(listing::list(&args.dir, &model.manifest, &source)?)?;
    let files = select(files, args.limit);
    let scored = predictions(&model, &files, &patients)?;
    let checked = Checked::of(&model.origin, &model.manifest, &scored, args.purpose);
    checked.refuse_a_test_that_is_none()?;
    let tuning = args.validation.as_deref().map(|dir| {
        let files = listing::list(dir, &model.manifest, &Source { facts: None, ..source })?;
        let tuning = predictions(&model, &files, &patients)?;
        check_apart(&scored, &tuning)?;
        Ok::<_, anyhow::Error>(tuning.set)
    });
    let tuning = tuning.transpose()?;
    let recognition: Recognition = scored.told.iter().copied().collect();
    let Scored { set, failures, .. } = scored;
    let (_, thresholds) = scoring::targets(&model.manifest);
    let population = Population::of(&set);
    let by: Vec<String> = args.by.iter().cloned().chain(population.judged_apart()).collect();
    let question = Question { thresholds: &thresholds, rules: &args.rules, tuning: tuning.as_ref(), by: &by };
    let judgement = Judgement::of(&set, &question);
    let recalibrated = tuning.as_ref().map(|tuning| Recalibrated::of(&model, &set, tuning));
    if let Some(Err(reason)) = &recalibrated {
        let chosen = judgement.targets.iter().any(|t| !t.operating.is_empty());
        if !chosen {
            bail!("nothing can be chosen on the images of --validation: {reason}");
        }
        output::remark(format!("note: no temperature was fitted on the images of --validation: {reason}."));
    }
    let recalibrated = recalibrated.and_then(Result::ok);
    let mut json = judgement.to_json();
    json["model"] = json!({"name": model.manifest.name, "version": model.manifest.version, "weights_sha256": model.manifest.weights_sha256});
    json["set"] = json!(args.dir.display().to_string());
    json["tuned_on"] = json!(args.validation.as_ref().map(|d| d.display().to_string()));
    json["recalibrated"] = json!(recalibrated);
    json["failed"] = json!(failures.iter().map(|f| f.path.display().to_string()).collect::<Vec<_>>());
    json["population"] = json!(population);
    json["purpose"] = checked.to_json();
    json["patients_recognised"] = json!(recognition.sentence());
    let at_prevalence = args.prevalence.values(&model.manifest, &judgement)?;
    if !at_prevalence.is_empty() {
        json["at_prevalence"] = json!(at_prevalence);
    }
    if let Some(out) = &args.out {
        keep(out, &set, &json)?;
        let name = args.dir.canonicalize().ok().and_then(|d| d.file_name().map(|n| n.to_string_lossy().into_owned()));
        let basis = Basis {
            manifest: &model.manifest,
            set: &set,
            judgement: &judgement,
            name: name.as_deref().unwrap_or("images"),
            purpose: args.purpose,
            checked: checked.images.as_ref().ok(),
            tuned: tuning.is_some(),
            unread: failures.len(),
        };
        let errors = most_confident(&set, usize::from(args.failures));
        let shown = report::cases(&model, &args.dir, &set, &errors, &thresholds);
        charts::write_all(out, &Charts::of(&set, &judgement))?;
        report::write(&out.join("report.pdf"), &EvaluationReport::of(&basis, shown))?;
        output::remark(format!("Predictions, figures, charts and report lie in {}", out.display()));
    }
    args.calibrate.keep(&model.manifest, &set, &args.dir, args.purpose)?;
    args.calibrate.detector(&model, &files, &patients)?;
    if args.json {
        output::json(&json)?;
    } else {
        output::line(words::text(&model, &judgement, recalibrated.as_ref(), args.validation.is_some()))?;
        if !at_prevalence.is_empty() {
            output::line(format!("\n{}", prevalence::text(&at_prevalence)))?;
        }
    }
    output::remark(format!("note: {}", recognition.sentence()));
    let alone = recognition.warning("name a pattern with --patients, or a column `patient` of a table");
    alone.into_iter().for_each(|warning| output::remark(format!("note: {warning}")));
    checked.sentences().iter().for_each(|sentence| output::remark(format!("note: {sentence}.")));
    words::remarks(&judgement).iter().for_each(output::remark);
    population.remark().iter().for_each(output::remark);
    Ok(Outcome::of(failures.len(), files.len()))
}

/// How patients are recognised: by the pattern that was given, or as everywhere.
pub fn patients(pattern: Option<&String>) -> anyhow::Result<Patients> {
    let given: Vec<&String> = pattern.into_iter().collect();
    Ok(Patients::of(&given).map_err(|e| Usage(format!("--patients is no pattern: {e}")))?)
}

/// An even selection of about `limit` of `files`.
fn select(files: Vec<Listed>, limit: Option<usize>) -> Vec<Listed> {
    match limit.filter(|l| *l > 0 && *l < files.len()) {
        Some(limit) => (0..limit).map(|i| files[i * files.len() / limit].clone()).collect(),
        None => files,
    }
}

/// Runs the model on every file, with a bar on the terminal; what fails is said as it fails.
fn predictions(model: &Model, files: &[Listed], patients: &Patients) -> anyhow::Result<Scored> {
    let bar = output::progress(files.len(), "Evaluating");
    let mut tell = |progress: Progress<'_>| match progress {
        Progress::Done(n) => bar.inc(n as u64),
        Progress::Failed(f) => {
            bar.suspend(|| output::remark(format!("error: {} was left out: {}.", f.path.display(), f.reason)));
        }
    };
    let scored = scoring::score(model, files, patients, &mut tell)?;
    bar.finish_and_clear();
    if scored.set.rows.is_empty() {
        let first = scored.failures.first().map_or("there are none", |f| f.reason.as_str());
        bail!("none of the {} images could be judged; the first: {first}", files.len());
    }
    Ok(scored)
}

/// Refuses to choose thresholds on an image that is judged by them, whatever it is called.
fn check_apart(judged: &Scored, tuning: &Scored) -> anyhow::Result<()> {
    let known: std::collections::HashSet<u64> = judged.inputs.iter().copied().collect();
    let shared = tuning.inputs.iter().filter(|input| known.contains(input)).count();
    let all = tuning.inputs.len();
    match shared {
        0 => Ok(()),
        n if n == all => {
            bail!("the validation folder holds the judged images themselves; thresholds chosen on them would flatter")
        }
        n => bail!(
            "{n} of the {all} images of the validation folder are among the judged images themselves; thresholds chosen on them \
             would flatter: take them out of one of the two"
        ),
    }
}

/// What another temperature, fitted on other images, would change.
#[derive(Debug, serde::Serialize)]
struct Recalibrated {
    /// The model's own temperature, and the fitted one.
    own: f64,
    fitted: f64,
    /// Mean negative log likelihood of the judged images at either.
    nll_own: f64,
    nll_fitted: f64,
}

impl Recalibrated {
    /// Or why there is no other temperature.
    fn of(model: &Model, set: &Predictions, tuning: &Predictions) -> Result<Self, String> {
        let own = f64::from(model.manifest.temperature);
        let groups = Readout::new(&model.manifest).groups;
        let fitted = temperature::fit(tuning, &groups).map_err(|e| e.to_string())?;
        let nll = |temperature| {
            let known = temperature::nll(set, &groups, temperature);
            known.ok_or_else(|| "none of the judged images says of which class or group it is".to_owned())
        };
        Ok(Self { own, fitted, nll_own: nll(own)?, nll_fitted: nll(fitted)? })
    }
}

/// Writes what is kept.
fn keep(out: &Path, set: &Predictions, json: &serde_json::Value) -> anyhow::Result<()> {
    output::write_file(&out.join("predictions.csv"), &set.to_csv()?)?;
    output::write_file(&out.join("judgement.json"), &serde_json::to_vec_pretty(json)?)?;
    Ok(())
}
