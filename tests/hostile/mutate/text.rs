//! Changes of texts: tables, TOML, JSON and the headers of safetensors.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

const NUMBERS: [&str; 14] = [
    "-1",
    "0",
    "1e9",
    "1e400",
    "-1e400",
    "nan",
    "inf",
    "9000000000000000000",
    "18446744073709551615",
    "99999999999999999999999999",
    "0.5",
    "4294967296",
    "null",
    "1",
];

const WORDS: [&str; 12] = [
    "",
    "../../../etc/passwd",
    "/dev/zero",
    "\\u0000",
    "\u{1b}[2J",
    "\u{202e}gnp",
    "NaN",
    "true",
    "\\\"",
    "a.b.c",
    "[]",
    "{}",
];

/// The ranges of runs of characters of a kind.
fn runs(file: &[u8], is: impl Fn(u8) -> bool) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut begin = None;
    for (i, byte) in file.iter().chain(&[0]).enumerate() {
        match (begin, i < file.len() && is(*byte)) {
            (None, true) => begin = Some(i),
            (Some(from), false) => {
                found.push(from..i);
                begin = None;
            }
            _ => {}
        }
    }
    found
}

fn replaced(file: &mut Vec<u8>, found: &[std::ops::Range<usize>], by: &str, rng: &mut ChaCha8Rng) -> bool {
    if found.is_empty() {
        return false;
    }
    file.splice(found[rng.random_range(0..found.len())].clone(), by.bytes());
    true
}

/// Another number where one stands.
pub(crate) fn number(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    // A large file is its header and bytes that are no text.
    let head = &file[..file.len().min(1 << 16)];
    let found = runs(head, |b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    let by = NUMBERS[rng.random_range(0..NUMBERS.len())];
    replaced(file, &found, by, rng)
}

/// Another word where one stands, or a very long one.
pub(crate) fn word(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    let found = runs(file, |b| b.is_ascii_alphabetic() || b == b'_');
    let long = "long ".repeat(rng.random_range(1..20_000));
    let by = if rng.random_bool(0.1) { long.as_str() } else { WORDS[rng.random_range(0..WORDS.len())] };
    replaced(file, &found, by, rng)
}

/// A line is left out, comes twice, or many times.
pub(crate) fn line(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    let found = runs(file, |b| b != b'\n');
    if found.is_empty() {
        return false;
    }
    let place = found[rng.random_range(0..found.len())].clone();
    let line = [&file[place.clone()], b"\n"].concat();
    match rng.random_range(0..3) {
        0 => drop(file.drain(place)),
        1 => drop(file.splice(place.start..place.start, line)),
        _ => drop(file.splice(place.start..place.start, line.repeat(rng.random_range(2..300)))),
    }
    true
}

/// Brackets in brackets.
pub(crate) fn nested(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    let found = runs(file, |b| b.is_ascii_digit() || b == b'"');
    let by = ["[", "{\"a\":", "[[", "("][rng.random_range(0..4)].repeat(rng.random_range(1..3000));
    replaced(file, &found, &by, rng)
}
