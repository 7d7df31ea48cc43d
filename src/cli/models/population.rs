//! `pellucid models population`: makes the detector that tells images unlike those that a model was
//! measured on.

use std::path::{Path, PathBuf};

use anyhow::bail;
use serde_json::json;

use super::own_folder;

use crate::cli::inputs::Inputs;
use crate::cli::session::ModelArgs;
use crate::cli::table::{Column, interval, row};
use crate::cli::{Outcome, evaluate, output};
use crate::evaluation::bootstrap::Estimate;
use crate::evaluation::roc;
use crate::figures::charts::input::{Curve, MetricValue};
use crate::figures::charts::{self, PRINT_SCALE};
use crate::model::Model;
use crate::model::population::detector::DETECTOR;
use crate::network::device::DeviceChoice;
use crate::study::patients::{Patients, key_of};
use crate::training::data::part::SplitPart;
use crate::training::data::split::split_table::SplitTable;
use crate::training::event::Event;
use crate::training::population::images::{Member, MemberParts, Others, gather};
use crate::training::population::make::{Made, make};
use crate::training::population::metrics::{DetectorMetrics, SeparationRow};
use crate::training::population::network::FittingSchedule;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of one of your models, or a folder with manifest.toml
    #[arg(value_name = "NAME|DIR")]
    model: String,
    /// Folders of images of the population, best those that the model was trained on
    #[arg(value_name = "DIR", required = true)]
    images: Vec<PathBuf>,
    /// Folder of images of others, to learn from and to measure by (may be given several times)
    #[arg(long, value_name = "DIR")]
    outside: Vec<PathBuf>,
    /// Folder of images of further others, to measure by alone (may be given several times)
    #[arg(long, value_name = "DIR")]
    held_out: Vec<PathBuf>,
    /// Table of image, patient and split (`pellucid data split`, or a run's split.csv): measures
    /// are fitted to its training part, and its validation part says where the population ends;
    /// images that it does not name are divided by patient, as all are without it
    #[arg(long, value_name = "FILE.csv")]
    split: Option<PathBuf>,
    /// Pattern whose first group in a file name is the patient [default: DICOM header, or file
    /// names as in public sets]
    #[arg(long, value_name = "REGEX")]
    patients: Option<String>,
    /// Steps of the network that learns to tell others
    #[arg(long, value_name = "N", default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    steps: u32,
    /// Seed of what is trained
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
    /// File to write [default: population.safetensors in the model's folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Folder for the ROC chart (roc.svg, roc.png)
    #[arg(long, value_name = "DIR")]
    charts: Option<PathBuf>,
    /// One JSON object, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let patients = evaluate::patients(args.patients.as_ref())?;
    let out = match &args.out {
        Some(out) => out.clone(),
        None => own_folder(&args.model, "population detector")?.join(DETECTOR),
    };
    if let Some(folder) = &args.charts {
        output::make_folder(folder)?;
    }
    let model = ModelArgs { model: Some(args.model.clone()), device: DeviceChoice::Cpu }.load()?;
    let mut read = FolderReader { model: &model, patients: &patients, failed: 0, all: 0 };
    let table = args.split.as_deref().map(SplitTable::read).transpose()?.unwrap_or_default();
    let own = read.own(&args.images, &table)?;
    let mut others = Vec::new();
    for folder in &args.outside {
        others.push(Others { name: name(folder), parts: MemberParts::by_patient(read.folder(folder)?) });
    }
    for folder in &args.held_out {
        others.push(Others { name: name(folder), parts: MemberParts::of_test(read.folder(folder)?) });
    }
    let schedule = FittingSchedule { steps: args.steps as usize, seed: args.seed };
    let made = make(&model, &own, &others, schedule, &|event| {
        if let Event::Fitting { done, of, loss, .. } = event {
            output::remark(format!("step {done:>4}/{of}  loss {loss:.4}"));
        }
    })?;
    output::write_model_file(&out, &made.bytes)?;
    if let Some(folder) = &args.charts {
        draw(folder, &made.metrics)?;
    }
    if args.json {
        output::json(&as_json(&out, &made))?;
    } else {
        output::line(words(&out, &made))?;
    }
    Ok(Outcome::of(read.failed, read.all))
}

/// Reads folders, and counts what could not be read.
struct FolderReader<'a> {
    model: &'a Model,
    patients: &'a Patients,
    failed: usize,
    all: usize,
}

impl FolderReader<'_> {
    /// The images of the population, divided by the split table as far as it names them.
    fn own(&mut self, folders: &[PathBuf], table: &SplitTable) -> anyhow::Result<MemberParts> {
        let (mut training, mut kept_aside, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for folder in folders {
            for path in Self::files(folder)? {
                let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
                let row = table.find(&key_of(folder, &path), &whole).map(|(_, row)| row);
                let (side, patient) = match row {
                    Some((SplitPart::Training, patient)) => (&mut training, patient.clone()),
                    Some((_, patient)) => (&mut kept_aside, patient.clone()),
                    None => (&mut others, None),
                };
                side.push((path, patient));
            }
        }
        let mut parts = MemberParts::of_training(self.members(&training)?, self.members(&kept_aside)?);
        let divided = MemberParts::by_patient(self.members(&others)?);
        parts.fit.extend(divided.fit);
        parts.edge.extend(divided.edge);
        parts.test.extend(divided.test);
        Ok(parts)
    }

    fn folder(&mut self, folder: &Path) -> anyhow::Result<Vec<Member>> {
        let files: Vec<_> = Self::files(folder)?.into_iter().map(|path| (path, None)).collect();
        self.members(&files)
    }

    fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let inputs = Inputs::gather(std::slice::from_ref(&folder.to_owned()));
        let files: Vec<PathBuf> = inputs.iter().map(|image| image.path().to_owned()).collect();
        if files.is_empty() {
            bail!("{} holds no image that can be read", folder.display());
        }
        Ok(files)
    }

    fn members(&mut self, files: &[(PathBuf, Option<String>)]) -> anyhow::Result<Vec<Member>> {
        let bar = output::progress(files.len(), "Looking at images");
        let (members, left_out) = gather(self.model, files, self.patients, &|done| bar.set_position(done as u64))?;
        bar.finish_and_clear();
        for file in &left_out {
            output::remark(format!("error: {} was not read. Cause: {}", file.path.display(), file.reason));
        }
        self.failed += left_out.len();
        self.all += files.len();
        Ok(members)
    }
}

/// What a folder is called in tables.
fn name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    whole.file_name().map_or_else(|| folder.display().to_string(), |n| n.to_string_lossy().into_owned())
}

const COLUMNS: [Column; 5] =
    [Column::Left(34), Column::Left(20), Column::Right(14), Column::Right(19), Column::Right(19)];

fn words(out: &Path, made: &Made) -> String {
    let Made { metrics, made_of, bytes } = made;
    let mut lines = vec![format!("{}: {} KB. {made_of}", out.display(), bytes.len().div_ceil(1000))];
    if !metrics.rows.is_empty() {
        let header = ["measure", "others", "images", "AUROC (95 %)", "FPR at 95 % TPR"];
        lines.push(format!("\n{}", row(&COLUMNS, header)));
    }
    for found in &metrics.rows {
        let images = format!("{} of {}", found.images, found.patients);
        let cells = [found.measure.clone(), found.others.clone(), images];
        lines.push(row(&COLUMNS, cells.into_iter().chain([interval(found.auroc), interval(found.fpr)])));
    }
    lines.push(format!(
        "\nInside: {} of {} images of {} patients of the population that decided nothing",
        interval(metrics.kept),
        metrics.images,
        metrics.patients
    ));
    lines.extend(metrics.caught.iter().map(|(name, share)| format!("Outside: {} of {name}", interval(*share))));
    lines.join("\n")
}

fn as_json(out: &Path, made: &Made) -> serde_json::Value {
    let row = |row: &SeparationRow| {
        json!({
            "measure": row.measure, "others": row.others, "images": row.images, "patients": row.patients,
            "auroc": row.auroc, "fpr_at_95_tpr": row.fpr,
        })
    };
    let caught = |(name, share): &(String, Estimate)| json!({"others": name, "outside": share});
    json!({
        "file": out.display().to_string(),
        "bytes": made.bytes.len(),
        "made_of": made.made_of,
        "measures": made.metrics.rows.iter().map(row).collect::<Vec<_>>(),
        "inside": made.metrics.kept,
        "images": made.metrics.images,
        "patients": made.metrics.patients,
        "outside": made.metrics.caught.iter().map(caught).collect::<Vec<_>>(),
    })
}

/// One curve for each measure and kind of others.
fn draw(folder: &Path, metrics: &DetectorMetrics) -> anyhow::Result<()> {
    let curve = |row: &SeparationRow| {
        let scores: Vec<f64> = row.inside.iter().chain(&row.outside).copied().collect();
        let positive: Vec<bool> = (0..scores.len()).map(|i| i >= row.inside.len()).collect();
        let Estimate(value, low, high) = row.auroc;
        Curve {
            name: format!("{}: {}", row.measure, row.others),
            positives: row.outside.len(),
            negatives: row.inside.len(),
            points: roc::curve(&scores, &positive)
                .iter()
                .map(|p| [p.false_positive_rate, p.true_positive_rate])
                .collect(),
            area: MetricValue { value, low, high },
            operating: None,
        }
    };
    let chart = charts::roc(&metrics.rows.iter().map(curve).collect::<Vec<_>>());
    output::write_file(&folder.join("roc.svg"), chart.svg().as_bytes())?;
    output::write_file(&folder.join("roc.png"), &chart.png(PRINT_SCALE)?)
}
