//! Runs are read from their folders.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::prepare::file_name;
use crate::app::state::training::record::RunRecord;
use crate::training::config::record;
use crate::training::run::history;

/// Most folders that are looked at below the folder of runs.
const MOST: usize = 500;

/// The runs of `folders`, and those in the folders below `root`: the newest first. A folder that
/// holds runs stands for them.
pub fn read_all(root: &Path, folders: &[PathBuf]) -> Vec<Arc<RunRecord>> {
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
    let mut records: Vec<Arc<RunRecord>> = paths.iter().map(|p| Arc::new(read(p))).collect();
    records.sort_by(|a, b| b.written.cmp(&a.written).then_with(|| a.folder.cmp(&b.folder)));
    records
}

/// The runs in the folders below `root`; anything else in there is none of ours.
fn below(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    entries.take(MOST).map(|e| e.path()).filter(|p| is_run(p)).collect()
}

fn is_run(folder: &Path) -> bool {
    folder.join(history::FILE).is_file()
}

/// The run of a folder.
fn read(folder: &Path) -> RunRecord {
    let log = folder.join(history::FILE);
    let (rows, trouble) = match history::read_csv(&log) {
        Ok(rows) => (rows, None),
        Err(_) if !log.exists() => (Vec::new(), Some("This folder holds no log of a run (log.csv).".to_owned())),
        Err(e) => (Vec::new(), Some(format!("The log could not be read: {e}"))),
    };
    RunRecord {
        name: file_name(folder),
        folder: folder.to_owned(),
        rows,
        // Runs of older versions kept none.
        configuration: record::read(folder).unwrap_or_default(),
        written: std::fs::metadata(&log).and_then(|m| m.modified()).ok(),
        trouble,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_no_run_says_so_and_one_that_holds_runs_gives_them() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("first");
        std::fs::create_dir(&run).unwrap();
        let header = "epoch,size,learning_rate,training_loss,validation_loss,accuracy,images_per_second,seconds\n";
        std::fs::write(run.join(history::FILE), format!("{header}1,64,1e-3,0.5,0.6,0.7,10,3\n")).unwrap();
        let records = read_all(Path::new("nowhere"), &[folder.path().to_owned(), "missing".into()]);
        assert_eq!(records.len(), 2);
        assert_eq!((records[0].name.as_str(), records[0].rows.len()), ("first", 1));
        assert!(records[1].trouble.as_ref().unwrap().contains("no log"));
    }
}
