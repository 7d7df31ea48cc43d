//! `pellucid crossval CONFIG.toml`: trains a model for each fold and says how much its figures vary.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use super::train::Display;
use super::{data, output};
use crate::evaluation::folds::{Crossval, Spread};
use crate::network::device::DeviceChoice;
use crate::training::config::Config;
use crate::training::control::Control;
use crate::training::trainer::Options;
use crate::training::{crossval, intake};

/// Cross-validate a configuration: every patient is judged once, by a model that never saw them
///
/// Patients are cut into K parts, stratified and the same with the same seed. Each part is held out in turn; of the rest, the
/// configuration's `validation` share chooses epoch, temperature and thresholds, so that nothing is tuned on what is held
/// out. A run that was interrupted goes on with --resume; folds that are done are not trained again. `pellucid compare` tests
/// two such runs against each other.
#[derive(Debug, clap::Args)]
pub struct Args {
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

/// What `crossval` and `ablate` ask alike.
#[derive(Debug, clap::Args)]
pub struct Limits {
    /// Folder that the data folders of the configuration are relative to [default: the configuration's]
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
    pub fn options(&self, out: PathBuf, root: PathBuf) -> anyhow::Result<Options> {
        Ok(Options {
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
pub fn run(args: &Args) -> anyhow::Result<()> {
    let root = data::root(&args.config, args.limits.data.as_ref());
    let mut config = Config::read_for(&args.config, &root)?;
    config.seed = args.seed.unwrap_or(config.seed);
    config.previews = 0;
    let options = args.limits.options(args.out.clone(), root)?;
    let display = Display::new();
    let show = |event| display.show(&event);
    let done = intake::read(&config, &options.data, options.limit, &options.device, &show)
        .and_then(|dataset| {
            crossval::run(&config, usize::from(args.folds), &options, dataset, &show, &Control::default())
        })
        .with_context(|| format!("\"{}\" was not cross-validated", config.name))?;
    display.clear();
    if args.json {
        return output::json(&done);
    }
    output::line(text(&done))?;
    output::line(format!("Figures and predictions lie in {}", args.out.display()))?;
    Ok(())
}

/// The table for people: figures by fold, then mean and standard deviation.
fn text(done: &Crossval) -> String {
    let sum = |of: fn(&crate::evaluation::folds::Fold) -> usize| done.by_fold.iter().map(of).sum::<usize>();
    let mut text = format!(
        "{}: {} folds; {} images of {} patients were held out once each\n\n",
        done.name,
        done.folds,
        sum(|f| f.n_test),
        sum(|f| f.patients_test)
    );
    let name = |s: &Spread| s.metric.title_of(s.target.as_deref());
    let wide = done.summary.iter().map(|s| name(s).chars().count()).max().unwrap_or(0);
    let heads = done.by_fold.iter().map(|f| format!("  fold {:<2}", f.fold)).collect::<Vec<_>>().concat();
    let _ = writeln!(text, "{:wide$}{heads}  {:<15}  95 % (corrected)", "", "mean ± sd");
    for s in &done.summary {
        let values = done.values(s.metric, s.target.as_deref());
        let values = values.into_iter().map(|v| format!("  {:>7}", figure(v))).collect::<Vec<_>>().concat();
        let (mean, sd) = (figure(s.mean), figure(s.sd));
        let interval = s.low.zip(s.high).map_or_else(|| "–".into(), |(low, high)| format!("{low:.3} to {high:.3}"));
        let _ = writeln!(text, "{:wide$}{values}  {:<15}  {interval}", name(s), format!("{mean} ± {sd}"));
    }
    text.push_str(
        "\nSensitivity and specificity are at the thresholds that each fold's model chose on its own validation part.",
    );
    text
}

/// Three digits, a dash where there is nothing to say.
pub fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |v| format!("{v:.3}"))
}
