//! `pellucid ablate GRID.toml`: trains every combination of some choices, and lays their figures
//! side by side.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use super::crossval::Limits;
use super::table::number;
use super::train::Display;
use super::{Outcome, output};
use crate::evaluation::metric::Metric;
use crate::training::experiments::ablation;
use crate::training::experiments::ablation::grid::Grid;
use crate::training::experiments::ablation::table::{State, Table};
use crate::training::run::control::Control;

/// A grid, for `--help`.
const EXAMPLE: &str = r#"GRID.toml names a base configuration and axes:

  base = "images.toml"
  folds = 5                  # cross-validate every cell; without it each is trained once
  metric = "auroc"           # what the plot shows; target = "NAME" for that of one label
  [[axis]]
  key = "architecture.family"
  values = ["custom-cnn", "resnet18"]
  [[axis]]
  name = "augmentation"
  [[axis.level]]
  name = "off"
  unset = ["augment"]
  [[axis.level]]
  name = "turned"
  set = { "augment.rotation" = 10.0 }"#;

/// Train every combination of some choices (architecture, augmentation, balancing …) and table
/// their figures
///
/// The table (table.csv, table.json) and its plot are written after every cell. A cell that fails
/// is a row with its reason.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLE)]
pub(super) struct Args {
    /// Base configuration and axes
    #[arg(value_name = "GRID.toml")]
    grid: PathBuf,
    /// Folder for cells, table and plot
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
    let grid = Grid::read(&args.grid)?;
    let root = args.limits.data.clone().unwrap_or_else(|| grid.folder());
    let options = args.limits.options(args.out.clone(), root)?;
    let display = Display::new();
    let show = |event| display.show(&event);
    let written = |table: &Table| {
        let over = table.rows.iter().filter(|r| r.state != State::Waiting).count();
        display.line(&format!("{over} of {} cells are in {}", table.rows.len(), args.out.join("table.csv").display()));
    };
    let table = ablation::run(&grid, &options, &show, &Control::default(), &written)
        .with_context(|| format!("the grid {} was not finished", args.grid.display()))?;
    display.clear();
    if args.json {
        output::json(&table)?;
    } else {
        output::line(text(&table))?;
        output::line(format!("Table and plot lie in {}", args.out.display()))?;
    }
    let failed = table.rows.iter().filter(|r| r.state == State::Failed).count();
    Ok(Outcome::of(failed, table.rows.len()))
}

/// The table for people.
fn text(table: &Table) -> String {
    let mut shown = vec![(table.metric, table.target.as_deref())];
    shown.extend(
        [(Metric::Auroc, None), (Metric::Accuracy, None)].into_iter().filter(|s| *s != shown[0]).collect::<Vec<_>>(),
    );
    let name = |(metric, target): &(Metric, Option<&str>)| {
        target.map_or_else(|| metric.title().to_owned(), |t| format!("{} {t}", metric.title()))
    };
    let head = |i: usize| table.axes[i].chars().count();
    let column = |i: usize| table.rows.iter().map(|r| r.levels[i].chars().count()).chain([head(i)]).max().unwrap_or(0);
    let wide: Vec<usize> = (0..table.axes.len()).map(column).collect();
    let mut text = format!("{:>4}", "cell");
    let pad = |text: &mut String, cells: &[String]| {
        for (cell, wide) in cells.iter().zip(&wide) {
            let _ = write!(text, "  {cell:wide$}");
        }
    };
    pad(&mut text, &table.axes);
    for s in &shown {
        let _ = write!(text, "  {:<22}", name(s));
    }
    for row in &table.rows {
        let _ = write!(text, "\n{:>4}", row.cell);
        pad(&mut text, &row.levels);
        match row.state {
            State::Done => {
                for (metric, target) in &shown {
                    let found = row.metric(*metric, *target);
                    let range = found.and_then(|f| f.low.zip(f.high));
                    let range = range.map_or_else(String::new, |(low, high)| format!(" ({low:.3} to {high:.3})"));
                    let cell = format!("{}{range}", number(found.and_then(|f| f.value)));
                    let _ = write!(text, "  {cell:<22}");
                }
            }
            State::Failed => {
                // Of a fault in TOML the last line says what is wrong; the table has the rest.
                let reason = row.reason.as_deref().and_then(|r| r.lines().last());
                let _ = write!(text, "  failed: {}", reason.unwrap_or("no reason was given"));
            }
            State::Waiting => text.push_str("  waiting"),
        }
    }
    let on = table.rows.iter().find(|r| r.state == State::Done).map_or("", |r| r.on.as_str());
    if on == "validation" {
        text.push_str(
            "\n\nFigures are of the validation part, on which epoch and thresholds were chosen: they flatter a little.",
        );
    } else if !on.is_empty() {
        let _ = write!(
            text,
            "\n\nFigures are means over {on}, with corrected intervals; `pellucid compare` tests two cells."
        );
    }
    text
}
