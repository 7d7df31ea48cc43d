//! Changes of bytes, whatever they mean.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

/// Numbers at which something ends.
const EDGES: [u64; 14] =
    [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF, u64::MAX];

/// A number that programs get wrong.
pub(crate) fn edge(rng: &mut ChaCha8Rng) -> u64 {
    EDGES[rng.random_range(0..EDGES.len())]
}

/// A number of 1, 2, 4 or 8 bytes at a place becomes one at which something ends, or a neighbour.
fn number(file: &mut [u8], at: usize, rng: &mut ChaCha8Rng) {
    let width = [1, 2, 4, 8][rng.random_range(0..4)];
    let Some(place) = file.get_mut(at..at + width) else { return };
    let big = rng.random_bool(0.5);
    let old = place
        .iter()
        .enumerate()
        .fold(0u64, |all, (i, b)| all | u64::from(*b) << (8 * if big { width - 1 - i } else { i }));
    let new = match rng.random_range(0..4) {
        0 => old.wrapping_add(1),
        1 => old.wrapping_sub(1),
        2 => old << rng.random_range(1..16),
        _ => edge(rng),
    };
    let mut bytes = new.to_le_bytes()[..width].to_vec();
    if big {
        bytes.reverse();
    }
    place.copy_from_slice(&bytes);
}

/// A range of the file, mostly a short one.
fn range(length: usize, rng: &mut ChaCha8Rng) -> std::ops::Range<usize> {
    let at = rng.random_range(0..=length);
    let most = if rng.random_bool(0.8) { 64 } else { length };
    at..(at + rng.random_range(0..=most)).min(length)
}

/// Any change; yields its name.
pub(crate) fn any(file: &mut Vec<u8>, other: &[u8], rng: &mut ChaCha8Rng) -> &'static str {
    if file.is_empty() {
        file.extend(other.iter().take(64));
        return "begun again";
    }
    let at = rng.random_range(0..file.len());
    match rng.random_range(0..9) {
        0 => {
            file[at] ^= 1 << rng.random_range(0..8);
            "bit"
        }
        1 => {
            file[at] = rng.random();
            "byte"
        }
        2 | 3 => {
            number(file, at, rng);
            "number"
        }
        4 => {
            file.truncate(at);
            "cut"
        }
        5 => {
            file.drain(range(file.len(), rng));
            "left out"
        }
        6 => {
            let part = file[range(file.len(), rng)].to_vec();
            file.splice(at..at, part);
            "twice"
        }
        7 => {
            let part = other[range(other.len(), rng)].to_vec();
            let end = (at + part.len()).min(file.len());
            file.splice(at..end, part);
            "spliced"
        }
        _ => {
            let fill = [0, 0xFF, b' ', rng.random()][rng.random_range(0..4)];
            let place = range(file.len(), rng);
            file[place].fill(fill);
            "filled"
        }
    }
}

/// A number within the first bytes, where headers say what follows.
pub(crate) fn first(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    let at = rng.random_range(0..file.len().clamp(1, 256));
    number(file, at, rng);
    true
}

/// A number within the second half, where the data stands.
pub(crate) fn in_second_half(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    let half = file.len() / 2;
    if half == 0 {
        return false;
    }
    let at = half + rng.random_range(0..half);
    number(file, at, rng);
    true
}

/// A number shortly behind a marker of JPEG and its relatives.
pub(crate) fn marker(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    let is_marker = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF);
    let markers: Vec<usize> = file.windows(2).enumerate().filter(|(_, p)| is_marker(p)).map(|(i, _)| i).collect();
    if markers.is_empty() {
        return false;
    }
    let at = markers[rng.random_range(0..markers.len())] + rng.random_range(1..24);
    if rng.random_bool(0.5) {
        number(file, at, rng);
    } else if let Some(byte) = file.get_mut(at) {
        *byte = rng.random();
    }
    true
}

/// An instruction of a pickle where a byte stands.
pub(crate) fn pickle(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    const INSTRUCTIONS: &[u8] = b"(.012NJKMGXTUVSCB])}tladsubRoiQPqrphjg\x80\x81\x85\x88\x8a\x8c\x92\x93\x94\x95";
    let at = rng.random_range(0..file.len().max(1));
    let instruction = INSTRUCTIONS[rng.random_range(0..INSTRUCTIONS.len())];
    file.get_mut(at).map(|byte| *byte = instruction).is_some()
}
