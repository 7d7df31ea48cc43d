//! `pellucid study`: reader studies, from the table of cases to the report.

use std::path::PathBuf;

use anyhow::bail;

use super::{Outcome, Usage, output};
use crate::app::{self, ViewerOptions};
use crate::evaluation::multi_reader;
use crate::evaluation::truth::{known, named};
use crate::explain::Method;
use crate::files::sha256_of_file;
use crate::limits;
use crate::model::registry;
use crate::network::device::DeviceChoice;
use crate::reader_study::analysis::{self, StudyAnalysis};
use crate::reader_study::journal::Journal;
use crate::reader_study::plan::{FORMAT, PlacedPlan};
use crate::reader_study::standing::{Standing, last, standing};
use crate::reader_study::{
    self, Arm, Design, Images, Plan, Shows, StudyError, TRUTH, case_table, kept_plans, order, report, truth,
};

/// Reader studies: what a model's score and maps do to those who read with them
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    New(Box<NewArgs>),
    Run(RunArgs),
    #[command(visible_alias = "analyze")]
    Analyse(AnalyseArgs),
}

/// Make a study from a table of cases: a folder with its plan, its truth, and copies of the images under
/// codes that tell nothing
#[derive(Debug, clap::Args)]
struct NewArgs {
    /// Folder of the study, which must not hold one yet
    #[arg(value_name = "STUDY")]
    folder: PathBuf,
    /// Table of cases: columns `path` and `truth` (1 or 0), and `x`, `y`, `width`, `height` of a box in
    /// pixels of the image where lesions are known; a row a box
    #[arg(long, value_name = "FILE.csv")]
    cases: PathBuf,
    /// Label or group of the model whose score and map are shown
    #[arg(long, value_name = "NAME")]
    finding: String,
    /// Model by name (see `pellucid models list`), or its folder
    #[arg(long, value_name = "NAME|DIR", default_value = registry::DEFAULT)]
    model: String,
    /// Arm: none, score, or map:METHOD (score and map); may be repeated [default: none, score and
    /// map:grad-cam]
    #[arg(long, value_name = "ARM")]
    arm: Vec<String>,
    /// crossover: each arm in a session of its own; sequential: every case in all arms at once, first
    /// without the model
    #[arg(long, value_name = "DESIGN", default_value = "crossover", value_parser = design)]
    design: Design,
    /// Number of readers, called R1, R2 …; or their codes, parted by commas
    #[arg(long, value_name = "N|CODES", default_value = "8")]
    readers: String,
    /// Days between two sessions of a reader
    #[arg(long, value_name = "DAYS", default_value_t = 28)]
    washout: u32,
    /// Leave the images where they are: the plan then holds their paths, which may tell the truth
    #[arg(long)]
    in_place: bool,
    /// Have readers mark what they see on the image
    #[arg(long)]
    marks: bool,
    /// Confidence from which on a reading counts as "yes", 1 to 100
    #[arg(long, value_name = "N", default_value_t = 50)]
    decision: u8,
    /// What readers are asked of every case [default: after the finding]
    #[arg(long, value_name = "TEXT")]
    question: Option<String>,
    /// Name of the study [default: that of its folder]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Seed of the order of arms and cases
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
}

/// Read the next cases of a reader in the viewer
#[derive(Debug, clap::Args)]
struct RunArgs {
    /// Folder of the study, or its study.toml
    #[arg(value_name = "STUDY")]
    study: PathBuf,
    /// Code of the reader
    #[arg(long, value_name = "CODE")]
    reader: String,
    /// Processor: auto, cpu, cuda or metal
    #[arg(long, value_name = "D", default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// Language of the screen by its code, like en or de
    #[arg(long, value_name = "CODE", value_parser = super::language_code)]
    language: Option<&'static str>,
    /// Size of the window in points, like 1280x720
    #[arg(long, value_name = "SIZE", value_parser = super::window_size)]
    size: Option<[f32; 2]>,
    /// Say where the reader stands, and open nothing
    #[arg(long)]
    status: bool,
}

/// Compare the arms: areas, marks, agreement, times, and how far the model was followed
#[derive(Debug, clap::Args)]
struct AnalyseArgs {
    /// Folder of the study, or its study.toml
    #[arg(value_name = "STUDY")]
    study: PathBuf,
    /// Table of truth [default: truth.csv beside the plan]
    #[arg(long, value_name = "FILE.csv")]
    truth: Option<PathBuf>,
    /// Covariances of the areas: jackknife or delong
    #[arg(long, value_name = "METHOD", default_value = "jackknife", value_parser = covariance)]
    covariance: multi_reader::Method,
    /// Folder for study.pdf and study.json
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// One JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

/// A word that is none of a few.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("write {0}")]
struct NoChoice(&'static str);

fn design(text: &str) -> Result<Design, NoChoice> {
    match text {
        "crossover" => Ok(Design::Crossover),
        "sequential" => Ok(Design::Sequential),
        _ => Err(NoChoice("crossover or sequential")),
    }
}

fn covariance(text: &str) -> Result<multi_reader::Method, NoChoice> {
    match text {
        "jackknife" => Ok(multi_reader::Method::Jackknife),
        "delong" => Ok(multi_reader::Method::DeLong),
        _ => Err(NoChoice("jackknife or delong")),
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::New(args) => new(args),
        Command::Run(args) => read(args),
        Command::Analyse(args) => analyse(args),
    }
}

fn new(args: &NewArgs) -> anyhow::Result<Outcome> {
    let manifest = registry::manifest(&args.model)?;
    if named(&manifest, &args.finding).is_none() {
        let known = known(&manifest);
        return Err(Usage(format!("the model knows no \"{}\"; it knows {known}", args.finding)).into());
    }
    let arms = match args.arm.as_slice() {
        [] => ["none", "score", "map:grad-cam"].iter().map(|text| arm(text)).collect::<Result<Vec<_>, _>>()?,
        arms => arms.iter().map(|text| arm(text)).collect::<Result<Vec<_>, _>>()?,
    };
    let folder_name = args.folder.file_name().map(|n| n.to_string_lossy().into_owned());
    let plan = Plan {
        format: FORMAT,
        name: args.name.clone().or(folder_name).unwrap_or_else(|| "Reader study".into()),
        question: args.question.clone().unwrap_or_else(|| format!("Does this image show: {}?", args.finding)),
        finding: args.finding.clone(),
        model: model_place(&args.model),
        weights_sha256: manifest.weights_sha256.clone(),
        design: args.design,
        seed: args.seed,
        washout_days: args.washout,
        decision: args.decision,
        marks: args.marks,
        readers: readers(&args.readers),
        registered: String::new(),
        arms,
        cases: Vec::new(),
    };
    let table = case_table::read(&args.cases)?;
    let images = if args.in_place { Images::InPlace } else { Images::Copied };
    let plan = reader_study::create(&args.folder, plan, &table, images)?;
    let positives = table.iter().filter(|c| c.positive).count();
    output::line(format!(
        "{}: {} cases, {positives} of them with the finding; {} readers; {} arms.",
        args.folder.display(),
        plan.cases.len(),
        plan.readers.len(),
        plan.arms.len()
    ))?;
    output::line(format!("Hash of the plan, to be deposited before the first reading: {}", plan.registered))?;
    let balanced = order::balanced_number(&plan);
    if !plan.readers.len().is_multiple_of(balanced) {
        output::remark(format!(
            "note: the order of the arms is balanced over a multiple of {balanced} readers, and there are {}.",
            plan.readers.len()
        ));
    }
    if plan.marks && table.iter().any(|c| c.positive && c.lesions.is_empty()) {
        output::remark("note: some cases with the finding have no box; their marks are not compared.");
    }
    if args.in_place {
        output::remark("note: paths of images stand in the plan: where they tell the truth, readers must not see it.");
    }
    output::remark(format!("note: {TRUTH} tells the truth of each case: keep it off the machines of readers."));
    Ok(Outcome::Done)
}

/// The name of a model as it is, or its folder from the root on: readings begin elsewhere.
fn model_place(name: &str) -> String {
    let path = std::path::Path::new(name);
    let folder = path.join("manifest.toml").exists().then(|| path.canonicalize().ok()).flatten();
    folder.map_or_else(|| name.to_owned(), |folder| folder.to_string_lossy().into_owned())
}

/// An arm as the command line says it.
fn arm(text: &str) -> Result<Arm, Usage> {
    let of = |name: String, shows, method| Ok(Arm { name, shows, method });
    match text {
        "none" => of("without AI".into(), Shows::Nothing, None),
        "score" => of("score".into(), Shows::Score, None),
        _ => {
            let key = text.strip_prefix("map:");
            let method = key.and_then(|key| Method::ALL.into_iter().find(|m| m.key() == key)).ok_or_else(|| {
                let keys: Vec<&str> = Method::ALL.iter().map(|m| m.key()).collect();
                Usage(format!("\"{text}\" is no arm: write none, score or map:METHOD, with one of {}", keys.join(", ")))
            })?;
            of(format!("score and {} map", method.name()), Shows::Map, Some(method))
        }
    }
}

/// So many readers, or those with these codes.
fn readers(text: &str) -> Vec<String> {
    match text.trim().parse::<usize>() {
        Ok(n) => (1..=n.min(reader_study::READERS + 1)).map(|i| format!("R{i}")).collect(),
        Err(_) => text.split(',').map(|code| code.trim().to_owned()).collect(),
    }
}

fn read(args: &RunArgs) -> anyhow::Result<Outcome> {
    let study = PlacedPlan::read(&args.study)?;
    let plan = &study.plan;
    let number = plan.reader(&args.reader)?;
    let (journal, records) = Journal::open(&study, &args.reader)?;
    let order = order::schedule(plan, number);
    let now = chrono::Utc::now();
    let stands = standing(plan, &order, records.len(), last(&records), now);
    let done = format!("{} has read {} of {}", args.reader, records.len(), order.len());
    match stands {
        Standing::Next(..) if args.status => {
            output::line(format!("{done}."))?;
            return Ok(Outcome::Done);
        }
        Standing::Next(..) => {}
        Standing::Finished => {
            output::line(format!("{done}: the study is finished for this reader."))?;
            return Ok(Outcome::Done);
        }
        Standing::Washout { session, until } => {
            let until = until.with_timezone(&chrono::Local).format("%Y-%m-%d %H:%M");
            let sentence = format!("{done}: session {} can begin on {until}, after the washout", session + 1);
            if args.status {
                output::line(format!("{sentence}."))?;
                return Ok(Outcome::Done);
            }
            bail!(sentence);
        }
        Standing::ClockBehind { last } => {
            bail!("the clock of this machine is behind the last reading ({last}): set it right before reading goes on");
        }
    }
    unchanged(&study, &order[records.len()..])?;
    if registry::manifest(&plan.model)?.weights_sha256 != plan.weights_sha256 {
        return Err(StudyError::OtherModel(plan.model.clone()).into());
    }
    let start = app::StudyRun { study, reader: args.reader.clone(), journal, records };
    app::run_study(
        ViewerOptions {
            model: start.study.plan.model.clone(),
            device: args.device,
            language: args.language,
            size: args.size,
            ..ViewerOptions::default()
        },
        start,
    )?;
    Ok(Outcome::Done)
}

/// Whether the images that are still to be read are those of the plan.
fn unchanged(study: &PlacedPlan, left: &[order::Reading]) -> Result<(), StudyError> {
    let session = left.first().map(|r| r.session);
    let mut cases: Vec<usize> = left.iter().filter(|r| Some(r.session) == session).map(|r| r.case).collect();
    cases.sort_unstable();
    cases.dedup();
    for case in cases {
        let path = study.image(case);
        let found = sha256_of_file(&path, limits::OBJECT_BYTES)
            .map_err(|source| StudyError::CaseUnread { case: study.plan.cases[case].id.clone(), source })?;
        if found != study.plan.cases[case].sha256 {
            return Err(StudyError::Changed(study.plan.cases[case].id.clone()));
        }
    }
    Ok(())
}

fn analyse(args: &AnalyseArgs) -> anyhow::Result<Outcome> {
    let study = PlacedPlan::read(&args.study)?;
    let truth = truth::read(args.truth.as_ref().unwrap_or(&study.folder.join(TRUTH)), &study.plan)?;
    let (readings, chains) = analysis::read(&study)?;
    let hashes = readings.values().flatten().map(|record| record.plan.as_str());
    let kept = kept_plans::kept(&study.folder, hashes.chain([study.plan.registered.as_str()]));
    let mut found = analysis::analyse(&study.plan, &truth, &readings, &kept, args.covariance)?;
    found.integrity.add_chains(&study.plan, &chains);
    if let Some(out) = &args.out {
        output::make_folder(out)?;
        report::report(&found).write(&out.join("study.pdf"))?;
        output::write_file(&out.join("study.json"), &serde_json::to_vec_pretty(&found)?)?;
        output::remark(format!("study.pdf and study.json lie in {}", out.display()));
    }
    if args.json {
        output::json(&found)?;
    } else {
        output::line(words(&found))?;
    }
    found.remarks.iter().for_each(|remark| output::remark(format!("note: {remark}")));
    Ok(Outcome::Done)
}

/// The result in lines.
fn words(found: &StudyAnalysis) -> String {
    let head = format!(
        "{}: {}, {} cases ({} with the finding)",
        found.name,
        match found.readers.len() {
            1 => "1 reader".to_owned(),
            n => format!("{n} readers"),
        },
        found.cases,
        found.positives
    );
    std::iter::once(head)
        .chain(found.integrity.sentences())
        .chain(report::findings(found))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_and_readers_are_named_in_short() {
        assert_eq!(arm("map:grad-cam").unwrap().name, "score and Grad-CAM map");
        assert_eq!(arm("none").unwrap().shows, Shows::Nothing);
        assert!(arm("everything").unwrap_err().to_string().contains("map:METHOD"));
        assert_eq!(readers("2"), ["R1", "R2"]);
        assert_eq!(readers("A, B"), ["A", "B"]);
    }
}
