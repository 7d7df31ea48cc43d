//! A word as bytes in every character set that DICOM has and that can spell it (PS3.3 C.12.1.1.2).
//!
//! An object may hold text in several sets, and the same name once in Latin letters and once in
//! ideographs. Code extensions switch by escape sequences (ISO 2022); what stands between them is
//! looked for, without the escapes.

use std::collections::BTreeSet;

use dicom_encoding::text::{SpecificCharacterSet, TextCodec as _};

use crate::study::text::single_byte;

/// Sets that dicom-rs writes; UTF-8 is first.
const CODES: [&str; 16] = [
    "ISO_IR 192",
    "ISO_IR 100",
    "ISO_IR 101",
    "ISO_IR 109",
    "ISO_IR 110",
    "ISO_IR 144",
    "ISO_IR 127",
    "ISO_IR 126",
    "ISO_IR 138",
    "ISO_IR 166",
    "ISO_IR 13",
    "ISO_IR 87",
    "ISO 2022 IR 149",
    "ISO 2022 IR 58",
    "GB18030",
    "GBK",
];
/// Sets that the [text](crate::study::text) of a file is read in by a table of our own: Latin-5 and
/// Latin-9.
const OWN: [&str; 2] = ["ISO_IR 148", "ISO_IR 203"];
const ESCAPE: u8 = 0x1B;

/// The bytes of a word in every set that has all of its letters, each spelling once.
pub(super) fn in_every_set(word: &str) -> Vec<Vec<u8>> {
    let mut spelled = BTreeSet::new();
    for code in CODES {
        let Some(set) = SpecificCharacterSet::from_code(code) else { continue };
        // A letter that a set lacks is an error, or a question mark or a reference in its place.
        if let Ok(bytes) = set.encode(word)
            && set.decode(&bytes).is_ok_and(|again| again == word)
        {
            spelled.extend(runs(&bytes));
        }
    }
    for code in OWN {
        spelled.extend(single_byte(code, word));
    }
    spelled.into_iter().filter(|bytes| bytes.len() > 2).collect()
}

/// What stands between escape sequences.
fn runs(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut runs = vec![Vec::new()];
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == ESCAPE {
            // ESC, intermediate bytes 2/0–2/15, one final byte (ECMA-35 section 13.2.1).
            let intermediate = tail.iter().take_while(|b| (0x20..0x30).contains(*b)).count();
            rest = tail.get(intermediate + 1..).unwrap_or_default();
            runs.push(Vec::new());
        } else {
            runs.last_mut().into_iter().for_each(|run| run.push(byte));
            rest = tail;
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(word: &str, bytes: &[u8]) -> bool {
        in_every_set(word).iter().any(|spelling| spelling == bytes)
    }

    #[test]
    fn a_name_is_spelled_in_the_sets_that_have_its_letters() {
        assert_eq!(in_every_set("Smith"), [b"Smith".to_vec()], "ASCII is the same in all");
        for (word, bytes) in [
            ("Müller", &b"M\xfcller"[..]),
            ("Müller", "Müller".as_bytes()),
            ("Łukasz", b"\xa3ukasz"),
            ("Иванов", b"\xb8\xd2\xd0\xdd\xde\xd2"),
            ("Παπάς", b"\xd0\xe1\xf0\xdc\xf2"),
            ("כהן", b"\xeb\xe4\xef"),
            ("Œuvrard", b"\xbcuvrard"),
            ("Yıldız", b"Y\xfdld\xfdz"),
            ("山田", b";3ED"),
            ("洪吉洞", b"\xfb\xf3\xd1\xce\xd4\xd7"),
            ("王小东", b"\xcd\xf5\xd0\xa1\xb6\xab"),
        ] {
            assert!(spelled(word, bytes), "{word} in {:?}", in_every_set(word));
        }
        assert!(!in_every_set("山田").iter().any(|bytes| bytes.contains(&b'?')), "no letters that a set lacks");
    }
}
