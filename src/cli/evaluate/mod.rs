//! `pellucid evaluate`: how good a model is on a labelled set of images.
//!
//! A folder for each class (or group), rules on file names, or a table. What the model said of each
//! image, every metric with its interval, and the report of it can be kept in a folder.

mod anatomy;
mod calibrate;
mod exposure;
pub(super) mod listing;
mod localization;
mod prevalence;
mod selective;
mod studies;
mod words;

use std::path::{Path, PathBuf};

use anyhow::bail;
use serde_json::{Value, json};

use self::anatomy::{AnatomyArgs, AnatomyFound};
use self::calibrate::CalibrateArgs;
use self::exposure::ExposureCheck;
use self::listing::LabelSource;
use self::localization::{EvaluatedSet, LocalizationArgs};
use self::prevalence::PrevalenceArgs;
use self::selective::SelectiveArgs;
use super::session::ModelArgs;
use super::{Outcome, Usage, output};
use crate::cancel::CancelToken;
use crate::evaluation::exposure::check_apart;
use crate::evaluation::performance::{Evaluation, EvaluationRequest};
use crate::evaluation::population::PopulationCounts;
use crate::evaluation::predictions::Predictions;
use crate::evaluation::pseudonyms::Pseudonyms;
use crate::evaluation::purpose::Purpose;
use crate::evaluation::result_table::{Kind, ResultTable};
use crate::evaluation::sample::evenly;
use crate::evaluation::scoring::{self, LabelledImage, Scored, ScoringProgress};
use crate::evaluation::study_performance::StudyEvaluation;
use crate::evaluation::temperature::Recalibration;
use crate::evaluation::thresholds::Rule;
use crate::model::Model;
use crate::report::evaluation::evidence;
use crate::report::evaluation::{Basis, ErrorCase, EvaluationReport, Shown};
use crate::report::{charts, evaluation as report};
use crate::study::patients::{Patients, Recognition};
use crate::training::config::Ambiguous;
use crate::training::data::part::SplitPart;
use crate::training::data::run_images::{PartImages, RunImages};

/// Evaluate a model on labelled images: every metric with its interval, calibration, subgroups
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder with one folder for each class or group, named like it or one of its aliases; with
    /// --table the folder of the images
    #[arg(value_name = "DIR", required_unless_present = "run")]
    dir: Option<PathBuf>,
    /// Score the test part of this run (a folder that `train` or `pipeline` left), or another one by
    /// --part, with the model that it made; DIR is needed only where its data lie elsewhere now
    #[arg(long, value_name = "RUN", conflicts_with_all = [
        "model", "labels", "table", "split", "calibrate", "localization", "validation",
    ])]
    run: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    /// Labels by a part of the file name, before folder names: TEXT=LABEL,TEXT=LABEL
    #[arg(long, value_name = "RULE", conflicts_with = "table")]
    labels: Option<String>,
    /// Labels by a table: NIH's "Image Index, Finding Labels, …", or one column a label with 1, 0
    /// or nothing
    #[arg(long, value_name = "FILE.csv")]
    table: Option<PathBuf>,
    /// What else is known of the images: a table with a column `image` and one column a fact (age,
    /// sex, view, site …)
    #[arg(long, value_name = "FILE.csv")]
    facts: Option<PathBuf>,
    /// Facts whose values are evaluated apart
    #[arg(long, value_name = "FACT,FACT", value_delimiter = ',', default_value = "age,sex,view,site")]
    by: Vec<String>,
    /// What becomes of images whose findings may include a target that they do not have
    /// (infiltration, consolidation: pneumonia?): keep or leave-out
    #[arg(long, value_name = "POLICY", default_value = "keep", requires = "table")]
    ambiguous: Ambiguous,
    /// Pattern whose first group in a file name is the patient [default: table, DICOM header, or
    /// file names as in public sets]
    #[arg(long, value_name = "REGEX")]
    patients: Option<String>,
    /// Further operating point: youden, sensitivity=0.95, specificity=0.9, or cost=5:1 (a missed
    /// finding to a false alarm)
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<Rule>,
    /// Folder of other labelled images, laid out alike, on which operating points and temperature
    /// are chosen
    #[arg(long, value_name = "DIR")]
    validation: Option<PathBuf>,
    /// Take an even selection of about this many images
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Folder for predictions.csv, judgement.json, the charts (PNG, SVG) and the report
    /// (report.pdf), or what --localization finds; a name that ends in .csv or .parquet is a table
    /// of what the model said of each image, alone
    #[arg(long, value_name = "DIR|FILE")]
    out: Option<PathBuf>,
    /// What the images were to the model, as the report says: unknown, validation or test. Checked
    /// against the images that made the model, where it keeps a record of them
    #[arg(long, value_name = "PURPOSE", default_value = "unknown")]
    purpose: Purpose,
    /// Most errors that the report shows with their heat maps, the surest first
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(..=200))]
    failures: u16,
    /// Put numbers in place of file names, patients and sites in all results, and pool ages from 90
    /// years on; the order of the names gives the numbers, so that runs on one folder agree
    #[arg(long, alias = "anonymise")]
    anonymize: bool,
    /// One JSON object, and nothing else
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    selective: SelectiveArgs,
    #[command(flatten)]
    prevalence: PrevalenceArgs,
    #[command(flatten)]
    calibrate: CalibrateArgs,
    #[command(flatten)]
    localization: LocalizationArgs,
    #[command(flatten)]
    anatomy: AnatomyArgs,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let patients = patients(args.patients.as_ref())?;
    if let Some(out) = &args.out {
        if Kind::of(out).is_none() {
            output::make_folder(out)?;
        } else if args.localization.localization.is_some() {
            return Err(Usage("--localization leaves several files; name a folder with --out".into()).into());
        }
        if !args.anonymize {
            output::remark(
                "warning: the results name image files, patients and sites; --anonymize puts numbers in their place.",
            );
        }
    }
    let of_run = args.run.as_ref().map(|run| RunImages::of(run, args.dir.as_deref())).transpose()?;
    let own = match (args.calibrate.folder()?, &args.run) {
        (Some(folder), _) => Some(folder.to_owned()),
        (None, Some(run)) => Some(run.join("model")),
        (None, None) => None,
    };
    let model = match own {
        Some(folder) => {
            let (model, device) = (Some(folder.display().to_string()), args.model.device);
            ModelArgs { model, device }.load()?
        }
        None => args.model.load()?,
    };
    if let (Some(path), Some(dir)) = (&args.localization.localization, &args.dir) {
        let out = args.out.as_deref();
        let (json, anonymize) = (args.json, args.anonymize);
        let set = EvaluatedSet { dir, model: &model, patients: &patients, out, json, anonymize };
        return localization::run(path, &args.localization, &set);
    }
    args.prevalence.check(&model.manifest)?;
    let source = LabelSource {
        labels: args.labels.as_deref(),
        table: args.table.as_deref(),
        facts: args.facts.as_deref(),
        ambiguous: args.ambiguous,
    };
    let Images { dir, files, purpose } = Images::of(args, of_run, &model, &source)?;
    let all: Vec<String> = files.iter().map(|file| file.image.clone()).collect();
    let files = evenly(files, args.limit);
    args.selective.check(&model)?;
    args.calibrate.judged_units().map_or(Ok(()), |unit| studies::check(&model, unit))?;
    let samples = args.selective.samples();
    let mut scored = scored(&model, &files, &patients, samples)?;
    let exposure = ExposureCheck::of(&model.origin, &model.manifest, &scored, purpose);
    exposure.refuse_a_test_that_is_none()?;
    let tuning = match &args.validation {
        Some(dir) => {
            let files = listing::list(dir, &model.manifest, &LabelSource { facts: None, ..source })?;
            let tuning = self::scored(&model, &files, &patients, samples)?;
            check_apart(&scored.inputs, &tuning.inputs)?;
            Some(tuning.set)
        }
        None => None,
    };
    let mut anatomy = AnatomyFound::of(&args.anatomy, &model, &files, &patients)?;
    let mut names = Names::of(&files, &scored);
    if args.anonymize {
        let pseudonyms = Pseudonyms::of_set(all.iter().map(String::as_str), &scored.set);
        pseudonyms.put(&mut scored.set);
        names.failed.iter_mut().for_each(|name| *name = pseudonyms.image(name));
        anatomy.iter_mut().for_each(|anatomy| anatomy.put(&pseudonyms));
    }
    let done = Done { anatomy, names, ..Done::of(args, &dir, &model, &scored, tuning.as_ref(), exposure)? };
    match &args.out {
        Some(out) if Kind::of(out).is_some() => {
            output::write_file(out, &ResultTable::of_predictions(&scored.set).of_kind(out)?)?;
            output::remark(format!("What the model said of each image is in {}", out.display()));
        }
        Some(out) => {
            done.keep(out)?;
            output::remark(format!("Predictions, metrics, charts and report lie in {}", out.display()));
        }
        None => {}
    }
    let rule = args.rules.first().copied().unwrap_or(Rule::Youden);
    args.calibrate.keep(&model, &scored, &dir, purpose, rule)?;
    args.calibrate.detector(&model, &files, &patients)?;
    done.print()?;
    Ok(Outcome::of(scored.failures.len(), files.len()))
}

/// The images that are evaluated.
struct Images {
    /// Folder below which they are named.
    dir: PathBuf,
    files: Vec<LabelledImage>,
    /// What they were to the model.
    purpose: Purpose,
}

impl Images {
    /// Those of the folder, or of the run.
    fn of(args: &Args, of_run: Option<RunImages>, model: &Model, source: &LabelSource<'_>) -> anyhow::Result<Self> {
        if let Some(of_run) = of_run {
            let part = args.calibrate.part.unwrap_or(SplitPart::Test);
            let PartImages { images, missing } = of_run.part(&model.manifest, part)?;
            calibrate::remark_missing(missing, missing + images.len(), part);
            let purpose = match (args.purpose, part) {
                (Purpose::Unknown, SplitPart::Test) => Purpose::Test,
                (Purpose::Unknown, SplitPart::Validation) => Purpose::Validation,
                (stated, _) => stated,
            };
            return Ok(Self { dir: of_run.root, files: images, purpose });
        }
        let dir = args.dir.clone().unwrap_or_default();
        let files = args.calibrate.select(listing::list(&dir, &model.manifest, source)?)?;
        Ok(Self { dir, files, purpose: args.purpose })
    }
}

/// What images are called.
#[derive(Default)]
struct Names {
    /// Of each row, the path below the folder, whatever results call it.
    files: Vec<String>,
    /// What results call the images that took no part.
    failed: Vec<String>,
}

impl Names {
    fn of(files: &[LabelledImage], scored: &Scored) -> Self {
        let name = |path: &Path| files.iter().find(|f| f.path == path).map_or_else(String::new, |f| f.image.clone());
        Self {
            files: scored.set.rows.iter().map(|row| row.image.clone()).collect(),
            failed: scored.failures.iter().map(|failure| name(&failure.path)).collect(),
        }
    }
}

/// A model evaluated on a set.
struct Done<'a> {
    args: &'a Args,
    /// Folder below which the images are named.
    dir: &'a Path,
    model: &'a Model,
    scored: &'a Scored,
    /// Operating threshold of each target.
    thresholds: Vec<f64>,
    /// Thresholds and temperature were chosen on other images.
    tuned: bool,
    evaluation: Evaluation,
    recalibration: Option<Recalibration>,
    population: PopulationCounts,
    exposure: ExposureCheck,
    recognition: Recognition,
    /// Results of whole studies, where they were asked for.
    studies: Option<StudyEvaluation>,
    /// Where the evidence lies, where that was asked.
    anatomy: Option<AnatomyFound>,
    names: Names,
}

impl<'a> Done<'a> {
    fn of(
        args: &'a Args,
        dir: &'a Path,
        model: &'a Model,
        scored: &'a Scored,
        tuning: Option<&Predictions>,
        exposure: ExposureCheck,
    ) -> anyhow::Result<Self> {
        let set = &scored.set;
        let (_, thresholds) = scoring::targets(&model.manifest);
        let population = PopulationCounts::of(set);
        let by: Vec<String> = args.by.iter().cloned().chain(population.apart()).collect();
        let request = EvaluationRequest {
            thresholds: &thresholds,
            rules: &args.rules,
            tuning,
            by: &by,
            risks: &args.selective.coverage_at,
        };
        let evaluation = Evaluation::of(set, &request);
        let recalibration = match tuning.map(|tuning| Recalibration::of(&model.manifest, set, tuning)) {
            Some(Err(reason)) if evaluation.targets.iter().all(|t| t.operating.is_empty()) => {
                bail!("nothing can be chosen on the images of --validation: {reason}")
            }
            Some(Err(reason)) => {
                output::remark(format!("note: no temperature was fitted on the images of --validation: {reason}."));
                None
            }
            Some(Ok(recalibration)) => Some(recalibration),
            None => None,
        };
        let studies = args.calibrate.judged_units().map(|unit| studies::of(model, scored, unit)).transpose()?;
        let (tuned, recognition) = (tuning.is_some(), scored.recognised_by.iter().copied().collect());
        Ok(Self {
            args,
            dir,
            model,
            scored,
            thresholds,
            tuned,
            evaluation,
            recalibration,
            population,
            exposure,
            recognition,
            studies,
            anatomy: None,
            names: Names::default(),
        })
    }

    fn to_json(&self) -> anyhow::Result<Value> {
        let Self { args, model, .. } = self;
        let manifest = &model.manifest;
        let mut json = self.evaluation.to_json();
        json["model"] =
            json!({"name": manifest.name, "version": manifest.version, "weights_sha256": manifest.weights_sha256});
        let named = |dir: &Path| (!args.anonymize).then(|| dir.display().to_string());
        json["set"] = json!(named(self.dir));
        json["tuned_on"] = json!(args.validation.as_deref().map(|dir| named(dir).unwrap_or_default()));
        json["recalibrated"] = json!(self.recalibration);
        json["failed"] = if args.anonymize {
            json!(self.names.failed)
        } else {
            json!(self.scored.failures.iter().map(|f| f.path.display().to_string()).collect::<Vec<_>>())
        };
        json["population"] = json!(self.population);
        json["purpose"] = self.exposure.to_json();
        json["patients_recognised"] = json!(self.recognition.sentence());
        if let Some(studies) = &self.studies {
            json["studies"] = json!(studies);
        }
        if let Some(anatomy) = &self.anatomy {
            json["anatomy"] = anatomy.to_json();
        }
        let at_prevalence = args.prevalence.values(manifest, &self.evaluation)?;
        if !at_prevalence.is_empty() {
            json["at_prevalence"] = json!(at_prevalence);
        }
        Ok(json)
    }

    /// Writes predictions, metrics, charts and report.
    fn keep(&self, out: &Path) -> anyhow::Result<()> {
        let Self { args, model, evaluation, .. } = self;
        let set = &self.scored.set;
        output::write_file(&out.join("predictions.csv"), &set.to_csv()?)?;
        output::write_file(&out.join("judgement.json"), &serde_json::to_vec_pretty(&self.to_json()?)?)?;
        let folder = self.dir.canonicalize().ok().filter(|_| !args.anonymize);
        let name = folder.and_then(|d| d.file_name().map(|n| n.to_string_lossy().into_owned()));
        let basis = Basis {
            manifest: &model.manifest,
            set,
            evaluation,
            name: name.as_deref().unwrap_or("images"),
            purpose: self.exposure.purpose,
            checked: self.exposure.images.as_ref().ok(),
            tuned: self.tuned,
            unread: self.scored.failures.len(),
        };
        let shown = Shown { dir: self.dir, files: &self.names.files, thresholds: &self.thresholds };
        let cases = ErrorCase::of_set(model, set, &shown, usize::from(args.failures));
        let mut report = EvaluationReport::of(&basis, cases);
        if let Some(anatomy) = &self.anatomy {
            output::write_file(&out.join("anatomy.csv"), &anatomy.csv()?)?;
            report.tables.push(evidence::table(&anatomy.summary));
            report.charts.evidence = evidence::histograms(&anatomy.summary);
            report.remarks.extend(anatomy.summary.remarks().into_iter().map(|remark| format!("{remark}.")));
        }
        charts::write_all(out, &report.charts)?;
        report::write(&out.join("report.pdf"), &report)?;
        Ok(())
    }

    /// Prints the result, and what should be known of it.
    fn print(&self) -> anyhow::Result<()> {
        let Self { args, evaluation, recognition, .. } = self;
        if args.json {
            output::json(&self.to_json()?)?;
        } else {
            output::line(words::text(self.model, evaluation, self.recalibration.as_ref(), self.tuned))?;
            selective::text(evaluation, self.tuned).iter().try_for_each(|text| output::line(format!("\n{text}")))?;
            self.studies.iter().try_for_each(|found| output::line(format!("\n{}", studies::text(found))))?;
            if let Some(anatomy) = &self.anatomy {
                output::line(format!("\n{}", anatomy.text()))?;
            }
            let at_prevalence = args.prevalence.values(&self.model.manifest, evaluation)?;
            if !at_prevalence.is_empty() {
                output::line(format!("\n{}", prevalence::text(&at_prevalence)))?;
            }
        }
        output::remark(format!("note: {}", recognition.sentence()));
        let alone = recognition.warning("name a pattern with --patients, or a column `patient` of a table");
        alone.into_iter().for_each(|warning| output::remark(format!("note: {warning}")));
        self.exposure.sentences().iter().for_each(|sentence| output::remark(format!("note: {sentence}.")));
        words::remarks(evaluation).iter().for_each(output::remark);
        self.population.remark().iter().for_each(output::remark);
        self.anatomy.iter().flat_map(AnatomyFound::remarks).for_each(output::remark);
        Ok(())
    }
}

/// How patients are recognised: by the pattern that was given, or as everywhere.
pub(super) fn patients(pattern: Option<&String>) -> anyhow::Result<Patients> {
    let given: Vec<&String> = pattern.into_iter().collect();
    Ok(Patients::of(&given).map_err(|e| Usage(format!("--patients is no pattern: {e}")))?)
}

/// Runs the model on every file, with a bar on the terminal; what fails is printed as it fails.
fn scored(model: &Model, files: &[LabelledImage], patients: &Patients, samples: usize) -> anyhow::Result<Scored> {
    let bar = output::progress(files.len(), "Evaluating");
    let mut progress = |progress: ScoringProgress<'_>| match progress {
        ScoringProgress::Done(n) => bar.inc(n as u64),
        ScoringProgress::Failed(f) => {
            bar.suspend(|| output::remark(format!("error: {} was left out: {}.", f.path.display(), f.reason)));
        }
    };
    let scored = scoring::score(model, files, patients, samples, &CancelToken::default(), &mut progress)?;
    bar.finish_and_clear();
    if scored.set.rows.is_empty() {
        let first = scored.failures.first().map_or("there are none", |f| f.reason.as_str());
        bail!("none of the {} images could be evaluated; the first: {first}", files.len());
    }
    Ok(scored)
}
