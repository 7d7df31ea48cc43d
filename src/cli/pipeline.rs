//! `pellucid pipeline CONFIG.toml`: from a folder of images to a verdict on the model that they
//! make.

use std::path::PathBuf;

use anyhow::Context as _;
use indicatif::ProgressBar;
use serde_json::json;

use super::output;
use super::train::Display;
use crate::network::device::DeviceChoice;
use crate::pipeline::event::{PipelineEvent, StepState};
use crate::pipeline::{Finished, Pipeline};
use crate::training::config::Config;
use crate::training::run::control::Control;
use crate::training::run::options::RunOptions;

/// Check the data, train, score the untouched test part, measure calibration and maps, and write
/// one page with the verdict
///
/// Everything lies in one folder, that of the run. What is done is not done again: the same command
/// goes on where it was ended. What else is measured stands under [pipeline] in the configuration:
/// marks for the maps, lung masks, methods to rank.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to train, on which data, and what to measure; `pellucid train --new FILE` writes one
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    /// Folder that the data folders of the configuration are relative to [default: the
    /// configuration's]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Folder for everything [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Do all of it again, whatever the folder holds; a checkpoint and a card that are there are set
    /// aside
    #[arg(long)]
    again: bool,
    /// Another seed than the configuration's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Stop the training after so many epochs (for a trial)
    #[arg(long, value_name = "N")]
    max_epochs: Option<usize>,
    /// Use only about so many images (for a trial)
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Where to compute: cpu, cuda, metal or auto; numbers repeat to the bit on the CPU only
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: DeviceChoice,
    /// Print one JSON object with the verdict and the places of everything, and nothing else
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let beside = args.config.parent().map(PathBuf::from).unwrap_or_default();
    let data = args.data.clone().unwrap_or(beside);
    let mut config = Config::read_for(&args.config, &data)?;
    config.seed = args.seed.unwrap_or(config.seed);
    config.previews = 0;
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(&config.name));
    output::make_folder(&out)?;
    let run = RunOptions {
        data,
        model: out.join("model"),
        out,
        resume: false,
        changed: false,
        max_steps: None,
        max_epochs: args.max_epochs,
        limit: args.limit,
        device: args.device.open()?,
    };
    let pipeline = Pipeline { config: &config, run, again: args.again };
    let display = PipelineDisplay { training: Display::new(), bar: output::progress(2, "") };
    let finished = pipeline
        .run(&|event| display.show(&event), &Control::default())
        .with_context(|| format!("there is no verdict on \"{}\"", config.name));
    display.training.clear();
    display.bar.finish_and_clear();
    print(args, &config, &finished?)
}

fn print(args: &Args, config: &Config, finished: &Finished) -> anyhow::Result<()> {
    let verdict = || finished.sections.iter().flat_map(|section| &section.verdict);
    if args.json {
        return output::json(&json!({
            "name": config.name,
            "page": finished.page,
            "verdict": verdict().collect::<Vec<_>>(),
            "sections": finished.sections,
        }));
    }
    verdict().try_for_each(output::line)?;
    output::line(format!("The page with everything is {}", finished.page.display()))?;
    Ok(())
}

/// A bar on a terminal, a line a step in a pipe.
struct PipelineDisplay {
    training: Display,
    bar: ProgressBar,
}

impl PipelineDisplay {
    fn show(&self, event: &PipelineEvent) {
        match event {
            PipelineEvent::Training(event) => self.training.show(event),
            PipelineEvent::Remark(sentence) => self.training.line(&format!("note: {sentence}")),
            PipelineEvent::Progress { what, done, total } => {
                self.bar.set_message(*what);
                self.bar.set_length(*total as u64);
                self.bar.set_position(*done as u64);
            }
            PipelineEvent::Step { step, number, of, state } => {
                self.bar.reset();
                let how = match state {
                    StepState::Begins => "",
                    StepState::DoneBefore => ": done already",
                    // What is not asked for is no news.
                    StepState::Done | StepState::NotAsked => return,
                };
                self.training.line(&format!("[{number}/{of}] {}{how}", step.words()));
            }
        }
    }
}
