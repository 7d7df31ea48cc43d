//! `pellucid train CONFIG.toml`: makes a model, shows how far it is, and says where it lies.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Usage, output};
use crate::files::writing;
use crate::network::architecture::Family;
use crate::network::device::DeviceChoice;
use crate::training::config::Config;
use crate::training::config::template::NewConfig;
use crate::training::event::{Event, HistoryRow, Ready, StepProgress};
use crate::training::run::control::Control;
use crate::training::run::options::RunOptions;
use crate::training::run::{rate_finder, trainer};

/// Train a model from folders of labelled images
#[derive(Debug, clap::Args)]
pub(super) struct TrainArgs {
    /// What to train, on which data, and how
    #[arg(value_name = "CONFIG.toml", required_unless_present = "new")]
    pub config: Option<PathBuf>,
    /// Write a configuration with every key and its meaning instead, for the images of --data, and
    /// train nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "config", "out", "model", "resume", "seed", "fold", "max_steps", "max_epochs", "limit", "find_rate",
    ])]
    pub new: Option<PathBuf>,
    /// Architecture of a new configuration
    #[arg(long, value_name = "FAMILY", requires = "new", default_value = "custom-cnn")]
    pub family: Family,
    /// Folder that the data folders of the configuration are relative to [default: the
    /// configuration's]; with --new the folder that holds one for each class
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Look for a learning rate instead: it rises step by step from far too low to far too high, and
    /// the loss along the way is printed and drawn (Smith 2017)
    #[arg(long, conflicts_with_all = ["resume", "max_steps", "max_epochs", "model"])]
    pub find_rate: bool,
    /// Folder for checkpoint, log and curves [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Folder for the finished model [default: `model` in the run's folder]
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// Go on from the checkpoint in the run's folder
    #[arg(long)]
    pub resume: bool,
    /// With --resume: go on although the configuration has changed since
    #[arg(long, requires = "resume")]
    pub changed: bool,
    /// Another seed than the configuration's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Another fold than the configuration's
    #[arg(long, value_name = "N")]
    pub fold: Option<usize>,
    /// Stop after so many steps (for a trial)
    #[arg(long, value_name = "N")]
    pub max_steps: Option<u64>,
    /// Stop after so many epochs, and finish the model; --resume goes on from there
    #[arg(long, value_name = "N")]
    pub max_epochs: Option<usize>,
    /// Where to compute: cpu, cuda, metal or auto; numbers repeat to the bit on the CPU only
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    pub device: DeviceChoice,
    /// Use only about so many images (for a trial)
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

/// Runs the command.
pub(super) fn run(args: &TrainArgs) -> anyhow::Result<()> {
    if let Some(file) = &args.new {
        return new(file, args);
    }
    let path = args.config.clone().unwrap_or_default();
    let beside = path.parent().map(PathBuf::from).unwrap_or_default();
    let data = args.data.clone().unwrap_or(beside);
    let mut config = Config::read_for(&path, &data)?;
    config.seed = args.seed.unwrap_or(config.seed);
    config.previews = 0;
    config.data.fold = args.fold.unwrap_or(config.data.fold);
    let own = || PathBuf::from("runs").join(&config.name);
    // What looks for a rate leaves a run that is there alone.
    let out = args.out.clone().unwrap_or_else(|| if args.find_rate { own().join("rate") } else { own() });
    let options = RunOptions {
        data,
        model: args.model.clone().unwrap_or_else(|| out.join("model")),
        out,
        resume: args.resume,
        changed: args.changed,
        max_steps: args.max_steps,
        limit: args.limit,
        max_epochs: args.max_epochs,
        device: args.device.open()?,
    };
    if args.find_rate {
        return find_rate(&config, &options);
    }
    let display = Display::new();
    let outcome = trainer::train(&config, &options, &|event| display.show(&event), &Control::default())
        .with_context(|| format!("\"{}\" was not trained", config.name))?;
    display.clear();
    if outcome.stopped_early {
        output::remark(format!("Stopped early: no better epoch for {} epochs.", config.optimization.patience));
    }
    output::line(format!("The model of epoch {} lies in {}", outcome.extent.epoch, options.model.display()))?;
    for m in &outcome.overall {
        output::line(format!(
            "{:<22} {:<25} {:.4}  ({:.4}–{:.4})  validation",
            m.target, m.name, m.value, m.low, m.high
        ))?;
    }
    for m in &outcome.manifest.metrics {
        output::line(format!(
            "{:<22} {:<25} {:.4}  ({:.4}–{:.4})  {}",
            m.target,
            m.title(),
            m.value,
            m.low,
            m.high,
            m.on
        ))?;
    }
    for (name, threshold) in outcome
        .manifest
        .labels
        .iter()
        .map(|l| (&l.name, l.threshold))
        .chain(outcome.manifest.groups.iter().map(|g| (&g.name, g.threshold)))
    {
        output::line(format!("{name:<22} {:<25} {threshold:.4}", "threshold"))?;
    }
    output::line(format!("{:<48} {:.4}", "temperature", outcome.manifest.temperature))?;
    Ok(())
}

/// Writes a new configuration, and says whether it can be used as it is.
fn new(file: &Path, args: &TrainArgs) -> anyhow::Result<()> {
    if file.exists() {
        return Err(Usage(format!("{} is there already; choose another name", file.display())).into());
    }
    let new = match &args.data {
        Some(data) => NewConfig::of(file, data, args.family)?,
        None => NewConfig { folders: vec!["images".into()], family: args.family },
    };
    writing::shared(file, new.text().as_bytes()).with_context(|| format!("{} could not be written", file.display()))?;
    match Config::read(file) {
        Ok(config) => {
            let labels: Vec<&str> = config.labels.iter().map(|label| label.name.as_str()).collect();
            output::line(format!("{} tells {} apart.", file.display(), labels.join(", ")))?;
        }
        Err(error) => {
            output::line(format!("{} was written.", file.display()))?;
            output::remark(format!("note: before it can be used: {error}."));
        }
    }
    let file = file.display();
    output::line(format!("`pellucid train {file}` makes a model, `pellucid pipeline {file}` a model and a verdict."))?;
    Ok(())
}

/// Looks for a learning rate.
fn find_rate(config: &Config, options: &RunOptions) -> anyhow::Result<()> {
    let display = Display::new();
    let found = rate_finder::find(config, options, &|event| display.show(&event), &Control::default());
    display.clear();
    let found = found.with_context(|| format!("no rate was found for \"{}\"", config.name))?;
    output::line(found.sentence())?;
    output::line(format!("Rates and losses are in {}", options.out.join(rate_finder::TABLE).display()))?;
    output::line(format!("They are drawn in {}", options.out.join(rate_finder::CHART).display()))?;
    Ok(())
}

/// A bar on a terminal, one line an epoch in a pipe.
pub(super) struct Display {
    bar: ProgressBar,
    terminal: bool,
    stage: Mutex<&'static str>,
}

impl Display {
    pub(super) fn new() -> Self {
        let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        let target = if terminal { ProgressDrawTarget::stderr_with_hz(5) } else { ProgressDrawTarget::hidden() };
        Self { bar: ProgressBar::with_draw_target(None, target), terminal, stage: Mutex::new("") }
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    pub(super) fn show(&self, event: &Event) {
        match event {
            Event::Decoded { done, total } => {
                self.stage("decode", "{bar:32} {pos}/{len} images decoded");
                self.bar.set_length(*total as u64);
                self.bar.set_position(*done as u64);
            }
            Event::Features { done, total } => {
                self.stage("features", "{bar:32} {pos}/{len} images through the frozen stages");
                self.bar.set_length(*total as u64);
                self.bar.set_position(*done as u64);
            }
            Event::Warning(text) => self.line(text),
            Event::Ready(Ready { training, validation, weights, epoch, epochs, .. }) => {
                let next = match epoch + 1 {
                    next if next > *epochs => format!("all {epochs} epochs are done"),
                    next => format!("epoch {next} of {epochs} is next"),
                };
                self.line(&format!(
                    "{training} images to learn from, {validation} to validate; {weights} weights; {next}"
                ));
            }
            Event::Step(StepProgress { epoch, epochs, step, steps, loss, images_per_second, seconds_left, .. }) => {
                self.stage("train", "{prefix} {bar:32} {msg}");
                self.bar.set_length(*steps as u64);
                self.bar.set_position(*step as u64);
                self.bar.set_prefix(format!("epoch {epoch}/{epochs}"));
                self.bar.set_message(format!(
                    "loss {loss:.4}  {images_per_second:.1} images/s  {} left",
                    HumanDuration(Duration::from_secs_f64(seconds_left.max(0.0)))
                ));
            }
            Event::Epoch { row, best, seconds_left } => self.line(&epoch_line(row, *best, *seconds_left)),
            // Images are for the viewer; nothing pauses a run on the command line; the end is
            // printed from the outcome.
            Event::GateImages { .. }
            | Event::Fitting { .. }
            | Event::Samples { .. }
            | Event::Paused
            | Event::Resumed
            | Event::Finished(_) => {}
        }
    }

    fn stage(&self, name: &'static str, template: &str) {
        if let Ok(mut stage) = self.stage.lock()
            && *stage != name
        {
            *stage = name;
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style);
            }
        }
    }

    pub(super) fn line(&self, text: &str) {
        if self.terminal {
            self.bar.println(text);
        } else {
            output::remark(text);
        }
    }
}

fn epoch_line(row: &HistoryRow, best: bool, seconds_left: f64) -> String {
    let areas: Vec<String> =
        row.auroc.iter().map(|(name, v)| v.map_or(format!("{name} –"), |v| format!("{name} {v:.4}"))).collect();
    format!(
        "epoch {:>3}  {}²  loss {:.4}  validation {:.4}  accuracy {:.4}  AUROC {}  {:.1} images/s  {} left{}",
        row.epoch,
        row.size,
        row.training_loss,
        row.validation_loss,
        row.accuracy,
        areas.join(", "),
        row.images_per_second,
        HumanDuration(Duration::from_secs_f64(seconds_left.max(0.0))),
        if best { "  best" } else { "" }
    )
}
