//! What happened in each epoch: one row in memory, one line in `log.csv`, one point of each curve.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::files::lines::BoundedLines;
use crate::files::read_regular;
use crate::limits;
use crate::training::event::HistoryRow;
use crate::training::run_files::write_whole;
use crate::training::{Error, Result};

/// Name of the file in the run's folder.
pub const FILE: &str = "log.csv";

/// Writes all rows as CSV.
pub fn write_csv(path: &Path, rows: &[HistoryRow]) -> Result<()> {
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

/// Name of the file of JSON lines in the run's folder.
pub const LINES: &str = "log.jsonl";

/// Writes all rows as JSON, one object a line.
pub(super) fn write_json_lines(path: &Path, rows: &[HistoryRow]) -> Result<()> {
    let mut text = String::new();
    for r in rows {
        let areas: Map<String, Value> = r.auroc.iter().map(|(name, area)| (name.clone(), json!(area))).collect();
        let line = json!({
            "epoch": r.epoch,
            "size": r.size,
            "learning_rate": r.learning_rate,
            "training_loss": r.training_loss,
            "validation_loss": r.validation_loss,
            "accuracy": r.accuracy,
            "auroc": areas,
            "images_per_second": r.images_per_second,
            "seconds": r.seconds,
        });
        let _ = writeln!(text, "{line}");
    }
    write_whole(path, text.as_bytes())
}

/// Reads what [`write_csv`] wrote; a row that is no row of it is an error that names its line.
pub fn read_csv(path: &Path) -> Result<Vec<HistoryRow>> {
    let failed = |source| Error::Read { path: path.into(), source };
    let text = read_regular(path, limits::LOG_BYTES).map_err(|error| failed(error.into()))?;
    let mut reader = csv::Reader::from_reader(BoundedLines::new(text.as_slice()));
    let names: Vec<String> =
        reader.headers().map_err(|e| failed(std::io::Error::other(e)))?.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(|e| failed(std::io::Error::other(e)))?;
        let fields: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(record.iter()).collect();
        let row = row_of(&fields)
            .ok_or_else(|| failed(std::io::Error::other(format!("line {} is no line of the log of a run", i + 2))))?;
        rows.push(row);
    }
    Ok(rows)
}

fn row_of(fields: &[(&str, &str)]) -> Option<HistoryRow> {
    fn get<T: std::str::FromStr>(fields: &[(&str, &str)], name: &str) -> Option<T> {
        fields.iter().find(|(n, _)| *n == name)?.1.parse().ok()
    }
    let area = |(name, value): &(&str, &str)| Some((name.strip_prefix("AUROC ")?.to_owned(), value.parse().ok()));
    Some(HistoryRow {
        epoch: get(fields, "epoch")?,
        size: get(fields, "size")?,
        learning_rate: get(fields, "learning_rate")?,
        training_loss: get(fields, "training_loss")?,
        validation_loss: get(fields, "validation_loss")?,
        accuracy: get(fields, "accuracy")?,
        auroc: fields.iter().filter_map(area).collect(),
        images_per_second: get(fields, "images_per_second")?,
        seconds: get(fields, "seconds")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(epoch: usize) -> HistoryRow {
        HistoryRow {
            epoch,
            size: 64,
            learning_rate: 0.001,
            training_loss: 0.5,
            validation_loss: 0.625,
            accuracy: 0.75,
            auroc: vec![("Mass, \"large\"".into(), Some(0.875)), ("Hernia".into(), None)],
            images_per_second: 12.5,
            seconds: 30.5,
        }
    }

    #[test]
    fn what_is_written_is_read_again_names_with_commas_and_unknown_areas_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        write_csv(&path, &[row(1), row(2)]).unwrap();
        assert_eq!(read_csv(&path).unwrap(), [row(1), row(2)]);
    }

    #[test]
    fn every_line_of_json_is_an_epoch() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LINES);
        write_json_lines(&path, &[row(1), row(2)]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[1]["epoch"].as_u64(), lines[1]["validation_loss"].as_f64()), (Some(2), Some(0.625)));
        assert_eq!(lines[0]["auroc"]["Mass, \"large\""].as_f64(), Some(0.875));
        assert!(lines[0]["auroc"]["Hernia"].is_null());
    }

    #[test]
    fn a_file_that_is_no_log_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, "epoch,loss\n1,0.5\n").unwrap();
        assert!(read_csv(&path).unwrap_err().to_string().contains("line 2"));
    }
}
