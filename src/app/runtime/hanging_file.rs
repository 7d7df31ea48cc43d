//! The reader's hanging rules: `hanging.toml` beside the settings, read once at the start. The
//! program never writes it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::state::Reason;
use crate::app::state::hanging_rules::HangingRules;
use crate::app::update::message::Message;
use crate::files::{FileError, read_text};
use crate::limits;

/// Where the rules lie, beside the settings file.
pub(super) fn beside(settings: &Path) -> PathBuf {
    settings.with_file_name("hanging.toml")
}

/// What a file of rules says; nothing where there is no such file.
pub(super) fn read(path: &Path) -> Option<Message> {
    let refused = |why: String| Some(Message::HangingRules(Err(Reason::from(format!("{}, {why}.", path.display())))));
    match read_text(path, limits::MANIFEST_BYTES) {
        Ok(text) => match HangingRules::parse(&text) {
            Ok(rules) => Some(Message::HangingRules(Ok(Arc::new(rules)))),
            Err(error) => refused(error.to_string()),
        },
        Err(FileError::Unreadable(error)) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_file_is_said_with_its_line_and_a_missing_one_is_no_trouble() {
        let folder = tempfile::tempdir().unwrap();
        let path = beside(&folder.path().join("settings.json"));
        assert!(read(&path).is_none());
        std::fs::write(&path, "[[rule]]\ngrid = '1x2'\nslots = ['now']\n").unwrap();
        let Some(Message::HangingRules(Err(reason))) = read(&path) else { panic!("the file is refused") };
        assert!(reason.as_str().contains("hanging.toml, line 3: “now” names no image"), "{}", reason.as_str());
        std::fs::write(&path, "[[rule]]\ngrid = '1x2'\nslots = ['current', 'prior']\n").unwrap();
        assert!(matches!(read(&path), Some(Message::HangingRules(Ok(rules))) if rules.rules.len() == 1));
    }
}
