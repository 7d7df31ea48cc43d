//! Keeps the settings: one thread that writes them soon after they change, beside what other viewers
//! write.
//!
//! Reading, merging and writing happen under a lock on a file beside the settings, so that two viewers
//! that write at once lose nothing. A kill loses at most what changed since the last write.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use serde_json::Value;

use super::job_threads::JobThreads;
use super::settings_file::{self, SettingsError};
use super::settings_merge::merge;
use crate::app::state::Preferences;
use crate::app::update::message::Message;

/// The end of the program waits so long for the last write at most.
const PATIENCE: Duration = Duration::from_secs(5);
/// Another viewer holds the lock for a moment only; after this the settings are written without it.
const LOCKED: Duration = Duration::from_secs(2);

/// The thread that writes settings.
pub(super) struct SettingsKeeper {
    sender: Option<Sender<Preferences>>,
    /// Closed when the thread has ended.
    ended: Receiver<()>,
}

impl SettingsKeeper {
    /// Starts the thread; `read` are the settings as they were read from `path`.
    pub(super) fn start(jobs: &JobThreads, path: PathBuf, read: &Preferences) -> Self {
        let (sender, changed) = unbounded::<Preferences>();
        let (end, ended) = unbounded();
        let mut base = value(read);
        jobs.run("pellucid-settings", Message::Failed, move |messages| {
            let _end: Sender<()> = end;
            while let Ok(first) = changed.recv() {
                let ours = value(&changed.try_iter().last().unwrap_or(first));
                match write_beside_others(&path, &base, &ours) {
                    Ok(()) => base = ours,
                    Err(e) => messages.send(Message::Failed(e.to_string().into())),
                }
            }
        });
        Self { sender: Some(sender), ended }
    }

    /// Has these settings written.
    pub(super) fn keep(&self, preferences: &Preferences) {
        if let Some(sender) = &self.sender {
            // The thread lives as long as this sender.
            let _ = sender.send(preferences.clone());
        }
    }

    /// Has everything written that waits.
    pub(super) fn close(&mut self) {
        self.sender = None;
        let _ = self.ended.recv_timeout(PATIENCE);
    }
}

/// Settings as they stand in the file.
fn value(preferences: &Preferences) -> Value {
    serde_json::to_value(preferences).unwrap_or(Value::Null)
}

/// Brings the changes from `base` to `ours` into the file.
pub(super) fn write_beside_others(path: &Path, base: &Value, ours: &Value) -> Result<(), SettingsError> {
    let folder = path.parent().ok_or(SettingsError::NoFolder)?;
    std::fs::create_dir_all(folder).map_err(|source| SettingsError::Write { path: path.to_owned(), source })?;
    let _lock = lock(&path.with_extension("lock"));
    let mut all = match settings_file::read_value(path) {
        Some(theirs) => theirs,
        None => ours.clone(),
    };
    merge(base, ours, &mut all);
    settings_file::write_value(path, &all)
}

/// The lock of the settings; nothing where the file system knows none, or another viewer does not let
/// go of it.
fn lock(path: &Path) -> Option<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).ok()?;
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(TryLockError::Error(_)) => return None,
            Err(TryLockError::WouldBlock) if since.elapsed() > LOCKED => return None,
            Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(5)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::Theme;

    #[test]
    fn two_viewers_that_write_at_once_keep_each_other_s_studies_and_switches() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let first = Preferences { recent: vec!["old".into()], ..Preferences::default() };
        settings_file::write(&path, &first).unwrap();
        let viewers = ["a", "b"].map(|name| {
            let (path, base) = (path.clone(), value(&first));
            let mut ours = first.clone();
            std::thread::spawn(move || {
                let mut base = base;
                for i in 0..20 {
                    ours.recent.insert(0, format!("{name}{i}").into());
                    if name == "a" {
                        ours.theme = Theme::Light;
                    } else {
                        ours.smooth = false;
                    }
                    let now = value(&ours);
                    write_beside_others(&path, &base, &now).unwrap();
                    base = now;
                }
            })
        });
        for viewer in viewers {
            viewer.join().unwrap();
        }
        let value: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(value["recent"].as_array().unwrap().len(), 41);
        assert_eq!((value["theme"].as_str(), value["smooth"].as_bool()), (Some("Light"), Some(false)));
        let (read, sentence) = settings_file::read(&path);
        assert!(sentence.is_none() && read.recent.len() == crate::app::state::session::MOST_RECENT);
    }

    #[test]
    fn a_broken_file_is_kept_under_another_name_and_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        std::fs::write(&path, "{ broken").unwrap();
        let ours = Preferences { theme: Theme::Light, ..Preferences::default() };
        write_beside_others(&path, &value(&Preferences::default()), &value(&ours)).unwrap();
        assert_eq!(settings_file::read(&path).0.theme, Theme::Light);
        assert_eq!(std::fs::read_to_string(folder.path().join("settings.broken.json")).unwrap(), "{ broken");
    }

    #[test]
    fn what_changed_is_on_the_disk_without_an_end_of_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/settings.json");
        let jobs = JobThreads::new(&egui::Context::default());
        let keeper = SettingsKeeper::start(&jobs, path.clone(), &Preferences::default());
        keeper.keep(&Preferences { theme: Theme::HighContrast, ..Preferences::default() });
        // As after kill -9: nobody closes the keeper.
        let since = Instant::now();
        while settings_file::read(&path).0.theme != Theme::HighContrast {
            assert!(since.elapsed() < Duration::from_secs(10));
            sleep(Duration::from_millis(5));
        }
    }
}
