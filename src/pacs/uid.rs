//! Unique identifiers (PS3.5 section 9): what a stranger calls so is checked before a file is named
//! by it.

use std::fmt;

/// Longest UID (PS3.5 section 9.1).
const LONGEST: usize = 64;

/// A text that is no UID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{}” is no UID: digits and single dots, at most {LONGEST} of them", .0.escape_debug())]
pub struct UidError(String);

/// A unique identifier: digits with single dots between them, at most 64 characters.
///
/// Components that begin with a zero are against the standard (PS3.5 section 9.1) and yet found in
/// archives: they are taken as they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(String);

impl Uid {
    /// Checks a text; blanks and zeros that pad it are left out.
    ///
    /// # Errors
    /// When it is none.
    pub fn of(text: &str) -> Result<Self, UidError> {
        let uid = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
        let component = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if uid.len() > LONGEST || !uid.split('.').all(component) {
            return Err(UidError(text.chars().take(LONGEST).collect()));
        }
        Ok(Self(uid.to_owned()))
    }

    /// Its characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The beginning of its SHA-256: tells instances apart in a log without saying which they are.
    #[must_use]
    pub fn short_hash(&self) -> String {
        crate::files::sha256(self.0.as_bytes())[..12].to_owned()
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_leave_a_folder_is_no_uid() {
        for text in ["", ".", "..", "1..2", "1.2.", ".1", "../1", "1/2", "1\\2", "1 2", "a", "1.2\u{0}3", "１.2"] {
            assert!(Uid::of(text).is_err(), "{text:?}");
        }
        assert!(Uid::of(&"1".repeat(65)).is_err());
    }

    #[test]
    fn padding_is_no_part_of_it() {
        assert_eq!(Uid::of("1.2.840.10008.1.1\0").unwrap().as_str(), "1.2.840.10008.1.1");
        assert_eq!(Uid::of("2.25.01 ").unwrap().to_string(), "2.25.01");
    }
}
