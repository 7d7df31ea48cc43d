//! Changes of DICOM elements in explicit VR little endian: of their tags, representations, lengths and
//! values.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use super::bytes::edge;

/// Attributes on which sizes depend.
const SIZES: [(u16, u16); 16] = [
    (0x28, 2),
    (0x28, 6),
    (0x28, 8),
    (0x28, 0x10),
    (0x28, 0x11),
    (0x28, 0x100),
    (0x28, 0x101),
    (0x28, 0x102),
    (0x28, 0x103),
    (0x28, 0x1101),
    (0x28, 0x3002),
    (0x6000, 0x10),
    (0x6000, 0x11),
    (0x6000, 0x15),
    (0x6000, 0x50),
    (0x70, 0x21),
];

const REPRESENTATIONS: [&[u8; 2]; 12] =
    [b"SQ", b"UN", b"OB", b"OW", b"US", b"SS", b"DS", b"IS", b"UT", b"UL", b"FD", b"ZZ"];

/// Numbers as text that programs get wrong.
const TEXTS: [&str; 12] = [
    "",
    "-1",
    "0",
    "1e400",
    "nan",
    "-inf",
    "99999999999999999999",
    "1\\2\\3\\4\\5\\6\\7",
    "0.0000000001",
    "\\",
    "x",
    "1e-9",
];

/// Where an element stands.
struct Place {
    at: usize,
    tag: (u16, u16),
    vr: [u8; 2],
    /// Where its value begins, and how long it says to be.
    value: usize,
    length: usize,
}

/// Elements of the file, those of sequences too.
fn places(file: &[u8]) -> Vec<Place> {
    let mut at = if file.get(128..132) == Some(b"DICM") { 132 } else { 0 };
    let mut found = Vec::new();
    while let Some(&[a, b, c, d, v, r, x, y, ..]) = file.get(at..) {
        let tag = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
        let is_item = tag.0 == 0xFFFE;
        let long = is_item || matches!(&[v, r], b"OB" | b"OW" | b"OF" | b"OD" | b"SQ" | b"UN" | b"UT");
        let (value, length) = match (is_item, long) {
            (true, _) => (at + 8, u32::from_le_bytes([v, r, x, y]) as usize),
            (_, true) => {
                let Some(&[e, f, g, h]) = file.get(at + 8..at + 12) else { break };
                (at + 12, u32::from_le_bytes([e, f, g, h]) as usize)
            }
            _ => (at + 8, usize::from(u16::from_le_bytes([x, y]))),
        };
        found.push(Place { at, tag, vr: [v, r], value, length });
        // Into sequences and items, over everything else.
        let inside = is_item || &[v, r] == b"SQ";
        at = if inside { value } else { value.saturating_add(length) };
    }
    found
}

fn chosen(file: &[u8], rng: &mut ChaCha8Rng) -> Option<Place> {
    let mut all = places(file);
    let sizes: Vec<usize> = (0..all.len()).filter(|i| SIZES.contains(&all[*i].tag)).collect();
    if !sizes.is_empty() && rng.random_bool(0.5) {
        let place = sizes[rng.random_range(0..sizes.len())];
        return Some(all.swap_remove(place));
    }
    let count = all.len();
    (count > 0).then(|| all.swap_remove(rng.random_range(0..count)))
}

/// Another tag or representation.
pub(crate) fn header(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    let Some(place) = chosen(file, rng) else { return false };
    if rng.random_bool(0.5) {
        let vr = REPRESENTATIONS[rng.random_range(0..REPRESENTATIONS.len())];
        file[place.at + 4..place.at + 6].copy_from_slice(vr);
    } else {
        let (group, element) = SIZES[rng.random_range(0..SIZES.len())];
        file[place.at..place.at + 2].copy_from_slice(&group.to_le_bytes());
        file[place.at + 2..place.at + 4].copy_from_slice(&element.to_le_bytes());
    }
    true
}

/// Another length, without one byte more.
pub(crate) fn length(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    let Some(place) = chosen(file, rng) else { return false };
    let new = match rng.random_range(0..4) {
        0 => place.length as u64 + 1,
        1 => (place.length as u64).wrapping_sub(1),
        2 => place.length as u64 + 1000,
        _ => edge(rng),
    };
    let width = if place.value - place.at == 12 || place.tag.0 == 0xFFFE { 4 } else { 2 };
    let field = place.value - width..place.value;
    file.get_mut(field).map(|field| field.copy_from_slice(&new.to_le_bytes()[..width])).is_some()
}

/// Another value, of the same length where it is a number, and with its length where it is a text.
pub(crate) fn value(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    let Some(place) = chosen(file, rng) else { return false };
    let end = place.value.saturating_add(place.length).min(file.len());
    match &place.vr {
        b"DS" | b"IS" | b"CS" | b"AS" | b"DA" | b"UI" | b"PN" => {
            let mut text = TEXTS[rng.random_range(0..TEXTS.len())].as_bytes().to_vec();
            text.resize(text.len().next_multiple_of(2), b' ');
            file[place.value - 2..place.value].copy_from_slice(&(text.len() as u16).to_le_bytes());
            file.splice(place.value..end, text);
        }
        b"FL" | b"OF" | b"FD" | b"OD" => {
            let values: [f64; 7] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, 1e-320, 0.0];
            let value = values[rng.random_range(0..values.len())];
            let single = matches!(&place.vr, b"FL" | b"OF");
            let bytes = if single { (value as f32).to_le_bytes().to_vec() } else { value.to_le_bytes().to_vec() };
            let count = place.length / bytes.len();
            if count == 0 {
                return false;
            }
            let at = place.value + bytes.len() * rng.random_range(0..count);
            if let Some(field) = file.get_mut(at..at + bytes.len()) {
                field.copy_from_slice(&bytes);
            }
        }
        _ => {
            let new = if rng.random_bool(0.5) { edge(rng) } else { rng.random_range(0..100) };
            let width = (end - place.value).min(8);
            if let Some(field) = file.get_mut(place.value..place.value + width) {
                field.copy_from_slice(&new.to_le_bytes()[..width]);
            }
        }
    }
    true
}
