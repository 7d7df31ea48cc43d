//! Unique identifiers that follow from what they identify: `2.25.` and the first 128 bits of a
//! SHA-256, in the shape of a UUID of version 8 (PS3.5 B.2, RFC 9562 section 5.8).
//!
//! The same content has the same identifier on every machine, and another content another one. So
//! an object that is written twice is one object, and nothing has to be remembered.

use sha2::{Digest as _, Sha256};

/// The identifier of some content: `what` says what kind of thing it is, and each part counts with
/// its length.
#[must_use]
pub fn of(what: &str, parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"pellucid result 1\0");
    for part in std::iter::once(what.as_bytes()).chain(parts.iter().copied()) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let number = hash.finalize().iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let number = number & !(0xF << 76) | 0x8 << 76;
    let number = number & !(0x3 << 62) | 0x2 << 62;
    format!("2.25.{number}")
}

/// Whether a text can be a UID (PS3.5 section 9.1): up to 64 characters, numbers between dots.
#[must_use]
pub fn is_valid(uid: &str) -> bool {
    let number = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        digits && (part == "0" || !part.starts_with('0'))
    };
    uid.len() <= 64 && uid.contains('.') && uid.split('.').all(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_has_the_same_uid_and_where_parts_end_counts() {
        let uid = of("study", &[b"ab", b"c"]);
        assert_eq!(uid, of("study", &[b"ab", b"c"]));
        assert_ne!(uid, of("study", &[b"a", b"bc"]));
        assert_ne!(uid, of("series", &[b"ab", b"c"]));
        assert!(is_valid(&uid) && uid.starts_with("2.25."), "{uid}");
    }

    #[test]
    fn what_is_no_uid_is_known() {
        for uid in ["", "1", "1..2", "1.02", "1.a", "1.2.", &format!("1.{}", "2".repeat(63))] {
            assert!(!is_valid(uid), "{uid}");
        }
        assert!(is_valid("1.2.840.10008.1.2") && is_valid("1.0.3"));
    }
}
