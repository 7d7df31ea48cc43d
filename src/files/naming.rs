//! Names that become folders: one part of a path on every system, and nothing that leaves the
//! folder that it is meant for.

use thiserror::Error;

/// Longest name, in bytes; file systems take 255, and endings are added.
const LONGEST: usize = 100;
/// Characters that separate parts of a path, name streams or devices, or stand for other
/// characters, on some system.
const SEPARATORS: [char; 9] = ['/', '\\', ':', '*', '?', '"', '<', '>', '|'];
/// Names that stand for devices on Windows, with any ending.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// The text cannot be the name of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "“{}” cannot be the name of a folder; use up to {LONGEST} letters, digits, spaces, dots, dashes and underscores, with a letter or \
     digit at the beginning",
    .0.escape_debug()
)]
pub struct NameError(String);

/// Whether `name` can be the name of a folder, everywhere.
///
/// # Errors
/// When it is empty or too long, holds separators, control characters or marks that turn text
/// around, begins with a dot or a dash, ends in a dot or a space, or is a device on some system.
pub fn check(name: &str) -> Result<(), NameError> {
    let stands_for_itself = |c: char| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        !c.is_control() && !turns && !SEPARATORS.contains(&c)
    };
    let begins = name.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let sound = begins && name.len() <= LONGEST && !name.ends_with(['.', ' ']) && name.chars().all(stands_for_itself);
    if sound && !is_device(name) { Ok(()) } else { Err(NameError(name.chars().take(LONGEST).collect())) }
}

/// `NUL`, `nul.txt`, `COM1` …
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let (letters, rest) = stem.split_at_checked(3).unwrap_or((&stem, ""));
    let numbered = matches!(letters, "com" | "lpt");
    DEVICES.contains(&letters) && if numbered { matches!(rest.chars().count(), 1) } else { rest.is_empty() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder() {
        for name in
            ["../../evil", "..", ".", "", "/etc", "a/b", "a\\b", "C:x", "a\0b", "a\nb", "-rf", ".hidden", "~", " a"]
        {
            assert!(check(name).is_err(), "{name:?}");
        }
        for name in ["a.", "a ", "NUL", "con.txt", "Com1", "lpt9.log", "a\u{202e}gpj", &"a".repeat(101)] {
            assert!(check(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn plain_names_in_any_language_are_fine() {
        for name in ["chest-xray", "Röntgen 2", "胸部", "v1.2_b", "common", "console", "_try", "null", "9"] {
            assert!(check(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn the_sentence_shows_what_cannot_be_seen() {
        let said = check("a\u{1b}[2Jb").unwrap_err().to_string();
        assert!(said.contains("\\u{1b}") && !said.contains('\u{1b}'), "{said}");
    }
}
