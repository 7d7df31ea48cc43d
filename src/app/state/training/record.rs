//! A run as its folder tells it: epochs, configuration, and the metrics of the model.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::training::event::HistoryRow;

/// A run in its folder.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    pub folder: PathBuf,
    pub name: String,
    pub rows: Vec<HistoryRow>,
    /// Dotted keys and values; empty where the run kept no copy of its configuration.
    pub configuration: Vec<(String, String)>,
    /// When its log was last written.
    pub written: Option<SystemTime>,
    /// Why it could not be read.
    pub trouble: Option<String>,
}

impl RunRecord {
    /// The epoch with the lowest validation loss.
    pub fn best(&self) -> Option<&HistoryRow> {
        self.rows.iter().min_by(|a, b| a.validation_loss.total_cmp(&b.validation_loss))
    }

    /// Images a second, over all epochs.
    pub fn pace(&self) -> f64 {
        self.rows.iter().map(|r| r.images_per_second).sum::<f64>() / self.rows.len().max(1) as f64
    }

    /// Seconds of all epochs.
    pub fn seconds(&self) -> f64 {
        self.rows.iter().map(|r| r.seconds).sum()
    }
}

/// Keys whose values are not the same in all of `records` that have a configuration: the key, and
/// the value of each.
pub fn differences(records: &[&RunRecord]) -> Vec<(String, Vec<Option<String>>)> {
    let known: Vec<&&RunRecord> = records.iter().filter(|r| !r.configuration.is_empty()).collect();
    let mut keys: Vec<&String> = Vec::new();
    for record in &known {
        for (key, _) in &record.configuration {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    let value = |r: &RunRecord, key: &str| r.configuration.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    keys.into_iter()
        .filter(|key| known.iter().any(|r| value(r, key) != value(known[0], key)))
        .map(|key| (key.clone(), records.iter().map(|r| value(r, key)).collect()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, configuration: &[(&str, &str)]) -> RunRecord {
        RunRecord {
            folder: name.into(),
            name: name.into(),
            rows: Vec::new(),
            configuration: configuration.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            written: None,
            trouble: None,
        }
    }

    #[test]
    fn only_keys_that_differ_are_told_and_a_run_without_a_copy_is_unknown() {
        let a = run("a", &[("seed", "1"), ("optimization.batch", "32")]);
        let b = run("b", &[("seed", "2"), ("optimization.batch", "32"), ("augment.flip", "0.5")]);
        let old = run("old", &[]);
        let told = differences(&[&a, &b, &old]);
        assert_eq!(told[0], ("seed".into(), vec![Some("1".into()), Some("2".into()), None]));
        assert_eq!(told[1], ("augment.flip".into(), vec![None, Some("0.5".into()), None]));
        assert_eq!(told.len(), 2);
    }
}
