//! What came of the cases of one format: the figures of a run, and their table.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::readers::Reader;

/// What is packed by what in DICOM, by the end of the transfer syntax.
const SYNTAXES: [(&str, &str); 20] = [
    ("", "implicit"),
    (".1", "explicit"),
    (".1.98", "encapsulated, not packed"),
    (".1.99", "deflated"),
    (".2", "big endian"),
    (".4.50", "JPEG"),
    (".4.51", "JPEG"),
    (".4.57", "JPEG"),
    (".4.70", "JPEG"),
    (".4.80", "JPEG-LS"),
    (".4.81", "JPEG-LS"),
    (".4.90", "JPEG 2000"),
    (".4.91", "JPEG 2000"),
    (".4.110", "JPEG XL"),
    (".4.111", "JPEG XL"),
    (".4.112", "JPEG XL"),
    (".4.201", "HTJ2K"),
    (".4.203", "HTJ2K"),
    (".5", "RLE"),
    (".8.1", "deflated frames"),
];

/// The name of a format, by who reads the sound file and how that begins.
pub(crate) fn format(reader: Reader, sound: &[u8]) -> String {
    let format = match sound {
        [0x89, b'P', b'N', b'G', ..] => "PNG",
        [0xFF, 0xD8, ..] => "JPEG",
        [b'I', b'I', ..] | [b'M', b'M', ..] => "TIFF",
        [b'P', b'K', ..] => "zip",
        [0x89, b'H', b'D', b'F', ..] => "HDF5",
        [0x80, ..] => "pickle",
        _ if sound.get(128..132) == Some(b"DICM") => syntax(sound),
        _ => return format!("{reader:?}"),
    };
    format!("{reader:?}, {format}")
}

/// What the file meta information says of the encoding.
fn syntax(file: &[u8]) -> &'static str {
    let head = &file[..file.len().min(1000)];
    let at = head.windows(6).position(|window| window == b"\x02\0\x10\0UI");
    let length = at.and_then(|at| head.get(at + 6..at + 8));
    let uid = at.zip(length).and_then(|(at, length)| head.get(at + 8..at + 8 + usize::from(length[0])));
    let uid = uid.map(String::from_utf8_lossy).unwrap_or_default();
    let end = uid.trim_end_matches('\0').strip_prefix("1.2.840.10008.1.2");
    let known = end.and_then(|end| SYNTAXES.iter().find(|(known, _)| *known == end));
    known.map_or("another syntax", |(_, name)| *name)
}

/// What came of cases.
#[derive(Clone, Copy, Default)]
pub(crate) struct Figures {
    pub(crate) cases: u64,
    pub(crate) accepted: u64,
    pub(crate) failures: u64,
    /// Time of the processor.
    pub(crate) slowest: Duration,
    /// Bytes in memory at the height.
    pub(crate) peak: u64,
}

impl Figures {
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            cases: self.cases + other.cases,
            accepted: self.accepted + other.accepted,
            failures: self.failures + other.failures,
            slowest: self.slowest.max(other.slowest),
            peak: self.peak.max(other.peak),
        }
    }

    fn row(&self, name: &str) -> String {
        let Self { cases, accepted, failures, .. } = self;
        let (refused, seconds, megabytes) =
            (cases - accepted - failures, self.slowest.as_secs_f64(), self.peak / 1_000_000);
        format!("{name:<40} {cases:>7} {accepted:>8} {refused:>8} {failures:>8} {seconds:>9.2} {megabytes:>7}")
    }
}

/// The table of all formats.
pub(crate) fn table(by_format: &BTreeMap<String, Figures>) -> String {
    let mut lines = vec![format!(
        "{:<40} {:>7} {:>8} {:>8} {:>8} {:>9} {:>7}",
        "format", "files", "accepted", "refused", "failures", "slowest s", "peak MB"
    )];
    lines.extend(by_format.iter().map(|(name, figures)| figures.row(name)));
    lines.push(by_format.values().fold(Figures::default(), |all, one| all.and(*one)).row("all"));
    lines.join("\n")
}
