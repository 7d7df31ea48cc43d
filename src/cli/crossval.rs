//! `pellucid crossval CONFIG.toml`: trains a model for each fold and says how much its metrics
//! vary.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use super::table::{number, width};
use super::train::Display;
use super::{data, output};
use crate::evaluation::folds::{Crossval, Fold, MetricOverFolds};
use crate::network::device::DeviceChoice;
use crate::training::config::Config;
use crate::training::data::load_dataset::load_dataset;
use crate::training::experiments::crossval;
use crate::training::run::control::Control;
use crate::training::run::options::RunOptions;

/// Cross-validate a configuration: every patient is held out once, by a model that never saw them
///
/// Patients are cut into K parts, stratified and the same with the same seed. Each part is held out
/// in turn; of the rest, the configuration's `validation` share chooses epoch, temperature and
/// thresholds, so that nothing is tuned on what is held out. A run that was interrupted goes on
/// with --resume; folds that are done are not trained again. `pellucid compare` tests two such runs
/// against each other.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to train, on which data, and how
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    /// How many parts
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=crossval::MOST as i64))]
    folds: u16,
    /// Folder for folds, predictions and crossval.json
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    limits: Limits,
    /// Another seed than the configuration's; it decides the folds too
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print crossval.json and nothing else
    #[arg(long)]
    json: bool,
}

/// What `crossval`, `ablate` and `search` ask alike.
#[derive(Debug, clap::Args)]
pub(super) struct Limits {
    /// Folder that the data folders of the configuration are relative to [default: the
    /// configuration's]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Go on with what lies in the folder
    #[arg(long)]
    pub resume: bool,
    /// Where to compute: cpu, cuda, metal or auto; numbers repeat to the bit on the CPU only
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    pub device: DeviceChoice,
    /// Use only about so many images (for a trial)
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Stop each training after so many epochs (for a trial)
    #[arg(long, value_name = "N")]
    pub max_epochs: Option<usize>,
}

impl Limits {
    /// As the trainer takes them, for runs below `out` on data below `root`.
    pub(super) fn options(&self, out: PathBuf, root: PathBuf) -> anyhow::Result<RunOptions> {
        Ok(RunOptions {
            data: root,
            model: out.join("model"),
            out,
            resume: self.resume,
            changed: false,
            max_steps: None,
            max_epochs: self.max_epochs,
            limit: self.limit,
            device: self.device.open()?,
        })
    }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let root = data::root(&args.config, args.limits.data.as_ref());
    let mut config = Config::read_for(&args.config, &root)?;
    config.seed = args.seed.unwrap_or(config.seed);
    config.previews = 0;
    let options = args.limits.options(args.out.clone(), root)?;
    let display = Display::new();
    let show = |event| display.show(&event);
    let done = load_dataset(&config, &options.data, options.limit, &options.device, &show)
        .and_then(|dataset| {
            crossval::run(&config, usize::from(args.folds), &options, dataset, &show, &Control::default())
        })
        .with_context(|| format!("\"{}\" was not cross-validated", config.name))?;
    display.clear();
    if args.json {
        return output::json(&done);
    }
    output::line(text(&done))?;
    output::line(format!("Metrics and predictions lie in {}", args.out.display()))?;
    Ok(())
}

/// The table for people: metrics by fold, then mean and standard deviation.
fn text(done: &Crossval) -> String {
    let sum = |of: fn(&Fold) -> usize| done.by_fold.iter().map(of).sum::<usize>();
    let mut text = format!(
        "{}: {} folds; {} images of {} patients were held out once each\n\n",
        done.name,
        done.folds,
        sum(|f| f.n_test),
        sum(|f| f.patients_test)
    );
    let name = |s: &MetricOverFolds| s.metric.title_of(s.target.as_deref());
    let names: Vec<String> = done.summary.iter().map(name).collect();
    let wide = width(names.iter().map(String::as_str), 0);
    let heads = done.by_fold.iter().map(|f| format!("  fold {:<2}", f.fold)).collect::<Vec<_>>().concat();
    let _ = writeln!(text, "{:wide$}{heads}  {:<15}  95 % (corrected)", "", "mean ± sd");
    for s in &done.summary {
        let values = done.values(s.metric, s.target.as_deref());
        let values = values.into_iter().map(|v| format!("  {:>7}", number(v))).collect::<Vec<_>>().concat();
        let (mean, sd) = (number(s.mean), number(s.sd));
        let interval = s.low.zip(s.high).map_or_else(|| "–".into(), |(low, high)| format!("{low:.3} to {high:.3}"));
        let _ = writeln!(text, "{:wide$}{values}  {:<15}  {interval}", name(s), format!("{mean} ± {sd}"));
    }
    text.push_str(
        "\nSensitivity and specificity are at the thresholds that each fold's model chose on its own validation part.",
    );
    text
}
