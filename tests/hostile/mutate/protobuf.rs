//! Changes to messages of Protocol Buffers that stay messages: other numbers, names that lead elsewhere,
//! fields that stand there twice.

use rand::Rng;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

/// Numbers that lengths and attributes are not expected to be.
const ODD: [u64; 10] = [0, 1, 2, 3, 127, 1 << 20, 1 << 31, (1 << 60) + 1, u64::MAX, u64::MAX - 1];

/// Depth to which fields are taken for messages.
const DEPTH: usize = 5;

/// Where a field begins, where its value does, where it ends; and whether it is a number.
type Field = (usize, usize, usize, bool);

fn varint(file: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0u64;
    for place in 0..10 {
        let byte = *file.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn written(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// The fields of a part of the file; what is no message is taken back.
fn fields(file: &[u8], from: usize, to: usize, depth: usize, all: &mut Vec<Field>) -> Option<()> {
    let mut at = from;
    let before = all.len();
    let mut walk = || {
        while at < to {
            let start = at;
            let tag = varint(&file[..to], &mut at)?;
            let value = at;
            match tag & 7 {
                0 => drop(varint(&file[..to], &mut at)?),
                1 => at += 8,
                5 => at += 4,
                2 => {
                    let length = usize::try_from(varint(&file[..to], &mut at)?).ok()?;
                    let end = at.checked_add(length).filter(|end| *end <= to)?;
                    if depth > 0 {
                        let _no_message = fields(file, at, end, depth - 1, all);
                    }
                    at = end;
                }
                _ => return None,
            }
            (at <= to && tag >> 3 > 0).then_some(())?;
            all.push((start, value, at, tag % 8 == 0));
        }
        Some(())
    };
    if walk().is_none() {
        all.truncate(before);
        return None;
    }
    Some(())
}

fn found(file: &[u8]) -> Vec<Field> {
    let mut all = Vec::new();
    let _no_message = fields(file, 0, file.len(), DEPTH, &mut all);
    all
}

/// Another number of as many bytes.
pub(super) fn number(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    let numbers: Vec<Field> = found(file).into_iter().filter(|field| field.3).collect();
    let Some((_, value, end, _)) = numbers.choose(rng).copied() else { return false };
    let odd = if rng.random_bool(0.5) { rng.random_range(0..256) } else { *ODD.choose(rng).unwrap_or(&0) };
    let mut bytes = written(odd);
    // Longer numbers are cut, shorter ones filled up: the lengths of messages around stay right.
    let room = end - value;
    while bytes.len() < room {
        if let Some(last) = bytes.last_mut() {
            *last |= 0x80;
        }
        bytes.push(0);
    }
    bytes.truncate(room);
    if let Some(last) = bytes.last_mut() {
        *last &= 0x7f;
    }
    file[value..end].copy_from_slice(&bytes);
    true
}

/// The bytes of one field in the place of another that is as long.
pub(super) fn name(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    let all = found(file);
    let Some((_, value, end, _)) = all.choose(rng).copied() else { return false };
    let alike: Vec<&Field> = all.iter().filter(|other| other.2 - other.1 == end - value && other.1 != value).collect();
    let Some((_, from, to, _)) = alike.choose(rng).map(|field| **field) else { return false };
    let bytes = file[from..to].to_vec();
    file[value..end].copy_from_slice(&bytes);
    true
}

/// A field of the whole file a second time at its end.
pub(super) fn twice(file: &mut Vec<u8>, rng: &mut ChaCha8Rng) -> bool {
    let Some((start, _, end, _)) = found(file).choose(rng).copied() else { return false };
    let bytes = file[start..end].to_vec();
    file.extend(bytes);
    true
}
