//! The table of a search: one row a trial, with its settings and how far it came.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::plan::{Aim, SearchPlan};
use crate::figures::charts::input::{LinePanel, LineSeries};
use crate::figures::charts::line_chart;
use crate::training::run_files::{write_json, write_whole};
use crate::training::{Error, Result};

/// Names of the files.
pub const JSON: &str = "search.json";
pub const CSV: &str = "search.csv";
pub const SVG: &str = "search.svg";

/// How far a trial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrialState {
    Running,
    /// Others were better at the end of a rung.
    Ended,
    /// It came to the last epoch.
    Finished,
    Failed,
}

/// One trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// From 1; its folder is called so.
    pub trial: usize,
    /// Keys and values, as they stand in the configuration.
    pub settings: Vec<(String, String)>,
    pub state: TrialState,
    /// Why it failed.
    pub reason: Option<String>,
    pub epochs: usize,
    /// The best value so far.
    pub value: Option<f64>,
    /// The value of every epoch.
    pub values: Vec<f64>,
}

impl Trial {
    pub(super) fn drawn(number: usize, settings: &[(String, toml::Value)]) -> Self {
        let words = |value: &toml::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Self {
            trial: number,
            settings: settings.iter().map(|(key, value)| (key.clone(), words(value))).collect(),
            state: TrialState::Running,
            reason: None,
            epochs: 0,
            value: None,
            values: Vec::new(),
        }
    }
}

/// All trials, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchTable {
    pub name: String,
    /// What decides, on the validation part.
    pub metric: Aim,
    pub trials: Vec<Trial>,
    /// Number of the best trial, once all is done.
    pub best: Option<usize>,
}

impl SearchTable {
    pub(super) fn of(plan: &SearchPlan) -> Self {
        Self { name: plan.name.clone(), metric: plan.aim, trials: Vec::new(), best: None }
    }

    /// Trials that go on.
    pub(super) fn running(&self) -> Vec<usize> {
        self.trials.iter().filter(|t| t.state == TrialState::Running).map(|t| t.trial).collect()
    }

    /// Trial `number` came to the end of a rung.
    pub(super) fn climbed(&mut self, number: usize, epochs: usize, aim: Aim, values: Vec<f64>) {
        let Some(trial) = self.trials.get_mut(number - 1) else { return };
        let numbers = values.iter().copied().filter(|v| v.is_finite());
        trial.value = numbers.reduce(|best, v| if aim.is_better(v, best) { v } else { best });
        (trial.epochs, trial.values) = (epochs, values);
    }

    pub(super) fn fail(&mut self, number: usize, reason: String) {
        if let Some(trial) = self.trials.get_mut(number - 1) {
            (trial.state, trial.reason) = (TrialState::Failed, Some(reason));
        }
    }

    /// Numbers of these trials, the best first; of equal ones the lower number.
    fn ranked(&self, state: TrialState) -> Vec<usize> {
        let mut chosen: Vec<&Trial> = self.trials.iter().filter(|t| t.state == state).collect();
        let value = |t: &Trial| t.value.unwrap_or(f64::NAN);
        chosen.sort_by(|a, b| {
            let better = |x, y| self.metric.is_better(value(x), value(y));
            better(*b, *a).cmp(&better(*a, *b)).then(a.trial.cmp(&b.trial))
        });
        chosen.into_iter().map(|t| t.trial).collect()
    }

    /// Lets the best share of the running trials go on, at least one.
    pub(super) fn keep_best(&mut self, share: f64) {
        let ranked = self.ranked(TrialState::Running);
        let kept = ((ranked.len() as f64 * share).round() as usize).max(1);
        for number in ranked.into_iter().skip(kept) {
            self.trials[number - 1].state = TrialState::Ended;
        }
    }

    /// The best trial of those that came to the end.
    pub(super) fn finish(&mut self) -> Option<usize> {
        self.trials.iter_mut().filter(|t| t.state == TrialState::Running).for_each(|t| t.state = TrialState::Finished);
        self.best = self.ranked(TrialState::Finished).first().copied();
        self.best
    }

    /// Writes the table and the chart.
    pub(super) fn publish(&self, out: &Path) -> Result<()> {
        write_json(&out.join(JSON), self)?;
        write_whole(&out.join(CSV), &self.csv()?)?;
        write_whole(&out.join(SVG), self.svg().as_bytes())
    }

    fn csv(&self) -> Result<Vec<u8>> {
        let failed = |e: csv::Error| Error::Data(e.to_string());
        let mut table = csv::Writer::from_writer(Vec::new());
        let keys = self.trials.first().map_or(&[][..], |t| &t.settings).iter().map(|(key, _)| key.as_str());
        let header = ["trial", "state", "epochs", self.metric.name()].into_iter().chain(keys).chain(["reason"]);
        table.write_record(header).map_err(failed)?;
        for t in &self.trials {
            let state = serde_json::to_value(t.state).ok().and_then(|v| v.as_str().map(str::to_owned));
            let value = t.value.map_or_else(String::new, |v| v.to_string());
            let head = [t.trial.to_string(), state.unwrap_or_default(), t.epochs.to_string(), value];
            let settings = t.settings.iter().map(|(_, value)| value.clone());
            let reason = t.reason.clone().unwrap_or_default();
            table.write_record(head.into_iter().chain(settings).chain([reason])).map_err(failed)?;
        }
        table.into_inner().map_err(|e| Error::Data(e.to_string()))
    }

    fn svg(&self) -> String {
        let series = |t: &Trial| LineSeries {
            name: format!("trial {}", t.trial),
            points: t.values.iter().enumerate().map(|(i, v)| [(i + 1) as f64, *v]).collect(),
        };
        let panel = LinePanel {
            title: format!("Validation {}", self.metric.name()),
            logarithmic: false,
            series: self.trials.iter().filter(|t| !t.values.is_empty()).map(series).collect(),
        };
        line_chart("Search", "epoch", &[panel]).svg()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(metric: Aim, values: &[&[f64]]) -> SearchTable {
        let trials = (1..=values.len()).map(|number| Trial::drawn(number, &[("a.b".into(), 0.5.into())])).collect();
        let mut table = SearchTable { name: "n".into(), metric, trials, best: None };
        for (i, values) in values.iter().enumerate() {
            table.climbed(i + 1, values.len(), metric, values.to_vec());
        }
        table
    }

    #[test]
    fn the_better_part_goes_on_and_the_best_of_it_is_the_best() {
        let mut found = table(Aim::Auroc, &[&[0.6, 0.5], &[0.9], &[f64::NAN], &[0.7], &[0.8], &[0.8]]);
        found.keep_best(0.5);
        assert_eq!(found.running(), [2, 5, 6]);
        found.keep_best(0.34);
        assert_eq!(found.running(), [2]);
        assert_eq!(found.finish(), Some(2));
        let mut lowest = table(Aim::Loss, &[&[0.6, 0.5], &[0.9]]);
        assert_eq!(lowest.finish(), Some(1));
        assert_eq!(lowest.trials[0].value, Some(0.5));
    }

    #[test]
    fn a_failed_trial_is_a_row_and_never_the_best() {
        let mut found = table(Aim::Auroc, &[&[0.6], &[0.9]]);
        found.fail(2, "the loss became NaN, \"so\"".into());
        assert_eq!(found.finish(), Some(1));
        let text = String::from_utf8(found.csv().unwrap()).unwrap();
        assert_eq!(
            text,
            "trial,state,epochs,AUROC,a.b,reason\n1,finished,1,0.6,0.5,\n2,failed,1,0.9,0.5,\"the loss became NaN, \"\"so\"\"\"\n"
        );
    }
}
