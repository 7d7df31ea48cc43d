//! Ablation: the same training in every combination of some choices, as one table.
//!
//! ```text
//! OUT/cells/01-…/config.toml   the configuration of a cell, as `train` takes it
//! OUT/cells/01-…/run, model    what training left (with `folds`: plan, fold-1 … as of a cross-validation)
//! OUT/cells/01-…/cell.json     its row, once it is done
//! OUT/table.csv, table.json    all rows, written after every cell
//! OUT/plot.png, plot.svg       the grid's metric with its interval, cell by cell
//! ```
//!
//! Metrics of a single training are of its validation part, on which its epoch, temperature and
//! thresholds were chosen; with `folds` they are of patients that were held out. A cell that fails
//! is a row with its reason, and the rest goes on. Cells with a row are not done again; the one in
//! progress goes on from its checkpoint; those that failed are tried again.

pub mod grid;
mod plot;
pub mod table;

use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::grid::{Cell, Grid};
use self::table::{CellMetric, CellRow, State, Table};
use super::crossval;
use super::crossval::validation_of;
use crate::evaluation::bootstrap::Bootstrap;
use crate::evaluation::metric::{Metric, asked, value};
use crate::evaluation::predictions::Predictions;
use crate::files::sha256;
use crate::training::config::Config;
use crate::training::data::dataset::Dataset;
use crate::training::data::load_dataset::load_dataset;
use crate::training::event::{Event, Observer};
use crate::training::run::control::Control;
use crate::training::run::options::RunOptions;
use crate::training::run::predict::predict;
use crate::training::run::{checkpoint, trainer};
use crate::training::run_files::{read_json, write_json, write_private, write_whole};
use crate::training::{Error, Result};

const CONFIG: &str = "config.toml";
const CELL: &str = "cell.json";

/// A row with what it is the row of.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// SHA-256 of the cell's configuration and of the limits of the run.
    identity: String,
    row: CellRow,
}

/// Images that the last cell used, with what decides them.
type Cache = Option<(String, Dataset)>;

/// Runs every cell of `grid` below `options.out`; `options.model` is not used. `written` is given
/// the table after each cell.
pub fn run(
    grid: &Grid,
    options: &RunOptions,
    observer: Observer<'_>,
    control: &Control,
    written: &dyn Fn(&Table),
) -> Result<Table> {
    let cells = grid.cells()?;
    if !options.resume && options.out.join(table::JSON).exists() {
        let reason = "holds an ablation already; add --resume to go on with it, or choose another folder".into();
        return Err(Error::Occupied { folder: options.out.clone(), reason });
    }
    let mut table = Table::new(grid, &cells);
    let of = |cell: &Cell| kept(&folder(cell, options).join(CELL), &identity(cell, grid, options), options);
    let done: Vec<Option<CellRow>> = cells.iter().map(of).collect::<Result<_>>()?;
    // Faults of a configuration are found before hours go into others.
    let configs: Vec<Result<Config>> = cells.iter().map(|cell| configure(cell, options)).collect();
    if let [Err(first), ..] = &configs[..]
        && configs.iter().all(Result::is_err)
    {
        let first = reason(first);
        let reason =
            format!("none of its {} cells has a configuration that can be used; the first: {first}", cells.len());
        return Err(Error::Grid { path: grid.path.clone(), reason });
    }
    for (cell, config) in cells.iter().zip(&configs) {
        if let Err(error) = config {
            let words = format!("Cell {} ({}) will be left out: {}", cell.number, cell.name(), reason(error));
            observer(Event::Warning(words));
        }
    }
    let mut cache = None;
    for (i, ((cell, config), done)) in cells.iter().zip(configs).zip(done).enumerate() {
        let heading = format!("Cell {} of {}: {}", cell.number, cells.len(), cell.name());
        if let Some(row) = done {
            observer(Event::Warning(format!("{heading}, is done already")));
            table.rows[i] = row;
            continue;
        }
        observer(Event::Warning(heading));
        let row = match config {
            Ok(config) => attempt(cell, grid, &config, options, &mut cache, observer, control),
            Err(error) => Ok(CellRow::failed(cell, reason(&error))),
        }?;
        if let Some(reason) = &row.reason {
            observer(Event::Warning(format!("Cell {} failed: {reason}", cell.number)));
        }
        if row.state == State::Done {
            let kept = Kept { identity: identity(cell, grid, options), row: row.clone() };
            write_json(&folder(cell, options).join(CELL), &kept)?;
        }
        table.rows[i] = row;
        publish(&table, &options.out)?;
        written(&table);
    }
    publish(&table, &options.out)?;
    Ok(table)
}

/// Why a cell cannot be, without the path of its own configuration.
fn reason(error: &Error) -> String {
    match error {
        Error::Config { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}

fn publish(table: &Table, out: &Path) -> Result<()> {
    write_json(&out.join(table::JSON), table)?;
    write_whole(&out.join(table::CSV), &table.to_csv()?)?;
    write_whole(&out.join(plot::PNG), &plot::png(table)?)?;
    write_whole(&out.join(plot::SVG), plot::svg(table).as_bytes())
}

fn folder(cell: &Cell, options: &RunOptions) -> PathBuf {
    options.out.join("cells").join(&cell.folder)
}

fn identity(cell: &Cell, grid: &Grid, options: &RunOptions) -> String {
    let decisive = (cell.table.to_string(), grid.folds, options.max_epochs, options.max_steps, options.limit);
    sha256(format!("{decisive:?}").as_bytes())
}

/// The row that a cell left when it was done.
fn kept(path: &Path, identity: &str, options: &RunOptions) -> Result<Option<CellRow>> {
    if !options.resume || !path.exists() {
        return Ok(None);
    }
    let kept: Kept = read_json(path)?;
    if kept.identity != identity {
        let reason =
            "was begun with another grid or other limits; go on with the same, or choose another folder".into();
        return Err(Error::Occupied { folder: options.out.clone(), reason });
    }
    Ok(Some(kept.row))
}

/// Writes the configuration of a cell and reads it as `train` would.
fn configure(cell: &Cell, options: &RunOptions) -> Result<Config> {
    let path = folder(cell, options).join(CONFIG);
    write_whole(&path, cell.table.to_string().as_bytes())?;
    let mut config = Config::read_for(&path, &options.data)?;
    config.previews = 0;
    Ok(config)
}

/// Does the work of a cell; whatever goes wrong with it becomes its reason. Only a stop ends the
/// ablation.
fn attempt(
    cell: &Cell,
    grid: &Grid,
    config: &Config,
    options: &RunOptions,
    cache: &mut Cache,
    observer: Observer<'_>,
    control: &Control,
) -> Result<CellRow> {
    let own = RunOptions { out: folder(cell, options), ..options.clone() };
    let worked = panic::catch_unwind(AssertUnwindSafe(|| -> Result<CellRow> {
        let dataset = images(config, options, cache, observer)?;
        match grid.folds {
            Some(folds) => folded(cell, config, folds, &own, dataset.clone(), observer, control),
            None => single(cell, config, &own, dataset, observer, control),
        }
    }));
    match worked {
        Ok(Err(stop @ (Error::Unfinished { .. } | Error::Stopped))) => Err(stop),
        Ok(Err(error)) => Ok(CellRow::failed(cell, error.to_string())),
        Ok(row) => row,
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
            Ok(CellRow::failed(cell, format!("a fault of Pellucid: {}", said.unwrap_or("no reason was given"))))
        }
    }
}

/// The images of `config`, decoded again only where they differ from the last cell's.
fn images<'a>(
    config: &Config,
    options: &RunOptions,
    cache: &'a mut Cache,
    observer: Observer<'_>,
) -> Result<&'a Dataset> {
    let key = format!("{:?}{:?}{:?}{:?}", config.data, config.input, config.labels, options.limit);
    let found = match cache.take() {
        Some((old, dataset)) if old == key => dataset,
        _ => load_dataset(config, &options.data, options.limit, &options.device, observer)?,
    };
    Ok(&cache.insert((key, found)).1)
}

fn folded(
    cell: &Cell,
    config: &Config,
    folds: usize,
    options: &RunOptions,
    dataset: Dataset,
    observer: Observer<'_>,
    control: &Control,
) -> Result<CellRow> {
    // A cell is only ever begun anew or gone on with: what lies in its folder is its own.
    let options = RunOptions { resume: options.resume || options.out.join("plan.json").exists(), ..options.clone() };
    let done = crossval::run(config, folds, &options, dataset, observer, control)?;
    let measured = done.summary.iter().map(|s| CellMetric {
        metric: s.metric,
        target: s.target.clone(),
        value: s.mean,
        low: s.low,
        high: s.high,
    });
    let sum = |of: fn(&crate::evaluation::folds::Fold) -> usize| done.by_fold.iter().map(of).sum::<usize>();
    Ok(CellRow {
        state: State::Done,
        on: format!("{folds} folds, held out"),
        images: Some(sum(|f| f.n_test)),
        epoch: None,
        metrics: measured.collect(),
        ..CellRow::waiting(cell)
    })
}

fn single(
    cell: &Cell,
    config: &Config,
    options: &RunOptions,
    dataset: &Dataset,
    observer: Observer<'_>,
    control: &Control,
) -> Result<CellRow> {
    let run = options.out.join("run");
    let own = RunOptions {
        model: options.out.join("model"),
        resume: options.resume && run.join(checkpoint::FILE).exists(),
        out: run,
        ..options.clone()
    };
    let outcome = trainer::run(config, &own, dataset, observer, control)?;
    if outcome.stopped {
        return Err(Error::Unfinished { what: format!("cell {}", cell.number), folder: options.out.clone() });
    }
    let validation = validation_of(config, dataset, &options.data)?;
    let predictions = predict(&own.model, config, dataset, &validation, &options.device)?;
    let csv = predictions.to_csv().map_err(|e| Error::Data(e.to_string()))?;
    write_private(&options.out.join(crossval::PREDICTIONS), &csv)?;
    Ok(CellRow {
        state: State::Done,
        on: "validation".into(),
        images: Some(validation.len()),
        epoch: Some(outcome.extent.epoch),
        metrics: measure(&predictions, config.seed),
        ..CellRow::waiting(cell)
    })
}

/// Every metric with its bootstrap interval by patient.
fn measure(predictions: &Predictions, seed: u64) -> Vec<CellMetric> {
    let patients: Vec<&str> = predictions.rows.iter().map(|r| r.patient.as_str()).collect();
    let bootstrap = Bootstrap::new(&patients, seed);
    let all: Vec<usize> = (0..predictions.rows.len()).collect();
    let questions: Vec<(Metric, Option<usize>)> = asked(predictions).collect();
    let values = |rows: &[usize]| -> Vec<Option<f64>> {
        questions.iter().map(|(metric, target)| value(predictions, rows, *metric, *target)).collect()
    };
    let intervals = bootstrap.intervals(values);
    let of = |((metric, target), (value, interval)): (&(Metric, Option<usize>), _)| {
        let interval: Option<(f64, f64)> = Option::and(value, interval);
        CellMetric {
            metric: *metric,
            target: target.map(|t| predictions.targets[t].name.clone()),
            value,
            low: interval.map(|i| i.0),
            high: interval.map(|i| i.1),
        }
    };
    questions.iter().zip(values(&all).into_iter().zip(intervals)).map(of).collect()
}
