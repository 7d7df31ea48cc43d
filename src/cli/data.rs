//! `pellucid data …`: looks at a data set before anything is trained on it.

mod check;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use candle_core::Device;
use clap::Subcommand;

use super::{Outcome, output};
use crate::training::batch::recipe::BatchRecipe;
use crate::training::config::Config;
use crate::training::data::audit::grouping::group_near_duplicates;
use crate::training::data::dataset::Dataset;
use crate::training::data::outline_lungs::outline;
use crate::training::data::part::SplitPart;
use crate::training::data::sample::Sample;
use crate::training::data::split::split_file;
use crate::training::data::{list, load_dataset, split};
use crate::training::experiments::variants;
use crate::training::experiments::variants::PreviewExtent;

/// Check, split and preview training data
#[derive(Debug, clap::Args)]
pub(super) struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    Check(check::CheckArgs),
    Split(SplitArgs),
    Preview(PreviewArgs),
}

/// Write the split of a configuration as a table of image, patient and part
#[derive(Debug, clap::Args)]
struct SplitArgs {
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    /// Folder that the data folders of the configuration are relative to [default: the
    /// configuration's]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The table to write; a run reads it with `split = "split.csv"` under `[data]`
    #[arg(long, value_name = "FILE.csv", default_value = "split.csv")]
    out: PathBuf,
}

/// Draw training images beside what augmentation makes of them
#[derive(Debug, clap::Args)]
struct PreviewArgs {
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    /// Folder that the data folders of the configuration are relative to [default: the
    /// configuration's]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The picture to write
    #[arg(long, value_name = "FILE.png", default_value = "preview.png")]
    out: PathBuf,
    /// How many images
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=60))]
    images: u16,
    /// How many variants of each
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=30))]
    variants: u16,
}

/// Runs the command.
pub(super) fn run(args: &DataArgs) -> anyhow::Result<Outcome> {
    match &args.command {
        DataCommand::Check(args) => check::run(args),
        DataCommand::Split(args) => write_split(args).map(|()| Outcome::Done),
        DataCommand::Preview(args) => preview(args).map(|()| Outcome::Done),
    }
}

/// The folder that a configuration's paths are relative to.
pub(super) fn root(config: &Path, data: Option<&PathBuf>) -> PathBuf {
    data.cloned().or_else(|| config.parent().map(PathBuf::from)).unwrap_or_default()
}

/// Decodes the images of a configuration with a bar; says which were left out.
fn decoded(config: &Config, root: &Path, limit: Option<usize>) -> anyhow::Result<Dataset> {
    let (files, warnings) = list::list_for_run(config, root, limit)?;
    let bar = output::progress(files.len(), "reading");
    let threads = config.optimization.loader_threads;
    let dataset = load_dataset::decode(&files, warnings, &config.input, threads, &|n| bar.set_position(n as u64));
    bar.finish_and_clear();
    let mut dataset = dataset?;
    dataset.patients().iter().for_each(output::remark);
    if config.data.group_near_duplicates {
        let bar = output::progress(dataset.samples.len(), "comparing");
        let said = group_near_duplicates(&mut dataset.samples, &|n| bar.set_position(n as u64));
        bar.finish_and_clear();
        output::remark(said?);
    }
    let total = dataset.warnings.len();
    for w in dataset.warnings.iter().take(20) {
        output::remark(format!("{}: {}", w.path.display(), w.reason));
    }
    if total > 20 {
        output::remark(format!("{total} warnings in all"));
    }
    Ok(dataset)
}

fn write_split(args: &SplitArgs) -> anyhow::Result<()> {
    let config = Config::read(&args.config)?;
    let root = root(&args.config, args.data.as_ref());
    let dataset = decoded(&config, &root, None)?;
    let split = split::make::of_config(&config, &dataset.samples, &root)?;
    split.remarks.iter().chain(&split.no_calibration).for_each(output::remark);
    split_file::write(&args.out, &dataset.samples, &split)?;
    for part in split_parts(&config, &dataset, &split) {
        output::line(part)?;
    }
    output::line(format!("The split lies in {}", args.out.display()))?;
    Ok(())
}

/// One line a part: images, patients, and the images of each label.
fn split_parts(config: &Config, dataset: &Dataset, split: &split::Split) -> Vec<String> {
    let of = |part: SplitPart| {
        let own: Vec<&Sample> = split.part(part).iter().map(|&i| &dataset.samples[i]).collect();
        let patients: std::collections::BTreeSet<&str> = own.iter().map(|s| s.patient.as_str()).collect();
        let labels: Vec<String> = (config.labels.iter().enumerate())
            .map(|(k, l)| format!("{} {}", l.name, own.iter().filter(|s| s.truth[k] > 0.5).count()))
            .collect();
        format!("{:<11} {:>6} images of {:>6} patients   {}", part.name(), own.len(), patients.len(), labels.join(", "))
    };
    let parts = SplitPart::ALL.into_iter();
    parts.filter(|p| *p != SplitPart::Calibration || !split.calibration.is_empty()).map(of).collect()
}

fn preview(args: &PreviewArgs) -> anyhow::Result<()> {
    let config = Config::read(&args.config)?;
    let root = root(&args.config, args.data.as_ref());
    let extent = PreviewExtent { images: usize::from(args.images), variants: usize::from(args.variants) };
    // A few more than are shown, so that rare labels are among them.
    let mut dataset = decoded(&config, &root, Some(extent.images * 20))?;
    if config.augment.asks_for_lungs() {
        output::line(outline(&mut dataset.samples, &Device::Cpu)?)?;
    }
    let all: Vec<usize> = (0..dataset.samples.len())
        .filter(|&i| dataset.samples[i].part.is_none_or(|p| p == SplitPart::Training))
        .collect();
    let labels: Vec<String> = config.labels.iter().map(|l| l.name.clone()).collect();
    let recipe = BatchRecipe::of(&config, &dataset, &[], config.input.width);
    let sheet = variants::sheet(&recipe, &dataset, &all, &labels, extent);
    output::write_file(&args.out, &sheet.png()?).context("the preview was not written")?;
    output::line(format!("The preview lies in {}", args.out.display()))?;
    Ok(())
}
