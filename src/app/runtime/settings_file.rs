//! The settings file: preferences as JSON in the platform's configuration folder, written
//! atomically; a broken file is ignored with a notice, and kept. When it is written, and beside whom,
//! is the business of [`super::settings_keeper`].

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::app::state::Preferences;
use crate::app::state::session::{MOST_LAST, MOST_RECENT};
use crate::files::{FileError, read_text, writing};
use crate::limits;

/// Why settings could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("This system has no folder for settings; they are forgotten at the end.")]
    NoFolder,
    #[error("The settings could not be written to {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// Where the settings lie.
pub fn path() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "pellucid").map(|d| d.config_dir().join("settings.json"))
}

/// Where reports go when no dialog can be shown.
pub fn default_report_folder() -> Option<PathBuf> {
    let dirs = directories::UserDirs::new()?;
    Some(dirs.document_dir().unwrap_or(dirs.home_dir()).join("Pellucid reports"))
}

/// The settings of a file, or the default ones; a sentence when the file was there but could not be
/// used, or not all of it: what a newer version may have written is left out, and stays in the file.
pub fn read(path: &Path) -> (Preferences, Option<String>) {
    let text = match read_text(path, limits::MANIFEST_BYTES) {
        Ok(text) => text,
        Err(FileError::Unreadable(e)) if e.kind() == std::io::ErrorKind::NotFound => {
            return (Preferences::default(), None);
        }
        Err(e) => {
            return (Preferences::default(), Some(format!("The settings could not be read ({e}): defaults are used.")));
        }
    };
    let (mut settings, sentence) = match serde_json::from_str(&text) {
        Ok(Value::Object(fields)) => of_fields(fields),
        Ok(_) => (Preferences::default(), Some("The settings file holds no settings: defaults are used.".to_owned())),
        Err(e) => (Preferences::default(), Some(format!("The settings file is broken ({e}): defaults are used."))),
    };
    settings.recent.truncate(MOST_RECENT);
    settings.last.truncate(MOST_LAST);
    (settings, sentence)
}

/// The settings that these fields hold; a sentence that names those which cannot be used.
fn of_fields(fields: Map<String, Value>) -> (Preferences, Option<String>) {
    if let Ok(settings) = serde_json::from_value(Value::Object(fields.clone())) {
        return (settings, None);
    }
    let (mut usable, mut left_out) = (Map::new(), Vec::new());
    for (name, value) in fields {
        let alone = Map::from_iter([(name.clone(), value.clone())]);
        if serde_json::from_value::<Preferences>(Value::Object(alone)).is_ok() {
            usable.insert(name, value);
        } else {
            left_out.push(name);
        }
    }
    let settings = serde_json::from_value(Value::Object(usable)).unwrap_or_default();
    (settings, Some(format!("Some settings could not be used, and have their defaults: {}.", left_out.join(", "))))
}

/// All fields of a settings file, also those that this version does not know; nothing where there is
/// no file. A broken one is kept beside it under another name.
pub(super) fn read_value(path: &Path) -> Option<Value> {
    let text = read_text(path, limits::MANIFEST_BYTES).ok()?;
    if let Ok(value @ Value::Object(_)) = serde_json::from_str(&text) {
        return Some(value);
    }
    // Where it cannot be kept there is nothing to lose but what nobody can read.
    let _ = std::fs::rename(path, path.with_extension("broken.json"));
    None
}

/// Writes them whole or not at all, for their owner alone: they hold the names of recent files.
pub fn write(path: &Path, settings: &Preferences) -> Result<(), SettingsError> {
    let failed = |source| SettingsError::Write { path: path.to_owned(), source };
    let folder = path.parent().ok_or(SettingsError::NoFolder)?;
    std::fs::create_dir_all(folder).map_err(failed)?;
    write_value(path, &serde_json::to_value(settings).map_err(|e| failed(e.into()))?)
}

pub(super) fn write_value(path: &Path, settings: &Value) -> Result<(), SettingsError> {
    let put = || writing::private(path, &serde_json::to_vec_pretty(settings)?);
    put().map_err(|source| SettingsError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/settings.json");
        let settings = Preferences { studies_width: 260.0, recent: vec!["a".into()], ..Preferences::default() };
        write(&path, &settings).unwrap();
        assert_eq!(read(&path), (settings, None));
    }

    #[test]
    fn a_broken_file_gives_the_defaults_and_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        std::fs::write(&path, "{ \"theme\": 7").unwrap();
        let (settings, sentence) = read(&path);
        assert_eq!(settings, Preferences::default());
        assert!(sentence.unwrap().contains("broken"));
    }

    #[test]
    fn a_missing_file_is_no_trouble_and_missing_fields_take_their_default() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        assert_eq!(read(&path), (Preferences::default(), None));
        std::fs::write(&path, "{\"theme\":\"Light\"}").unwrap();
        assert_eq!(read(&path).0.theme, crate::app::state::Theme::Light);
    }

    #[test]
    fn what_a_newer_version_wrote_costs_only_that_field() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        std::fs::write(&path, "{\"theme\":\"Sepia\",\"smooth\":false,\"unheard_of\":1}").unwrap();
        let (preferences, sentence) = read(&path);
        assert!(!preferences.smooth && preferences.theme == crate::app::state::Theme::Dark);
        assert!(sentence.unwrap().contains("theme"));
    }

    #[test]
    fn keys_of_older_files_are_understood_and_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        std::fs::write(&path, "{\"same_looks\":false,\"risk\":0.05}").unwrap();
        let (preferences, sentence) = read(&path);
        assert!(sentence.is_none() && !preferences.same_display);
        assert!((preferences.error_rate - 0.05).abs() < 1e-12);
        write(&path, &preferences).unwrap();
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.contains("\"same_looks\"") && written.contains("\"risk\""), "{written}");
    }
}
