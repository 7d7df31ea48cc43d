//! The table of an ablation: one row a cell, as JSON with everything and as CSV with the metrics
//! side by side.

use serde::{Deserialize, Serialize};

use super::grid::{Cell, Grid};
use crate::evaluation::metric::Metric;
use crate::training::{Error, Result};

/// Names of the files.
pub const JSON: &str = "table.json";
pub const CSV: &str = "table.csv";

/// How far a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Waiting,
    Done,
    Failed,
}

/// A metric with its 95 % interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellMetric {
    pub metric: Metric,
    pub target: Option<String>,
    pub value: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellRow {
    /// From 1.
    pub cell: usize,
    /// The level of each axis.
    pub levels: Vec<String>,
    /// Below `cells`.
    pub folder: String,
    pub state: State,
    /// Why it failed.
    pub reason: Option<String>,
    /// Which images the metrics are of.
    pub on: String,
    pub images: Option<usize>,
    /// Epoch of the weights, of a single training.
    pub epoch: Option<usize>,
    #[serde(rename = "figures")]
    pub metrics: Vec<CellMetric>,
}

impl CellRow {
    /// A row before its cell was done.
    #[must_use]
    pub fn waiting(cell: &Cell) -> Self {
        Self {
            cell: cell.number,
            levels: cell.levels.clone(),
            folder: cell.folder.clone(),
            state: State::Waiting,
            reason: None,
            on: String::new(),
            images: None,
            epoch: None,
            metrics: Vec::new(),
        }
    }

    #[must_use]
    pub fn failed(cell: &Cell, reason: String) -> Self {
        Self { state: State::Failed, reason: Some(reason), ..Self::waiting(cell) }
    }

    #[must_use]
    pub fn metric(&self, metric: Metric, target: Option<&str>) -> Option<&CellMetric> {
        self.metrics.iter().find(|f| f.metric == metric && f.target.as_deref() == target)
    }
}

/// All cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub pellucid: String,
    /// Name of the base configuration.
    pub name: String,
    pub axes: Vec<String>,
    /// What the plot shows.
    pub metric: Metric,
    pub target: Option<String>,
    pub rows: Vec<CellRow>,
}

impl Table {
    /// The table before anything is done.
    #[must_use]
    pub fn new(grid: &Grid, cells: &[Cell]) -> Self {
        Self {
            pellucid: crate::VERSION.into(),
            name: grid.name.clone(),
            axes: grid.axes.iter().map(|a| a.name.clone()).collect(),
            metric: grid.metric,
            target: grid.target.clone(),
            rows: cells.iter().map(CellRow::waiting).collect(),
        }
    }

    /// The metric that the plot shows, of `row`.
    #[must_use]
    pub fn shown<'a>(&self, row: &'a CellRow) -> Option<&'a CellMetric> {
        row.metric(self.metric, self.target.as_deref())
    }

    /// One row a cell: number, levels, state, reason, then each metric with its interval.
    pub fn to_csv(&self) -> Result<Vec<u8>> {
        let refuse = |e: &dyn std::fmt::Display| Error::Write { path: CSV.into(), reason: e.to_string() };
        let mut columns: Vec<(Metric, Option<&str>)> = Vec::new();
        for found in self.rows.iter().flat_map(|r| &r.metrics) {
            let column = (found.metric, found.target.as_deref());
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        let mut csv = csv::Writer::from_writer(Vec::new());
        let mut header = vec!["cell".to_owned()];
        header.extend(self.axes.iter().cloned());
        header.extend(["state", "reason", "on", "images", "epoch"].map(str::to_owned));
        for (metric, target) in &columns {
            let name = target.map_or_else(|| metric.name().to_owned(), |t| format!("{} {t}", metric.name()));
            header.extend([name.clone(), format!("{name} low"), format!("{name} high")]);
        }
        csv.write_record(&header).map_err(|e| refuse(&e))?;
        let number = |n: Option<usize>| n.map_or_else(String::new, |n| n.to_string());
        let value = |v: Option<f64>| v.map_or_else(String::new, |v| format!("{v:.6}"));
        for row in &self.rows {
            let state = match row.state {
                State::Waiting => "waiting",
                State::Done => "done",
                State::Failed => "failed",
            };
            let mut cells = vec![row.cell.to_string()];
            cells.extend(row.levels.iter().cloned());
            cells.extend([state.into(), row.reason.clone().unwrap_or_default(), row.on.clone()]);
            cells.extend([number(row.images), number(row.epoch)]);
            for (metric, target) in &columns {
                let found = row.metric(*metric, *target);
                cells.extend(
                    [found.and_then(|f| f.value), found.and_then(|f| f.low), found.and_then(|f| f.high)].map(value),
                );
            }
            csv.write_record(&cells).map_err(|e| refuse(&e))?;
        }
        csv.into_inner().map_err(|e| refuse(&e))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One cell done, one failed, one waiting.
    pub(crate) fn table() -> Table {
        let cell = |number: usize, level: &str| Cell {
            number,
            levels: vec![level.into(), "off".into()],
            folder: format!("{number:02}-{level}-off"),
            table: toml::Table::new(),
        };
        let figure = |metric, target: Option<&str>, value| CellMetric {
            metric,
            target: target.map(str::to_owned),
            value: Some(value),
            low: Some(value - 0.05),
            high: Some(value + 0.02),
        };
        let done = CellRow {
            state: State::Done,
            on: "validation".into(),
            images: Some(40),
            epoch: Some(7),
            metrics: vec![figure(Metric::Auroc, None, 0.9), figure(Metric::Auroc, Some("Mass"), 0.8)],
            ..CellRow::waiting(&cell(1, "custom-cnn"))
        };
        Table {
            pellucid: "test".into(),
            name: "films".into(),
            axes: vec!["architecture".into(), "augmentation".into()],
            metric: Metric::Auroc,
            target: None,
            rows: vec![
                done,
                CellRow::failed(&cell(2, "vgg19"), "there is no \"vgg19\", only others".into()),
                CellRow::waiting(&cell(3, "resnet18")),
            ],
        }
    }

    #[test]
    fn a_row_says_its_levels_its_state_and_its_metrics() {
        let text = String::from_utf8(table().to_csv().unwrap()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("cell,architecture,augmentation,state,reason,on,images,epoch,auroc,auroc low"));
        assert!(lines[1].starts_with("1,custom-cnn,off,done,,validation,40,7,0.900000,0.850000,0.920000,0.800000"));
        assert!(lines[2].starts_with("2,vgg19,off,failed,\"there is no \"\"vgg19\"\", only others\","));
        assert!(lines[3].starts_with("3,resnet18,off,waiting,,,,,"));
    }

    #[test]
    fn the_json_is_read_again() {
        let table = table();
        let text = serde_json::to_string(&table).unwrap();
        assert_eq!(serde_json::from_str::<Table>(&text).unwrap(), table);
    }
}
