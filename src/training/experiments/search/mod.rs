//! Random search with early stopping: settings are drawn from ranges, all are trained a little, and
//! only the better part is trained further (successive halving: Jamieson and Talwalkar, AISTATS 2016;
//! random search: Bergstra and Bengio, JMLR 13 (2012) 281).
//!
//! ```text
//! OUT/trials/01/config.toml    the configuration of a trial, as `train` takes it
//! OUT/trials/01/run, model     what training left
//! OUT/trials/01/rung-1.json    its value at the end of the first rung, once that is done
//! OUT/search.csv, search.json  all trials, written after every rung of one
//! OUT/search.svg               the value of every trial over the epochs
//! OUT/best.toml                the configuration of the best
//! ```
//!
//! A trial that goes on to the next rung goes on from its checkpoint, and its schedule is that of all
//! epochs from the first on. What decides is the validation part, so the best value flatters: the test
//! part of the best says what it is worth. Trials that fail (a loss that is no number any more) go
//! no further.

pub mod plan;
pub mod table;

mod draw;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::plan::{Aim, SearchPlan};
use self::table::{SearchTable, Trial, TrialState};
use super::dotted_keys::put;
use crate::files::sha256;
use crate::training::config::Config;
use crate::training::data::dataset::Dataset;
use crate::training::data::load_dataset::load_dataset;
use crate::training::event::{Event, Observer};
use crate::training::run::control::Control;
use crate::training::run::options::RunOptions;
use crate::training::run::{checkpoint, trainer};
use crate::training::run_files::{read_json, write_json, write_whole};
use crate::training::{Error, Result};

const CONFIG: &str = "config.toml";
/// Name of the configuration of the best.
pub const BEST: &str = "best.toml";

/// The end of a rung of a trial.
#[derive(Serialize, Deserialize)]
struct Rung {
    /// SHA-256 of the trial's configuration and of the limits of the search.
    identity: String,
    /// Value of every epoch so far.
    values: Vec<f64>,
}

/// Images that the last trial used, with what decides them.
type Cache = Option<(String, Dataset)>;

/// Draws and trains below `options.out`; `written` is given the table after every rung of a trial.
///
/// # Errors
/// When the plan is of no use, every trial fails, or somebody stops it.
pub fn run(
    plan: &SearchPlan,
    options: &RunOptions,
    observer: Observer<'_>,
    control: &Control,
    written: &dyn Fn(&SearchTable),
) -> Result<SearchTable> {
    if !options.resume && options.out.join(table::JSON).exists() {
        let reason = "holds a search already; add --resume to go on with it, or choose another folder".into();
        return Err(Error::Occupied { folder: options.out.clone(), reason });
    }
    let mut search = Search { plan, options, observer, control, cache: None, table: SearchTable::of(plan) };
    search.draw()?;
    let rungs = search.rungs()?;
    for (number, &epochs) in rungs.iter().enumerate() {
        let running = search.table.running();
        observer(Event::Warning(format!(
            "Rung {} of {}: {} trials up to epoch {epochs}",
            number + 1,
            rungs.len(),
            running.len()
        )));
        for trial in running {
            search.climb(trial, number, epochs)?;
            search.table.publish(&options.out)?;
            written(&search.table);
        }
        if number + 1 < rungs.len() {
            search.table.keep_best(plan.keep);
        }
    }
    let best = search.table.finish().ok_or_else(|| search.all_failed())?;
    let text = search.tables(best)?;
    write_whole(&options.out.join(BEST), text.as_bytes())?;
    search.table.publish(&options.out)?;
    Ok(search.table)
}

struct Search<'a> {
    plan: &'a SearchPlan,
    options: &'a RunOptions,
    observer: Observer<'a>,
    control: &'a Control,
    cache: Cache,
    table: SearchTable,
}

impl Search<'_> {
    /// Draws the settings of every trial.
    fn draw(&mut self) -> Result<()> {
        for number in 1..=self.plan.trials {
            let settings = draw::settings(self.plan, number);
            let path = self.folder(number).join(CONFIG);
            write_whole(&path, self.configuration(&settings)?.as_bytes())?;
            self.table.trials.push(Trial::drawn(number, &settings));
        }
        Ok(())
    }

    /// The base with these settings.
    fn configuration(&self, settings: &[(String, toml::Value)]) -> Result<String> {
        let mut table = self.plan.base.clone();
        table.entry("name").or_insert_with(|| toml::Value::String(self.plan.name.clone()));
        for (key, value) in settings {
            let refuse =
                |e: super::dotted_keys::KeyFault| Error::Grid { path: self.plan.path.clone(), reason: e.to_string() };
            put(&mut table, key, value.clone()).map_err(refuse)?;
        }
        Ok(table.to_string())
    }

    fn tables(&self, trial: usize) -> Result<String> {
        let path = self.folder(trial).join(CONFIG);
        let text = crate::files::read_text(&path, crate::limits::CONFIGURATION_BYTES);
        text.map_err(|error| Error::Read { path, source: error.into() })
    }

    fn folder(&self, trial: usize) -> PathBuf {
        self.options.out.join("trials").join(format!("{trial:02}"))
    }

    /// Epochs at the end of each rung: those of the plan, or a ninth, a third, and all of the base's.
    fn rungs(&self) -> Result<Vec<usize>> {
        let all = Config::read_for(&self.folder(1).join(CONFIG), &self.options.data)?.epochs();
        let all = self.options.max_epochs.map_or(all, |most| all.min(most));
        let mut rungs: Vec<usize> = match self.plan.rungs.as_slice() {
            [] => vec![all.div_ceil(9), all.div_ceil(3), all],
            given => given.iter().map(|epochs| (*epochs).min(all)).collect(),
        };
        rungs.dedup();
        Ok(rungs)
    }

    /// Trains a trial to the end of a rung; what goes wrong with it ends it alone.
    fn climb(&mut self, number: usize, rung: usize, epochs: usize) -> Result<()> {
        let folder = self.folder(number);
        let kept = folder.join(format!("rung-{}.json", rung + 1));
        let identity = self.identity(number)?;
        if self.options.resume && kept.exists() {
            let found: Rung = read_json(&kept)?;
            if found.identity != identity {
                let reason =
                    "was begun with another plan or other limits; go on with the same, or choose another folder".into();
                return Err(Error::Occupied { folder: self.options.out.clone(), reason });
            }
            self.table.climbed(number, epochs, self.plan.aim, found.values);
            return Ok(());
        }
        match self.train(&folder, rung, epochs) {
            Ok(values) => {
                write_json(&kept, &Rung { identity, values: values.clone() })?;
                self.table.climbed(number, epochs, self.plan.aim, values);
                Ok(())
            }
            Err(stop @ (Error::Unfinished { .. } | Error::Stopped | Error::Write { .. })) => Err(stop),
            Err(error) => {
                let reason = match error {
                    Error::Config { reason, .. } => reason,
                    other => other.to_string(),
                };
                (self.observer)(Event::Warning(format!("Trial {number} failed: {reason}")));
                self.table.fail(number, reason);
                Ok(())
            }
        }
    }

    fn identity(&self, number: usize) -> Result<String> {
        let RunOptions { max_steps, max_epochs, limit, .. } = &self.options;
        let limits = (max_steps, max_epochs, limit, self.plan.aim, &self.plan.rungs, self.plan.keep);
        Ok(sha256(format!("{}{limits:?}", self.tables(number)?).as_bytes()))
    }

    /// The value of every epoch up to the end of a rung.
    fn train(&mut self, folder: &Path, rung: usize, epochs: usize) -> Result<Vec<f64>> {
        let mut config = Config::read_for(&folder.join(CONFIG), &self.options.data)?;
        config.previews = 0;
        let run = folder.join("run");
        let begun = run.join(checkpoint::FILE).exists();
        let own = RunOptions {
            model: folder.join("model"),
            // What lies in the folder is the trial's own, unless the search begins anew.
            resume: begun && (rung > 0 || self.options.resume),
            max_epochs: Some(epochs),
            out: run,
            ..self.options.clone()
        };
        let key = format!("{:?}{:?}{:?}{:?}", config.data, config.input, config.labels, own.limit);
        let dataset = match self.cache.take() {
            Some((old, dataset)) if old == key => dataset,
            _ => load_dataset(&config, &own.data, own.limit, &own.device, self.observer)?,
        };
        let dataset = &self.cache.insert((key, dataset)).1;
        let outcome = trainer::run(&config, &own, dataset, self.observer, self.control)?;
        if outcome.stopped {
            return Err(Error::Unfinished { what: "the search".into(), folder: self.options.out.clone() });
        }
        Ok(outcome.history.iter().map(|row| self.plan.aim.of(row)).collect())
    }

    fn all_failed(&self) -> Error {
        let first = self.table.trials.iter().find_map(|trial| match &trial.state {
            TrialState::Failed => trial.reason.clone(),
            _ => None,
        });
        let reason = format!("every trial failed; the first: {}", first.unwrap_or_default());
        Error::Grid { path: self.plan.path.clone(), reason }
    }
}

impl Aim {
    /// The value of an epoch.
    fn of(self, row: &crate::training::event::HistoryRow) -> f64 {
        match self {
            Self::Auroc => row.mean_auroc(),
            Self::Accuracy => row.accuracy,
            Self::Loss => row.validation_loss,
        }
    }
}
