//! Changes of what PNG and TIFF consist of: chunks with their check sums, and entries of directories.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use super::bytes::edge;

/// A chunk with its check sum.
pub(crate) fn png_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(&kind);
    crc.update(data);
    [&(data.len() as u32).to_be_bytes()[..], &kind, data, &crc.sum().to_be_bytes()].concat()
}

/// Changes a chunk, and makes its check sum right again.
pub(crate) fn png(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    const KINDS: [&[u8; 4]; 12] =
        [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT", b"iCCP", b"zTXt", b"sBIT", b"gAMA", b"IEND"];
    let mut places = Vec::new();
    let mut at = 8;
    while let Some(length) = file.get(at..at + 4).map(|b| u32::from_be_bytes(b.try_into().unwrap()) as usize) {
        let Some(end) = at.checked_add(12).and_then(|at| at.checked_add(length)).filter(|end| *end <= file.len())
        else {
            break;
        };
        places.push(at..end);
        at = end;
    }
    if places.is_empty() {
        return false;
    }
    let place = places[rng.random_range(0..places.len())].clone();
    let mut kind: [u8; 4] = file[place.start + 4..place.start + 8].try_into().unwrap();
    let mut data = file[place.start + 8..place.end - 4].to_vec();
    match rng.random_range(0..4) {
        0 => kind = *KINDS[rng.random_range(0..KINDS.len())],
        1 => {
            let cut = rng.random_range(0..=data.len());
            data.truncate(cut);
        }
        2 => data.extend(std::iter::repeat_with(|| rng.random::<u8>()).take(40)),
        _ if data.is_empty() => data.push(7),
        _ => {
            let at = rng.random_range(0..data.len());
            data[at] = if rng.random_bool(0.5) { rng.random() } else { edge(rng) as u8 };
        }
    }
    file.splice(place, png_chunk(kind, &data));
    true
}

/// Changes an entry of the first directory: tag, type, count or value.
pub(crate) fn tiff(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    const TAGS: [u16; 16] = [254, 256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 322, 323, 324, 339];
    let number = |file: &[u8], at: usize, width: usize| {
        file.get(at..at + width).map(|b| b.iter().rev().fold(0usize, |all, b| all << 8 | usize::from(*b)))
    };
    // Only little-endian files, as those of the seeds are.
    let big = number(file, 2, 2) == Some(43);
    let Some(directory) = number(file, if big { 8 } else { 4 }, if big { 8 } else { 4 }) else { return false };
    let (head, width) = if big { (8, 20) } else { (2, 12) };
    let Some(entries) = number(file, directory, head).filter(|n| (1..100).contains(n)) else { return false };
    let at = directory + head + width * rng.random_range(0..entries);
    let half = (width - 4) / 2;
    let (place, field) = match rng.random_range(0..5) {
        0 => (at, TAGS[rng.random_range(0..TAGS.len())].to_le_bytes().to_vec()),
        1 => (at + 2, [rng.random_range(0..20), 0].to_vec()),
        2 => (at + 4, edge(rng).to_le_bytes()[..half].to_vec()),
        3 => (at + 4 + half, rng.random_range(0..1000u64).to_le_bytes()[..half].to_vec()),
        _ => (at + 4 + half, edge(rng).to_le_bytes()[..half].to_vec()),
    };
    file.get_mut(place..place + field.len()).map(|old| old.copy_from_slice(&field)).is_some()
}
