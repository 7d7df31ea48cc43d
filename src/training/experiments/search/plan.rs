//! `SEARCH.toml`: a base configuration and the ranges that settings are drawn from.
//!
//! ```toml
//! base = "images.toml"               # beside this file
//! trials = 9                         # settings that are drawn
//! metric = "auroc"                   # what decides on the validation part: auroc, accuracy or loss
//! rungs = [2, 6, 18]                 # epochs after which the worse part goes no further
//! keep = 0.34                        # share that does
//! seed = 0                           # of the draws
//!
//! [[range]]
//! key = "optimization.learning_rate"
//! low = 1e-4
//! high = 1e-2
//! log = true                         # evenly over the logarithm
//!
//! [[range]]
//! key = "optimization.batch"
//! values = [8, 16, 32]
//! ```

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::files::read_text;
use crate::limits;
use crate::training::config::Config;
use crate::training::{Error, Result};

/// Most trials of a search.
const TRIALS: usize = 500;

/// What is to be high, or low.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aim {
    /// Mean AUROC of labels and groups.
    #[default]
    Auroc,
    Accuracy,
    /// The lower the better.
    Loss,
}

impl Aim {
    /// Name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auroc => "AUROC",
            Self::Accuracy => "accuracy",
            Self::Loss => "loss",
        }
    }

    /// Whether `a` is better than `b`; what is no number is worse than any.
    #[must_use]
    pub fn is_better(self, a: f64, b: f64) -> bool {
        match self {
            _ if a.is_nan() || b.is_nan() => !a.is_nan(),
            Self::Auroc | Self::Accuracy => a > b,
            Self::Loss => a < b,
        }
    }
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    base: PathBuf,
    #[serde(default = "nine")]
    trials: usize,
    #[serde(default)]
    metric: Aim,
    #[serde(default)]
    rungs: Vec<usize>,
    #[serde(default = "third")]
    keep: f64,
    #[serde(default)]
    seed: u64,
    #[serde(default, rename = "range")]
    ranges: Vec<FileRange>,
}

fn nine() -> usize {
    9
}

fn third() -> f64 {
    0.34
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRange {
    key: String,
    low: Option<Value>,
    high: Option<Value>,
    #[serde(default)]
    log: bool,
    #[serde(default)]
    values: Vec<Value>,
}

/// What a setting is drawn from.
#[derive(Clone, Debug, PartialEq)]
pub enum Draw {
    Number { low: f64, high: f64, log: bool },
    Integer { low: i64, high: i64, log: bool },
    OneOf(Vec<Value>),
}

/// A search.
#[derive(Clone, Debug)]
pub struct SearchPlan {
    pub path: PathBuf,
    pub base_path: PathBuf,
    /// Name of the base configuration.
    pub name: String,
    pub base: Table,
    pub trials: usize,
    pub aim: Aim,
    /// Epochs at the end of each rung; empty for a ninth, a third, and all.
    pub rungs: Vec<usize>,
    /// Share of the trials that goes on to the next rung.
    pub keep: f64,
    pub seed: u64,
    pub ranges: Vec<(String, Draw)>,
}

/// What is wrong with a plan.
#[derive(Debug, thiserror::Error)]
enum PlanFault {
    #[error("it has no `[[range]]`, so there is nothing to draw")]
    NoRange,
    #[error("`trials` is {0}; there can be 2 to {TRIALS}")]
    Trials(usize),
    #[error("`keep` is {0}, but must lie between 0.05 and 0.95")]
    Keep(f64),
    #[error("the epochs of `rungs` must rise from 1")]
    Rungs,
    #[error("the range of `{0}` needs `low` and `high`, two numbers, or `values`")]
    NoBounds(String),
    #[error("the range of `{0}` has `values` as well as `low` and `high`; leave one of them out")]
    Both(String),
    #[error("`low` of `{0}` must lie below its `high`{also}", also = if *.1 { ", and above 0 for a range with `log = true`" } else { "" })]
    Bounds(String, bool),
    #[error("`{0}` has two ranges")]
    Twice(String),
}

impl SearchPlan {
    /// Reads the file and the base configuration that it names.
    ///
    /// # Errors
    /// When either cannot be read, or the plan makes no sense.
    pub fn read(path: &Path) -> Result<Self> {
        let refuse = |reason: String| Error::Grid { path: path.into(), reason };
        let text = read_text(path, limits::CONFIGURATION_BYTES)
            .map_err(|error| Error::Read { path: path.into(), source: error.into() })?;
        let file: File = toml::from_str(&text).map_err(|e| refuse(e.to_string().trim_end().to_owned()))?;
        let base_path = path.parent().unwrap_or(Path::new("")).join(&file.base);
        let base = Config::table(&base_path)?;
        let stem = || base_path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let name = base.get("name").and_then(Value::as_str).map_or_else(stem, str::to_owned);
        let File { trials, metric: aim, rungs, keep, seed, .. } = file;
        let checked = || -> std::result::Result<Vec<(String, Draw)>, PlanFault> {
            if !(2..=TRIALS).contains(&trials) {
                return Err(PlanFault::Trials(trials));
            }
            if !(0.05..=0.95).contains(&keep) {
                return Err(PlanFault::Keep(keep));
            }
            if rungs.first() == Some(&0) || rungs.windows(2).any(|w| w[0] >= w[1]) {
                return Err(PlanFault::Rungs);
            }
            let ranges: Vec<(String, Draw)> =
                file.ranges.into_iter().map(range).collect::<std::result::Result<_, _>>()?;
            if ranges.is_empty() {
                return Err(PlanFault::NoRange);
            }
            let mut keys = HashSet::new();
            if let Some((twice, _)) = ranges.iter().find(|(key, _)| !keys.insert(key.as_str())) {
                return Err(PlanFault::Twice(twice.clone()));
            }
            Ok(ranges)
        };
        let ranges = checked().map_err(|fault| refuse(fault.to_string()))?;
        Ok(Self { path: path.into(), base_path, name, base, trials, aim, rungs, keep, seed, ranges })
    }

    /// The folder that data folders are relative to unless another is named: the base
    /// configuration's.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.base_path.parent().map(PathBuf::from).unwrap_or_default()
    }
}

fn range(file: FileRange) -> std::result::Result<(String, Draw), PlanFault> {
    let FileRange { key, low, high, log, values } = file;
    let draw = match (low, high, values.is_empty()) {
        (None, None, false) => Draw::OneOf(values),
        (Some(Value::Integer(low)), Some(Value::Integer(high)), true) => {
            if low >= high || (log && low < 1) {
                return Err(PlanFault::Bounds(key, log));
            }
            Draw::Integer { low, high, log }
        }
        (Some(low), Some(high), true) => {
            let number = |v: &Value| v.as_float().or_else(|| v.as_integer().map(|i| i as f64));
            let (Some(low), Some(high)) = (number(&low), number(&high)) else { return Err(PlanFault::NoBounds(key)) };
            if !(low.is_finite() && high.is_finite()) || low >= high || (log && low <= 0.0) {
                return Err(PlanFault::Bounds(key, log));
            }
            Draw::Number { low, high, log }
        }
        (None | Some(_), None, true) | (None, Some(_), true) => return Err(PlanFault::NoBounds(key)),
        (_, _, false) => return Err(PlanFault::Both(key)),
    };
    Ok((key, draw))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<SearchPlan> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("base.toml"), "seed = 1\n").unwrap();
        let path = folder.path().join("search.toml");
        std::fs::write(&path, format!("base = \"base.toml\"\n{text}")).unwrap();
        SearchPlan::read(&path)
    }

    #[test]
    fn ranges_are_numbers_whole_numbers_or_words() {
        let read = plan(
            "[[range]]\nkey = \"a\"\nlow = 1e-4\nhigh = 1\nlog = true\n[[range]]\nkey = \"b\"\nlow = 2\nhigh = 5\n[[range]]\nkey = \
             \"c\"\nvalues = [\"x\", \"y\"]\n",
        )
        .unwrap();
        assert_eq!(read.ranges[0].1, Draw::Number { low: 1e-4, high: 1.0, log: true });
        assert_eq!(read.ranges[1].1, Draw::Integer { low: 2, high: 5, log: false });
        assert_eq!(read.ranges[2].1, Draw::OneOf(vec!["x".into(), "y".into()]));
        assert_eq!((read.trials, read.aim, read.name.as_str()), (9, Aim::Auroc, "base"));
    }

    #[test]
    fn faults_of_a_plan_are_said_in_sentences() {
        let said = |text: &str| plan(text).unwrap_err().to_string();
        let range = "[[range]]\nkey = \"a\"\n";
        assert!(said("").contains("no `[[range]]`"));
        assert!(said(&format!("trials = 1\n{range}low = 0\nhigh = 1\n")).contains("`trials` is 1"));
        assert!(said(&format!("keep = 1.0\n{range}low = 0\nhigh = 1\n")).contains("`keep` is 1"));
        assert!(said(&format!("rungs = [3, 3]\n{range}low = 0\nhigh = 1\n")).contains("must rise"));
        assert!(said(&format!("{range}low = 0\n")).contains("needs `low` and `high`"));
        assert!(said(&format!("{range}low = 0\nhigh = 1\nlog = true\n")).contains("above 0"));
        assert!(said(&format!("{range}low = 2.0\nhigh = 1.0\n")).contains("below its `high`"));
        assert!(said(&format!("{range}low = 2.0\nhigh = 3.0\nvalues = [1]\n")).contains("leave one of them out"));
        assert!(said(&format!("{range}values = [1]\n{range}values = [2]\n")).contains("two ranges"));
        assert!(said(&format!("{range}value = 1\n")).contains("unknown field"));
    }
}
