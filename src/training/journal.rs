//! What happened in each epoch: one row in memory, one line in `log.csv`, one point of each curve.

use std::fmt::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Result;
use super::checkpoint::write_whole;

/// One epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// From 1.
    pub epoch: usize,
    /// Image size of the phase.
    pub size: usize,
    pub learning_rate: f64,
    pub training_loss: f64,
    pub validation_loss: f64,
    pub accuracy: f64,
    /// AUROC of each label and group, by name; absent where validation has one side only.
    pub auroc: Vec<(String, Option<f64>)>,
    pub images_per_second: f64,
    pub seconds: f64,
}

impl Row {
    /// Mean AUROC of labels and groups.
    pub fn mean_auroc(&self) -> f64 {
        let known: Vec<f64> = self.auroc.iter().filter_map(|(_, v)| *v).collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    }
}

/// Writes all rows as CSV.
pub fn write_csv(path: &Path, rows: &[Row]) -> Result<()> {
    let mut text = String::from("epoch,size,learning_rate,training_loss,validation_loss,accuracy");
    if let Some(row) = rows.first() {
        for (name, _) in &row.auroc {
            let _ = write!(text, ",\"AUROC {}\"", name.replace('"', "\"\""));
        }
    }
    text.push_str(",images_per_second,seconds\n");
    for r in rows {
        let _ = write!(
            text,
            "{},{},{:.3e},{:.5},{:.5},{:.5}",
            r.epoch, r.size, r.learning_rate, r.training_loss, r.validation_loss, r.accuracy
        );
        for (_, value) in &r.auroc {
            let _ = write!(text, ",{}", value.map_or(String::new(), |v| format!("{v:.5}")));
        }
        let _ = writeln!(text, ",{:.2},{:.1}", r.images_per_second, r.seconds);
    }
    write_whole(path, text.as_bytes())
}
