//! The secret of a run: new UIDs, pseudonyms and shifts of dates follow from it and from what they
//! replace, and from nothing else.
//!
//! `HMAC-SHA-256(key, purpose ‖ 0 ‖ value)` (RFC 2104): whoever has the key gets the same
//! replacement for the same value in every file and every run, and whoever lacks it cannot try out
//! values, as with a bare hash of an id of seven digits. A run without a key file draws a key that
//! nobody keeps.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rand::TryRngCore as _;
use rand::rngs::OsRng;
use sha2::{Digest as _, Sha256};

use crate::files::writing;
use crate::files::{FileError, hex, read_regular};

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// Shortest and longest file of a key, in bytes.
const LENGTH: (u64, u64) = (16, 4096);
/// Dates go back by up to ten years, and by one day at least.
const DAYS: u64 = 3650;
/// A UID that the standard itself gives: it names a kind of object, not an object.
const OF_THE_STANDARD: &str = "1.2.840.10008.";

/// The secret. It is never printed.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key in {path} cannot be read: {source}", path = path.display())]
    Unreadable { path: PathBuf, source: FileError },
    #[error("the key could not be written to {path}: {source}; choose a folder that you may write to", path = path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error(
        "{path} is too short for a secret: a key has {} bytes or more; name a file that is not there, and one is made",
        LENGTH.0,
        path = path.display()
    )]
    Short { path: PathBuf },
    #[error("the system gave no random numbers for a key: {0}")]
    NoRandomness(String),
}

impl Key {
    /// A key that nobody knows and nobody keeps.
    pub fn random() -> Result<Self, KeyError> {
        let mut bytes = [0; 32];
        OsRng.try_fill_bytes(&mut bytes).map_err(|error| KeyError::NoRandomness(error.to_string()))?;
        Ok(Self(bytes.to_vec()))
    }

    /// The key in a file; where there is no file, one is made that its owner alone may read.
    pub fn in_file(path: &Path) -> Result<Self, KeyError> {
        let unreadable = |source| KeyError::Unreadable { path: path.to_owned(), source };
        match read_regular(path, LENGTH.1) {
            Ok(text) => {
                let secret = text.trim_ascii();
                if (secret.len() as u64) < LENGTH.0 {
                    return Err(KeyError::Short { path: path.to_owned() });
                }
                Ok(Self(secret.to_vec()))
            }
            Err(FileError::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => {
                let made = hex(&Self::random()?.0);
                let unwritable = |source| KeyError::Unwritable { path: path.to_owned(), source };
                writing::private(path, format!("{made}\n").as_bytes()).map_err(unwritable)?;
                Ok(Self(made.into_bytes()))
            }
            Err(error) => Err(unreadable(error)),
        }
    }

    /// The number that stands for a value.
    fn number(&self, purpose: &str, value: &[u8]) -> u128 {
        let tag = hmac_sha256(&self.0, &[purpose.as_bytes(), &[0], value]);
        tag.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
    }

    /// The new UID for one of an instance, series, study or frame of reference: `2.25.` and a
    /// number in the shape of a UUID of version 8 (PS3.5 B.2, RFC 9562 section 5.8). UIDs that the
    /// standard gives stay, as does an empty one.
    #[must_use]
    pub fn uid(&self, uid: &str) -> String {
        let uid = uid.trim_matches(|c: char| c == '\0' || c.is_whitespace());
        if uid.is_empty() || uid.starts_with(OF_THE_STANDARD) {
            return uid.to_owned();
        }
        let number = self.number("uid", uid.as_bytes());
        let number = number & !(0xF << 76) | 0x8 << 76;
        let number = number & !(0x3 << 62) | 0x2 << 62;
        format!("2.25.{number}")
    }

    /// A name for somebody or something: letters that say what, and ten digits.
    #[must_use]
    pub fn pseudonym(&self, what: &str, value: &str) -> String {
        format!("{what}{:010}", self.number(what, value.as_bytes()) % 10_000_000_000)
    }

    /// How many days the dates of a patient go back.
    #[must_use]
    pub fn days(&self, patient: &str) -> u64 {
        (self.number("days", patient.as_bytes()) % u128::from(DAYS)) as u64 + 1
    }
}

/// HMAC (RFC 2104) with SHA-256 of the parts, one after another.
fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = [0_u8; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut inner = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x36));
    parts.iter().for_each(|part| inner.update(part));
    let mut outer = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x5C));
    outer.update(inner.finalize());
    outer.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 1, 2 and 6.
    #[test]
    fn the_hmac_is_that_of_the_rfc() {
        let of = |key: &[u8], data: &[u8]| hex(&hmac_sha256(key, &[data]));
        assert_eq!(of(&[0x0B; 20], b"Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        assert_eq!(
            of(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            of(&[0xAA; 131], b"Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn a_uid_is_valid_the_same_every_time_and_another_with_another_key() {
        let (one, other) = (Key(vec![1; 32]), Key(vec![2; 32]));
        let uid = one.uid("1.2.826.0.1.3680043.8.498.1\0");
        assert_eq!(uid, one.uid("1.2.826.0.1.3680043.8.498.1"));
        assert_ne!(uid, other.uid("1.2.826.0.1.3680043.8.498.1"));
        let number: u128 = uid.strip_prefix("2.25.").unwrap().parse().unwrap();
        assert!(uid.len() <= 64 && !uid[5..].starts_with('0'), "{uid}");
        assert_eq!((number >> 76 & 0xF, number >> 62 & 0x3), (8, 2), "version 8, variant 2");
    }

    #[test]
    fn what_the_standard_names_stays() {
        let key = Key(vec![1; 32]);
        assert_eq!(key.uid("1.2.840.10008.1.4.1.1"), "1.2.840.10008.1.4.1.1");
        assert_eq!(key.uid(""), "");
        assert_ne!(key.uid("1.2.840.113619.2.1"), "1.2.840.113619.2.1");
    }

    #[test]
    fn dates_go_back_by_a_day_to_ten_years() {
        let key = Key(vec![1; 32]);
        let days: Vec<u64> = (0..500).map(|i| key.days(&i.to_string())).collect();
        assert!(days.iter().all(|d| (1..=DAYS).contains(d)));
        assert!(days.iter().max() > Some(&3000) && days.iter().min() < Some(&300), "they are spread");
    }

    #[test]
    fn a_key_file_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let made = Key::in_file(&path).unwrap();
        assert_eq!(made.uid("1.2.3"), Key::in_file(&path).unwrap().uid("1.2.3"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "short\n").unwrap();
        assert!(Key::in_file(&path).unwrap_err().to_string().contains("16 bytes or more"));
        assert_eq!(format!("{made:?}"), "Key", "a key is not printed");
    }
}
