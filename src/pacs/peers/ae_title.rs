//! Names of application entities.

use std::fmt;
use std::str::FromStr;

/// Longest AE title (PS3.5, table 6.2-1).
const LONGEST: usize = 16;

/// A text that can be no AE title.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{}” is no AE title; write up to {LONGEST} characters of ASCII without a backslash",
    .0.escape_debug()
)]
pub struct AeTitleError(String);

/// Name of an application entity: one to sixteen characters of ASCII that are no controls and no backslash,
/// without the spaces around it, which mean nothing (PS3.5, table 6.2-1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AeTitle(String);

impl AeTitle {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AeTitle {
    type Err = AeTitleError;

    fn from_str(text: &str) -> Result<Self, AeTitleError> {
        let title = text.trim_matches(' ');
        let sound = |c: char| (' '..='~').contains(&c) && c != '\\';
        if title.is_empty() || title.len() > LONGEST || !title.chars().all(sound) {
            return Err(AeTitleError(text.chars().take(4 * LONGEST).collect()));
        }
        Ok(Self(title.to_owned()))
    }
}

impl fmt::Display for AeTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_those_of_the_standard() {
        for (text, title) in [("ORTHANC", "ORTHANC"), (" A B ", "A B"), ("sixteen letters!", "sixteen letters!")] {
            assert_eq!(text.parse::<AeTitle>().unwrap().as_str(), title);
        }
        for text in ["", "    ", "seventeen letters", "A\\B", "A\nB", "Ä"] {
            assert!(text.parse::<AeTitle>().is_err(), "{text:?}");
        }
    }
}
