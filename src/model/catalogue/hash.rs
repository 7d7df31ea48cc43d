//! Whether a file is the one that was published: by its SHA-256, as far as one is known.

use std::path::Path;

use crate::files::{FileError, sha256_of_file};
use crate::limits::WEIGHT_BYTES;
use crate::model::source::Identity;

/// Fewest digits that are compared: of one in 16 million files they would be alike by chance.
const FEWEST: usize = 6;
/// Digits of a whole SHA-256.
const WHOLE: usize = 64;

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error(
        "the file is not the one that was published: its SHA-256 is {found} and must {must} {wanted}{from}. It was changed on its way, or \
         replaced by its publisher; nothing of it was used"
    )]
    Other { found: String, must: &'static str, wanted: String, from: String },
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] FileError),
}

/// What the SHA-256 of a file must be, lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    Whole(String),
    /// Its first digits.
    Beginning(String),
}

impl Expected {
    /// Of the two fields of the catalogue, of which one may be there.
    pub(super) fn read(whole: Option<&str>, begins: Option<&str>) -> Result<Option<Self>, ()> {
        let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit()).then(|| text.to_lowercase()).ok_or(());
        match (whole, begins) {
            (None, None) => Ok(None),
            (Some(text), None) if text.len() == WHOLE => Ok(Some(Self::Whole(hex(text)?))),
            (None, Some(text)) if (FEWEST..=WHOLE).contains(&text.len()) => Ok(Some(Self::Beginning(hex(text)?))),
            _ => Err(()),
        }
    }

    /// Its digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        match self {
            Self::Whole(digits) | Self::Beginning(digits) => digits,
        }
    }
}

/// A file that may be the right one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    pub sha256: String,
    pub identity: Identity,
}

/// Compares a file with what is known of it; `stated_by` says who knows it.
///
/// # Errors
/// When it is another file, or cannot be read.
pub fn check(path: &Path, expected: Option<&Expected>, stated_by: &str) -> Result<Checked, HashError> {
    let sha256 = sha256_of_file(path, WEIGHT_BYTES)?;
    let (fits, identity, must) = match expected {
        None => (true, Identity::Recorded, ""),
        Some(Expected::Whole(whole)) => (*whole == sha256, Identity::Stated, "be"),
        Some(Expected::Beginning(digits)) => (sha256.starts_with(digits), Identity::Digits, "begin with"),
    };
    if fits {
        return Ok(Checked { sha256, identity });
    }
    let wanted = expected.map(|expected| expected.digits().to_owned()).unwrap_or_default();
    let from = if stated_by.is_empty() { String::new() } else { format!(" ({stated_by})") };
    Err(HashError::Other { found: sha256, must, wanted, from })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_compared_with_as_much_as_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w");
        std::fs::write(&path, "abc").unwrap();
        // FIPS 180-4, example of SHA-256.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let identity = |expected: Option<Expected>| check(&path, expected.as_ref(), "FIPS").map(|c| c.identity);
        assert_eq!(identity(None).unwrap(), Identity::Recorded);
        assert_eq!(identity(Expected::read(Some(&abc.to_uppercase()), None).unwrap()).unwrap(), Identity::Stated);
        assert_eq!(identity(Expected::read(None, Some("BA7816bf")).unwrap()).unwrap(), Identity::Digits);
        let said = identity(Some(Expected::Beginning("ba7816b0".into()))).unwrap_err().to_string();
        assert!(said.contains(abc) && said.contains("begin with ba7816b0 (FIPS)"), "{said}");
        assert!(identity(Some(Expected::Whole("0".repeat(64)))).is_err());
        for (whole, begins) in
            [(Some("abc"), None), (None, Some("abc")), (None, Some("xyzxyz")), (Some(abc), Some("ba7816"))]
        {
            assert!(Expected::read(whole, begins).is_err());
        }
    }
}
