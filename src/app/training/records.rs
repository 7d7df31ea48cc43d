//! Runs as their folders tell them: epochs, configuration, and the figures of the model.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::prepare::file_name;
use crate::training::config::record;
use crate::training::journal::{self, Row};

/// Most folders that are looked at below the folder of runs.
const MOST: usize = 500;

/// A run in its folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub folder: PathBuf,
    pub name: String,
    pub rows: Vec<Row>,
    /// Dotted keys and values; empty where the run kept no copy of its configuration.
    pub configuration: Vec<(String, String)>,
    /// When its log was last written.
    pub written: Option<SystemTime>,
    /// Why it could not be read.
    pub trouble: Option<String>,
}

impl Record {
    /// The epoch with the lowest validation loss.
    pub fn best(&self) -> Option<&Row> {
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

/// The runs of `folders`, and those in the folders below `root`: the newest first. A folder that holds runs stands for them.
pub fn read_all(root: &Path, folders: &[PathBuf]) -> Vec<Arc<Record>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let given = folders.iter().map(|folder| {
        let runs = if is_run(folder) { Vec::new() } else { below(folder) };
        if runs.is_empty() { vec![folder.clone()] } else { runs }
    });
    for path in given.flatten().chain(below(root)) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let mut records: Vec<Arc<Record>> = paths.iter().map(|p| Arc::new(read(p))).collect();
    records.sort_by(|a, b| b.written.cmp(&a.written).then_with(|| a.folder.cmp(&b.folder)));
    records
}

/// The runs in the folders below `root`; anything else in there is none of ours.
fn below(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    entries.take(MOST).map(|e| e.path()).filter(|p| is_run(p)).collect()
}

fn is_run(folder: &Path) -> bool {
    folder.join(journal::FILE).is_file()
}

/// The run of a folder.
fn read(folder: &Path) -> Record {
    let log = folder.join(journal::FILE);
    let (rows, trouble) = match journal::read_csv(&log) {
        Ok(rows) => (rows, None),
        Err(_) if !log.exists() => (Vec::new(), Some("This folder holds no log of a run (log.csv).".to_owned())),
        Err(e) => (Vec::new(), Some(format!("The log could not be read: {e}"))),
    };
    Record {
        name: file_name(folder),
        folder: folder.to_owned(),
        rows,
        // Runs of older versions kept none.
        configuration: record::read(folder).unwrap_or_default(),
        written: std::fs::metadata(&log).and_then(|m| m.modified()).ok(),
        trouble,
    }
}

/// Keys whose values are not the same in all of `records` that have a configuration: the key, and the value of each.
pub fn differences(records: &[&Record]) -> Vec<(String, Vec<Option<String>>)> {
    let known: Vec<&&Record> = records.iter().filter(|r| !r.configuration.is_empty()).collect();
    let mut keys: Vec<&String> = Vec::new();
    for record in &known {
        for (key, _) in &record.configuration {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    let value = |r: &Record, key: &str| r.configuration.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    keys.into_iter()
        .filter(|key| known.iter().any(|r| value(r, key) != value(known[0], key)))
        .map(|key| (key.clone(), records.iter().map(|r| value(r, key)).collect()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, configuration: &[(&str, &str)]) -> Record {
        Record {
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

    #[test]
    fn a_folder_that_is_no_run_says_so_and_one_that_holds_runs_gives_them() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("first");
        std::fs::create_dir(&run).unwrap();
        let header = "epoch,size,learning_rate,training_loss,validation_loss,accuracy,images_per_second,seconds\n";
        std::fs::write(run.join(journal::FILE), format!("{header}1,64,1e-3,0.5,0.6,0.7,10,3\n")).unwrap();
        let records = read_all(Path::new("nowhere"), &[folder.path().to_owned(), "missing".into()]);
        assert_eq!(records.len(), 2);
        assert_eq!((records[0].name.as_str(), records[0].rows.len()), ("first", 1));
        assert!(records[1].trouble.as_ref().unwrap().contains("no log"));
    }
}
