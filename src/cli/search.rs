//! `pellucid search SEARCH.toml`: draws settings from ranges, trains all of them a little and the
//! better ones further.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use super::crossval::Limits;
use super::table::{number, width};
use super::train::Display;
use super::{Outcome, output};
use crate::training::experiments::search::plan::SearchPlan;
use crate::training::experiments::search::table::{SearchTable, TrialState};
use crate::training::experiments::search::{self, BEST};
use crate::training::run::control::Control;

/// A plan, for `--help`.
const EXAMPLE: &str = r#"SEARCH.toml names a base configuration and ranges:

  base = "images.toml"
  trials = 9                 # settings that are drawn
  metric = "auroc"           # auroc, accuracy or loss, on the validation part
  rungs = [2, 6, 18]         # epochs after which the worse part goes no further [default: a ninth, a third, all]
  keep = 0.34                # share that goes on
  [[range]]
  key = "optimization.learning_rate"
  low = 1e-4
  high = 1e-2
  log = true
  [[range]]
  key = "optimization.batch"
  values = [8, 16, 32]"#;

/// Search good settings at random: draw them from ranges, train all a little, and only the better
/// part further
///
/// Every trial is a run with its own folder. What decides is the validation part, so the best value
/// flatters; the test part of the best says what it is worth (`pellucid pipeline`).
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLE)]
pub(super) struct Args {
    /// Base configuration and ranges
    #[arg(value_name = "SEARCH.toml")]
    plan: PathBuf,
    /// Folder for trials, table and chart
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    limits: Limits,
    /// Print the table as one JSON object and nothing else
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let plan = SearchPlan::read(&args.plan)?;
    let root = args.limits.data.clone().unwrap_or_else(|| plan.folder());
    let options = args.limits.options(args.out.clone(), root)?;
    let display = Display::new();
    let show = |event| display.show(&event);
    let table = search::run(&plan, &options, &show, &Control::default(), &|_| ())
        .with_context(|| format!("the search {} was not finished", args.plan.display()))?;
    display.clear();
    if args.json {
        output::json(&table)?;
    } else {
        output::line(text(&table))?;
        output::line(format!("The configuration of the best is {}", args.out.join(BEST).display()))?;
    }
    let failed = table.trials.iter().filter(|t| t.state == TrialState::Failed).count();
    Ok(Outcome::of(failed, table.trials.len()))
}

/// The table for people.
fn text(table: &SearchTable) -> String {
    let keys: Vec<&str> =
        table.trials.first().map_or(&[][..], |t| &t.settings).iter().map(|(key, _)| key.as_str()).collect();
    let wide = |k: usize| width(table.trials.iter().map(|t| t.settings[k].1.as_str()).chain([keys[k]]), 0);
    let wide: Vec<usize> = (0..keys.len()).map(wide).collect();
    let mut text = format!("{:>5}  {:>6}  {:>8}  {:<8}", "trial", "epochs", table.metric.name(), "state");
    for (key, wide) in keys.iter().zip(&wide) {
        let _ = write!(text, "  {key:wide$}");
    }
    for trial in &table.trials {
        let state = match trial.state {
            TrialState::Running => "running",
            TrialState::Ended => "ended",
            TrialState::Finished => "finished",
            TrialState::Failed => "failed",
        };
        let _ = write!(text, "\n{:>5}  {:>6}  {:>8}  {state:<8}", trial.trial, trial.epochs, number(trial.value));
        for ((_, value), wide) in trial.settings.iter().zip(&wide) {
            let _ = write!(text, "  {value:wide$}");
        }
        if table.best == Some(trial.trial) {
            text.push_str("  best");
        }
    }
    text.push_str("\n\nValues are of the validation part, on which the best was chosen: they flatter.");
    text
}
